"""What the documents, plans, papers, cases and differences say of a list of limited persons."""

from pathlib import Path

import pytest

from tamis.cases.coverage import measure
from tamis.cases.judge import filter_record
from tamis.check.check import check
from tamis.check.legal_content import legal_content
from tamis.cli.plan import plan_command
from tamis.diff.diff import diff
from tamis.documents.context import open_policy
from tamis.limited.persons import EVERYBODY
from tamis.papers.write import write_paper
from tamis.plan.compile import LOOKED_UP

from .conftest import ON, Limiting, make_project


def without_list(limiting: Limiting) -> Limiting:
    (limiting.folder / "policies" / "project.yaml").unlink()
    return limiting


@pytest.mark.parametrize(("policy", "fate"), [("ii", "dropped"), ("iii", "stripped")])
def test_the_identifier_is_read_and_not_released(
    policy: str, fate: str, limiting: Limiting, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = limiting.plan(policy)
    assert {"nir", "ayants.nir"} <= set(plan.leaves())
    assert plan.fates[policy]["nir"][0] == fate
    assert policy == "iii" or plan.fates[policy]["nir"][1] == LOOKED_UP
    assert plan.required == ("nir", "ayants")
    assert plan_command(limiting.project, policy, ON, None, json=False) == 0
    printed = capsys.readouterr().out
    assert "withheld where `nir` or `ayants.nir` is of a limited person (RGPD art. 18)" in printed
    assert plan_command(limiting.project, policy, ON, None, json=True) == 0
    assert '"looked_up_by": [' in capsys.readouterr().out


def test_a_feed_without_identifier_is_warned_of(limiting: Limiting) -> None:
    def warnings() -> list[str]:
        violations = check(limiting.project)
        return [known.problem.text for known in violations if known.code == "not-limited"]

    assert warnings() == []
    schema = limiting.folder / "schemas" / "dossiers.yaml"
    text = schema.read_text(encoding="utf-8")
    schema.write_text(
        text.replace("identifier: [nir, ntt]", "identifier: ntt").replace(
            "identifier: nir", "identifier: ntt"
        ),
        encoding="utf-8",
    )
    assert [text.partition(":")[0] for text in warnings()] == ["policy `ii`", "policy `iii`"]


def test_what_is_approved_names_the_list(limiting: Limiting) -> None:
    day = limiting.plan("ii").day
    line = 'limited = ["ayants.nir", "nir"]'
    assert line in legal_content(open_policy(limiting.project, "ii"), day).splitlines()
    assert line not in legal_content(open_policy(limiting.project, "i"), day).splitlines()


def test_who_gives_the_list_up_is_told_who_is_newly_released(tmp_path: Path) -> None:
    listed = make_project(tmp_path / "with")
    free = without_list(make_project(tmp_path / "without"))
    texts = [
        change.problem.text
        for change in diff(listed.project, free.project).changes
        if change.effect == "released"
    ]
    assert texts
    assert all("the person is limited" in text for text in texts)
    assert not diff(free.project, listed.project).newly_released


def test_papers_say_how_the_right_is_kept(limiting: Limiting) -> None:
    def said(policy: str) -> tuple[str, bool]:
        paper = write_paper(open_policy(limiting.project, policy), limiting.plan(policy).day)
        (sentence,) = [known for known in paper.sentences() if known.key == "limitation"]
        return sentence.text, sentence.is_blank

    text, is_blank = said("ii")
    assert not is_blank
    assert "`nir`, `ayants.nir`" in text
    assert "are stored" in said("i")[0]
    without_list(limiting)
    assert said("ii")[1]


def test_cases_show_that_a_limited_person_is_withheld(limiting: Limiting) -> None:
    record = {"nir": "155087599999193", "statut": "OUVERT"}
    plan = limiting.plan("ii")
    assert filter_record(record, plan).released
    assert not filter_record(record, plan, EVERYBODY).released
    context = open_policy(limiting.project, "ii")
    missing = [problem.text for problem in measure(context, []).missing]
    assert sum("limited person's record is withheld" in text for text in missing) == 1
    assert not measure(open_policy(limiting.project, "i"), []).cells[-1].limited
