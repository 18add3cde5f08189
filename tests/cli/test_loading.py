"""A local run imports of Beam what it needs, and leaves the rest for who asks afterwards."""

import subprocess
import sys

LOADS = """
import sys
from tamis.cli import loading

loading.owns_process = True
with loading.loading_beam({uris}):
    import tamis.runs.batch
loaded = {{"pandas", "pymongo", "google.cloud.bigquery"}} & set(sys.modules)
import pandas
print(sorted(loaded), pandas.DataFrame({{"a": [1]}}).size)
"""


def loaded(uris: tuple[str, ...]) -> str:
    script = LOADS.format(uris=uris)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert not done.stderr
    return done.stdout.decode().strip()


def test_a_local_run_loads_none_of_the_packages_that_beam_uses_elsewhere() -> None:
    assert loaded(("in/*.parquet", "out")) == "[] 1"


def test_a_run_that_reads_elsewhere_finds_them() -> None:
    assert "pandas" in loaded(("gs://bucket/in.parquet", "out"))
