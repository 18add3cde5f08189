"""For all tests: no example is timed, programs run by hand are left alone, lanes, options, servers.

Servers start where a test asks for one, and serve all tests of their process.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tamis.language import use_language

if TYPE_CHECKING:
    from .services.browser import Page
    from .services.kafka import Broker
    from .services.postgres import Server
    from .services.pubsub import Emulator

# A database's server is started under another user, by a fork: gRPC's threads of Beam, which it
# would start anew in the child, crash there before the program begins.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

settings.register_profile("untimed", deadline=None)
settings.register_profile("reference", deadline=None, max_examples=10_000)
settings.load_profile("untimed")

collect_ignore_glob = ["benchmarks/*", "nir/fuzz_*.py", "fuzz/fuzz_dsn.py", "fuzz/fuzz_xml.py"]

SERVICES = ("postgres", "kafka", "pubsub", "browser", "prism", "flink", "gcs", "spark")
"""Marks of tests that start a server: each of them is `service` too."""

WHOLE_RUNS = {"e2e", "written_by_0_1"}
"""Folders of tests that run the command, or Beam, from end to end: each of them is `slow`."""


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """After a test that ran a command in French, messages are in English again."""
    yield
    use_language("en")


@pytest.fixture(scope="session")
def server() -> Iterator["Server"]:
    """A PostgreSQL server; each test makes databases of its own."""
    from .services.postgres import run_postgres

    with run_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def kafka() -> Iterator["Broker"]:
    """A Kafka broker; each test makes topics of its own."""
    from .services.kafka import run_kafka

    with run_kafka() as running:
        yield running


@pytest.fixture(scope="session")
def _emulator() -> Iterator["Emulator"]:
    from .services.pubsub import run_pubsub

    with run_pubsub() as running:
        yield running


@pytest.fixture
def pubsub(_emulator: "Emulator", monkeypatch: pytest.MonkeyPatch) -> "Emulator":
    """The Pub/Sub emulator, where Google's clients find it."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", _emulator.address)
    return _emulator


@pytest.fixture(scope="module")
def page() -> Iterator["Page"]:
    """A headless browser."""
    from .services.browser import open_browser

    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    from .services.browser import read_axe

    return read_axe(tmp_path_factory.mktemp("axe"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Part the tests into lanes; `-m "not service and not slow"` is the fast one."""
    here = Path(__file__).parent
    for item in items:
        if any(item.get_closest_marker(service) for service in SERVICES):
            item.add_marker("service")
        if item.path.is_relative_to(here) and WHOLE_RUNS & set(item.path.relative_to(here).parts):
            item.add_marker("slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long streams are whose processes and services are killed (tests/e2e, tests/engines)."""
    parser.addoption("--stream-messages", type=int, default=20_000)
    parser.addoption("--stream-rate", type=int, default=1_000, help="messages a second")
