"""Wrong edits of the shipped documents by a hostile colleague, at once: what `check` says of each.

What no rule can tell, and who tells it then, is listed below the edits.
"""

import datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tamis.check.check import check
from tamis.check.violation import Violation
from tamis.plan.project import Project

from ..projects import copy_bundled

OPEN = {
    "the condition that the titulaire asked for guidance is dropped": "tests and diff",
    "a list's conditions take in ordinary sick leave": "tests and diff",
    "a `when` lists all the values there are": "tests and diff",
    "test files of the DSN feed rights": "tests and diff",
    "a release begins years earlier": "diff",
    "a NIR that must be there may be missing": "diff",
    "a partner's `carries_nir` is no longer unknown": "diff and approval",
    "an entry is `read`, with a source that does not exist": "diff and approval",
    "a neutral name for what the source itself calls neutrally": "the dry run, by the values",
    "approvals are no longer required": "diff",
}
"""Edits that documents alone cannot show to be wrong, and what tells them."""

FAR = datetime.date(2099, 1, 1)
WHY = "suivre l'usage du compte par les titulaires"


def study(folder: dict[str, Any]) -> None:
    """Fields, marks, reasons and bounds of the evaluation and of accompagnement."""
    fields = folder["schemas/evaluation-cpf.yaml"]["fields"]
    identity, path = {"category": "tit-identite-activite"}, "passage"
    fields |= {
        "contact_brut": {"type": "binary", "column": "courriel", **identity},
        "contact_mesure": {"type": "float64", "column": "telephone", **identity},
        "lib_1": {"type": "string", "column": "NomUsage", **identity},
        "drapeau": {"type": "bool", "column": "boeth", **identity},
        "mois_naissance": {"type": "int32", "category": "not-personal"},
        "conjoint_metier": {"type": "string", **identity},
        "num_etudiant": {
            "type": "string",
            "identifies": {"mark": "none", "because": "un numéro de cet étudiant"},
            **identity,
        },
        path: {
            "type": "struct",
            "sensitive": {"none": "le passage à l'examen ne dit rien d'intime"},
            "fields": {"amenagements": {"type": "string"}},
            **identity,
        },
    }
    release = folder["policies/evaluation-cpf.yaml"]["releases"][0]
    kept = [*fields][-8:-1]
    release["needs"].append({"because": WHY, "keep": [*kept, f"{path}.amenagements"]})
    excuse = "ce nom est porté par beaucoup de gens"
    fields["nom_naissance"]["identifies"] = {"mark": "quasi", "because": excuse}
    fields["situation"] = {"type": "struct", "fields": {"rqth": {"type": "bool"}}, **identity}
    inside = {"none": "la case sert aux statistiques seulement"}
    fields["situation"]["fields"]["rqth"]["sensitive"] = inside
    release["needs"][0]["because"] += ", et d'abord 1 55 08 75 999 991 93"
    release["needs"].append({"because": WHY, "keep": ["nom_naissance", "situation.rqth"]})
    release["risk"] = {"k": 2, "below": "100%", "because": "les chiffres publiés sont agrégés"}
    other = folder["policies/accompagnement-parcours.yaml"]["releases"][0]
    del other["treat"]["compte_id"]
    other["identifies_anyway"] = "les noms facilitent les échanges entre services"
    basis = {"rgpd": "9.2.b", "text": "L. 6323-99-1 al. 3", "status": "confirmed"}
    other["needs"].append({"because": WHY, "keep": ["rqth"], "basis": basis})


def the_rest(folder: dict[str, Any]) -> None:
    """The NIR of the DSN, what is confirmed only, what is watched for, and days."""
    nir = folder["schemas/dsn-individus.yaml"]["fields"].pop("nir")
    del nir["identifier"]
    folder["schemas/dsn-individus.yaml"]["fields"]["cle_salarie"] = nir
    needs = folder["policies/dsn-droits.yaml"]["releases"][0]["needs"]
    needs[0]["keep"][0] = "cle_salarie"
    for need in folder["policies/regularite-prestataires.yaml"]["releases"][0]["needs"]:
        need.pop("when", None)
    texts = folder["policies/veille.yaml"]["texts"]
    texts["L. 4141-5"]["from"] = FAR
    del texts["L. 6113-8"]
    texts["L. 6353-10"]["read_on"] = FAR
    folder["policies/project.yaml"] = {
        "exceptions": [
            {"what": what, "policy": "dsn-droits", "because": WHY, "by": "DPO", "until": FAR}
            for what in ("unconfirmed", "example")
        ]
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Violation]:
    """What `check` says of the shipped documents with all edits."""
    root = copy_bundled(tmp_path_factory.mktemp("hostile"))
    yaml = YAML(typ="safe", pure=True)
    names = "evaluation-cpf accompagnement-parcours dsn-droits regularite-prestataires veille"
    files = [*(f"policies/{name}.yaml" for name in names.split())]
    files += ["schemas/evaluation-cpf.yaml", "schemas/dsn-individus.yaml"]
    folder = {file: yaml.load(Path(root, file).read_text(encoding="utf-8")) for file in files}
    study(folder)
    the_rest(folder)
    for file, content in folder.items():
        with Path(root, file).open("w", encoding="utf-8") as stream:
            yaml.dump(content, stream)
    return check(Project(root))


REFUSED = {
    "an e-mail as bytes, under another name": ("direct-identifier", "`contact_brut` is an e-mail"),
    "a phone as a measure": ("direct-identifier", "`contact_mesure` is an e-mail address or phone"),
    "a name under another name": ("direct-identifier", "`lib_1` is a name"),
    "handicap under another name": ("no-basis", "`drapeau` is sensitive (santé"),
    "a part of the NIR that is « not personal »": ("not-personal", "`mois_naissance` must not be"),
    "one word for all that is inside": ("no-basis", "`passage.amenagements` is sensitive"),
    "a NIR of the DSN that is no identifier": ("nir-named", "`cle_salarie` is called a NIR"),
    "a NIR in a reason": ("nir-written", "holds a NIR"),
    "breaches where only confirmation is asked": ("limit-confirmed", "`conformite_fiscale` must"),
}
TOLD = {
    "a name that is said to be none": (
        "mark-lowered",
        "`nom_naissance` is called a name (`nom`), and",
    ),
    "handicap that is said to be none": (
        "mark-lowered",
        "`situation.rqth` is called sensitive (san",
    ),
    "a relative among the titulaire's data": ("relative", "`conjoint_metier` is called after"),
    "a reason that gives none": ("reason-repeats", "of `num_etudiant` says no more"),
    "a bound that bounds nothing": ("risk-weak", "bounded by {k: 2, below: 100%}, weaker than"),
    "names let through by five words": ("rule-lifted", "`identifies_anyway` lifts a rule"),
    "confirmed on an article that there is not": ("text-not-read", "L. 6323-99-1 is not among"),
    "a text watched for from 2099 on": ("veille-later", "L. 4141-5 is a reason to stop from 2026"),
    "a text no longer watched for": ("veille-shorter", "L. 6113-8"),
    "read on a day to come": ("day-to-come", "2099-01-01 is to come"),
    "an exception until 2099": ("far-day", "an exception must be looked at again"),
    "a day to stop in 2099": ("far-day", "a text that was not read must be looked at again"),
}


@pytest.mark.parametrize("edit", REFUSED)
def test_an_edit_is_refused(edit: str, told: list[Violation]) -> None:
    assert find(REFUSED[edit], "error", told)


@pytest.mark.parametrize("edit", TOLD)
def test_an_edit_is_told(edit: str, told: list[Violation]) -> None:
    assert find(TOLD[edit], "warning", told)


def find(wanted: tuple[str, str], severity: str, told: list[Violation]) -> list[Violation]:
    code, text = wanted
    return [
        each
        for each in told
        if each.severity == severity and each.code == code and text in each.problem.text
    ]
