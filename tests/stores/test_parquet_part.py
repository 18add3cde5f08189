"""Files of a store: a function of their rows, readable elsewhere, with nothing beside the rows."""

import datetime
import hashlib
import io
import random
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.arrow.types import TAG
from tamis.limits import USUAL
from tamis.plan.plan import PlanField
from tamis.stores.parquet_part import ParquetLayout, ParquetPart, released_layout
from tamis.testing.leftovers import pages

from ..plans import leaf, plan_of, release

TABLE_ROWS = 1_000


def table_of(rows: int = TABLE_ROWS) -> pa.Table:
    """Columns of all the sorts that releases have."""
    rng = random.Random(1)
    day = datetime.date(2000, 1, 1)
    return pa.table(
        {
            "pseudonyme": pa.array([rng.randbytes(16) for _ in range(rows)], pa.binary(16)),
            "commentaire": [f"le dossier {n} est complet, il est complet" for n in range(rows)],
            "statut": [rng.choice(["OUVERT", "CLOS", None]) for _ in range(rows)],
            "heures": pa.array([rng.randrange(90) for _ in range(rows)], pa.int32()),
            "jour": [day + datetime.timedelta(rng.randrange(9_000)) for _ in range(rows)],
            "montant": [Decimal(rng.randrange(10**6)).scaleb(-2) for _ in range(rows)],
            "actes": [
                [{"reference": f"{n}/{m}", "code": "A"} for m in range(n % 3)] for n in range(rows)
            ],
            "vide": pa.nulls(rows, pa.string()),
            "legal_item": pa.DictionaryArray.from_arrays(
                pa.array([0] * rows, pa.int8()), ["R6323-37.II.1"]
            ),
        }
    )


VARIED = frozenset({"pseudonyme", "commentaire", "actes.reference"})


def written(
    table: pa.Table, cuts: list[int] | None = None, rows: int = USUAL.row_group_rows
) -> bytes:
    """The file of `table`, in row groups of `rows`, handed in in batches that end at `cuts`."""
    sink = Stream()
    part = ParquetPart(sink, ParquetLayout(table.schema, VARIED, rows))
    ends = [*sorted(cuts or []), table.num_rows]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        for batch in table.slice(start, end - start).to_batches():
            part.write(batch)
    assert part.rows == table.num_rows
    assert part.close() == hashlib.sha256(sink.data).hexdigest()
    return sink.data


class Stream(io.BytesIO):
    """A stream whose bytes are still there when it is closed."""

    data = b""

    def close(self) -> None:
        self.data = self.data or self.getvalue()
        super().close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, TABLE_ROWS), max_size=9))
def test_the_same_rows_make_the_same_bytes_however_they_are_cut(cuts: list[int]) -> None:
    data = written(table_of(), cuts, 300)
    assert data == written(table_of(), rows=300)
    metadata = pq.read_metadata(io.BytesIO(data))
    groups = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert groups == [300, 300, 300, 100]


def test_a_part_without_rows_is_a_file_without_rows() -> None:
    table = table_of().slice(0, 0)
    assert pq.read_table(io.BytesIO(written(table))).schema == table.schema


def test_text_that_comes_by_a_dictionary_makes_the_same_bytes() -> None:
    table = table_of()
    column = table.column("statut").combine_chunks()
    entries = pa.array(["CLOS", "absent", "OUVERT"])  # in no order, and one that no row has
    coded = pa.DictionaryArray.from_arrays(pc.index_in(column, entries), entries)
    place = table.schema.get_field_index("statut")
    other = table.set_column(place, "statut", coded)
    sink = Stream()
    part = ParquetPart(sink, ParquetLayout(table.schema, VARIED, 300))
    for rows, start, end in ((other, 0, 450), (table, 450, 460), (other, 460, TABLE_ROWS)):
        for batch in rows.slice(start, end - start).to_batches():
            part.write(batch)
    part.close()
    assert sink.data == written(table, rows=300)
    assert pq.read_table(io.BytesIO(sink.data)).equals(table)


def test_what_repeats_has_a_dictionary_numbers_statistics_and_pseudonyms_no_compression() -> None:
    data = written(table_of())
    group = pq.read_metadata(io.BytesIO(data)).row_group(0)
    leaves = {one.path_in_schema: one for one in map(group.column, range(group.num_columns))}

    assert {name for name, leaf in leaves.items() if not leaf.has_dictionary_page} == {
        "pseudonyme",
        "commentaire",
        "actes.list.element.reference",
        "jour",
        "montant",
    }
    with_statistics = {name for name, leaf in leaves.items() if leaf.is_stats_set}
    assert with_statistics == {"heures", "jour", "montant"}
    assert leaves["heures"].statistics.min == 0
    assert {name for name, leaf in leaves.items() if leaf.compression != "SNAPPY"} == {"pseudonyme"}


def test_chunks_stand_side_by_side_and_the_footer_names_nothing_else() -> None:
    data = written(table_of())
    metadata = pq.read_metadata(io.BytesIO(data))
    at = 4
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            starts = (column.dictionary_page_offset, column.data_page_offset)
            assert min(start for start in starts if start is not None) == at
            assert not column.has_offset_index
            assert not column.has_column_index
            at += column.total_compressed_size
    assert at == len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert set(metadata.metadata) == {b"ARROW:schema"}


def test_no_row_that_was_cut_away_is_in_pages_or_footer() -> None:
    table = pa.table({"statut": [f"TOKEN{n};" for n in range(100)]})
    (batch,) = table.to_batches()
    sink = Stream()
    part = ParquetPart(sink, ParquetLayout(table.schema))
    part.write(batch.slice(10, 5))
    part.write(batch.slice(90, 3))
    part.close()
    kept = {f"TOKEN{n};".encode() for n in (*range(10, 15), *range(90, 93))}
    for piece in (sink.data, *pages(sink.data)):
        assert set(re.findall(rb"TOKEN\d+;", piece)) <= kept
    assert pq.read_table(io.BytesIO(sink.data)).num_rows == 8


def test_a_part_that_is_abandoned_closes_its_stream() -> None:
    sink = Stream()
    part = ParquetPart(sink, ParquetLayout(table_of().schema))
    part.write(table_of().to_batches()[0])
    part.abandon()
    assert sink.closed


@pytest.mark.parametrize("tool", ["duckdb", "polars"])
def test_other_tools_read_what_is_written(tool: str, tmp_path: Any) -> None:
    tools: Any = pytest.importorskip(tool)
    table, path = table_of(), tmp_path / "part.parquet"
    path.write_bytes(written(table, rows=300))
    if tool == "polars":
        found = tools.read_parquet(path).to_arrow()
    else:
        found = tools.sql(f"select * from read_parquet('{path}')").to_arrow_table()
    assert found.select(table.column_names).to_pylist() == table.to_pylist()
    assert pq.read_table(path) == table


def test_identifiers_pseudonyms_and_free_text_are_what_seldom_repeats() -> None:
    acte = PlanField(
        "item", "struct", fields=(PlanField("nir", "string", identifier=("nir",)), text("note"))
    )
    fields = (
        PlanField("nir", "string", identifier=("nir",)),
        PlanField("nia", "string", identifier=("nia",)),
        PlanField("statut", "string"),
        text("commentaire"),
        PlanField("actes", "list", of=acte),
        PlanField("notes", "list", of=text("item")),
    )
    drawn = {"fate": "pseudonymized", "method": "hmac-sha256"}
    kept = release(
        leaf("nir", pseudonym="personne", **drawn),
        leaf("nia"),
        leaf("statut"),
        leaf("commentaire", fate="redacted", redact=True),
        leaf("actes.nir", pseudonym="tiers", **drawn),
        leaf("notes"),
        item="R6323-37.II",
    )
    plan = plan_of(*fields, kept, form="parquet", direction="out-of-store")
    layout = released_layout(plan, kept)
    assert layout.varied == {"personne", "nia", "commentaire", "actes.tiers", "notes"}
    assert layout.schema.field("legal_item").type == TAG
    assert layout.schema.field("actes").type.value_type.field(0).name == "tiers"


def text(name: str) -> PlanField:
    return PlanField(name, "string", free_text=True)
