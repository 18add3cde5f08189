"""A subscription of Pub/Sub as source: pulled, leased while in hand, acknowledged once committed.

Pub/Sub itself keeps what was not acknowledged, so that no sink needs to say where to begin. In
place of offsets the reader counts the messages that it has read: its only partition is 0, and the
position N stands before message number N of this process. What a killed process had in hand comes
again when its lease ends. A message that comes again although it was acknowledged, which Pub/Sub
allows itself, is judged again: delivery is at least once.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from tamis.address import PubsubAddress, require_driver
from tamis.errors import RunError
from tamis.language import _
from tamis.streams.messages import MicroBatch
from tamis.streams.pubsub import check_source, missing, reaching, to_message, transient_errors
from tamis.streams.sink import other_source

if TYPE_CHECKING:
    from google.pubsub_v1 import SubscriberClient

_REQUEST_MESSAGES = 1_000
_PULL_SECONDS = 1.0
_QUIET_SECONDS = 5.0
_ANSWER_SECONDS = 10.0

_log = logging.getLogger(__name__)


class PubsubReader:
    """Reads a subscription; of a topic, a subscription `tamis-STREAM`, which is made if missing.

    Leases are renewed by a thread of its own; otherwise not for several threads.

    Args:
        uri: of the subscription or topic.
        stream: id of the stream.
        records: number of messages in a micro-batch, at most.
    """

    def __init__(self, uri: str, stream: str, records: int) -> None:
        self._address = PubsubAddress.of(uri)
        require_driver(self._address, "gcp")
        self._stream = stream
        self._records = min(records, _REQUEST_MESSAGES)
        self._client: SubscriberClient | None = None
        self._lock = threading.Lock()
        self._in_hand: dict[str, str] = {}
        """Acknowledgement ids by message id, in the order of reading."""
        self._read = self._acknowledged = 0
        self._closed = threading.Event()
        self.source = self._address.shown

    def open(self, positions: Mapping[int, int]) -> None:
        """Begin to read what was not acknowledged; `positions` are those of other sources.

        Raises:
            UsageError: there is no such subscription or topic.
            RunError: Pub/Sub cannot be reached.
        """
        from google.pubsub_v1 import SubscriberClient

        self._lease = check_source(self._address)
        self._client = SubscriberClient()
        self._subscription = self._address.path
        if self._address.is_topic:
            self._subscription = self._make_subscription(self._client)
        self._last = time.monotonic()
        self._renewing = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._renewing.start()

    def read(self) -> MicroBatch | None:
        """Return the next messages, or None if none come for a moment.

        Raises:
            RunError: the subscription cannot be read any more.
        """
        from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError

        assert self._client is not None
        try:
            response = self._client.pull(
                subscription=self._subscription,
                max_messages=self._records,
                timeout=_PULL_SECONDS,
                retry=None,
            )
        except DeadlineExceeded:
            return None
        except transient_errors():
            _log.warning(_("{address}: cannot be reached, trying again", address=self.source))
            time.sleep(_PULL_SECONDS)
            return None
        except GoogleAPICallError as error:
            raise RunError(
                _(
                    "{address}: cannot be read ({error})",
                    address=self.source,
                    error=type(error).__name__,
                )
            ) from None
        received = {item.message.message_id: item for item in response.received_messages}
        with self._lock:
            # A lease that ran out makes a message come again while it is in hand.
            fresh = [item.message for key, item in received.items() if key not in self._in_hand]
            self._in_hand |= {key: item.ack_id for key, item in received.items()}
        if not fresh:
            return None
        self._last = time.monotonic()
        batch = MicroBatch(self.source, tuple(map(to_message, fresh)), self._read)
        self._read += len(fresh)
        return batch

    def acknowledge(self, positions: Mapping[int, int], *, wait: bool = False) -> None:
        """Acknowledge the messages that are committed; those that fail, the next time."""
        from google.api_core.exceptions import GoogleAPICallError

        assert self._client is not None
        count = positions.get(0, 0) - self._acknowledged
        with self._lock:
            committed = list(islice(self._in_hand.items(), count))
        for part in _requests(committed):
            try:
                self._client.acknowledge(
                    subscription=self._subscription, ack_ids=[ack_id for _key, ack_id in part]
                )
            except GoogleAPICallError as error:
                _log.warning(
                    _(
                        "{address}: {count} messages cannot be acknowledged yet ({error})",
                        address=self.source,
                        count=len(part),
                        error=type(error).__name__,
                    )
                )
                return
            self._acknowledged += len(part)
            with self._lock:
                for key, _ack_id in part:
                    del self._in_hand[key]

    @property
    def lag(self) -> int | None:
        """None: Pub/Sub does not say."""
        return None

    @property
    def caught_up(self) -> bool:
        """Whether no message has come for some seconds."""
        return time.monotonic() - self._last > _QUIET_SECONDS

    def close(self) -> None:
        """Stop reading, and give back what is in hand, so that it comes again at once."""
        if self._client is None:
            return
        self._closed.set()
        self._renewing.join()
        self._extend(0)
        self._client.transport.close()

    def _make_subscription(self, client: "SubscriberClient") -> str:
        from google.api_core.exceptions import AlreadyExists, NotFound

        project = "/".join(self._address.path.split("/")[:2])
        name = f"{project}/subscriptions/tamis-{self._stream}"
        with reaching(self.source):
            try:
                client.create_subscription(
                    name=name, topic=self._address.path, timeout=_ANSWER_SECONDS
                )
            except NotFound:
                raise missing(self._address) from None
            except AlreadyExists:
                topic = client.get_subscription(subscription=name, timeout=_ANSWER_SECONDS).topic
                if topic != self._address.path:
                    raise other_source(self.source, self._stream, f"pubsub://{topic}") from None
        return name

    def _renew(self) -> None:
        while not self._closed.wait(self._lease / 4):
            self._extend(self._lease)

    def _extend(self, seconds: int) -> None:
        """Let the leases of all messages in hand end after `seconds` from now."""
        assert self._client is not None
        with self._lock:
            in_hand = list(self._in_hand.items())
        for part in _requests(in_hand):
            try:
                self._client.modify_ack_deadline(
                    subscription=self._subscription,
                    ack_ids=[ack_id for _key, ack_id in part],
                    ack_deadline_seconds=seconds,
                )
            except Exception as error:
                _log.warning(
                    _(
                        "{address}: messages may come again ({error})",
                        address=self.source,
                        error=type(error).__name__,
                    )
                )


def _requests(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Cut items into lists that one request may have."""
    for first in range(0, len(items), _REQUEST_MESSAGES):
        yield items[first : first + _REQUEST_MESSAGES]
