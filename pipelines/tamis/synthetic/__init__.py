"""Synthetic feeds: records of nobody, made from a schema and a seed, for the demo and the tests.

    feeds    a feed of any schema, as its sources send it
    records  records of any schema     files  the same in every format     dsn  the same as a DSN
    flux_cpf, prevention  what keeps the rules of these formats

It imports `documents`, `nir` (the key of a NIR) and `formats` (the tree of a DSN). Begin with
`feeds.write_synthetic_feed`.
"""
