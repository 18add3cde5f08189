"""The flow as a picture: records from source to target, and what stops where.

Each release is a small sieve: a square a field, filled where it passes, hollow where it stops.
It is drawn twice, from left to right and from top to bottom; the style sheet shows what fits.
"""

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tamis.dry_run.html.markup import Markup, Node, join, tag, visible
from tamis.dry_run.html.parts import FATES, PASSING, STOPPING
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.result import DryRelease, DryRun

_MOST_SQUARES = 160
_LINE = 19
_PAD = 14
_FILL = "\u2060"
"""Counts as a character; `visible` lets none pass."""


@dataclass(frozen=True)
class Box:
    """A box with lines of text.

    Attributes:
        kind: colours it.
        kicker: small line on top.
        name: the main line.
        lines: below.
        fates: of the fields, one square each.
        records: that flow into it.
    """

    kind: str
    kicker: str
    name: str
    lines: tuple[str, ...] = ()
    fates: tuple[str, ...] = ()
    records: int = 0

    def height(self, width: int) -> int:
        """Of the box as drawn, in units of the picture."""
        lines = len(_lines(self, width))
        squares = min(len(self.fates), _MOST_SQUARES)
        rows = -(-(squares + 2) // _squares_in(width)) if squares else 0
        return 2 * _PAD + 12 + _LINE * lines + (rows * 14 + 8 if rows else 0)


@dataclass(frozen=True)
class Flow:
    """What the picture shows."""

    source: Box
    releases: tuple[Box, ...]
    stops: tuple[Box, ...]
    target: Box

    @property
    def whole(self) -> int:
        """Records that leave the source; more than it has where releases share some."""
        return sum(box.records for box in (*self.releases, *self.stops))


def draw_flow(say: Speech, result: DryRun) -> Markup:
    """The picture, wide and narrow."""
    flow = _flow(say, result)
    label = say.plain(
        "flow-alt",
        records=say.count(result.counts.in_, "record"),
        released=say.number(result.counts.released),
        withheld=say.number(result.counts.withheld),
        quarantined=say.number(result.counts.quarantined),
    )
    return tag("div", _wide(flow, label), _narrow(flow, label), class_="flow")


def draw_legend(say: Speech) -> Markup:
    """The squares' meaning."""
    return tag(
        "p",
        (
            join(
                tag(
                    "span",
                    tag(
                        "svg",
                        _square(fate, 1, 1),
                        width=13,
                        height=13,
                        aria_hidden="true",
                        class_="square",
                    ),
                    say.term(fate),
                    class_="key",
                ),
                " ",
            )
            for fate in FATES
        ),
        class_="legend",
    )


def say_groups(say: Speech, release: DryRelease, fates: Sequence[str]) -> str:
    """How many fields have each of `fates`."""
    counts = Counter[str](field.fate for field in release.fields.values())
    return ", ".join(say.count(counts[fate], f"fate-{fate}") for fate in fates if counts[fate])


def _flow(say: Speech, result: DryRun) -> Flow:
    into = result.direction == "into-store"
    partner, store = result.processing.slug, say.plain("store")
    fields = {path for release in result.releases.values() for path in release.fields}
    unread = sum(
        all(
            not release.fields[path].read
            for release in result.releases.values()
            if path in release.fields
        )
        for path in fields
    )
    lines = [
        say.plain("flow-feed", schema=result.schema_),
        say.count(result.counts.in_, "record"),
        say.count(len(fields), "field"),
    ]
    if unread:
        lines.append(say.plain("flow-unread", fields=say.number(unread)))
    source = Box("end", say.plain("flow-from"), partner if into else store, tuple(lines))
    rows = sum(release.rows for release in result.releases.values())
    target = Box(
        "end", say.plain("flow-to"), store if into else partner, (say.count(rows, "record"),)
    )
    reasons = tuple(
        say.plain("flow-reason", reason=_say_reason(say, reason), records=say.number(count))
        for reason, count in sorted(result.quarantine.items(), key=lambda pair: -pair[1])
    )
    stops = (
        Box(
            "withheld",
            say.plain("flow-stops"),
            say.plain("flow-withheld", records=say.number(result.counts.withheld)),
            (say.plain("flow-withheld-why"),),
            records=result.counts.withheld,
        ),
        Box(
            "quarantined",
            say.plain("flow-stops"),
            say.plain("flow-quarantined", records=say.number(result.counts.quarantined)),
            reasons,
            records=result.counts.quarantined,
        ),
    )
    releases = tuple(_release(say, name, release) for name, release in result.releases.items())
    return Flow(source, releases, stops, target)


def _say_reason(say: Speech, reason: str) -> str:
    return reason if say.get(f"reason-{reason}") is None else say.plain(f"reason-{reason}")


def _release(say: Speech, name: str, release: DryRelease) -> Box:
    lines = [f"{cite(release.item)} · {cite(release.purpose)}", say.count(release.rows, "record")]
    for key, fates in (("flow-pass", PASSING), ("flow-stop", STOPPING)):
        number = sum(field.fate in fates for field in release.fields.values())
        if number:
            groups = say_groups(say, release, fates)
            lines.append(say.plain(key, fields=say.count(number, "field"), groups=groups))
    return Box(
        "release",
        say.plain("flow-release"),
        name,
        tuple(lines),
        tuple(field.fate for field in release.fields.values()),
        release.rows,
    )


def _wide(flow: Flow, label: str) -> Markup:
    """From left to right: source, sieves over stops, target."""
    left, middle, right = (0, 200), (310, 390), (810, 190)
    gap = 18
    boxes = (*flow.releases, *flow.stops)
    heights = [box.height(middle[1]) for box in boxes]
    tops = [sum(heights[:i]) + gap * i for i in range(len(boxes))]
    bottom = tops[len(flow.releases)] - gap if flow.releases else heights[0]
    whole = tops[-1] + heights[-1]
    leaving = [_breadth(box.records, flow.whole, 64) for box in boxes]
    source_height = max(flow.source.height(left[1]), round(sum(leaving)) + 24)
    arriving = leaving[: len(flow.releases)]
    target_height = max(flow.target.height(right[1]), round(sum(arriving)) + 24)
    target_top = max(0, (bottom - target_height) // 2)
    source_top = max(0, min((whole - source_height) // 2, target_top))
    ribbons: list[Node] = []
    start = source_top + (source_height - sum(leaving)) / 2
    end = target_top + (target_height - sum(arriving)) / 2
    for box, top, height, breadth in zip(boxes, tops, heights, leaving, strict=True):
        y, at = start + breadth / 2, top + height / 2
        ribbons.append(_ribbon(box, (left[1], y), (middle[0], at), breadth))
        start += breadth
        if box.kind == "release":
            y = end + breadth / 2
            ribbons.append(_ribbon(box, (sum(middle), at), (right[0], y), breadth))
            end += breadth
    whole = max(whole, source_top + source_height, target_top + target_height)
    drawn = [
        ribbons,
        _box(flow.source, left[0], source_top, left[1], source_height),
        _box(flow.target, right[0], target_top, right[1], target_height),
        (
            _box(box, middle[0], top, middle[1], height)
            for box, top, height in zip(boxes, tops, heights, strict=True)
        ),
    ]
    return _picture(drawn, 1000, whole, label, "wide")


def _narrow(flow: Flow, label: str) -> Markup:
    """From top to bottom: source, stops, sieves, target; lines run beside the boxes."""
    width, margin, gap = 360, 36, 14
    inner = width - 2 * margin
    y = flow.source.height(width)
    drawn: list[Node] = []
    boxes = (*flow.stops, *flow.releases)
    breadths = [_breadth(box.records, flow.whole, 24) for box in boxes]
    spans = []
    for box in boxes:
        y += gap
        spans.append((y, box.height(inner)))
        y += box.height(inner)
    target_top = y + gap
    x = margin - 4.0
    for box, (top, height), breadth in zip(boxes, spans, breadths, strict=True):
        x -= breadth / 2
        at = top + height / 2
        drawn.append(_elbow(box, (x, flow.source.height(width)), (margin, at), breadth))
        x -= breadth / 2 + 1
    x = width - margin + 4.0
    for index in reversed(range(len(flow.stops), len(boxes))):
        (top, height), breadth = spans[index], breadths[index]
        x += breadth / 2
        at = top + height / 2
        drawn.append(_elbow(boxes[index], (x, target_top), (width - margin, at), breadth))
        x += breadth / 2 + 1
    drawn.append(_box(flow.source, 0, 0, width, flow.source.height(width)))
    drawn += [
        _box(box, margin, top, inner, height)
        for box, (top, height) in zip(boxes, spans, strict=True)
    ]
    height = flow.target.height(width)
    drawn.append(_box(flow.target, 0, target_top, width, height))
    return _picture(drawn, width, target_top + height, label, "narrow")


def _picture(drawn: Node, width: int, height: float, label: str, kind: str) -> Markup:
    return tag(
        "svg",
        tag("title", label),
        drawn,
        viewBox=f"-2 -2 {width + 4} {height + 4:.0f}",
        class_=kind,
        role="img",
        aria_label=label,
    )


def _breadth(records: int, whole: int, most: int) -> float:
    return max(2.0, most * records / whole) if records and whole else 1.5


def _ribbon(
    box: Box, start: tuple[float, float], end: tuple[float, float], breadth: float
) -> Markup:
    (x0, y0), (x1, y1) = start, end
    bend = (x0 + x1) / 2
    path = f"M{x0:.1f} {y0:.1f}C{bend:.1f} {y0:.1f} {bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return _line(box, path, breadth)


def _elbow(
    box: Box, start: tuple[float, float], end: tuple[float, float], breadth: float
) -> Markup:
    return _line(box, f"M{start[0]:.1f} {start[1]:.1f}V{end[1]:.1f}H{end[0]:.1f}", breadth)


def _line(box: Box, path: str, breadth: float) -> Markup:
    none = " none" if not box.records else ""
    return tag(
        "path",
        d=path,
        class_=f"ribbon {box.kind}{none}",
        stroke_width=f"{breadth:.1f}",
        stroke_linejoin="round",
    )


def _box(box: Box, x: int, y: float, width: int, height: int) -> Markup:
    """The box at its place; a stop has a bar where the records end."""
    drawn: list[Node] = [
        tag("rect", class_=f"box {box.kind}", x=x, y=f"{y:.1f}", width=width, height=height, rx=8)
    ]
    if box.kind in ("withheld", "quarantined"):
        drawn.append(
            tag("rect", class_=f"end {box.kind}", x=x, y=f"{y:.1f}", width=5, height=height)
        )
    line = y + _PAD + 8
    drawn.append(tag("text", box.kicker, x=x + _PAD, y=f"{line:.1f}", class_="kicker"))
    for text, class_ in _lines(box, width):
        line += _LINE
        drawn.append(tag("text", text, x=x + _PAD, y=f"{line:.1f}", class_=class_))
    line += 14
    across = _squares_in(width)
    for index, fate in enumerate(box.fates[:_MOST_SQUARES]):
        drawn.append(_square(fate, x + _PAD + index % across * 14 + 1, line + index // across * 14))
    if len(box.fates) > _MOST_SQUARES:
        at = x + _PAD + _MOST_SQUARES % across * 14
        below = line + _MOST_SQUARES // across * 14 + 10
        rest = f"+{len(box.fates) - _MOST_SQUARES}"
        drawn.append(tag("text", rest, x=at, y=f"{below:.1f}", class_="kicker"))
    return tag("g", drawn)


def _lines(box: Box, width: int) -> list[tuple[str, str]]:
    """The lines below the kicker with their classes, broken where the box ends.

    Nobody knows the reader's fonts: the room is reckoned for broad ones. The tables have it whole.
    """
    name = [(part, "name") for part in _wrap(box.name, (width - 2 * _PAD) / 10.5, 2)]
    room = (width - 2 * _PAD) / 7.2
    return name + [(part, "line") for line in box.lines for part in _wrap(line, room, 4)]


def _wrap(text: str, room: float, lines: int) -> list[str]:
    """At most so many lines; a broad character takes the room of two."""
    counted = "".join(
        character + _FILL
        if character in "MWmw@%" or unicodedata.east_asian_width(character) in "WF"
        else character
        for character in visible(text)
    )
    wrapped = textwrap.wrap(counted, int(room), max_lines=lines, placeholder="…")
    return [line.replace(_FILL, "") for line in wrapped]


def _square(fate: str, x: float, y: float) -> Markup:
    return tag("rect", class_=f"square {fate}", x=x, y=f"{y:.1f}", width=10, height=10, rx=2)


def _squares_in(width: int) -> int:
    return (width - 2 * _PAD) // 14
