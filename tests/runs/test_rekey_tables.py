"""Re-keying tables of PostgreSQL: a run in one transaction."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tamis.errors import RunError, UsageError
from tamis.keys.keyring import Keyring
from tamis.runs.rekey import Rekeying, rekey_store
from tamis.stores.opening import open_store
from tamis.stores.protocol import RunStore
from tamis.verify.verify import verify_store

from ..services.postgres import Server
from .rekeying import WHO, commit, make_plan, make_records

FIRST = Rekeying(WHO, 1, 2)
TABLE = "suivi__tout"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    server.query("CREATE DATABASE essai")
    yield open_store(server.uri("essai"))
    server.query("DROP DATABASE essai WITH (FORCE)")


def _rows(server: Server, run: str) -> list[tuple[Any, ...]]:
    """Released rows without the tags, in the order of their places in the table."""
    columns = "personne, dossier_id, annee, suites::text"
    query = f"SELECT {columns} FROM {TABLE} WHERE legal_run = '{run}' ORDER BY ctid"
    return server.query(query, "essai")


def _dump(server: Server) -> list[str]:
    """The database as text, without the two lines that `pg_dump` draws by chance."""
    return [line for line in server.dump("essai").splitlines() if "restrict " not in line]


def test_it_makes_what_a_run_from_the_nir_makes(
    server: Server, store: RunStore, keyring: Keyring, tmp_path: Path
) -> None:
    plan = make_plan(tmp_path / "project", nested=False)
    commit(store, plan, keyring, "one", make_records(60))
    commit(store, plan, keyring, "two", make_records(60, first=30))
    keyring.rotate()
    before = _rows(server, "one")

    assert [receipt.run for receipt in rekey_store(store, keyring, FIRST)] == [
        "one-epoch2",
        "two-epoch2",
    ]

    commit(store, plan, keyring, "three", make_records(60))
    after = _rows(server, "one-epoch2")
    assert sorted(after, key=repr) == sorted(_rows(server, "three"), key=repr)
    assert len(after) == len(before) > 40
    assert not {row[:2] for row in after} & {row[:2] for row in before}
    people = [row[0] for row in after if row[0] is not None]
    assert people == sorted(people, key=bytes)
    assert _rows(server, "one") == []
    assert [finding.text for finding in verify_store(store) if finding.outcome == "failed"] == []
    texts = {finding.text for finding in verify_store(store)}
    assert "re-keys run two: the same records, inputs, plan and rows" in texts
    assert list(rekey_store(store, keyring, FIRST)) == []


def test_what_fails_leaves_all_as_it_was(
    server: Server, store: RunStore, keyring: Keyring, tmp_path: Path
) -> None:
    plan = make_plan(tmp_path / "project", nested=False)
    receipt = commit(store, plan, keyring, "one", make_records(60))
    keyring.rotate()
    files = receipt.releases["tout"].files or []
    gone = server.query(f"DELETE FROM {files[0].path} WHERE annee = 2003 RETURNING 1", "essai")
    before = _dump(server)

    with pytest.raises(RunError, match="nothing is committed"):
        list(rekey_store(store, keyring, FIRST))

    assert gone
    assert _dump(server) == before


def test_pseudonyms_within_json_are_refused(
    store: RunStore, keyring: Keyring, tmp_path: Path
) -> None:
    commit(store, make_plan(tmp_path / "project"), keyring, "one", make_records(20))
    keyring.rotate()
    with pytest.raises(UsageError, match=r"`suites.numero` is within a column of JSON"):
        list(rekey_store(store, keyring, FIRST))
    assert keyring.epochs()[1].chained == {}
