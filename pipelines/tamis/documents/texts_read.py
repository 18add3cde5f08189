"""Which texts were read for Tamis; whether another text exists was not looked up.

The list comes with the program and not with a project: who adds to it has read the text.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from tamis.documents.references import split_references

LIST: Final = Path(__file__).parent / "texts_read.txt"
_WHOLE = re.compile(
    r"(?:(?:[A-Z]+|C\. \S+) )?(?:LO?|R|D|A)\. ?\d+(?:-\d+)*"
    r"|(?:loi|loi organique|ordonnance|décret|délibération) n° ?\d+-\d+"
    r"|arrêté(?: du .*?\d{4})?|RGPD"
)


@cache
def texts_read() -> dict[str, str]:
    """Return the version of each text that was read, by reference (`L. 6323-11`)."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {reference: version for reference, version, _from in rows}


def not_read(text: str) -> list[str]:
    """Return the texts, without their paragraphs, that references name and that were not read.

    Example:
        >>> not_read("L. 6323-11 al. 3 ; décret n° 2019-341 art. 2 C"), not_read("RGPD art. 9.2.b")
        (['décret n° 2019-341'], [])
    """
    wholes = (_WHOLE.match(reference) for reference in split_references(text))
    named = (re.sub(r"(?<=[LRDAO]\.) ?(?=\d)", " ", whole[0]) for whole in wholes if whole)
    return [name for name in dict.fromkeys(named) if name not in texts_read() and name != "RGPD"]
