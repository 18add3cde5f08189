"""`tamis papers`: the papers that go with policies, written from their documents.

dsn-droits: 21 points are to be completed: papers/dsn-droits.md
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tamis.cli.day import read_day
from tamis.documents.context import open_policy
from tamis.documents.wording import join
from tamis.errors import UsageError, os_problem
from tamis.language import _, ngettext
from tamis.papers import write_paper
from tamis.papers.by_hand import SHARED, ByHand, read_by_hand, write_generated
from tamis.papers.markdown import lost_places, places, to_markdown, unfilled
from tamis.plan.project import Project

Format = Literal["md", "html"]


def papers_command(
    project: Project,
    policies: Sequence[str],
    *,
    on: str | None,
    format: Format,
    output: Path | None,
) -> int:
    """Write the papers of policies, a file each, and tell what is to be completed by hand.

    People complete the Markdown; the pages show what they wrote there.

    Raises:
        UsageError: no such policy, none of its releases is in force, or a file is not as it must
            be.
        DocumentError: a document is wrong, or a policy violates a rule on that day.
    """
    if output is None and format == "html" and len(policies) > 1:
        raise UsageError(_("--output DIR must be given for the pages of several policies"))
    day = read_day(on)
    papers = [write_paper(open_policy(project, policy), day) for policy in policies]
    kept = [read_by_hand(output / f"{paper.policy}.md") if output else ByHand() for paper in papers]
    for paper, by_hand in zip(papers, kept, strict=True):
        if format == "html":
            from tamis.papers.html import to_html

            text = to_html(paper, by_hand)
        else:
            text = to_markdown(paper, by_hand)
        report = ngettext(
            "{policy}: {count} point is to be completed by hand",
            "{policy}: {count} points are to be completed by hand",
            len(unfilled(paper, by_hand)),
            policy=paper.policy,
        )
        if output is None:
            print(text, end="")
        else:
            report += _write(output / f"{paper.policy}.{format}", text)
            report += "".join(
                "\n  "
                + _("what is written at `{key}` has lost its place, and stands at the end", key=key)
                for key in lost_places(paper, by_hand)
            )
        print(report, file=sys.stderr)
    if unused := set(kept[0].shared).difference(*map(places, papers)):
        text = _("{file}: nothing asks for {keys}", file=SHARED, keys=join(sorted(unused)))
        print(text, file=sys.stderr)
    return 0


def _write(path: Path, text: str) -> str:
    """Write a file; where it is, and where what was there before, if somebody had changed it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = write_generated(path, text)
    except OSError as error:
        raise UsageError(
            _("{file}: cannot be written: {reason}", file=path, reason=os_problem(error))
        ) from None
    if before is None:
        return _(": ") + str(path)
    return (
        _(": ")
        + f"{path}\n  "
        + _(
            "{path} had been changed outside the marks `à la main`: it is kept as {kept}",
            path=path,
            kept=before,
        )
    )
