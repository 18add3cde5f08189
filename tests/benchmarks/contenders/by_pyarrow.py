"""A job in pyarrow: a dataset scanned batch by batch, HMAC by copies of one keyed hash."""

import hmac

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from jobs import KEY, NIR, NUMBER, OPEN, ORDER, TAGS, read_job

job = read_job()
KEYED = hmac.new(KEY.encode(), b"NIR", "sha256")
SHAPE = f"^{NUMBER}$"


def pseudonym(nir: str | None) -> str | None:
    if nir is None:
        return None
    keyed = KEYED.copy()
    keyed.update(nir[:13].encode())
    return keyed.hexdigest()


def is_right(nir: pa.Array) -> pa.Array:
    shaped = pc.match_substring_regex(nir, SHAPE)
    number = pc.if_else(shaped, nir, "0").cast(pa.int64())
    body = pc.divide(number, 100)
    rest = pc.subtract(body, pc.multiply(pc.divide(body, 97), 97))
    key = pc.subtract(number, pc.multiply(body, 100))
    return pc.fill_null(pc.and_(shaped, pc.equal(pc.subtract(97, rest), key)), True)


def change(batch: pa.RecordBatch) -> pa.Table:
    if job.judges:
        batch = batch.filter(is_right(batch.column("nir")))
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    if job.redacts:
        columns["commentaire"] = pc.replace_substring_regex(columns["commentaire"], NIR, "[NIR]")
    if job.pseudonymizes:
        columns["nir"] = pa.array(map(pseudonym, columns["nir"].to_pylist()), pa.string())
    for name, value in TAGS.items():
        if value is None:
            columns[name] = pa.nulls(batch.num_rows, pa.string())
            continue
        indices = pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows)
        columns[name] = pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))
    names = ["pseudonyme" if name == "nir" and job.pseudonymizes else name for name in columns]
    table = pa.table(list(columns.values()), names)
    if job.sorts:
        order = ("pseudonyme",) if job.pseudonymizes else ORDER
        table = table.take(pc.sort_indices(table, [(name, "ascending") for name in order]))
    return table


writer = None
condition = ds.field("statut").isin(OPEN) if job.selects else None
for batch in ds.dataset(job.source).scanner(columns=list(job.keep), filter=condition).to_batches():
    if batch.num_rows:
        table = change(batch)
        writer = writer or pq.ParquetWriter(job.output, table.schema, compression="snappy")
        writer.write_table(table)
assert writer is not None
writer.close()
