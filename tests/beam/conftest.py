"""Three small Parquet files, the pseudonymizing plan that reads them, and its keyring."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.runs.batch import Job, run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records

POLICY = "evaluation-cpf"
"""Paragraph III 2°: a pseudonym, a `where`, and rows that are quarantined."""

FILES, RECORDS = 3, 120

IN_MEMORY = "--direct_running_mode=in_memory"
"""Beam without worker threads of its own: a tenth of a second a run in place of one."""


@dataclass(frozen=True)
class Feed:
    """A feed, and what an undisturbed run made of it.

    Attributes:
        folder: holds the files, the keyring and the undisturbed store.
        job: that run.
        receipt: its receipt.
        files: its files' bytes, by path, without the receipt.
    """

    folder: Path
    job: Job
    receipt: Receipt
    files: dict[str, bytes]

    def job_into(self, store: Path, *options: str) -> Job:
        """The same run into another store."""
        return replace(self.job, output=str(store), options=options)


@pytest.fixture(scope="session")
def plan() -> Plan:
    """What becomes of the feed, on a fixed day."""
    import datetime

    return compile_plan(bundled_project(), POLICY, datetime.date(2026, 3, 2))


@pytest.fixture(scope="session")
def feed(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    """The feed, run once."""
    folder = tmp_path_factory.mktemp("feed")
    project = bundled_project()
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    (folder / "in").mkdir()
    for number in range(FILES):
        records = make_records(schema, RECORDS, seed=number, policies=[policy], dirt=DIRTY)
        write_feed(records, schema, folder / "in" / f"{number}.parquet", extra={"inconnu": "x"})
    Keyring.create(str(folder / "keys.json"))
    job = Job(
        plan,
        (str(folder / "in" / "*.parquet"),),
        str(folder / "undisturbed"),
        "the-run",
        str(folder / "keys.json"),
    )
    receipt, before = run(job)
    assert receipt is not None
    assert not before
    assert receipt.counts.released
    assert receipt.counts.withheld
    assert receipt.counts.quarantined
    yield Feed(folder, job, receipt, tree(folder / "undisturbed"))
    shutil.rmtree(folder, ignore_errors=True)


def tree(store: Path) -> dict[str, bytes]:
    """Bytes of every file below `store`, by path, the receipts excepted."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file() and path.parent.name != "_receipts"
    }


def evidence(receipt: Receipt) -> dict[str, object]:
    """All that a receipt says but when."""
    return receipt.model_dump(exclude={"started", "ended"})
