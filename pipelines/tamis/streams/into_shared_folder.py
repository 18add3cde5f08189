"""A Parquet store as sink of one partition of a stream that the workers of an engine read.

An engine starts a worker anew whenever it sees fit, from wherever it believes to be, and may let
two of them read a partition at once. So no memory of theirs says where a partition is cut, but the
receipts alone: that of each period is named by the offset at which it begins, and says the one
before which it ends, at which the next one begins. Of all who begin at an offset one commits; what
the others have read is dropped, and they go on where that one ended.
"""

import datetime
import threading
from contextlib import AbstractContextManager, suppress

from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.plan.plan import Plan
from tamis.stores.folder import close_durably, open_folder
from tamis.stores.parquet_files import STAGING
from tamis.streams.into_folder import FolderSink
from tamis.streams.ledger import Ledger
from tamis.streams.partitions import base_of, share_id


class SharedFolderSink(FolderSink):
    """See `Sink`. It takes one period, and then stops the session.

    Args:
        partition: number of the partition.
        begin: an offset at which a period begins, or began.
        stop: is set once a period is committed.
    """

    def __init__(
        self, uri: str, plan: Plan, stream: str, partition: int, begin: int, stop: threading.Event
    ) -> None:
        super().__init__(uri, plan, stream)
        self._partition = partition
        self._begin = begin
        self._stop = stop

    @property
    def next_run(self) -> str:
        """See `Sink`: the offset at which the period begins is in it."""
        return f"{self._stream}-p{self._partition}-{self._begin:012d}"

    def shown_to_others(self) -> AbstractContextManager[bool]:
        """Let processes that would take the whole stream see on this machine that it runs.

        Gives whether no other worker does so for the partition.
        """
        share = share_id(base_of(self._stream), [self._partition])
        return self._store.folder.lock(f"{STAGING}/{share}.lock")

    def end_period(self, ledger: Ledger) -> None:
        """See `Sink`. If another worker was faster, its period is the one that counts."""
        try:
            super().end_period(ledger)
        except RunError:
            if self._store.complete(ledger.run) is None:
                raise
            self._files = None  # which the other has removed
        # No other attempt at the period can be committed any more.
        self._store.recover_runs([ledger.run], datetime.timedelta(0))
        self._positions = self._open()
        self._stop.set()

    def _open(self) -> dict[int, int]:
        while (receipt := self._store.complete(self.next_run)) is not None:
            self._begin = self._end_of(receipt)
        return {self._partition: self._begin}

    def _end_of(self, receipt: Receipt) -> int:
        return self._read_ends([receipt])[self._partition]


class Refusal:
    """Why a stream must not go on, kept in its store: its engine would go on all the same.

    The reason is empty where the operator ends the stream.
    """

    def __init__(self, uri: str, stream: str) -> None:
        self._folder = open_folder(uri)
        self._run = f"{STAGING}/{stream}"
        self._path = f"{self._run}/refused"

    def write(self, text: str) -> None:
        """Keep the reason, unless there is one."""
        with suppress(FileExistsError):
            stream = self._folder.create(self._path)
            stream.write(text.encode())
            close_durably(stream)

    def read(self) -> str | None:
        """The reason, or None."""
        if self._folder.size(self._path) is None:
            return None
        with self._folder.open(self._path) as stream:
            return stream.read().decode()

    def remove(self) -> None:
        """Let the stream go on."""
        self._folder.remove(self._path)
        for path in (self._run, STAGING, ""):
            self._folder.tidy(path)
