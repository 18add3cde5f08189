"""What becomes of the records: dispositions, quarantine by reason, redactions, oddities."""

from tamis.dry_run.html.flow import draw_flow, draw_legend
from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import (
    PASSING,
    STOPPING,
    Column,
    bar,
    chart_column,
    figures,
    labelled,
    section,
    stacked,
    swatch,
    table,
    wide,
)
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.html.summary import dispositions
from tamis.dry_run.result import DryRun


def flow_section(say: Speech, result: DryRun) -> Markup:
    """The picture, and its figures in a table."""
    columns = [
        wide(say("release")),
        figures(say("records")),
        figures(say("fields-pass")),
        figures(say("fields-stop")),
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
    return section(say, "flow", figure, table(caption, columns, rows))


def records_section(say: Speech, result: DryRun) -> Markup:
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
    sizes = list(dispositions(counts).items())
    labels = ", ".join(
        f"{say.plain(f'disposition-{kind}')} {say.number(size)}" for kind, size in sizes
    )
    columns = [wide(say("disposition")), figures(say("records")), figures(say("share"))]
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
        stacked(say, sizes, f"{say.plain('dispositions-alt')}: {labels}"),
        table(caption, columns, rows),
    )


def _reasons(say: Speech, result: DryRun) -> Markup:
    if not result.quarantine:
        return tag("p", say("no-quarantine"))
    columns = [wide(say("reason")), figures(say("records")), chart_column(say)]
    most = max(result.quarantine.values())
    rows = [
        (
            labelled(code(reason), say.get(f"reason-{reason}-means")),
            say.number(count),
            bar(count, most, "quarantined"),
        )
        for reason, count in sorted(result.quarantine.items(), key=lambda pair: -pair[1])
    ]
    return table(
        say("reasons-caption", records=say.count(result.counts.quarantined, "record")),
        columns,
        rows,
    )


def _redacted(say: Speech, result: DryRun) -> Markup:
    rows: list[tuple[Node, ...]] = [
        (code(path), code(name), say.number(count))
        for name, release in result.releases.items()
        for path, count in release.redacted.items()
    ]
    if not rows:
        return join(None)
    columns = [Column(say("field")), Column(say("release")), figures(say("nirs"))]
    caption = say("redacted-caption")
    return join(tag("h3", say("redacted-title")), table(caption, columns, rows))


def _anomalies(say: Speech, result: DryRun) -> Markup:
    if not result.anomalies:
        return join(None)
    columns = [wide(say("anomaly")), figures(say("number"))]
    rows = [
        (labelled(code(name), say.get(f"anomaly-{name.partition(':')[0]}")), say.number(count))
        for name, count in result.anomalies.items()
    ]
    caption = say("anomalies-caption")
    return join(tag("h3", say("anomalies-title")), table(caption, columns, rows))
