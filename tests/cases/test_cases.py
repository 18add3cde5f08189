"""The policies' own tests: what a case says, what it reaches, and which mistakes it notices."""

import datetime
import shutil
from pathlib import Path

import pytest
from junitparser import JUnitXml
from ruamel.yaml import YAML

from tamis.cases.coverage import measure, values_at
from tamis.cases.judge import Outcome, judge_cases
from tamis.cases.junit import junit_tests, write_junit
from tamis.cases.mutants import judge_mutants
from tamis.cases.neighbours import neighbours
from tamis.cases.propose import propose_cases
from tamis.documents.context import PolicyContext, conditions_of, open_policy
from tamis.documents.project import bundled_folder
from tamis.errors import DocumentError, UsageError
from tamis.plan.project import Project, bundled_project, load_project

from ..validated import validate_junit

POLICY = "regularite-prestataires"
PROVIDER = 'siren: "732829320", siret: "73282932000074"'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("schemas", "policies"):
        shutil.copytree(
            bundled_folder() / folder, tmp_path / folder, ignore=shutil.ignore_patterns("tests")
        )
    (tmp_path / "policies" / "tests").mkdir()
    return load_project(tmp_path)


def _write(project: Project, text: str, policy: str = POLICY) -> PolicyContext:
    path = project.folder / "policies" / "tests" / f"{policy}.yaml"
    path.write_text(f"policy: {policy}\ncases:\n{text}", encoding="utf-8")
    return open_policy(load_project(project.folder), policy)


def _judge(project: Project, text: str, policy: str = POLICY) -> list[Outcome]:
    context = _write(project, text, policy)
    found = load_project(project.folder).cases(policy)
    assert found is not None
    return judge_cases(context, *found)


def _case(record: str, expect: str, on: str = "2026-01-01") -> str:
    return f"  - note: un prestataire\n    on: {on}\n    record: {record}\n    expect: {expect}\n"


@pytest.mark.parametrize(
    ("record", "expect"),
    [
        (f"{{{PROVIDER}, dette_fiscale: 12.5}}", f"{{regularite: {{{PROVIDER}}}}}"),
        ('{siret: "73282932000074"}', '{quarantined: {reason: "null", field: siren}}'),
        (
            f'{{{PROVIDER}, dirigeant_nir: "155087599999193"}}',
            "{quarantined: {reason: on-nir, field: dirigeant_nir}}",
        ),
    ],
)
def test_a_case_is_as_expected(project: Project, record: str, expect: str) -> None:
    (outcome,) = _judge(project, _case(record, expect))
    assert outcome.problem is None, outcome.problem


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ("withheld", "expected it withheld, got it released to `regularite`"),
        ('{regularite: {siren: "732829320"}}', "`siret`: expected no value, got 73282932000074"),
        (f"{{regularite: {{{PROVIDER}, conformite_fiscale: O}}}}", "expected O, got no value"),
        (f"{{autre: {{{PROVIDER}}}}}", "expected it released to `autre`, got it released to"),
        ("{quarantined: {reason: type, field: siren}}", "expected quarantine for type (siren)"),
    ],
)
def test_what_is_not_as_expected_is_told_where_it_stands(
    project: Project, expect: str, text: str
) -> None:
    (outcome,) = _judge(project, _case(f"{{{PROVIDER}}}", expect))
    assert outcome.problem is not None
    assert text in outcome.problem.text
    assert outcome.problem.file.endswith(f"policies/tests/{POLICY}.yaml")
    assert outcome.problem.line == 6


def test_a_case_holds_on_each_of_its_days(project: Project) -> None:
    outcomes = _judge(project, _case(f"{{{PROVIDER}}}", "withheld", "[2024-12-31, 2025-01-01]"))
    assert [outcome.problem is None for outcome in outcomes] == [True, False]


def test_a_field_that_the_schema_has_not_is_refused(project: Project) -> None:
    with pytest.raises(DocumentError, match="no field `sirene` in schema"):
        _judge(project, _case('{sirene: "732829320"}', "withheld"))


def test_cases_of_no_policy_are_a_mistake_of_the_project(project: Project) -> None:
    path = project.folder / "policies" / "tests" / "regularite.yaml"
    path.write_text("policy: regularite\n", encoding="utf-8")
    (problem,) = load_project(project.folder).misplaced()
    assert f"did you mean `{POLICY}`?" in problem.text


def test_coverage_tells_what_no_case_reaches(project: Project) -> None:
    context = open_policy(project, "france-travail-financement")
    cells = measure(context, []).cells
    missing = {problem.text.partition(" (")[0] for problem in measure(context, []).missing}
    assert missing == {
        "no case releases a field of this need",
        "no case meets this condition",
        "every case meets this condition",
    }
    text = propose_cases(context).partition("cases:\n")[2]
    outcomes = _judge(project, text, "france-travail-financement")
    assert measure(context, outcomes).reached == set(cells)


def test_an_exception_or_an_approval_that_ends_asks_for_no_case(project: Project) -> None:
    project_file = project.folder / "policies" / "project.yaml"
    cells = measure(open_policy(project, POLICY), []).cells
    allowed = f"what: unconfirmed, policy: {POLICY}, because: le temps d'un essai, by: DSI"
    project_file.write_text(f"exceptions: [{{{allowed}, until: 2030-01-01}}]\n", encoding="utf-8")
    context = open_policy(load_project(project.folder), POLICY)
    assert datetime.date(2030, 1, 1) in context.cuts
    assert measure(context, []).cells == cells


def test_a_mutant_is_killed_by_the_case_that_notices_it(project: Project) -> None:
    policy = "france-travail-financement"
    context = open_policy(project, policy)
    text = propose_cases(context).partition("cases:\n")[2]
    _write(project, text, policy)
    found = load_project(project.folder).cases(policy)
    assert found is not None
    full = judge_mutants(context, *found)
    first = (found[0].model_copy(update={"cases": found[0].cases[:1]}), found[1])
    few = judge_mutants(context, *first)
    assert [mutant.problem for mutant in full] == [mutant.problem for mutant in few]
    assert sum(not mutant.killed_by for mutant in few) > sum(not m.killed_by for m in full)
    assert {mutant.killed_by for mutant in full} >= {"check", "cases"}


DANGEROUS = {
    ("evaluation-cpf", "dispositif"): ["DIFEL"],
    ("dsn-droits", "contrats.arrets.motif"): ["01", "04", "07", "08", "10"],
    ("dsn-droits", "essai_ou_reel"): ["01", "03"],
    ("maf-manquements", "mesures.etat"): ["PROJET", "SUSPENDUE_JUGE", "ANNULEE_JUGE"],
    ("benevolat-engagement", "activites.choix_titulaire"): [False],
    ("france-travail-financement", "dossier_cpf"): [],
}


@pytest.mark.parametrize(("policy", "field"), DANGEROUS)
def test_the_values_next_to_the_accepted_ones_are_known_and_tried(policy: str, field: str) -> None:
    project = bundled_project()
    context, found = open_policy(project, policy), project.cases(policy)
    (release,) = context.policy.releases
    test = next(test for test in conditions_of(release, ()) if test.field == field)
    near = neighbours(context, release, test)
    assert near == DANGEROUS[policy, field]
    assert found is not None
    tried = [value for case in found[0].cases for value in values_at(case.record, field)]
    assert {*near} <= {*tried}


def test_a_when_has_no_neighbour_that_no_released_record_has(project: Project) -> None:
    context = open_policy(project, "france-travail-financement")
    (release,) = context.policy.releases
    (test,) = [test for test in conditions_of(release, ()) if test.need is not None]
    assert neighbours(context, release, test) == ["REFUSEE"]


def test_a_condition_that_accepts_one_value_more_is_noticed_by_a_case(project: Project) -> None:
    found = bundled_project().cases("evaluation-cpf")
    assert found is not None
    mutants = judge_mutants(open_policy(project, "evaluation-cpf"), *found)
    killed = {mutant.problem.text: mutant.killed_by for mutant in mutants}
    assert killed["a condition accepts `DIFEL` too (evaluation)"] == "cases"
    assert killed["a condition is dropped (evaluation)"] == "cases"


def test_notes_say_what_happens_and_that_they_are_proposed(project: Project) -> None:
    text = propose_cases(open_policy(project, "si-cpa-compte"))
    assert text.startswith("# Proposé d'après ce que le filtre fait aujourd'hui")
    notes = " ".join(case["note"] for case in YAML(typ="safe", pure=True).load(text)["cases"])
    assert "à côté d'un élément attendu, CPF" in notes
    assert "transmis (compte), avec 1 élément de « dossiers »" in notes
    assert "numero a par hasard la forme d'un NIR : transmis" in notes
    assert "seul ce qui est nécessaire" not in notes


@pytest.mark.parametrize("policy", ["dsn-droits", "france-travail-financement", "si-cpa-compte"])
def test_proposed_cases_hold_and_reach_everything(project: Project, policy: str) -> None:
    context = open_policy(project, policy)
    outcomes = _judge(project, propose_cases(context).partition("cases:\n")[2], policy)
    assert [outcome.problem for outcome in outcomes if outcome.problem] == []
    coverage = measure(context, outcomes)
    assert len(coverage.reached) >= 0.95 * len(coverage.cells)


def test_junit_has_a_test_for_each_case_and_day(project: Project, tmp_path: Path) -> None:
    outcomes = _judge(project, _case(f"{{{PROVIDER}}}", "withheld", "[2024-12-31, 2025-01-01]"))
    write_junit(tmp_path / "out.xml", "tamis test", {POLICY: junit_tests(outcomes)})
    validate_junit(tmp_path / "out.xml")
    (suite,) = JUnitXml.fromfile(str(tmp_path / "out.xml"))
    assert (suite.name, suite.tests, suite.failures) == (POLICY, 2, 1)
    assert [test.is_failure for test in suite] == [False, True]
    assert [test.classname for test in suite] == [POLICY, POLICY]


def test_days_of_outcomes_are_those_of_the_case(project: Project) -> None:
    (outcome,) = _judge(project, _case(f"{{{PROVIDER}}}", "withheld", "2024-12-31"))
    assert outcome.day == datetime.date(2024, 12, 31)


def test_a_project_without_cases_is_told_where_they_go(project: Project) -> None:
    from tamis.cli.test import run_cases

    text = r"policies/tests/accompagnement-parcours\.yaml; `tamis draft --tests accompagnement-parc"
    with pytest.raises(UsageError, match=text):
        run_cases(
            project, (), coverage=False, mutate=False, junit=None, fail_under=None, json=False
        )


@pytest.mark.parametrize("policy", sorted(bundled_project().policies()))
def test_the_bundled_policies_do_what_their_cases_say(policy: str) -> None:
    project = bundled_project()
    found = project.cases(policy)
    assert found is not None, "a policy without cases"
    context = open_policy(project, policy)
    outcomes = judge_cases(context, *found)
    assert [outcome.problem for outcome in outcomes if outcome.problem] == []
    coverage = measure(context, outcomes)
    assert len(coverage.reached) >= 0.95 * len(coverage.cells)


@pytest.mark.slow
def test_small_mistakes_in_bundled_policies_are_noticed() -> None:
    """`tamis test --mutate --project cpf` tries all of them, in half a minute of CPU."""
    project = bundled_project()
    killed = total = 0
    for policy in ("cpir-partage", "evaluation-cpf", "regularite-prestataires", "si-cpa-compte"):
        found = project.cases(policy)
        assert found is not None
        mutants = judge_mutants(open_policy(project, policy), *found)
        total += len(mutants)
        killed += sum(bool(mutant.killed_by) for mutant in mutants)
        survivors = [mutant.problem.text for mutant in mutants if not mutant.killed_by]
        assert not [text for text in survivors if "condition" in text or "need" in text]
    assert killed >= 0.9 * total
