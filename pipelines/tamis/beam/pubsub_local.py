"""How the local runner reads Pub/Sub: until it is told to stop, and no faster than it judges.

Beam's local runner reads without end, waits up to 30 s for a message and forgets its windows when
it is cancelled (2.77.0). Here its reader ends like a job of Dataflow that is drained: it reads no
more, time goes to its end, so that all windows are committed, and the pipeline is done.
Beam's reader acknowledges what it reads; here that waits until it is committed, and until then the
subscription is asked to keep it for us, so that what a killed process had in hand comes again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.pvalue import PBegin
from apache_beam.runners.direct.direct_runner import _DirectReadFromPubSub
from apache_beam.runners.direct.transform_evaluator import (
    TransformEvaluatorRegistry,
    _PubSubReadEvaluator,
)
from apache_beam.runners.direct.util import TransformResult
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from google.api_core.exceptions import (
    DeadlineExceeded,
    GoogleAPICallError,
    NotFound,
    PermissionDenied,
    ServiceUnavailable,
)
from google.pubsub_v1 import PubsubMessage as PulledMessage
from google.pubsub_v1 import SubscriberClient

from tamis.beam.pubsub import here
from tamis.errors import RunError

_MOST_IN_HAND = 10_000
_MOST_AT_ONCE = 1_000
_PULL_SECONDS = 1.0
_SLACK_SECONDS = 1.0
_QUIET_SECONDS = 5.0
_PATIENCE_SECONDS = 10.0
_LEASE_SECONDS = 10

Ending = Literal["stopped", "expired", "quiet"]

_log = logging.getLogger("tamis")


class Leases:
    """Messages of a subscription that are in hand until they are committed.

    Args:
        subscription: `projects/P/subscriptions/S`.
    """

    def __init__(self, subscription: str) -> None:
        self._client = SubscriberClient()
        self._subscription = subscription
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
        self.seconds = _LEASE_SECONDS
        with suppress(PermissionDenied):  # who may read need not be allowed to look
            told = self._client.get_subscription(
                subscription=subscription, timeout=_PATIENCE_SECONDS
            )
            self.seconds = told.ack_deadline_seconds

    def pull(self) -> list[PulledMessage]:
        """The next messages; none where none come for a moment, and none that is in hand."""
        try:
            response = self._client.pull(
                subscription=self._subscription,
                max_messages=_MOST_AT_ONCE,
                timeout=_PULL_SECONDS,
                retry=None,
            )
        except DeadlineExceeded:
            return []
        with self._lock:
            fresh = [
                one.message
                for one in response.received_messages
                if one.message.message_id not in self._held
            ]
            self._held |= {one.message.message_id: one.ack_id for one in response.received_messages}
        return fresh

    def acknowledge(self, messages: Iterable[str]) -> None:
        """Let messages go that are durable."""
        with self._lock:
            done = [ack for one in messages if (ack := self._held.pop(one, None)) is not None]
        for part in _parts(done):
            self._client.acknowledge(subscription=self._subscription, ack_ids=part)

    def renew(self) -> None:
        """Ask for as much time again as the subscription gives."""
        self._extend(self.seconds)

    def give_back(self) -> None:
        """Let what is still in hand come again at once."""
        self._extend(0)

    def _extend(self, seconds: int) -> None:
        with self._lock:
            acks = list(self._held.values())
        for part in _parts(acks):
            self._client.modify_ack_deadline(
                subscription=self._subscription, ack_ids=part, ack_deadline_seconds=seconds
            )


def _parts(acks: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(acks), _MOST_AT_ONCE):
        yield acks[first : first + _MOST_AT_ONCE]


class Reading:
    """One reading of a subscription, from its beginning until it is drained.

    Args:
        is_expired: whether the plan may not act any more.
        once: whether to end when nothing has come for a while.
    """

    def __init__(self, is_expired: Callable[[], bool], once: bool) -> None:
        self.ending: Ending | None = None
        self._is_expired = is_expired
        self._once = once
        self._stop = threading.Event()
        self._last = time.monotonic()
        self._leases: Leases | None = None
        self._closed = threading.Event()

    def stop(self) -> None:
        """Drain. May be called by a signal's handler."""
        self._stop.set()

    def pull(self, subscription: str) -> list[PulledMessage]:
        """The next messages; none where none come for a moment, or enough are in hand.

        Raises:
            RunError: the subscription cannot be read.
        """
        if here.in_hand > _MOST_IN_HAND:
            time.sleep(0.01)
            return []
        try:
            if self._leases is None:
                self._leases = Leases(subscription)
                self._keeper = threading.Thread(target=self._keep, args=(self._leases,))
                self._keeper.start()
            messages = self._leases.pull()
        except ServiceUnavailable:
            _log.warning("pubsub://%s: cannot be reached, trying again", subscription)
            time.sleep(1.0)
            return []
        except GoogleAPICallError as error:
            raise RunError(
                f"pubsub://{subscription}: cannot be read ({type(error).__name__})"
            ) from None
        here.read(len(messages))
        if messages:
            self._last = time.monotonic()
        return messages

    def close(self) -> None:
        """Acknowledge what was committed last, and give back the rest."""
        self._closed.set()
        if self._leases is not None:
            self._keeper.join()

    def _keep(self, leases: Leases) -> None:
        last = False
        while not last:
            last = self._closed.wait(leases.seconds / 4)
            try:
                leases.acknowledge(here.take_durable())
                leases.give_back() if last else leases.renew()
            except NotFound:
                return  # Beam removes a subscription that it made
            except GoogleAPICallError as error:
                _log.warning("messages may come again (%s)", type(error).__name__)

    @property
    def has_ended(self) -> bool:
        """Whether to read no more."""
        if self.ending is None:
            if self._stop.is_set():
                self.ending = "stopped"
            elif self._is_expired():
                self.ending = "expired"
            elif self._once and time.monotonic() - self._last > _QUIET_SECONDS:
                self.ending = "quiet"
        return self.ending is not None


@contextmanager
def reading(one: Reading) -> Iterator[None]:
    """Let the local runner of this process read like `one` while the block runs."""

    class Evaluator(_Evaluator):
        reading = one

    overrides: dict[Any, Any] = TransformEvaluatorRegistry._test_evaluators_overrides
    overrides[_DirectReadFromPubSub] = Evaluator
    here.begin()
    try:
        yield
    finally:
        here.reads = False
        del overrides[_DirectReadFromPubSub]
        one.close()


class _Evaluator(_PubSubReadEvaluator):
    reading: Reading

    def finish_bundle(self) -> TransformResult:
        if self.reading.has_ended:
            return TransformResult(self, [], [], None, {None: MAX_TIMESTAMP})
        # A message published now may come a little later.
        watermark = Timestamp.of(time.time() - _SLACK_SECONDS)
        output = self._evaluation_context.create_bundle(next(iter(self._outputs)))
        messages = self.reading.pull(self._sub_name)
        for message in messages:
            published = Timestamp.from_utc_datetime(message.publish_time)
            watermark = min(watermark, published)
            element = PubsubMessage._from_message(message)
            output.output(GlobalWindows.windowed_value(element, timestamp=published))
        transform: Any = self._applied_ptransform
        begin = transform.inputs[0] if transform.inputs else PBegin(transform.transform.pipeline)
        again = self._evaluation_context.create_bundle(begin)
        outputs = [output] if messages else []
        return TransformResult(self, outputs, [again], None, {None: watermark})
