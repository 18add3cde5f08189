"""The command line in this process, on the bundled CPF project and a keyring made for the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tamis.documents.calendar import today
from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.plan.project import Project, bundled_project, load_project

from ..command import Outcome as Outcome
from ..command import Tamis as Tamis
from ..command import run_command
from ..services.postgres import Server

IN_MEMORY = "--direct_running_mode=in_memory"
"""Beam without gRPC between its workers: a third of the time of a small run."""


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

    return partial(run_command, monkeypatch, capfd)


@pytest.fixture
def run(tamis: Tamis, keys: str) -> Tamis:
    """`tamis run`, with keys and examples allowed: policy, inputs, store, options."""

    def call(policy: str, inputs: list[Path], store: Path, *options: object) -> Outcome:
        named = [part for path in inputs for part in ("--input", path)]
        kept = ("--keys", keys, "--allow-example", "--allow-unconfirmed", "--run-id", "run")
        return tamis("run", policy, *named, "--output", store, *kept, *options, "--", IN_MEMORY)

    return call


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """A database of the test's own."""
    name = f"test_{uuid4().hex}"
    server.query(f"CREATE DATABASE {name}")
    yield name
    server.query(f"DROP DATABASE {name} WITH (FORCE)")


def receipt_of(store: Path, run: str = "run") -> Receipt:
    """The receipt that stands in a store."""
    return Receipt.model_validate_json((store / "_receipts" / f"{run}.json").read_bytes())
