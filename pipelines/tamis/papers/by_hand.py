"""What people write into a paper, between two marks, and how it is kept when it is written again.

    <!-- à la main : responsable -->
    Caisse des dépôts et consignations, 56 rue de Lille, 75007 Paris
    <!-- fin -->

The marks of a blank stand below what it asks for, others at the end of each section. What is the
same in all papers of a folder is written once, in `_commun.md`, between marks of the same names.
The last line of a paper holds a digest of all that is outside the marks: whoever changed something
there finds the file as it was beside the new one.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tamis.errors import UsageError, os_problem
from tamis.language import _
from tamis.regular_file import open_regular

_BEGIN = re.compile(r"^\s*<!--\s*à la main\s*:\s*(?P<key>[\w.-]+)\s*-->\s*$")
_END = re.compile(r"^\s*<!--\s*fin\s*-->\s*$")
_DIGEST = re.compile(r"\n<!-- tamis papers ([0-9a-f]{64}) -->\s*$")

SHARED = "_commun.md"
"""The file of a folder that completes all papers in it; no policy can be called so."""

UNFILLED = frozenset({"", "à compléter", "to be completed"})
"""What stands between the marks of a blank that nobody has completed."""


@dataclass(frozen=True)
class ByHand:
    """What is written by hand in a file, by the name of its place.

    Attributes:
        texts: what stands between the marks, without those of blanks that nobody completed.
        shared: the same of the file that completes all papers of the folder.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        """What is written at a place; the paper's own comes first."""
        return self.texts[key] if key in self.texts else self.shared[key]

    def __contains__(self, key: str) -> bool:
        """Whether something is written there."""
        return key in self.texts or key in self.shared


def mark(key: str, text: str = "") -> str:
    """Return `text` between the marks of the place `key`.

    Example:
        >>> print(mark("dpo", "à compléter"))
        <!-- à la main : dpo -->
        à compléter
        <!-- fin -->
    """
    return "\n".join(filter(None, (f"<!-- à la main : {key} -->", text, "<!-- fin -->")))


def read_by_hand(path: Path) -> ByHand:
    """Return what is written by hand in a paper and in the file that its folder shares.

    Raises:
        UsageError: it cannot be read, or a mark has no end.
    """
    return ByHand(_texts(path), _texts(path.with_name(SHARED)))


def _texts(path: Path) -> dict[str, str]:
    """What stands between the marks of a file, by their names; nothing where there is no file."""
    try:
        with open_regular(path) as stream:
            text = stream.read().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = _("must be encoded in UTF-8")
        if isinstance(error, OSError):
            reason = os_problem(error)
        raise UsageError(_("{file}: cannot be read: {reason}", file=path, reason=reason)) from None
    texts: dict[str, str] = {}
    for key, (line, words) in _blocks(_normal(text)).items():
        if words is None:
            what = _("`{key}` must end in `<!-- fin -->`", key=key)
            raise UsageError(f"{path}:{line}: {what}")
        if words.strip() not in UNFILLED:
            texts[key] = words.strip("\n")
    return texts


def write_generated(path: Path, text: str) -> Path | None:
    """Write a paper, all at once; keep what was there if somebody changed it outside the marks.

    Returns:
        Where what was there is now, or None where the file was as it had been written.
    """
    kept = None
    if path.exists():
        before = path.read_bytes()
        if not _has_digest(_normal(before.decode("utf-8-sig", "replace"))):
            digest = hashlib.sha256(before).hexdigest()[:8]
            kept = path.with_name(f"{path.stem}.{digest}{path.suffix}")
            kept.write_bytes(before)
    begun = path.with_name(f".{path.name}")
    begun.write_text(with_digest(text), encoding="utf-8", newline="\n")
    begun.replace(path)
    return kept


def with_digest(text: str) -> str:
    """Return the text with its digest in a last line, which no page shows."""
    return f"{text.rstrip()}\n\n<!-- tamis papers {_digest(text.rstrip())} -->\n"


def _normal(text: str) -> str:
    """A text whose lines end, and whose letters are composed, as they are here."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _blocks(text: str) -> dict[str, tuple[int, str | None]]:
    """Line and words of each place, by its name; no words where it does not end."""
    blocks: dict[str, tuple[int, str | None]] = {}
    key, first, words = "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        begin = _BEGIN.match(line)
        if key and (begin or _END.match(line)):
            blocks[key] = (first, None if begin else "\n".join(words))
            key = ""
        if begin:
            key, first, words = begin["key"], number, []
            if key in blocks:
                key = f"{key}.{number}"
        elif key:
            words.append(line)
    if key:
        blocks[key] = (first, None)
    return blocks


def _digest(text: str) -> str:
    """SHA-256 of a paper without what is written by hand."""
    lines, inside = [], False
    for line in text.split("\n"):
        inside = inside and not _END.match(line)
        if not inside:
            lines.append(line.rstrip())
        inside = inside or bool(_BEGIN.match(line))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _has_digest(text: str) -> bool:
    match = _DIGEST.search(text)
    return match is not None and _digest(text[: match.start()].rstrip()) == match[1]
