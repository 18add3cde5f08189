"""The DSN reader on DSN text made here. No number in it belongs to anybody.

Where a plain reading goes wrong, and the test that fails on it:

    an individu begins at 30.001
        an_individu_without_nir_is_not_merged_into_the_one_before
    a block ends where its name does
        a_block_begins_anew_where_its_rubriques_do_not_increase
    51 stands under its contract
        remunerations_join_their_contract_by_number_and_never_by_guess
    orphans are dropped
        what_names_no_contract_is_in_the_record_or_told
    an individu ends at the next 30
        lines_that_belong_to_nobody_are_rejected_and_not_lost
    86 and 98 close it
        blocks_that_are_unknown_or_not_asked_for_do_not_close_an_individu
    context is kept
        what_stands_around_the_individus_travels_with_each_and_is_reset
    a DSN is cut by place
        test_dsn_ranges: by_ranges_it_is_what_it_is_at_once
    totals come too late
        of_an_envoi_that_is_cut_at_any_byte_nothing_is_released
    one envoi a file
        of_a_lot_only_the_groups_dsnok_are_read
    lines end as Python says
        one_encoding_an_envoi_is_told_by_its_bytes (0x85)
    Latin-1 never fails
        one_encoding_an_envoi_is_told_by_its_bytes
    quotes are quotes
        a_value_stands_between_the_first_and_the_last_apostrophe
    an empty value is a value
        an_empty_nir_is_absent_and_a_nir_of_15_digits_stays_as_it_is
    what is unknown goes through
        only_what_the_layout_asks_for_is_in_a_record
    messages show values
        an_individu_with_an_unreadable_line_is_rejected_and_only_it
    no individu, no declaration
        a_declaration_without_individu_is_complete_and_one_that_replaces_is_told
    other norms are other formats
        a_norm_that_is_unknown_is_told_and_names_nothing
    sizes are sensible
        lines_without_measure_are_read_in_little_memory
        an_individu_holds_no_more_blocks_than_it_may

NIRs that stand for none, dates with 99, impossible dates and decimals with a comma are the filter's
(`tests/filter/test_conform.py`, `tests/nir`): the reader gives text as it came.
"""

import datetime
import io
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.documents.schema import FieldSpec
from tamis.errors import DocumentError, InputError
from tamis.formats.chunk import Chunk
from tamis.formats.dsn import lines as dsn_lines
from tamis.formats.dsn.envois import Envoi, read_envois
from tamis.formats.dsn.individus import DsnReader
from tamis.formats.dsn.layout import DsnLayout, layout_of
from tamis.formats.dsn.lines import Rubriques, read_lines
from tamis.limits import USUAL, Limits
from tamis.plan.plan import PlanField
from tamis.plan.project import load_project

Line = tuple[str, str]


def leaf(name: str, rubrique: str) -> PlanField:
    return PlanField(name, "string", rubrique=rubrique)


def struct(name: str, *fields: PlanField) -> PlanField:
    return PlanField(name, "struct", fields=fields)


def blocs(name: str, bloc: str, *fields: PlanField) -> PlanField:
    return PlanField(name, "list", of=struct("item", *fields), bloc=bloc)


def plan_fields(fields: Mapping[str, FieldSpec]) -> list[PlanField]:
    """All fields of a schema, as a plan has them that reads them all."""
    return [plan_field(name, spec) for name, spec in fields.items()]


def plan_field(name: str, spec: FieldSpec) -> PlanField:
    return PlanField(
        name,
        spec.type,
        of=plan_field("item", spec.of) if spec.of else None,
        fields=tuple(plan_fields(spec.fields or {})),
        rubrique=spec.rubrique,
        bloc=spec.bloc,
    )


NUMERO = leaf("numero", "S21.G00.40.009")
HEURES = blocs("activites", "S21.G00.53", leaf("mesure", "S21.G00.53.002"))
MONTANT = leaf("montant", "S21.G00.51.013")
FIELDS = (
    leaf("nature", "S20.G00.05.001"),
    leaf("siret", "S21.G00.06.001+S21.G00.11.001"),
    leaf("nir", "S21.G00.30.001"),
    leaf("nom", "S21.G00.30.002"),
    leaf("ntt", "S21.G00.30.020"),
    blocs(
        "contrats",
        "S21.G00.40",
        NUMERO,
        leaf("fin", "S21.G00.62.001"),
        blocs("remunerations", "S21.G00.51", MONTANT, HEURES),
    ),
    blocs("hors_contrat", "S21.G00.51", MONTANT),
    blocs("versements", "S21.G00.50", blocs("remunerations", "S21.G00.51", MONTANT)),
)
LAYOUT = layout_of(FIELDS)

HEADER: list[Line] = [
    ("S10.G00.00.001", "LOGICIEL"),
    ("S10.G00.00.005", "02"),
    ("S10.G00.01.001", "000000042"),
    ("S10.G00.02.002", "CONTACT FICTIF"),
]


def declaration(
    *individus: Iterable[Line], nature: str = "01", siren: str = "000000042", nic: str = "00029"
) -> list[Line]:
    lines = [("S20.G00.05.001", nature), ("S20.G00.05.002", "01"), ("S20.G00.07.001", "CONTACT")]
    lines += [
        ("S21.G00.06.001", siren),
        ("S21.G00.06.004", "10 RUE D'IENA"),
        ("S21.G00.11.001", nic),
    ]
    return lines + [line for individu in individus for line in individu]


def envoi(*declarations: list[Line]) -> list[Line]:
    lines = HEADER + [line for declaration in declarations for line in declaration]
    total = str(len(lines) + 2)
    return [*lines, ("S90.G00.90.001", total), ("S90.G00.90.002", str(len(declarations)))]


def individu(
    nom: str, nir: str | None = None, ntt: str | None = None, *inside: Iterable[Line]
) -> list[Line]:
    lines = [("S21.G00.30.001", nir)] if nir is not None else []
    lines += [("S21.G00.30.002", nom), ("S21.G00.30.006", "99991990")]
    lines += [("S21.G00.30.020", ntt)] if ntt is not None else []
    return lines + [line for part in inside for line in part]


def contrat(numero: str, *inside: Line) -> list[Line]:
    return [("S21.G00.40.001", "01012020"), ("S21.G00.40.009", numero), *inside]


def versement(*remunerations: list[Line]) -> list[Line]:
    return [("S21.G00.50.001", "31012026"), *(line for block in remunerations for line in block)]


def remuneration(numero: str | None, montant: str, *heures: str) -> list[Line]:
    lines = [("S21.G00.51.001", "01012026")]
    lines += [("S21.G00.51.010", numero)] if numero is not None else []
    lines += [("S21.G00.51.013", montant)]
    for mesure in heures:
        lines += [("S21.G00.53.001", "01"), ("S21.G00.53.002", mesure)]
    return lines


def text_of(lines: Iterable[Line], encoding: str = "iso-8859-1", end: str = "\r\n") -> bytes:
    return "".join(f"{rubrique},'{value}'{end}" for rubrique, value in lines).encode(encoding)


@dataclass(frozen=True)
class DsnRecord:
    position: int
    values: dict[str, Any]


class DsnReject(NamedTuple):
    position: int
    reason: str
    field: str
    detail: str


Item = DsnRecord | DsnReject


def reader(data: bytes, layout: DsnLayout = LAYOUT, limits: Limits = USUAL) -> DsnReader:
    return DsnReader(io.BytesIO(data), io.BytesIO(data), "feed.dsn", layout, limits)


def read(data: bytes, layout: DsnLayout = LAYOUT, limits: Limits = USUAL) -> list[Item]:
    return items_of(reader(data, layout, limits))


def items_of(chunks: Iterable[Chunk]) -> list[Item]:
    """Records and rejects by their positions."""
    items: list[Item] = []
    for chunk in chunks:
        places, rejected = chunk.positions.to_pylist(), chunk.rejects.to_pylist()
        some: list[Item] = list(map(DsnRecord, places, chunk.data.to_pylist()))
        some += [DsnReject(*reject.values()) for reject in rejected]
        items += sorted(some, key=lambda item: item.position)
    return items


def records(items: Iterable[Item]) -> list[dict[str, Any]]:
    return [item.values for item in items if isinstance(item, DsnRecord)]


def rejects(items: Iterable[Item]) -> list[tuple[int, str]]:
    return [(item.position, item.field) for item in items if isinstance(item, DsnReject)]


def reasons(items: Iterable[Item]) -> set[str]:
    return {item.reason for item in items if isinstance(item, DsnReject)}


def envois(data: bytes) -> list[Envoi]:
    rubriques = Rubriques("feed.dsn")
    windows = read_lines(io.BytesIO(data), rubriques, "feed.dsn")
    return list(read_envois(windows, rubriques, LAYOUT.rubriques, "feed.dsn", Counter()))


def anomalies(data: bytes) -> dict[str, int]:
    """What is odd of a file, all told."""
    counts: Counter[str] = Counter()
    for chunk in reader(data):
        counts.update(chunk.anomalies)
    return dict(counts)


NIR_A, NIR_B = "1550875999991", "269052A999992"
NTT = "200000004299999"


# Hierarchy


def test_an_individu_without_nir_is_not_merged_into_the_one_before() -> None:
    data = text_of(
        envoi(
            declaration(
                individu("ALPHA", NIR_A, None, contrat("A")),
                individu("BETA", None, NTT, contrat("B")),
                individu("GAMMA", None, NTT),
                individu("DELTA", NIR_B),
            )
        )
    )
    rejected = [
        (r["nom"], r["nir"], r["ntt"], [c["numero"] for c in r["contrats"]])
        for r in records(read(data))
    ]
    assert rejected == [
        ("ALPHA", NIR_A, None, ["A"]),
        ("BETA", None, NTT, ["B"]),
        ("GAMMA", None, NTT, []),
        ("DELTA", NIR_B, None, []),
    ]


def test_a_record_says_on_which_line_it_begins() -> None:
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B))))
    assert [item.position for item in read(data)] == [11, 14]


def test_remunerations_join_their_contract_by_number_and_never_by_guess() -> None:
    person = individu(
        "ALPHA",
        NIR_A,
        None,
        contrat("A", ("S21.G00.62.001", "15012026")),
        contrat("B"),
        contrat("00000"),
        contrat("00000"),
        versement(remuneration("B", "1.00", "10.00", "5.00"), remuneration("Z", "2.00")),
        versement(remuneration("A", "3.00"), remuneration("00000", "4.00")),
        versement(remuneration(None, "5.00"), remuneration("B", "6.00")),
    )
    (record,) = records(read(text_of(envoi(declaration(person)))))
    assert [
        (c["numero"], c["fin"], [(r["montant"], len(r["activites"])) for r in c["remunerations"]])
        for c in record["contrats"]
    ] == [
        ("A", "15012026", [("3.00", 0)]),
        ("B", None, [("1.00", 2), ("6.00", 0)]),
        ("00000", None, []),
        ("00000", None, []),
    ]
    assert [r["montant"] for r in record["hors_contrat"]] == ["2.00", "4.00", "5.00"]
    assert [[r["montant"] for r in v["remunerations"]] for v in record["versements"]] == [
        ["1.00", "2.00"],
        ["3.00", "4.00"],
        ["5.00", "6.00"],
    ]


def test_a_block_begins_anew_where_its_rubriques_do_not_increase() -> None:
    layout = layout_of(
        [
            blocs("contrats", "S21.G00.40", NUMERO, leaf("debut", "S21.G00.40.001")),
            blocs("anciens", "S21.G00.31", leaf("nom", "S21.G00.31.009")),
        ]
    )
    lines = [
        ("S21.G00.31.009", "UN"),
        ("S21.G00.31.009", "DEUX"),
        ("S21.G00.40.001", "01012020"),
        ("S21.G00.40.001", "01012021"),
        ("S21.G00.40.009", "B"),
        ("S21.G00.71.002", "RUAA"),
        ("S21.G00.40.009", "C"),
    ]
    person = individu("ALPHA", NIR_A, None, lines)
    (record,) = records(read(text_of(envoi(declaration(person))), layout))
    assert record == {
        "contrats": [
            {"numero": None, "debut": "01012020"},
            {"numero": "B", "debut": "01012021"},
            {"numero": "C", "debut": None},
        ],
        "anciens": [{"nom": "UN"}, {"nom": "DEUX"}],
    }


def test_what_names_no_contract_is_in_the_record_or_told() -> None:
    person = individu(
        "ALPHA",
        NIR_A,
        None,
        contrat("A"),
        versement(remuneration("A", "1"), remuneration("B", "2"), remuneration(None, "3")),
    )
    data = text_of(envoi(declaration(person)))
    (record,) = records(read(data))
    assert record["hors_contrat"] == [{"montant": "2"}, {"montant": "3"}]
    assert "dsn-blocks-without-contract" not in anomalies(data)
    without = layout_of([field for field in FIELDS if field.name != "hors_contrat"])
    (chunk,) = reader(data, without)
    assert chunk.anomalies == {"dsn-blocks-without-contract": 2}


def test_a_declaration_without_individu_is_complete_and_one_that_replaces_is_told() -> None:
    kinds = ["02", "03", "04", "05"]
    without = [[("S20.G00.05.001", "01"), ("S20.G00.05.002", kind)] for kind in kinds]
    data = text_of(envoi(*without, declaration(individu("ALPHA", NIR_A))))
    assert [r["nom"] for r in records(read(data))] == ["ALPHA"]
    assert anomalies(data) == {"dsn-replacements-without-individu": 3}


@pytest.mark.parametrize("norm", ["P27V01", "../../etc/passwd"])
def test_a_norm_that_is_unknown_is_told_and_names_nothing(norm: str) -> None:
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A))))
    data = data.replace(b"S10.G00.00.005,'02'", f"S10.G00.00.006,'{norm}'".encode())
    assert [r["nom"] for r in records(read(data))] == ["ALPHA"]
    assert anomalies(data) == {"dsn-envois-of-unknown-norm": 1}


def test_blocks_that_are_unknown_or_not_asked_for_do_not_close_an_individu() -> None:
    person = individu(
        "ALPHA",
        NIR_A,
        None,
        [("S21.G00.30.777", "INCONNUE"), ("S21.G00.99.001", "INCONNU")],
        contrat("A", ("S21.G00.71.002", "RUAA")),
        [("S21.G00.99.001", "INCONNU"), ("S99.G00.01.001", "INCONNU")],
        versement(remuneration("A", "1.00")),
        [("S21.G00.86.001", "07"), ("S21.G00.98.001", "SAISIE")],
    )
    (record,) = records(read(text_of(envoi(declaration(person)))))
    assert [len(c["remunerations"]) for c in record["contrats"]] == [1]


def test_what_stands_around_the_individus_travels_with_each_and_is_reset() -> None:
    data = text_of(
        envoi(
            declaration(individu("ALPHA", NIR_A)),
            declaration(nature="01", nic="00037"),
            declaration(individu("BETA", NIR_B), nature="04", siren="000000059"),
            [("S20.G00.05.001", "01"), *individu("GAMMA", NIR_A)],
        )
    )
    assert [(r["nom"], r["nature"], r["siret"]) for r in records(read(data))] == [
        ("ALPHA", "01", "00000004200029"),
        ("BETA", "04", "00000005900029"),
        ("GAMMA", "01", None),
    ]


def test_lists_and_structs_around_the_individu_are_read() -> None:
    layout = layout_of(
        [
            blocs("contacts", "S20.G00.07", leaf("nom", "S20.G00.07.001")),
            struct("emetteur", leaf("nom", "S10.G00.02.002"), leaf("fax", "S10.G00.02.006")),
            struct("adresse", leaf("voie", "S21.G00.30.008")),
            leaf("nom", "S21.G00.30.002"),
        ]
    )
    values = records(read(text_of(envoi(declaration(individu("ALPHA", NIR_A)))), layout))
    assert values == [
        {
            "contacts": [{"nom": "CONTACT"}],
            "emetteur": {"nom": "CONTACT FICTIF", "fax": None},
            "adresse": None,
            "nom": "ALPHA",
        }
    ]


def test_only_what_the_layout_asks_for_is_in_a_record() -> None:
    layout = layout_of([leaf("nom", "S21.G00.30.002")])
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A, NTT, contrat("A")))))
    (chunk,) = reader(data, layout)
    items = items_of([chunk])
    assert records(items) == [{"nom": "ALPHA"}]
    assert NIR_A not in repr(items)
    assert {k: v for k, v in chunk.skipped.items() if k.startswith("S21.G00.3")} == {
        "S21.G00.30.001": 1,
        "S21.G00.30.006": 1,
        "S21.G00.30.020": 1,
    }


def test_a_record_does_not_show_its_values() -> None:
    assert "ALPHA" not in repr(list(reader(text_of(envoi(declaration(individu("ALPHA", NIR_A)))))))


# Values


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"S21.G00.30.002,'D'ESSAI--L'HERITIER'", "D'ESSAI--L'HERITIER"),
        (b"S21.G00.30.002,''T FICTIF'", "'T FICTIF"),
        (b"S21.G00.30.002,'DIRK, dit l'Ours'", "DIRK, dit l'Ours"),
        (b"S21.G00.30.002 ,  'ALPHA'", "ALPHA"),
        (b"  S21.G00.30.002,'ALPHA' \t", "ALPHA"),
        (b"S21.G00.30.002,'0012'", "0012"),
        (b"S21.G00.30.002,','", ","),
        (b"S21.G00.30.002,'''", "'"),
        (b"S21.G00.30.002,''", None),
        (b"S21.G00.30.002,'  '", None),
    ],
)
def test_a_value_stands_between_the_first_and_the_last_apostrophe(
    line: bytes, value: str | None
) -> None:
    before, after = text_of(HEADER), text_of([("S90.G00.90.001", "6"), ("S90.G00.90.002", "0")])
    items = read(before + line + b"\r\n" + after)
    assert [r["nom"] for r in records(items)] == [value]
    assert rejects(items) == []


@pytest.mark.parametrize(
    "between", [b"'\r", b"", b"'", b"' \r\xae"], ids=["CR", "nothing", "apostrophe", "a byte"]
)
def test_two_lines_that_have_grown_together_are_unreadable(between: bytes) -> None:
    before, after = text_of(HEADER), text_of([("S90.G00.90.001", "6"), ("S90.G00.90.002", "0")])
    line = b"S21.G00.30.002,'ALPHA" + between + b"S21.G00.30.004,'SECRET'\r\n"
    items = read(before + line + after)
    assert records(items) == []
    assert [field for _line, field in rejects(items)] == ["S21.G00.30.002"]


def test_an_empty_nir_is_absent_and_a_nir_of_15_digits_stays_as_it_is() -> None:
    data = text_of(
        envoi(declaration(individu("ALPHA", "", NTT), individu("BETA", "155087599999193")))
    )
    assert [(r["nir"], r["ntt"]) for r in records(read(data))] == [
        (None, NTT),
        ("155087599999193", None),
    ]


@pytest.mark.parametrize(
    ("nom", "encoding", "bom", "read_as"),
    [
        ("ALPHA", "ascii", b"", "ascii"),
        ("Éloïse", "iso-8859-1", b"", "iso-8859-1"),
        ("CHARGÉ D’ŒUVRE…", "cp1252", b"", "cp1252"),
        ("Éloïse d’Œuvre", "utf-8", b"", "utf-8"),
        ("ALPHA", "utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("deux\x85lignes", "utf-8", b"", "utf-8"),
        ("Éloïse Lefèvre", "mac-roman", b"", "mac-roman"),
    ],
)
def test_one_encoding_an_envoi_is_told_by_its_bytes(
    nom: str, encoding: str, bom: bytes, read_as: str
) -> None:
    other = "BETA" if nom.isascii() else "BÉTA"
    lines = envoi(declaration(individu(nom, NIR_A), individu(other)))
    data = bom + text_of(lines, encoding)
    assert [r["nom"] for r in records(read(data))] == [nom, other]
    assert [envoi.encoding for envoi in envois(data)] == [read_as]


def test_bytes_that_are_not_utf8_in_a_utf8_file_reject_their_individu() -> None:
    data = text_of(envoi(declaration(individu("É", NIR_A), individu("BETA", NIR_B))), "utf-8")
    items = read(data.replace(b"BETA", b"B\xe9TA"))
    assert [r["nom"] for r in records(items)] == ["É"]
    assert rejects(items) == [(14, "S21.G00.30.002")]


def test_bytes_that_are_not_collected_do_not_decide_the_encoding() -> None:
    data = text_of(envoi(declaration(individu("É", NIR_A))), "utf-8")
    assert records(read(data)) == records(read(data.replace(b"CONTACT FICTIF", b"\xe9\xff")))


# Structure that is wrong


def test_a_file_that_is_no_dsn_is_refused() -> None:
    for data in (b"", b"\n\n", b"S21.G00.30.001,1850575999991\n" * 9, b"\x00\x01" * 9, b"a;b\n1;2"):
        with pytest.raises(InputError) as caught:
            read(data)
        assert "feed.dsn" in str(caught.value)
        assert "1850575999991" not in str(caught.value)


N4DS = [
    ("S10.G00.00.001", "000000042"),
    ("S20.G01.00.001", "000000042"),
    ("S30.G01.00.001", NIR_A),
    ("S40.G01.00.001", "01012020"),
    ("S90.G01.00.001", "5"),
]
"""What stood before the DSN, in the same grammar of lines."""


@pytest.mark.parametrize("norm", [None, "V01X14", "V08R09"])
def test_an_ancestor_of_the_dsn_is_refused(norm: str | None) -> None:
    lines = [*N4DS[:1], *([("S10.G00.00.006", norm)] if norm else []), *N4DS[1:]]
    for before in ([], envoi(declaration(individu("ALPHA", NIR_A)))):
        with pytest.raises(InputError) as caught:
            read(text_of([*before, *lines]))
        says = f"feed.dsn: is no DSN: norm {norm or 'unknown'}, no declaration S20.G00.05"
        assert str(caught.value) == says


def test_a_dsn_with_blocks_that_no_norm_knows_and_one_without_declaration_are_read() -> None:
    strange = envoi(declaration(individu("ALPHA", NIR_A)), [("S97.G03.00.001", "x")])
    assert (
        len(records(read(whole(text_of(strange[:-1])) + text_of([("S90.G00.90.002", "1")])))) == 1
    )
    neant = [("S10.G00.00.006", "P25V01"), ("S10.G00.00.008", "02")]
    assert envois(whole(text_of([*neant, *envoi()[-2:]]))) == [Envoi(1, 4, "", "ascii", 4, 4)]


def test_0x1a_ends_a_file() -> None:
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A))))
    complete = read(data)
    assert read(data + b"\x1a") == read(data.rstrip() + b"\x1a\x1a") == complete
    assert read(data + b"\x1a\r\n") == complete
    assert rejects(read(data + b"\x1aNOM")) == [(len(data.split(b"\n")), "")]


def test_of_an_envoi_that_is_cut_at_any_byte_nothing_is_released() -> None:
    first = text_of(envoi(declaration(individu("ALPHA", NIR_A))))
    lines = [HEADER[0], ("S20.G00.05.001", "01"), *individu("B", NIR_B), *individu("C", None, NTT)]
    second = text_of([*lines, ("S90.G00.90.001", "10"), ("S90.G00.90.002", "1")])
    complete = read(first + second)
    assert len(records(complete)) == 3
    for cut in range(1, len(second)):
        items, left = read(first + second[:cut]), second[:cut]
        assert items[:1] == complete[:1]
        if second[cut:].strip() == b"":
            assert items == complete
        elif b"," in left:
            begun = max(left.count(b"S21.G00.30.002,"), left.count(b"S21.G00.30.001,"), 1)
            assert reasons(items[1:]) == {"incomplete"}
            assert len(items[1:]) - begun in (0, 1)
        assert records(items[1:]) == records(complete[1:]) * (items == complete)


def whole(data: bytes) -> bytes:
    """A file of one envoi with the number of lines that it has."""
    lines = sum(bool(line.strip()) for line in data.split(b"\n"))
    return re.sub(rb"(S90.G00.90.001,)'.*'", rb"\1'%d'" % lines, data)


@pytest.mark.parametrize(
    ("total", "declarations", "fault"),
    [
        ("13", "2", ""),
        ("12", "2", ""),
        ("1", "1", ""),
        ("x", "", ""),
        ("14", "2", "the envoi has fewer lines than S90.G00.90.001 declares"),
        ("13", "3", "the envoi has fewer declarations than S90.G00.90.002 declares"),
    ],
)
def test_what_an_envoi_lacks_by_its_totals_makes_it_incomplete_and_what_is_too_much_is_told(
    total: str, declarations: str, fault: str
) -> None:
    lines = [HEADER[0], ("S20.G00.05.001", "04"), *declaration(individu("ALPHA", NIR_A))]
    data = text_of([*lines, ("S90.G00.90.001", total), ("S90.G00.90.002", declarations)])
    items = read(data)
    (told,) = envois(data)
    assert (told.fault, told.counted) == (fault, 13)
    assert [r["nom"] for r in records(items)] == ([] if fault else ["ALPHA"])
    if fault:
        assert items == [DsnReject(9, "incomplete", "", f"line 1: {fault}")]
    differs = not fault and (total, declarations) != ("13", "2")
    assert anomalies(data) == {
        **({"dsn-envois-incomplete": 1} if fault else {}),
        **({"dsn-envoi-totals-differ": 1} if differs else {}),
    }


@pytest.mark.parametrize("end", [-1, -2])
def test_an_envoi_without_both_its_totals_is_incomplete(end: int) -> None:
    lines = envoi(declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B)))[:end]
    fault = "line 1: the envoi ends before its totals S90.G00.90"
    assert read(text_of(lines)) == [
        DsnReject(11, "incomplete", "", fault),
        DsnReject(14, "incomplete", "", fault),
    ]


def test_an_envoi_without_individus_that_is_cut_is_a_reject_itself() -> None:
    fault = "line 1: the envoi ends before its totals S90.G00.90"
    assert read(text_of(HEADER)) == [DsnReject(1, "incomplete", "", fault)]


def test_an_envoi_that_ends_in_another_one_keeps_nothing_of_its_individus() -> None:
    first = envoi(declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B)))[:-2]
    second = envoi([("S20.G00.05.001", "01"), *individu("GAMMA", NIR_A)])
    items = read(text_of([*first, *second]))
    assert [(r["nom"], r["siret"]) for r in records(items)] == [("GAMMA", None)]
    assert rejects(items) == [(11, ""), (14, "")]
    assert [bool(told.fault) for told in envois(text_of([*first, *second]))] == [True, False]


def test_nothing_of_an_envoi_outlives_it() -> None:
    lines = envoi(declaration(individu("ALPHA", NIR_A)))
    totals = [("S90.G00.90.001", "6"), ("S90.G00.90.002", "0")]
    other = [HEADER[0], *individu("BETA", NIR_B), *totals]
    items = read(text_of([*lines, *other, *individu("GAMMA", NIR_A), *totals]))
    assert [(r["nom"], r["nature"], r["siret"]) for r in records(items)] == [
        ("ALPHA", "01", "00000004200029"),
        ("BETA", None, None),
    ]
    headless = "the envoi begins without its header S10.G00.00"
    assert items[2:] == [DsnReject(22, "incomplete", "", f"line 22: {headless}")]


def test_of_a_lot_only_the_groups_dsnok_are_read() -> None:
    def group(label: str, *inside: list[Line]) -> list[Line]:
        lines = [("S06.G51.00.001", label), *(line for person in inside for line in person)]
        return [*lines, ("S96.G51.00.001", "FINSL"), ("S96.G51.00.002", str(len(inside)))]

    def person(nom: str) -> list[Line]:
        return envoi(declaration(individu(nom, NIR_A)))

    lot = [
        ("S05.G51.00.001", "V01R02"),
        *group("DSNOK", person("ALPHA"), person("BETA")),
        *group("FP-KO", person("GAMMA")),
        *group("AUTRE"),
        *group("DSNOK", person("DELTA")),
        ("S95.G51.00.001", "000001"),
    ]
    items = read(text_of(lot))
    assert [r["nom"] for r in records(items)] == ["ALPHA", "BETA", "DELTA"]
    assert [told.agrees for told in envois(text_of(lot)) if not told.skipped] == [True] * 3
    assert rejects(items) == []
    told = {"dsn-lines-in-rejected-groups": len(person("GAMMA"))}
    assert anomalies(text_of(lot)) == told
    assert anomalies(text_of(lot[:-1])) == {**told, "dsn-lot-totals-differ": 1}
    assert anomalies(text_of([*lot[:17], *lot[32:]])) == {**told, "dsn-lot-totals-differ": 1}


@pytest.mark.parametrize("label", ["DSNOK ", "dsnok", "", "OK", "FP-KO "])
def test_what_stands_in_a_group_of_an_unknown_label_is_not_lost(label: str) -> None:
    person = envoi(declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B)))
    items = read(text_of([("S06.G51.00.001", label), *person, ("S96.G51.00.001", "FINSL")]))
    assert records(items) == []
    assert reasons(items) == {"incomplete"}
    assert len(items) == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (b"S21.G00.30.002,1850575999991", "S21.G00.30.002"),
        (b"S21.G00.30.002,'1850575999991", "S21.G00.30.002"),
        (b"S21.G00.30.002", "S21.G00.30.002"),
        (b"S21.G00.30.002,'" + b"9" * 5000 + b"'", "S21.G00.30.002"),
        (b"S21.G00.30.002,'BETA'\n1850575999991'\nS21.G00.30.006,''", ""),
        (b"S21.G00.30.002,'BETA'\nS21.G00.53.002,'7.00'", "S21.G00.53.002"),
        (
            b"S21.G00.30.002,'BETA'\nS21.G00.50.001,'1'\nS21.G00.51.013,'1.00'\n"
            b"S21.G00.50.001,'1'\nS21.G00.53.002,'1.00'",
            "S21.G00.53.002",
        ),
        (
            b"S21.G00.30.002,'BETA'\nS21.G00.40.009,'A'\n"
            b"S21.G00.62.001,'1'\nS21.G00.62.001,'1850575999991'",
            "S21.G00.62.001",
        ),
    ],
)
def test_an_individu_with_an_unreadable_line_is_rejected_and_only_it(
    wrong: bytes, field: str
) -> None:
    lines = declaration(
        individu("ALPHA", NIR_A), individu("BETA", NIR_B), individu("GAMMA", NIR_A, None)
    )
    beta = text_of([("S21.G00.30.002", "BETA"), ("S21.G00.30.006", "99991990")])
    items = read(whole(text_of(envoi(lines)).replace(beta, wrong + b"\n")))
    assert [r["nom"] for r in records(items)] == ["ALPHA", "GAMMA"]
    assert rejects(items) == [(14, field)]
    assert "1850575999991" not in repr(items)


def test_a_line_that_hides_the_next_individu_rejects_both() -> None:
    lines = envoi(declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B)))
    data = text_of(lines).replace(b"S21.G00.30.001,'" + NIR_B.encode() + b"'", b"####")
    assert records(read(data)) == []
    assert rejects(read(data)) == [(11, ""), (15, "S21.G00.30.002")]


def test_an_individu_that_begins_out_of_order_rejects_the_one_before_too() -> None:
    lines = envoi(declaration(individu("ALPHA", NIR_A, None, contrat("A")), individu("B", NIR_B)))
    data = text_of(lines).replace(b"S21.G00.40.009,'A'", b"S21.G00.30.020,'2'")
    items = read(data)
    assert [r["nom"] for r in records(items)] == ["B"]
    assert rejects(items) == [(11, "S21.G00.30.020"), (15, "S21.G00.30.020")]


def test_an_employer_that_cannot_be_read_rejects_its_individus_and_no_others() -> None:
    first = declaration(individu("ALPHA", NIR_A), individu("BETA", NIR_B))
    data = text_of(envoi(first, declaration(individu("GAMMA", NIR_A))))
    items = read(data.replace(b"S21.G00.11.001,'00029'", b"S21.G00.11.001,'00029", 1))
    assert [r["nom"] for r in records(items)] == ["GAMMA"]
    assert rejects(items) == [(11, "S21.G00.11.001"), (14, "S21.G00.11.001")]


@pytest.mark.parametrize("closing", ["S21.G00.85.001", "S21.G00.44.001", "S89.G00.91.001"])
def test_lines_that_belong_to_nobody_are_rejected_and_not_lost(closing: str) -> None:
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A), [(closing, "X")])))
    orphan = text_of(contrat("A"))
    items = read(data.replace(b"S90.G00.90.001", orphan + b"####\r\nS90.G00.90.001") + b"?")
    assert [r["nom"] for r in records(items)] == ["ALPHA"]
    assert rejects(items) == [(15, "S21.G00.40.001"), (20, "")]


def test_lines_that_belong_to_nobody_are_one_reject_whatever_the_window() -> None:
    lines = text_of(envoi(declaration(), [("S21.G00.85.001", "X"), *contrat("A") * 9])[:-2])
    data = whole(lines + text_of([("S90.G00.90.001", ""), ("S90.G00.90.002", "1")]))
    assert rejects(read(data)) == [(12, "S21.G00.40.001")]
    with mock.patch.object(dsn_lines, "_WINDOW", 100):
        assert rejects(read(data)) == [(12, "S21.G00.40.001")]


def test_what_is_not_collected_is_not_judged() -> None:
    lines = declaration(individu("ALPHA", NIR_A, None, contrat("A")))
    data = text_of(envoi(lines))
    for wrong in (b"99991990", b"", b"'", b"9" * 5000, b"\xff\xfe", b"x" * 3_000_000):
        assert records(read(data.replace(b"99991990", wrong))) == records(read(data))
    assert records(read(data.replace(b"'99991990'", b"99991990"))) == records(read(data))


def test_an_individu_holds_no_more_blocks_than_it_may() -> None:
    big = individu("ALPHA", NIR_A, None, *(contrat(str(i)) for i in range(11)))
    items = read(
        text_of(envoi(declaration(big, individu("BETA", NIR_B)))), limits=Limits(dsn_blocks=10)
    )
    assert [r["nom"] for r in records(items)] == ["BETA"]
    assert rejects(items) == [(11, "S21.G00.40.001")]


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["one line", "many lines"])
def test_lines_without_measure_are_read_in_little_memory(end: bytes) -> None:
    class Endless(io.RawIOBase):
        """A DSN and 40 MB more of its last line, in one line or in many."""

        def __init__(self) -> None:
            *lines, total, last = envoi(declaration(individu("ALPHA", NIR_A)))
            self.parts = [text_of(lines), b"S21.G00.30.002,'"]
            self.parts += [b"A" * (1 << 19) + end] * 80
            self.parts += [b"'\n" + text_of([total, last])]
            self.parts.reverse()

        def read(self, size: int = -1) -> bytes:
            return self.parts.pop() if self.parts else b""

    stream: Any = Endless()
    ahead: Any = Endless()
    tracemalloc.start()
    items = items_of(DsnReader(stream, ahead, "feed.dsn", LAYOUT))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20  # of 40; threads of earlier tests may take some
    assert rejects(items) == [(14, "S21.G00.30.002")]


# Properties


@dataclass
class Dribble(io.RawIOBase):
    """A stream whose reads are short, in the given sizes by turns."""

    data: bytes
    sizes: list[int]

    def read(self, size: int = -1) -> bytes:
        take = self.sizes[0]
        self.sizes = [*self.sizes[1:], take]
        piece, self.data = self.data[:take], self.data[take:]
        return piece


noms = st.text("ABCÉœ’', -\x85", min_size=1, max_size=8).filter(lambda nom: not nom.isspace())


@dataclass(frozen=True)
class Person:
    nom: str
    nir: str | None
    contrats: tuple[str, ...]
    payes: tuple[str, ...]

    def lines(self) -> list[Line]:
        ntt = NTT if self.nir is None else None
        pay = [remuneration(numero, f"{i}.00") for i, numero in enumerate(self.payes)]
        inside = [*(contrat(numero) for numero in self.contrats), versement(*pay)]
        return individu(self.nom, self.nir, ntt, *(inside if self.contrats else []))

    def as_read(self) -> tuple[str, str | None, list[tuple[str, list[str]]]]:
        paid = self.payes if self.contrats else ()
        pay = [(numero, f"{i}.00") for i, numero in enumerate(paid)]
        return (
            self.nom,
            self.nir,
            [(own, [m for numero, m in pay if numero == own]) for own in self.contrats],
        )


people = st.lists(
    st.builds(
        Person,
        noms,
        st.one_of(st.none(), st.sampled_from([NIR_A, NIR_B])),
        st.lists(st.sampled_from("ABCD"), max_size=3, unique=True).map(tuple),
        st.lists(st.sampled_from("ABCDE"), max_size=4).map(tuple),
    ),
    max_size=6,
)


@given(people)
@settings(max_examples=200)
def test_nobody_is_given_what_is_another_persons(persons: list[Person]) -> None:
    items = read(text_of(envoi(declaration(*(person.lines() for person in persons))), "utf-8"))
    as_read = [
        (
            record["nom"],
            record["nir"],
            [(c["numero"], [r["montant"] for r in c["remunerations"]]) for c in record["contrats"]],
        )
        for record in records(items)
    ]
    assert as_read == [person.as_read() for person in persons]


@given(
    people,
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.lists(st.sampled_from(["\n", "\r\n", " \r\n", "\n\n", "\r\n \r\n"]), min_size=1, max_size=4),
    st.booleans(),
)
@settings(max_examples=150)
def test_reads_and_line_ends_of_any_kind_give_the_same_records(
    persons: list[Person], sizes: list[int], ends: list[str], last: bool
) -> None:
    lines = envoi(declaration(*(person.lines() for person in persons)))
    data = b"".join(text_of([line], "utf-8", ends[i % len(ends)]) for i, line in enumerate(lines))
    stream: Any = Dribble(data if last else data.rstrip(), sizes)
    ahead: Any = Dribble(stream.data, sizes)
    items = items_of(DsnReader(stream, ahead, "feed.dsn", LAYOUT))
    expected = read(text_of(lines, "utf-8", "\n"))
    assert records(items) == records(expected)
    assert rejects(items) == []
    assert [(told.counted, told.agrees) for told in envois(data)] == [(len(lines), True)]


@given(st.data())
@settings(max_examples=150)
def test_lines_in_any_order_break_nothing(data: st.DataObject) -> None:
    lines = envoi(declaration(individu("A", NIR_A, NTT, contrat("A"), versement())))
    some = [*lines, ("S21.G00.53.002", "1.00"), ("S06.G51.00.001", "DSNOK"), ("", "")]
    chosen = data.draw(st.lists(st.sampled_from(some), max_size=30))
    items = read(text_of([*HEADER, *chosen], end="\n"))
    names = [r["nom"] for r in records(items)]
    assert names.count("A") <= chosen.count(("S21.G00.30.002", "A"))


# Layouts


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (PlanField("nom", "string"), "`nom`: a leaf of a DSN says its `rubrique`"),
        (leaf("nom", "S21.G00.30"), "is no rubrique"),
        (leaf("debut", "S21.G00.40.001"), "does not stand under `S21.G00.30`"),
        (leaf("contact", "S20.G00.07.001"), "does not stand under"),
        (PlanField("c", "list", of=struct("item", NUMERO)), "says its `bloc`"),
        (PlanField("c", "list", of=PlanField("item", "string"), bloc="S21.G00.40"), "of structs"),
        (blocs("lieux", "S21.G00.85", leaf("siret", "S21.G00.85.001")), "does not stand under"),
        (blocs("a", "S21.G00.53", leaf("mesure", "S21.G00.53.002")), "does not stand under"),
        (
            blocs("c", "S21.G00.40", blocs("v", "S21.G00.50", leaf("d", "S21.G00.50.001"))),
            "`c.v`: block `S21.G00.50` does not stand under `S21.G00.40`",
        ),
    ],
)
def test_a_layout_follows_the_tree_of_the_norm(field: PlanField, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        layout_of([field], "dsn-individus")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("dsn-individus: ")


def test_the_feed_of_rights_reads_what_its_policy_keeps_or_tests_and_no_more() -> None:
    plan = load_project().plan("dsn-droits", on=datetime.date(2026, 11, 23))
    read_ones = layout_of(plan.fields, plan.schema).rubriques
    assert {"S21.G00.30.001", "S21.G00.06.001", "S21.G00.51.010"} <= read_ones
    for rubrique in [
        *("S21.G00.30.008", "S21.G00.30.018", "S21.G00.30.019", "S21.G00.30.020"),
        *("S21.G00.40.006", "S21.G00.50.006", "S21.G00.60.007", "S21.G00.62.002"),
        *("S21.G00.73.007", "S21.G00.12.003", "S10.G00.02.002"),
    ]:
        assert rubrique not in read_ones


def test_the_whole_schema_of_the_dsn_stands_on_the_norms_tree() -> None:
    schema, _ = load_project().schema("dsn-individus")

    layout = layout_of(plan_fields(schema.fields), "dsn-individus")
    data = text_of(envoi(declaration(individu("ALPHA", NIR_A, None, contrat("A")))))
    (record,) = records(read(data, layout))
    assert list(record) == list(schema.fields)
    assert record["contrats_payes"][0]["debut"] == "01012020"
