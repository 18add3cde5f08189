"""Compute again what receipts claim, as far as what they name is still there.

ok           counts reconcile: 5 = 3 + 0 + 2
ok           dsn-droits/droits/r1-00000-00000.parquet: 3 rows, digest, tags and columns agree
not checked  feed.dsn: the input is not there any more
not checked  kafka://broker:9092/feed/0: 5 messages, offsets 12 to 16: a stream is not read again
failed       dsn-droits/droits/r1-00000-00001.parquet: digest differs
"""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tamis.address import PathAddress, is_local, parse_store
from tamis.documents.calendar import day_of
from tamis.documents.tags import TAGS
from tamis.errors import UsageError, os_problem
from tamis.evidence.causes import CausePart, counted_causes
from tamis.evidence.receipt import (
    FilePart,
    Receipt,
    ReleasePart,
    is_replay,
)
from tamis.evidence.removal import remaining, standing
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.filter.tally import OTHER, Cause, QuarantineCount, merge_causes
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_layout import receipt_path
from tamis.stores.folder_store import FolderStore
from tamis.stores.opening import open_store, without_receipt
from tamis.stores.protocol import RunStore, StoredRows
from tamis.stores.run_id import is_run_id
from tamis.verify.documents import NOT_RELEASED, check_plan, find_plan
from tamis.verify.figures import Finding, figures, judged
from tamis.verify.inputs import Inputs
from tamis.verify.redriven import check_redriving
from tamis.verify.released import Released
from tamis.verify.removed import Removals
from tamis.verify.superseded import check_superseded, check_superseding, superseding

if TYPE_CHECKING:
    from tamis.plan.project import Project

Constants: TypeAlias = dict[str, set[str | None]]
"""By column, the values that it may have."""

_MOST_UNLISTED = 20


def verify(
    target: str | Path, project: "Project | None" = None, runs: Collection[str] = ()
) -> list[Finding]:
    """Check every claim of a receipt, or of the receipts of a store, against that store.

    Args:
        target: a receipt, `DIR/_receipts/<run>.json`, or a store: a folder, or a database
            `postgresql://…`.
        project: whose documents the plan's digest is recomputed from, or None.
        runs: ids of the runs of the store whose receipts are checked; all if empty.

    Returns:
        One finding a claim. Nothing that could not be checked is passed over in silence.

    Raises:
        UsageError: `target` is no receipt and no store, or a run is not committed there.
    """
    address = parse_store(str(target))
    if isinstance(address, PathAddress) and address.uri.endswith(".json"):
        store, receipt, place = _open_receipt(address.uri)
        evidence = _Evidence(store, is_single=True)
        return [place, *_receipt(receipt, evidence, project), *_store(evidence)]
    return verify_store(open_store(address), project, runs)


def verify_store(
    store: RunStore, project: "Project | None" = None, runs: Collection[str] = ()
) -> list[Finding]:
    """Check every claim of the receipts of a store. See `verify`.

    Raises:
        UsageError: there is no receipt, or a run is not committed there.
    """
    evidence = _Evidence(store)
    if not evidence.receipts and not evidence.unreadable:
        raise without_receipt(store)
    if missing := set(runs) - {receipt.run for receipt in evidence.receipts}:
        raise UsageError(
            _("{store}: run {run} is not committed", store=store.shown, run=min(missing))
        )
    findings: list[Finding] = []
    for receipt in evidence.receipts:
        if not runs or receipt.run in runs:
            findings += _receipt(receipt, evidence, project)
    return [*findings, *_store(evidence)]


def _open_receipt(uri: str) -> tuple[RunStore, Receipt, Finding]:
    """The receipt in a file, the store above it, and whether it stands there as it should."""
    if is_local(uri):
        uri = os.path.realpath(uri)
    parent, _slash, name = uri.rpartition("/")
    top, _slash, folder_name = parent.rpartition("/")
    folder = open_folder(top or "/")
    path = f"{folder_name}/{name}"
    try:
        with folder.open(path) as stream:
            receipt = Receipt.from_json(stream.read())
    except OSError as error:
        reason = os_problem(error)
        raise UsageError(_("{file}: cannot be read: {reason}", file=uri, reason=reason)) from None
    except ValueError:
        raise UsageError(_("{file}: is no receipt", file=uri)) from None
    text = _("the receipt of run {run} stands as {path}", run=receipt.run, path=path)
    place = replace(judged(path == receipt_path(receipt.run), text), run=receipt.run)
    return FolderStore(folder), receipt, place


class _Evidence:
    """A store, and what its receipts claim together: periods of a stream may share a table.

    Args:
        store: that is verified.
        is_single: whether one receipt is, which may have been taken out of another store.
    """

    def __init__(self, store: RunStore, *, is_single: bool = False) -> None:
        self.store = store
        self.is_single = is_single
        self.unreadable: list[str] = []
        self.receipts = list(store.receipts(unreadable=self.unreadable))
        self.superseding = superseding(self.receipts)
        self.by_run = {receipt.run: receipt for receipt in self.receipts}
        self.removals = Removals(store, self.by_run)
        self.standing = {receipt.run for receipt in standing(self.receipts, self.removals.all)}
        self.rows: Counter[tuple[str, str]] = Counter()
        self.reasons: defaultdict[tuple[str, str], Counter[str | None]] = defaultdict(Counter)
        self.causes: defaultdict[tuple[str, str], list[CausePart] | None] = defaultdict(list)
        self.spans: defaultdict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
        self.constants: defaultdict[tuple[str, str], Constants] = defaultdict(dict)
        for receipt in self.receipts:
            if receipt.run in self.superseding:
                continue  # what it lists is another's now
            owner = _legal_run(receipt)
            outputs = dict(remaining(receipt, self.removals.of(receipt)))
            for files in outputs.values():
                for file in files:
                    self.rows[owner, file.path] += file.rows
            for file in outputs.get(None, ()):
                self.reasons[owner, file.path].update(receipt.quarantine)
                before, own = self.causes[owner, file.path], receipt.quarantine_causes
                self.causes[owner, file.path] = (
                    None if before is None or own is None else [*before, *own]
                )
            for read in receipt.inputs:
                span = (read.first or 0, read.next or 0, receipt.run)
                self.spans[owner, read.uri].append(span)
            for release in (*receipt.releases.values(), None):
                for file in _files(receipt, release):
                    _add(self.constants[owner, file.path], _tags(receipt, release))

    def constants_of(
        self, receipt: Receipt, file: FilePart, release: ReleasePart | None
    ) -> Constants:
        """The values that the constant columns of a file may have, by all receipts that list it."""
        values: Constants = {}
        _add(values, _tags(receipt, release))
        return self.constants.get((_legal_run(receipt), file.path), values)


def _add(constants: Constants, more: Mapping[str, str | None]) -> None:
    for name, value in more.items():
        constants.setdefault(name, set()).add(value)


def _files(receipt: Receipt, release: ReleasePart | None) -> list[FilePart]:
    return (receipt.quarantine_files if release is None else release.files) or []


def _receipt(receipt: Receipt, evidence: _Evidence, project: "Project | None") -> Iterator[Finding]:
    plan, found = find_plan(receipt, project)
    by = evidence.superseding.get(receipt.run)
    removals = evidence.removals.of(receipt)
    is_held = by is None and "withdrawn" not in removals
    for finding in (
        _replay(receipt),
        *figures(receipt),
        *_repeated(receipt, evidence),
        *check_superseding(receipt, evidence.receipts),
        *check_redriving(receipt, evidence.by_run, evidence.standing),
        *(_held(receipt, evidence, plan) if is_held else ()),
        *(check_superseded(receipt, by, evidence.store) if by is not None else ()),
        *evidence.removals.check(receipt, evidence.rows),
        found,
        *(check_plan(receipt, plan) if plan is not None else ()),
    ):
        yield replace(finding, run=receipt.run)


def _held(receipt: Receipt, evidence: _Evidence, plan: Plan | None) -> Iterator[Finding]:
    """Rows, inputs and periods, which are those of one receipt only."""
    yield from _rows(receipt, evidence, plan)
    yield from Inputs(receipt, plan).check()
    yield from _periods(receipt, evidence)


def _store(evidence: _Evidence) -> Iterator[Finding]:
    """Receipts that cannot be read, and files or tables that no receipt lists."""
    for run in evidence.unreadable:
        address = evidence.store.receipt_address(run)
        path = address.removeprefix(f"{evidence.store.shown.rstrip('/')}/")
        yield Finding("failed", _("{path}: is no receipt", path=path))
    yield from evidence.removals.without_receipt()
    listed = {file.path for receipt in evidence.receipts for file in receipt.files()}
    unlisted = evidence.store.unlisted(listed)
    if unlisted:  # by runs, maybe, that were committed since the receipts were read
        receipts = evidence.store.receipts(unreadable=[])
        listed = {file.path for receipt in receipts for file in receipt.files()}
        unlisted = [path for path in unlisted if path not in listed]
    for path in unlisted[:_MOST_UNLISTED]:
        yield Finding("failed", _("{path}: no receipt lists it", path=path))
    committed = {receipt.run for receipt in evidence.receipts}
    for run in evidence.store.staged_runs():
        if run not in committed and is_run_id(run):
            text = _("_staging/{run}: is under way, or was given up (`tamis recover`)", run=run)
            yield Finding("not checked", text)
    if not unlisted:
        yield Finding("ok", _("every file or table of the store is listed by a receipt"))


def _legal_run(receipt: Receipt) -> str:
    """What rows have as the id of their run: of a stream its own id, not that of the period."""
    return receipt.stream or receipt.run


def _replay(receipt: Receipt) -> Finding:
    started = day_of(receipt.started)
    if receipt.replay:
        text = _("replay: begun on {day} under the law of {other}", day=started, other=receipt.day)
    else:
        text = _("no replay: begun on {day} under its law", day=started)
    return judged(receipt.replay == is_replay(receipt.day, receipt.started, receipt.stream), text)


def _repeated(receipt: Receipt, evidence: _Evidence) -> Iterator[Finding]:
    """Whether the runs that released an input before did so."""
    receipts = {other.run: other for other in evidence.receipts}
    for part in receipt.inputs:
        if part.released_before is None:
            continue
        text = _("{input}: released before by run {run}", input=part.uri, run=part.released_before)
        other = receipts.get(part.released_before)
        if other is None:
            yield Finding("not checked", text)
        else:
            digests = {read.digest for read in other.inputs}
            yield judged(part.digest in digests and other.policy == receipt.policy, text)


def _rows(receipt: Receipt, evidence: _Evidence, plan: Plan | None) -> Iterator[Finding]:
    """The rows of releases and quarantine, as the store holds them."""
    is_purged = "purged" in evidence.removals.of(receipt)
    for name, release in receipt.releases.items():
        released = Released(plan, name) if plan is not None and name in plan.fates else None
        for file in release.files or ():
            yield _file(receipt, evidence, file, name, release, released)
        if (
            released is not None
            and released.rows == release.rows
            and any(release.redacted.values())
        ):
            text = _("release {release}: as many NIRs are replaced", release=name)
            yield judged(released.has_marks(release), text)
    if not is_purged:
        for file in receipt.quarantine_files or ():
            yield _file(receipt, evidence, file, None, None)
        yield from _reasons(receipt, evidence)
    if any(evidence.store.keeps(file) and not file.sha256 for file in receipt.files()):
        yield Finding(
            "not checked", _("tables have no digest: a value changed in place is not noticed")
        )


def _file(
    receipt: Receipt,
    evidence: _Evidence,
    file: FilePart,
    output: str | None,
    release: ReleasePart | None,
    released: Released | None = None,
) -> Finding:
    store, path = evidence.store, file.path
    if not store.keeps(file):
        return Finding(
            "not checked" if evidence.is_single else "failed",
            _("{path}: {rows:# row|# rows}, in a file of another store", path=path, rows=file.rows)
            if file.sha256
            else _(
                "{path}: {rows:# row|# rows}, in a table of a database", path=path, rows=file.rows
            ),
        )
    if not store.is_in_place(file, receipt, output):
        return Finding("failed", _("{path}: does not stand where it should", path=path))
    try:
        stored = store.find_rows(file)
        if stored is None and store.is_staged(file, receipt.run):
            text = _("{path}: is not in its place yet; `tamis recover` puts it there", path=path)
            return Finding("not checked", text)
        if stored is None:
            return Finding("failed", _("{path}: is not there as a file or table", path=path))
        if stored.rows != evidence.rows.get((_legal_run(receipt), path), file.rows):
            return Finding("failed", _("{path}: holds another number of rows", path=path))
        if problem := _wrong_columns(stored, file, release):
            return Finding("failed", f"{path}: {problem}")
        for name, values in evidence.constants_of(receipt, file, release).items():
            if values == {None} and name not in stored.columns:
                continue  # a tag that there was not yet
            if not set(stored.counts(name)) <= values:
                return Finding(
                    "failed",
                    _("{path}: `{column}` is not what it should be", path=path, column=name),
                )
        if released is not None:
            released.check(stored)
    except ValueError as error:
        return Finding("failed", f"{path}: {error}")
    return Finding(
        "ok",
        _("{path}: {rows:# row|# rows}, digest, tags and columns agree", path=path, rows=file.rows)
        if file.sha256
        else _("{path}: {rows:# row|# rows}, tags and columns agree", path=path, rows=file.rows),
    )


def _tags(receipt: Receipt, release: ReleasePart | None) -> dict[str, str | None]:
    """The constant columns of a release, or of the quarantine; null what was no tag yet."""
    if release is None:
        return {"run": _legal_run(receipt)}
    values = (
        release.item,
        release.purpose,
        receipt.law.get("R6323-37", ""),
        receipt.processing.slug,
        release.attested,
        f"{receipt.policy}@{receipt.plan_sha256[:12]}",
        _legal_run(receipt),
        receipt.law_origin,
        release.status,
        release.retention,
    )
    return dict(zip(TAGS, values, strict=True))


def _wrong_columns(stored: StoredRows, file: FilePart, release: ReleasePart | None) -> str | None:
    """What is wrong with the columns of a release or of the quarantine; None if nothing is.

    Those of a release are the fields that were kept, tags, and as many others as pseudonyms.
    """
    more = _("holds columns that the receipt does not name")
    if release is None:
        is_file = bool(file.sha256)
        return more if is_file and stored.columns - set(STREAM_QUARANTINE_SCHEMA.names) else None
    kept = {
        path.partition(".")[0]
        for path, claim in release.fields.items()
        if claim.fate not in (*NOT_RELEASED, "pseudonymized")
    }
    pseudonyms = sum(claim.fate == "pseudonymized" for claim in release.fields.values())
    if len(stored.columns - set(TAGS) - kept) > pseudonyms:
        return more
    return None if kept <= stored.types.keys() else _("lacks columns that the receipt names")


def _reasons(receipt: Receipt, evidence: _Evidence) -> Iterator[Finding]:
    """Whether the quarantine holds what the receipt counts, by reason and by field and rule."""
    store = evidence.store
    counts: Counter[str | None] = Counter()
    causes: list[tuple[Cause, QuarantineCount]] = []
    try:
        for file in receipt.quarantine_files or ():
            rows = store.find_rows(file) if store.keeps(file) else None
            if rows is None:
                return  # `_file` gives a finding of it
            counts += rows.counts("reason")
            if receipt.quarantine_causes is not None:
                causes += rows.causes().items()
    except ValueError:
        return  # `_file` gives a finding of it
    expected: Counter[str | None] = Counter(receipt.quarantine)
    claimed = receipt.quarantine_causes
    for file in receipt.quarantine_files or ():
        expected = evidence.reasons.get((_legal_run(receipt), file.path), expected)
        claimed = evidence.causes.get((_legal_run(receipt), file.path), claimed)
    if counts == expected:
        yield Finding("ok", _("quarantine by reason is what its files hold"))
    else:
        yield Finding("failed", _("quarantine by reason is not what its files hold"))
    if claimed is None:
        return  # some receipts of these rows do not count them
    if any(cause.rule == OTHER for cause in claimed):
        yield Finding("not checked", _("quarantine by field and rule: some are counted together"))
    elif merge_causes(counted_causes(claimed)) == merge_causes(causes):
        yield Finding("ok", _("quarantine by field and rule is what its files hold"))
    else:
        yield Finding("failed", _("quarantine by field and rule is not what its files hold"))


def _periods(receipt: Receipt, evidence: _Evidence) -> Iterator[Finding]:
    """Whether another period of the stream claims a message of this one."""
    if receipt.stream is None:
        return
    others = {
        other.run
        for other in evidence.receipts
        if other.stream == receipt.stream and other.run not in evidence.superseding
    }
    twice = {
        run
        for read in receipt.inputs
        for first, after, run in evidence.spans[receipt.stream, read.uri]
        if run != receipt.run and max(first, read.first or 0) < min(after, read.next or 0)
    }
    yield judged(
        not twice,
        _(
            "{twice} of {others:# other period|# other periods} of stream "
            "{stream} {twice:holds|hold} a message of this one",
            twice=len(twice),
            others=len(others - {receipt.run}),
            stream=receipt.stream,
        ),
    )
