"""Addresses of streams: what they name, and what of them may be shown.

    kafka://user:password@broker:9092,broker2:9092/topic?from=latest&security.protocol=SASL_SSL
    pubsub://projects/P/subscriptions/S      pubsub://projects/P/topics/T
    watch:DIR/*.jsonl

What follows `?` in a `kafka://` address are librdkafka's own options, `from` excepted. No user, no
password and no option is ever shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote

from tamis.errors import UsageError

Kind = Literal["kafka", "pubsub", "watch"]

_PREFIXES: dict[str, Kind] = {"kafka://": "kafka", "pubsub://": "pubsub", "watch:": "watch"}
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PUBSUB = re.compile(r"pubsub://(projects/[^/?#@]+/(subscriptions|topics)/[^/?#@]+)")
_OURS = (
    "enable.auto.commit",
    "auto.offset.reset",
    "group.id",
    "transactional.id",
    "enable.idempotence",
    "isolation.level",
)


def stream_kind(uri: str) -> Kind | None:
    """What sort of stream `uri` names, or None for files and tables.

    Example:
        >>> stream_kind("kafka://localhost:9092/feed"), stream_kind("in/feed.jsonl")
        ('kafka', None)
    """
    lower = uri.lower()
    return next((kind for prefix, kind in _PREFIXES.items() if lower.startswith(prefix)), None)


def shown_stream(uri: str) -> str:
    """`uri` as it may be shown: no user, no password, no option.

    Example:
        >>> shown_stream("kafka://u:p/w@h:9092/feed?sasl.password=x"), shown_stream("in/a.csv")
        ('kafka://h:9092/feed', 'in/a.csv')
    """
    kind = stream_kind(uri)
    scheme, _, rest = uri.partition("://")
    if kind == "watch" or (kind is None and "@" not in rest):
        return uri
    scheme = scheme.lower()
    place, _, options = rest.partition("?")
    if "@" in options:
        # Either a `?` of the password was not escaped, or an `@` was not: no telling which.
        return f"{scheme}://(address withheld)"
    return f"{scheme}://{place.rpartition('@')[2]}"


@dataclass(frozen=True)
class KafkaAddress:
    """A topic, and how its cluster is reached.

    Attributes:
        shown: the address as it may be shown.
        topic: its name.
        latest: whether a stream that begins leaves out what is there already.
        options: librdkafka's, with user and password; never shown.
    """

    shown: str
    topic: str
    latest: bool
    options: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, uri: str) -> "KafkaAddress":
        """The topic at `uri`.

        Raises:
            UsageError: it is no such address, or the driver is not installed.
        """
        try:
            import confluent_kafka  # noqa: F401
        except ImportError:
            raise UsageError(
                f'{shown_stream(uri)}: Kafka needs the extra `kafka` (pip install "tamis[kafka]")'
            ) from None
        shown = shown_stream(uri)
        place, _, query = uri.partition("://")[2].partition("?")
        if "@" in query:
            raise UsageError(
                f"{shown}: in user, password and options `@` is written %40, `?` %3F and `/` %2F"
            )
        user, _, place = place.rpartition("@")
        brokers, _, topic = place.partition("/")
        if not brokers or not _TOPIC.fullmatch(topic):
            raise UsageError(f"{shown}: an address is kafka://BROKER:PORT/TOPIC")
        options = dict(parse_qsl(query, keep_blank_values=True))
        begin = options.pop("from", "earliest")
        if begin not in ("earliest", "latest"):
            raise UsageError(f"{shown}: `from` is earliest or latest")
        for name in _OURS:
            if name in options:
                raise UsageError(f"{shown}: option {name} is Tamis' own to set")
        if user:
            name, _, password = user.partition(":")
            options.setdefault("security.protocol", "SASL_SSL")
            options.setdefault("sasl.mechanism", "PLAIN")
            options["sasl.username"], options["sasl.password"] = unquote(name), unquote(password)
        options["bootstrap.servers"] = brokers
        return cls(shown, topic, begin == "latest", options)


@contextmanager
def told_options(shown: str) -> Iterator[None]:
    """While a client of Kafka is made: an option that its driver refuses, without its value.

    Raises:
        UsageError: it refuses one.
    """
    from confluent_kafka import KafkaException

    try:
        yield
    except (KafkaException, TypeError, ValueError):
        raise UsageError(f"{shown}: the driver refuses an option of the address") from None


@dataclass(frozen=True)
class PubsubAddress:
    """A subscription or a topic of Pub/Sub.

    Attributes:
        path: `projects/P/subscriptions/S` or `projects/P/topics/T`.
        is_topic: which of them.
    """

    path: str
    is_topic: bool

    @classmethod
    def of(cls, uri: str) -> "PubsubAddress":
        """The subscription or topic at `uri`.

        Raises:
            UsageError: it is no such address.
        """
        found = _PUBSUB.fullmatch(uri)
        if found is None:
            raise UsageError(
                f"{shown_stream(uri)}: an address is pubsub://projects/P/subscriptions/S "
                "or pubsub://projects/P/topics/T"
            )
        return cls(found[1], found[2] == "topics")

    @property
    def shown(self) -> str:
        """The address as it may be shown: all of it."""
        return f"pubsub://{self.path}"
