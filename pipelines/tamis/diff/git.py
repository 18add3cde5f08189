"""The documents of a git revision, as a project in a folder of their own.

Read with `git ls-tree` and `git cat-file`, so that nothing of the work tree, of attributes or of
filters has a say: the bytes are those that were committed.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tamis.errors import UsageError
from tamis.plan.project import Project, load_project

_FILES = ("100644", "100755")
_FOLDERS = ("policies", "schemas")


@contextmanager
def open_project(name: str) -> Iterator[Project]:
    """The project in the folder `name`, or that of the git revision `name`.

    A folder wins over a revision of the same name. A revision is read from the repository that the
    current folder is in, at the current folder's place in it.

    Raises:
        UsageError: `name` is neither, or holds no `policies/`.
    """
    if not name or "\0" in name:
        raise UsageError("a project is a folder or a git revision, not an empty name")
    if Path(name).is_dir():
        yield load_project(name)
        return
    commit = _find_commit(name)
    with tempfile.TemporaryDirectory(prefix="tamis-") as folder:
        _write_documents(name, commit, Path(folder))
        yield Project(Path(folder).resolve(), f"{name}:")


def _find_commit(name: str) -> str:
    if _git("rev-parse", "--git-dir") is None:
        raise UsageError(f"{name}: no such folder, and the current folder is in no git repository")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise UsageError(f"{name}: neither a folder nor a revision of the git repository here")
    return commit.decode().strip()


def _write_documents(name: str, commit: str, folder: Path) -> None:
    """Write the YAML files under `policies/` and `schemas/` of a commit into `folder`."""
    listed = _git("ls-tree", "-r", "-z", commit, "--", *_FOLDERS)
    if listed is None:
        raise UsageError(f"{name}: the revision cannot be read")
    paths: dict[str, str] = {}
    for line in listed.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if not path.endswith(".yaml"):
            continue
        mode, _, blob = about.split(" ")
        if mode not in _FILES or ".." in PurePosixPath(path).parts:
            raise UsageError(f"{name}:{path}: is no plain file in that revision")
        paths[path] = blob
    if not any(path.startswith("policies/") for path in paths):
        raise UsageError(f"{name}: not a project, that revision holds no folder `policies` here")
    for path, content in zip(paths, _blobs(name, list(paths.values())), strict=True):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _blobs(name: str, blobs: list[str]) -> Iterator[bytes]:
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    answer = _git("cat-file", "--batch", given=asked)
    at = 0
    for _ in blobs:
        end = (answer or b"").find(b"\n", at)
        head = (answer or b"")[at:end].split(b" ")
        if answer is None or end < 0 or len(head) != 3:
            raise UsageError(f"{name}: the revision is not whole in the git repository here")
        size = int(head[2])
        yield answer[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _git(*words: str, given: bytes = b"") -> bytes | None:
    """What git answers in the current folder, or None where it refuses."""
    try:
        done = subprocess.run(
            ["git", *words], input=given, capture_output=True, check=False, timeout=60
        )
    except FileNotFoundError:
        raise UsageError("git is not installed: name two folders") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git {words[0]} did not answer within 60 s") from None
    return done.stdout if done.returncode == 0 else None
