"""Poison in a stream of Kafka: it goes on, and each message has the disposition of its case."""

import base64
import io
import json
import os
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import fastavro
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from tamis.evidence.receipt import Receipt
from tamis.keys.seal_keys import make_seal_key
from tamis.synthetic.records import Dirt, make_records, space_nir
from tamis.testing.leftovers import Leftovers

from ..projects import copy_bundled
from ..services.kafka import LARGEST, Broker
from ..services.postgres import PASSWORD, Server
from ..services.prism import find_prism
from ..streams.poison import CANARY, CASES, NIR, POLICY, RELEASE, Case, Headers, Record, json_text
from .conftest import Flow
from .test_services import consume, name

TABLE = "evaluation_cpf__evaluation"
PARTITIONS = 2
TIMEOUT_SECONDS = 120

Place = tuple[int, int]
"""Partition and offset."""


GOOD = 120
"""Messages without any fault, between the others."""


@dataclass
class Topic:
    """A topic with all cases among good messages.

    Attributes:
        uri: its address.
        cases: by place.
        payloads: by place.
        good: places of the messages that are released.
    """

    uri: str
    cases: dict[Place, Case] = field(default_factory=dict)
    payloads: dict[Place, bytes | None] = field(default_factory=dict)
    good: dict[Place, str] = field(default_factory=dict)

    def quarantined(self) -> dict[Place, tuple[str, str, str]]:
        return {
            at: case.outcome for at, case in self.cases.items() if isinstance(case.outcome, tuple)
        }

    def count(self, outcome: str) -> int:
        return sum(case.outcome == outcome for case in self.cases.values())


def writer(kafka: Broker) -> Producer:
    return Producer(
        {"bootstrap.servers": kafka.address, "message.max.bytes": LARGEST, "log_level": 0}
    )


@pytest.fixture(scope="module")
def topic(kafka: Broker, flow: Callable[[str], Flow]) -> Topic:
    chosen = flow(POLICY)
    base = make_records(chosen.schema, GOOD, seed=8, policies=[chosen.policy], dirt=Dirt())
    records = [{**one, "dispositif": "CPF"} for one in base]
    feed = name("poison")
    kafka.topic(feed, PARTITIONS)
    made = Topic(f"kafka://{kafka.address}/{feed}")
    producer = writer(kafka)
    ends = [0] * PARTITIONS

    def send(value: bytes | None, key: bytes | None = None, headers: Headers = ()) -> Place:
        partition = sum(ends) % PARTITIONS
        producer.produce(feed, value, key, partition, headers=list(headers))
        assert producer.flush(60) == 0
        at = (partition, ends[partition])
        ends[partition] += 1
        made.payloads[at] = value
        return at

    for number, record in enumerate(records):
        made.good[send(json_text({**record, "code_rncp": f"bon {number}"}))] = f"bon {number}"
        if number % 2 == 0 and number // 2 < len(CASES):
            case = CASES[number // 2]
            value = case.make({**record, "code_rncp": case.name})
            at = send(value, case.key, case.headers)
            made.cases[at] = case
            if case.outcome == "released":
                made.good[at] = case.name
    assert len(made.cases) == len(CASES)
    return made


class Sink(Protocol):
    """Where a stream went, as the tests look at it."""

    @property
    def uri(self) -> str:
        """What `--output` is given."""

    def released(self) -> Iterator[tuple[Place | None, str]]:
        """Where each released record came from, where the sink keeps that, and its `code_rncp`."""

    def quarantined(self) -> list[Record]:
        """Its quarantine rows."""

    def receipts(self) -> list[Receipt]:
        """Its receipts."""

    def searched(self, hay: Leftovers) -> None:
        """Add all that it holds."""

    def unsealed_from(self, folder: Path) -> str:
        """What `tamis unseal` is given."""


@dataclass
class Tables:
    server: Server
    database: str

    @property
    def uri(self) -> str:
        return self.server.uri(self.database)

    def released(self) -> Iterator[tuple[Place | None, str]]:
        for (code,) in self.server.query(f"SELECT code_rncp FROM {TABLE}", self.database):
            yield None, code

    def quarantined(self) -> list[Record]:
        names = ("run", "source", "position", "reason", "field", "rule", "sealed")
        rows = self.server.query(f"SELECT {', '.join(names)} FROM _tamis_quarantine", self.database)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def receipts(self) -> list[Receipt]:
        rows = self.server.query("SELECT receipt::text FROM _tamis_receipts", self.database)
        return [Receipt.model_validate_json(row[0]) for row in rows]

    def searched(self, hay: Leftovers) -> None:
        hay.add_text("dump", self.server.dump(self.database))
        hay.add_text("log", self.server.log())

    def unsealed_from(self, folder: Path) -> str:
        return self.uri


@dataclass
class Topics:
    kafka: Broker
    topic: str

    @property
    def uri(self) -> str:
        return f"kafka://{self.kafka.address}/{self.topic}"

    def released(self) -> Iterator[tuple[Place | None, str]]:
        for message in consume(self.kafka, self.topic):
            assert message.key() is None
            yield None, json.loads(message.value() or b"")["code_rncp"]

    def quarantined(self) -> list[Record]:
        rows = [
            json.loads(message.value() or b"")
            for message in consume(self.kafka, f"{self.topic}.quarantine")
        ]
        return [
            {**row, "sealed": row["sealed"] and base64.b64decode(row["sealed"])} for row in rows
        ]

    def receipts(self) -> list[Receipt]:
        last = {
            message.key(): message.value()
            for message in consume(self.kafka, f"{self.topic}.receipts")
        }
        return [
            Receipt.model_validate_json(value or b"")
            for key, value in last.items()
            if not (key or b"").startswith((b"positions/", b"steps/"))
        ]

    def searched(self, hay: Leftovers) -> None:
        for topic in (self.topic, f"{self.topic}.quarantine", f"{self.topic}.receipts"):
            for message in consume(self.kafka, topic):
                parts = (message.key(), message.value(), repr(message.headers()).encode())
                hay.pieces[f"{topic} {message.offset()}"] = b"\n".join(
                    part or b"" for part in parts
                )

    def unsealed_from(self, folder: Path) -> str:
        path = folder / "quarantine.jsonl"
        lines = [
            message.value() or b"" for message in consume(self.kafka, f"{self.topic}.quarantine")
        ]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return str(path)


@dataclass
class Store:
    folder: Path
    engine: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        return str(self.folder)

    def released(self) -> Iterator[tuple[Place | None, str]]:
        for row in self.rows(f"{POLICY}/{RELEASE}"):
            yield None, row["code_rncp"]

    def rows(self, below: str) -> list[Record]:
        paths = sorted(self.folder.glob(f"{below}/*.parquet"))
        return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]

    def quarantined(self) -> list[Record]:
        return self.rows("_quarantine/*")

    def receipts(self) -> list[Receipt]:
        paths = self.folder.glob("_receipts/*.json")
        return [Receipt.model_validate_json(path.read_bytes()) for path in paths]

    def searched(self, hay: Leftovers) -> None:
        hay.add_folder(self.folder)

    def unsealed_from(self, folder: Path) -> str:
        return self.uri


@pytest.fixture(
    params=[
        pytest.param("tables", marks=pytest.mark.postgres),
        "topics",
        "store",
        pytest.param("prism", marks=pytest.mark.prism),
    ],
)
def sink(request: pytest.FixtureRequest, kafka: Broker, tmp_path: Path) -> Iterator[Sink]:
    if request.param == "tables":
        server: Server = request.getfixturevalue("server")
        database = name("poison").replace("-", "_")
        server.query(f"CREATE DATABASE {database}")
        yield Tables(server, database)
        server.query(f"DROP DATABASE {database} WITH (FORCE)")
    elif request.param == "topics":
        yield Topics(kafka, name("out"))
    elif request.param == "prism":
        runner = ("--", "--runner=PrismRunner", f"--prism_location={find_prism()}")
        yield Store(tmp_path / "store", runner)
    else:
        yield Store(tmp_path / "store")


def tamis(*words: object) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tamis", *map(str, words)],
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=os.environ,
    )


def stream(
    source: str, sink: Sink, keys: str, *options: object, policy: str = POLICY
) -> subprocess.CompletedProcess[bytes]:
    return tamis(
        *("run", policy, "--input", source, "--output", sink.uri, "--keys", keys),
        *("--allow-example", "--allow-unconfirmed", "--once", "--run-id", "poison", *options),
        *(sink.engine if isinstance(sink, Store) else ()),
    )


def place_of(row: Record) -> Place:
    return int(row["source"].rpartition("/")[2]), row["position"]


@pytest.mark.kafka
def test_each_poison_has_its_disposition_and_the_stream_goes_on(
    topic: Topic, sink: Sink, keys: str, tmp_path: Path
) -> None:
    seal_key = tmp_path / "originals.json"
    make_seal_key(seal_key)
    done = stream(topic.uri, sink, keys, "--seal-to", f"{seal_key}.pub", "--batch-records", 50)
    assert done.returncode == 0, done.stderr.decode()

    released = list(sink.released())
    assert Counter(code for _, code in released) == Counter(topic.good.values())
    assert all(topic.good[at] == code for at, code in released if at is not None)
    rows = {place_of(row): row for row in sink.quarantined()}
    faults = {at: (row["reason"], row["field"], row["rule"]) for at, row in rows.items()}
    assert faults == topic.quarantined()
    assert {row["source"].rpartition("/")[0] for row in rows.values()} == {topic.uri}
    assert {row["run"] for row in rows.values()} == {"poison"}

    reconcile(topic, sink)
    nothing_is_told(topic, sink, done)
    originals_come_back(topic, sink, seal_key, tmp_path)

    again = stream(topic.uri, sink, keys)
    assert b" 0 in, 0 released, 0 withheld, 0 quarantined" in again.stdout
    assert len(list(sink.released())) == len(released)
    if isinstance(sink, Store):
        for made in sink.receipts():
            assert tamis("verify", sink.folder / "_receipts" / f"{made.run}.json").returncode == 0


def reconcile(topic: Topic, sink: Sink) -> None:
    receipts = sink.receipts()
    counts = [receipt.counts for receipt in receipts]
    assert sum(count.in_ for count in counts) == len(topic.payloads)
    assert sum(count.released for count in counts) == len(topic.good)
    assert sum(count.withheld for count in counts) == topic.count("withheld")
    reasons = Counter(reason for reason, _, _ in topic.quarantined().values())
    assert sum((Counter(receipt.quarantine) for receipt in receipts), Counter()) == reasons
    anomalies = sum((Counter(receipt.anomalies) for receipt in receipts), Counter[str]())
    assert anomalies["nul-replaced"] == (1 if isinstance(sink, Tables) else 0)
    assert anomalies["original-too-large"] == 0


def nothing_is_told(topic: Topic, sink: Sink, done: subprocess.CompletedProcess[bytes]) -> None:
    hay = Leftovers()
    sink.searched(hay)
    hay.pieces |= {"stdout": done.stdout, "stderr": done.stderr}
    bare = space_nir(NIR).encode()
    for needle in (
        CANARY.encode(),
        NIR.encode(),
        bare,
        b"1550875999991",
        struct.pack(">q", int(NIR)),
    ):
        assert hay.where(needle) == []
        assert hay.where(needle.hex().encode()) == []
    assert not any(CANARY in str(value) for value in hay.values)
    assert b"Traceback" not in done.stderr
    assert PASSWORD.encode() not in done.stdout + done.stderr


def originals_come_back(topic: Topic, sink: Sink, key: Path, folder: Path) -> None:
    to = folder / "originals"
    done = tamis("unseal", "--key", key, "--to", to, sink.unsealed_from(folder))
    assert done.returncode == 0, done.stderr.decode()
    expected: dict[str, bytes] = {}
    for (partition, offset), case in topic.cases.items():
        if not isinstance(case.outcome, tuple):
            continue
        at = f"{partition}-{offset}"
        value = topic.payloads[partition, offset]
        for part, content in (("value", value), ("key", case.key)):
            if content is not None:
                expected[f"{at}.{part}"] = content
        if case.headers:
            plain = [
                [one, None if it is None else base64.b64encode(it).decode()]
                for one, it in case.headers
            ]
            expected[f"{at}.headers.json"] = json.dumps(plain, indent=1).encode()
    found = {"-".join(path.name.split("-")[-2:]): path.read_bytes() for path in to.iterdir()}
    assert found.keys() == expected.keys()
    assert [at for at, content in expected.items() if found[at] != content] == []


@pytest.mark.kafka
def test_without_a_key_originals_are_let_go(topic: Topic, keys: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert stream(topic.uri, store, keys).returncode == 0
    rows = store.quarantined()
    assert len(rows) == len(topic.quarantined())
    assert {row["sealed"] for row in rows} == {None}


@pytest.mark.kafka
def test_an_original_that_its_topic_would_refuse_is_let_go_and_counted(
    kafka: Broker, topic: Topic, keys: str, tmp_path: Path
) -> None:
    sink = Topics(kafka, name("small"))
    kafka.topic(f"{sink.topic}.quarantine", 1, max_message_bytes=1_000_000)
    make_seal_key(tmp_path / "k.json")
    done = stream(topic.uri, sink, keys, "--seal-to", tmp_path / "k.json.pub")
    assert done.returncode == 0, done.stderr.decode()
    rows = {place_of(row): row for row in sink.quarantined()}
    assert rows.keys() == topic.quarantined().keys()
    dropped = {at for at, row in rows.items() if row["sealed"] is None}
    assert dropped == {at for at, value in topic.payloads.items() if len(value or b"") > 10**7}
    anomalies = sum((Counter(receipt.anomalies) for receipt in sink.receipts()), Counter[str]())
    assert anomalies["original-too-large"] == len(dropped) == 2


@pytest.mark.kafka
def test_bare_numbers_as_keys_are_nirs_where_there_are_enough_to_tell(
    kafka: Broker, flow: Callable[[str], Flow], keys: str, tmp_path: Path
) -> None:
    chosen = flow(POLICY)
    (record,) = make_records(chosen.schema, 1, seed=8, policies=[chosen.policy], dirt=Dirt())
    feed = kafka.topic(name("bare"))
    producer = writer(kafka)
    for number in range(250):
        key = f"1{55 + number % 40}{number % 12 + 1:02}99{number % 990:03}{number % 999:03}"
        producer.produce(feed, json_text({**record, "dispositif": "CPF"}), key)
    assert producer.flush(60) == 0
    store = Store(tmp_path / "store")
    done = stream(f"kafka://{kafka.address}/{feed}", store, keys, "--batch-ms", 3_000)
    assert done.returncode == 0, done.stderr.decode()
    assert Counter((row["reason"], row["field"]) for row in store.quarantined()) == {
        ("nir-leak", "message key"): 250
    }
    assert list(store.released()) == []


@pytest.mark.kafka
@pytest.mark.parametrize("made_before", [False, True])
def test_a_large_record_is_released_or_stops_the_stream_but_is_never_lost(
    made_before: bool, kafka: Broker, flow: Callable[[str], Flow], keys: str
) -> None:
    chosen = flow(POLICY)
    (record,) = make_records(chosen.schema, 1, seed=8, policies=[chosen.policy], dirt=Dirt())
    large = {**record, "dispositif": "CPF", "code_rncp": "é" * 2_000_000}
    feed, sink = kafka.topic(name("feed")), Topics(kafka, name("out"))
    producer = writer(kafka)
    producer.produce(feed, json_text(large))
    assert producer.flush(60) == 0
    if made_before:
        kafka.topic(sink.topic, 1, max_message_bytes=1_000_000)
    done = stream(f"kafka://{kafka.address}/{feed}", sink, keys)
    if made_before:
        assert done.returncode == 3
        assert "MSG_SIZE_TOO_LARGE" in done.stderr.decode()
        assert "max.message.bytes" in done.stderr.decode()
        assert (list(sink.released()), sink.receipts()) == ([], [])
        config = AlterConfigOpType.SET
        entry = ConfigEntry("max.message.bytes", str(LARGEST), incremental_operation=config)
        resource = ConfigResource(
            ConfigResource.Type.TOPIC, sink.topic, incremental_configs=[entry]
        )
        admin = kafka.admin()
        admin.incremental_alter_configs([resource])[resource].result(30)
        done = stream(f"kafka://{kafka.address}/{feed}", sink, keys)
    assert done.returncode == 0, done.stderr.decode()
    assert list(sink.released()) == [(None, "é" * 2_000_000)]


HOLDER = {
    "type": "record",
    "name": "titulaire",
    "fields": [
        {"name": "nir", "type": ["null", "string"]},
        {"name": "nom_naissance", "type": "string"},
        {"name": "prenoms", "type": "string"},
        {"name": "date_naissance", "type": {"type": "int", "logicalType": "date"}},
        {"name": "courriel", "type": "string"},
    ],
}
FIRST: Record = {
    "type": "record",
    "name": "engagement",
    "fields": [
        {"name": "declaration_id", "type": "string"},
        {"name": "annee", "type": "int"},
        {"name": "statut", "type": "string"},
        {"name": "recensement_demande", "type": "boolean"},
        {"name": "titulaire", "type": HOLDER},
    ],
}
SECOND: Record = {**FIRST, "fields": [{"name": "ajout", "type": "long"}, *FIRST["fields"]]}
OTHER: Record = {"type": "record", "name": "autre", "fields": [{"name": "x", "type": "bytes"}]}


def avro(schema: Record, who: str, ahead: bytes = b"", behind: bytes = b"") -> bytes:
    """A record of the holder `who`, in the schema's bytes between others."""
    record = {
        "ajout": -1,
        "x": CANARY.encode(),
        "declaration_id": "T-42",
        "annee": 2026,
        "statut": "ATTESTEE",
        "recensement_demande": True,
        "titulaire": {
            "nir": NIR,
            "nom_naissance": who,
            "prenoms": "Dominique",
            "date_naissance": 20_000,
            "courriel": CANARY,
        },
    }
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), record)
    return ahead + buffer.getvalue() + behind


def registered(number: int) -> bytes:
    return struct.pack(">bI", 0, number)


def single(schema: Record) -> bytes:
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    text = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(text)


NOT_AVRO = "not Avro of its schema"
NO_FRAME = "has no frame of a schema registry"
AVRO: dict[str, tuple[list[tuple[str, str]], list[tuple[bytes | None, str]]]] = {
    "registry": (
        [("7=", "first.avsc"), ("8=", "second.avsc")],
        [
            (avro(FIRST, "r7", registered(7)), "r7"),
            (avro(SECOND, "r8", registered(8)), "r8"),
            (avro(SECOND, CANARY, registered(7)), NOT_AVRO),
            (avro(FIRST, CANARY, registered(9)), "is of a schema that was not given"),
            (avro(FIRST, CANARY, registered(7))[:-1], NOT_AVRO),
            (avro(FIRST, CANARY, registered(7), b"\0"), NOT_AVRO),
            (avro(FIRST, CANARY), NO_FRAME),
            (avro(FIRST, CANARY, single(FIRST)), NO_FRAME),
            (registered(7), NOT_AVRO),
            (registered(7)[:4], NO_FRAME),
            (registered(7) + bytes(17 << 20), "longer than 16777216 bytes"),
            (b"", NO_FRAME),
            (None, "has no payload"),
            (avro(FIRST, "r7 again", registered(7)), "r7 again"),
        ],
    ),
    "bare": (
        [("", "second.avsc"), ("", "first.avsc")],
        [
            (avro(FIRST, "bare"), "bare"),
            (avro(FIRST, "single", single(FIRST)), "single"),
            (avro(SECOND, "single 2", single(SECOND)), "single 2"),
            (avro(SECOND, CANARY), NOT_AVRO),
            (avro(OTHER, CANARY, single(OTHER)), NOT_AVRO),
            (avro(FIRST, CANARY, single(FIRST))[:-1], NOT_AVRO),
            (avro(FIRST, CANARY, behind=b"\0"), NOT_AVRO),
            (avro(FIRST, CANARY).replace(CANARY.encode(), b"CANAR\xff"), NOT_AVRO),
            (json_text({"titulaire_cpf": CANARY}), NOT_AVRO),
            (b"\xff" * 40, NOT_AVRO),
            (b"", NOT_AVRO),
            (None, "has no payload"),
            (avro(FIRST, "bare again"), "bare again"),
        ],
    ),
}
"""By framing: the schemas that are given, and payloads with whom they release or by what rule
they are unreadable."""


@pytest.mark.kafka
@pytest.mark.parametrize("framing", AVRO)
def test_avro_is_read_in_the_schema_that_its_frame_names_or_not_at_all(
    framing: str, kafka: Broker, keys: str, tmp_path: Path
) -> None:
    names, messages = AVRO[framing]
    for file, schema in (("first.avsc", FIRST), ("second.avsc", SECOND)):
        (tmp_path / file).write_text(json.dumps(schema))
    schemas = [f"{ahead}{tmp_path}/{file}" for ahead, file in names]
    feed = kafka.topic(name("avro"))
    producer = writer(kafka)
    for value, _ in messages:
        # Where releases may hold a NIR, so may a key.
        producer.produce(feed, value, NIR)
    assert producer.flush(60) == 0
    make_seal_key(tmp_path / "k.json")
    as_avro = ("schemas/benevolat-engagement.yaml", "format: jsonl", "format: avro")
    copy_bundled(tmp_path, [as_avro])
    store = Store(tmp_path / "store")
    done = stream(
        f"kafka://{kafka.address}/{feed}",
        store,
        keys,
        *("--project", tmp_path),
        *("--seal-to", tmp_path / "k.json.pub"),
        *(word for schema in schemas for word in ("--avro-schema", schema)),
        policy="benevolat-engagement",
    )
    assert done.returncode == 0, done.stderr.decode()
    bad = {at: rule for at, (_, rule) in enumerate(messages) if is_bad(rule)}
    assert {row["position"]: (row["reason"], row["rule"]) for row in store.quarantined()} == {
        at: ("unreadable", rule) for at, rule in bad.items()
    }
    holders = [row["titulaire"]["nom_naissance"] for row in store.rows("benevolat-engagement/*")]
    assert holders == [who for _, who in messages if not is_bad(who)]
    hay = Leftovers().add_folder(store.folder)
    hay.pieces |= {"stdout": done.stdout, "stderr": done.stderr}
    assert hay.where(CANARY.encode()) == []

    to = tmp_path / "originals"
    assert tamis("unseal", "--key", tmp_path / "k.json", "--to", to, store.uri).returncode == 0
    found = {int(path.stem.rpartition("-")[2]): path.read_bytes() for path in to.glob("*.value")}
    assert found == {at: messages[at][0] for at in bad if messages[at][0] is not None}


def is_bad(what: str) -> bool:
    return (
        what in (NOT_AVRO, NO_FRAME)
        or "was not given" in what
        or what.startswith(("has", "longer"))
    )
