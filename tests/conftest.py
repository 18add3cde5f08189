"""For all tests: no example is timed, programs run by hand are left alone, lanes and options."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tamis.language import use_language

# A database's server is started under another user, by a fork: gRPC's threads of Beam, which it
# would start anew in the child, crash there before the program begins.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

settings.register_profile("untimed", deadline=None)
settings.register_profile("reference", deadline=None, max_examples=10_000)
settings.load_profile("untimed")

collect_ignore_glob = ["benchmarks/*", "nir/fuzz_*.py", "fuzz/fuzz_dsn.py", "fuzz/fuzz_xml.py"]

SERVICES = ("postgres", "kafka", "pubsub", "browser", "prism", "flink", "gcs")
"""Marks of tests that start a server: each of them is `service` too."""

WHOLE_RUNS = {"e2e", "written_by_0_1"}
"""Folders of tests that run the command, or Beam, from end to end: each of them is `slow`."""


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """After a test that ran a command in French, messages are in English again."""
    yield
    use_language("en")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Part the tests into lanes; `-m "not service and not slow"` is the fast one."""
    here = Path(__file__).parent
    if not config.getoption("--cluster"):
        items[:] = [item for item in items if not item.get_closest_marker("cluster")]
    for item in items:
        if any(item.get_closest_marker(service) for service in SERVICES):
            item.add_marker("service")
        if item.path.is_relative_to(here) and WHOLE_RUNS & set(item.path.relative_to(here).parts):
            item.add_marker("slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long a stream is whose processes and services are killed (tests/e2e/test_streams.py).

    And whether a Flink cluster is made of which processes are killed (tests/engines): some minutes.
    """
    parser.addoption("--stream-messages", type=int, default=20_000)
    parser.addoption("--stream-rate", type=int, default=1_000, help="messages a second")
    parser.addoption("--cluster", action="store_true", help="kill processes of a Flink cluster")
