"""Topics, positions and attributes of a stream of Pub/Sub, the same here and on Dataflow."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from google.api_core.exceptions import (
    AlreadyExists,
    GoogleAPICallError,
    NotFound,
    PermissionDenied,
)
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1 import PublisherClient, SubscriberClient

from tamis.address import PubsubAddress
from tamis.errors import RunError, UsageError
from tamis.filter.treat import KeySource
from tamis.language import _
from tamis.nir.pseudonym import ROW, row_ids
from tamis.plan.plan import Plan, PlanRelease
from tamis.streams.json_rows import json_rows
from tamis.streams.judge import Judged
from tamis.streams.messages import Message
from tamis.streams.sink import Topics

LARGEST: Final = 10_000_000
"""Size in bytes of the largest message that Pub/Sub takes."""

LEASE_SECONDS: Final = 10
"""Time that Pub/Sub leases a message for, unless a subscription says otherwise."""

_ANSWER_SECONDS = 10.0
_LARGEST_POSITION = (1 << 63) - 1


def position_of(message_id: str) -> int:
    """The position that stands for a message's id.

    The ids that Pub/Sub gives are decimal numbers, and are the position themselves. Any other id
    has a negative position, made of its digest.

    Example:
        >>> position_of("12813281328132"), position_of("a-b") < 0
        (12813281328132, True)
    """
    if message_id.isascii() and message_id.isdigit() and len(message_id) < 20:
        number = int(message_id)
        if number <= _LARGEST_POSITION and str(number) == message_id:
            return number
    return -1 - (digest_of(message_id) >> 1)


def digest_of(message_id: str) -> int:
    """A digest of a message's id, of 64 bits."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), "big")


def to_message(received: Any) -> Message:
    """A message of Google's library or of Beam's, which have the same attributes."""
    return Message(
        partition=0,
        offset=position_of(received.message_id),
        value=received.data,
        key=received.ordering_key.encode() if received.ordering_key else None,
        headers=tuple((name, text.encode()) for name, text in (received.attributes or {}).items()),
    )


def outgoing(
    judged: Judged, release: PlanRelease | None, plan: Plan, stream: str, keys: KeySource | None
) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Give each row of a release, or of the quarantine, as payload and attributes.

    Attributes are the tags, and the position of its message; of a release that leaves the store
    under paragraph III `row`, an id under a key, in its place, and rows in the order of values.

    Args:
        judged: what became of some messages.
        release: whose rows; None for the quarantine.
        plan: what the messages were judged by.
        stream: id of the stream.
        keys: derives the key of ids.
    """
    rows = judged.quarantined if release is None else judged.released.get(release.id)
    if rows is None:
        return
    tags = {} if release is None else plan.headers(release, stream)
    name = "position"
    places: Iterable[str] = map(str, rows.offsets.to_pylist())
    if release is not None and plan.hides_order(release):
        assert keys is not None
        rows = rows.in_order()
        beside = f"{judged.source}|{plan.policy}|{release.id}"
        key = keys.key(plan.processing, release.item, ROW).key
        own = (f"{beside}|{offset}" for offset in rows.offsets.to_pylist())
        name, places = "row", row_ids(own, key)
    for payload, place in zip(json_rows(rows.data), places, strict=True):
        yield payload, {**tags, name: place}


def check_source(source: PubsubAddress) -> int:
    """Check that the subscription or topic exists.

    Returns:
        The time in seconds that its messages are leased for.

    Raises:
        UsageError: it does not exist.
        RunError: Pub/Sub cannot be reached.
    """
    with reaching(source.shown):
        try:
            if source.is_topic:
                PublisherClient().get_topic(topic=source.path, timeout=_ANSWER_SECONDS)
                return LEASE_SECONDS
            subscription = SubscriberClient().get_subscription(
                subscription=source.path, timeout=_ANSWER_SECONDS
            )
            return int(subscription.ack_deadline_seconds)
        except NotFound:
            raise missing(source) from None
        except PermissionDenied:
            return LEASE_SECONDS  # whoever may read need not have the right to look


def missing(source: PubsubAddress) -> UsageError:
    """The error of a subscription or topic that does not exist."""
    why = _("no such topic") if source.is_topic else _("no such subscription")
    return UsageError(f"{source.shown}: {why}")


def make_topics(client: PublisherClient, topics: Topics) -> None:
    """Make the topics that are missing.

    Raises:
        UsageError: one is missing and cannot be made.
        RunError: Pub/Sub cannot be reached.
    """
    refused = []
    with reaching(f"pubsub://{topics.receipts}"):
        for topic in topics.all:
            try:
                client.get_topic(topic=topic, timeout=_ANSWER_SECONDS)
            except PermissionDenied:
                continue  # whoever may publish need not have the right to look
            except NotFound:
                try:
                    client.create_topic(name=topic, timeout=_ANSWER_SECONDS)
                except AlreadyExists:
                    continue
                except (NotFound, PermissionDenied):
                    refused.append(topic)
    if refused:
        raise UsageError(_("{topics}: missing, and cannot be made", topics=", ".join(refused)))


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """Raise an error of Google's libraries in the block as one that says which address it is of.

    Raises:
        RunError: Pub/Sub cannot be reached, or refuses.
    """
    try:
        yield
    except (GoogleAPICallError, GoogleAuthError) as error:
        why = _("cannot be reached ({error})", error=type(error).__name__)
        raise RunError(f"{address}: {why}") from None
