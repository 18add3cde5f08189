"""`tamis verify`: compute again what receipts claim."""

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path

from tamis.address import parse_store
from tamis.formats.names import withhold_names
from tamis.interrupts import ends_at_once
from tamis.language import N_, _, ngettext
from tamis.plan.project import Project
from tamis.verify.verify import verify

_OUTCOMES = {"ok": N_("ok"), "failed": N_("failed"), "not checked": N_("not checked")}


def verify_command(
    project: Project,
    targets: str | Path | Collection[str | Path],
    as_json: bool,
    runs: Collection[str] = (),
) -> int:
    """Verify receipts and stores, and print every finding; 1 if a claim does not hold."""
    if isinstance(targets, str | Path):
        targets = (targets,)
    with ends_at_once(
        _("interrupted: not all claims were checked, so it is not known whether they hold")
    ):
        reports = [(parse_store(str(target)), verify(target, project, runs)) for target in targets]
    reports = [
        (address, [replace(finding, text=withhold_names(finding.text)) for finding in report])
        for address, report in reports
    ]
    findings = [finding for _address, report in reports for finding in report]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1, ensure_ascii=False))
    for address, report in () if as_json else reports:
        several = len({finding.run for finding in report if finding.run}) > 1
        for finding in report:
            run = f"{finding.run}: " if several and finding.run else ""
            print(f"{_(_OUTCOMES[finding.outcome]):<12} {run}{finding.text}")
        print(_summary(withhold_names(address.shown), [finding.outcome for finding in report]))
    return 1 if any(finding.outcome == "failed" for finding in findings) else 0


def _summary(target: str, outcomes: list[str]) -> str:
    claims, failed = len(outcomes), outcomes.count("failed")
    unchecked = outcomes.count("not checked")
    if failed:
        return ngettext(
            "{target}: {count} of {claims:# claim|# claims} does not hold",
            "{target}: {count} of {claims:# claim|# claims} do not hold",
            failed,
            target=target,
            claims=claims,
        )
    if not unchecked:
        return ngettext(
            "{target}: verified, its {count} claim holds",
            "{target}: verified, all {count} claims hold",
            claims,
            target=target,
        )
    return ngettext(
        "{target}: verified, but for {count} claim of {claims}, which could not be checked",
        "{target}: verified, but for {count} claims of {claims}, which could not be checked",
        unchecked,
        target=target,
        claims=claims,
    )
