"""Beam transforms: readers, the doors for records in memory, `Minimize`, `Store`, `Measure`.

May import every package but `runs`, `manual` and `cli`. Begin reading at `batch.py`, the element
that travels, then `minimize.py`, which wires the filter; `in_memory.py` and `released.py` are the
doors to and from pipelines of somebody's own.

Beam is loaded here first, quietly: without its Google extra it logs a warning about it each time.
"""

import logging

_before = logging.root.manager.disable
logging.disable(logging.WARNING)
try:
    import apache_beam as apache_beam
finally:
    logging.disable(_before)
