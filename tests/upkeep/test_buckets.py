"""Withdrawals from buckets: no object is left that held a row, whatever cuts them."""

import datetime
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from tamis.keys.keyring import Keyring
from tamis.stores.folder_store import FolderStore
from tamis.stores.remote_folder import RemoteFolder
from tamis.upkeep.releases import find_release, values
from tamis.upkeep.withdraw import withdraw
from tamis.verify.verify import verify_store

from ..runs.rekeying import commit, make_plan, make_records
from ..stores.conftest import gcs, s3
from ..stores.test_folder_store import Cut

__all__ = ["gcs", "s3"]

BECAUSE = "the source sent another file"
AT_ONCE = datetime.timedelta(0)


class FragileBucket(RemoteFolder):
    """A folder in a bucket whose connection breaks after some number of steps."""

    def __init__(self, uri: str, steps: int) -> None:
        super().__init__(uri)
        self._left = steps

    def _step(self) -> None:
        if self._left == 0:
            raise Cut
        self._left -= 1

    def publish(self, source: str, target: str) -> bool:
        self._step()
        return super().publish(source, target)

    def place(self, sources: Mapping[str, str]) -> None:
        self._step()
        super().place(sources)

    def remove(self, path: str) -> None:
        self._step()
        super().remove(path)


@pytest.fixture(params=["s3", pytest.param("gcs", marks=pytest.mark.gcs)])
def uri(request: pytest.FixtureRequest) -> str:
    return f"{request.getfixturevalue(request.param)}/{uuid.uuid4().hex}"


def held(folder: RemoteFolder) -> dict[str, bytes]:
    """The content of every object."""
    contents = {}
    for path in folder.files(""):
        with folder.open(path) as stream:
            contents[path] = stream.read()
    return contents


def test_a_withdrawal_is_cut_and_goes_on_and_nothing_is_left(uri: str, tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "project")
    keyring = Keyring.create(tmp_path / "keys.json")
    store = FolderStore(RemoteFolder(uri))
    commit(store, plan, keyring, "one", make_records(10), parts=1)
    rows = values(store, find_release(store, "tout"), 9)
    canaries = [bytes(row["personne"]) for row in rows if row["personne"]]  # type: ignore[call-overload]
    assert len(canaries) > 5
    before = held(store.folder)  # type: ignore[arg-type]
    assert all(any(canary in content for content in before.values()) for canary in canaries)

    with pytest.raises(Cut):  # once the removal is there, and one file has gone
        withdraw(FolderStore(FragileBucket(uri, 2)), "one", BECAUSE)
    assert len([path for path in store.folder.files("") if "/one-" in path]) == 2
    assert store.recover(AT_ONCE).cleared == ("one",)
    after = held(store.folder)  # type: ignore[arg-type]
    assert sorted(after) == ["_receipts/one.json", "_receipts/one.withdrawn.json"]
    assert not [canary for canary in canaries for content in after.values() if canary in content]
    assert [finding for finding in verify_store(store) if finding.outcome == "failed"] == []
