"""`Select`: of what readers give, only the records that are to be judged again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from apache_beam.pvalue import PCollection

from tamis.beam.batch import Batch, Input
from tamis.errors import InputError
from tamis.language import _


@dataclass(frozen=True)
class Selection:
    """Which records of which inputs are judged again.

    Attributes:
        run: that quarantined them.
        positions: by source, N int64 in ascending order.
        records: by source, how many that run had read of it.
    """

    run: str
    positions: Mapping[str, npt.NDArray[np.int64]] = field(repr=False)
    records: Mapping[str, int]


@dataclass
class Select(beam.PTransform[PCollection[Batch], PCollection[Batch]]):
    """Leave out all records but some; an input's rows are those that are left of it.

    So the run reconciles only if each of them was read, and read once.
    """

    selection: Selection

    def expand(self, batches: PCollection[Batch]) -> PCollection[Batch]:
        """Batches → batches of the records that are left, empty ones too."""
        selected = batches | beam.ParDo(_SelectFn(self.selection))
        selected.element_type = Batch
        return selected


@dataclass(eq=False, repr=False)
class _SelectFn(beam.DoFn):
    selection: Selection

    def process(self, batch: Batch) -> Iterator[Batch]:
        chunk = batch.chunk
        stays = self._stays(batch.source, chunk.positions)
        rejects = self._stays(batch.source, chunk.rejects.column("position"))
        chunk = replace(
            chunk,
            data=chunk.data.filter(stays) if chunk.data.num_columns else chunk.data,
            positions=chunk.positions.filter(stays),
            rejects=chunk.rejects.filter(rejects),
        )
        yield replace(batch, chunk=chunk, inputs=tuple(map(self._input, batch.inputs)))

    def _stays(self, source: str, positions: pa.Array) -> pa.BooleanArray:
        wanted = self.selection.positions.get(source, np.empty(0, np.int64))
        return pa.array(np.isin(positions.to_numpy(), wanted))

    def _input(self, read: Input) -> Input:
        if read.missing is not None or read.block:
            return read  # a part of an input whose records stand elsewhere
        if read.lines is not None:
            wanted = self.selection.positions.get(read.uri, np.empty(0, np.int64))
            first, end = read.lines
            rows = int(np.count_nonzero((first <= wanted) & (wanted < end)))
            return replace(read, rows=rows)
        expected = self.selection.records.get(read.uri)
        if read.rows != expected:
            raise InputError(
                read.uri,
                _(
                    "has {rows:# record|# records} as it is read now, and {expected} as"
                    " run {run} read it: its positions lead elsewhere; withdraw that "
                    "run and run the input anew",
                    rows=read.rows,
                    expected=expected,
                    run=self.selection.run,
                ),
            )
        return replace(read, rows=len(self.selection.positions.get(read.uri, ())))
