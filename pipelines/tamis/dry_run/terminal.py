"""A dry run on a terminal: tables where there is one, plain lines where there is not.

evaluation-cpf on 2026-11-23 (out-of-store, systeme-evaluation-cpf), a dry run: nothing is written
2000 in, 1514 released, 400 withheld, 86 quarantined

Dispositions
  item            release     purpose     records
  R6323-37.III.2  evaluation  R6323-33.5     1514
  …
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tamis.dry_run.result import DryField, DryRelease, DryRun, Risk
from tamis.evidence.receipt import advise
from tamis.language import printable

_STYLES = {
    "kept": "green",
    "pseudonymized": "cyan",
    "generalized": "cyan",
    "redacted": "cyan",
    "stripped": "yellow",
    "dropped": "dim",
}


@dataclass(frozen=True)
class Section:
    """A table.

    Attributes:
        title: a line above it.
        header: names of its columns.
        rows: as many cells each as `header`.
        numbers: columns that are numbers, by their places.
        note: a line below it, or empty.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: tuple[int, ...] = ()
    note: str = ""


def tell_dry_run(result: DryRun, console: Console) -> None:
    """Print `result`; without a terminal as plain lines that are never folded."""
    for line in _headline(result):
        console.print(Text(printable(line)), soft_wrap=True)
    for section in sections(result):
        if console.is_terminal:
            _print_table(section, console)
        else:
            _print_plain(section, console)


def sections(result: DryRun) -> Iterator[Section]:
    """What there is to tell, the figures first, the evidence that they stand on last."""
    yield _dispositions(result)
    for name, release in result.releases.items():
        yield _fields(name, release, result)
    if result.quarantine:
        rows = [(reason, str(count)) for reason, count in result.quarantine.items()]
        yield Section("Quarantine", ("reason", "records"), rows, (1,))
    if result.anomalies:
        advised = [(name, str(n), advise(name) or "") for name, n in result.anomalies.items()]
        yield Section("Anomalies", ("what", "count", "what to do"), advised, (1,))
    if result.drift.any:
        yield _drift(result)
    if result.profile is not None:
        yield _undeclared(result)
    for name, risk in result.risk.items():
        yield _risk(name, risk, result)
    if result.against is not None:
        yield _against(result)
    yield _bytes(result)
    if result.unattested:
        entries = [
            (row.release, row.item, row.processing, str(row.attested), row.words)
            for row in result.unattested
        ]
        header = ("release", "item", "processing", "attested", "which means")
        yield Section(
            "Register entries that are not attested by their current wording", header, entries
        )


def _headline(result: DryRun) -> Iterator[str]:
    counts = result.counts
    yield (
        f"{result.policy} on {result.day} ({result.direction}, {result.processing.slug}), "
        "a dry run: nothing is written"
    )
    yield (
        f"{counts.in_} in, {counts.released} released, {counts.withheld} withheld, "
        f"{counts.quarantined} quarantined"
    )
    sample = result.sample
    if not sample.complete:
        yield (
            f"a sample: {sample.method}; {sample.inputs_complete} of {sample.inputs} inputs were "
            "read to their end; all figures are of the records read"
        )


def _dispositions(result: DryRun) -> Section:
    rows = [
        (release.item, name, release.purpose, str(release.rows))
        for name, release in result.releases.items()
    ]
    rows.append(("", "(withheld)", "no release's conditions match", str(result.counts.withheld)))
    rows.append(("", "(quarantined)", "not judged safely", str(result.counts.quarantined)))
    header = ("item", "release", "purpose", "records")
    note = ""
    if len(result.releases) > 1:
        note = f"{result.counts.released} records are released, to one release or more"
    return Section("Dispositions", header, rows, (3,), note)


def _fields(name: str, release: DryRelease, result: DryRun) -> Section:
    rows = [
        (path, field.fate, _say_why(path, field, release, result))
        for path, field in release.fields.items()
    ]
    title = f"Fields in {name} ({release.item}, NIR {release.nir})"
    return Section(title, ("field", "fate", "why"), rows)


def _say_why(path: str, field: DryField, release: DryRelease, result: DryRun) -> str:
    if field.fate == "pseudonymized":
        return (
            f"{field.treatment} for {result.processing.slug}, reste une donnée personnelle: "
            f"{field.because}"
        )
    if field.fate == "generalized":
        return f"{field.treatment}: {field.because}"
    if field.fate == "redacted":
        return f"{release.redacted.get(path, 0)} NIRs redacted: {field.because}"
    if field.fate == "stripped":
        return f"identifier {', '.join(field.identifier)}, {field.because}"
    if field.fate == "dropped" and not field.read:
        return f"{field.because}; not read"
    return field.because


def _drift(result: DryRun) -> Section:
    drift = result.drift
    rows = [(name, "unknown to the schema") for name in drift.unknown]
    rows += [(name, "missing in an input") for name in drift.missing]
    for change in drift.retyped:
        types = ", ".join(f"{kind} in {count}" for kind, count in sorted(change.files.items()))
        rows.append((change.column, f"{change.schema_} by the schema, but {types}"))
    return Section("Drift between inputs and schema", ("column", "what"), rows)


def _undeclared(result: DryRun) -> Section:
    assert result.profile is not None
    rows = [
        (
            undeclared.column + ("" if undeclared.known else " (unknown)"),
            undeclared.form,
            str(undeclared.nirs),
            str(undeclared.values),
            f"{undeclared.confidence:.3f}",
            undeclared.why,
        )
        for undeclared in result.profile.undeclared
    ]
    note = f"{result.profile.columns} columns were looked into"
    header = ("column", "form", "NIRs", "values", "confidence", "why")
    return Section("NIRs where none is declared", header, rows, (2, 3, 4), note)


def _risk(name: str, risk: Risk, result: DryRun) -> Section:
    rows = []
    for group in risk.sizes:
        size = (
            f"{group.least}"
            if group.most == group.least
            else f"{group.least} to {group.most or '…'}"
        )
        rows.append((size, str(group.combinations)))
    share = "hidden" if risk.unique_share is None else f"{risk.unique_share:.2%}"
    about = "" if risk.complete else "about "
    note = (
        f"{risk.records} records, {about}{risk.combinations} combinations, {risk.sampled} of them "
        f"counted; alone with theirs: {about}{risk.unique} records ({share})"
    )
    if not result.sample.complete:
        note += "; in a sample more are alone than among all records"
    title = f"Re-identification in {name}: records that share {', '.join(risk.fields)}"
    return Section(title, ("records that share one", "combinations"), rows, (1,), note)


def _against(result: DryRun) -> Section:
    against = result.against
    assert against is not None
    rows = [
        (field.item, field.purpose, field.field, str(field.newly), str(field.no_longer))
        for field in against.fields
    ]
    header = ("item", "purpose", "field", "newly carried", "no longer")
    title = f"Under {against.project}: records that would carry another field"
    note = f"{against.records} records compared" + ("" if rows else ", no difference")
    return Section(title, header, rows, (3, 4), note)


def _bytes(result: DryRun) -> Section:
    size = result.bytes
    rows = [("in", str(size.in_))]
    rows += [(f"out, {name}", str(count)) for name, count in size.out.items()]
    rows.append(("out, quarantine", str(size.quarantine)))
    return Section("Bytes", ("what", "bytes"), rows, (1,))


def _print_table(section: Section, console: Console) -> None:
    table = Table(
        title=Text(printable(section.title), style="bold"), title_justify="left", box=None
    )
    for place, name in enumerate(section.header):
        table.add_column(Text(name), justify="right" if place in section.numbers else "left")
    for row in section.rows:
        cells = [Text(printable(cell), style=_STYLES.get(cell, "")) for cell in row]
        table.add_row(*cells)
    console.print()
    console.print(table)
    if section.note:
        console.print(Text(printable(section.note), style="italic"))


def _print_plain(section: Section, console: Console) -> None:
    lines = ["", section.title]
    every = [section.header, *section.rows] if section.rows else []
    cells = [tuple(printable(cell) for cell in row) for row in every]
    widths = [
        max(len(row[place]) for row in cells) for place in range(len(section.header)) if cells
    ]
    for row in cells:
        padded = [
            cell.rjust(width) if place in section.numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(padded)}".rstrip())
    if section.note:
        lines.append(f"  {printable(section.note)}")
    console.print(Text("\n".join(lines)), soft_wrap=True)
