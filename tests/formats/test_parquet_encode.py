"""Parquet: which columns are written with a dictionary, and which compressed."""

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.formats.parquet_encode import Encoder
from tamis.formats.parquet_splice import SpliceWriter

ROWS = 2_000


def written(table: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """What a reader gets, and by leaf how it is written."""
    sink = io.BytesIO()
    writer = SpliceWriter(sink, table.schema)
    writer.write(Encoder(table.schema).encode(table, {}))
    writer.close()
    with pq.ParquetFile(sink) as file:
        group = file.metadata.row_group(0)
        leaves = [group.column(at) for at in range(group.num_columns)]
        how = {
            leaf.path_in_schema: leaf.compression
            + (" DICTIONARY" if leaf.has_dictionary_page else "")
            for leaf in leaves
        }
        return file.read(), how


def test_only_what_shrinks_is_compressed_and_only_what_repeats_has_a_dictionary() -> None:
    digests = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(ROWS)]
    table = pa.table(
        {
            "pseudonyme": digests,
            "commentaire": [f"le dossier {n} est complet, il est complet" for n in range(ROWS)],
            "statut": ["OUVERT", "CLOS"] * (ROWS // 2),
            "heures": range(ROWS),
            "actes": [[{"reference": one}] for one in digests],
            "vide": pa.nulls(ROWS, pa.string()),
        }
    )

    again, how = written(table)

    assert again == table
    assert {name: how[name] for name in ("pseudonyme", "commentaire", "statut", "heures")} == {
        "pseudonyme": "UNCOMPRESSED",
        "commentaire": "SNAPPY",
        "statut": "SNAPPY DICTIONARY",
        "heures": "SNAPPY",
    }
    assert how["actes.list.element.reference"] == "UNCOMPRESSED"
