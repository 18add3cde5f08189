"""What becomes of the records: dispositions, quarantine by reason, redactions, oddities."""

from tamis.dry_run.html.flow import draw_flow, draw_legend
from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import (
    PASSING,
    STOPPING,
    Head,
    bar,
    labelled,
    section,
    stacked,
    swatch,
    table,
)
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.html.summary import DISPOSITIONS
from tamis.dry_run.result import DryRun


def tell_flow(say: Speech, result: DryRun) -> Markup:
    """The picture, and its figures in a table."""
    heads = [
        Head(say("release"), wide=True),
        Head(say("records"), figures=True),
        Head(say("fields-pass"), figures=True),
        Head(say("fields-stop"), figures=True),
    ]
    rows = [
        (
            labelled(code(name), f"{cite(release.item)} · {cite(release.purpose)}"),
            say.number(release.rows),
            say.number(sum(field.fate in PASSING for field in release.fields.values())),
            say.number(sum(field.fate in STOPPING for field in release.fields.values())),
        )
        for name, release in result.releases.items()
    ]
    figure = tag(
        "figure",
        draw_flow(say, result),
        tag("figcaption", draw_legend(say), tag("p", say("flow-note"))),
    )
    caption = say("flow-caption")
    return section(say, "flow", figure, table(caption, heads, rows, label=caption))


def tell_records(say: Speech, result: DryRun) -> Markup:
    """Charts of dispositions and of reasons."""
    return section(
        say,
        "records",
        _dispositions(say, result),
        tag("h3", say("reasons-title")),
        _reasons(say, result),
        _redacted(say, result),
        _anomalies(say, result),
    )


def _dispositions(say: Speech, result: DryRun) -> Markup:
    counts = result.counts
    sizes = [
        ("released", counts.released),
        ("withheld", counts.withheld),
        ("quarantined", counts.quarantined),
    ]
    assert tuple(kind for kind, _ in sizes) == DISPOSITIONS
    said = ", ".join(
        f"{say.plain(f'disposition-{kind}')} {say.number(size)}" for kind, size in sizes
    )
    heads = [
        Head(say("disposition"), wide=True),
        Head(say("records"), figures=True),
        Head(say("share"), figures=True),
    ]
    rows = [
        (
            labelled(swatch(kind, say.term(kind)), say.meaning(kind)[1]),
            say.number(size),
            say.share(size, counts.in_),
        )
        for kind, size in sizes
    ]
    caption = say("dispositions-caption", records=say.count(counts.in_, "record"))
    return join(
        stacked(say, sizes, f"{say.plain('dispositions-alt')}: {said}"),
        table(caption, heads, rows, label=caption),
    )


def _reasons(say: Speech, result: DryRun) -> Markup:
    if not result.quarantine:
        return tag("p", say("no-quarantine"))
    heads = [
        Head(say("reason"), wide=True),
        Head(say("records"), figures=True),
        Head(tag("span", say("chart"), class_="sr"), class_="chart"),
    ]
    most = max(result.quarantine.values())
    rows = [
        (
            labelled(code(reason), say.found(f"reason-{reason}-means")),
            say.number(count),
            bar(count, most, "quarantined"),
        )
        for reason, count in sorted(result.quarantine.items(), key=lambda pair: -pair[1])
    ]
    caption = say("reasons-caption", records=say.count(result.counts.quarantined, "record"))
    return table(caption, heads, rows, label=caption)


def _redacted(say: Speech, result: DryRun) -> Markup:
    found: list[tuple[Node, ...]] = [
        (code(path), code(name), say.number(count))
        for name, release in result.releases.items()
        for path, count in release.redacted.items()
    ]
    if not found:
        return join(None)
    heads = [Head(say("field")), Head(say("release")), Head(say("nirs"), figures=True)]
    caption = say("redacted-caption")
    return join(tag("h3", say("redacted-title")), table(caption, heads, found, label=caption))


def _anomalies(say: Speech, result: DryRun) -> Markup:
    if not result.anomalies:
        return join(None)
    heads = [Head(say("anomaly"), wide=True), Head(say("number"), figures=True)]
    rows = [
        (labelled(code(name), say.found(f"anomaly-{name.partition(':')[0]}")), say.number(count))
        for name, count in result.anomalies.items()
    ]
    caption = say("anomalies-caption")
    return join(tag("h3", say("anomalies-title")), table(caption, heads, rows, label=caption))
