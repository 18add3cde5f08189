"""`tamis link`: try to join two releases, as somebody would who got hold of both.

A: store/evaluation-cpf/evaluation: 2000 records, 8 columns, not sorted by them
B: store/accompagnement/parcours: 2000 records, 8 columns, not sorted by them

means        matches  by chance  joined  at least  at most  how
order           2000          0    2000      1998     2000  row i of A with row i of B; …
combination     1886          0    1886      1883     1886  unique in both tables by …

joined: 2000 of the 2000 records of A (1998 to 2000, with 95 % confidence)
"""

import re
import sys
from typing import TYPE_CHECKING

from tamis.errors import UsageError
from tamis.interrupts import ends_at_once
from tamis.language import N_, _, ngettext
from tamis.tables import Table, print_table

if TYPE_CHECKING:
    from tamis.link.result import ColumnsPart, Linkage, MeansPart, TablePart

_FAIL_ON = re.compile(r"joined=(\d{1,12})")
_HEADER = (N_("means"), N_("matches"), N_("by chance"), N_("joined"), N_("at least"), N_("at most"))

_WORDS = (
    *(N_("pseudonym"), N_("position"), N_("key"), N_("order"), N_("layout"), N_("combination")),
    *(N_("rare"), N_("measured"), N_("certain"), N_("assumed"), N_("refuted"), N_("explained")),
)
"""By what records are joined, and how sure that is."""


def link_command(a: str, b: str, fail_on: str | None, as_json: bool) -> int:
    """Try to join two tables, and print how many records of `a` that joins.

    Returns:
        1 if more than N records are joined, and not only by chance; else 0.

    Raises:
        UsageError: an address or `fail_on` is none.
        InputError: a table cannot be read to its end.
    """
    most = _parse(fail_on)
    stopped = _("interrupted: not all was tried, so it is not known what can be joined")
    with ends_at_once(stopped):
        from tamis.link.attack import link
        from tamis.link.read import read_table

        result = link(read_table(a), read_table(b))
    if as_json:
        print(result.to_json(), end="")
    else:
        _print(result)
    if most is None or not result.exceeds(most):
        return 0
    text = ngettext(
        "{count} record is joined, more than --fail-on allows: {most}",
        "{count} records are joined, more than --fail-on allows: {most}",
        result.joined.records,
        most=most,
    )
    print(f"tamis: {text}", file=sys.stderr)
    return 1


def _parse(fail_on: str | None) -> int | None:
    if fail_on is None:
        return None
    match = _FAIL_ON.fullmatch(fail_on)
    if match is None:
        text = _("`--fail-on {text}`: expected joined=N, a number of records", text=fail_on)
        raise UsageError(text)
    return int(match[1])


def _print(result: "Linkage") -> None:
    for name, table in zip("AB", result.tables, strict=True):
        print(name + _(": ") + _describe(table))
    rows = [_row(means) for means in result.means]
    header = (*map(_, _HEADER), _("how"))
    print_table(Table(header, rows, numbers=(1, 2, 3, 4, 5), title=_("tried")))
    print(_("not tried:"))
    for text in result.not_tried:
        print(f"  {text}")
    joined = result.joined
    text = _(
        "joined: {count} of the {records:# record|# records} of A ({low} to {high}, at 95 % "
        "confidence)",
        count=joined.records,
        low=joined.low,
        high=joined.high,
        records=result.tables[0].rows,
    )
    print(text)


def _describe(table: "TablePart") -> str:
    text = ngettext(
        "{name}: {count} record, {columns:# column|# columns}",
        "{name}: {count} records, {columns:# column|# columns}",
        table.rows,
        name=table.name,
        columns=len(table.columns),
    )
    if not table.sorted_by:
        return text + ", " + _("in an order that its values do not explain")
    columns = ", ".join(table.sorted_by)
    if table.order_explained:
        return text + ", " + _("sorted by {columns}", columns=columns)
    return text + ", " + _("sorted by {columns} and no further", columns=columns)


def _row(means: "MeansPart") -> tuple[str, ...]:
    joined = means.joined
    numbers = (means.matches, means.by_chance, joined.records, joined.low, joined.high)
    how = _(means.basis) + _(": ") + means.note
    if means.columns:
        how += f" [{', '.join(map(_columns, means.columns))}]"
    return (_(means.means), *map(str, numbers), how)


def _columns(column: "ColumnsPart") -> str:
    names = column.a if column.a == column.b else f"{column.a} = {column.b}"
    return f"{names} ({column.as_})" if column.as_ else names
