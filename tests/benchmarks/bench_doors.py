"""The door for dicts, Rows and tables: `python tests/benchmarks/bench_doors.py [RECORDS]`.

Records that stand in memory go through `FromDicts` (`FromRows`, `FromArrow`), `Minimize` and
`Store` into a folder, on one thread of Beam's local runner. 12 fields of policy `j1`, of which
`intitule` and `commentaire` are text, 2 % of comments with a NIR; III, so that the gate runs.
CPU seconds of the process beside records a CPU second, the start of the pipeline included.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions
from feed import make_table

import tamis

OPTIONS = PipelineOptions(["--direct_running_mode=in_memory", "--direct_num_workers=1"])
RECORDS: list[Any] = []


class Dossier(NamedTuple):
    """A row, with the fields of the policy."""

    dossier: str
    date_naissance: Any
    code_action: str
    intitule: str
    organisme: str
    region: str
    statut: str
    debut: Any
    fin: Any
    heures: int
    montant: Any
    commentaire: str


def main(records: int) -> None:
    """Measure, and print a line a door."""
    project = tamis.load_project(Path(__file__).parent / "project")
    plan = project.plan("j1", on="2026-03-02")
    table = make_table(np.random.default_rng(1), 0, records)
    table = table.select(list(Dossier._fields))
    dicts = table.to_pylist()
    doors: dict[str, tuple[Any, list[Any]]] = {
        "FromDicts": (tamis.FromDicts(plan), dicts),
        "FromRows, NamedTuple": (tamis.FromRows(plan), [Dossier(**row) for row in dicts]),
        "FromRows, beam.Row": (tamis.FromRows(plan), [beam.Row(**row) for row in dicts]),
        "FromArrow": (tamis.FromArrow(plan), table.to_batches(max_chunksize=10_000)),
    }
    print(f"{records:,} records of 12 fields, into a folder, one thread")
    for name, (door, elements) in doors.items():
        cpu, wall = _run(door, plan, elements)
        print(f"{name:<24}{cpu:8.2f} s CPU {wall:8.2f} s{records / cpu:12,.0f} records/s")


def _run(door: Any, plan: Any, elements: list[Any]) -> tuple[float, float]:
    RECORDS[:] = elements
    with tempfile.TemporaryDirectory() as store:
        cpu, wall = time.process_time(), time.perf_counter()
        with beam.Pipeline("FnApiRunner", options=OPTIONS) as pipeline:
            source = pipeline | beam.Create([None], reshuffle=False) | beam.ParDo(_HandOver())
            source | door | tamis.Minimize(plan, "bench") | tamis.Store(store)
        return time.process_time() - cpu, time.perf_counter() - wall


class _HandOver(beam.DoFn):
    """The records that stand in memory, each as an element."""

    def process(self, _: None) -> Iterable[Any]:
        yield from _elements()


def _elements() -> Iterator[Any]:
    import __main__

    return iter(__main__.RECORDS)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
