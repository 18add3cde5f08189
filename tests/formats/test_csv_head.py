"""What stands above and below the records of a CSV file: skipped lines, headers, footers."""

import codecs

import pytest

from tamis.errors import InputError
from tamis.formats.csv import EMPTY_LINES, FOOTERS_LIKE_RECORDS
from tests.formats.test_csv import anomalies, plan_of, read, rejects, rows


def problem(data: bytes, names: str, **options: object) -> str:
    """Why a file is refused."""
    with pytest.raises(InputError) as error:
        read(data, plan_of(names, names, **options))
    return error.value.problem


@pytest.mark.parametrize(
    ("written", "declared", "message"),
    [
        ("cp1252", "utf-8", "`utf-8`: byte 0xB0 at position 5 of the file, perhaps in `cp1252`"),
        ("mac-roman", "utf-8", "`utf-8`: byte 0xA1 at position 5 of the file, perhaps in `mac-"),
        ("utf-16", "utf-8", "`utf-8`: byte 0xFF at position 1 of the file, perhaps in `utf-16`"),
        ("utf-8", "ascii", "`ascii`: byte 0xC2 at position 5 of the file, perhaps in `utf-8`"),
        ("utf-8", "cp1252", "the header is not in the encoding `cp1252`, perhaps in `utf-8`"),
        ("cp1252", "mac-roman", "the header is not in the encoding `mac-roman`, perhaps in `cp1"),
        ("utf-8", "shift_jis", "the header is not in the encoding `shift_jis`, perhaps in `utf-8`"),
        ("utf-8-sig", "cp1252", "the header is not in the encoding `cp1252`, perhaps in `utf-8`"),
    ],
)
def test_a_header_in_another_encoding_refuses_the_file(
    written: str, declared: str, message: str
) -> None:
    data = "id;n°;nom\n1;2;secret é\n".encode(written)
    assert message in problem(data, "id n° nom", encoding=declared, separator=";")


def test_a_byte_that_cannot_be_read_matters_in_the_header_only() -> None:
    assert rejects(read(b"a,b,c\n\xe9,2,3\n")) == []
    text = "the header is not in the encoding `utf-8`: byte 0xE9 at position 5 of the file"
    assert problem(b"a,b,\xe9\n1,2,3\n", "a b").startswith(text)


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("start", [b"", b"sep=;\r\n", b'"sep=;"\n', b"SEP=;\r"])
def test_the_first_line_of_excel_is_no_header(mark: bytes, start: bytes) -> None:
    plan = plan_of(separator=";")
    assert rows(read(mark + start + b"a;b;c\n1;2;3\n", plan)) == [(1, "1", "3")]
    skipping = plan_of(separator=";", skip=1)
    assert rows(read((start or b"x\n") + b"a;b;c\n1;2;3\n", skipping)) == [(1, "1", "3")]


def test_a_first_line_of_excel_must_agree_with_the_schema() -> None:
    message = problem(b"sep=,\na,b\n1,2\n", "a b", separator=";")
    assert message == "its line `sep=` says that the separator is `,`, the schema that it is `;`"


def test_lines_above_the_header_are_skipped_blank_ones_included() -> None:
    data = b'Liste "\n\nau 1er mars\n\n,,\na,b,c\n1,2,3\n'
    assert rows(read(data, plan_of(skip=3))) == [(1, "1", "3")]
    assert problem(data, "a b", skip=2).startswith("the first line names no field")
    assert problem(data, "a b", skip=100) == "is empty: a CSV needs a header line"


@pytest.mark.parametrize("records", [1, 2, 3, 1000])
@pytest.mark.parametrize("block", [24, 1 << 20])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n,,\n\n,,\n"])
def test_the_last_records_are_left_out(records: int, block: int, end: bytes) -> None:
    lines = [b"%d,b,c" % number for number in range(1, 21)]
    data = b"\n".join([b"a,b,c", *lines, b"total,,", b'"fin' if not end else b"FIN"]) + end
    chunks = read(data, plan_of(footer=2), chunk_records=records, csv_block_bytes=block)
    assert rows(chunks) == [(number, str(number), "c") for number in range(1, 21)]
    assert rejects(chunks) == []
    assert FOOTERS_LIKE_RECORDS not in anomalies(chunks)
    assert anomalies(chunks).get(EMPTY_LINES, 0) == end.count(b",,")


def test_a_record_that_is_left_out_is_told() -> None:
    chunks = read(b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n", plan_of(footer=2))
    assert rows(chunks) == [(1, "1", "3")]
    assert anomalies(chunks) == {FOOTERS_LIKE_RECORDS: 2}
    assert rows(read(b"a,b,c\n1,2,3\n", plan_of(footer=2))) == []


def test_a_file_without_header_has_the_names_of_the_schema() -> None:
    plan = plan_of(header=("c", "x", "a"))
    (chunk,) = read(b"1,2,3\n4,5,6\n", plan)
    assert rows([chunk]) == [(1, "3", "1"), (2, "6", "4")]
    assert set(chunk.unknown) == {"x"}
    assert chunk.missing == {"b"}
    assert rows(read(b"titre\n1,2,3\n", plan_of(header=("a", "b", "c"), skip=1))) == [(1, "1", "3")]


def test_a_header_that_should_not_be_there_is_no_record() -> None:
    message = problem(b"a,b\n1,2\n", "a b", header=("a", "b"))
    assert message.startswith("the first line is a header, but by `header` the file has none")


def test_names_are_shown_of_a_header_that_is_said_to_be_one() -> None:
    data = b"Nom,1840776451089\nDurand,canary\n"
    assert "Nom" not in problem(data, "a b")
    assert problem(data, "a b", header=True) == (
        "the header names no field of schema `essai`, but `Nom`, `(name withheld)`: check header, "
        "separator and encoding"
    )


@pytest.mark.parametrize("data", [b'"a"x,b\n1,2\n', b'a,"b\n1,2\n'])
def test_a_header_that_python_refuses_cannot_be_read(data: bytes) -> None:
    assert problem(data, "a b") == "the header line cannot be read"
