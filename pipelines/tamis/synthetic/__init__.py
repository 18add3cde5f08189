"""Synthetic feeds: records of nobody, made from a schema and a seed, for the demo and the tests.

    records  records of any schema     files  the same in every format     dsn  the same as a DSN
    prevention  conforming records of the passeport de prévention

It imports `documents`, `nir` (the key of a NIR) and `formats` (the tree of a DSN). Begin with
`records.make_records`.
"""
