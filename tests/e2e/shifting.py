"""Days that have not come: a law that changes, and a clock that a test sets."""

import datetime
from pathlib import Path

from ..projects import copy_bundled

POLICY = "evaluation-cpf"

CLOCK = """
import datetime, pathlib, sys
import tamis.documents.calendar as timeline
day = pathlib.Path(sys.argv.pop(1))
timeline.today = lambda: datetime.date.fromisoformat(day.read_text())
from tamis.cli import main
main()
"""
"""`tamis` on the day that a file says."""


def changed_project(folder: Path, amended: datetime.date, end: datetime.date) -> Path:
    """The bundled project with an article amended on one day and a release ended on another."""
    copy_bundled(folder)
    law = folder / "policies" / "law" / "R6323-37.yaml"
    text = law.read_text(encoding="utf-8")
    head, mark, last = text.rpartition("  - id: ")
    first, _, rest = last.partition("\n")
    since, _, body = rest.partition("\n")
    law.write_text(
        f"{head}{mark}{first}\n{since}\n    until: {amended}\n{body}"
        f"{mark}LEGIARTI000000000001\n    from: {amended}\n{body}",
        encoding="utf-8",
    )
    policy = folder / "policies" / f"{POLICY}.yaml"
    begun = "    from: 2022-01-01\n"
    text = policy.read_text(encoding="utf-8")
    assert begun in text
    policy.write_text(text.replace(begun, f"{begun}    until: {end}\n"), encoding="utf-8")
    return folder


def set_clock(clock: Path, day: datetime.date) -> None:
    """Let it be `day` for the programs that read `clock`."""
    clock.with_suffix(".new").write_text(str(day))
    clock.with_suffix(".new").replace(clock)
