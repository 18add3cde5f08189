"""Pieces that every section is made of: headings, tables, badges, bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tamis.dry_run.html.markup import Attribute, Markup, Node, code, join, tag
from tamis.dry_run.html.speech import Speech

PASSING = ("kept", "generalized", "redacted", "pseudonymized")
STOPPING = ("stripped", "dropped")
FATES = (*PASSING, *STOPPING)
"""In the order in which a reader looks for them: from what passes whole to what does not pass."""


@dataclass(frozen=True)
class Head:
    """A column's heading; `wide` columns take what room is left, `figures` are right-aligned."""

    label: Node
    figures: bool = False
    wide: bool = False
    class_: str = ""


def section(say: Speech, name: str, *content: Node) -> Markup:
    """A section under its heading `name`, with the sentence that says what it is for."""
    return tag(
        "section",
        tag("h2", say(f"{name}-title"), id=f"{name}-title"),
        tag("p", say(f"{name}-lead"), class_="lead"),
        *content,
        id=name,
        aria_labelledby=f"{name}-title",
    )


def table(
    caption: Node,
    heads: Sequence[Head],
    rows: Iterable[Sequence[Node]],
    *,
    label: str,
    class_: str = "",
) -> Markup:
    """A table with a caption; the first cell of each row heads it.

    It scrolls sideways by itself where it is too wide, so that the page never does.
    """
    header = tag(
        "tr", (tag("th", head.label, scope="col", class_=_classes(head) or None) for head in heads)
    )
    body = (
        tag(
            "tr",
            (
                tag("th", cell, scope="row", class_=_classes(head) or None)
                if place == 0
                else tag("td", cell, class_=_classes(head) or None)
                for place, (head, cell) in enumerate(zip(heads, row, strict=True))
            ),
        )
        for row in rows
    )
    grid = tag(
        "table",
        tag("caption", caption),
        tag("thead", header),
        tag("tbody", body),
        class_=class_ or None,
    )
    return tag("div", grid, class_="scroll", role="region", aria_label=label, tabindex=0)


def fate_badge(say: Speech, fate: str, words: Node = None, **attributes: Attribute) -> Markup:
    """A fate as letter, colour and word; other `words` stand in for the fate's own."""
    told = tag("span", say(f"fate-{fate}"), ": ", class_="sr") if words is not None else None
    letter = tag("span", say(f"letter-{fate}"), class_="letter", aria_hidden="true")
    return tag(
        "span",
        letter,
        told,
        tag("span", words or say(f"fate-{fate}"), class_="word"),
        class_=f"fate {fate}",
        **attributes,
    )


def bar(part: int, whole: int, kind: str) -> Markup:
    """A bar as long as `part` is of `whole`; the figure stands beside it in the table."""
    width = 100 * part / whole if whole else 0
    drawn = [tag("rect", class_="track", x=0, y=2, width="100%", height=12, rx=3)]
    if part:
        shown = f"{max(width, 0.6):.2f}%"
        drawn.append(tag("rect", class_=f"fill {kind}", x=0, y=2, width=shown, height=12, rx=3))
    return tag("svg", drawn, class_="bar", width="100%", height=16, aria_hidden="true")


def stacked(say: Speech, parts: Sequence[tuple[str, int]], label: str) -> Markup:
    """One bar of several parts, told again by the table under it."""
    whole = sum(size for _, size in parts)
    drawn: list[Node] = [tag("rect", class_="track", x=0, y=0, width="100%", height=44)]
    start = 0.0
    for kind, size in parts:
        width = 100 * size / whole if whole else 0.0
        if not size:
            continue
        drawn.append(
            tag(
                "rect",
                tag("title", f"{say.plain(f'disposition-{kind}')}: {say.number(size)}"),
                class_=f"fill {kind}",
                x=f"{start:.3f}%",
                y=0,
                width=f"{width:.3f}%",
                height=44,
            )
        )
        if width > 14:
            drawn.append(
                tag(
                    "text",
                    say.share(size, whole),
                    x=f"{start + width / 2:.3f}%",
                    y=28,
                    class_=f"on-{kind}",
                    text_anchor="middle",
                )
            )
        start += width
    return tag(
        "svg", drawn, class_="stacked", width="100%", height=44, role="img", aria_label=label
    )


def swatch(kind: str, words: Node) -> Markup:
    """A colour with its word."""
    return tag("span", tag("i", class_=f"swatch {kind}", aria_hidden="true"), words, class_="key")


def note(kind: str, sign: str, *content: Node) -> Markup:
    """A box that stands out: `calm`, `look` or `stop`."""
    return tag(
        "div",
        tag("span", sign, class_="sign", aria_hidden="true"),
        tag("div", *content),
        class_=f"note {kind}",
    )


def folded(summary: Node, *content: Node, opened: bool = False) -> Markup:
    """What only some readers look for."""
    return tag("details", tag("summary", summary), *content, open=opened)


def labelled(label: Node, *below: Node) -> Markup:
    """A cell with smaller lines under it."""
    return join(label, (tag("small", note) for note in below if note))


def names(values: Iterable[str]) -> Markup:
    """Names in a row."""
    return tag("span", join(*(join(code(value), " ") for value in values)), class_="names")


def _classes(head: Head) -> str:
    marks = ("figures" if head.figures else "", "wide" if head.wide else "", head.class_)
    return " ".join(mark for mark in marks if mark)
