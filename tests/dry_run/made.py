"""A dry run's result made by hand, with something in every part of it."""

import datetime
from collections.abc import Callable
from typing import Any

from tamis.dry_run.result import DryRun

Text = Callable[[str], str]

FATES = {
    "nir": ("pseudonymized", {"method": "hmac-sha256"}, "pseudonyme"),
    "nom_naissance": ("kept", {}, "nom_naissance"),
    "date_naissance": ("generalized", {"to": "year"}, "date_naissance"),
    "montant": ("generalized", {"step": 50}, "montant"),
    "observations": ("redacted", {}, "observations"),
    "nir_cle": ("stripped", {}, None),
    "contrats.motif": ("dropped", {}, None),
    "iban": ("dropped", {}, None),
}
TYPES = {"date_naissance": "date32", "montant": "decimal128(12, 2)"}
REASONS = {
    "nir_cle": "paragraph III: the partner carries no NIR",
    "contrats.motif": "read for a condition, never released",
    "iban": "outside every category",
}


def make_result(text: Text = str, *, releases: int = 2, **changed: Any) -> DryRun:
    """A result in which every free text went through `text`.

    Args:
        text: makes names and texts of the documents and of the input what a test needs.
        releases: how many there are.
        changed: parts to put in the place of these, by their names in JSON.
    """
    names = [text(f"release-{number}") for number in range(releases)]
    made: dict[str, Any] = {
        "run": "dry-run",
        "policy": text("evaluation"),
        "policy_sha256": "a" * 64,
        "plan_sha256": "b" * 64,
        "day": datetime.date(2026, 11, 23),
        "replay": True,
        "started": datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC),
        "ended": datetime.datetime(2026, 11, 23, 11, tzinfo=datetime.UTC),
        "tool": "tamis 0.1.0",
        "law": {"R6323-37": "LEGIARTI000050924157", "R6323-33": "LEGIARTI000050924202"},
        "processing": {"slug": text("systeme-evaluation"), "carries_nir": "unknown"},
        "inputs": [
            {"uri": text("in/feed.parquet"), "rows": 1200, "bytes": 181_220, "sha256": "c" * 64},
            {"uri": text("in/rest.parquet"), "rows": 34, "bytes": 12, "sha256": ""},
        ],
        "counts": {"in": 1234, "released": 1000, "withheld": 200, "quarantined": 34},
        "releases": {name: _release(text) for name in names},
        "quarantine": {"type": 12, "nir-malformed": 18, "nir-leak": 4},
        "quarantine_causes": [
            _cause(text, "type", "montant", "int32", 12, 1),
            _cause(text, "nir-malformed", "nir", "identifier: nir", 17, 17),
            _cause(text, "nir-malformed", "", "other rules", 1, 18),
            _cause(text, "nir-leak", "observations", "gate", 4, 3),
        ],
        "conditions_not_met": [
            {"release": name, "condition": "dispositif not in CPF, DIFEL", "records": 200}
            for name in names
        ],
        "masks": [{"field": text("montant"), "rule": "int32", "mask": "# ###,##", "records": 11}],
        "drift": {
            "unknown": [text("inconnue")],
            "missing": [text("absente")],
            "retyped": [
                {"column": text("montant"), "schema": "int64", "files": {text("double"): 2}}
            ],
        },
        "anomalies": {"nir-received-under-iii": 7, text("chance-hits:reference"): 12},
        "schema": text("dossiers"),
        "direction": "out-of-store",
        "describes": text("dossiers pseudonymisés"),
        "valid_until": "2027-01-01",
        "review": {
            "status": "changed",
            "opinion": "réservé",
            "by": text("A. Martin"),
            "role": text("DPO"),
            "on": datetime.date(2026, 1, 5),
            "until": datetime.date(2027, 1, 5),
            "changed": [text('- fields.sexe.category = ["identite"]'), text("+ plus rien")],
            "changes": {lang: [text("un besoin conserve moins")] for lang in ("en", "fr")},
            "exceptions": [
                {
                    "what": "unconfirmed",
                    "because": text("le cadre est relu"),
                    "by": text("DSI"),
                    "until": datetime.date(2026, 12, 31),
                }
            ],
        },
        "motifs": [
            {"text": text("le cas est plus étroit"), "attested": "read", "source": text("R. 1")},
            {"text": text("le seuil vaut"), "attested": "inferred"},
        ],
        "texts": {
            "R6323-37": {
                "id": "LEGIARTI000050924157",
                "from": "2025-01-01",
                "amended_by": text("décret n° 2024-1236"),
                "amended_by_link": "inferred",
                "read_on": datetime.date(2026, 11, 1),
                "cut": True,
                "opening": text("Dans le cadre des finalités"),
                "lists_fixed_by": text("arrêté du ministre"),
                "note": text("réécrit"),
                "article_note": text("toutes les versions"),
            },
            "R6323-33": {"id": "LEGIARTI000050924202", "from": "2025-01-01", "until": "2027-01-01"},
        },
        "categories": [
            {
                "slug": text("tit-identite-activite"),
                "article": "R6323-34",
                "wording": text("Données relatives à l’identité"),
                "note": text("une remarque"),
                "subjects_link": "inferred",
                "purposes_link": "inferred",
            }
        ],
        "unread": [
            {
                "reference": text("L. 4141-5"),
                "version": "LEGIARTI000054336916",
                "from": datetime.date(2026, 6, 27),
                "note": text("lu en partie"),
            }
        ],
        "register_text": {"name": text("arrêté du 11 octobre 2019"), "note": text("en partie")},
        "register": [
            {
                "release": name,
                "item": "R6323-37.III.2",
                "processing": text("systeme-evaluation"),
                "name": text("Système d’évaluation"),
                "attested": ("example", "superseded", "inferred", "read")[number % 4],
                "words": "",
                "source": text("annexe 4"),
                "entry_source": text("page 3"),
                "read_on": datetime.date(2026, 11, 1),
                "note": text("une note"),
                "about": text("une voie"),
            }
            for number, name in enumerate(names)
        ],
        "sample": {
            "limit": 1300,
            "read": 1234,
            "complete": False,
            "inputs": 2,
            "inputs_complete": 1,
            "method": text("the first ones"),
        },
        "bytes": {"in": 181_232, "out": dict.fromkeys(names, 60110), "quarantine": 900},
        "risk": {name: _risk(text) for name in names[:1]},
        "marks": [
            {
                "release": names[0],
                "field": text(f"champ.{form}"),
                "mark": "quasi",
                "form": form,
                "values": 3000,
                "count": 2990,
            }
            for form in ("own", "prose", "email", "phone", "iban", "birth")
            if names
        ],
        "lowered": [
            {"field": text("iban"), "key": key, "mark": "none", "because": text("d’un organisme")}
            for key in ("identifies", "sensitive")
        ],
        "profile": {
            "columns": 4,
            "undeclared": [
                {
                    "column": text("inconnue"),
                    "known": False,
                    "form": "text",
                    "values": 1234,
                    "nirs": 17,
                    "confidence": 0.98,
                    "why": text("17 in 12 of 1234 texts"),
                }
            ],
        },
        "against": {
            "project": text("../autre"),
            "policy_sha256": "d" * 64,
            "plan_sha256": "e" * 64,
            "records": 1234,
            "fields": [
                {
                    "item": "R6323-37.III.2",
                    "purpose": "R6323-33.5",
                    "field": text("iban"),
                    "newly": 900,
                    "no_longer": 0,
                }
            ],
        },
    }
    return DryRun.model_validate({**made, **changed})


def _cause(
    text: Text, reason: str, field: str, rule: str, records: int, position: int
) -> dict[str, Any]:
    return {
        "reason": reason,
        "field": text(field) if field else "",
        "rule": rule,
        "records": records,
        "source": text("in/feed.parquet"),
        "position": position,
    }


def _release(text: Text) -> dict[str, Any]:
    return {
        "item": "R6323-37.III.2",
        "purpose": "R6323-33.5",
        "attested": "example",
        "rows": 900,
        "redacted": {text("observations"): 45},
        "nir": "absent",
        "stated": _stated(text),
        "tags": {"legal_item": "R6323-37.III.2", "legal_retention": None},
        "fields": {
            text(path): {
                "fate": fate,
                "because": text(REASONS.get(path, "comparer l’usage")),
                "treatment": fate,
                "details": details,
                "out": out and text(out),
                "type": {"in": TYPES.get(path, "string"), "out": out and text("string")},
                "mask": text("xxx-##") if fate == "kept" else None,
                "place": text("policies/evaluation.yaml:3:5"),
                "read": path != "iban",
                "identifier": ["nir"] if path.startswith("nir") else [],
                "category": [text("tit-identite-activite")],
                "category_link": "inferred" if path == "montant" else "read",
                "not_nir": text("numéro de lot") if path == "iban" else None,
                "free_text": path == "observations",
                "identifies": {"nom_naissance": "direct", "montant": "none", "nir": "none"}.get(
                    path, "quasi"
                ),
                "sensitive": text("santé") if path in ("montant", "iban") else None,
            }
            for path, (fate, details, out) in FATES.items()
        },
    }


def _stated(text: Text) -> dict[str, Any]:
    basis = {"rgpd": "9.2.b", "text": text("L. 6323-12"), "status": "to-confirm"}
    test = {
        "field": text("dispositif"),
        "values": [text("CPF"), text("DIFEL")],
        "because": text("seul ce dispositif"),
    }
    need = {"because": text("comparer l’usage"), "fields": [text(path) for path in FATES]}
    return {
        "where": [{**test, "unmet": "dispositif not in CPF, DIFEL"}],
        "only": {text("contrats"): [{**test, "values": [True], "basis": basis}]},
        "needs": [
            {**need, "basis": {**basis, "status": "confirmed"}},
            {**need, "when": [{**test, "values": []}], "nir_basis": {**basis, "rgpd": None}},
        ],
        "reasons": {
            key: text(f"motif de {key}")
            for key in ("rebuilds_nir", "identifies_anyway", "risk", "note")
        },
        "item": {
            "relation": "exchange",
            "nir": "absent",
            "nir_link": "inferred",
            "purposes": ["R6323-33.5"],
            "subject": text("L’analyse de l’utilisation"),
            "note": text("plus étroit que 5°"),
        },
        "purpose": {
            "subject": text("L’évaluation de la mise en œuvre"),
            "note": text("élargie en 2025"),
        },
        "limits": [
            {
                "article": "R6113-17-1",
                "wording": text("à l’exception"),
                "note": text("jusqu’en 2024"),
            }
        ],
        "retention": {
            "rule": "titulaire",
            "paragraph": "I 1°",
            "covers": text("les données du titulaire"),
            "start": text("à compter du décès"),
            "period": "P3Y",
            "mode": "must-end",
            "note": text("sauf contentieux"),
        },
    }


def _risk(text: Text) -> dict[str, Any]:
    sizes = [(1, 1, "<5"), (2, 4, ">=5"), (5, 9, 40), (10, 19, 0), (20, None, 12)]
    figures = {
        "sampled": 60,
        "complete": False,
        "combinations": 120,
        "unique": "<5",
        "small": 30,
        "small_share": 0.0345,
        "at_most": 0.041,
        "smallest": "<5",
        "sizes": [
            {"least": least, "most": most, "combinations": number} for least, most, number in sizes
        ],
    }
    return {
        **figures,
        "fields": [text("montant")],
        "pseudonym": text("pseudonyme"),
        "records": 900,
        "persons": 870,
        "k": 11,
        "below": "1%",
        "within": False,
        "marks_ignored": {**figures, "fields": [text("montant"), text("observations")]},
        "coarsening": {
            "tried": 870,
            "complete": False,
            "fields": {text("montant"): "step: 500", text("observations"): "not kept"},
        },
    }
