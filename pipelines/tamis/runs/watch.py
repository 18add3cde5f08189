"""A watched folder: each file that appears in it is read once, by batch runs one after another.

Each round lists the files that match the pattern, leaves out those that a committed receipt of the
stream names and those that have changed since the round before, and runs the rest as one batch. So
a file is committed whole or not at all, and once, wherever the stream is cut: receipts are its
memory.
"""

import datetime
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob
from stat import S_ISDIR, S_ISREG

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from tamis.address import is_local
from tamis.beam.files import input_name
from tamis.documents.calendar import today
from tamis.errors import (
    InputError,
    NirColumnError,
    RefusedError,
    RunError,
    UsageError,
    os_problem,
)
from tamis.evidence.fail_on import USUAL_GUARDS, Guards
from tamis.evidence.receipt import Receipt
from tamis.filter.drift import WITHHELD
from tamis.formats.names import names_person
from tamis.language import _, ngettext, printable
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, run
from tamis.stores.opening import open_store
from tamis.stores.remote_folder import require_answer
from tamis.stores.run_id import check_run_id
from tamis.telemetry.listener import SILENT, Listeners

MOST_FILES = 1_000
"""Number of files that a round reads at most."""

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")

_log = logging.getLogger(__name__)

CHANGING_SECONDS = 60.0
"""Time after which a file that changes from round to round is told."""

Stamp = tuple[int, float]
"""Size of a file in bytes, and when it was changed, in seconds since 1970."""

Found = dict[str, Stamp | str]
"""By path, the stamp of a file that can be read, or why it is none."""


@dataclass(frozen=True)
class WatchJob:
    """A folder that is watched, whatever the law of the day.

    Attributes:
        pattern: of the files, as `DIR/*.jsonl`.
        output: the store's folder or database; not shown, for it may hold a password.
        stream: id of the stream; its runs are `<stream>-<time>`.
        keys: reference of the keyring, or None.
        seconds: time between two rounds.
        once: whether to end when all that is there is committed.
        options: Beam's own options.
        guards: under which conditions a file is not committed, but left aside.
        inputs_by_digest: whether no file is called by its name.
    """

    pattern: str
    output: str = field(repr=False)
    stream: str
    keys: str | None = None
    seconds: float = 1.0
    once: bool = False
    options: tuple[str, ...] = ()
    guards: Guards = USUAL_GUARDS
    inputs_by_digest: bool = False


def watch(
    job: WatchJob,
    compile_plan: Callable[[], Plan],
    on_commit: Callable[[Receipt], None],
    stop: threading.Event,
    listeners: Listeners = SILENT,
) -> int:
    """Run the files that appear until `stop` is set.

    Args:
        job: the folder.
        compile_plan: gives the plan of today; called again when the law changes.
        on_commit: called with the receipt of each round.
        stop: once it is set the round under way ends, and no other begins.
        listeners: who is told of rounds, and of files that wait.

    Returns:
        Number of files that were committed.

    Raises:
        UsageError: nothing may be released any more, or an option is wrong.
        RefusedError: `once` is asked for, and files were left aside because of what is in them.
        RunError: a round failed; its files will be read again.
    """
    check_run_id(job.stream)
    plan = compile_plan()
    committed = _committed_files(job)
    if committed:
        _log.info(
            _(
                "{pattern}: {count:# file is|# files are} committed already",
                pattern=job.pattern,
                count=len(committed),
            )
        )
    before: Found = {}
    aside: Found = {}
    refused: set[str] = set()
    changing = _Changing()
    names = _Names(job.inputs_by_digest)
    count = 0
    while not stop.is_set():
        if plan.day != today():
            plan = compile_plan()
        found = _list_files(job.pattern)
        _leave_aside(found, aside)
        waiting = {
            uri: stamp
            for uri, stamp in found.items()
            if aside.get(uri) != stamp and names.of(uri, stamp) not in committed
        }
        # A file that is still being written changes from round to round.
        complete = sorted(uri for uri, stamp in waiting.items() if before.get(uri) == stamp)
        listeners.polled({0: len(waiting)})
        changing.tell(waiting.keys() - complete)
        before = waiting
        if complete:
            files = complete[:MOST_FILES]
            for receipt in _run_round(job, plan, files, aside, refused, listeners):
                committed |= {part.uri for part in receipt.inputs}
                count += len(receipt.inputs)
                on_commit(receipt)
        elif job.once and waiting.keys() <= changing.told:
            break
        else:
            stop.wait(job.seconds)
    if job.once and refused:
        raise RefusedError(
            ngettext(
                "{count} file was left aside because of what is in it; {files:# is|# are} "
                "committed",
                "{count} files were left aside because of what is in them; {files:# is|# are} "
                "committed",
                len(refused),
                files=count,
            )
        )
    return count


def _leave_aside(found: Found, aside: Found) -> None:
    """Add to `aside`, and tell, what was found and is no file that can be read and named."""
    for path, reason in found.items():
        if isinstance(reason, str) and aside.get(path) != reason:
            aside[path] = reason
            _log.warning(_("{file}: {reason}; it is left aside", file=_shown(path), reason=reason))


class _Names:
    """What files are called in receipts, looked up again when a file changes."""

    def __init__(self, by_digest: bool) -> None:
        self._by_digest = by_digest
        self._names: dict[str, tuple[Stamp | str, str]] = {}

    def of(self, uri: str, stamp: Stamp | str) -> str:
        """The name of the file at `uri`, which has this stamp."""
        if not self._by_digest and not names_person(uri):
            return uri
        before = self._names.get(uri)
        if before is None or before[0] != stamp:
            with suppress(InputError):  # it may be gone, or no file: that is told elsewhere
                before = self._names[uri] = (stamp, input_name(uri, by_digest=self._by_digest))
        return before[1] if before else uri


class _Changing:
    """Tells, once each, which files change for so long that they may never be complete.

    Attributes:
        told: those that still do.
    """

    def __init__(self) -> None:
        self.told: set[str] = set()
        self._since: dict[str, float] = {}

    def tell(self, files: Set[str]) -> None:
        """Note that these files have changed since the round before."""
        now = time.monotonic()
        self._since = {path: self._since.get(path, now) for path in files}
        long = {path for path, since in self._since.items() if now - since >= CHANGING_SECONDS}
        for path in sorted(long - self.told):
            _log.warning(
                _(
                    "{file}: it has changed for {seconds:.0f} s; it is read once it does not",
                    file=_shown(path),
                    seconds=CHANGING_SECONDS,
                )
            )
        self.told = long


def _shown(path: str) -> str:
    """A path as a terminal can show it, whatever bytes it has; no folder or file names a person."""
    text = printable(os.fsencode(path).decode("utf-8", "replace"))
    return "/".join(WITHHELD if names_person(part) else part for part in text.split("/"))


def _run_round(
    job: WatchJob,
    plan: Plan,
    files: list[str],
    aside: Found,
    refused: set[str],
    listeners: Listeners,
) -> Iterator[Receipt]:
    """Run `files` as one batch, or in halves if one of them cannot be read or is refused.

    That one is added to `aside` until it changes; all are if they show together that a column
    holds NIRs, which a part of them may be too small to show.
    """
    stamps = {uri: stamp for uri, stamp in _list_files(job.pattern).items() if uri in files}
    try:
        yield _run(job, plan, tuple(files), listeners)
    except (InputError, RefusedError) as error:
        if len(files) > 1 and not isinstance(error, NirColumnError):
            for half in (files[: len(files) // 2], files[len(files) // 2 :]):
                yield from _run_round(job, plan, half, aside, refused, listeners)
            return
        why = str(error)
        if isinstance(error, RefusedError):
            more = ", …" if len(files) > 3 else ""
            why = f"{', '.join(map(_shown, files[:3]))}{more}: {error}"
            refused.update(stamps)
        _log.warning(_("{error}; the file is left aside until it changes", error=why))
        aside |= stamps


def _run(job: WatchJob, plan: Plan, files: tuple[str, ...], listeners: Listeners) -> Receipt:
    now = datetime.datetime.now(datetime.UTC)
    name = f"{job.stream}-{now:%Y%m%dt%H%M%S}-{now.microsecond:06d}"
    receipt, _repeated = run(
        Job(
            plan,
            files,
            job.output,
            name,
            job.keys,
            job.options,
            guards=job.guards,
            inputs_by_digest=job.inputs_by_digest,
        ),
        listeners,
    )
    if receipt is None:
        raise UsageError(_("a watched folder must be read by runs on this machine"))
    return receipt


def _list_files(pattern: str) -> Found:
    """The stamp of each file that matches; unfinished and hidden ones are left out.

    What matches and is no file that can be read and named has the reason in place of a stamp.
    """
    if is_local(pattern):
        found: dict[str, Stamp | str | None] = {
            path: _stamp(path) for path in glob(pattern, recursive=True)
        }
    else:
        require_answer(pattern)
        try:
            (match,) = FileSystems.match([pattern])
        except (BeamIOError, OSError, ValueError):
            raise RunError(_("{pattern}: cannot be listed", pattern=pattern)) from None
        found = {
            file.path: (file.size_in_bytes, file.last_updated_in_seconds or 0.0)
            for file in match.metadata_list
        }
    return {
        path: stamp
        for path, stamp in found.items()
        if stamp is not None and not _is_unfinished(path.rpartition("/")[2])
    }


def _is_unfinished(name: str) -> bool:
    return name.startswith((".", "_")) or name.endswith(_UNFINISHED)


def _stamp(path: str) -> Stamp | str | None:
    """The stamp of a local file, why it is none that can be read, or None for a folder."""
    try:
        path.encode()
        stat = os.stat(path)
    except UnicodeEncodeError:
        return _("its name is no UTF-8")
    except OSError as error:
        return os_problem(error)
    if S_ISDIR(stat.st_mode):
        return None
    if not S_ISREG(stat.st_mode):
        return _("it is no regular file")
    return stat.st_size, stat.st_mtime_ns / 1e9


def _is_round(run: str, stream: str) -> bool:
    """Whether the run is a round of the stream, not of a stream whose id only begins like its."""
    return re.fullmatch(r"-[0-9]{8}t[0-9]{6}-[0-9]{6}", run.removeprefix(stream)) is not None


def _committed_files(job: WatchJob) -> set[str]:
    """The files that the stream's receipts name."""
    store = open_store(job.output)
    files: set[str] = set()
    for receipt in store.receipts(f"{job.stream}-"):
        if _is_round(receipt.run, job.stream):
            store.complete(receipt.run)  # of one that was withdrawn nothing is put there again
            files |= {file.uri for file in receipt.inputs}
    return files
