"""Spreadsheets: a value by the type of its cell, what is not sure told, what is not shown seen."""

import datetime
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tamis.beam.files import list_inputs
from tamis.beam.listing import ListFiles, Task, _Opener
from tamis.beam.read import read_task
from tamis.cli.scan import scan_file
from tamis.documents.feed_format import Format
from tamis.documents.schema import Schema
from tamis.draft.sample import take_sample
from tamis.draft.write import write_schema
from tamis.errors import InputError, NotLookedInto
from tamis.filter.dialect import dialect_of
from tamis.filter.minimize import minimize
from tamis.filter.nested import open_column
from tamis.filter.quarantine import FAULTS, RULE
from tamis.formats.chunk import Chunk
from tamis.formats.content import kind_of_start
from tamis.formats.spreadsheet.read import read_spreadsheet
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField
from tamis.synthetic.spreadsheet import write_spreadsheet

from .. import plans

NIR = "155087599999193"
TYPES = {
    "nir": "string",
    "nom": "string",
    "naissance": "date32",
    "montant": "decimal128(12, 2)",
    "commune": "string",
    "actif": "bool",
    "vu": "timestamp[us]",
    "nombre": "int64",
}


def plan_of(*names: str, **options: Any) -> Plan:
    fields = [
        PlanField(name, TYPES[name], identifier=("nir",) if name == "nir" else ())
        for name in names or TYPES
    ]
    form = Format.model_validate({"name": "spreadsheet", "spreadsheet": options})
    return plans.plan_of(*fields, form=form, known=tuple(TYPES))


def book(*rows: list[Any], title: str = "Dossiers") -> Any:
    made: Any = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def saved(made: Any) -> bytes:
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def edited(data: bytes, edits: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """An archive with some parts changed, or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for name in dict.fromkeys([*old.namelist(), *edits]):
            own = old.read(name) if name in old.namelist() else b""
            new.writestr(name, edits[name](own) if name in edits else own)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes, plan: Plan | None = None, limits: Limits = USUAL) -> list[Chunk]:
    return list(read_spreadsheet(io.BytesIO(data), plan or plan_of(), "f.xlsx", limits))


def rows(chunks: list[Chunk], plan: Plan | None = None) -> list[dict[str, Any]]:
    """The rows in the schema's types, and the fields that are a fault of theirs."""
    plan, made = plan or plan_of(), []
    for chunk in chunks:
        opened: dict[str, Any] = {
            field.name: open_column(chunk.data.column(field.name), field, dialect_of(plan.format))
            for field in plan.fields
        }
        for place in range(len(chunk.positions)):
            faults = {
                name
                for name, node in opened.items()
                if node.faults is not None and node.faults[place]
            }
            if FAULTS in chunk.data.schema.names:
                told = chunk.data.column(FAULTS)[place].as_py() or ()
                faults |= {text.partition(RULE)[0] for text in told}
            row = {name: node.array[place].as_py() for name, node in opened.items()}
            made.append({**row, "#": chunk.positions[place].as_py(), "faults": faults})
    return made


def anomalies(chunks: list[Chunk]) -> dict[str, int]:
    return dict(sum((Counter(chunk.anomalies) for chunk in chunks), Counter[str]()))


HEADER = list(TYPES)


def test_a_cell_has_the_value_that_its_type_gives_it() -> None:
    moment = datetime.datetime(2026, 3, 2, 10, 30)
    made = book(
        HEADER,
        [int(NIR), "É \n x", datetime.date(1980, 2, 1), 0.1 + 0.2, "01234", True, moment, 12],
        [NIR, "", datetime.datetime(1980, 2, 1), "12.50", None, "oui", moment.date(), "7"],
    )
    assert rows(read(saved(made))) == [
        {
            "nir": NIR,
            "nom": "É \n x",
            "naissance": datetime.date(1980, 2, 1),
            "montant": Decimal("0.30"),
            "commune": "01234",
            "actif": True,
            "vu": moment,
            "nombre": 12,
            "#": 2,
            "faults": set(),
        },
        {
            "nir": NIR,
            "nom": None,
            "naissance": datetime.date(1980, 2, 1),
            "montant": Decimal("12.50"),
            "commune": None,
            "actif": True,
            "vu": datetime.datetime(2026, 3, 2),
            "nombre": 7,
            "#": 3,
            "faults": set(),
        },
    ]


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("commune", 1234, "spreadsheet-numbers-for-text"),
        ("nom", datetime.date(2026, 3, 1), None),
        ("nom", True, None),
        ("naissance", 29252, None),
        ("naissance", datetime.datetime(1980, 2, 1, 5), None),
        ("nombre", 1234567890123456, "spreadsheet-numbers-too-long"),
        ("nir", 1234567890123456, "spreadsheet-numbers-too-long"),
        ("montant", "#DIV/0!", "spreadsheet-errors"),
        ("nom", "=A1", "spreadsheet-formulas-without-value"),
    ],
)
def test_a_value_that_is_not_sure_is_none(column: str, value: Any, why: str | None) -> None:
    made = book(["nir", column], ["x", None])
    if column == "nir":
        made = book(["nom", column], ["x", None])
    cell = made.active["B2"]
    cell.value = value
    if value == "#DIV/0!":
        cell.data_type = "e"
    plan = plan_of(column)
    chunks = read(saved(made), plan)

    (row,) = rows(chunks, plan)
    assert (row[column], row["faults"]) == (None, {column})
    assert anomalies(chunks) == ({why: 1} if why else {})


def test_zeros_in_front_stand_where_the_sheet_shows_them_or_the_schema_says_how_many() -> None:
    made = book(["nir", "commune"], ["1", 1234], ["2", 1234])
    made.active["B2"].number_format = "00000"
    data = saved(made)
    names = ("nir", "commune")

    shown = [row["commune"] for row in rows(read(data, plan_of(*names)), plan_of(*names))]
    padded = plan_of(*names, digits={"commune": 5})
    assert shown == ["01234", None]
    assert [row["commune"] for row in rows(read(data, padded), padded)] == ["01234", "01234"]


def test_cells_that_are_merged_into_another_have_no_value() -> None:
    made = book(["nir", "nom"], ["1", "A"], ["2", None], ["3", "B"], ["4", "C"])
    made.active.merge_cells("B2:B3")
    chunks = read(saved(made), plan_of("nir", "nom"))

    assert [(r["nom"], r["faults"]) for r in rows(chunks, plan_of("nir", "nom"))] == [
        *[("A", set()), (None, {"nom"}), ("B", set()), ("C", set())]
    ]
    assert anomalies(chunks) == {"spreadsheet-merged-cells": 1}


def test_what_is_not_shown_is_read_and_told() -> None:
    made = book(["nir", "nom", "autre"], ["1", "A", 5], [], ["2", "B", 6])
    made.active.row_dimensions[4].hidden = True
    made.active.column_dimensions["B"].hidden = True
    made.create_sheet("secret").sheet_state = "hidden"
    plan = plan_of("nir", "nom", sheet="Dossiers")
    chunks = read(saved(made), plan)

    assert [(row["#"], row["nom"]) for row in rows(chunks, plan)] == [(2, "A"), (4, "B")]
    assert anomalies(chunks) == {
        "spreadsheet-hidden-columns": 1,
        "spreadsheet-hidden-rows": 1,
        "spreadsheet-hidden-sheets": 1,
        "spreadsheet-sheets-not-read": 1,
    }
    assert chunks[0].unknown == {"autre": 5}
    assert "commune" in chunks[0].missing


def test_the_header_may_stand_below_a_title_and_days_may_count_from_1904() -> None:
    made = book(["Extraction"], [], ["naissance", "nombre"], [datetime.date(1980, 2, 1), 1])
    made.epoch = CALENDAR_MAC_1904
    plan = plan_of("naissance", header=3)
    (row,) = rows(read(saved(made), plan), plan)

    assert (row["#"], row["naissance"]) == (4, datetime.date(1980, 2, 1))


def test_a_date_before_march_1900_is_no_value() -> None:
    """The days before count a 29 February 1900 that was none."""
    data = edited(
        saved(book(["naissance"], [datetime.date(1980, 2, 1)])),
        {SHEET: lambda part: part.replace(b"<v>29252</v>", b"<v>59</v>")},
    )
    chunks = read(data, plan_of("naissance"))
    assert anomalies(chunks) == {"spreadsheet-numbers-too-long": 1}


# What is refused


def bomb(_part: bytes) -> bytes:
    return b"<worksheet>" + b" " * (64 << 20) + b"</worksheet>"


def with_dtd(part: bytes) -> bytes:
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return entities + part.replace(b"nom", b"&b;")


def with_columns(part: bytes) -> bytes:
    return part.replace(b"</row>", b"<c><v>1</v></c>" * 20_000 + b"</row>", 1)


def with_more_columns(part: bytes) -> bytes:
    return part.replace(b"</row>", b"<c/>" * 2_500_000 + b"</row>", 1)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (bomb, "is not well-formed XML|has a row of more than 8 MiB"),
        (with_dtd, "has a DTD"),
        (with_columns, "has more than 16384 columns"),
        (with_more_columns, "has a row of more than 8 MiB"),
        (lambda part: part.replace(b'r="2"', b'r="1"'), "its rows are not in order"),
        (lambda part: part[:-100], "is not well-formed XML"),
    ],
)
def test_bombs_and_broken_parts_are_refused(edit: Callable[[bytes], bytes], problem: str) -> None:
    data = edited(saved(book(["nom"], ["x"])), {SHEET: edit})
    with pytest.raises(InputError, match=problem):
        read(data)


def test_a_cell_far_away_costs_nothing() -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    data = edited(
        saved(book(["nom"], ["x"])), {SHEET: lambda part: part.replace(b"</sheetData>", far)}
    )
    assert [row["nom"] for row in rows(read(data, plan_of("nom")), plan_of("nom"))] == ["x", None]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "has 2 sheets: `sheet` must name one of `Dossiers`, `Autre`"),
        ({"sheet": "dossiers"}, "has no sheet `dossiers`, but `Dossiers`, `Autre`"),
        ({"sheet": "Autre"}, "row 1 of the sheet is empty"),
        ({"sheet": "Dossiers", "header": 2}, "row 2 of the sheet names no field of schema `essai`"),
    ],
)
def test_a_sheet_or_header_that_is_not_there_is_told(options: Any, problem: str) -> None:
    made = book(["nom"], ["SECRET"])
    made.create_sheet("Autre")
    with pytest.raises(InputError, match=problem) as raised:
        read(saved(made), plan_of(**options))
    assert "SECRET" not in str(raised.value)


def test_a_column_twice_is_refused() -> None:
    with pytest.raises(InputError, match="has two columns `nom`"):
        read(saved(book(["nom", "nom"], ["x", "y"])))


def test_encrypted_and_other_documents_are_not_looked_into(tmp_path: Path) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert kind_of_start(old)[1] == "a file of Microsoft Office, old (.xls) or encrypted"
    other = edited(saved(book(["nom"])), {})
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(other)) as parts, zipfile.ZipFile(stream, "w") as document:
        document.writestr("[Content_Types].xml", parts.read("[Content_Types].xml"))
        document.writestr("word/document.xml", "<document/>")
    path = tmp_path / "lettre.docx"
    path.write_bytes(stream.getvalue())
    with pytest.raises(NotLookedInto, match="is no spreadsheet"):
        scan_file(path)


def test_lists_stand_in_cells_of_text() -> None:
    codes = PlanField("codes", "list", of=PlanField("item", "string"))
    years = PlanField("years", "list", of=PlanField("item", "int32"))
    plan = replace(plan_of("nom", lists="/"), fields=(codes, years), known=("codes", "years"))
    made = book(["codes", "years"], ["K2111/H1302", "2025/2026"], ["a//", 2026], [None, None])
    made.active.append([7, "x"])
    made.active.append(["b", None])
    (chunk,) = read(saved(made), plan)
    assert chunk.data.select(["codes", "years"]).to_pylist() == [
        {"codes": ["K2111", "H1302"], "years": ["2025", "2026"]},
        {"codes": ["a", "", ""], "years": ["2026"]},
        {"codes": None, "years": ["x"]},
        {"codes": ["b"], "years": None},
    ]
    lost = "codes: is a number, of which zeros in front may be lost"
    assert chunk.data.column(FAULTS).to_pylist() == [None, None, [lost], None]
    assert anomalies([chunk]) == {"spreadsheet-numbers-for-text": 1}
    flat = replace(plan, format=Format(name="spreadsheet"))
    assert read(saved(made), flat)[0].data.column(FAULTS).to_pylist()[0] == ["codes", "years"]


# OpenDocument

OPEN = "urn:oasis:names:tc:opendocument:xmlns"


def ods(body: str, styles: str = "") -> bytes:
    """A workbook of OpenDocument with these tables."""
    stream = io.BytesIO()
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    content = (
        f'<o:document-content xmlns:o="{OPEN}:office:1.0" xmlns:t="{OPEN}:table:1.0" '
        f'xmlns:s="{OPEN}:style:1.0" xmlns:x="{OPEN}:text:1.0" '
        'xmlns:c="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
        f"<o:automatic-styles>{styles}</o:automatic-styles>"
        f"<o:body><o:spreadsheet>{body}</o:spreadsheet></o:body></o:document-content>"
    )
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
    return stream.getvalue()


def cell(inside: str, attributes: str = 'o:value-type="string"') -> str:
    return f"<t:table-cell {attributes}>{inside}</t:table-cell>"


def row_of(*cells: str, attributes: str = "") -> str:
    return f"<t:table-row {attributes}>{''.join(cells)}</t:table-row>"


HEAD = row_of(cell("<x:p>nom</x:p>"), cell("<x:p>commune</x:p>"), cell("<x:p>nombre</x:p>"))


def test_cells_of_open_document_are_read_by_their_types() -> None:
    number = 'o:value-type="float" o:value="{}"'
    table = (
        '<t:table t:name="A"><t:table-column/><t:table-column t:visibility="collapse" '
        't:number-columns-repeated="2"/>'
        + HEAD
        + row_of(
            cell('<o:annotation><x:p>remarque</x:p></o:annotation><x:p>D<x:s x:c="2"/>E</x:p>'),
            cell("<x:p>01234</x:p>", number.format(1234)),
            cell("<x:p>7</x:p>", number.format(7)),
            attributes='t:number-rows-repeated="2" t:visibility="filter"',
        )
        + row_of("<t:table-cell/>", attributes='t:number-rows-repeated="1000000"')
        + row_of(
            cell("<x:p>#N/A</x:p>", 'o:value-type="string" c:value-type="error"'),
            cell("<x:p>1234</x:p>", number.format(1234)),
            "<t:covered-table-cell/>",
        )
        + row_of(cell("<x:p>F</x:p>"), "<t:table-cell/>", cell("", 't:formula="of:=1"'))
        + "</t:table>"
    )
    plan = plan_of("nom", "commune", "nombre")
    chunks = read(ods(table), plan)

    assert [tuple(row.values()) for row in rows(chunks, plan)] == [
        ("D  E", "01234", 7, 2, set()),
        ("D  E", "01234", 7, 3, set()),
        (None, None, None, 1_000_004, {"nom", "commune", "nombre"}),
        ("F", None, None, 1_000_005, {"nombre"}),
    ]
    told = [text for row in chunks[0].data.column(FAULTS).to_pylist() for text in row or ()]
    assert sorted(told) == [
        "commune: is a number, of which zeros in front may be lost",
        "nom: is an error",
        "nombre: is a formula whose value was not saved",
        "nombre: is merged into another cell",
    ]
    assert anomalies(chunks) == {
        "spreadsheet-errors": 1,
        "spreadsheet-formulas-without-value": 1,
        "spreadsheet-hidden-columns": 2,
        "spreadsheet-hidden-rows": 2,
        "spreadsheet-merged-cells": 1,
        "spreadsheet-numbers-for-text": 1,
    }


def test_sheets_of_open_document_are_known_by_name() -> None:
    style = (
        '<s:style s:name="ta2" s:family="table"><s:table-properties t:display="false"/></s:style>'
    )
    tables = f'<t:table t:name="A" t:style-name="ta2">{HEAD}</t:table><t:table t:name="B">{HEAD}'
    tables += row_of(cell("<x:p>b</x:p>")) + "</t:table>"
    plan = plan_of("nom", sheet="B")
    chunks = read(ods(tables, style), plan)

    assert [row["nom"] for row in rows(chunks, plan)] == ["b"]
    assert anomalies(chunks)["spreadsheet-hidden-sheets"] == 1


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (
            cell("<x:p>x</x:p>", 'o:value-type="string" t:number-columns-repeated="99999"'),
            "columns",
        ),
        (cell("<x:p>x</x:p>") * 20_000, "has more than 16384 columns"),
    ],
)
def test_cells_without_end_are_refused(cells: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(ods(f'<t:table t:name="A">{HEAD}{row_of(cells)}</t:table>'))


def test_an_encrypted_workbook_of_open_document_is_not_looked_into() -> None:
    manifest = f'<m:manifest xmlns:m="{OPEN}:manifest:1.0"><m:encryption-data/></m:manifest>'
    data = edited(ods(""), {"META-INF/manifest.xml": lambda _part: manifest.encode()})
    with pytest.raises(NotLookedInto, match="is encrypted"):
        read(data)


# Round trips

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
DAYS = st.dates(datetime.date(1900, 3, 1), datetime.date(2100, 1, 1))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "nir": st.just(NIR),
            "nom": st.none() | TEXTS,
            "naissance": st.none() | DAYS,
            "montant": st.none() | st.decimals(-9_999_999, 9_999_999, places=2),
            "actif": st.none() | st.booleans(),
            "nombre": st.none() | st.integers(-(10**14), 10**14),
        }
    ),
    max_size=6,
)
NAMES = ("nir", "nom", "naissance", "montant", "actif", "nombre")
SCHEMA = Schema.model_validate(
    {
        "schema": "feed",
        "format": "spreadsheet",
        "fields": {name: {"type": TYPES[name], "category": "outside"} for name in NAMES},
    }
)


@settings(max_examples=30)
@given(
    RECORDS,
    st.sampled_from(["xlsx", "ods", "openpyxl"]),
    st.integers(0, 2),
    st.floats(0, 1, exclude_max=True),
)
def test_what_was_written_is_read_and_a_cut_file_is_not(
    tmp_path_factory: pytest.TempPathFactory, records: Any, writer: str, others: int, cut: float
) -> None:
    path = tmp_path_factory.getbasetemp() / f"in.{writer}"
    records = [{name: own[name] for name in NAMES} for own in records]
    if writer == "openpyxl":
        made = book(list(NAMES), *(list(own.values()) for own in records))
        for place in range(others):  # one before it, one behind it
            made.create_sheet(f"Autre {place}", 2 * place).append([*NAMES, "x"])
        path.write_bytes(saved(made))
        plan = plan_of(*NAMES, sheet="Dossiers")
    else:
        write_spreadsheet(records, SCHEMA, path)
        plan = plan_of(*NAMES)
    whole = path.read_bytes()
    read_back = [
        {name: row[name] for name in NAMES if not row["faults"]}
        for row in rows(read(whole, plan), plan)
    ]
    assert read_back == [{**own, "nom": own["nom"] or None} for own in records]

    with pytest.raises(InputError):
        read(whole[: int(cut * len(whole))], plan)


def test_what_the_generator_writes_is_read_by_others(tmp_path: Path) -> None:
    record = {
        "nir": NIR,
        "nom": "<É&\n>",
        "naissance": datetime.date(1980, 2, 1),
        "montant": Decimal("12.5"),
        "actif": True,
        "nombre": None,
    }
    write_spreadsheet([record], SCHEMA, tmp_path / "feed.xlsx")
    read_back = list(load_workbook(tmp_path / "feed.xlsx").active.iter_rows(values_only=True))

    day = datetime.datetime(1980, 2, 1)
    assert read_back == [NAMES, (NIR, "<É&\n>", day, 12.5, True, None)]


@settings(max_examples=60)
@given(st.sampled_from(["xlsx", "ods"]), st.integers(0, 1 << 30), st.binary(min_size=1, max_size=4))
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, kind: str, at: int, new: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind}"
    write_spreadsheet([dict.fromkeys(NAMES, "x")], SCHEMA, path)
    data = bytearray(path.read_bytes())
    at %= len(data)
    data[at : at + len(new)] = new
    plan = plan_of("nom")
    with suppress(InputError):
        assert [row["nom"] for row in rows(read(bytes(data), plan), plan)] == ["x"]


# By the commands


def test_scan_sees_what_is_not_shown_and_what_no_cell_has(tmp_path: Path) -> None:
    spaced = "NIR 1 55 08 75 999 991 93"
    made = book(["id", "texte"], [1, spaced], [2, "rien"])
    made.active["A2"].comment = Comment(spaced, "auteur")
    made.active.row_dimensions[2].hidden = True
    other = made.create_sheet("caché")
    other.sheet_state = "hidden"
    other.append(["numero"])
    other.append([int(NIR)])
    path = tmp_path / "classeur.xlsx"
    path.write_bytes(saved(made))
    found = {name for name, column in scan_file(path).items() if column.nirs}

    assert {"Dossiers!texte (hidden)", "caché!numero (hidden)"} <= found
    assert any(name.startswith("(xl/comments/comment1.xml)") for name in found)


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_a_draft_names_types_by_the_cells(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"feed.{suffix}"
    record = {
        "nir": NIR,
        "nom": "ESSAI",
        "naissance": datetime.date(1980, 2, 1),
        "montant": Decimal("12.50"),
        "actif": True,
        "nombre": 3,
    }
    write_spreadsheet([record] * 30, SCHEMA, path)
    sample, options = take_sample(path, 1_000)
    text = write_schema(sample, "feed", "spreadsheet", options) or ""

    assert "format: spreadsheet\n" in text
    for name, kind in {"nir": "string, identifier: nir", "naissance": "date32"}.items():
        assert f"{name}: {{type: {kind}" in text
    assert "actif: {type: bool" in text
    assert "nombre: {type: int64" in text


def test_a_run_reads_a_sheet_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    write_spreadsheet([dict.fromkeys(NAMES, None) | {"nom": "ESSAI"}], SCHEMA, path)
    (file,) = list_inputs((str(path),))
    plan = plan_of("nom")
    form = _Opener(ListFiles((str(path),), plan)).format(file)

    assert form == "spreadsheet"
    chunks = list(read_task(Task(file, form), plan))
    done = minimize(chunks[-1].data, plan, run="run")
    assert pa.concat_batches([chunk.data for chunk in chunks]).to_pylist() == [{"nom": "ESSAI"}]
    assert done.tally.withheld == 1
