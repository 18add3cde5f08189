"""An approval covers what was read, on the days it was read for, and nothing else."""

import datetime
from pathlib import Path

import pytest

from tamis.check.approval import ApprovalState, intervals_of, judge_approval
from tamis.check.check import check
from tamis.cli.approve import approve
from tamis.documents.calendar import today
from tamis.documents.context import open_policy
from tamis.errors import DocumentError, UsageError
from tamis.evidence.allowed import approval_part
from tamis.plan.guards import check_approval
from tamis.plan.project import Project, load_project

from ..projects import BASE, copy_base, copy_bundled

POLICY = "evaluation-cpf"
DAY = datetime.timedelta(days=1)
NEXT_YEAR = (today() + datetime.timedelta(days=365)).isoformat()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return load_project(copy_bundled(tmp_path))


def _approve(project: Project, policy: str = POLICY, **options: str) -> None:
    given = {"by": "A. Martin", "role": "DPO", "until": NEXT_YEAR, "note": ""} | options
    opinion = given.pop("opinion", "favorable")
    approve(project, policy, opinion=opinion, **given)  # type: ignore[arg-type]


def _state(project: Project, day: datetime.date | None = None) -> ApprovalState:
    fresh = load_project(project.folder)
    return judge_approval(open_policy(fresh, POLICY), day or today(), fresh.approval(POLICY))


def _edit(project: Project, old: str, new: str, file: str = f"policies/{POLICY}.yaml") -> None:
    path = project.folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_approval_covers_what_was_approved(project: Project) -> None:
    assert _state(project).problem == "it is not approved"
    _approve(project)
    state = _state(project)
    assert state.problem == ""
    assert state.approval is not None
    assert (state.approval.by, state.approval.until.isoformat()) == ("A. Martin", NEXT_YEAR)


def test_one_word_of_a_need_is_told(project: Project) -> None:
    _approve(project)
    _edit(project, "rattacher entre eux", "relier entre eux")
    problem = _state(project).problem
    assert "does not cover what changed" in problem
    assert "release `evaluation`: the need « rattacher entre eux" in problem
    assert "is worded anew: « relier entre eux" in problem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("policy: evaluation-cpf", "# a comment\npolicy: evaluation-cpf"),
        ("describes: ", "describes: pour mémoire, "),
        ("date_naissance, sexe, region_residence", "sexe, date_naissance, region_residence"),
        (
            "    item: R6323-37.III.2\n    purpose: R6323-33.5\n",
            "    purpose: R6323-33.5\n    item: R6323-37.III.2\n",
        ),
    ],
)
def test_what_decides_nothing_leaves_an_approval_as_it_is(
    project: Project, old: str, new: str
) -> None:
    _approve(project)
    _edit(project, old, new)
    assert _state(project).problem == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (f"schemas/{POLICY}.yaml", "nir_part: sex", "sensitive: à protéger"),
        ("policies/register.yaml", "attested: example", "attested: inferred"),
        (f"policies/{POLICY}.yaml", "generalize: {to: year}", "generalize: {to: quarter}"),
    ],
)
def test_marks_register_and_treatments_are_part_of_what_is_approved(
    project: Project, file: str, old: str, new: str
) -> None:
    _approve(project)
    if file.endswith("register.yaml"):
        path = project.folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    else:
        _edit(project, old, new, file)
    assert "does not cover" in _state(project).problem


def test_an_approval_ends_on_its_day(project: Project) -> None:
    _approve(project)
    last = datetime.date.fromisoformat(NEXT_YEAR)
    assert _state(project, last - datetime.timedelta(days=1)).problem == ""
    assert "holds from" in _state(project, last).problem


def test_a_change_of_law_before_the_end_has_an_interval_of_its_own(project: Project) -> None:
    context = open_policy(project, POLICY)
    begin, end = datetime.date(2024, 6, 1), datetime.date(2025, 6, 1)
    intervals = intervals_of(context, begin, end)
    assert [interval.from_.isoformat() for interval in intervals] == ["2024-06-01", "2025-01-01"]
    assert len({interval.sha256 for interval in intervals}) == 2


def test_an_unfavourable_opinion_covers_nothing(project: Project) -> None:
    _approve(project, opinion="défavorable")
    assert "défavorable" in _state(project).problem


def test_a_content_that_was_altered_is_told(project: Project) -> None:
    _approve(project)
    _edit(project, "rattacher entre", "relier entre", f"policies/approvals/{POLICY}.yaml")
    assert "not that of its content" in _state(project).problem


def test_what_changed_is_told_when_it_is_approved_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    _approve(project)
    _edit(project, "rattacher entre eux", "relier entre eux")
    capsys.readouterr()
    _approve(load_project(project.folder))
    assert "is worded anew: « relier entre eux" in capsys.readouterr().out


@pytest.mark.parametrize("until", [today().isoformat(), "2020-01-01", "demain"])
def test_an_approval_must_end_on_a_day_to_come(project: Project, until: str) -> None:
    with pytest.raises(UsageError):
        _approve(project, until=until)


def test_a_policy_that_breaks_a_rule_is_not_approved(project: Project) -> None:
    _edit(project, "purpose: R6323-33.5", "purpose: R6323-33.1")
    with pytest.raises(DocumentError):
        _approve(load_project(project.folder))


def _require(project: Project) -> Project:
    path = project.folder / "policies" / "project.yaml"
    path.write_text("approvals: required\n", encoding="utf-8")
    return load_project(project.folder)


def test_a_project_that_requires_approvals_runs_nothing_without(project: Project) -> None:
    check_approval(project.plan(POLICY))
    required = _require(project)
    with pytest.raises(UsageError, match=r"needs an approval .*: it is not approved"):
        check_approval(required.plan(POLICY))
    _approve(required)
    check_approval(load_project(project.folder).plan(POLICY))
    _edit(project, "rattacher entre eux", "relier entre eux")
    with pytest.raises(UsageError, match="relier entre eux"):
        check_approval(load_project(project.folder).plan(POLICY))


def test_a_plan_and_a_receipt_say_who_approved(project: Project) -> None:
    assert approval_part(project.plan(POLICY)) == "none"
    _approve(project)
    plan = load_project(project.folder).plan(POLICY)
    part = approval_part(plan)
    assert part != "none"
    assert (part.opinion, part.by, part.role) == ("favorable", "A. Martin", "DPO")
    assert plan.sha256 == project.plan(POLICY).sha256


def test_check_warns_of_what_is_not_approved_or_ends_soon(project: Project) -> None:
    assert "approval" not in {found.code for found in check(project)}
    required = _require(project)
    warned = [found for found in check(required) if found.code == "approval"]
    assert {found.severity for found in warned} == {"warning"}
    assert len(warned) == len(required.policies())
    _approve(required, until=(today() + datetime.timedelta(days=20)).isoformat())
    (found,) = [
        found
        for found in check(load_project(project.folder))
        if found.code == "approval" and POLICY in found.problem.file
    ]
    assert "ends on" in found.problem.text


@pytest.mark.parametrize(
    ("old", "new"),
    [(NEXT_YEAR, "2099-01-01"), ("role: DPO", "role: ministre"), ("favorable", "réservé")],
)
def test_an_approval_that_was_edited_is_told(project: Project, old: str, new: str) -> None:
    _approve(project)
    _edit(project, old, new, f"policies/approvals/{POLICY}.yaml")
    assert "was changed after it was written" in _state(project).problem


def test_an_approval_that_knew_no_digest_of_its_own_still_covers(project: Project) -> None:
    _approve(project)
    path = project.folder / "policies" / "approvals" / f"{POLICY}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("sha256")))
    assert _state(project).problem == ""


def test_a_law_that_changes_at_midnight_is_approved_for_both_sides(tmp_path: Path) -> None:
    change = today() + datetime.timedelta(days=10)
    law = "policies/law/R6323-34.yaml"
    text = (BASE / law).read_text(encoding="utf-8")
    head, version = text[: text.index("  - id")], text[text.index("  - id") :].rstrip("\n")
    until = version.replace("    from:", f"    until: {change}\n    from:", 1)
    later = version.replace("2020-01-01", change.isoformat(), 1)
    copy_base(tmp_path, [(law, text, f"{head}{until}\n{later}\n")])
    _approve(load_project(tmp_path), "feed", until=(change + 5 * DAY).isoformat())
    (approval, _source) = load_project(tmp_path).approval("feed") or pytest.fail("no approval")
    assert [interval.from_ for interval in approval.intervals] == [today(), change]

    def problem(day: datetime.date) -> str:
        fresh = load_project(tmp_path)
        return judge_approval(open_policy(fresh, "feed"), day, fresh.approval("feed")).problem

    assert [problem(change - DAY), problem(change)] == ["", ""]
    (tmp_path / law).write_text(f"{head}{until}\n{later.replace('tit-droits', 'tit-autres')}\n")
    assert problem(change - DAY) == ""
    assert "words of R6323-34 in the project's own law" in problem(change)
