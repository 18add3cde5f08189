"""Streams of Kafka with real services: complete, once each, no canaries, whatever is killed."""

import datetime
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Message, Producer

from tamis.address import DatabaseAddress
from tamis.documents.calendar import today
from tamis.evidence.receipt import Receipt
from tamis.stores.tables import TableStore
from tamis.synthetic.files import json_value, write_feed
from tamis.synthetic.records import make_records
from tamis.testing.canaries import Canaries
from tamis.testing.leftovers import Leftovers

from ..services.kafka import Broker
from ..services.postgres import PASSWORD, Server
from .conftest import Flow, Tamis
from .shifting import CLOCK, changed_project, set_clock
from .streaming import (
    PARTITIONS,
    POLICY,
    RELEASE,
    TABLE,
    Streaming,
    command_lines,
    nirs,
    poisoned,
    produce,
    producing,
    released,
    wait_until,
)
from .test_postgres import is_whole_or_empty
from .test_services import consume

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.xdist_group("streams")]

Start = Callable[..., Streaming]
Find = Callable[[str], Flow]


@pytest.fixture
def topic(kafka: Broker) -> str:
    """A topic of the test's own, with what belongs to it under its name."""
    return kafka.topic(f"feed-{uuid4().hex}", PARTITIONS)


@pytest.fixture
def start(kafka: Broker, topic: str, keys: str, tmp_path: Path) -> Iterator[Start]:
    """Start `tamis run` of the topic into an output, as process `name`."""
    running = []

    def call(
        output: object, *options: object, name: str = "tamis", project: object = (), **more: Any
    ) -> Streaming:
        source = f"kafka://{kafka.address}/{topic}"
        running.append(
            Streaming(
                tmp_path / f"{name}.printed",
                *(*(("--project", project) if project else ()), "run", POLICY),
                *("--input", source, "--output", output, "--keys", keys, "--allow-example"),
                *("--run-id", "stream", *(() if "--period" in options else ("--period", 1))),
                *options,
                **more,
            )
        )
        return running[-1]

    yield call
    for process in running:
        process.stop()


@dataclass(frozen=True)
class Stored:
    """What a stream left behind.

    Attributes:
        codes: value of `code_rncp` of each released record, sorted.
        receipts: of all periods.
    """

    codes: list[str]
    receipts: list[Receipt]

    def assert_holds(self, numbers: range) -> None:
        """Each of the messages is there once, and the receipts add up to them."""
        codes = released(numbers)
        assert self.codes == codes
        self.assert_adds_up(len(numbers), len(codes), poisoned(numbers))

    def assert_adds_up(self, read: int, out: int, quarantined: int) -> None:
        """The receipts of all periods add up, and their spans lie end to end."""
        assert sum(receipt.counts.in_ for receipt in self.receipts) == read
        assert sum(receipt.counts.released for receipt in self.receipts) == out
        assert sum(receipt.counts.quarantined for receipt in self.receipts) == quarantined
        reached: dict[str, int] = {}
        for part in sorted(
            (part for receipt in self.receipts for part in receipt.inputs),
            key=lambda one: one.first or 0,
        ):
            assert part.first == reached.get(part.uri, 0)
            reached[part.uri] = part.next or 0
        assert sum(reached.values()) == read


def in_tables(server: Server, database: str) -> Stored:
    rows = server.query(f"SELECT code_rncp FROM {TABLE} ORDER BY 1", database)
    receipts = TableStore(DatabaseAddress.of(server.uri(database))).receipts()
    return Stored([code for (code,) in rows], list(receipts))


def in_topics(kafka: Broker, output: str) -> Stored:
    read = consume(kafka, output)
    assert {message.key() for message in read} <= {None}
    codes = sorted(json.loads(message.value() or b"")["code_rncp"] for message in read)
    receipts = {
        text(message.key()): text(message.value())
        for message in consume(kafka, f"{output}.receipts")
    }
    return Stored(
        codes,
        [
            Receipt.model_validate_json(written)
            for key, written in receipts.items()
            if not key.startswith(("positions/", "steps/"))
        ],
    )


def in_folder(store: Path) -> Stored:
    rows = pq.read_table(store / POLICY / RELEASE, partitioning=None).column("code_rncp")
    paths = (store / "_receipts").glob("*.json")
    return Stored(
        sorted(rows.to_pylist()),
        [Receipt.model_validate_json(path.read_bytes()) for path in paths],
    )


def text(content: str | bytes | None) -> str:
    return content if isinstance(content, str) else (content or b"").decode(errors="replace")


def committed(server: Server, database: str) -> int:
    """How many records the stream has committed in the database."""
    there = server.query(f"SELECT to_regclass('{TABLE}')", database)
    if there == [(None,)]:
        return 0
    ((count,),) = server.query(f"SELECT count(*) FROM {TABLE}", database)
    return int(count)


def send_planted(kafka: Broker, topic: str, flow: Flow) -> tuple[Canaries, int, int]:
    """Send records of canaries; how many of them are released, and how many quarantined."""
    planter = Canaries(flow.schema, flow.plan)
    spoilt = [record for _, record in planter.quarantined()]
    good = [planter.released(number) for number in range(6)]
    producer = Producer({"bootstrap.servers": kafka.address})
    for record in (*good, *spoilt, planter.withheld()):
        payload = json.dumps(record, default=json_value).encode()
        producer.produce(topic, payload, partition=0, headers={"CANARY": b"CANARY"})
    nir = planter.nir()
    producer.produce(topic, b'{"nir": "CANARY', partition=0, key=nir.encode())
    producer.produce(topic, b"{}", partition=0, headers={"nir": nir.encode()})
    assert producer.flush(10) == 0
    return planter, len(good), len(spoilt) + 2


def find_canaries(hay: Leftovers, planter: Canaries) -> list[str]:
    """Every trace of what is not released."""
    traces = list(hay.traces(planter))
    traces += [f"a NIR in {place}" for nir in nirs() for place in hay.where(nir.encode())]
    return traces + [f"the password in {one}" for one in hay.where(PASSWORD.encode())]


def add_topics(hay: Leftovers, kafka: Broker, prefix: str) -> None:
    """Add keys, headers and payloads of all topics that begin with `prefix`."""
    for name in kafka.admin().list_topics(timeout=10).topics:
        if name.startswith(prefix):
            pieces: list[str] = []
            for message in consume(kafka, name):
                pieces += [text(message.key()), text(message.value())]
                pieces += [part for pair in headers(message).items() for part in pair]
            hay.add_text(f"topic {name}", "\n".join(pieces))


def headers(one: Message) -> dict[str, str]:
    pairs = one.headers() or []
    return {
        name: text(content)
        for name, content in (pairs.items() if isinstance(pairs, dict) else pairs)
    }


def test_a_topic_comes_into_postgresql_whole_and_without_what_is_not_released(
    flow: Find, kafka: Broker, topic: str, start: Start, server: Server, database: str
) -> None:
    numbers = range(3000)
    tamis = start(server.uri(database))
    tamis.wait_for("reading at its beginning")
    produce(kafka, topic, numbers[:1500])
    wait_until(lambda: committed(server, database) == len(released(numbers[:1500])), "records")
    assert not [line for line in command_lines(tamis.pid) if PASSWORD.encode() in line]
    time.sleep(1)
    produce(kafka, topic, numbers[1500:])
    planter, good, spoilt = send_planted(kafka, topic, flow(POLICY))
    total = len(released(numbers)) + good
    wait_until(lambda: committed(server, database) == total, "records")
    time.sleep(0.2)
    assert tamis.drain() == 0

    stored = in_tables(server, database)
    planted = good + spoilt + 1
    stored.assert_adds_up(len(numbers) + planted, total, poisoned(numbers) + spoilt)
    assert len(stored.receipts) > 1
    assert len(stored.codes) == total
    assert set(released(numbers)) < set(stored.codes)
    ((persons,),) = server.query(f"SELECT count(DISTINCT pseudonyme) FROM {TABLE}", database)
    assert persons == 40 + good
    ((quarantined,),) = server.query("SELECT count(*) FROM _tamis_quarantine", database)
    assert quarantined == poisoned(numbers) + spoilt
    hay = Leftovers().add_text("dump", server.dump(database)).add_text("output", tamis.printed)
    add_topics(hay, kafka, "__consumer_offsets")
    add_topics(hay, kafka, f"{topic}.")
    assert hay.where(b"KEPT") == ["dump"]
    assert find_canaries(hay, planter) == []
    assert f"{len(numbers) + planted} in, {total} released" in tamis.printed


def test_a_topic_comes_into_topics_whole_with_its_tags_and_without_what_is_not_released(
    flow: Find, kafka: Broker, topic: str, start: Start
) -> None:
    numbers, output = range(2000), f"{topic}.out"
    produce(kafka, topic, numbers)
    planter, good, spoilt = send_planted(kafka, topic, flow(POLICY))
    tamis = start(f"kafka://{kafka.address}/{output}", "--once")
    assert tamis.wait() == 0, tamis.printed

    one = flow(POLICY)
    (release,) = one.plan.releases
    read = consume(kafka, output)
    total = len(released(numbers)) + good
    assert len(read) == total
    for message in read:
        assert headers(message) == one.plan.headers(release, "stream")
        assert json.loads(message.value() or b"").keys() >= {"pseudonyme", "code_rncp"}
    stored = in_topics(kafka, output)
    assert set(released(numbers)) < set(stored.codes)
    stored.assert_adds_up(len(numbers) + good + spoilt + 1, total, poisoned(numbers) + spoilt)
    assert len(consume(kafka, f"{output}.quarantine")) == poisoned(numbers) + spoilt
    hay = Leftovers().add_text("output", tamis.printed)
    add_topics(hay, kafka, output)
    assert f"topic {output}" in hay.where(b"KEPT")
    assert find_canaries(hay, planter) == []


def test_killed_and_cut_off_it_has_every_message_once(
    kafka: Broker,
    topic: str,
    start: Start,
    server: Server,
    database: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    messages, rate = map(pytestconfig.getoption, ("--stream-messages", "--stream-rate"))
    numbers, chance, unit = range(messages), Random(7), messages / rate / 20
    outputs: dict[str, object] = {
        "tables": server.uri(database),
        "topics": f"kafka://{kafka.address}/{topic}.out",
        "folder": tmp_path / "store",
    }

    def begin(*options: object) -> list[Streaming]:
        return [start(output, *options, name=name) for name, output in outputs.items()]

    with producing(kafka, topic, numbers, rate):
        for restart in (server, kafka, None):
            running = begin()
            for one in running:
                one.wait_for("reading")
            time.sleep(unit * chance.uniform(0.2, 0.7))
            if restart is not None:
                restart.stop()
                time.sleep(0.3)
                restart.start()
                time.sleep(unit * chance.uniform(1.0, 2.0))
            for one in running:
                one.kill()
    running = begin("--once")
    for one in running:
        assert one.wait() == 0, one.printed
        assert PASSWORD not in one.printed
    in_tables(server, database).assert_holds(numbers)
    in_topics(kafka, f"{topic}.out").assert_holds(numbers)
    in_folder(tmp_path / "store").assert_holds(numbers)
    assert "connection lost, trying again" in running[0].printed
    assert "the broker went away, waiting for it" in running[0].printed


def test_signals_drain_a_busy_and_an_idle_stream_and_nothing_is_lost_or_doubled(
    kafka: Broker, topic: str, start: Start, server: Server, database: str
) -> None:
    numbers = range(4_000)
    idle = start(server.uri(database))
    idle.wait_for("reading at its beginning")
    assert idle.drain(signal.SIGINT) == 0
    assert "stream stream drained: 0 in" in idle.printed
    for how, part in ((signal.SIGTERM, numbers[:2_000]), (signal.SIGINT, numbers[2_000:])):
        busy = start(server.uri(database))
        busy.wait_for("reading")
        before = committed(server, database)
        with producing(kafka, topic, part, 500):
            wait_until(lambda: committed(server, database) > before, "records")  # noqa: B023
            assert busy.drain(how) == 0
    last = start(server.uri(database))
    last.wait_for("reading where it was cut")
    wait_until(lambda: committed(server, database) >= len(released(numbers)), "records")
    assert last.drain() == 0
    in_tables(server, database).assert_holds(numbers)


def test_a_database_that_is_away_is_told_and_a_signal_ends_the_waiting(
    kafka: Broker, topic: str, start: Start, server: Server, database: str
) -> None:
    numbers = range(1_000)
    tamis = start(server.uri(database))
    tamis.wait_for("reading")
    server.stop()
    try:
        produce(kafka, topic, numbers)
        tamis.wait_for("connection lost, trying again")
        assert tamis.drain() == 3
    finally:
        server.start()
    assert f"127.0.0.1:{server.port}/{database}: the database went away" in tamis.printed
    assert "will be read again" in tamis.printed
    assert PASSWORD not in tamis.printed
    assert start(server.uri(database), "--once").wait() == 0
    in_tables(server, database).assert_holds(numbers)


def test_a_stream_goes_on_under_the_law_of_the_day_until_nothing_may_be_released(
    kafka: Broker, topic: str, start: Start, server: Server, database: str, tmp_path: Path
) -> None:
    amended, end = (today() + datetime.timedelta(days=days) for days in (1, 2))
    project = changed_project(tmp_path / "project", amended, end)
    clock = tmp_path / "day"

    def versions() -> dict[str, int]:
        rows = server.query(f"SELECT legal_version, count(*) FROM {TABLE} GROUP BY 1", database)
        return dict(rows)

    set_clock(clock, today())
    numbers = range(4_000)
    tamis = start(server.uri(database), project=project, program=("-c", CLOCK, str(clock)))
    tamis.wait_for("reading")
    with producing(kafka, topic, numbers, 2_000):
        wait_until(lambda: committed(server, database) > 500, "records")
        set_clock(clock, amended)
    wait_until(lambda: committed(server, database) == len(released(numbers)), "records")
    assert versions().keys() == {"LEGIARTI000050924157", "LEGIARTI000000000001"}
    in_tables(server, database).assert_holds(numbers)
    overlap = server.query(
        f"SELECT number % {PARTITIONS} FROM (SELECT legal_version, "
        f"substr(code_rncp, 5)::int AS number FROM {TABLE}) rows GROUP BY 1 HAVING "
        "max(number) FILTER (WHERE legal_version = 'LEGIARTI000050924157') > "
        "min(number) FILTER (WHERE legal_version = 'LEGIARTI000000000001')",
        database,
    )
    assert overlap == []
    policies = server.query(f"SELECT DISTINCT legal_version, legal_policy FROM {TABLE}", database)
    assert len({policy for _, policy in policies}) == len(policies) == 2
    for receipt in in_tables(server, database).receipts:
        version = "LEGIARTI000050924157" if receipt.day == today() else "LEGIARTI000000000001"
        assert receipt.law["R6323-37"] == version

    set_clock(clock, end)
    produce(kafka, topic, range(4_000, 4_100))
    assert tamis.wait() == 2
    assert f"has no release in force on {end}" in tamis.printed
    in_tables(server, database).assert_holds(numbers)
    set_clock(clock, amended)
    last = start(server.uri(database), "--once", project=project, program=("-c", CLOCK, str(clock)))
    assert last.wait() == 0, last.printed
    in_tables(server, database).assert_holds(range(4_100))


def test_a_period_that_was_killed_has_its_receipt_and_while_one_goes_on_it_is_up_to_date(
    kafka: Broker, topic: str, start: Start, server: Server, database: str
) -> None:
    numbers = range(1_000)
    store = TableStore(DatabaseAddress.of(server.uri(database)))
    first = start(server.uri(database), "--period", 3600)
    first.wait_for("reading")
    produce(kafka, topic, numbers)
    wait_until(lambda: committed(server, database) == len(released(numbers)), "records")
    (written,) = server.query("SELECT receipt::text FROM _tamis_receipts", database)
    assert Receipt.model_validate_json(written[0]).counts.in_ == 0
    (told,) = store.receipts()
    assert (told.counts.in_, told.counts.released) == (1_000, len(released(numbers)))
    first.kill()
    assert start(server.uri(database), "--once").wait() == 0
    in_tables(server, database).assert_holds(numbers)
    assert server.query("SELECT count(*) FROM _tamis_steps", database) == [(0,)]
    assert list(store.receipts()) == in_tables(server, database).receipts


def test_a_second_process_is_refused_by_the_database(
    kafka: Broker,
    topic: str,
    start: Start,
    server: Server,
    database: str,
    tamis: Tamis,
    keys: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = start(server.uri(database))
    first.wait_for("reading")
    monkeypatch.setattr("tamis.streams.into_tables._LOCK_SECONDS", 0.5)
    outcome = tamis(
        *("run", POLICY, "--input", f"kafka://{kafka.address}/{topic}", "--allow-example"),
        *("--output", server.uri(database), "--keys", keys, "--run-id", "stream"),
    )
    assert outcome.code == 3
    assert "stream stream is still under way" in outcome.err
    assert PASSWORD not in outcome.err
    produce(kafka, topic, range(100))
    wait_until(lambda: committed(server, database) == len(released(range(100))), "records")
    share = tamis(
        *("run", POLICY, "--input", f"kafka://{kafka.address}/{topic}", "--allow-example"),
        *("--output", server.uri(database), "--keys", keys, "--run-id", "stream"),
        *("--partitions", "1"),
    )
    assert share.code == 2
    assert "stream stream--p1 would read partitions of stream stream" in share.err
    assert first.drain() == 0


def test_a_second_process_is_refused_by_topics_until_the_first_hangs(
    kafka: Broker, topic: str, start: Start
) -> None:
    output, numbers = f"kafka://{kafka.address}/{topic}.out", range(1_000)
    first = start(output, name="first")
    first.wait_for("reading")
    refused = start(output, name="refused")
    produce(kafka, topic, numbers[:500])
    first.wait_for("500 in")
    assert refused.wait() == 3
    assert "stream stream is still under way" in refused.printed
    os.kill(first.pid, signal.SIGSTOP)
    second = start(output, name="second")
    second.wait_for("reading where it was cut")
    os.kill(first.pid, signal.SIGCONT)
    produce(kafka, topic, numbers[500:])
    assert first.wait() == 3
    assert "another process took over stream stream" in first.printed
    second.wait_for("500 in")
    assert second.drain() == 0
    in_topics(kafka, f"{topic}.out").assert_holds(numbers)
    assert "rdkafka" not in first.printed + refused.printed + second.printed


def test_a_batch_killed_within_its_commit_leaves_nothing_half_and_commits_when_run_again(
    flow: Find, keys: str, server: Server, database: str, tmp_path: Path
) -> None:
    one = flow(POLICY)
    feed = tmp_path / "feed.parquet"
    write_feed(make_records(one.schema, 300, seed=1, policies=[one.policy]), one.schema, feed)
    TableStore(DatabaseAddress.of(server.uri(database))).prepare()
    command = (
        *("run", POLICY, "--input", feed, "--output", server.uri(database), "--keys", keys),
        *("--allow-example", "--run-id", "run"),
    )

    def waits() -> bool:
        return bool(
            server.query(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                f"datname = '{database}' AND query LIKE '%_tamis_receipts%'"
            )
        )

    with psycopg.connect(server.uri(database)) as other:
        other.execute("LOCK TABLE _tamis_receipts IN EXCLUSIVE MODE")
        batch = Streaming(tmp_path / "outcome", *command)
        wait_until(waits, "the commit")
        batch.kill()
    busy = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND state <> 'idle'"
    wait_until(lambda: not server.query(busy), "the end of what was killed")
    TableStore(DatabaseAddress.of(server.uri(database))).recover(datetime.timedelta(0))
    assert not is_whole_or_empty(server, database, one)
    again = Streaming(tmp_path / "outcome", *command)
    assert again.wait() == 0, again.printed
    assert is_whole_or_empty(server, database, one)
