"""A Parquet store as sink: a period is a run of the store, and its receipt the commit.

While a period lasts its files are staged, and nobody sees them. When it ends they are published
(`FolderStore.publish`), with the positions that they reach in the receipt. What was staged when a
process is killed is removed, and the messages are read again.
"""

from collections import defaultdict
from contextlib import ExitStack

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore, file_path
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger

_PART = "00000"


class FolderSink:
    """See `Sink`.

    Args:
        uri: of the folder.
        plan: what the stream's records are judged by.
        stream: id of the stream.
    """

    def __init__(self, uri: str, plan: Plan, stream: str) -> None:
        self._store = FolderStore(open_folder(uri))
        self._plan = plan
        self._stream = stream
        self._held = ExitStack()
        self._period: ExitStack | None = None
        self._files: dict[str | None, tuple[str, ParquetPart]] = {}
        self._positions: dict[int, int] = {}
        self._layouts: dict[str | None, ParquetLayout] = {
            None: ParquetLayout(STREAM_QUARANTINE_SCHEMA)
        }
        for release in plan.releases:
            self._layouts[release.id] = released_layout(plan, release)
        self.shown = uri

    def open(self, source: str) -> dict[int, int]:
        """See `Sink`."""
        self._held.enter_context(self._store.hold(self._stream))
        self._store.recover()
        self._positions = self._read_positions(source)
        return dict(self._positions)

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """See `Sink`. What is staged here exists once the period ends."""
        done = ledger.after(judged)
        if self._period is None:
            self._period = ExitStack()
            self._period.enter_context(self._store.hold(ledger.run))
        for release, rows in judged.released.items():
            self._file(release, ledger.run).write(rows.data)
        if judged.quarantined.data.num_rows:
            self._file(None, ledger.run).write(judged.quarantined.data)
        return done

    def end_period(self, ledger: Ledger) -> None:
        """See `Sink`."""
        parts: defaultdict[str | None, list[FilePart]] = defaultdict(list)
        for output, (path, file) in self._files.items():
            parts[output].append(FilePart(path=path, rows=file.rows, sha256=file.close()))
        self._files = {}
        quarantined = parts.pop(None, [])
        released = {str(release): found for release, found in parts.items()}
        self._store.publish(ledger.receipt(released, quarantined))
        self._positions |= {key: span.next for key, span in ledger.spans.items()}
        if self._period is not None:
            self._period.close()
            self._period = None

    @property
    def durable(self) -> dict[int, int]:
        """See `Sink`."""
        return dict(self._positions)

    def close(self) -> None:
        """See `Sink`."""
        for _, file in self._files.values():
            file.abandon()
        self._files = {}
        if self._period is not None:
            self._period.close()
        self._held.close()

    def _file(self, release: str | None, run: str) -> ParquetPart:
        if release not in self._files:
            path = file_path(self._plan.policy, release, run, _PART)
            stream = self._store.create(run, path)
            self._files[release] = path, ParquetPart(stream, self._layouts[release])
        return self._files[release][1]

    def _read_positions(self, source: str) -> dict[int, int]:
        positions: dict[int, int] = {}
        for receipt in self._store.receipts(self._stream):
            if receipt.stream != self._stream:
                continue
            for partition, after in _reached(receipt, source, self.shown).items():
                positions[partition] = max(after, positions.get(partition, 0))
        return positions


def _reached(receipt: Receipt, source: str, shown: str) -> dict[int, int]:
    """By partition, where the period of `receipt` ended."""
    found = {}
    for one in receipt.inputs:
        topic, _, partition = one.uri.rpartition("/")
        if topic != source:
            raise UsageError(
                f"{shown}: stream {receipt.stream} was fed from {topic}; a stream from another "
                "source needs another --run-id"
            )
        if one.next is None or not partition.isdigit():
            raise RunError(f"{shown}: the receipt of {receipt.run} names no positions")
        found[int(partition)] = one.next
    return found
