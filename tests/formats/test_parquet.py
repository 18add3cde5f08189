"""Parquet: parts of whole row groups, only the leaves that the plan reads, clear refusals."""

import io
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import InputError
from tamis.filter.quarantine import FAULTS
from tamis.formats.chunk import Chunk, rechunk, rejects_of
from tamis.formats.names import shown_name
from tamis.formats.parquet import PartSpec, count_rows, read_parquet, split
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField

from .. import plans

NOM = PlanField("nom", "string")
DEBUT, LIBELLE = PlanField("debut", "date32"), PlanField("libelle", "string")
CONTRATS = PlanField("contrats", "list", of=PlanField("item", "struct", fields=(DEBUT, LIBELLE)))


def plan_of(*fields: PlanField, known: tuple[str, ...] = ()) -> Plan:
    return plans.plan_of(*fields, form="parquet", known=known)


def parquet(table: pa.Table, **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream


def read(stream: io.BytesIO, plan: Plan, records: int = 65_536) -> list[Chunk]:
    parts = split(stream, "f.parquet")
    limits = Limits(chunk_records=records)
    return [
        chunk for part in parts for chunk in read_parquet(stream, plan, "f.parquet", part, limits)
    ]


def ipc(batch: pa.RecordBatch) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def test_parts_are_whole_row_groups_and_a_huge_one_is_one_part() -> None:
    stream = parquet(pa.table({"nom": [str(i) for i in range(25)]}), row_group_size=4)

    assert count_rows(stream, "f") == 25
    assert split(stream, "f", Limits(part_rows=8)) == [
        PartSpec((0, 1), 1, 8),
        PartSpec((2, 3), 9, 8),
        PartSpec((4, 5), 17, 8),
        PartSpec((6,), 25, 1),
    ]
    assert split(stream, "f", Limits(part_rows=1000)) == [PartSpec((0, 1, 2, 3, 4, 5, 6), 1, 25)]
    assert split(stream, "f") == [PartSpec((0, 1, 2, 3, 4, 5, 6), 1, 25)]


def test_a_small_file_is_cut_in_eight_unless_parts_become_too_small() -> None:
    stream = parquet(pa.table({"nom": [str(i) for i in range(32)]}), row_group_size=1)

    def sizes(**limits: int) -> list[int]:
        return [part.rows for part in split(stream, "f", Limits(**limits))]

    assert sizes(part_rows=100, least_part_rows=1) == [4] * 8
    assert sizes(part_rows=100, least_part_rows=10) == [10, 10, 10, 2]
    assert sizes(part_rows=3, least_part_rows=1) == [3] * 10 + [2]


def test_a_part_is_read_with_its_place_in_the_file() -> None:
    stream = parquet(pa.table({"nom": [str(i) for i in range(25)]}), row_group_size=4)
    part = split(stream, "f", Limits(part_rows=8))[1]

    chunks = list(read_parquet(stream, plan_of(NOM), "f", part, Limits(chunk_records=5)))

    assert [chunk.data.num_rows for chunk in chunks] == [5, 3]
    assert [p for chunk in chunks for p in chunk.positions.to_pylist()] == list(range(9, 17))
    assert chunks[0].data.column("nom").to_pylist() == ["8", "9", "10", "11", "12"]


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 25), st.integers(0, 9))
def test_rows_read_back_equal_whatever_row_groups_and_chunks(
    rows: int, group: int, records: int, seed: int
) -> None:
    rng = random.Random(seed)
    table = pa.table(
        {
            "nom": pa.array([rng.choice(["é", None, "x" * 50]) for _ in range(rows)], pa.string()),
            "jours": pa.array([rng.choice([None, rng.randrange(9)]) for _ in range(rows)], "int32"),
            "contrats": pa.array(
                [
                    rng.choice([None, [], [{"debut": None, "libelle": "CDD", "iban": "FR"}, None]])
                    for _ in range(rows)
                ],
                pa.list_(
                    pa.struct(
                        [("debut", pa.date32()), ("libelle", pa.string()), ("iban", pa.string())]
                    )
                ),
            ),
        }
    )
    plan = plan_of(PlanField("jours", "int32"), CONTRATS, NOM)
    chunks = read(parquet(table, row_group_size=group), plan, records)

    assert [c.data.num_rows for c in chunks[:-1]] == [records] * (len(chunks) - 1)
    assert [p for c in chunks for p in c.positions.to_pylist()] == list(range(1, rows + 1))
    whole = pa.Table.from_batches([c.data for c in chunks]).to_pylist()
    expected = table.select(["jours", "contrats", "nom"]).to_pylist()
    for record in expected:
        for contract in record["contrats"] or ():
            if contract is not None:
                del contract["iban"]
    assert whole == expected


def test_no_byte_of_a_dropped_column_or_leaf_or_metadata_is_in_a_chunk() -> None:
    kind = pa.list_(pa.field("element", pa.struct([("libelle", pa.string()), ("x", pa.string())])))
    table = pa.table(
        {
            "nom": pa.array(["kept"] * 100).dictionary_encode(),
            "iban": [f"canary-{i}" for i in range(100)],
            "contrats": pa.array([[{"libelle": "CDD", "x": "canary-x"}]] * 100, kind),
        },
        schema=pa.schema(
            [
                pa.field("nom", pa.dictionary(pa.int32(), pa.string()), metadata={"m": "canary"}),
                pa.field("iban", pa.string()),
                pa.field("contrats", kind),
            ],
            metadata={"pandas": "canary-metadata"},
        ),
    )
    contracts = PlanField("contrats", "list", of=PlanField("item", "struct", fields=(LIBELLE,)))
    (chunk,) = read(parquet(table), plan_of(NOM, contracts))

    assert b"canary" not in ipc(chunk.data)
    assert chunk.data.schema.metadata is None
    assert chunk.data.schema.field("nom").type == pa.string()
    assert chunk.data.column("contrats").to_pylist()[0] == [{"libelle": "CDD"}]


def test_text_of_few_values_is_read_by_its_dictionary_where_one_may() -> None:
    rows = range(10_000)
    columns: dict[str, list[str | None]] = {
        "nom": [None if n % 7 == 0 else f"NOM{n % 50}" for n in rows],
        "libelle": [f"LIBELLE {n}" for n in rows],
        "statut": ["A" for _ in rows],
    }
    statut = PlanField("statut", "string")
    stream = parquet(pa.table(columns), row_group_size=3_000, use_dictionary=["nom", "libelle"])
    part = split(stream, "f")[0]
    plan = plan_of(NOM, LIBELLE, statut)
    limits = Limits(chunk_records=4_096)
    for coded in (True, False):
        chunks = [*read_parquet(stream, plan, "f", part, limits, coded=coded)]
        assert [chunk.data.num_rows for chunk in chunks] == [4_096, 4_096, 1_808]
        text = pa.string()
        kinds = [pa.dictionary(pa.int32(), text) if coded else text, text, text]
        assert {tuple(chunk.data.schema.types) for chunk in chunks} == {tuple(kinds)}
        table = pa.Table.from_batches([chunk.data for chunk in chunks])
        assert table.to_pydict() == columns


def test_a_longer_dropped_column_moves_no_boundary() -> None:
    def sizes(dropped: str) -> list[list[int]]:
        table = pa.table({"nom": ["a"] * 1000, "memo": [dropped] * 1000})
        stream = parquet(table, use_dictionary=False, data_page_size=512, row_group_size=300)
        return [c.positions.to_pylist() for c in read(stream, plan_of(NOM), records=70)]

    assert sizes("") == sizes("long " * 500)


def test_unknown_and_missing_columns_are_told_and_values_as_names_are_not() -> None:
    table = pa.table({"nom": ["a"], "Mémo 2": ["b"], "1840776451089": ["c"], "a@b.example": ["d"]})
    plan = plan_of(NOM, PlanField("age", "int32"), known=("nom", "age", "iban"))

    (chunk,) = read(parquet(table), plan)

    assert chunk.data.schema.names == ["nom"]
    assert chunk.unknown == {"Mémo 2": 5, "(name withheld)": 5}
    assert chunk.missing == {"age", "iban"}


def test_a_missing_leaf_is_told_by_its_path() -> None:
    kind = pa.list_(pa.struct([("debut", pa.date32())]))
    (chunk,) = read(parquet(pa.table({"contrats": pa.array([[]], kind)})), plan_of(CONTRATS))

    assert chunk.missing == {"contrats.libelle"}
    assert chunk.data.schema.field("contrats").type.value_type.num_fields == 1


def test_another_shape_is_a_fault_of_every_row_and_is_not_read() -> None:
    table = pa.table(
        {
            "nom": [{"canary": 1}, None],
            "contrats": ["canary", "canary"],
            "emploi": [{"poste": ["canary"], "siret": "1"}, None],
        }
    )
    leaves = (PlanField("poste", "string"), PlanField("siret", "string"))
    plan = plan_of(NOM, CONTRATS, PlanField("emploi", "struct", fields=leaves))

    (chunk,) = read(parquet(table), plan)

    assert chunk.data.schema.names == ["emploi", FAULTS]
    assert chunk.data.column("emploi").to_pylist() == [{"siret": "1"}, None]
    faults = ["nom", "contrats.debut", "contrats.libelle", "emploi.poste"]
    assert chunk.data.column(FAULTS).to_pylist() == [faults, faults]
    assert not chunk.missing


def test_a_column_of_another_type_comes_as_it_is() -> None:
    (chunk,) = read(parquet(pa.table({"nom": [1, 2]})), plan_of(PlanField("nom", "string")))
    assert chunk.data.column("nom").type == pa.int64()


def test_rows_are_counted_where_no_column_of_the_plan_is_there() -> None:
    table = pa.table({"iban": ["canary"] * 7})
    (chunk,) = read(parquet(table), plan_of(NOM, known=("nom", "iban")))

    assert chunk.data.num_rows == len(chunk.positions) == 7
    assert chunk.data.num_columns == 0


def test_a_file_without_rows_is_one_empty_chunk_with_its_columns() -> None:
    table = pa.table({"nom": pa.array([], pa.string()), "x": pa.array([], pa.int8())})
    (chunk,) = read(parquet(table), plan_of(PlanField("nom", "string")))

    assert chunk.data.schema == pa.schema([("nom", pa.string())])
    assert chunk.data.num_rows == 0
    assert chunk.unknown == {"x": 5}


def _cut(data: bytes) -> dict[str, bytes]:
    return {
        "is empty: not a Parquet file": b"",
        "is not a Parquet file": b"nom;prenom\nDurand;Zo\xc3\xa9\n",
        "is a truncated Parquet file: its footer is missing": data[:-20],
        "is a Parquet file whose footer cannot be read": data[:-8] + b"\xff\xff\x00\x00PAR1",
        "is an encrypted Parquet file": data[:-4] + b"PARE",
    }


@pytest.mark.parametrize("problem", sorted(_cut(b"")))
def test_what_is_not_readable_as_parquet_is_refused_by_name_only(problem: str) -> None:
    data = parquet(pa.table({"nom": ["canary"] * 10})).getvalue()
    stream = io.BytesIO(_cut(data)[problem])

    with pytest.raises(InputError) as error:
        split(stream, "dir/f.parquet")

    assert str(error.value) == f"dir/f.parquet: {problem}"
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


@pytest.mark.parametrize("group", [0, 1, 3])
def test_a_corrupt_page_names_its_row_group(group: int) -> None:
    table = pa.table({"nom": [f"n{i}" for i in range(400)]})
    stream = parquet(table, row_group_size=100, use_dictionary=False, write_page_checksum=True)
    column = pq.ParquetFile(stream).metadata.row_group(group).column(0)
    data = bytearray(stream.getvalue())
    at = column.data_page_offset + column.total_compressed_size - 40
    data[at : at + 20] = b"\xff" * 20

    with pytest.raises(InputError, match=rf"^f.parquet: row group {group + 1} of 4 cannot be read"):
        read(io.BytesIO(bytes(data)), plan_of(NOM), records=1000)


def test_a_corrupt_page_of_a_dropped_column_does_not_matter() -> None:
    table = pa.table({"memo": [f"n{i}" for i in range(100)], "nom": ["a"] * 100})
    stream = parquet(table, use_dictionary=False, write_page_checksum=True)
    column = pq.ParquetFile(stream).metadata.row_group(0).column(0)
    data = bytearray(stream.getvalue())
    data[column.data_page_offset + 60 : column.data_page_offset + 80] = b"\xff" * 20

    (chunk,) = read(io.BytesIO(bytes(data)), plan_of(PlanField("nom", "string")))

    assert chunk.data.num_rows == 100


def test_two_columns_of_one_name_are_refused_if_the_schema_knows_it() -> None:
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["nom", "nom"])
    with pytest.raises(InputError, match="has two columns `nom`"):
        read(parquet(twice), plan_of(PlanField("nom", "string")))


def test_a_file_of_something_else_is_refused_without_its_names() -> None:
    with pytest.raises(InputError) as error:
        read(parquet(pa.table({"canary": [1]})), plan_of(PlanField("nom", "string")))
    assert str(error.value) == "f.parquet: has no column of schema `essai`"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Prénom d_usage-2", True),
        ("é" * 256, True),
        ("é" * 257, False),
        ("12345", False),
        ("a1b2c3d4", True),
        ("zoe@mail.example", False),
        ("Montant (€) @ 20 %", True),
        ("N° dossier", True),
        ("Né(e) le", True),
        ("Date d'entrée*", True),
        ("S21.G00.30.001", True),
        ("2019/2020/2021", True),
        ("1 84 12 76 451 089 46", False),
        ("1 84 12 76 451 089", False),
        ("1.84.12.7A.451.089.46", False),
        ("２ ８４ １２ ７６ ４５１ ０８９ ４６", False),
        ("12/03/1984", True),
    ],
)
def test_a_name_is_shown_unless_it_holds_a_nir_an_e_mail_or_five_digits(
    name: str, shown: bool
) -> None:
    assert shown_name(name) == (name if shown else "(name withheld)")


def test_a_name_never_moves_the_cursor_of_a_terminal() -> None:
    assert shown_name("a\nb\x1b[31m") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[31m"
    assert shown_name("") == shown_name(" ") == "(no name)"


@settings(max_examples=50)
@given(st.lists(st.lists(st.booleans(), max_size=12), max_size=8), st.integers(1, 10))
def test_chunks_hold_as_many_records_whatever_the_pieces(
    pieces: list[list[bool]], records: int
) -> None:
    made, at = [], 0
    for piece in pieces:
        places = range(at + 1, at + len(piece) + 1)
        at += len(piece)
        rows = [place for place, good in zip(places, piece, strict=True) if good]
        bad = [place for place, good in zip(places, piece, strict=True) if not good]
        made.append(
            Chunk(
                pa.record_batch({"n": pa.array(rows, pa.int64())}),
                pa.array(rows, pa.int64()),
                rejects_of((place, "unreadable", "", "") for place in bad),
                {f"u{at}": 1},
                anomalies={"seen": 1},
            )
        )
    chunks = list(rechunk(made, "f", records))

    sizes = [len(c.positions) + c.rejects.num_rows for c in chunks]
    assert sum(sizes) == at
    assert set(sizes[: at // records]) <= {records}
    assert all(size == 0 for size in sizes[at // records + 1 :])
    assert [c.data.column("n").to_pylist() for c in chunks] == [
        c.positions.to_pylist() for c in chunks
    ]
    assert sum(c.anomalies.get("seen", 0) for c in chunks) == len(pieces)
    held = [sorted(c.positions.to_pylist() + c.rejects["position"].to_pylist()) for c in chunks]
    assert [place for chunk in held for place in chunk] == list(range(1, at + 1))


# Footers that are not to be believed


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def nested(levels: int) -> io.BytesIO:
    """A file without rows, whose one column is nested so deep; its footer in Thrift by hand."""
    top, leaf = b"\x48\x01r\x15\x02\x00", b"\x15\x0c\x25\x00\x18\x03nom\x00"
    level = b"\x35\x00\x18\x01a\x15\x02\x00"
    types = b"\xfc" + varint(levels + 2) + top + level * levels + leaf
    footer = b"\x15\x02\x19" + types + b"\x16\x00\x19\x0c\x00"
    return io.BytesIO(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")


@pytest.mark.parametrize("levels", [65, 3_000, 50_000, 200_000])
def test_types_that_are_nested_too_deep_are_refused_and_end_no_process(levels: int) -> None:
    with pytest.raises(InputError, match=r"nested deeper than 64 levels|lists more than 10000"):
        count_rows(nested(levels), "f.parquet")


def test_rows_of_a_footer_that_its_values_contradict_fail_the_file() -> None:
    table = pa.table({"nom": [f"n{number}" for number in range(40)]})
    whole = parquet(table, compression="none", use_dictionary=False, write_statistics=False)
    footer_rows = b"\x16" + varint(80)  # i64 40, zigzag: of the file, its row group and its column
    data = whole.getvalue()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    places = [at for at in range(start, len(data)) if data.startswith(footer_rows, at)]
    assert len(places) == 3

    lies = [places[:1], places[1:2], places[2:], [places[0], places[2]]]
    for lie in lies:
        changed = bytearray(data)
        for at in lie:
            changed[at + 1] = 2 * 10
        with pytest.raises(InputError, match=r"by the footer|cannot be read|rows expected"):
            read(io.BytesIO(bytes(changed)), plan_of(PlanField("nom", "string")))
    assert count_rows(io.BytesIO(data), "f.parquet") == 40
