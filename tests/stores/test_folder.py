"""Folders of every kind do the same: on this machine, in a bucket of S3, in one of Google's."""

import datetime
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from tamis.errors import RunError, UsageError
from tamis.stores.folder import Folder, open_folder
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.protocol import Attempt
from tamis.stores.remote_folder import RemoteFolder

from .test_folder_store import COMMITTED, NAMES, Try, run_receipt


def write(folder: Folder, path: str, content: bytes = b"content") -> None:
    with folder.create(path) as stream:
        stream.write(content)


def read(folder: Folder, path: str) -> bytes:
    with folder.open(path) as stream:
        return stream.read()


def test_a_file_is_written_found_and_read(folder: Folder) -> None:
    write(folder, "a/b/one", b"1")
    write(folder, "a/two", b"22")
    assert folder.files("a") == ["a/b/one", "a/two"]
    assert folder.children("a") == ["b", "two"]
    assert folder.children("") == ["a"]
    assert [folder.size(path) for path in ("a/two", "a", "a/none", "none/none")] == [2, *[None] * 3]
    assert read(folder, "a/b/one") == b"1"
    now = datetime.datetime.now().timestamp()
    assert abs((folder.newest("a") or 0.0) - now) < 60
    assert folder.newest("none") is None
    assert folder.children("none") == folder.files("none") == []


def test_of_several_that_publish_one_is_told_that_it_did(folder: Folder) -> None:
    for number in range(3):
        write(folder, f"staged/{number}", b"%d" % number)
    with ThreadPoolExecutor(3) as threads:
        won = list(threads.map(lambda n: folder.publish(f"staged/{n}", "a/one"), range(3)))
    assert sum(won) == 1
    assert read(folder, "a/one") == b"%d" % won.index(True)
    assert not folder.publish("staged/0" if won[1] else "staged/1", "a/one")


def test_files_are_placed_whatever_stood_there(folder: Folder) -> None:
    write(folder, "staged/one", b"new")
    write(folder, "staged/two", b"other")
    write(folder, "b/two", b"old")
    for _again in range(2):
        folder.place({"b/two": "staged/one", "c/d/three": "staged/two"})
        assert folder.files("b") + folder.files("c") == ["b/two", "c/d/three"]
        assert (read(folder, "b/two"), read(folder, "c/d/three")) == (b"new", b"other")


def test_what_is_removed_is_gone_and_what_is_not_there_is_no_error(folder: Folder) -> None:
    write(folder, "a/one")
    write(folder, "a/b/two")
    write(folder, "c")
    for path in ("a", "c", "none"):
        folder.remove(path)
    assert folder.files("a") == []
    assert folder.size("c") is None


def test_what_another_process_removes_first_is_no_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a/one")
    write(folder, "a/two")
    with monkeypatch.context() as patch:
        patch.setattr(folder, "files", lambda path: ["a/none", "a/one", "a/two"])
        folder.remove("a")
    assert folder.files("a") == []


def test_a_commit_leaves_the_files_and_the_receipt(folder: Folder) -> None:
    Try(folder).publish(folder)
    assert set(folder.files("")) == COMMITTED


@pytest.mark.parametrize("placed", [0, 2])
def test_an_interrupted_commit_is_completed(folder: Folder, placed: int) -> None:
    attempt = Try(folder)
    top = f"_staging/{attempt.attempt}"
    write(folder, f"{top}/the.json", attempt.receipt.to_json().encode())
    folder.publish(f"{top}/the.json", "_receipts/run-a.json")
    folder.place(dict(list(attempt.sources.items())[:placed]))
    done = FolderStore(folder).recover()
    assert (done.completed, done.removed, done.left, done.problems) == (("run-a",), (), (), ())
    assert set(folder.files("")) == COMMITTED
    assert all(read(folder, name) == name.encode() for name in NAMES)
    assert FolderStore(folder).recover() == type(done)()


def test_an_attempt_without_receipt_is_left_until_it_is_old(folder: Folder) -> None:
    attempt = Try(folder).attempt
    assert FolderStore(folder).recover().left == (attempt,)
    assert FolderStore(folder).recover(datetime.timedelta(seconds=-2)).removed == (attempt,)
    assert folder.files("") == []


def test_what_an_older_version_staged_with_its_receipt_is_completed(folder: Folder) -> None:
    for number, name in enumerate(NAMES):
        write(folder, name if number == 0 else f"_staging/run-a/{name}", name.encode())
    write(folder, "_staging/run-a/receipt.json", run_receipt().to_json().encode())
    assert FolderStore(folder).recover().completed == ("run-a",)
    assert set(folder.files("")) == COMMITTED


def test_pairs_of_commits_and_a_recovery_beside_them_lose_nothing(folder: Folder) -> None:
    # Beam makes a new client of S3 for each operation, which takes a while.
    runs = [f"run-{number}" for number in range(1 if folder.uri.startswith("s3://") else 3)]
    with ThreadPoolExecutor(3) as threads:
        pairs = [threads.submit(_commit, folder, run) for run in runs for _ in range(2)]
        recovery = threads.submit(FolderStore(folder).recover)
        receipts = [pair.result() for pair in pairs]
    assert receipts[::2] == receipts[1::2]
    assert recovery.result().problems == ()
    expected = {name.replace("run-a", run) for run in runs for name in COMMITTED}
    assert set(folder.files("")) == expected


def _commit(folder: Folder, run: str) -> object:
    return Try(folder, run).publish(folder)


def test_a_uri_is_remote_and_a_path_is_not() -> None:
    assert isinstance(open_folder("gs://bucket/store"), RemoteFolder)
    assert open_folder("gs://bucket/store").local() is None
    assert open_folder("some/store").local() == Path("some/store")


@pytest.mark.parametrize("uri", ["hdfs://host/store", "azfs://account/store", "file:///store"])
def test_a_file_system_that_cannot_publish_holds_no_store(uri: str) -> None:
    with pytest.raises(UsageError, match="must be a folder of this machine, gs://… or s3://…"):
        open_folder(uri)


class TestLinks:
    """No link that stands in a store is followed, wherever it leads."""

    @pytest.fixture
    def outside(self, tmp_path: Path) -> Path:
        (tmp_path / "outside" / "below").mkdir(parents=True)
        (tmp_path / "outside" / "precious").write_text("kept")
        return tmp_path / "outside"

    @pytest.fixture
    def store(self, tmp_path: Path) -> Path:
        (tmp_path / "store").mkdir()
        return tmp_path / "store"

    @pytest.mark.parametrize(
        "link",
        ["_staging", "_staging/run-a", "_staging/run-b", "_receipts", "p", "p/r", "_staging/x"],
    )
    def test_nothing_outside_is_written_or_removed(
        self, store: Path, outside: Path, link: str
    ) -> None:
        (store / link).parent.mkdir(exist_ok=True)
        (store / link).symlink_to(outside)
        folder = LocalFolder(str(store))
        refused = pytest.raises(RunError, match="links in a store are not followed")
        with nullcontext() if link in ("_staging/run-b", "_staging/x") else refused:
            Try(folder).publish(folder)
        with refused if link in ("_staging", "_receipts") else nullcontext():
            done = FolderStore(folder).recover(datetime.timedelta(0))
            assert any(link in problem for problem in done.problems) or "_staging/" not in link
        assert sorted(path.name for path in outside.iterdir()) == ["below", "precious"]
        assert (outside / "precious").read_text() == "kept"

    def test_a_link_in_the_place_of_a_file_is_replaced(self, store: Path, outside: Path) -> None:
        folder = LocalFolder(str(store))
        (store / NAMES[0]).parent.mkdir(parents=True)
        (store / NAMES[0]).symlink_to(outside / "precious")
        Try(folder).publish(folder)
        assert (outside / "precious").read_text() == "kept"
        assert not (store / NAMES[0]).is_symlink()

    def test_a_lock_that_is_a_link_is_told_and_what_it_leads_to_stays(
        self, store: Path, outside: Path
    ) -> None:
        (store / "_staging").mkdir()
        (store / "_staging" / "stream.lock").symlink_to(outside / "precious")
        folder = LocalFolder(str(store))
        with (
            pytest.raises(RunError, match="cannot be written to: too many levels"),
            FolderStore(folder).hold("stream"),
        ):
            pass
        assert len(FolderStore(folder).recover().problems) == 1
        assert (outside / "precious").read_text() == "kept"

    @pytest.mark.parametrize("path", ["../outside/precious", "/etc/hostname", "p/../x", "p//x", ""])
    def test_a_path_that_leads_out_is_refused(self, store: Path, outside: Path, path: str) -> None:
        folder = LocalFolder(str(store))
        write(folder, "p/x")
        with pytest.raises(RunError, match="is no path of the store"):
            folder.place({path: "p/x"})
        with pytest.raises(RunError, match="is no path of the store"):
            folder.open(path)

    @pytest.mark.parametrize(
        "path",
        [
            "../outside/precious",
            "/tmp/x",
            "p/r/other-0.parquet",
            "p/r/run-a-../0.parquet",
            "p/s/run-a-0.parquet",
            "_receipts/run-a-0.parquet",
            "p/r/run-a-0.txt",
        ],
    )
    def test_a_receipt_that_lists_another_place_is_told_and_not_committed(
        self, store: Path, path: str
    ) -> None:
        receipt = run_receipt()
        (receipt.releases["r"].files or [])[0].path = path
        staged = store / "_staging" / "run-a"
        staged.mkdir(parents=True)
        for name in NAMES:
            (staged / name.replace("/", "-")).write_bytes(name.encode())
        (staged / "receipt.json").write_text(receipt.to_json())
        (problem,) = FolderStore(LocalFolder(str(store))).recover().problems
        assert "does not stand where it should" in problem
        assert not (store / "_receipts").exists()

    def test_a_pipe_is_no_file(self, store: Path) -> None:
        os.mkfifo(store / "pipe")
        folder = LocalFolder(str(store))
        assert folder.size("pipe") is None
        with pytest.raises(OSError, match="is no file"):
            folder.open("pipe")


def test_a_bad_entry_is_told_and_blocks_no_other_run(tmp_path: Path) -> None:
    folder = LocalFolder(str(tmp_path))
    for run, receipt in (("bad-json", "{"), ("other", run_receipt("third").to_json())):
        write(folder, f"_staging/{run}/receipt.json", receipt.encode())
    write(folder, "_receipts/torn.json", b"")
    write(folder, f"_staging/{Attempt.begin('torn')}/piece.parquet")
    Try(folder).publish(folder)
    done = FolderStore(folder).recover()
    assert [len(done.problems), done.completed] == [3, ()]
    assert set(NAMES) <= set(folder.files(""))


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RunError, match="file: cannot be written to: not a directory"),
        LocalFolder(str(tmp_path / "file")).lock("_staging/x.lock"),
    ):
        pass


def test_without_hard_links_files_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    folder = LocalFolder(str(tmp_path))
    first, second = Try(folder), Try(folder)
    assert first.publish(folder) == second.publish(folder) == first.receipt
    assert set(folder.files("")) == COMMITTED


@pytest.mark.parametrize(
    ("uri", "extra"), [("gs://bucket/store", "gcp"), ("S3://bucket/store", "aws")]
)
def test_a_bucket_whose_client_is_not_installed_is_refused_with_what_brings_it(
    uri: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tamis.address._is_installed", lambda module: False)
    with pytest.raises(UsageError, match=rf"pip install \"tamis\[{extra}\]\""):
        open_folder(uri)


def test_a_folder_that_goes_while_it_is_empty_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may tidy it away between its making and what is put there."""
    folder = LocalFolder(str(tmp_path))
    opened, left = folder._open_folder, ["create"]

    def tidied(path: str, *, make: bool = False) -> int:
        handle = opened(path, make=make)
        if path == "to" and left:
            left.pop()
            (tmp_path / path).rmdir()
        return handle

    monkeypatch.setattr(folder, "_open_folder", tidied)
    with folder.create("to/file") as stream:
        stream.write(b"content")
    (tmp_path / "to/file").rename(tmp_path / "file")
    left.append("link")
    assert folder._link("file", "to/file")
    assert not left
    assert read(folder, "to/file") == b"content"


@pytest.mark.parametrize("kind", ["s3", pytest.param("gcs", marks=pytest.mark.gcs)])
def test_what_a_bucket_refuses_to_write_is_an_error_of_the_system(
    request: pytest.FixtureRequest, kind: str
) -> None:
    bucket = request.getfixturevalue(kind)
    folder = RemoteFolder(f"{bucket}-that-is-not-there/store")
    with (
        pytest.raises(OSError, match=r"S3ClientError|InvalidResponse"),
        folder.create("a") as stream,
    ):
        stream.write(b"some bytes")
