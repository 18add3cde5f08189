"""`tamis draft`: a first schema for a new feed, on stdout."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tamis.address import require_file
from tamis.errors import InputError, UsageError
from tamis.formats.names import shown_path
from tamis.language import _

if TYPE_CHECKING:
    from tamis.plan.project import Project

_PUBLISHED: Final = Path("pipelines/tamis/documents/published/schema.schema.json")


def draft_command(
    file: Path,
    name: str | None = None,
    rows: int = 200_000,
    all_names: bool = False,
    header: bool = False,
) -> int:
    """Print a schema that loads; its categories are left to be chosen.

    Args:
        file: the feed; its content decides its format.
        name: of the schema; by default the file's, which must hold no NIR and no e-mail address.
        rows: to look at, the first ones.
        all_names: whether to show names that may be values.
        header: whether the first line of a CSV is a header, whatever it looks like.

    Raises:
        UsageError: a wrong name or number of rows.
        InputError: the file cannot be read, or has no field that a schema can name.
    """
    from tamis.draft.dsn import draft_dsn
    from tamis.draft.names import stem_of
    from tamis.draft.sample import drafted_format, take_sample
    from tamis.draft.write import write_schema

    if rows < 1:
        raise UsageError(_("--rows {rows}: should be 1 or more", rows=rows))
    if name is not None and not re.fullmatch("[A-Za-z0-9._-]+", name):
        raise UsageError(_("--name: should be letters, digits, dots, dashes and underscores"))
    require_file(file)
    named = name or re.sub("[^A-Za-z0-9._-]+", "-", stem_of(file.name)).strip("-.") or "feed"
    form = drafted_format(file)
    if form == "dsn":
        text: str | None = draft_dsn(file, named, rows)
    else:
        sample, options = take_sample(file, rows, header=header)
        text = write_schema(sample, named, form, options, all_names=all_names)
    if text is None:
        raise InputError(
            shown_path(file),
            _("has no field whose name may be shown; --all-names shows names that may be values"),
        )
    if _PUBLISHED.is_file():
        text = f"# yaml-language-server: $schema=../{_PUBLISHED.as_posix()}\n{text}"
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()
    return 0


def draft_tests_command(project: "Project", policy: str) -> int:
    """Print cases for a policy, as the filter judges them today."""
    from tamis.cases.propose import propose_cases
    from tamis.documents.context import open_policy

    sys.stdout.buffer.write(propose_cases(open_policy(project, policy)).encode())
    return 0
