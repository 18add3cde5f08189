"""What the schema names and no release needs is passed over while reading, and counted."""

import io
from collections import Counter
from collections.abc import Iterable

from tamis.formats.chunk import Chunk
from tamis.formats.dsn.individus import read_dsn
from tamis.formats.xml.read import read_xml
from tamis.plan.plan import PlanField

from . import test_dsn as dsn
from . import test_spreadsheet as sheets
from . import test_xml as xml


def skipped(chunks: Iterable[Chunk]) -> Counter[str]:
    return sum((Counter(chunk.skipped) for chunk in chunks), Counter())


def test_each_line_of_a_dsn_is_read_or_counted() -> None:
    lines = dsn.envoi(
        dsn.declaration(
            dsn.individu("UN", "1550875999991", None, dsn.contrat("00001", ("S21.G00.40.006", "X")))
        )
    )
    data = dsn.text_of(lines)
    counts = skipped(chunks := read_all(data))
    collected = [name for name, _value in lines if name in dsn.LAYOUT.rubriques]
    assert chunks[0].data.num_rows == 1
    assert counts == Counter(name for name, _value in lines) - Counter(collected)
    assert counts["S21.G00.40.006"] == 1
    assert "S21.G00.30.001" not in counts


def read_all(data: bytes) -> list[Chunk]:
    plan = xml.plan_of(*dsn.FIELDS)
    return list(read_dsn(io.BytesIO(data), plan, "f.dsn", ahead=io.BytesIO(data)))


def test_lines_of_an_envoi_that_is_not_released_are_not_counted() -> None:
    cut = dsn.envoi(dsn.declaration(dsn.individu("UN", "1550875999991")))[:-2]
    assert not skipped(read_all(dsn.text_of(cut)))


def test_elements_and_attributes_of_xml_are_counted_by_their_paths() -> None:
    inside = xml.PERSON + "<autre><detail>x<plus/></detail></autre>"
    inside += "<mesure unite='h'>1</mesure><inconnu/>"
    data = xml.flux(*(xml.passage(inside, number) for number in range(3)))
    plan = xml.plan_of(
        PlanField("id", "string", xpath="idTechnique"),
        PlanField("mesure", "string"),
        known=("autre/detail", "personne/nom", "personne/@genre", "mesure/@unite"),
    )
    chunks = list(read_xml(io.BytesIO(data.encode()), plan, "f.xml"))
    assert skipped(chunks) == {
        "autre/detail": 3,
        "personne/nom": 3,
        "personne/@genre": 3,
        "mesure/@unite": 3,
    }
    assert set().union(*(chunk.unknown for chunk in chunks)) >= {"inconnu"}


def test_cells_are_counted_by_their_columns() -> None:
    made = sheets.book(["nir", "nom", "vide", "commune"], *[[sheets.NIR, "A", "x", None]] * 3)
    assert skipped(sheets.read(sheets.saved(made), sheets.plan_of("nir"))) == {"nom": 3}

    row = sheets.row_of(*[sheets.cell("<x:p>x</x:p>")] * 3, attributes='t:number-rows-repeated="2"')
    data = sheets.ods(f'<t:table t:name="A">{sheets.HEAD}{row}</t:table>')
    assert skipped(sheets.read(data, sheets.plan_of("nom"))) == {"commune": 2, "nombre": 2}
