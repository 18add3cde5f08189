"""Beam's modules, loaded at less cost: half of what a short run takes is their import."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NOT_NEEDED = ("bson", "pymongo")
"""What Beam imports for its connector to MongoDB, which no command has, and does without."""


@contextmanager
def loading_beam() -> Iterator[None]:
    """Import Beam within the block, without what no command needs of it."""
    left_out = [name for name in _NOT_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    gc.disable()
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]
        gc.freeze()  # these modules stay to the end: no need to walk them again and again
        gc.enable()
