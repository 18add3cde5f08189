"""Reasons are words: what is no word is no reason."""


def says_nothing(reason: str | None) -> bool:
    """Whether a reason has no word in it.

    Example:
        >>> says_nothing(" … "), says_nothing("identifier le titulaire")
        (True, False)
    """
    return not any(character.isalpha() for character in reason or "")
