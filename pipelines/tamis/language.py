"""The language of messages: every sentence that a user sees is looked up in one gettext catalogue.

The English sentence in the code is its own key; `locale/tamis.pot` lists all of them, and
`locale/<language>/LC_MESSAGES/tamis.po` holds a translation, which is read as it is: no step of a
build compiles it. Without a translation the English stands. `TAMIS_LANG` says which language a
process begins in, `--lang` of the command which one it goes on in.

A message is marked where it is made, with its values by name:

    raise UsageError(_("policy `{policy}` is unknown", policy=name))
    ngettext("{count} record of {file}", "{count} records of {file}", count, file=path)
    _("{rows:# row|# rows} of {runs:# run|# runs}", rows=rows, runs=runs)

A sentence that is made at import and shown later is marked by `N_` there and looked up by `_`
where it is shown. Legal terms and reasons are quoted from documents and are never translated, and
what is kept or compared (plans, receipts, digests) is the same in every language.
"""

import json
import os
import re
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

LOCALE = Path(__file__).parent / "locale"
"""The folder of the catalogue and its translations."""

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""What `--lang` and `TAMIS_LANG` may name."""

VARIABLE: Final = "TAMIS_LANG"

_FIELD = re.compile(r'^(msgid|msgstr)(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\n?)+)', re.MULTILINE)

_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""Spaces of French, which Python does not count as printable."""

_current = os.environ.get(VARIABLE, "")


def use_language(language: str) -> None:
    """Let messages of this process be in `language` from now on, one of `LANGUAGES`."""
    global _current
    _current = language


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let messages be in `language` for a while.

    Example:
        >>> with speaking("fr"):
        ...     print(_("none"))
        néant
    """
    global _current
    before, _current = _current, language
    try:
        yield
    finally:
        _current = before


def language_in_use() -> Language:
    """The language of messages.

    Example:
        >>> use_language("fr")
        >>> language_in_use()
        'fr'
        >>> use_language("en")
    """
    return "fr" if _current == "fr" else "en"


def read_translations(path: Path) -> dict[str, tuple[str, ...]]:
    """The messages of a `.po` file that are translated, each with its forms: singular, plural."""
    translations: dict[str, tuple[str, ...]] = {}
    message = ""
    for keyword, quoted in _FIELD.findall(path.read_text(encoding="utf-8")):
        text = "".join(map(json.loads, quoted.splitlines()))
        if keyword == "msgid":
            message = text
        elif text and message:
            translations[message] = (*translations.get(message, ()), text)
    return translations


@cache
def _translations(language: str) -> dict[str, tuple[str, ...]]:
    path = LOCALE / language / "LC_MESSAGES" / "tamis.po"
    return read_translations(path) if language in LANGUAGES and path.is_file() else {}


class _Formatter(string.Formatter):
    """Fills in values as a language writes them.

    Numbers whose form a message asks for (`{count:,}`, `{share:.1f}`) have the marks of French in
    it, and `{rows:# row|# rows}` is the form that the number asks for, with `#` in place of it and
    `#,` of it with its thousands set apart.
    """

    def __init__(self, language: str) -> None:
        self._is_french = language == "fr"

    def format_field(self, value: Any, format_spec: str) -> str:
        """One value in its form."""
        if "|" in format_spec:
            return self._counted(value, *format_spec.split("|"))
        text = str(super().format_field(value, format_spec))
        is_numeric = self._is_french and format_spec[-1:] in _NUMERIC
        return text.translate(_FRENCH_MARKS) if is_numeric else text

    def _counted(self, value: Any, singular: str, plural: str) -> str:
        number = int(value) if str(value).isdigit() else None
        is_one = number is not None and (number < 2 if self._is_french else number == 1)
        form = singular if is_one else plural
        apart = value if number is None else self.format_field(number, ",")
        return form.replace("#,", str(apart)).replace("#", str(value))


_FRENCH_MARKS = str.maketrans(
    {",": "\N{NARROW NO-BREAK SPACE}", ".": ",", "%": "\N{NO-BREAK SPACE}%"}
)
_NUMERIC = (",", "f", "g", "%")
_FORMATTERS = {language: _Formatter(language) for language in LANGUAGES}


def _(message: str, **values: object) -> str:
    """Return `message` in the language in use, with `values` in place of their names in braces.

    Example:
        >>> _("policy `{policy}` is unknown", policy="dsn-droits")
        'policy `dsn-droits` is unknown'
        >>> _("{rows:# row|# rows} of {runs:# run|# runs}", rows=12, runs=1)
        '12 rows of 1 run'
    """
    return _look_up(message, values, _current)


def _look_up(message: str, values: Mapping[str, object], language: str) -> str:
    translated = _translations(language).get(message, (message,))[0]
    return fill(translated, values, language) if values else translated


def fill(text: str, values: Mapping[str, object], language: str) -> str:
    """Return `text` with `values` in place of their names, as a language writes them.

    Example:
        >>> fill("{share:.1f} de {rows:# ligne|# lignes}", {"share": 0.5, "rows": 0}, "fr")
        '0,5 de 0 ligne'
    """
    return _FORMATTERS["fr" if language == "fr" else "en"].vformat(text, (), values)


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """Return the form of the message that `count` asks for, in the language in use.

    Example:
        >>> ngettext("{count} record", "{count} records", 2)
        '2 records'
    """
    forms = _translations(_current).get(singular)
    if forms is None:
        translated = singular if count == 1 else plural
    else:
        # Of the languages, French alone is translated: none and one are singular in it.
        translated = forms[0] if abs(count) < 2 else forms[-1]
    return fill(translated, {"count": count, **values}, _current)


def translate(sentence: str, *messages: str, language: Language | None = None) -> str:
    """A sentence that was kept in English, in the language in use.

    Args:
        sentence: as it stands in a plan or receipt, which are the same in every language.
        messages: that it may have been made of, by default all; of another one it stays as it is.
        language: another one than that in use.

    Example:
        >>> translate("nature not in CPF, DIFEL", "{field} not in {values}", language="fr")
        'nature absent de CPF, DIFEL'
        >>> translate("longer than 10 bytes", language="fr")
        'dépasse 10 octets'
    """
    into = language or _current
    translations = _translations(into)
    if not messages and sentence in translations:
        return translations[sentence][0]
    for message in messages or _with_places(into):
        texts = _PLACE.split(message)
        if translations and all(text in sentence for text in texts):
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(message))
            if match := re.fullmatch(pattern, sentence, re.DOTALL):
                return _look_up(message, match.groupdict(), into)
    return sentence


_PLACE = re.compile(r"\{\w+\}")


@cache
def _with_places(language: str) -> list[str]:
    """The messages that have values, those with most text of their own first."""
    messages = [message for message in _translations(language) if _PLACE.search(message)]
    return sorted(messages, key=lambda message: -len(_PLACE.sub("", message)))


def printable(text: str) -> str:
    """Return `text` on one line, without characters that move a terminal's cursor."""
    return "".join(
        character
        if character.isprintable() or character in _SPACES
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def N_(message: str) -> str:
    """Mark `message` for the catalogue and return it as it is; `_` looks it up when it is shown."""
    return message
