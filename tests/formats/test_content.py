"""A file's compression and format are known by its first bytes, whatever it is called."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.feather
import pytest

from tamis.errors import InputError
from tamis.formats.compression import decompressed
from tamis.formats.content import Content, content_of, kind_of_start


def zipped(*members: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"{number}.csv", member)
    return held.getvalue()


def streamed_zip(member: bytes) -> bytes:
    """A zip whose sizes stand behind the member, as a program that cannot seek writes it."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.held = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.held += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", member)
    return pipe.held


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstandard": lambda data: pa.compress(data, "zstd", asbytes=True),
    "xz": lzma.compress,
    "zip": zipped,
    "zip stored": lambda data: zipped(data, method=zipfile.ZIP_STORED),
    "zip streamed": streamed_zip,
}


def opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


@pytest.mark.parametrize("name", ["feed", "feed.csv", "feed.CSV.GZ"])
@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("size", [0, 30, 3_000_000])
def test_a_compressed_file_is_its_content_whatever_it_is_called(
    kind: str, name: str, size: int
) -> None:
    data = random.Random(size).randbytes(size // 2) + b"id;nom\n" * (size // 14)
    packed = COMPRESS[kind](data)
    assert decompressed(opened(packed), name).read() == data
    if size == 30:
        assert content_of(opened(packed), name).compression == kind.split()[0]


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_compressed_file_that_is_cut_or_damaged_is_refused(kind: str) -> None:
    packed = COMPRESS[kind](random.Random(1).randbytes(5_000))
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 1
    cuts = [packed[: len(packed) * share // 10] for share in range(1, 10)]
    # These frames of zstandard carry no checksum, so that only their structure can be damaged.
    for wrong in [*cuts, packed[:-5], *([] if kind == "zstandard" else [bytes(damaged)])]:
        with pytest.raises(InputError, match=r"^feed\.csv: is (cut|damaged)"):
            decompressed(opened(wrong), "feed.csv").read()


@pytest.mark.parametrize("suffix", ["gz", "bz2", "zst", "xz", "zip"])
def test_a_name_that_says_compressed_is_held_to_it(suffix: str) -> None:
    with pytest.raises(InputError):
        decompressed(opened(b"id;nom\n" * 9), f"feed.csv.{suffix}").read()
    assert decompressed(opened(b""), "feed.csv").read() == b""


@pytest.mark.parametrize("members", [(), (b"a", b"b"), (b"a", b"b", b"c")])
def test_a_zip_of_another_number_of_members_than_one_is_refused(members: tuple[bytes]) -> None:
    with pytest.raises(InputError, match="is an archive of several files, or of none"):
        decompressed(opened(zipped(*members)), "feed.zip").read()


def test_bytes_behind_a_zip_are_refused() -> None:
    with pytest.raises(InputError, match="has bytes behind the end of the archive"):
        decompressed(opened(zipped(b"id;nom\n") + b"2;DURAND\n"), "feed.zip").read()


def test_an_encrypted_zip_is_refused() -> None:
    packed = bytearray(zipped(b"id;nom\n"))
    packed[6] |= 1
    with pytest.raises(InputError, match="is an encrypted archive"):
        decompressed(opened(bytes(packed)), "feed.zip").read()


def feather() -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.feather.write_feather(pa.table({"a": [1]}), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"", "text"),
        (b"id;nom\n1;Zo\xc3\xa9\n", "text"),
        ("id;prénom\n1;Zoé\n".encode("cp1252"), "text"),
        ("id;nom\n1;Zoé\n".encode("utf-16"), "text"),
        ("id;nom\n1;Zoé\n".encode("utf-16-le"), "text"),
        (b"<html><body>{}</body></html>", "text"),
        (b'\xef\xbb\xbf\n{"id": 1}\n', "jsonl"),
        (b'{"id": "' + b"x" * 70_000, "jsonl"),
        (b"{not json}\n", "text"),
        (b"[1, 2]\n", "text"),
        (b'[{"id": 1}, {"id": 2}]', "json"),
        (b'\xef\xbb\xbf[\r\n  {\r\n    "id": 1', "json"),
        (b'{\n  "id": 1\n}\n', "json"),
        (b'{\n  "id": 1\n}\n{\n  "id": 2\n}\n', "json"),
        (b'[{"id": 1}]\n[{"id": 2}]\n', "json"),
        (b'[{"id": 1}]\t5\tx\n[{"id": 2}]\t6\ty\n', "text"),
        (b'[{"id": 1}],5\n', "text"),
        (b'[{"id": 1}]\n{"id": 2}\n', "text"),
        (b"S10.G00.00.001,'LOGICIEL'\r\n", "dsn"),
        (b"PAR1....", "parquet"),
        (b"PARE....", "other"),
        (b"Obj\x01....", "avro"),
        (feather(), "arrow"),
        (b"%PDF-1.7\n", "other"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "other"),
        (gzip.compress(b"a", mtime=0), "other"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "unknown"),
        (bytes(range(256)), "unknown"),
        ("DUPONT    JEAN      155087599999193".encode("cp500") * 9, "unknown"),
        (b"x" * 257 + b"ustar\x0000", "other"),
    ],
)
def test_the_first_bytes_tell_the_kind(start: bytes, kind: str) -> None:
    assert kind_of_start(start[: 1 << 16])[0] == kind


def test_the_name_decides_between_texts_only() -> None:
    assert Content("text").format("feed.jsonl") == "jsonl"
    assert Content("text").format("feed") is None
    assert Content("dsn").format("feed.csv") == "dsn"
    with pytest.raises(InputError, match="is no format that is read: an Arrow file"):
        content_of(opened(feather()), "feed.csv").format("feed.csv")
    with pytest.raises(InputError, match="is Parquet inside gzip: must be unpacked first"):
        content_of(opened(gzip.compress(b"PAR1")), "feed").format("feed")
