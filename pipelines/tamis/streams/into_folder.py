"""A Parquet store as sink: each period is a run of the store, committed by its receipt.

While a period lasts its files are staged, and nobody sees them. When it ends they are published
(`FolderStore.publish`), with the positions that they reach in the receipt. If the process is killed
before, the next one removes what was staged, and reads the messages again.
"""

from collections import defaultdict
from contextlib import ExitStack

from tamis.errors import RunError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore, file_path
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout
from tamis.streams.judge import Judged, is_ordered
from tamis.streams.ledger import Ledger
from tamis.streams.sink import other_source

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
        """See `Sink`. The rows are staged; they are committed when the period ends."""
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
        released = {str(release): files for release, files in parts.items()}
        self._store.publish(ledger.receipt(released, quarantined))
        self._positions |= ledger.ends
        if self._period is not None:
            self._period.close()
            self._period = None

    @property
    def durable(self) -> dict[int, int]:
        """See `Sink`."""
        return dict(self._positions)

    def close(self) -> None:
        """See `Sink`."""
        for _path, file in self._files.values():
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
        if not is_ordered(source):
            return {}
        positions: dict[int, int] = {}
        for receipt in self._store.receipts(self._stream):
            if receipt.stream != self._stream:
                continue
            for partition, end in _ends(receipt, source, self.shown).items():
                positions[partition] = max(end, positions.get(partition, 0))
        return positions


def _ends(receipt: Receipt, source: str, shown: str) -> dict[int, int]:
    """By partition, the next offset to read after the period of `receipt`."""
    ends = {}
    for part in receipt.inputs:
        topic, _slash, partition = part.uri.rpartition("/")
        if topic != source:
            raise other_source(shown, receipt.stream or "", topic)
        if part.next is None or not partition.isdigit():
            raise RunError(
                _(
                    "{address}: the receipt of {run} has no positions",
                    address=shown,
                    run=receipt.run,
                )
            )
        ends[int(partition)] = part.next
    return ends
