"""A job in DuckDB: one COPY, HMAC spelt out in SQL."""

import duckdb
from jobs import KEY, NIR, NUMBER, OPEN, ORDER, TAGS, read_job

job = read_job()
PADDED = KEY.encode().ljust(64, b"\0")
INNER, OUTER = (bytes(byte ^ pad for byte in PADDED).hex() for pad in (0x36, 0x5C))
HMAC = (
    f"sha256(unhex('{OUTER}') || "
    f"unhex(sha256(unhex('{INNER}') || encode('NIR' || left(nir, 13))))) AS pseudonyme"
)
columns = [HMAC if name == "nir" and job.pseudonymizes else name for name in job.keep]
if job.redacts:
    columns[-1] = f"regexp_replace(commentaire, '{NIR}', '[NIR]', 'g') AS commentaire"
texts = {name: f"'{value}'" if value else "NULL::varchar" for name, value in TAGS.items()}
tags = [f"{text} AS {name}" for name, text in texts.items()]
conditions = ["true"]
if job.selects:
    conditions.append(f"statut IN {OPEN}")
if job.judges:
    body, key = "TRY_CAST(left(nir, 13) AS BIGINT)", "TRY_CAST(nir[14:15] AS BIGINT)"
    right = f"(regexp_full_match(nir, '{NUMBER}') AND 97 - {body} % 97 = {key})"
    conditions.append(f"(nir IS NULL OR {right})")
order = "ORDER BY " + ("pseudonyme" if job.pseudonymizes else ", ".join(ORDER)) if job.sorts else ""
duckdb.execute(
    f"COPY (SELECT {', '.join(columns + tags)} FROM read_parquet('{job.source}') "
    f"WHERE {' AND '.join(conditions)} {order}) "
    f"TO '{job.output}' (FORMAT parquet, COMPRESSION snappy)"
)
