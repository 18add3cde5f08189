"""Addresses of files, stores and streams, parsed once into types; credentials are never shown.

    in/feed.csv, gs://bucket/in/*.parquet, DIR                       `PathAddress`
    postgresql://user:password@host/db?schema=S&table=T              `DatabaseAddress`
    kafka://user:password@broker:9092,broker2:9092/topic?from=latest `KafkaAddress`
    pubsub://projects/P/subscriptions/S, pubsub://projects/P/topics/T `PubsubAddress`
    watch:DIR/*.jsonl                                                `WatchAddress`

The options of a `kafka://` address after `?` are librdkafka's own, except `from`, `format` and
`registry`; those of a database are libpq's, except `schema`, `table`, `create_schema` and
`triggers`. `shown` and `repr` hold no user, no password and no option but `schema` and `table`.

Credentials are split off at the last `@` before `urllib` sees the rest, which would take a password
with an unescaped `/`, `?` or `#` for a path, a query or a fragment, and show it.
"""

import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tamis.errors import UsageError
from tamis.language import _, printable
from tamis.schemes import (
    FILE_SYSTEMS,
    KNOWN_SCHEMES,
    may_hold_credentials,
    refuse_other,
    scheme_of,
)

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PUBSUB = re.compile(r"pubsub://(projects/[^/?#@]+/(subscriptions|topics)/[^/?#@]+)")
_WATCH_OPTION = re.compile(r"\?[a-z._-]+=", re.IGNORECASE)
_OPTION = re.compile(r"[a-z0-9.]+")
_RESERVED_OPTIONS = (
    "auto.commit.enable", "auto.offset.reset", "bootstrap.servers", "debug", "enable.auto.commit",
    "enable.auto.offset.store", "enable.idempotence", "enable.partition.eof", "group.id",
    "group.instance.id", "group.protocol", "isolation.level", "log.queue", "metadata.broker.list",
    "offset.store.method", "partition.assignment.strategy", "plugin.library.paths",
    "transactional.id",
)  # fmt: skip
"""Options of a topic that Tamis sets itself, or that would have the driver print or load code."""

_CREDENTIALS = ("sasl.username", "sasl.password")
"""Options that stand before the `@` of an address as well."""
_OWN_OF_TOPICS: tuple[str, ...] = ("format", "registry")
_OWN_OPTIONS = ("schema", "table", "create_schema", "triggers")
_SECRET_OPTIONS = ("password", "sslpassword")
_conninfos: dict[str, str] = {}
"""By what this process pickled of a database's address, the whole of it."""

_DRIVERS = {
    "kafka": ("confluent_kafka", "Kafka"),
    "postgres": ("psycopg", "PostgreSQL"),
    "gcp": ("google.pubsub_v1", "Pub/Sub"),
    "registry": ("authlib", "a schema registry"),
}

_FILE_SYSTEM_DRIVERS = {
    "gs": ("google.cloud.storage", "tamis[gcp]"),
    "s3": ("boto3", "tamis[aws]"),
    "azfs": ("azure.storage.blob", "apache-beam[azure]"),
}
"""By scheme, the module that Beam needs, and the package that brings it."""


@dataclass(frozen=True)
class PathAddress:
    """A file, a pattern of files or a folder, on this machine or in a file system that Beam knows.

    Attributes:
        shown: the address without credentials.
        uri: the address as it was given.
    """

    shown: str
    uri: str = field(repr=False)

    @classmethod
    def of(cls, uri: str) -> Self:
        """Parse a path or a URI of a file system."""
        scheme, _separator, rest = uri.partition("://")
        if not rest or scheme in FILE_SYSTEMS or "@" not in rest:
            return cls(uri, uri)
        return cls(_Parts.of(uri).shown, uri)

    @property
    def scheme(self) -> str:
        """The scheme of the file system, or empty for a path of this machine."""
        return "" if is_local(self.uri) else self.uri.partition("://")[0].lower()


@dataclass(frozen=True)
class DatabaseAddress:
    """A PostgreSQL database, a schema in it, and maybe a table.

    Attributes:
        shown: the address without credentials.
        schema: of the tables that are meant.
        table: the table that is meant, or empty.
        conninfo: what libpq connects to, with the password unless it was pickled.
        creates_schema: whether a schema that is missing is made.
        triggers: names of triggers and rules that the store's tables may have.
    """

    shown: str
    schema: str
    table: str
    conninfo: str = field(repr=False)
    creates_schema: bool = field(default=False, repr=False)
    triggers: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, uri: str) -> Self:
        """Parse `postgresql://user:password@host/db?schema=S&table=T`.

        Raises:
            UsageError: an option is given twice, or Tamis sets it.

        Example:
            >>> DatabaseAddress.of("postgresql://u:p/w@host/db?table=t&sslpassword=x").shown
            'postgresql://host/db?table=t'
        """
        base, _separator, query = uri.partition("?")
        scheme, _separator, rest_of_base = base.partition("://")
        base = f"{scheme.lower()}://{rest_of_base}"
        options = parse_qsl(query, keep_blank_values=True)
        parts = _Parts.of(uri)
        if not parts.is_ambiguous and "client_encoding" in _options(parts):
            raise _set_by_tamis(f"postgresql://{parts.place}", "client_encoding")
        own = {name: value for name, value in options if name in _OWN_OPTIONS}
        rest = [(name, value) for name, value in options if name not in own]
        shown = f"postgresql://{parts.place}"
        places = [pair for pair in options if pair[0] in ("schema", "table")]
        if places and not parts.is_ambiguous:
            shown += f"?{urlencode(places)}"
        if (creates := own.get("create_schema", "no")) not in ("yes", "no"):
            raise UsageError(_("{address}: `create_schema` must be yes or no", address=shown))
        return cls(
            shown,
            own.get("schema") or "public",
            own.get("table", ""),
            f"{base}?{urlencode(rest, quote_via=quote)}" if rest else base,
            creates == "yes",
            frozenset(filter(None, own.get("triggers", "").split(","))),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the password out of what is pickled; this process remembers it."""
        parts = _Parts.of(self.conninfo)
        user, colon, _password = parts.user.partition(":")
        options = [pair for pair in parse_qsl(parts.query) if pair[0] not in _SECRET_OPTIONS]
        public = f"postgresql://{user}@{parts.place}" if user or colon else parts.shown
        if options:
            public += f"?{urlencode(options, quote_via=quote)}"
        _conninfos[public] = self.conninfo
        names = (self.shown, self.schema, self.table)
        return _restore, (type(self), names, public, self.creates_schema, self.triggers)


@dataclass(frozen=True)
class KafkaAddress:
    """A Kafka topic, and how its cluster is reached.

    Attributes:
        shown: the address without credentials and options.
        topic: its name.
        latest: whether a new stream leaves out the messages that are already there.
        options: of librdkafka, with user and password.
        own: `format` and `registry`, where they are given.
    """

    shown: str
    topic: str
    latest: bool
    options: dict[str, str] = field(repr=False)
    own: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, uri: str) -> Self:
        """Parse `kafka://user:password@broker:9092/topic?option=value`.

        Raises:
            UsageError: it is no such address.
        """
        parts = _Parts.of(uri)
        if parts.is_ambiguous:
            raise UsageError(
                _(
                    "{address}: in user, password and options `@` must be written %40, `?` %3F "
                    "and `/` %2F",
                    address=parts.shown,
                )
            )
        brokers, _separator, topic = parts.place.partition("/")
        if not brokers or not _TOPIC.fullmatch(topic):
            raise UsageError(
                _("{address}: expected an address kafka://BROKER:PORT/TOPIC", address=parts.shown)
            )
        options = _options(parts)
        begin = options.pop("from", "earliest")
        if begin not in ("earliest", "latest"):
            raise UsageError(_("{address}: `from` must be earliest or latest", address=parts.shown))
        own = {name: options.pop(name) for name in _OWN_OF_TOPICS if name in options}
        for name in options:
            if not _OPTION.fullmatch(name):
                raise UsageError(
                    _("{address}: an option has no name of Kafka's driver", address=parts.shown)
                )
            if name in _RESERVED_OPTIONS or (parts.user and name in _CREDENTIALS):
                raise _set_by_tamis(parts.shown, name)
        if parts.user:
            name, _separator, password = parts.user.partition(":")
            options.setdefault("security.protocol", "SASL_SSL")
            options.setdefault("sasl.mechanism", "PLAIN")
            options["sasl.username"], options["sasl.password"] = unquote(name), unquote(password)
        options["bootstrap.servers"] = brokers
        return cls(parts.shown, topic, begin == "latest", options, own)

    @property
    def name(self) -> str:
        """What a stream from here is called by default."""
        return self.topic


@dataclass(frozen=True)
class PubsubAddress:
    """A subscription or a topic of Pub/Sub.

    Attributes:
        path: `projects/P/subscriptions/S` or `projects/P/topics/T`.
        is_topic: whether it is a topic.
    """

    path: str
    is_topic: bool

    @classmethod
    def of(cls, uri: str) -> Self:
        """Parse `pubsub://projects/P/subscriptions/S` or `pubsub://projects/P/topics/T`.

        Raises:
            UsageError: it is no such address.
        """
        match = _PUBSUB.fullmatch(uri)
        if match is None or may_hold_credentials(match[1]):
            raise UsageError(
                _(
                    "{address}: expected an address pubsub://projects/P/subscriptions/S "
                    "or pubsub://projects/P/topics/T",
                    address=_Parts.of(uri).shown,
                )
            )
        return cls(match[1], match[2] == "topics")

    @property
    def shown(self) -> str:
        """The address, which holds no credentials."""
        return f"pubsub://{self.path}"

    @property
    def name(self) -> str:
        """What a stream from here is called by default: the subscription's or topic's name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class WatchAddress:
    """A pattern of files that appear in a folder.

    Attributes:
        pattern: `DIR/*.jsonl`.
    """

    pattern: str

    @classmethod
    def of(cls, uri: str) -> Self:
        """Parse `watch:DIR/*.jsonl`.

        Raises:
            UsageError: it has an option, and no pattern would match what that stands behind.
        """
        pattern = uri.partition(":")[2]
        if not isinstance(parse_address(pattern), PathAddress):
            raise UsageError(_("watch: expected a pattern of files after it, got another address"))
        if _WATCH_OPTION.search(pattern):
            shown = f"watch:{pattern.partition('?')[0]}"
            raise UsageError(_("{address}: a watched folder has no options", address=shown))
        return cls(pattern)

    @property
    def shown(self) -> str:
        """The address, which holds no credentials."""
        return f"watch:{self.pattern}"

    @property
    def name(self) -> str:
        """What a stream from here is called by default: the folder's name and the pattern."""
        return "-".join(self.shown.rsplit("/", 2)[1:])


StreamAddress: TypeAlias = KafkaAddress | PubsubAddress | WatchAddress
StoreAddress: TypeAlias = PathAddress | DatabaseAddress
Address: TypeAlias = StoreAddress | StreamAddress


def _set_by_tamis(shown: str, name: str) -> UsageError:
    text = _(
        "{address}: option `{name}` must not be given, Tamis sets it", address=shown, name=name
    )
    return UsageError(text)


def _restore(kind: Any, names: tuple[str, str, str], public: str, *rest: Any) -> DatabaseAddress:
    """An address that was pickled, with the password where this process knows it."""
    return kind(*names, _conninfos.get(public, public), *rest)


def parse_address(uri: str) -> Address:
    """Parse what a user wrote for an input or an output.

    Raises:
        UsageError: it has the scheme of a database or a stream and is not a whole address of one.

    Example:
        >>> parse_address("kafka://u:p@localhost:9092/feed")
        KafkaAddress(shown='kafka://localhost:9092/feed', topic='feed', latest=False)
        >>> parse_address("in/feed.jsonl")
        PathAddress(shown='in/feed.jsonl')
    """
    refuse_other(uri)
    match scheme_of(uri):
        case "watch":
            return WatchAddress.of(uri)
        case "kafka":
            return KafkaAddress.of(uri)
        case "pubsub":
            return PubsubAddress.of(uri)
        case "postgresql" | "postgres":
            return DatabaseAddress.of(uri)
        case _other:
            return PathAddress.of(uri)


def shown_address(word: str) -> str:
    """What a message may show of a word of the command line: no credentials.

    Example:
        >>> shown_address("in/feed.csv"), shown_address("kafka://u:p@broker/feed")
        ('in/feed.csv', 'kafka://broker/feed')
        >>> shown_address("jdbc:postgresql://u:p@host/db")
        '(address withheld)'
    """
    try:
        return printable(parse_address(word).shown)
    except UsageError:
        return _("(address withheld)")


def parse_store(uri: str) -> StoreAddress:
    """Parse the address of a store: a folder or a database.

    Raises:
        UsageError: it is the address of a stream.
    """
    address = parse_address(uri)
    if not isinstance(address, StoreAddress):
        raise UsageError(
            _("{address}: expected a folder or a database, got a stream", address=address.shown)
        )
    return address


def parse_stream(uri: str) -> StreamAddress:
    """Parse the address of a stream.

    Raises:
        UsageError: it is the address of files or of a database, or no whole address.
    """
    address = parse_address(uri)
    if not isinstance(address, StreamAddress):
        raise UsageError(
            _("{address}: expected a stream, got files or a database", address=address.shown)
        )
    return address


def require_file(path: Path) -> None:
    """Check that `path` is not an address, of which `Path` has made one slash of two.

    Raises:
        UsageError: it is one. The message leaves out what it may hold of credentials.
    """
    if (scheme := scheme_of(str(path))) in KNOWN_SCHEMES:
        raise UsageError(_("expected a file, got an address {scheme}://…", scheme=scheme))
    refuse_other(str(path))


def is_local(uri: str) -> bool:
    """Whether `uri` is a plain path of this machine."""
    return "://" not in uri


def require_driver(address: Address, extra: str) -> None:
    """Check that the driver that `address` needs is installed.

    Raises:
        UsageError: the optional dependencies `extra` are not installed.
    """
    module, product = _DRIVERS[extra]
    if not _is_installed(module):
        raise UsageError(
            _(
                '{address}: {product} needs the extra `{extra}` (pip install "tamis[{extra}]")',
                address=address.shown,
                product=product,
                extra=extra,
            )
        )


def require_file_system(uri: str) -> None:
    """Check that what Beam needs for the file system of a path is installed.

    Raises:
        UsageError: it is not.
    """
    scheme = scheme_of(uri)
    module, package = _FILE_SYSTEM_DRIVERS.get(scheme, ("", ""))
    if module and not _is_installed(module):
        raise UsageError(
            _(
                '{scheme}:// needs another package (pip install "{package}")',
                scheme=scheme,
                package=package,
            )
        )


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _options(parts: "_Parts") -> dict[str, str]:
    """The options of an address by name.

    Raises:
        UsageError: one is given twice, or has no value.
    """
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in options:
            raise UsageError(_("{address}: an option is given twice", address=parts.shown))
        options[name] = value
    return options


@dataclass(frozen=True)
class _Parts:
    """An address split at its credentials.

    Attributes:
        place: what stands between the credentials and the options.
        is_ambiguous: whether it has an `@` after a `?`. Either the `?` belongs to a password or
            the `@` to an option, and neither was escaped; `place` then says that it is withheld.
    """

    scheme: str
    user: str = field(repr=False)
    place: str
    query: str = field(repr=False)
    is_ambiguous: bool

    @classmethod
    def of(cls, uri: str) -> Self:
        scheme, _separator, rest = uri.partition("://")
        before, _separator, query = rest.partition("?")
        if "@" in query:
            return cls(scheme.lower(), "", "(address withheld)", "", True)
        user, _separator, place = before.rpartition("@")
        if may_hold_credentials(place):
            return cls(scheme.lower(), user, "(address withheld)", query, True)
        return cls(scheme.lower(), user, place, query, False)

    @property
    def shown(self) -> str:
        return f"{self.scheme}://{self.place}"
