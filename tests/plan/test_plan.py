import datetime
from collections.abc import Callable

import pytest

from tamis.errors import DocumentError, UsageError
from tamis.plan.plan import Plan, PlanField, PlanLeaf
from tamis.plan.project import Project, bundled_project

MakeProject = Callable[..., Project]
DAY = datetime.date(2024, 6, 1)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def names(fields: tuple[PlanField, ...]) -> list[object]:
    """The names of a projection, containers as [name, [names inside]]."""
    tree: list[object] = []
    for field in fields:
        inner = field
        while inner.of is not None:
            inner = inner.of
        tree.append([field.name, names(inner.fields)] if inner.fields else field.name)
    return tree


def leaf_of(plan: Plan, path: str) -> PlanLeaf:
    return next(leaf for leaf in plan.releases[0].leaves if leaf.path == path)


def test_a_plan_reads_what_it_keeps_tests_or_filters_by_in_the_schemas_order(
    make_project: MakeProject,
) -> None:
    plan = make_project().plan("feed", on=DAY)
    read = ["nir", "nom", "nature", "annee", "notes", "paie", ["contrats", ["debut", "nature"]]]
    assert names(plan.fields) == read
    assert [leaf.path for leaf in plan.releases[0].leaves] == [
        "nir",
        "nom",
        "notes",
        "paie",
        "contrats.debut",
    ]
    assert plan.known[:3] == ("nir", "cle", "nom")


def test_a_plan_says_what_it_stands_on(make_project: MakeProject) -> None:
    plan = make_project().plan("feed", on=day("2021-06-01"))
    assert plan.law == {
        "R6323-37": "LEGIARTI000000000371",
        "R6323-33": "LEGIARTI000000000331",
        "R6323-34": "LEGIARTI000000000341",
        "R6323-34-1": "LEGIARTI000000003411",
    }
    release = plan.releases[0]
    assert (release.item, release.nir, release.attested) == ("R6323-37.I.1", "carried", "read")
    assert (plan.processing, plan.carries_nir, plan.direction) == ("paie", True, "into-store")
    assert plan.valid_until == day("2022-01-01")


def test_every_field_has_its_fate_and_the_reason(make_project: MakeProject) -> None:
    project = make_project()
    feed = project.plan("feed", on=DAY).fates["droits"]
    assert feed["nir"] == ("kept", "identifier le titulaire")
    assert feed["nature"] == ("dropped", "read for a condition, never released")
    assert feed["contrats.nature"] == ("dropped", "read for a condition, never released")
    assert feed["iban"] == ("dropped", "outside every category")
    assert feed["sans"] == ("dropped", "outside every category")
    assert feed["commune"] == ("dropped", "not listed by the policy")
    assert feed["cle"] == ("dropped", "not listed by the policy")
    assert list(feed) == list(project.schema("people")[0].leaves())

    study = project.plan("study", on=DAY).fates["etude"]
    assert study["nir"] == ("pseudonymized", "compter des personnes sans savoir qui")
    assert study["naissance"] == ("generalized", "comparer par âge, sexe et lieu")
    assert study["notes"] == ("redacted", "comprendre les usages")
    assert study["cle"] == ("stripped", "paragraph III: the partner carries no NIR")


def test_free_text_is_redacted_unless_the_nir_passes_and_the_policy_says_so(
    make_project: MakeProject,
) -> None:
    project = make_project()
    assert leaf_of(project.plan("aid", on=DAY), "notes").redact is False
    assert leaf_of(project.plan("feed", on=DAY), "notes").redact is True
    assert leaf_of(project.plan("study", on=DAY), "notes").redact is True


def test_a_field_is_kept_if_one_of_its_needs_holds(make_project: MakeProject) -> None:
    conditional = leaf_of(make_project().plan("feed", on=DAY), "paie").when
    assert [[(test.field, test.values) for test in tests] for tests in conditional] == [
        [("annee", (2021, 2022))]
    ]


def test_a_need_without_a_condition_makes_the_others_moot(make_project: MakeProject) -> None:
    plan = make_project(("policies/feed.yaml", "[nir, nom]", "[nir, nom, paie]")).plan(
        "feed", on=DAY
    )
    assert leaf_of(plan, "paie").when == ()
    assert leaf_of(plan, "paie").because == ("identifier le titulaire", "calculer les droits")


def test_a_nir_that_stops_a_record_is_looked_for_where_it_is_declared(
    make_project: MakeProject,
) -> None:
    without_nir = (
        ("policies/study.yaml", "keep: [nir]", "keep: [code]"),
        ("policies/study.yaml", "      nir: {pseudonymize: {as: pseudonyme}}\n", ""),
    )
    stops = ("policies/study.yaml", "    needs:", "    on_nir: quarantine\n    needs:")
    plan = make_project(*without_nir, stops).plan("study", on=DAY)
    assert "nir" in names(plan.fields)
    assert "cle" not in names(plan.fields)
    assert plan.fates["etude"]["nir"][0] == "stripped"


def test_what_is_stripped_is_not_read(make_project: MakeProject) -> None:
    plan = make_project(
        ("policies/study.yaml", "keep: [nir]", "keep: [code]"),
        ("policies/study.yaml", "      nir: {pseudonymize: {as: pseudonyme}}\n", ""),
    ).plan("study", on=DAY)
    assert "nir" not in names(plan.fields)
    assert not plan.needs_keys


@pytest.mark.parametrize(
    ("policy", "on", "until"),
    [
        ("feed", "2021-01-01", "2022-01-01"),  # the next version of R. 6323-37
        ("feed", "2022-01-01", None),
        ("aid", "2022-01-01", "2025-01-01"),  # the release ends
    ],
)
def test_a_plan_is_valid_until_something_it_depends_on_changes(
    policy: str, on: str, until: str | None, make_project: MakeProject
) -> None:
    plan = make_project().plan(policy, on=day(on))
    assert plan.valid_until == (day(until) if until else None)


def test_a_plan_ends_with_its_processings_entry(make_project: MakeProject) -> None:
    project = make_project(("policies/aid.yaml", "    until: 2025-01-01\n", ""))
    assert project.plan("aid", on=DAY).valid_until == day("2026-01-01")
    with pytest.raises(DocumentError, match=r"registered for R6323-37\.II .* \(on 2026-01-01\)"):
        project.plan("aid", on=day("2026-01-01"))


def test_the_day_is_not_in_the_digest_and_the_law_is(make_project: MakeProject) -> None:
    project = make_project()
    first, next_day, new_law = (
        project.plan("feed", on=day(on)) for on in ("2021-01-01", "2021-01-02", "2022-01-01")
    )
    assert first.sha256 == next_day.sha256
    assert first.sha256 != new_law.sha256


def test_a_key_that_documents_get_later_keeps_the_digest(make_project: MakeProject) -> None:
    """Receipts name it: a key that no document of the project says must not stand in it."""
    digest = "3289ebe6ff0ba75dfa8c5a34384b1ae5b9ddb81680ea67bcba21705c4ced005c"
    assert make_project().plan("aid", on=DAY).sha256 == digest


def test_reformatting_a_policy_keeps_the_plan(make_project: MakeProject) -> None:
    project = make_project()
    before = project.plan("aid", on=DAY)
    file = project.folder / "policies" / "aid.yaml"
    file.write_text(
        "# a comment\n" + file.read_text("utf-8").replace("[nir, notes]", "[notes, nir]")
    )
    after = Project(project.folder).plan("aid", on=DAY)
    assert after.sha256 == before.sha256
    assert after.policy_sha256 != before.policy_sha256


def test_a_day_without_a_release_says_which_there_are_and_when(make_project: MakeProject) -> None:
    with pytest.raises(UsageError) as caught:
        make_project().plan("aid", on=day("2019-06-01"))
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        "policy `aid` has no release in force on 2019-06-01\n"
        "  release `R6323-37.II` is in force from 2021-01-01 until 2025-01-01; "
        "item R6323-37.II is not in force on 2019-06-01, but from 2020-01-01"
    )


def test_an_unknown_policy_is_named_with_its_neighbour(make_project: MakeProject) -> None:
    with pytest.raises(UsageError, match="no policy `fed` in policies, did you mean `feed`"):
        make_project().plan("fed", on=DAY)


def test_a_plan_is_refused_on_the_days_that_violate_and_on_no_other(
    make_project: MakeProject,
) -> None:
    project = make_project(
        ("policies/study.yaml", "item: R6323-37.III.2", "item: R6323-37.III.4"),
        ("policies/study.yaml", "purpose: R6323-33.5", "purpose: R6323-33.7"),
        ("policies/register.yaml", "item: R6323-37.III.2", "item: R6323-37.III.4"),
    )
    assert project.plan("study", on=day("2021-12-31")).releases[0].item == "R6323-37.III.4"
    with pytest.raises(DocumentError, match=r"study\.yaml:7:11: .* \(on 2022-01-01\)"):
        project.plan("study", on=day("2022-01-01"))


def test_iii_5_is_refused_the_day_before_it_began() -> None:
    project = bundled_project()
    with pytest.raises(UsageError, match=r"item R6323-37\.III\.5 is not in force on 2024-12-31"):
        project.plan("regularite-prestataires", on=day("2024-12-31"))
    plan = project.plan("regularite-prestataires", on=day("2025-01-01"))
    assert [release.item for release in plan.releases] == ["R6323-37.III.5"]


def test_every_cpf_policy_compiles_today() -> None:
    project = bundled_project()
    for name in project.policies():
        assert project.plan(name).releases, name
