"""A subscription of Pub/Sub as source: pulled, leased while in hand, acknowledged once committed.

Pub/Sub itself keeps what was not acknowledged, so that no sink needs to say where to begin. In
place of offsets the reader counts the messages that it has read: its only partition is 0, and the
position N stands before message number N of this process. What a killed process had in hand comes
again when its lease ends. A message that comes again although it was acknowledged, which Pub/Sub
allows itself, is judged again: delivery is at least once.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice

from google.api_core.exceptions import (
    AlreadyExists,
    DeadlineExceeded,
    GoogleAPICallError,
    NotFound,
)
from google.api_core.retry import if_transient_error
from google.pubsub_v1 import SubscriberClient

from tamis.address import PubsubAddress
from tamis.language import _
from tamis.streams.messages import MicroBatch
from tamis.streams.pubsub import check_source, missing, reaching, to_message
from tamis.streams.reader import Reader
from tamis.streams.sink import other_source

_REQUEST_MESSAGES = 1_000
_PULL_SECONDS = 1.0
_QUIET_SECONDS = 5.0
_ANSWER_SECONDS = 10.0


class PubsubReader(Reader):
    """Reads a subscription; of a topic, a subscription `tamis-STREAM`, which is made if missing.

    Leases are renewed by a thread of its own; otherwise not for several threads.

    Args:
        uri: of the subscription or topic.
        stream: id of the stream.
        records: number of messages in a micro-batch, at most.
    """

    def __init__(self, uri: str, stream: str, records: int) -> None:
        self._address = PubsubAddress.of(uri)
        super().__init__(self._address.shown)
        with reaching(self.source):
            self._client = SubscriberClient()
        self._stream = stream
        self._records = min(records, _REQUEST_MESSAGES)
        self._lock = threading.Lock()
        self._in_hand: dict[str, str] = {}
        """Acknowledgement ids by message id, in the order of reading."""
        self._read = self._acknowledged = 0
        self._closed = threading.Event()
        self._renewing: threading.Thread | None = None

    def open(self, positions: Mapping[int, int]) -> None:
        """See `Reader`; what was not acknowledged is read, `positions` are those of others."""
        self._lease = check_source(self._address)
        self._subscription = self._address.path
        if self._address.is_topic:
            self._subscription = self._make_subscription()
        self._last = time.monotonic()
        self._renewing = threading.Thread(target=self._renew, name="leases", daemon=True)
        self._renewing.start()

    def read(self) -> MicroBatch | None:
        try:
            response = self._client.pull(
                subscription=self._subscription,
                max_messages=self._records,
                timeout=_PULL_SECONDS,
                retry=None,
            )
        except DeadlineExceeded:
            return None
        except GoogleAPICallError as error:
            if not if_transient_error(error):
                name = type(error).__name__
                raise self._error(_("cannot be read ({error})", error=name)) from None
            self.is_away = True
            self._warn(_("cannot be reached, trying again"))
            time.sleep(_PULL_SECONDS)
            return None
        self.is_away = False
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
        """See `Reader`; messages for which it fails are acknowledged the next time."""
        count = positions.get(0, 0) - self._acknowledged
        with self._lock:
            committed = list(islice(self._in_hand.items(), count))
        for part in _requests(committed):
            try:
                self._client.acknowledge(
                    subscription=self._subscription, ack_ids=[ack_id for _key, ack_id in part]
                )
            except GoogleAPICallError as error:
                name, count = type(error).__name__, len(part)
                self._warn(
                    _("{count:# message|# messages} cannot be acknowledged yet", count=count)
                    + f" ({name})"
                )
                return
            self._acknowledged += len(part)
            with self._lock:
                for key, _ack_id in part:
                    del self._in_hand[key]

    @property
    def lag(self) -> Mapping[int, int] | None:
        """See `Reader`: Pub/Sub does not say."""
        return None

    @property
    def caught_up(self) -> bool:
        """See `Reader`: whether no message has come for some seconds."""
        return time.monotonic() - self._last > _QUIET_SECONDS

    def close(self) -> None:
        """See `Reader`; what is in hand is given back, so that it comes again at once."""
        self._closed.set()
        if self._renewing is not None:
            self._renewing.join()
            self._extend(0)
        self._client.transport.close()

    def _make_subscription(self) -> str:
        project = "/".join(self._address.path.split("/")[:2])
        name = f"{project}/subscriptions/tamis-{self._stream}"
        with reaching(self.source):
            try:
                self._client.create_subscription(
                    name=name, topic=self._address.path, timeout=_ANSWER_SECONDS
                )
            except NotFound:
                raise missing(self._address) from None
            except AlreadyExists:
                topic = self._client.get_subscription(
                    subscription=name, timeout=_ANSWER_SECONDS
                ).topic
                if topic != self._address.path:
                    raise other_source(self.source, self._stream, f"pubsub://{topic}") from None
        return name

    def _renew(self) -> None:
        while not self._closed.wait(self._lease / 4):
            self._extend(self._lease)

    def _extend(self, seconds: int) -> None:
        """Let the leases of all messages in hand end after `seconds` from now."""
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
                self._warn(_("messages may come again ({error})", error=type(error).__name__))


def _requests(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Cut items into lists that one request may have."""
    for first in range(0, len(items), _REQUEST_MESSAGES):
        yield items[first : first + _REQUEST_MESSAGES]
