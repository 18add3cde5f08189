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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from tamis.address import is_local
from tamis.documents.calendar import today
from tamis.errors import InputError, RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, run
from tamis.stores.opening import open_store
from tamis.stores.protocol import check_run_id

MOST_FILES = 1_000
"""Number of files that a round reads at most."""

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")

_log = logging.getLogger(__name__)

Stamp = tuple[int, float]
"""Size of a file in bytes, and when it was changed, in seconds since 1970."""


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
    """

    pattern: str
    output: str = field(repr=False)
    stream: str
    keys: str | None = None
    seconds: float = 1.0
    once: bool = False
    options: tuple[str, ...] = ()


def watch(
    job: WatchJob,
    compile_plan: Callable[[], Plan],
    on_commit: Callable[[Receipt], None],
    stop: threading.Event,
) -> int:
    """Run the files that appear until `stop` is set.

    Args:
        job: the folder.
        compile_plan: gives the plan of today; called again when the law changes.
        on_commit: called with the receipt of each round.
        stop: once it is set the round under way ends, and no other begins.

    Returns:
        Number of files that were committed.

    Raises:
        UsageError: nothing may be released any more, or an option is wrong.
        RunError: a round failed; its files will be read again.
    """
    check_run_id(job.stream)
    plan = compile_plan()
    committed = _committed_files(job)
    if committed:
        _log.info(
            _(
                "{pattern}: {count} files are committed already",
                pattern=job.pattern,
                count=len(committed),
            )
        )
    before: dict[str, Stamp] = {}
    unreadable: dict[str, Stamp] = {}
    count = 0
    while not stop.is_set():
        if plan.day != today():
            plan = compile_plan()
        waiting = {
            uri: stamp
            for uri, stamp in _list_files(job.pattern).items()
            if uri not in committed and unreadable.get(uri) != stamp
        }
        # A file that is still being written changes from round to round.
        complete = sorted(uri for uri, stamp in waiting.items() if before.get(uri) == stamp)
        before = waiting
        if complete:
            for receipt in _run_round(job, plan, complete[:MOST_FILES], unreadable):
                committed |= {part.uri for part in receipt.inputs}
                count += len(receipt.inputs)
                on_commit(receipt)
        elif job.once and not waiting:
            break
        else:
            stop.wait(job.seconds)
    return count


def _run_round(
    job: WatchJob, plan: Plan, files: list[str], unreadable: dict[str, Stamp]
) -> Iterator[Receipt]:
    """Run `files` as one batch, or each by itself if one of them cannot be read at all.

    That one is added to `unreadable`, and left aside until it changes.
    """
    stamps = {uri: stamp for uri, stamp in _list_files(job.pattern).items() if uri in files}
    try:
        yield _run(job, plan, tuple(files))
    except InputError as error:
        if len(files) > 1:
            for file in files:
                yield from _run_round(job, plan, [file], unreadable)
            return
        _log.warning(_("{error}; the file is left aside until it changes", error=error))
        unreadable |= stamps


def _run(job: WatchJob, plan: Plan, files: tuple[str, ...]) -> Receipt:
    now = datetime.datetime.now(datetime.UTC)
    name = f"{job.stream}-{now:%Y%m%dt%H%M%S}-{now.microsecond:06d}"
    receipt, _repeated = run(Job(plan, files, job.output, name, job.keys, job.options))
    if receipt is None:
        raise UsageError(_("a watched folder must be read by runs on this machine"))
    return receipt


def _list_files(pattern: str) -> dict[str, Stamp]:
    """The stamp of each file that matches; unfinished and hidden ones are left out."""
    try:
        (match,) = FileSystems.match([pattern])
    except (BeamIOError, OSError, ValueError):
        raise RunError(_("{pattern}: cannot be listed", pattern=pattern)) from None
    stamps = {}
    for file in match.metadata_list:
        name = file.path.rpartition("/")[2]
        if name.startswith((".", "_")) or name.endswith(_UNFINISHED):
            continue
        changed = file.last_updated_in_seconds or 0.0
        if is_local(file.path):
            try:
                changed = os.stat(file.path).st_mtime_ns / 1e9
            except FileNotFoundError:
                continue
        stamps[file.path] = (file.size_in_bytes, changed)
    return stamps


def _is_round(run: str, stream: str) -> bool:
    """Whether the run is a round of the stream, not of a stream whose id only begins like its."""
    return re.fullmatch(r"-[0-9]{8}t[0-9]{6}-[0-9]{6}", run.removeprefix(stream)) is not None


def _committed_files(job: WatchJob) -> set[str]:
    """The files that the stream's receipts name."""
    store = open_store(job.output)
    store.recover()
    receipts = store.receipts(f"{job.stream}-")
    rounds = (receipt for receipt in receipts if _is_round(receipt.run, job.stream))
    return {file.uri for receipt in rounds for file in receipt.inputs}
