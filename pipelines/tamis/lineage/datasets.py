"""Inputs and outputs by the names that OpenLineage has for files, tables and topics."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import abspath
from urllib.parse import parse_qs, urlsplit

from tamis.address import (
    DatabaseAddress,
    KafkaAddress,
    PathAddress,
    PubsubAddress,
    WatchAddress,
    parse_address,
)
from tamis.evidence.receipt import InputPart
from tamis.filter.drift import WITHHELD
from tamis.stores.folder_layout import output_folder
from tamis.stores.table_layout import QUARANTINE_TABLE, table_name
from tamis.streams.sink import Topics

_ANY = frozenset("*?[")
"""Characters by which a part of a path stands for several names."""


@dataclass(frozen=True, order=True)
class DatasetName:
    """What OpenLineage calls a dataset.

    Attributes:
        namespace: of the system that has it: `file`, `s3://bucket`, `postgres://host:5432`, …
        name: within that.
    """

    namespace: str
    name: str

    def holds(self, other: "DatasetName") -> bool:
        """Whether `other` is this dataset, or a file in its folder."""
        folder = self.name.rstrip("/") + "/"
        return self.namespace == other.namespace and (
            other.name == self.name or other.name.startswith(folder)
        )


def dataset_of(address: str) -> DatasetName:
    """The dataset at an address without credentials.

    Files that a pattern matches are the dataset of the folder that they all stand in, and so is one
    in whose name a person is named.

    Example:
        >>> dataset_of("s3://bucket/in/2026/*.csv")
        DatasetName(namespace='s3://bucket', name='in/2026')
        >>> dataset_of("/data/store/../in/feed.csv")
        DatasetName(namespace='file', name='/data/in/feed.csv')
        >>> dataset_of("postgresql://host/db?schema=s&table=t")
        DatasetName(namespace='postgres://host:5432', name='db.s.t')
        >>> dataset_of("kafka://broker-1:9092,broker-2:9092/feed")
        DatasetName(namespace='kafka://broker-1:9092', name='feed')
        >>> dataset_of("pubsub://projects/p/subscriptions/feed")
        DatasetName(namespace='pubsub', name='subscription:p:feed')
    """
    match parse_address(address):
        case WatchAddress(pattern=pattern):
            return dataset_of(pattern)
        case KafkaAddress(options=options, topic=topic):
            return DatasetName(f"kafka://{_first(options['bootstrap.servers'], 9092)}", topic)
        case PubsubAddress(path=path):
            return _pubsub(path)
        case DatabaseAddress() as database:
            return _table(database, database.table)
        case PathAddress(shown=shown):
            return _path(shown)


def outputs_of(address: str, policy: str, releases: Sequence[str]) -> dict[str | None, DatasetName]:
    """The datasets that a run writes: by release id, and the quarantine's by None.

    Args:
        address: of the store, database or topic, without credentials.
        policy: what the run is of.
        releases: ids of all that it has.
    """
    outputs: list[str | None] = [*releases, None]
    match parse_address(address):
        case KafkaAddress(topic=topic):
            topics = Topics.named(topic, releases, ".")
            namespace = dataset_of(address).namespace
            names = {output: _topic(topics, output) for output in outputs}
            return {output: DatasetName(namespace, name) for output, name in names.items()}
        case PubsubAddress(path=path):
            topics = Topics.named(path, releases, "-")
            return {output: _pubsub(_topic(topics, output)) for output in outputs}
        case DatabaseAddress() as database:
            return {
                output: _table(
                    database,
                    QUARANTINE_TABLE if output is None else table_name(policy, output),
                )
                for output in outputs
            }
    return {
        output: _path(f"{address.rstrip('/')}/{output_folder(policy, output)}")
        for output in outputs
    }


def by_dataset(
    inputs: Iterable[InputPart], datasets: Iterable[DatasetName]
) -> dict[DatasetName, list[InputPart]]:
    """The inputs that a run read, by the first of the datasets that holds each."""
    found: dict[DatasetName, list[InputPart]] = {dataset: [] for dataset in datasets}
    for part in inputs:
        # Of a topic it is a partition.
        uri = part.uri.rpartition("/")[0] if part.uri.startswith("kafka://") else part.uri
        name = dataset_of(uri)
        if (dataset := next((each for each in found if each.holds(name)), None)) is not None:
            found[dataset].append(part)
    return found


def _path(shown: str) -> DatasetName:
    scheme, separator, rest = shown.partition("://")
    authority, _slash, path = rest.partition("/") if separator else ("", "", shown)
    parts = []
    for part in path.split("/"):
        if _ANY & set(part) or WITHHELD in part:
            break
        parts.append(part)
    path = "/".join(parts)
    if separator:
        return DatasetName(f"{scheme.lower()}://{authority}", path or "/")
    return DatasetName("file", abspath(path or ("/" if shown.startswith("/") else ".")))


def _pubsub(path: str) -> DatasetName:
    _projects, project, kind, name = path.split("/")
    return DatasetName("pubsub", f"{kind.removesuffix('s')}:{project}:{name}")


def _table(database: DatabaseAddress, table: str) -> DatasetName:
    parts = urlsplit(database.shown)
    schema = parse_qs(parts.query).get("schema", [database.schema])[0]
    name = ".".join((parts.path.lstrip("/") or "postgres", schema, table))
    return DatasetName(f"postgres://{_first(parts.netloc or 'localhost', 5432)}", name)


def _first(hosts: str, port: int) -> str:
    """The first of several hosts, with its port."""
    host = hosts.split(",")[0]
    return host if host.rpartition(":")[2].isdigit() else f"{host}:{port}"


def _topic(topics: Topics, output: str | None) -> str:
    return topics.quarantine if output is None else topics.released[output]
