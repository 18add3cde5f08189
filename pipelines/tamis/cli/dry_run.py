"""`tamis dry-run`: what a run would do, before anything is written."""

from pathlib import Path

from tamis.cli.day import read_day, today
from tamis.cli.run import tell_attested, tell_receipt
from tamis.decide.compile import compile_plan
from tamis.documents.project import Project


def dry_run_command(
    project: Project, policy: str, inputs: tuple[str, ...], on: str | None, json: Path | None
) -> int:
    """Read like a run, write to no store, tell the counts; 0 unless it failed."""
    day = read_day(on)
    plan = compile_plan(project, policy, day)
    tell_attested(plan)
    from tamis.beam.run import dry_run

    receipt = dry_run(plan, inputs, replay=day != today())
    if json is not None and str(json) == "-":
        print(receipt.to_json(), end="")
        return 0
    tell_receipt(receipt)
    for release in receipt.releases.values():
        print(f"  fields of {release.item}:")
        for path, one in release.fields.items():
            print(f"    {path}: {one.fate}, {one.because}")
    if json is not None:
        json.write_text(receipt.to_json(), encoding="utf-8")
    return 0
