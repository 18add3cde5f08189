"""Rows as JSON objects, as topics of Kafka and of Pub/Sub take them."""

import base64
from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import offsets_of
from tamis.formats.json_texts import to_json
from tamis.streams.judge import Judged

NOT_SEALED = "original-too-large"
"""Anomaly: quarantined messages whose sealed original is larger than the topic takes."""

_OTHER_BYTES = 4096
"""Room in a quarantine message for what stands beside the sealed original."""


def json_rows(data: pa.RecordBatch) -> list[bytes]:
    """Give each of N rows as a JSON object; sealed originals in base64."""
    if "sealed" in data.schema.names:
        texts = [
            None if sealed is None else base64.b64encode(sealed).decode()
            for sealed in data.column("sealed").to_pylist()
        ]
        index = data.schema.get_field_index("sealed")
        data = data.set_column(index, "sealed", pa.array(texts, pa.string()))
    records = pa.StructArray.from_arrays(data.columns, data.schema.names)
    texts = to_json(records)
    ends = offsets_of(texts).tolist()
    content = texts.buffers()[2].to_pybytes() if texts.buffers()[2] else b""
    return [content[begin:end] for begin, end in pairwise(ends)]


def drop_large(judged: Judged, largest: int) -> Judged:
    """Return `judged` without the sealed originals that a topic would refuse; they are counted.

    Args:
        judged: what is to be sent.
        largest: size in bytes of the largest message that the topic takes.
    """
    rows = judged.quarantined
    sealed = rows.data.column("sealed")
    # In base64 four characters stand for three bytes.
    limit = (largest - _OTHER_BYTES) * 3 // 4
    fits = pc.fill_null(pc.less_equal(pc.binary_length(sealed), limit), True)
    dropped = len(fits) - int(pc.sum(fits).as_py() or 0)
    if not dropped:
        return judged
    index = rows.data.schema.get_field_index("sealed")
    kept = pc.if_else(fits, sealed, pa.scalar(None, sealed.type))
    data = rows.data.set_column(index, rows.data.schema.field(index), kept)
    return replace(judged, quarantined=replace(rows, data=data)).noting(NOT_SEALED, dropped)
