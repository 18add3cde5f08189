"""How lxml is asked to parse; and tags with more attributes than anybody writes, refused before.

A parser makes all attributes of a tag before it tells of one: a tag of ten megabytes with a million
of them takes most of a gigabyte. Within a tag stands no `<`, so only stretches without one have to
be looked at, and of these only their beginning: there a tag ends, or it is one that is too long.
"""

import codecs
import re
from collections.abc import Collection
from typing import Any, Final

from tamis.language import _

MOST_TAG_BYTES: Final = 1 << 20
"""Bytes of one tag with its attributes."""

_TAG = re.compile(rb"<[^\s!?/<>\d\"'=]")
_WHOLE = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"[^>\"']*|'[^']*'[^>\"']*)*>")
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_STARTS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def pull_parser(etree: Any, tags: Collection[str]) -> Any:
    """A parser of lxml that is fed, tells where elements end, and fetches and expands nothing.

    Args:
        etree: the module `lxml.etree`.
        tags: names of the elements that are told, as lxml has them.
    """
    return etree.XMLPullParser(
        events=("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


class TagBound:
    """Looks at a file for a tag of more than `MOST_TAG_BYTES`, block by block of no more than that.

    Example:
        >>> bound = TagBound()
        >>> [bound.is_passed(block) for block in (b"<a b='>", b"'" * (1 << 20), b">")]
        [False, True, True]
        >>> TagBound().is_passed(b"<a b='>'>" + b"x" * (1 << 21))
        False
    """

    def __init__(self) -> None:
        self._open: bytes | None = None  # the beginning of a tag that has not ended so far
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_first = True

    def is_passed(self, block: bytes) -> bool:
        """Whether such a tag stands in the next block, or has begun before it and goes on."""
        if self._is_first and block:
            self._is_first = False
            name = _MARKS.get(block[:2]) or _STARTS.get(block[:2])
            self._decoder = codecs.getincrementaldecoder(name)("replace") if name else None
        if self._decoder is not None:
            block = self._decoder.decode(block).encode("utf-8", "replace")
        first, last = block.find(b"<"), block.rfind(b"<")
        if self._open is not None:
            self._open += block if first < 0 else block[:first]
            whole = _WHOLE.match(self._open)
            if (whole.end() if whole else len(self._open)) > MOST_TAG_BYTES:
                return True
            self._open = None if whole else self._open
        if last >= 0:
            tail = block[last:]
            is_open = _TAG.match(tail) and not _WHOLE.match(tail)
            self._open = tail if is_open else None
        return False


def too_long_a_tag() -> str:
    """That a tag is longer than may be."""
    return _("a tag takes more than {limit} MiB", limit=MOST_TAG_BYTES >> 20)
