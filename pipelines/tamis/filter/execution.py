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
from tamis.arrow.types import Bools, Ints
from tamis.filter.compiled import CompiledPlan
from tamis.filter.gate.gate import find_leaks
from tamis.filter.judge import judge
from tamis.filter.opened import Opened, match, open_columns
from tamis.filter.quarantine import Failure, Failures
from tamis.filter.rebuild import build, cut, gate_columns
from tamis.filter.steps import BuildColumn, CompiledRelease
from tamis.filter.tally import Tally
from tamis.filter.treat import KeySource, Treated, treat
from tamis.plan.by_release import ByRelease

Rows = TypeVar("Rows")
"""`pa.RecordBatch` or `pa.Table`."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows that one release or more let pass.

    Attributes:
        flags: which rows at work they are.
        rows: their places in the batch.
    """

    flags: Bools
    rows: Ints


Selected = Mapping[tuple[BuildColumn, Selection], pa.Array]
"""Released columns, cut to the rows of a selection and scrubbed."""


@dataclass(frozen=True, eq=False)
class Gated:
    """The result of `gate`.

    Attributes:
        failures: rows in which a NIR is left.
        chance: columns whose hits look like chance, with hits and values looked at.
    """

    failures: tuple[Failure, ...]
    chance: Mapping[str, tuple[int, int]]


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
        >>> plan = tamis.load_project().plan("regularite-prestataires", on="2026-03-02")
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
    compiled: CompiledPlan, batch: pa.RecordBatch, run: str, keys: KeySource | None
) -> Minimized[pa.RecordBatch]:
    """Take a batch through all stages."""
    failures = Failures(batch.num_rows, compiled.order)
    matched = match(compiled, batch)
    failures.add(matched.failures)
    opened = open_columns(compiled, batch, matched)
    judged = judge(compiled, opened)
    failures.add(judged.failures)
    treated = treat(compiled, opened, judged, keys)
    failures.add(treated.failures)
    selections = select(compiled, opened, failures.rows)
    built = build_columns(compiled, opened, treated, selections)
    looked_at = [release for release in compiled.releases if release.plan.nir == "absent"]
    columns = select_columns(looked_at, built, selections, {})
    gated = gate(looked_at, opened, selections, columns)
    if gated.failures:
        failures.add(gated.failures)
        selections, columns = select(compiled, opened, failures.rows), {}
    columns = select_columns(compiled.releases, built, selections, columns)
    tally = Tally(records=batch.num_rows, withheld=matched.withheld, chance=dict(gated.chance))
    with_nir = np.zeros(batch.num_rows, dtype=bool)
    for rows in (*judged.nirs, *treated.nirs, *(failure.rows for failure in gated.failures)):
        with_nir[rows] = True
    if with_nir.any() and compiled.plan.direction == "into-store":
        tally.anomalies["nir-received-under-iii"] = int(with_nir.sum())
    for release in compiled.releases:
        redacted = count_redacted(release, opened, treated, selections[release.index])
        if redacted:
            tally.redacted[release.plan.id] = redacted
    return assemble(compiled, run, selections, columns, failures.as_batch(), tally)


def select(compiled: CompiledPlan, opened: Opened, failed: Bools) -> list[Selection]:
    """The rows that each release lets pass; releases that let the same pass share a selection.

    Args:
        compiled: of R releases.
        opened: whose rows the releases match.
        failed: which rows of the batch are quarantined.

    Returns:
        R selections, by the release's index.
    """
    passing = ~(failed if opened.base is None else failed[opened.base])
    selections: list[Selection] = []
    for release in compiled.releases:
        flags = opened.matches[release.index] & passing
        equal = (other for other in selections if np.array_equal(other.flags, flags))
        selections.append(next(equal, None) or Selection(flags, opened.at_base(flags)))
    return selections


def build_columns(
    compiled: CompiledPlan, opened: Opened, treated: Treated, selections: Sequence[Selection]
) -> dict[BuildColumn, pa.Array]:
    """The released columns, of all rows at work, of the releases that let some row pass."""
    passing = [release for release in compiled.releases if len(selections[release.index].rows)]
    return {
        step: build(step, opened, treated.leaves)
        for step in compiled.steps_of(BuildColumn, passing)
    }


def select_columns(
    releases: Iterable[CompiledRelease],
    built: Mapping[BuildColumn, pa.Array],
    selections: Sequence[Selection],
    done: Selected,
) -> Selected:
    """The columns of releases with the rows that each lets pass, scrubbed.

    Args:
        releases: whose columns are asked for.
        built: columns of all rows at work.
        selections: by release.
        done: what was selected before.
    """
    columns = dict(done)
    for release in releases:
        selection = selections[release.index]
        for step in release.columns:
            if (step, selection) in columns:
                continue
            if len(selection.rows):
                columns[step, selection] = scrub(cut(built[step], selection.flags))
            else:
                columns[step, selection] = pa.array([], step.field.type)
    return columns


def gate(
    releases: Iterable[CompiledRelease],
    opened: Opened,
    selections: Sequence[Selection],
    columns: Selected,
) -> Gated:
    """Look again at what is to be released without NIR.

    Args:
        releases: those under `nir: absent`.
        opened: the rows at work.
        selections: by release.
        columns: of these releases.

    Raises:
        RunError: a column has a type that the gate cannot look into.

    Legal source:
        Code du travail, art. R. 6323-37, III.
    """
    failures: list[Failure] = []
    chance: dict[str, tuple[int, int]] = {}
    for steps, selection in dict.fromkeys(
        (release.columns, selections[release.index]) for release in releases
    ):
        if not len(selection.rows):
            continue
        looked_at = [
            part for step in steps for part in gate_columns(step, columns[step, selection])
        ]
        leaks = find_leaks(looked_at)
        for finding in leaks.findings:
            if finding.looks_like_chance:
                chance[finding.column] = (finding.hits, finding.values)
        for place in np.unique(leaks.rows[leaks.rows >= 0]):
            leaking = selection.rows[leaks.rows == place]
            failures.append(Failure(leaking, "nir-leak", looked_at[place].name, "gate"))
    return Gated(tuple(failures), chance)


def count_redacted(
    release: CompiledRelease, opened: Opened, treated: Treated, selection: Selection
) -> Counter[str]:
    """How many NIRs were replaced in what a release lets pass, by field."""
    counts: Counter[str] = Counter()
    if not len(selection.rows):
        return counts
    for column in release.columns:
        for path, step in column.leaves.items():
            hits = treated.leaves[step].hits
            if hits is not None and hits.any():
                node = opened.leaf(step)
                slots = opened.released_slots(release, column, node)
                count = int(hits[slots & node.at_slots(selection.flags)].sum())
                if count:
                    counts[path] = count
    return counts


def assemble(
    compiled: CompiledPlan,
    run: str,
    selections: Sequence[Selection],
    columns: Selected,
    quarantined: pa.RecordBatch,
    tally: Tally,
) -> Minimized[pa.RecordBatch]:
    """A batch a release, of its columns and its tags; `tally` completed by what passed."""
    released: ByRelease[pa.RecordBatch] = ByRelease()
    rows: ByRelease[pa.Int64Array] = ByRelease()
    passed = np.zeros(tally.records, dtype=bool)
    for release in compiled.releases:
        selection = selections[release.index]
        count = len(selection.rows)
        passed[selection.rows] = True
        tags = compiled.plan.tags(release.plan, run).values()
        arrays = [
            *(columns[step, selection] for step in release.columns),
            *(_constant(value, count) for value in tags),
        ]
        released[release.plan.id] = _batch_of(arrays, release.schema)
        rows[release.plan.id] = pa.array(selection.rows)
        if count:
            tally.rows[release.plan.id] = count
    tally.released = int(passed.sum())
    tally.quarantine.update(quarantined.column("reason").to_pylist())
    return Minimized(released, rows, quarantined, tally)


def _batch_of(arrays: Sequence[pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    """A released batch; what the schema does not name a dictionary is none."""
    plain = [
        array if array.type == field.type else scrub(decode(array))
        for array, field in zip(arrays, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(plain, schema=schema)


def _constant(value: str, rows: int) -> pa.DictionaryArray:
    indices = pa.Array.from_buffers(pa.int8(), rows, [None, pa.py_buffer(bytes(rows))])
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))
