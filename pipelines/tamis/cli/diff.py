"""`tamis diff`: what other documents would release, to whom and from which day.

newly released
  policies/evaluation-cpf.yaml:34:16: out of the store to systeme-evaluation-cpf, under
  R6323-37.III.2 for R6323-33.5, from 2022-01-01: commune: newly kept: …
1 newly released, 0 changes of what releases rest on, 0 newly withheld, 0 other changes
"""

import json as json_module
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

from tamis.cli.day import read_day
from tamis.cli.diff_against import Counted, count_changes
from tamis.cli.diff_readers import TITLE as READERS
from tamis.cli.diff_readers import contract_json, lines_of, title_of
from tamis.cli.sarif import sarif_log, sarif_result
from tamis.diff.change import Change, ChangeRisk, describe_days, describe_partner
from tamis.diff.diff import Difference, diff
from tamis.diff.git import open_project
from tamis.documents.calendar import today
from tamis.errors import DocumentError, UsageError
from tamis.language import N_, _, ngettext, printable

_SECTIONS: dict[str, str] = {
    "released": N_("newly released"),
    "ground": N_("what releases rest on"),
    "withheld": N_("newly withheld"),
    "none": N_("other changes"),
}
_COLUMNS = (N_("risk"), N_("fields"), N_("to whom, on which ground"), N_("what"), N_("where"))
_STYLES = {ChangeRisk.NIR: "bold red", ChangeRisk.SENSITIVE: "red", ChangeRisk.RELEASED: "yellow"}


FailOn = Literal["released", "ground"]


def diff_command(
    old: str,
    new: str,
    *,
    on: str | None,
    fail_on: FailOn,
    against: Sequence[str] = (),
    policy: str | None = None,
    json: bool,
    markdown: bool,
    sarif: bool,
) -> int:
    """Compare two projects, folders or revisions of git, and print every change, by risk.

    It fails where something is newly released, as `tamis.diff.diff` defines it; with `ground` also
    where what releases rest on changes.

    Returns:
        1 if it fails, 0 if not, 2 if documents of either do not follow their grammar.

    Raises:
        DocumentError: the last of these, unless `json` is asked for, which then tells it.
        UsageError: a project is neither a folder nor a revision, `on` is no day, or the files are
            of one feed where policies of several changed.
    """
    if json + markdown + sarif > 1:
        raise UsageError(_("--json, --markdown and --sarif: choose one"))
    if policy is not None and not against:
        raise UsageError(_("--policy: is for --against"))
    day = None if on is None else read_day(on)
    counted: list[Counted] = []
    try:
        with open_project(old) as before, open_project(new) as after:
            difference = diff(before, after, day)
            if against:
                asked = day or today()
                counted = count_changes(before, after, difference, against, policy, asked)
    except DocumentError as error:
        if not json:
            raise
        problems = [problem.as_json() for problem in error.problems]
        print(_dump(_as_json(old, new, on, Difference((), ())) | {"documents": problems}))
        return error.exit_code
    if json:
        print(_dump(_as_json(old, new, on, difference) | _counted_json(counted)))
    elif sarif:
        log = as_sarif(difference)
        contracts = [contract_json(contract) for contract in difference.contracts]
        log["runs"][0]["properties"] = {"contracts": contracts, **_counted_json(counted)}
        print(_dump(log))
    elif markdown:
        print(as_markdown(old, new, difference, counted), end="")
    else:
        _print(difference, counted)
    failed = difference.newly_released or (fail_on == "ground" and difference.ground)
    return 1 if failed else 0


def _counted_json(counted: Sequence[Counted]) -> dict[str, Any]:
    return {"against": [of_policy.as_json() for of_policy in counted]} if counted else {}


def as_markdown(old: str, new: str, difference: Difference, counted: Sequence[Counted] = ()) -> str:
    """Return the difference as the text of a comment on a pull request."""
    title = _("Releases: {old} → {new}", old=_escape(old), new=_escape(new))
    lines = [f"## {title}", "", f"**{_counts(difference)}.**"]
    for effect, changes in _sections(difference):
        title = _(_SECTIONS[effect])
        columns = tuple(map(_, (*_COLUMNS[:3], N_("days"), *_COLUMNS[3:])))
        lines += ["", f"### {title[0].upper()}{title[1:]} ({len(changes)})", ""]
        lines += [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
        for change in changes:
            cells = (
                str(change.risk),
                ", ".join(change.fields),
                _channel(change),
                describe_days(change.days),
                _text(change),
                change.problem.place,
            )
            lines.append(f"| {' | '.join(map(_escape, cells))} |")
    if difference.contracts:
        title = _(READERS)
        lines += ["", f"### {title[0].upper()}{title[1:]}"]
    for contract in difference.contracts:
        lines += ["", f"- {_escape(title_of(contract))}"]
        lines += [f"  - {_escape(line)}" for line in lines_of(contract)]
    for of_policy in counted:
        title = of_policy.title()
        lines += ["", f"### {_escape(title[0].upper() + title[1:])}", ""]
        lines += [f"- {_escape(_(': ').join(row))}" for row in of_policy.rows()]
    if difference.refused:
        lines += ["", "### " + _("Refused by `tamis check`"), ""]
        for refusal in difference.refused:
            days = describe_days(refusal.days)
            side = _("old") if refusal.side == "old" else _("new")
            text = f"{refusal.policy} ({side}), {days}" + _(": ") + str(refusal.problem)
            lines.append(f"- {_escape(text)}")
    return "\n".join(lines) + "\n"


_LEVELS = {"released": "error", "ground": "warning", "withheld": "note", "none": "note"}


def as_sarif(difference: Difference) -> dict[str, Any]:
    """Return the difference as a SARIF 2.1.0 log: a result a change, a rule a kind of change."""
    results = []
    for section, changes in _sections(difference):
        for change in changes:
            parts = (_channel_and_days(change), ", ".join(change.fields), _text(change))
            problem = replace(change.problem, text=_(": ").join(filter(None, parts)))
            results.append(sarif_result(f"{section}/{change.kind}", _LEVELS[section], problem))
    rules = dict.fromkeys(result["ruleId"] for result in results)
    return sarif_log(results, [{"id": rule} for rule in rules])


def _section(change: Change) -> str:
    """Under which heading a change stands: what it rests on has one of its own."""
    if change.effect == "none" and change.risk == ChangeRisk.GROUND:
        return "ground"
    return change.effect


def _sections(difference: Difference) -> Iterable[tuple[str, list[Change]]]:
    """The changes under each heading that has some."""
    for section in _SECTIONS:
        changes = [change for change in difference.changes if _section(change) == section]
        if changes:
            yield section, changes


def _as_json(old: str, new: str, on: str | None, difference: Difference) -> dict[str, Any]:
    return {
        "old": old,
        "new": new,
        "on": on,
        "newly_released": difference.newly_released,
        "documents": [],
        "changes": [change.as_json() for change in difference.changes],
        "refused": [refusal.as_json() for refusal in difference.refused],
        "contracts": [contract_json(contract) for contract in difference.contracts],
    }


def _dump(result: object) -> str:
    return json_module.dumps(result, indent=1, ensure_ascii=False)


def _print(difference: Difference, counted: Sequence[Counted]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for effect, changes in _sections(difference):
        if console.is_terminal:
            _print_table(_(_SECTIONS[effect]), changes)
            continue
        console.print(_(_SECTIONS[effect]))
        for change in changes:
            risk = change.risk.name.lower()
            parts = (
                change.problem.place,
                "" if risk == effect else str(change.risk),
                _channel_and_days(change),
                ", ".join(change.fields),
                _text(change),
            )
            console.print(f"  {printable(_(': ').join(filter(None, parts)))}")
    for refusal in difference.refused:
        side = _("old policy {policy}") if refusal.side == "old" else _("new policy {policy}")
        text = _(
            "refused by check: {policy}, {days}: {problem}",
            policy=side.format(policy=refusal.policy),
            days=describe_days(refusal.days),
            problem=refusal.problem,
        )
        console.print(printable(text), style="magenta")
    if difference.contracts:
        console.print(_(READERS))
    for contract in difference.contracts:
        console.print(f"  {printable(title_of(contract))}")
        for line in lines_of(contract):
            console.print(f"    {printable(line)}")
    for of_policy in counted:
        console.print(printable(of_policy.title()))
        for row in of_policy.rows():
            console.print(f"  {printable(_(': ').join(row))}")
    style = "bold red" if difference.newly_released else "bold green"
    console.print(_counts(difference), style=style)


def _print_table(title: str, changes: Iterable[Change]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold", show_lines=True)
    for column in _COLUMNS:
        table.add_column(_(column), overflow="fold")
    for change in changes:
        cells = (
            str(change.risk),
            ", ".join(change.fields),
            _channel_and_days(change),
            _text(change),
            change.problem.place,
        )
        style = _STYLES.get(change.risk, "")
        table.add_row(*(Text(printable(cell)) for cell in cells), style=style)
    Console(highlight=False, markup=False).print(table)


def _channel(change: Change) -> str:
    if change.channel is None:
        return ""
    return _(
        "{partner}, under {item} for {purpose}",
        partner=describe_partner(change.channel),
        item=change.channel.item,
        purpose=change.channel.purpose,
    )


def _channel_and_days(change: Change) -> str:
    return ", ".join(filter(None, (_channel(change), describe_days(change.days))))


def _text(change: Change) -> str:
    if not change.refused:
        return change.problem.text
    if change.effect == "withheld":
        return _("{text} (check refused it)", text=change.problem.text)
    return _("{text} (check refuses it)", text=change.problem.text)


def _counts(difference: Difference) -> str:
    if not difference.changes:
        return _("nothing changes")
    counts = dict.fromkeys(_SECTIONS, 0)
    for change in difference.changes:
        counts[_section(change)] += 1
    shown = [f"{counts[name]} {_(_SECTIONS[name])}" for name in ("released", "withheld")]
    ground = ngettext(
        "{count} change of what releases rest on",
        "{count} changes of what releases rest on",
        counts["ground"],
    )
    others = _("{count:# other change|# other changes}", count=counts["none"])
    return ", ".join([shown[0], ground, shown[1], others])


def _escape(text: str) -> str:
    """Text that Markdown shows as it is: no markup, cell, link, mention or HTML of its own."""
    shown = "".join(_ESCAPED.get(character, character) for character in printable(text))
    return shown.replace("://", "&#58;//").replace("www.", "www&#46;")


_ESCAPED = {
    **{character: f"\\{character}" for character in "\\`*_[]~"},
    **{character: f"&#{ord(character)};" for character in "<>&|"},
    **{character: f"{character}<!-- -->" for character in "@#"},
}
"""Mentions and issue numbers are found in the rendered text: a comment parts them."""
