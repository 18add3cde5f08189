"""`tamis verify`: recompute what a receipt claims."""

import json
from dataclasses import asdict
from pathlib import Path

from tamis.plan.project import Project
from tamis.verify.verify import verify


def verify_command(project: Project, receipt: Path, as_json: bool) -> int:
    """Verify and tell every finding; 1 if a claim does not hold."""
    findings = verify(receipt, project)
    if as_json:
        print(json.dumps([asdict(one) for one in findings], indent=1, ensure_ascii=False))
    else:
        for one in findings:
            print(f"{one.outcome:<12} {one.text}")
        failed = sum(one.outcome == "failed" for one in findings)
        unchecked = sum(one.outcome == "not checked" for one in findings)
        print(
            f"{receipt}: {failed} of {len(findings)} claims do not hold"
            if failed
            else f"{receipt}: verified, {unchecked} of {len(findings)} claims could not be checked"
        )
    return 1 if any(one.outcome == "failed" for one in findings) else 0
