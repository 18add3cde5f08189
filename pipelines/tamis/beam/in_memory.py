"""`FromDicts`, `FromRows`, `FromArrow`: records of somebody's own pipeline as batches.

    dicts, Rows ── as many records of a bundle as a chunk has ──> batches of what the plan reads
    tables, record batches ── joined and cut likewise ─────────>

A runner cuts a PCollection into bundles as it likes and does a bundle that failed again. So a part
of the input is a run of records of one bundle, called by a number drawn at random: what a failed
attempt made has other names than what counts, and is in no receipt.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from tamis.beam.batch import Batch, Input
from tamis.beam.transform import SeveralCollections
from tamis.errors import UsageError, value_free
from tamis.filter.drift import RECORDS_TO_SHOW, WITHHELD, add_names
from tamis.formats.chunk import Chunk, PartKey, Reject, add_faults, rejects_of
from tamis.formats.columns import as_field, why_no_record
from tamis.formats.names import declared_names, known_names, leaf_paths, may_be_shown
from tamis.formats.python_records import to_chunk
from tamis.formats.python_values import adapter_for, as_record
from tamis.language import N_, _
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan

UNKNOWN_FIELDS = "records-with-unknown-fields"
"""Anomaly: records that have a field which the schema does not name."""

_ARROW = ("__arrow_c_stream__", "__arrow_c_array__")
_NOT_A_RECORD = N_("not a record ({error})")
_NOT_A_TABLE = N_("not a table ({error})")
_PART_BITS = 20
"""A part has at most 2^20 records: a position is the part's number and the place in the part."""


@dataclass
class FromDicts(SeveralCollections[PCollection[Any], PCollection[Batch]]):
    """Dicts as batches for `Minimize`, with what the plan reads of them and nothing else.

    N records in, batches of N rows together out. A value of a wrong type quarantines its record,
    and so does an element that is no mapping: neither raises. Dates, timestamps, decimals and
    numbers may be Python's own, numpy's, pandas' or text as the schema's format writes it; lists
    and dicts may stand in dicts. Keys that the schema does not name are drift: the receipt tells
    their names, and how many records had some. A key that no record of a bundle had is told as
    missing.

    The receipt names one input, `source`, with its number of records, without size and digest.
    Positions number the records of a part one after the other; they are unique in the run, and
    others when the pipeline is run again. A bundle that the runner does again counts once: what
    the failed attempt wrote is in no receipt. In a database such a run fails where the attempt had
    written rows: it commits nothing, and is to be run again.

    `Store` puts records that leave the store under paragraph III in an order that their values
    alone decide, within what a bundle wrote of a part; small bundles make small units.

    Attributes:
        plan: the compiled policy.
        source: how receipt, quarantine and messages name the input; without credentials.
        limits: records of a batch, and of a part.

    Raises:
        UsageError: the records are windowed.

    Example:
        >>> import datetime, tempfile
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> provider = {"siren": "732829320", "siret": "73282932000074"}
        >>> with tempfile.TemporaryDirectory() as store:
        ...     with beam.Pipeline("FnApiRunner") as pipeline:
        ...         records = pipeline | beam.Create([provider, {"siren": 3.5}])
        ...         out = records | tamis.FromDicts(plan) | tamis.Minimize(plan, "the-run")
        ...         receipt = out | tamis.Store(store)
    """

    plan: Plan
    source: str = "memory:dicts"
    limits: Limits = field(default=USUAL, repr=False)

    def expand(self, records: PCollection[Any]) -> PCollection[Batch]:
        """Records → batches."""
        return _batches(records, _FromRecordsFn(self.plan, self.source, self.limits))


@dataclass
class FromRows(FromDicts):
    """NamedTuples, `beam.Row`s and dataclasses as batches for `Minimize`.

    As `FromDicts`, by attribute in place of key: what BigQuery, Avro and JDBC give with a schema,
    Beam's own `Timestamp` included.

    Example:
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> provider = beam.Row(siren="732829320", siret="73282932000074")
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     rows = pipeline | beam.Create([provider])
        ...     out = rows | tamis.FromRows(plan) | tamis.Minimize(plan, "the-run")
    """

    source: str = "memory:rows"


@dataclass
class FromArrow(FromDicts):
    """Record batches and tables as batches for `Minimize`.

    As `FromDicts`, of N rows a table. An element is whatever has `__arrow_c_stream__`: a
    `pa.RecordBatch`, a `pa.Table`, a data frame of pandas or Polars. Columns may have any type
    that can stand for the schema's. An element that is no table counts as one record, quarantined.

    Example:
        >>> import apache_beam as beam
        >>> import pyarrow as pa
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> providers = {"siren": ["732829320"], "siret": ["73282932000074"]}
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     tables = pipeline | beam.Create([pa.table(providers)])
        ...     out = tables | tamis.FromArrow(plan) | tamis.Minimize(plan, "the-run")
    """

    source: str = "memory:arrow"

    def expand(self, records: PCollection[Any]) -> PCollection[Batch]:
        """Tables → batches."""
        return _batches(records, _FromArrowFn(self.plan, self.source, self.limits))


def _batches(records: PCollection[Any], batching: "_BatchingFn") -> PCollection[Batch]:
    if not isinstance(records.windowing.windowfn, GlobalWindows):
        raise UsageError(_("records must be in the global window, expected no `WindowInto`"))
    batches = records | "Batch" >> beam.ParDo(batching)
    batches.element_type = Batch
    return batches


class _BatchingFn(beam.DoFn):
    """What batches of a bundle have in common: their part, their place in it, and the input."""

    def __init__(self, plan: Plan, source: str, limits: Limits) -> None:
        self._plan = plan
        self._source = source
        self._limits = limits
        self._known = known_names(plan)

    def start_bundle(self) -> None:
        self._records = 0
        self._found: set[str] = set()
        self._begin_part()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        with value_free(_("reading {source}", source=self._source)):
            last = [*self._rest(), self._end()]
        for batch in last:
            yield GlobalWindows.windowed_value_at_end_of_window(batch)

    def _rest(self) -> list[Batch]:
        """The batches of what is held."""
        raise NotImplementedError

    def _begin_part(self) -> None:
        self._part = 1 + secrets.randbelow((1 << (63 - _PART_BITS)) - 1)
        self._rows = self._seq = 0

    def _positions(self, records: int) -> range:
        """Positions of the next records, which are one batch of a part."""
        if self._rows + records > min(self._limits.part_rows, 1 << _PART_BITS):
            self._begin_part()
        first = (self._part << _PART_BITS) + self._rows
        self._rows += records
        self._records += records
        return range(first, first + records)

    def _batch(self, chunk: Chunk) -> Batch:
        batch = Batch(chunk, self._source, PartKey(0, self._part), self._seq)
        self._seq += 1
        return batch

    def _end(self) -> Batch:
        """The end of the bundle's share of the input."""
        missing = self._known - self._found if self._records else frozenset[str]()
        nothing = Chunk(pa.RecordBatch.from_arrays([], names=[]), _int64(()), missing=missing)
        inputs = (Input(self._source, self._records, 0, ""),)
        return Batch(nothing, self._source, inputs=inputs)

    def _rejected(self, records: int, rule: str) -> Batch:
        """A batch of records that cannot be read at all."""
        rejects = rejects_of(
            (position, "unreadable", "", rule) for position in self._positions(records)
        )
        return self._batch(Chunk(pa.RecordBatch.from_arrays([], names=[]), _int64(()), rejects))


class _FromRecordsFn(_BatchingFn):
    """Mappings and rows in, batches out."""

    def setup(self) -> None:
        self._adapter = adapter_for(self._plan.format)
        self._most = min(self._limits.object_chunk_records, 1 << _PART_BITS)

    def start_bundle(self) -> None:
        super().start_bundle()
        self._held: list[Any] = []

    def process(self, record: Any) -> Sequence[Batch]:
        self._held.append(record)
        if len(self._held) < self._most:
            return ()
        with value_free(_("reading {source}", source=self._source)):
            return self._rest()

    def _rest(self) -> list[Batch]:
        held, self._held = self._held, []
        return self._read(held) if held else []

    def _read(self, elements: list[Any]) -> list[Batch]:
        """The batch of `elements`; batches of its halves where it cannot be made."""
        before = self._part, self._rows, self._seq, self._records
        try:
            return [self._batch(self._chunk(elements))]
        except Exception as error:
            self._part, self._rows, self._seq, self._records = before
            if len(elements) == 1:
                return [self._rejected(1, _NOT_A_RECORD.format(error=type(error).__name__))]
            half = len(elements) // 2
            return [*self._read(elements[:half]), *self._read(elements[half:])]

    def _chunk(self, elements: list[Any]) -> Chunk:
        records: list[Mapping[str, Any]] = elements
        rejects: list[Reject] = []
        places = self._positions(len(elements))
        positions: Any = places
        if set(map(type, elements)) != {dict}:
            records, positions = [], []
            for position, element in zip(places, elements, strict=True):
                record = as_record(element)
                if type(record) is dict:
                    records.append(record)
                    positions.append(position)
                else:
                    rejects.append((position, "unreadable", "", N_("not a mapping or row")))
        misfits = {
            shape: problem
            for shape in set(map(tuple, records))
            if (problem := why_no_record(shape, self._known, self._plan.schema))
        }
        if misfits:
            of_schema = [tuple(record) not in misfits for record in records]
            rejects += [
                (position, "unreadable", "", misfits[tuple(record)])
                for position, record, fits in zip(positions, records, of_schema, strict=True)
                if not fits
            ]
            records = list(compress(records, of_schema))
            positions = list(compress(positions, of_schema))
        unknown, odd = self._drift(records)
        return to_chunk(
            records,
            positions,
            self._plan.fields,
            rejects,
            unknown,
            anomalies={UNKNOWN_FIELDS: odd} if odd else {},
            adapter=self._adapter,
        )

    def _drift(self, records: list[Mapping[str, Any]]) -> tuple[dict[str, int], int]:
        """Records by name that the schema does not have, and how many records have some."""
        shapes: dict[tuple[Any, ...], int] = {}
        for record in records:
            shape = tuple(record)
            shapes[shape] = shapes.get(shape, 0) + 1
        names: set[Any] = set().union(*shapes)
        self._found |= self._known & names
        odd = sum(count for shape, count in shapes.items() if not self._known.issuperset(shape))
        unknown: dict[str, int] = {}
        for shape, count in shapes.items():
            own = {str(name): count for name in shape if name not in self._known}
            shown = {name: number for name, number in own.items() if may_be_shown(name)}
            hidden = {WITHHELD: RECORDS_TO_SHOW} if len(shown) < len(own) else {}
            unknown = add_names(unknown, shown | hidden)
        return unknown, odd


class _FromArrowFn(_BatchingFn):
    """Tables in, batches out."""

    def start_bundle(self) -> None:
        super().start_bundle()
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0

    def process(self, element: Any) -> Iterator[Batch]:
        with value_free(_("reading {source}", source=self._source)):
            rows = 1
            try:
                if not any(hasattr(element, name) for name in _ARROW):
                    raise TypeError  # Arrow would make columns of a dict, letters of a text
                rows = len(element) if hasattr(element, "__len__") else 1
                batches = pa.table(element).to_batches()
            except Exception as error:
                rule = _NOT_A_TABLE.format(error=type(error).__name__)
                most = min(self._limits.chunk_records, 1 << _PART_BITS)
                for first in range(0, rows, most):
                    yield self._rejected(min(most, rows - first), rule)
                return
            for batch in batches:
                if self._held and not batch.schema.equals(self._held[0].schema):
                    yield from self._rest()
                self._held.append(batch)
                self._held_rows += batch.num_rows
                if self._held_rows >= self._limits.chunk_records:
                    yield from self._rest()

    def _rest(self) -> list[Batch]:
        held, self._held, self._held_rows = self._held, [], 0
        return [
            self._batch(self._chunk(batch.slice(first, most)))
            for batch in _joined(held)
            for most in [min(self._limits.chunk_records, 1 << _PART_BITS)]
            for first in range(0, batch.num_rows, most)
        ]

    def _chunk(self, batch: pa.RecordBatch) -> Chunk:
        names = batch.schema.names
        self._found |= self._known & set(names)
        twice = {name for name in names if names.count(name) > 1}
        present = [field for field in self._plan.fields if field.source_name in names]
        read = [field for field in present if field.source_name not in twice]
        faults = [
            path for field in present if field not in read for path in leaf_paths(field, field.name)
        ]
        unknown = declared_names(sorted(set(names) - self._known))
        odd = {UNKNOWN_FIELDS: batch.num_rows} if unknown else {}
        positions = _int64(self._positions(batch.num_rows))
        data = batch.select([names.index(field.source_name) for field in read])
        if read:
            columns = map(as_field, data.columns, read)
            data = pa.RecordBatch.from_arrays(list(columns), [field.name for field in read])
        data = add_faults(data.replace_schema_metadata(None), faults)
        return Chunk(data, positions, unknown=unknown, anomalies=odd)


def _joined(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """One batch of all rows, of batches of one schema; as they are where that cannot be made."""
    if len(batches) < 2:
        return batches
    try:
        return [pa.concat_batches(batches)]
    except pa.ArrowInvalid:
        return batches


def _int64(positions: Any) -> pa.Int64Array:
    return pa.array(positions, pa.int64())
