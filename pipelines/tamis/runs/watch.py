"""A folder that is watched: files that appear in it, each read once, as batch runs one by one.

Every round looks at what the pattern matches, leaves out what a committed receipt of the stream
names, and what has changed since the round before, and runs the rest as one batch. So a file is
committed whole or not at all, and once, however often the stream is cut: receipts are its memory.
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
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, run
from tamis.stores.opening import open_store
from tamis.stores.protocol import check_run_id

MOST_FILES = 1_000
"""Files that a round reads at most."""

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")

_log = logging.getLogger("tamis")

Told = tuple[int, float]
"""Size of a file, and when it was changed."""


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
    tell: Callable[[Receipt], None],
    stop: threading.Event,
) -> int:
    """Run what appears until told to stop.

    Args:
        job: the folder.
        compile_plan: gives the plan of today; called again when the law changes.
        tell: hears of each round that is committed.
        stop: set, the round under way ends, and no other begins.

    Returns:
        How many files were committed.

    Raises:
        UsageError: nothing may be released any more, or an option is wrong.
        RunError: a round failed; its files will be read again.
    """
    check_run_id(job.stream)
    plan = compile_plan()
    done = _committed_files(job)
    if done:
        _log.info("%s: %d files are committed already", job.pattern, len(done))
    before: dict[str, Told] = {}
    aside: dict[str, Told] = {}
    files = 0
    while not stop.is_set():
        if plan.valid_until is not None and today() >= plan.valid_until:
            plan = compile_plan()
        there = {
            uri: told
            for uri, told in _look(job.pattern).items()
            if uri not in done and aside.get(uri) != told
        }
        # What is still being written changes from round to round.
        settled = sorted(uri for uri, told in there.items() if before.get(uri) == told)
        before = there
        if settled:
            for receipt in _run_round(job, plan, settled[:MOST_FILES], aside):
                done |= {one.uri for one in receipt.inputs}
                files += len(receipt.inputs)
                tell(receipt)
        elif job.once and not there:
            break
        else:
            stop.wait(job.seconds)
    return files


def _run_round(
    job: WatchJob, plan: Plan, files: list[str], aside: dict[str, Told]
) -> Iterator[Receipt]:
    """Run `files` as one batch; one by one where one of them cannot be read at all.

    Such a one is put aside until it changes, and said so.
    """
    told = {uri: found for uri, found in _look(job.pattern).items() if uri in files}
    try:
        yield _run(job, plan, tuple(files))
    except InputError as error:
        if len(files) > 1:
            for one in files:
                yield from _run_round(job, plan, [one], aside)
            return
        _log.warning("%s; the file is left aside until it changes", error)
        aside |= told


def _run(job: WatchJob, plan: Plan, files: tuple[str, ...]) -> Receipt:
    now = datetime.datetime.now(datetime.UTC)
    name = f"{job.stream}-{now:%Y%m%dt%H%M%S}-{now.microsecond:06d}"
    receipt, _ = run(Job(plan, files, job.output, name, job.keys, False, job.options))
    if receipt is None:
        raise UsageError("a watched folder is read by runs of this machine")
    return receipt


def _look(pattern: str) -> dict[str, Told]:
    """By file, its size and when it was changed; unfinished and hidden ones left out."""
    try:
        (found,) = FileSystems.match([pattern])
    except (BeamIOError, OSError, ValueError):
        raise RunError(f"{pattern}: cannot be looked up") from None
    there = {}
    for one in found.metadata_list:
        name = one.path.rpartition("/")[2]
        if name.startswith((".", "_")) or name.endswith(_UNFINISHED):
            continue
        changed = one.last_updated_in_seconds or 0.0
        if is_local(one.path):
            try:
                changed = os.stat(one.path).st_mtime_ns / 1e9
            except FileNotFoundError:
                continue
        there[one.path] = (one.size_in_bytes, changed)
    return there


def _is_round(run: str, stream: str) -> bool:
    """Whether the run is a round of the stream, and not of one whose id only begins alike."""
    return re.fullmatch(r"-[0-9]{8}t[0-9]{6}-[0-9]{6}", run.removeprefix(stream)) is not None


def _committed_files(job: WatchJob) -> set[str]:
    """The files that the stream's receipts name."""
    store = open_store(job.output)
    store.recover()
    receipts = store.receipts(f"{job.stream}-")
    rounds = (receipt for receipt in receipts if _is_round(receipt.run, job.stream))
    return {file.uri for receipt in rounds for file in receipt.inputs}
