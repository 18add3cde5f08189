"""Google's emulator of Pub/Sub: loopback, a free port, ended by its own process id.

It is the Debian package `google-cloud-cli-pubsub-emulator` of Google's repository, which `apt-get`
installs, with Java, where the tests run as root and that repository is known.
Where it is missing a test is skipped, but fails on CI.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.api_core.exceptions import DeadlineExceeded
from google.pubsub_v1 import (
    PublisherClient,
    PubsubMessage,
    SubscriberClient,
    Subscription,
)
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from .machine import find_java, found_or_installed, free_port, is_open

PROJECT = "tamis-tests"
"""The project of all topics and subscriptions."""

_PACKAGE = "google-cloud-cli-pubsub-emulator"
_PACKAGED = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib"
_PATIENCE_SECONDS = 60.0
_PULL_SECONDS = 2.0
_BATCH = 1000
"""Messages that a request may have."""


class Emulator:
    """A running emulator, which forgets everything at its end.

    Attributes:
        address: host and port, as `PUBSUB_EMULATOR_HOST` takes them.
    """

    def __init__(self, java: str, jar: Path, folder: Path) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                    *("-jar", str(jar), "--host=127.0.0.1", f"--port={port}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._channel = grpc.insecure_channel(self.address)
        self._publisher = PublisherClient(transport=PublisherGrpcTransport(channel=self._channel))
        self._subscriber = SubscriberClient(
            transport=SubscriberGrpcTransport(channel=self._channel)
        )
        until = time.monotonic() + _PATIENCE_SECONDS
        while not is_open(port):
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"the Pub/Sub emulator does not start: {self.log()[-2000:]}")
            time.sleep(0.05)

    def topic(self, name: str) -> str:
        """Make a topic; its full name."""
        path = f"projects/{PROJECT}/topics/{name}"
        self._publisher.create_topic(name=path)
        return path

    def topics(self) -> set[str]:
        """Full names of all topics."""
        found = self._publisher.list_topics(project=f"projects/{PROJECT}")
        return {one.name for one in found}

    def subscription(self, topic: str, name: str, *, acknowledge_seconds: int = 10) -> str:
        """Make a subscription to a topic, named in full; its full name.

        Args:
            acknowledge_seconds: after which a message that was not acknowledged comes again.
        """
        path = f"projects/{PROJECT}/subscriptions/{name}"
        self._subscriber.create_subscription(
            request=Subscription(name=path, topic=topic, ack_deadline_seconds=acknowledge_seconds)
        )
        return path

    def remove_subscription(self, subscription: str) -> None:
        """Remove a subscription, named in full."""
        self._subscriber.delete_subscription(subscription=subscription)

    def publish(self, topic: str, messages: Iterable[bytes], **attributes: str) -> None:
        """Send messages, all with the same attributes."""
        held = [PubsubMessage(data=data, attributes=attributes) for data in messages]
        for first in range(0, len(held), _BATCH):
            self._publisher.publish(topic=topic, messages=held[first : first + _BATCH])

    def pull(self, subscription: str, count: int) -> list[PubsubMessage]:
        """Take `count` messages and acknowledge them; fewer where no more comes for 2 s."""
        taken: list[PubsubMessage] = []
        while len(taken) < count:
            count_asked = min(count - len(taken), _BATCH)
            try:
                response = self._subscriber.pull(
                    subscription=subscription,
                    max_messages=count_asked,
                    timeout=_PULL_SECONDS,
                    retry=None,
                )
            except DeadlineExceeded:
                break
            if not response.received_messages:
                break
            self._subscriber.acknowledge(
                subscription=subscription,
                ack_ids=[message.ack_id for message in response.received_messages],
            )
            taken += [message.message for message in response.received_messages]
        return taken

    def kill(self) -> None:
        """End the emulator."""
        self._channel.close()
        self._process.kill()
        self._process.wait(_PATIENCE_SECONDS)

    def log(self) -> str:
        """What the emulator has logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def run_pubsub() -> Iterator[Emulator]:
    """An emulator, started, and ended and removed at the end."""
    jar, java = find_jar(), find_java()
    folder = Path(tempfile.mkdtemp(prefix="tamis-pubsub-"))
    try:
        emulator = Emulator(java, jar, folder)
        try:
            yield emulator
        finally:
            emulator.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_jar() -> Path:
    """The emulator, installed first where that is possible."""
    return found_or_installed(_which, _PACKAGE, _PACKAGE)


def _which() -> Path | None:
    return next(iter(sorted(Path(_PACKAGED).glob("cloud-pubsub-emulator-*-all.jar"))), None)
