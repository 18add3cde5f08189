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
class Column:
    """A column of a table: its heading, and the class of its cells."""

    label: Node
    class_: str | None = None


def figures(label: Node) -> Column:
    """A column of numbers, aligned to the right."""
    return Column(label, "figures")


def wide(label: Node) -> Column:
    """A column that takes what room is left."""
    return Column(label, "wide")


def chart_column(say: Speech) -> Column:
    """A column of bars; only screen readers read its heading."""
    return Column(tag("span", say("chart"), class_="sr"), "chart")


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
    caption: Markup,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Node]],
    *,
    label: str | None = None,
    class_: str | None = None,
) -> Markup:
    """A table with a caption; the first cell of each row is its heading.

    It scrolls sideways by itself where it is too wide, so that the page never does.

    Args:
        label: the caption as plain text, where it holds names.
    """
    header = tag("tr", (tag("th", col.label, scope="col", class_=col.class_) for col in columns))
    body = (
        tag(
            "tr",
            tag("th", row[0], scope="row", class_=columns[0].class_),
            (
                tag("td", cell, class_=column.class_)
                for column, cell in zip(columns[1:], row[1:], strict=True)
            ),
        )
        for row in rows
    )
    parts = (tag("caption", caption), tag("thead", header), tag("tbody", body))
    return tag(
        "div",
        tag("table", *parts, class_=class_),
        class_="scroll",
        role="region",
        aria_label=label or caption,
        tabindex=0,
    )


def fate_badge(say: Speech, fate: str, words: Node = None, **attributes: Attribute) -> Markup:
    """A fate as letter, colour and word; other `words` stand in for the fate's own."""
    return tag(
        "span",
        tag("span", say(f"letter-{fate}"), class_="letter", aria_hidden="true"),
        tag("span", say(f"fate-{fate}"), ": ", class_="sr") if words is not None else None,
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
    """One bar of several parts; the table under it has the same figures."""
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
