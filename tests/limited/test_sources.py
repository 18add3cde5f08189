"""A limited person's records leave by no source, into no place, and under no command."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import fastavro
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer

from tamis.errors import KeysError
from tamis.keys.sealed import PrivateKey
from tamis.plan.plan import LIMITED, Plan
from tamis.runs.batch import Job, run
from tamis.runs.redrive import RedriveJob, redrive
from tamis.runs.stream import run_stream
from tamis.runs.watch import WatchJob, watch
from tamis.streams.job import StreamJob
from tamis.synthetic.files import write_feed
from tamis.upkeep.redrive import find_redrive

from ..e2e.test_services import consume
from ..services.kafka import Broker, run_kafka
from ..services.postgres import Server, run_postgres
from .conftest import Limiting, make_project

Nirs = Callable[[int], list[str]]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("limited-sources")]

IN_MEMORY = ("--direct_running_mode=in_memory",)

SCHEMA = """
schema: dossiers
format: {form}
fields:
  nir:    {{type: string, {nir}, identifier: [nir, nia], category: tit-identite-activite}}
  statut:
    {{type: string, {statut}, category: [tit-droits-parcours-formation, {partage}]}}
  montant:
    {{type: int64, {montant}, category: [tit-droits-parcours-formation, {partage}]}}
"""

NEEDED = """
    needs:
      - because: connaître l'état d'avancement du dossier
        keep: [statut, montant]
"""

DSN = ("S21.G00.30.001", "S21.G00.30.024", "S21.G00.30.013")

FORMATS = {
    "csv": "feed.csv",
    "jsonl": "feed.jsonl",
    "avro": "feed.avro",
    "dsn": "feed.dsn",
    "{xml: {record: /flux/dossier}}": "feed.xml",
    "spreadsheet": "feed.xlsx",
    "{spreadsheet: {}}": "feed.ods",
}


def project_of(folder: Path, form: str) -> Limiting:
    """A project whose releases keep both fields of every record."""
    limiting = make_project(folder, "parquet")
    places: tuple[str, ...] = ("nullable: true",) * 3
    if form == "dsn":
        places = tuple(f"rubrique: {rubrique}" for rubrique in DSN)
    if "xml" in form:
        places = tuple(f"xpath: {name}" for name in ("nir", "statut", "montant"))
    names = dict(zip(("nir", "statut", "montant"), places, strict=True))
    text = SCHEMA.format(form=form, partage="partage-parcours-formation", **names)
    (folder / "schemas" / "dossiers.yaml").write_text(text, encoding="utf-8")
    for path in (folder / "policies").glob("i*.yaml"):
        head, _where, _rest = path.read_text(encoding="utf-8").partition("    where:")
        path.write_text(head + NEEDED.lstrip("\n"), encoding="utf-8")
    return limiting


def records(numbers: Sequence[str]) -> list[dict[str, Any]]:
    """A record of each number, told apart by its amount."""
    return [
        {"nir": nir[:13], "statut": f"S{place}", "montant": place}
        for place, nir in enumerate(numbers)
    ]


def write(limiting: Limiting, numbers: Sequence[str], path: Path) -> str:
    schema, _source = limiting.project.schema("dossiers")
    write_feed(records(numbers), schema, path)
    return str(path)


def job(limiting: Limiting, uri: str, output: str, policy: str = "iii", name: str = "r") -> Job:
    return Job(limiting.plan(policy), (uri,), output, name, str(limiting.keys), IN_MEMORY)


def mend(limiting: Limiting) -> Plan:
    """Let the schema take any text for an amount; the plan by it."""
    schema = limiting.folder / "schemas" / "dossiers.yaml"
    schema.write_text(schema.read_text().replace("{type: int64", "{type: string"))
    return limiting.plan("iii")


def amounts(store: str | Path) -> list[int]:
    """The amounts of all released rows of a folder."""
    files = Path(store).glob("i*/*/*.parquet")
    return sorted(row for file in files for row in pq.read_table(file)["montant"].to_pylist())


@pytest.mark.parametrize("form", FORMATS)
def test_files_of_each_format(form: str, tmp_path: Path, nirs: Nirs) -> None:
    limiting = project_of(tmp_path / "projet", form)
    listed, *others = nirs(4)
    limiting.persons(listed)
    uri = write(limiting, [listed, *others, *[listed] * 4], tmp_path / FORMATS[form])
    receipt, _before = run(job(limiting, uri, str(tmp_path / "store")))
    assert receipt is not None
    assert amounts(tmp_path / "store") == [1, 2, 3]
    assert [(part.condition, part.records) for part in receipt.conditions_not_met or ()] == [
        (LIMITED, 5)
    ]


def test_a_watched_folder_asks_the_list_as_it_is_in_each_round(tmp_path: Path, nirs: Nirs) -> None:
    limiting = project_of(tmp_path / "projet", "csv")
    listed, late, other = nirs(3)
    limiting.persons(listed)
    (tmp_path / "in").mkdir()
    store = str(tmp_path / "store")
    watched = WatchJob(
        f"{tmp_path}/in/*.csv", store, "w", str(limiting.keys), once=True, options=IN_MEMORY
    )
    for name in ("a.csv", "b.csv"):
        write(limiting, [listed, late, other], tmp_path / "in" / name)
        watch(watched, lambda: limiting.plan("iii"), lambda _receipt: None, threading.Event())
        limiting.persons(late)
    assert amounts(store) == [1, 2, 2]


def test_quarantined_records_are_judged_again_under_the_list_as_it_is(
    tmp_path: Path, nirs: Nirs
) -> None:
    limiting = project_of(tmp_path / "projet", "csv")
    late, other, third = nirs(3)
    path = tmp_path / "feed.csv"
    write(limiting, [late, other, third], path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("S0,0", "S0,0x").replace("S1,1", "S1,1x"), encoding="utf-8")
    store = str(tmp_path / "store")
    receipt, _before = run(job(limiting, str(path), store))
    assert receipt is not None
    assert (receipt.counts.released, receipt.counts.quarantined) == (1, 2)
    limiting.persons(late)
    schema = limiting.folder / "schemas" / "dossiers.yaml"
    schema.write_text(schema.read_text().replace("{type: int64", "{type: string"))
    again = RedriveJob(
        find_redrive(store, "r"), limiting.plan("iii"), store, (), str(limiting.keys)
    )
    receipt, _before = redrive(again)
    assert (receipt.counts.released, receipt.counts.withheld) == (1, 1)
    assert receipt.limited is not None
    with pytest.raises(KeysError, match="asks the list of limited persons and needs --keys"):
        redrive(replace(again, keys=None))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_postgres() as running:
        yield running


@pytest.mark.postgres
def test_tables_into_tables(server: Server, tmp_path: Path, nirs: Nirs) -> None:
    limiting = project_of(tmp_path / "projet", "parquet")
    listed, other = nirs(2)
    limiting.persons(listed)
    server.query("CREATE DATABASE limites")
    server.query("CREATE TABLE feed (nir text, statut text, montant bigint)", "limites")
    for record in records([listed, other]):
        server.query(
            "INSERT INTO feed VALUES ('{nir}', '{statut}', {montant})".format(**record), "limites"
        )
    receipt, _before = run(
        job(limiting, server.uri("limites", table="feed"), server.uri("limites"))
    )
    assert receipt is not None
    assert server.query("SELECT montant FROM iii__iii", "limites") == [(1,)]
    assert (receipt.counts.withheld, receipt.conditions_not_met) == (1, [])


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    with run_kafka() as broker:
        yield broker


@pytest.mark.kafka
@pytest.mark.parametrize("form", ["jsonl", "avro"])
def test_messages_of_a_topic_and_their_originals(
    form: str, kafka: Broker, tmp_path: Path, nirs: Nirs
) -> None:
    """What was quarantined is sealed: judged again, it is held against the list as it is then."""
    limiting = project_of(tmp_path / "projet", form)
    listed, late, other = nirs(3)
    limiting.persons(listed)
    topic = kafka.topic(f"feed-{uuid4().hex}")
    kinds = {"nir": "string", "statut": "string", "montant": ["long", "string"]}
    avro = {
        "type": "record",
        "name": "dossier",
        "fields": [{"name": name, "type": kind} for name, kind in kinds.items()],
    }
    (tmp_path / "dossier.avsc").write_text(json.dumps(avro), encoding="utf-8")

    def encoded(record: Any) -> bytes:
        if form == "jsonl":
            return json.dumps(record).encode()
        stream = BytesIO()
        fastavro.schemaless_writer(stream, avro, record)
        return stream.getvalue()

    made = records([listed, late, other, late, other])
    for record in made[3:]:
        record["montant"] = f"{record['montant']} €"
    producer = Producer({"bootstrap.servers": kafka.address})
    for record in made:
        producer.produce(topic, encoded(record))
    assert producer.flush(30) == 0
    source, key = f"kafka://{kafka.address}/{topic}", PrivateKey.new()
    schemas = (str(tmp_path / "dossier.avsc"),) if form == "avro" else ()
    streamed = StreamJob(
        source, str(tmp_path / "store"), "s", str(limiting.keys), key.public, once=True,
        avro_schemas=schemas,
    )  # fmt: skip
    total = run_stream(streamed, lambda: limiting.plan("iii"))
    assert (total.released, total.withheld, total.quarantined) == (2, 1, 2)
    assert amounts(tmp_path / "store") == [1, 2]
    into_topic = replace(streamed, output=f"{source}-out", stream="t")
    assert run_stream(into_topic, lambda: limiting.plan("iii")).withheld == 1
    sent = [
        json.loads(message.value() or b"")["montant"] for message in consume(kafka, f"{topic}-out")
    ]
    assert sorted(sent) == [1, 2]

    limiting.persons(late)
    (receipt,) = (tmp_path / "store" / "_receipts").glob("s-*.json")
    store = str(tmp_path / "store")
    again = RedriveJob(
        find_redrive(store, receipt.stem), mend(limiting), store, (), str(limiting.keys),
        {key.public.id: key}, schemas,
    )  # fmt: skip
    counts = redrive(again)[0].counts
    assert (counts.released, counts.withheld, counts.quarantined) == (1, 1, 0)
