"""`minimize`: of Arrow data in memory what a plan lets pass, and nothing else.

    batch ── where ──> rows that some release matches        the others: withheld
          ── conform, judge what these releases keep ──>      a failure: quarantined from all
          ── treat, per release ──> columns ── gate ──>       a NIR still there: quarantined
          ── scrub ──> one batch a release

A record whose tested value cannot be read is neither withheld nor released but quarantined, if
nothing else in the conditions excludes it: it might have matched. A record of a limited person is
withheld from every release that limits, whatever else it holds (`tamis.filter.lookup`). A `when` or
`only` that cannot be decided quarantines as well. Fields are judged where they would be released:
not where a `when` does not hold, nor in list elements that `only` removes. A field that may not be
null is judged wherever the struct or list around it is there; what the reader marks as faulty
counts for the whole record. Under `on_nir: quarantine` a NIR stops the record where it is looked
for: in kept free text, and in identifiers that the release does not pseudonymize.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Protocol, overload

import numpy as np
import pyarrow as pa

from tamis.errors import KeysError, UsageError, value_free
from tamis.filter.compiled import CompiledPlan, compile_steps
from tamis.filter.execution import Minimized, execute
from tamis.filter.quarantine import QUARANTINED, count_causes
from tamis.filter.tally import merge
from tamis.filter.treat import KeySource
from tamis.language import _
from tamis.limited.persons import LimitedPersons
from tamis.limits import USUAL, Limits
from tamis.plan.by_release import ByRelease
from tamis.plan.plan import Plan

SALT = os.urandom(16)
"""Random, of this process."""


class ArrowBatch(Protocol):
    """One batch of rows by the Arrow PyCapsule interface: `pa.RecordBatch` and its like."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any:
        """Export the rows as one Arrow array of structs."""


class ArrowStream(Protocol):
    """Batches of rows by the Arrow PyCapsule interface.

    `pa.Table`, `pa.RecordBatchReader`, a data frame of pandas or Polars, a relation of DuckDB.
    """

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Export the rows as a stream of Arrow arrays of structs."""


@overload
def minimize(
    data: ArrowBatch,
    plan: Plan,
    *,
    run: str = "",
    keys: KeySource | None = None,
    salt: bytes = SALT,
    limited: LimitedPersons | None = None,
) -> Minimized[pa.RecordBatch]: ...


@overload
def minimize(
    data: ArrowStream,
    plan: Plan,
    *,
    run: str = "",
    keys: KeySource | None = None,
    limits: Limits = USUAL,
    salt: bytes = SALT,
    limited: LimitedPersons | None = None,
) -> Minimized[pa.Table]: ...


def minimize(
    data: ArrowBatch | ArrowStream,
    plan: Plan,
    *,
    run: str = "",
    keys: KeySource | None = None,
    limits: Limits = USUAL,
    salt: bytes = SALT,
    limited: LimitedPersons | None = None,
) -> Minimized[Any]:
    """Release of each record what the plan lets pass, tagged, and nothing else.

    Args:
        data: N rows; columns by the schema's top-level names, of any type that can stand for the
            schema's; a missing one is null, one more is not looked at. Of a column
            `tamis.filter.quarantine.FAULTS` the paths count as values of a wrong type.
        plan: what may pass on its day.
        run: id of the run, for the tag `legal_run`.
        keys: derives the keys of pseudonyms.
        limits: how much of a stream is filtered at once: `chunk_records` rows, as in a run.
        salt: a random value of up to 64 bytes that all batches of a run share, so that what is
            known of their columns (`Tally.sketches`) adds up; by default one of this process.
        limited: the persons whose records are withheld, where the project has a list of them
            (`tamis.open_list`).

    Returns:
        Of a record batch record batches; of anything else that has `__arrow_c_stream__` (a table,
        a reader, a data frame of pandas or Polars, a relation of DuckDB) tables. A stream is
        read once, to its end, and filtered piece by piece; rows count over the whole of it.

    Raises:
        KeysError: the plan pseudonymizes and `keys` is None, or looks limited persons up and
            `limited` is.
        UsageError: `data` is no Arrow data.
        RunError: `data` cannot be read, or a column stands in it twice.

    Legal source:
        Code du travail, art. R. 6323-37; RGPD, art. 5, 1, c.

    Example:
        >>> from datetime import date
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("regularite-prestataires", on=date(2026, 1, 1))
        >>> rows = {"siren": ["732829320", None], "siret": ["73282932000074"] * 2}
        >>> rows |= {"conformite_fiscale": ["O", "N"], "dette_fiscale": ["0,00", "1500,00"]}
        >>> minimize(pa.record_batch(rows), plan)
        <Minimized: 2 records, 1 released, 0 withheld, 1 quarantined>
        >>> done = minimize(pa.table(rows), plan)
        >>> done.released["regularite"].column_names[:4], done.rows["regularite"].to_pylist()
        (['siren', 'siret', 'conformite_fiscale', 'conformite_sociale'], [0])
        >>> done.quarantined.to_pylist()
        [{'row': 1, 'reason': 'null', 'field': 'siren', 'rule': 'nullable: false'}]
    """
    if plan.needs_keys and keys is None:
        raise KeysError(
            _(
                "policy `{policy}` pseudonymizes: it needs a keyring, as of `open_keyring`",
                policy=plan.policy,
            )
        )
    if keys is not None and not hasattr(keys, "key"):
        raise KeysError(
            _(
                "`minimize` takes a keyring, as of `open_keyring`, got `{type}`",
                type=type(keys).__name__,
            )
        )
    compiled = compile_steps(plan)
    if hasattr(data, "__arrow_c_array__"):
        with value_free(_("reading the record batch")):
            batch = data if isinstance(data, pa.RecordBatch) else pa.record_batch(data)
        return execute(compiled, batch, run, keys, salt, limited=limited)
    if not hasattr(data, "__arrow_c_stream__"):
        raise UsageError(
            _(
                "expected a record batch or an object with `__arrow_c_stream__`, got `{type}`",
                type=type(data).__name__,
            )
        )
    batches = _read_stream(data, limits)
    return _merge(
        compiled, [execute(compiled, batch, run, keys, salt, limited=limited) for batch in batches]
    )


def _read_stream(data: ArrowStream, limits: Limits) -> Iterator[pa.RecordBatch]:
    """The rows of a stream, cut and joined to batches of `limits.chunk_records` rows."""
    with value_free(_("reading the Arrow stream")):
        held: list[pa.RecordBatch] = []
        rows = 0
        for batch in pa.RecordBatchReader.from_stream(data):
            held.append(batch)
            rows += batch.num_rows
            while rows >= limits.chunk_records:
                table = pa.Table.from_batches(held)
                yield from table[: limits.chunk_records].combine_chunks().to_batches()
                held = table[limits.chunk_records :].to_batches()
                rows -= limits.chunk_records
        if rows:
            yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def _merge(
    compiled: CompiledPlan, parts: Sequence[Minimized[pa.RecordBatch]]
) -> Minimized[pa.Table]:
    """What became of a stream, from what became of its parts."""
    starts = list(accumulate((part.tally.records for part in parts), initial=0))
    shifted = list(zip(parts, starts, strict=False))
    released: ByRelease[pa.Table] = ByRelease()
    rows: ByRelease[pa.Int64Array] = ByRelease()
    for release in compiled.releases:
        name = release.plan.id
        batches = [part.released[name] for part in parts]
        released[name] = pa.Table.from_batches(batches, release.schema)
        places = [np.asarray(part.rows[name]) + start for part, start in shifted]
        rows[name] = pa.array(np.concatenate([np.empty(0, np.int64), *places]))
    quarantined = []
    for part, start in shifted:
        row = pa.array(np.asarray(part.quarantined.column("row")) + start)
        quarantined.append(part.quarantined.set_column(0, QUARANTINED.field("row"), row))
    table = pa.Table.from_batches(quarantined, QUARANTINED)
    tally = merge(part.tally for part in parts)
    tally.quarantine = count_causes(table)
    return Minimized(released, rows, table, tally)
