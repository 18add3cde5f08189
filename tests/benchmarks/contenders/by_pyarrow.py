"""A job in pyarrow: a dataset scanned batch by batch, HMAC by copies of one keyed hash."""

import hmac

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from jobs import KEY, NIR, TAGS, read_job

job = read_job()
KEYED = hmac.new(KEY.encode(), b"NIR", "sha256")


def pseudonym(nir: str) -> str:
    one = KEYED.copy()
    one.update(nir[:13].encode())
    return one.hexdigest()


def change(batch: pa.RecordBatch) -> pa.Table:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    if job.redacts:
        columns["commentaire"] = pc.replace_substring_regex(columns["commentaire"], NIR, "[NIR]")
    if job.pseudonymizes:
        columns["nir"] = pa.array(map(pseudonym, columns["nir"].to_pylist()), pa.string())
    for name, value in TAGS.items():
        indices = pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows)
        columns[name] = pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))
    names = ["pseudonyme" if name == "nir" and job.pseudonymizes else name for name in columns]
    return pa.table(list(columns.values()), names)


writer = None
for batch in ds.dataset(job.source).scanner(columns=list(job.keep)).to_batches():
    if batch.num_rows:
        table = change(batch)
        writer = writer or pq.ParquetWriter(job.output, table.schema, compression="snappy")
        writer.write_table(table)
assert writer is not None
writer.close()
