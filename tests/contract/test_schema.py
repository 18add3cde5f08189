"""Releases as they are written, held against what `tamis schema` says of them."""

import datetime
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.contract.avro_schema import avro_schema, record_schema, to_stored
from tamis.contract.json_schema import json_schema
from tamis.contract.schema import comment_of, contract_of, fields_of
from tamis.errors import RunError, UsageError
from tamis.filter.minimize import minimize
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan, PlanField
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.streams.avro_rows import AvroRows
from tamis.streams.json_rows import json_rows

from ..plans import keep_all
from ..runs.rekeying import commit, make_plan, make_records

DAY = datetime.date(2024, 2, 29)
NOON = datetime.datetime(2024, 2, 29, 12, 30, 15, 250_000)
VALUES: dict[str, list[Any]] = {
    "string": ["", 'a"b\u00e9\n'],
    "large_string": ["x", "y"],
    "binary": [b"", b"\x00\xff"],
    "fixed_size_binary[4]": [b"\x00\x01\x02\x03", b"abcd"],
    "bool": [True, False],
    "int8": [-128, 127],
    "uint8": [0, 255],
    "int32": [-(2**31), 2**31 - 1],
    "uint32": [0, 2**32 - 1],
    "int64": [-(2**63), 2**63 - 1],
    "uint64": [0, 2**64 - 1],
    "float32": [0.5, float("-inf")],
    "float64": [0.0, -0.0],
    "decimal128(12, 2)": [Decimal("-9999999999.99"), Decimal("0.10")],
    "date32": [DAY, datetime.date(1899, 12, 31)],
    "date64": [DAY, DAY],
    "timestamp[s]": [NOON.replace(microsecond=0), None],
    "timestamp[us, tz=UTC]": [NOON.replace(tzinfo=datetime.UTC), None],
    "timestamp[ms]": [NOON, None],
    "time32[s]": [NOON.time().replace(microsecond=0), None],
    "time64[us]": [NOON.time(), None],
}
"""By type, the values of two records; a third has null everywhere."""


def every_type() -> tuple[Plan, pa.RecordBatch]:
    """A plan that keeps a column of each type, a list of numbers and a list of records."""
    names = {kind: f"f{index}" for index, kind in enumerate(VALUES)}
    leaves = tuple(PlanField(name, kind) for kind, name in names.items())
    inside = tuple(
        PlanField(names[kind], kind) for kind in ("decimal128(12, 2)", "date32", "timestamp[s]")
    )
    plan = keep_all(
        PlanField("cle", "int32", nullable=False),
        *leaves,
        PlanField("nombres", "list", of=PlanField("item", "int16")),
        PlanField("suites", "list", of=PlanField("item", "struct", fields=inside)),
    )
    records: list[dict[str, Any]] = []
    for index in range(3):
        record: dict[str, Any] = {"cle": index}
        for kind, name in names.items():
            record[name] = VALUES[kind][index] if index < 2 else None
        suite = {field.name: record[field.name] for field in inside}
        record["nombres"] = [[1, None, 3], [], None][index]
        record["suites"] = [[suite, None], [], None][index]
        records.append(record)
    return plan, pa.RecordBatch.from_pylist(records, plan.arrow_schema)


def through_json(plan: Plan, rows: pa.RecordBatch) -> None:
    """Hold rows as JSON against their JSON Schema."""
    schema = json_schema([contract_of(plan, plan.releases[0])])
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for row in json_rows(rows):
        validator.validate(json.loads(row))
        assert not validator.is_valid({**json.loads(row), "autre": 1})


def through_avro(plan: Plan, rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as topics have them, read by the schema that readers are given."""
    contract = contract_of(plan, plan.releases[0])
    schema = fastavro.parse_schema(record_schema(contract))
    read: list[Any] = []
    for message in AvroRows(contract, 7)(rows):
        assert message[:5] == b"\0\0\0\0\7"
        stream = io.BytesIO(message[5:])
        read.append(fastavro.schemaless_reader(stream, schema, None))
        assert not stream.read()
    return read


def test_every_type_is_as_the_schemas_say() -> None:
    plan, records = every_type()
    released = minimize(records, plan).released["r"]
    assert released.num_rows == 3

    contract = contract_of(plan, plan.releases[0]).schema
    assert released.schema.equals(contract)
    through_json(plan, released)
    decoded = through_avro(plan, released)

    for row, read in zip(released.to_pylist(), decoded, strict=True):
        for name, value in row.items():
            if isinstance(value, datetime.datetime):
                assert read[name].replace(tzinfo=value.tzinfo) == value
            elif isinstance(value, int) and isinstance(read[name], Decimal):
                assert int(read[name]) == value  # a uint64
            else:
                assert repr(read[name]) == repr(value), name  # -0.0 stays one


def test_a_release_with_pseudonyms_is_as_the_schemas_say(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "project")
    keyring = Keyring.create(tmp_path / "keys.json")
    store = FolderStore(LocalFolder(str(tmp_path / "store")))
    receipt = commit(store, plan, keyring, "lauf", make_records(40))
    contract = contract_of(plan, plan.releases[0])

    for file in receipt.releases["tout"].files or ():
        table = pq.read_table(tmp_path / "store" / file.path)
        plain = pa.schema([field.remove_metadata() for field in contract.schema])
        assert table.cast(plain).num_rows == file.rows  # the index of a dictionary may be another
        assert table.schema.names == plain.names
        (rows,) = table.cast(plain).combine_chunks().to_batches()
        through_json(plan, rows)
        decoded = through_avro(plan, rows)
        assert [row["personne"] for row in decoded] == rows.column("personne").to_pylist()
        assert [row["suites"] for row in decoded] == rows.column("suites").to_pylist()


def test_fields_say_item_need_and_what_a_pseudonym_is_made_of(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "project")
    contract = contract_of(plan, plan.releases[0])
    field = contract.schema.field("dossier_id")
    assert field.metadata[b"pseudonym_of"] == b"dossier"
    assert field.metadata[b"pseudonym_method"] == b"hmac-sha256"
    assert comment_of(field) == (
        "R6323-37.III.2, R6323-33.5 — pseudonymized (dossier, hmac-sha256): compter les dossiers "
        "d'une personne"
    )
    comments = {path: comment for path, _kind, _nullable, comment in fields_of(contract.schema)}
    assert comments["suites.numero_id"].startswith("pseudonymized (dossier, hmac-sha256): ")
    assert contract.schema.metadata[b"legal_item"] == b"R6323-37.III.2"
    read = pa.ipc.read_schema(contract.schema.serialize())
    assert read.equals(contract.schema, check_metadata=True)
    avro = record_schema(contract)
    docs = {field["name"]: field["doc"] for field in avro["fields"]}
    properties = json_schema([contract])["properties"]
    for column in contract.schema:
        assert docs[column.name] == properties[column.name]["description"] == comment_of(column)


def test_a_name_that_avro_does_not_take_is_told() -> None:
    plan = keep_all(PlanField("prénom", "string"))
    with pytest.raises(UsageError, match="field `prénom`"):
        avro_schema([contract_of(plan, plan.releases[0])])


def test_moments_that_avro_does_not_hold_are_told_without_them() -> None:
    far = pa.RecordBatch.from_pydict({"le": pa.array([2**62], pa.timestamp("s"))})
    with pytest.raises(RunError, match=r"^field le: timestamp\[s\] holds values that A"):
        to_stored(far)


def shown(*words: str) -> str:
    result = CliRunner().invoke(app, ["schema", "--project", "cpf", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_writes_each_form(tmp_path: Path) -> None:
    union = json.loads(shown("dsn-droits", "--format", "avro", "--on", "2026-11-23"))
    records = union if isinstance(union, list) else [union]
    fastavro.parse_schema(union)
    assert {record["namespace"] for record in records} == {"tamis.dsn_droits"}

    several = "certificateurs-passeport", "--on", "2026-11-23"
    ids = ("avec-nir", "suppressions")
    schema = json.loads(shown(*several, "--format", "json-schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert tuple(schema["$defs"]) == ids
    assert len(json.loads(shown(*several, "--format", "avro"))) == 2
    assert json.loads(shown(*several, "--format", "avro", "--release", "avec-nir"))["name"] == (
        "avec_nir"
    )
    file = tmp_path / "avec-nir.arrow"
    assert shown(*several, "--release", "avec-nir", "--format", "arrow", "-o", str(file)) == ""
    with pa.ipc.open_file(file) as opened:
        assert comment_of(opened.schema.field("legal_run")).startswith("the run")
    table = shown(*several, "--release", "avec-nir")
    assert "R6323-37" in table
    assert "legal_retention" in table


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-o", "x.arrow", "--format", "arrow"], "choose one of `avec-nir`"),
        (["--release", "avec"], "release `avec` is unknown"),
        (["--apply"], "--apply: is for --store"),
        (["--store", "un-dossier"], "expected a database, got a folder"),
        (["--store", "postgresql://h/d", "--format", "avro"], "takes neither --format"),
        (["-o", "/nowhere/x", "--format", "avro"], "/nowhere/x: cannot be written"),
    ],
)
def test_what_it_cannot_do_is_told(words: list[str], text: str) -> None:
    command = ["schema", "certificateurs-passeport", "--project", "cpf", *words]
    result = CliRunner().invoke(app, [*command, "--on", "2026-11-23"])
    assert isinstance(result.exception, UsageError)
    assert text in str(result.exception)
