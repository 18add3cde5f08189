"""Where everything stands in a folder.

DIR/<policy>/<release id>/<run>-<part>.parquet     released records
DIR/_quarantine/<policy>/<run>-<part>.parquet      why records were quarantined, no values
DIR/_receipts/<run>.json                           the receipt: the commit of a run
DIR/_receipts/<run>.withdrawn.json                 a removal: nothing of the run is left
DIR/_receipts/<run>.purged.json                    a removal: its quarantine is not
DIR/_staging/<run>/<attempt>/…                     what an attempt at a run has written so far
"""

import re
from pathlib import PurePosixPath

from tamis.evidence.removal import KINDS, Kind
from tamis.formats.chunk import PartKey
from tamis.stores.parquet_files import STAGING
from tamis.stores.run_id import is_run_id

RECEIPTS_FOLDER = "_receipts"
QUARANTINE_FOLDER = "_quarantine"

_PART = re.compile(r"[0-9-]+")
"""Where in its input, or its period, a file's rows come from."""


def file_path(policy: str, output: str | None, run: str, part: PartKey | str) -> str:
    """Where a file of a run stands in the store; `output` None is the quarantine."""
    return f"{output_folder(policy, output)}/{run}-{part}.parquet"


def is_path_of(path: str, policy: str, output: str | None, run: str) -> bool:
    """Whether a file of a run stands in its place; `output` None is the quarantine."""
    top, _slash, name = path.rpartition("/")
    part = name.removeprefix(f"{run}-").removesuffix(".parquet")
    return (
        top == output_folder(policy, output)
        and name == f"{run}-{part}.parquet"
        and _PART.fullmatch(part) is not None
    )


def receipt_path(run: str) -> str:
    """Where the receipt of `run` stands once it is committed."""
    return f"{RECEIPTS_FOLDER}/{run}.json"


def removal_path(run: str, kind: Kind) -> str:
    """Where the removal of `run` stands once it is decided."""
    return f"{RECEIPTS_FOLDER}/{run}.{kind}.json"


def owner_of(path: str) -> tuple[str, Kind | None] | None:
    """The run whose receipt or removal stands at a path, and the removal's kind; else None.

    Example:
        >>> owner_of("_receipts/r1.withdrawn.json"), owner_of("_receipts/r1.json")
        (('r1', 'withdrawn'), ('r1', None))
    """
    name = PurePosixPath(path).name
    run, _dot, _rest = name.partition(".")
    kinds: tuple[Kind | None, ...] = (None, *KINDS)
    for kind in kinds if is_run_id(run) else ():
        expected = receipt_path(run) if kind is None else removal_path(run, kind)
        if path == expected:
            return run, kind
    return None


def is_own(path: str) -> bool:
    """Whether a path is one of a receipt, a removal, or of what a run stages."""
    top, _slash, rest = path.partition("/")
    if top == RECEIPTS_FOLDER:
        return owner_of(path) is not None
    run, slash, _rest = rest.partition("/")
    return top == STAGING and is_run_id(run if slash else run.removesuffix(".lock"))


def output_folder(policy: str, output: str | None) -> str:
    """The folder of a release, or with None of the quarantine."""
    return f"{QUARANTINE_FOLDER}/{policy}" if output is None else f"{policy}/{output}"
