"""The gate: an independent second look at what leaves under paragraph III.

    gate      columns of one release to the rows that still hold a NIR
    leaves    a column of any type as flat arrays of values
    scan      one flat array: hits, and what chance would find
    sieve     one array of texts down to the few that are to be read closely
    text      one text, read closely

Its modules import `tamis.errors` and `tamis.language` and nothing else of Tamis. What they have in
common with `tamis.nir` and `tamis.arrow` (types, buffers, the grammar of a NIR) is written a
second time on purpose: code that both looks share would be wrong in both at once. Do not merge
the copies. Begin with `gate.find_leaks`.
"""
