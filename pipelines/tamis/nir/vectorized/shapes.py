"""Candidates: the numbers of a column that have one of the common shapes of a NIR.

A body is compact, or in the INSEE grouping with gaps of one to three bytes. Its key stands directly
behind it, behind a gap, in parentheses or behind a word such as `clé`; in the grouping it may be
wrong or missing, and a compact body without a key may stand behind a label. A candidate is taken
only where the rules of `tamis.nir.grammar` would surely take the same span; others are left to
them.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.arrow.bits import trailing_ones, trailing_zeros, windows_at
from tamis.arrow.buffers import fixed_width_text, matches
from tamis.arrow.types import Bools, Bytes, Ints, Offsets, Words
from tamis.nir.candidate import COUNTED
from tamis.nir.grammar import MISREAD
from tamis.nir.label import (
    OPPOSING_BYTES,
    OPTICAL_BYTES,
    STRONG_BYTES,
    in_bytes,
)
from tamis.nir.vectorized.bits import find_firsts

_BODY: Final = 13
_PARTS: Final = (1, 2, 2, 2, 1, 2, 3)  # sex, year, month, département, commune (1 and 2), order
_COMPACT: Final = (0, 1, 3, 5, 7, 8, 10)  # where each begins in a number without gaps
_WEIGHTS: Final = [np.uint16(pow(10, place, 97)) for place in range(_BODY - 1, -1, -1)]
_BEHIND: Final = 24  # bytes behind a body in which a key is read
_WINDOW: Final = 40  # bytes before a body: an opposing label and its reach, 28 characters
_WORDS: Final = [  # what stands between a body and its key, and what closes behind the key
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
# Bytes beside a number with which it is surely read as it stands: no part of an escape or decimal.
_GOES_BEFORE = _table("".join(c for c in _PUNCTUATION if c not in ".;>\\%&*~`"))
_GOES_BEHIND = _table("".join(c for c in _PUNCTUATION if c not in "\\%&<]*~`"))
GAP = _table(" .-/_\t")
_WIDE_GAPS = [(0xE2, 0x80, last) for last in (0x87, 0x89, 0xAF)]  # beside the no-break space

# Rows that folding may change, or in which NIR may mean near infrared: escapes, characters that are
# not French, and the words of optics.
_ODD_ROW = (
    r"&[#A-Za-z]|%[0-9A-Fa-f]{2}|\\|<[/A-Za-z]|[\x00\xC4\xC6-\xE1\xE3-\xFF]"
    r"|\xC2[^\xA0\xAB\xB0\xBB]|\xC5[^\x92\x93]|\xE2[^\x80\x82]|\xE2\x82[^\xAC]"
    r"|\xE2\x80[^\x87\x89\x92-\x94\x98\x99\x9C\x9D\xA6\xAF]"
    rf"|{OPTICAL_BYTES}"
)
_CLOSE = (  # another number stands before this one, or the window holds too few characters
    r"[0-9][^0-9A-Za-z]{0,3}(?:et|ou|and|or)?[^0-9A-Za-z]{0,9}$"
    r"|(?:[^\x00-\x7F][\x00-\x7F]*){18}"
)
_PERSON = in_bytes("(?:assure|titulaire|stagiaire|salarie|beneficiaire|conjoint|pere|mere)e?")
_OF_WHOM = rf"(?i: (?:de |du |de la |de l'|d'une? )?{_PERSON})"
_LABELLED = (
    rf"{STRONG_BYTES}(?:[ ._]{{0,2}}n\xC2\xB0|{_OF_WHOM})?(?:[ :=\t#\"'.;]|\xC2\xA0){{0,4}}$"
)
_MARKUP_SOON = r"^[^A-Za-z0-9]{0,4}(?:[<&%\\=*~`\]]|\xC3[\x82\xA2])"  # a key may stand behind
_KEY_SOON = (
    rf"{_MARKUP_SOON}|^(?:[^A-Za-z0-9;!?]{{0,10}}(?:[0-9]|[BOQIlSZGoisz][0-9])"
    r"|[^A-Za-z0-9]{0,10}(?i:cl|k|et|avec))"
)
_GOES_ON = rf"{_MARKUP_SOON}|^[^A-Za-z0-9;!?]{{0,20}}[0-9OoQIilSsBZzG]"
_MISREAD_KEY = r"^[^A-Za-z0-9]{0,10}[OoQIilSsBZzG]{2}(?:[^A-Za-z0-9]|$)"
_NOT_KEY = (
    r"^(?:[^A-Za-z0-9]{0,4}[0-9]|[ ]?(?:%|\$|\xE2\x82\xAC|\xC2\xB0)"
    rf"|[ ]?(?i:{in_bytes(COUNTED)})(?:[^A-Za-z0-9_]|$))"
)


class Bodies(NamedTuple):
    """N bodies of 13 characters that may be those of NIRs.

    Attributes:
        begins: the first byte of each.
        ends: one past its 13th character.
        digits: 13 × N values; 2A is read as 19, 2B as 18, as for the key.
        grouped: N flags: in the INSEE grouping.
    """

    begins: Ints
    ends: Ints
    digits: Bytes
    grouped: Bools


class Candidates(NamedTuple):
    """N numbers that are NIRs, whatever words stand before them or depending on these.

    Attributes:
        rows: the row of each.
        begins: its first byte.
        ends: one past its last byte.
        alone: N flags: a NIR unless an opposing label stands before it.
        bare: N flags: a NIR only if a NIR label stands before it. Neither flag: a NIR.
    """

    rows: Ints
    begins: Ints
    ends: Ints
    alone: Bools
    bare: Bools

    def pick(self, chosen: Bools | Ints) -> "Candidates":
        """The candidates of the flags or indices `chosen`."""
        rows, begins, ends = (column[chosen] for column in self[:3])
        return Candidates(rows, begins, ends, self.alone[chosen], self.bare[chosen])


class NirKeys(NamedTuple):
    """The keys behind N bodies.

    Attributes:
        ends: one past the key and what closes it; the body's end where there is none.
        values: the key, or 0; with `_NO_KEY`, the next word as a number if OCR misread it.
        kind: how the key stands there: one of `_NO_KEY`, `_GLUED`, `_GAPPED`, `_BRACKETED`,
            `_WORDED`, `_UNCLEAR`.
    """

    ends: Ints
    values: Bytes
    kind: npt.NDArray[np.int8]


_NO_KEY, _GLUED, _GAPPED, _BRACKETED, _WORDED, _UNCLEAR = range(6)


def stands_apart(part: Bytes, bounds: Ints, rows: Ints, begins: Ints, ends: Ints) -> Bools:
    """Which numbers no digit, letter or part of an escape touches, so that the rules need not run.

    Args:
        part: the bytes.
        bounds: offsets of the rows in them.
        rows: N, the row of each number.
        begins, ends: N, its first byte and one past its last.
    """
    before = _GOES_BEFORE.take(part.take(begins - 1, mode="clip")) | (begins == bounds.take(rows))
    room = bounds.take(rows + 1) - ends
    next_byte, second = part.take(ends, mode="clip"), part.take(ends + 1, mode="clip")
    dotted = (next_byte == ord(".")) & (room > 1) & (second - np.uint8(ord("0")) <= 9)
    return before & ((room == 0) | (_GOES_BEHIND.take(next_byte) & ~dotted))


def find_candidates(part: Bytes, bounds: Ints, words: Words, near: Ints) -> Candidates:
    """The candidates in some bytes, in order; none overlap.

    Args:
        part: the bytes of N rows.
        bounds: N + 1 offsets of the rows in them.
        words: the bitmap of digits.
        near: indices of the words in which a NIR may begin.
    """
    firsts = find_firsts(words, near)
    bodies = _find_bodies(part, words, firsts)
    rows = np.searchsorted(bounds, bodies.begins, side="right") - 1
    inside = bodies.ends <= bounds.take(rows + 1)
    bodies, rows = _pick(bodies, inside), rows[inside]
    keys = _read_keys(part, bounds, rows, bodies.ends)
    candidates = _judge_bodies(part, bounds, rows, bodies, keys)
    candidates = _with_longer(candidates, _find_runs(part, bounds, words, firsts))
    apart = np.ones(len(candidates.rows), dtype=bool)
    apart[1:] = candidates.begins[1:] >= np.maximum.accumulate(candidates.ends)[:-1]
    return candidates if apart.all() else candidates.pick(apart)


def apply_labels(
    texts: pa.Array, data: Bytes, offsets: Offsets, candidates: Candidates
) -> Candidates:
    """Decide, by the words before them, which candidates are NIRs.

    Args:
        texts: N rows, as binary.
        data: their bytes.
        offsets: N + 1 offsets of the rows in `data`.
        candidates: those of the rows, in order, by offsets in `data`.

    Returns:
        Those that are surely NIRs, and so are no longer open; the others are left to the rules.
    """
    accepted = ~(candidates.alone | candidates.bare)
    indices = np.flatnonzero(~accepted)
    if not len(indices):
        return candidates
    open_ = candidates.pick(indices)
    windows, whole = _windows_before(data, offsets, open_.rows, open_.begins)
    labelled = open_.bare & matches(windows, _LABELLED)
    alone = open_.alone & whole & ~labelled & ~matches(windows, _CLOSE)
    alone[alone] = ~matches(windows.filter(pa.array(alone)), OPPOSING_BYTES)
    likely = np.flatnonzero(labelled | alone)
    rows, places = np.unique(open_.rows[likely], return_inverse=True)
    likely = likely[~matches(texts.take(pa.array(rows)), _ODD_ROW)[places]]
    accepted[indices[likely]] = True
    return candidates.pick(accepted)


def _find_runs(part: Bytes, bounds: Ints, words: Words, begins: Ints) -> Candidates:
    """Runs of 14 or 16 digits: NIRs only if a NIR label stands directly before them."""
    windows = windows_at(words, begins)
    longer = ((windows & 0x7FFF) == 0x3FFF) | ((windows & 0x1FFFF) == 0xFFFF)
    begins = begins[longer & (part.take(begins) != ord("0"))]
    ends = begins + trailing_ones(windows_at(words, begins))
    rows = np.searchsorted(bounds, begins, side="right") - 1
    inside = ends <= bounds.take(rows + 1)
    rows, begins, ends = rows[inside], begins[inside], ends[inside]
    behind = fixed_width_text(_look_behind(part, bounds, rows, ends, _BEHIND), pa.large_binary())
    taken = stands_apart(part, bounds, rows, begins, ends) & ~matches(behind, _GOES_ON)
    yes = np.ones(len(rows), dtype=bool)
    return Candidates(rows, begins, ends, ~yes, yes).pick(taken)


def _with_longer(candidates: Candidates, longer: Candidates) -> Candidates:
    """The candidates of both, in order."""
    if not len(longer.rows):
        return candidates
    both = Candidates(*[np.concatenate(pair) for pair in zip(candidates, longer, strict=True)])
    return both.pick(np.argsort(both.begins, kind="stable"))


def _pick(bodies: Bodies, chosen: Bools) -> Bodies:
    if chosen.all():
        return bodies
    begins, ends, digits, grouped = bodies
    return Bodies(begins[chosen], ends[chosen], digits[:, chosen], grouped[chosen])


def _find_bodies(part: Bytes, words: Words, begins: Ints) -> Bodies:
    """The bodies among the numbers that begin at `begins`.

    These are runs of 13 or 15 digits, and 13 digits in the INSEE grouping with small gaps.
    """
    windows = windows_at(words, begins)
    split_run = np.flatnonzero((windows & 0xFF) == 0b10111111)
    corsican = split_run[_is_corsican(part, begins[split_run] + 5)]
    windows[corsican] |= np.uint64(0b1000000)
    taken = ((windows & 0x3FFF) == 0x1FFF) | ((windows & 0xFFFF) == 0x7FFF)
    separate = np.flatnonzero((windows & 0b10) == 0)
    regular, split = _read_groups(part, begins[separate], windows[separate])
    if not regular.all():
        separate, split = separate[regular], split[:, regular]
    taken[separate] = True
    taken &= part.take(begins) - np.uint8(ord("1")) <= 7
    split = split[:, taken[separate]]
    index = np.flatnonzero(taken)
    begins, grouped = begins[index], (windows[index] & 0b10) == 0
    places = np.empty((len(_PARTS), len(begins)), np.uint8)
    places[:] = np.array(_COMPACT, np.uint8)[:, None]
    places[:, grouped] = split

    digits = np.empty((_BODY, len(begins)), np.uint8)
    column = 0
    for place, width in zip(places, _PARTS, strict=True):
        part_begins = begins + place
        for shift in range(width):
            part[shift:].take(part_begins, mode="clip", out=digits[column])
            column += 1
    ends = part_begins + _PARTS[-1]
    letters = digits[6] | 0x20
    digits -= np.uint8(ord("0"))
    corsican = np.flatnonzero(letters >= ord("a"))
    digits[5, corsican] = 1
    digits[6, corsican] = ord("a") + 9 - letters[corsican]
    return Bodies(begins, ends, digits, grouped)


def _read_groups(part: Bytes, begins: Ints, windows: Words) -> tuple[Bools, Bytes]:
    """Which numbers have the INSEE grouping, and where their parts begin.

    Args:
        part: the bytes.
        begins: the first bytes of N numbers, each a single digit before a gap.
        windows: N bitmaps of digits, from these bytes on.

    Returns:
        N flags; 7 × N offsets of the parts `_PARTS` from each number's first byte.
    """
    bits = windows >> np.uint64(1)
    end = np.ones(len(begins), np.uint8)
    regular = np.ones(len(begins), dtype=bool)
    firsts, widths = [], []
    for group in range(5):
        gap = trailing_zeros(bits)
        regular &= _is_gap(part, begins + end, gap)
        bits >>= gap
        first = end + gap
        if group == 2:
            one_digit = np.flatnonzero((bits & 0b11) == 0b01)
            corsican = _is_corsican(part, begins[one_digit] + first[one_digit])
            bits[one_digit[corsican]] |= np.uint64(0b10)
        width = trailing_ones(bits)
        bits >>= width
        end = first + width
        firsts.append(first)
        widths.append(width)
    year, month, third, fourth, order = firsts
    late = widths[2] == 3  # 1 2 2 3 2 3
    regular &= (widths[0] == 2) & (widths[1] == 2) & ((widths[2] == 2) | late)
    regular &= (widths[2] + widths[3] == 5) & (widths[4] == 3)
    commune = np.where(late, third + np.uint8(2), fourth)
    zeros = np.zeros_like(year)
    return regular, np.stack([zeros, year, month, third, commune, fourth + ~late, order])


def _is_corsican(part: Bytes, places: Ints) -> Bools:
    """Whether 2A or 2B, in either case, begins at each place."""
    letters = part.take(places + 1, mode="clip") | 0x20
    return (part.take(places, mode="clip") == ord("2")) & (letters - np.uint8(ord("a")) <= 1)


def _is_gap(part: Bytes, begins: Ints, widths: Bytes) -> Bools:
    """Whether the `widths` bytes from `begins` on are a gap.

    A gap is one to three separators, a no-break space (two bytes) or another wide space (three).
    """
    first = part.take(begins, mode="clip")
    is_gap = GAP.take(first)
    is_gap &= widths == 1
    longer = np.flatnonzero(widths - np.uint8(2) <= 1)
    if len(longer):
        first = first[longer]
        second, third = (part.take(begins[longer] + shift, mode="clip") for shift in (1, 2))
        double = widths[longer] == 2
        wide = double & (first == 0xC2) & (second == 0xA0)
        for encoded in _WIDE_GAPS:
            same = (first == encoded[0]) & (second == encoded[1]) & (third == encoded[2])
            wide |= ~double & same
        is_gap[longer] = wide | (GAP[first] & GAP[second] & (double | GAP[third]))
    return is_gap


def _look_behind(part: Bytes, bounds: Ints, rows: Ints, ends: Ints, count: int) -> Bytes:
    """The `count` bytes behind each of N places: N × `count`, 0 past the row's end."""
    room = bounds.take(rows + 1) - ends
    if len(part) < count:
        part = np.concatenate([part, np.zeros(count, np.uint8)])
    last = len(part) - count
    records = np.ndarray((last + 1,), f"V{count}", part.data, strides=(1,))
    behind = records[np.minimum(ends, last)].view(np.uint8).reshape(-1, count)
    short = np.flatnonzero(room < count)
    steps = np.arange(count)
    shortened = part.take(ends[short, None] + steps, mode="clip")
    behind[short] = np.where(steps < room[short, None], shortened, 0)
    return behind


def _read_keys(part: Bytes, bounds: Ints, rows: Ints, ends: Ints) -> NirKeys:
    """The keys behind N bodies that end at `ends`."""
    behind = np.ascontiguousarray(_look_behind(part, bounds, rows, ends, 6).T)
    digits = behind - np.uint8(ord("0"))
    is_digit = digits <= 9
    pairs = digits[:-1] * 10 + digits[1:]
    kind = np.full(len(ends), _UNCLEAR, np.int8)
    closed, values = np.zeros(len(ends), np.uint8), np.zeros(len(ends), np.uint8)
    gap, bracket = GAP.take(behind[0]), behind[0] == ord("(")
    spaced = (behind[0] == ord(" ")) & (behind[1] == ord("("))
    two, three = (behind[0] == 0xC2) & (behind[1] == 0xA0), np.zeros(len(ends), dtype=bool)
    for first, second, third in _WIDE_GAPS:
        three |= (behind[0] == first) & (behind[1] == second) & (behind[2] == third)
    for chosen, name, begin, closed_by in (
        (is_digit[0], _GLUED, 0, 0),
        (gap, _GAPPED, 1, 0),
        (two, _GAPPED, 2, 0),
        (three, _GAPPED, 3, 0),
        (bracket & (behind[3] == ord(")")), _BRACKETED, 1, 1),
        (spaced & (behind[4] == ord(")")), _BRACKETED, 2, 1),
    ):
        two_digits = is_digit[begin] & is_digit[begin + 1] & ~is_digit[begin + 2]
        index = np.flatnonzero(chosen & two_digits)
        kind[index], closed[index], values[index] = name, begin + 2 + closed_by, pairs[begin, index]
    unclear = np.flatnonzero(kind == _UNCLEAR)
    if len(unclear):
        further = _look_behind(part, bounds, rows[unclear], ends[unclear], _BEHIND)
        kind[unclear], closed[unclear], values[unclear] = _read_distant_key(further)
    return NirKeys(ends + closed, values, kind)


def _read_distant_key(behind: Bytes) -> tuple[npt.NDArray[np.int8], Bytes, Bytes]:
    """Keys that stand behind a word.

    Args:
        behind: the bytes behind N bodies, N × `_BEHIND`.

    Returns:
        N kinds, ends counted from the body's end, and values, as in `NirKeys`; the kind is
        `_NO_KEY` where there is surely no key.
    """
    kind = np.full(len(behind), _UNCLEAR, np.int8)
    ends, values = np.zeros(len(behind), np.uint8), np.zeros(len(behind), np.uint8)
    texts = fixed_width_text(behind, pa.large_binary())
    soon = matches(texts, _KEY_SOON)
    kind[~soon] = _NO_KEY
    for index in np.flatnonzero(~soon & matches(texts, _MISREAD_KEY)).tolist():
        word = texts[index].as_py().lstrip(_NO_LETTERS)[:2].decode()
        values[index] = int(word.translate(MISREAD))
    unclear = np.flatnonzero(soon)
    behind = behind[unclear]
    for word, closing in _WORDS if len(unclear) else ():
        begin = len(word)
        matching = np.flatnonzero(_begins_with(behind, word))
        digits = behind[matching, begin : begin + 3] - np.uint8(ord("0"))
        is_key = (digits[:, 0] <= 9) & (digits[:, 1] <= 9)
        is_key &= behind[matching, begin + 2] == closing[0] if closing else digits[:, 2] > 9
        matching, digits = unclear[matching[is_key]], digits[is_key]
        kind[matching], ends[matching] = _WORDED, begin + 2 + len(closing)
        values[matching] = digits[:, 0] * 10 + digits[:, 1]
    return kind, ends, values


def _begins_with(behind: Bytes, word: bytes) -> Bools:
    """Which rows of bytes begin with `word`; eight bytes are compared at a time."""
    lanes = behind.view(np.uint64)
    same = np.ones(len(behind), dtype=bool)
    for lane, place in enumerate(range(0, len(word), 8)):
        eight = word[place : place + 8]
        difference = lanes[:, lane] ^ np.frombuffer(eight.ljust(8, b"\0"), np.uint64)
        mask = np.frombuffer((b"\xff" * len(eight)).ljust(8, b"\0"), np.uint64)
        same &= difference & mask == 0
    return same


def _judge_bodies(
    part: Bytes, bounds: Ints, rows: Ints, bodies: Bodies, keys: NirKeys
) -> Candidates:
    """The candidates among N bodies with their keys, judged as the rules judge form and key."""
    digits, grouped, kind = bodies.digits, bodies.grouped, keys.kind
    remainder = keys.values.astype(np.uint16)  # of body and key, before the division by 97
    for column, weight in zip(digits.astype(np.uint16), _WEIGHTS, strict=True):
        remainder += column * weight
    month = digits[3] * 10 + digits[4]
    first = digits[0]
    person = first <= 2
    born = (month >= 1) & (month <= 12)
    plausible = (born | (month >= 20)) & ((digits[5] | digits[6]) > 0)
    keyed = (remainder % 97 == 0) & (keys.values >= 1) & (keys.values <= 97)

    next_byte = part.take(bodies.ends, mode="clip")
    decimal = (kind == _GAPPED) & (next_byte == ord("."))
    always = keyed & plausible & (grouped | (kind == _WORDED) | (person & born & ~decimal))
    unkeyed = kind == _NO_KEY
    wrong = np.flatnonzero(~keyed & grouped & (kind == _GAPPED) & GAP.take(next_byte))
    further = _look_behind(part, bounds, rows[wrong], keys.ends[wrong], _BEHIND)
    further_texts = fixed_width_text(further, pa.large_binary())
    unkeyed[wrong[~matches(further_texts, _NOT_KEY)]] = True
    ordered = digits[10:].any(axis=0) & (first != 5) & (first != 6)
    alone = plausible & np.where(keyed, (person | born) & ~decimal, grouped & ordered & unkeyed)
    bare = (kind == _NO_KEY) | ((kind == _GLUED) & ~keyed & ~grouped)
    taken = (kind != _UNCLEAR) & (always | alone | bare) & ~((kind == _NO_KEY) & keyed)
    taken &= stands_apart(part, bounds, rows, bodies.begins, keys.ends)
    candidates = Candidates(rows, bodies.begins, keys.ends, alone & ~always, bare & ~always)
    return candidates if taken.all() else candidates.pick(taken)


def _windows_before(
    data: Bytes, offsets: Offsets, rows: Ints, begins: Ints
) -> tuple[pa.Array, Bools]:
    """The `_WINDOW` bytes before N numbers, at most to the number or row before.

    Returns:
        N binary values; N flags: no other of the numbers cuts the window short.
    """
    floor = np.maximum(offsets[rows], begins - _WINDOW)
    previous = np.zeros(len(begins), dtype=np.int64)
    previous[1:] = begins[:-1]
    cuts = np.empty(2 * len(begins) + 1, dtype=np.int64)
    cuts[0], cuts[1::2], cuts[2::2] = 0, np.maximum(floor, previous), begins
    pieces = pa.Array.from_buffers(
        pa.large_binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)]
    )
    return pieces.take(pa.array(np.arange(1, len(cuts) - 1, 2))), previous <= floor
