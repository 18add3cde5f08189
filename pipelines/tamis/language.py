"""The language of messages: every sentence that a user sees is looked up in one gettext catalogue.

The English sentence in the code is its own key; `locale/tamis.pot` lists all of them, and
`locale/<language>/LC_MESSAGES/tamis.mo` holds a translation. Without one the English stands.

A message is marked where it is made, with its values by name:

    raise UsageError(_("policy `{policy}` is unknown", policy=name))
    ngettext("{count} record of {file}", "{count} records of {file}", count, file=path)

A sentence that is made at import and shown later is marked by `N_` there and looked up by `_`
where it is shown. Legal terms and reasons are quoted from documents and are never translated.
"""

import gettext
from functools import lru_cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
"""The folder of the catalogue and its translations."""

_current = "en"


def use_language(language: str) -> None:
    """Let messages of this process be in `language` from now on, `en` or a translated one."""
    global _current
    _current = language


@lru_cache
def _translations(language: str) -> gettext.NullTranslations:
    return gettext.translation("tamis", LOCALE, [language], fallback=True)


def _(message: str, **values: object) -> str:
    """Return `message` in the language in use, with `values` in place of their names in braces.

    Example:
        >>> _("policy `{policy}` is unknown", policy="dsn-droits")
        'policy `dsn-droits` is unknown'
    """
    translated = _translations(_current).gettext(message)
    return translated.format(**values) if values else translated


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """Return the form of the message that `count` asks for, in the language in use.

    Example:
        >>> ngettext("{count} record", "{count} records", 2)
        '2 records'
    """
    translated = _translations(_current).ngettext(singular, plural, count)
    return translated.format(count=count, **values)


def printable(text: str) -> str:
    """Return `text` on one line, without characters that move a terminal's cursor."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def N_(message: str) -> str:
    """Mark `message` for the catalogue and return it as it is; `_` looks it up when it is shown."""
    return message
