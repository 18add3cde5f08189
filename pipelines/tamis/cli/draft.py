"""`tamis draft`: a first schema for a new feed, on stdout."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tamis.address import require_file
from tamis.documents.calendar import today
from tamis.errors import InputError, UsageError
from tamis.formats.names import shown_path
from tamis.language import _

if TYPE_CHECKING:
    from tamis.plan.project import Project

BLANK: Final = "FILL_IN"
"""What stands in a first policy where a human must decide."""

_POLICY: Final = """\
policy: {name}
schema: {name}
processing: {blank}        # tamis list processings
direction: out-of-store       # or into-store
releases:
  - item: {blank}          # tamis list items
    purpose: {blank}       # tamis list purposes
    from: {day}
    needs:
      - because: {blank}   # why the partner needs these fields, in a sentence
        keep: [{blank}]    # names of fields of schemas/{name}.yaml; nothing else passes
"""

_PUBLISHED: Final = Path("pipelines/tamis/documents/published/schema.schema.json")


def draft_command(
    file: Path,
    name: str | None = None,
    rows: int = 200_000,
    all_names: bool = False,
    header: bool = False,
) -> int:
    """Print a schema that loads; its categories are left to be chosen.

    Args and errors are those of `draft_text`.
    """
    _name, text = draft_text(file, name, rows, all_names, header)
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()
    return 0


def draft_text(
    file: Path,
    name: str | None = None,
    rows: int = 200_000,
    all_names: bool = False,
    header: bool = False,
) -> tuple[str, str]:
    """Return the name of a first schema for `file`, and its YAML.

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
    return named, text


def init_command(folder: Path, file: Path, name: str | None) -> int:
    """Write a first schema and a first policy for `file` into the project `folder`.

    What only a human can decide is `FILL_IN` in the policy and `category: []` in the schema:
    `check` refuses the one and counts the other, at its place.

    Raises:
        UsageError: one of the files is there already, or the name is wrong.
        InputError: the feed cannot be read, or has no field that a schema can name.
    """
    named, text = draft_text(file, name)
    files = {
        folder / "schemas" / f"{named}.yaml": text,
        folder / "policies" / f"{named}.yaml": _policy_text(named),
    }
    for path in files:
        if path.exists():
            raise UsageError(_("{file}: is there already, nothing is written", file=path))
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(content)
        print(path)
    print(_("fill in what is FILL_IN and `category: []`; `tamis list` has what can stand there"))
    print(_("then: tamis check {policy} && tamis dry-run {policy} --input FILE", policy=named))
    return 0


def _policy_text(name: str) -> str:
    modeline = ""
    published = _PUBLISHED.with_name("policy.schema.json")
    if published.is_file():
        modeline = f"# yaml-language-server: $schema=../{published.as_posix()}\n"
    return modeline + _POLICY.format(name=name, day=today(), blank=BLANK)


def draft_tests_command(project: "Project", policy: str) -> int:
    """Print cases for a policy, as the filter judges them today."""
    from tamis.cases.propose import propose_cases
    from tamis.documents.context import open_policy

    sys.stdout.buffer.write(propose_cases(open_policy(project, policy)).encode())
    return 0
