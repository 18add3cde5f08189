"""Datasets are called as OpenLineage's rules of naming say, by its own client's words for them."""

from pathlib import Path

import pytest
from openlineage.client.naming import dataset as naming

from tamis.evidence.receipt import InputPart
from tamis.lineage.datasets import DatasetName, by_dataset, dataset_of, outputs_of
from tamis.plan.project import load_project
from tamis.stores.table_layout import table_name

PLAN = load_project("cpf").plan("evaluation-cpf", on="2026-11-23")
(RELEASE,) = PLAN.releases
SUBSCRIPTION = naming.PubSubResourceType.SUBSCRIPTION


def local(path: str) -> naming.LocalFileSystem:
    return naming.LocalFileSystem(str(Path(path).absolute()))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("in/feed.csv", local("in/feed.csv")),
        ("in/2026-*/feed.csv", local("in")),
        ("*.csv", local(".")),
        ("/*.csv", naming.LocalFileSystem("/")),
        ("in/(name withheld).csv", local("in")),
        ("watch:/srv/in/*.jsonl", naming.LocalFileSystem("/srv/in")),
        ("gs://bucket/in/*.csv", naming.GCS("bucket", "in")),
        ("s3://bucket/in/feed.csv", naming.S3("bucket", "in/feed.csv")),
        ("hdfs://node:8020/in/feed.csv", naming.HDFS("node", "8020", "in/feed.csv")),
        ("postgresql://host/db?table=t", naming.Postgres("host", "5432", "db", "public", "t")),
        (
            "postgresql://a:6543,b:1/db?schema=s&table=t",
            naming.Postgres("a", "6543", "db", "s", "t"),
        ),
        ("kafka://a:9093,b:9093/feed", naming.Kafka("a", "9093", "feed")),
        ("pubsub://projects/p/subscriptions/s", naming.PubSubNaming(SUBSCRIPTION, "p", "s")),
    ],
)
def test_an_input(address: str, expected: naming.DatasetNaming) -> None:
    assert dataset_of(address) == DatasetName(expected.get_namespace(), expected.get_name())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("store", local(f"store/evaluation-cpf/{RELEASE.id}")),
        ("gs://b/store/", naming.GCS("b", f"store/evaluation-cpf/{RELEASE.id}")),
        (
            "postgresql://h/db?schema=s",
            naming.Postgres("h", "5432", "db", "s", table_name("evaluation-cpf", RELEASE.id)),
        ),
        ("kafka://h:9092/out", naming.Kafka("h", "9092", "out")),
        (
            "pubsub://projects/p/topics/t",
            naming.PubSubNaming(naming.PubSubResourceType.TOPIC, "p", "t"),
        ),
    ],
)
def test_an_output(address: str, expected: naming.DatasetNaming) -> None:
    outputs = outputs_of(address, PLAN.policy, [RELEASE.id])
    assert outputs[RELEASE.id] == DatasetName(expected.get_namespace(), expected.get_name())
    assert "quarantine" in outputs[None].name
    assert len(outputs) == 2


def test_files_belong_to_the_dataset_that_holds_them() -> None:
    datasets = [dataset_of("in/*.csv"), dataset_of("late/feed.csv")]
    names = ("in/a.csv", "in/(name withheld) 0123456789abcdef", "late/feed.csv", "other/feed.csv")
    parts = [InputPart(uri=name, rows=1, bytes=1) for name in names]
    assert [len(found) for found in by_dataset(parts, datasets).values()] == [2, 1]
