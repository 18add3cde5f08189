"""Which values are not the numbers that their schema says they are."""

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import as_flags
from tamis.arrow.types import Bools
from tamis.documents.marks import whole

_LUHN = "[0-9]{2,32}"
_IBAN = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # twice a digit, its own digits added up


def misfitting(
    array: pa.Array, pattern: str | None, check: Literal["luhn", "iban"] | None
) -> Bools:
    """Which of N strings or integers neither match a pattern as a whole nor have check digits.

    Args:
        array: N values; null misfits nothing.
        pattern: a regular expression of RE2, or None.
        check: `luhn`, of digits with blanks between; `iban`, likewise of letters and digits; or
            None.

    Example:
        >>> values = pa.array(["732 829 320", "732829321", None])
        >>> misfitting(values, None, "luhn").tolist(), misfitting(values, "[0-9]{9}", None).tolist()
        ([False, True, False], [True, False, False])
    """
    if pa.types.is_dictionary(array.type):
        misfits = misfitting(array.dictionary, pattern, check)
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return np.append(misfits, False)[codes]
    texts = array.cast(pa.string())
    if pattern is not None:
        return ~as_flags(pc.match_substring_regex(texts, whole(pattern)).fill_null(True))
    compact = pc.replace_substring_regex(texts, r"[\s\x{A0}\x{202F}]", "")
    if check == "iban":
        return np.array([text is not None and not _is_iban(text) for text in compact.to_pylist()])
    fits = as_flags(pc.match_substring_regex(compact, whole(_LUHN)).fill_null(False))
    at = np.flatnonzero(fits)
    fits[at] = [_has_luhn(text.encode()) for text in compact.take(pa.array(at)).to_pylist()]
    return ~fits & ~as_flags(pc.is_null(texts))


def _has_luhn(digits: bytes) -> bool:
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(digits[-1::-2]) + sum(doubled) - 48 * len(digits)) % 10 == 0


def _is_iban(text: str) -> bool:
    if not _IBAN.fullmatch(text):
        return False
    digits = "".join([str(int(char, 36)) for char in text[4:] + text[:4]])
    return int(digits) % 97 == 1
