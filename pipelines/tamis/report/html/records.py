"""What becomes of the records: dispositions, quarantine by reason, redactions, oddities."""

from tamis.report.html.flow import draw_flow, draw_legend
from tamis.report.html.markup import Markup, Node, code, join, tag
from tamis.report.html.parts import PASSING, STOPPING, Head, bar, section, stacked, swatch, table
from tamis.report.html.speech import Speech, cite
from tamis.report.html.summary import DISPOSITIONS
from tamis.report.result import DryRun


def tell_flow(say: Speech, result: DryRun) -> Markup:
    """The picture, and its figures in a table."""
    heads = [
        Head(say("release")),
        Head(say("item")),
        Head(say("purpose")),
        Head(say("records"), figures=True),
        Head(say("fields-pass"), figures=True),
        Head(say("fields-stop"), figures=True),
    ]
    rows = [
        (
            code(name),
            cite(one.item),
            cite(one.purpose),
            say.number(one.rows),
            say.number(sum(field.fate in PASSING for field in one.fields.values())),
            say.number(sum(field.fate in STOPPING for field in one.fields.values())),
        )
        for name, one in result.releases.items()
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
        Head(say("disposition")),
        Head(say("records"), figures=True),
        Head(say("share"), figures=True),
        Head(say("meaning"), wide=True),
    ]
    rows = [
        (
            swatch(kind, say.term(kind)),
            say.number(size),
            say.share(size, counts.in_),
            say.meaning(kind)[1],
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
        Head(say("reason")),
        Head(say("records"), figures=True),
        Head(tag("span", say("chart"), class_="sr"), class_="chart"),
        Head(say("meaning"), wide=True),
    ]
    most = max(result.quarantine.values())
    rows = [
        (
            code(reason),
            say.number(count),
            bar(count, most, "quarantined"),
            say(f"reason-{reason}-means") if say.known(f"reason-{reason}-means") else "–",
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
    heads = [
        Head(say("anomaly")),
        Head(say("number"), figures=True),
        Head(say("meaning"), wide=True),
    ]
    rows = []
    for name, count in result.anomalies.items():
        kind = name.partition(":")[0]
        means = say(f"anomaly-{kind}") if say.known(f"anomaly-{kind}") else "–"
        rows.append((code(name), say.number(count), means))
    caption = say("anomalies-caption")
    return join(tag("h3", say("anomalies-title")), table(caption, heads, rows, label=caption))
