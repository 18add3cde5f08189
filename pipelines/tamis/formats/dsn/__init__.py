"""The DSN, a social declaration in NEODeS text: one individu, one record.

    read      a file as chunks
    layout    where a schema's fields stand in the norm's tree of blocks
    individus the parser: lines to individus

Begin with `layout`, whose docstring shows a schema beside the tree.
"""
