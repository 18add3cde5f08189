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
from tamis.filter.quarantine import count_causes
from tamis.filter.tally import Cause, QuarantineCount, merge_causes
from tamis.formats.chunk import PartKey
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.stores.folder import Folder, close_durably, lock
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, layout_of
from tamis.stores.protocol import (
    MakeReceipt,
    Piece,
    Recovered,
    RunStore,
    StoredRows,
    Writer,
)
from tamis.waiting import Pauses

STAGING = "_staging"
RECEIPTS_FOLDER = "_receipts"
QUARANTINE_FOLDER = "_quarantine"

_RECOVERY_SECONDS = 0.5
"""How long a run is tried to be held, which the recovery by another run may hold for a moment."""


class FolderStore(RunStore):
    """A store in a folder.

    Args:
        folder: holds the store's files.
        limits: rows of a row group of what is written.
    """

    def __init__(self, folder: Folder, limits: Limits = USUAL) -> None:
        self.folder = folder
        self._limits = limits
        self.shown = folder.uri

    def recover(self) -> Recovered:
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
        try:
            with ExitStack() as held:
                pauses = Pauses(_RECOVERY_SECONDS, first=0.01)
                while not held.enter_context(lock(self.folder, lock_path(run))):
                    if not pauses.wait():
                        raise RunError(
                            _("{store}: run {run} is still under way", store=self.shown, run=run)
                        )
                yield
        finally:
            self._tidy()

    def resume(self, run: str) -> Receipt | None:
        receipt = self.committed(run)
        if receipt is None and self.folder.size(staged_path(run, "receipt.json")) is not None:
            self._complete(run)
            receipt = self.committed(run)
        return receipt

    def receipt_address(self, run: str) -> str:
        return f"{self.shown.rstrip('/')}/{receipt_path(run)}"

    def discard(self, run: str) -> None:
        self.folder.remove(f"{STAGING}/{run}")

    def stage(self, run: str, plan: Plan) -> None:
        pass  # folders are made together with the files in them

    def writer(self, run: str, plan: Plan, output: str | None) -> "FolderWriter":
        return FolderWriter(self.folder, run, output, layout_of(plan, output, self._limits))

    def commit(self, run: str, plan: Plan, pieces: Collection[Piece], make: MakeReceipt) -> Receipt:
        receipt = self.resume(run)
        if receipt is not None:
            return receipt
        pieces_of: defaultdict[tuple[PartKey, str | None], list[Piece]] = defaultdict(list)
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
        return bool(file.sha256) or "/" in file.path

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        top, _slash, name = file.path.rpartition("/")
        if top != _folder_of(receipt.policy, output):
            return False
        local = self.folder.local()
        if local is None:
            return name not in ("", ".", "..")
        full = os.path.join(os.path.realpath(local), file.path)
        return os.path.realpath(full) == full

    def find_rows(self, file: FilePart) -> "ParquetRows | None":
        if self.folder.size(file.path) is None:
            return None
        digest = hashlib.sha256()
        with self.folder.open(file.path) as stream:
            while data := stream.read(1 << 20):
                digest.update(data)
        if digest.hexdigest() != file.sha256:
            raise ValueError(_("digest differs"))
        return ParquetRows(self.folder.open(file.path))

    def unlisted(self, listed: Collection[str]) -> list[str]:
        paths = [
            path
            for path in self.folder.list("")
            if path.partition("/")[0] not in (RECEIPTS_FOLDER, STAGING) and path not in listed
        ]
        committing = self._committing() if paths else ()
        return [path for path in paths if path not in committing]

    def _committing(self) -> set[str]:
        """Paths of files that are being moved to their places, or were when it was interrupted."""
        paths: set[str] = set()
        for run in self._staged_runs():
            staged = staged_path(run, "receipt.json")
            with suppress(OSError, RunError):
                if self.folder.size(staged) is not None:
                    receipt = self._parse(run, self._read(staged))
                    paths.update(file.path for file in receipt.files())
        return paths

    def _staged_runs(self) -> list[str]:
        top = self.folder.local()
        if top is None:
            paths = self.folder.list(STAGING)
            return sorted({path.split("/")[1] for path in paths if path.count("/") > 1})
        try:
            names = os.listdir(top / STAGING)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted({name.removesuffix(".lock") for name in names})

    def _complete(self, run: str) -> None:
        staged = staged_path(run, "receipt.json")
        for file in self._parse(run, self._read(staged)).files():
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

    def _receipt_text(self, run: str) -> bytes | None:
        path = receipt_path(run)
        return None if self.folder.size(path) is None else self._read(path)

    def _receipt_texts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        for path in self.folder.list(RECEIPTS_FOLDER):
            run = path.removeprefix(f"{RECEIPTS_FOLDER}/").removesuffix(".json")
            if run.startswith(prefix) and path == receipt_path(run):
                yield run, self._read(path)

    def _read(self, path: str) -> bytes:
        with self.folder.open(path) as stream:
            return stream.read()

    def _join(self, run: str, plan: Plan, pieces: list[Piece]) -> Piece:
        """One file of the pieces of a part that several bundles wrote.

        It has the bytes that one bundle would have written: the same rows, in the source's order.
        """
        writer = self.writer(run, plan, pieces[0].output)
        with ExitStack() as stack:
            streams = [stack.enter_context(self.folder.open(piece.path)) for piece in pieces]
            batches = map(_batches, streams, pieces)
            for seq, batch in heapq.merge(*batches, key=itemgetter(0)):
                writer.add(batch.cast(writer.layout.schema), pieces[0].part, seq)
        (joined,) = writer.finish()
        return joined


class FolderWriter(Writer):
    """Writes a staged file for each part, as long as its batches come in their order.

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
        self.layout = layout
        self.begin()

    def begin(self) -> None:
        self._file: ParquetPart | None = None
        self._piece = Piece(self._output, PartKey(0, 0))
        self._batches: dict[int, int] = {}

    def write(
        self, batch: pa.RecordBatch, part: PartKey, seq: int, positions: pa.Int64Array
    ) -> Iterator[Piece]:
        if part != self._piece.part or seq <= max(self._batches, default=-1):
            yield from self.finish()
        self.add(batch, part, seq)

    def add(self, batch: pa.RecordBatch, part: PartKey, seq: int) -> None:
        """Write rows of the batch `seq`, which follow those written of `part`."""
        if self._file is None:
            path = staged_path(self._run, f"pieces/{uuid.uuid4().hex}")
            self._piece = Piece(self._output, part, path)
            self._file = ParquetPart(self._folder.create(path), self.layout)
        self._file.write(batch)
        self._batches[seq] = self._batches.get(seq, 0) + batch.num_rows

    def finish(self) -> Iterator[Piece]:
        if self._file is not None:
            batches = tuple(self._batches.items())
            piece = replace(self._piece, batches=batches, sha256=self._file.close())
            self.begin()
            yield piece

    def close(self) -> None:
        pass


class ParquetRows(StoredRows):
    """Rows in a Parquet file.

    Raises:
        ValueError: the file is no whole Parquet file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(stream)
            self.rows = self._file.metadata.num_rows
            self.columns = frozenset(self._file.schema_arrow.names)
        except (pa.ArrowException, OSError):
            raise ValueError(_("is no whole Parquet file")) from None

    def counts(self, column: str) -> Counter[str | None]:
        counts: Counter[str | None] = Counter()
        try:
            for batch in self._file.iter_batches(columns=[column]):
                texts = batch.column(column).cast(pa.string())
                for pair in texts.value_counts().to_pylist():
                    counts[pair["values"]] += pair["counts"]
        except (pa.ArrowException, KeyError, OSError):
            raise ValueError(_("`{column}` is missing or damaged", column=column)) from None
        return counts

    def causes(self) -> dict[Cause, QuarantineCount]:
        columns = ["source", "position", *Cause._fields]
        try:
            batches = self._file.iter_batches(columns=columns)
            return merge_causes(pair for rows in batches for pair in count_causes(rows).items())
        except (pa.ArrowException, KeyError, OSError):
            raise ValueError(_("is damaged, or has not the columns of a quarantine")) from None


def file_path(policy: str, output: str | None, run: str, part: PartKey | str) -> str:
    """Where a file of a run stands in the store; `output` None is the quarantine."""
    return f"{_folder_of(policy, output)}/{run}-{part}.parquet"


def receipt_path(run: str) -> str:
    """Where the receipt of `run` stands once it is committed."""
    return f"{RECEIPTS_FOLDER}/{run}.json"


def staged_path(run: str, path: str) -> str:
    """Where the file that will stand at `path` is while `run` is under way."""
    return f"{STAGING}/{run}/{path}"


def lock_path(run: str) -> str:
    """The lock that a run under way holds."""
    return f"{STAGING}/{run}.lock"


def _folder_of(policy: str, output: str | None) -> str:
    return f"{QUARANTINE_FOLDER}/{policy}" if output is None else f"{policy}/{output}"


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
