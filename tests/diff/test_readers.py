"""What a change of documents means for those who read: levels, reasons, the `ALTER TABLE`."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.cli.diff import diff_command
from tamis.cli.diff_readers import lines_of
from tamis.diff.diff import diff
from tamis.diff.readers import ChangedContract
from tamis.plan.project import load_project

from ..projects import BASE, Edit, copy_base

FEED, STUDY, PEOPLE = "policies/feed.yaml", "policies/study.yaml", "schemas/people.yaml"
Compare = Callable[..., tuple[ChangedContract, ...]]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def compare(*edits: Edit, on: datetime.date | None = None) -> tuple[ChangedContract, ...]:
        new = load_project(copy_base(tmp_path / "new", edits))
        return diff(load_project(BASE), new, on).contracts

    return compare


CASES: list[tuple[str, list[Edit], str, list[str]]] = [
    (
        "a field more",
        [(FEED, "keep: [nir, nom]", "keep: [nir, nom, sexe]")],
        "full",
        [
            "sexe: added as string, null in earlier rows",
            'ALTER TABLE "feed__droits" ADD COLUMN "sexe" text;',
        ],
    ),
    (
        "a field less",
        [(FEED, "keep: [nir, nom]", "keep: [nir]")],
        "full",
        [
            "nom: no longer released, it could be null",
            "-- column nom is no longer filled: rows of earlier runs keep it until you decide",
        ],
    ),
    (
        "a type that holds more",
        [(PEOPLE, "decimal128(12, 2)", "decimal128(14, 2)")],
        "backward",
        [
            "paie: is decimal128(14, 2) in place of decimal128(12, 2)",
            'ALTER TABLE "feed__droits" ALTER COLUMN "paie" TYPE numeric(14,2);',
        ],
    ),
    (
        "another type",
        [(PEOPLE, '"decimal128(12, 2)"', "string")],
        "none",
        [
            "paie: is string in place of decimal128(12, 2)",
            '-- ALTER TABLE "feed__droits" ALTER COLUMN "paie" TYPE text;',
        ],
    ),
    (
        "a field of a list",
        [(PEOPLE, "debut:   {type: date32}", "debut:   {type: string}")],
        "none",
        ["contrats.debut: is string in place of date32[day]"],
    ),
    (
        "another id",
        [(FEED, "id: droits", "id: les-droits")],
        "none",
        ["is called feed/les-droits in place of feed/droits"],
    ),
    (
        "no null",
        [(PEOPLE, "nom:         {type: string, ", "nom:         {type: string, nullable: false, ")],
        "forward",
        ["nom: is never null from now on"],
    ),
]


@pytest.mark.parametrize(
    ("edits", "level", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_levels_and_reasons(
    compare: Compare, edits: list[Edit], level: str, lines: list[str]
) -> None:
    (contract,) = compare(*edits)
    assert contract.compatibility == level
    assert list(lines_of(contract)) == lines


def test_a_second_release_moves_the_topic_of_the_first(compare: Compare) -> None:
    second = """  - id: etude-2
    item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2022-01-01
    needs:
      - {because: comparer par sexe et par lieu, keep: [sexe]}
"""
    policy = (BASE / STUDY).read_text(encoding="utf-8")
    whole = (STUDY, policy, policy + second)
    (contract,) = compare(whole, on=datetime.date(2023, 1, 1))
    assert (contract.release, contract.compatibility) == ("etude", "full")
    assert list(lines_of(contract)) == ["of topics: is sent to T.etude in place of T"]
    assert compare(whole, on=datetime.date(2021, 6, 1)) == ()


def test_words_and_conditions_change_nothing_for_readers(compare: Compare) -> None:
    assert compare((FEED, "identifier le titulaire", "retrouver le bon titulaire")) == ()
    assert compare((FEED, "in: [CPF], because", "in: [CPF, DIF], because")) == ()


def test_a_day_keeps_releases_in_force(compare: Compare) -> None:
    edit = (STUDY, "keep: [notes, code]", "keep: [notes]")
    assert len(compare(edit, on=datetime.date(2024, 1, 1))) == 1
    assert compare(edit, on=datetime.date(2020, 1, 1)) == ()


def test_every_form_of_the_command_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = (FEED, "keep: [nir, nom]", "keep: [nir, nom, sexe]")
    folder = str(copy_base(tmp_path / "new", [edit]))
    command = 'ALTER TABLE "feed__droits" ADD COLUMN "sexe" text;'

    def run(json: bool = False, markdown: bool = False, sarif: bool = False) -> str:
        forms = {"json": json, "markdown": markdown, "sarif": sarif}
        code = diff_command(str(BASE), folder, on=None, fail_on="released", **forms)  # type: ignore[arg-type]
        assert code == 1  # more is released
        return capsys.readouterr().out

    text = run()
    assert "what readers find\n  feed/droits: full: readers of the old and of the new" in text
    assert f"    {command}\n" in text
    (contract,) = json.loads(run(json=True))["contracts"]
    change = {"path": "sexe", "text": "added as string, null in earlier rows"}
    assert contract == {
        "policy": "feed",
        "release": "droits",
        "compatibility": "full",
        "changes": [{**change, "backward": True, "forward": True}],
        "sql": [command],
    }
    assert "### What readers find" in run(markdown=True)
    (sarif,) = json.loads(run(sarif=True))["runs"]
    assert sarif["properties"]["contracts"] == [contract]
