"""A Parquet store as sink: each period is a run of the store, committed by its receipt.

While a period lasts its files are staged, and nobody sees them. When it ends they are published
(`FolderStore.publish`), with the positions that they reach in the receipt. If the process is killed
before, the next one removes what was staged, and reads the messages again.
"""

from collections import defaultdict
from contextlib import ExitStack

from tamis.evidence.receipt import FilePart
from tamis.filter.quarantine import STREAM_QUARANTINE_SCHEMA
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.stores.folder import open_folder
from tamis.stores.folder_store import FolderStore, file_path
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout
from tamis.streams.judge import Judged, is_ordered
from tamis.streams.ledger import Ledger
from tamis.streams.sink import Sink

_PART = "00000"


class FolderSink(Sink):
    """See `Sink`.

    Args:
        uri: of the folder.
        plan: what the stream's records are judged by.
        stream: id of the stream.
    """

    def __init__(self, uri: str, plan: Plan, stream: str) -> None:
        super().__init__(uri, stream)
        self._store = FolderStore(open_folder(uri))
        self._plan = plan
        self._held = ExitStack()
        self._period: ExitStack | None = None
        self._files: dict[str | None, tuple[str, ParquetPart]] = {}
        self._layouts: dict[str | None, ParquetLayout] = {
            None: ParquetLayout(STREAM_QUARANTINE_SCHEMA)
        }
        for release in plan.releases:
            self._layouts[release.id] = released_layout(plan, release)

    def _open(self) -> dict[int, int]:
        self._held.enter_context(self._store.hold(self._stream))
        self._store.recover()
        return self._read_positions() if is_ordered(self._source) else {}

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

    def _read_positions(self) -> dict[int, int]:
        positions: dict[int, int] = {}
        for receipt in self._store.receipts(self._stream):
            for part in receipt.inputs if receipt.stream == self._stream else ():
                topic, _slash, partition = part.uri.rpartition("/")
                self._check_source(topic)
                if part.next is None or not partition.isdigit():
                    raise self._error(_("the receipt of {run} has no positions", run=receipt.run))
                positions[int(partition)] = max(part.next, positions.get(int(partition), 0))
        return positions
