"""All messages stand in one catalogue, `pipelines/tamis/locale/tamis.pot`, and each has its French.

After a change of messages, `python tests/surface/test_messages.py` writes the catalogue anew, and
`fr/LC_MESSAGES/tamis.po` beside it: translations stay, a new message has an empty one to be filled,
one that is gone goes. What is filled in may have plain spaces and apostrophes: written anew, they
are as French has them.
"""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import tamis
from tamis import language
from tamis.documents.editors import MODELS
from tamis.documents.mistakes import meanings
from tamis.language import LOCALE, N_, _, ngettext, read_translations, use_language

PACKAGE = Path(tamis.__file__).parent
CATALOGUE = LOCALE / "tamis.pot"
FRENCH = LOCALE / "fr" / "LC_MESSAGES" / "tamis.po"
MARKS = ("_", "N_", "ngettext")

HEADER = b"""# French of the messages of Tamis. How it is kept: `tamis help contribute`.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: fr\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""

_SPACE = re.compile(r"(?<=«) | (?=[:;?!»%])|(?<=\d) (?=\d{3}\b)")
CODE = re.compile(
    r"`[^`]*`|\{[^}]*\}|--[\w-]+|\w+:[A-Z]+|\S*/\S*|[\w*]*[.=][\w.=]*\w|\b[A-Z]{2,}\b|\w+[-_][\w-]+"
)
ENGLISH = re.compile(
    r"(?i)\b(the|of|and|is|are|was|were|be|been|must|with|without|for|from|that|this|which|who|by|to"
    r"|it|its|has|have|holds?|give|given|got|expected|needs?|does|no longer|nothing|none|not|other"
    r"|file|folder|field|record|records|release|policy|store|key|rows?|values?|reads?|written)\b"
)
"""English words that no French sentence has, outside names in backticks."""


def english_words(text: str) -> list[str]:
    """The English words of a French text: none."""
    return ENGLISH.findall(CODE.sub("", both_forms(text)))


COUNTED = re.compile(r"\{\w+:([^{}|]*)\|([^{}]*)\}")
"""A place whose form depends on a number: `{rows:# row|# rows}`."""


def both_forms(text: str) -> str:
    """`text` with both forms of its numbers one after the other."""
    return COUNTED.sub(r"\1 \2", text)


SHOWN = {
    "BadParameter", "DocumentError", "InputError", "KeysError", "Option", "Problem", "RunError",
    "Section", "Typer", "UsageError", "Argument", "print", "echo", "value_free", "add_typer",
}  # fmt: skip
"""Calls whose texts are shown to a user."""


@cache
def calls() -> list[tuple[Path, ast.Call, str]]:
    """All calls in the package: the file, the call and the name of what is called."""
    return [
        (path, node, getattr(node.func, "id", getattr(node.func, "attr", "")))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


@cache
def extract() -> Catalog:
    """Every marked message of the package, with the files that it stands in."""
    found = set()
    for path, call, name in calls():
        words = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
        if name in MARKS and words:
            message = tuple(words[:2]) if name == "ngettext" else words[0]
            found.add((message, path.relative_to(PACKAGE).as_posix()))
    models = "documents/mistakes.py"  # which tells what a missing key means
    found |= {(text, models) for model in MODELS.values() for text in meanings(model)}
    catalogue = Catalog(project="tamis", charset="utf-8")
    for message, file in sorted(found, key=str):
        catalogue.add(message, locations=[(file, 0)])
    return catalogue


def write_catalogue() -> None:
    """Write catalogue and French as the code has them, without dates: equal code, equal bytes."""
    catalogue = extract()
    FRENCH.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as stream:
        write_po(stream, catalogue, width=100, omit_header=True, sort_output=True)
    translations = read_translations(FRENCH) if FRENCH.is_file() else {}
    for message in catalogue:
        forms = tuple(map(french_spaces, translations.get(key(message.id), ("",))))
        message.string = (forms[0], forms[-1]) if message.pluralizable else forms[0]
    with FRENCH.open("wb") as stream:
        stream.write(HEADER)
        write_po(stream, catalogue, 100, no_location=True, omit_header=True, sort_output=True)


def key(identity: str | list[str] | tuple[str, ...]) -> str:
    """A message's key: of two forms, the singular."""
    return identity if isinstance(identity, str) else identity[0]


def french_spaces(text: str) -> str:
    """`text` with French apostrophes, and no-break spaces before : ; ! ? », after «, in numbers."""
    return "".join(
        part if part.startswith("`") else _SPACE.sub("\N{NO-BREAK SPACE}", part).replace("'", "’")
        for part in re.split(r"(`[^`]*`)", text)
    )


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
    for path, call, name in calls():
        if name not in SHOWN:
            continue
        keywords = [word.value for word in call.keywords if word.arg in (None, "help", "title")]
        for argument in (*call.args, *keywords):
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


def french() -> Iterator[tuple[str, str, str]]:
    """Each translated message: its English key, the form in English, and that in French."""
    translations = read_translations(FRENCH)
    for message in extract():
        english = (message.id,) if isinstance(message.id, str) else message.id
        for form, text in zip(english, translations.get(key(message.id), ()), strict=False):
            yield english[0], form, text


def places(text: str) -> set[tuple[str, str]]:
    """What stands in braces in a message, with the format of what is no number."""
    parsed = string.Formatter().parse(text)
    return {
        (name, "" if "|" in form or form == "," else form)
        for _text, name, form, _kind in parsed
        if name and form is not None
    }


def test_every_message_has_its_french() -> None:
    translations = read_translations(FRENCH)
    messages = (key(message.id) for message in extract() if message.id)
    assert [message for message in messages if message not in translations] == []


def test_the_french_is_of_messages_that_are() -> None:
    messages = {key(message.id) for message in extract()}
    assert read_translations(FRENCH).keys() - messages == set()


def test_the_french_is_read_as_gettext_reads_it() -> None:
    with FRENCH.open("rb") as stream:
        catalogue = read_po(stream)
    read = {}
    for message in catalogue:
        written = message.string or ""
        forms = (written,) if isinstance(written, str) else tuple(written)
        if message.id and all(forms):
            read[key(message.id)] = forms
    assert read == read_translations(FRENCH)


def test_the_french_has_the_places_and_names_of_the_english() -> None:
    for _key, english, text in french():
        assert places(text) | {("count", "")} == places(english) | {("count", "")}, english
        assert set(re.findall("`[^`]*`", text)) == set(re.findall("`[^`]*`", english)), english
        assert english.count("\n") == text.count("\n"), english
        assert english.endswith(" ") == text.endswith(" "), english


def test_the_french_is_written_as_french_is() -> None:
    odd = {}
    for _key, _english, text in french():
        words = CODE.sub("", both_forms(text))
        spaces = re.findall(r"\w[:;!?»](?:\s|$)|«\S", words)
        if wrong := [*spaces, *english_words(text)] or text != french_spaces(text):
            odd[text] = wrong
    assert odd == {}


def test_a_message_is_looked_up_in_the_language_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fr" / "LC_MESSAGES" / "tamis.po"
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: fr\\n"\n\n#, python-brace-format\n'
        'msgid "no input matches {pattern}"\n'
        'msgstr ""\n"aucune entrée ne "\n"correspond à {pattern}"\n\n'
        'msgid "{count} record"\nmsgid_plural "{count} records"\n'
        'msgstr[0] "{count} ligne"\nmsgstr[1] "{count} lignes"\n\n'
        'msgid "without"\nmsgstr ""\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("tamis.language.LOCALE", tmp_path)
    language._translations.cache_clear()
    assert _("no input matches {pattern}", pattern="x") == "no input matches x"
    use_language("fr")
    try:
        assert _("no input matches {pattern}", pattern="x") == "aucune entrée ne correspond à x"
        assert ngettext("{count} record", "{count} records", 3) == "3 lignes"
        assert ngettext("{count} record", "{count} records", 1) == "1 ligne"
        assert ngettext("{count} record", "{count} records", 0) == "0 ligne"
        assert _("not translated") == "not translated"
        assert _("without") == "without"
        assert _("") == ""
        assert _("{rows:,} rows, {share:.1f} of {file}", rows=12000, share=0.5, file="a.b,c") == (
            "12\N{NARROW NO-BREAK SPACE}000 rows, 0,5 of a.b,c"
        )
    finally:
        use_language("en")
        language._translations.cache_clear()
    assert N_("not translated") == "not translated"


if __name__ == "__main__":
    write_catalogue()
