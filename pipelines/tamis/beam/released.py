"""`ToDicts`, `ToRows`, `ToArrow`: released batches as elements for somebody's own pipeline."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection, Row

from tamis.beam.batch import Batch


class ToDicts(beam.PTransform[PCollection[Batch], PCollection[dict[str, Any]]]):
    """Released records as dicts, one element a record: kept fields by name, and the tags.

    Values are Python's own: `str`, `int`, `float`, `Decimal`, `bool`, `date`, `datetime`, `time`,
    `bytes` (a pseudonym has 16), lists and dicts.

    Records keep the order of the input, which `Store` does not let leave under paragraph III: by
    it, row by row, what two partners were given can be joined. A sink of your own must not keep it
    either: sort what you hand over by its own values, a pseudonym first.

    Example:
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> provider = {"siren": "732829320", "siret": "73282932000074"}
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     records = pipeline | beam.Create([provider])
        ...     out = records | tamis.FromDicts(plan) | tamis.Minimize(plan, "the-run")
        ...     released = out.released["regularite"] | tamis.ToDicts()
    """

    def expand(self, batches: PCollection[Batch]) -> PCollection[dict[str, Any]]:
        """Batches → dicts."""
        return batches | "Dicts" >> beam.FlatMap(_dicts)


class ToRows(beam.PTransform[PCollection[Batch], PCollection[Any]]):
    """Released records as `beam.Row`s, one element a record: as `ToDicts`, by attribute.

    They keep the order of the input, which must not leave under paragraph III: see `ToDicts`.

    Example:
        >>> import apache_beam as beam
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> provider = beam.Row(siren="732829320", siret="73282932000074")
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     rows = pipeline | beam.Create([provider])
        ...     out = rows | tamis.FromRows(plan) | tamis.Minimize(plan, "the-run")
        ...     released = out.released["regularite"] | tamis.ToRows()
    """

    def expand(self, batches: PCollection[Batch]) -> PCollection[Any]:
        """Batches → rows."""
        return batches | "Rows" >> beam.FlatMap(_rows)


class ToArrow(beam.PTransform[PCollection[Batch], PCollection[pa.RecordBatch]]):
    """Released records as record batches, one element a batch: the schema is the release's.

    They keep the order of the input, which must not leave under paragraph III: see `ToDicts`.

    Example:
        >>> import apache_beam as beam
        >>> import pyarrow as pa
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires")
        >>> providers = {"siren": ["732829320"], "siret": ["73282932000074"]}
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     tables = pipeline | beam.Create([pa.table(providers)])
        ...     out = tables | tamis.FromArrow(plan) | tamis.Minimize(plan, "the-run")
        ...     released = out.released["regularite"] | tamis.ToArrow()
    """

    def expand(self, batches: PCollection[Batch]) -> PCollection[pa.RecordBatch]:
        """Batches → record batches."""
        return batches | "Tables" >> beam.Map(_table)


def _dicts(batch: Batch) -> Iterator[dict[str, Any]]:
    names = batch.data.schema.names
    columns = [column.to_pylist() for column in batch.data.columns]
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _rows(batch: Batch) -> Iterator[Any]:
    return (Row(**record) for record in _dicts(batch))


def _table(batch: Batch) -> pa.RecordBatch:
    return batch.data
