"""Both kinds of folder do the same; here Beam's file systems are given a path of this machine."""

from pathlib import Path

import pytest

from tamis.errors import RunError
from tamis.stores.folder import Folder, LocalFolder, RemoteFolder, lock, open_folder
from tamis.stores.folder_store import FolderStore

from .test_folder_store import NAMES, existing_files, run_receipt


@pytest.fixture(params=[LocalFolder, RemoteFolder])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    return request.param(str(tmp_path))


def write(folder: Folder, path: str, content: bytes = b"content") -> None:
    with folder.create(path) as stream:
        stream.write(content)


def test_a_file_is_written_found_and_read(folder: Folder) -> None:
    write(folder, "a/b/one", b"1")
    write(folder, "a/two", b"22")
    assert folder.list("a") == ["a/b/one", "a/two"]
    assert [folder.size(path) for path in ("a/two", "a/none", "none/none")] == [2, None, None]
    with folder.open("a/b/one") as stream:
        assert stream.read() == b"1"


def test_a_move_makes_folders_and_replaces(folder: Folder) -> None:
    write(folder, "a/one", b"new")
    write(folder, "b/two", b"old")
    folder.move("a/one", "b/two")
    write(folder, "a/one", b"again")
    folder.move("a/one", "c/d/three")
    assert folder.list("b") + folder.list("c") == ["b/two", "c/d/three"]
    with folder.open("b/two") as stream:
        assert stream.read() == b"new"


def test_what_is_removed_is_gone_and_what_is_not_there_is_no_error(folder: Folder) -> None:
    write(folder, "a/one")
    write(folder, "a/b/two")
    write(folder, "c")
    for path in ("a", "c", "none"):
        folder.remove(path)
    assert folder.list("a") == []
    assert folder.size("c") is None


@pytest.mark.parametrize("staged", [True, False])
def test_an_interrupted_commit_is_recovered(folder: Folder, tmp_path: Path, staged: bool) -> None:
    for name in NAMES:
        write(folder, f"_staging/run-a/{name}", name.encode())
    if staged:
        write(folder, "_staging/run-a/receipt.json", run_receipt().to_json().encode())
        folder.move(f"_staging/run-a/{NAMES[0]}", NAMES[0])
    done = FolderStore(folder).recover()
    assert (done.completed, done.removed) == ((("run-a",), ()) if staged else ((), ("run-a",)))
    assert existing_files(tmp_path) == ({*NAMES, "_receipts/run-a.json"} if staged else set())
    again = FolderStore(folder).recover()
    assert not again.completed
    assert not again.removed


def test_a_commit_ends_with_its_receipt(folder: Folder, tmp_path: Path) -> None:
    for name in NAMES:
        write(folder, f"_staging/run-a/{name}", name.encode())
    FolderStore(folder).publish(run_receipt())
    assert existing_files(tmp_path) == {*NAMES, "_receipts/run-a.json"}


def test_a_uri_is_remote_and_a_path_is_not() -> None:
    assert isinstance(open_folder("gs://bucket/store"), RemoteFolder)
    assert open_folder("gs://bucket/store").local() is None
    assert open_folder("some/store").local() == Path("some/store")


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RunError, match="file: cannot be written to: not a directory"),
        lock(LocalFolder(str(tmp_path / "file")), "_staging/x.lock"),
    ):
        pass
