"""Streams: time from a message to its visible row, and throughput beside a hand-written loop.

    python tests/benchmarks/bench_stream.py [--messages 100000] [--rate 2000] [--backlog 200000]

Starts a broker and a database of its own (tests/services). A row is visible when a second
connection reads positions behind it, which are committed with it, or when a read_committed consumer
reads it. A send time is taken before the message is handed to the producer. The loop is
contenders/by_loop.py; both read a topic that is full already, as whole processes and by turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.e2e.streaming import PARTITIONS, POLICY, message  # noqa: E402
from tests.services.kafka import Broker, run_kafka  # noqa: E402
from tests.services.postgres import Server, run_postgres  # noqa: E402

Seen = Iterator[tuple[int, int]]
"""By and by: a partition, and the offset before which all is visible."""


def main(messages: int, rate: int, backlog: int, rounds: int) -> None:
    """Measure, and print a line a figure."""
    with run_kafka() as kafka, run_postgres() as server, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        tamis = [sys.executable, "-m", "tamis"]
        subprocess.run([*tamis, "keys", "new", str(keys)], check=True, capture_output=True)
        if messages:
            measure_delay("tables", server.uri(), kafka, server, keys, messages, rate)
            output = f"kafka://{kafka.address}/delay-topics.out"
            measure_delay("topics", output, kafka, server, keys, messages, rate)
        if backlog:
            measure_backlog(kafka, server, keys, backlog, rounds)


def command(kafka: Broker, topic: str, output: str, keys: Path, *options: str) -> list[str]:
    """The command line of a stream."""
    return [
        *(sys.executable, "-m", "tamis", "run", POLICY, "--allow-example", "--keys", str(keys)),
        *("--input", f"kafka://{kafka.address}/{topic}", "--output", output, "--run-id", topic),
        *options,
    ]


def measure_delay(
    name: str, output: str, kafka: Broker, server: Server, keys: Path, messages: int, rate: int
) -> None:
    """Print quantiles of the time from sending to being visible."""
    topic = kafka.topic(f"delay-{name}", PARTITIONS)
    process = subprocess.Popen(command(kafka, topic, output, keys), stderr=subprocess.DEVNULL)
    time.sleep(6)  # begun, and idle
    sent = [0.0] * messages
    seen = [0.0] * messages
    done = threading.Event()
    watch: Callable[[], Seen]
    if name == "tables":

        def watch() -> Seen:
            return watch_tables(server, topic, done)
    else:

        def watch() -> Seen:
            return watch_topics(kafka, output.rpartition("/")[2], done)

    thread = threading.Thread(target=note, args=(watch, seen))
    thread.start()
    before, began = cpu_seconds(process.pid), time.monotonic()
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 1})
    for number in range(messages):
        late = began + number / rate - time.monotonic()
        if late > 0.001:
            producer.poll(0)
            time.sleep(late)
        sent[number] = time.monotonic()
        producer.produce(topic, message(number), partition=number % PARTITIONS)
    producer.flush(30)
    wall = time.monotonic() - began
    cpu, memory = cpu_seconds(process.pid) - before, peak_memory(process.pid)
    time.sleep(3)
    done.set()
    thread.join()
    process.terminate()
    code = process.wait(30)
    delays = sorted((after - then) * 1000 for then, after in zip(sent, seen, strict=True) if after)
    p50, p95, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.95, 0.99))
    print(
        f"{name}: {messages} messages at {messages / wall:.0f}/s, visible {len(delays)}, "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, max {delays[-1]:.0f} ms, "
        f"{100 * cpu / wall:.0f} % of a core, peak {memory:.0f} MiB, exit {code}",
        flush=True,
    )


def note(watch: Callable[[], Seen], seen: list[float]) -> None:
    """Note when each message became visible."""
    reached = [0] * PARTITIONS
    for partition, after in watch():
        now = time.monotonic()
        for offset in range(reached[partition], after):
            seen[offset * PARTITIONS + partition] = now
        reached[partition] = max(reached[partition], after)


def watch_tables(server: Server, stream: str, done: threading.Event) -> Seen:
    """Positions that another connection sees, every 4 ms."""
    query = b"SELECT partition, next FROM _tamis_positions WHERE stream = %s"
    with psycopg.connect(server.uri(), autocommit=True) as connection:
        while not done.wait(0.004):
            yield from connection.execute(query, (stream,)).fetchall()


def watch_topics(kafka: Broker, topic: str, done: threading.Event) -> Seen:
    """Positions that a consumer of committed records sees."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.address,
            "group.id": "bench",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 5,
        }
    )
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign(
        [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions]
    )
    while not done.is_set():
        reached: dict[int, int] = {}
        for one in consumer.consume(1000, 0.005):
            if one.error() is None:
                _, partition, offset = (one.key() or b"").decode().rsplit("/", 2)
                reached[int(partition)] = int(offset) + 1
        yield from reached.items()
    consumer.close()


def measure_backlog(kafka: Broker, server: Server, keys: Path, backlog: int, rounds: int) -> None:
    """Print the messages a second of whole processes, and their CPU."""
    topic = kafka.topic("backlog", PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 20})
    for number in range(backlog):
        producer.produce(topic, message(number), partition=number % PARTITIONS)
        if number % 5000 == 0:
            producer.flush(30)
    producer.flush(30)
    loop = [sys.executable, str(HERE / "contenders" / "by_loop.py"), kafka.address, topic]
    for number in range(rounds):
        for who in ("tamis", "loop"):
            database = f"{who}_{number}"
            server.query(f"CREATE DATABASE {database}")
            uri = server.uri(database)
            if who == "tamis":
                cost = measure(command(kafka, topic, uri, keys, "--once"))
                table = "evaluation_cpf__evaluation"
            else:
                make_table(server, database)
                cost = measure([*loop, uri, "hand"])
                table = "hand"
            ((rows,),) = server.query(f"SELECT count(*) FROM {table}", database)
            wall, cpu = cost
            print(
                f"backlog, {who}: {rows} rows of {backlog} messages in {wall:.1f} s "
                f"({backlog / wall:.0f}/s), {cpu:.1f} s of CPU",
                flush=True,
            )


def make_table(server: Server, database: str) -> None:
    """The loop's tables, with the columns and the key that Tamis makes."""
    texts = ", ".join(
        f"{name} text"
        for name in (
            *("pseudonyme", "sexe", "region_residence", "code_rncp", "legal_item"),
            *("legal_purpose", "legal_version", "legal_processing", "legal_attested"),
            *("legal_policy", "legal_run", "legal_law", "legal_status", "legal_retention"),
        )
    )
    server.query(
        f"CREATE TABLE hand ({texts}, date_naissance date, entree_le date, "
        "montant_total numeric(12, 2), _input integer, _position bigint, "
        "PRIMARY KEY (_input, _position))",
        database,
    )
    server.query(
        "CREATE TABLE hand_quarantine (_input integer, _position bigint, reason text, "
        "PRIMARY KEY (_input, _position))",
        database,
    )


def measure(arguments: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    began = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[1:3]} ended with {process.returncode}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> float:
    """Most memory that a process has had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--backlog", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    main(given.messages, given.rate, given.backlog, given.rounds)
