"""Beam transforms: readers, the doors for records in memory, `Minimize`, `Store`, `Measure`.

May import every package but `runs`, `manual` and `cli`. Begin reading at `batch.py`, the element
that travels, then `minimize.py`, which wires the filter; `in_memory.py` and `released.py` are the
doors to and from pipelines of somebody's own.

Beam is loaded here first, quietly: without its Google extra it logs a warning about it each time.
And no timer empties the buffers between the threads of its local runner: that of Beam 2.77 takes
what a buffer holds and then clears it, while others write to it, and what they wrote in between is
lost. Buffers are emptied by size, and at the end of a bundle.
"""

import logging

_before = logging.root.manager.disable
logging.disable(logging.WARNING)
try:
    import apache_beam as apache_beam
    from apache_beam.runners.portability.fn_api_runner import worker_handlers
finally:
    logging.disable(_before)

worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0
