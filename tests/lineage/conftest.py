"""Each test has an environment of its own."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_other_configuration() -> Iterator[None]:
    """Forget what OpenLineage's client wrote into the environment: it keeps there what it read."""
    yield
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        del os.environ[name]
