import datetime
import decimal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamis.diff.change import Change, ChangeRisk, describe_days
from tamis.diff.diff import Difference, diff
from tamis.diff.disclosure import ReleasedForm
from tamis.diff.record_sets import ALL, RecordSet, ValueSet, only, remainder
from tamis.errors import DocumentError, UsageError
from tamis.filter.minimize import minimize
from tamis.plan.project import Project, bundled_project, load_project

from ..projects import BASE, Edit, copy_base

FEED, STUDY, AID = (f"policies/{name}.yaml" for name in ("feed", "study", "aid"))
REGISTER, LAW, PEOPLE = (
    "policies/register.yaml",
    "policies/law/R6323-37.yaml",
    "schemas/people.yaml",
)

ONLY_STUDY_NIR = "      nir: {pseudonymize: {as: pseudonyme}}\n"


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., Difference]:
    """The base project against a copy of it with edits, and the other way round."""

    def compare(*edits: Edit, back: bool = False, on: datetime.date | None = None) -> Difference:
        old, new = (
            load_project(copy_base(tmp_path / "old")),
            load_project(copy_base(tmp_path / "new", edits)),
        )
        return diff(new, old, on) if back else diff(old, new, on)

    return compare


def tell(difference: Difference) -> list[tuple[Any, ...]]:
    return [
        (
            change.risk.name,
            change.effect,
            change.kind,
            ",".join(change.fields),
            describe_days(change.days),
        )
        for change in difference.changes
    ]


def place(change: Change, root: Path) -> str:
    return change.problem.place.removeprefix(f"{root}/")


RELEASED = "RELEASED", "released"
WITHHELD = "WITHHELD", "withheld"
GROUND = "GROUND", "none"
WORDING = "WORDING", "none"
SINCE = "from 2021-01-01"
ALL_FEED = "nir,nom,paie,contrats.debut,notes"
ALL_STUDY = "nir,sexe,naissance,commune,notes,code"
WHERE = """    where:
      - {field: nature, in: [CPF], because: seuls ces droits relèvent du I 1°}
"""
WHEN = """        when:
          - {field: annee, in: [2021, 2022], because: la paie ne compte que ces années}
"""

CASES: list[tuple[str, list[Edit], list[tuple[Any, ...]], str]] = [
    (
        "a field added to a need is newly released, where the need names it",
        [(FEED, "keep: [nir, nom]", "keep: [nir, nom, sexe]")],
        [(*RELEASED, "field", "sexe", SINCE)],
        "new/policies/feed.yaml:17:26",
    ),
    (
        "a field gone from a need is newly withheld, where the old need named it",
        [(FEED, "keep: [nir, nom]", "keep: [nir]")],
        [(*WITHHELD, "field", "nom", SINCE)],
        "old/policies/feed.yaml:17:21",
    ),
    (
        "a treatment that is gone",
        [(STUDY, "      naissance: {generalize: {to: year}}\n", "")],
        [
            (*RELEASED, "treatment", "naissance", SINCE),
            (*WITHHELD, "permitted", ALL_STUDY, SINCE),
        ],
        "new/policies/study.yaml:14:22",
    ),
    (
        "a finer treatment",
        [(STUDY, "to: year", "to: quarter")],
        [(*RELEASED, "treatment", "naissance", SINCE)],
        "new/policies/study.yaml:19:18",
    ),
    (
        "a field that is generalized where it was kept",
        [(STUDY, "to: year}}", "to: year}}\n      commune: {generalize: {prefix: 2}}")],
        [(*WITHHELD, "treatment", "commune", SINCE)],
        "new/policies/study.yaml:20:16",
    ),
    (
        "text that is no longer kept whole",
        [(AID, "    treat:\n      notes: {redact: nothing}\n", "")],
        [(*WITHHELD, "treatment", "notes", "from 2021-01-01 until 2025-01-01")],
        "new/policies/aid.yaml:12:21",
    ),
    (
        "a number in clear where it was pseudonymized",
        [(STUDY, ONLY_STUDY_NIR, "")],
        [
            ("NIR", "released", "nir", "nir", SINCE),
            (*WITHHELD, "permitted", ALL_STUDY, SINCE),
        ],
        "new/policies/study.yaml:12:16",
    ),
    (
        "an item's window widened",
        [(AID, "    until: 2025-01-01\n", "    until: 2026-01-01\n")],
        [("NIR", "released", "window", "nir,notes", "from 2025-01-01 until 2026-01-01")],
        "new/policies/aid.yaml:9:12",
    ),
    (
        "a window that begins later",
        [(FEED, "    from: 2021-01-01", "    from: 2022-01-01")],
        [(*WITHHELD, "window", ALL_FEED, "from 2021-01-01 until 2022-01-01")],
        "new/policies/feed.yaml:9:11",
    ),
    (
        "a processing moved",
        [(STUDY, "processing: evaluation", "processing: paie")],
        [
            (*RELEASED, "processing-moved", ALL_STUDY, SINCE),
            (*WITHHELD, "processing-moved", ALL_STUDY, SINCE),
        ],
        "new/policies/study.yaml:3:13",
    ),
    (
        "a direction changed",
        [(AID, "out-of-store", "into-store")],
        [
            (
                "NIR",
                "released",
                "direction-changed",
                "nir,notes",
                "from 2021-01-01 until 2025-01-01",
            ),
            (*WITHHELD, "direction-changed", "nir,notes", "from 2021-01-01 until 2025-01-01"),
        ],
        "new/policies/aid.yaml:4:12",
    ),
    (
        "a wider condition names the records that are new",
        [(FEED, "in: [CPF]", "in: [DIFEL, CPF]")],
        [("NIR", "released", "condition", ALL_FEED, SINCE)],
        "new/policies/feed.yaml:11:9",
    ),
    (
        "a condition on a need that is gone",
        [(FEED, WHEN, "")],
        [(*RELEASED, "condition", "paie,contrats.debut,notes", SINCE)],
        "old/policies/feed.yaml:22:13",
    ),
    (
        "fewer elements of a list",
        [(FEED, 'in: ["01", "02"]', 'in: ["01"]')],
        [(*WITHHELD, "condition", "contrats.debut", SINCE)],
        "new/policies/feed.yaml:14:11",
    ),
    (
        "a record that is now stopped by its NIR",
        [(STUDY, "    from: 2021-01-01\n", "    from: 2021-01-01\n    on_nir: quarantine\n")],
        [(*WITHHELD, "condition", ALL_STUDY, SINCE)],
        "new/policies/study.yaml:10:13",
    ),
    (
        "another bound on risk",
        [(STUDY, "    from: 2021-01-01\n", "    from: 2021-01-01\n    risk: {k: 15}\n")],
        [(*GROUND, "risk", "", "")],
        "new/policies/study.yaml:10:11",
    ),
    (
        "another method and name of a pseudonym",
        [(STUDY, "{as: pseudonyme}", "{as: alias, method: aes-256-cmac}")],
        [(*GROUND, "nir", "nir", ""), (*GROUND, "nir", "nir", "")],
        "new/policies/study.yaml:18:27",
    ),
    (
        "a NIR kept in one form",
        [
            (
                AID,
                "      notes: {redact: nothing}\n",
                "      nir: {canonical: 13}\n      notes: {redact: nothing}\n",
            )
        ],
        [(*GROUND, "nir", "nir", "")],
        "new/policies/aid.yaml:15:12",
    ),
    (
        "a need reworded",
        [(FEED, "because: identifier le titulaire", "because: savoir de qui il s'agit")],
        [(*GROUND, "reworded", "nir,nom", "")],
        "new/policies/feed.yaml:16:9",
    ),
    (
        "a condition reworded",
        [(FEED, "la paie ne compte que ces années", "ces années seules")],
        [(*GROUND, "reworded", "annee", "")],
        "new/policies/feed.yaml:22:13",
    ),
    (
        "a release renamed",
        [(FEED, "id: droits", "id: alimentation")],
        [(*WORDING, "renamed", "", "")],
        "new/policies/feed.yaml:6:9",
    ),
    (
        "what a register entry stands on",
        [
            (
                REGISTER,
                "from: 2020-01-01, until: 2026-01-01, attested: read",
                "from: 2020-01-01, until: 2026-01-01, attested: example",
            )
        ],
        [(*GROUND, "attested", "", "from 2020-01-01 until 2026-01-01")],
        "new/policies/register.yaml:12:76",
    ),
    (
        "a register entry's window narrowed refuses the policy",
        [(REGISTER, "until: 2026-01-01", "until: 2024-01-01")],
        [
            (*GROUND, "register", "", "from 2024-01-01 until 2026-01-01"),
            (*WITHHELD, "permitted", "nir,notes", "from 2024-01-01 until 2025-01-01"),
        ],
        "old/policies/register.yaml:12:9",
    ),
    (
        "whether a partner carries the NIR",
        [
            (
                REGISTER,
                "name: Évaluation\n    carries_nir: false",
                "name: Évaluation\n    carries_nir: unknown",
            )
        ],
        [(*GROUND, "nir-regime", "", "")],
        "new/policies/register.yaml:15:18",
    ),
    (
        "an identifier mark that is gone",
        [(PEOPLE, "identifier: nir-key, ", "")],
        [(*WORDING, "schema", "cle", "")],
        "new/schemas/people.yaml:6:16",
    ),
    (
        "free text that is no longer marked is no longer redacted",
        [(PEOPLE, ", free_text: true", "")],
        [
            ("NIR", "released", "treatment", "notes", SINCE),
            ("NIR", "released", "treatment", "notes", SINCE),
            (*GROUND, "schema", "notes", ""),
            (*WITHHELD, "permitted", "nir,notes", "from 2021-01-01 until 2025-01-01"),
        ],
        "new/policies/feed.yaml:20:38",
    ),
    (
        "a category that no longer serves refuses the policy",
        [
            (
                PEOPLE,
                "nature:      {type: string, category: tit-droits}",
                "nature:      {type: string, category: outside}",
            )
        ],
        [
            (*GROUND, "schema", "nature", ""),
            (*WITHHELD, "permitted", ALL_FEED, SINCE),
        ],
        "new/schemas/people.yaml:11:41",
    ),
    (
        "another type",
        [(PEOPLE, "annee:       {type: int16", "annee:       {type: int32")],
        [(*GROUND, "schema", "annee", "")],
        "new/schemas/people.yaml:12:23",
    ),
    (
        "a field of the schema that no release uses",
        [(PEOPLE, "  iban:        {type: string, category: outside}\n", "")],
        [(*WORDING, "schema", "iban", "")],
        "old/schemas/people.yaml:16:16",
    ),
]


@pytest.mark.parametrize(
    ("edits", "expected", "where"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_change_is_told_with_its_risk_effect_days_and_place(
    compare: Callable[..., Difference],
    tmp_path: Path,
    edits: list[Edit],
    expected: list[tuple[Any, ...]],
    where: str,
) -> None:
    difference = compare(*edits)

    assert sorted(expected) == sorted(tell(difference))
    assert where == place(difference.changes[0], tmp_path)
    assert difference.newly_released == any(row[1] == "released" for row in expected)


@pytest.mark.parametrize("edits", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_changes_are_sorted_by_risk(compare: Callable[..., Difference], edits: list[Edit]) -> None:
    risks = [change.risk for change in compare(*edits).changes]

    assert sorted(risks) == risks


def test_a_pure_reformatting_is_no_difference(compare: Callable[..., Difference]) -> None:
    difference = compare(
        (FEED, "policy: feed\n", "# a comment\n\npolicy:   'feed'\ndescribes: other words\n"),
        (FEED, "keep: [nir, nom]", "keep:\n          - nom\n          - nir"),
        (FEED, "in: [2021, 2022]", "in: [ 2022, 2021 ]"),
        (STUDY, "      - because: comprendre les usages\n        keep: [notes, code]\n", ""),
        (
            STUDY,
            "    needs:\n",
            "    needs:\n      - because: comprendre les usages\n        keep: [code, notes]\n",
        ),
        (PEOPLE, "category: outside", "category: [outside]"),
    )

    assert difference.changes == ()
    assert not difference.newly_released


def test_a_policy_with_another_name_and_the_same_content_is_renamed(tmp_path: Path) -> None:
    old, new = (
        copy_base(tmp_path / "old"),
        copy_base(tmp_path / "new", [(FEED, "policy: feed", "policy: paie")]),
    )
    (new / FEED).rename(new / "policies/paie.yaml")

    difference = diff(load_project(old), load_project(new))

    assert [(*WORDING, "renamed", "", "")] == tell(difference)
    assert "policy `feed` is now called `paie`" in difference.changes[0].problem.text


def test_a_renamed_policy_is_known_by_its_content_among_others_of_its_flow(tmp_path: Path) -> None:
    edits = [(FEED, "policy: feed", "policy: paie")]
    old, new = copy_base(tmp_path / "old"), copy_base(tmp_path / "new", edits)
    other = (new / FEED).read_text(encoding="utf-8").replace("policy: paie", "policy: autre")
    (new / "policies/autre.yaml").write_text(other.replace("[nir, nom]", "[nir]"), encoding="utf-8")
    (new / FEED).rename(new / "policies/paie.yaml")

    difference = diff(load_project(old), load_project(new))

    assert [(*WORDING, "policy", "", ""), (*WORDING, "renamed", "", "")] == tell(difference)


def test_renamed_policies_that_differ_by_partner_alone_keep_their_partners(tmp_path: Path) -> None:
    def flow(root: Path, name: str, processing: str) -> None:
        text = (BASE / FEED).read_text(encoding="utf-8").replace("policy: feed", f"policy: {name}")
        text = text.replace("processing: paie", f"processing: {processing}")
        (root / f"policies/{name}.yaml").write_text(text, encoding="utf-8")

    old, new = copy_base(tmp_path / "old"), copy_base(tmp_path / "new")
    for root, names in ((old, ("a", "b")), (new, ("d", "c"))):
        for name, processing in zip(names, ("paie", "financeur"), strict=True):
            flow(root, name, processing)

    difference = diff(load_project(old), load_project(new))

    assert [(*WORDING, "renamed", "", "")] * 2 == tell(difference)


def test_a_renamed_policy_that_keeps_more_tells_only_that(tmp_path: Path) -> None:
    edits = [(FEED, "policy: feed", "policy: paie"), (FEED, "[nir, nom]", "[nir, nom, sexe]")]
    old, new = copy_base(tmp_path / "old"), copy_base(tmp_path / "new", edits)
    (new / FEED).rename(new / "policies/paie.yaml")

    difference = diff(load_project(old), load_project(new))

    assert [(*RELEASED, "field", "sexe", SINCE), (*WORDING, "renamed", "", "")] == tell(difference)


def test_a_schema_with_another_name_and_the_same_fields_is_renamed(tmp_path: Path) -> None:
    edits = [(file, "schema: people", "schema: gens") for file in (FEED, STUDY, AID, PEOPLE)]
    old, new = copy_base(tmp_path / "old"), copy_base(tmp_path / "new", edits)
    (new / PEOPLE).rename(new / "schemas/gens.yaml")

    difference = diff(load_project(old), load_project(new))

    assert [(*WORDING, "renamed", "", "")] == tell(difference)


@pytest.mark.parametrize("effect", ["released", "withheld"])
def test_a_policy_that_one_project_has_alone_is_released_or_withheld(
    tmp_path: Path, effect: str
) -> None:
    whole, less = copy_base(tmp_path / "whole"), copy_base(tmp_path / "less")
    (less / AID).unlink()
    old, new = (less, whole) if effect == "released" else (whole, less)

    [change] = diff(load_project(old), load_project(new)).changes

    assert ("policy", effect, ("nir", "notes")) == (change.kind, change.effect, change.fields)
    assert f"{whole}/{AID}:1:9" == change.problem.place


def test_one_release_cut_in_two_at_a_date_releases_nothing_more(
    compare: Callable[..., Difference],
) -> None:
    text = (BASE / AID).read_text(encoding="utf-8")
    release = text[text.index("  - item:") :]
    first = release.replace("until: 2025-01-01", "until: 2023-01-01").replace(
        "- item", "- id: a\n    item"
    )
    second = release.replace("from: 2021", "from: 2023").replace("- item", "- id: b\n    item")

    difference = compare((AID, release, first + second))

    assert {(*WORDING, "renamed", "", ""), (*WORDING, "release", "", "")} == set(tell(difference))


def test_fields_newly_in_one_record_are_newly_released(tmp_path: Path) -> None:
    apart = (
        FEED,
        "        keep: [nir, nom]\n",
        "        keep: [nir]\n",
    )
    text = (BASE / FEED).read_text(encoding="utf-8")
    second = (
        text[text.index("  - id:") :]
        .replace("id: droits", "id: noms")
        .replace("[nir, nom]", "[nom]")
    )
    old, new = copy_base(tmp_path / "old", [apart]), copy_base(tmp_path / "new")
    (old / FEED).write_text((old / FEED).read_text(encoding="utf-8") + second, encoding="utf-8")

    difference = diff(load_project(old), load_project(new))
    back = diff(load_project(new), load_project(old))

    assert [change.kind for change in difference.changes if change.effect == "released"] == [
        "linked"
    ]
    assert [change.kind for change in back.changes if change.effect == "withheld"] == ["linked"]


def test_an_item_that_is_now_carried_is_a_change_of_the_nir_regime(
    compare: Callable[..., Difference],
) -> None:
    absent = "III.2: {relation: exchange, nir: absent"
    law = (BASE / LAW).read_text(encoding="utf-8")
    latest = law[law.rindex("  - id:") :]

    difference = compare((LAW, latest, latest.replace(absent, absent.replace("absent", "carried"))))

    regimes = [change for change in difference.changes if change.kind == "nir-regime"]
    assert [(change.effect, change.risk) for change in regimes] == [
        ("released", ChangeRisk.NIR),
        ("none", ChangeRisk.GROUND),
    ]
    assert all("R6323-37.yaml" in change.problem.place for change in regimes)
    assert "carried, was absent" in regimes[0].problem.text


def test_another_item_for_the_same_field_and_partner_is_newly_released_under_it(
    compare: Callable[..., Difference],
) -> None:
    difference = compare((STUDY, "R6323-37.III.2", "R6323-37.III.1"))

    assert [change.kind for change in difference.changes] == ["ground-changed"] * 2
    assert difference.changes[0].problem.text == "was released under R6323-37.III.2, R6323-33.5"


def test_a_field_read_from_another_rubrique_is_other_data(tmp_path: Path) -> None:
    edit = (
        PEOPLE,
        "nom:         {type: string",
        "nom:         {type: string, rubrique: S21.G00.30.00",
    )
    old = copy_base(tmp_path / "old", [(*edit[:2], edit[2] + "2")])
    new = copy_base(tmp_path / "new", [(*edit[:2], edit[2] + "3")])

    difference = diff(load_project(old), load_project(new))

    assert [change.kind for change in difference.changes] == [
        "source-changed",
        "schema",
        "source-changed",
    ]
    assert difference.newly_released


@pytest.mark.parametrize(
    ("edit", "read_from"),
    [
        (("  nom:         {", "  nom:         {column: prenom, "), "column prenom"),
        (("    of:\n      type: struct\n", "    column: conjoint\n    of:\n      type: struct\n"),
         "column conjoint"),
    ],
    ids=["its own", "around it"],
)  # fmt: skip
def test_a_field_read_from_another_column_is_other_data(
    edit: tuple[str, str], read_from: str, compare: Callable[..., Difference]
) -> None:
    released = [
        change for change in compare((PEOPLE, *edit)).changes if change.effect == "released"
    ]
    assert {change.problem.text for change in released} == {f"read from {read_from}, was its name"}


@pytest.mark.parametrize(
    ("record", "xpath", "read_from"),
    [
        ("/f/p", "xpath: conjoint/nom, ", "record /f/p, xpath conjoint/nom, was record /f/p"),
        ("/f/c", "", "record /f/c, was record /f/p"),
    ],
)
def test_a_field_read_from_another_element_is_other_data(
    record: str, xpath: str, read_from: str, tmp_path: Path
) -> None:
    def project(folder: str, record: str, xpath: str) -> Project:
        form = (PEOPLE, "format: parquet", f"format: {{xml: {{record: {record}}}}}")
        nom = (PEOPLE, "  nom:         {", f"  nom:         {{{xpath}")
        return load_project(copy_base(tmp_path / folder, [form, nom]))

    changes = diff(project("old", "/f/p", ""), project("new", record, xpath)).changes
    told = {change.problem.text for change in changes if change.effect == "released"}
    assert told == {f"read from {read_from}"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("subject: ayant-droit", "`nom`: subject ayant-droit, was none"),
        ("processings: [paie]", "the schema's processings: paie, were not said, any may"),
    ],
)
def test_what_a_schema_says_of_all_its_fields_is_compared(
    key: str, text: str, compare: Callable[..., Difference]
) -> None:
    difference = compare((PEOPLE, "format: parquet", f"format: parquet\n{key}"))
    ground = [change for change in difference.changes if change.risk == ChangeRisk.GROUND]
    assert text in {change.problem.text for change in ground}


def test_a_policy_that_check_refuses_is_compared_and_said_to_be_refused(
    compare: Callable[..., Difference],
) -> None:
    difference = compare((FEED, "keep: [nir, nom]", "keep: [nir, nom, iban]"))

    [released] = [change for change in difference.changes if change.effect == "released"]
    assert released.fields == ("iban",)
    assert released.refused
    [refused] = difference.refused
    assert (refused.side, refused.policy) == ("new", "feed")
    assert "iban" in refused.problem.text


def test_a_policy_that_check_no_longer_refuses_is_newly_released(
    compare: Callable[..., Difference],
) -> None:
    difference = compare((REGISTER, "until: 2026-01-01", "until: 2024-01-01"), back=True)

    [released] = [change for change in difference.changes if change.effect == "released"]
    assert (released.kind, describe_days(released.days)) == (
        "permitted",
        "from 2024-01-01 until 2025-01-01",
    )


def test_a_day_tells_only_what_differs_on_it(compare: Callable[..., Difference]) -> None:
    edit = (AID, "    until: 2025-01-01\n", "    until: 2026-01-01\n")

    assert not compare(edit, on=datetime.date(2024, 12, 31)).changes
    assert compare(edit, on=datetime.date(2025, 1, 1)).newly_released
    assert not compare(edit, on=datetime.date(2026, 1, 1)).changes


def test_documents_that_do_not_follow_their_grammar_are_told_of_both_projects(
    tmp_path: Path,
) -> None:
    old = copy_base(tmp_path / "old", [(FEED, "policy: feed", "policie: feed")])
    new = copy_base(tmp_path / "new", [(AID, "direction: ", "directoin: ")])

    with pytest.raises(DocumentError) as error:
        diff(load_project(old), load_project(new))

    files = {problem.file for problem in error.value.problems}
    assert {str(old / FEED), str(new / AID)} == files


def test_the_bundled_project_does_not_differ_from_itself() -> None:
    assert diff(bundled_project(), bundled_project()).changes == ()


@pytest.mark.parametrize(
    ("more", "less", "shows"),
    [
        (ReleasedForm(), ReleasedForm(pseudonym=True), True),
        (ReleasedForm(to="month"), ReleasedForm(to="year"), True),
        (ReleasedForm(to="year"), ReleasedForm(to="quarter"), False),
        (ReleasedForm(step=50), ReleasedForm(step=100), True),
        (ReleasedForm(step=100), ReleasedForm(step=150), False),
        (ReleasedForm(prefix=3), ReleasedForm(prefix=2), True),
        (ReleasedForm(prefix=2), ReleasedForm(), False),
        (ReleasedForm(redacted=True), ReleasedForm(), False),
        (ReleasedForm(gated=True), ReleasedForm(), False),
        (ReleasedForm(pseudonym=True), ReleasedForm(to="year"), False),
    ],
)
def test_a_form_shows_another_that_can_be_told_from_it(
    more: ReleasedForm, less: ReleasedForm, shows: bool
) -> None:
    assert shows == more.discloses(less)
    assert more == less or not (shows and less.discloses(more))


values = st.frozensets(st.integers(0, 2), max_size=3)
boxes = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(lambda some, others: ValueSet(only(*some).listed, others), values, st.booleans()),
)


@given(st.lists(boxes, max_size=3), st.lists(boxes, max_size=3))
def test_what_is_left_of_boxes_is_exact(given_: list[RecordSet], taken: list[RecordSet]) -> None:
    def holds(box: RecordSet, record: dict[str, int | None]) -> bool:
        return all(
            bool(only(record[name]) & allowed) if record[name] is not None else allowed.others
            for name, allowed in box.items()
        )

    left = remainder(given_, taken)

    some = (0, 1, 2, 3, None)
    for record in ({"a": a, "b": b, "c": c} for a in some for b in some for c in some):
        expected = any(holds(box, record) for box in given_) and not any(
            holds(box, record) for box in taken
        )
        assert expected == any(holds(box, record) for box in left)


def test_true_is_not_one_and_null_is_in_no_list() -> None:
    assert not only(True) & only(1)
    assert only(1) & only(1.0)
    assert ALL.others


EDITS: list[Edit] = [
    (FEED, "[nir, nom]", "[nir, nom, sexe]"),
    (FEED, "in: [CPF]", "in: [CPF, DIFEL]"),
    (FEED, "in: [2021, 2022]", "in: [2022, 2023]"),
    (FEED, WHERE, ""),
    (FEED, 'in: ["01", "02"]', 'in: ["02", "03"]'),
    (
        FEED,
        "    from: 2021-01-01\n",
        "    from: 2021-01-01\n    treat: {paie: {generalize: {step: 100}}}\n",
    ),
    (FEED, "step: 100", "step: 150"),
    (FEED, "[paie, contrats.debut, notes]", "[paie]"),
    (FEED, "    from: 2021-01-01\n", "    from: 2020-06-01\n    until: 2023-01-01\n"),
    (FEED, "id: droits", "id: autres"),
    (STUDY, "processing: evaluation", "processing: financeur"),
    (STUDY, "to: year", "to: quarter"),
    (STUDY, ONLY_STUDY_NIR, ""),
    (STUDY, "    from: 2021-01-01\n", "    from: 2021-01-01\n    on_nir: quarantine\n"),
    (AID, "R6323-37.II", "R6323-37.I.1"),
    (AID, "out-of-store", "into-store"),
    (REGISTER, "until: 2026-01-01", "until: 2023-01-01"),
    (PEOPLE, ", free_text: true", ""),
    (PEOPLE, "code:        {type: string,", "code:        {type: string, not_nir: un code,"),
]


def _apply(folder: Path, edits: Iterable[Edit]) -> Project:
    """Make those of the edits that can be made one after the other."""
    copy_base(folder)
    for file, old, new in edits:
        text = (folder / file).read_text(encoding="utf-8")
        if text.count(old) == 1:
            (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return load_project(folder)


some_edits = st.lists(st.sampled_from(EDITS), max_size=4, unique=True)
slow = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@slow
@given(some_edits, some_edits)
def test_newly_released_is_newly_withheld_seen_from_the_other_side(
    tmp_path: Path, some: list[Edit], others: list[Edit]
) -> None:
    old, new = _apply(tmp_path / "old", some), _apply(tmp_path / "new", others)

    there, back = diff(old, new), diff(new, old)

    assert _signature(there, "released") == _signature(back, "withheld")
    assert _signature(there, "withheld") == _signature(back, "released")
    assert diff(new, new).changes == ()


def _signature(difference: Difference, effect: str) -> set[tuple[Any, ...]]:
    """Field by field, and year by half year, as neighbouring days may be told together or not."""
    days = [datetime.date(year, month, 1) for year in range(2019, 2028) for month in (1, 6)]
    return {
        (change.kind, change.policy, change.release, change.channel, field, day)
        for change in difference.changes
        if change.effect == effect
        for field in change.fields
        for day in days
        if any(day in span for span in change.days)
    }


RECORDS = pa.table(
    {
        "nir": pa.array([None] * 24, pa.string()),
        "nom": [f"nom-{i}" for i in range(24)],
        "sexe": ["1", "2"] * 12,
        "nature": ["CPF", "DIFEL", None] * 8,
        "annee": pa.array([2021, 2022, 2023, None] * 6, pa.int16()),
        "notes": [f"note {i}" for i in range(24)],
        "paie": pa.array([130 * i + 1 for i in range(24)], pa.decimal128(12, 2)),
        "contrats": [
            [
                {"debut": datetime.date(2020, 1, 1 + i), "nature": code}
                for code in ("01", "02", "03")
            ]
            for i in range(24)
        ],
    }
).to_batches()[0]


@slow
@given(some_edits, some_edits)
def test_what_the_filter_newly_releases_is_told(
    tmp_path: Path, some: list[Edit], others: list[Edit]
) -> None:
    """Record by record, the real filter releases nothing more that the diff does not tell."""
    day = datetime.date(2021, 7, 1)
    old, new = _apply(tmp_path / "old", some), _apply(tmp_path / "new", others)
    before, after = _released(old, day), _released(new, day)

    reported = {
        field
        for change in diff(old, new, day).changes
        if change.effect == "released" and change.policy == "feed"
        for field in change.fields
    }
    more = {
        path
        for (path, record), values in after.items()
        if path != "nom" and not _can_be_told(values, before.get((path, record), set()))
    }

    assert more <= {field.partition(".")[0] for field in reported}


def _can_be_told(values: set[Any], known: set[Any]) -> bool:
    """Whether who knows a record's values (an exact pay is no round one) can tell these."""
    exact = any(isinstance(value, decimal.Decimal) and value % 50 for value in known)
    return values <= known or exact


def _released(project: Project, day: datetime.date) -> dict[tuple[str, str], set[Any]]:
    """What the policy `feed` releases on a day of each field of each record."""
    try:
        plan = project.plan("feed", on=day)
    except (DocumentError, UsageError):
        return {}
    released: dict[tuple[str, str], set[Any]] = {}
    for batch in minimize(RECORDS, plan).released.values():
        for row in batch.to_pylist():
            for path in ("sexe", "paie", "contrats", "notes", "nom"):
                value = row.get(path)
                values = value if isinstance(value, list) else [value]
                plain = {str(value) if isinstance(value, dict) else value for value in values}
                released.setdefault((path, row["nom"]), set()).update(plain - {None})
    return released
