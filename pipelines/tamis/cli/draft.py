"""`tamis draft`: a first schema for a new feed, on stdout."""

import re
import shlex
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
direction: out-of-store       # {other}
releases:
  - item: {blank}          # tamis list items
    purpose: {blank}       # tamis list purposes
    from: {day}
    needs:
      - because: {blank}   # {why}
        keep: [{blank}]    # {kept}
"""

_CASES: Final = """\
# {judged}
# {proposed}
policy: {name}
cases:
  - note: un enregistrement complet
    on: {day}
    record:
{record}
    expect:
      {blank}:              # {release}
        {blank}: {blank}     # {field} ({{present: true}} = {any})
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
    return named, _with_modeline("schema", text)


def init_command(folder: Path, file: Path, name: str | None) -> int:
    """Write a first schema, policy and case for `file` into the project `folder`.

    What only a human can decide is `FILL_IN` in policy and case and `category: []` in the schema:
    `check` and `test` refuse the one and count the other, at its place.

    Raises:
        UsageError: one of the files is there already, or the name is wrong.
        InputError: the feed cannot be read, or has no field that a schema can name.
    """
    named, text = draft_text(file, name)
    files = {
        folder / "schemas" / f"{named}.yaml": text,
        folder / "policies" / f"{named}.yaml": _with_modeline("policy", _filled(_POLICY, named)),
        folder / "policies" / "tests" / f"{named}.yaml": _with_modeline(
            "tests", _filled(_CASES, named, record=_synthetic_record(text)), above="../"
        ),
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
    commands = f"tamis check {named} && tamis test {named}"
    commands += f" && tamis dry-run {named} --input {shlex.quote(shown_path(file))}"
    print(_("then: `{commands}`", commands=commands))
    return 0


def _filled(template: str, name: str, **more: str) -> str:
    comments = {
        "other": _("or into-store"),
        "why": _("why the partner needs these fields, in a sentence"),
        "kept": _("names of fields of schemas/{name}.yaml; nothing else passes", name=name),
        "judged": _("what becomes of a synthetic record; `tamis test {name}` judges it", name=name),
        "proposed": _(
            "with the policy filled in, `tamis draft --tests {name}` proposes a case for each need "
            "and condition",
            name=name,
        ),
        "release": _("the release, by its item or its id"),
        "field": _("each field that leaves, and its value"),
        "any": _("any value"),
    }
    return template.format(name=name, day=today(), blank=BLANK, **comments, **more)


def _with_modeline(kind: str, text: str, above: str = "") -> str:
    """A document behind the line that binds it to its JSON Schema, where that is at hand."""
    published = _PUBLISHED.with_name(f"{kind}.schema.json")
    if not published.is_file():
        return text
    return f"# yaml-language-server: $schema=../{above}{published.as_posix()}\n{text}"


def _synthetic_record(schema_text: str) -> str:
    """A record of nobody by a drafted schema, as the lines of a case."""
    from ruamel.yaml import YAML

    from tamis.cases.propose import as_in_a_case
    from tamis.documents.schema import Schema
    from tamis.synthetic.records import make_records

    schema = Schema.model_validate(YAML(typ="safe").load(schema_text))
    (record,) = make_records(schema, 1, seed=1)
    lines = as_in_a_case(record).splitlines()
    return "\n".join(f"      {line}" for line in lines)


def draft_tests_command(project: "Project", policy: str) -> int:
    """Print cases for a policy, as the filter judges them today."""
    from tamis.cases.propose import propose_cases
    from tamis.documents.context import open_policy

    sys.stdout.buffer.write(propose_cases(open_policy(project, policy)).encode())
    return 0
