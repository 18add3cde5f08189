"""A Parquet store as sink: each period is a run of the store, committed by its receipt.

While a period lasts its files are staged, and nobody sees them. When it ends they are published
(`FolderStore.publish`), with the positions that they reach in the receipt. If the process is killed
before, the next one on this machine removes what was staged, and reads the messages again.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import pyarrow as pa

from tamis.evidence.receipt import FilePart, Receipt
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_layout import file_path
from tamis.stores.folder_store import FolderStore
from tamis.stores.parquet_files import STAGING
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, layout_of
from tamis.stores.protocol import OLDER_THAN, Attempt
from tamis.streams.judge import Judged, is_ordered
from tamis.streams.ledger import Ledger
from tamis.streams.partitions import base_of, check_overlap
from tamis.streams.sink import Sink
from tamis.waiting import Pauses


class FolderSink(Sink):
    """See `Sink`; `uri` is that of the folder."""

    commits_periods = True

    def __init__(self, uri: str, plan: Plan, stream: str) -> None:
        super().__init__(uri, plan, stream)
        self._store = FolderStore(open_folder(uri))
        self._held = ExitStack()
        self._files: PeriodFiles | None = None

    def _open(self) -> dict[int, int]:
        with ExitStack() as alone:
            base = base_of(self._stream)
            if base != self._stream:  # which a stream over all partitions holds
                alone.enter_context(self._store.hold(base))
            self._held.enter_context(self._store.hold(self._stream))
            check_overlap(self.shown, self._stream, self._streams(base))
        self._recover()
        if not is_ordered(self._source):
            return {}
        return self._read_ends(self._store.receipts(self._stream))

    def read_cut(self, source: str) -> dict[int, int]:
        """Where the stream was cut, as its receipts say, without taking hold of it.

        Raises:
            UsageError: the stream was fed from another source.
            RunError: another process holds it.
        """
        self._source = source
        with self._store.hold(self._stream):
            pass
        return self._read_ends(self._store.receipts(self._stream))

    def wait_for_workers(self, seconds: float) -> None:
        """Wait until no worker of a job that has ended is left, but for so long at most."""
        pauses = Pauses(seconds, first=0.1)
        while any(self._running(base_of(self._stream))) and pauses.wait():
            pass

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """See `Sink`. The rows are staged; they are committed when the period ends."""
        if self._files is None:
            self._files = PeriodFiles(self._store, self._plan, ledger.run)
        for release, rows in judged.released.items():
            self._files.write(release, rows.data)
        if judged.quarantined.data.num_rows:
            self._files.write(None, judged.quarantined.data)
        return ledger.after(judged)

    def end_period(self, ledger: Ledger) -> None:
        if self._files is not None:
            self._files.publish(ledger)
            self._files = None
            self._positions |= ledger.ends

    def close(self) -> None:
        if self._files is not None:
            self._files.abandon()
        self._held.close()

    def _streams(self, base: str) -> Iterator[str]:
        """Ids of streams of `base` that have committed, or, on this machine, run now."""
        for receipt in self._store.receipts(base):
            if receipt.stream:
                yield receipt.stream
        yield from self._running(base)

    def _running(self, base: str) -> Iterator[str]:
        """Ids of the streams of `base`, but for this one, that run now on this machine."""
        for name in self._store.folder.children(STAGING):
            stream = name.removesuffix(".lock")
            if stream not in (name, base, self._stream) and base_of(stream) == base:
                with self._store.folder.lock(f"{STAGING}/{name}") as is_free:
                    if not is_free:
                        yield stream

    def _recover(self) -> None:
        """Complete and remove what processes before this one left of the stream's periods.

        In a bucket a stream is not held: there its attempts wait for `tamis recover`.
        """
        period = re.compile(re.escape(self._stream) + r"-[0-9]{8}t[0-9]{6}-[0-9a-f]{4,8}")
        runs = [run for run in self._store.staged_runs() if period.fullmatch(run)]
        is_held = self._store.folder.local() is not None
        self._store.recover_runs(runs, datetime.timedelta(0) if is_held else OLDER_THAN)

    def _read_ends(self, receipts: Iterable[Receipt]) -> dict[int, int]:
        """By partition, the offset that the stream's receipts among these reach."""
        positions: dict[int, int] = {}
        for receipt in receipts:
            for part in receipt.inputs if receipt.stream == self._stream else ():
                topic, _slash, partition = part.uri.rpartition("/")
                self._check_source(topic)
                if part.next is None or not partition.isdigit():
                    raise self._error(_("the receipt of {run} has no positions", run=receipt.run))
                positions[int(partition)] = max(part.next, positions.get(int(partition), 0))
        return positions


class PeriodFiles:
    """The files of one period: staged as rows come, and committed by the period's receipt."""

    def __init__(self, store: FolderStore, plan: Plan, run: str) -> None:
        self._store = store
        self._plan = plan
        self._attempt = Attempt.begin(run)
        self._is_published = False
        self._files: dict[str | None, tuple[str, ParquetPart]] = {}

    def write(self, output: str | None, rows: pa.RecordBatch) -> None:
        """Stage rows of a release, or of the quarantine if `output` is None."""
        if output not in self._files:
            layout = ParquetLayout(STREAM_QUARANTINE_SCHEMA)
            if output is not None:
                layout = layout_of(self._plan, output)
            path, stream = self._store.create(self._attempt)
            self._files[output] = path, ParquetPart(stream, layout)
        self._files[output][1].write(rows)

    def publish(self, ledger: Ledger) -> Receipt:
        """Commit what was staged; return the receipt."""
        parts: dict[str | None, list[FilePart]] = {}
        sources: dict[str, str] = {}
        for output, (staged, file) in self._files.items():
            path = file_path(self._plan.policy, output, self._attempt.run, "00000")
            parts[output] = [FilePart(path=path, rows=file.rows, sha256=file.close())]
            sources[path] = staged
        self._files = {}
        self._is_published = True
        return self._store.publish(self._attempt, ledger.receipt(parts), sources)

    def abandon(self) -> None:
        """Close the staged files as they are, and remove them, unless they may be committed."""
        for _path, file in self._files.values():
            file.abandon()
        if not self._is_published:
            self._store.discard(self._attempt)
