"""A dry run on a terminal: tables where there is one, plain lines where there is not.

evaluation-cpf on 2026-11-23 (out-of-store, systeme-evaluation-cpf), a dry run: nothing is written
2000 in, 1514 released, 400 withheld, 86 quarantined

Dispositions
  item            release     purpose     records
  R6323-37.III.2  evaluation  R6323-33.5     1514
  …
"""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from tamis.check.approval import Status
from tamis.documents.policy import RiskBound
from tamis.dry_run.html.speech import Speech
from tamis.dry_run.marks import FORM_WORDS
from tamis.dry_run.models import AT_MOST, MARK_CONDITIONS, Figures, Mask, Risk
from tamis.dry_run.result import DryField, DryRelease, DryRun
from tamis.evidence.causes import CausePart
from tamis.evidence.columns import advise
from tamis.evidence.wording import (
    counts_line,
    describe_cause,
    describe_first,
    describe_unmet,
    skipped_line,
)
from tamis.language import N_, _, language_in_use, ngettext, printable, translate
from tamis.plan.compile import REASONS
from tamis.plan.explain import FATES, shown_basis
from tamis.plan.plan import Fate
from tamis.tables import Table, print_table

_STYLES: dict[Fate, str] = {
    "kept": "green",
    "pseudonymized": "cyan",
    "generalized": "cyan",
    "redacted": "cyan",
    "stripped": "yellow",
    "dropped": "dim",
}


def print_dry_run(result: DryRun, console: Console) -> None:
    """Print `result`; without a terminal as plain lines that are never folded."""
    for line in _headline(result):
        console.print(Text(printable(line)), soft_wrap=True)
    for table in tables(result):
        print_table(table, console)


def tables(result: DryRun) -> Iterator[Table]:
    """Yield the tables of a dry run: figures first, the evidence that they rest on last."""
    yield _dispositions(result)
    for name, release in result.releases.items():
        yield _fields(name, release, result)
    if result.conditions_not_met:
        unmet = [
            (describe_unmet(part.condition), part.release, str(part.records))
            for part in result.conditions_not_met
        ]
        header = (_("condition that is not met"), _("release"), _("records"))
        yield Table(header, unmet, (2,), _("Withheld"))
    if result.quarantine_causes:
        yield _quarantine(result.quarantine_causes, result.masks)
    if result.anomalies:
        advised = [(name, str(n), advise(name) or "") for name, n in result.anomalies.items()]
        header = (_("what"), _("count"), _("what to do"))
        yield Table(header, advised, (1,), _("Anomalies"))
    if result.drift.any:
        yield _drift(result)
    if result.profile is not None:
        yield _undeclared(result)
    if result.lowered:
        yield _lowered(result)
    if result.marks:
        yield _marks(result)
    for name, risk in result.risk.items():
        yield _risk(name, risk, result)
    if result.hides_order:
        say = Speech(language_in_use())
        yield Table(
            (say.plain("left-what"), say.plain("left-tells")),
            say.left(),
            title=say.plain("left-caption"),
        )
    if result.against is not None:
        yield _against(result)
    if result.unattested:
        entries = [
            (row.release, row.item, row.processing, _(row.attested), _(row.words))
            for row in result.unattested
        ]
        columns = (
            _("release"), _("item"), _("processing"), _("attested"), _("which means")
        )  # fmt: skip
        title = _("Register entries that are not attested by their current wording")
        yield Table(columns, entries, title=title)
    yield _to_sign(result)


_STATUS: dict[Status, str] = {
    "covers": N_("it covers this plan"),
    "missing": N_("nobody approved this policy"),
    "other-days": N_("it does not hold on this day"),
    "edited": N_("its file was changed after it was written"),
    "unfavourable": N_("it is unfavourable"),
    "changed": N_("it does not cover what changed since"),
}


def _to_sign(result: DryRun) -> Table:
    """What somebody signs: plan, approval and what changed since, what is open or allowed."""
    review = result.review
    rows = [(_("plan"), result.plan_sha256)]
    if review.on is not None:
        words = _("{opinion}, {by} ({role}), from {on} until {until}, not included")
        rows.append((_("last approval"), words.format(**vars(review))))
    rows.append((_("approval"), _(_STATUS[review.status])))
    rows += [("", change) for change in review.changes.get(language_in_use(), [])]
    rows += [(_("to be confirmed"), shown_basis(text)) for text in result.to_confirm]
    for known in review.exceptions:
        words = _("{what}: {because} ({by}, until {until}, not included)")
        rows.append((_("exception"), words.format(**vars(known))))
    rows += [(label, "…") for label in (_("name, role"), _("date, signature"))]
    return Table((), rows, title=_("To be signed"), note=_("`tamis approve` writes the approval"))


def _headline(result: DryRun) -> Iterator[str]:
    counts, sample = result.counts, result.sample
    yield _(
        "{policy} on {day} ({direction}, {processing}), a dry run: nothing is written",
        policy=result.policy,
        day=result.day,
        direction=_(result.direction),
        processing=result.processing.slug,
    )
    yield counts_line(counts)
    if line := skipped_line(result):
        yield line
    if counts.quarantined and not counts.released:
        yield _("a run would commit nothing, since nothing is released, unless --allow-empty")
    if not sample.complete:
        yield _(
            "a sample: {method}; inputs that were read to their end: {complete}"
            " of {inputs}; all figures are of the records read",
            method=translate(sample.method, AT_MOST),
            complete=sample.inputs_complete,
            inputs=sample.inputs,
        )


def _dispositions(result: DryRun) -> Table:
    rows = [
        (release.item, name, release.purpose, str(release.rows))
        for name, release in result.releases.items()
    ]
    counts = result.counts
    rows.append(("", _("(withheld)"), _("no release's conditions match"), str(counts.withheld)))
    rows.append(("", _("(quarantined)"), _("not judged safely"), str(counts.quarantined)))
    header = (_("item"), _("release"), _("purpose"), _("records"))
    note = ""
    if len(result.releases) > 1:
        note = ngettext(
            "{count} record is released, to one release or more",
            "{count} records are released, to one release or more",
            counts.released,
        )
    return Table(header, rows, (3,), _("Dispositions"), note)


def _fields(name: str, release: DryRelease, result: DryRun) -> Table:
    rows = [
        (path, _(FATES[field.fate]), _reason(path, field, release, result))
        for path, field in release.fields.items()
    ]
    styles = {_(FATES[fate]): style for fate, style in _STYLES.items()}
    title = _("Fields in {release} ({item}, NIR {nir})").format(
        release=name, item=release.item, nir=_(release.nir)
    )
    return Table((_("field"), _("fate"), _("why")), rows, title=title, styles=styles)


def _reason(path: str, field: DryField, release: DryRelease, result: DryRun) -> str:
    reason = translate(field.because, *REASONS)
    if field.fate == "pseudonymized":
        return _(
            "{treatment} for {processing}, reste une donnée personnelle: {reason}",
            treatment=field.treatment,
            processing=result.processing.slug,
            reason=reason,
        )
    if field.fate == "generalized" or (field.fate == "kept" and field.treatment != _("kept")):
        return _("{treatment}: {reason}", treatment=field.treatment, reason=reason)
    if field.fate == "redacted":
        count = release.redacted.get(path, 0)
        return _("{count:# NIR|# NIRs} redacted: {reason}", count=count, reason=reason)
    if field.fate == "stripped":
        names = ", ".join(field.identifier)
        return _("identifier {names}, {reason}", names=names, reason=reason)
    if field.fate == "dropped" and not field.read:
        return _("{reason}; not read", reason=reason)
    return reason


def _drift(result: DryRun) -> Table:
    drift = result.drift
    rows = [(name, _("unknown to the schema")) for name in drift.unknown]
    rows += [(name, _("missing in an input")) for name in drift.missing]
    for change in drift.retyped:
        types = ", ".join(
            _("{type} in {count}", type=kind, count=count)
            for kind, count in sorted(change.files.items())
        )
        difference = _("{type} by the schema, but {types}", type=change.schema_, types=types)
        rows.append((change.column, difference))
    title = _("Drift between inputs and schema")
    return Table((_("column"), _("what")), rows, title=title)


def _undeclared(result: DryRun) -> Table:
    assert result.profile is not None
    rows = [
        (
            column.column if column.known else _("{column} (unknown)", column=column.column),
            column.form,
            str(column.nirs),
            str(column.values),
            f"{column.confidence:.3f}",
            column.why,
        )
        for column in result.profile.undeclared
    ]
    note = ngettext(
        "{count} column was looked into", "{count} columns were looked into", result.profile.columns
    )
    if result.profile.scope == "released":
        note = _("{note}, the released ones; --profile-dropped looks into all", note=note)
    header = (_("column"), _("form"), _("NIRs"), _("values"), _("confidence"), _("why"))
    return Table(header, rows, (2, 3, 4), _("NIRs where none is declared"), note)


def _quarantine(causes: list[CausePart], masks: list[Mask]) -> Table:
    shapes: dict[tuple[str, str], list[str]] = {}
    for shape in masks:
        text = _("{mask} in {count}", mask=shape.mask, count=shape.records)
        shapes.setdefault((shape.field, shape.rule), []).append(text)
    rows = []
    for cause in causes:
        looks = shapes.get((cause.field, cause.rule), []) if cause.reason == "type" else []
        row = (describe_cause(cause), str(cause.records), describe_first(cause), ", ".join(looks))
        rows.append(row if shapes else row[:-1])
    header = (_("why"), _("records"), _("first at"), _("what values look like"))
    return Table(header if shapes else header[:-1], rows, (1,), _("Quarantine"))


def _lowered(result: DryRun) -> Table:
    rows = [(mark.field, f"{mark.key}: {mark.mark}", mark.because) for mark in result.lowered]
    title = ngettext(
        "{count} mark below what the name says", "{count} marks below what names say", len(rows)
    )
    note = _("no tool can weigh a reason: read each")
    return Table((_("field"), _("mark"), _("because")), rows, (), title, note)


def _marks(result: DryRun) -> Table:
    rows = [
        (
            finding.field,
            finding.release,
            finding.mark,
            _(FORM_WORDS[finding.form]),
            str(finding.count),
            str(finding.values),
            MARK_CONDITIONS[finding.form],
        )
        for finding in result.marks
    ]
    header = (
        _("field"), _("release"), _("identifies"), _("values that are"), _("count"), _("values"),
        _("--fail-on"),
    )  # fmt: skip
    note = _("mark the fields as what they are, or do not keep them")
    return Table(header, rows, (4, 5), _("Released values that say more than their marks"), note)


def _risk(name: str, risk: Risk, result: DryRun) -> Table:
    rows = []
    for group in risk.sizes:
        size = str(group.least)
        if group.most != group.least:
            size = _("{least} to {most}", least=group.least, most=group.most or "…")
        rows.append((size, str(group.combinations)))
    title = _(
        "Risk in {release}: persons who share {fields}",
        release=name,
        fields=", ".join(risk.fields) or "–",
    )
    note = _("; ").join(_risk_notes(risk, result))
    return Table((_("persons who share one"), _("combinations")), rows, (1,), title, note)


def _risk_notes(risk: Risk, result: DryRun) -> Iterator[str]:
    """What there is to say of one release, sentence by sentence."""
    if risk.pseudonym is None:
        yield _(
            "{records:# record, which|# records, each of which} stands for a person",
            records=risk.records,
        )
    else:
        persons = _estimate(risk.persons, risk)
        yield _(
            "{records:# record|# records} of {persons:# person|# persons}",
            records=risk.records,
            persons=persons,
        )
    yield _(
        "{combinations:# combination|# combinations}, of which counted: {sampled}; alone with "
        "theirs: {unique} ({share})",
        combinations=_estimate(risk.combinations, risk),
        sampled=risk.sampled,
        unique=_estimate(risk.unique, risk),
        share=_share(risk.unique_share),
    )
    yield _("in groups of fewer than {k}: {small}", k=risk.k, small=_small(risk))
    if risk.marks_ignored is not None:
        yield _("with all marks ignored: {small}", small=_small(risk.marks_ignored))
    if risk.within is not None:
        text = _("below {below}, as it must be") if risk.within else _("must be below {below}")
        yield text.format(below=risk.below)
    if risk.weak is not None:
        yield _(
            "the bound is weaker than {usual}, that of III 2°: {reason}",
            usual=RiskBound(),
            reason=risk.weak,
        )
    tried = risk.coarsening
    if tried is not None:
        whole = N_("{count:# person|# persons}") if tried.complete else N_("{count} of the persons")
        yield _(
            "would do, tried on {persons}: {fields}",
            persons=_(whole, count=tried.tried),
            fields=", ".join(f"{path} {_(words)}" for path, words in tried.fields.items()),
        )
    elif risk.within is False:
        yield _("no coarsening of these fields would do")
    if not result.sample.complete:
        yield _("in a sample more are alone than among all records")


def _small(figures: Figures) -> str:
    count = _("{count} ({share})").format(
        count=_estimate(figures.small, figures), share=_share(figures.small_share)
    )
    if figures.at_most is None:
        return count
    return _("{count}, at most {share}", count=count, share=_share(figures.at_most))


def _share(share: float | None) -> str:
    return _("hidden") if share is None else _("{share:.2%}", share=share)


def _estimate(count: int | str, figures: Figures) -> str:
    return str(count) if figures.complete else _("about {count}", count=count)


def _against(result: DryRun) -> Table:
    against = result.against
    assert against is not None
    rows = [
        (field.item, field.purpose, field.field, str(field.newly), str(field.no_longer))
        for field in against.fields
    ]
    header = (_("item"), _("purpose"), _("field"), _("newly carried"), _("no longer"))
    note = (
        N_("{count:# record|# records} compared")
        if rows
        else N_("{count:# record|# records} compared, no difference")
    )
    return Table(
        header,
        rows,
        (3, 4),
        _("Under {project}: records that would carry another field", project=against.project),
        _(note, count=against.records),
    )
