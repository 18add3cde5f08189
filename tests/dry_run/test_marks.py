"""What released values say against the marks of their fields, on columns of every kind."""

import datetime
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.cli.dry_run import find_all
from tamis.dry_run.html import render_html
from tamis.dry_run.models import MARK_CONDITIONS
from tamis.dry_run.owners import Owners
from tamis.errors import RefusedError
from tamis.evidence.fail_on import Guards, parse_fail_on
from tamis.runs.batch import Job, run

from .conftest import IN_MEMORY, POLICY, make_project

ROWS = 2_400
DAY = datetime.date(1970, 1, 1)

QUIET: dict[str, tuple[str, Any]] = {
    "montant_net": ("int64", lambda n: 1_000 + 7 * n),
    "duree": ("int32", lambda n: n),
    "releve": ("string", lambda n: f"2026-01-{n % 28 + 1:02}T10:{n // 60:02}:{n % 60:02}.{n}"),
    "mesure": ("string", lambda n: f"{n},{n % 100:02} €"),
    "siret_organisme": ("string", lambda n: f"732829320{n:05}"),
    "libelle": ("string", lambda n: f"Titre professionnel conseiller en insertion n° {n % 40}"),
    "code": ("string", lambda n: f"RNCP{n % 300}"),
    "rang": ("string", lambda n: f"0{n % 9 + 1}{n % 50:08}" if n % 3 == 0 else "sans objet"),
    "debut_contrat": ("date32", lambda n: datetime.date(2026, 1, 1) - datetime.timedelta(n * 5)),
    "diplome_obtenu": ("date32", lambda n: datetime.date(1975 + n % 51, 7, 1)),
    "ne_en": ("date32", lambda n: DAY + datetime.timedelta(days=n * 5)),
}
"""Columns of which nothing is to be told: `ne_en` is cut to the year."""

LOUD: dict[str, tuple[str, Any, set[str]]] = {
    "repere": ("string", lambda n: f"K{n * 7919:08x}", {"own"}),
    "suite": ("int64", lambda n: 10_000_000 + n, {"own"}),
    "avis": ("string", lambda n: f"je pense que mon cas {n} est difficile", {"prose"}),
    "joint": ("string", lambda n: "a.b@exemple.fr" if n < 3 else "rien", {"email"}),
    "rappel": ("string", lambda n: "tel 06 12 34 56 78" if n < 2 else "non", {"phone"}),
    "rappels": ("string", lambda n: f"06{n:08}", {"phone"}),
    "paiement": ("string", lambda n: "FR76 3000 6000 0112 3456 7890 189", {"iban"}),
    "jour_repere": ("date32", lambda n: DAY + datetime.timedelta(days=n * 5), {"birth"}),
    "jour_texte": (
        "string",
        lambda n: (DAY + datetime.timedelta(days=n * 5)).strftime("%d/%m/%Y"),
        {"birth"},
    ),
}
"""Columns of which something is, by forms."""

SCHEMA = "schema: dossiers\nfields:\n" + "".join(
    f"  {name}: {{type: {kind}, category: tit-droits-parcours-formation}}\n"
    for name, (kind, *_rest) in (QUIET | LOUD).items()
)
SCHEMA += """\
  commentaire:
    type: string
    free_text: true
    category: tit-droits-parcours-formation
    sensitive: {none: textes inventés pour ces essais}
  lignes:
    type: list
    of:
      type: struct
      category: tit-droits-parcours-formation
      fields:
        repere: {type: string}
        code: {type: string}
"""
NAMES = [*QUIET, *LOUD, "commentaire", "lignes.repere", "lignes.code"]
CUT = (POLICY % ", ".join(NAMES)).replace("naissance:", "ne_en:")


def columns() -> dict[str, pa.Array]:
    made = {
        name: pa.array([make(n) for n in range(ROWS)])
        for name, (_kind, make, *_rest) in (QUIET | LOUD).items()
    }
    made["duree"] = made["duree"].cast(pa.int32())
    made["commentaire"] = pa.array(
        [f"il m'a dit que {n}" + " (c.d@exemple.org)" * (n == 7) for n in range(ROWS)]
    )
    made["lignes"] = pa.array(
        [[{"repere": f"L{n}-{k}", "code": f"C{k}"} for k in range(n % 3)] for n in range(ROWS)]
    )
    return made


def test_values_are_told_that_say_more_than_their_marks_and_no_others(tmp_path: Path) -> None:
    desk = make_project(tmp_path, SCHEMA, CUT)
    feed = desk.feed(columns(), group=700)
    result = desk.dry_run(feed)

    told: dict[str, set[str]] = {}
    for finding in result.marks:
        told.setdefault(finding.field, set()).add(finding.form)
    expected = {name: forms for name, (_kind, _make, forms) in LOUD.items()}
    assert told == expected | {"commentaire": {"email"}, "lignes.repere": {"own"}}
    counts = {finding.field: (finding.count, finding.values) for finding in result.marks}
    assert counts["joint"] == (3, ROWS)
    assert counts["commentaire"] == (1, ROWS)
    assert counts["paiement"] == (ROWS, ROWS)
    assert counts["lignes.repere"] == (ROWS, ROWS)
    assert counts["repere"][0] == pytest.approx(ROWS, rel=0.03)
    for lang in ("en", "fr"):
        page = render_html(result, "fr" if lang == "fr" else "en")
        assert "lignes.<wbr>repere" in page
        assert not any(value in page for value in ("exemple.fr", "06 12", "FR76", "K00001eef"))

    conditions = sorted(set(MARK_CONDITIONS.values()))
    met = find_all(result).meeting(parse_fail_on(conditions, "dry-run"))
    assert [text.partition(" ")[0] for text in met] == conditions
    plan = desk.project.plan("evaluation")
    store = tmp_path / "store"
    for condition in conditions:
        guards = Guards((condition,))
        job = Job(plan, (feed,), str(store), "r", options=(IN_MEMORY,), guards=guards)
        with pytest.raises(RefusedError, match=rf"{condition} \(") as refused:
            run(job)
        assert "exemple.fr" not in str(refused.value)
    assert not list(store.glob("evaluation/*.parquet"))


def test_a_day_of_birth_under_a_mark_is_told_whatever_is_left_of_it(tmp_path: Path) -> None:
    mark = "identifies: {mark: none, because: une date ne dit rien de personne},"
    schema = SCHEMA.replace("  ne_en: {type: date32,", f"  ne_en: {{type: date32, {mark}")
    desk = make_project(tmp_path, schema, CUT.replace(", ".join(NAMES), "ne_en, code"))
    told = [
        (finding.field, finding.form, finding.mark)
        for finding in desk.dry_run(
            desk.feed(
                {name: column for name, column in columns().items() if name in ("ne_en", "code")}
            )
        ).marks
    ]
    assert told == [("ne_en", "birth", "none")]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), min_size=1, max_size=120),
    st.integers(1, 40),
)
def test_owners_are_those_of_a_brute_force_count(rows: list[tuple[int, int]], cut: int) -> None:
    array = np.array(rows, np.uint64)
    owners = Owners()
    for start in range(0, len(rows), cut):
        part = Owners()
        part.add(array[start : start + cut, 0], array[start : start + cut, 1])
        owners.merge(part)

    persons: dict[int, set[int]] = {}
    for value, person in rows:
        persons.setdefault(value, set()).add(person)
    often = Counter(value for value, _person in rows)
    assert owners.own == sum(often[value] for value in persons if len(persons[value]) == 1)
    assert owners.values == len(rows)


def test_a_common_value_among_many_own_ones_is_counted() -> None:
    chance = random.Random(3)
    hashes = [chance.getrandbits(64) for _ in range(30_000)]
    hashes += [2**64 - 1] * 30_000  # one value of half of all persons, which no sample holds
    owners = Owners()
    persons = np.array([chance.getrandbits(64) for _ in hashes], np.uint64)
    for part in np.array_split(np.arange(len(hashes)), 11):
        owners.add(np.array(hashes, np.uint64)[part], persons[part])
    assert owners.dropped
    assert len(owners.hashes) == 4_096
    assert owners.own == pytest.approx(30_000, rel=0.05)
