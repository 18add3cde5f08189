"""The DSN, a social declaration in NEODeS text: one individu, one record.

    layout     where a schema's fields stand in the norm's tree of blocks
    envois     the first pass: which envois are whole, and in which encoding
    individus  the second pass: lines to individus, one a row, through `held` and `blocs`
    ranges     where a big file is cut for many workers: between two envois
    lines      what both read: the lines of a window, found by their bytes

Begin with `layout`, whose docstring shows a schema beside the tree.
"""
