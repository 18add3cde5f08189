"""International bank account numbers, which a NIR label may stand before by mistake."""

import re
from typing import Final

_LENGTHS = {"FR": 27, "MC": 27, "BE": 16, "DE": 22, "LU": 20, "CH": 21, "ES": 24, "IT": 27}

IBAN: Final = re.compile(
    "(?<![0-9A-Za-z])(?:"
    + "|".join(
        rf"{country}[0-9]{{2}}(?:[ .-]?[0-9A-Z]){{{length - 4}}}"
        for country, length in _LENGTHS.items()
    )
    + ")(?![0-9A-Za-z])",
    re.IGNORECASE,
)
"""What is written like an IBAN, together or in groups."""

WIDEST_IBAN: Final = 2 * max(_LENGTHS.values())
_SIGN = re.compile("[^0-9A-Za-z]")


def is_iban(text: str) -> bool:
    """Whether the check digits of what is written like an IBAN are right (ISO 13616).

    Example:
        >>> is_iban("FR14 2004 1010 0505 0001 3M02 606"), is_iban("FR15 20041010050500013M02606")
        (True, False)
    """
    iban = _SIGN.sub("", text).upper()
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
