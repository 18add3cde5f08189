"""For all tests: no example is timed, programs run by hand are left alone, options of our own."""

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.register_profile("reference", deadline=None, max_examples=10_000)
settings.load_profile("untimed")

collect_ignore_glob = ["benchmarks/*", "nir/fuzz_*.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long a stream is whose processes and services are killed (tests/e2e/test_streams.py)."""
    parser.addoption("--stream-messages", type=int, default=20_000)
    parser.addoption("--stream-rate", type=int, default=1_000, help="messages a second")
