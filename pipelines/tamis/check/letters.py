"""Warnings of `tamis check` about letters that look like others, and characters that nobody sees.

A field `nіr` with a Cyrillic i looks like `nir` and is another field; an escape character moves the
cursor of the terminal that shows it.
"""

import re
import unicodedata
from collections.abc import Iterator

from tamis.check.catalogue import Rule
from tamis.check.violation import Violation, Violations
from tamis.documents.positions import DocumentModel, DocumentPath, Source
from tamis.language import _

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""General categories of what is not seen: controls, formats, private use, separators of lines."""

_WORD = re.compile(r"\w+")


def judge_letters(document: DocumentModel, source: Source) -> Violations:
    """Warn of odd characters in the names and texts of a document, once for each of these."""
    for path, text, is_name in texts_of(document.model_dump(by_alias=True), ()):
        odd = next(_odd(text, is_name=is_name), None)
        if odd is not None:
            character = f"U+{ord(odd):04X} {unicodedata.name(odd, '')}".strip()
            problem = source.problem(
                path,
                _(
                    "holds {character}, which cannot be told from another letter, or not be seen",
                    character=character,
                ),
                key=is_name,
            )
            yield Violation(problem, Rule.NAMING, "letters", severity="warning")


def texts_of(node: object, path: DocumentPath) -> Iterator[tuple[DocumentPath, str, bool]]:
    """Yield the texts and numbers of a document with their paths, and whether each is a key."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str):
                yield (*path, key), key, True
            yield from texts_of(value, (*path, key))
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from texts_of(value, (*path, number))
    elif isinstance(node, str | int):
        yield path, str(node), False


def _odd(text: str, *, is_name: bool) -> Iterator[str]:
    """Characters of a text that are hidden, or letters of another script than their word's."""
    if text.isascii() and text.isprintable():
        return
    for character in text:
        if unicodedata.category(character) in _HIDDEN and (is_name or character not in "\n\t"):
            yield character
    for word in _WORD.findall(text):
        others = [letter for letter in word if letter.isalpha() and not _is_latin(letter)]
        if others and (is_name or len(others) < sum(map(str.isalpha, word))):
            yield others[0]


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN ")
