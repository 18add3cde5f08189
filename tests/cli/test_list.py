import json

import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.documents.calendar import today
from tamis.errors import UsageError


def listed(what: str, *words: str) -> str:
    result = CliRunner().invoke(app, ["list", what, "--project", "cpf", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("what", "id", "known"),
    [
        ("items", "R6323-37.III.2", {"nir": "absent", "purposes": ["R6323-33.5"]}),
        ("purposes", "R6323-33.1bis", {}),
        ("categories", "tit-economique-financier", {}),
        ("processings", "systeme-evaluation-cpf", {"items": ["R6323-37.III.2 (example)"]}),
        ("policies", "evaluation-cpf", {"items": ["R6323-37.III.2"], "purposes": ["R6323-33.5"]}),
    ],
)
def test_what_documents_may_name_is_listed_with_its_words(
    what: str, id: str, known: dict[str, object]
) -> None:
    (row,) = (row for row in json.loads(listed(what, "--json")) if row["id"] == id)
    assert known.items() <= row.items()
    assert len(row["words"]) > 20
    text = listed(what)
    assert f"\n{id}\n  {row['words'][:20]}" in f"\n{text}"
    assert max(map(len, text.splitlines())) <= 100


def test_a_list_is_of_a_day() -> None:
    old = json.loads(listed("items", "--json", "--on", "2019-01-01"))
    new = json.loads(listed("items", "--json", "--on", today().isoformat()))
    assert len(old) < len(new)


def test_another_word_is_told_what_can_be_listed() -> None:
    result = CliRunner().invoke(app, ["list", "itms", "--project", "cpf"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("KIND: must be one of `items`, `purposes`")
