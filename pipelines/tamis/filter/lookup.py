"""Which releases each record matches; none but a feed matches one of a limited person.

Legal source: RGPD, art. 18; Code du travail, art. R. 6323-38, III.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags
from tamis.arrow.types import Bools
from tamis.filter.compiled import CompiledPlan, LookUp, is_below
from tamis.filter.conditions import Verdict
from tamis.filter.conformed import TYPE, UNREADABLE
from tamis.filter.nested import ColumnNode
from tamis.filter.opened import Opened
from tamis.filter.tally import Reason
from tamis.limited.persons import LimitedPersons
from tamis.nir.identifiers import BODY_WIDTH, SEPARATORS, judge_identifiers


@dataclass(frozen=True, eq=False)
class LookedUp:
    """What is known of N rows.

    Attributes:
        limited: those of a person on the list, by any identifier in them, in list elements too.
        named: those that have a number by which a person can be on the list.
        doubts: by reason, path and rule, those whose identifier cannot be read or is not
            well-formed: the person might be on the list.
    """

    limited: Bools
    named: Bools
    doubts: list[tuple[Reason, str, str, Bools]]

    def doubt(self, opened: Opened, matched: Bools) -> None:
        """Quarantine the rows that a release matches and whose person might be on the list."""
        for reason, path, rule, rows in self.doubts:
            bad = rows & matched
            if bad.any():
                opened.failures.add(np.flatnonzero(bad), reason, path, rule)


def look_up(compiled: CompiledPlan, opened: Opened, persons: LimitedPersons) -> LookedUp:
    """Look up the persons of all rows; the columns of `compiled.lookups` are opened."""
    rows = opened.rows
    looked = LookedUp(np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool), [])
    for lookup in compiled.lookups:
        node = opened.leaf(lookup.identifier)
        assert node.array is not None
        for step in (lookup.identifier, lookup.nir):
            if step not in opened.judged:
                opened.judged[step] = judge_identifiers(node.array, step.kinds)
        judged, numbers = opened.judged[lookup.identifier], opened.judged[lookup.nir].canonical
        looked.limited[:] |= node.at_rows(persons.holds(numbers), rows)
        if "ntt" in lookup.identifier.kinds:
            begins = _holds_beginning(judged.canonical, numbers, lookup, persons)
            looked.limited[:] |= node.at_rows(begins, rows)
        looked.named[:] |= node.at_rows(are_valid(numbers), rows)
        rule = f"limited: {', '.join(lookup.identifier.kinds)}"
        faults: list[tuple[Reason, Bools]] = [
            ("nir-malformed", node.at_rows(judged.malformed, rows)),
            ("nir-key", node.at_rows(judged.wrong_key, rows)),
            *_unread(lookup, opened),
        ]
        looked.doubts.extend((reason, lookup.path, rule, bad) for reason, bad in faults)
    return looked


def _holds_beginning(
    judged: pa.Array, numbers: pa.Array, lookup: LookUp, persons: LimitedPersons
) -> Bools:
    """Which NTTs begin with the number of a person on the list: a NIR with something behind it.

    An NTT is a digit, nine digits and whatever follows, so that a NIR and a comma is one as well.
    """
    holds = np.zeros(len(judged), dtype=bool)
    ntts = np.flatnonzero(as_flags(pc.is_valid(judged)) & ~are_valid(numbers))
    if len(ntts):
        compact = pc.replace_substring_regex(judged.take(pa.array(ntts)), SEPARATORS, "")
        begins = pc.utf8_slice_codeunits(compact, 0, BODY_WIDTH)
        holds[ntts] = persons.holds(judge_identifiers(begins, lookup.nir.kinds).canonical)
    return holds


def _unread(lookup: LookUp, opened: Opened) -> list[tuple[Reason, Bools]]:
    """The rows in which the leaf, or what is around it, could not be read."""
    nodes: list[ColumnNode] = [
        node
        for path, several in opened.nodes[lookup.identifier.column].items()
        if is_below(lookup.path, path)
        for node in several
    ]
    kinds: tuple[tuple[int, Reason], ...] = ((UNREADABLE, "unreadable"), (TYPE, "type"))
    faults = [
        (reason, node.at_rows(node.faults == code, opened.rows))
        for node in nodes
        if node.faults is not None
        for code, reason in kinds
    ]
    marked: list[tuple[Reason, Bools]] = [
        ("type", flags)
        for path, rules in opened.marks.items()
        if is_below(lookup.path, path)
        for flags in rules.values()
    ]
    return faults + marked


def match(compiled: CompiledPlan, opened: Opened, persons: LimitedPersons) -> tuple[Bools, int]:
    """Test the conditions of every release on every row, and look up whose records they are.

    Returns:
        Which rows are withheld, since no release can match them; and how many name nobody who can
        be on the list, and match a release that limits. A row that a release might match, had its
        values been readable, is quarantined.
    """
    rows = opened.rows
    looked = look_up(compiled, opened, persons) if compiled.lookups else None
    possible = np.zeros(rows, dtype=bool)
    unnamed = np.zeros(rows, dtype=bool)
    for release in compiled.releases:
        verdict = opened.all_of(release.where, rows)
        if looked is not None and release.plan.withholds_limited:
            may = verdict.may & ~looked.limited
            verdict = Verdict(verdict.holds & ~looked.limited, may)
            looked.doubt(opened, verdict.holds)
            unnamed |= verdict.holds & ~looked.named
        opened.fail_undecided(release.where, verdict.unknown)
        opened.matches.append(verdict.holds)
        possible |= verdict.may
    return ~possible, int((unnamed & ~opened.failures.rows).sum())
