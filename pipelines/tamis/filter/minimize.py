"""`minimize`: one batch under one plan (`design.md` §5): conform, tag, treat, gate, seal.

    batch ── where ──> rows that some release matches        the others: withheld
          ── conform, judge what these releases keep ──>      a failure: quarantined from all
          ── treat, per release ──> columns ── gate ──>       a NIR still there: quarantined
          ── seal ──> one batch a release

A record whose tested value cannot be read is neither withheld nor released but quarantined, if
nothing else in the conditions excludes it: it might have matched. A `when` or `only` that cannot
be told quarantines as well. Fields are judged where they would be released: not where a `when`
does not hold, nor in list elements that `only` removes. A field that may not be null is judged
wherever the struct or list around it is there; what the reader marks as faulty counts for the
whole record. Under `on_nir: quarantine` a NIR stops the record where it is looked for: in kept
free text, and in identifiers that the release does not pseudonymize.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import decode
from tamis.arrow.scrub import scrub
from tamis.errors import KeysError
from tamis.filter.compiled import program_of
from tamis.filter.execution import KeySource, Work
from tamis.filter.quarantine import QUARANTINED
from tamis.filter.tally import Tally
from tamis.plan.plan import Plan, PlanRelease

__all__ = ["QUARANTINED", "KeySource", "Minimized", "minimize", "released_schema"]


@dataclass(frozen=True)
class Minimized:
    """What became of the records of one batch.

    Attributes:
        released: by release id, the kept fields in the schema's order and the tags; sealed.
        rows: by release id, the row in the batch of each released row.
        quarantined: columns as `QUARANTINED`.
        tally: the counts; they reconcile.
    """

    released: Mapping[str, pa.RecordBatch] = field(repr=False)
    rows: Mapping[str, pa.Int64Array]
    quarantined: pa.RecordBatch
    tally: Tally


def minimize(
    batch: pa.RecordBatch, plan: Plan, *, run: str = "", keys: KeySource | None = None
) -> Minimized:
    """Release of each record what the plan lets pass, tagged, and nothing else.

    Args:
        batch: N rows; columns by the schema's top-level names, of any type that can stand for the
            schema's; a missing one is null, one more is not looked at. Of a column
            `tamis.formats.chunk.FAULTS` the paths count as values of a wrong type.
        plan: what may pass on its day.
        run: id of the run, for the tag `legal_run`.
        keys: derives the keys of pseudonyms.

    Raises:
        KeysError: the plan pseudonymizes and `keys` is None.

    Legal source:
        Code du travail, art. R. 6323-37; RGPD, art. 5, 1, c.

    Example:
        >>> from datetime import date
        >>> from tamis.plan.project import load_project
        >>> plan = load_project().plan("cpir-partage", on=date(2026, 1, 1))
        >>> done = minimize(pa.record_batch({"nir": ["155087599999194", None]}), plan)
        >>> done.tally.records, done.tally.reconciled
        (2, True)
    """
    if plan.needs_keys and keys is None:
        raise KeysError(f"policy `{plan.policy}` pseudonymizes: it needs a keyring")
    work = Work(program_of(plan), batch, keys)
    work.match()
    work.judge()
    work.treat()
    work.gate()
    return _assemble(work, plan, run)


def released_schema(plan: Plan, release: PlanRelease) -> pa.Schema:
    """The schema of a release's batches, the same whatever their rows.

    A top-level field is nullable where the schema says so, or where all that is kept of it has a
    `when`; fields below the top always are. There is no metadata.
    """
    for one in program_of(plan).releases:
        if one.plan.id == release.id:
            return one.schema
    raise KeyError(release.id)


def _assemble(work: Work, plan: Plan, run: str) -> Minimized:
    released, rows = {}, {}
    tally = Tally(records=work.records, withheld=work.withheld)
    passed = np.zeros(work.records, dtype=bool)
    for index, release in enumerate(work.program.releases):
        one = release.plan
        places = work.released_rows(index)
        passed[places] = True
        columns = work.released_columns(index)
        for name, value in plan.tags(one, run).items():
            columns[name] = _constant(value, len(places))
        released[one.id] = _batch_of(columns, release.schema)
        rows[one.id] = pa.array(places)
        if len(places):
            tally.rows[one.id] = len(places)
        redacted = work.redacted(index)
        if redacted:
            tally.redacted[one.id] = Counter(redacted)
    tally.released = int(passed.sum())
    quarantined = work.failures.as_batch()
    tally.quarantine.update(quarantined.column("reason").to_pylist())
    received = work.received()
    if received and plan.direction == "into-store":
        tally.anomalies["nir-received-under-iii"] = received
    tally.chance.update(work.chance)
    return Minimized(released, rows, quarantined, tally)


def _batch_of(columns: Mapping[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    """A released batch; what the schema does not name a dictionary is none."""
    arrays = [
        array if array.type == one.type else scrub(decode(array))
        for array, one in zip(columns.values(), schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _constant(value: str, rows: int) -> pa.DictionaryArray:
    indices = pa.Array.from_buffers(pa.int8(), rows, [None, pa.py_buffer(bytes(rows))])
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))
