"""A reason must be made of words: what has no letter in it gives no reason."""


def is_blank(reason: str | None) -> bool:
    """Whether a reason is missing or has no word in it.

    Example:
        >>> is_blank(" … "), is_blank("identifier le titulaire")
        (True, False)
    """
    return not any(character.isalpha() for character in reason or "")
