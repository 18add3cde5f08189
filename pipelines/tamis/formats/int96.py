"""Timestamps that Parquet holds as INT96, exactly.

Arrow reads an INT96 in one unit: as nanoseconds, which turn round outside the years 1678 to 2261,
or as something coarser, which drops digits. Read twice, as nanoseconds and as milliseconds (which
hold every day that an INT96 can name), no digit and no century is lost. Only Julian day 0, in the
year 4713 before our era, cannot be told from a null's padding: Arrow gives 1970-01-01 for it.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.arrow.buffers import are_valid, list_of, list_parts, struct_of, validity
from tamis.arrow.types import is_list
from tamis.filter.conformed import NO_TIME
from tamis.plan.plan import PlanField

_NS_PER_MS: Final = 1_000_000
_MOST: Final = 2**63 - 1


def reopen(stream: BinaryIO, file: pq.ParquetFile, columns: list[str]) -> pq.ParquetFile | None:
    """The file once more, for the second reading; None where no column is INT96.

    Args:
        stream: what `file` reads from.
        file: an opened file.
        columns: paths of its columns that are read.
    """
    leaves = (file.schema.column(index) for index in range(len(file.schema)))
    if not any(leaf.physical_type == "INT96" and leaf.path in columns for leaf in leaves):
        return None
    return pq.ParquetFile(
        stream, metadata=file.metadata, pre_buffer=False, coerce_int96_timestamp_unit="ms"
    )


def exact_batch(
    ns: pa.RecordBatch, ms: pa.RecordBatch, fields: Sequence[PlanField]
) -> pa.RecordBatch:
    """Both readings of some rows as one; a column for each of `fields`."""
    columns = [
        exact_timestamps(fine, coarse, field)
        for fine, coarse, field in zip(ns.columns, ms.columns, fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, ns.schema.names)


def exact_timestamps(ns: pa.Array, ms: pa.Array, field: PlanField) -> pa.Array:
    """A column of which INT96 timestamps were read in two units, with each moment exactly.

    Args:
        ns: N rows, INT96 read as nanoseconds.
        ms: the same rows, INT96 read as milliseconds.
        field: what the plan reads of them; says the unit.

    Returns:
        N rows, timestamps in nanoseconds where `field` has that unit, else in microseconds;
        `tamis.filter.conformed.NO_TIME`, which conforms to no type, where the unit cannot hold one.
        `ns` itself where both readings have the same type.

    Example:
        >>> late = pa.array([253402225200000]).view(pa.timestamp("ms"))
        >>> wrapped = pa.array([-4852191831933722624]).view(pa.timestamp("ns"))
        >>> exact_timestamps(wrapped, late, PlanField("fin", "timestamp[us]")).to_pylist()
        [datetime.datetime(9999, 12, 31, 3, 0)]
    """
    kind = ns.type
    if kind == ms.type:
        return ns
    if is_list(kind) and field.of is not None:
        (offsets, elements, valid), (_, again, _) = list_parts(ns), list_parts(ms)
        return list_of(offsets, exact_timestamps(elements, again, field.of), valid)
    if pa.types.is_struct(kind):
        inside = {child.name: child for child in field.fields}
        children = [
            exact_timestamps(ns.field(place), ms.field(place), inside[child.name])
            if child.name in inside
            else ns.field(place)
            for place, child in enumerate(kind)
        ]
        fields = [
            pa.field(child.name, values.type) for child, values in zip(kind, children, strict=True)
        ]
        return struct_of(children, fields, len(ns), validity(ns))
    return _exact(ns, ms, "ns" if field.type.startswith("timestamp[ns") else "us")


def _exact(ns: pa.Array, ms: pa.Array, unit: str) -> pa.Array:
    valid = are_valid(ns)
    fine, coarse = (
        np.asarray(array.view(pa.int64()).fill_null(0).to_numpy()) for array in (ns, ms)
    )
    rest = fine - coarse * _NS_PER_MS  # both may have turned round, their difference has not
    exact = (rest >= 0) & (rest < _NS_PER_MS)
    if unit == "us":
        ticks = coarse * 1_000 + rest // 1_000
        exact &= (np.abs(coarse) < _MOST // 1_000) & (rest % 1_000 == 0)
    else:
        ticks = fine
        exact &= np.abs(coarse) < _MOST // _NS_PER_MS
    ticks = np.where(exact, ticks, NO_TIME)
    return pa.array(ticks, mask=~valid).view(pa.timestamp(unit))
