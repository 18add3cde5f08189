"""Topics in Avro, with a real registry: what readers get, what is refused before it is read."""

import base64
import json
import logging
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tamis.address import KafkaAddress
from tamis.contract.avro_schema import record_schema
from tamis.contract.schema import contract_of
from tamis.errors import RunError, UsageError
from tamis.streams.into_kafka import KafkaSink
from tamis.streams.ledger import Ledger
from tamis.streams.messages import avro_decoder
from tamis.streams.registry import Registry

from ..projects import copy_bundled
from ..services.kafka import Broker
from ..services.registry import run_registry
from ..streams.made import RELEASE, SOURCE, STREAM, judge, micro_batch, payloads, plan
from .conftest import Tamis
from .test_services import consume
from .test_stream_poison import FIRST, SECOND, avro, registered

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("streams")]

SECRET = "mot-de-passe-secret"
JSON_SCHEMA = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'
FEED = micro_batch(payloads(40))


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with run_registry() as url:
        yield url


@pytest.fixture(scope="module")
def client(registry: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry})


def name() -> str:
    return f"avro-{uuid4().hex}"


def sink(kafka: Broker, topic: str, registry: str, stream: str = STREAM) -> KafkaSink:
    """Into a topic in Avro, or in JSON where there is no registry."""
    options = f"?format=avro&registry={registry}" if registry else ""
    return KafkaSink(f"kafka://{kafka.address}/{topic}{options}", plan(), stream, lambda: True)


def begin() -> Ledger:
    return Ledger.begin(plan(), STREAM, SOURCE, ())


def schema_text() -> str:
    return json.dumps(record_schema(contract_of(plan(), plan().releases[0])), ensure_ascii=False)


def test_readers_of_avro_find_each_record_once_by_the_schema_that_is_registered(
    kafka: Broker, registry: str, client: SchemaRegistryClient
) -> None:
    topic = name()
    first = sink(kafka, topic, registry)
    assert first.open(SOURCE) == {}
    judged = judge(FEED)
    first.end_period(first.commit(judged, begin()))
    first.close()
    again = sink(kafka, topic, registry)  # goes on where the first one was
    assert again.open(SOURCE) == first.durable
    again.close()
    for stream in (STREAM, f"{STREAM}-x"):
        other = sink(kafka, topic, "", stream)
        with pytest.raises(UsageError, match="its records are avro, and json must go to another"):
            other.open(SOURCE)
        other.close()

    expected = judged.released[RELEASE].data.to_pylist()
    latest: Any = client.get_latest_version(f"{topic}-value")
    assert json.loads(latest.schema.schema_str or "") == json.loads(schema_text())
    read = AvroDeserializer(client)
    context = SerializationContext(topic, MessageField.VALUE)
    messages: list[Any] = consume(kafka, topic)
    records: list[Any] = [read(message.value(), context) for message in messages]
    key = str
    assert sorted(records, key=key) == sorted(expected, key=key)
    assert len(records) > 10
    for message in messages:
        headers = dict(message.headers() or [])
        assert headers["legal_item"] == b"R6323-37.III.2"
        assert message.key() is None  # it leaves the store
        assert message.value()[:5] == b"\0" + latest.schema_id.to_bytes(4, "big")
    quarantined = consume_quarantine(kafka, topic)
    assert len(quarantined) == judged.quarantined.data.num_rows
    assert all("reason" in json.loads(message.value()) for message in quarantined)


def test_what_readers_cannot_take_is_refused_before_a_topic_is_made(
    kafka: Broker, registry: str, client: SchemaRegistryClient
) -> None:
    topic = name()
    other = json.loads(schema_text())
    other["fields"][1]["type"] = ["null", "long"]
    client.register_schema(f"{topic}-value", Schema(json.dumps(other), "AVRO"))
    client.set_compatibility(f"{topic}-value", "BACKWARD")
    refused = sink(kafka, topic, registry)
    with pytest.raises(UsageError, match="is not compatible with the subject") as caught:
        refused.open(SOURCE)
    refused.close()
    assert f"subject {topic}-value, whose level is BACKWARD" in str(caught.value)
    assert topic not in kafka.admin().list_topics(timeout=10).topics
    assert len(client.get_versions(f"{topic}-value")) == 1

    client.set_compatibility(f"{topic}-value", "NONE")
    allowed = sink(kafka, topic, registry)
    assert allowed.open(SOURCE) == {}
    allowed.close()
    assert len(client.get_versions(f"{topic}-value")) == 2


def test_a_schema_that_somebody_registered_before_is_taken(
    kafka: Broker, registry: str, client: SchemaRegistryClient
) -> None:
    """From the file that `tamis schema --format avro` writes, where streams may not register."""
    topic = name()
    text = json.dumps(json.loads(schema_text()), indent=1, ensure_ascii=False)
    number = client.register_schema(f"{topic}-value", Schema(text, "AVRO"))
    address = KafkaAddress.of(f"kafka://b:9/{topic}?format=avro&registry={registry}")
    contract = contract_of(plan(), plan().releases[0])
    assert Registry(address).register({topic: contract}) == {topic: number}
    assert len(client.get_versions(f"{topic}-value")) == 1


def test_messages_are_read_by_the_schemas_that_the_registry_has(
    registry: str, client: SchemaRegistryClient
) -> None:
    topic = name()
    address = KafkaAddress.of(f"kafka://b:9/{topic}?registry={registry}")
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}
    later = {**schema, "fields": [*schema["fields"], {"name": "b", "type": "int", "default": 0}]}
    context = SerializationContext(topic, MessageField.VALUE)
    values = []
    for text, record in ((schema, {"a": "x"}), (later, {"a": "y", "b": 1})):
        write = AvroSerializer(client, json.dumps(text))
        values.append(write(record, context))
    proto = client.register_schema(f"{topic}-json", Schema(JSON_SCHEMA, "JSON"))
    unknown = [b"\0" + number.to_bytes(4, "big") + b"\2x" for number in (proto, 2**31 - 1)]

    decode = pickle.loads(pickle.dumps(avro_decoder((), Registry(address))))  # as on Flink
    read = list(decode([*values, *unknown, values[0]]))
    assert read[:2] == [{"a": "x"}, {"a": "y", "b": 1}]
    assert [str(fault) for fault in read[2:4]] == 2 * ["is of a schema that was not given"]
    assert read[4] == read[0]


def run_in_avro(folder: Path) -> tuple[object, ...]:
    """The words of a run of a project whose feed is Avro; it is made where it is not there."""
    if not (folder / "schemas").exists():
        as_avro = ("schemas/benevolat-engagement.yaml", "format: jsonl", "format: avro")
        copy_bundled(folder, [as_avro])
    allowed = ("--project", folder, "--allow-example", "--allow-unconfirmed")
    return ("run", "benevolat-engagement", *allowed, "--once")


def test_originals_are_judged_again_by_the_registry_that_the_stream_read(
    kafka: Broker, registry: str, client: SchemaRegistryClient, tamis: Tamis, tmp_path: Path
) -> None:
    """A message of a schema that was registered after it had come."""
    feed = kafka.topic(name())
    number = client.register_schema(f"{feed}-value", Schema(json.dumps(FIRST), "AVRO"))
    producer = Producer({"bootstrap.servers": kafka.address})
    for id_ in (number, number + 1):
        producer.produce(feed, avro(SECOND if id_ > number else FIRST, "un", registered(id_)))
    assert producer.flush(30) == 0
    store, key = tmp_path / "store", tmp_path / "originals.json"
    assert tamis("seal-keys", "new", key).code == 0
    words = run_in_avro(tmp_path)
    source = ("--input", f"kafka://{kafka.address}/{feed}?registry={registry}")
    done = tamis(*words, *source, "--output", store, "--seal-to", f"{key}.pub")
    assert done.code == 0, done.err
    (receipt,) = (store / "_receipts").glob("*.json")
    again = ("redrive", store, receipt.stem, "--key", key, *words[2:-1])
    assert "messages in Avro need --avro-schema" in tamis(*again).err
    other = ("--input", f"kafka://{kafka.address}/{feed}-x?registry={registry}")
    refused = tamis(*again, *other)
    assert (refused.code, f"expected kafka://{kafka.address}/{feed}," in refused.err) == (2, True)
    context = {**SECOND, "name": "suivant"}
    assert client.register_schema(f"{feed}-y", Schema(json.dumps(context), "AVRO")) == number + 1
    done = tamis(*again, *source)
    assert done.code == 0, done.err
    assert "1 in, 1 released, 0 withheld, 0 quarantined" in done.out


def test_the_command_goes_from_avro_to_avro_once(
    kafka: Broker, registry: str, client: SchemaRegistryClient, tamis: Tamis, tmp_path: Path
) -> None:
    """A message of a schema that nobody registered is quarantined, each other is there once."""
    feed, topic = kafka.topic(name()), name()
    number = client.register_schema(f"{feed}-value", Schema(json.dumps(FIRST), "AVRO"))
    producer = Producer({"bootstrap.servers": kafka.address})
    for who, id_ in (("un", number), ("CANARY", 2**31 - 1), ("deux", number)):
        producer.produce(feed, avro(FIRST, who, registered(id_)))
    assert producer.flush(30) == 0
    for _time in range(2):
        done = tamis(
            *run_in_avro(tmp_path),
            *("--input", f"kafka://{kafka.address}/{feed}?registry={registry}"),
            *("--output", f"kafka://{kafka.address}/{topic}?format=avro&registry={registry}"),
        )
        assert done.code == 0, done.err
    read = AvroDeserializer(client)
    messages: list[Any] = consume(kafka, topic)
    context = SerializationContext(topic, MessageField.VALUE)
    records: list[Any] = [read(message.value(), context) for message in messages]
    assert [record["titulaire"]["nom_naissance"] for record in records] == ["un", "deux"]
    assert [message.key() for message in messages] == [
        f"{feed}/0/{offset}".encode() for offset in (0, 2)
    ]
    (fault,) = [json.loads(message.value() or b"") for message in consume_quarantine(kafka, topic)]
    assert (fault["position"], fault["reason"]) == (1, "unreadable")
    assert not any(b"CANARY" in message.value() for message in messages)


def consume_quarantine(kafka: Broker, topic: str) -> list[Any]:
    found: list[Any] = consume(kafka, f"{topic}.quarantine")
    return found


class Refusing(BaseHTTPRequestHandler):
    """Refuses whoever asks, and keeps by which words he was to be let in."""

    users: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.users.append(str(self.headers["Authorization"]))
        answer = json.dumps({"error_code": 40301, "message": "not for you"}).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_a_registry_that_refuses_the_user_is_told_without_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host = f"127.0.0.1:{server.server_address[1]}"
        url = f"http://moi:{SECRET}%40{host}"
        asked = Registry(KafkaAddress.of(f"kafka://b:9/t?format=avro&registry={url}"))
        caplog.set_level(logging.DEBUG)
        with pytest.raises(RunError) as caught:
            asked.register({"t": contract_of(plan(), plan().releases[0])})
    finally:
        server.shutdown()
        server.server_close()
    assert str(caught.value) == f"http://{host}: the registry refuses (403): not for you"
    assert Refusing.users == ["Basic " + base64.b64encode(f"moi:{SECRET}".encode()).decode()]
    assert SECRET not in caplog.text
    assert host in caplog.text  # what the HTTP client says was looked at


def test_a_registry_that_does_not_answer_is_told_without_its_password() -> None:
    address = KafkaAddress.of(
        f"kafka://b:9/t?format=avro&registry=http://moi:{SECRET}%40127.0.0.1:1"
    )
    gone = Registry(address)
    with pytest.raises(RunError, match=r"http://127.0.0.1:1: the registry cannot be reached"):
        gone.register({"t": contract_of(plan(), plan().releases[0])})
    assert SECRET not in repr(address) + gone.shown


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("format=avro", "Avro must have both"),
        ("registry=http://r:8081", "Avro must have both"),
        ("format=xml", "`format` must be json or avro"),
        ("format=avro&registry=r:8081", "`registry` must be http://HOST:PORT"),
    ],
)
def test_half_an_address_is_refused(options: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        KafkaSink(f"kafka://b:9/t?{options}", plan(), STREAM, lambda: True)
