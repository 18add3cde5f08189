"""Columns copied as they stand: the rows that decoding gives, and not one byte more."""

import datetime
import decimal
import io
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.documents.schema import Format
from tamis.documents.types import arrow_type
from tamis.errors import InputError
from tamis.filter.minimize import minimize, released_schema
from tamis.filter.tally import merge
from tamis.formats import parquet, parquet_stored
from tamis.formats.parquet import read_parquet, split
from tamis.formats.parquet_bytes import OddChunkError
from tamis.formats.parquet_column import ColumnChunk, prove
from tamis.formats.parquet_pages import Layout, dictionary_header
from tamis.formats.parquet_splice import EncodedGroup, SpliceWriter, copy, read_groups
from tamis.formats.parquet_stored import Wanted
from tamis.formats.thrift import BINARY, I32, LIST, STRUCT, read_struct, value, write_struct
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease

from ..e2e.haystack import pages
from ..filter.test_minimize import Keys
from ..strategies import TOKEN, Feed, batch_of, feeds
from .copying import read, release, write, writings

KINDS: dict[str, Callable[[random.Random], Any]] = {
    "string": lambda rng: rng.choice(["", "é", f"texte {rng.randrange(5)}", "x" * 70]),
    "binary": lambda rng: rng.randbytes(rng.randrange(4)),
    "int32": lambda rng: rng.randrange(-3, 3),
    "int16": lambda rng: rng.randrange(-3, 3),
    "uint8": lambda rng: rng.randrange(9),
    "int64": lambda rng: rng.randrange(-(2**60), 2**60),
    "float64": lambda rng: rng.random(),
    "bool": lambda rng: rng.random() < 0.5,
    "date32": lambda rng: datetime.date(2000, 1, rng.randrange(1, 9)),
    "timestamp[us]": lambda rng: datetime.datetime(2000, 1, 1, rng.randrange(24)),
    "timestamp[ms, tz=UTC]": lambda rng: datetime.datetime(2000, 1, 1, 7, tzinfo=datetime.UTC),
    "time64[us]": lambda rng: datetime.time(rng.randrange(24)),
    "decimal128(19, 2)": lambda rng: decimal.Decimal(rng.randrange(-(10**9), 10**9)).scaleb(-2),
    "decimal128(5, 1)": lambda rng: decimal.Decimal(rng.randrange(-999, 999)).scaleb(-1),
}


@pytest.fixture(autouse=True)
def _every_row_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_stored, "FEWEST_ROWS", 1)


def plan_of(
    fields: dict[str, PlanField], nir: Any = "carried", redact: frozenset[str] = frozenset()
) -> Plan:
    leaves = tuple(
        PlanLeaf(name, "redacted" if name in redact else "kept", ("x",), redact=name in redact)
        for name in fields
    )
    return Plan(
        policy="copie",
        schema="copie",
        format=Format(name="parquet"),
        processing="traitement",
        carries_nir=True,
        direction="out-of-store",
        law={"R6323-37": "LEGIARTI000000000000"},
        fields=tuple(fields.values()),
        releases=(PlanRelease("r", "R6323-37.II", "x", nir, "example", "strip", (), (), leaves),),
    )


def table_of(rng: random.Random, rows: int, nulls: float, required: bool) -> pa.Table:
    """A column of each kind that may be copied."""
    arrays, fields = [], []
    for number, (kind, make) in enumerate(KINDS.items()):
        values = [None if rng.random() < nulls else make(rng) for _ in range(rows)]
        arrays.append(pa.array(values, arrow_type(kind)))
        fields.append(pa.field(f"c{number}", arrow_type(kind), nullable=not required))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def all_kinds(nullable: bool = True) -> dict[str, PlanField]:
    return {
        f"c{number}": PlanField(f"c{number}", kind, nullable=nullable)
        for number, kind in enumerate(KINDS)
    }


def rows_of(data: bytes) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(data)).to_pylist()


TOKENS = re.compile(TOKEN.encode() + rb"\d+;")
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60)


@SLOW
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0, 0.3, 1]), writings())
def test_what_is_copied_has_the_rows_that_were_there(
    seed: int, rows: int, nulls: float, options: dict[str, Any]
) -> None:
    required = nulls == 0 and seed % 2 == 0
    table = table_of(random.Random(seed), rows, nulls, required)
    plan = plan_of(all_kinds(nullable=not required))
    done = release(write(table, **options), plan)

    made = pq.read_table(io.BytesIO(done.files["r"]))
    assert made.select(table.column_names).to_pylist() == table.to_pylist()
    assert made.num_rows == rows
    assert made.schema.field("c0").nullable is not required
    assert merge(one.tally for one in done.done).released == rows
    if options["compression"] in ("none", "snappy", "zstd"):
        groups = -(-rows // options["row_group_size"])
        most = len(KINDS) - options["store_decimal_as_integer"]  # of 5 digits, not of 19
        assert done.copied == most * groups
    else:
        assert done.copied == 0


@SLOW
@given(feeds(), writings(), st.booleans())
def test_what_is_copied_is_what_is_decoded(
    feed: Feed, options: dict[str, Any], required: bool
) -> None:
    batch = batch_of(replace(feed, marks=[]))
    if not batch.num_rows:
        return
    nullable = {one.name: one.nullable or not required for one in feed.plan.fields}
    fields = [
        one.with_nullable(nullable[one.name] or bool(column.null_count))
        for one, column in zip(batch.schema, batch.columns, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))
    data = write(pa.Table.from_batches([batch]), **options)
    try:
        pieces = read(data, feed.plan, copies=False)
    except InputError:  # Arrow does not read all structs that it writes
        return
    decoded = [minimize(one.data, feed.plan, run="essai", keys=Keys()) for one in pieces]

    done = release(data, feed.plan, Keys())

    for mine, other in zip(done.done, decoded, strict=True):
        assert mine.tally == other.tally
        assert mine.quarantined.equals(other.quarantined)
        assert {k: v.to_pylist() for k, v in mine.rows.items()} == {
            k: v.to_pylist() for k, v in other.rows.items()
        }
    for name, file in done.files.items():
        plain = pa.Table.from_batches([one.released[name] for one in decoded])
        plain = pq.read_table(io.BytesIO(write(plain)))
        made = pq.read_table(io.BytesIO(file))
        assert repr(made.to_pylist()) == repr(plain.to_pylist())
        assert made.schema.remove_metadata() == released_schema(
            feed.plan, next(one for one in feed.plan.releases if one.id == name)
        )
        shown = set(TOKENS.findall(repr(plain.to_pylist()).encode()))
        for page in pages(file):
            assert set(TOKENS.findall(page)) <= shown
        assert set(TOKENS.findall(file)) <= shown


# What is not copied


def chunk_of(table: pa.Table, **options: Any) -> tuple[str, dict[int, Any], Layout, bytes, int]:
    """The one column of a file, as `prove` wants it."""
    data = write(table, **{"use_dictionary": True, "compression": "none", **options})
    file = pq.ParquetFile(io.BytesIO(data))
    column, chunk = file.schema.column(0), file.metadata.row_group(0).column(0)
    footer = read_struct(data, len(data) - 8 - int.from_bytes(data[-8:-4], "little"))[0]
    (encoded,) = next(iter(read_groups(io.BytesIO(data)))).chunks
    widths = {"INT32": 4, "INT64": 8}
    layout = Layout(
        column.physical_type,
        widths.get(column.physical_type, 0),
        column.max_definition_level == 1,
        chunk.compression,
    )
    element = value(footer, 2)[1][1]
    return column.path, element, layout, bytes(encoded.data), table.num_rows


TEXTS = pa.table({"t": ["a", "b", None, "b", "a", "c"] * 3})
NUMBERS = pa.table({"t": pa.array([1, 2, None, 3] * 4, pa.int32())})


def edited(data: bytes, page: int, change: Callable[[dict[int, Any], bytes], bytes]) -> bytes:
    """The chunk with one of its pages changed."""
    out, at, number = b"", 0, 0
    while at < len(data):
        header, start = read_struct(data, at)
        size = value(header, 3)
        body = data[start : start + size]
        out += change(header, body) if number == page else data[at : start + size]
        at, number = start + size, number + 1
    return out


def again(header: dict[int, Any], body: bytes) -> bytes:
    """A page with another body, of which the header tells the size."""
    header = {**header, 2: (I32, len(body)), 3: (I32, len(body))}
    header.pop(4, None)
    return write_struct(header) + body


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("table", [TEXTS, NUMBERS], ids=["texts", "numbers"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_bytes_that_are_no_value_are_not_copied(
    version: str, table: pa.Table, dictionary: bool
) -> None:
    name, element, layout, data, rows = chunk_of(
        table, data_page_version=version, use_dictionary=dictionary
    )
    assert prove(name, element, layout, data, rows).values.to_pylist() == table["t"].to_pylist()

    for page in range(2 if dictionary else 1):
        slack = edited(data, page, lambda header, body: again(header, body + b"CANARY"))
        with pytest.raises(OddChunkError):
            prove(name, element, layout, slack, rows)
        with pytest.raises(OddChunkError):
            prove(name, element, layout, slack + b"CANARY", rows)
    with pytest.raises(OddChunkError):
        prove(name, element, layout, data + b"\0", rows)
    with pytest.raises(OddChunkError):
        prove(name, element, layout, b"\0" + data, rows)
    with pytest.raises(OddChunkError):
        prove(name, element, layout, data, rows + 1)


def test_entries_of_a_dictionary_that_no_row_has_are_not_copied() -> None:
    names = pa.DictionaryArray.from_arrays(pa.array([0, 0, None], pa.int8()), ["kept", "CANARY"])
    table = pa.table({"t": names})
    assert b"CANARY" in write(table, compression="none")
    with pytest.raises(OddChunkError):
        prove(*chunk_of(table))

    done = release(write(table), plan_of({"t": PlanField("t", "string")}))
    assert done.copied == 0
    assert [row["t"] for row in rows_of(done.files["r"])] == ["kept", "kept", None]


def test_a_checksum_that_is_wrong_is_not_copied() -> None:
    name, element, layout, data, rows = chunk_of(TEXTS, write_page_checksum=True)
    prove(name, element, layout, data, rows)

    def spoil(header: dict[int, Any], body: bytes) -> bytes:
        assert zlib.crc32(body) == header[4][1] & 0xFFFFFFFF
        return write_struct({**header, 4: (I32, 7)}) + body

    with pytest.raises(OddChunkError):
        prove(name, element, layout, edited(data, 1, spoil), rows)


def test_what_headers_say_beside_the_values_is_not_copied() -> None:
    name, element, layout, data, rows = chunk_of(TEXTS)

    def add(header: dict[int, Any], body: bytes) -> bytes:
        number = 7 if value(header, 1) == 2 else 5
        kind, inner = header[number]
        told = {**inner, 5: (STRUCT, {1: (BINARY, b"CANARY"), 2: (BINARY, b"CANARY")})}
        strange = {33: (BINARY, b"CANARY"), 34: (LIST, (BINARY, [b"CANARY"]))}
        return write_struct({**header, number: (kind, told), **strange}) + body

    told = edited(edited(data, 0, add), 1, add)
    chunk = prove(name, element, layout, told, rows)
    assert b"CANARY" in told
    assert b"CANARY" not in chunk.packed()
    assert chunk.values.to_pylist() == TEXTS["t"].to_pylist()


def frame(text: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(text, asbytes=True))


@pytest.mark.parametrize(
    "hide",
    [
        lambda body: body + b"\x50\x2a\x4d\x18\x06\0\0\0CANARY",
        lambda body: b"\x50\x2a\x4d\x18\x06\0\0\0CANARY" + body,
        lambda body: body + frame(b"CANARY"),
        lambda body: body + b"CANARY",
    ],
    ids=["skipped behind", "skipped before", "frame", "bytes"],
)
def test_what_hides_in_compression_is_not_copied(hide: Callable[[bytes], bytes]) -> None:
    name, element, layout, data, rows = chunk_of(TEXTS, compression="zstd")
    prove(name, element, layout, data, rows)

    def change(header: dict[int, Any], body: bytes) -> bytes:
        hidden = hide(body)
        return write_struct({**header, 3: (I32, len(hidden))}) + hidden

    for page in range(2):
        with pytest.raises(OddChunkError):
            prove(name, element, layout, edited(data, page, change), rows)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
def test_what_pads_a_group_of_eight_becomes_zero(version: str, codec: str) -> None:
    table = pa.table({"t": pa.array(["a", "b", "a", None])})
    name, element, layout, data, rows = chunk_of(
        table, data_page_version=version, compression=codec
    )
    pack: Any = pa.Codec(codec) if codec != "none" else None

    def pad(header: dict[int, Any], body: bytes) -> bytes:
        levels = value(header, 8)[5][1] if version == "2.0" else 0
        rest, size = body[levels:], value(header, 2) - levels
        packed = pack is not None and (version == "1.0" or value(header, 8).get(7, (1, True))[1])
        plain = pack.decompress(rest, size, asbytes=True) if packed else rest
        plain = plain[:-1] + bytes([plain[-1] | 0x80])
        rest = pack.compress(plain, asbytes=True) if packed else plain
        return write_struct({**header, 3: (I32, levels + len(rest))}) + body[:levels] + rest

    padded = edited(data, 1, pad)
    assert padded != data
    chunk = prove(name, element, layout, padded, rows)
    assert chunk.packed() == prove(name, element, layout, data, rows).packed()
    assert chunk.values.to_pylist() == ["a", "b", "a", None]


def test_what_pads_truth_values_is_not_copied() -> None:
    table = pa.table({"t": pa.array([True, False, True])})
    name, element, layout, data, rows = chunk_of(table, use_dictionary=False)
    prove(name, element, layout, data, rows)

    def pad(header: dict[int, Any], body: bytes) -> bytes:
        return write_struct(header) + body[:-1] + bytes([body[-1] | 0x80])

    with pytest.raises(OddChunkError):
        prove(name, element, layout, edited(data, 0, pad), rows)


def test_what_pads_levels_becomes_zero() -> None:
    table = pa.table({"t": pa.array([1, None, 2], pa.int32())})
    name, element, layout, data, rows = chunk_of(table, use_dictionary=False)

    def pad(header: dict[int, Any], body: bytes) -> bytes:
        return write_struct(header) + body[:5] + bytes([body[5] | 0x80]) + body[6:]

    chunk = prove(name, element, layout, edited(data, 0, pad), rows)
    assert chunk.packed() == prove(name, element, layout, data, rows).packed()
    assert chunk.values.to_pylist() == [1, None, 2]


@SLOW
@given(st.binary(max_size=80), st.integers(0, 10_000), st.booleans())
def test_a_spoilt_chunk_is_copied_only_where_it_says_the_same(
    noise: bytes, at: int, cut: bool
) -> None:
    name, element, layout, data, rows = chunk_of(TEXTS)
    at %= len(data)
    spoilt = data[:at] + noise + data[at + (0 if cut else len(noise)) :]
    try:
        chunk = prove(name, element, layout, spoilt, rows)
    except OddChunkError:
        return
    assert len(chunk.packed()) <= len(spoilt)
    assert chunk.values.type == pa.string()
    assert len(chunk.values) == rows
    lengths = sum(len(one) for one in chunk.values.view(pa.binary()).to_pylist() if one)
    assert lengths < 1_000


def test_statistics_that_lie_are_not_copied() -> None:
    canary = pa.table({"n": pa.array([0x5A5A5A5A, 1], pa.int32()), "t": ["CANARY", "a"]})
    honest = pa.table({"n": pa.array([5, 1], pa.int32()), "t": ["bbbbbb", "a"]})
    options = {"compression": "none", "write_page_index": True, "use_dictionary": False}
    lies, file = write(canary, **options), write(honest, **options)
    footer = len(file) - 8 - int.from_bytes(file[-8:-4], "little")
    assert len(lies) == len(file)
    last = pq.ParquetFile(io.BytesIO(file)).metadata.row_group(0).column(1)
    end = last.data_page_offset + last.total_compressed_size
    # The footer and the indexes are those of the file that holds other values.
    data = file[:end] + lies[end:]
    assert b"CANARY" in data[footer:]

    plan = plan_of({"n": PlanField("n", "int32"), "t": PlanField("t", "string")})
    done = release(data, plan)

    assert done.copied == 2
    assert b"CANARY" not in done.files["r"]
    assert b"ZZZZ" not in done.files["r"]
    assert [row["n"] for row in rows_of(done.files["r"])] == [5, 1]
    metadata = pq.ParquetFile(io.BytesIO(done.files["r"])).metadata
    for number in range(metadata.num_columns):
        column = metadata.row_group(0).column(number)
        assert not column.has_offset_index
        assert not column.has_column_index


def test_chunks_of_a_released_file_stand_side_by_side() -> None:
    table = table_of(random.Random(1), 30, 0.2, False)
    data = release(write(table, row_group_size=10), plan_of(all_kinds())).files["r"]
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    at = 4
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            starts = (column.dictionary_page_offset, column.data_page_offset)
            assert min(one for one in starts if one is not None) == at
            at += column.total_compressed_size
    assert at == len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert set(metadata.metadata) == {b"ARROW:schema"}


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.uint8(), pa.uint16()])
@pytest.mark.parametrize("dictionary", [True, False])
def test_bits_that_a_narrow_integer_does_not_have_are_not_copied(
    kind: pa.DataType, dictionary: bool
) -> None:
    high = 2 ** (kind.bit_width - (0 if pa.types.is_unsigned_integer(kind) else 1))
    fine = pa.table({"t": pa.array([0, high - 1, None], kind)})
    name, element, layout, data, rows = chunk_of(fine, use_dictionary=dictionary)
    assert prove(name, element, layout, data, rows).values.to_pylist() == [0, high - 1, None]

    for odd in (high, -high - 1, 0x5A5A5A00):
        wide = pa.table({"t": pa.array([0, odd, None], pa.int32())})
        _, _, _, data, _ = chunk_of(wide, use_dictionary=dictionary)
        with pytest.raises(OddChunkError):
            prove(name, element, layout, data, rows)


def test_types_that_a_file_tells_only_to_arrow_are_decoded() -> None:
    kinds = {"a": pa.timestamp("us", tz="Europe/Paris"), "b": pa.large_string()}
    table = pa.table({"a": pa.array([1, 2], kinds["a"]), "b": pa.array(["x", "y"], kinds["b"])})
    stream = pa.BufferReader(write(table))
    file = pq.ParquetFile(stream)
    wanted = Wanted(pa.schema([("a", kinds["a"]), ("b", pa.string())]))
    assert set(parquet_stored.read_stored(stream, file, 0, {"a": 0, "b": 1}, wanted)) == {"b"}


def test_a_column_of_another_type_is_decoded() -> None:
    table = pa.table({"n": pa.array([1, 2], pa.int64()), "t": pa.array(["a", "b"])})
    plan = plan_of({"n": PlanField("n", "int32"), "t": PlanField("t", "string")})
    (chunk,) = read(write(table), plan)

    assert set(chunk.stored) == {"t"}
    assert chunk.data.schema.names == ["n"]
    done = release(write(table), plan)
    assert [row["n"] for row in rows_of(done.files["r"])] == [1, 2]
    assert done.copied == 1


def test_bytes_that_are_no_text_are_quarantined_though_their_column_could_be_copied() -> None:
    texts = pa.array([b"caf\xe9", b"th\xc3\xa9", None])
    table = pa.table({"t": texts.view(pa.string()), "n": pa.array([1, 2, 3], pa.int32())})
    plan = plan_of({"t": PlanField("t", "string"), "n": PlanField("n", "int32")})
    for dictionary in (True, False):
        done = release(write(table, use_dictionary=dictionary), plan)
        assert done.copied == 0
        assert [row["t"] for row in rows_of(done.files["r"])] == ["thé", None]
        assert done.done[0].tally.quarantine == {"unreadable": 1}
        assert b"caf\xe9" not in done.files["r"]


def test_dates_beyond_the_calendar_are_quarantined_though_their_column_could_be_copied() -> None:
    table = pa.table({"d": pa.array([0, 2**30, None], pa.int32()).cast(pa.date32())})
    for dictionary in (True, False):
        done = release(
            write(table, use_dictionary=dictionary), plan_of({"d": PlanField("d", "date32")})
        )
        assert done.done[0].tally.quarantine == {"type": 1}
        assert len(rows_of(done.files["r"])) == 2


def test_a_null_that_may_not_be_is_quarantined_though_its_column_could_be_copied() -> None:
    table = pa.table({"t": ["a", None, "b"]})
    done = release(write(table), plan_of({"t": PlanField("t", "string", nullable=False)}))
    assert done.done[0].tally.quarantine == {"null": 1}
    assert [row["t"] for row in rows_of(done.files["r"])] == ["a", "b"]


NIRS = ["1 55 08 75 999 991 93", "155087599999193", "sans"]


@pytest.mark.parametrize("dictionary", [True, False])
def test_the_gate_sees_what_is_copied(dictionary: bool) -> None:
    table = pa.table({"t": ["rien", *NIRS, "rien"], "n": pa.array(range(5), pa.int64())})
    plan = plan_of({"t": PlanField("t", "string"), "n": PlanField("n", "int64")}, nir="absent")
    done = release(write(table, use_dictionary=dictionary), plan)

    assert done.copied == 0
    assert done.done[0].tally.quarantine == {"nir-leak": 2}
    assert [row["t"] for row in rows_of(done.files["r"])] == ["rien", "sans", "rien"]
    assert b"155087599999193" not in done.files["r"]
    assert b"155087599" not in done.files["r"]


def test_redacted_text_of_a_dictionary_holds_no_entry_of_the_old_one() -> None:
    table = pa.table({"t": [f"NIR {nir}" for nir in NIRS] * 5, "n": ["a"] * 15})
    plan = plan_of(
        {"t": PlanField("t", "string", free_text=True), "n": PlanField("n", "string")},
        nir="absent",
        redact=frozenset({"t"}),
    )
    done = release(write(table), plan)

    assert done.copied == 1
    assert b"0875" not in done.files["r"]
    assert [row["t"] for row in rows_of(done.files["r"])] == [
        "NIR [NIR]",
        "NIR [NIR]",
        "NIR sans",
    ] * 5
    assert done.done[0].tally.redacted == {"r": {"t": 10}}
    file = pq.ParquetFile(io.BytesIO(done.files["r"]), read_dictionary=["t"])
    assert len(file.read().column("t").chunk(0).dictionary) == 2


def test_a_chunk_told_and_packed_is_the_same_again() -> None:
    name, element, layout, data, rows = chunk_of(TEXTS, compression="snappy")
    chunk = prove(name, element, layout, data, rows)
    other = ColumnChunk.again(chunk.described(), chunk.packed())
    assert other.packed() == chunk.packed()
    assert other.values.equals(chunk.values)
    assert other.metadata(7) == chunk.metadata(7)


@pytest.mark.parametrize("tool", ["duckdb", "polars"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_other_tools_read_what_is_copied_and_their_files_are_copied(
    tool: str, version: str, tmp_path: Any
) -> None:
    tools: Any = pytest.importorskip(tool)
    rng = np.random.default_rng(1)
    rows = 5_000
    table = pa.table(
        {
            "s": pa.array([f"valeur {n}" for n in rng.integers(0, 700, rows).tolist()]),
            "u": pa.array([f"unique {n}" for n in range(rows)]),
            "n": pa.array(rng.integers(0, 90, rows), pa.int32(), mask=rng.random(rows) < 0.1),
            "d": pa.array(rng.integers(0, 9_000, rows), pa.int32()).cast(pa.date32()),
            "m": pa.array(rng.integers(0, 10**9, rows)).cast(pa.decimal128(19, 0)),
            "w": pa.array(rng.integers(0, 10**15, rows)).cast(pa.timestamp("us")),
        }
    )
    types = {
        "s": "string",
        "u": "string",
        "n": "int32",
        "d": "date32",
        "m": "decimal128(19, 0)",
        "w": "timestamp[us]",
    }
    plan = plan_of({name: PlanField(name, kind) for name, kind in types.items()})
    path, out = str(tmp_path / "in.parquet"), tmp_path / "out.parquet"

    def look(file: Any) -> pa.Table:
        if tool == "polars":
            found = tools.read_parquet(file).to_arrow()
        else:
            found = tools.sql(f"select * from read_parquet('{file}')").to_arrow_table()
        return found.select(table.column_names).cast(table.schema)

    pq.write_table(table, path, row_group_size=2_048, data_page_version=version)
    done = release((tmp_path / "in.parquet").read_bytes(), plan)
    assert done.copied == 6 * 3
    out.write_bytes(done.files["r"])
    assert look(out).equals(table)

    if tool == "polars":
        tools.from_arrow(table).write_parquet(path)
    else:
        feed = table  # DuckDB finds tables by the names of variables
        assert feed.num_rows
        tools.sql(f"copy (from feed) to '{path}' (format parquet, codec zstd)")
    done = release((tmp_path / "in.parquet").read_bytes(), plan)
    assert done.copied >= 5
    out.write_bytes(done.files["r"])
    assert look(out).equals(table)
    assert pq.read_table(out).select(table.column_names).cast(table.schema).equals(table)


def test_a_group_that_is_read_again_is_written_as_it_was() -> None:
    table = table_of(random.Random(2), 20, 0.2, False)
    data = release(write(table, row_group_size=7), plan_of(all_kinds())).files["r"]
    sink = io.BytesIO()
    schema = pq.ParquetFile(io.BytesIO(data)).schema_arrow.remove_metadata()
    writer = SpliceWriter(sink, schema)
    for group in read_groups(io.BytesIO(data)):
        writer.write(group)
    writer.close()
    assert sink.getvalue() == data
    assert isinstance(group, EncodedGroup)


def test_an_empty_dictionary_is_odd() -> None:
    name, element, layout, data, rows = chunk_of(pa.table({"t": pa.array(["a"] * 3)}))
    with pytest.raises(OddChunkError):
        prove(name, element, layout, dictionary_header(0, 0, 0, 0) + data, rows)
    assert copy(prove(name, element, layout, data, rows)).column == "t"


def test_a_row_group_that_is_too_large_as_a_whole_is_read_in_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = pa.table({"n": pa.array(range(9), pa.int64()), "t": ["x" * 50] * 9})
    plan = plan_of({"n": PlanField("n", "int32"), "t": PlanField("t", "string")})
    (whole,) = read(write(table), plan)
    assert set(whole.stored) == {"t"}

    monkeypatch.setattr(parquet, "MAX_CHUNK_BYTES", 50)
    stream = pa.BufferReader(write(table.select(["n"])))
    (part,) = split(stream, "f")
    wanted = Wanted(pa.schema([("n", pa.int32())]))
    chunks = list(read_parquet(stream, plan, "f", part, records=4, stored=wanted))
    assert [one.data.num_rows for one in chunks] == [4, 4, 1]
    assert not any(one.stored for one in chunks)


def test_a_row_group_that_is_corrupt_is_told_as_ever() -> None:
    data = bytearray(write(pa.table({"t": ["x" * 50] * 9, "n": list(range(9))})))
    data[10:60] = bytes(50)
    plan = plan_of({"t": PlanField("t", "string"), "n": PlanField("n", "int64")})
    with pytest.raises(InputError, match="row group 1 of 1 cannot be read"):
        read(bytes(data), plan)
