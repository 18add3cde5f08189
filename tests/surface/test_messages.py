"""All messages stand in one catalogue, `pipelines/tamis/locale/tamis.pot`.

After a change of messages, `python tests/surface/test_messages.py` writes it anew.
"""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import tamis
from tamis.language import LOCALE, N_, _, ngettext, use_language

PACKAGE = Path(tamis.__file__).parent
CATALOGUE = LOCALE / "tamis.pot"
MARKS = {"_": None, "N_": None, "ngettext": (1, 2)}

SHOWN = {
    "BadParameter", "DocumentError", "InputError", "KeysError", "Option", "Problem", "RunError",
    "Section", "Typer", "UsageError", "Argument", "print", "echo", "value_free", "add_typer",
}  # fmt: skip
"""Calls whose texts are shown to a user."""


def extract() -> Catalog:
    """Every marked message of the package, with the files that it stands in."""
    catalogue = Catalog(project="tamis", charset="utf-8")
    found = [
        (message, file)
        for file, _line, message, _comments, _context in extract_from_dir(
            PACKAGE, method_map=[("**.py", "python")], keywords=MARKS
        )
    ]
    for message, file in sorted(found, key=str):
        catalogue.add(message, locations=[(file, 0)])
    return catalogue


def write_catalogue() -> None:
    """Write the catalogue as the code has it, without dates: equal code gives equal bytes."""
    LOCALE.mkdir(exist_ok=True)
    with CATALOGUE.open("wb") as stream:
        write_po(stream, extract(), width=100, omit_header=True, sort_output=True)


def texts(node: ast.expr) -> Iterator[str]:
    """The words of a literal or an f-string that stands there unmarked."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.BinOp):
        yield from texts(node.left)
        yield from texts(node.right)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def unmarked() -> Iterator[str]:
    """Places of sentences that are shown and not in the catalogue."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name not in SHOWN:
                continue
            keywords = [word.value for word in node.keywords if word.arg in (None, "help", "title")]
            for argument in (*node.args, *keywords):
                for text in texts(argument):
                    if sum(map(str.isalpha, text)) > 2 and " " in text.strip():
                        yield f"{path.relative_to(PACKAGE)}:{argument.lineno}: {text[:60]}"


def test_every_message_is_marked() -> None:
    assert list(unmarked()) == []


def test_the_catalogue_is_that_of_the_code() -> None:
    with CATALOGUE.open("rb") as stream:
        written = read_po(stream)
    assert {message.id for message in written} == {message.id for message in extract()}, (
        "run python tests/surface/test_messages.py"
    )


def test_every_place_in_a_message_has_a_name() -> None:
    for message in extract():
        for text in [message.id] if isinstance(message.id, str) else message.id:
            for _literal, name, _format, _conversion in string.Formatter().parse(text or ""):
                assert name is None or name.isidentifier(), text


def test_a_message_is_looked_up_in_the_language_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from babel.messages.mofile import write_mo

    french = Catalog(locale="fr")
    french.add("no input matches {pattern}", "aucune entrée ne correspond à {pattern}")
    forms = ("{count} ligne", "{count} de lignes", "{count} lignes")
    french.add(("{count} record", "{count} records"), forms)
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "tamis.mo").open("wb") as stream:
        write_mo(stream, french)
    monkeypatch.setattr("tamis.language.LOCALE", tmp_path)
    assert _("no input matches {pattern}", pattern="x") == "no input matches x"
    use_language("fr")
    try:
        assert _("no input matches {pattern}", pattern="x") == "aucune entrée ne correspond à x"
        assert ngettext("{count} record", "{count} records", 3) == "3 lignes"
        assert ngettext("{count} record", "{count} records", 1) == "1 ligne"
        assert _("not translated") == "not translated"
    finally:
        use_language("en")
    assert N_("not translated") == "not translated"


if __name__ == "__main__":
    write_catalogue()
