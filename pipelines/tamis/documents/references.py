"""References to legal texts: article, code or decree, paragraph, as lawyers cite them.

L. 6323-11 al. 3              of the code du travail, which need not be named
CSS L. 213-1                  of another code, by its abbreviation
décret n° 2019-341 art. 2 C   of a text with a number
RGPD art. 9.2.b
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from tamis.language import _

_CODE = r"(?:CASF|CGCT|CGFP|CGI|CJA|CMF|CP|CPP|CRPA|CRPM|CSP|CSS|LPF|C\. (?:com|civ|éduc|trav)\.)"
_ORDINAL = r"\d{1,2}°(?: (?:bis|ter|quater|quinquies|sexies))?"
_PARAGRAPH = rf"(?:[IVX]{{1,5}}(?: (?:bis|ter|quater))?|{_ORDINAL}|[A-Z]|[a-z]|al\. \d{{1,2}})"
_PARAGRAPHS = rf"(?:,? {_PARAGRAPH})*"
_DATE = r"(?: du \d{1,2}(?:er)? [a-zéû]+ \d{4})"
_ARTICLE = rf"(?:{_CODE} )?(?:LO?|R|D|A)\. ?\d+(?:-\d+)*{_PARAGRAPHS}"
_NUMBERED = (
    rf"(?:loi|loi organique|ordonnance|décret|délibération) n° ?\d{{2,4}}-\d+{_DATE}?"
    rf"(?:,? art\. \d+(?:-\d+)*{_PARAGRAPHS})?"
)
_ARRETE = rf"arrêté{_DATE}(?:,? (?:art\.|annexe) \d+(?:[.-]\d+)*{_PARAGRAPHS})?"
_RGPD = r"RGPD art\. \d{1,2}(?:\.\d+(?:\.[a-z])?)?"
_REFERENCE = re.compile(f"(?:{_ARTICLE}|{_NUMBERED}|{_ARRETE}|{_RGPD})")


def split_references(text: str) -> list[str]:
    """Return the references that `text` is made of, in order; empty where it is none.

    Example:
        >>> split_references("R. 6323-33 4° bis ; décret n° 2019-341, art. 2 C")
        ['R. 6323-33 4° bis', 'décret n° 2019-341, art. 2 C']
        >>> split_references("à voir avec le DPO")
        []
    """
    parts = [part.strip() for part in text.split(";")]
    return parts if all(map(_REFERENCE.fullmatch, parts)) else []


def cites(text: str, reference: str) -> bool:
    """Whether a text names a reference, or a paragraph of it.

    Example:
        >>> cites("inscrire ce que la loi permet (L. 4141-5 al. 1)", "L. 4141-5")
        True
        >>> cites("L. 4141-51, L. 4141-5-1, CSS L. 4141-5", "L. 4141-5")
        False
    """
    mentions = re.finditer(rf"(?<!\w){re.escape(reference)}(?!\d|-\d)", text)
    return any(not re.search(rf"{_CODE} $", text[: match.start()]) for match in mentions)


def _check(text: str) -> str:
    if not split_references(text):
        raise ValueError(
            _(
                "must be a reference, to article, code or decree and paragraph, such as `{one}` "
                "or `{two}`; several with ` ; ` between them",
                one="L. 6323-11 al. 3",
                two="décret n° 2019-341 art. 2 C",
            )
        )
    return text


Reference = Annotated[str, AfterValidator(_check)]
"""One reference or several: where a statement stands in the law, not words about it."""
