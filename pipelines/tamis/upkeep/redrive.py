"""Which quarantined records of a run are judged again, under which id, and from where they come.

A run is judged again once. The id of the run that does it follows from its own, so that two
commands at once do nothing twice: the first one that commits has done it. Only a run that was
withdrawn makes room for another.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.language import _
from tamis.stores.opening import open_store
from tamis.stores.protocol import RunStore
from tamis.stores.quarantine_reader import Quarantined, QuarantineFilter, read_quarantined
from tamis.stores.run_id import derived_run_id
from tamis.upkeep.runs import RunEntry, find_run, lineage, list_runs


@dataclass(frozen=True)
class Redrive:
    """The quarantined records of a run, to be judged again.

    Attributes:
        receipt: of the run.
        run: id of the run that judges them.
        positions: by source, as the quarantine names it, N int64 in ascending order.
        first: receipt of the run that read the inputs as wholes, where that is another one.
        done_by: the run that has judged them already, or None.
        streams: receipts of the stream's periods that may hold their originals; none of a batch
            run, whose inputs are read again.
    """

    receipt: Receipt
    run: str
    positions: Mapping[str, npt.NDArray[np.int64]] = field(repr=False)
    first: Receipt | None = field(default=None, repr=False)
    done_by: str | None = None
    streams: tuple[Receipt, ...] = field(default=(), repr=False)

    @property
    def records(self) -> int:
        """How many are judged."""
        return sum(map(len, self.positions.values()))


def find_redrive(uri: str, run: str) -> Redrive:
    """What is to be judged again of a run of the store at `uri`.

    Raises:
        UsageError: there is no such run, its rows are another's or were withdrawn, or its
            quarantine was purged.
        RunError: the quarantine is not what the receipt says.
    """
    store = open_store(uri)
    entries = find_run(store, run)
    entry = entries[0]
    if entry.receipt.run != run:
        text = _("{store}: {run} is a stream: which of its periods? `tamis runs` lists them")
        raise UsageError(text.format(store=store.shown, run=run))
    _refuse(store, entry)
    every = list_runs(store)
    receipts = {each.receipt.run: each.receipt for each in every}
    own = lineage(entry.receipt, receipts)
    again = [each for each in every if each.receipt.redrives in own]
    withdrawn = sum(each.state == "withdrawn" for each in again)
    name = redriven_run(own[-1], withdrawn + 1)
    if entry.redriven_by:
        return Redrive(entry.receipt, name, {}, done_by=entry.redriven_by[0])
    chain = list(_chain(entry.receipt, receipts))
    return Redrive(
        entry.receipt,
        name,
        _positions(uri, store, entry.receipt),
        chain[-1],
        streams=tuple(receipt for receipt in chain if receipt.stream),
    )


def redriven_run(run: str, number: int = 1) -> str:
    """The id of the run that judges the quarantined records of `run` again.

    Example:
        >>> redriven_run("2026-11-23-dsn"), redriven_run("2026-11-23-dsn", 2)
        ('2026-11-23-dsn-redriven', '2026-11-23-dsn-redriven2')
    """
    return derived_run_id(run, "-redriven" + (str(number) if number > 1 else ""))


def originals(uri: str, redrive: Redrive) -> Iterator[Quarantined]:
    """The rows of quarantine that hold the sealed originals of a stream's records.

    Raises:
        UsageError: the original of a record was not kept, or its quarantine was purged.
    """
    wanted = {(source, int(at)) for source, all_ in redrive.positions.items() for at in all_}
    for receipt in redrive.streams:
        for row in _rows(uri, open_store(uri), receipt):
            if row.sealed is not None and (row.source, row.position) in wanted:
                wanted.discard((row.source, row.position))
                yield row
    if wanted:
        raise UsageError(
            _(
                "{count} of {records:# original|# originals} {count:is|are} not "
                "kept: a stream keeps them with --seal-to; nothing is judged",
                count=len(wanted),
                records=redrive.records,
            )
        )


def _refuse(store: RunStore, entry: RunEntry) -> None:
    run = entry.receipt.run
    where = {"store": store.shown, "run": run}
    if entry.superseded_by is not None:
        text = _("{store}: run {run} has no rows any more, run {by} has them: give that one")
        raise UsageError(text.format(by=entry.superseded_by, **where))
    for kind, removal in entry.removals.items():
        day = removal.at.date()
        raise UsageError(
            _("{store}: run {run} was withdrawn on {day}: run its inputs anew", day=day, **where)
            if kind == "withdrawn"
            else _("{store}: the quarantine of run {run} was purged on {day}", day=day, **where)
        )
    if run in store.periods_under_way():
        raise UsageError(
            _("{store}: period {run} is still under way: end its stream first", **where)
        )


def _positions(uri: str, store: RunStore, receipt: Receipt) -> dict[str, npt.NDArray[np.int64]]:
    """By source, where the quarantined records of a run stand."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    count = 0
    for row in _rows(uri, store, receipt):
        found[row.source].add(row.position)
        count += 1
    distinct = sum(map(len, found.values()))
    if (count, distinct) != (receipt.counts.quarantined,) * 2:
        raise RunError(
            _(
                "{store}: the quarantine of run {run} has {count:# row|# rows} of "
                "{distinct:# record|# records}, and its receipt says {expected}; "
                "nothing is judged",
                store=store.shown,
                run=receipt.run,
                count=count,
                distinct=distinct,
                expected=receipt.counts.quarantined,
            )
        )
    return {source: np.array(sorted(positions)) for source, positions in sorted(found.items())}


def _rows(uri: str, store: RunStore, receipt: Receipt) -> Iterator[Quarantined]:
    """The rows of quarantine of a run, as its receipt lists them."""
    for file in receipt.quarantine_files or ():
        try:
            if store.find_rows(file) is None:
                raise ValueError(_("is not there as a file or table"))
        except ValueError as error:
            text = _("{store}: {path}: {problem}; `tamis verify` says more")
            raise RunError(text.format(store=store.shown, path=file.path, problem=error)) from None
        for row in read_quarantined(_address(uri, file), _selection(receipt, file)):
            if row.problem:
                raise RunError(f"{row.source}: {row.problem}")
            if not receipt.stream or _is_of(receipt, row):
                yield row


def _address(uri: str, file: FilePart) -> str:
    """Where the rows of a file stand; those of a database in the table of all runs."""
    return f"{uri.rstrip('/')}/{file.path}" if file.sha256 else uri


def _selection(receipt: Receipt, file: FilePart) -> QuarantineFilter:
    return QuarantineFilter(
        frozenset() if file.sha256 else frozenset({receipt.stream or receipt.run})
    )


def _is_of(period: Receipt, row: Quarantined) -> bool:
    """Whether a row is of this period; all periods of a stream share a table."""
    spans = [part for part in period.inputs if part.uri == row.source]
    is_ordered = not row.source.startswith("pubsub://")
    return any(
        not is_ordered or (part.first or 0) <= row.position < (part.next or 0) for part in spans
    )


def _chain(receipt: Receipt, receipts: Mapping[str, Receipt]) -> Iterator[Receipt]:
    """The receipt of a run, of the one whose quarantine it judged again, and so on."""
    seen = set()
    while receipt.run not in seen:
        seen.add(receipt.run)
        yield receipt
        receipt = receipts.get(receipt.redrives or "", receipt)
