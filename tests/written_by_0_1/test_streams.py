"""Streams that 0.1 began: today's code goes on where they were cut, each message is there once."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from tamis.verify.verify import verify

from ..services.kafka import Broker
from ..services.postgres import Server
from .conftest import HERE, MESSAGES, PARTITIONS, Copy, Read, Tamis, messages
from .described import TAGS_SINCE, canonical
from .topics import Line, load, read_topic, write_topic

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.xdist_group("streams"),
]

LINES = load(HERE / "services" / "topics.jsonl")
RECEIPTS = [json.loads(line["value"]) for line in LINES if line["topic"] == "out.receipts"]
WRITTEN_SOURCE = next(receipt["source"] for receipt in RECEIPTS if "source" in receipt)
"""The topic that 0.1 read, by the address that its broker had then."""


def of_topic(topic: str) -> list[Line]:
    return [line for line in LINES if line["topic"] == topic]


def place(line: Line) -> str:
    """Partition and offset of the message that a record was made of."""
    return str(line["key"]).partition("/")[2]


def by_place(lines: list[Line]) -> dict[str, tuple[str, Any]]:
    records = {place(line): (line["value"], line["headers"]) for line in lines}
    assert len(records) == len(lines), "a message is there twice"
    return records


def reasons(lines: list[Line]) -> dict[str, tuple[str, ...]]:
    rows = {place(line): json.loads(line["value"]) for line in lines}
    assert len(rows) == len(lines), "a message is there twice"
    return {
        key: tuple(row[name] for name in ("run", "reason", "field", "rule"))
        for key, row in rows.items()
    }


def assert_adds_up(receipts: list[Any]) -> None:
    """The receipts of all periods lie end to end and add up to all messages."""
    parts = sorted(
        (part for receipt in receipts for part in receipt["inputs"]), key=lambda part: part["first"]
    )
    reached: dict[str, int] = {}
    for part in parts:
        assert part["first"] == reached.get(part["uri"], 0)
        reached[part["uri"]] = part["next"]
    assert list(reached.values()) == [MESSAGES // PARTITIONS] * PARTITIONS
    assert sum(receipt["counts"]["in"] for receipt in receipts) == MESSAGES


def test_a_stream_into_topics_goes_on(kafka: Broker, source: str, read: Read) -> None:
    resumed, fresh = f"out-{uuid4().hex}", f"fresh-{uuid4().hex}"
    kafka.topic(resumed)
    kafka.topic(f"{resumed}.quarantine")
    kafka.topic(f"{resumed}.receipts", cleanup_policy="compact")
    for line in LINES:
        _, out, rest = line["topic"].partition("out")
        if out:
            value = line["value"]
            if rest == ".receipts":
                value = value.replace(WRITTEN_SOURCE, source)
            write_topic(kafka.address, resumed + rest, [{**line, "value": value}])
    for output in (resumed, fresh):
        read(source, f"kafka://{kafka.address}/{output}", "stream-topics")

    records = by_place(read_topic(kafka.address, resumed))
    written = by_place(of_topic("out"))
    assert len(records) > len(written)
    assert {key: records[key] for key in written} == written
    anew = by_place(read_topic(kafka.address, fresh))
    assert {key: record for key, record in records.items() if key not in written} == {
        key: record for key, record in anew.items() if key not in written
    }
    assert {key: without_tags(anew[key]) for key in written} == {
        key: without_tags(record) for key, record in written.items()
    }
    assert reasons(read_topic(kafka.address, f"{resumed}.quarantine")) == reasons(
        read_topic(kafka.address, f"{fresh}.quarantine")
    )
    receipts = {
        line["key"]: json.loads(line["value"])
        for line in read_topic(kafka.address, f"{resumed}.receipts")
        if not line["key"].startswith("steps/")
    }
    assert receipts.pop("positions/stream-topics")["source"] == source
    assert_adds_up(list(receipts.values()))


def without_tags(record: tuple[str, Any]) -> object:
    """Fields and headers of a record, without the tags that there are since 0.1."""
    fields = {name: text for name, text in json.loads(record[0]).items() if name not in TAGS_SINCE}
    return fields, [pair for pair in record[1] if pair[0] not in TAGS_SINCE]


@pytest.mark.parametrize("state", ["staged", "moved"])
def test_a_stream_into_a_folder_goes_on(
    state: str, source: str, read: Read, tamis: Tamis, copy: Copy
) -> None:
    store = copy(f"services/{state}")
    for path in store.rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(WRITTEN_SOURCE, source))
    listed = {file["path"] for path in store.rglob("*.json") for file in files_of(path)}
    for output in (store, Path("fresh")):
        read(source, output, "stream-folder")

    left = [path for path in (store / "_staging").rglob("*") if path.is_file()]
    assert [path for path in left if path.suffix != ".lock"] == []
    assert len(listed) == (4 if state == "staged" else 6)
    written = HERE / "services" / state
    for name in listed:
        (kept,) = [path for path in written.rglob(Path(name).name) if name in str(path)]
        assert (store / name).read_bytes() == kept.read_bytes()
    assert rows(store / "essai-jsonl") == rows(Path("fresh") / "essai-jsonl")
    receipts = sorted((store / "_receipts").iterdir())
    assert_adds_up([json.loads(path.read_bytes()) for path in receipts])
    for path in receipts:
        answer = tamis("verify", path)
        assert answer.code == 0, answer.out


def files_of(path: Path) -> list[Any]:
    """The files that a receipt lists."""
    receipt = json.loads(path.read_bytes())
    return [*receipt["releases"]["evaluation"]["files"], *receipt["quarantine_files"]]


def rows(folder: Path) -> list[str]:
    """Every row below a folder as JSON, without the tags that there are since 0.1, sorted."""
    return sorted(
        json.dumps(
            canonical({name: row[name] for name in row if name not in TAGS_SINCE}), sort_keys=True
        )
        for path in folder.rglob("*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
    )


def test_a_stream_into_tables_goes_on(
    source: str, read: Read, server: Server, database: str
) -> None:
    for table, column, kind in (("positions", "source", "text"), ("receipts", "receipt", "json")):
        server.query(
            f"UPDATE stream._tamis_{table} SET {column} = "
            f"replace({column}::text, '{WRITTEN_SOURCE}', '{source}')::{kind}",
            database,
        )
    for schema in ("stream", "fresh"):
        read(source, server.uri(database, schema=schema, create_schema="yes"), "stream-tables")

    resumed, fresh = (
        server.query(
            "SELECT to_jsonb(rows) - '{legal_law,legal_status,legal_retention}'::text[] "
            f"FROM {schema}.essai_jsonl__evaluation rows ORDER BY _input, _position",
            database,
        )
        for schema in ("stream", "fresh")
    )
    assert resumed == fresh
    since = server.query(
        "SELECT DISTINCT legal_law, legal_status FROM stream.essai_jsonl__evaluation", database
    )
    assert sorted(since, key=str) == [("own", "confirmed"), (None, None)]
    address = server.uri(database, schema="stream")
    assert not [finding for finding in verify(address) if finding.outcome == "failed"]
    quarantine = (
        server.query(
            "SELECT run, position, reason, field, rule, _input, _position "
            f"FROM {schema}._tamis_quarantine ORDER BY _input, _position",
            database,
        )
        for schema in ("stream", "fresh")
    )
    assert next(quarantine) == next(quarantine)
    receipts = server.query("SELECT receipt::text FROM stream._tamis_receipts", database)
    assert_adds_up([json.loads(text) for (text,) in receipts])


def test_originals_in_a_folder_open(tamis: Tamis, copy: Copy) -> None:
    copy("services/staged", "keys")
    assert_originals(tamis("unseal", "services/staged", "--key", "keys/originals.json", "--json"))


def test_originals_in_a_topic_open(tamis: Tamis, copy: Copy) -> None:
    copy("keys")
    lines = [line["value"] + "\n" for line in of_topic("out.quarantine")]
    Path("quarantine.jsonl").write_text("".join(lines))
    assert_originals(tamis("unseal", "quarantine.jsonl", "--key", "keys/originals.json", "--json"))


def test_originals_in_a_table_open(tamis: Tamis, copy: Copy, server: Server, database: str) -> None:
    copy("keys")
    uri = server.uri(database, schema="stream")
    key = ("--key", "keys/originals-passphrase.json")
    assert_originals(tamis("unseal", uri, *key, "--json"))
    assert tamis("unseal", uri, "--key", "keys/originals.json").code == 1


def assert_originals(answer: Any) -> None:
    """Each quarantined message of those that 0.1 read is opened, byte for byte."""
    assert answer.code == 0, answer.err
    sent = {(line["partition"], line["offset"]): line for line in messages()}
    opened = [json.loads(line) for line in answer.out.splitlines()]
    expected = set(reasons(of_topic("out.quarantine")))
    places = {f"{row['source'].rpartition('/')[2]}/{row['position']}" for row in opened}
    assert places == expected
    for row in opened:
        line = sent[int(row["source"].rpartition("/")[2]), row["position"]]
        assert base64.b64decode(row["value"]).decode() == line["value"]
        assert base64.b64decode(row["key"]).decode() == line["key"]
        headers = [[name, base64.b64decode(value).decode()] for name, value in row["headers"]]
        assert headers == line["headers"]


@pytest.mark.parametrize("name", ["originals", "originals-passphrase"])
def test_the_public_key_of_a_seal_key_is_told(name: str, tamis: Tamis, copy: Copy) -> None:
    copy("keys")
    answer = tamis("seal-keys", "public", f"keys/{name}.json")
    assert answer.code == 0, answer.err
    assert answer.out.strip() == Path(f"keys/{name}.json.pub").read_text().strip()
