"""How the local runner reads Pub/Sub: until it is told to stop, and no faster than it judges.

Beam's local runner reads without end, waits up to 30 s for a message and forgets its windows when
it is cancelled (2.77.0). Here its reader ends like a job of Dataflow that is drained: it reads no
more, time goes to its end, so that all windows are committed, and the pipeline is done.
What was read is acknowledged at once, as Beam's own reader does: what a killed process had not
committed is lost.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError, ServiceUnavailable

from tamis.beam.pubsub import here
from tamis.errors import RunError

_MOST_IN_HAND = 10_000
_MOST_AT_ONCE = 1_000
_PULL_SECONDS = 1.0
_SLACK_SECONDS = 1.0
_QUIET_SECONDS = 5.0

Ending = Literal["stopped", "expired", "quiet"]

_log = logging.getLogger("tamis")


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

    def stop(self) -> None:
        """Drain. May be called by a signal's handler."""
        self._stop.set()

    def came(self) -> None:
        """Note that a message came."""
        self._last = time.monotonic()

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
    try:
        yield
    finally:
        del overrides[_DirectReadFromPubSub]


class _Evaluator(_PubSubReadEvaluator):
    reading: Reading

    def finish_bundle(self) -> TransformResult:
        if self.reading.has_ended:
            return TransformResult(self, [], [], None, {None: MAX_TIMESTAMP})
        # A message published now may come a little later.
        watermark = Timestamp.of(time.time() - _SLACK_SECONDS)
        output = self._evaluation_context.create_bundle(next(iter(self._outputs)))
        messages = self._pull()
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

    def _pull(self) -> list[Any]:
        """The next messages, acknowledged; none where none come for a moment."""
        if here.in_hand > _MOST_IN_HAND:
            time.sleep(0.01)
            return []
        client = self._get_subscriber_client(self._applied_ptransform)  # type: ignore[no-untyped-call]
        try:
            response = client.pull(
                subscription=self._sub_name,
                max_messages=_MOST_AT_ONCE,
                timeout=_PULL_SECONDS,
                retry=None,
            )
            received = list(response.received_messages)
            if received:
                acknowledged = [one.ack_id for one in received]
                client.acknowledge(subscription=self._sub_name, ack_ids=acknowledged)
        except DeadlineExceeded:
            return []
        except ServiceUnavailable:
            _log.warning("pubsub://%s: cannot be reached, trying again", self._sub_name)
            time.sleep(1.0)
            return []
        except GoogleAPICallError as error:
            raise RunError(
                f"pubsub://{self._sub_name}: cannot be read ({type(error).__name__})"
            ) from None
        here.read(len(received))
        if received:
            self.reading.came()
        return [one.message for one in received]
