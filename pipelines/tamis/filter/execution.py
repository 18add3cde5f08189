"""A compiled plan executed on one batch: the stages of the filter, one after the other.

    match      where           rows that some release matches    the others: withheld
    open       columns         conformed to the schema, tested
    judge      values          what does not conform             quarantined from all releases
    treat      leaves          as they are released
    build      columns         around the leaves
    select     rows            those that each release lets pass
    gate       a second look   NIRs left                         quarantined from all releases
    assemble   batches         scrubbed and tagged, and the tally

Each stage is a function of the compiled plan and of what the stages before it returned, and can
be called by itself. What two releases have in common is one step of the plan, made once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.arrow.scrub import scrub
from tamis.arrow.types import CODE, TAG, Bools, Ints
from tamis.errors import KeysError
from tamis.filter.compiled import BuildColumn, CompiledPlan, CompiledRelease, TreatLeaf
from tamis.filter.gate.columns import ColumnSketch
from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.filter.judge import judge
from tamis.filter.lookup import match
from tamis.filter.opened import Opened, open_columns, open_tested
from tamis.filter.quarantine import count_causes
from tamis.filter.rebuild import build, build_sources, cut, gate_columns
from tamis.filter.tally import Tally, Unmet, merge_sketches
from tamis.filter.treat import KeySource, TreatedLeaf, treat
from tamis.language import _
from tamis.limited.persons import NOBODY, LimitedPersons
from tamis.plan.by_release import ByRelease
from tamis.plan.plan import LIMITED

Rows = TypeVar("Rows")
"""`pa.RecordBatch` or `pa.Table`."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows that one release or more let pass: flags of the rows at work, places in the batch."""

    flags: Bools
    rows: Ints


Columns = dict[tuple[BuildColumn, Selection], pa.Array]
"""Released columns, cut to the rows of a selection and scrubbed."""


@dataclass(frozen=True, eq=False, repr=False)
class Minimized(Generic[Rows]):
    """What became of N records: of a record batch as record batches, of a stream as tables.

    Attributes:
        released: by release id, the kept fields in the schema's order and the tags; scrubbed, so
            that no buffer holds anything else. An unknown id is an error that names the known ones.
        rows: by release id, the row of the input (from 0) that each released row was.
        quarantined: one row a quarantined record, with the columns of
            `tamis.filter.quarantine.QUARANTINED`; rows count from 0 over the whole input.
        tally: the counts; they reconcile.

    Example:
        >>> import pyarrow as pa
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires", on="2026-03-02")
        >>> providers = {"siren": ["732829320"], "siret": ["73282932000074"]}
        >>> done = tamis.minimize(pa.table(providers), plan, run="the-run")
        >>> done.rows.keys() == done.released.keys(), done.tally.reconciled
        (True, True)
    """

    released: ByRelease[Rows]
    rows: ByRelease[pa.Int64Array]
    quarantined: Rows
    tally: Tally

    def __repr__(self) -> str:
        tally = self.tally
        return (
            f"<Minimized: {tally.records} records, {tally.released} released, "
            f"{tally.withheld} withheld, {tally.quarantined} quarantined>"
        )


def execute(
    compiled: CompiledPlan,
    batch: pa.RecordBatch,
    run: str,
    keys: KeySource | None,
    salt: bytes = b"",
    *,
    coded: bool = False,
    limited: LimitedPersons | None = None,
) -> Minimized[pa.RecordBatch]:
    """Take a batch through all stages; `coded` leaves by dictionaries what came so.

    Raises:
        KeysError: the plan looks persons up in a list, and there is none.
    """
    if limited is None and compiled.lookups:
        raise KeysError(
            _(
                "policy `{policy}` withholds records of limited persons: it needs their list, as "
                "of `open_list`",
                policy=compiled.plan.policy,
            )
        )
    opened = open_tested(compiled, batch)
    withheld, unnamed = match(compiled, opened, limited or NOBODY)
    unmet = count_unmet(compiled, opened, withheld)
    opened = open_columns(compiled, batch, opened)
    identifiers = judge(compiled, opened)
    leaves = treat(compiled, opened, identifiers, keys)
    selections = select(compiled, opened)
    built = build_columns(compiled, opened, leaves, selections)
    columns: Columns = {}
    select_columns(compiled.releases, built, selections, columns)
    is_leaking, chance, sketches = gate(
        compiled.releases, opened, leaves, selections, columns, salt
    )
    if is_leaking:
        selections, columns = select(compiled, opened), {}
        select_columns(compiled.releases, built, selections, columns)
    tally = Tally(
        records=batch.num_rows,
        withheld=int(withheld.sum()),
        unmet=unmet,
        chance=chance,
        sketches=sketches,
    )
    if opened.failures.with_nir.any() and compiled.plan.direction == "into-store":
        tally.anomalies["nir-received-under-iii"] = int(opened.failures.with_nir.sum())
    if unnamed:
        tally.anomalies["limited-without-identifier"] = unnamed
    for release in compiled.releases:
        redacted = count_redacted(release, opened, leaves, selections[release.index])
        if redacted:
            tally.redacted[release.plan.id] = redacted
    return assemble(compiled, run, opened.failures.as_batch(), selections, columns, tally, coded)


def count_unmet(compiled: CompiledPlan, opened: Opened, withheld: Bools) -> Counter[Unmet]:
    """How many withheld rows do not meet which condition of each release: of several the first."""
    counts: Counter[Unmet] = Counter()
    limited: Counter[Unmet] = Counter()  # also where there are none: what is told looks the same
    if not withheld.any():
        return counts
    for release in compiled.releases:
        left = withheld
        for condition, test in zip(release.plan.where, release.where, strict=True):
            may = opened.verdicts[test].may
            counts[Unmet(release.plan.id, condition.unmet)] += int((left & ~may).sum())
            left = left & may
        if release.plan.withholds_limited and compiled.lookups:
            limited[Unmet(release.plan.id, LIMITED, _first_unmet(release))] = int(left.sum())
    counts = +counts
    counts.update(limited)
    return counts


def _first_unmet(release: CompiledRelease) -> str:
    return next((condition.unmet for condition in release.plan.where), "")


def select(compiled: CompiledPlan, opened: Opened) -> list[Selection]:
    """The rows that each release lets pass; releases that let the same pass share a selection."""
    failed = opened.failures.rows
    passing = ~(failed if opened.base is None else failed[opened.base])
    selections: list[Selection] = []
    for release in compiled.releases:
        flags = opened.matches[release.index] & passing
        equal = (other for other in selections if np.array_equal(other.flags, flags))
        selections.append(next(equal, None) or Selection(flags, opened.at_base(flags)))
    return selections


def build_columns(
    compiled: CompiledPlan,
    opened: Opened,
    leaves: Mapping[TreatLeaf, TreatedLeaf],
    selections: Sequence[Selection],
) -> dict[BuildColumn, pa.Array]:
    """The released columns, of all rows at work, of the releases that let some row pass."""
    passing = [release for release in compiled.releases if len(selections[release.index].rows)]
    return {step: build(step, opened, leaves) for step in compiled.steps_of(BuildColumn, passing)}


def select_columns(
    releases: Iterable[CompiledRelease],
    built: Mapping[BuildColumn, pa.Array],
    selections: Sequence[Selection],
    columns: Columns,
) -> None:
    """Add to `columns` those of `releases`, with the rows that each lets pass, scrubbed."""
    for release in releases:
        selection = selections[release.index]
        for step in release.columns:
            if not len(selection.rows):
                columns[step, selection] = pa.array([], step.field.type)
            elif (step, selection) not in columns:
                columns[step, selection] = scrub(cut(built[step], selection.flags))


def gate(
    releases: Sequence[CompiledRelease],
    opened: Opened,
    leaves: Mapping[TreatLeaf, TreatedLeaf],
    selections: Sequence[Selection],
    columns: Columns,
    salt: bytes = b"",
) -> tuple[bool, dict[str, tuple[int, int]], dict[str, ColumnSketch]]:
    """Look again at what is released; quarantine where a NIR is left that must not be.

    Under `nir: absent` none may be. Where the item carries the NIR, the need to know it is that of
    the fields that are declared to hold it (`gate_columns`): in any other one it is nobody's. Where
    a value is released in a coarser form, what it was made of is looked at too.

    Returns:
        Whether one is left; columns whose hits look like chance, with hits and values; and by path
        what is known of the columns that hold long numbers.

    Raises:
        RunError: a column has a type that the gate cannot look into.

    Legal source:
        Code du travail, art. R. 6323-37, III; of I and II, « dans la limite du besoin d'en
        connaître ».
    """
    is_leaking, chance = False, {}
    sketches: dict[str, ColumnSketch] = {}
    looks = dict.fromkeys(
        (release.columns, selections[release.index], release.plan.nir == "carried")
        for release in releases
    )
    seen = set()
    for steps, selection, carried in looks:
        if not len(selection.rows):
            continue
        parts = [
            part
            for step in steps
            for part in gate_columns(step, columns[step, selection], carried=carried)
        ]
        sources: list[GateColumn] = []
        for step in steps:
            key = step, selection, carried
            source = None if key in seen else build_sources(step, opened, leaves)
            seen.add(key)
            if source is not None:
                source = cut(source, selection.flags)
                sources += gate_columns(step, source, sources=True, carried=carried)
        known: dict[str, ColumnSketch] = {}
        for looked_at in (parts, sources):
            leaks = find_leaks(looked_at, salt)
            known |= leaks.sketches
            for finding in leaks.findings:
                if finding.looks_like_chance:
                    chance[finding.column] = (finding.hits, finding.values)
            for place in np.unique(leaks.rows[leaks.rows >= 0]):
                rows = selection.rows[leaks.rows == place]
                opened.failures.add(rows, "nir-leak", looked_at[place].name, "gate")
                opened.failures.with_nir[rows] |= not carried
                is_leaking = True
        merge_sketches(sketches, known)
    return is_leaking, chance, sketches


def count_redacted(
    release: CompiledRelease,
    opened: Opened,
    leaves: Mapping[TreatLeaf, TreatedLeaf],
    selection: Selection,
) -> Counter[str]:
    """How many NIRs were replaced in what a release lets pass, by field."""
    counts: Counter[str] = Counter()
    for column in release.columns if len(selection.rows) else ():
        for path, step in column.leaves.items():
            hits = leaves[step].hits
            if hits is not None and hits.any():
                node = opened.leaf(step)
                slots = opened.released_slots(release, column, node)
                counts[path] = int(hits[slots & node.at_slots(selection.flags)].sum())
    return +counts


def assemble(
    compiled: CompiledPlan,
    run: str,
    quarantined: pa.RecordBatch,
    selections: Sequence[Selection],
    columns: Columns,
    tally: Tally,
    coded: bool = False,
) -> Minimized[pa.RecordBatch]:
    """A batch a release, of its columns and its tags; `tally` completed by what passed."""
    released: ByRelease[pa.RecordBatch] = ByRelease()
    rows: ByRelease[pa.Int64Array] = ByRelease()
    passed = np.zeros(tally.records, dtype=bool)
    for release in compiled.releases:
        name, selection = release.plan.id, selections[release.index]
        count = len(selection.rows)
        arrays = [
            *(columns[step, selection] for step in release.columns),
            *(_constant(value, count) for value in compiled.plan.tags(release.plan, run).values()),
        ]
        arrays = [
            array
            if array.type == field.type or (coded and array.type == pa.dictionary(CODE, field.type))
            else scrub(decode(array))
            for array, field in zip(arrays, release.schema, strict=True)
        ]
        schema = pa.schema(map(pa.Field.with_type, release.schema, [a.type for a in arrays]))
        released[name] = pa.RecordBatch.from_arrays(arrays, schema=schema)
        rows[name] = pa.array(selection.rows)
        passed[selection.rows] = True
        if count:
            tally.rows[name] = count
    tally.released = int(passed.sum())
    tally.quarantine = count_causes(quarantined)
    return Minimized(released, rows, quarantined, tally)


def _constant(value: str | None, rows: int) -> pa.DictionaryArray:
    if value is None:
        return pa.nulls(rows, TAG)
    indices = pa.Array.from_buffers(pa.int8(), rows, [None, pa.py_buffer(bytes(rows))])
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))
