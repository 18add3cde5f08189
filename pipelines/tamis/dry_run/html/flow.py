"""The flow as a picture: records from source to target, and what stops where.

Each release is a small sieve: a square a field, filled where it passes, hollow where it stops. The
figures stand beside the picture, once; branches that no record takes are not drawn.
The picture is laid out twice, from left to right and from top to bottom; `templates/flow.html`
draws both, and the style sheet shows the one that fits. Lengths are in units of the picture.
"""

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tamis.dry_run.html.markup import visible
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.result import DryRelease, DryRun

PASSING = ("kept", "generalized", "redacted", "pseudonymized")
STOPPING = ("stripped", "dropped")
FATES = (*PASSING, *STOPPING)
"""In the order in which a reader looks for them: from what passes whole to what does not pass."""

_MOST_SQUARES = 160
_LINE = 19
_PAD = 14
_FILL = "\u2060"
"""Counts as a character; `visible` lets none pass."""


@dataclass(frozen=True)
class Box:
    """What a box holds.

    Attributes:
        kind: `end`, `release`, `withheld` or `quarantined`; colours the box.
        kicker: the small line on top.
        squares: fate and label of each field.
        records: that flow into it.
    """

    kind: str
    kicker: str
    name: str
    lines: Sequence[str] = ()
    squares: Sequence[tuple[str, str]] = ()
    records: int = 0

    def wrapped(self, width: int) -> list[tuple[str, str]]:
        """The lines below the kicker with their classes, broken where the box ends.

        The reader's fonts are not known, so the room is computed for broad ones. The tables show
        what is cut here.
        """
        room = width - 2 * _PAD
        class_, width_of_letter = ("partner", 8.2) if self.kind == "end" else ("name", 9.4)
        name = [(class_, part) for part in _wrap(self.name, room / width_of_letter, 8)]
        return name + [("line", part) for line in self.lines for part in _wrap(line, room / 7.2, 4)]

    def height(self, width: int) -> int:
        """The height that all of it needs where the box is so wide."""
        squares = min(len(self.squares), _MOST_SQUARES)
        rows = -(-(squares + 2) // _squares_across(width)) if squares else 0
        return 2 * _PAD + 12 + _LINE * len(self.wrapped(width)) + (rows * 14 + 8 if rows else 0)


class PlacedBox(NamedTuple):
    """A box in the picture: `texts` are class, x, y, line; `squares` fate, label, x, y."""

    kind: str
    x: int
    y: float
    width: int
    height: int
    texts: list[tuple[str, int, float, str]]
    squares: list[tuple[str, str, int, float]]


class Ribbon(NamedTuple):
    """A line from box to box, as broad as its records are many."""

    box: Box
    path: str
    breadth: float


class Picture(NamedTuple):
    """All that is drawn: ribbons first, boxes over them."""

    kind: str
    width: int
    height: float
    ribbons: list[Ribbon]
    boxes: list[PlacedBox]


def draw_flow(say: Speech, result: DryRun, partner: str) -> list[Picture]:
    """The picture, wide and narrow; `partner` is the name of the other side of the store."""
    source, target = _ends(say, result, partner)
    releases = [_release(say, name, release) for name, release in result.releases.items()]
    stops = [
        Box(kind, say.plain("flow-stops"), say.plain(f"flow-{kind}"), records=records)
        for kind, records in (
            ("withheld", result.counts.withheld),
            ("quarantined", result.counts.quarantined),
        )
        if records
    ]
    return [_wide(source, releases, stops, target), _narrow(source, releases, stops, target)]


def _ends(say: Speech, result: DryRun, partner: str) -> tuple[Box, Box]:
    store = say.plain("store")
    origin, aim = (partner, store) if result.direction == "into-store" else (store, partner)
    read: dict[str, bool] = {}
    for release in result.releases.values():
        for path, field in release.fields.items():
            read[path] = field.read or read.get(path, False)
    lines = [say.plain("flow-feed", schema=result.schema_), say.count(len(read), "field")]
    if unread := len(read) - sum(read.values()):
        lines.append(say.plain("flow-unread", fields=say.number(unread)))
    return Box("end", say.plain("flow-from"), origin, lines), Box("end", say.plain("flow-to"), aim)


def _release(say: Speech, name: str, release: DryRelease) -> Box:
    fields = release.fields.values()
    counts = Counter[str](field.fate for field in fields)
    lines = [f"{cite(release.item)} · {cite(release.purpose)}"]
    for key, group in (("flow-pass", PASSING), ("flow-stop", STOPPING)):
        if number := sum(counts[fate] for fate in group):
            parts = [say.count(counts[fate], f"fate-{fate}") for fate in group if counts[fate]]
            lines.append(say.plain(key, fields=say.count(number, "field"), groups=", ".join(parts)))
    squares = [
        (field.fate, say.plain("flow-square", field=path, how=say.treatment(field)))
        for path, field in release.fields.items()
    ]
    return Box("release", say.plain("flow-release"), name, lines, squares, release.rows)


def _wide(source: Box, releases: list[Box], stops: list[Box], target: Box) -> Picture:
    """From left to right: source, sieves over stops, target."""
    left, middle, right = (0, 200), (310, 390), (810, 190)
    gap = 18
    boxes = [*releases, *stops]
    heights = [box.height(middle[1]) for box in boxes]
    tops = [sum(heights[:place]) + gap * place for place in range(len(boxes))]
    ends = [top + height for top, height in zip(tops, heights, strict=True)] or [0]
    bottom = ends[max(len(releases) - 1, 0)]
    leaving = _breadths(boxes, 64)
    arriving = leaving[: len(releases)]
    source_height = max(source.height(left[1]), round(sum(leaving)) + 24)
    target_height = max(target.height(right[1]), round(sum(arriving)) + 24)
    target_top = max(0, (bottom - target_height) // 2)
    source_top = max(0, min((ends[-1] - source_height) // 2, target_top))
    ribbons = []
    start = source_top + (source_height - sum(leaving)) / 2
    end = target_top + (target_height - sum(arriving)) / 2
    for box, top, height, breadth in zip(boxes, tops, heights, leaving, strict=True):
        y, center = start + breadth / 2, top + height / 2
        if box.records:
            ribbons.append(Ribbon(box, _curve((left[1], y), (middle[0], center)), breadth))
        start += breadth
        if box.kind == "release" and box.records:
            y = end + breadth / 2
            ribbons.append(Ribbon(box, _curve((sum(middle), center), (right[0], y)), breadth))
            end += breadth
    placed = [
        _place(source, left[0], source_top, left[1], source_height),
        _place(target, right[0], target_top, right[1], target_height),
        *(_place(box, middle[0], top, middle[1]) for box, top in zip(boxes, tops, strict=True)),
    ]
    return Picture("wide", 1000, max(box.y + box.height for box in placed), ribbons, placed)


def _narrow(source: Box, releases: list[Box], stops: list[Box], target: Box) -> Picture:
    """From top to bottom: source, stops, sieves, target; lines run beside the boxes."""
    width, margin, gap = 360, 36, 14
    placed = [_place(source, 0, 0, width)]
    boxes = [*stops, *releases]
    for box in boxes:
        placed.append(
            _place(box, margin, placed[-1].y + placed[-1].height + gap, width - 2 * margin)
        )
    placed.append(_place(target, 0, placed[-1].y + placed[-1].height + gap, width))
    centers = [box.y + box.height / 2 for box in placed[1:-1]]
    lines = [
        line for line in zip(boxes, centers, _breadths(boxes, 24), strict=True) if line[0].records
    ]
    ribbons = []
    x = margin - 4.0
    for box, center, breadth in lines:
        path = f"M{x - breadth / 2:.1f} {placed[0].height:.1f}V{center:.1f}H{margin:.1f}"
        ribbons.append(Ribbon(box, path, breadth))
        x -= breadth + 1
    x = width - margin + 4.0
    for box, center, breadth in reversed(lines):
        if box.kind != "release":
            continue
        path = f"M{x + breadth / 2:.1f} {placed[-1].y:.1f}V{center:.1f}H{width - margin:.1f}"
        ribbons.append(Ribbon(box, path, breadth))
        x += breadth + 1
    return Picture("narrow", width, placed[-1].y + placed[-1].height, ribbons, placed)


def _breadths(boxes: list[Box], most: int) -> list[float]:
    """Of the ribbons into the boxes; all together are about `most` where each has its records."""
    whole = sum(box.records for box in boxes)
    return [max(2.0, most * box.records / whole) if box.records else 0.0 for box in boxes]


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = start, end
    bend = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{bend:.1f} {y0:.1f} {bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def _place(box: Box, x: int, y: float, width: int, height: int | None = None) -> PlacedBox:
    """The box at its place, as high as its content if no `height` is given."""
    line = y + _PAD + 8
    texts = [("kicker", x + _PAD, line, box.kicker)]
    for class_, text in box.wrapped(width):
        line += _LINE
        texts.append((class_, x + _PAD, line, text))
    line += 14
    across = _squares_across(width)
    squares = [
        (fate, label, x + _PAD + place % across * 14 + 1, line + place // across * 14)
        for place, (fate, label) in enumerate(box.squares[:_MOST_SQUARES])
    ]
    if (rest := len(box.squares) - _MOST_SQUARES) > 0:
        row, column = divmod(_MOST_SQUARES, across)
        texts.append(("kicker", x + _PAD + column * 14, line + row * 14 + 10, f"+{rest}"))
    return PlacedBox(box.kind, x, y, width, height or box.height(width), texts, squares)


def _wrap(text: str, room: float, lines: int) -> list[str]:
    """At most so many lines; a broad character takes the room of two."""
    counted = "".join(
        character + _FILL
        if character in "MWmw@%" or unicodedata.east_asian_width(character) in "WF"
        else character
        for character in visible(text)
    )
    wrapped = textwrap.wrap(counted, int(room), max_lines=lines, placeholder="…", expand_tabs=False)
    return [line.replace(_FILL, "") for line in wrapped]


def _squares_across(width: int) -> int:
    return (width - 2 * _PAD) // 14
