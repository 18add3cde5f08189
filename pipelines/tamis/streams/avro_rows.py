"""Rows as records of Avro, as topics with a schema registry take them."""

from io import BytesIO

import fastavro
import pyarrow as pa

from tamis.contract.avro_schema import record_schema, stored_schema, to_stored
from tamis.contract.schema import Contract
from tamis.streams.registry import FRAME


class AvroRows:
    """Gives each of N rows of a release as Avro, behind the id of its schema.

    Args:
        contract: what is released.
        number: of its schema in the registry.
    """

    def __init__(self, contract: Contract, number: int) -> None:
        self._frame = FRAME.pack(0, number)
        # In the types that are stored, which have no conversion from Python's dates and times.
        stored = Contract(contract.policy, contract.release, "", stored_schema(contract.schema))
        self._schema = fastavro.parse_schema(record_schema(stored))

    def __call__(self, rows: pa.RecordBatch) -> list[bytes]:
        """Give N texts for N rows in the schema of the release."""
        written = []
        for record in to_stored(rows).to_pylist():
            buffer = BytesIO(self._frame)
            buffer.seek(len(self._frame))
            fastavro.schemaless_writer(buffer, self._schema, record)
            written.append(buffer.getvalue())
        return written
