"""Small files that ask for much memory, through `run`, `dry-run`, `scan` and `draft`.

    python -m tests.fuzz.bombs [NAME…]

Each command may take a gigabyte and two minutes of processor time, and ends with an exit code of
its own, never by a signal.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from tamis.synthetic.flux_cpf import flux_cpf

POLICY = "regularite-prestataires"
XML_POLICY = "certificateurs-passeport"
COMMANDS = ("run", "dry-run", "scan", "draft")
BYTES, SECONDS = 1 << 30, 120


def avro(fields: dict[str, Any], count: int, block: bytes, codec: bytes = b"null") -> bytes:
    """An Avro file of one block, which says that it holds `count` records."""
    members = [{"name": name, "type": kind} for name, kind in fields.items()]
    text = json.dumps({"type": "record", "name": "r", "fields": members})
    schema = text.replace('"DEEP"', _nested(2_000)).encode()
    header = b"Obj\x01" + _long(2) + _long(11) + b"avro.schema" + _long(len(schema)) + schema
    header += _long(10) + b"avro.codec" + _long(len(codec)) + codec + _long(0) + b"S" * 16
    return header + _long(count) + _long(len(block)) + block + b"S" * 16


def _long(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _deflate(content: bytes) -> bytes:
    return zlib.compress(content, 9)[2:-4]


def _nested(depth: int) -> str:
    """The JSON of as many records in one another, which Python's own encoder cannot write."""
    head = '{"type": "record", "name": "d%d", "fields": [{"name": "a", "type": '
    return "".join(head % number for number in range(depth)) + '"string"' + "}]}" * depth


def _zeros(compress: Callable[[bytes], Any], start: bytes) -> bytes:
    """A gigabyte of blanks after `start`, compressed a piece at a time."""
    piece = b" " * (16 << 20)
    return compress(start) + compress(piece) * 64


def _zip() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w") as member,
    ):
        member.write(b"siren;siret\n")
        for _time in range(64):
            member.write(b" " * (16 << 20))
    return out.getvalue()


def _workbook(part: str, start: bytes) -> bytes:
    """A workbook of one row, one part of which is `start` and a gigabyte of blanks."""
    made, whole, out = Workbook(), io.BytesIO(), io.BytesIO()
    made.active.append(["siren", "siret"])
    made.save(whole)
    with (
        zipfile.ZipFile(whole) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in old.namelist():
            if name != part:
                archive.writestr(name, old.read(name))
        with archive.open(part, "w") as member:
            member.write(start)
            for _time in range(64):
                member.write(b" " * (16 << 20))
    return out.getvalue()


def _flux(inside: bytes, head: bytes = b"") -> bytes:
    """A flux CPF of one passage with `inside` it."""
    before, after = b"".join(flux_cpf(1)).split(b"</passageCertification>")
    declaration, root = before.split(b"?>", 1)
    return declaration + b"?>" + head + root + inside + b"</passageCertification>" + after


def _laughs() -> bytes:
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    return _flux(
        b"<verbatim>&l9;</verbatim>", b'<!DOCTYPE flux [<!ENTITY l0 "ha">' + entities + b"]>"
    )


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _parquet_of_depth(depth: int) -> bytes:
    array = pa.array([1])
    for _level in range(depth):
        array = pa.StructArray.from_arrays([array], ["a"])
    return _parquet(pa.table({"siren": array}))


def _one_value() -> bytes:
    """Of one dictionary entry of 16 MB a hundred rows: 1.6 GB where it is decoded."""
    value = pa.array(["x" * (16 << 20)])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int32()), value)
    return _parquet(pa.table({"siren": column, "siret": column}))


CHAIN = {
    "type": "record",
    "name": "n",
    "fields": [{"name": "next", "type": ["null", "n"]}],
}

MAIN = b' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
SHEET = "xl/worksheets/sheet1.xml"

BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "avro string of 2 GB": (
        "avro",
        lambda: avro(
            {"siren": "string"}, 1, _deflate(_long(2 * 10**9) + b"x" * 2_000_000), b"deflate"
        ),
    ),
    "avro block of 1 GB": (
        "avro",
        lambda: avro({"siren": "string"}, 1, _zeros(_deflate_part(), b""), b"deflate"),
    ),
    "avro billion nulls": (
        "avro",
        lambda: avro(
            {"siren": "string", "l": {"type": "array", "items": "null"}},
            1,
            b"\0" + _long(10**9) + _long(0),
        ),
    ),
    "avro billion empty records": ("avro", lambda: avro({"siren": "null"}, 10**9, b"")),
    "avro chain of 5 million": (
        "avro",
        lambda: avro({"siren": "string", "l": CHAIN}, 1, b"\0" + b"\2" * 5_000_000 + b"\0"),
    ),
    "avro schema 2,000 deep": (
        "avro",
        lambda: avro({"siren": "string", "l": "DEEP"}, 1, b"\0\0"),
    ),
    "jsonl line of 1 GB, gzip": ("jsonl.gz", lambda: _zeros(gzip.compress, b'{"siren": "')),
    "jsonl 100,000 deep": ("jsonl", lambda: b'{"siren": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "csv line of 1 GB, bzip2": ("csv.bz2", lambda: _zeros(bz2.compress, b"siren;siret\n1;")),
    "csv value of 1 GB, xz": ("csv.xz", lambda: _zeros(lzma.compress, b'siren;siret\n1;"')),
    "csv of 1 GB in a zip": ("csv.zip", _zip),
    "csv 100,000 columns": ("csv", lambda: b"siren" + b";c" * 100_000 + b"\n1" + b";2" * 100_000),
    "parquet 300 deep": ("parquet", lambda: _parquet_of_depth(300)),
    "parquet value of 16 MB a hundred times": ("parquet", _one_value),
    "xlsx row of 1 GB": (
        "xlsx",
        lambda: _workbook(
            SHEET, b"<worksheet" + MAIN + b"<sheetData><row r='1'><c t='inlineStr'><is><t>"
        ),
    ),
    "xlsx shared text of 1 GB": (
        "xlsx",
        lambda: _workbook("xl/sharedStrings.xml", b"<sst" + MAIN + b"<si><t>"),
    ),
    "xlsx 100,000 deep": (
        "xlsx",
        lambda: _workbook(SHEET, b"<worksheet" + MAIN + b"<sheetData>" + b"<row>" * 100_000),
    ),
    "xml billion laughs": ("xml", _laughs),
    "xml external entity": (
        "xml",
        lambda: _flux(
            b"<verbatim>&e;</verbatim>",
            b'<!DOCTYPE flux [<!ENTITY e SYSTEM "file:///dev/zero">]>',
        ),
    ),
    "xml text of 1 GB, gzip": (
        "xml.gz",
        lambda: _zeros(gzip.compress, _flux(b"<verbatim>").split(b"</passage")[0]),
    ),
    "xml attribute of 1 GB, gzip": (
        "xml.gz",
        lambda: _zeros(gzip.compress, _flux(b"<verbatim a='").split(b"</passage")[0]),
    ),
    "xml comment of 1 GB, gzip": (
        "xml.gz",
        lambda: _zeros(gzip.compress, _flux(b"<!--").split(b"</passage")[0]),
    ),
    "xml 1,000,000 attributes": (
        "xml",
        lambda: _flux(b"<z " + b" ".join(b"a%d=''" % n for n in range(10**6)) + b"/>"),
    ),
    "xml 1,000,000 elements": ("xml", lambda: _flux(b"".join(b"<a%d/>" % n for n in range(10**6)))),
    "xml 1,000,000 names around": (
        "xml",
        lambda: _flux(b"").replace(
            b"<emetteur>", b"".join(b"<a%d/>" % n for n in range(10**6)) + b"<emetteur>"
        ),
    ),
    "xml 100,000 deep": ("xml", lambda: _flux(b"<a>" * 100_000 + b"</a>" * 100_000)),
    "dsn individu of 3 million contracts": (
        "dsn",
        lambda: (
            b"S10.G00.00.001,'L'\nS21.G00.30.002,'A'\n"
            + b"S21.G00.40.001,'01012020'\n" * 3_000_000
            + b"S90.G00.90.001,'3000004'\nS90.G00.90.002,'0'\n"
        ),
    ),
    "dsn line of 1 GB, gzip": ("dsn.gz", lambda: _zeros(gzip.compress, b"S10.G00.00.001,'")),
}


def _deflate_part() -> Callable[[bytes], bytes]:
    """Raw deflate that goes on from call to call; its end is cut off, and is of no matter."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return lambda piece: packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)


def measure(command: str, path: Path) -> tuple[int, int, float, str]:
    """Exit code, peak of memory in MB, seconds of processor time, last line, of one command."""
    words: tuple[object, ...] = (command, path)
    if command in ("run", "dry-run"):
        policy = XML_POLICY if ".xml" in path.suffixes else POLICY
        words = (command, policy, "--input", path)
    if command == "run":
        allowed = ("--allow-example", "--allow-unconfirmed")
        words = (*words, "--output", path.parent / "store", *allowed)
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tamis", "--project", "cpf", *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=out,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)),
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().decode(errors="replace").splitlines()
    seconds = usage.ru_utime + usage.ru_stime
    return process.returncode, usage.ru_maxrss >> 10, seconds, lines[-1] if lines else ""


def main(names: list[str]) -> None:
    """Try all bombs, or those whose names hold one of these words."""
    for name, (suffix, make) in BOMBS.items():
        if names and not any(word in name for word in names):
            continue
        with tempfile.TemporaryDirectory(prefix="tamis-bombs-") as folder:
            path = Path(folder) / f"bomb.{suffix}"
            path.write_bytes(make())
            for command in COMMANDS:
                code, megabytes, seconds, line = measure(command, path)
                fault = "FAULT " if code < 0 or megabytes > BYTES >> 20 else ""
                shown = line.replace(folder, "")[:90]
                print(
                    f"{fault}{name}: {command} {code} {megabytes} MB {seconds:.1f} s {shown}",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
