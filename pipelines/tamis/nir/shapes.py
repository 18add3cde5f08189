"""The common shapes of a NIR, read all at once where `tamis.nir.rules` would read one by one.

What is judged here beyond a plain NIR with its key: Corsica, first digits 3 to 8, unknown months,
mixed and wide gaps, a key behind a gap, in parentheses or after its word, no key or a wrong one in
the INSEE grouping, 13 characters behind a label. A candidate is taken only where the rules would
surely take it and nothing else; any other is left to them.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

from tamis.nir.label import OPPOSING_BYTES, OPTICAL_BYTES, STRONG_BYTES
from tamis.nir.number import Bools, Bytes, Ints

_GROUPED: Final = ((1, 2, 2, 2, 3, 3), (1, 2, 2, 3, 2, 3))
_BODY: Final = 13
_BEHIND: Final = 24  # bytes behind a body that are looked at
_WINDOW: Final = 64  # bytes before it: the reach of an opposing label, in characters of two bytes
_WORDS: Final = tuple(  # between a body and its key; what closes is the last character
    (words.encode(), closing.encode())
    for words, closing in (
        *[(word, "") for word in (" clé ", " clé : ", " clé: ", " cle ", ", clé ", " Clé ")],
        *[(word, "") for word in (" clef ", " CLE ", " - clé ", "/clé ", " clé de contrôle ")],
        *[(word, ")") for word in (" (clé ", " (clé : ", " (cle ", "(clé ")],
    )
)


def _table(characters: str) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[[ord(character) for character in characters]] = True
    return table


_PUNCTUATION = "".join(
    chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in "\0\x7f"
)
_GOES_BEFORE = _table("".join(c for c in _PUNCTUATION if c not in ".;>\\%&"))
_GOES_BEHIND = _table("".join(c for c in _PUNCTUATION if c not in "\\%&<"))
_ENDS = _table('\0\n,;)]!?"|')  # behind a number without key or with a wrong one
GAP = _table(" .-/_\t")
_DOT: Final = ord(".")
_WIDE_GAPS = ((0xC2, 0xA0), *[(0xE2, 0x80, last) for last in (0x87, 0x89, 0xAF)])

# What makes a row's text mean something else once it is folded: escapes, characters other than
# French ones, and the words of optics.
_ODD_ROW = (
    r"&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\|<[/A-Za-z]|[\x00\xC4\xC6-\xE1\xE3-\xFF]"
    r"|\xC2[^\xA0\xAB\xB0\xBB]|\xC5[^\x92\x93]|\xE2[^\x80\x82]|\xE2\x82[^\xAC]"
    r"|\xE2\x80[^\x87\x89\x92-\x94\x98\x99\x9C\x9D\xA6\xAF]"
    rf"|{OPTICAL_BYTES}"
)
_OPPOSED = (
    rf"{OPPOSING_BYTES}|[0-9][^0-9A-Za-z]{{0,3}}(?:et|ou|and|or)?[^0-9A-Za-z]{{0,9}}$"
    r"|(?:[^\x00-\x7F][\x00-\x7F]{0,4}){26}"
)
_LABELLED = rf"{STRONG_BYTES}[ :=\t#\"'.]{{0,4}}$"


class Shapes(NamedTuple):
    """Bodies of 13 characters that may be NIRs; N candidates.

    Attributes:
        begins: the first byte of each.
        ends: one past its 13th character.
        figures: N × 13, the digits' values; of Corsica's 2A as 19, of 2B as 18.
        grouped: whether it has the INSEE grouping.
        islanders: whether it is of Corsica.
    """

    begins: Ints
    ends: Ints
    figures: Bytes
    grouped: Bools
    islanders: Bools


class Key(NamedTuple):
    """What stands behind N bodies.

    Attributes:
        ends: one past the key and what closes it; the body's end where there is none.
        values: the key, or 0.
        kind: one of `_NO_KEY`, `_GLUED`, `_GAPPED`, `_BRACKETED`, `_WORDED`, `_UNCLEAR`.
    """

    ends: Ints
    values: Ints
    kind: npt.NDArray[np.int8]


_NO_KEY, _GLUED, _GAPPED, _BRACKETED, _WORDED, _UNCLEAR = range(6)


def surrounded(part: Bytes, bounds: Ints, rows: Ints, begins: Ints, ends: Ints) -> Bools:
    """Whether nothing beside the number makes the rules look twice."""
    limit = len(part) - 1
    before = _GOES_BEFORE[part[np.maximum(begins - 1, 0)]] | (begins == bounds[rows])
    next_byte = part[np.minimum(ends, limit)]
    at_end = ends == bounds[rows + 1]
    second = part[np.minimum(ends + 1, limit)]
    dotted = (next_byte == _DOT) & (ends + 1 < bounds[rows + 1]) & (second - 48 <= 9)
    return before & (at_end | (_GOES_BEHIND[next_byte] & ~dotted))


def read_shapes(part: Bytes, bounds: Ints, begins: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """The NIRs among runs of digits that the rules take whatever else the row holds.

    Args:
        part: the bytes.
        bounds: where rows begin and end in them.
        begins: where runs of digits begin, ascending.
        ends: where they end.

    Returns:
        The rows, first bytes and ends of the NIRs, ascending.
    """
    begins, ends = _join_corsica(part, begins, ends)
    shapes = _take_shapes(part, begins, ends)
    rows = np.searchsorted(bounds, shapes.begins, side="right") - 1
    inside = shapes.ends <= bounds[rows + 1]
    shapes, rows = _pick(shapes, inside), rows[inside]
    if not len(rows):
        return rows, rows, rows
    behind = _look_behind(part, bounds, rows, shapes.ends)
    key = _read_key(behind, shapes.ends)
    accepted = _judge(part, bounds, rows, shapes, key, behind)
    rows, begins, ends = rows[accepted], shapes.begins[accepted], key.ends[accepted]
    apart = np.ones(len(rows), dtype=bool)
    apart[1:] = begins[1:] >= ends[:-1]
    return rows[apart], begins[apart], ends[apart]


def _pick(shapes: Shapes, chosen: Bools | Ints) -> Shapes:
    return Shapes(*[column[chosen] for column in shapes])


def _join_corsica(part: Bytes, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Runs that end in the 2 of 2A or 2B take in the letter and the digits behind it."""
    following = part[np.minimum(ends, len(part) - 1)] | 0x20
    corsican = (part[ends - 1] == ord("2")) & (following - np.uint8(ord("a")) <= 1)
    at = np.flatnonzero(corsican & (ends < len(part)))
    if not len(at):
        return begins, ends
    ends = ends.copy()
    ends[at] += 1
    next_run = np.minimum(at + 1, len(begins) - 1)
    merged = next_run[begins[next_run] == ends[at]]
    ends[merged - 1] = ends[merged]
    keep = np.ones(len(begins), dtype=bool)
    keep[merged] = False
    return begins[keep], ends[keep]


def _take_shapes(part: Bytes, begins: Ints, ends: Ints) -> Shapes:
    widths = ends - begins
    found = []
    compact = np.flatnonzero((widths == _BODY) | (widths == _BODY + 2))
    if len(compact):
        starts = begins[compact]
        found.append(_shape(part, starts[:, None] + np.arange(_BODY), False))
    last = len(widths) - len(_GROUPED[0]) + 1
    for groups in _GROUPED if last > 0 else ():
        index = np.flatnonzero(widths[:last] == groups[0])
        for place, width in enumerate(groups[1:], 1):
            index = index[widths[index + place] == width]
        for place in range(1, len(groups)):
            index = index[_is_gap(part, ends[index + place - 1], begins[index + place])]
        columns = [
            begins[index + place][:, None] + np.arange(width) for place, width in enumerate(groups)
        ]
        found.append(_shape(part, np.concatenate(columns, axis=1), True))
    if not found:
        nothing = np.zeros(0, np.int64)
        return Shapes(nothing, nothing, np.zeros((0, _BODY), np.uint8), *[nothing > 0] * 2)
    shapes = Shapes(*[np.concatenate(column) for column in zip(*found, strict=True)])
    return _pick(shapes, np.argsort(shapes.begins, kind="stable"))


def _shape(part: Bytes, places: Ints, grouped: bool) -> Shapes:
    """Candidates from the places of their 13 characters, those that are no digits left out."""
    figures = part[places]
    letters = figures[:, 6] | 0x20
    islanders = (figures[:, 5] == ord("2")) & (letters - np.uint8(ord("a")) <= 1)
    figures -= np.uint8(48)
    at = np.flatnonzero(islanders)
    figures[at, 5] = 1
    figures[at, 6] = ord("a") + 9 - letters[at]
    fine = np.flatnonzero((figures.max(axis=1, initial=0) <= 9) & (figures[:, 0] - 1 <= 7))
    begins, ends = places[fine, 0], places[fine, -1] + 1
    return Shapes(begins, ends, figures[fine], np.full(len(fine), grouped), islanders[fine])


def _is_gap(part: Bytes, begins: Ints, ends: Ints) -> Bools:
    """Whether one to three bytes stand between, plain gaps or a wide space."""
    width = ends - begins
    limit = len(part) - 1
    one, two, three = (part[np.minimum(begins + shift, limit)] for shift in range(3))
    plain = GAP[one] & ((width == 1) | (GAP[two] & ((width == 2) | ((width == 3) & GAP[three]))))
    wide = (width == 2) & (one == 0xC2) & (two == 0xA0)
    for first, second, third in _WIDE_GAPS[1:]:
        wide |= (width == 3) & (one == first) & (two == second) & (three == third)
    return (plain & (width > 0)) | wide


def _look_behind(part: Bytes, bounds: Ints, rows: Ints, ends: Ints) -> Bytes:
    """The bytes behind N bodies, N × `_BEHIND`, 0 past the row's end."""
    places = ends[:, None] + np.arange(_BEHIND)
    behind = part[np.minimum(places, len(part) - 1)]
    behind[places >= bounds[rows + 1][:, None]] = 0
    return behind


def _read_key(behind: Bytes, ends: Ints) -> Key:
    count = len(ends)
    kind = np.full(count, _UNCLEAR, np.int8)
    begins, closed = np.zeros(count, np.int64), np.zeros(count, np.int64)
    digits = behind - np.uint8(48) <= 9

    def note(chosen: Bools, name: int, begin: int, closing: int = 0) -> None:
        chosen = chosen & (kind == _UNCLEAR)
        chosen &= digits[:, begin] & digits[:, begin + 1] & ~digits[:, begin + 2]
        kind[chosen], begins[chosen], closed[chosen] = name, begin, begin + 2 + closing

    note(digits[:, 0], _GLUED, 0)
    note(GAP[behind[:, 0]], _GAPPED, 1)
    for wide in _WIDE_GAPS:
        note((behind[:, : len(wide)] == wide).all(axis=1), _GAPPED, len(wide))
    for opening in (0, 1):
        bracketed = (behind[:, opening] == ord("(")) & (behind[:, opening + 3] == ord(")"))
        if opening:
            bracketed &= behind[:, 0] == ord(" ")
        note(bracketed, _BRACKETED, opening + 1, 1)
    worded = (behind[:, :4] | 0x20 == ord("c")).any(axis=1) & (kind == _UNCLEAR)
    at = np.flatnonzero(worded)
    for words, closing in _WORDS if len(at) else ():
        same = (behind[at, : len(words)] == list(words)).all(axis=1)
        if closing:
            same &= behind[at, len(words) + 2] == closing[0]
        chosen = np.zeros(count, dtype=bool)
        chosen[at[same]] = True
        note(chosen, _WORDED, len(words), len(closing))

    # No key where neither a digit nor a word that may announce one comes soon.
    gap = behind[:, :8]
    soon = _SOON[gap]
    letter = _LETTER[gap]
    first = np.where(soon.any(axis=1), soon.argmax(axis=1), 8)
    begun = np.where(letter.any(axis=1), letter.argmax(axis=1), 8)
    none = (kind == _UNCLEAR) & (first > begun) & ~digits[:, :8].any(axis=1)
    none |= (kind == _UNCLEAR) & (gap[:, 0] == 0)
    kind[none] = _NO_KEY
    at = np.arange(count)
    values = (behind[at, begins] - 48) * 10 + behind[at, begins + 1] - 48
    known = (kind != _UNCLEAR) & (kind != _NO_KEY)
    return Key(ends + closed, np.where(known, values, 0).astype(np.int64), kind)


_LETTER = _table("".join(chr(code) for code in range(128) if chr(code).isalpha()))
_LETTER[128:] = True
_SOON = _table("cCkKeEaAoOQIilSsBZzG")  # begins « clé », « key », « et la clé », or is misread


def _judge(
    part: Bytes, bounds: Ints, rows: Ints, shapes: Shapes, key: Key, behind: Bytes
) -> Bools:
    """Which candidates the rules take for sure, ending where `key` says."""
    figures, grouped, kind = shapes.figures, shapes.grouped, key.kind
    glued = kind == _GLUED
    kept = np.isin(kind, (_GAPPED, _BRACKETED, _WORDED)) | glued | (kind == _NO_KEY)
    kept &= surrounded(part, bounds, rows, shapes.begins, key.ends)
    weights = 10.0 ** np.arange(_BODY - 1, -1, -1)
    bodies = (figures.astype(np.float64) @ weights).astype(np.int64)
    month = figures[:, 3] * 10 + figures[:, 4]
    first = figures[:, 0]
    born = (month >= 1) & (month <= 12)
    plausible = (born | (month >= 20)) & ((figures[:, 5] | figures[:, 6]) > 0)
    person = first <= 2
    keyed = ((bodies + key.values) % 97 == 0) & (key.values >= 1) & (key.values <= 97)

    worded = kind == _WORDED
    always = keyed & plausible & (grouped | worded | (glued & person & born))
    decimal = (kind == _GAPPED) & (behind[:, 0] == _DOT)
    alone = keyed & plausible & (person | born) & ~decimal
    ordered = figures[:, 10:].any(axis=1) & (first != 5) & (first != 6)
    ended = _ENDS[part[np.minimum(key.ends, len(part) - 1)]] | (key.ends == bounds[rows + 1])
    mistyped = ~keyed & ended & ((kind == _GAPPED) & _GROUPS_ON[behind[:, 0]])
    unkeyed = mistyped | (kind == _NO_KEY)
    alone |= grouped & plausible & ordered & unkeyed
    bare = ~grouped & ((kind == _NO_KEY) | (glued & ~keyed))
    return _ask_labels(part, bounds, rows, shapes, kept & always, kept & alone, kept & bare)


_GROUPS_ON = _table(" -")


def _ask_labels(
    part: Bytes,
    bounds: Ints,
    rows: Ints,
    shapes: Shapes,
    always: Bools,
    alone: Bools,
    bare: Bools,
) -> Bools:
    """Which are taken: `always`; `alone` if nothing opposes; `bare` if a label stands before."""
    accepted = always.copy()
    asked = np.flatnonzero((alone | bare) & ~always)
    windows, whole = _windows_before(part, bounds, rows, shapes.begins, asked)
    if not len(asked):
        return accepted
    labelled, opposed = _match(windows, _LABELLED), _match(windows, _OPPOSED)
    free = (alone[asked] & ~opposed & whole) | (bare[asked] & labelled)
    asked = asked[free]
    texts = pa.Array.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(part)]
    )
    odd = _match(texts.take(pa.array(rows[asked])), _ODD_ROW)
    accepted[asked[~odd]] = True
    return accepted


def _windows_before(
    part: Bytes, bounds: Ints, rows: Ints, begins: Ints, asked: Ints
) -> tuple[pa.Array, Bools]:
    """The bytes before some candidates, and whether no other candidate cuts them short."""
    until = begins[asked]
    floor = np.maximum(bounds[rows[asked]], until - _WINDOW)
    previous = np.zeros(len(asked), dtype=np.int64)
    previous[1:] = until[:-1]
    cuts = np.empty(2 * len(asked) + 1, dtype=np.int64)
    cuts[0], cuts[2::2] = 0, until
    cuts[1::2] = np.maximum(floor, previous)
    pieces = pa.Array.from_buffers(
        pa.large_binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(part)]
    )
    odd = np.arange(1, len(cuts) - 1, 2)
    return pieces.take(pa.array(odd)), previous <= floor


def _match(values: pa.Array, pattern: str) -> Bools:
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
