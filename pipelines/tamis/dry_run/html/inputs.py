"""What was read: the sample, the files, drift, bytes, NIRs that no schema declares."""

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import (
    Column,
    bar,
    chart_column,
    figures,
    labelled,
    names,
    note,
    section,
    table,
    wide,
)
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.models import Profile
from tamis.dry_run.result import Against, DryRun


def inputs_section(say: Speech, result: DryRun) -> Markup:
    """Everything about the inputs that is no disposition."""
    return section(
        say,
        "inputs",
        _sample(say, result),
        _files(say, result),
        tag("h3", say("drift-title")),
        _drift(say, result),
        tag("h3", say("undeclared-title")),
        _profile(say, result.profile),
        tag("h3", say("bytes-title")),
        _bytes(say, result),
    )


def against_section(say: Speech, against: Against) -> Markup:
    """The same records under another project's policy."""
    compared = tag(
        "p",
        say(
            "against-what",
            records=say.count(against.records, "record"),
            project=code(against.project),
        ),
    )
    if not against.fields:
        return section(say, "against", compared, tag("p", say("against-same")))
    columns = [
        wide(say("field")),
        figures(say.term("newly")),
        chart_column(say),
        figures(say.term("no-longer")),
    ]
    rows: list[tuple[Node, ...]] = [
        (
            labelled(code(field.field), f"{cite(field.item)} · {cite(field.purpose)}"),
            say.number(field.newly),
            bar(field.newly, against.records, "quarantined"),
            say.number(field.no_longer),
        )
        for field in against.fields
    ]
    caption = say("against-caption")
    return section(say, "against", compared, table(caption, columns, rows))


def _sample(say: Speech, result: DryRun) -> Markup:
    sample = result.sample
    if sample.complete:
        return note(
            "calm",
            "=",
            tag(
                "p",
                say(
                    "sample-complete",
                    records=say.count(sample.read, "record"),
                    inputs=say.count(sample.inputs, "input"),
                ),
            ),
        )
    limit = "–" if sample.limit is None else say.number(sample.limit)
    method = say.remark("sampling", sample.method)
    return note(
        "look",
        "~",
        tag("p", tag("strong", say("sample-limited", records=say.count(sample.read, "record")))),
        tag(
            "p",
            say(
                "sample-how",
                limit=limit,
                complete=say.number(sample.inputs_complete),
                inputs=say.count(sample.inputs, "input"),
                method=method,
            ),
        ),
    )


def _files(say: Speech, result: DryRun) -> Markup:
    columns = [wide(say("file")), figures(say("records")), figures(say("size"))]
    rows: list[tuple[Node, ...]] = [
        (
            labelled(
                code(input.uri),
                join(say.term("sha256"), " ", code(input.sha256)) if input.sha256 else None,
            ),
            say.number(input.rows),
            say.size(input.bytes),
        )
        for input in result.inputs
    ]
    return table(say("files-caption"), columns, rows, class_="files")


def _drift(say: Speech, result: DryRun) -> Markup:
    drift = result.drift
    if not drift.any:
        return tag("p", say("no-drift"))
    columns = [wide(say("difference")), wide(say("columns"))]
    rows: list[tuple[Node, ...]] = []
    if drift.unknown:
        what = labelled(say("drift-unknown"), say("drift-unknown-means"))
        rows.append((what, names(map(say.column, drift.unknown))))
    if drift.missing:
        what = labelled(say("drift-missing"), say("drift-missing-means"))
        rows.append((what, names(map(say.column, drift.missing))))
    for change in drift.retyped:
        files = (
            join(code(kind), f" ({say.count(count, 'input')}) ")
            for kind, count in change.files.items()
        )
        means = say("drift-retyped-means", schema=code(change.schema_), files=join(*files))
        rows.append((labelled(say("drift-retyped"), means), names([say.column(change.column)])))
    return table(say("drift-caption"), columns, rows)


def _profile(say: Speech, profile: Profile | None) -> Markup:
    if profile is None:
        return tag("p", say("no-profile", option=code("--profile-dropped")))
    looked = say.count(profile.columns, "column")
    if not profile.undeclared:
        return tag("p", say("profile-clean", columns=looked))
    columns = [
        wide(say("column")),
        Column(say("form")),
        figures(say("nirs")),
        figures(say("values")),
        figures(say.term("confidence")),
    ]
    rows: list[tuple[Node, ...]] = [
        (
            labelled(
                code(say.column(undeclared.column)),
                say("in-schema" if undeclared.known else "not-in-schema"),
                say.remark("evidence", undeclared.why),
            ),
            say.get(f"form-{undeclared.form}") or undeclared.form,
            say.number(undeclared.nirs),
            say.number(undeclared.values),
            say.share(round(undeclared.confidence * 1000), 1000),
        )
        for undeclared in profile.undeclared
    ]
    return table(say("profile-caption", columns=looked), columns, rows)


def _bytes(say: Speech, result: DryRun) -> Markup:
    sizes = result.bytes
    most = max([sizes.in_, sizes.quarantine, *sizes.out.values()])
    columns = [wide(say("what")), figures(say("size")), chart_column(say)]
    listed: list[tuple[Node, int, str]] = [(say("bytes-in"), sizes.in_, "in")]
    listed += [
        (say("bytes-out", release=code(name)), size, "released") for name, size in sizes.out.items()
    ]
    listed.append((say("bytes-quarantine"), sizes.quarantine, "quarantined"))
    rows = [
        (
            what,
            labelled(say.size(size), say.number(size) if size >= 1000 else None),
            bar(size, most, kind),
        )
        for what, size, kind in listed
    ]
    return table(say("bytes-caption"), columns, rows)
