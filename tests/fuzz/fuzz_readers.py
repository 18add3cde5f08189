"""Damaged files of JSON Lines, Avro, DSN and Parquet: read, refused or rejected, and nothing else.

    python tests/fuzz/fuzz_readers.py avro 600        # format, seconds; a seed may follow

A file is made, some of its bytes are changed, cut, doubled or moved, and it is read. What must
hold: an `InputError` or chunks, within two seconds of processor time; positions that ascend; no
value of a field that the plan does not read, unless the damage itself put it into one that it reads
and no checksum tells (`moved`: two lines of JSON grown together, a flipped bit within deflate).
"""

import io
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.documents.feed_format import Format, FormatName
from tamis.errors import InputError
from tamis.formats.avro import read_avro
from tamis.formats.chunk import Chunk
from tamis.formats.dsn.individus import read_dsn
from tamis.formats.jsonl import read_jsonl
from tamis.formats.parquet import read_parquet, split
from tamis.plan.plan import Plan, PlanField

LAST = os.environ.get("FUZZ_LAST", "")
CANARY = "CANARI"
"""The value of fields that no plan reads."""


def plan_of(form: FormatName) -> Plan:
    dsn = form == "dsn"
    code = PlanField("code", "string", rubrique="S21.G00.40.009" if dsn else None)
    item = PlanField("item", "struct", fields=(code,))
    fields = (
        PlanField("nom", "string", rubrique="S21.G00.30.002" if dsn else None),
        PlanField("lots", "list", of=item, bloc="S21.G00.40" if dsn else None),
    )
    return Plan(
        policy="p",
        schema="feed",
        format=Format(name=form),
        processing="x",
        carries_nir=True,
        direction="into-store",
        law={},
        fields=fields,
        releases=(),
        known=("nom", "lots"),
    )


def records(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "nom": f"n{number}" if chance.random() < 0.9 else None,
            "secret": CANARY,
            "lots": [{"code": str(lot), "iban": CANARY} for lot in range(chance.randrange(3))],
        }
        for number in range(chance.randrange(1, 60))
    ]


def write(form: FormatName, chance: random.Random) -> bytes:
    rows, stream = records(chance), io.BytesIO()
    if form == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    if form == "parquet":
        options: dict[str, Any] = {
            "compression": chance.choice(["none", "snappy", "zstd"]),
            "row_group_size": chance.choice([5, 100]),
            "use_dictionary": chance.random() < 0.5,
            "write_page_checksum": chance.random() < 0.5,
        }
        pq.write_table(pa.Table.from_pylist(rows), stream, **options)
    elif form == "avro":
        parts = [{"name": name, "type": "string"} for name in ("code", "iban")]
        lot = {"type": "record", "name": "lot", "fields": parts}
        types = {
            "nom": ["null", "string"],
            "secret": "string",
            "lots": {"type": "array", "items": lot},
        }
        fields = [{"name": name, "type": kind} for name, kind in types.items()]
        schema = {"type": "record", "name": "r", "fields": fields}
        codec = chance.choice(["null", "deflate", "bzip2", "xz", "snappy"])
        interval = chance.choice([50, 9999])
        fastavro.writer(
            stream, cast(Any, schema), rows, codec=cast(Any, codec), sync_interval=interval
        )
    else:
        lines = ["S10.G00.00.001,'X'", "S20.G00.05.001,'01'"]
        for row in rows:
            lines += [f"S21.G00.30.002,'{row['nom']}'", f"S21.G00.30.004,'{CANARY}'"]
            lines += [f"S21.G00.40.009,'{lot['code']}'" for lot in row["lots"]]
        lines += [f"S90.G00.90.001,'{len(lines) + 2}'", "S90.G00.90.002,'1'"]
        return "\r\n".join(lines).encode()
    return stream.getvalue()


def damage(data: bytes, form: FormatName, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _change in range(chance.choice([1, 1, 2, 5])):
        first = 0
        if form == "parquet" and chance.random() < 0.8 and len(out) > 12:  # in the footer
            first = max(0, len(out) - 8 - int.from_bytes(out[-8:-4], "little"))
        at = chance.randrange(min(first, len(out) - 1), len(out))
        size = chance.choice([1, 1, 1, 4, 30])
        kind = chance.randrange(5)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1 and len(out) > size + 40:
            del out[at : at + size]
        elif kind == 2:
            out[at:at] = out[at : at + size]
        elif kind == 3:
            out[at:at] = chance.randbytes(size)
        else:
            out[at] ^= 1 << chance.randrange(8)
    return bytes(out)


def read(data: bytes, form: FormatName) -> Iterator[Chunk]:
    stream, plan = io.BytesIO(data), plan_of(form)
    if form == "parquet":
        for part in split(stream, "f"):
            yield from read_parquet(stream, plan, "f", part)
    else:
        readers: dict[str, Callable[[io.BytesIO, Plan, str], Iterator[Chunk]]] = {
            "jsonl": read_jsonl,
            "avro": read_avro,
            "dsn": partial(read_dsn, ahead=io.BytesIO(data)),
        }
        yield from readers[form](stream, plan, "f")


def is_moved(data: bytes, form: FormatName) -> bool:
    """Whether another reader too finds the value in a field that the plan reads."""
    if form == "dsn":
        values = rb"S21\.G00\.(?:30\.002|40\.009),'([^\n]*)" + CANARY.encode()
        return any(not re.search(rb"\d\d\.\d{3},'", value) for value in re.findall(values, data))
    rows: list[Any] = []
    with suppress(Exception):
        if form == "avro":
            rows.extend(fastavro.reader(io.BytesIO(data)))
    for line in data.splitlines() if form == "jsonl" else ():
        with suppress(ValueError):
            rows.append(json.loads(line))
    return any(
        CANARY in str([row.get("nom"), [lot.get("code") for lot in row.get("lots") or ()]])
        for row in rows
    )


def outcome_of(data: bytes, form: FormatName) -> list[str]:
    """What became of a file, faults in capitals."""
    began = time.process_time()
    try:
        chunks = list(read(data, form))
    except InputError as error:
        outcomes, told = ["refused"], str(error)
    except Exception as error:
        return [f"FAULT {type(error).__name__}"]
    else:
        rejected = sum(chunk.rejects.num_rows for chunk in chunks)
        outcomes = ["read, with rejects" if rejected else "read"]
        batches = [batch for chunk in chunks for batch in (chunk.data, chunk.rejects)]
        told = b"".join(batch.serialize().to_pybytes() for batch in batches).decode("latin-1")
        places = [place for chunk in chunks for place in chunk.positions.to_pylist()]
        outcomes += ["POSITIONS"] * (places != sorted(set(places)))
    if CANARY in told:
        outcomes += ["moved" if is_moved(data, form) else "SEEN"]
    return outcomes + ["SLOW"] * (time.process_time() - began > 2)


def main(form: FormatName, seconds: float, seed: int) -> None:
    chance, outcomes = random.Random(seed), Counter[str]()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = damage(write(form, chance), form, chance)
        if LAST:
            Path(LAST).write_bytes(data)  # of a process that ends, what ended it
        found = outcome_of(data, form)
        outcomes.update(found)
        if any(outcome.split()[0].isupper() for outcome in found):
            print(*found, data.hex(), flush=True)
    print(form, seed, dict(outcomes))


if __name__ == "__main__":
    (chosen,) = [form for form in get_args(FormatName) if form == sys.argv[1]]
    main(chosen, float(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0)
