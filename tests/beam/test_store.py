"""The store's files, however Beam cuts its bundles, and the reconciliation before the commit."""

import datetime
import hashlib
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import PCollection

import tamis
from tamis.arrow.order import order_rows, take_in_order
from tamis.beam import store as beam_store
from tamis.beam.keys import KeyRef
from tamis.beam.minimize import Outputs
from tamis.errors import RunError
from tamis.evidence.receipt import Receipt
from tamis.limits import USUAL, Limits
from tamis.plan.by_release import ByRelease
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.parquet_files import folder_of
from tamis.stores.protocol import Attempt

from .conftest import IN_MEMORY, Feed, evidence, tree

AT_ONCE = datetime.timedelta(0)


def scatter(collection: PCollection[Any], name: str) -> PCollection[Any]:
    """The same elements, out of order and spread over bundles."""
    found: PCollection[Any] = (
        collection
        | f"Key {name}" >> beam.Map(_with_a_key)
        | f"Reshuffle {name}" >> beam.GroupByKey()
        | f"Values {name}" >> beam.FlatMap(_second)
    )
    found.element_type = collection.element_type
    return found


def _with_a_key(element: Any) -> tuple[int, Any]:
    return random.randrange(1_000), element


def _second(element: tuple[int, Any]) -> Any:
    return element[1]


def run_with(feed: Feed, folder: Path, change: Any, limits: Limits = USUAL) -> None:
    """Run the feed's job with `change` between `Minimize` and `Store`."""
    plan = feed.job.plan
    key = KeyRef(str(feed.job.keys), 1)
    with beam.Pipeline("FnApiRunner", options=PipelineOptions([IN_MEMORY])) as pipeline:
        read = tamis.ReadFiles(feed.job.inputs, plan, limits=limits)
        out = (
            pipeline | read | tamis.Minimize(plan, "the-run", key, replay=True, allow_example=True)
        )
        change(out) | tamis.Store(str(folder), limits=limits)


def test_pieces_of_a_part_from_many_bundles_make_the_file_that_one_bundle_makes(
    feed: Feed, tmp_path: Path
) -> None:
    def scattered(out: Outputs) -> Outputs:
        released = {name: scatter(one, name) for name, one in out.released.items()}
        return out._replace(
            released=ByRelease(released), quarantined=scatter(out.quarantined, "quarantined")
        )

    limits = Limits(chunk_records=10, row_group_rows=25, unit_rows=15)
    run_with(feed, tmp_path / "one", lambda out: out, limits)
    one = tree(tmp_path / "one")
    assert {path: in_order(tmp_path / "one", path) for path in one} == {
        path: table(Path(feed.job.output), path) for path in feed.files
    }
    assert max(groups(tmp_path / "one", path) for path in one) > 2
    for number in range(3):
        folder = tmp_path / f"many-{number}"
        run_with(feed, folder, scattered, limits)
        assert tree(folder) == one


def table(folder: Path, path: str) -> pa.Table:
    return pq.read_table(folder / path)


def in_order(folder: Path, path: str) -> pa.Table:
    """The rows of a file as one unit; those of a quarantine as they stand."""
    rows = table(folder, path)
    return rows if path.startswith("_") else take_in_order(rows, order_rows(rows))


def groups(folder: Path, path: str) -> int:
    return int(pq.ParquetFile(folder / path).num_row_groups)


def test_the_last_step_can_be_done_again_wherever_it_died(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner does a bundle again that died: the commit must not depend on being the first."""
    held: list[Any] = []
    commit = beam_store.commit_run

    def keep(*arguments: Any) -> Receipt:
        held.append(arguments)
        return feed.receipt

    monkeypatch.setattr(beam_store, "commit_run", keep)
    run_with(feed, tmp_path, lambda out: out)
    ((store, attempt, plan, facts, total, pieces, *_guards),) = held
    steps: list[str] = []

    class Fragile(LocalFolder):
        def publish(self, source: str, target: str) -> bool:
            self._step(target)
            return super().publish(source, target)

        def place(self, sources: Mapping[str, str]) -> None:
            for target, source in sources.items():
                self._step(target)
                super().place({target: source})

        def _step(self, target: str) -> None:
            steps.append(target)
            if len(steps) % 3 == 0:
                raise OSError("the worker dies")

    for _ in range(100):
        try:
            commit(FolderStore(Fragile(store.shown)), attempt, plan, facts, total, pieces)
            break
        except (OSError, RunError):
            continue
    assert len(steps) > len(pieces)
    assert tree(tmp_path) == feed.files
    assert evidence(commit(store, attempt, plan, facts, total, pieces)) == evidence(feed.receipt)


def test_what_a_failed_attempt_wrote_is_not_in_the_store(feed: Feed, tmp_path: Path) -> None:
    died = Attempt.begin("the-run")
    orphan = tmp_path / folder_of(died) / "orphan.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"PAR1")
    run_with(feed, tmp_path, lambda out: out)
    store = FolderStore(LocalFolder(str(tmp_path)))
    assert store.recover().left == (died,)
    assert store.recover(AT_ONCE).removed == (died,)
    assert tree(tmp_path) == feed.files


def _lose(element: Any) -> list[Any]:
    return [] if element.part == (0, 0) else [element]


def _double(element: Any) -> list[Any]:
    return [element, element]


def changed(collection: PCollection[Any], how: Callable[[Any], list[Any]]) -> PCollection[Any]:
    """The collection with another number of batches."""
    found: PCollection[Any] = collection | beam.FlatMap(how)
    found.element_type = collection.element_type
    return found


@pytest.mark.parametrize("how", [_lose, _double], ids=["lost", "twice"])
@pytest.mark.parametrize("which", ["released", "quarantined"])
def test_a_batch_lost_or_doubled_on_the_way_commits_nothing(
    feed: Feed, tmp_path: Path, which: str, how: Callable[[Any], list[Any]]
) -> None:
    def change(out: Outputs) -> Outputs:
        if which == "quarantined":
            return out._replace(quarantined=changed(out.quarantined, how))
        return out._replace(
            released=ByRelease(
                {name: changed(batches, how) for name, batches in out.released.items()}
            )
        )

    with pytest.raises(
        Exception, match=r"rows? (released and rows )?written.*nothing is committed"
    ):
        run_with(feed, tmp_path, change)
    assert not any("_staging" not in path for path in tree(tmp_path))
    (removed,) = FolderStore(LocalFolder(str(tmp_path))).recover(AT_ONCE).removed
    assert removed.run == "the-run"
    assert tree(tmp_path) == {}


def test_an_input_that_was_not_read_to_its_end_commits_nothing(feed: Feed, tmp_path: Path) -> None:
    def change(out: Outputs) -> Outputs:
        return out._replace(tallies=out.tallies | beam.Map(_without_inputs))

    with pytest.raises(Exception, match="records of the inputs and records judged: 0 is not 360"):
        run_with(feed, tmp_path, change)
    assert not (tmp_path / "_receipts").exists()


def _without_inputs(element: tuple[Any, Any]) -> tuple[Any, Any]:
    return element[0], ()


def test_a_file_says_its_digest(feed: Feed) -> None:
    for file in feed.receipt.files():
        assert hashlib.sha256(feed.files[file.path]).hexdigest() == file.sha256
    assert {file.path for file in feed.receipt.files()} == set(feed.files)
