"""What every store can do, wherever it keeps its rows.

A run fills a store in four steps, which may be done by different processes, and each again after a
failure:

    store.stage(run, plan)                                     once, before any row
    writer = store.writer(run, plan, output)                   by each worker, for each output
    writer.write(batch, part, seq, positions), writer.finish() give `Piece`s
    store.commit(run, plan, pieces, make_receipt)              once: all rows exist, or none

The receipt is the commit: rows that no committed receipt lists do not exist. How a store makes it
so is its own affair (a rename at the end, a transaction); callers know of no step in between.
"""

import datetime
import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Files, Receipt
from tamis.filter.tally import Cause, QuarantineCount
from tamis.formats.chunk import PartKey
from tamis.language import _
from tamis.plan.plan import Plan

NUL_REPLACED = "nul-replaced"
"""Anomaly: released values in which U+FFFD stands for a NUL character."""

_RUN_ID = re.compile(r"[a-z0-9-]{1,128}")

MakeReceipt: TypeAlias = Callable[[Files], Receipt]
"""Gives the receipt of a run, or raises `RunError` where the rows written do not reconcile."""


@dataclass(frozen=True)
class Recovered:
    """Ids of the runs that a recovery completed, and that it removed."""

    completed: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """What one writer wrote of one part of one output, as `RunStore.commit` takes it.

    Attributes:
        output: release id, or None for quarantine.
        part: the part of the input.
        path: where the piece is staged; empty where rows need no place of their own.
        batches: of each batch in it, its number in the part, ascending, and its rows.
        sha256: of the piece's bytes, in hexadecimal.
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
    """

    rows: int
    columns: frozenset[str]

    @abstractmethod
    def counts(self, column: str) -> Counter[str | None]:
        """By value as text, how many rows of a column hold it."""

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
    def recover(self) -> Recovered:
        """Complete or remove what interrupted runs left; runs that are held are left alone."""

    @abstractmethod
    def hold(self, run: str) -> AbstractContextManager[None]:
        """Hold `run` while the block runs, so that no recovery takes a live run down.

        Raises:
            RunError: another process holds it, or the store cannot be written to.
        """

    def committed(self, run: str) -> Receipt | None:
        """The receipt of `run` if it is committed, else None.

        Raises:
            RunError: its receipt cannot be read.
        """
        text = self._receipt_text(run)
        return None if text is None else self._parse(run, text)

    def resume(self, run: str) -> Receipt | None:
        """Complete `run`, which the caller holds, where its commit was interrupted.

        Returns:
            Its receipt if it is committed then, else None.
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

    @abstractmethod
    def receipt_address(self, run: str) -> str:
        """Where the receipt of `run` is found, for a user."""

    @abstractmethod
    def discard(self, run: str) -> None:
        """Remove what `run` staged and did not commit."""

    @abstractmethod
    def stage(self, run: str, plan: Plan) -> None:
        """Make ready for the rows of `run`.

        Raises:
            UsageError: the store cannot hold what the plan releases.
        """

    @abstractmethod
    def writer(self, run: str, plan: Plan, output: str | None) -> Writer:
        """A writer of one output of `run`: a release, or None for the quarantine."""

    @abstractmethod
    def commit(self, run: str, plan: Plan, pieces: Collection[Piece], make: MakeReceipt) -> Receipt:
        """Make all rows of `run` exist at once, together with its receipt.

        Args:
            run: its id.
            plan: what it did.
            pieces: what all writers gave.
            make: the receipt, given what the store holds of each output.
        """

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

    @abstractmethod
    def unlisted(self, listed: Collection[str]) -> list[str]:
        """Paths of what the store holds beside `listed`, receipts and staged rows left out."""

    @abstractmethod
    def _receipt_text(self, run: str) -> str | bytes | None: ...

    @abstractmethod
    def _receipt_texts(self, prefix: str) -> Iterable[tuple[str, str | bytes]]: ...

    def _parse(self, run: str, text: str | bytes) -> Receipt:
        try:
            return Receipt.model_validate_json(text)
        except ValueError:
            address = self.receipt_address(run)
            raise RunError(_("{address}: is no receipt", address=address)) from None


def new_run_id(policy: str) -> str:
    """An id for a run that begins now: the time in UTC, the policy, and chance."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dt%H%M%S")
    name = re.sub(r"[^a-z0-9]+", "-", policy.lower()).strip("-")
    return f"{now}-{name}-{os.urandom(3).hex()}"


def check_run_id(run: str) -> str:
    """Give `run` back if it may be the id of a run.

    Raises:
        UsageError: it has other characters than a-z, 0-9 and hyphens, or more than 128.
    """
    if not _RUN_ID.fullmatch(run):
        text = _("run id {run!r}: must have only a to z, 0 to 9 and hyphens, at most 128", run=run)
        proposal = re.sub("[^a-z0-9]+", "-", run.lower()).strip("-")[:128]
        raise UsageError(text + (_(", such as {proposal}", proposal=proposal) if proposal else ""))
    return run
