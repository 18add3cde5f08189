"""What the generator of DSNs writes is what is read, in every style, and cut at any byte."""

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.documents.schema import Schema
from tamis.errors import InputError
from tamis.formats.dsn import lines
from tamis.formats.dsn.layout import layout_of
from tamis.synthetic.dsn import DsnStyle, write_dsn
from tamis.synthetic.records import Record

from .test_dsn import anomalies, plan_fields, read, reasons, records


def leaf(rubrique: str, kind: str = "string") -> dict[str, Any]:
    return {"type": kind, "rubrique": rubrique}


def blocs(bloc: str, **fields: Any) -> dict[str, Any]:
    return {"type": "list", "bloc": bloc, "of": {"type": "struct", "fields": fields}}


SCHEMA = Schema.model_validate(
    {
        "schema": "generated",
        "describes": "what the tests make",
        "format": "dsn",
        "processings": ["cntds-donnees-sociales"],
        "fields": {
            "ordre": leaf("S20.G00.05.004"),
            "siret": leaf("S21.G00.06.001+S21.G00.11.001"),
            "nir": leaf("S21.G00.30.001"),
            "nom": leaf("S21.G00.30.002"),
            "contrats": blocs(
                "S21.G00.40",
                debut=leaf("S21.G00.40.001", "date32"),
                unite=leaf("S21.G00.40.011"),
                remunerations=blocs(
                    "S21.G00.51",
                    debut=leaf("S21.G00.51.001", "date32"),
                    montant=leaf("S21.G00.51.013", "decimal128(9, 2)"),
                    activites=blocs("S21.G00.53", type=leaf("S21.G00.53.001")),
                ),
            ),
            "hors_contrat": blocs("S21.G00.51", debut=leaf("S21.G00.51.001", "date32")),
            "saisies": blocs("S21.G00.98", identifiant=leaf("S21.G00.98.001")),
        },
    }
)
LAYOUT = layout_of(plan_fields(SCHEMA.fields))

NAMES = ("ESSAI", "D'ESSAI--L'HÉRITIER", "Éloïse, dite l'Ours", "'T FICTIF", "Lefèvre")
NIRS = (None, "1550875999991", "269052A999992")

days = st.dates(datetime.date(2020, 1, 1), datetime.date(2026, 12, 31))
amounts = st.decimals(-999, 999, places=2)
codes = st.sampled_from(["01", "02", "A B"])


def lists(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries(fields), max_size=2)


people = st.fixed_dictionaries(
    {
        "nir": st.sampled_from(NIRS),
        "nom": st.sampled_from(NAMES),
        "contrats": lists(
            debut=days,
            unite=st.none() | codes,
            remunerations=lists(debut=days, montant=amounts, activites=lists(type=codes)),
        ),
        "hors_contrat": lists(debut=days),
        "saisies": lists(identifiant=codes),
    }
)
styles = st.builds(
    DsnStyle,
    norm=st.sampled_from(["P22V01", "P26V01"]),
    individus=st.integers(0, 2),
    declarations=st.integers(1, 2),
    lot=st.booleans(),
    encoding=st.sampled_from(["iso-8859-1", "utf-8", "utf-8-sig", "mac-roman"]),
    line_end=st.sampled_from(["\r\n", "\n"]),
    last_line_end=st.booleans(),
    spaced=st.booleans(),
    blank_lines=st.booleans(),
    technical=st.booleans(),
    unknown=st.booleans(),
).map(
    lambda style: (
        style
        if style.encoding != "utf-8-sig"
        else DsnStyle(**{**vars(style), "encoding": "utf-8", "mark": True})
    )
)


def as_text(value: Any) -> Any:
    """A value as the reader gives it."""
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    if isinstance(value, datetime.date):
        return value.strftime("%d%m%Y")
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def written(style: DsnStyle, some: list[Record]) -> Iterator[list[dict[str, Any]]]:
    """What is to be read of each envoi."""
    some = [as_text(record) for record in some]
    each = style.individus or len(some)
    per_envoi = each * (style.declarations if style.individus else 1)
    for first in range(0, len(some), per_envoi or 1):
        yield [
            {"ordre": str(1 + at // each), "siret": "00000004200029", **record}
            for at, record in enumerate(some[first : first + per_envoi])
        ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated") / "feed.dsn"


@given(style=styles, some=st.lists(people, min_size=1, max_size=5), cut=st.floats(0, 1))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_what_is_read_also_when_cut(
    path: Path, style: DsnStyle, some: list[Record], cut: float
) -> None:
    write_dsn(some, SCHEMA, path, style=style)
    data, envois = path.read_bytes(), list(written(style, some))
    whole = read(data, LAYOUT)
    assert records(whole) == [record for envoi in envois for record in envoi]
    assert reasons(whole) == set()
    left = data[: int(cut * len(data))]
    ends = len(re.findall(rb"S90.G00.90.002 ?, ?'\d+'", left))
    if not re.match(rb"\W*S\d\d.G\d\d.\d\d.\d{3} ?, ?'.*'", left):
        with pytest.raises(InputError, match="is no DSN"):
            read(left, LAYOUT)
        return
    items = read(left, LAYOUT)
    assert records(items) == [record for envoi in envois[:ends] for record in envoi]
    begun = len(re.findall(rb"S21.G00.30.002 ?,", left))
    assert len(items) >= begun
    assert reasons(items) <= {"incomplete", "unreadable"}


@given(
    style=styles,
    some=st.lists(people, min_size=2, max_size=6),
    window=st.integers(60, 700),
    damage=st.lists(st.tuples(st.floats(0, 1), st.sampled_from([b"", b"#", b"\n", b"'", b"\xe9"]))),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_of_any_size_give_the_same(
    path: Path,
    style: DsnStyle,
    some: list[Record],
    window: int,
    damage: list[tuple[float, bytes]],
) -> None:
    write_dsn(some, SCHEMA, path, style=style)
    data = path.read_bytes()
    for at, sign in damage:
        place = 60 + int(at * (len(data) - 60))
        data = data[:place] + sign + data[place + 1 :]
    whole = read(data, LAYOUT)
    with mock.patch.object(lines, "_WINDOW", window):
        assert read(data, LAYOUT) == whole


@pytest.mark.parametrize(("miscounted", "released"), [(-2, 1), (0, 1), (1, 0)])
def test_totals_that_are_too_low_are_told_and_too_high_stop_the_envoi(
    path: Path, miscounted: int, released: int
) -> None:
    record = {"nom": "ESSAI", "nir": NIRS[1]}
    write_dsn([record], SCHEMA, path, style=DsnStyle(miscounted=miscounted))
    assert len(records(read(path.read_bytes(), LAYOUT))) == released
    name = {-2: "dsn-envoi-totals-differ", 0: None, 1: "dsn-envois-incomplete"}[miscounted]
    assert anomalies(path.read_bytes()) == ({name: 1} if name else {})


@pytest.mark.parametrize(
    ("style", "told"),
    [
        (DsnStyle(encoding="utf-8"), {"dsn-envois-in-other-encoding:utf-8": 1}),
        (DsnStyle(encoding="cp1252"), {"dsn-envois-in-other-encoding:cp1252": 1}),
        (DsnStyle(encoding="mac-roman"), {"dsn-envois-in-other-encoding:mac-roman": 1}),
        (DsnStyle(norm="P27V01"), {"dsn-envois-of-unknown-norm": 1}),
        (DsnStyle(lot=True), {"dsn-lines-in-rejected-groups": 18}),
    ],
)
def test_what_is_odd_is_told(path: Path, style: DsnStyle, told: dict[str, int]) -> None:
    name = "Œuvré d’Éloïse" if style.encoding != "iso-8859-1" else "Éloïse"
    write_dsn([{"nom": name, "nir": NIRS[1]}], SCHEMA, path, style=style)
    assert [record["nom"] for record in records(read(path.read_bytes(), LAYOUT))] == [name]
    assert anomalies(path.read_bytes()) == told
