"""`Minimize`: the filter as a Beam transform. It only wires `tamis.filter.minimize`."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection, TaggedOutput

from tamis.beam.batch import Batch, Input
from tamis.beam.keys import KeyRef, PinnedKeys, ThrowawayKeys
from tamis.beam.transform import SeveralCollections
from tamis.dry_run.masks import Masks
from tamis.dry_run.retyped import retyped_columns
from tamis.dry_run.undeclared import UndeclaredNirs, released_paths
from tamis.errors import KeysError, RefusedError, UsageError, value_free
from tamis.evidence.columns import refuse_columns
from tamis.filter.compiled import compile_steps
from tamis.filter.execution import execute
from tamis.filter.gate.columns import ColumnSketch
from tamis.filter.quarantine import QUARANTINE_SCHEMA, count_causes
from tamis.filter.tally import Tally, merge_sketches
from tamis.filter.treat import KeySource
from tamis.formats.chunk import Chunk
from tamis.language import _
from tamis.limited.persons import NOBODY, ListWatch, check_unchanged
from tamis.plan.by_release import ByRelease
from tamis.plan.guards import (
    check_approval,
    check_day,
    check_in_force,
    check_limited,
    check_register,
    check_unconfirmed,
)
from tamis.plan.plan import Plan
from tamis.stores.run_id import check_run_id

_RELEASE = "release:"
_FINDINGS = "findings"


class Outputs(NamedTuple):
    """What `Minimize` gives: PCollections, and the plan and run they were made under.

    Attributes:
        released: by release id, batches of released records; an unknown id is told the known ones.
            They keep the order of the input, and know their positions there. Whoever wires them
            into a sink of his own must let neither leave under paragraph III: two partners could
            join what they were given. `Store` lets neither.
        quarantined: batches with the columns of `QUARANTINE_SCHEMA`.
        tallies: one `(Tally, inputs)` a batch.
        plan: the compiled policy.
        run: id of the run.
        keys: where the keys of pseudonyms are, or None.
        findings: what was looked for beside, as `tamis.beam.measure` takes it; empty unless
            `Minimize` was asked to look.
        profiles: whether it was asked to look for undeclared NIRs.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> batches = beam.Pipeline("FnApiRunner") | tamis.ReadCsv("in/*.csv", plan)
        >>> batches | tamis.Minimize(plan, "the-run")
        Outputs(regularite-prestataires, run the-run: regularite)
    """

    released: ByRelease[PCollection[Batch]]
    quarantined: PCollection[Batch]
    tallies: PCollection[tuple[Tally, tuple[Input, ...]]]
    plan: Plan
    run: str
    keys: KeyRef | None = None
    findings: PCollection[Any] | None = None
    profiles: bool = False

    def __repr__(self) -> str:
        """The policy, the run and the ids of the releases."""
        return f"Outputs({self.plan.policy}, run {self.run}: {', '.join(self.released)})"

    def check_same(self, plan: Plan | None, run: str | None) -> None:
        """Refuse another plan or run than these outputs were made under.

        Args:
            plan: what a store was given, or None where it was given none.
            run: likewise.

        Raises:
            UsageError: one of them is another.
        """
        if plan is not None and plan.sha256 != self.plan.sha256:
            raise UsageError(
                _(
                    "the store's plan must be that of `Minimize`, expected {digest}, got {other}",
                    digest=self.plan.sha256[:12],
                    other=plan.sha256[:12],
                )
            )
        if run is not None and run != self.run:
            raise UsageError(
                _(
                    "the store's run must be that of `Minimize`, expected `{run}`, got `{other}`",
                    run=self.run,
                    other=run,
                )
            )


@dataclass
class Minimize(SeveralCollections[PCollection[Batch], Outputs]):
    """Tag, strip and drop: every batch in, one batch a release out, where it has rows.

    Attributes:
        plan: the compiled policy.
        run: id of the run, of a to z, 0 to 9 and hyphens; it becomes the tag `legal_run`.
        keys: where the workers load the keys from, or None.
        throwaway_keys: pseudonymize under keys that nobody keeps, for a dry run; `keys` then serve
            for the list of limited persons, which is not asked without them.
        replay: allow a plan of another day than today; the receipt says so.
        allow_example: allow an entry of the register that only illustrates.
        allow_unconfirmed: allow a legal basis that nobody has confirmed yet.
        profiles: look for NIRs in the released columns that declare none, so that a store can
            refuse them (`fail_on=["undeclared-nir"]`).
        masks: count what values look like that have not the schema's type, for a dry run.
        salt: a random value drawn for the run, which its workers share.
        judges_columns: fail the pipeline where a released column, over all batches, holds NIRs by
            all signs that single batches are too small to show; a dry run tells it instead.
        coded: leave text by dictionaries that came so, for a store of Parquet files.

    A plan of today that reads an unbounded source acts until the law changes, and then stops.

    Outputs that are wired to other sinks than `Store` are not held back until all batches are
    judged: a batch that shows NIRs by itself is quarantined, but what smaller ones let pass may be
    written before the pipeline fails. Let such a sink write where nobody reads yet, and hand it on
    once the pipeline has succeeded. Of an unbounded source only single batches are judged: `tamis
    run` adds its micro-batches up and stops.

    Raises:
        UsageError: there is no run id, or it has other characters; the plan's day is not today,
            or it stands on an example or an unconfirmed basis, and that is not allowed.
        KeysError: the plan pseudonymizes and there are no keys.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> batches = beam.Pipeline("FnApiRunner") | tamis.ReadCsv("in/*.csv", plan)
        >>> out = batches | tamis.Minimize(plan, "the-run")
        >>> out.released["regularite"].element_type
        <class 'tamis.beam.batch.Batch'>
    """

    plan: Plan
    run: str = ""
    keys: KeyRef | None = None
    throwaway_keys: bool = False
    replay: bool = False
    allow_example: bool = False
    allow_unconfirmed: bool = False
    profiles: bool = False
    masks: bool = False
    salt: bytes = field(default_factory=lambda: os.urandom(16), repr=False, compare=False)
    judges_columns: bool = True
    coded: bool = False

    def __post_init__(self) -> None:
        if not self.run:
            raise UsageError(_("`Minimize` must have a run id, which released records carry"))
        check_run_id(self.run)
        if self.keys is not None and not isinstance(self.keys, KeyRef):
            raise KeysError(
                _(
                    "`Minimize` takes a `KeyRef`, as of `KeyRef.current(keyring)`, got `{type}`",
                    type=type(self.keys).__name__,
                )
            )
        if self.plan.needs_keys and self.keys is None and not self.throwaway_keys:
            raise KeysError(
                _(
                    "policy `{policy}` pseudonymizes: `Minimize` must have `keys`",
                    policy=self.plan.policy,
                )
            )
        if self.keys is not None:
            self.keys = self.keys.of_plan(self.plan)
        elif self.plan.asks_list and not self.throwaway_keys:
            raise KeysError(
                _(
                    "policy `{policy}` asks the list of limited persons: `Minimize` must have "
                    "`keys`",
                    policy=self.plan.policy,
                )
            )
        check_day(self.plan.day, self.replay)
        check_register(self.plan, self.allow_example)
        check_unconfirmed(self.plan, self.allow_unconfirmed)
        check_approval(self.plan)
        if not self.throwaway_keys:
            check_limited(self.plan)

    def expand(self, batches: PCollection[Batch]) -> Outputs:
        """Wire `minimize` to its outputs, each with the batch's own coder."""
        ids = [release.id for release in self.plan.releases]
        tags = [_RELEASE + release for release in ids]
        expires = not batches.is_bounded and not self.replay
        outputs = batches | "Minimize" >> beam.ParDo(_MinimizeFn(self, expires)).with_outputs(
            "quarantined", _FINDINGS, *tags, main="tallies"
        )
        released = ByRelease({release: outputs[_RELEASE + release] for release in ids})
        for collection in (*released.values(), outputs.quarantined):
            collection.element_type = Batch
        if self.judges_columns and batches.is_bounded:
            (
                outputs.tallies
                | "Sketches" >> beam.Map(_sketches)
                | "Sum sketches" >> beam.CombineGlobally(_sum_sketches).without_defaults()
                | "Judge columns" >> beam.Map(refuse_columns)
            )
        return Outputs(
            released,
            outputs.quarantined,
            outputs.tallies,
            self.plan,
            self.run,
            self.keys,
            outputs[_FINDINGS],
            self.profiles,
        )


def _sketches(element: tuple[Tally, tuple[Input, ...]]) -> dict[str, ColumnSketch]:
    return element[0].sketches


def _sum_sketches(several: Iterable[dict[str, ColumnSketch]]) -> dict[str, ColumnSketch]:
    total: dict[str, ColumnSketch] = {}
    for sketches in several:
        merge_sketches(total, sketches)
    return total


class RecordCounters:
    """Beam's counters of what became of records."""

    def __init__(self) -> None:
        self._in, self._released, self._withheld, self._quarantined = (
            Metrics.counter("tamis", f"{name}-records")
            for name in ("in", "released", "withheld", "quarantined")
        )

    def add(self, tally: Tally) -> None:
        """Count what `tally` counted."""
        self._in.inc(tally.records)
        self._released.inc(tally.released)
        self._withheld.inc(tally.withheld)
        self._quarantined.inc(tally.quarantined)


class _MinimizeFn(beam.DoFn):
    def __init__(self, minimize: Minimize, expires: bool) -> None:
        self._plan = minimize.plan
        self._run = minimize.run
        self._ref = minimize.keys
        self._throwaway = minimize.throwaway_keys
        self._profiles = minimize.profiles
        self._masks = minimize.masks
        self._expires = expires
        self._salt = minimize.salt
        self._coded = minimize.coded

    def setup(self) -> None:
        self._keys: KeySource | None = None
        self._watch: ListWatch | None = None
        self._limited = NOBODY if self._throwaway else None
        if self._ref is not None:
            self._keys = pinned = PinnedKeys(self._ref)
            self._limited = pinned.limited() or self._limited
            self._watch = pinned.watch(self._limited)
        if self._throwaway:
            self._keys = ThrowawayKeys()
        self._counters = RecordCounters()

    def process(self, batch: Batch) -> Iterator[Any]:
        if self._expires:
            check_in_force(self._plan)
        if self._watch is not None:
            check_unchanged(self._watch)
        chunk = batch.chunk
        if lacking := chunk.missing.intersection(self._plan.required):
            raise RefusedError(
                _(
                    "{source}: required columns are missing: {columns}; nothing is committed",
                    source=batch.source,
                    columns=", ".join(sorted(lacking)),
                )
            )
        tally = Tally(
            unknown=dict(chunk.unknown),
            missing=set(chunk.missing),
            anomalies=Counter(chunk.anomalies),
            skipped=Counter(chunk.skipped),
        )
        if not chunk.data.num_rows and not chunk.rejects.num_rows:
            yield tally, batch.inputs
            return
        what = _("minimizing part {part} of {source}", part=batch.part, source=batch.source)
        with value_free(what):
            steps = compile_steps(self._plan)
            done = execute(
                *(steps, chunk.data, self._run, self._keys, self._salt),
                coded=self._coded,
                limited=self._limited,
            )
        tally.add(done.tally)
        if self._plan.asks_list and self._limited is NOBODY:
            tally.anomalies["limited-list-not-asked"] = chunk.data.num_rows
        tally.records += chunk.rejects.num_rows
        if self._plan.format.name == "parquet":
            tally.retyped = retyped_columns(chunk.data.schema, self._plan.fields)
        if self._profiles:
            with value_free(what):
                nirs = UndeclaredNirs()
                nirs.add(chunk.data, self._plan.fields, released_paths(self._plan))
            yield TaggedOutput(_FINDINGS, nirs)
        if self._masks and done.quarantined.num_rows:
            with value_free(what):
                masks = Masks()
                masks.add(chunk.data, done.quarantined, self._plan)
            yield TaggedOutput(_FINDINGS, masks)
        for release, data in done.released.items():
            if data.num_rows:
                rows = Chunk(data, _at(chunk.positions, done.rows[release]))
                yield TaggedOutput(_RELEASE + release, replace(batch, chunk=rows, inputs=()))
        if done.quarantined.num_rows or chunk.rejects.num_rows:
            data = self._quarantine(batch, done.quarantined)
            tally.quarantine = count_causes(data)
            rows = Chunk(data, data.column("position"))
            yield TaggedOutput("quarantined", replace(batch, chunk=rows, inputs=()))
        self._counters.add(tally)
        yield tally, batch.inputs

    def _quarantine(self, batch: Batch, judged: pa.RecordBatch) -> pa.RecordBatch:
        """What was judged and what was unread, in order; columns as `QUARANTINE_SCHEMA`."""
        rejects = batch.chunk.rejects
        rows = judged.num_rows + rejects.num_rows
        columns = {
            "run": pa.repeat(pa.scalar(self._run), rows),
            "source": pa.repeat(pa.scalar(batch.source), rows),
            "position": pa.concat_arrays(
                [_at(batch.positions, judged.column("row")), rejects.column("position")]
            ),
            **{
                name: pa.concat_arrays([judged.column(name), rejects.column(name)])
                for name in ("reason", "field", "rule")
            },
        }
        data = pa.RecordBatch.from_arrays(list(columns.values()), schema=QUARANTINE_SCHEMA)
        order = pc.sort_indices(data, sort_keys=[("position", "ascending")])
        return data.take(order)


def _at(positions: pa.Int64Array, rows: pa.Int64Array) -> pa.Int64Array:
    return positions if len(rows) == len(positions) else positions.take(rows)
