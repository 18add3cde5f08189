"""A DSN as chunks: one individu, one row (`tamis.formats.dsn.individus` parses)."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from tamis.formats.chunk import Chunk, Reject, rechunk
from tamis.formats.dsn.individus import DsnEnvoi, DsnFile, DsnRecord, DsnReject, read_individus
from tamis.formats.dsn.layout import layout_of
from tamis.formats.python_records import PIECE_RECORDS, to_chunk
from tamis.formats.python_values import adapter_for
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan


def read_dsn(stream: BinaryIO, plan: Plan, source: str, limits: Limits = USUAL) -> Iterator[Chunk]:
    """Read the individus of a DSN, or of a lot of them.

    Args:
        stream: the file's bytes, read forward only.
        plan: whose fields name the rubriques to collect.
        source: the file's path or URI, for messages.
        limits: individus in each chunk but the last, and blocks of one individu.

    Returns:
        Chunks; positions are the lines on which individus begin. Envois whose totals differ from
        their lines, and lines of groups that hold no valid DSN, are counted as anomalies.

    Raises:
        InputError: the file is no DSN.
    """
    pieces = _pieces(stream, plan, source, limits)
    return rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes)


def _pieces(stream: BinaryIO, plan: Plan, source: str, limits: Limits) -> Iterator[Chunk]:
    layout = layout_of(plan.fields, plan.schema)
    adapter = adapter_for(plan.format)  # all is text: also truth values
    rows: list[dict[str, Any]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    anomalies: Counter[str] = Counter()

    def piece() -> Chunk:
        made = to_chunk(rows, positions, plan.fields, rejects, anomalies=anomalies, adapter=adapter)
        for held in (rows, positions, rejects, anomalies):
            held.clear()
        return made

    for item in read_individus(stream, source, layout, limits):
        if isinstance(item, DsnRecord):
            rows.append(item.values)
            positions.append(item.position)
        elif isinstance(item, DsnReject):
            rejects.append((item.position, item.reason, item.field, item.detail))
        elif isinstance(item, DsnEnvoi):
            anomalies["dsn-envoi-totals-differ"] += not item.ok
        elif isinstance(item, DsnFile) and item.skipped:
            anomalies["dsn-lines-in-rejected-groups"] += item.skipped
        if len(rows) + len(rejects) >= PIECE_RECORDS:
            yield piece()
    yield piece()
