"""The form `tamis-legal/1`: what was approved in it is covered by every later tool."""

import datetime
from pathlib import Path

import pytest

from tamis.check.approval import changed_lines
from tamis.check.legal_content import digest, legal_content
from tamis.documents.context import PolicyContext, open_policy
from tamis.plan.project import load_project

from ..projects import Edit, copy_base

DAY = datetime.date(2026, 11, 29)
FEED, STUDY, PROJECT = (f"policies/{name}.yaml" for name in ("feed", "study", "project"))
EXCEPTION = (
    "{what: unconfirmed, policy: feed, because: le cadre est relu, by: DPO, until: 2027-01-01}"
)
EDITS: list[Edit] = [
    (PROJECT, "exceptions: []", f"exceptions: [{EXCEPTION}]"),
    (FEED, "processing: paie\n", "processing: paie\nmotifs: [{text: L. 6323-4 et L. 5151-9}]\n"),
    ("policies/veille.yaml", "texts: {}", "texts: {L. 5151-9: {from: 2026-08-19, version: "
     "LEGIARTI000054703452, source: une liste, read_on: 2026-11-28}}"),
]  # fmt: skip


def context(folder: Path, policy: str, *edits: Edit) -> PolicyContext:
    return open_policy(load_project(copy_base(folder, [*EDITS, *edits])), policy)


@pytest.mark.parametrize("policy", ["feed", "study"])
def test_the_form_is_the_one_that_was_written_first(policy: str, tmp_path: Path) -> None:
    """A change of these bytes ends every approval: it needs a form of another name."""
    golden = Path(__file__).parent / "legal_form" / f"{policy}.txt"
    content = legal_content(context(tmp_path, policy), DAY)
    assert f"{digest(content)}\n{content}\n" == golden.read_text(encoding="utf-8")


WRITTEN_OTHERWISE: dict[str, tuple[Edit, ...]] = {
    "a comment": ((FEED, "policy: feed\n", "# relu\npolicy: feed\n"),),
    "a remark": ((FEED, "    item: R6323-37.I.1\n", "    item: R6323-37.I.1\n    note: relu\n"),),
    "keys in another order": (
        (STUDY, "    item: R6323-37.III.2\n    purpose: R6323-33.5\n",
         "    purpose: R6323-33.5\n    item: R6323-37.III.2\n"),
    ),
    "fields in another order": ((STUDY, "[sexe, naissance, com", "[naissance, sexe, com"),),
    "a default made explicit": (
        ("schemas/people.yaml", "category: outside}", "category: outside, nullable: true}"),
        ("schemas/people.yaml", "identifier: nir-key,", "identifier: nir-key, required: false,"),
    ),
    "an exception of another policy": (
        (PROJECT, "exceptions: [", "exceptions: [{what: empty, policy: aid, because: un mois sans "
         "aide, by: DPO, until: 2027-01-01}, "),
    ),
}  # fmt: skip


@pytest.mark.parametrize("edits", WRITTEN_OTHERWISE.values(), ids=WRITTEN_OTHERWISE)
def test_what_says_the_same_is_the_same(edits: tuple[Edit, ...], tmp_path: Path) -> None:
    for policy in ("feed", "study"):
        before = legal_content(context(tmp_path, policy), DAY)
        assert legal_content(context(tmp_path, policy, *edits), DAY) == before


SAYS_MORE: dict[str, tuple[Edit, str]] = {
    "a word": ((FEED, "identifier le titulaire", "reconnaître le titulaire"), "+ releases"),
    "an exception": ((PROJECT, "by: DPO", "by: la DSI"), 'exceptions[unconfirmed].by = "la DSI"'),
    "no exception": ((PROJECT, EXCEPTION, ""), "- exceptions[unconfirmed]"),
    "a text read": (
        ("policies/veille.yaml", "from: 2026-08-19", "from: 2026-12-19"),
        "- releases.droits.unread.L. 5151-9",
    ),
    "what is around a field is another column": (
        ("schemas/people.yaml", "    of:\n      type: struct\n",
         "    column: conjoint\n    of:\n      type: struct\n"),
        '+ fields.contrats.debut.columns_around = "conjoint"',
    ),
    "a record is another element": (
        ("schemas/people.yaml", "format: parquet", "format: {xml: {record: /flux/conjoint}}"),
        '+ fields.nom.record = "/flux/conjoint"',
    ),
    "whose data it is, said of the whole": (
        ("schemas/people.yaml", "format: parquet", "format: parquet\nsubject: ayant-droit"),
        '+ fields.nom.subject = ["ayant-droit"]',
    ),
    "another law of its own": (
        ("policies/law/R6323-33.yaml", "versions:", "versions:  # relu"),
        "",
    ),
    "an item that a law of its own says otherwise": (
        (
            "policies/law/R6323-37.yaml",
            "{relation: fed-by, nir: carried, purposes: [R6323-33.1], purposes_link: inferred}\n"
            "      II: {relation: exchange, nir: carried, purposes: [R6323-33.3], "
            "purposes_link: inferred}\n"
            "      III.2: {relation: exchange, nir: absent, purposes: [R6323-33.5], "
            "purposes_link: inferred}\n      III.5",
            "{relation: fed-by, nir: carried, purposes: [R6323-33.1], purposes_link: read}\n"
            "      II: {relation: exchange, nir: carried, purposes: [R6323-33.3], "
            "purposes_link: inferred}\n"
            "      III.2: {relation: exchange, nir: absent, purposes: [R6323-33.5], "
            "purposes_link: inferred}\n      III.5",
        ),
        "own_law.R6323-37",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "line"), SAYS_MORE.values(), ids=SAYS_MORE)
def test_what_was_agreed_to_and_changes_is_told(edit: Edit, line: str, tmp_path: Path) -> None:
    before = legal_content(context(tmp_path, "feed"), DAY)
    changed = "\n".join(changed_lines(before, legal_content(context(tmp_path, "feed", edit), DAY)))
    assert (line in changed) if line else not changed


def test_reasons_of_two_conditions_of_one_field_are_not_exchanged(tmp_path: Path) -> None:
    one = "{field: nature, in: [CPF], because: un motif}"
    other = "{field: nature, in: [CPF, X], because: un autre}"
    swapped = one.replace("un motif", "un autre"), other.replace("un autre", "un motif")
    texts = [
        legal_content(
            context(
                tmp_path,
                "feed",
                (FEED, "{field: nature, in: [CPF], because: seuls ces droits relèvent du I 1°}",
                 "\n      - ".join(conditions)),
            ),
            DAY,
        )
        for conditions in ((one, other), (other, one), swapped)
    ]  # fmt: skip
    assert texts[0] == texts[1] != texts[2]
