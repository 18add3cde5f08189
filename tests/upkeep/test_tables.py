"""Withdrawals and purges of a database: one transaction, and no page is left that held a row."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.keys.keyring import Keyring
from tamis.keys.sealed import PrivateKey
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.runs.redrive import RedriveJob, redrive
from tamis.runs.rekey import Rekeying, rekey_store
from tamis.stores.opening import open_store
from tamis.stores.protocol import Attempt, RunStore
from tamis.streams.into_tables import TableSink
from tamis.streams.judge import Judge
from tamis.streams.ledger import Ledger
from tamis.streams.messages import json_decoder
from tamis.upkeep.purge import apply_purge, find_purge
from tamis.upkeep.redrive import find_redrive
from tamis.upkeep.releases import columns, find_release, list_releases, values
from tamis.upkeep.runs import list_runs
from tamis.upkeep.withdraw import withdraw
from tamis.verify.verify import verify_store

from ..runs.rekeying import WHO, commit, make_plan, make_records
from ..services.postgres import Server
from ..streams import made
from . import test_redrive as redriven

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("upkeep-tables")]

BECAUSE = "the source sent another file"
AT_ONCE = datetime.timedelta(0)


@pytest.fixture
def store(server: Server) -> Iterator[RunStore]:
    server.query("CREATE DATABASE essai")
    yield open_store(server.uri("essai"))
    server.query("DROP DATABASE essai WITH (FORCE)")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return make_plan(tmp_path_factory.mktemp("project"), nested=False)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")


def failed(store: RunStore) -> list[str]:
    return [finding.text for finding in verify_store(store) if finding.outcome == "failed"]


def pages(server: Server) -> bytes:
    """All that the server holds of tables, written out, without its log."""
    server.query("CHECKPOINT")
    return b"".join(path.read_bytes() for path in server.data.rglob("base/**/*") if path.is_file())


def test_a_run_is_gone_from_the_tables_and_its_receipt_stays(
    server: Server, store: RunStore, plan: Plan, keyring: Keyring
) -> None:
    commit(store, plan, keyring, "one", make_records(30))
    commit(store, plan, keyring, "two", make_records(30, first=30))
    store.stage(Attempt.begin("one"), plan)
    rows = server.query("SELECT personne FROM suivi__tout WHERE legal_run = 'one'", "essai")
    canaries = [bytes(value) for (value,) in rows if value is not None]
    assert len(canaries) > 20
    held = pages(server)
    assert all(canary in held for canary in canaries)

    (removal,) = withdraw(store, "one", BECAUSE)

    assert removal.releases == {"annees": 27, "tout": 27}
    held = pages(server)
    assert not [canary for canary in canaries if canary in held]
    assert server.query("SELECT DISTINCT legal_run FROM suivi__tout", "essai") == [("two",)]
    assert server.query("SELECT DISTINCT run FROM _tamis_quarantine", "essai") == [("two",)]
    assert server.query("SELECT run FROM _tamis_staged", "essai") == []
    assert failed(store) == []
    assert withdraw(store, "one", "for another reason") == [removal]
    with pytest.raises(UsageError, match="run one was withdrawn on"):
        store.refuse_withdrawn("one")
    keyring.rotate()
    done = [receipt.run for receipt in rekey_store(store, keyring, Rekeying(WHO, 1, 2))]
    assert done == ["two-epoch2"]
    assert failed(store) == []


def test_what_fails_leaves_all_as_it_was(
    server: Server, store: RunStore, plan: Plan, keyring: Keyring
) -> None:
    """The last step meets a table with a trigger: one transaction, so that nothing was done."""
    commit(store, plan, keyring, "one", make_records(10))
    store.stage(Attempt.begin("one"), plan)
    ((part,),) = server.query("SELECT max(part) FROM _tamis_staged", "essai")
    server.query(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "essai",
    )
    server.query(f'CREATE TRIGGER own AFTER INSERT ON "{part}" EXECUTE FUNCTION nothing()', "essai")
    before = server.dump("essai").splitlines()

    with pytest.raises(UsageError, match="has the trigger or rule own"):
        withdraw(store, "one", BECAUSE)

    changed = set(server.dump("essai").splitlines()) ^ set(before)
    assert not [row for row in changed if "restrict " not in row]
    assert list_runs(store)[0].removals == {}


def test_a_purge_takes_the_quarantine_and_what_is_written_anew_has_none(
    server: Server, store: RunStore, plan: Plan, keyring: Keyring
) -> None:
    commit(store, plan, keyring, "one", make_records(30))
    attempt = Attempt.begin("two")
    store.stage(attempt, plan)
    purge = find_purge(store, AT_ONCE)
    assert (purge.rows, purge.attempts) == (3, (attempt,))
    apply_purge(store, purge, AT_ONCE, "older than 0")
    assert server.query("SELECT run FROM _tamis_quarantine", "essai") == []
    assert server.query("SELECT run FROM _tamis_staged", "essai") == []
    assert failed(store) == []
    keyring.rotate()
    list(rekey_store(store, keyring, Rekeying(WHO, 1, 2)))
    assert failed(store) == []
    assert find_purge(store, AT_ONCE).runs == ()


def test_what_a_database_holds_is_shown(store: RunStore, plan: Plan, keyring: Keyring) -> None:
    commit(store, plan, keyring, "one", make_records(30))
    assert [(held.name, held.rows) for held in list_releases(store)] == [
        ("suivi/annees", 27),
        ("suivi/tout", 27),
    ]
    held = find_release(store, "tout")
    shown = {column.name: (column.type, column.fate) for column in columns(store, held)}
    assert shown["personne"] == ("bytea", "pseudonymized")
    assert shown["annee"] == ("integer", "kept")
    assert "_input" not in shown
    assert len(values(store, held, 3)) == 3


class Feed:
    """A stream into the database, by periods of so many messages."""

    def __init__(
        self,
        uri: str,
        plan: Plan,
        payloads: list[bytes],
        per_period: int,
        key: PrivateKey | None = None,
    ) -> None:
        self.sink = TableSink(uri, plan, made.STREAM, lambda: False)
        self.sink.open(made.SOURCE)
        to = (key or PrivateKey.new()).public
        judge = Judge(plan, made.STREAM, json_decoder(), made.Keys(), to)
        self.periods: list[str] = []
        for first in range(0, len(payloads), per_period):
            batch = made.micro_batch(payloads[first : first + per_period], first=first)
            self.ledger = Ledger.begin(plan, made.STREAM, made.SOURCE, ())
            self.ledger = self.sink.commit(judge.judge(batch), self.ledger)
            self.periods.append(self.ledger.run)
            if first + per_period < len(payloads):
                self.sink.end_period(self.ledger)


def provider(number: int) -> bytes:
    siren = f"{700_000_000 + number * 10}"
    return b'{"siren": "%s", "siret": "%s00017"}' % (siren.encode(), siren.encode())


class TestPeriods:
    """The periods of a stream share their tables."""

    @pytest.fixture
    def feed(self, server: Server, store: RunStore) -> Iterator[Feed]:
        """Three periods of four records, and a payload that is none; the last is under way."""
        plan = bundled_project().plan("regularite-prestataires", today())
        payloads = [provider(n) if n % 4 else b"{" for n in range(12)]
        feed = Feed(server.uri("essai"), plan, payloads, 4)
        yield feed
        feed.sink.close()

    def test_one_is_taken_out_of_them_while_the_stream_goes_on(
        self, server: Server, store: RunStore, feed: Feed
    ) -> None:
        (table,) = (held for held in list_releases(store))
        name = f"{table.name}".replace("-", "_").replace("/", "__")
        with pytest.raises(UsageError, match="is still under way"):
            withdraw(store, feed.periods[2], BECAUSE)
        (removal,) = withdraw(store, feed.periods[1], BECAUSE)
        assert removal.quarantined == 1
        query = f"SELECT _position FROM {name} UNION SELECT _position FROM _tamis_quarantine"
        assert {row[0] for row in server.query(query, "essai")} == {*range(4), *range(8, 12)}
        assert b"700000050" not in pages(server)
        assert failed(store) == []
        feed.sink.end_period(feed.ledger)
        withdraw(store, feed.periods[2], BECAUSE)
        assert {row[0] for row in server.query(query, "essai")} == {*range(4)}
        assert failed(store) == []
        assert [len(entry.removals) for entry in list_runs(store)] == [0, 1, 1]

    def test_their_originals_are_purged_and_the_period_under_way_is_left(
        self, server: Server, store: RunStore, feed: Feed
    ) -> None:
        purge = find_purge(store, AT_ONCE)
        assert [entry.receipt.run for entry in purge.left] == feed.periods[2:]
        apply_purge(store, purge, AT_ONCE, "older than 0")
        assert server.query("SELECT position FROM _tamis_quarantine", "essai") == [(8,)]
        assert failed(store) == []


def test_originals_of_a_period_are_judged_again_into_the_same_tables(
    server: Server, store: RunStore, tmp_path: Path
) -> None:
    key, kind = PrivateKey.new(), redriven.WIDE
    narrow = redriven.make_plan(tmp_path / "narrow", f"{kind}, nullable: false")
    wide = redriven.make_plan(tmp_path / "wide", kind)
    texts = (redriven.line(number) for number in range(8))
    payloads = [text.replace("2.5", "null").replace("6.5", "null").encode() for text in texts]
    feed = Feed(server.uri("essai"), narrow, payloads, 4, key)
    feed.sink.end_period(feed.ledger)
    feed.sink.close()
    uri = server.uri("essai")
    for period, records in zip(feed.periods, (1, 2), strict=True):
        found = find_redrive(uri, period)
        assert found.records == records
        job = RedriveJob(found, wide, uri, seal_keys={key.public.id: key})
        assert redrive(job)[0].counts.released == 1
        assert find_redrive(uri, period).done_by == f"{period}-redriven"
    codes = server.query("SELECT code FROM feed__tout ORDER BY 1", "essai")
    assert [code for (code,) in codes] == [f"C{number}" for number in (0, 1, 2, 3, 4, 6, 7)]
    assert failed(store) == []


def test_periods_without_places_are_withdrawn_all_together(server: Server, store: RunStore) -> None:
    feed = Feed(server.uri("essai"), made.plan(), made.payloads(40), 20)
    try:
        with pytest.raises(UsageError, match="give essai in place of the run"):
            withdraw(store, feed.periods[0], BECAUSE)
        feed.sink.end_period(feed.ledger)
        assert list_runs(store)[0].removals == {}
        removals = withdraw(store, made.STREAM, BECAUSE)
    finally:
        feed.sink.close()
    assert [removal.run for removal in removals] == feed.periods
    assert server.query("SELECT 1 FROM evaluation_cpf__evaluation", "essai") == []
    assert server.query("SELECT 1 FROM _tamis_quarantine", "essai") == []
    assert failed(store) == []
