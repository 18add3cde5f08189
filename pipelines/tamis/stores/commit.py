"""The store on disk: staging, and the receipt as commit (`design.md` §6).

    DIR/<policy>/<release id>/<run>-<part>.parquet     released records
    DIR/_quarantine/<policy>/<run>-<part>.parquet      why records were quarantined, no values
    DIR/_receipts/<run>.json                           the receipt: what it lists exists
    DIR/_staging/<run>/…                               a run under way, or what is left of one

Files are staged; then the receipt is staged too; then the files are renamed, and last the receipt.
With a staged receipt a run can be completed, without it can only be removed.
A rename of many files is not atomic: a file that no receipt in its place lists does not exist.
"""

import re
from contextlib import suppress
from dataclasses import dataclass

from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.stores.folder import Folder, close_durably, hold

STAGING = "_staging"
RECEIPTS = "_receipts"
QUARANTINE = "_quarantine"

_RUN = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class Recovered:
    """What a recovery did: ids of the runs that it completed, and that it removed."""

    completed: tuple[str, ...]
    removed: tuple[str, ...]


def check_run_id(run: str) -> str:
    """`run`, if it may be the id of a run.

    Raises:
        UsageError: it has other characters than a-z, 0-9 and hyphens.
    """
    if not _RUN.fullmatch(run) or len(run) > 128:
        raise UsageError(f"run id {run!r}: only a to z, 0 to 9 and hyphens, at most 128")
    return run


def receipt_path(run: str) -> str:
    """Where the receipt of `run` stands once it is committed."""
    return f"{RECEIPTS}/{run}.json"


def staged_path(run: str, path: str) -> str:
    """Where the file that will stand at `path` is while `run` is under way."""
    return f"{STAGING}/{run}/{path}"


def lock_path(run: str) -> str:
    """The lock that a run under way holds."""
    return f"{STAGING}/{run}.lock"


def committed(folder: Folder, run: str) -> Receipt | None:
    """The receipt of `run` if it is committed in `folder`, else None."""
    path = receipt_path(run)
    return None if folder.size(path) is None else _read(folder, path)


def commit(folder: Folder, receipt: Receipt) -> None:
    """Make the staged files of a run exist: stage its receipt, rename all, the receipt last.

    Cut short after the receipt is staged, `resume` or `recover` goes on.
    """
    staged = staged_path(receipt.run, "receipt.json")
    draft = staged + ".draft"
    stream = folder.create(draft)
    stream.write(receipt.to_json().encode())
    close_durably(stream)
    folder.move(draft, staged)
    _complete(folder, receipt.run)


def resume(folder: Folder, run: str) -> Receipt | None:
    """Complete `run` if its receipt is staged; its receipt if it is committed then, else None."""
    if committed(folder, run) is None and folder.size(staged_path(run, "receipt.json")) is not None:
        _complete(folder, run)
    return committed(folder, run)


def recover(folder: Folder) -> Recovered:
    """Complete or remove what interrupted runs left in `folder`; runs under way are left alone."""
    completed, removed = [], []
    for run in _staged_runs(folder):
        try:
            with hold(folder, lock_path(run)):
                if folder.size(staged_path(run, "receipt.json")) is not None:
                    _complete(folder, run)
                    completed.append(run)
                elif folder.size(receipt_path(run)) is not None:
                    folder.remove(f"{STAGING}/{run}")
                    completed.append(run)
                else:
                    folder.remove(f"{STAGING}/{run}")
                    removed.append(run)
        except RunError as error:
            if "under way" not in str(error):
                raise
    _sweep(folder)
    return Recovered(tuple(completed), tuple(removed))


def _staged_runs(folder: Folder) -> list[str]:
    top = folder.local()
    if top is not None:
        staging = top / STAGING
        found = staging.iterdir() if staging.is_dir() else ()
        return sorted({path.name.removesuffix(".lock") for path in found})
    return sorted({path.split("/")[1] for path in folder.list(STAGING) if path.count("/") > 1})


def _complete(folder: Folder, run: str) -> None:
    staged = staged_path(run, "receipt.json")
    for file in _read(folder, staged).files():
        if folder.size(staged_path(run, file.path)) is not None:
            folder.move(staged_path(run, file.path), file.path)
        elif folder.size(file.path) is None:
            raise RunError(f"{folder.uri}: run {run} cannot be completed, {file.path} is lost")
    folder.move(staged, receipt_path(run))
    folder.remove(f"{STAGING}/{run}")
    _sweep(folder)


def _sweep(folder: Folder) -> None:
    """Remove the staging folder itself once nothing is staged."""
    top = folder.local()
    if top is not None:
        with suppress(OSError):
            (top / STAGING).rmdir()


def _read(folder: Folder, path: str) -> Receipt:
    with folder.open(path) as stream:
        text = stream.read()
    try:
        return Receipt.model_validate_json(text)
    except ValueError:
        raise RunError(f"{folder.uri}: {path} is no receipt") from None
