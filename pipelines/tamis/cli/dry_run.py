"""`tamis dry-run`: what a run would do, before anything is written."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tamis.cli.day import read_day
from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_progress
from tamis.documents.context import open_policy
from tamis.errors import UsageError
from tamis.evidence.columns import advise, stops
from tamis.evidence.fail_on import FailOn, RunFindings, parse_fail_on
from tamis.interrupts import ends_at_once
from tamis.language import _, language_in_use, printable
from tamis.plan.compile import compile_plan, compile_policy, whole_schema
from tamis.plan.project import Project, load_project

if TYPE_CHECKING:
    from tamis.dry_run.result import DryRun


@dataclass(frozen=True)
class DryRunOptions:
    """What a dry run is to show beside its figures, by the names of its options."""

    json: Path | None = None
    html: Path | None = None
    limit: int | None = None
    profile_dropped: bool = False
    against: str | None = None
    fail_on: tuple[str, ...] = ()
    inputs_by_digest: bool = False
    keys: str | None = None


def dry_run_command(
    project: Project, policy: str, inputs: tuple[str, ...], on: str | None, options: DryRunOptions
) -> int:
    """Read like a run, write to no store, print the result.

    Returns:
        1 if it meets `fail_on`, or if a released column holds NIRs by all signs, so that a run
        would commit nothing; else 0.

    Raises:
        UsageError: an option is wrong, or the other project has no such policy on the day.
    """
    conditions = _check(options)
    day = read_day(on)
    context = open_policy(project, policy)
    plan = compile_policy(context, day)
    other = compile_plan(load_project(options.against), policy, day) if options.against else None
    with ends_at_once(_("interrupted: a dry run writes to no store, so nothing is left")):
        with loading_beam(inputs):
            from tamis.beam.measure import Inspection
            from tamis.runs.batch import dry_run

        inspection = Inspection(whole_schema(context), options.profile_dropped, other)
        with show_progress():
            measured = dry_run(
                plan,
                inputs,
                inspection=inspection,
                limit=options.limit,
                inputs_by_digest=options.inputs_by_digest,
                keys=options.keys,
            )
    from rich.console import Console

    from tamis.dry_run.compose import compose
    from tamis.dry_run.terminal import print_dry_run

    against = (options.against, other) if options.against and other else None
    result = compose(measured, plan, context, against)
    if options.html is not None:
        from tamis.dry_run.html import render_html

        page = render_html(result, language_in_use())
        options.html.write_text(page, encoding="utf-8")
    if options.json is not None and str(options.json) == "-":
        print(result.to_json(), end="")
    else:
        print_dry_run(result, Console(highlight=False))
        if options.json is not None:
            options.json.write_text(result.to_json(), encoding="utf-8")
    found = find_all(result).meeting(conditions)
    found += [advice for name in result.anomalies if stops(name) and (advice := advise(name))]
    if found:
        text = _("found what must not be: {found}", found=_("; ").join(found))
        print(f"tamis: {printable(text)}", file=sys.stderr)
    return 1 if found else 0


def find_all(result: "DryRun") -> RunFindings:
    """What a dry run found, as conditions are judged by."""
    from tamis.dry_run.marks import describe_marks
    from tamis.dry_run.risk import describe_exceeded

    against = result.against
    return RunFindings(
        result,
        [change.column for change in result.drift.retyped],
        [column.column for column in result.profile.undeclared] if result.profile else None,
        describe_exceeded(result.risk),
        describe_marks(result.marks),
        [field.field for field in against.fields if field.newly] if against else None,
    )


def _check(options: DryRunOptions) -> tuple[FailOn, ...]:
    if options.limit is not None and options.limit < 1:
        raise UsageError(_("--limit {rows}: should be 1 or more", rows=options.limit))
    conditions = parse_fail_on(options.fail_on, "dry-run")
    if "newly-carried" in options.fail_on and options.against is None:
        raise UsageError(_("--fail-on newly-carried: say --against as well"))
    return conditions
