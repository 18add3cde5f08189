"""A Parquet store as sink: a period is a run of the store, and its receipt the commit.

While a period lasts its files are staged, and nobody sees them. When it ends they are made to exist
(`tamis.stores.commit`), with the positions that they reach in the receipt. What was staged when
a process is killed is removed, and the messages are read again.
"""

from collections import defaultdict
from contextlib import ExitStack, suppress
from typing import BinaryIO

import pyarrow as pa

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.filter.minimize import released_schema
from tamis.formats.parquet_encode import Encoder
from tamis.formats.parquet_splice import SpliceWriter
from tamis.plan.plan import Plan
from tamis.stores.commit import (
    QUARANTINE,
    RECEIPTS,
    commit,
    committed,
    lock_path,
    recover,
    staged_path,
)
from tamis.stores.folder import HashingSink, close_durably, hold, open_folder
from tamis.streams.judge import QUARANTINED, Judged
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
        self._folder = open_folder(uri)
        self._plan = plan
        self._stream = stream
        self._held = ExitStack()
        self._period: ExitStack | None = None
        self._files: dict[str | None, StagedFile] = {}
        self._positions: dict[int, int] = {}
        self._schemas = {one.id: released_schema(plan, one) for one in plan.releases}
        self.shown = uri

    def open(self, source: str) -> dict[int, int]:
        """See `Sink`."""
        self._held.enter_context(hold(self._folder, lock_path(self._stream)))
        recover(self._folder)
        self._positions = self._read_positions(source)
        return dict(self._positions)

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        """See `Sink`. What is staged here exists once the period ends."""
        done = ledger.after(judged)
        if self._period is None:
            self._period = ExitStack()
            self._period.enter_context(hold(self._folder, lock_path(ledger.run)))
        for release, rows in judged.released.items():
            self._file(release, self._schemas[release], ledger.run).write(rows.data)
        if judged.quarantined.data.num_rows:
            self._file(None, QUARANTINED, ledger.run).write(judged.quarantined.data)
        return done

    def end_period(self, ledger: Ledger) -> None:
        """See `Sink`."""
        parts: defaultdict[str | None, list[FilePart]] = defaultdict(list)
        for output, file in self._files.items():
            parts[output].append(file.close())
        self._files = {}
        quarantined = parts.pop(None, [])
        released = {str(release): found for release, found in parts.items()}
        commit(self._folder, ledger.receipt(released, quarantined))
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
        for file in self._files.values():
            file.abandon()
        self._files = {}
        if self._period is not None:
            self._period.close()
        self._held.close()

    def _file(self, release: str | None, schema: pa.Schema, run: str) -> "StagedFile":
        if release not in self._files:
            folder = f"{QUARANTINE}/{self._plan.policy}"
            if release is not None:
                folder = f"{self._plan.policy}/{release}"
            path = f"{folder}/{run}-{_PART}.parquet"
            stream = self._folder.create(staged_path(run, path))
            self._files[release] = StagedFile(path, stream, schema)
        return self._files[release]

    def _read_positions(self, source: str) -> dict[int, int]:
        positions: dict[int, int] = {}
        for path in self._folder.list(RECEIPTS):
            name = path.rpartition("/")[2].removesuffix(".json")
            if not name.startswith(self._stream):
                continue
            receipt = committed(self._folder, name)
            if receipt is None or receipt.stream != self._stream:
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


class StagedFile:
    """A staged file of one period; small gatherings are held until they make a row group."""

    ROWS = 131_072

    def __init__(self, path: str, stream: BinaryIO, schema: pa.Schema) -> None:
        self._path = path
        self._stream = HashingSink(stream)
        self._schema = schema
        self._encoder = Encoder(schema)
        self._writer = SpliceWriter(self._stream, schema)
        self._held: list[pa.RecordBatch] = []
        self._rows = self._waiting = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._waiting += batch.num_rows
        self._rows += batch.num_rows
        if self._waiting >= self.ROWS:
            self._flush()

    def close(self) -> FilePart:
        self._flush()
        self._writer.close()
        close_durably(self._stream.stream)
        return FilePart(path=self._path, rows=self._rows, sha256=self._stream.sha256.hexdigest())

    def abandon(self) -> None:
        # A writer that is let go open complains to stderr, whatever is left of its file.
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._stream.stream.close()

    def _flush(self) -> None:
        if self._held:
            table = pa.Table.from_batches(self._held, self._schema)
            self._writer.write(self._encoder.encode(table, {}))
        self._held, self._waiting = [], 0
