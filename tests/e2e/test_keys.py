"""Keys at the level of a run: epochs in receipts, destroyed ones, missing ones, and remote ones."""

import base64
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tamis.keys.keyring import Keyring
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records

from .conftest import IN_MEMORY, Flow, Outcome, Tamis, receipt_of

POLICY = "evaluation-cpf"


@pytest.fixture
def feed(tmp_path: Path, flow: Callable[[str], Flow]) -> Path:
    one = flow(POLICY)
    path = tmp_path / "feed.parquet"
    write_feed(make_records(one.schema, 300, seed=5, policies=[one.policy]), one.schema, path)
    return path


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    Keyring.create(str(path))
    return path


@pytest.fixture
def go(tamis: Tamis, feed: Path, tmp_path: Path) -> Callable[..., Outcome]:
    def call(name: str, *options: object) -> Outcome:
        store = ("--output", tmp_path / name, "--run-id", "run", "--allow-example")
        return tamis("run", POLICY, "--input", feed, *store, *options, "--", IN_MEMORY)

    return call


def _pseudonyms(store: Path) -> list[bytes | None]:
    files = sorted((store / POLICY / "evaluation").glob("*.parquet"))
    return [one for file in files for one in pq.read_table(file)["pseudonyme"].to_pylist()]


def test_the_same_epoch_makes_the_same_pseudonyms_and_the_receipt_names_it(
    go: Callable[..., Outcome], ring: Path, tmp_path: Path
) -> None:
    assert go("one", "--keys", ring).code == 0
    assert go("two", "--keys", ring).code == 0
    first = _pseudonyms(tmp_path / "one")
    assert first == _pseudonyms(tmp_path / "two")
    assert len(set(first) - {None}) > 100
    (key,) = receipt_of(tmp_path / "one").keys
    assert (key.epoch, key.item) == (1, "R6323-37.III.2")
    assert key.key_id == Keyring.open(str(ring)).epochs()[0].key_id


def test_after_a_rotation_new_runs_use_the_new_epoch_and_match_no_earlier_pseudonym(
    go: Callable[..., Outcome], tamis: Tamis, ring: Path, tmp_path: Path
) -> None:
    assert go("before", "--keys", ring).code == 0
    assert tamis("keys", "rotate", ring).code == 0
    again = go("before", "--keys", ring)
    assert again.code == 2
    assert "not with the same key epochs" in again.err
    assert go("after", "--keys", ring).code == 0
    assert receipt_of(tmp_path / "after").keys[0].epoch == 2
    before, after = (set(_pseudonyms(tmp_path / name)) - {None} for name in ("before", "after"))
    assert not before & after


def test_pseudonyms_of_a_destroyed_epoch_cannot_be_made_again(
    go: Callable[..., Outcome], tamis: Tamis, ring: Path, tmp_path: Path
) -> None:
    assert go("before", "--keys", ring).code == 0
    old = set(_pseudonyms(tmp_path / "before")) - {None}
    assert tamis("keys", "rotate", ring).code == 0
    assert tamis("keys", "destroy", ring, "--epoch", 1, "--yes").code == 0
    assert go("after", "--keys", ring).code == 0
    assert not old & set(_pseudonyms(tmp_path / "after"))
    destroyed = Keyring.open(str(ring))
    with pytest.raises(Exception, match="destroyed"):
        destroyed.key("systeme-evaluation-cpf", "R6323-37.III.2", "hmac-sha256", epoch=1)


def test_a_run_that_needs_a_key_and_has_none_fails_before_it_reads(
    go: Callable[..., Outcome], tmp_path: Path, feed: Path
) -> None:
    feed.write_bytes(b"not a Parquet file at all")
    outcome = go("store")
    assert outcome.code == 2
    assert "needs --keys" in outcome.err
    missing = go("store", "--keys", tmp_path / "none.json")
    assert missing.code == 2
    assert "none.json" in missing.err
    assert not (tmp_path / "store").exists()


def test_workers_can_take_the_keyring_from_their_environment(
    go: Callable[..., Outcome], ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSEUDONYM_KEYS", base64.b64encode(ring.read_bytes()).decode())
    assert go("file", "--keys", ring).code == 0
    assert go("environment", "--keys", "env:PSEUDONYM_KEYS").code == 0
    assert _pseudonyms(tmp_path / "file") == _pseudonyms(tmp_path / "environment")


def test_a_dry_run_needs_no_key_and_leaves_no_pseudonym(tamis: Tamis, feed: Path) -> None:
    outcome = tamis("dry-run", POLICY, "--input", feed, "--json", "-")
    assert outcome.code == 0
    assert '"keys": []' in outcome.out
