"""PostgreSQL tables as source of batch runs, each read by one worker.

An address holds a password: transforms keep it where nothing prints it, and elements never do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from tamis.address import DatabaseAddress, require_driver
from tamis.beam import progress
from tamis.beam.batch import Batch, Input
from tamis.formats.chunk import PartKey
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan


@dataclass
class ReadTables(beam.PTransform[PBegin, PCollection[Batch]]):
    """Read tables, projected to what `plan` reads.

    Positions are row numbers from 1 in the order of the primary key; in a table without one, in
    the order in which its rows are stored.

    Attributes:
        uris: of tables, each with `table` among its options.
        plan: the compiled policy.
        limits: sizes of chunks and parts.

    Example:
        >>> import tamis
        >>> plan = tamis.load_project("cpf").plan("regularite-prestataires", on="2026-03-02")
        >>> table = tamis.ReadTables(("postgresql://u:secret@host/base?table=prestataires",), plan)
        >>> "secret" in repr(table)
        False
    """

    uris: tuple[str, ...] = field(repr=False)
    plan: Plan
    limits: Limits = USUAL

    def expand(self, begin: PBegin) -> PCollection[Batch]:
        """Tables → batches.

        Raises:
            UsageError: the driver is not installed.
        """
        by_shown = {address.shown: address for address in map(DatabaseAddress.of, self.uris)}
        addresses = tuple(address for _shown, address in sorted(by_shown.items()))
        for address in addresses:
            require_driver(address, "postgres")
        batches = (
            begin
            | "Tables" >> beam.Create(range(len(addresses)), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.FlatMap(_read_table, addresses, self.plan, self.limits)
        )
        batches.element_type = Batch
        return batches


def _read_table(
    number: int, addresses: tuple[DatabaseAddress, ...], plan: Plan, limits: Limits
) -> Iterator[Batch]:
    """Numbers of tables in, batches out."""
    from tamis.stores.table_reader import TableDigest, read_table

    address = addresses[number]
    digest = TableDigest()
    progress.expect(0)
    rows = seq = part = 0
    for chunk in read_table(address, plan, limits):
        digest.add(chunk)
        if rows // limits.part_rows != part:
            part, seq = rows // limits.part_rows, 0
        yield Batch(chunk, address.shown, PartKey(number, part), seq)
        rows += len(chunk.positions)
        seq += 1
        progress.advance(len(chunk.positions), 0)
    read = Input(address.shown, digest.rows, digest.bytes, digest.sha256)
    yield Batch(source=address.shown, inputs=(read,))
