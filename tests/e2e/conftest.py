"""The command line in this process, on the bundled CPF project and a keyring made for the tests."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tamis.cli import main
from tamis.documents.calendar import today
from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.plan.project import Project, bundled_project, load_project

from ..services.kafka import Broker, run_kafka
from ..services.postgres import Server, run_postgres
from ..services.pubsub import Emulator, run_pubsub

IN_MEMORY = "--direct_running_mode=in_memory"
"""Beam without gRPC between its workers: a third of the time of a small run."""


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Flow:
    """A policy of the project, compiled for today, and its schema."""

    policy: Policy
    schema: Schema
    plan: Plan

    @property
    def name(self) -> str:
        return self.policy.policy

    @property
    def format(self) -> str:
        return self.schema.format.name


Tamis = Callable[..., Outcome]


@pytest.fixture(scope="session")
def project() -> Project:
    return bundled_project()


@pytest.fixture(scope="session")
def flow(project: Project) -> Callable[[str], Flow]:
    def find(name: str) -> Flow:
        policy, _ = project.policy(name)
        schema, _ = project.schema(policy.schema_)
        return Flow(policy, schema, project.plan(name, today()))

    return find


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    Keyring.create(str(path))
    return str(path)


@pytest.fixture
def tamis(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Tamis:
    """The command `tamis`; the bundled documents are read once for all tests."""

    def load(folder: str | None = None) -> Project:
        return project if folder is None else load_project(folder)

    monkeypatch.setattr("tamis.plan.project.load_project", load)

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tamis", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code: int = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        outcome = capfd.readouterr()
        return Outcome(code, outcome.out, outcome.err)

    return call


@pytest.fixture
def run(tamis: Tamis, keys: str) -> Tamis:
    """`tamis run`, with keys and examples allowed: policy, inputs, store, options."""

    def call(policy: str, inputs: list[Path], store: Path, *options: object) -> Outcome:
        named = [part for path in inputs for part in ("--input", path)]
        kept = ("--keys", keys, "--allow-example", "--allow-unconfirmed", "--run-id", "run")
        return tamis("run", policy, *named, "--output", store, *kept, *options, "--", IN_MEMORY)

    return call


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    with run_postgres() as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """A database of the test's own."""
    name = f"test_{uuid4().hex}"
    server.query(f"CREATE DATABASE {name}")
    yield name
    server.query(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """A Kafka broker for all tests of this process: each makes topics of its own."""
    with run_kafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with run_pubsub() as emulator:
        yield emulator


@pytest.fixture
def pubsub(_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The Pub/Sub emulator, where Google's clients find it."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", _emulator.address)
    return _emulator


def receipt_of(store: Path, run: str = "run") -> Receipt:
    """The receipt that stands in a store."""
    return Receipt.model_validate_json((store / "_receipts" / f"{run}.json").read_bytes())
