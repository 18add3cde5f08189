"""What changed since an approval is told in sentences, and no change is left out."""

import datetime
import json
from typing import Any

import pytest

from tamis.check.changes import describe_changes
from tamis.check.legal_content import legal_content
from tamis.documents.context import open_policy
from tamis.documents.project import bundled_documents
from tamis.language import speaking

from ..surface.test_messages import english_words

DAY = datetime.date(2026, 11, 29)


def content_of(policy: str) -> str:
    return legal_content(open_policy(bundled_documents(), policy), DAY)


EDITS = {
    "a field less": (
        '.keep = ["code_rncp", "entree_le"]',
        '.keep = ["code_rncp"]',
        "le besoin « mesurer vers quelles certifications le compte est mobilisé, et quand » ne "
        "conserve plus `entree_le`",
    ),
    "a value more": (
        'in = ["CPF"]',
        'in = ["CPF", "DIFEL"]',
        "condition modifiée\N{NO-BREAK SPACE}: un enregistrement n’est transmis que si "
        "`dispositif` a l’une des valeurs CPF, DIFEL",
    ),
    "a finer value": (
        'treat.date_naissance.generalize.to = "year"',
        'treat.date_naissance.generalize.to = "month"',
        "`date_naissance` est transmis ainsi\N{NO-BREAK SPACE}: généralisé au mois",
    ),
    "no treatment": (
        "releases.evaluation.treat.montant_total.generalize.step = 500\n",
        "",
        "sans traitement de la valeur\N{NO-BREAK SPACE}; auparavant\N{NO-BREAK SPACE}: généralisé",
    ),
    "another basis of the register": (
        'attested = "example"',
        'attested = "read"',
        "ce sur quoi repose l’inscription\N{NO-BREAK SPACE}: lu",
    ),
    "a mark that is gone": (
        'fields.sexe.nir_part = "sex"\n',
        "",
        "dans le schéma, `sexe`\N{NO-BREAK SPACE}: `nir_part`\N{NO-BREAK SPACE}: néant",
    ),
    "a motif that is gone": ("motifs = [", "motifs = [] #", "raisonnement juridique supprimé"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), EDITS.values(), ids=EDITS)
def test_a_change_is_a_sentence(old: str, new: str, sentence: str) -> None:
    content = content_of("evaluation-cpf")
    assert old in content
    lines = [line.partition(" #")[0] for line in content.replace(old, new).splitlines()]
    with speaking("fr"):
        told = describe_changes(content, "\n".join(lines))
    assert sentence in "\n".join(told)
    assert [word for text in told for word in english_words(text)] == []


@pytest.mark.parametrize("policy", ["evaluation-cpf", "dsn-droits"])
def test_no_line_is_left_out(policy: str) -> None:
    content = content_of(policy)
    lines = content.splitlines()
    assert describe_changes(content, content) == []
    for place, line in enumerate(lines):
        path, _equals, value = line.partition(" = ")
        changed = [*lines]
        changed[place] = f"{path} = {json.dumps(another(json.loads(value)))}"
        assert describe_changes(content, "\n".join(changed)), line


def another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case list():
            return [*value, "autre"]
        case "year" | "quarter":
            return "month"
    return f"{value} autre"


def test_a_release_is_told_as_new_or_gone() -> None:
    content = content_of("evaluation-cpf")
    others = "\n".join(line for line in content.splitlines() if not line.startswith("releases."))
    told = describe_changes(others, content)
    assert "release `evaluation`: is new" in told
    assert any("is new: it keeps `montant_total`" in text for text in told)
    assert describe_changes(content, others) == [
        "release `evaluation`: is gone, nothing is released by it any more"
    ]


def test_an_exception_is_told_in_sentences() -> None:
    content = content_of("evaluation-cpf")
    keys = {"what": "example", "because": "le registre est attendu", "by": "DPO"}
    allowed = [f'exceptions[example].{key} = "{value}"' for key, value in keys.items()]
    more = "\n".join([content, *allowed])
    assert describe_changes(content, more) == [
        "new exception, which allows a register entry that only illustrates: « le registre est "
        "attendu »; DPO answers for it"
    ]
    assert describe_changes(more, more.replace('"DPO"', '"la DSI"')) == [
        "exception that allows a register entry that only illustrates: who answers for it: "
        "« la DSI », before: `DPO`"
    ]
    with speaking("fr"):
        told = describe_changes(more, content)
        told += describe_changes(content, more)
    assert told[0] == (
        "l’exception qui admettait une inscription au registre faite pour illustrer a disparu"
    )
    assert not [word for text in told for word in english_words(text)]
