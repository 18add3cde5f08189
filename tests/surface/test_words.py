"""Words that code fills into sentences are French in French, or stand as the codes one types."""

import ast
import re
from collections.abc import Iterator

from tamis.language import LOCALE, read_translations
from tests.surface.closed_words import PACKAGE, filled, looked_up, modules, words

FRENCH = read_translations(LOCALE / "fr" / "LC_MESSAGES" / "tamis.po")

CODE = re.compile(r"`[^`]*`|« [^»]* »|\(pip install [^)]*\)|--[\w-]+|\S*/\S*")
"""What is typed as it stands."""

NAMES = {"avro", "bzip2", "csv", "dsn", "favorable", "gzip", "json", "jsonl", "list", "parquet",
         "struct", "xml", "zip", "zstandard"}  # fmt: skip
"""Names, and words of documents, that French has as they are."""

WORD = re.compile(r"[a-z]{3,}(?:[ -][a-z]+)*")
"""A word, and not a code (`aes-256-cmac`), an address, or a name with capitals."""


def fillings() -> Iterator[tuple[str, set[str], str, set[str]]]:
    """Values of messages that are words of a closed set: place, messages, name, the words."""
    for module in modules():
        for mark in ("_", "ngettext", "format", "violation"):
            for call in module.calls.get(mark, ()):
                if mark == "format" and isinstance(call.func, ast.Attribute):
                    messages = looked_up(call.func.value, module)
                elif mark == "violation":
                    messages = looked_up(call.args[3], module) if len(call.args) > 3 else set()
                else:
                    messages = set().union(*(words(part, module) for part in call.args[:2]))
                for name, value in filled(call, module) if messages else ():
                    if closed := words(value, module):
                        place = f"{module.path.relative_to(PACKAGE)}:{call.lineno}"
                        yield place, messages, name, closed


def test_words_that_code_fills_in_are_french() -> None:
    odd = [
        f"{place}: {word!r} in {french!r}"
        for place, messages, name, closed in fillings()
        for french in {form for message in messages for form in FRENCH.get(message, ())}
        if re.search(rf"\{{{name}[:!}}]", CODE.sub("", french))
        for word in sorted(closed - NAMES)
        if WORD.fullmatch(word.strip())
    ]
    assert odd == []


def test_words_that_are_looked_up_are_in_the_catalogue() -> None:
    odd = [
        f"{module.path.relative_to(PACKAGE)}:{call.lineno}: {word!r}"
        for module in modules()
        for call in module.calls.get("_", ())
        if call.args and not isinstance(call.args[0], ast.Constant)
        for word in sorted(words(call.args[0], module) - FRENCH.keys() - NAMES)
        if WORD.search(re.sub(r"\{\w+\}", "", word))
    ]
    assert odd == []


LINE = "line "
"""What stands before a rule with the line's number, and is taken off where causes are counted."""


def test_rules_of_quarantine_are_in_the_catalogue() -> None:
    rules = [
        (module, rule)
        for module in modules()
        for node in ast.walk(module.tree)
        for rule in rules_of(node)
    ]
    assert len(rules) > 20
    odd = [
        f"{module.path.relative_to(PACKAGE)}:{rule.lineno}: {word!r}"
        for module, rule in rules
        for word in sorted(words(rule, module))
        if word not in FRENCH and word != LINE and WORD.search(word)
    ]
    assert odd == []


def rules_of(node: ast.AST) -> list[ast.expr]:
    """What a reader writes as the rule that a record does not meet."""
    match node:
        case ast.Call(func=ast.Name(id="Unreadable"), args=[rule]):
            return [rule]
        case ast.Tuple(elts=[_, ast.Constant(value="unreadable" | "incomplete"), _, rule]):
            return [rule]
    return []
