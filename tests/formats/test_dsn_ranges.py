"""One big DSN by ranges is what it is at once, wherever its stretches end, and whatever is cut."""

import io
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.formats.dsn.envois import AT_ONCE
from tamis.formats.dsn.individus import DsnReader
from tamis.formats.dsn.ranges import EnvoiRange
from tamis.formats.ranges import Stretch
from tamis.formats.readers import RANGES
from tamis.limits import USUAL

from .test_dsn import (
    HEADER,
    LAYOUT,
    NIR_A,
    Item,
    Line,
    contrat,
    declaration,
    envoi,
    individu,
    items_of,
    remuneration,
    text_of,
    versement,
)
from .test_xml import plan_of

PERSON = individu("ALPHA", NIR_A, None, contrat("A"), versement(remuneration("B", "1")))
WHOLE = envoi(declaration(PERSON))
LOT: list[Line] = [("S05.G51.00.001", "V01R02"), ("S05.G51.00.002", "1")]
END: list[Line] = [("S95.G51.00.001", "1")]


def group(label: str, *envois: list[Line], count: int | None = None) -> list[Line]:
    lines = [("S06.G51.00.001", label), *(line for each in envois for line in each)]
    count = len(envois) if count is None else count
    return [*lines, ("S96.G51.00.001", "FINSL"), ("S96.G51.00.002", str(count))]


PIECES: dict[str, bytes] = {
    "envoi": text_of(WHOLE),
    "lines of LF": text_of(WHOLE, end="\n"),
    "windows-1252": text_of(envoi(declaration(individu("L\u2019OURS \u0152UVRE"))), "cp1252"),
    "UTF-8": text_of(envoi(declaration(individu("É\u0152UVRE"))), "utf-8"),
    "spaced": text_of(WHOLE).replace(b",", b" , "),
    "blank lines": text_of(WHOLE, end="\r\n \n\n"),
    "without totals": text_of(WHOLE[:-2]),
    "without header": text_of(WHOLE[len(HEADER) :]),
    "header alone": text_of([HEADER[0]]),
    "fewer lines than declared": text_of([*WHOLE[:5], *WHOLE[6:]]),
    "nobody in it": text_of(envoi(declaration())),
    "contract of nobody": text_of(envoi([*declaration(), *contrat("B")])),
    "stray": b"no rubrique\n",
    "value like a line": text_of([("S21.G00.40.006", "S10.G00.00.001,'X'")]),
    "lot": text_of(LOT),
    "end of lot": text_of(END),
    "group": text_of(group("DSNOK", WHOLE, WHOLE)),
    "group that is cut": text_of(group("DSNOK", WHOLE, WHOLE, count=3)),
    "group without end": text_of(group("DSNOK", WHOLE, WHOLE)[:-2]),
    "rejected group": text_of(group("FP-KO", WHOLE, WHOLE)),
    "rejected group without end": text_of(group("AUTRE", WHOLE, WHOLE)[:-2]),
    "group of an unknown label": text_of(group("OK", WHOLE, WHOLE)),
    "group without label": text_of([("S06.G51.00.001", ""), *WHOLE, *WHOLE]),
    "group that is no rubrique": text_of(group("FP-KO", WHOLE, WHOLE)).replace(
        b"S06.G51.00.001", b"S06.G51.00.0012"
    ),
    "rejected group whose end is no rubrique": text_of(group("FP-KO", WHOLE, WHOLE)).replace(
        b"S96.G51.00.00", b"S96.G51.00.x"
    )
    + text_of([*WHOLE, *WHOLE]),
    "group of another kind": text_of([("S06.G51.00.002", "DSNOK"), *WHOLE, *WHOLE]),
}


def ranges_of(data: bytes, size: int, least: int) -> list[EnvoiRange] | None:
    """The ranges of a file of which stretches of `size` bytes were counted."""
    form, plan = RANGES["dsn"], plan_of()
    begin = form.begin(io.BytesIO(data), plan, "f")
    assert begin is not None
    counts = [
        form.count(io.BytesIO(data), plan, begin, start, min(start + size, len(data)))
        for start in range(0, len(data), size)
    ]
    parts = form.cut(counts, begin, len(data), plan, replace(USUAL, block_bytes=least))
    return None if parts is None else [part for part in parts if isinstance(part, EnvoiRange)]


def read(data: bytes, part: EnvoiRange | None = None) -> tuple[list[Item], dict[str, int]]:
    """The records and rejects of a file or a range of it, and what is odd."""
    start, stop = (part.start, part.stop) if part else (0, None)
    own, ahead = (Stretch(io.BytesIO(data), start, stop) for _pass in range(2))
    begin = part.begin if part else AT_ONCE
    chunks = list(DsnReader(own, ahead, "f.dsn", LAYOUT, USUAL, begin))
    items = sorted(items_of(chunks), key=lambda item: item.position)
    anomalies: Counter[str] = Counter()
    for chunk in chunks:
        anomalies.update(chunk.anomalies)
    return items, dict(anomalies)


def is_same(data: bytes, size: int, least: int) -> int:
    """Compare a file read by ranges with it read at once: how many ranges they are."""
    parts = ranges_of(data, size, least)
    if parts is None:
        return 1
    items: list[Item] = []
    anomalies: dict[str, int] = {}
    for part in parts:
        more, told = read(data, part)
        items += more
        anomalies = {name: anomalies.get(name, 0) + told.get(name, 0) for name in anomalies | told}
        lines = part.begin.lines + 1, part.lines or 1 << 62
        assert all(lines[0] <= item.position <= lines[1] for item in more)
    assert (items, anomalies) == read(data)
    assert b"".join(data[part.start : part.stop] for part in parts) == data
    numbers = [(part.number, part.last) for part in parts]
    assert all(number <= last for number, last in numbers)
    assert all(before[1] < after[0] for before, after in pairwise(numbers))
    return len(parts)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=8),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.integers(20, 2000),
    st.integers(20, 2000),
)
def test_by_ranges_it_is_what_it_is_at_once(
    names: list[str], mark: bytes, size: int, least: int
) -> None:
    is_same(mark + PIECES["envoi"] + b"".join(PIECES[name] for name in names), size, least)


@pytest.mark.parametrize("name", PIECES)
def test_what_stands_between_whole_envois_stays_what_it_is(name: str) -> None:
    pieces = [PIECES[part] for part in ("lot", "group", name, "group", "end of lot")]
    for size in (len(PIECES["envoi"]) // 2, 997):
        is_same(b"".join(pieces), size, size)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n\n"])
def test_envois_are_cut_between_any_two_of_them(end: str) -> None:
    data = text_of(LOT + group("DSNOK", *[WHOLE] * 9) + END, end=end)
    assert is_same(data, 100, 1) == 9
    assert is_same(b"\xef\xbb\xbf" + data[: data.index(b"S96")], 100, 1) == 9


def test_within_rejected_groups_and_between_lines_of_no_envoi_nothing_is_cut() -> None:
    rejected = text_of(LOT + group("FP-KO", *[WHOLE] * 9) + END)
    assert is_same(rejected, 100, 1) == 1
    assert is_same(text_of(declaration(*[PERSON] * 20)), 100, 1) == 1
    assert is_same(b"".join(PIECES[n] for n in ("envoi", "group of another kind")), 100, 1) == 1
    value = text_of([*WHOLE[:-2], ("S21.G00.40.006", "S10.G00.00.001,'X'"), *WHOLE[-2:]])
    assert is_same(value + value, 100, 1) == 2


def test_a_line_without_end_takes_no_time() -> None:
    data = text_of(WHOLE) + b"S10.G00.00.001" * 300_000
    assert is_same_quickly(data)


def is_same_quickly(data: bytes) -> bool:
    counts: Any = RANGES["dsn"].count(io.BytesIO(data), plan_of(), 0, 0, len(data))
    return counts.envois == 1
