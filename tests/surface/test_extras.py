"""Drivers of databases and brokers are optional: without them all else works, and says why not."""

import subprocess
import sys

import pytest

BLOCKED = """
import sys
for name in ("psycopg", "confluent_kafka", "google.pubsub_v1", "openlineage"):
    sys.modules[name] = None
"""


def run(script: str) -> str:
    """What a script prints in a process without the drivers."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED + script], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_without_drivers_every_exported_name_and_driver_of_runs_is_imported() -> None:
    printed = run(
        "import tamis, tamis.runs.batch, tamis.runs.stream, tamis.runs.watch\n"
        "print(all(getattr(tamis, name) for name in tamis.__all__))"
    )
    assert printed == "True\n"


@pytest.mark.parametrize(
    ("address", "extra"),
    [("postgresql://u:secret@h/db", "postgres"), ("kafka://u:secret@h:9092/feed", "kafka")],
)
def test_an_address_tells_the_extra_that_it_needs(address: str, extra: str) -> None:
    printed = run(
        "from tamis.address import parse_address, require_driver\n"
        "from tamis.errors import UsageError\n"
        f"try:\n    require_driver(parse_address({address!r}), {extra!r})\n"
        "except UsageError as error:\n    print(error)"
    )
    assert f'pip install "tamis[{extra}]"' in printed
    assert "secret" not in printed


def test_lineage_tells_the_extra_that_it_needs_and_stops_no_run_where_nobody_asked() -> None:
    printed = run(
        "import logging, os\n"
        "from tamis.cli.lineage import telling_lineage\n"
        "from tamis.errors import UsageError\n"
        "try:\n    telling_lineage('file:x', ()).__enter__()\n"
        "except UsageError as error:\n    print(error)\n"
        "logging.basicConfig(stream=sys.stdout, format='%(message)s')\n"
        "os.environ['OPENLINEAGE_URL'] = 'http://127.0.0.1:1'\n"
        "print(telling_lineage(None, ()).__enter__())"
    )
    needed = 'lineage needs the extra `openlineage` (pip install "tamis[openlineage]")'
    assert printed.splitlines() == [needed, f"{needed}; lineage is not told", "()"]
