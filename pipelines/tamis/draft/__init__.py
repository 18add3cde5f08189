"""A first schema for a feed that nobody has described: `tamis draft`.

    sample      the first rows of a file, as fields with statistics of their values
    fields      the fields of a source as a tree      statistics  counts over one leaf, no values
    guess       from statistics to a type, an identifier, free text, each with its reason
    names       what a field's name hints at
    write       the schema's YAML, with the reasons as comments
    avro, dsn   types of an Avro schema; the bundled schema of a DSN

It imports `arrow`, `documents`, `plan`, `nir`, `filter` (to read dates as a run does), `formats`,
`errors` and `language`. Begin with `write.write_schema`.
"""
