"""Sizes that bound memory and cut files: one value, handed from a run to its readers and writers.

Only tests and measurements have a reason to hand in another value: the same input and the same
limits make the same parts, row groups and bytes, so a run that is done again keeps its limits.
"""

from dataclasses import dataclass, replace

_FEWEST_PARTS = 8
"""Parts that a file is cut into, where they are large enough."""


@dataclass(frozen=True)
class Limits:
    """How much is read, held and written at once.

    Attributes:
        chunk_records: records in a chunk of Parquet, CSV or a table, the last one excepted.
        object_chunk_records: records in a chunk of a format that is read through Python objects
            (JSON Lines, Avro, DSN), the last one excepted.
        chunk_bytes: bytes that the fields read from one chunk's records may take.
        part_rows: rows that a part of an input has at least, the last one excepted.
        block_bytes: bytes of a block of a file that many workers read: each is digested by itself,
            and a file of text or Avro of one block is read by one worker. A DSN is cut into ranges
            of at least so many.
        least_part_rows: rows that a part of a file of known length has at least, where it has fewer
            than eight parts of `part_rows`; then it is cut in eight, if these are large enough.
        row_group_rows: rows that a row group of a written file has at least, the last one excepted.
        unit_rows: released rows that are put in order together (`tamis.stores.units`).
        line_bytes: bytes of one JSON object.
        csv_block_bytes: bytes of CSV that are parsed at once. A record of more may end the run, one
            of more than twice as much does.
        csv_rejects_in_a_row: records of CSV that are refused one after the other before the
            separator is taken to be wrong.
        workbook_bytes: bytes of a spreadsheet's file, which is held as it is compressed.
        workbook_parts_bytes: bytes of all its parts, unpacked.
        workbook_text_bytes: bytes of the texts that its cells share, unpacked.
        dsn_blocks: blocks that are collected of one individu.
        document_bytes: bytes of a YAML document.
        document_values: values of a YAML document; an alias counts with all that it stands for.
        document_depth: levels of a YAML document.
        document_aliases: aliases of a YAML document.
        avro_header_bytes: bytes of an Avro file's header, its schema included.
        avro_block_bytes: bytes of one Avro block, decompressed.
        parquet_entries: columns, row groups or levels of types that a Parquet footer may list.
        parquet_levels: levels of nesting of a Parquet column.
        record_memory_bytes: bytes that one Avro record may take in memory, by its length and the
            types of its schema.

    Example:
        >>> Limits().chunk_records, Limits(chunk_records=10).chunk_records
        (65536, 10)
    """

    chunk_records: int = 65_536
    object_chunk_records: int = 8_192
    chunk_bytes: int = 1 << 30
    part_rows: int = 1 << 20
    block_bytes: int = 64 << 20
    least_part_rows: int = 1 << 18
    row_group_rows: int = 131_072
    unit_rows: int = 65_536
    line_bytes: int = 16 << 20
    csv_block_bytes: int = 4 << 20
    csv_rejects_in_a_row: int = 1 << 20
    workbook_bytes: int = 128 << 20
    workbook_parts_bytes: int = 4 << 30
    workbook_text_bytes: int = 256 << 20
    dsn_blocks: int = 5_000
    document_bytes: int = 1 << 20
    document_values: int = 20_000
    document_depth: int = 64
    document_aliases: int = 100
    avro_header_bytes: int = 4 << 20
    avro_block_bytes: int = 16 << 20
    parquet_entries: int = 10_000
    parquet_levels: int = 64
    record_memory_bytes: int = 512 << 20

    def rows_of_parts(self, rows: int) -> int:
        """Rows of each part of a file that has `rows`, the last one excepted.

        Example:
            >>> Limits(part_rows=100, least_part_rows=10).rows_of_parts(400)
            50
        """
        return min(self.part_rows, max(self.least_part_rows, rows // _FEWEST_PARTS))

    def with_chunks_of(self, records: int) -> "Limits":
        """The same limits, with chunks of at most `records` records in any format."""
        return replace(
            self,
            chunk_records=min(records, self.chunk_records),
            object_chunk_records=min(records, self.object_chunk_records),
        )


USUAL = Limits()
"""The limits of every run that was handed no others."""
