"""Topics of Pub/Sub as sink, at least once.

    T, or T-<release id> if the policy has several    released records
    T-quarantine                                      why messages were quarantined, and originals
    T-receipts                                        a receipt for each period

Records are published when they are judged, and the receipt when the period ends; only then is what
the period read acknowledged. If the process is killed before, the messages come again and their
records are published again, with the same attribute `position`, which is made of the id of the
source message; of what leaves the store under paragraph III with the same attribute `row`, the
first 16 bytes of a MAC of it under a key of the keyring, so that it tells no place.
"""

from collections.abc import Iterable, Iterator

from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError
from google.api_core.retry import if_transient_error
from google.pubsub_v1 import PublisherClient, PubsubMessage

from tamis.address import PubsubAddress
from tamis.filter.treat import KeySource
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.streams.json_rows import drop_large
from tamis.streams.judge import Judged
from tamis.streams.ledger import Ledger
from tamis.streams.pubsub import LARGEST, make_topics, outgoing, reaching
from tamis.streams.sink import KeepWaiting, Sink, Topics
from tamis.waiting import Pauses

Outgoing = tuple[bytes, dict[str, str]]
"""A message to publish: its payload and its attributes."""

_REQUEST_MESSAGES = 1_000
_REQUEST_BYTES = 5_000_000
_PUBLISH_SECONDS = 30.0


class PubsubSink(Sink):
    """See `Sink`; `uri` is that of the topic.

    Args:
        keys: derives the key of ids of rows, where some must not tell their place.
    """

    def __init__(
        self,
        uri: str,
        plan: Plan,
        stream: str,
        keep_waiting: KeepWaiting,
        keys: KeySource | None = None,
    ) -> None:
        address = PubsubAddress.of(uri)
        super().__init__(address.shown, plan, stream, keep_waiting)
        self._topics = Topics.of(address.path, plan, "-")
        self._keys = keys
        with reaching(self.shown):
            self._client = PublisherClient()

    def _open(self) -> dict[int, int]:
        make_topics(self._client, self._topics)
        return {}  # the source itself keeps what was not acknowledged

    def commit(self, judged: Judged, ledger: Ledger) -> Ledger:
        judged = drop_large(judged, LARGEST)
        for release in (*self._plan.releases, None):
            messages = outgoing(judged, release, self._plan, self._stream, self._keys)
            topics = self._topics
            topic = topics.quarantine if release is None else topics.released[release.id]
            self._publish(topic, messages)
        return ledger.after(judged)

    def end_period(self, ledger: Ledger) -> None:
        receipt = ledger.receipt_of_places(self._topics.released, self._topics.quarantine)
        attributes = {"run": receipt.run, "stream": self._stream}
        self._publish(self._topics.receipts, [(receipt.to_json().encode(), attributes)])
        self._positions |= ledger.ends

    def close(self) -> None:
        self._client.transport.close()

    def _publish(self, topic: str, messages: Iterable[Outgoing]) -> None:
        """Publish messages, waiting for Pub/Sub if it cannot be reached."""
        for part in _requests(messages):
            request = [PubsubMessage(data=data, attributes=attributes) for data, attributes in part]
            pauses = Pauses(is_wanted=self._keep_waiting)
            while True:
                try:
                    self._client.publish(
                        topic=topic, messages=request, timeout=_PUBLISH_SECONDS, retry=None
                    )
                    break
                except GoogleAPICallError as error:
                    if not if_transient_error(error) and not isinstance(error, DeadlineExceeded):
                        name = type(error).__name__
                        raise self._error(_("messages are refused ({error})", error=name)) from None
                if not pauses.wait(f"{self.shown}: " + _("cannot be reached")):
                    raise self._error(_("cannot be reached; what was read last will be read again"))


def _requests(messages: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Cut messages into lists that one request may have."""
    part: list[Outgoing] = []
    size = 0
    for message in messages:
        length = len(message[0])
        if part and (len(part) == _REQUEST_MESSAGES or size + length > _REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(message)
        size += length
    if part:
        yield part
