from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.cli.draft import init_command
from tamis.errors import TamisError, UsageError
from tamis.language import speaking

FILLED = {
    "processing: FILL_IN": "processing: systeme-evaluation-cpf",
    "item: FILL_IN": "item: R6323-37.III.2",
    "purpose: FILL_IN": "purpose: R6323-33.5",
    "because: FILL_IN": "because: mesurer vers quelles certifications va la dépense",
    "keep: [FILL_IN]": "keep: [Code RNCP]",
}


def tamis(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    error = result.exception
    if isinstance(error, TamisError):
        return error.exit_code, str(error)
    return result.exit_code, result.output


def test_a_first_project_says_what_to_fill_in_and_runs_dry_once_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("feed.csv").write_text("Code RNCP;Montant\nRNCP1;12\nRNCP2;13\n", encoding="utf-8")
    assert tamis("init", "feed.csv")[0] == 0
    code, text = tamis("check", "feed")
    assert code == 1
    for line in (3, 6, 7, 10, 11):
        assert f"policies/feed.yaml:{line}:" in text
    policy, schema = Path("policies/feed.yaml"), Path("schemas/feed.yaml")
    filled = policy.read_text(encoding="utf-8")
    for blank, value in FILLED.items():
        assert blank in filled
        filled = filled.replace(blank, value)
    policy.write_text(filled, encoding="utf-8")
    chosen = schema.read_text(encoding="utf-8").replace(
        "category: []}", "category: tit-droits-parcours-formation}"
    )
    schema.write_text(chosen, encoding="utf-8")
    assert tamis("check", "feed")[0] == 0
    cases = Path("policies/tests/feed.yaml")
    assert tamis("test", "feed")[0] == 1
    said = cases.read_text(encoding="utf-8")
    record = YAML(typ="safe").load(said)["cases"][0]["record"]
    said = said.replace("FILL_IN:  ", "R6323-37.III.2:  ")
    said = said.replace("FILL_IN: FILL_IN", f"Code RNCP: {record['Code RNCP']}")
    cases.write_text(said, encoding="utf-8")
    assert "FILL_IN" not in said
    code, text = tamis("test", "feed", "--coverage", "--fail-under", "100")
    assert code == 0
    assert "feed: 1 case, 0 outcomes not as expected; coverage 1 of 1\n" in text
    code, text = tamis("dry-run", "feed", "--input", "feed.csv")
    assert code == 0
    assert "2" in text
    with pytest.raises(UsageError, match="is there already, nothing is written"):
        CliRunner().invoke(app, ["init", "feed.csv"], catch_exceptions=False)
    assert policy.read_text(encoding="utf-8") == filled


def test_comments_are_in_the_language_in_use(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("Code RNCP;Montant\nRNCP1;12\nRNCP2;13\n", encoding="utf-8")
    with speaking("fr"):
        assert init_command(tmp_path, feed, None) == 0
    policy = (tmp_path / "policies" / "feed.yaml").read_text(encoding="utf-8")
    assert "# pourquoi le partenaire a besoin de ces champs" in policy
