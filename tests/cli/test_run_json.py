"""`tamis run --json`: one JSON object on stdout, whatever happens, and words on stderr."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.documents.editors import as_text
from tamis.errors import TamisError
from tamis.evidence.receipt import Receipt
from tamis.evidence.summary import PUBLISHED, json_schemas

from .test_mistakes import POLICY, POLICY_FILE, SCHEMA, SCHEMA_FILE

CANARY = "CANARI"
RUN = ("feed", "--input", "feed.csv", "--output", "store", "--allow-example")
PUBLISHED_SCHEMA = PUBLISHED / "run.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(PUBLISHED_SCHEMA.read_text("utf-8")))


def told(*words: str) -> tuple[dict[str, Any], str]:
    """The object on stdout, and what stands on stderr or is raised."""
    result = CliRunner().invoke(app, ["run", *words, "--json"])
    (line,) = result.stdout.splitlines()
    summary = json.loads(line)
    VALIDATOR.validate(summary)
    error = result.exception
    if isinstance(error, TamisError):
        assert (summary["exit_code"], summary["error"]) == (error.exit_code, str(error))
    else:
        assert summary["exit_code"] == result.exit_code
    assert CANARY not in line
    return summary, result.stderr


def test_the_published_json_schema_is_that_of_the_summary() -> None:
    assert PUBLISHED_SCHEMA.read_text(encoding="utf-8") == as_text(json_schemas()["run"]), (
        "run tamis.documents.editors.publish(summary.PUBLISHED, summary.json_schemas())"
    )


@pytest.mark.slow
def test_it_says_how_a_run_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    schema = SCHEMA + "  Montant: {type: int32, category: tit-droits-parcours-formation}\n"
    documents = {
        SCHEMA_FILE: schema,
        POLICY_FILE: POLICY.replace("[Code RNCP]", "[Code RNCP, Montant]"),
        "feed.csv": f"NIR;Ne;Code RNCP;Montant\n;;RNCP1;12\n;;RNCP2;{CANARY}\n",
    }
    for file, text in documents.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")

    invalid, _words = told(*RUN[:-1], "--run-id", "r")
    assert (invalid["outcome"], invalid["exit_code"], invalid["run"]) == ("invalid", 2, "r")
    assert "--allow-example" in invalid["error"]
    refused, _words = told(*RUN, "--run-id", "r", "--fail-on", "quarantine")
    assert (refused["outcome"], refused["exit_code"]) == ("refused", 1)
    assert refused["error"].endswith("as --fail-on asks: quarantine (1 of 2 records)")
    failed, _words = told(*RUN, "--run-id", "r", "--output", "feed.csv")
    assert (failed["outcome"], failed["exit_code"]) == ("failed", 3)
    assert not (tmp_path / "store" / "_receipts").exists()

    done, words = told(*RUN, "--run-id", "r")
    assert (done["outcome"], done["exit_code"], done["run"]) == ("committed", 0, "r")
    assert done["counts"] == {"in": 2, "released": 1, "withheld": 0, "quarantined": 1}
    assert "run r committed" in words
    receipt = Receipt.from_json((tmp_path / done["address"]).read_bytes())
    assert receipt.quarantine == done["receipt"]["quarantine"] == {"type": 1}
    assert "files" not in done["receipt"]["releases"]["R6323-37.III.2"]
    again, _words = told(*RUN, "--run-id", "r")
    assert again == done | {"outcome": "committed-before"}
