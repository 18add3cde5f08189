from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tamis.check.check import check
from tamis.check.violation import Violation
from tamis.errors import DocumentError
from tamis.plan.project import Project, bundled_project

MakeProject = Callable[..., Project]
ADDED_RELEASE = """\
  - {id: lieux, item: R6323-37.III.2, purpose: R6323-33.5, from: 2023-01-01, needs: [
      {because: comparer par lieu, keep: [commune]}]}
"""


def read_cases() -> list[Any]:
    files = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    return [
        pytest.param(case, id=case["note"])
        for file in files
        for case in YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    ]


def errors_of(project: Project) -> list[Violation]:
    return [violation for violation in check(project) if violation.severity == "error"]


def warnings_of(project: Project) -> dict[str, str]:
    return {
        violation.code: str(violation.problem)
        for violation in check(project)
        if violation.severity == "warning"
    }


def tell(violations: list[Violation]) -> str:
    return "\n".join(f"{each.problem} | {each.rule} {each.code} {each.day}" for each in violations)


def test_the_base_project_holds(make_project: MakeProject) -> None:
    assert errors_of(make_project()) == []


@pytest.mark.parametrize("case", read_cases())
def test_a_case_is_found_at_its_place_on_its_first_day(
    case: dict[str, Any], make_project: MakeProject
) -> None:
    expected = case.get("want", [])
    expected = [expected] if isinstance(expected, dict) else expected

    violations = errors_of(make_project(*map(tuple, case["change"])))

    codes = {want["code"] for want in expected}
    allowed = codes | {code for want in expected for code in want.get("also", ())}
    assert {violation.code for violation in violations} == allowed, tell(violations)
    assert sum(violation.code in codes for violation in violations) == len(expected), tell(
        violations
    )
    for want in expected:
        matching = [
            violation
            for violation in violations
            if violation.code == want["code"]
            and str(violation.problem).startswith(want["at"] + ": ")
        ]
        assert len(matching) == 1, tell(violations)
        violation = matching[0]
        assert (violation.rule, violation.day) == (want["rule"], want.get("day"))
        assert want["says"] in violation.problem.text
        assert want.get("example", {}).items() <= dict(violation.counterexample).items()


def test_every_code_has_a_case() -> None:
    """The rules' sources name every code; each must be wanted by some case."""
    import re

    from tamis.check import rules

    sources = [file.read_text(encoding="utf-8") for file in Path(rules.__path__[0]).glob("*.py")]
    codes = {
        code
        for source in sources
        for code in re.findall(r'"((?!R6323|not-personal")[a-z]+(?:-[a-z]+)+)"', source)
    } - {
        "nir-key",
        "out-of-store",
        "into-store",
        "fed-by",
        "nir-rebuilt-together",  # of two policies, above
    }
    wants = [param.values[0].get("want", []) for param in read_cases()]
    expected = {
        code
        for want in wants
        for each in ([want] if isinstance(want, dict) else want)
        for code in (each["code"], *each.get("also", ()))
    }
    assert codes - expected == set()


def test_each_place_is_reported_once_though_many_days_fail(make_project: MakeProject) -> None:
    violations = errors_of(
        make_project(
            ("policies/study.yaml", "      nir: {pseudonymize: {as: pseudonyme}}\n", ""),
        )
    )
    assert len(violations) == 1


def test_all_grammar_problems_of_all_documents_are_told_at_once(
    make_project: MakeProject,
) -> None:
    project = make_project(
        ("policies/feed.yaml", "because: identifier", "becuase: identifier"),
        ("policies/aid.yaml", "schema: people", "schema: peeple"),
        ("schemas/people.yaml", "type: int16", "type: int17"),
        ("policies/register.yaml", "carries_nir: false", "carries_nir: perhaps"),
    )
    with pytest.raises(DocumentError) as caught:
        check(project)
    problems = [str(problem) for problem in caught.value.problems]
    assert "policies/feed.yaml:16:9: unknown key `becuase`, did you mean `because`?" in problems
    assert (
        "policies/aid.yaml:2:9: no schema `peeple` in schemas, did you mean `people`?" in problems
    )
    assert "schemas/people.yaml:12:16: unknown type `int17`, did you mean `int16`?" in problems
    assert (
        "policies/register.yaml:15:18: must be true, false or unknown, or a list of dated values"
        in problems
    )
    assert len(problems) == len(set(problems)) == 4


@pytest.mark.parametrize("name", [".", "..", "_quarantine", "a/b", "a b"])
def test_a_release_id_is_a_plain_folder_name(name: str, make_project: MakeProject) -> None:
    with pytest.raises(DocumentError, match=r"policies/feed\.yaml:6:9: "):
        check(make_project(("policies/feed.yaml", "id: droits", f'id: "{name}"')))


def test_a_policy_is_called_like_its_file(make_project: MakeProject) -> None:
    with pytest.raises(
        DocumentError,
        match=r"feed\.yaml:1:9: must be `feed` as the file is called",
    ):
        check(make_project(("policies/feed.yaml", "policy: feed", "policy: food")))


def test_warnings_tell_what_the_documents_stand_on(make_project: MakeProject) -> None:
    warnings = warnings_of(
        make_project(
            ("policies/register.yaml", "carries_nir: false", "carries_nir: unknown"),
            (
                "policies/register.yaml",
                "item: R6323-37.I.1, from: 2020-01-01, attested: read, item_link: read, "
                "source: une liste, read_on: 2020-01-01",
                "item: R6323-37.I.1, from: 2020-01-01, attested: superseded",
            ),
            (
                "policies/register.yaml",
                "item: R6323-37.III.2, from: 2020-01-01, attested: read",
                "item: R6323-37.III.2, from: 2020-01-01, attested: example",
            ),
            (
                "schemas/people.yaml",
                "category: tit-identite, nir_part: sex",
                "category: tit-identite, category_link: inferred, nir_part: sex",
            ),
        )
    )
    assert warnings["partner-unknown"].startswith("policies/register.yaml:15:18: whether")
    assert "paie (R6323-37.I.1)" in warnings["attested-superseded"]
    assert "--allow-example: evaluation (R6323-37.III.2)" in warnings["attested-example"]
    assert "register entries under an item selon notre lecture: 1" in warnings["item-link-inferred"]
    assert "items with a purpose selon notre lecture: 3" in warnings["purposes-link-inferred"]
    assert warnings["category-link-inferred"].startswith(
        "schemas/people.yaml:8:3: fields with a category selon notre lecture: 1"
    )


def test_two_releases_that_together_rebuild_the_nir_are_refused(
    make_project: MakeProject,
) -> None:
    project = make_project(
        ("policies/study.yaml", "[sexe, naissance, commune]", "[sexe, naissance]"),
        ("policies/study.yaml", "      naissance: {generalize: {to: year}}\n", ADDED_RELEASE),
    )
    (violation,) = errors_of(project)
    assert violation.code == "nir-rebuilt-together"
    assert str(violation.problem).startswith("policies/study.yaml:20:43: ")


def test_the_cpf_project_holds() -> None:
    assert tell(errors_of(bundled_project())) == ""
