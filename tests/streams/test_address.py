"""Addresses of streams: what they name is found, and what must not be shown is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.errors import UsageError
from tamis.streams.address import KafkaAddress, PubsubAddress, shown_stream, stream_kind

SECRET = "CANARI"


def tell(uri: str) -> tuple[str, str | None]:
    """What an address shows of itself, and the brokers that it names; or why it is none."""
    try:
        address = KafkaAddress.of(uri)
    except UsageError as error:
        return str(error), None
    return repr(address) + address.shown, address.options["bootstrap.servers"]


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("kafka://broker:9092/feed", "kafka"),
        ("pubsub://projects/p/topics/t", "pubsub"),
        ("watch:in/*.jsonl", "watch"),
        ("in/feed.jsonl", None),
        ("gs://bucket/kafka://feed", None),
        ("postgresql://h/db", None),
    ],
)
def test_the_scheme_tells_the_kind(uri: str, kind: str | None) -> None:
    assert stream_kind(uri) == kind


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
        f"pubsub://u:{SECRET}@projects/p/topics/t",
    ],
)
def test_no_user_password_nor_option_is_shown(uri: str) -> None:
    assert SECRET not in shown_stream(uri)
    told, brokers = tell(uri)
    assert SECRET not in told
    assert brokers in (None, "broker:9092")


@given(st.text(), st.text(), st.sampled_from("@/?#:&=%"), st.booleans())
def test_whatever_a_password_holds_it_is_not_shown(
    ahead: str, behind: str, mark: str, in_option: bool
) -> None:
    password = f"{ahead}{SECRET}{mark}{SECRET}{behind}"
    uri = f"kafka://u:{password}@broker:9092/feed"
    if in_option:
        uri = f"kafka://broker:9092/feed?sasl.password={password}"
    assert SECRET not in shown_stream(uri)
    told, brokers = tell(uri)
    assert SECRET not in told
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


def test_without_credentials_nothing_is_added() -> None:
    address = KafkaAddress.of("kafka://[::1]:9092/feed")
    assert address.options == {"bootstrap.servers": "[::1]:9092"}
    assert not address.latest


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("kafka://broker:9092", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka:///feed", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/feed/0", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/fé", "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/" + "x" * 250, "an address is kafka://BROKER:PORT/TOPIC"),
        ("kafka://broker:9092/feed?from=middle", "`from` is earliest or latest"),
        ("kafka://broker:9092/feed?group.id=x", "option group.id is Tamis' own to set"),
        ("kafka://b:9092/feed?isolation.level=read_uncommitted", "isolation.level is Tamis' own"),
        ("kafka://broker:9092/feed?sasl.password=a@b", "%40"),
    ],
)
def test_what_is_no_address_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(UsageError) as told:
        KafkaAddress.of(uri)
    assert problem in str(told.value)


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
    with pytest.raises(UsageError) as told:
        PubsubAddress.of(uri)
    assert SECRET not in str(told.value)
