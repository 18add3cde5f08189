"""CSV: every record numbered, wrong ones rejected, none lost in silence, memory bounded."""

import csv
import io
import resource
from collections import Counter
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tamis.documents.feed_format import CsvOptions, Format
from tamis.errors import InputError
from tamis.filter.quarantine import FAULTS
from tamis.formats.chunk import Chunk
from tamis.formats.csv import EMPTY_LINES, UNREADABLE_QUOTE, read_csv
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField

from .. import plans


def plan_of(names: str = "a c", known: str = "a b c", **options: Any) -> Plan:
    fields = [PlanField(name, "string") for name in names.split()]
    form = Format(name="csv", csv=CsvOptions(**options))
    return plans.plan_of(*fields, form=form, known=tuple(known.split()))


def read(data: bytes, plan: Plan | None = None, **limits: int) -> list[Chunk]:
    return list(read_csv(io.BytesIO(data), plan or plan_of(), "f.csv", Limits(**limits)))


def rows(chunks: list[Chunk]) -> list[tuple[Any, ...]]:
    """Position and values of each row."""
    return [
        (position, *record.values())
        for chunk in chunks
        for position, record in zip(
            chunk.positions.to_pylist(), chunk.data.to_pylist(), strict=True
        )
    ]


def rejects(chunks: list[Chunk]) -> list[tuple[int, str]]:
    return [
        (reject["position"], reject["rule"])
        for chunk in chunks
        for reject in chunk.rejects.to_pylist()
    ]


def anomalies(chunks: list[Chunk]) -> dict[str, int]:
    return dict(sum((Counter(chunk.anomalies) for chunk in chunks), Counter[str]()))


def test_wrong_records_are_rejected_and_the_others_keep_their_numbers() -> None:
    chunks = read(b'a,b,c\n1,2,3\n4,5\n\n7,8,9\n1,2,3,4\n"x\ny","","z ""q"""\n,,\n')

    assert rows(chunks) == [(1, "1", "3"), (3, "7", "9"), (5, "x\ny", 'z "q"')]
    assert anomalies(chunks) == {"csv-empty-lines": 1}
    assert rejects(chunks) == [
        (2, "fields expected: 3, found: 2"),
        (4, "fields expected: 3, found: 4"),
    ]
    assert {r["reason"] for c in chunks for r in c.rejects.to_pylist()} == {"unreadable"}


@pytest.mark.parametrize("block", [64, 100, 1 << 20])
@pytest.mark.parametrize("records", [1, 3, 7, 1000])
def test_numbers_are_exact_whatever_blocks_and_chunks(block: int, records: int) -> None:
    good = [number for number in range(1, 201) if number % 3 and not 50 < number < 90]
    lines = [f"{n},b,c" if n in good else "wrong" for n in range(1, 201)]
    data = "a,b,c\n{}".format("\r\n".join(lines)).encode()
    chunks = read(data, chunk_records=records, csv_block_bytes=block)

    assert rows(chunks) == [(n, str(n), "c") for n in good]
    assert [at for at, _ in rejects(chunks)] == [n for n in range(1, 201) if n not in good]
    sizes = [len(c.positions) + c.rejects.num_rows for c in chunks]
    assert sum(sizes) == 200
    assert set(sizes[:-1]) <= {records}


def test_a_line_break_in_a_value_is_whole_wherever_a_block_ends() -> None:
    data = b"a,b,c\r\n" + b'1,"x\r\ny","z\r\n\r\n"\r\n' * 20
    for block in range(40, 72):
        chunks = read(data, csv_block_bytes=block)
        assert rows(chunks) == [(n, "1", "z\r\n\r\n") for n in range(1, 21)]


@settings(max_examples=150)
@given(st.lists(st.sampled_from([b"a", b",", b",", b'"', b"\n", b"\r", b"\xe9"]), max_size=120))
def test_any_bytes_read_the_same_wherever_blocks_end(body: list[bytes]) -> None:
    def outcome(block: int) -> Any:
        data = b"a,b,c\n" + b"".join(body)
        try:
            chunks = read(data, chunk_records=5, csv_block_bytes=block)
        except InputError as error:
            return error.problem
        values = [[own.view(pa.binary()).to_pylist() for own in c.data.columns] for c in chunks]
        return [c.positions.to_pylist() for c in chunks], values, rejects(chunks)

    small = outcome(64)
    if "longer than" not in small:
        assert small == outcome(1 << 20)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufdd0"), max_size=8)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(texts, texts, texts), max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.integers(1, 5),
)
def test_records_read_back_equal(
    records: list[tuple[str, str, str]], separator: str, encoding: str, quoting: Any, size: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting)
    writer.writerow("abc")
    writer.writerows(records)
    plan = plan_of(separator=separator, encoding=encoding)

    chunks = read(out.getvalue().encode(encoding), plan, chunk_records=size)

    if quoting == csv.QUOTE_MINIMAL:
        assert anomalies(chunks).get(EMPTY_LINES, 0) == records.count(("", "", ""))
        records = [record for record in records if any(record)]
    assert rows(chunks) == [
        (number, a or None, c or None) for number, (a, _, c) in enumerate(records, 1)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "cp850", "utf-16", "cp037"])
def test_any_encoding_becomes_text(encoding: str) -> None:
    data = "a;é;c\nZoé;2;Noël\n".encode(encoding)
    plan = plan_of("é c", "a é c", separator=";", encoding=encoding)
    assert rows(read(data, plan)) == [(1, "2", "Noël")]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert rows(read(b'\xef\xbb\xbf\r\n\r\n"a",b,c\r\n1,2,3\r\n')) == [(1, "1", "3")]


def test_bytes_that_are_no_text_matter_in_their_own_value_only() -> None:
    chunks = read(b"a,b,c\n1,\xff\xfe,3\n\xe9\xff,2,3\nx\xff\n4,5,6\n\xc3")
    column = pa.chunked_array([c.data.column("a").view(pa.binary()) for c in chunks]).to_pylist()

    assert column[0] == b"1"
    assert column[2] == b"4"
    with pytest.raises(UnicodeDecodeError):
        column[1].decode()
    assert [at for at, _ in rejects(chunks)] == [3, 5]


def test_undefined_bytes_of_a_code_page_are_no_text_either() -> None:
    (chunk,) = read(b"a,b,c\n\x81,2,3\n", plan_of(encoding="cp1252"))
    with pytest.raises(UnicodeDecodeError):
        chunk.data.column("a").view(pa.binary())[0].as_py().decode()


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\r\n", b",,\n"])
def test_a_file_without_header_is_empty(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^f.csv: is empty: a CSV needs a header line$"):
        read(data)


@pytest.mark.parametrize("data", [b"a,b,c", b"a,b,c\n", b"a,b,c\r\n\r\n"])
def test_a_header_alone_is_a_chunk_without_records(data: bytes) -> None:
    (chunk,) = read(data, plan_of(known="a b c d"))
    assert (chunk.data.num_rows, chunk.rejects.num_rows) == (0, 0)
    assert chunk.data.schema == pa.schema([("a", pa.string()), ("c", pa.string())])
    assert chunk.missing == {"d"}


def test_a_headerless_file_is_refused_without_its_values() -> None:
    with pytest.raises(InputError) as error:
        read(b"Durand,1990-01-01,canary\nMartin,1991-01-01,canary\n")
    assert str(error.value) == (
        "f.csv: the first line names no field of schema `essai`: "
        "check header, separator and encoding"
    )


def test_unknown_names_are_told_unless_they_look_like_values() -> None:
    (chunk,) = read(b"a,c,Mon champ,1840776451089,x@y.example\n1,2,3,4,5\n")
    assert chunk.unknown == {"Mon champ": 5, "(name withheld)": 5}
    assert chunk.missing == {"b"}


def test_a_name_twice_is_refused_only_if_it_is_read() -> None:
    with pytest.raises(InputError, match="has two columns `a`"):
        read(b"a,a,c\n1,2,3\n")
    assert rows(read(b"a,b,b,c\n1,2,3,4\n")) == [(1, "1", "4")]


@pytest.mark.parametrize(
    ("data", "good", "rejected"),
    [
        (b'a,b,c\n1,2,3\n4,5,"6\n7,8,9\n', [1], [2, 3]),
        (b'a,b,c\n1,2,3\n"4,5,6\n7,8,9\n', [1], [2, 3]),
        (b'a,b,c\n1,2,3\n4,5,6\n,,,\n7,8,"', [1, 2], [3]),
        (b'a,b,c\n1,2,3\n4,5,6,"\n,,,\n', [1], [2, 3]),
    ],
)
def test_each_line_after_a_quote_that_is_never_closed_is_a_reject(
    data: bytes, good: list[int], rejected: list[int]
) -> None:
    chunks = read(data)
    assert [row[0] for row in rows(chunks)] == good
    assert rejects(chunks) == [(number, UNREADABLE_QUOTE) for number in rejected]


@pytest.mark.parametrize("block", [40, 64, 1 << 20])
def test_two_quotes_that_are_not_escaped_join_no_records(block: int) -> None:
    data = b'a,b,c\n1,x,"bonjour\n2,secret,ok\n3,secret,"merci\n4,x,"deux\nlignes"\n5,x,fin\n'
    chunks = read(data, csv_block_bytes=block)
    assert rows(chunks) == [(4, "4", "deux\nlignes"), (5, "5", "fin")]
    assert rejects(chunks) == [(number, UNREADABLE_QUOTE) for number in (1, 2, 3)]


def test_quotes_inside_a_value_without_quotes_are_text() -> None:
    assert rows(read(b'a,b,c\n24",x,dit "oui"\n')) == [(1, '24"', 'dit "oui"')]


def test_an_escape_is_an_option() -> None:
    data = b'a,b,c\n1,x,"Foo \\"Bar\\""\n2,x,"a \\"; b"\n3,x,"c:\\\\"\n4,x,a\\,b\n'
    values = ['Foo "Bar"', 'a "; b', "c:\\", "a,b"]
    assert rows(read(data, plan_of(escape="\\"))) == [
        (number, str(number), value) for number, value in enumerate(values, 1)
    ]
    assert rejects(read(data))[:2] == [(1, UNREADABLE_QUOTE), (2, UNREADABLE_QUOTE)]


@pytest.mark.parametrize("quote", ['"', False])
def test_an_escape_before_any_other_character_is_text(quote: Any) -> None:
    data = b"a,b,c\n1,x,C:\\dossier\n2,x,\\N\n3,x,\\\xc3\xa9\\\\,\n4,x,a\\,b\\\nc\n"
    values = ["C:\\dossier", "\\N", None, "a,b\nc"]
    chunks = read(data, plan_of(escape="\\", quote=quote))
    assert rows(chunks) == [
        (number, str(number), value) for number, value in enumerate(values, 1) if value
    ]
    assert rejects(chunks) == [(3, "fields expected: 3, found: 4")]


def test_text_without_quotes_writes_control_characters_by_escapes() -> None:
    data = b'a\tb\tc\n1\tx\tune\\nligne\\\tet "\\t\\\\n\n2\tx\n3\tx\t\\r\\b\\f\\v\\x41\n'
    chunks = read(data, plan_of(separator="\t", escape="\\", quote=False))
    assert rows(chunks) == [(1, "1", 'une\nligne\tet "\t\\n'), (3, "3", "\r\b\f\v\\x41")]
    assert rejects(chunks) == [(2, "fields expected: 3, found: 2")]
    cut = read(b"a,b,c\n1,x,y\\", plan_of(escape="\\", quote=False))
    assert (rows(cut), rejects(cut)) == ([], [(1, UNREADABLE_QUOTE)])


def test_formulas_that_say_a_text_are_an_option() -> None:
    data = b'a,b,c\n="01",x,"=""0,2"""\n="",x,=A1\n'
    chunks = read(data, plan_of(text_formulas=True))
    assert rows(chunks) == [(1, "01", "0,2"), (2, None, "=A1")]
    assert rows(read(data))[0] == (1, '="01"', '="0,2"')


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_separators_only_are_counted_and_are_no_records(end: str) -> None:
    lines = ["a;b;c", "1;;", ";;", '2;"x\n;;\n";', '"";"";""', ";;;;", ";", "3;;", ";;"]
    chunks = read(end.join(lines).encode(), plan_of("a b", separator=";"), chunk_records=2)
    assert rows(chunks) == [(1, "1", None), (2, "2", "x\n;;\n"), (3, None, None), (4, "3", None)]
    assert rejects(chunks) == []
    assert anomalies(chunks) == {EMPTY_LINES: 4}


@pytest.mark.parametrize("start", [b'"', b""])
def test_a_record_of_500_megabytes_is_refused_in_bounded_memory(start: bytes) -> None:
    class Endless(io.RawIOBase):
        """A header, two records and a cell of 500 MB, made as it is read."""

        def __init__(self) -> None:
            self.left = 500

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            if self.left == 499:
                return b"a,b,c\n1,2,3\n4,5,6\n7,8," + start
            return b"x" * 1_000_000 if self.left >= 0 else b""

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="record 3 is longer than 4 MiB, or opens a quote"):
        list(read_csv(Endless(), plan_of(), "f.csv"))  # type: ignore[arg-type]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_a_file_of_wrong_records_only_is_refused_after_a_while() -> None:
    with pytest.raises(InputError, match=r"over 100 records in a row .* check the separator"):
        read(b"a,b,c\n1,2,3\n" + b"1;2;3\n" * 101, csv_rejects_in_a_row=100)
    lines = b"a,b,c\n" + (b"1\n" * 100 + b"1,2,3\n") * 5
    assert len(rejects(read(lines, csv_rejects_in_a_row=100))) == 500


def test_no_byte_of_a_dropped_column_is_in_a_chunk() -> None:
    data = b"a,b,c\n" + b"".join(b"%d,canary-%d,x\n" % (i, i) for i in range(1000))
    for chunk in read(data, chunk_records=300):
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, chunk.data.schema) as writer:
            writer.write_batch(chunk.data)
        assert b"canary" not in sink.getvalue()


def test_longer_dropped_values_change_nothing() -> None:
    def seen(dropped: bytes) -> list[Any]:
        lines = b"".join(b"%d,%s,x\n" % (i, dropped) + b"wrong\n" * (i % 2) for i in range(500))
        return [
            (c.data, c.positions.to_pylist(), c.rejects)
            for c in read(b"a,b,c\n" + lines, chunk_records=64, csv_block_bytes=8192)
        ]

    assert seen(b"") == seen(b'"long, \n' + b"\xff" * 1000 + b'"')


def test_a_nested_field_cannot_stand_in_a_cell() -> None:
    plan = plan_of()
    nested = PlanField("b", "list", of=PlanField("item", "string"))
    plan = Plan(**{**vars(plan), "fields": (*plan.fields, nested)})
    (chunk,) = read(b"a,b,c\n1,canary,3\n", plan)
    assert chunk.data.to_pylist() == [{"a": "1", "c": "3", FAULTS: ["b"]}]


@pytest.mark.parametrize(
    "options",
    [
        {"separator": "§"},
        {"separator": "\n"},
        {"quote": "\r"},
        {"escape": "\0"},
        {"separator": ";", "quote": ";"},
        {"escape": '"'},
        {"header": ("a", "a")},
        {"skip": -1},
        *({"encoding": name} for name in ("zlib_codec", "rot13", "hex", "undefined", "punycode")),
        *({"encoding": name} for name in ("idna", "base64", "latin-9999", "", "\0")),
    ],
)
def test_options_that_cannot_be_read_with_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CsvOptions(**options)


def test_utf_16_needs_its_byte_order_mark() -> None:
    data = "a,b,c\n1,2,é\n"
    plan = plan_of(encoding="utf-16")
    assert rows(read(data.encode("utf-16"), plan)) == [(1, "1", "é")]
    with pytest.raises(InputError, match="must say `utf-16-le` or `utf-16-be`, not `utf-16`"):
        read(data.encode("utf-16-le"), plan)


# Lists in one cell, and files without quotes


def plan_with_lists(**options: Any) -> Plan:
    codes = PlanField("codes", "list", of=PlanField("item", "string"))
    plan = plan_of("a", "a codes", **{"separator": "|", "lists": "/", **options})
    return replace(plan, fields=(*plan.fields, codes))


def test_a_list_stands_in_one_cell_and_an_empty_cell_is_null() -> None:
    chunks = read(b"codes|a\nK2111/H1302|1\nK1705|2\n|3\nA//|4\n", plan_with_lists())

    assert [chunk["codes"] for own in chunks for chunk in own.data.to_pylist()] == [
        ["K2111", "H1302"],
        ["K1705"],
        None,
        ["A", "", ""],
    ]


def test_without_lists_a_list_is_a_fault_of_its_row() -> None:
    chunks = read(b"codes|a\nK2111/H1302|1\n", plan_with_lists(lists=None))
    assert chunks[-1].data.to_pylist() == [{"a": "1", FAULTS: ["codes"]}]


def test_without_quotes_each_line_is_a_record() -> None:
    data = b'a|codes\n"Gestes et postures" 1|A\n"SST|B\n2|C"\n'
    plan = plan_with_lists(quote=False)

    assert rows(read(data, plan)) == [
        (1, '"Gestes et postures" 1', ["A"]),
        (2, '"SST', ["B"]),
        (3, "2", ['C"']),
    ]
    assert rejects(read(data, replace(plan, format=plan_with_lists().format)))


def test_bytes_of_another_encoding_are_told_and_stay_in_their_cell() -> None:
    chunks = read(b"a|codes\nx|K2\xe9/H1\n", plan_with_lists())

    (codes,) = (chunk.data.column("codes") for chunk in chunks if chunk.data.num_rows)
    assert codes.values.view(pa.binary()).to_pylist() == [b"K2\xff\xff\xff", b"H1"]
    assert anomalies(chunks) == {"csv-undecodable-bytes": 1}


@pytest.mark.parametrize("options", [{"quote": "\\", "escape": "\\"}, {"lists": ","}])
def test_marks_that_contradict_one_another_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CsvOptions.model_validate(options)
