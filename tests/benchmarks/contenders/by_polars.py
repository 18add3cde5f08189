"""A job in Polars: a lazy scan into a sink, HMAC by a plugin in Rust."""

import polars as pl
from jobs import KEY, NIR, NUMBER, OPEN, ORDER, TAGS, read_job

job = read_job()
rows = pl.scan_parquet(job.source)
if job.selects:
    rows = rows.filter(pl.col("statut").is_in(OPEN))
if job.judges:
    nir = pl.col("nir")
    body = nir.str.slice(0, 13).cast(pl.Int64, strict=False)
    key = nir.str.slice(13, 2).cast(pl.Int64, strict=False)
    right = nir.str.contains(f"^{NUMBER}$") & (97 - body % 97 == key)
    rows = rows.filter(nir.is_null() | right)
columns = [pl.col(name) for name in job.keep]
if job.pseudonymizes:
    import polars_hash

    text = polars_hash.concat_str(pl.lit("NIR"), pl.col("nir").str.slice(0, 13))
    hashed = text.chash.hmac_sha256(key=KEY).alias("pseudonyme")
    columns = [hashed if name == "nir" else pl.col(name) for name in job.keep]
if job.redacts:
    columns[-1] = pl.col("commentaire").str.replace_all(NIR, "[NIR]")
tags = [pl.lit(value, dtype=pl.String).alias(name) for name, value in TAGS.items()]
rows = rows.select(*columns, *tags)
if job.sorts:
    rows = rows.sort("pseudonyme" if job.pseudonymizes else ORDER)
rows.sink_parquet(job.output, compression="snappy")
