import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tamis.check.catalogue import Rule
from tamis.cli.check import check_command, explain_rule
from tamis.cli.plan import plan_command
from tamis.errors import DocumentError, UsageError
from tamis.plan.project import Project, load_project

from ..validated import validate_junit, validate_sarif

MakeProject = Callable[..., Project]
Captured = pytest.CaptureFixture[str]
NIR_KEPT = ("policies/study.yaml", "      nir: {pseudonymize: {as: pseudonyme}}\n", "")
MISSPELT = ("policies/feed.yaml", "because: identifier", "becuase: identifier")


def test_check_says_that_all_holds_and_on_what_it_stands(
    make_project: MakeProject, capsys: Captured
) -> None:
    project = make_project()
    assert check_command(project, False, warnings=True) == 0
    items, basis, veille, holds, as_declared = capsys.readouterr().out.splitlines()
    assert items == "warning: policies/aid.yaml:6:3: items with a purpose selon notre lecture: 3"
    assert basis == (
        "warning: policies/aid.yaml:13:27: décret n° 2019-341 is not among the texts that Tamis "
        "has read, and what rests on it is `confirmed`: aid, feed"
    )
    assert veille.startswith("warning: policies/veille.yaml:2:8: 15 texts of the bundled veille")
    assert holds == (
        f"{project.folder}: 3 policies: the 10 rules hold on every day; 0 violations, 3 warnings"
    )
    assert as_declared == "what holds, holds for the documents as declared"
    assert check_command(project, False) == 0
    assert capsys.readouterr().out == f"{holds} (--warnings shows them)\n{as_declared}\n"


def test_check_prints_place_rule_day_and_counterexample(
    make_project: MakeProject, capsys: Captured
) -> None:
    project = make_project(NIR_KEPT)
    assert check_command(project, False) == 1
    assert capsys.readouterr().out.splitlines() == [
        "policies/study.yaml:12:16: `nir` is an identifier (nir, nia): under R6323-37.III.2 it "
        "must be dropped or pseudonymized, never kept",
        "  rule 4 (no NIR under paragraph III), on 2021-01-01",
        "  release etude · item R6323-37.III.2 · field nir · identifier nir, nia",
        f"{project.folder}: 3 policies: 1 violation, 3 warnings (--warnings shows them)",
    ]
    assert check_command(project, False, warnings=True) == 1
    assert [line[:8] for line in capsys.readouterr().out.splitlines()[:4]] == [
        *["warning:"] * 3,
        "policies",
    ]


def test_one_policy_is_judged_with_what_others_release_to_its_partner(
    make_project: MakeProject, capsys: Captured
) -> None:
    project = make_project(NIR_KEPT)
    assert check_command(project, False, "aid") == 0
    assert f"{project.folder}: 1 policy: the 10 rules hold" in capsys.readouterr().out
    assert check_command(project, False, "study") == 1
    with pytest.raises(UsageError, match="no policy `studi` in policies, did you mean `study`"):
        check_command(project, False, "studi")


def test_rules_are_explained(capsys: Captured) -> None:
    assert explain_rule("4") == 0
    text = capsys.readouterr().out
    assert text.startswith("rule 4 (no NIR under paragraph III)\n  Under an item without the NIR,")
    assert explain_rule("all") == 0
    rules = capsys.readouterr().out
    assert text in rules
    assert rules.count("  ") >= len(Rule)
    with pytest.raises(UsageError, match="--explain 12: must be a rule, 1 to 10, or `all`"):
        explain_rule("12")


def test_sarif_and_junit_have_each_violation_at_its_place(
    make_project: MakeProject, capsys: Captured, tmp_path: Path
) -> None:
    project, junit = make_project(NIR_KEPT), tmp_path / "check.xml"
    assert check_command(project, False, sarif=True, junit=junit) == 1
    log = json.loads(capsys.readouterr().out)
    validate_sarif(log)
    validate_junit(junit)
    (run,) = log["runs"]
    error, *warnings = run["results"]
    assert (error["ruleId"], error["level"]) == ("rule-4", "error")
    assert error["ruleId"] in [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert error["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "policies/study.yaml"},
        "region": {"startLine": 12, "startColumn": 16},
    }
    assert {warning["level"] for warning in warnings} == {"warning"}
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("11", "1")
    (failure,) = suite.iter("failure")
    assert str(failure.text).startswith("policies/study.yaml:12:16: ")
    assert check_command(make_project(MISSPELT), False, sarif=True, junit=junit) == 2
    log = json.loads(capsys.readouterr().out)
    validate_sarif(log)
    validate_junit(junit)
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["documents"]
    assert ElementTree.parse(junit).getroot().get("failures") == "1"


def test_check_as_json_has_the_same(make_project: MakeProject, capsys: Captured) -> None:
    assert check_command(make_project(NIR_KEPT), True) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["holds"], result["policies"], result["documents"]) == (False, 3, [])
    assert [violation["code"] for violation in result["violations"]] == ["identifier-kept"]
    assert result["violations"][0]["day"] == "2021-01-01"
    assert result["violations"][0]["counterexample"]["field"] == "nir"
    assert [warning["severity"] for warning in result["warnings"]] == ["warning"] * 3


def test_check_of_no_policy_is_no_green_one(make_project: MakeProject, capsys: Captured) -> None:
    project = make_project()
    for path in project.policies().values():
        path.rename(path.with_suffix(".txt"))
    with pytest.raises(DocumentError, match="policies: must hold a policy"):
        check_command(project, False)
    assert check_command(project, True) == 2
    assert json.loads(capsys.readouterr().out)["project"] == str(project.folder)


@pytest.mark.parametrize("place", ["policies/feed.yml", "policies/a.YAML", "schemas/people.yml"])
def test_a_document_of_another_suffix_is_not_passed_over(
    place: str, make_project: MakeProject
) -> None:
    project = make_project()
    (project.folder / place).touch()
    name = place.rpartition("/")[2].partition(".")[0]
    with pytest.raises(DocumentError, match=f"^{place}: must be called `{name}.yaml`$"):
        check_command(project, False)


@pytest.mark.parametrize("place", ["policies/flows", "schemas/old", "policies/feed2.yaml"])
def test_a_folder_of_documents_is_not_passed_over(place: str, make_project: MakeProject) -> None:
    project = make_project()
    (project.folder / place).mkdir()
    (project.folder / place / "feed.yaml").touch()
    with pytest.raises(DocumentError, match=f"^{place}: must be no folder"):
        check_command(project, False)


def test_a_schema_of_no_policy_is_told(make_project: MakeProject, capsys: Captured) -> None:
    project = make_project()
    source = project.folder / "schemas" / "people.yaml"
    text = source.read_text(encoding="utf-8").replace("schema: people", "schema: nobody")
    source.with_stem("nobody").write_text(text, encoding="utf-8")
    assert check_command(project, False) == 0
    assert "schema `nobody`: no policy refers to it" in capsys.readouterr().out
    assert check_command(project, True) == 0
    assert json.loads(capsys.readouterr().out)["unused_schemas"] == ["nobody"]


def test_a_project_is_the_current_folder_or_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="must have a folder `policies`"):
        load_project()
    assert load_project("cpf").name == "cpf"
    (tmp_path / "cpf" / "policies").mkdir(parents=True)
    assert load_project("cpf").name == "cpf"
    own = load_project("./cpf")
    assert own.name == str(tmp_path / "cpf")
    assert own.borrowed == ("law", "register")
    assert load_project(tmp_path / "cpf").name == own.name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("policies/study.yaml", "did you mean `study`"),
        ("evaluation-cpf", "one of that name comes with Tamis: --project cpf"),
        ("nothing", "expected one of `aid`, `feed`, `study`"),
    ],
)
def test_an_unknown_policy_is_told_with_the_known_ones(
    name: str, hint: str, make_project: MakeProject
) -> None:
    with pytest.raises(UsageError, match=hint):
        make_project().plan(name)


def test_a_misspelt_key_is_a_wrong_document(make_project: MakeProject, capsys: Captured) -> None:
    project = make_project(MISSPELT)
    with pytest.raises(DocumentError) as caught:
        check_command(project, False)
    assert caught.value.exit_code == 2
    assert check_command(project, True) == 2
    problems = json.loads(capsys.readouterr().out)["documents"]
    assert [(problem["file"], problem["line"], problem["column"]) for problem in problems] == [
        ("policies/feed.yaml", 16, 9)
    ]


def test_plan_tells_every_field_with_the_place_that_decides(
    make_project: MakeProject, capsys: Captured
) -> None:
    assert plan_command(make_project(), "study", "2024-06-01", None, False) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "policy study, day 2024-06-01, no change known to come"
    assert (
        "nir pseudonymized as pseudonyme (hmac-sha256) compter des personnes sans savoir qui "
        "policies/study.yaml:12:16" in lines
    )
    assert (
        "cle stripped paragraph III: the partner carries no NIR policies/law/R6323-37.yaml:16:40"
        in lines
    )
    assert "iban dropped outside every category schemas/people.yaml:16:3" in lines


def test_plan_tells_conditions(make_project: MakeProject, capsys: Captured) -> None:
    plan_command(make_project(), "feed", "2024-06-01", None, False)
    out = capsys.readouterr().out
    assert "released where nature in CPF, because seuls ces droits relèvent du I 1°" in out
    assert "only elements of contrats where nature in 01, 02" in out
    assert "calculer les droits (when annee in 2021, 2022, else null)" in out


def test_plan_explains_one_field_by_every_place(
    make_project: MakeProject, capsys: Captured
) -> None:
    plan_command(make_project(), "study", "2024-06-01", "naissance", False)
    assert capsys.readouterr().out.splitlines() == [
        "naissance in release etude: generalized to year, comparer par âge, sexe et lieu",
        "  schemas/people.yaml:9:3: `naissance` is date32; birth of the NIR; category tit-identite",
        "  policies/law/R6323-34.yaml:6:55: category tit-identite serves R6323-33.5 "
        "(LEGIARTI000000000341)",
        "  policies/study.yaml:14:22: kept because comparer par âge, sexe et lieu",
        "  policies/study.yaml:19:7: treated: generalize to year",
    ]


def test_plan_explains_the_fields_inside_a_container(
    make_project: MakeProject, capsys: Captured
) -> None:
    plan_command(make_project(), "feed", "2024-06-01", "contrats", True)
    fields = json.loads(capsys.readouterr().out)["releases"]["droits"]["fields"]
    assert list(fields) == ["contrats.debut", "contrats.nature", "contrats.primes.montant"]
    assert fields["contrats.nature"]["decided_at"] == "policies/feed.yaml:14:11"


def test_plan_as_json_says_what_is_read(make_project: MakeProject, capsys: Captured) -> None:
    plan_command(make_project(), "feed", "2021-06-01", None, True)
    result = json.loads(capsys.readouterr().out)
    assert result["valid_until"] == "2022-01-01"
    assert result["reads"][-2:] == ["contrats.debut", "contrats.nature"]
    assert result["releases"]["droits"]["where"] == [
        {"field": "nature", "in": ["CPF"], "because": "seuls ces droits relèvent du I 1°"}
    ]


@pytest.mark.parametrize(
    ("on", "field", "text"),
    [
        ("2024-06-01", "naisance", "no field `naisance` in schema `people`, did you mean"),
        ("yesterday", None, "not a day"),
        ("2020-06-01", None, "no release in force on 2020-06-01"),
    ],
)
def test_plan_refuses_what_it_cannot_tell(
    on: str, field: str | None, text: str, make_project: MakeProject
) -> None:
    with pytest.raises(UsageError, match=text):
        plan_command(make_project(), "study", on, field, False)
