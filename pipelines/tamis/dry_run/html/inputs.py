"""What was read: the sample, the files, drift, bytes, NIRs that no schema declares."""

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import Head, bar, labelled, names, note, section, table
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.result import Against, DryRun, Profile


def tell_inputs(say: Speech, result: DryRun) -> Markup:
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


def tell_against(say: Speech, against: Against) -> Markup:
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
    heads = [
        Head(say("field"), wide=True),
        Head(say.term("newly"), figures=True),
        Head(tag("span", say("chart"), class_="sr"), class_="chart"),
        Head(say.term("no-longer"), figures=True),
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
    return section(say, "against", compared, table(caption, heads, rows, label=caption))


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
    heads = [
        Head(say("file"), wide=True),
        Head(say("records"), figures=True),
        Head(say("size"), figures=True),
    ]
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
    caption = say("files-caption")
    return table(caption, heads, rows, label=caption, class_="files")


def _drift(say: Speech, result: DryRun) -> Markup:
    drift = result.drift
    if not drift.any:
        return tag("p", say("no-drift"))
    heads = [Head(say("difference"), wide=True), Head(say("columns"), wide=True)]
    rows: list[tuple[Node, ...]] = []
    if drift.unknown:
        told = labelled(say("drift-unknown"), say("drift-unknown-means"))
        rows.append((told, names(map(say.column, drift.unknown))))
    if drift.missing:
        told = labelled(say("drift-missing"), say("drift-missing-means"))
        rows.append((told, names(map(say.column, drift.missing))))
    for change in drift.retyped:
        files = (
            join(code(kind), f" ({say.count(count, 'input')}) ")
            for kind, count in change.files.items()
        )
        told = say("drift-retyped-means", schema=code(change.schema_), files=join(*files))
        rows.append((labelled(say("drift-retyped"), told), names([say.column(change.column)])))
    caption = say("drift-caption")
    return table(caption, heads, rows, label=caption)


def _profile(say: Speech, profile: Profile | None) -> Markup:
    if profile is None:
        return tag("p", say("no-profile", option=code("--profile-dropped")))
    looked = say.count(profile.columns, "column")
    if not profile.undeclared:
        return tag("p", say("profile-clean", columns=looked))
    heads = [
        Head(say("column"), wide=True),
        Head(say("form")),
        Head(say("nirs"), figures=True),
        Head(say("values"), figures=True),
        Head(say.term("confidence"), figures=True),
    ]
    rows: list[tuple[Node, ...]] = [
        (
            labelled(
                code(say.column(undeclared.column)),
                say("in-schema" if undeclared.known else "not-in-schema"),
                say.remark("evidence", undeclared.why),
            ),
            say.found(f"form-{undeclared.form}") or undeclared.form,
            say.number(undeclared.nirs),
            say.number(undeclared.values),
            say.share(round(undeclared.confidence * 1000), 1000),
        )
        for undeclared in profile.undeclared
    ]
    caption = say("profile-caption", columns=looked)
    return table(caption, heads, rows, label=caption)


def _bytes(say: Speech, result: DryRun) -> Markup:
    sizes = result.bytes
    most = max([sizes.in_, sizes.quarantine, *sizes.out.values()])
    heads = [
        Head(say("what"), wide=True),
        Head(say("size"), figures=True),
        Head(tag("span", say("chart"), class_="sr"), class_="chart"),
    ]
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
    caption = say("bytes-caption")
    return table(caption, heads, rows, label=caption)
