"""Beam YAML: runs, and `Minimize` between YAML's own reads and writes; what Rows carry."""

import datetime
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.coders.typecoders import registry
from apache_beam.pvalue import Row
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.utils.timestamp import Timestamp
from apache_beam.yaml import main as beam_yaml
from apache_beam.yaml import yaml_provider

import tamis
from tamis.beam.batch import Batch
from tamis.beam.in_memory import _FromRecordsFn
from tamis.beam.yaml import PROVIDERS, MinimizeRows, TamisRun, ToYamlRows, _rows, check_row_type
from tamis.errors import KeysError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.formats.chunk import Chunk
from tamis.keys.keyring import Keyring
from tamis.limits import USUAL
from tamis.plan.plan import PlanField

from ..plans import keep_all
from ..services.flink import write_job_server
from ..services.loopback import run_loopback

POLICY = "regularite-prestataires"
FIRMS: list[dict[str, Any]] = [
    {"siren": "732829320", "siret": "73282932000074", "dirigeant_nir": "canary"},
    {"siren": "000000042", "siret": "00000004200018", "dirigeant_nir": "canary"},
    {"siren": None, "siret": "55210055400013", "dirigeant_nir": "canary"},
]
DAY = datetime.date(2026, 3, 2)
OPTIONAL = Optional[float]  # noqa: UP045 (a type of Rows takes no `|`)
MOMENT = datetime.datetime(2026, 3, 2, 10, 30, 0, 250_000, datetime.UTC)


def write_pipeline(folder: Path, *transforms: Mapping[str, Any]) -> str:
    """Write a pipeline that includes the list of the wheel; the option that names it."""
    path = folder / "pipeline.yaml"
    pipeline = {"transforms": list(transforms)}
    whole = {"providers": [{"include": str(PROVIDERS)}], "pipeline": pipeline}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return f"--yaml_pipeline_file={path}"


def run_yaml(folder: Path, *transforms: Mapping[str, Any]) -> None:
    """Run a pipeline as `python -m apache_beam.yaml.main` does."""
    beam_yaml.run([write_pipeline(folder, *transforms), "--runner=FnApiRunner"])


def write_firms(folder: Path) -> None:
    """Write the feed of three firms, of which one is quarantined."""
    (folder / "in").mkdir()
    header = ";".join(FIRMS[0])
    lines = [";".join(value or "" for value in firm.values()) for firm in FIRMS]
    (folder / "in" / "feed.csv").write_text("\n".join([header, *lines]), encoding="utf-8")


def test_a_run_commits_as_the_command_does_and_gives_its_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_firms(tmp_path)
    monkeypatch.chdir(tmp_path)
    config: dict[str, Any] = {
        "policy": POLICY,
        "project": "cpf",
        "input": "in/*.csv",
        "output": "store",
    }
    run = {"type": "TamisRun", "config": {**config, "run_id": "the-run"}}
    write = {"type": "WriteToJson", "config": {"path": str(tmp_path / "receipts.json")}}
    run_yaml(tmp_path, run, {**write, "input": "TamisRun"})
    (told,) = (
        json.loads(line)
        for path in tmp_path.glob("receipts.json*")
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    text = (tmp_path / "store" / "_receipts" / "the-run.json").read_text(encoding="utf-8")
    receipt = Receipt.model_validate_json(text)
    assert Receipt.model_validate_json(told.pop("receipt")) == receipt
    assert told == {
        "run": "the-run",
        "policy": POLICY,
        "day": receipt.day.isoformat(),
        "records": 3,
        "released": 2,
        "withheld": 0,
        "quarantined": 1,
    }
    assert receipt.inputs[0].uri == str(tmp_path / "in" / "feed.csv"), "workers see no relative one"


def test_minimize_stands_between_reads_and_writes_of_yaml(tmp_path: Path) -> None:
    firms = [{name: value or "" for name, value in firm.items()} for firm in FIRMS]
    run_yaml(
        tmp_path,
        {"type": "Create", "config": {"elements": [*firms[:2], {**firms[2], "siren": "x" * 300}]}},
        {
            "type": "Tamis.Minimize",
            "name": "Minimize",
            "input": "Create",
            "config": {
                "policy": POLICY,
                "project": "cpf",
                "run_id": "the-run",
                "error_handling": {"output": "quarantined"},
            },
        },
        {
            "type": "WriteToParquet",
            "name": "Released",
            "input": "Minimize",
            "config": {"path": str(tmp_path / "out" / "released")},
        },
        {
            "type": "WriteToParquet",
            "name": "Quarantined",
            "input": "Minimize.quarantined",
            "config": {"path": str(tmp_path / "out" / "quarantined")},
        },
    )
    released = pa.concat_tables(map(pq.read_table, tmp_path.glob("out/released*")))
    assert {"000000042", "732829320"} <= set(released["siren"].to_pylist())
    assert set(released["legal_run"].to_pylist()) == {"the-run"}
    assert "dirigeant_nir" not in released.column_names
    for path in tmp_path.glob("out/*"):
        assert b"canary" not in path.read_bytes()


@pytest.mark.flink
def test_both_run_on_flink(tmp_path: Path) -> None:
    write_firms(tmp_path)
    store, out = tmp_path / "store", tmp_path / "out"
    places = {"input": str(tmp_path / "in" / "*.csv"), "output": str(store), "run_id": "the-run"}
    own: dict[str, Any] = {"policy": POLICY, "project": "cpf"}
    minimize = {"type": "Tamis.Minimize", "name": "M", "input": "Create"}
    write = {"type": "WriteToParquet", "config": {"path": str(out / "rows")}}
    pipeline = write_pipeline(
        tmp_path,
        {"type": "TamisRun", "config": {**own, **places}},
        {"type": "Create", "config": {"elements": FIRMS[:2]}},
        {**minimize, "config": {**own, "error_handling": {"output": "quarantined"}}},
        {**write, "name": "Released", "input": "M.regularite"},
        {"type": "LogForTesting", "input": "M.quarantined"},
    )
    with run_loopback() as within:
        options = [
            "--runner=FlinkRunner",
            "--flink_master=[local]",
            f"--flink_job_server_jar={write_job_server(tmp_path / 'server.jar')}",
            "--environment_type=LOOPBACK",
            "--parallelism=1",
        ]
        command = [*within, sys.executable, "-m", "apache_beam.yaml.main", pipeline, *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    text = (store / "_receipts" / "the-run.json").read_text(encoding="utf-8")
    counts = Receipt.model_validate_json(text).counts
    assert (counts.in_, counts.released, counts.quarantined) == (3, 2, 1)
    released = pa.concat_tables(map(pq.read_table, out.glob("rows*")))
    assert sorted(released["siren"].to_pylist()) == ["000000042", "732829320"]


def test_a_pipeline_that_lets_the_quarantine_fall_is_refused(tmp_path: Path) -> None:
    config: dict[str, Any] = {"policy": POLICY, "project": "cpf"}
    minimize = {"type": "Tamis.Minimize", "name": "M", "input": "Create", "config": config}
    create = {"type": "Create", "config": {"elements": [{"siren": "732829320"}]}}
    with pytest.raises(ValueError, match=r"line .*`error_handling` must be \{output: NAME\}"):
        run_yaml(tmp_path, create, minimize)
    config["error_handling"] = {"output": "quarantined"}
    with pytest.raises(ValueError, match=r"Unconsumed error output .*M\.quarantined"):
        run_yaml(tmp_path, create, minimize)


def test_every_type_of_the_list_is_there_with_its_options_described() -> None:
    (provider,) = yaml_provider.load_providers(str(PROVIDERS))
    assert sorted(provider.provided_transforms()) == ["Tamis.Minimize", "TamisRun"]
    for kind in provider.provided_transforms():
        fields = provider.config_schema(kind).fields
        assert fields
        assert [field.name for field in fields if not field.description] == []


def test_no_password_stands_in_a_pipeline() -> None:
    for uri in (
        "postgresql://u:secret@h/db",
        "postgresql://u:se?secret@h/db",
        "postgresql://u@h/db?password=secret",
        "postgresql://u@h/db?ssl%70assword=secret@",
    ):
        with pytest.raises(UsageError, match="no password must stand") as raised:
            TamisRun(POLICY, "in.csv", uri, project="cpf")
        assert "secret" not in str(raised.value)
    TamisRun(POLICY, "in.csv", "postgresql://u@h/db?schema=s", project="cpf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": "kafka://broker/topic"}, "`TamisRun` takes files or tables"),
        ({"input": ["in.csv", "postgresql://u@h/db?table=t"]}, "tables and files cannot be"),
        ({"output": "kafka://broker/topic"}, "`TamisRun` takes files or tables"),
        ({"fail_on": ["drif"]}, "drif"),
        ({"run_id": "UPPER"}, "UPPER"),
    ],
)
def test_what_the_command_refuses_is_refused(change: dict[str, Any], message: str) -> None:
    given = {"policy": POLICY, "input": "in.csv", "output": "store", "project": "cpf", **change}
    with pytest.raises(UsageError, match=message):
        TamisRun(**given)


def test_keys_are_found_when_the_pipeline_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"policy": "evaluation-cpf", "project": "cpf", "allow_example": True}
    handling = {"output": "quarantined"}
    with pytest.raises(KeysError):
        MinimizeRows(error_handling=handling, **given)
    Keyring.create("keys.json")
    transform = MinimizeRows(error_handling=handling, keys="keys.json", **given)
    assert transform._minimize.keys == tamis.KeyRef.current(str(tmp_path / "keys.json"))


@pytest.mark.parametrize(
    ("type_name", "hint", "value", "read"),
    [
        ("string", str, "042", "042"),
        ("int16", np.int16, 3, 3),
        ("int16", OPTIONAL, None, None),
        ("int64", str, "3", 3),
        ("int64", float, 3.0, 3),
        ("uint64", Decimal, Decimal(2**64 - 1), 2**64 - 1),
        ("float64", float, 0.1, 0.1),
        ("float64", np.int32, 3, 3.0),
        ("float64", str, "0.25", 0.25),
        ("decimal128(12, 2)", Decimal, Decimal("12.50"), Decimal("12.50")),
        ("decimal128(12, 2)", float, 12.1, Decimal("12.10")),
        ("decimal128(12, 2)", int, 12, Decimal("12.00")),
        ("decimal128(12, 2)", str, "12.5", Decimal("12.50")),
        ("bool", bool, True, True),
        ("bool", str, "true", True),
        ("date32", datetime.date, DAY, DAY),
        ("date32", str, "2026-03-02", DAY),
        ("timestamp[us, tz=UTC]", Timestamp, Timestamp.from_utc_datetime(MOMENT), MOMENT),
        ("timestamp[us]", str, "2026-03-02T10:30:00.25", MOMENT.replace(tzinfo=None)),
        ("time64[us]", str, "10:30:00", datetime.time(10, 30)),
        ("binary", bytes, b"\x00\xff", b"\x00\xff"),
    ],
)
def test_each_type_goes_in_as_it_is(type_name: str, hint: Any, value: Any, read: Any) -> None:
    plan = keep_all(PlanField("a", type_name))
    check_row_type(RowTypeConstraint.from_fields([("a", hint)]), plan)
    fn = _FromRecordsFn(plan, "memory:rows", USUAL)
    fn.setup()
    fn.start_bundle()
    assert fn.process(Row(a=value)) == ()
    batch = next(fn.finish_bundle()).value
    done = tamis.minimize(batch.data, plan, run="r")
    assert done.quarantined.to_pylist() == []
    assert done.released["r"]["a"].to_pylist() == [read]


INNER = RowTypeConstraint.from_fields([("debut", datetime.date), ("rang", str)])
LISTED = PlanField(
    "l",
    "list",
    of=PlanField("item", "struct", fields=(PlanField("rang", "int8"), PlanField("nir", "string"))),
)


@pytest.mark.parametrize(
    ("field", "hint", "message"),
    [
        (
            PlanField("a", "string"),
            np.int64,
            "`a` must be `string`,.* got `integer` .*zeros in front",
        ),
        (PlanField("a", "string"), OPTIONAL, "`a` must be `string`,.* got `float`"),
        (PlanField("a", "date32"), Timestamp, "`a` must be `date` or `string`,.* got `timestamp`"),
        (PlanField("a", "binary"), str, "`a` must be `bytes`,.* got `string`"),
        (PlanField("a", "int8"), np.int8, "`a` must be .* got `int8`"),
        (PlanField("a", "int8"), Sequence[int], "`a` must be .* got `list`"),
        (LISTED, str, "`l` must be `list`,.* got `string`"),
        (LISTED, Sequence[int], r"`l\[\]` must be `map` or `row`,.* got `integer`"),
        (
            LISTED,
            Sequence[RowTypeConstraint.from_fields([("nir", int)])],  # type: ignore[misc]
            r"`l\[\]\.nir` must be `string`,.* got `integer`",
        ),
    ],
)
def test_a_type_that_the_schemas_cannot_be_made_of_is_refused(
    field: PlanField, hint: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_row_type(RowTypeConstraint.from_fields([(field.name, hint)]), keep_all(field))


def test_rows_of_no_known_type_are_judged_one_by_one() -> None:
    plan = keep_all(PlanField("a", "string"))
    check_row_type(Any, plan)
    check_row_type(RowTypeConstraint.from_fields([("a", Any), ("other", int)]), plan)


NESTED = pa.list_(pa.struct([("le", pa.date32()), ("jeton", pa.binary(2))]))
CARRIED: list[tuple[pa.DataType, Any, Any, Any]] = [
    (pa.string(), "042", str, "042"),
    (pa.dictionary(pa.int8(), pa.string()), "tag", str, "tag"),
    (pa.int8(), -3, np.int16, -3),
    (pa.int16(), -(2**15), np.int16, -(2**15)),
    (pa.int32(), -(2**31), np.int32, -(2**31)),
    (pa.int64(), -(2**63), np.int64, -(2**63)),
    (pa.uint32(), 2**32 - 1, np.int64, 2**32 - 1),
    (pa.uint64(), 2**64 - 1, str, "18446744073709551615"),
    (pa.float32(), 0.5, np.float32, 0.5),
    (pa.float64(), 0.1, np.float64, 0.1),
    (pa.bool_(), False, bool, False),
    (pa.binary(2), b"\x00\xff", bytes, b"\x00\xff"),
    (pa.large_binary(), b"\x00", bytes, b"\x00"),
    (pa.date32(), DAY, str, "2026-03-02"),
    (pa.decimal128(12, 2), Decimal("12.50"), str, "12.50"),
    (pa.timestamp("us", "UTC"), MOMENT, str, "2026-03-02 10:30:00.250000Z"),
    (pa.timestamp("s"), datetime.datetime(2026, 3, 2), str, "2026-03-02 00:00:00"),
    (pa.time64("us"), datetime.time(10, 30), str, "10:30:00.000000"),
    (NESTED, [{"le": DAY, "jeton": None}, None], None, [Row(le="2026-03-02", jeton=None), None]),
]


@pytest.mark.parametrize(("kind", "value", "hint", "carried"), CARRIED, ids=str)
def test_each_type_goes_out_as_the_manual_says(
    kind: pa.DataType, value: Any, hint: Any, carried: Any
) -> None:
    schema = pa.schema([pa.field("a", kind, nullable=False), pa.field("b", kind)])
    array = pa.array([value, value], kind)
    empty = pa.array([value, None], kind)
    data = pa.RecordBatch.from_arrays([array, empty], schema=schema)
    rows = ToYamlRows(schema)
    made = list(_rows(Batch(Chunk(data, pa.array([1, 2]))), rows._carried))
    assert made == [Row(a=carried, b=carried), Row(a=carried, b=None)]
    if hint is not None:
        assert rows.row_type.get_type_for("a") is hint
        assert rows.row_type.get_type_for("b") == Optional[hint]  # noqa: UP045
    coder = registry.get_coder(rows.row_type)
    for row in made:
        back = coder.decode(coder.encode(row))
        assert (_plain(back.a), _plain(back.b)) == (_plain(row.a), _plain(row.b))


def _plain(value: Any) -> Any:
    """A value with dicts in place of Rows of whichever class."""
    if hasattr(value, "_fields"):
        return dict(zip(value._fields, map(_plain, value), strict=True))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return vars(value) if isinstance(value, Row) else value
