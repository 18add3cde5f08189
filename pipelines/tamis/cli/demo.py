"""`tamis demo`: the main job on synthetic feeds, from documents to a verified store.

1. feeds      tamis-demo/in/dsn-individus.dsn        2000 records, some dirty
2. check      12 policies hold on every day of their windows
3. dry-run    dsn-droits: 2000 in, 1890 released, …, and a report for a browser
4. run        … the same figures, committed
5. verify     every claim of the receipts holds
6. a record before and after
"""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tamis.cli.before_and_after import print_before_and_after
from tamis.cli.check import check_command
from tamis.cli.run import print_attested, print_receipt
from tamis.cli.verify import verify_command
from tamis.documents.calendar import today
from tamis.documents.context import PolicyContext, open_policy
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.interrupts import ends_at_once
from tamis.keys.keyring import Keyring
from tamis.language import _, language_in_use
from tamis.plan.compile import compile_policy, whole_schema
from tamis.plan.plan import Plan
from tamis.plan.project import Project, bundled_project
from tamis.stores.folder_layout import receipt_path
from tamis.synthetic.feeds import write_synthetic_feed
from tamis.synthetic.records import DIRTY
from tamis.tables import Table, print_table

if TYPE_CHECKING:
    from tamis.runs.batch import Job

FLOWS = ("dsn-droits", "france-travail-financement", "evaluation-cpf")
"""A feed of paragraph I, an exchange of II, and one of III with a pseudonym."""

RECORDS = 2_000
SEED = 6323
_MARK = ".tamis-demo"


def run_demo(folder: Path, policies: Sequence[str] = FLOWS) -> int:
    """Run the demo in `folder`, anew each time; return 0 when all is committed and verified.

    Args:
        folder: to write to.
        policies: of the bundled project, whose feeds are made and run.

    Raises:
        UsageError: the folder is not the demo's, or there is no such policy.
    """
    project = bundled_project()
    for policy in policies:
        project.policy(policy)
    _prepare(folder)
    with ends_at_once(_("interrupted: the same command makes the demo anew")):
        return _make_demo(project, folder, policies)


def _make_demo(project: Project, folder: Path, policies: Sequence[str]) -> int:
    print(_("1. Synthetic feeds, seed {seed}, some rows dirty on purpose", seed=SEED))
    feeds = {policy: _make_feed(project, policy, folder / "in") for policy in policies}
    _print_step(2, "tamis check --project cpf")
    if code := check_command(project, False):
        return code
    keys = folder / "keys.json"
    keyring = Keyring.create(str(keys))
    for policy, feed in feeds.items():
        report = folder / f"{policy}.html"
        words = ["tamis", "dry-run", policy, "--project", "cpf"]
        _print_step(3, shlex.join([*words, "--input", str(feed), "--html", str(report)]))
        context = open_policy(project, policy)
        plan = compile_policy(context, today())
        print_attested(plan)
        from tamis.runs.batch import Job, run

        dry = _dry_run(context, plan, feed, report)
        print_receipt(dry)
        job = Job(plan, (str(feed),), str(folder / "store"), f"demo-{policy}", str(keys))
        _print_step(4, _run_command(job))
        receipt, _before = run(job)
        assert receipt is not None
        print_receipt(receipt)
        if _figures(dry) != _figures(receipt):
            print(_("the dry run had other figures than the run"))
            return 1
        path = folder / "store" / receipt_path(receipt.run)
        _print_step(5, f"tamis verify {shlex.quote(str(path))} --project cpf")
        if code := verify_command(project, path, False):
            return code
    print_before_and_after(context, plan, feed, keyring)
    last = f"{shlex.quote(str(folder / 'store'))} {policy}/{plan.releases[0].id}"
    places = [
        *((f"{folder}/{policy}.html", _("the report of its dry run")) for policy in policies),
        (f"{folder}/in/", _("what the sources sent")),
        (f"{folder}/store/POLICY/", _("what was released: tagged, minimized, Parquet")),
        (f"{folder}/store/_quarantine/", _("what could not be judged safely, without values")),
        (f"{folder}/store/_receipts/", _("the evidence")),
        (f"tamis show {last} --values", _("the first rows that were released")),
        (f"tamis plan {policy} --project cpf", _("what becomes of each field, and why")),
    ]
    print_table(Table((), places, title=_("Where to look")))
    return 0


def _dry_run(context: PolicyContext, plan: Plan, feed: Path, report: Path) -> Receipt:
    """Run dry over a feed, write the report, and return the counts."""
    from tamis.beam.measure import Inspection
    from tamis.dry_run.compose import compose
    from tamis.dry_run.html import render_html
    from tamis.runs.batch import dry_run

    measured = dry_run(plan, (str(feed),), inspection=Inspection(whole_schema(context)))
    page = render_html(compose(measured, plan, context), language_in_use())
    report.write_text(page, encoding="utf-8")
    return measured.receipt


def _run_command(job: "Job") -> str:
    """The command that does what the demo does with `job`; run again, it changes nothing."""
    words = ["tamis", "run", job.plan.policy, "--project", "cpf", "--input", *job.inputs]
    words += ["--output", job.output, "--run-id", job.run, "--keys", str(job.keys)]
    if any(release.attested == "example" for release in job.plan.releases):
        words.append("--allow-example")
    if any(release.to_confirm for release in job.plan.releases):
        words.append("--allow-unconfirmed")
    return shlex.join(words)


def _print_step(number: int, command: str) -> None:
    print(f"\n{number}. {command}")


def _prepare(folder: Path) -> None:
    """Empty the demo's own folder; another one is never emptied."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise UsageError(
            _("{folder}: is not empty and not a folder that the demo made", folder=folder)
        )
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    (folder / _MARK).touch()


def _make_feed(project: Project, name: str, folder: Path) -> Path:
    policy, _source = project.policy(name)
    schema, _source = project.schema(policy.schema_)
    path = folder / f"{schema.schema_}.{schema.format.name}"
    write_synthetic_feed(
        schema,
        RECORDS,
        path,
        seed=SEED,
        policies=[policy],
        dirt=DIRTY,
        extra={"colonne_inconnue": "x"},
    )
    print("  ", _("{file}: {count:# record|# records}", file=path, count=RECORDS))
    return path


def _figures(receipt: Receipt) -> object:
    return (
        receipt.counts,
        receipt.quarantine,
        receipt.drift,
        {name: (release.rows, release.redacted) for name, release in receipt.releases.items()},
    )
