"""Streams on the dirty feed: cost of a message beside a hand-written loop, and its delay.

    python tests/benchmarks/bench_stream.py [--backlog 200000] [--rounds 3] [--jobs j1,j4]
        [--seconds 60] [--rates 100,half]

Starts a broker of its own (tests/services). A backlog is a topic that is full already: whole
processes read it by turns, Tamis, contenders/by_loop.py, and two processes of Tamis with half of
the partitions each. What a process costs to start is measured on a topic of few messages, and taken
off. For the delay one message of 100 is cut in half; a message is visible when a read_committed
consumer reads it, and a send time is taken before it is handed to the producer. `half` is half of
the highest rate that the backlog had.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.benchmarks.messages import POISON, messages  # noqa: E402
from tests.benchmarks.run import new_keys  # noqa: E402
from tests.services.kafka import Broker, run_kafka  # noqa: E402

PARTITIONS = 4
FEW = 1_000
POLICIES = {"j1": "j1", "j2": "j2-hmac", "j3": "j3", "j4": "j4"}
WHO = ("loop", "tamis", "two")


@dataclass(frozen=True)
class Cost:
    """What processes took: CPU of user and system, and wall, in seconds."""

    cpu: float
    wall: float


def main(backlog: int, rounds: int, jobs: list[str], seconds: float, rates: list[str]) -> None:
    """Measure, and print a line a figure."""
    with run_kafka() as kafka, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        new_keys(keys)
        highest = 0.0
        if backlog:
            for name, count in (("few", FEW), ("backlog", backlog)):
                fill(kafka, kafka.topic(name, PARTITIONS), count)
            for job in jobs:
                rate = measure_backlog(kafka, keys, job, backlog, rounds)
                highest = highest or rate
        for name in rates if seconds else ():
            rate = highest / 2 if name == "half" else float(name)
            measure_delay(kafka, keys, jobs[0], rate, seconds)


def fill(kafka: Broker, topic: str, count: int) -> None:
    """Send `count` messages to the partitions in turn."""
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 20})
    for number, payload in enumerate(messages(count)):
        producer.produce(topic, payload, partition=number % PARTITIONS)
        if number % 5000 == 0:
            producer.flush(30)
    producer.flush(30)


def commands(
    who: str, kafka: Broker, keys: Path, job: str, topic: str, output: str
) -> list[list[str]]:
    """What reads `topic` to its end: one process, or two with half of the partitions each."""
    if who == "loop":
        script = HERE / "contenders" / "by_loop.py"
        return [[sys.executable, str(script), job, kafka.address, topic, output]]
    shares = [()] if who == "tamis" else [("--partitions", "0,1"), ("--partitions", "2,3")]
    return [[*stream(kafka, keys, job, topic, output), "--once", *share] for share in shares]


def stream(kafka: Broker, keys: Path, job: str, topic: str, output: str) -> list[str]:
    """The command line of a stream."""
    return [
        *(sys.executable, "-m", "tamis", "--project", str(HERE / "project"), "run", POLICIES[job]),
        *("--allow-example", "--allow-unconfirmed", "--keys", str(keys)),
        *("--input", f"kafka://{kafka.address}/{topic}"),
        *("--output", f"kafka://{kafka.address}/{output}"),
    ]


def measure_backlog(kafka: Broker, keys: Path, job: str, backlog: int, rounds: int) -> float:
    """Print what a message costs, and messages a second; return those of one process of Tamis."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    for number in range(rounds):
        turn = WHO[number % len(WHO) :] + WHO[: number % len(WHO)]
        for who in turn:
            for topic in ("few", "backlog"):
                output = kafka.topic(f"{job}-{who}-{topic}-{number}", PARTITIONS)
                cost = measure(commands(who, kafka, keys, job, topic, output))
                costs.setdefault((who, topic), []).append(cost)
    medians = {key: median(values) for key, values in costs.items()}
    cpu = {
        who: (medians[who, "backlog"].cpu - medians[who, "few"].cpu) / (backlog - FEW)
        for who in WHO
    }
    rate = {
        who: (backlog - FEW) / (medians[who, "backlog"].wall - medians[who, "few"].wall)
        for who in WHO
    }
    for who in WHO:
        print(
            f"backlog of {backlog}, {job}, {who}: {cpu[who] * 1e6:.1f} µs of CPU a message, "
            f"{cpu[who] / cpu['loop']:.2f} times the loop; {rate[who]:.0f}/s by the clock; "
            f"start-up of {medians[who, 'few'].cpu:.2f} s of CPU taken off",
            flush=True,
        )
    print(
        f"backlog of {backlog}, {job}: two processes do {cpu['tamis'] / cpu['two']:.2f} times the "
        f"messages of one in a second of CPU",
        flush=True,
    )
    return rate["tamis"]


def median(costs: list[Cost]) -> Cost:
    """The median of each measure by itself."""
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
    )


def measure(arguments: list[list[str]]) -> Cost:
    """The cost of processes that run side by side."""
    began = time.monotonic()
    cpu = 0.0
    with tempfile.TemporaryFile() as log:
        processes = [subprocess.Popen(one, stdout=log, stderr=log) for one in arguments]
        for process in processes:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
        if any(process.returncode for process in processes):
            log.seek(0)
            raise SystemExit(log.read().decode())
    return Cost(cpu, time.monotonic() - began)


def measure_delay(kafka: Broker, keys: Path, job: str, rate: float, seconds: float) -> None:
    """Print quantiles of the time from sending to being visible, and what a message costs."""
    topic = kafka.topic(f"delay-{rate:.0f}", PARTITIONS)
    output = kafka.topic(f"delay-{rate:.0f}.out", PARTITIONS)
    command = stream(kafka, keys, job, topic, output)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "reading" not in process.stderr.readline():
        assert process.poll() is None, "the stream has ended"
    time.sleep(1)  # begun, and idle
    payloads = list(messages(max(1, int(rate * seconds)), poison=True))
    sent = [0.0] * len(payloads)
    seen = [0.0] * len(payloads)
    done = threading.Event()
    thread = threading.Thread(target=watch, args=(kafka, output, seen, done))
    thread.start()
    before, began = cpu_seconds(process.pid), time.monotonic()
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 1})
    for number, payload in enumerate(payloads):
        late = began + number / rate - time.monotonic()
        if late > 0.001:
            producer.poll(0)
            time.sleep(late)
        sent[number] = time.monotonic()
        producer.produce(topic, payload, partition=number % PARTITIONS)
    producer.flush(30)
    wall = time.monotonic() - began
    time.sleep(3)
    cpu, memory = cpu_seconds(process.pid) - before, peak_memory(process.pid)
    done.set()
    thread.join()
    process.terminate()
    code = process.wait(30)
    delays = sorted((after - then) * 1000 for then, after in zip(sent, seen, strict=True) if after)
    p50, p95, p99 = (delays[int(len(delays) * part)] for part in (0.5, 0.95, 0.99))
    print(
        f"delay, {job}: {len(payloads)} messages at {len(payloads) / wall:.0f}/s, 1 of {POISON} "
        f"cut: {len(delays)} visible, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, max "
        f"{delays[-1]:.0f} ms, {cpu / len(payloads) * 1e6:.0f} µs of CPU a message, peak "
        f"{memory:.0f} MiB, exit {code}",
        flush=True,
    )


def watch(kafka: Broker, topic: str, seen: list[float], done: threading.Event) -> None:
    """Note when each message becomes visible; its number is in `dossier`."""
    for payload in visible(kafka, topic, done):
        seen[int(orjson.loads(payload)["dossier"][1:])] = time.monotonic()


def visible(kafka: Broker, topic: str, done: threading.Event) -> Iterator[bytes]:
    """Records as a consumer of committed records sees them."""
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
        for message in consumer.consume(1000, 0.005):
            if message.error() is None:
                yield message.value() or b""
    consumer.close()


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
    parser.add_argument("--backlog", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="j1,j4", type=lambda text: text.split(","))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rates", default="100,half", type=lambda text: text.split(","))
    options = parser.parse_args()
    main(options.backlog, options.rounds, options.jobs, options.seconds, options.rates)
