"""Reading files: each format as chunks of Arrow columns, with only the leaves that a plan reads.

    chunk     what every reader yields: rows, their positions, rejects; cut to a size
    csv, jsonl, avro, parquet, dsn   the readers: `read_csv(stream, plan, source, limits)` and so on
    xml, spreadsheet                 likewise; they need lxml
    json_objects                     JSON objects as dicts, many at a time
    python_records, python_values    dicts as Arrow columns; values of other libraries as Python's
    ranges    one big file by ranges of records (csv_ranges, jsonl_ranges, avro_ranges); digests
    content   a file's format by its first bytes; compression (gzip, …); suffixes where names decide
    whole_file                       files that are released as a whole or not at all
    names     names and paths of fields, and which may be shown
    schemaless                       any file as columns, for `scan` and `draft`
    json_texts, postgres_copy        Arrow columns as JSON, and as PostgreSQL's COPY format

A reader raises `InputError` where nothing of an input can be read. A record that cannot be read is
a reject of its chunk, a value of a wrong type is null and a fault of its row: neither stops a run.

It imports `arrow`, `documents`, `plan`, `filter`, `limits`, `errors` and `language`. Begin with
`chunk.Chunk`, then `csv`; to add a format, write a reader and name its suffix in `suffixes`.
"""
