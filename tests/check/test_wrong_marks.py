"""Wrong marks and fields in the shipped documents, one by one: what each of them meets.

Reasons are long and bases there, so that only what an edit keeps or unmarks is judged.
"""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from tamis.errors import DocumentError
from tamis.plan.project import Project

from .test_wrong_edits import DSN, EVALUATION, TODAY, Edit, edited, put, release

__all__ = ["edited"]

WHY = "suivre l'usage du compte par les titulaires"
HEALTH = {"rgpd": "9.2.b", "text": "L. 6323-11 al. 3", "status": "confirmed"}
PROVIDERS = "policies/prestataires-inscriptions.yaml"
PEOPLE = "schemas/evaluation-cpf.yaml"


def keep(*paths: str, **keys: Any) -> Callable[[Any], object]:
    """One more need of each release."""

    def change(content: Any) -> None:
        for each in content["releases"]:
            each["needs"].append({"because": WHY, "keep": list(paths), **keys})

    return change


def field(name: str, **keys: Any) -> Edit:
    """One more field of the evaluation's schema, or another one in its place."""
    return PEOPLE, put("fields", name, keys)


def identity(name: str, **keys: Any) -> Edit:
    return field(name, category="tit-identite-activite", **keys)


def unmark(*marks: str) -> Callable[[Any], object]:
    def change(node: Any) -> None:
        for key, inside in list(node.items()):
            if key in marks:
                del node[key]
            elif isinstance(inside, dict):
                change(inside)

    return change


def elus(policy: Any) -> None:
    only = release(policy)
    only["where"] = [test for test in only["where"] if test["field"] != "titulaire_cpf"]
    only["from"] = datetime.date(2022, 1, 1)
    only["needs"].append({"because": WHY, "keep": ["mandats.fonction"], "basis": HEALTH})


def children(schema: Any) -> None:
    contract = schema["fields"]["contrats"]["of"]["fields"]
    contract["affiliations_prevoyance"]["category"] = "tit-identite-activite"


def without_birth_treated(policy: Any) -> None:
    for each in policy["releases"]:
        del each["treat"]["date_naissance"]


def hide_nir(schema: Any) -> None:
    nir = schema["fields"].pop("nir")
    del nir["identifier"]
    schema["fields"]["reference"] = nir


PHOTO = {"type": "binary", "category": "tit-identite-activite"}
CHILD = "contrats.affiliations_prevoyance.ayants_droit.nir"
BASIS = {"text": "décret n° 2019-341 art. 2 C", "status": "to-confirm"}

REFUSED: dict[str, tuple[str, tuple[Edit, ...], str]] = {
    "01 names and e-mail beside the pseudonym": (
        "evaluation-cpf",
        ((EVALUATION, keep("nom_naissance", "prenoms", "courriel")),),
        "`courriel` is an e-mail address or phone number (`courriel`): under R6323-37.III.2 nobody "
        "may be named",
    ),
    "05 a criminal record as identity": (
        "evaluation-cpf",
        (identity("condamnations", type="string"), (EVALUATION, keep("condamnations"))),
        "`condamnations` is sensitive (infractions (RGPD art. 10))",
    ),
    "06 an e-mail declared not personal": (
        "evaluation-cpf",
        (field("courriel", type="string", category="not-personal"), (EVALUATION, keep("courriel"))),
        "`courriel` must not be `not-personal`",
    ),
    "14 the NIR rebuilt by fields without marks": (
        "evaluation-cpf",
        (
            identity("mois_naissance", type="int32"),
            identity("libelle_commune_naissance", type="string"),
            (EVALUATION, keep("mois_naissance", "libelle_commune_naissance", "sexe")),
        ),
        "`sexe`, `mois_naissance` and `libelle_commune_naissance` together rebuild the NIR",
    ),
    "15 file and account numbers beside the pseudonym": (
        "evaluation-cpf",
        ((EVALUATION, keep("numero_dossier", "compte_id")),),
        "`numero_dossier` is a file number (`dossier`): under R6323-37.III.2 nobody may be named",
    ),
    "16b mandates of élus under III 4°": (
        "accompagnement-parcours",
        (("policies/accompagnement-parcours.yaml", elus),),
        "`mandats.fonction` is data of titulaire-dif-elus: R6323-37.III.4 is about titulaire-cpf",
    ),
    "17 passeports and civic engagement under III 2°": (
        "evaluation-cpf",
        ((EVALUATION, keep("passeport.ouvert_le", "engagement_citoyen_euros")),),
        "`engagement_citoyen_euros` is data of titulaire-cec",
    ),
    "19 free text to providers": (
        "prestataires-inscriptions",
        ((PROVIDERS, keep("message")),),
        "`message` is sensitive (commentaire libre",
    ),
    "20 device numbers to providers": (
        "prestataires-inscriptions",
        ((PROVIDERS, keep("adresse_ip", "france_connect_sub")),),
        "`france_connect_sub` is a device number (`sub`): under R6323-37.III.1 no device may be "
        "told",
    ),
    "26 the employee's children, with their NIR": (
        "dsn-droits",
        (("schemas/dsn-individus.yaml", children), (DSN, keep(CHILD, nir_basis=BASIS))),
        f"`{CHILD}` is data of ayant-droit",
    ),
    "28 a photograph of the face": (
        "certificateurs-passeport",
        (
            ("schemas/certificateurs-passeport.yaml", put("fields", "photo", PHOTO)),
            ("policies/certificateurs-passeport.yaml", keep("photo")),
        ),
        "`photo` is sensitive (image ou biométrie (RGPD art. 9))",
    ),
    "44 the marks of the NIR's parts taken out": (
        "evaluation-cpf",
        (
            (PEOPLE, unmark("nir_part")),
            (EVALUATION, keep("commune_naissance")),
            (EVALUATION, without_birth_treated),
        ),
        "`sexe`, `date_naissance` and `commune_naissance` together rebuild the NIR",
    ),
    "names under other names": (
        "evaluation-cpf",
        (
            field(
                "infos",
                type="struct",
                category="tit-identite-activite",
                column="titulaire",
                fields={"libelle": {"type": "string", "column": "nom"}},
            ),
            (EVALUATION, keep("infos.libelle")),
        ),
        "`infos.libelle` is a name",
    ),
    "handicap under another name": (
        "evaluation-cpf",
        (identity("indicateur", type="bool", column="rqth"), (EVALUATION, keep("indicateur"))),
        "`indicateur` is sensitive (santé (RGPD art. 9))",
    ),
    "a NIR under another name": (
        "evaluation-cpf",
        (identity("cle_a", type="string", column="NIR_tit"), (EVALUATION, keep("cle_a"))),
        "`cle_a` is called a NIR",
    ),
    "the NIR rebuilt by fields under other names": (
        "evaluation-cpf",
        (
            identity("d", type="date32", column="date_naissance"),
            identity("l", type="string", column="commune_naissance"),
            (EVALUATION, keep("d", "l")),
        ),
        "`sexe`, `d` and `l` together rebuild the NIR",
    ),
    "a NIR of the DSN that is no identifier": (
        "dsn-droits",
        (("schemas/dsn-individus.yaml", hide_nir), (DSN, keep("reference"))),
        "`reference` is called a NIR",
    ),
    "one word for all that is inside": (
        "evaluation-cpf",
        (
            field(
                "suivi",
                type="struct",
                category="tit-identite-activite",
                sensitive={"none": "le suivi ne dit rien de la santé"},
                fields={"rqth": {"type": "bool"}},
            ),
            (EVALUATION, keep("suivi.rqth")),
        ),
        "`suivi.rqth` is sensitive (santé (RGPD art. 9))",
    ),
    "49 handicap without its mark": (
        "evaluation-cpf",
        ((PEOPLE, unmark("sensitive")), (EVALUATION, keep("rqth"))),
        "`rqth` is sensitive (santé (RGPD art. 9))",
    ),
}


@pytest.mark.parametrize("edit", REFUSED)
def test_an_edit_is_refused(edit: str, edited: Callable[..., Project]) -> None:
    policy, edits, message = REFUSED[edit]
    with pytest.raises(DocumentError) as caught:
        edited(*edits).plan(policy, on=TODAY)
    assert message in str(caught.value)


def test_45_without_marks_every_field_counts_for_the_risk(edited: Callable[..., Project]) -> None:
    plan = edited().plan("evaluation-cpf", on=TODAY)
    marks = {leaf.path: leaf.identifies for leaf in plan.releases[0].leaves}
    assert set(marks.values()) == {"none", "quasi"}
    assert [path for path, mark in marks.items() if mark == "none"] == ["nir"]
