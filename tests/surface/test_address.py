"""Addresses: what they name is parsed, and credentials are not shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.address import (
    DatabaseAddress,
    KafkaAddress,
    PathAddress,
    PubsubAddress,
    StreamAddress,
    WatchAddress,
    parse_address,
    parse_store,
    require_file,
)
from tamis.beam.files import list_inputs
from tamis.errors import UsageError

SECRET = "CANARI"


def tell(uri: str) -> tuple[str, str | None]:
    """What an address shows of itself, and the brokers that it names; or why it is none."""
    try:
        address = parse_address(uri)
    except UsageError as error:
        return str(error), None
    shown = repr(address) + address.shown
    if isinstance(address, KafkaAddress):
        return shown, address.options["bootstrap.servers"]
    return shown, None


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("kafka://broker:9092/feed", KafkaAddress),
        ("KAFKA://broker:9092/feed", KafkaAddress),
        ("pubsub://projects/p/topics/t", PubsubAddress),
        ("watch:in/*.jsonl", WatchAddress),
        ("in/feed.jsonl", PathAddress),
        ("gs://bucket/kafka://feed", PathAddress),
        ("postgresql://h/db", DatabaseAddress),
        ("postgres://h/db", DatabaseAddress),
    ],
)
def test_the_scheme_tells_the_type(uri: str, kind: type) -> None:
    assert type(parse_address(uri)) is kind


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("kafka://u:p@broker:9092/Feed", "Feed"),
        ("pubsub://projects/p/subscriptions/s", "s"),
        ("watch:/in/dsn/*.dsn", "dsn-*.dsn"),
        ("watch:in/*.jsonl", "*.jsonl"),
    ],
)
def test_a_stream_has_a_name(uri: str, name: str) -> None:
    address = parse_address(uri)
    assert isinstance(address, StreamAddress)
    assert address.name == name


@pytest.mark.parametrize("uri", ["in/feed@home.jsonl", "gs://bucket/feed@home.jsonl", "/in/a?b@c"])
def test_a_path_is_shown_as_it_is(uri: str) -> None:
    address = parse_store(uri)
    assert isinstance(address, PathAddress)
    assert (address.shown, address.uri) == (uri, uri)


@pytest.mark.parametrize("uri", ["kafka://broker/feed", "watch:in/*.csv"])
def test_a_stream_is_no_store(uri: str) -> None:
    with pytest.raises(UsageError, match="expected a folder or a database, got a stream"):
        parse_store(uri)


@pytest.mark.parametrize(
    "uri",
    [
        f"kafka://u:{SECRET}@broker:9092/feed",
        f"kafka://{SECRET}@broker:9092/feed",
        f"kafka://u:p@{SECRET}@broker:9092/feed",
        f"kafka://u:p/{SECRET}@broker:9092/feed",
        f"kafka://u:p?{SECRET}@broker:9092/feed",
        f"kafka://u:p/x?{SECRET}@broker:9092/feed",
        f"kafka://u:p#{SECRET}@broker:9092/feed",
        f"kafka://broker:9092/feed?sasl.password={SECRET}",
        f"kafka://broker:9092/feed?sasl.password=a@{SECRET}",
        f"kafka://u:p@broker:9092/feed?ssl.key.password={SECRET}&from=latest",
        f"KAFKA://u:{SECRET}@broker:9092/feed",
        f"redis://u:{SECRET}@broker:9092/feed",
        f"redis://u:p/{SECRET}@broker:9092/feed",
        f"redis://u:p?{SECRET}@broker:9092/feed",
        f"postgresql://u:p?{SECRET}@host/db?table=t",
        f"pubsub://u:{SECRET}@projects/p/topics/t",
        f"postgresql+psycopg://u:{SECRET}@h/db?table=t",
        f"POSTGRESQL://u:{SECRET}@h/db?table=t",
        f"PostgreSQL:u:{SECRET}@h/db",
        f"postgresql://u:{SECRET}%40h/db",
        f"postgresql://h/db;password={SECRET}",
        f"postgresql://h/db#{SECRET}",
        f"postgresql%3A//u:{SECRET}@h/db",
        f"%70ostgresql://u:{SECRET}@h/db",
        f"postgresql%253A%252F%252Fu%253A{SECRET}%2540h/db",
        f"jdbc:postgresql://u:{SECRET}@h/db",
        f"jdbc:postgresql://h/db?user=u&password={SECRET}",
        f"kafka+ssl://u:{SECRET}@h/t",
        f"kafkas://u:{SECRET}@h/t",
        f"kafka:/u:{SECRET}@h/t",
        f"kafka\uff1a//u:{SECRET}@h/t",
        f" kafka://u:{SECRET}@h/t",
        f"'kafka://u:{SECRET}@h/t'",
        f"\ufeffkafka://u:{SECRET}@h/t",
        f"watch:kafka://u:{SECRET}@h/t",
        f"s3://key:{SECRET}@bucket/x",
        f"GS://u:{SECRET}@bucket/x",
        f"gs:u:{SECRET}@bucket/x",
        f"u:{SECRET}@h/db",
        f"u@h:{SECRET}@h/db",
        f"mysql:{SECRET}",
        f"mysql://u:{SECRET}@h/db",
        f"sqlite:{SECRET}",
        f"host=h user=u password={SECRET}",
        f"password={SECRET}",
        f"dbname=d password = '{SECRET}'",
    ],
)
def test_no_user_password_nor_option_is_shown(uri: str) -> None:
    shown, brokers = tell(uri)
    assert SECRET not in shown
    assert brokers in (None, "broker:9092")


@given(st.text(), st.text(), st.sampled_from("@/?#:&=%"), st.booleans())
def test_whatever_a_password_holds_it_is_not_shown(
    ahead: str, behind: str, mark: str, in_option: bool
) -> None:
    password = f"{ahead}{SECRET}{mark}{SECRET}{behind}"
    uri = f"kafka://u:{password}@broker:9092/feed"
    if in_option:
        uri = f"kafka://broker:9092/feed?sasl.password={password}"
    shown, brokers = tell(uri)
    assert SECRET not in shown
    assert SECRET not in (brokers or "")


def test_options_are_the_drivers_and_credentials_unescaped() -> None:
    address = KafkaAddress.of(
        "kafka://us%40er:p%2F%3F%40w@b1:9092,b2:9093/feed?from=latest&sasl.mechanism=SCRAM-SHA-256"
    )
    assert (address.shown, address.topic) == ("kafka://b1:9092,b2:9093/feed", "feed")
    assert address.latest
    assert address.options == {
        "bootstrap.servers": "b1:9092,b2:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "us@er",
        "sasl.password": "p/?@w",
    }


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("schema=a&schema=b", "an option is given twice"),
        ("sslmode=require&sslmode=disable", "an option is given twice"),
        ("client_encoding=latin1", "option `client_encoding` must not be given, Tamis sets it"),
    ],
)
def test_an_option_of_a_database_that_would_not_be_heeded_is_refused(
    options: str, problem: str
) -> None:
    with pytest.raises(UsageError) as error:
        DatabaseAddress.of(f"postgresql://u:{SECRET}@host/db?{options}")
    assert str(error.value) == f"postgresql://host/db: {problem}"


def test_a_watched_folder_has_no_options() -> None:
    assert parse_address("watch:in/feed-?.csv") == WatchAddress("in/feed-?.csv")
    with pytest.raises(UsageError, match="a watched folder has no options"):
        parse_address("watch:in/*.csv?once=true")


def test_without_credentials_nothing_is_added() -> None:
    address = KafkaAddress.of("kafka://[::1]:9092/feed")
    assert address.options == {"bootstrap.servers": "[::1]:9092"}
    assert not address.latest


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("kafka://broker:9092", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka:///feed", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/feed/0", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/fé", "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/" + "x" * 250, "expected an address kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/feed?from=middle", "`from` must be earliest or latest"),
        ("kafka://broker:9092/feed?group.id=x", "option `group.id` must not be given"),
        ("kafka://b:9092/feed?a=1&a=2", "an option is given twice"),
        ("kafka://b:9092/feed?bootstrap.servers=c:9092", "Tamis sets it"),
        ("kafka://u:p@b:9092/feed?sasl.password=x", "`sasl.password` must not be given"),
        (
            "kafka://b:9092/feed?isolation.level=read_uncommitted",
            "`isolation.level` must not be given",
        ),
        ("kafka://broker:9092/feed?sasl.password=a@b", "%40"),
    ],
)
def test_what_is_no_address_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        KafkaAddress.of(uri)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("uri", "path", "is_topic"),
    [
        ("pubsub://projects/p/topics/t", "projects/p/topics/t", True),
        ("pubsub://projects/p/subscriptions/s", "projects/p/subscriptions/s", False),
    ],
)
def test_subscriptions_and_topics_are_told_apart(uri: str, path: str, is_topic: bool) -> None:
    address = PubsubAddress.of(uri)
    assert (address.path, address.is_topic, address.shown) == (path, is_topic, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "pubsub://projects/p",
        "pubsub://projects/p/topics/t/x",
        "pubsub://projects/p/snapshots/s",
        f"pubsub://u:{SECRET}@projects/p/topics/t",
        f"pubsub://projects/p/topics/t?token={SECRET}",
    ],
)
def test_what_is_none_of_pubsubs_is_refused(uri: str) -> None:
    with pytest.raises(UsageError) as error:
        PubsubAddress.of(uri)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "Kafka", "pubsub"])
@pytest.mark.parametrize("slashes", ["", "/"])
def test_an_address_without_its_slashes_is_refused_and_not_shown(scheme: str, slashes: str) -> None:
    with pytest.raises(UsageError, match=f"expected an address {scheme}://…") as caught:
        parse_address(f"{scheme}:{slashes}u:{SECRET}@host/db")
    assert SECRET not in str(caught.value)


def test_where_a_file_is_expected_no_address_is_shown() -> None:
    with pytest.raises(UsageError, match=r"expected a file, got an address postgresql://…$"):
        require_file(Path(f"postgresql://u:{SECRET}@host/db"))
    require_file(Path("in/feed@home.csv"))
    with pytest.raises(UsageError) as caught:
        list_inputs((f"https://u:{SECRET}@host/feed.csv",))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        *("jdbc:postgresql://u:p@h/db", "kafka:/u:p@h", "kafka+ssl://u:p@h/t", "kafkas://h/t"),
        *("mysql://u:p@h/db", "mysql:db", "https://h/feed.csv", "postgresql%3A//h/db"),
        *("u:p@h", "host=h user=u", "password=p", "GS://bucket/x", "gs:/bucket/x", "gs://u@b/x"),
        *("", " ", "\t", "watch:", "watch:kafka://h/t"),
    ],
)
def test_what_looks_like_another_address_is_no_folder(uri: str) -> None:
    with pytest.raises(UsageError):
        parse_address(uri)


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "in/feed.csv",
            "./kafka:u:p@h",
            "/data/a:b@c.csv",
            "in/a:b@c",
            "feed@home.csv",
            "12:30.csv",
        ),
        *(
            "rapport:2026.csv",
            "user=3/part.parquet",
            "host=a",
            "a b.csv",
            "100%.csv",
            "in/%3A@.csv",
        ),
        *("gs://bucket/a@b:c.csv", "s3://bucket/x", "hdfs://nn:8020/x", "*.csv", "C:/in/feed.csv"),
    ],
)
def test_what_is_a_path_stays_one(uri: str) -> None:
    address = parse_address(uri)
    assert isinstance(address, PathAddress)
    assert (address.shown, address.uri) == (uri, uri)


def test_a_scheme_that_is_nearly_one_is_proposed() -> None:
    with pytest.raises(UsageError, match="did you mean `kafka`"):
        parse_address("kafkas://h/t")
