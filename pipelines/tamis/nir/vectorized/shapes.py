"""The common shapes of a NIR, read all at once where `tamis.nir.grammar` would read one by one.

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

from tamis.arrow.types import Bools, Bytes, Ints, Offsets
from tamis.nir.fold import fold
from tamis.nir.grammar import COUNTED, MISREAD
from tamis.nir.label import (
    OPPOSING_BYTES,
    OPTICAL_BYTES,
    STRONG_BYTES,
    Label,
    in_bytes,
    label_before,
)
from tamis.nir.vectorized.bits import Words, find_firsts, trailing_ones, trailing_zeros, windows_at

_BODY: Final = 13
_PARTS: Final = (1, 2, 2, 2, 1, 2, 3)  # sex, year, month, département, commune (1 and 2), order
_COMPACT: Final = (0, 1, 3, 5, 7, 8, 10)  # where each begins in a number without gaps
_WEIGHTS: Final = [np.uint16(pow(10, place, 97)) for place in range(_BODY - 1, -1, -1)]
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


class Bodies(NamedTuple):
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

    def pick(self, chosen: Bools | Ints) -> "Candidates":
        """Some of them."""
        rows, begins, ends = (column[chosen] for column in self[:3])
        return Candidates(rows, begins, ends, self.alone[chosen], self.bare[chosen])


class NirKeys(NamedTuple):
    """What stands behind N bodies.

    Attributes:
        ends: one past the key and what closes it; the body's end where there is none.
        values: the key, or 0; with `_NO_KEY`, what the next word is if it is a key misread.
        kind: one of `_NO_KEY`, `_GLUED`, `_GAPPED`, `_BRACKETED`, `_WORDED`, `_UNCLEAR`.
    """

    ends: Ints
    values: Bytes
    kind: npt.NDArray[np.int8]


_NO_KEY, _GLUED, _GAPPED, _BRACKETED, _WORDED, _UNCLEAR = range(6)


def stands_apart(part: Bytes, bounds: Ints, rows: Ints, begins: Ints, ends: Ints) -> Bools:
    """Whether nothing beside the number makes the rules look twice."""
    before = _GOES_BEFORE.take(part.take(begins - 1, mode="clip")) | (begins == bounds.take(rows))
    room = bounds.take(rows + 1) - ends
    next_byte, second = part.take(ends, mode="clip"), part.take(ends + 1, mode="clip")
    dotted = (next_byte == ord(".")) & (room > 1) & (second - np.uint8(ord("0")) <= 9)
    return before & ((room == 0) | (_GOES_BEHIND.take(next_byte) & ~dotted))


def find_candidates(part: Bytes, bounds: Ints, words: Words, near: Ints) -> Candidates:
    """The NIRs in some bytes, those that depend on labels among them; none overlap.

    Args:
        part: the bytes.
        bounds: where rows begin and end in them.
        words: which bytes are digits, a bit each.
        near: the words in which a NIR may begin.
    """
    shapes = _find_bodies(part, words, find_firsts(words, near))
    rows = np.searchsorted(bounds, shapes.begins, side="right") - 1
    inside = shapes.ends <= bounds.take(rows + 1)
    shapes, rows = _pick(shapes, inside), rows[inside]
    key = _read_key(part, bounds, rows, shapes.ends)
    found = _judge(part, bounds, rows, shapes, key)
    apart = np.ones(len(found.rows), dtype=bool)
    apart[1:] = found.begins[1:] >= np.maximum.accumulate(found.ends)[:-1]
    return found if apart.all() else found.pick(apart)


def apply_labels(
    texts: pa.Array, data: Bytes, offsets: Offsets, found: Candidates
) -> tuple[Bools, Bools]:
    """What the words before candidates make of them.

    Args:
        texts: all rows, as binary.
        data: their bytes.
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


def _pick(shapes: Bodies, chosen: Bools) -> Bodies:
    if chosen.all():
        return shapes
    begins, ends, figures, grouped = shapes
    return Bodies(begins[chosen], ends[chosen], figures[:, chosen], grouped[chosen])


def _find_bodies(part: Bytes, words: Words, begins: Ints) -> Bodies:
    """Of numbers, the runs of 13 or 15 digits, and 13 in the INSEE grouping with small gaps."""
    windows = windows_at(words, begins)
    at = np.flatnonzero((windows & 0xFF) == 0b10111111)
    windows[at[_is_corsican(part, begins[at] + 5)]] |= np.uint64(0b1000000)
    taken = ((windows & 0x3FFF) == 0x1FFF) | ((windows & 0xFFFF) == 0x7FFF)
    at = np.flatnonzero((windows & 0b10) == 0)
    fine, split = _read_groups(part, begins[at], windows[at])
    if not fine.all():
        at, split = at[fine], split[:, fine]
    taken[at] = True
    taken &= part.take(begins) - np.uint8(ord("1")) <= 7
    split = split[:, taken[at]]
    index = np.flatnonzero(taken)
    begins, grouped = begins[index], (windows[index] & 0b10) == 0
    places = np.empty((len(_PARTS), len(begins)), np.uint8)
    places[:] = np.array(_COMPACT, np.uint8)[:, None]
    places[:, grouped] = split

    figures = np.empty((_BODY, len(begins)), np.uint8)
    column = 0
    for place, width in zip(places, _PARTS, strict=True):
        at = begins + place
        for shift in range(width):
            part[shift:].take(at, mode="clip", out=figures[column])
            column += 1
    ends = at + _PARTS[-1]
    letters = figures[6] | 0x20
    figures -= np.uint8(ord("0"))
    at = np.flatnonzero(letters >= ord("a"))
    figures[5, at] = 1
    figures[6, at] = ord("a") + 9 - letters[at]
    return Bodies(begins, ends, figures, grouped)


def _read_groups(part: Bytes, begins: Ints, windows: Words) -> tuple[Bools, Bytes]:
    """Which numbers have the INSEE grouping, and where their parts begin, from their first byte on.

    Args:
        part: the bytes.
        begins: where N numbers begin, each with one digit apart.
        windows: which bytes from there on are digits, a bit each.

    Returns:
        N flags; parts by N.
    """
    bits = windows >> np.uint64(1)
    end = np.ones(len(begins), np.uint8)
    fine = np.ones(len(begins), dtype=bool)
    firsts, widths = [], []
    for group in range(5):
        gap = trailing_zeros(bits)
        fine &= _is_gap(part, begins + end, gap)
        bits >>= gap
        first = end + gap
        if group == 2:
            at = np.flatnonzero((bits & 0b11) == 0b01)
            bits[at[_is_corsican(part, begins[at] + first[at])]] |= np.uint64(0b10)
        width = trailing_ones(bits)
        bits >>= width
        end = first + width
        firsts.append(first)
        widths.append(width)
    year, month, third, fourth, order = firsts
    late = widths[2] == 3  # 1 2 2 3 2 3
    fine &= (widths[0] == 2) & (widths[1] == 2) & ((widths[2] == 2) | late)
    fine &= (widths[2] + widths[3] == 5) & (widths[4] == 3)
    commune = np.where(late, third + np.uint8(2), fourth)
    zeros = np.zeros_like(year)
    return fine, np.stack([zeros, year, month, third, commune, fourth + ~late, order])


def _is_corsican(part: Bytes, places: Ints) -> Bools:
    """Whether the 2 of 2A or 2B, or of 2a or 2b, stands at each place."""
    letters = part.take(places + 1, mode="clip") | 0x20
    return (part.take(places, mode="clip") == ord("2")) & (letters - np.uint8(ord("a")) <= 1)


def _is_gap(part: Bytes, begins: Ints, widths: Bytes) -> Bools:
    """Whether one to three bytes stand between, plain gaps or a wide space."""
    one = part.take(begins, mode="clip")
    fine = GAP.take(one)
    fine &= widths == 1
    rest = np.flatnonzero(widths - np.uint8(2) <= 1)
    if len(rest):
        one, two, three = (
            one[rest],
            *(part.take(begins[rest] + shift, mode="clip") for shift in (1, 2)),
        )
        double = widths[rest] == 2
        wide = double & (one == 0xC2) & (two == 0xA0)
        for first, second, third in _WIDE_GAPS:
            wide |= ~double & (one == first) & (two == second) & (three == third)
        fine[rest] = wide | (GAP[one] & GAP[two] & (double | GAP[three]))
    return fine


def _look_behind(part: Bytes, bounds: Ints, rows: Ints, ends: Ints, count: int) -> Bytes:
    """The `count` bytes behind N bodies, N × `count`, 0 past the row's end."""
    room = bounds.take(rows + 1) - ends
    if len(part) < count:
        part = np.concatenate([part, np.zeros(count, np.uint8)])
    last = len(part) - count
    records = np.ndarray((last + 1,), f"V{count}", part.data, strides=(1,))
    behind = records[np.minimum(ends, last)].view(np.uint8).reshape(-1, count)
    short = np.flatnonzero(room < count)
    steps = np.arange(count)
    some = part.take(ends[short, None] + steps, mode="clip")
    behind[short] = np.where(steps < room[short, None], some, 0)
    return behind


def _read_key(part: Bytes, bounds: Ints, rows: Ints, ends: Ints) -> NirKeys:
    behind = np.ascontiguousarray(_look_behind(part, bounds, rows, ends, 6).T)
    figures = behind - np.uint8(ord("0"))
    digits = figures <= 9
    pairs = figures[:-1] * 10 + figures[1:]
    kind = np.full(len(ends), _UNCLEAR, np.int8)
    closed, values = np.zeros(len(ends), np.uint8), np.zeros(len(ends), np.uint8)
    gap, bracket = GAP.take(behind[0]), behind[0] == ord("(")
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
        kind[at], closed[at], values[at] = name, begin + 2 + closed_by, pairs[begin, at]
    unclear = np.flatnonzero(kind == _UNCLEAR)
    if len(unclear):
        further = _look_behind(part, bounds, rows[unclear], ends[unclear], _BEHIND)
        kind[unclear], closed[unclear], values[unclear] = _read_distant_key(further)
    return NirKeys(ends + closed, values, kind)


def _read_distant_key(behind: Bytes) -> tuple[npt.NDArray[np.int8], Bytes, Bytes]:
    """Kinds, ends and values, as in `NirKeys`, of the keys behind a word; and where surely none is.

    Args:
        behind: the bytes behind N bodies, N × `_BEHIND`.
    """
    kind = np.full(len(behind), _UNCLEAR, np.int8)
    ends, values = np.zeros(len(behind), np.uint8), np.zeros(len(behind), np.uint8)
    texts = _texts_of(behind)
    soon = _match(texts, _KEY_SOON)
    kind[~soon] = _NO_KEY
    for index in np.flatnonzero(~soon & _match(texts, _MISREAD_KEY)).tolist():
        word = texts[index].as_py().lstrip(_NO_LETTERS)[:2].decode()
        values[index] = int(word.translate(MISREAD))
    unclear = np.flatnonzero(soon)
    behind = behind[unclear]
    for word, closing in _WORDS if len(unclear) else ():
        begin = len(word)
        at = np.flatnonzero(_begins_with(behind, word))
        figures = behind[at, begin : begin + 3] - np.uint8(ord("0"))
        fine = (figures[:, 0] <= 9) & (figures[:, 1] <= 9)
        fine &= behind[at, begin + 2] == closing[0] if closing else figures[:, 2] > 9
        at, figures = unclear[at[fine]], figures[fine]
        kind[at], ends[at] = _WORDED, begin + 2 + len(closing)
        values[at] = figures[:, 0] * 10 + figures[:, 1]
    return kind, ends, values


def _begins_with(behind: Bytes, word: bytes) -> Bools:
    """Which of some rows of bytes begin with `word`; eight bytes are compared at a time."""
    lanes = behind.view(np.uint64)
    same = np.ones(len(behind), dtype=bool)
    for lane, place in enumerate(range(0, len(word), 8)):
        some = word[place : place + 8]
        unlike = lanes[:, lane] ^ np.frombuffer(some.ljust(8, b"\0"), np.uint64)
        same &= unlike & np.frombuffer((b"\xff" * len(some)).ljust(8, b"\0"), np.uint64) == 0
    return same


def _texts_of(matrix: Bytes) -> pa.Array:
    """Rows of bytes as a binary array."""
    count, width = matrix.shape
    data = pa.py_buffer(np.ascontiguousarray(matrix))
    offsets = pa.py_buffer(np.arange(count + 1, dtype=np.int64) * width)
    return pa.Array.from_buffers(pa.large_binary(), count, [None, offsets, data])


def _judge(part: Bytes, bounds: Ints, rows: Ints, shapes: Bodies, key: NirKeys) -> Candidates:
    """What the rules would make of each candidate, ending where `key` says."""
    figures, grouped, kind = shapes.figures, shapes.grouped, key.kind
    rest = key.values.astype(np.uint16)  # of body and key by 97
    for column, weight in zip(figures.astype(np.uint16), _WEIGHTS, strict=True):
        rest += column * weight
    month = figures[3] * 10 + figures[4]
    first = figures[0]
    person = first <= 2
    born = (month >= 1) & (month <= 12)
    plausible = (born | (month >= 20)) & ((figures[5] | figures[6]) > 0)
    keyed = (rest % 97 == 0) & (key.values >= 1) & (key.values <= 97)

    next_byte = part.take(shapes.ends, mode="clip")
    decimal = (kind == _GAPPED) & (next_byte == ord("."))
    always = keyed & plausible & (grouped | (kind == _WORDED) | (person & born & ~decimal))
    unkeyed = kind == _NO_KEY
    at = np.flatnonzero(~keyed & grouped & (kind == _GAPPED) & GAP.take(next_byte))
    further = _look_behind(part, bounds, rows[at], key.ends[at], _BEHIND)
    unkeyed[at[~_match(_texts_of(further), _NOT_KEY)]] = True
    ordered = figures[10:].any(axis=0) & (first != 5) & (first != 6)
    alone = plausible & np.where(keyed, (person | born) & ~decimal, grouped & ordered & unkeyed)
    bare = (kind == _NO_KEY) | ((kind == _GLUED) & ~keyed & ~grouped)
    taken = (kind != _UNCLEAR) & (always | alone | bare) & ~((kind == _NO_KEY) & keyed)
    taken &= stands_apart(part, bounds, rows, shapes.begins, key.ends)
    found = Candidates(rows, shapes.begins, key.ends, alone & ~always, bare & ~always)
    return found if taken.all() else found.pick(taken)


def _windows_before(
    data: Bytes, offsets: Offsets, rows: Ints, begins: Ints
) -> tuple[pa.Array, Bools]:
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
    if not len(values):
        return np.zeros(0, dtype=bool)
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
