"""`tamis demo`: the main job on synthetic feeds, from documents to a verified store.

1. feeds      tamis-demo/in/dsn-individus.dsn        2000 records, some dirty
2. check      12 policies hold on every day of their windows
3. dry-run    dsn-droits: 2000 in, 1890 released, …
4. run        … the same figures, committed
5. verify     every claim of the receipts holds
"""

import shutil
from pathlib import Path

from tamis.cli.check import check_command
from tamis.cli.run import print_attested, print_receipt
from tamis.cli.verify import verify_command
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.compile import compile_plan
from tamis.plan.project import Project, bundled_project
from tamis.stores.folder_store import receipt_path
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records

FLOWS = ("dsn-droits", "france-travail-financement", "evaluation-cpf")
"""A feed of paragraph I, an exchange of II, and one of III with a pseudonym."""

RECORDS = 2_000
SEED = 6323
_MARK = ".tamis-demo"


def run_demo(folder: Path) -> int:
    """Run the demo in `folder`, anew each time; 0 when all is committed and verified."""
    _prepare(folder)
    project = bundled_project()
    print(f"1. Synthetic feeds, seed {SEED}, some rows dirty on purpose")
    feeds = {policy: _make_feed(project, policy, folder / "in") for policy in FLOWS}
    print("\n2. tamis check")
    if code := check_command(project, False):
        return code
    keys = folder / "keys.json"
    Keyring.create(str(keys))
    for policy, feed in feeds.items():
        print(f"\n3. tamis dry-run {policy} --input {feed}")
        plan = compile_plan(project, policy, today())
        print_attested(plan)
        from tamis.runs.batch import Job, dry_run, run

        dry = dry_run(plan, (str(feed),)).receipt
        print_receipt(dry)
        print(f"\n4. tamis run {policy} --input {feed} --output {folder / 'store'}")
        job = Job(plan, (str(feed),), str(folder / "store"), f"demo-{policy}", str(keys))
        receipt, _ = run(job)
        assert receipt is not None
        print_receipt(receipt)
        if _figures(dry) != _figures(receipt):
            print("the dry run told other figures than the run")
            return 1
        print(f"\n5. tamis verify {folder / 'store' / receipt_path(receipt.run)}")
        if code := verify_command(project, folder / "store" / receipt_path(receipt.run), False):
            return code
    print(
        f"\nWhere to look\n"
        f"  {folder}/in/             what the sources sent\n"
        f"  {folder}/store/POLICY/   what was released: tagged, minimized, Parquet\n"
        f"  {folder}/store/_quarantine/  what could not be judged safely, without values\n"
        f"  {folder}/store/_receipts/    the evidence\n"
        f"  tamis plan evaluation-cpf    what becomes of each field, and why"
    )
    return 0


def _prepare(folder: Path) -> None:
    """An empty folder of the demo's own; another folder is never emptied."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise UsageError(f"{folder}: is not empty and not a folder that the demo made")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    (folder / _MARK).touch()


def _make_feed(project: Project, name: str, folder: Path) -> Path:
    policy, _ = project.policy(name)
    schema, _ = project.schema(policy.schema_)
    form = schema.format.name
    path = folder / f"{schema.schema_}.{form}"
    records = make_records(
        schema,
        RECORDS,
        seed=SEED,
        policies=[policy],
        dirt=DIRTY,
        nir_with_key=form != "dsn",
    )
    write_feed(records, schema, path, extra={"colonne_inconnue": "x"})
    print(f"   {path}: {RECORDS} records")
    return path


def _figures(receipt: Receipt) -> object:
    return (
        receipt.counts,
        receipt.quarantine,
        receipt.drift,
        {name: (one.rows, one.redacted) for name, one in receipt.releases.items()},
    )
