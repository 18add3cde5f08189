"""A Kafka broker of the tests' own: one node, loopback, a free port, ended by its own process id.

Its jars come from Maven Central. `apt-get` installs Java where the tests run as root. Where it is
missing a test is skipped, but fails on CI.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from .machine import find_java, free_port, is_open
from .maven import fetch_jars

KAFKA = "4.2.0"
"""Version of the broker, for Scala 2.13."""

LARGEST = 32 << 20
"""Bytes that a message may have; a producer needs `message.max.bytes` of its own for them."""

_PATIENCE_SECONDS = 60.0
_CLUSTER = "VGFtaXNUZXN0c0thZmthMQ"
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tamis</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{KAFKA}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
_JVM = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A small heap, and no compiler that pays only in a long life."""

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
message.max.bytes={largest}
replica.fetch.max.bytes={largest}
"""


class Broker:
    """A broker, whose topics live on when it is stopped and started again.

    Attributes:
        address: host and port, as `bootstrap.servers` takes them.
    """

    def __init__(self, java: str, jars: Path, folder: Path, within: Sequence[str] = ()) -> None:
        self._port, controller = free_port(), free_port()
        self._within = tuple(within)
        self._java = [java, *_JVM, "-cp", f"{jars}/*"]
        self._folder = folder
        self._settings = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"127.0.0.1:{self._port}"
        self._settings.write_text(
            _PROPERTIES.format(
                port=self._port, controller=controller, folder=folder, largest=LARGEST
            )
        )
        self._format()

    def start(self) -> None:
        """Start, and wait until it answers, unless it is in a network that this process is not in.

        Raises:
            RuntimeError: it ended, or does not answer; the message has what it logged.
        """
        main = ("kafka.Kafka", str(self._settings))
        logging = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._within, self._java[0], logging, *self._java[1:], *main],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._within and (not is_open(self._port) or not self._answers()):
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"Kafka does not start: {self.log()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the broker in order, as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a crash does."""
        self._end(signal.SIGKILL)

    def topic(self, name: str, partitions: int = 1, **settings: object) -> str:
        """Make a topic, with settings such as `retention_ms=1000`; its name."""
        config = {key.replace("_", "."): str(value) for key, value in settings.items()}
        new = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        admin = self.admin()
        admin.create_topics([new])[name].result(_PATIENCE_SECONDS)
        return name

    def admin(self) -> AdminClient:
        """A client for its topics and groups."""
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def log(self) -> str:
        """Warnings and errors of the broker."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _format(self) -> None:
        command = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._settings)]
        done = subprocess.run(
            [*self._java, *command], check=False, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"Kafka cannot lay out its folder: {done.stderr[-2000:]}")

    def _answers(self) -> bool:
        with suppress(KafkaException):
            return bool(self.admin().list_topics(timeout=2).brokers)
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None


@contextmanager
def run_kafka(within: Sequence[str] = ()) -> Iterator[Broker]:
    """A broker, made and started, and ended and removed at the end.

    Args:
        within: what stands before a command so that it runs in a network of its own.
    """
    java, jars = find_java(), fetch_jars(f"kafka-{KAFKA}", _POM)
    folder = Path(tempfile.mkdtemp(prefix="tamis-kafka-"))
    try:
        broker = Broker(java, jars, folder, within)
        broker.start()
        try:
            yield broker
        finally:
            broker.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
