"""A folder as store: Parquet files, staged first, and the receipt's file as commit.

Where everything stands is said in `tamis.stores.folder_layout`.
Files are staged; then the receipt is staged, and published where no receipt of the run stands: that
is the commit. Then the files are placed, and the attempt is removed. Placing many files is not
atomic: a file that no receipt lists does not exist, and one that a receipt lists and that is not in
its place yet is found by its digest among what the same attempt staged.

What is removed of a run is decided in the same way: a removal is staged, and published where there
is none; then files go. So whoever comes upon a file that a removal names removes it, and nobody
puts it in its place.
"""

import datetime
import hashlib
import heapq
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from operator import itemgetter
from typing import BinaryIO

from tamis.errors import RunError, os_problem
from tamis.evidence.receipt import FilePart, Receipt
from tamis.evidence.removal import remaining
from tamis.formats.chunk import PartKey
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.stores.folder import Folder, close_durably
from tamis.stores.folder_layout import file_path, is_own, is_path_of, receipt_path
from tamis.stores.parquet_files import STAGING, FolderWriter, ParquetRows, batches_of, folder_of
from tamis.stores.parquet_part import layout_of
from tamis.stores.protocol import OLDER_THAN, Attempt, MakeReceipt, Piece, Recovered
from tamis.stores.receipt_files import FolderReceipts
from tamis.stores.removal_files import clear, clear_all, remove_files
from tamis.stores.rewrite import paths_in_place, rewrite_files
from tamis.stores.run_id import is_run_id
from tamis.waiting import Pauses

_HELD_SECONDS = 0.5
"""How long a name is tried to be held, which a recovery may hold for a moment."""


class FolderStore(FolderReceipts):
    """A store in a folder.

    Args:
        folder: holds the store's files.
        limits: rows of a row group of what is written.
    """

    def __init__(self, folder: Folder, limits: Limits = USUAL) -> None:
        self.folder = folder
        self.limits = limits
        self.shown = folder.uri

    def recover(self, older_than: datetime.timedelta = OLDER_THAN) -> Recovered:
        recovered = self.recover_runs(self.staged_runs(), older_than)
        return replace(recovered, cleared=clear_all(self))

    def staged_runs(self) -> list[str]:
        """Ids of runs that have something staged, and what else stands there."""
        return self.folder.children(STAGING)

    def staged_attempts(self, older_than: datetime.timedelta) -> list[tuple[Attempt, bool]]:
        until = time.time() - older_than.total_seconds()
        runs = [run for run in self.staged_runs() if not run.endswith(".lock")]
        attempts = [(other, self._newest(other)) for run in runs for other in self.attempts(run)]
        return [(other, newest <= until) for other, newest in attempts if newest is not None]

    def recover_runs(self, runs: Iterable[str], older_than: datetime.timedelta) -> Recovered:
        """Recover no other runs than these. See `recover`."""
        until = time.time() - older_than.total_seconds()
        completed: list[str] = []
        removed: list[Attempt] = []
        left: list[Attempt] = []
        problems: list[str] = []
        for run in runs:
            try:
                if run.endswith(".lock"):
                    with self.folder.lock(f"{STAGING}/{run}"):
                        continue  # which removes it, if nobody has it
                if self._complete(run)[1]:
                    completed.append(run)
                for attempt in self.attempts(run):
                    newest = self._newest(attempt)
                    if newest is None:
                        continue  # its own process has removed it
                    if newest > until:
                        left.append(attempt)
                    elif self._discard(attempt):
                        completed.append(run)
                    else:
                        removed.append(attempt)
                self.folder.tidy(f"{STAGING}/{run}")
            except RunError as error:
                problems.append(str(error))
            except OSError as error:
                problems.append(f"{STAGING}/{run}: {os_problem(error)}")
        self.folder.tidy(STAGING)
        self.folder.tidy("")
        return Recovered(tuple(completed), tuple(removed), tuple(left), tuple(problems))

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold `name` while the block runs, on this machine; buckets know no locks.

        Raises:
            RunError: another process holds it, or the store cannot be written to.
        """
        try:
            with ExitStack() as held:
                pauses = Pauses(_HELD_SECONDS, first=0.01)
                while not held.enter_context(self.folder.lock(f"{STAGING}/{name}.lock")):
                    if not pauses.wait():
                        raise RunError(
                            _("{store}: run {run} is still under way", store=self.shown, run=name)
                        )
                yield
        finally:
            self.folder.tidy(STAGING)
            self.folder.tidy("")

    def complete(self, run: str) -> Receipt | None:
        return self._complete(run)[0]

    def discard(self, attempt: Attempt) -> None:
        self._discard(attempt)

    def stage(self, attempt: Attempt, plan: Plan) -> None:
        self.folder.make(folder_of(attempt))

    def writer(self, attempt: Attempt, plan: Plan, output: str | None) -> "FolderWriter":
        return FolderWriter(self.folder, attempt, output, layout_of(plan, output, self.limits))

    def commit(
        self, attempt: Attempt, plan: Plan, pieces: Collection[Piece], make: MakeReceipt
    ) -> Receipt:
        run = attempt.run
        if self._receipt_text(run) is None:
            pieces_of: defaultdict[tuple[PartKey, str | None], list[Piece]] = defaultdict(list)
            for piece in pieces:
                pieces_of[piece.part, piece.output].append(piece)
            files: defaultdict[str | None, list[FilePart]] = defaultdict(list)
            sources: dict[str, str] = {}
            for (part, output), parts in sorted(pieces_of.items(), key=lambda item: item[0][0]):
                path = file_path(plan.policy, output, run, part)
                piece = parts[0] if len(parts) == 1 else self._join(attempt, plan, parts)
                files[output].append(FilePart(path=path, rows=piece.rows, sha256=piece.sha256))
                sources[path] = piece.path
            return self.publish(attempt, make(dict(files)), sources)
        receipt = self.complete(run)
        assert receipt is not None
        self.discard(attempt)
        return receipt

    def create(self, attempt: Attempt) -> tuple[str, BinaryIO]:
        """A new staged file: its path, and itself opened for writing."""
        path = f"{folder_of(attempt)}/{uuid.uuid4().hex}.parquet"
        return path, self.folder.create(path)

    def publish(self, attempt: Attempt, receipt: Receipt, sources: Mapping[str, str]) -> Receipt:
        """Commit a run, unless it is committed already, and put its files in their places.

        Args:
            attempt: at the run.
            receipt: its receipt.
            sources: by path of each file of the receipt, where it is staged.

        Returns:
            The receipt of the run, this one or the one that was there.

        Raises:
            RunError: it is committed, but a file could not be put in its place.
        """
        staged = f"{folder_of(attempt)}/{uuid.uuid4().hex}.json"
        stream = self.folder.create(staged)
        stream.write(receipt.to_json().encode())
        close_durably(stream)
        there = {*self.folder.files(folder_of(attempt))}
        for file in receipt.files():
            # A recovery may have taken the attempt for one that was given up.
            if sources.get(file.path) not in {*there, None}:
                raise self.error(receipt, file, _("is lost"))
        try:
            is_published = self.folder.publish(staged, receipt_path(receipt.run))
        except FileNotFoundError:
            raise RunError(
                _(
                    "{store}: what attempt {attempt} staged was removed meanwhile, by a recovery "
                    "that took it for given up, or by hand; it commits nothing",
                    store=self.shown,
                    attempt=str(attempt),
                )
            ) from None
        if not is_published:
            committed = self.complete(receipt.run)
            assert committed is not None
            receipt = committed
        else:
            self._finish(receipt, lambda: sources)
        self.remove_attempt(attempt)
        return receipt

    remove = remove_files

    supersede = rewrite_files

    def keeps(self, file: FilePart) -> bool:
        return bool(file.sha256) or "/" in file.path

    def is_in_place(self, file: FilePart, receipt: Receipt, output: str | None) -> bool:
        return is_path_of(file.path, receipt.policy, output, receipt.run)

    def find_rows(self, file: FilePart) -> "ParquetRows | None":
        try:
            if self.folder.size(file.path) is None:
                return None
            if self.digest(file.path) != file.sha256:
                raise ValueError(_("digest differs"))
            return ParquetRows(self.folder.open(file.path))
        except RunError:
            raise ValueError(_("a link stands in its path, which is not followed")) from None

    def is_staged(self, file: FilePart, run: str) -> bool:
        paths = [path for attempt in self.attempts(run) for path in self._files_of(attempt)]
        return any(self.digest(path) == file.sha256 for path in paths)

    def unlisted(self, listed: Collection[str]) -> list[str]:
        return [path for path in self.folder.files("") if path not in listed and not is_own(path)]

    def _discard(self, attempt: Attempt) -> bool:
        """Remove what an attempt staged; whether it was committed just before, and completed."""
        # Its receipts first: it cannot be committed any more when its rows go.
        texts = []
        for path in self._files_of(attempt):
            if path.endswith(".json"):
                with suppress(FileNotFoundError):
                    texts.append(self._read(path))
                self.folder.remove(path)
        text = self._receipt_text(attempt.run) if texts else None
        is_committed = text is not None and text in texts
        if text is not None and is_committed:
            receipt = self._parse(attempt.run, text)
            self._finish(receipt, lambda: self._find(receipt, attempt))
        self.remove_attempt(attempt)
        return is_committed

    def _complete(self, run: str) -> tuple[Receipt | None, bool]:
        """The receipt of a run if it is committed, and whether something had to be completed."""
        text = self._receipt_text(run)
        if text is None:
            text = self._commit_old(run)
            if text is None:
                return None, False
        receipt = self._parse(run, text)
        if receipt.run != run:
            raise RunError(
                _("{address}: is the receipt of another run", address=self.receipt_address(run))
            )
        for attempt in self.attempts(run):
            if not self._has_staged(attempt, text):
                continue  # another one, which did not come to the commit

            def find(attempt: Attempt = attempt) -> dict[str, str]:
                return self._find(receipt, attempt)

            self._finish(receipt, find)
            self.remove_attempt(attempt)
            return receipt, True
        return receipt, False

    def _commit_old(self, run: str) -> bytes | None:
        """Commit a run whose receipt was staged by a version before 0.3, which moved it last."""
        staged = f"{STAGING}/{run}/receipt.json"
        if not is_run_id(run) or self.folder.size(staged) is None:
            return None
        text = self._read(staged)
        receipt = self._parse(run, text)
        if self._missing(receipt):
            self._find(receipt, Attempt(run, ""))  # all is there, or it is not committed
        self.folder.publish(staged, receipt_path(run))
        return self._receipt_text(run)

    def _finish(self, receipt: Receipt, find: Callable[[], Mapping[str, str]]) -> None:
        """Put the files of a committed receipt in their places; remove those that it supersedes.

        And those that were removed of it, maybe while they were put there.
        """
        if "withdrawn" not in self.removals_of(receipt):
            self._place(receipt, find)
        clear(self, receipt)
        for run in receipt.supersedes or ():
            old = self.committed(run)
            for path in paths_in_place(self, old) if old is not None else ():
                self.folder.remove(path)

    def _place(self, receipt: Receipt, find: Callable[[], Mapping[str, str]]) -> None:
        """Put the files of a committed receipt in their places.

        Whoever else does it meanwhile may have removed what was staged: then they are there.
        """
        problem = _("is lost")
        try:
            if sources := find():
                self.folder.place(sources)
            return
        except RunError as error:
            lost = error
        except OSError as error:
            problem = _("is not in its place yet: {reason}", reason=os_problem(error))
            lost = None
        if missing := self._missing(receipt):
            raise lost or self.error(receipt, missing[0], problem)

    def _find(self, receipt: Receipt, attempt: Attempt) -> dict[str, str]:
        """By path, where an attempt staged the files of a receipt that are not in their places."""
        missing = self._missing(receipt)
        staged: dict[str, str] = {}
        if missing:
            for path in self._files_of(attempt):
                if path.endswith(".parquet") and (digest := self.digest(path)):
                    staged[digest] = path
        for file in missing:
            if file.sha256 not in staged:
                raise self.error(receipt, file, _("is lost"))
        return {file.path: staged[file.sha256] for file in missing}

    def _missing(self, receipt: Receipt) -> list[FilePart]:
        """The files of a receipt that are not in their places, with the digests that they have."""
        missing = []
        for output, files in remaining(receipt, self.removals_of(receipt)):
            for file in files:
                if not self.is_in_place(file, receipt, output):
                    raise self.error(receipt, file, _("does not stand where it should"))
                if self.digest(file.path) != file.sha256:
                    missing.append(file)
        return missing

    def digest(self, path: str) -> str | None:
        """The digest of a file in hexadecimal, or None if there is none."""
        if self.folder.size(path) is None:
            return None
        with suppress(FileNotFoundError), self.folder.open(path) as stream:
            digest = hashlib.sha256()
            while data := stream.read(1 << 20):
                digest.update(data)
            return digest.hexdigest()
        return None

    def error(self, receipt: Receipt, file: FilePart, problem: str) -> RunError:
        """What is wrong with a file of a run."""
        return RunError(
            _(
                "{store}: run {run}: {path} {problem}",
                store=self.shown,
                run=receipt.run,
                path=file.path,
                problem=problem,
            )
        )

    def attempts(self, run: str) -> list[Attempt]:
        """Attempts at a run that have something staged, that of an older version last."""
        names = self.folder.children(f"{STAGING}/{run}")
        attempts = [Attempt(run, name) for name in names if Attempt.is_id(name)]
        if len(attempts) < len(names) or self.folder.size(f"{STAGING}/{run}") is not None:
            attempts.append(Attempt(run, ""))
        return attempts

    def remove_attempt(self, attempt: Attempt) -> None:
        """Remove what an attempt staged, committed or not."""
        for path in self._paths(attempt):
            self.folder.remove(path)
        for path in (f"{STAGING}/{attempt.run}", STAGING, ""):
            self.folder.tidy(path)

    def _paths(self, attempt: Attempt) -> list[str]:
        """What belongs to an attempt: its folder, or all of the run's that is no attempt's."""
        if attempt.id:
            return [folder_of(attempt)]
        run = f"{STAGING}/{attempt.run}"
        names = self.folder.children(run)
        return [f"{run}/{name}" for name in names if not Attempt.is_id(name)] or [run]

    def _files_of(self, attempt: Attempt) -> list[str]:
        return [path for top in self._paths(attempt) for path in self.folder.files(top)]

    def _has_staged(self, attempt: Attempt, text: bytes) -> bool:
        """Whether an attempt staged this receipt; each time its last step is done it stages one."""
        top = folder_of(attempt)
        names = [name for name in self.folder.children(top) if name.endswith(".json")]
        with suppress(OSError):  # another process may remove the attempt
            return any(self._read(f"{top}/{name}") == text for name in names)
        return False

    def _newest(self, attempt: Attempt) -> float | None:
        times = [self.folder.newest(path) for path in self._paths(attempt)]
        return max((time for time in times if time is not None), default=None)

    def _join(self, attempt: Attempt, plan: Plan, pieces: list[Piece]) -> Piece:
        """One file of the pieces of a part that several bundles wrote.

        It has the bytes that one bundle would have written: the same rows, in the same order.
        """
        writer = self.writer(attempt, plan, pieces[0].output)
        batches = [batches_of(self.folder, piece, writer.layout) for piece in pieces]
        for seq, batch in heapq.merge(*batches, key=itemgetter(0)):
            writer.add(batch, pieces[0].part, seq)
        (joined,) = writer.finish()
        return joined
