"""An hour of a stream, and whether it holds more at its end than at its beginning.

    python tests/benchmarks/soak_stream.py [--minutes 60] [--rate 100] [--to tables|topics]

Messages are rows of the dirty feed (feed.py), one of a hundred cut off in the middle; the policy is
j4: a condition, a redacted comment, an HMAC pseudonym. A broker and a database of its own are
started (tests/services). A line a minute says what the process holds. At the end the stream is
drained; 1 is returned where memory grows by more than --growth MiB an hour with 95 % confidence,
files or threads became more, the process left a child, or a message is missing or there twice.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from feed import make_table
from run import new_keys
from slope import Sample, grown, sample, settled, slope

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.e2e.streaming import PARTITIONS, command_lines  # noqa: E402
from tests.services.kafka import Broker, run_kafka  # noqa: E402
from tests.services.postgres import run_postgres  # noqa: E402

ERRORS = 100
"""One message of so many is cut off."""

WITHHELD = "ANNULE"
"""The `statut` that the policy's condition does not hold for."""

LEAKS = 0.001
"""The most that the second look may take of what is to be released; 2 of 86,742 were seen."""

Counts = tuple[int, int]
"""Records released and quarantined."""


def main(minutes: float, rate: float, sink: str, growth: float, seconds: float) -> int:
    """Soak, tell, and judge; the exit code."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(run_kafka())
        kafka.topic("soak", PARTITIONS)
        count: Callable[[], Counts]
        if sink == "tables":
            server = stack.enter_context(run_postgres())
            output = server.uri()

            def count() -> Counts:
                tables = "j4__j4", "_tamis_quarantine"
                made = [server.query(f"SELECT count(*) FROM {table}") for table in tables]
                return made[0][0][0], made[1][0][0]
        else:
            output = f"kafka://{kafka.address}/soak.out"

            def count() -> Counts:
                return read_all(kafka, "soak.out"), read_all(kafka, "soak.out.quarantine")

        new_keys(folder / "keys.json")
        process = start(kafka, output, folder)
        try:
            samples, sent = produce(kafka, process.pid, minutes * 60, rate, seconds)
            children = command_lines(process.pid)
            process.terminate()
            code = process.wait(120)
        finally:
            process.kill()
        if code:
            print((folder / "log").read_text())
        return judge(samples, sent, count(), code, len(children), growth)


def start(kafka: Broker, output: str, folder: Path) -> "subprocess.Popen[bytes]":
    """The stream, as a process."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tamis", "--project", str(HERE / "project"), "run", "j4"),
            *("--input", f"kafka://{kafka.address}/soak", "--output", output),
            *("--keys", str(folder / "keys.json"), "--allow-example", "--allow-unconfirmed"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"),
    )


def produce(
    kafka: Broker, pid: int, length: float, rate: float, every: float
) -> tuple[list[Sample], Counts]:
    """Send for `length` seconds, sampling process `pid`; what must be there in the end."""
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 5})
    samples: list[Sample] = []
    released = quarantined = 0
    begun = time.monotonic()
    told = 0.0
    for number, (value, released_here, quarantined_here) in enumerate(messages()):
        now = time.monotonic() - begun
        if now >= length:
            break
        if now >= len(samples) * every:
            samples.append(sample(pid, now))
        if now >= told:
            print(samples[-1], flush=True)
            told += 60
        producer.produce("soak", value, partition=number % PARTITIONS)
        producer.poll(0)
        released += released_here
        quarantined += quarantined_here
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
    producer.flush(30)
    time.sleep(15)
    samples.append(sample(pid, time.monotonic() - begun))
    return samples, (released, quarantined)


def messages() -> Iterator[tuple[bytes, bool, bool]]:
    """Messages without end, whether each is released, and whether it is quarantined."""
    chance = np.random.default_rng(1)
    rows = 1000
    number = 0
    while True:
        for row in make_table(chance, number, rows).to_pylist():
            value = json.dumps(row, default=str, ensure_ascii=False).encode()
            if number % ERRORS == 0:
                yield value[: len(value) // 2], False, True
            else:
                held = row["statut"] == WITHHELD
                wrong = row["nir"] is not None and not is_nir(row["nir"])
                yield value, not held and not wrong, wrong and not held
            number += 1


def is_nir(text: str) -> bool:
    """Whether a NIR of the feed is whole and has the right key."""
    return len(text) == 15 and 97 - int(text[:13]) % 97 == int(text[13:])


def read_all(kafka: Broker, topic: str) -> int:
    """How many committed records a topic holds."""
    settings: dict[str, Any] = {
        "bootstrap.servers": kafka.address,
        "group.id": "count",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
    }
    consumer = Consumer(settings)
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    places = [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions]
    consumer.assign(places)
    records = 0
    while batch := consumer.consume(10_000, 5):
        records += sum(message.error() is None for message in batch)
    consumer.close()
    return records


def judge(
    samples: list[Sample], sent: Counts, there: Counts, code: int, children: int, growth: float
) -> int:
    """Say what grew, and what is missing; 1 if anything did."""
    kept = settled(samples)
    memory, error = slope([s.seconds / 3600 for s in kept], [s.memory for s in kept])
    print(samples[-1])
    print(f"memory: {memory:+.1f} ± {error:.1f} MiB an hour over the last four fifths")
    more = grown(kept)
    print(f"more of: {', '.join(more) or 'nothing'}; children: {children}; exit {code}")
    leaks = there[1] - sent[1]
    print(f"sent: {sent[0]} to release, {sent[1]} to quarantine; there: {there[0]}, {there[1]}")
    print(f"of those to release {leaks} went to quarantine, by the second look at comments")
    wrong = sum(sent) != sum(there) or not 0 <= leaks <= LEAKS * sent[0]
    return int(memory - error > growth or bool(more) or children > 0 or code > 0 or wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--to", choices=("tables", "topics"), default="tables")
    parser.add_argument("--growth", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    sys.exit(main(given.minutes, given.rate, given.to, given.growth, given.seconds))
