"""Pipelines: `Minimize`, readers, stores, runs.

Beam is loaded here first, quietly: without its Google extra it logs a warning about it each time.
"""

import logging

_before = logging.root.manager.disable
logging.disable(logging.WARNING)
try:
    import apache_beam as apache_beam
finally:
    logging.disable(_before)
