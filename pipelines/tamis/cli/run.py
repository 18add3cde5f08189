"""`tamis run`: minimize inputs into a store.

dsn-droits: item R6323-37.I.1 under an entry that is superseded (an earlier wording was read)
run 20261123t101500-dsn-droits-a1b2c3 committed: 5 in, 3 released, 0 withheld, 2 quarantined
receipt: out/_receipts/20261123t101500-dsn-droits-a1b2c3.json
"""

import datetime
import sys

from tamis import limits
from tamis.cli.day import read_day
from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_progress, show_warnings
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.receipt import ATTESTED, Receipt, advise
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan
from tamis.plan.project import Project
from tamis.stores.opening import open_store


def tell_attested(plan: Plan) -> None:
    """Say aloud what the register's entries stand on, where the current wording was not read."""
    for release in plan.releases:
        if release.attested != "read":
            print(
                f"{plan.policy}: release {release.id} stands on a register entry for "
                f"{release.item} that is {release.attested} ({ATTESTED[release.attested]})",
                file=sys.stderr,
            )


def compile_allowed(project: Project, policy: str, day: datetime.date, allow_example: bool) -> Plan:
    """The plan of `day`, told what it stands on.

    Raises:
        UsageError: it stands on an example, and that is not allowed.
    """
    plan = compile_plan(project, policy, day)
    examples = [release.id for release in plan.releases if release.attested == "example"]
    if examples and not allow_example:
        raise UsageError(
            f"policy `{policy}`: the register's entry for {plan.processing} is an example "
            f"(releases {', '.join(examples)}): put a real entry in the register, "
            "or say --allow-example"
        )
    tell_attested(plan)
    return plan


def run_command(
    project: Project,
    policy: str,
    inputs: tuple[str, ...],
    output: str,
    *,
    keys: str | None = None,
    run_id: str | None = None,
    on: str | None = None,
    replay: bool = False,
    allow_example: bool = False,
    options: tuple[str, ...] = (),
) -> int:
    """Run, and tell the counts and where the receipt is; 0 when committed."""
    day = read_day(on)
    if day != today() and not replay:
        raise UsageError(f"{day} is not today ({today()}): say --replay to run under its law")
    plan = compile_allowed(project, policy, day, allow_example)

    with loading_beam():
        import pyarrow as pa

        from tamis.runs.batch import Job, builds_only, new_run_id, run

    # Batches come and go: pages that other pools give back are asked for again each time.
    pa.set_memory_pool(pa.system_memory_pool())
    name = run_id or new_run_id(policy)
    job = Job(plan, inputs, output, name, keys, day != today(), options, limits.USUAL)
    with show_progress(), show_warnings():
        receipt, before = run(job)
    if builds_only(options):
        print(f"job {name} was built and not launched, as --dry_run says")
        return 0
    if receipt is None:
        print(f"job {name} is handed over to its runner; the receipt will commit it")
        return 0
    address = open_store(output).receipt_address(name)
    if before:
        print(f"run {name} was committed before, nothing to do\nreceipt: {address}")
        return 0
    tell_receipt(receipt)
    print(f"run {name} committed\nreceipt: {address}")
    return 0


def tell_receipt(receipt: Receipt) -> None:
    """Print the counts of a receipt, and what its reader should not overlook."""
    counts = receipt.counts
    print(
        f"{receipt.policy} on {receipt.day}: {counts.in_} in, {counts.released} released, "
        f"{counts.withheld} withheld, {counts.quarantined} quarantined"
    )
    for name, release in receipt.releases.items():
        redacted = sum(release.redacted.values())
        more = f", {redacted} NIRs redacted" if redacted else ""
        print(f"  {name} ({release.item}, {release.purpose}): {release.rows} rows{more}")
    for reason, count in receipt.quarantine.items():
        print(f"  quarantined, {reason}: {count}")
    for what, names in (("unknown", receipt.drift.unknown), ("missing", receipt.drift.missing)):
        if names:
            print(f"  drift, {what} columns: {', '.join(names)}")
    for name, count in receipt.anomalies.items():
        advice = advise(name)
        print(f"  anomaly, {name}: {count}{f' ({advice})' if advice else ''}")
