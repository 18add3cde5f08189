"""The common shapes of a NIR, read all at once where `tamis.nir.rules` would read one by one.

These are compact numbers and the INSEE grouping by small gaps of any kind, Corsica among them, with
a key glued, apart, in parentheses or behind its word, with none or a wrong one in the grouping;
and 13 characters behind a label. A candidate is taken only where the rules would surely take it
and nothing else; any other is left to them.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.nir.fold import fold
from tamis.nir.label import (
    OPPOSING_BYTES,
    OPTICAL_BYTES,
    STRONG_BYTES,
    Label,
    in_bytes,
    label_before,
)
from tamis.nir.number import Bools, Bytes, Ints
from tamis.nir.rules import COUNTED, MISREAD

_GROUPED: Final[list[tuple[int, ...]]] = [(1, 2, 2, 2, 3, 3), (1, 2, 2, 3, 2, 3)]
_BODY: Final = 13
_BEHIND: Final = 24  # bytes behind a body that are looked at
_WINDOW: Final = 40  # bytes before it: 28 characters, an opposing label and its reach, with accents
_BEFORE: Final = 220  # the reach of any label, of three bytes a character
_WORDS: Final = [  # between a body and its key, and what closes
    (words.encode(), closing.encode())
    for words, closing in (
        *[(word, "") for word in (" clé ", " clé : ", " clé: ", " cle ", ", clé ", " Clé ")],
        *[(word, "") for word in (" clef ", " CLE ", " - clé ", " - clé : ", "/clé ", " clé=")],
        *[(word, "") for word in (" clé n° ", " clé de contrôle ")],
        *[(word, ")") for word in (" (clé ", " (clé : ", " (cle ", "(clé ")],
    )
]


def _table(characters: str) -> Bools:
    table = np.zeros(256, dtype=bool)
    table[[ord(character) for character in characters]] = True
    return table


_PUNCTUATION = "".join(
    chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in "\0\x7f"
)
_NO_LETTERS = bytes(code for code in range(256) if code > 127 or not chr(code).isalnum())
_GOES_BEFORE = _table("".join(c for c in _PUNCTUATION if c not in ".;>\\%&"))
_GOES_BEHIND = _table("".join(c for c in _PUNCTUATION if c not in "\\%&<"))
GAP = _table(" .-/_\t")
_WIDE_GAPS = [(0xE2, 0x80, last) for last in (0x87, 0x89, 0xAF)]  # beside the no-break space

# What makes a row's text mean something else once it is folded: escapes, characters other than
# French ones, and the words of optics.
_ODD_ROW = (
    r"&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\|<[/A-Za-z]|[\x00\xC4\xC6-\xE1\xE3-\xFF]"
    r"|\xC2[^\xA0\xAB\xB0\xBB]|\xC5[^\x92\x93]|\xE2[^\x80\x82]|\xE2\x82[^\xAC]"
    r"|\xE2\x80[^\x87\x89\x92-\x94\x98\x99\x9C\x9D\xA6\xAF]"
    rf"|{OPTICAL_BYTES}"
)
_OPPOSED = OPPOSING_BYTES
_CLOSE = (  # another number before this one, or letters too wide for the window
    r"[0-9][^0-9A-Za-z]{0,3}(?:et|ou|and|or)?[^0-9A-Za-z]{0,9}$"
    r"|(?:[^\x00-\x7F][\x00-\x7F]*){18}"
)
_LABELLED = rf"{STRONG_BYTES}(?:[ :=\t#\"'.]|\xC2\xA0){{0,4}}$"
_KEY_SOON = r"^[^A-Za-z0-9]{0,10}(?:[0-9]|(?i:cl|k|et|avec)|[BOQIlSZGoisz][0-9])"
_MISREAD_KEY = r"^[^A-Za-z0-9]{0,10}[OoQIilSsBZzG]{2}(?:[^A-Za-z0-9]|$)"
_NOT_KEY = (
    r"^(?:[^A-Za-z0-9]{0,4}[0-9]|[ ]?(?:%|\$|\xE2\x82\xAC|\xC2\xB0)"
    rf"|[ ]?(?i:{in_bytes(COUNTED)})(?:[^A-Za-z0-9_]|$))"
)


class Shapes(NamedTuple):
    """Bodies of 13 characters that may be NIRs; N candidates.

    Attributes:
        begins: the first byte of each.
        ends: one past its 13th character.
        figures: 13 × N, the digits' values; of Corsica's 2A as 19, of 2B as 18.
        grouped: whether it has the INSEE grouping.
    """

    begins: Ints
    ends: Ints
    figures: Bytes
    grouped: Bools


class Candidates(NamedTuple):
    """N numbers that are NIRs, or that are if the words before them do not say otherwise.

    Attributes:
        rows: the row of each.
        begins: its first byte.
        ends: one past its last byte.
        alone: whether it is one unless an opposing label stands before.
        bare: whether it is one if a label stands before.
    """

    rows: Ints
    begins: Ints
    ends: Ints
    alone: Bools
    bare: Bools


class Key(NamedTuple):
    """What stands behind N bodies.

    Attributes:
        ends: one past the key and what closes it; the body's end where there is none.
        values: the key, or 0; with `_NO_KEY`, what the next word is if it is a key misread.
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
    dotted = (next_byte == ord(".")) & (ends + 1 < bounds[rows + 1]) & (second - 48 <= 9)
    return before & (at_end | (_GOES_BEHIND[next_byte] & ~dotted))


def read_shapes(part: Bytes, bounds: Ints, begins: Ints, ends: Ints) -> Candidates:
    """The NIRs among runs of digits, those that depend on labels among them; none overlap.

    Args:
        part: the bytes.
        bounds: where rows begin and end in them.
        begins: where runs of digits begin, ascending.
        ends: where they end.
    """
    begins, ends = _join_corsica(part, begins, ends)
    shapes = _take_shapes(part, begins, ends)
    rows = np.searchsorted(bounds, shapes.begins, side="right") - 1
    inside = shapes.ends <= bounds[rows + 1]
    shapes, rows = _pick(shapes, inside), rows[inside]
    key = _read_key(part, bounds, rows, shapes.ends)
    found = _judge(part, bounds, rows, shapes, key)
    apart = np.ones(len(found.rows), dtype=bool)
    apart[1:] = found.begins[1:] >= np.maximum.accumulate(found.ends)[:-1]
    return Candidates(
        found.rows[apart],
        found.begins[apart],
        found.ends[apart],
        found.alone[apart],
        found.bare[apart],
    )


def ask_labels(data: Bytes, offsets: Ints, found: Candidates) -> tuple[Bools, Bools]:
    """What the words before candidates make of them.

    Args:
        data: the bytes of all rows.
        offsets: where rows begin and end in them.
        found: candidates, by rows and bytes of these.

    Returns:
        Which are NIRs for sure; which are NIRs or none for sure.
    """
    accepted = ~(found.alone | found.bare)
    settled = accepted.copy()
    asked = np.flatnonzero(~accepted)
    if not len(asked):
        return accepted, settled
    windows, whole = _windows_before(data, offsets, found.rows[asked], found.begins[asked])
    labelled = found.bare[asked] & _match(windows, _LABELLED)
    alone = found.alone[asked] & whole & ~labelled & ~_match(windows, _CLOSE)
    texts = pa.Array.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    likely = np.flatnonzero(labelled | alone)
    odd = _match(texts.take(pa.array(found.rows[asked[likely]])), _ODD_ROW)
    likely = likely[~odd]
    settled[asked[likely]] = accepted[asked[likely]] = True
    opposed = likely[alone[likely]]
    opposed = opposed[_match(windows.take(pa.array(opposed)), _OPPOSED)]
    for at in asked[opposed].tolist():
        begin, row = int(found.begins[at]), int(found.rows[at])
        before = data[max(int(offsets[row]), begin - _BEFORE) : begin].tobytes()
        text = fold(before.decode(errors="replace")).text
        accepted[at] = label_before(text, len(text))[0] is not Label.OPPOSING
    return accepted, settled


def _pick(shapes: Shapes, chosen: Bools) -> Shapes:
    if chosen.all():
        return shapes
    begins, ends, figures, grouped = shapes
    return Shapes(begins[chosen], ends[chosen], figures[:, chosen], grouped[chosen])


def _join_corsica(part: Bytes, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Runs that end in the 2 of 2A or 2B take in the letter and the digits behind it."""
    widths = ends - begins
    at = np.flatnonzero((widths == 1) | (widths == 6))
    last, letter = part.take(ends[at] - 1), part.take(ends[at], mode="clip") | 0x20
    at = at[(last == ord("2")) & (letter - np.uint8(ord("a")) <= 1) & (ends[at] < len(part))]
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
    """Runs of 13 or 15 digits, and runs in the INSEE grouping, with small gaps."""
    widths = ends - begins
    shape = np.zeros(len(widths), np.int8)  # of the number that begins with each run
    shape[(widths == _BODY) | (widths == _BODY + 2)] = 1
    last = len(widths) - len(_GROUPED[0]) + 1
    for name, groups in enumerate(_GROUPED if last > 0 else (), 2):
        index = np.flatnonzero(widths[:last] == groups[0])
        for place, width in enumerate(groups[1:], 1):
            index = index[widths[index + place] == width]
        for place in range(1, len(groups)):
            index = index[_is_gap(part, ends[index + place - 1], begins[index + place])]
        shape[index] = name
    index = np.flatnonzero(shape)
    shape = shape[index]
    figures = np.empty((_BODY, len(index)), np.uint8)
    behind = np.empty(len(index), np.int64)
    for name, widths_of in enumerate(((_BODY,), *_GROUPED), 1):
        chosen = np.flatnonzero(shape == name)
        column = 0
        for run, width in enumerate(widths_of if len(chosen) else ()):
            firsts = begins[index[chosen] + run]
            for shift in range(width):
                figures[column, chosen] = part.take(firsts + shift, mode="clip")
                column += 1
            behind[chosen] = firsts + width
    letters = figures[6] | 0x20
    islanders = (figures[5] == ord("2")) & (letters - np.uint8(ord("a")) <= 1)
    figures -= np.uint8(48)
    at = np.flatnonzero(islanders)
    figures[5, at] = 1
    figures[6, at] = ord("a") + 9 - letters[at]
    fine = (figures.max(axis=0, initial=0) <= 9) & (figures[0] - 1 <= 7)
    return _pick(Shapes(begins[index], behind, figures, shape > 1), fine)


def _is_gap(part: Bytes, begins: Ints, ends: Ints) -> Bools:
    """Whether one to three bytes stand between, plain gaps or a wide space."""
    width = ends - begins
    one = part.take(begins, mode="clip")
    fine = GAP[one] & (width == 1)
    rest = np.flatnonzero(~fine & (width > 1) & (width < 4))
    if len(rest):
        one, two, three = (part.take(begins[rest] + shift, mode="clip") for shift in range(3))
        double = width[rest] == 2
        wide = double & (one == 0xC2) & (two == 0xA0)
        for first, second, third in _WIDE_GAPS:
            wide |= ~double & (one == first) & (two == second) & (three == third)
        fine[rest] = wide | (GAP[one] & GAP[two] & (double | GAP[three]))
    return fine


def _look_behind(part: Bytes, bounds: Ints, rows: Ints, ends: Ints, count: int) -> Bytes:
    """The `count` bytes behind N bodies, `count` × N, 0 past the row's end."""
    room = bounds[rows + 1] - ends
    behind = np.empty((count, len(ends)), np.uint8)
    for place in range(count):
        part.take(ends + place, mode="clip", out=behind[place])
        behind[place][room <= place] = 0
    return behind


def _read_key(part: Bytes, bounds: Ints, rows: Ints, ends: Ints) -> Key:
    behind = _look_behind(part, bounds, rows, ends, 6)
    digits = behind - np.uint8(48) <= 9
    kind = np.full(len(ends), _UNCLEAR, np.int8)
    begins, closed = np.zeros(len(ends), np.int64), np.zeros(len(ends), np.int64)
    gap, bracket = GAP[behind[0]], behind[0] == ord("(")
    spaced = (behind[0] == ord(" ")) & (behind[1] == ord("("))
    two, three = (behind[0] == 0xC2) & (behind[1] == 0xA0), np.zeros(len(ends), dtype=bool)
    for first, second, third in _WIDE_GAPS:
        three |= (behind[0] == first) & (behind[1] == second) & (behind[2] == third)
    for chosen, name, begin, closed_by in (
        (digits[0], _GLUED, 0, 0),
        (gap, _GAPPED, 1, 0),
        (two, _GAPPED, 2, 0),
        (three, _GAPPED, 3, 0),
        (bracket & (behind[3] == ord(")")), _BRACKETED, 1, 1),
        (spaced & (behind[4] == ord(")")), _BRACKETED, 2, 1),
    ):
        at = np.flatnonzero(chosen & digits[begin] & digits[begin + 1] & ~digits[begin + 2])
        kind[at], begins[at], closed[at] = name, begin, begin + 2 + closed_by

    unclear = np.flatnonzero(kind == _UNCLEAR)
    behind = _look_behind(part, bounds, rows[unclear], ends[unclear], _BEHIND).T
    texts = _texts_of(behind)
    soon = _match(texts, _KEY_SOON)
    kind[unclear[~soon]] = _NO_KEY
    values = np.zeros(len(ends), np.int64)
    for index in np.flatnonzero(~soon & _match(texts, _MISREAD_KEY)).tolist():
        word = texts[index].as_py().lstrip(_NO_LETTERS)[:2].decode()
        values[unclear[index]] = int(word.translate(MISREAD))
    unclear, behind = unclear[soon], behind[soon]
    for words, closing in _WORDS:
        begin = len(words)
        same = (behind[:, :begin] == list(words)).all(axis=1)
        same &= (behind[:, begin : begin + 2] - np.uint8(48) <= 9).all(axis=1)
        following = behind[:, begin + 2]
        same &= following == closing[0] if closing else following - np.uint8(48) > 9
        at = unclear[same]
        kind[at], begins[at], closed[at] = _WORDED, begin, begin + 2 + len(closing)

    known = np.flatnonzero((kind != _UNCLEAR) & (kind != _NO_KEY))
    places = ends[known] + begins[known]
    values[known] = (part[places] - 48) * 10 + part[places + 1] - 48
    return Key(ends + closed, values, kind)


def _texts_of(matrix: Bytes) -> pa.Array:
    """Rows of bytes as a binary array."""
    count, width = matrix.shape
    data = pa.py_buffer(np.ascontiguousarray(matrix))
    offsets = pa.py_buffer(np.arange(count + 1, dtype=np.int64) * width)
    return pa.Array.from_buffers(pa.large_binary(), count, [None, offsets, data])


def _judge(part: Bytes, bounds: Ints, rows: Ints, shapes: Shapes, key: Key) -> Candidates:
    """What the rules would make of each candidate, ending where `key` says."""
    figures, grouped, kind = shapes.figures, shapes.grouped, key.kind
    bodies = np.zeros(len(rows), np.int64)
    for column in figures:
        bodies *= 10
        bodies += column
    month = figures[3] * 10 + figures[4]
    first = figures[0]
    person = first <= 2
    born = (month >= 1) & (month <= 12)
    plausible = (born | (month >= 20)) & ((figures[5] | figures[6]) > 0)
    keyed = ((bodies + key.values) % 97 == 0) & (key.values >= 1) & (key.values <= 97)

    next_byte = part[np.minimum(shapes.ends, len(part) - 1)]
    decimal = (kind == _GAPPED) & (next_byte == ord("."))
    always = keyed & plausible & (grouped | (kind == _WORDED) | (person & born & ~decimal))
    unkeyed = kind == _NO_KEY
    at = np.flatnonzero(~keyed & grouped & (kind == _GAPPED) & GAP[next_byte])
    further = _texts_of(_look_behind(part, bounds, rows[at], key.ends[at], _BEHIND).T)
    unkeyed[at[~_match(further, _NOT_KEY)]] = True
    ordered = figures[10:].any(axis=0) & (first != 5) & (first != 6)
    alone = plausible & np.where(keyed, (person | born) & ~decimal, grouped & ordered & unkeyed)
    bare = (kind == _NO_KEY) | ((kind == _GLUED) & ~keyed & ~grouped)
    taken = (kind != _UNCLEAR) & (always | alone | bare) & ~((kind == _NO_KEY) & keyed)
    taken &= surrounded(part, bounds, rows, shapes.begins, key.ends)
    return Candidates(
        rows[taken],
        shapes.begins[taken],
        key.ends[taken],
        (alone & ~always)[taken],
        (bare & ~always)[taken],
    )


def _windows_before(data: Bytes, offsets: Ints, rows: Ints, begins: Ints) -> tuple[pa.Array, Bools]:
    """The bytes before some numbers, and whether no other of these cuts them short."""
    floor = np.maximum(offsets[rows], begins - _WINDOW)
    previous = np.zeros(len(begins), dtype=np.int64)
    previous[1:] = begins[:-1]
    cuts = np.empty(2 * len(begins) + 1, dtype=np.int64)
    cuts[0], cuts[1::2], cuts[2::2] = 0, np.maximum(floor, previous), begins
    pieces = pa.Array.from_buffers(
        pa.large_binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)]
    )
    return pieces.take(pa.array(np.arange(1, len(cuts) - 1, 2))), previous <= floor


def _match(values: pa.Array, pattern: str) -> Bools:
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
