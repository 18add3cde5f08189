"""One file by ranges is what it is from start to end, wherever its stretches are cut."""

import io
import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.documents.feed_format import CsvOptions, Format, FormatName
from tamis.errors import InputError
from tamis.formats.chunk import Chunk
from tamis.formats.ranges import RecordRange
from tamis.formats.readers import RANGES, SEQUENTIAL
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField

from .. import plans

LIMITS = Limits(part_rows=3, chunk_records=2, object_chunk_records=2)


def plan_of(form: FormatName, **options: Any) -> Plan:
    chosen = Format(name=form, csv=CsvOptions(**options)) if options else form
    fields = PlanField("a", "string"), PlanField("c", "string")
    return plans.plan_of(*fields, form=chosen, known=("a", "b", "c"))


def ranges_of(data: bytes, plan: Plan, size: int) -> list[RecordRange] | None:
    """The ranges of a file of which stretches of `size` bytes were counted."""
    form = RANGES[plan.format.name]
    begin = form.begin(io.BytesIO(data), plan, "f")
    if begin is None:
        return None
    counts = [
        form.count(io.BytesIO(data), plan, begin, start, min(start + size, len(data)))
        for start in range(0, len(data), size)
    ]
    parts = form.cut(counts, begin, len(data), plan, LIMITS)
    return None if parts is None else [part for part in parts if isinstance(part, RecordRange)]


def read(data: bytes, plan: Plan, part: RecordRange | None = None) -> Iterator[Chunk]:
    if part is None:
        return SEQUENTIAL[plan.format.name](io.BytesIO(data), plan, "f", LIMITS)
    return SEQUENTIAL[plan.format.name](io.BytesIO(data), plan, "f", LIMITS, part)


def told(chunks: list[Chunk]) -> list[Any]:
    """All that chunks say of their records; of those without records, nothing."""
    return [
        (
            [
                column.view(pa.binary()).to_pylist()
                if pa.types.is_string(column.type)
                else column.to_pylist()
                for column in chunk.data.columns
            ],
            chunk.data.schema.names,
            chunk.positions.to_pylist(),
            chunk.rejects.to_pylist(),
        )
        for chunk in chunks
        if len(chunk.positions) + chunk.rejects.num_rows
    ]


def anomalies(chunks: list[Chunk]) -> dict[str, int]:
    return {
        name: sum(chunk.anomalies.get(name, 0) for chunk in chunks)
        for chunk in chunks
        for name in chunk.anomalies
    }


def is_same(data: bytes, plan: Plan, size: int) -> bool | None:
    """Compare a file read by ranges with it read at once; None where it is not read by ranges."""
    refused = None
    try:
        parts = ranges_of(data, plan, size)
    except InputError as error:
        parts, refused = None, error.problem
    if parts is None:
        with pytest.raises(InputError, match=re.escape(refused)) if refused else nullcontext():
            list(read(data, plan))
        return None
    whole = list(read(data, plan))
    chunks = [list(read(data, plan, part)) for part in parts]
    assert told([chunk for part in chunks for chunk in part]) == told(whole)
    assert anomalies([chunk for part in chunks for chunk in part]) == anomalies(whole)
    for part, own in zip(parts, chunks, strict=True):
        count = sum(len(chunk.positions) + chunk.rejects.num_rows for chunk in own)
        assert (part.number, count) == (part.first // LIMITS.part_rows, part.records)
    return True


pieces = st.sampled_from(
    [b"a", b"n", b",", b",", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\xc3\xa9", b"\xe9", b"\\"]
)


@settings(max_examples=150)
@given(
    st.lists(pieces, max_size=60).map(b"".join),
    st.integers(1, 40),
    st.sampled_from(
        [
            *({}, {}, {"escape": "\\"}, {"escape": "\\", "quote": False}, {"footer": 1}),
            *({"footer": 3}, {"skip": 2}),
        ]
    ),
    st.sampled_from(["utf-8", "cp1252", "utf-8-sig"]),
    st.booleans(),
)
@example(b'1,"a\nb",3\n' * 9, 1, {}, "utf-8", False)
@example(b",,\n\n1,2,3\n,,\n" * 9, 1, {}, "utf-8", False)
@example(b"1\\,,\\\n2,3\n" * 9, 1, {"escape": "\\"}, "utf-8", False)
def test_csv_is_the_same(
    body: bytes, size: int, options: dict[str, Any], encoding: str, marked: bool
) -> None:
    head = b"line\n\n" if "skip" in options else b""
    mark = b"\xef\xbb\xbf" if marked and encoding != "cp1252" else b""
    data = mark + head + b"a,b,c\n" + body
    is_same(data, plan_of("csv", **options, encoding=encoding), size)


fields = st.text(st.sampled_from(['"', ",", "\n", "\r", "é", "a", " "]), max_size=5).map(
    lambda text: '"' + text.replace('"', '""') + '"'
)


@settings(max_examples=50)
@given(
    st.lists(st.lists(fields, min_size=3, max_size=3), min_size=1, max_size=9),
    st.integers(1, 60),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_well_formed_csv_is_read_by_ranges(
    records: list[list[str]], size: int, line_break: str, ended: bool
) -> None:
    text = line_break.join(["a,b,c", *map(",".join, records)]) + (line_break if ended else "")
    assert is_same(text.encode(), plan_of("csv"), size)


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (b'a,b,c\n1,2,3"4\n' * 9, {}),
        (b'a,b,c\n1,2,"3\n', {}),
        ("a,b,c\n1,2,3\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("a,b,c\n1,2,3\n".encode("shift_jis"), {"encoding": "shift_jis"}),
        (b"a,b,c\n", {}),
        (b"a,b,c\n1,2,3\n", {"footer": 1}),
    ],
    ids=["stray quote", "open quote", "utf-16", "shift_jis", "no record", "footer only"],
)
def test_csv_of_which_ranges_are_in_doubt_is_read_at_once(
    data: bytes, options: dict[str, Any]
) -> None:
    assert all(ranges_of(data, plan_of("csv", **options), size) is None for size in (1, 5, 100))


lines = st.sampled_from(
    [b'{"a": "x"}', b'{"b": 1}', b'{"c": 2.5}', b'{"d": 1, "a": ""}', b"{", b"\xff", b"", b"  "]
)


@settings(max_examples=50)
@given(
    st.lists(lines, max_size=12),
    st.integers(1, 40),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
def test_json_lines_are_the_same(
    body: list[bytes], size: int, line_break: bytes, marked: bool
) -> None:
    data = line_break.join([b'{"a": "first"}', *body])
    plan = plan_of("jsonl")
    assert is_same((b"\xef\xbb\xbf" if marked else b"") + data, plan, size)


def test_names_that_lines_lack_are_those_of_all_ranges() -> None:
    data = b"".join(b'{"%s": 1}\n' % (b"b" if n < 6 else b"c") for n in range(12))
    plan = plan_of("jsonl")
    parts = ranges_of(data, plan, 7) or []
    missing = [
        frozenset().union(*(chunk.missing for chunk in read(data, plan, part))) for part in parts
    ]
    assert frozenset.intersection(*missing) == {"a"}


def avro_of(records: list[dict[str, Any]], interval: int, codec: str = "null") -> bytes:
    schema = {
        "type": "record",
        "name": "r",
        "fields": [{"name": name, "type": ["null", "string"]} for name in "abd"],
    }
    out = io.BytesIO()
    fastavro.writer(
        out, schema, records, codec, sync_interval=interval, sync_marker=b"0123456789abcdef"
    )
    return out.getvalue()


values = st.one_of(st.none(), st.sampled_from(["", "x", "é" * 9, "0123456789abcde"]))


@settings(max_examples=50)
@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys("abd", values)), min_size=1, max_size=25),
    st.integers(1, 60),
    st.integers(1, 80),
    st.sampled_from(["null", "deflate"]),
)
def test_avro_is_the_same(
    records: list[dict[str, Any]], size: int, interval: int, codec: str
) -> None:
    assert is_same(avro_of(records, interval, codec), plan_of("avro"), size)


def test_avro_that_holds_its_own_marker_is_read_at_once() -> None:
    data = avro_of([{"a": "0123456789abcdef\x02\x00", "b": None, "d": None}] * 20, 40)
    outcomes = [ranges_of(data, plan_of("avro"), size) for size in (1, 7, 30, 100, 10_000)]
    assert outcomes[:4] == [None] * 4
    assert is_same(data, plan_of("avro"), 10_000)


def test_avro_that_is_cut_is_read_at_once_and_refused() -> None:
    data = avro_of([{"a": "x", "b": None, "d": None}] * 20, 40)
    plan = plan_of("avro")
    assert all(ranges_of(data[:-cut], plan, 30) is None for cut in (1, 15, 16, 17, 20))
    with pytest.raises(InputError, match="is corrupt or cut"):
        list(read(data[:-1], plan))
