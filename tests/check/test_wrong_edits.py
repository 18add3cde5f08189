"""Wrong edits of the shipped documents, one by one: what each of them meets.

The numbers are those of the list of edits that were once accepted. An edit is refused where a rule
or the grammar names it, stopped where `run` asks for an allowance, or told where the law that the
project has is no longer the one that comes with Tamis.
"""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tamis.check.check import check
from tamis.errors import DocumentError, UsageError
from tamis.plan.guards import check_unconfirmed
from tamis.plan.project import Project

from ..projects import copy_bundled

Edit = tuple[str, Callable[[Any], object]]
"""A file, and what is done to its content."""

TODAY = "2026-11-23"
EVALUATION, DSN = "policies/evaluation-cpf.yaml", "policies/dsn-droits.yaml"
REGISTER, ITEMS = "policies/register.yaml", "policies/law/R6323-37.yaml"


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Project]:
    """The shipped documents with edits."""

    def make(*edits: Edit) -> Project:
        copy_bundled(tmp_path)
        yaml = YAML(typ="safe", pure=True)
        yaml.width = 10_000
        for file, change in edits:
            content = yaml.load((tmp_path / file).read_text(encoding="utf-8"))
            change(content)
            with (tmp_path / file).open("w", encoding="utf-8") as stream:
                yaml.dump(content, stream)
        return Project(tmp_path)

    return make


def release(content: Any, name: str = "") -> Any:
    found = [each for each in content["releases"] if each.get("id") == name]
    return found[0] if name else content["releases"][0]


def need(**keys: Any) -> Callable[[Any], object]:
    """One more need."""
    return lambda content: release(content)["needs"].append(keys)


def put(*path: Any) -> Callable[[Any], object]:
    """Put the last of `path` where the rest leads."""

    def change(content: Any) -> None:
        *way, key, value = path
        for step in way:
            content = content[step]
        content[key] = value

    return change


def attest_all(register: Any) -> None:
    for processing in register["processings"].values():
        for entry in processing.get("entries", ()):
            entry.pop("source", None)
            entry["attested"] = "read"


def partner(slug: str, **keys: Any) -> Edit:
    processing = {"name": slug, "carries_nir": False, **keys}
    return REGISTER, lambda register: register["processings"].update({slug: processing})


def coarse(content: Any) -> Any:
    """The treatments of the first release."""
    return release(content).setdefault("treat", {})


def closed_list(content: Any) -> None:
    release(content)["needs"][0]["keep"] += ["dette_fiscale", "chiffre_affaires"]


def nir_in_message(content: Any) -> None:
    basis = {"text": "L. 6113-8", "status": "confirmed"}
    reason = "identifier sans homonymie le titulaire"
    for each in content["releases"]:
        if each["from"] < datetime.date(2025, 1, 1):
            keep = ["identification.identifiant_national.nir"]
            each["needs"].append({"because": reason, "keep": keep, "nir_basis": basis})


TESTED = {"field": "rqth", "in": [True], "because": "utile", "basis": "oui"}
PREFIX = {"code_rncp": {"generalize": {"prefix": 99}}}
CEP = {"item": "R6323-37.III.4", "from": datetime.date(2019, 10, 14), "attested": "read"}
STUDY = {"item": "R6323-37.III.2", "from": datetime.date(2025, 1, 1), "attested": "read"}
PLANS: dict[str, tuple[str, str, tuple[Edit, ...], str]] = {
    "02 empty reason": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, put("releases", 0, "needs", 0, "because", "x")),),
        "must give its reason in more than two words",
    ),
    "03 handicap to statistics": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, need(because="utile", basis="oui", keep=["rqth"])),),
        "must be written {rgpd: 9.2.b",
    ),
    "04 disabled people only": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, put("releases", 0, "where", [TESTED])),),
        "must be written {rgpd: 9.2.b",
    ),
    "11 R. 6323-41 turned outward": (
        *("regularite-prestataires", TODAY),
        (("policies/regularite-prestataires.yaml", put("direction", "out-of-store")),),
        "is into-store, the policy out-of-store",
    ),
    "12 evaluation feeds the account": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, put("direction", "into-store")),),
        "is out-of-store, the policy into-store",
    ),
    "18 the NIR in the message of 2024": (
        *("certificateurs-passeport", "2024-06-01"),
        (("policies/certificateurs-passeport.yaml", nir_in_message),),
        "which is banned: « à l'exception du numéro d'inscription",
    ),
    "21 a step of one": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, lambda content: coarse(content).update(PREFIX)),),
        "would not be made coarser",
    ),
    "22 NIR rebuilt, excused by a word": (
        *("evaluation-cpf", TODAY),
        ((EVALUATION, put("releases", 0, "rebuilds_nir", "oui")),),
        "`rebuilds_nir` must give its reason in more than two words",
    ),
    "27 the cause of sick leave": (
        *("dsn-droits", TODAY),
        ((DSN, need(because="utile", basis="oui", keep=["contrats.arrets.motif"])),),
        "must be written {rgpd: 9.2.b",
    ),
    "29 a placeholder for a basis": (
        *("maf-manquements", TODAY),
        (
            (
                "policies/maf-manquements.yaml",
                put("releases", 0, "needs", 0, "basis", "à voir avec le DPO"),
            ),
        ),
        "must be written {rgpd: 9.2.b",
    ),
    "31 all attested as read": (
        *("evaluation-cpf", TODAY),
        ((REGISTER, attest_all),),
        "must say where and when",
    ),
    "43 a partner of III with the NIR": (
        *("evaluation-cpf", TODAY),
        ((REGISTER, put("processings", "systeme-evaluation-cpf", "carries_nir", True)),),
        "carries the NIR: paragraph III is for processings that do not",
    ),
    "48 more than the closed list": (
        *("regularite-prestataires", TODAY),
        (("policies/regularite-prestataires.yaml", closed_list),),
        "`chiffre_affaires` is not in the closed list of R6323-37.III.5",
    ),
}


@pytest.mark.parametrize("edit", PLANS)
def test_an_edit_is_refused_before_anything_runs(edit: str, edited: Callable[..., Project]) -> None:
    policy, day, edits, message = PLANS[edit]
    with pytest.raises(DocumentError) as caught:
        edited(*edits).plan(policy, on=day)
    assert message in str(caught.value)


REFUSED: dict[str, tuple[tuple[Edit, ...], str]] = {
    "09 a recipient as III 4°": (
        (partner("cep-operateurs", entries=[CEP]),),
        "read-nowhere",
    ),
    "10 France Travail « without the NIR »": (
        (
            (REGISTER, put("processings", "si-france-travail", "carries_nir", False)),
            (
                REGISTER,
                lambda register: register["processings"]["si-france-travail"]["entries"].append(
                    STUDY
                ),
            ),
        ),
        "partner-without-nir",
    ),
    "30 one partner under two slugs": (
        (
            partner(
                "evaluation-bis",
                name="Système d'évaluation de la mise en œuvre du compte personnel de formation "
                "(exemple)",
            ),
        ),
        "one-partner",
    ),
}


@pytest.mark.parametrize("edit", REFUSED)
def test_an_edit_is_refused_by_check(edit: str, edited: Callable[..., Project]) -> None:
    edits, code = REFUSED[edit]
    errors = {each.code for each in check(edited(*edits)) if each.severity == "error"}
    assert code in errors


def carry(law: Any) -> None:
    law["versions"][-1]["items"]["III.2"]["nir"] = "carried"


def pin(law: Any) -> None:
    item = law["versions"][-1]["items"]["III.1"]
    item.update(purposes=["R6323-33.4", "R6323-33.11"], purposes_link="read")


def invent(law: Any) -> None:
    version = law["versions"][-1]
    version["id"] = "LEGIARTI000099999999"
    subject = "La prospection commerciale"
    version["items"]["III.7"] = {**version["items"]["III.1"], "subject": subject}


@pytest.mark.parametrize("change", [carry, pin, invent], ids=["23", "24", "25"])
def test_another_law_is_told_in_plan_tags_and_receipt(
    change: Callable[[Any], None], edited: Callable[..., Project]
) -> None:
    project = edited((ITEMS, change))
    assert project.law_origin == "own"
    plan = project.plan("prestataires-inscriptions", on=TODAY)
    assert plan.tags(plan.releases[0], "run")["legal_law"] == "own"


def test_the_shipped_law_is_no_other_one(edited: Callable[..., Project]) -> None:
    assert edited().law_origin == "bundled"


def test_42_a_law_that_was_rewritten_and_not_read_stops_a_run(
    edited: Callable[..., Project],
) -> None:
    def confirm(policy: Any) -> None:
        for each in policy["releases"]:
            for stated in each["needs"]:
                if "nir_basis" in stated:
                    stated["nir_basis"]["status"] = "confirmed"
            each.pop("until", None)

    project = edited(("policies/prevention-adf.yaml", confirm))
    check_unconfirmed(project.plan("prevention-adf", on="2026-06-26"), False)
    with pytest.raises(UsageError, match=r"L\. 4141-5: its version LEGIARTI000054336916"):
        check_unconfirmed(project.plan("prevention-adf", on="2026-06-27"), False)
