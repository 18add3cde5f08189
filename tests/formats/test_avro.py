"""Avro: only the leaves that the plan reads are decoded; corrupt files are refused by name."""

import bz2
import datetime
import io
import json
import lzma
import uuid
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import InputError
from tamis.filter.quarantine import FAULTS
from tamis.formats.avro import read_avro
from tamis.formats.chunk import Chunk
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField

from .. import plans

NOM = PlanField("nom", "string")
CONTRATS = PlanField(
    "contrats", "list", of=PlanField("item", "struct", fields=(PlanField("libelle", "string"),))
)


def plan_of(*fields: PlanField, known: tuple[str, ...] = ()) -> Plan:
    return plans.plan_of(*(fields or (NOM,)), form="avro", known=known)


def avro(types: dict[str, Any], records: list[dict[str, Any]], **options: Any) -> bytes:
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    stream = io.BytesIO()
    schema = {"type": "record", "name": "example.feed", "fields": fields}
    fastavro.writer(stream, schema, records, **options)
    return stream.getvalue()


def read(data: bytes, plan: Plan | None = None, records: int = 65_536) -> list[Chunk]:
    return list(
        read_avro(
            io.BytesIO(data), plan or plan_of(), "f.avro", Limits(object_chunk_records=records)
        )
    )


def struct(name: str, **types: Any) -> dict[str, Any]:
    fields = [{"name": field, "type": kind} for field, kind in types.items()]
    return {"type": "record", "name": name, "fields": fields}


@settings(max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "nom": st.none() | st.text("éa\0", max_size=4),
                "n": st.integers(-(2**63), 2**63 - 1),
                "memo": st.text(max_size=3),
                "contrats": st.none()
                | st.lists(
                    st.fixed_dictionaries({"iban": st.text(max_size=3), "libelle": st.text("ab")}),
                    max_size=3,
                ),
            }
        ),
        max_size=12,
    ),
    st.integers(1, 5),
    st.sampled_from(["null", "deflate"]),
)
def test_records_read_back_equal(records: list[dict[str, Any]], size: int, codec: str) -> None:
    contract = struct("contract", iban="string", libelle="string")
    types = {
        "memo": "string",
        "nom": ["null", "string"],
        "contrats": ["null", {"type": "array", "items": contract}],
        "n": "long",
    }
    plan = plan_of(NOM, PlanField("n", "int64"), CONTRATS)
    chunks = read(avro(types, records, codec=codec, sync_interval=50), plan, size)

    assert [row for c in chunks for row in c.data.to_pylist()] == [
        {
            "nom": record["nom"],
            "n": record["n"],
            "contrats": record["contrats"]
            and [{"libelle": contract["libelle"]} for contract in record["contrats"]],
        }
        for record in records
    ]
    assert [p for c in chunks for p in c.positions.to_pylist()] == list(range(1, len(records) + 1))
    assert {len(c.positions) for c in chunks[:-1]} <= {size}


def test_logical_types_come_as_what_they_are() -> None:
    noon = datetime.datetime(2024, 2, 29, 12, 0, 0, 500_000, datetime.UTC)
    number = uuid.UUID(int=7)
    types = {
        "jour": {"type": "int", "logicalType": "date"},
        "instant": {"type": "long", "logicalType": "timestamp-micros"},
        "local": {"type": "long", "logicalType": "local-timestamp-millis"},
        "heure": {"type": "int", "logicalType": "time-millis"},
        "paie": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        "id": {"type": "string", "logicalType": "uuid"},
        "nature": {"type": "enum", "name": "nature", "symbols": ["CDI", "CDD"]},
        "cle": {"type": "fixed", "name": "cle", "size": 2},
        "taux": "double",
        "actif": "boolean",
        "code": ["null", "string", "int"],
    }
    record = {
        "jour": noon.date(),
        "instant": noon,
        "local": noon.replace(tzinfo=None),
        "heure": datetime.time(1, 2, 3),
        "paie": Decimal("-0.10"),
        "id": number,
        "nature": "CDD",
        "cle": b"\0\xff",
        "taux": 0.1,
        "actif": True,
        "code": 7,
    }
    kinds = {
        "jour": "date32",
        "instant": "timestamp[us, tz=UTC]",
        "local": "timestamp[us]",
        "heure": "time64[us]",
        "paie": "decimal128(12, 2)",
        "id": "string",
        "nature": "string",
        "cle": "fixed_size_binary[2]",
        "taux": "float64",
        "actif": "bool",
        "code": "string",
    }
    plan = plan_of(*(PlanField(name, kind) for name, kind in kinds.items()))
    (chunk,) = read(avro(types, [record]), plan)

    text = {"paie": "-0.10", "id": str(number), "code": "7"}
    assert chunk.data.to_pylist() == [record | text]
    assert chunk.data.schema.field("instant").type == pa.timestamp("us", "UTC")
    assert chunk.data.schema.field("local").type == pa.timestamp("us")


def test_a_wrong_shape_is_a_fault_of_its_row() -> None:
    types = {
        "nom": ["string", "bytes", "boolean", {"type": "array", "items": "string"}],
        "contrats": ["string", {"type": "array", "items": ["long", struct("c", libelle="string")]}],
    }
    records: list[dict[str, Any]] = [
        {"nom": "a", "contrats": [{"libelle": "CDD"}]},
        {"nom": b"x", "contrats": "x"},
        {"nom": True, "contrats": [1]},
        {"nom": ["x"], "contrats": []},
    ]
    (chunk,) = read(avro(types, records), plan_of(NOM, CONTRATS))

    both = ["nom", "contrats.libelle"]
    assert chunk.data.to_pylist() == [
        {"nom": "a", "contrats": [{"libelle": "CDD"}], FAULTS: None},
        {"nom": None, "contrats": None, FAULTS: both},
        {"nom": None, "contrats": [None], FAULTS: both},
        {"nom": None, "contrats": [], FAULTS: ["nom"]},
    ]


def test_bytes_that_are_no_text_are_a_fault_of_their_field_only() -> None:
    # The block of one file behind the header of another, whose schema says string.
    file = avro({"memo": "bytes", "nom": "bytes"}, [{"memo": b"\xff", "nom": b"\xff"}])
    other = avro({"memo": "string", "nom": "string"}, [])
    block = file[file.index(file[-16:]) + 16 : -16]
    (chunk,) = read(other + block + other[-16:])
    assert chunk.data.to_pylist() == [{"nom": None, FAULTS: ["nom"]}]


def test_dropped_fields_are_skipped_whatever_they_hold() -> None:
    inner = struct("inner", secret="string", nom="string")
    types = {
        "memo": inner,
        "nom": "string",
        "again": "inner",
        "tree": {"type": "map", "values": "inner"},
    }
    value = {"secret": "canary", "nom": "canary"}
    records = [
        {"memo": value, "nom": f"n{i}", "again": value, "tree": {"k": value}} for i in range(9)
    ]
    again = PlanField("again", "struct", fields=(NOM,))

    chunks = read(avro(types, records), plan_of(NOM), 4)
    (whole,) = read(avro(types, records), plan_of(NOM, again))

    for chunk in chunks:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, chunk.data.schema) as writer:
            writer.write_batch(chunk.data)
        assert b"canary" not in sink.getvalue()
    assert [c.data.num_rows for c in chunks] == [4, 4, 1]
    assert whole.data.to_pylist()[0] == {"nom": "n0", "again": {"nom": "canary"}}


def test_the_decoder_builds_only_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    plain = fastavro.block_reader

    def spy(stream: Any, **options: Any) -> Any:
        seen.append(options.get("reader_schema"))
        return plain(stream, **options)

    monkeypatch.setattr(fastavro, "block_reader", spy)
    contract = struct("contract", iban="string", libelle="string")
    types = {"memo": "string", "nom": "string", "contrats": {"type": "array", "items": contract}}
    read(avro(types, []), plan_of(NOM, CONTRATS))

    projected = seen[-1]["fields"]
    assert [field["name"] for field in projected] == ["nom", "contrats"]
    assert [field["name"] for field in projected[1]["type"]["items"]["fields"]] == ["libelle"]


def test_a_recursive_record_is_read() -> None:
    node = struct("node", nom="string", next=["null", "node"])
    value = {"nom": "a", "next": {"nom": "b", "next": None}}
    field = PlanField("chain", "struct", fields=(NOM,))
    (chunk,) = read(avro({"chain": node, "x": "int"}, [{"chain": value, "x": 1}]), plan_of(field))
    assert chunk.data.to_pylist() == [{"chain": {"nom": "a"}}]


def test_unknown_and_missing_fields_are_told() -> None:
    data = avro({"nom": "string", "Memo": "string", "a12345": "int"}, [])
    (chunk,) = read(data, plan_of(known=("nom", "age")))
    assert chunk.unknown == {"Memo": 5, "(name withheld)": 5}
    assert chunk.missing == {"age"}
    assert chunk.data.schema == pa.schema([("nom", pa.string())])


GOOD = avro({"nom": "string"}, [{"nom": f"canary{i}"} for i in range(1000)], sync_interval=1000)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is not an Avro file"),
        (b"PAR1 and so on", "is not an Avro file"),
        (GOOD[:50], "is an Avro file whose header cannot be read"),
        (b"Obj\x01" + b"\xff" * 50, "is an Avro file whose header cannot be read"),
        (avro({"iban": "string"}, []), "has no field of schema `essai`"),
        (GOOD[:-5], "cannot be read after record"),
        (GOOD[: len(GOOD) // 2], "cannot be read after record"),
        (GOOD.replace(b"null", b"what"), "is compressed by a codec that is not installed"),
    ],
)
def test_what_cannot_be_read_is_refused_without_values(data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as error:
        read(data)
    assert str(error.value).startswith(f"f.avro: {problem}")
    assert "canary" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_corrupt_block_says_how_far_it_was_read() -> None:
    at = GOOD.index(b"canary500") - 1
    data = GOOD[:at] + b"\x01" + GOOD[at + 1 :]
    with pytest.raises(InputError, match=r"cannot be read after record 500: its block is corrupt"):
        read(data)


def test_a_length_beyond_bounds_is_refused_before_it_is_held() -> None:
    at = GOOD.index(b"canary0") - 4
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"
    with pytest.raises(InputError, match=r"cannot be read after record 0"):
        read(GOOD[:at] + b"\x02" + huge + GOOD[at:])


def test_something_else_than_records_is_refused() -> None:
    stream = io.BytesIO()
    fastavro.writer(stream, "string", ["canary"])
    with pytest.raises(InputError, match="something else than records"):
        read(stream.getvalue())


# What a block announces and what it holds


def long(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def container(
    types: dict[str, Any], *blocks: tuple[int, bytes], codec: str = "null", sync: bytes = b"S" * 16
) -> bytes:
    text = json.dumps(struct("example.feed", **types)).encode()
    entries = {b"avro.schema": text, b"avro.codec": codec.encode()}
    header = long(2) + b"".join(long(len(part)) + part for pair in entries.items() for part in pair)
    body = b"".join(long(count) + long(len(data)) + data + sync for count, data in blocks)
    return b"Obj\x01" + header + b"\0" + sync + body


def deflate(data: bytes) -> bytes:
    return zlib.compress(data, 9)[2:-4]


THREE = b"\2a\2b\2c"
CHAIN = struct("n", next=["null", "n"])
NULLS = {"type": "array", "items": "null"}
FLAGS = {"type": "array", "items": struct("f", x=["null", "int"])}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (container({"nom": "string"}, (1, THREE)), "record 1: its block holds more than"),
        (container({"nom": "string"}, (0, THREE)), "record 0: its block announces 0 records in 6"),
        (
            container({"nom": "string"}, (-3, THREE)),
            "record 0: its block announces -3 records",
        ),
        (container({"nom": "string"}, (4, THREE)), "record 3: its block is corrupt or cut"),
        (container({"nom": "string"}, (3, THREE), (0, b"x")), "record 3: its block announces 0"),
        (container({"nom": "string"}, (3, THREE)) + bytes(8), "record 3: its block is corrupt"),
        (container({"nom": "string"}, (10**9, b"")), "announces 1000000000 records in 0 bytes"),
        (container({"nom": "null"}, (10**9, b"")), "schema is of records that take no bytes"),
        (container({"nom": "string", "l": NULLS}, (1, b"\0" + long(10**9) + b"\0")), "no bytes"),
        (container({"nom": "string", "l": CHAIN}, (1, b"\0" + b"\2" * 50_000 + b"\0")), "too deep"),
        (
            container({"nom": "string"}, (1, deflate(bytes(20 << 20))), codec="deflate"),
            "record 0: its block takes more than 16 MiB",
        ),
        (
            container(
                {"nom": "string", "l": FLAGS},
                (1, deflate(b"\0" + long(15 << 20) + bytes(1 + (15 << 20)))),
                codec="deflate",
            ),
            "a record of its block is longer than",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_block_is_within_bounds_and_holds_what_it_announces(data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as error:
        list(read_avro(io.BytesIO(data), plan_of(NOM, field_of("l")), "f.avro"))
    assert problem in str(error.value)


def field_of(name: str) -> PlanField:
    inside = (PlanField("x", "int32"),)
    return PlanField(name, "list", of=PlanField("item", "struct", fields=inside))


def test_a_schema_is_bounded_before_it_is_built() -> None:
    deep: Any = "string"
    for level in range(100):
        deep = struct(f"d{level}", a=deep)
    with pytest.raises(InputError, match="schema is nested deeper than 64 levels"):
        read(container({"nom": "string", "l": deep}))
    deeper = b'{"type":"array","items":' * 100_000
    head = b"Obj\x01" + long(1) + long(11) + b"avro.schema" + long(len(deeper)) + deeper
    with pytest.raises(InputError, match="schema is nested deeper than 64 levels"):
        read(head + b"\0" + b"S" * 16)
    with pytest.raises(InputError, match="header cannot be read"):
        read(b"Obj\x01" + long(1) + long(11) + b"avro.schema" + long(1 << 40))


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_every_codec_is_read_and_damage_in_it_is_told(codec: str) -> None:
    plain = b"".join(b"\x0ccanari" for _number in range(500))
    packers: dict[str, Callable[[], bytes]] = {
        "null": lambda: plain,
        "deflate": lambda: deflate(plain),
        "snappy": lambda: (
            pa.Codec("snappy").compress(plain, asbytes=True) + zlib.crc32(plain).to_bytes(4, "big")
        ),
        "zstandard": lambda: pa.Codec("zstd").compress(plain, asbytes=True),
        "bzip2": lambda: bz2.compress(plain),
        "xz": lambda: lzma.compress(plain),
    }
    packed = packers[codec]()
    (chunk,) = read(container({"nom": "string"}, (500, packed), codec=codec))
    assert chunk.data.column("nom").to_pylist() == ["canari"] * 500

    if codec != "null":
        for damaged in (packed + b"trailing", packed[:-6], packed[:-5] + b"?" + packed[-4:]):
            with pytest.raises(InputError, match="record"):
                read(container({"nom": "string"}, (500, damaged), codec=codec))


# Maps and unions


def test_a_map_is_a_struct_of_its_keys_and_a_union_gives_what_can_be_taken() -> None:
    field = PlanField("m", "struct", fields=(PlanField("b", "int64"), PlanField("x", "string")))
    either = ["null", "string", "long", {"type": "array", "items": "string"}]
    types = {"nom": either, "m": {"type": "map", "values": ["long", "string"]}}
    records: list[dict[str, Any]] = [
        {"nom": "a", "m": {"a": 1, "b": 2}},
        {"nom": 7, "m": {"x": "y"}},
        {"nom": None, "m": {}},
        {"nom": ["canary"], "m": {"b": "non"}},
    ]

    (chunk,) = read(avro(types, records), plan_of(NOM, field))

    assert chunk.data.column("nom").to_pylist() == ["a", "7", None, None]
    rows = [{"b": "2", "x": None}, {"b": None, "x": "y"}, {"b": None, "x": None}]
    assert chunk.data.column("m").to_pylist() == [*rows, {"b": "non", "x": None}]
    assert chunk.data.column(FAULTS).to_pylist() == [None, None, None, ["nom"]]


def test_a_record_of_one_type_or_another_is_read_by_its_names() -> None:
    person = struct("person", libelle="string", age="int")
    firm = struct("firm", libelle="string", siren="string")
    field = PlanField("who", "struct", fields=(PlanField("libelle", "string"),))
    records: list[dict[str, Any]] = [
        {"who": {"libelle": "a", "age": 3}},
        {"who": {"libelle": "b", "siren": "s"}},
    ]

    (chunk,) = read(avro({"who": [person, firm]}, records), plan_of(field))

    assert chunk.data.to_pylist() == [{"who": {"libelle": "a"}}, {"who": {"libelle": "b"}}]


def test_an_array_none_of_whose_fields_is_there_is_missing_them_and_stops_nothing() -> None:
    types = {"nom": "string", "contrats": {"type": "array", "items": struct("c", iban="string")}}
    data = avro(types, [{"nom": "a", "contrats": [{"iban": "X"}, {"iban": "Y"}]}])
    (chunk,) = read(data, plan_of(NOM, CONTRATS))
    assert chunk.data.to_pylist() == [
        {"nom": "a", "contrats": [{"libelle": None}, {"libelle": None}]}
    ]
