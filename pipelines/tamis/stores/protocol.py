"""What every store can do, wherever it keeps its rows.

A run fills a store in four steps, which may be done by different processes, and each again after a
failure:

    attempt = Attempt.begin(run)                               once a process that runs it
    store.stage(attempt, plan)                                 before any row
    writer = store.writer(attempt, plan, output)               by each worker, for each output
    writer.write(batch, part, seq, positions), writer.finish() give `Piece`s
    store.commit(attempt, plan, pieces, make_receipt)          all rows exist, or none

The receipt is the commit: it is written only if there is none of that run, and rows that no
committed receipt lists do not exist. Nothing else is shared: an attempt stages apart from every
other, of its own run or another, and touches none but itself. How a store does it is its own affair
(files that are linked to their places, a transaction); callers know of no step in between.
"""

import datetime
import os
import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Self, TypeAlias

import pyarrow as pa

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Files, Receipt
from tamis.evidence.removal import Kind, Removal, parse_removal, removals_of
from tamis.filter.tally import Cause, QuarantineCount
from tamis.formats.chunk import PartKey
from tamis.language import _
from tamis.plan.plan import Plan

NUL_REPLACED = "nul-replaced"
"""Anomaly: released values in which U+FFFD stands for a NUL character."""

OLDER_THAN = datetime.timedelta(hours=24)
"""Time since an attempt last wrote, after which it counts as given up."""

_ATTEMPT_ID = re.compile(r"[0-9]{8}t[0-9]{6}-[0-9a-f]{8}")

Change: TypeAlias = Callable[[str | None, pa.RecordBatch], pa.RecordBatch]
"""Gives N rows of an output as they are to be written anew."""

MakeReceipt: TypeAlias = Callable[[Files], Receipt]
"""Gives the receipt of a run, or raises `RunError` where the rows written do not reconcile."""


@dataclass(frozen=True, order=True)
class Attempt:
    """One process's try to do a run.

    Attributes:
        run: id of the run.
        id: when it began, and chance; empty for what versions before 0.3 staged.
    """

    run: str
    id: str

    @classmethod
    def begin(cls, run: str) -> Self:
        """A new attempt at `run`, which begins now."""
        now = datetime.datetime.now(datetime.UTC)
        return cls(run, f"{now:%Y%m%dt%H%M%S}-{os.urandom(4).hex()}")

    @staticmethod
    def is_id(name: str) -> bool:
        """Whether a name is the id of an attempt."""
        return _ATTEMPT_ID.fullmatch(name) is not None

    def __str__(self) -> str:
        return f"{self.run}/{self.id}" if self.id else self.run


@dataclass(frozen=True)
class Recovered:
    """What a recovery did.

    Attributes:
        completed: ids of committed runs whose rows it put in their places.
        cleared: ids of runs of which it removed what a withdrawal or a purge had not come to.
        removed: attempts that it removed.
        left: attempts that it left, for they may be under way.
        problems: what it could do nothing about, each in words.
    """

    completed: tuple[str, ...] = ()
    removed: tuple[Attempt, ...] = ()
    left: tuple[Attempt, ...] = ()
    problems: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """What one writer wrote of one part of one output, as `RunStore.commit` takes it.

    Attributes:
        output: release id, or None for quarantine.
        part: the part of the input.
        path: where the piece is staged.
        batches: of each batch in it, its number in the part, ascending, and its rows.
        sha256: of the piece's bytes, in hexadecimal; empty where it is no file.
        nul_replaced: values in which U+FFFD stands for a NUL character.
    """

    output: str | None
    part: PartKey
    path: str = ""
    batches: tuple[tuple[int, int], ...] = ()
    sha256: str = ""
    nul_replaced: int = 0

    @property
    def rows(self) -> int:
        """Rows that the piece holds."""
        return sum(rows for _seq, rows in self.batches)


class Writer(ABC):
    """Writes batches of one output of a run. Not for several threads."""

    @abstractmethod
    def begin(self) -> None:
        """Forget what an attempt that failed left unfinished."""

    @abstractmethod
    def write(
        self, batch: pa.RecordBatch, part: PartKey, seq: int, positions: pa.Int64Array
    ) -> Iterator[Piece]:
        """Write N rows; give pieces that are finished with it.

        Args:
            batch: N rows in the schema of the output.
            part: the part of the input.
            seq: number of the batch in the part.
            positions: N int64, of the records in the input.
        """

    @abstractmethod
    def finish(self) -> Iterator[Piece]:
        """Finish what is being written, and give the pieces not given yet."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""


class StoredRows(ABC):
    """Rows of one release, or of the quarantine, as they are found in a store.

    Attributes:
        rows: how many there are.
        columns: their names.
        types: by column, in their order, the type as the store spells it.
    """

    rows: int
    columns: frozenset[str]
    types: Mapping[str, str]

    @abstractmethod
    def head(self, count: int) -> list[dict[str, object]]:
        """The first rows, their values by column.

        Raises:
            ValueError: they are damaged.
        """

    @abstractmethod
    def counts(self, column: str) -> Counter[str | None]:
        """By value as text, how many rows of a column hold it."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, where they can be given as they were written; else none.

        Raises:
            ValueError: they are damaged.
        """
        yield from ()

    @abstractmethod
    def causes(self) -> dict[Cause, QuarantineCount]:
        """Of quarantine rows, how many there are of each reason, field and rule, and the first."""


class RunStore(ABC):
    """A place of committed runs. Every method may be called again after a failure.

    Attributes:
        shown: its address without credentials.
    """

    shown: str

    @abstractmethod
    def recover(self, older_than: datetime.timedelta = OLDER_THAN) -> Recovered:
        """Complete what committed runs left undone, and remove attempts that have been given up.

        Args:
            older_than: time since an attempt last wrote, after which it counts as given up.
        """

    def snapshot(self) -> AbstractContextManager[None]:
        """Read the store in one state while the block runs, where it can be."""
        return nullcontext()

    def committed(self, run: str) -> Receipt | None:
        """The receipt of `run` if it is committed, else None.

        Raises:
            RunError: its receipt cannot be read.
        """
        text = self._receipt_text(run)
        return None if text is None else self._parse(run, text)

    def complete(self, run: str) -> Receipt | None:
        """The receipt of `run` if it is committed, once all that it lists is in its place.

        Raises:
            RunError: something that it lists is lost.
        """
        return self.committed(run)

    def receipts(self, prefix: str = "", unreadable: list[str] | None = None) -> Iterator[Receipt]:
        """The receipts of committed runs whose ids begin with `prefix`, in the order of the ids.

        Args:
            prefix: of run ids.
            unreadable: takes the ids under which there is no receipt of that run.

        Raises:
            RunError: a receipt cannot be read, and there is no `unreadable`.
        """
        for run, text in self._receipt_texts(prefix):
            try:
                receipt = self._parse(run, text)
            except RunError:
                if unreadable is None:
                    raise
                unreadable.append(run)
                continue
            if receipt.run == run:
                yield receipt
            elif unreadable is not None:
                unreadable.append(run)

    def receipts_naming(self, digests: Collection[str], seconds: float | None) -> Iterator[Receipt]:
        """The receipts that name one of these digests, the last ones by their ids first.

        Args:
            digests: SHA-256 of inputs, in hexadecimal.
            seconds: how long is looked for them; None for all receipts. What cannot be read is
                passed over.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        for run, text in self._texts_naming(digests):
            whole = text if isinstance(text, str) else text.decode("utf-8", "replace")
            if any(digest in whole for digest in digests):
                with suppress(RunError):
                    yield self._parse(run, whole)
            if deadline is not None and time.monotonic() > deadline:
                return

    def removals(self, unreadable: list[str] | None = None) -> dict[tuple[str, Kind], Removal]:
        """By run and kind, what was taken out of the store again.

        Args:
            unreadable: takes the places of what should be a removal and is none.

        Raises:
            RunError: there is such a thing, and no `unreadable`.
        """
        found: dict[tuple[str, Kind], Removal] = {}
        for run, kind, text in self._removal_texts():
            removal = parse_removal(run, kind, text)
            if removal is not None:
                found[run, kind] = removal
            elif unreadable is None:
                raise self._no_removal(run, kind)
            else:
                unreadable.append(f"{run}.{kind}")
        return found

    def removals_of(self, receipt: Receipt) -> dict[Kind, Removal]:
        """By kind, what was removed of a run, or of those whose rows it wrote anew.

        Raises:
            RunError: a removal cannot be read.
        """
        return removals_of(receipt, lambda place: self._removal(*place), self.committed)

    def refuse_withdrawn(self, run: str) -> None:
        """Refuse to do a run again that was withdrawn.

        Raises:
            UsageError: it was.
        """
        removal = self._removal(run, "withdrawn")
        if removal is not None:
            raise UsageError(
                _(
                    "{store}: run {run} was withdrawn on {day} ({because}): a run id is used once, "
                    "choose another --run-id",
                    store=self.shown,
                    run=run,
                    day=removal.at.date(),
                    because=removal.because,
                )
            )

    @abstractmethod
    def remove(self, receipts: Sequence[Receipt], kind: Kind, because: str) -> list[Removal]:
        """Take what committed runs put into the store out of it again; their receipts stay.

        First each removal is written, unless there is one; then what it names is removed. What is
        interrupted in between, the same call goes on with, and so does `recover`.

        Args:
            receipts: of the runs.
            kind: all of what they list, or only their quarantine.
            because: why.

        Returns:
            The removals, those of this call or those that were there.

        Raises:
            UsageError: a table is shared by runs whose rows cannot be told apart; nothing is done.
            RunError: the store cannot be written to.
        """

    def staged_runs(self) -> list[str]:
        """Ids of runs that have something staged, where a reader could see it."""
        return []

    @abstractmethod
    def staged_attempts(self, older_than: datetime.timedelta) -> list[tuple[Attempt, bool]]:
        """Attempts that have something staged, and whether each counts as given up."""

    def periods_under_way(self) -> set[str]:
        """Ids of periods of streams whose receipts are there before they end."""
        return set()

    @abstractmethod
    def receipt_address(self, run: str) -> str:
        """Where the receipt of `run` is found, for a user."""

    @abstractmethod
    def discard(self, attempt: Attempt) -> None:
        """Remove what an attempt staged."""

    @abstractmethod
    def stage(self, attempt: Attempt, plan: Plan) -> None:
        """Make ready for the rows of an attempt.

        Raises:
            RunError: the store cannot be written to.
            UsageError: the store cannot hold what the plan releases.
        """

    @abstractmethod
    def writer(self, attempt: Attempt, plan: Plan, output: str | None) -> Writer:
        """A writer of one output of a run: a release, or None for the quarantine."""

    @abstractmethod
    def commit(
        self, attempt: Attempt, plan: Plan, pieces: Collection[Piece], make: MakeReceipt
    ) -> Receipt:
        """Make all rows of an attempt exist at once, unless the run is committed already.

        Args:
            attempt: at the run.
            plan: what it did.
            pieces: what all writers of the attempt gave, those that failed left out.
            make: the receipt, given what is staged of each output.

        Returns:
            The receipt of the run, this attempt's or the one that was there.
        """

    def supersede(
        self, attempt: Attempt, old: Receipt, change: Change, make: MakeReceipt
    ) -> Receipt:
        """Write the rows of a committed run anew as those of another, which supersedes it.

        The other run is staged and committed like any; then what the old one's receipt lists is
        removed. The receipt stays.

        Args:
            attempt: at the other run.
            old: receipt of the committed run.
            change: gives the rows of the other run.
            make: its receipt, which names the old run among those that it supersedes.

        Returns:
            The receipt of the other run, this attempt's or the one that was there.

        Raises:
            RunError: rows are damaged or lost; nothing is committed.
            UsageError: the store cannot.
        """
        raise UsageError(_("{store}: what it holds cannot be written anew", store=self.shown))

    @abstractmethod
    def keeps(self, file: FilePart) -> bool:
        """Whether a receipt's entry is of a kind that this store keeps, not of another kind."""

    @abstractmethod
    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        """Whether an entry names the place in which `output` of its run belongs."""

    @abstractmethod
    def find_rows(self, file: FilePart) -> StoredRows | None:
        """The rows that a receipt's entry names, or None if there are none.

        Raises:
            ValueError: their digest is another, or they are damaged.
        """

    def is_staged(self, file: FilePart, run: str) -> bool:
        """Whether a file of a committed run is whole, and only not in its place yet."""
        return False

    @abstractmethod
    def unlisted(self, listed: Collection[str]) -> list[str]:
        """Paths of what the store holds beside `listed`, receipts and staged rows left out."""

    @abstractmethod
    def _receipt_text(self, run: str) -> str | bytes | None: ...

    @abstractmethod
    def _receipt_texts(self, prefix: str) -> Iterable[tuple[str, str | bytes]]: ...

    @abstractmethod
    def _removal_text(self, run: str, kind: Kind) -> str | bytes | None: ...

    @abstractmethod
    def _removal_texts(self) -> Iterable[tuple[str, Kind, str | bytes]]: ...

    def _removal(self, run: str, kind: Kind) -> Removal | None:
        text = self._removal_text(run, kind)
        removal = None if text is None else parse_removal(run, kind, text)
        if text is not None and removal is None:
            raise self._no_removal(run, kind)
        return removal

    def _no_removal(self, run: str, kind: Kind) -> RunError:
        address = self.receipt_address(run)
        text = _("{address}: beside it stands `{kind}`, which is no removal of it")
        return RunError(text.format(address=address, kind=kind))

    @abstractmethod
    def _texts_naming(self, digests: Collection[str]) -> Iterable[tuple[str, str | bytes]]:
        """Receipts that may name one of these digests, the last ones by their ids first."""

    def _parse(self, run: str, text: str | bytes) -> Receipt:
        try:
            return Receipt.from_json(text)
        except ValueError:
            address = self.receipt_address(run)
            raise RunError(_("{address}: is no receipt", address=address)) from None
