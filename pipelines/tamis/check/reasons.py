"""Whether a reason is made of words: a text without letters, or of one or two words, is none."""

import re

_WORD = re.compile(r"[^\W\d_]{2,}")


def is_blank(reason: str | None) -> bool:
    """Whether a reason is missing or has no word in it.

    Example:
        >>> is_blank(" … "), is_blank("identifier le titulaire")
        (True, False)
    """
    return not any(character.isalpha() for character in reason or "")


def is_short(reason: str | None) -> bool:
    """Whether a reason has fewer than three different words; single letters are none.

    Example:
        >>> is_short("oui"), is_short("bon à savoir"), is_short("identifier le titulaire")
        (True, True, False)
    """
    return len({word.casefold() for word in _WORD.findall(reason or "")}) < 3
