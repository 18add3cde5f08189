"""`tamis diff`: what other documents would release, to whom and from which day.

newly released
  policies/evaluation-cpf.yaml:34:16: out of the store to systeme-evaluation-cpf, under
  R6323-37.III.2 for R6323-33.5, from 2022-01-01: commune: newly kept: …
1 newly released, 0 newly withheld, 0 other changes
"""

import json as json_module
from collections.abc import Iterable
from typing import Any

from tamis.cli.day import read_day
from tamis.diff.change import Change, Effect, Risk, say_days, say_partner
from tamis.diff.diff import Difference, diff
from tamis.diff.git import open_project
from tamis.errors import DocumentError, UsageError

_SECTIONS: dict[Effect, str] = {
    "released": "newly released",
    "withheld": "newly withheld",
    "none": "other changes",
}
_STYLES = {Risk.NIR: "bold red", Risk.SENSITIVE: "red", Risk.RELEASED: "yellow"}


def diff_command(old: str, new: str, *, on: str | None, json: bool, markdown: bool) -> int:
    """Compare two projects and tell every change, by risk.

    Args:
        old: a folder, or a revision of the git repository that the current folder is in.
        new: the same.
        on: tell only what differs on this day, as YYYY-MM-DD; every day where None.
        json: print JSON.
        markdown: print Markdown, for a pull request.

    Returns:
        1 if something is newly released (as `tamis.diff.diff` defines it), 0 if not, 2 if
        documents of either do not follow their grammar.

    Raises:
        DocumentError: the last of these, unless `json` is asked for, which tells it itself.
        UsageError: a project is neither a folder nor a revision, or the day is none.
    """
    if json and markdown:
        raise UsageError("--json and --markdown: choose one")
    day = None if on is None else read_day(on)
    try:
        with open_project(old) as before, open_project(new) as after:
            found = diff(before, after, day)
    except DocumentError as error:
        if not json:
            raise
        problems = [
            {"file": one.file, "line": one.line, "column": one.column, "text": one.text}
            for one in error.problems
        ]
        print(_dump(_as_json(old, new, on, Difference((), ())) | {"documents": problems}))
        return error.exit_code
    if json:
        print(_dump(_as_json(old, new, on, found)))
    elif markdown:
        print(as_markdown(old, new, found), end="")
    else:
        _print(found)
    return 1 if found.newly_released else 0


def as_markdown(old: str, new: str, found: Difference) -> str:
    """The difference as the text of a comment on a pull request."""
    lines = [f"## Releases: {_escape(old)} → {_escape(new)}", "", f"**{_say_counts(found)}.**"]
    for effect, title in _SECTIONS.items():
        changes = [one for one in found.changes if one.effect == effect]
        if not changes:
            continue
        columns = ("risk", "fields", "to whom, on which ground", "days", "what", "where")
        lines += ["", f"### {title[0].upper()}{title[1:]} ({len(changes)})", ""]
        lines += [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
        for one in changes:
            cells = (
                one.risk.name.lower(),
                ", ".join(one.fields),
                _say_passage(one),
                say_days(one.days),
                _say_what(one),
                one.place,
            )
            lines.append(f"| {' | '.join(map(_escape, cells))} |")
    if found.refused:
        lines += ["", "### Refused by `tamis check`", ""]
        for refused in found.refused:
            said = f"{refused.policy} ({refused.side}), {say_days(refused.days)}: {refused.problem}"
            lines.append(f"- {_escape(said)}")
    return "\n".join(lines) + "\n"


def _as_json(old: str, new: str, on: str | None, found: Difference) -> dict[str, Any]:
    return {
        "old": old,
        "new": new,
        "on": on,
        "newly_released": found.newly_released,
        "documents": [],
        "changes": [one.as_json() for one in found.changes],
        "refused": [one.as_json() for one in found.refused],
    }


def _dump(result: object) -> str:
    return json_module.dumps(result, indent=1, ensure_ascii=False)


def _print(found: Difference) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for effect, title in _SECTIONS.items():
        changes = [one for one in found.changes if one.effect == effect]
        if not changes:
            continue
        if console.is_terminal:
            _print_table(title, changes)
            continue
        console.print(title)
        for one in changes:
            risk = one.risk.name.lower()
            whom = ", ".join(filter(None, (_say_passage(one), say_days(one.days))))
            said = ("" if risk == effect else risk, whom, ", ".join(one.fields), _say_what(one))
            console.print(f"  {_printable(': '.join(filter(None, (one.place, *said))))}")
    for refused in found.refused:
        text = f"{refused.side} policy {refused.policy}, {say_days(refused.days)}"
        console.print(_printable(f"refused by check: {text}: {refused.problem}"), style="magenta")
    console.print(_say_counts(found), style="bold red" if found.newly_released else "bold green")


def _print_table(title: str, changes: Iterable[Change]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", show_lines=True)
    for column in ("risk", "fields", "to whom, on which ground", "what", "where"):
        table.add_column(column, overflow="fold")
    for one in changes:
        whom = ", ".join(filter(None, (_say_passage(one), say_days(one.days))))
        cells = (one.risk.name.lower(), ", ".join(one.fields), whom, _say_what(one), one.place)
        table.add_row(*(Text(_printable(cell)) for cell in cells), style=_STYLES.get(one.risk, ""))
    Console(highlight=False, markup=False).print(table)


def _say_passage(one: Change) -> str:
    if one.passage is None:
        return ""
    return f"{say_partner(one.passage)}, under {one.passage.item} for {one.passage.purpose}"


def _say_what(one: Change) -> str:
    if not one.refused:
        return one.problem.text
    return f"{one.problem.text} (check {'refused' if one.effect == 'withheld' else 'refuses'} it)"


def _say_counts(found: Difference) -> str:
    if not found.changes:
        return "no difference"
    counts = {effect: sum(one.effect == effect for one in found.changes) for effect in _SECTIONS}
    return ", ".join(f"{count} {_SECTIONS[effect]}" for effect, count in counts.items())


def _printable(text: str) -> str:
    """Documents may hold what a terminal would obey."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _escape(text: str) -> str:
    """Text that Markdown shows as it is: no markup, cell, link, mention or HTML of its own."""
    shown = "".join(_ESCAPED.get(one, one) for one in _printable(text))
    return shown.replace("://", "&#58;//").replace("www.", "www&#46;")


_ESCAPED = {
    **{one: f"\\{one}" for one in "\\`*_[]~"},
    **{one: f"&#{ord(one)};" for one in "<>&|"},
    **{one: f"{one}<!-- -->" for one in "@#"},
}
"""Mentions and issue numbers are found in the rendered text: a comment parts them."""
