"""`tamis dry-run`: what a run would do, before anything is written."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tamis.cli.day import read_day
from tamis.cli.loading import loading_beam
from tamis.cli.progress import show_progress
from tamis.documents.calendar import today
from tamis.documents.context import open_policy
from tamis.errors import UsageError
from tamis.plan.compile import compile_plan, compile_policy, whole_schema
from tamis.plan.project import Project, load_project

if TYPE_CHECKING:
    from tamis.dry_run.result import DryRun

FAILURES: Mapping[str, "Callable[[DryRun], bool]"] = {
    "quarantine": lambda result: result.counts.quarantined > 0,
    "withheld": lambda result: result.counts.withheld > 0,
    "redacted": lambda result: any(sum(r.redacted.values()) for r in result.releases.values()),
    "drift": lambda result: result.drift.any,
    "undeclared-nir": lambda result: bool(result.profile and result.profile.undeclared),
    "anomaly": lambda result: any(result.anomalies.values()),
    "unattested": lambda result: bool(result.unattested),
    "newly-carried": lambda result: bool(
        result.against and any(one.newly for one in result.against.fields)
    ),
}
"""What `--fail-on` may name, and when it makes the answer no."""


@dataclass(frozen=True)
class Asked:
    """What the caller of a dry run asks for.

    Attributes:
        json: where to write the result as JSON; `-` for stdout, instead of the tables.
        html: where to write the report.
        lang: of the report, `en` or `fr`.
        limit: rows to read at most.
        profile_dropped: whether to look for NIRs where none is declared.
        against: folder of another project.
        fail_on: names of `FAILURES`.
    """

    json: Path | None = None
    html: Path | None = None
    lang: str = "en"
    limit: int | None = None
    profile_dropped: bool = False
    against: str | None = None
    fail_on: tuple[str, ...] = ()


def dry_run_command(
    project: Project, policy: str, inputs: tuple[str, ...], on: str | None, asked: Asked
) -> int:
    """Read like a run, write to no store, tell the result; 1 if what it must not hold is there.

    Raises:
        UsageError: an option is wrong, or the other project has no such policy on the day.
    """
    _check(asked)
    day = read_day(on)
    subject = open_policy(project, policy)
    plan = compile_policy(subject, day)
    other = compile_plan(load_project(asked.against), policy, day) if asked.against else None
    from rich.console import Console

    with loading_beam():
        from tamis.beam.measure import Inspection
        from tamis.runs.batch import dry_run
    from tamis.dry_run.compose import compose
    from tamis.dry_run.terminal import tell_dry_run

    inspection = Inspection(whole_schema(subject), asked.profile_dropped, other)
    with show_progress():
        measured = dry_run(
            plan, inputs, replay=day != today(), inspection=inspection, limit=asked.limit
        )
    against = (asked.against, other) if asked.against and other else None
    result = compose(measured, plan, subject, against)
    if asked.html is not None:
        from tamis.dry_run.html import render_html

        page = render_html(result, "fr" if asked.lang == "fr" else "en")
        asked.html.write_text(page, encoding="utf-8")
    if asked.json is not None and str(asked.json) == "-":
        print(result.to_json(), end="")
    else:
        tell_dry_run(result, Console(highlight=False))
        if asked.json is not None:
            asked.json.write_text(result.to_json(), encoding="utf-8")
    found = [name for name in asked.fail_on if FAILURES[name](result)]
    if found:
        print(f"tamis: found what must not be there: {', '.join(found)}", file=sys.stderr)
    return 1 if found else 0


def _check(asked: Asked) -> None:
    if asked.limit is not None and asked.limit < 1:
        raise UsageError(f"--limit {asked.limit}: should be 1 or more")
    for name in asked.fail_on:
        if name not in FAILURES:
            raise UsageError(f"--fail-on {name}: should be one of {', '.join(FAILURES)}")
    if "undeclared-nir" in asked.fail_on and not asked.profile_dropped:
        raise UsageError("--fail-on undeclared-nir: say --profile-dropped as well")
    if "newly-carried" in asked.fail_on and asked.against is None:
        raise UsageError("--fail-on newly-carried: say --against as well")
    if asked.lang not in ("en", "fr"):
        raise UsageError(f"--lang {asked.lang}: should be en or fr")
