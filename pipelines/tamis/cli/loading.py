"""Beam's modules, imported at less cost: most of what a short run takes is this import."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

from tamis.address import PathAddress, is_local, parse_address

_OPTIONAL: Final = (
    *("apitools.", "azure.", "boto3.", "botocore.", "bson.", "hdfs.", "pandas.", "pymongo."),
    *("google.api_core.", "google.auth.", "google.cloud."),
)
"""Packages that Beam imports where they are installed, for sources that no local run has."""

owns_process = False
"""Whether this process is the command's, and imports Beam for nobody else."""


@contextmanager
def loading_beam(uris: Sequence[str] = ()) -> Iterator[None]:
    """Import Beam within the block, without garbage collection.

    That takes 1.24 s in place of 1.50 s of processor time (Beam 2.77, Python 3.11): the collector
    would walk all modules again and again as they load. They stay to the end of the process, so
    it is told to leave them out from then on, too.

    Args:
        uris: all that is read and written, by a pipeline that runs here; none where that is not
            known. If all are files and folders of this machine, and the process is the command's
            own, Beam finds none of the packages that it uses for others, as where its extras are
            not installed, and its import takes half. After the block they are there.
    """
    absent = _Absent()
    if owns_process and uris and all(map(_is_here, uris)) and "apache_beam" not in sys.modules:
        sys.meta_path.insert(0, absent)
    gc.disable()
    try:
        if absent in sys.meta_path:
            import pyarrow as pa

            pa.array([0])  # now Arrow knows that there is no pandas, and does not look again
        import_module("tamis.beam")  # which keeps quiet what Beam logs of absent packages

        yield
    finally:
        gc.freeze()
        gc.enable()
        if absent in sys.meta_path:
            sys.meta_path.remove(absent)


def _is_here(uri: str) -> bool:
    address = parse_address(uri)
    return isinstance(address, PathAddress) and is_local(address.uri)


class _Absent:
    """Says of the optional packages that they are not installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if f"{name}.".startswith(_OPTIONAL):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None
