"""A job in Polars: a lazy scan into a sink, HMAC by a plugin in Rust."""

import polars as pl
from jobs import KEY, NIR, TAGS, read_job

job = read_job()
columns = [pl.col(name) for name in job.keep]
if job.pseudonymizes:
    import polars_hash

    body = polars_hash.concat_str(pl.lit("NIR"), pl.col("nir").str.slice(0, 13))
    hashed = body.chash.hmac_sha256(key=KEY).alias("pseudonyme")
    columns = [hashed if name == "nir" else pl.col(name) for name in job.keep]
if job.redacts:
    columns[-1] = pl.col("commentaire").str.replace_all(NIR, "[NIR]")
tags = [pl.lit(value, dtype=pl.String).alias(name) for name, value in TAGS.items()]
pl.scan_parquet(job.source).select(*columns, *tags).sink_parquet(job.output, compression="snappy")
