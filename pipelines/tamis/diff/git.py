"""The documents of a git revision, as a project in a folder of their own.

They are read by `git ls-tree` and `git cat-file`, so that neither the work tree nor attributes nor
filters change them: the bytes are those that were committed.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tamis.documents.project import BUNDLED
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.project import Project, load_project

_FILE_MODES = ("100644", "100755")
_FOLDERS = ("policies", "schemas")
_TIMEOUT_SECONDS = 60


@contextmanager
def open_project(name: str) -> Iterator[Project]:
    """Open the project in the folder `name`, or that of the git revision `name`.

    `cpf` is the project that comes with Tamis.
    A folder wins over a revision of the same name. A revision is read from the repository that the
    current folder is in, at the current folder's place in it.

    Raises:
        UsageError: `name` is neither, or has no folder `policies/`.
    """
    if name == BUNDLED:
        yield load_project(name)
        return
    if not name or "\0" in name:
        raise UsageError(_("a project must be a folder or a git revision, got an empty name"))
    if Path(name).is_dir():
        yield load_project(name)
        return
    commit = _find_commit(name)
    with tempfile.TemporaryDirectory(prefix="tamis-") as folder:
        _write_documents(name, commit, Path(folder))
        yield Project(Path(folder).resolve(), f"{name}:")


def _find_commit(name: str) -> str:
    if _git("rev-parse", "--git-dir") is None:
        raise UsageError(
            _("{name}: no such folder, and the current folder is in no git repository", name=name)
        )
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise UsageError(
            _("{name}: neither a folder nor a revision of the git repository here", name=name)
        )
    return commit.decode().strip()


def _write_documents(name: str, commit: str, folder: Path) -> None:
    """Write the YAML files under `policies/` and `schemas/` of a commit into `folder`."""
    listing = _git("ls-tree", "-r", "-z", commit, "--", *_FOLDERS)
    if listing is None:
        raise UsageError(_("{name}: the revision cannot be read", name=name))
    blobs: dict[str, str] = {}
    for line in listing.decode("utf-8", "surrogateescape").split("\0"):
        attributes, _tab, path = line.partition("\t")
        if not path.lower().endswith((".yaml", ".yml")):
            continue
        mode, _type, blob = attributes.split(" ")
        if mode not in _FILE_MODES or ".." in PurePosixPath(path).parts:
            raise UsageError(
                _("{name}:{path}: must be a plain file in that revision", name=name, path=path)
            )
        blobs[path] = blob
    if not any(path.startswith("policies/") for path in blobs):
        raise UsageError(
            _("{name}: not a project, the revision must have a folder `policies` here", name=name)
        )
    for path, content in zip(blobs, _read_blobs(name, list(blobs.values())), strict=True):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _read_blobs(name: str, blobs: list[str]) -> Iterator[bytes]:
    """The contents of `blobs`, in order; each is preceded by a line `BLOB TYPE SIZE`."""
    answer = _git("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode())
    start = 0
    for _blob in blobs:
        end = (answer or b"").find(b"\n", start)
        header = (answer or b"")[start:end].split(b" ")
        if answer is None or end < 0 or len(header) != 3:
            raise UsageError(
                _("{name}: the revision is not complete in the git repository here", name=name)
            )
        start = end + 1 + int(header[2]) + 1
        yield answer[end + 1 : start - 1]


def _git(*arguments: str, stdin: bytes = b"") -> bytes | None:
    """What git prints in the current folder, or None where it refuses."""
    try:
        process = subprocess.run(  # noqa: S603 (no shell)
            ["git", *arguments],  # noqa: S607 (the user's own git)
            input=stdin,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except FileNotFoundError:
        raise UsageError(_("git is not installed: name two folders")) from None
    except subprocess.TimeoutExpired:
        text = _(
            "git {command} did not answer within {seconds} s",
            command=arguments[0],
            seconds=_TIMEOUT_SECONDS,
        )
        raise UsageError(text) from None
    return process.stdout if process.returncode == 0 else None
