"""A DSN as chunks: one individu, one row (`tamis.formats.dsn.individus` parses)."""

from collections.abc import Iterator

from tamis.formats.chunk import Chunk, rechunk, rejects_of
from tamis.formats.dsn.envois import AT_ONCE, Begin
from tamis.formats.dsn.individus import DsnReader
from tamis.formats.dsn.layout import layout_of
from tamis.formats.dsn.lines import Readable
from tamis.formats.python_records import batch_of
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan


def read_dsn(
    stream: Readable,
    plan: Plan,
    source: str,
    limits: Limits = USUAL,
    *,
    ahead: Readable,
    begin: Begin = AT_ONCE,
) -> Iterator[Chunk]:
    """Read the individus of a DSN, or of a lot of them.

    Args:
        stream: the file's bytes, read forward only.
        plan: whose fields name the rubriques to collect.
        source: the file's path or URI, for messages.
        limits: individus in each chunk but the last, and blocks of one individu.
        ahead: the same bytes once more: whether an envoi is whole is known at its end only.
        begin: where in the file the bytes begin.

    Returns:
        Chunks; positions are the lines on which individus begin.

    Raises:
        InputError: the file is no DSN, or changed while it was read.
    """
    layout = layout_of(plan.fields, plan.schema)
    pieces = _pieces(DsnReader(stream, ahead, source, layout, limits, begin))
    return rechunk(pieces, source, limits.object_chunk_records, limits.chunk_bytes)


def _pieces(reader: DsnReader) -> Iterator[Chunk]:
    for piece in reader:
        anomalies = {name: count for name, count in reader.anomalies.items() if count}
        reader.anomalies.clear()
        data = batch_of(piece.columns, {}, range(len(piece.positions)))
        rejects = rejects_of(piece.rejects)
        skipped = reader.skipped()
        yield Chunk(data, piece.positions, rejects, anomalies=anomalies, skipped=skipped)
