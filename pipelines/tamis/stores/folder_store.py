"""A folder as store: Parquet files, staged first, and the receipt's file as commit.

    DIR/<policy>/<release id>/<run>-<part>.parquet     released records
    DIR/_quarantine/<policy>/<run>-<part>.parquet      why records were quarantined, no values
    DIR/_receipts/<run>.json                           the receipt: what it lists exists
    DIR/_staging/<run>/…                               a run under way, or what is left of one

Files are staged; then the receipt is staged too; then the files are renamed, and last the receipt.
With a staged receipt a run can be completed, without it can only be removed.
A rename of many files is not atomic: a file that no receipt in its place lists does not exist.
"""

import hashlib
import heapq
import os
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from operator import itemgetter
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.errors import RunError
from tamis.evidence.receipt import FilePart, Receipt
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.stores.folder import Folder, close_durably, lock
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, layout_of
from tamis.stores.protocol import MakeReceipt, Piece, Recovered

STAGING = "_staging"
RECEIPTS = "_receipts"
QUARANTINE = "_quarantine"


class FolderStore:
    """See `Store`.

    Args:
        folder: holds the store's files.
        limits: rows of a row group of what is written.
    """

    def __init__(self, folder: Folder, limits: Limits = USUAL) -> None:
        self.folder = folder
        self._limits = limits
        self.shown = folder.uri

    def recover(self) -> Recovered:
        """See `Store`."""
        completed: list[str] = []
        removed: list[str] = []
        for run in self._staged_runs():
            with lock(self.folder, lock_path(run)) as held:
                if not held:
                    continue
                if self.folder.size(staged_path(run, "receipt.json")) is not None:
                    self._complete(run)
                    completed.append(run)
                    continue
                is_committed = self.folder.size(receipt_path(run)) is not None
                (completed if is_committed else removed).append(run)
                self.discard(run)
        self._tidy()
        return Recovered(tuple(completed), tuple(removed))

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        """See `Store`."""
        try:
            with lock(self.folder, lock_path(run)) as held:
                if not held:
                    raise RunError(
                        _("{store}: run {run} is still under way", store=self.shown, run=run)
                    )
                yield
        finally:
            self._tidy()

    def committed(self, run: str) -> Receipt | None:
        """See `Store`."""
        path = receipt_path(run)
        return None if self.folder.size(path) is None else self._read_receipt(path)

    def resume(self, run: str) -> Receipt | None:
        """See `Store`."""
        receipt = self.committed(run)
        if receipt is None and self.folder.size(staged_path(run, "receipt.json")) is not None:
            self._complete(run)
            receipt = self.committed(run)
        return receipt

    def receipts(self, prefix: str = "", unreadable: list[str] | None = None) -> Iterator[Receipt]:
        """See `Store`."""
        for path in self.folder.list(RECEIPTS):
            run = path.removeprefix(f"{RECEIPTS}/").removesuffix(".json")
            if not run.startswith(prefix) or path != receipt_path(run):
                continue
            try:
                receipt = self._read_receipt(path)
            except RunError:
                if unreadable is None:
                    raise
                unreadable.append(run)
                continue
            if receipt.run == run:
                yield receipt
            elif unreadable is not None:
                unreadable.append(run)

    def receipt_address(self, run: str) -> str:
        """See `Store`."""
        return f"{self.shown.rstrip('/')}/{receipt_path(run)}"

    def discard(self, run: str) -> None:
        """See `Store`."""
        self.folder.remove(f"{STAGING}/{run}")

    def stage(self, run: str, plan: Plan) -> None:
        """See `Store`. Folders are made together with the files in them."""

    def writer(self, run: str, plan: Plan, output: str | None) -> "FolderWriter":
        """See `Store`."""
        return FolderWriter(self.folder, run, output, layout_of(plan, output, self._limits))

    def commit(self, run: str, plan: Plan, pieces: Collection[Piece], make: MakeReceipt) -> Receipt:
        """See `Store`. Each part of an output becomes one file, however many pieces it has."""
        receipt = self.resume(run)
        if receipt is not None:
            return receipt
        pieces_of: defaultdict[tuple[str, str | None], list[Piece]] = defaultdict(list)
        for piece in pieces:
            pieces_of[piece.part, piece.output].append(piece)
        files: defaultdict[str | None, list[FilePart]] = defaultdict(list)
        for (part, output), parts in sorted(pieces_of.items(), key=lambda item: item[0][0]):
            path = file_path(plan.policy, output, run, part)
            piece = parts[0] if len(parts) == 1 else self._join(run, plan, parts)
            staged = staged_path(run, path)
            # An attempt that died here may have moved it before.
            if self.folder.size(piece.path) is not None or self.folder.size(staged) is None:
                self.folder.move(piece.path, staged)
            files[output].append(FilePart(path=path, rows=piece.rows, sha256=piece.sha256))
        receipt = make(dict(files))
        self.publish(receipt)
        return receipt

    def create(self, run: str, path: str) -> BinaryIO:
        """A staged file, opened for writing, which will stand at `path` once it is published."""
        return self.folder.create(staged_path(run, path))

    def publish(self, receipt: Receipt) -> None:
        """Make the staged files of a run exist: stage its receipt, rename all, the receipt last.

        Interrupted after the receipt is staged, `resume` or `recover` completes it.
        """
        staged = staged_path(receipt.run, "receipt.json")
        draft = staged + ".draft"
        stream = self.folder.create(draft)
        stream.write(receipt.to_json().encode())
        close_durably(stream)
        self.folder.move(draft, staged)
        self._complete(receipt.run)

    def keeps(self, file: FilePart) -> bool:
        """See `Store`. A table has no digest, and no slash in its name."""
        return bool(file.sha256) or "/" in file.path

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        """See `Store`. A path that leads out of its folder, or through a link, is not in place."""
        top, _slash, name = file.path.rpartition("/")
        if top != _folder_of(receipt.policy, output):
            return False
        local = self.folder.local()
        if local is None:
            return name not in ("", ".", "..")
        full = os.path.join(os.path.realpath(local), file.path)
        return os.path.realpath(full) == full

    def exists(self, path: str) -> bool:
        """See `Store`."""
        return self.folder.size(path) is not None

    def open_rows(self, path: str) -> "ParquetRows":
        """See `Store`."""
        return ParquetRows(self.folder.open(path))

    def sha256(self, path: str) -> str:
        """See `Store`."""
        digest = hashlib.sha256()
        with self.folder.open(path) as stream:
            while data := stream.read(1 << 20):
                digest.update(data)
        return digest.hexdigest()

    def unlisted(self, listed: Collection[str]) -> list[str]:
        """See `Store`."""
        return [
            path
            for path in self.folder.list("")
            if path.partition("/")[0] not in (RECEIPTS, STAGING) and path not in listed
        ]

    def _staged_runs(self) -> list[str]:
        top = self.folder.local()
        if top is None:
            paths = self.folder.list(STAGING)
            return sorted({path.split("/")[1] for path in paths if path.count("/") > 1})
        staging = top / STAGING
        paths_in_staging = staging.iterdir() if staging.is_dir() else ()
        return sorted({path.name.removesuffix(".lock") for path in paths_in_staging})

    def _complete(self, run: str) -> None:
        staged = staged_path(run, "receipt.json")
        for file in self._read_receipt(staged).files():
            if self.folder.size(staged_path(run, file.path)) is not None:
                self.folder.move(staged_path(run, file.path), file.path)
            elif self.folder.size(file.path) is None:
                raise RunError(
                    _(
                        "{store}: run {run} cannot be completed, {path} is lost",
                        store=self.shown,
                        run=run,
                        path=file.path,
                    )
                )
        self.folder.move(staged, receipt_path(run))
        self.discard(run)
        self._tidy()

    def _tidy(self) -> None:
        """Remove the staging folder once nothing is staged, and the store if it is empty then."""
        top = self.folder.local()
        if top is not None:
            with suppress(OSError):
                (top / STAGING).rmdir()
                top.rmdir()

    def _read_receipt(self, path: str) -> Receipt:
        with self.folder.open(path) as stream:
            text = stream.read()
        try:
            return Receipt.model_validate_json(text)
        except ValueError:
            raise RunError(
                _("{store}: {path} is no receipt", store=self.shown, path=path)
            ) from None

    def _join(self, run: str, plan: Plan, pieces: list[Piece]) -> Piece:
        """One file of the pieces of a part that several bundles wrote.

        It has the bytes that one bundle would have written: the same rows, in the source's order.
        """
        layout = layout_of(plan, pieces[0].output, self._limits)
        writer = _PieceWriter(self.folder, run, pieces[0], layout)
        with ExitStack() as stack:
            streams = [stack.enter_context(self.folder.open(piece.path)) for piece in pieces]
            batches = map(_batches, streams, pieces)
            for seq, batch in heapq.merge(*batches, key=itemgetter(0)):
                writer.write(batch.cast(layout.schema), seq)
        return writer.close()


class FolderWriter:
    """See `Writer`: one staged file for each part, as long as its batches come in their order.

    Args:
        folder: of the store.
        run: id of the run.
        output: release id, or None for quarantine.
        layout: of the output's files.
    """

    def __init__(self, folder: Folder, run: str, output: str | None, layout: ParquetLayout) -> None:
        self._folder = folder
        self._run = run
        self._output = output
        self._layout = layout
        self._file: _PieceWriter | None = None

    def begin(self) -> None:
        """See `Writer`."""
        self._file = None

    def write(
        self, batch: pa.RecordBatch, part: str, seq: int, positions: pa.Int64Array
    ) -> Iterator[Piece]:
        """See `Writer`."""
        if self._file is not None and not self._file.continues(part, seq):
            yield from self.finish()
        if self._file is None:
            like = Piece(self._output, part)
            self._file = _PieceWriter(self._folder, self._run, like, self._layout)
        self._file.write(batch, seq)

    def finish(self) -> Iterator[Piece]:
        """See `Writer`."""
        if self._file is not None:
            file, self._file = self._file, None
            yield file.close()

    def close(self) -> None:
        """See `Writer`."""


class _PieceWriter:
    """Writes the batches of one part to one staged file, and digests it on the way."""

    def __init__(self, folder: Folder, run: str, like: Piece, layout: ParquetLayout) -> None:
        path = staged_path(run, f"pieces/{uuid.uuid4().hex}")
        self._piece = replace(like, path=path)
        self._file = ParquetPart(folder.create(path), layout)
        self._batches: dict[int, int] = {}
        self._last = -1

    def continues(self, part: str, seq: int) -> bool:
        """Whether the batch `seq` of `part` may follow what was written."""
        return part == self._piece.part and seq > self._last

    def write(self, batch: pa.RecordBatch, seq: int) -> None:
        """Add rows of the batch `seq`."""
        self._file.write(batch)
        self._batches[seq] = self._batches.get(seq, 0) + batch.num_rows
        self._last = seq

    def close(self) -> Piece:
        """Close the file for good, and tell what it is."""
        sha256 = self._file.close()
        return replace(self._piece, batches=tuple(self._batches.items()), sha256=sha256)


class ParquetRows:
    """See `StoredRows`.

    Raises:
        ValueError: the file is no whole Parquet file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(stream)
        except (pa.ArrowException, OSError):
            raise ValueError("no Parquet file") from None
        self.rows = self._file.metadata.num_rows
        self.columns = frozenset(self._file.schema_arrow.names)

    def counts(self, column: str) -> Counter[str | None]:
        """See `StoredRows`.

        Raises:
            ValueError: the column is missing or damaged.
        """
        counts: Counter[str | None] = Counter()
        try:
            for batch in self._file.iter_batches(columns=[column]):
                texts = batch.column(column).cast(pa.string())
                for pair in texts.value_counts().to_pylist():
                    counts[pair["values"]] += pair["counts"]
        except (pa.ArrowException, KeyError, OSError):
            raise ValueError("no whole column") from None
        return counts


def file_path(policy: str, output: str | None, run: str, part: str) -> str:
    """Where a file of a run stands in the store; `output` None is the quarantine."""
    return f"{_folder_of(policy, output)}/{run}-{part}.parquet"


def receipt_path(run: str) -> str:
    """Where the receipt of `run` stands once it is committed."""
    return f"{RECEIPTS}/{run}.json"


def staged_path(run: str, path: str) -> str:
    """Where the file that will stand at `path` is while `run` is under way."""
    return f"{STAGING}/{run}/{path}"


def lock_path(run: str) -> str:
    """The lock that a run under way holds."""
    return f"{STAGING}/{run}.lock"


def _folder_of(policy: str, output: str | None) -> str:
    return f"{QUARANTINE}/{policy}" if output is None else f"{policy}/{output}"


def _batches(stream: BinaryIO, piece: Piece) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batches that a piece was written from, each with its number in the part."""
    batches = pq.ParquetFile(stream).iter_batches(use_threads=False)
    rest = next(batches, None)
    for seq, rows in piece.batches:
        while rest is not None and rows:
            first = rest.slice(0, rows)
            yield seq, first
            rows -= first.num_rows
            if first.num_rows < rest.num_rows:
                rest = rest.slice(first.num_rows)
            else:
                rest = next(batches, None)
