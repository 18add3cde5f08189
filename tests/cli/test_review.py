"""A whole review, as a merge request has it: draft, tests, diff, approval, run."""

import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.cli import main
from tamis.cli.run import compile_allowed
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.plan.project import load_project

from ..projects import Edit, copy_base

Tamis = Callable[..., tuple[int, str, str]]

FEED, PROJECT = "policies/feed.yaml", "policies/project.yaml"
NAMES = "keep: [nir, nom]"
UNTIL = today() + datetime.timedelta(days=200)


@pytest.fixture
def tamis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tamis:
    """The command in a project that requires approvals, beside the same without names."""
    copy_base(tmp_path / "old", [(FEED, NAMES, "keep: [nir]")])
    required = (PROJECT, "exceptions: []", "approvals: required")
    monkeypatch.chdir(copy_base(tmp_path / "new", [required]))
    people = [
        {"nir": "155087599999193", "nom": "EXEMPLE", "nature": "CPF", "sexe": "M"},
        {"nir": "155087599999193", "nom": "EXEMPLE", "nature": "AUTRE", "sexe": "M"},
    ]
    pq.write_table(pa.Table.from_pylist(people), tmp_path / "people.parquet")

    def tamis(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["tamis", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return tamis


def run(tamis: Tamis, tmp_path: Path, *words: str) -> tuple[int, str, str]:
    feed, store = str(tmp_path / "people.parquet"), str(tmp_path / "store")
    return tamis("run", "feed", "--input", feed, "--output", store, *words)


def edit(file: str, old: str, new: str) -> None:
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    Path(file).write_text(text.replace(old, new), encoding="utf-8")


def approve(tamis: Tamis) -> tuple[int, str, str]:
    return tamis("approve", "feed", "--by", "A. Martin", "--role", "DPO", "--until", f"{UNTIL}")


@pytest.mark.slow
def test_a_review_from_draft_to_run(tamis: Tamis, tmp_path: Path) -> None:
    code, cases, _err = tamis("draft", "--tests", "feed")
    assert code == 0
    Path("policies/tests").mkdir()
    Path("policies/tests/feed.yaml").write_text(cases, encoding="utf-8")
    code, out, _err = tamis("test", "feed", "--coverage", "--mutate", "--fail-under", "90")
    assert code == 0, out
    code, out, _err = tamis("diff", "../old", ".", "--fail-on", "ground")
    assert code == 1
    assert "nom: newly kept: identifier le titulaire" in out
    assert "approvals that `run` requires: new" in out
    code, _out, err = run(tamis, tmp_path)
    assert (code, "it is not approved" in err) == (2, True)
    code, out, err = tamis("dry-run", "feed", "--input", str(tmp_path / "people.parquet"))
    assert code == 0, err
    assert "nobody approved this policy" in out
    assert approve(tamis)[0] == 0
    code, _out, err = run(tamis, tmp_path)
    assert code == 0, err
    (receipt,) = (tmp_path / "store" / "_receipts").glob("*.json")
    stored = json.loads(receipt.read_text(encoding="utf-8"))
    assert stored["approval"] == {
        "opinion": "favorable", "by": "A. Martin", "role": "DPO", "until": f"{UNTIL}"
    }  # fmt: skip
    assert stored["counts"]["released"] == 1
    edit(FEED, NAMES, "keep: [nir, nom, sexe]")
    code, _out, err = run(tamis, tmp_path, "--run-id", "slipped-in")
    assert code == 2
    assert "does not cover" in err
    assert "release `droits`: the need « identifier le titulaire » also keeps `sexe`\n" in err
    assert "the schema says of `sexe`: category: `tit-identite`\n" in err
    assert not (tmp_path / "store" / "_receipts" / "slipped-in.json").exists()


CHANGES: dict[str, tuple[Edit, str]] = {
    "a word of a need": (
        (FEED, "identifier le", "reconnaître le"),
        "release `droits`: the need « identifier le titulaire » is worded anew: "
        "« reconnaître le titulaire »",
    ),
    "a condition dropped": (
        (FEED, '{field: nature, in: ["01", "02"], because: seuls ces contrats ouvrent des droits}',
         '{field: nature, in: ["01", "02", "03"], because: seuls ces contrats ouvrent des droits}'),
        "release `droits`: condition changed: of the list `contrats` only elements are kept in "
        "which `nature` is one of: 01, 02, 03 (« seuls ces contrats ouvrent des droits »); "
        "before: `nature` is one of: 01, 02",
    ),
    "an exception": (
        (PROJECT, "approvals: required", "approvals: required\nexceptions: [{what: example, "
         f"policy: feed, because: le temps d'un essai, by: DSI, until: {UNTIL}}}]"),
        "new exception, which allows a register entry that only illustrates: « le temps d'un "
        "essai »; DSI answers for it",
    ),
    "a comment": ((FEED, "policy: feed", "# relu\npolicy: feed"), ""),
    "keys in another order": (
        (FEED, "    item: R6323-37.I.1\n    purpose: R6323-33.1\n",
         "    purpose: R6323-33.1\n    item: R6323-37.I.1\n"),
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "sentences"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_after_the_approval_stops_a_run_or_says_the_same(
    change: Edit, sentences: str, tamis: Tamis
) -> None:
    assert approve(tamis)[0] == 0
    edit(*change)
    project = load_project(".")
    if not sentences:
        compile_allowed(project, "feed", today(), allow_example=False)
        return
    with pytest.raises(UsageError, match="does not cover") as caught:
        compile_allowed(project, "feed", today(), allow_example=False)
    assert str(caught.value).endswith(f"changed since {today()}:\n  {sentences}")


def test_an_approval_does_not_outlive_its_day(tamis: Tamis, tmp_path: Path) -> None:
    assert approve(tamis)[0] == 0
    code, _out, err = run(tamis, tmp_path, "--on", f"{UNTIL}", "--replay")
    assert code == 2
    assert f"holds from {today()} until {UNTIL}, not on {UNTIL}" in err


@pytest.mark.slow
def test_a_change_is_counted_on_real_records_and_few_of_them_are_not_told_apart(
    tamis: Tamis, tmp_path: Path
) -> None:
    nirs = [f"15508759999{i:04}" for i in range(1, 31)]
    people = [
        {"nir": f"{nir[:13]}", "nom": "EXEMPLE" if i < 20 else None, "nature": "CPF", "sexe": None}
        for i, nir in enumerate(nirs)
    ]
    people[0]["sexe"] = "M"
    files = [str(tmp_path / f"{i}.parquet") for i in range(2)]
    for i, file in enumerate(files):
        schema = pa.schema([(name, pa.string()) for name in people[0]])
        pq.write_table(pa.Table.from_pylist(people[i::2], schema), file)
    edit(FEED, NAMES, "keep: [nir, nom, sexe]")
    code, out, err = tamis("diff", "../old", ".", "--against", *files)
    assert code == 1, err
    assert f"counted on 30 records under feed, {today()}" in out
    assert "  nom (R6323-37.I.1, R6323-33.1): newly carried by 20, no longer by 0" in out
    assert "  sexe (R6323-37.I.1, R6323-33.1): fewer than 10 records each" in out
    code, out, _err = tamis("diff", ".", "../old", "--against", *files, "--json")
    counted = json.loads(out)["against"]
    assert [(part["policy"], part["records"]) for part in counted] == [("feed", 30)]
    assert [(field["field"], field["no_longer"]) for field in counted[0]["fields"]] == [
        ("nom", 20),
        ("sexe", "<10"),
    ]
    edit("policies/study.yaml", "[notes, code]", "[notes]")
    code, _out, err = tamis("diff", "../old", ".", "--against", files[0], "--policy", "autre")
    assert (code, "against" in err) == (1, False)
