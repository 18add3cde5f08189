"""Ids of runs: made, derived from others, and checked."""

import datetime
import hashlib
import os
import re

from tamis.errors import UsageError
from tamis.language import _
from tamis.nir.find import find_nir

_MOST_CHARACTERS = 128
_RUN_ID = re.compile(rf"[a-z0-9-]{{1,{_MOST_CHARACTERS}}}")


def new_run_id(policy: str) -> str:
    """An id for a run that begins now: the time in UTC, the policy, and chance."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dt%H%M%S")
    name = re.sub(r"[^a-z0-9]+", "-", policy.lower()).strip("-")
    return f"{now}-{name}-{os.urandom(3).hex()}"


def derived_run_id(run: str, end: str) -> str:
    """The id of a run that is made of another: its id, or what stands for a long one, and `end`.

    Example:
        >>> derived_run_id("2026-11-23-dsn", "-epoch2")
        '2026-11-23-dsn-epoch2'
    """
    if len(run) + len(end) > _MOST_CHARACTERS:
        run = f"{run[:80]}-{hashlib.sha256(run.encode()).hexdigest()[:16]}"
    return run + end


def is_run_id(name: str) -> bool:
    """Whether a name may be the id of a run."""
    return _RUN_ID.fullmatch(name) is not None


def check_run_id(run: str) -> str:
    """Give `run` back if it may be the id of a run.

    Raises:
        UsageError: it has other characters than a-z, 0-9 and hyphens, or more than 128, or holds a
            NIR: it stands in names of files, in receipts and in every released row.
    """
    if find_nir(run):
        raise UsageError(_("a run id must hold no NIR: it stands in every released row"))
    if not is_run_id(run):
        text = _("run id {run!r}: must have only a to z, 0 to 9 and hyphens, at most 128", run=run)
        proposal = re.sub("[^a-z0-9]+", "-", run.lower()).strip("-")[:128]
        raise UsageError(text + (_(", such as {proposal}", proposal=proposal) if proposal else ""))
    return run
