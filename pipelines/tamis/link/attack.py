"""The attack: every means is tried on two tables, and what they join is added up by record.

    read.read_table(A), read.read_table(B)  →  link(a, b)  →  result.Linkage

A means gives matches, rows of A with a row of B each, and which share of them is right. A record of
A counts as joined by the means that is surest for it, so that none counts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tamis.language import N_, _
from tamis.link.agreement import Agreement, measure
from tamis.link.combinations import Combination, find_combinations, judge, matched_rows, together
from tamis.link.keys import Key, find_keys
from tamis.link.matches import Estimate, Rows
from tamis.link.order import align
from tamis.link.pairs import Pair, compare, find_pairs, usual_pairs
from tamis.link.result import (
    Basis,
    ColumnsPart,
    JoinedPart,
    Linkage,
    Means,
    MeansPart,
    TablePart,
)
from tamis.link.table import Table

NOT_TRIED: Final = (
    N_("values that are alike and not equal: spellings, days near each other, amounts rounded"),
    N_("ages against days of birth, ranges against numbers, places against codes of other lists"),
    N_("what the texts say, and the elements of lists one by one: both are compared as wholes"),
    N_("a third table that both can be joined with, or what somebody knows of single persons"),
    N_("times and sizes of files, commits, messages and transactions"),
    N_("columns that the two do not have in common and that depend on each other"),
)
"""What else might join two tables, in words."""

_Z: Final = 4.0


@dataclass(frozen=True)
class _Joined:
    """What a means joins.

    Attributes:
        rows: of A.
        estimate: how many of them are right.
    """

    means: Means
    pairs: Sequence[Pair]
    rows: Rows
    matches: int
    records: float
    low: float
    high: float
    basis: Basis
    note: str

    def part(self) -> MeansPart:
        """As the result shows it."""
        return MeansPart(
            means=self.means,
            columns=[
                ColumnsPart(a=pair.a.name, b=pair.b.name, **{"as": pair.grain})
                for pair in self.pairs
            ],
            matches=self.matches,
            by_chance=max(0, self.matches - round(self.records)),
            joined=_rounded(self.records, self.low, self.high),
            basis=self.basis,
            note=self.note,
        )


def link(a: Table, b: Table) -> Linkage:
    """Try to join the records of two tables, by every means that there is.

    Args:
        a: the table whose records are counted.
        b: the other.
    """
    columns = ([column for column in table.columns if not column.is_random] for table in (a, b))
    # Numbers that stand once each say nothing of namesakes: they are keys.
    pairs = [pair for pair in find_pairs(*columns) if not pair.is_key]
    combinations = find_combinations(pairs) if a.rows and b.rows else []
    telling = _telling(pairs, combinations)
    keys = find_keys([*a.columns, *a.composites], [*b.columns, *b.composites])
    joined = [_by_key(key, telling) for key in keys]
    joined += _by_order(a, b, telling, combinations[0].pairs if combinations else ())
    joined += _by_values(combinations)
    joined += _by_layout(a, b, combinations)
    joined.sort(key=lambda means: -means.records)
    return Linkage(
        tables=(_describe(a), _describe(b)),
        joined=_add_up(joined, a.rows),
        means=[means.part() for means in joined],
        not_tried=[_(text) for text in NOT_TRIED] + list(_not_compared(a, b, pairs)),
    )


def _telling(pairs: Sequence[Pair], combinations: Sequence[Combination]) -> list[Pair]:
    """The pairs by which matches of another kind are judged."""
    chosen = [pair for combination in combinations for pair in combination.pairs]
    return list(dict.fromkeys([*chosen, *usual_pairs(pairs)]))


def _by_key(key: Key, telling: Sequence[Pair]) -> _Joined:
    count = len(key.rows_a)
    others = [pair for pair in telling if pair.a is not key.pair.a and pair.b is not key.pair.b]
    columns = [key.pair]
    if key.chance < 0.01 * count:
        deviation = 1.96 * key.chance**0.5
        low, records, high = count - key.chance - deviation, count - key.chance, float(count)
        basis: Basis = "certain"
        note = _("equal values that no chance makes")
        return _Joined(key.kind, columns, key.rows_a, count, records, low, high, basis, note)
    agreement = measure(others, key.rows_a, key.rows_b)
    return _judged(key.kind, columns, key.rows_a, agreement, _("equal numbers"))


def _judged(
    means: Means, pairs: Sequence[Pair], rows: Rows, agreement: Agreement | None, what: str
) -> _Joined:
    """Matches of which nothing but other columns can tell whether they are right."""
    count = len(rows)
    if agreement is not None and (agreement.is_sure or agreement.is_refuted):
        basis: Basis = "measured" if agreement.is_sure else "refuted"
        note = _(
            "{what}; `{column}` agrees in {agreeing} of {count}",
            what=what,
            column=agreement.pair.a.name,
            agreeing=agreement.agreeing,
            count=count,
        )
        shares = (agreement.share, agreement.low, agreement.high)
        records, low, high = (share * count for share in shares)
        if means == "order":
            pairs = [agreement.pair]
        return _Joined(means, pairs, rows, count, records, low, high, basis, note)
    note = _("{what}; no column in common tells whether it is right", what=what)
    return _Joined(means, pairs, rows, count, count, count, count, "assumed", note)


def _by_order(a: Table, b: Table, telling: Sequence[Pair], chosen: Sequence[Pair]) -> list[_Joined]:
    if not a.rows or not b.rows:
        return []
    if a.rows == b.rows == 1:
        return [_judged("order", [], np.arange(1), None, _("the only record of each"))]
    if a.order.explains and b.order.explains:
        note = _("both are sorted by their own values")
        return [_Joined("order", [], np.zeros(0, np.int64), 0, 0, 0, 0, "explained", note)]
    free = [
        pair
        for pair in telling
        if pair.a.name not in a.order.names and pair.b.name not in b.order.names
    ]
    joined = []
    if a.rows == b.rows:
        rows = np.arange(a.rows)
        agreement = measure(free, rows, rows)
        explained = a.order.explains or b.order.explains
        if explained and not (agreement is not None and agreement.is_sure):
            note = _("one of them is sorted by its own values")
            joined = [_Joined("order", [], rows[:0], 0, 0, 0, 0, "explained", note)]
        else:
            joined = [_judged("order", [], rows, agreement, _("row i of A with row i of B"))]
        if joined[0].records > 0.5 * a.rows:
            return joined
    aligned = _by_alignment(free, chosen)
    return [aligned] if aligned is not None else joined


def _by_alignment(free: Sequence[Pair], chosen: Sequence[Pair]) -> _Joined | None:
    """Rows between which the order is the same in both tables, of any lengths."""
    anchoring = [pair for pair in free if pair in chosen] or free
    if not anchoring:
        return None
    rows = together(anchoring)
    alignment = align(rows.a, rows.b)
    if alignment is None:
        return None
    anchors, filled = alignment.anchors, alignment.filled
    deviation = 2 * alignment.astray**0.5
    sure = max(0.0, len(anchors[0]) - deviation)
    low, records, high = max(0.0, sure - deviation), sure, float(len(anchors[0]))
    agreement = measure(free, *filled) if len(filled[0]) else None
    if agreement is not None:
        size = len(filled[0])
        low, records = low + agreement.low * size, records + agreement.share * size
        high += agreement.high * size
    rows_a = np.concatenate((anchors[0], filled[0]))
    note = _("rows between others that stand in the same order in A and B")
    return _Joined("order", anchoring, rows_a, len(rows_a), records, low, high, "measured", note)


def _by_values(combinations: Sequence[Combination]) -> list[_Joined]:
    joined: list[_Joined] = []
    for combination in combinations:
        rows = matched_rows(combination.pairs)[0]
        means: Means = "rare" if joined else "combination"
        note = (
            _("few columns suffice")
            if joined
            else _("unique in both tables by all these columns together")
        )
        joined.append(_estimated(means, combination.pairs, rows, combination.estimate, note))
    return joined


def _estimated(
    means: Means, pairs: Sequence[Pair], rows: Rows, estimate: Estimate, note: str
) -> _Joined:
    basis: Basis = "measured" if estimate.matches else "none"
    low, records, high = estimate.low(), estimate.joined, estimate.high()
    return _Joined(means, pairs, rows, len(rows), records, low, high, basis, note)


def _by_layout(a: Table, b: Table, combinations: Sequence[Combination]) -> list[_Joined]:
    """Where knowing the file, the row group, the run or the unit makes more records unique."""
    joined = []
    for name in a.layout.keys() & b.layout.keys():
        left, right = a.layout[name], b.layout[name]
        if len(left.values) != len(right.values):
            continue
        place = compare(left, right)[0]
        if len(left.values) == a.rows and len(right.values) == b.rows:
            note = _("each {part} holds one record", part=_(name))
            joined.append(_judged("layout", [place], np.arange(a.rows), None, note))
        elif combinations:
            best = combinations[0]
            pairs = (*best.pairs, place)
            estimate = judge(together(pairs))
            if estimate.low(_Z) > best.estimate.high(_Z):
                rows = matched_rows(pairs)[0]
                note = _("in the same {part} of A and B", part=_(name))
                joined.append(_estimated("layout", pairs, rows, estimate, note))
    return joined


def _add_up(joined: Sequence[_Joined], rows: int) -> JoinedPart:
    """Every record of A once, by the means that is surest for it.

    What a means joins that a surer one has joined already is taken off before the rest of it is
    counted: what is wrong in it is in that rest. What few columns join, all of them join.
    """
    taken = np.zeros(rows, bool)
    sums = np.zeros((3, rows))
    counted = [means for means in joined if means.means != "rare" and means.basis != "refuted"]
    for means in sorted(counted, key=lambda means: -means.records / max(means.matches, 1)):
        new = means.rows[~taken[means.rows]]
        if len(new):
            before = sums[:, means.rows].sum(axis=1)
            more = (np.array([means.records, means.low, means.high]) - before) / len(new)
            sums[:, new] = np.clip(more, 0, 1)[:, None]
            taken[new] = True
    return _rounded(*(float(side.sum()) for side in sums))


def _rounded(records: float, low: float, high: float) -> JoinedPart:
    return JoinedPart(records=round(records), low=int(low + 1e-6), high=int(np.ceil(high - 1e-6)))


def _describe(table: Table) -> TablePart:
    return TablePart(
        name=table.shown,
        rows=table.rows,
        columns=[column.name for column in table.columns],
        left_out=list(table.left_out),
        files=len(table.files),
        row_groups=len(table.row_groups),
        runs=len(table.runs),
        sorted_by=[column.name for column in table.order.columns],
        order_explained=table.order.explains,
    )


def _not_compared(a: Table, b: Table, pairs: Sequence[Pair]) -> Any:
    """Columns that were compared with no other."""
    for name, table, compared in (
        ("A", a, {id(pair.a) for pair in pairs}),
        ("B", b, {id(pair.b) for pair in pairs}),
    ):
        others = [
            column.name
            for column in table.columns
            if id(column) not in compared and not column.is_random
        ]
        if others:
            yield _(
                "of {table} the columns {columns}: the other has none like them",
                table=name,
                columns=", ".join(others),
            )
