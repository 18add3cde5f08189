"""Parquet files written in many ways, read with their columns as they stand, and released."""

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tamis.beam.read import wanted_as_stored
from tamis.filter.minimize import KeySource, Minimized, minimize_stored, released_schema
from tamis.formats.chunk import Chunk
from tamis.formats.parquet import read_parquet, split
from tamis.formats.parquet_encode import Encoder
from tamis.formats.parquet_splice import SpliceWriter
from tamis.plan.plan import Plan


@st.composite
def writings(draw: st.DrawFn) -> dict[str, Any]:
    """Options of `pq.write_table`."""
    return {
        "row_group_size": draw(st.sampled_from([1, 3, 100])),
        "data_page_version": draw(st.sampled_from(["1.0", "2.0"])),
        "use_dictionary": draw(st.booleans()),
        "compression": draw(st.sampled_from(["none", "snappy", "zstd", "gzip", "lz4", "brotli"])),
        "write_statistics": draw(st.booleans()),
        "write_page_index": draw(st.booleans()),
        "write_page_checksum": draw(st.booleans()),
        "data_page_size": draw(st.sampled_from([1, 40, 1 << 20])),
        "write_batch_size": draw(st.sampled_from([1, 2, 1024])),
        "dictionary_pagesize_limit": draw(st.sampled_from([8, 1 << 20])),
        "store_schema": draw(st.booleans()),
        "store_decimal_as_integer": draw(st.booleans()),
    }


def write(table: pa.Table, **options: Any) -> bytes:
    """`table` as a file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def read(data: bytes, plan: Plan, copies: bool = True) -> list[Chunk]:
    """The chunks of a file, one a row group, with columns as they stand where they may be copied.

    A plan of which no column may be copied reads all row groups as one chunk.
    """
    stream = pa.BufferReader(data)
    stored = wanted_as_stored(plan)
    return [
        chunk
        for part in split(stream, "f.parquet", rows=1 if stored else 1 << 20)
        for chunk in read_parquet(
            stream, plan, "f.parquet", part, stored=stored if copies else None
        )
    ]


@dataclass
class Released:
    """What became of a file.

    Attributes:
        files: by release, the file that was written.
        done: by chunk, what the filter said.
        copied: how many columns of row groups were copied.
    """

    files: dict[str, bytes]
    done: list[Minimized]
    copied: int = 0


def release(data: bytes, plan: Plan, keys: KeySource | None = None) -> Released:
    """Minimize a file as a batch run does, with a row group a batch."""
    chunks = read(data, plan)
    done = [
        minimize_stored(chunk.data, chunk.stored, plan, run="essai", keys=keys) for chunk in chunks
    ]
    made = Released({}, done)
    for one in plan.releases:
        sink = io.BytesIO()
        schema = released_schema(plan, one)
        writer, encoder = SpliceWriter(sink, schema), Encoder(schema)
        for chunk, judged in zip(chunks, done, strict=True):
            batch = judged.released[one.id]
            if batch.num_rows:
                copied = {name: chunk.stored[name] for name in judged.copied[one.id]}
                made.copied += len(copied)
                writer.write(encoder.encode(pa.Table.from_batches([batch]), copied))
        writer.close()
        made.files[one.id] = sink.getvalue()
    return made
