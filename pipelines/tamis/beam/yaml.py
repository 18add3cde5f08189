"""`TamisRun` and `Tamis.Minimize` for Beam YAML: what a run and `Minimize` are in Python.

    TamisRun        places in ── read, minimize, store ──> the receipt as a Row
    Tamis.Minimize  Rows in ──> Rows of each release, Rows of the quarantine

`python -m tamis.beam.yaml` prints the path of the list that a pipeline includes as its provider.
Beam keeps a pipeline's text and each transform's configuration in the job: no password may stand
there.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qsl

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.portability.api import schema_pb2
from apache_beam.pvalue import PBegin, PCollection, Row
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.typehints.schemas import typing_to_runner_api

from tamis.address import DatabaseAddress, PathAddress, parse_address, parse_store
from tamis.arrow.types import is_binary, is_list, is_string
from tamis.beam.batch import Batch
from tamis.beam.in_memory import FromRows
from tamis.beam.keys import KeyRef
from tamis.beam.minimize import Minimize
from tamis.beam.postgres import ReadTables
from tamis.beam.read import ReadFiles
from tamis.beam.store import Store
from tamis.beam.transform import SeveralCollections
from tamis.documents.types import Kind, kind_of
from tamis.errors import UsageError
from tamis.evidence.fail_on import Guards
from tamis.evidence.receipt import Receipt
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.language import _
from tamis.plan.plan import Plan, PlanField
from tamis.plan.project import load_project
from tamis.plan.schemas import released_schema
from tamis.schemes import scheme_of
from tamis.stores.run_id import check_run_id, new_run_id

PROVIDERS = Path(__file__).with_name("yaml_providers.yaml")
"""The list of providers that a pipeline includes."""


class TamisRun(beam.PTransform[PBegin, PCollection[Any]]):
    """Run a policy over files or tables into a store, as `tamis run` does.

    The plan is that of the day on which the pipeline is built. One Row comes out, when the run is
    committed: `run`, `policy` and `day` as text; `records`, `released`, `withheld` and
    `quarantined`, counts of records; `receipt`, the receipt as JSON.

    Args:
        policy: the policy's name.
        input: a pattern of files, or a table; or a list of them.
        output: the store: a folder, or a database.
        keys: reference of the keyring, where the policy makes pseudonyms.
        run_id: id of the run; a new one where absent.
        project: folder of the project; the current one where absent, `cpf` for the bundled one.
        allow_example: allow an entry of the register that only illustrates.
        allow_unconfirmed: allow a legal basis that nobody has confirmed yet.
        fail_on: conditions under which nothing is committed, as `--fail-on` takes them.
        allow_empty: commit though nothing is released and records are quarantined.
        inputs_by_digest: call no file by its name.

    Raises:
        UsageError: an address holds a password or is that of a stream, or what `tamis run`
            refuses.
        DocumentError: the policy cannot be compiled.
        KeysError: the policy makes pseudonyms, and there is no keyring.

    Example:
        >>> run = TamisRun("regularite-prestataires", "in/*.csv", "store", project="cpf")
        >>> TamisRun("regularite-prestataires", "in/*.csv", "postgresql://u:secret@host/base")
        Traceback (most recent call last):
        tamis.errors.UsageError: postgresql://host/base: no password must stand in a YAML \
pipeline, which the job keeps: libpq takes it from PGPASSFILE
    """

    _yaml_requires_inputs = False

    def __init__(
        self,
        policy: str,
        input: str | Sequence[str],
        output: str,
        keys: str | None = None,
        run_id: str | None = None,
        project: str | None = None,
        allow_example: bool = False,
        allow_unconfirmed: bool = False,
        fail_on: Sequence[str] = (),
        allow_empty: bool = False,
        inputs_by_digest: bool = False,
    ) -> None:
        super().__init__()
        inputs = [input] if isinstance(input, str) else list(input)
        places = tuple(_place(uri) for uri in inputs)
        store = _place(output)
        parse_store(store)
        plan, run = _plan_and_run(policy, project, run_id)
        tables = [uri for uri in places if isinstance(parse_address(uri), DatabaseAddress)]
        if tables and len(tables) < len(places):
            raise UsageError(_("tables and files cannot be the inputs of one run"))
        self._read = (
            ReadTables(places, plan)
            if tables
            else ReadFiles(places, plan, by_digest=inputs_by_digest)
        )
        self._store = Store(store, fail_on=fail_on, allow_empty=allow_empty)
        self._minimize = Minimize(
            plan,
            run,
            _key_ref(plan, keys),
            allow_example=allow_example,
            allow_unconfirmed=allow_unconfirmed,
            profiles=Guards(tuple(fail_on), allow_empty).asks("undeclared-nir"),
        )

    def expand(self, begin: PBegin) -> PCollection[Any]:
        """Places → the receipt."""
        out = begin | "Read" >> self._read | "Minimize" >> self._minimize
        receipts = out | "Store" >> self._store
        return receipts | "Receipt" >> beam.Map(_receipt_row).with_output_types(_RECEIPT)


class MinimizeRows(SeveralCollections[PCollection[Any], dict[str, PCollection[Any]]]):
    """Minimize Rows between the reads and writes of a YAML pipeline: `Tamis.Minimize`.

    What a Row carries of each type of a schema, into `Tamis.Minimize` and out of it, stands in the
    manual (`tamis help yaml`); a field of another type is refused when the pipeline is built.
    A value that misfits quarantines its record. Nothing is reconciled or committed, no receipt is
    written: that is what `TamisRun` is for.

    Args:
        policy: the policy's name.
        error_handling: `{output: NAME}`: what the output is called that has the quarantine; Beam
            refuses a pipeline in which nobody takes it.
        keys: reference of the keyring, where the policy makes pseudonyms.
        run_id: id of the run; a new one where absent.
        project: folder of the project; the current one where absent, `cpf` for the bundled one.
        allow_example: allow an entry of the register that only illustrates.
        allow_unconfirmed: allow a legal basis that nobody has confirmed yet.

    Raises:
        UsageError: there is no `error_handling`, an output's name is taken or holds a dot, or what
            `tamis.Minimize` refuses.
        DocumentError: the policy cannot be compiled.
        KeysError: the policy makes pseudonyms, and there is no keyring.

    Example:
        >>> provider = beam.Row(siren="732829320", siret="73282932000074")
        >>> with beam.Pipeline("FnApiRunner") as pipeline:
        ...     rows = pipeline | beam.Create([provider])
        ...     out = rows | MinimizeRows(
        ...         "regularite-prestataires", {"output": "quarantined"}, project="cpf"
        ...     )
        >>> list(out)
        ['regularite', 'quarantined']
    """

    def __init__(
        self,
        policy: str,
        error_handling: Mapping[str, str] | None = None,
        keys: str | None = None,
        run_id: str | None = None,
        project: str | None = None,
        allow_example: bool = False,
        allow_unconfirmed: bool = False,
    ) -> None:
        super().__init__()
        if error_handling is None or list(error_handling) != ["output"]:
            raise UsageError(
                _(
                    "`error_handling` must be {output: NAME}: the output NAME has the records "
                    "that are quarantined"
                )
            )
        self._plan, run = _plan_and_run(policy, project, run_id)
        self._quarantine = error_handling["output"]
        names = [release.id for release in self._plan.releases]
        if self._quarantine in names:
            raise UsageError(
                _("`error_handling`: `{name}` is a release already", name=self._quarantine)
            )
        for name in (*names, self._quarantine):
            if "." in name:
                raise UsageError(
                    _("output `{name}`: Beam YAML takes no name with a dot", name=name)
                )
        self._minimize = Minimize(
            self._plan,
            run,
            _key_ref(self._plan, keys),
            allow_example=allow_example,
            allow_unconfirmed=allow_unconfirmed,
        )

    def expand(self, rows: PCollection[Any]) -> dict[str, PCollection[Any]]:
        """Rows → Rows by release, and the quarantine's.

        Raises:
            UsageError: a field of the Rows has a type that the schema's cannot be made of.
        """
        check_row_type(rows.element_type, self._plan)
        out = rows | "FromRows" >> FromRows(self._plan) | "Minimize" >> self._minimize
        outputs = {
            release.id: out.released[release.id]
            | f"Rows {release.id}" >> ToYamlRows(released_schema(self._plan, release))
            for release in self._plan.releases
        }
        outputs[self._quarantine] = out.quarantined | "Quarantine" >> ToYamlRows(QUARANTINE_SCHEMA)
        return outputs


class ToYamlRows(beam.PTransform[PCollection[Batch], PCollection[Any]]):
    """Batches as Rows with a schema, one a record, of types that each of YAML's writers knows.

    Args:
        schema: of the batches.

    Example:
        >>> schema = pa.schema([pa.field("le", pa.date32(), nullable=False), ("n", pa.uint8())])
        >>> rows = ToYamlRows(schema)
        >>> rows.row_type.get_type_for("le"), rows.row_type.get_type_for("n")
        (<class 'str'>, typing.Optional[numpy.int16])
    """

    def __init__(self, schema: pa.Schema) -> None:
        super().__init__()
        self._carried = pa.schema(
            [field.with_type(_carried(field.type)).remove_metadata() for field in schema]
        )
        self.row_type: Any = _row_type(self._carried)

    def expand(self, batches: PCollection[Batch]) -> PCollection[Any]:
        """Batches → Rows."""
        return batches | "Rows" >> beam.FlatMap(_rows, self._carried).with_output_types(
            self.row_type
        )


def check_row_type(element_type: Any, plan: Plan) -> None:
    """Check that Rows of a type can be what a plan reads; Rows of no known type pass.

    A field that the plan does not read may have any type, and one that is missing is null.

    Raises:
        UsageError: a field has a type that the schema's cannot be made of.

    Example:
        >>> plan = load_project("cpf").plan("regularite-prestataires")
        >>> check_row_type(RowTypeConstraint.from_fields([("siren", int)]), plan)
        Traceback (most recent call last):
        tamis.errors.UsageError: Row field `siren` must be `string`, which the schema's `string` \
is made of, got `integer` (a number has lost the zeros in front: read it as text)
    """
    kind = typing_to_runner_api(element_type)
    if kind.WhichOneof("type_info") == "row_type":
        _check_fields(kind.row_type.schema, plan.fields, "")


def _check_fields(schema: schema_pb2.Schema, fields: Sequence[PlanField], above: str) -> None:
    types = {field.name: field.type for field in schema.fields}
    for field in fields:
        if field.source_name in types:
            _check_field(types[field.source_name], field, f"{above}{field.source_name}")


def _check_field(got: schema_pb2.FieldType, field: PlanField, path: str) -> None:
    kind = kind_of(field.type)
    takes = _TAKES[kind] if kind is not None else {"list"} if field.of else {"row", "map"}
    name = _name_of(got)
    if name and name not in takes:
        reason = ""
        if (kind, name) == ("string", "integer"):
            reason = _(" (a number has lost the zeros in front: read it as text)")
        raise UsageError(
            _(
                "Row field `{path}` must be {types}, which the schema's `{type}` is made of, got "
                "`{got}`{reason}",
                path=path,
                types=_(" or ").join(f"`{taken}`" for taken in sorted(takes)),
                type=field.type,
                got=name,
                reason=reason,
            )
        )
    if name == "list" and field.of is not None:
        below = got.array_type if got.WhichOneof("type_info") == "array_type" else got.iterable_type
        _check_field(below.element_type, field.of, f"{path}[]")
    elif name == "row":
        _check_fields(got.row_type.schema, field.fields, f"{path}.")


_TAKES: dict[Kind, set[str]] = {
    "string": {"string"},
    "integer": {"integer", "float", "decimal", "string"},
    "float": {"integer", "float", "decimal", "string"},
    "decimal": {"integer", "float", "decimal", "string"},
    "bool": {"bool", "string"},
    "date": {"date", "string"},
    "timestamp": {"timestamp", "date", "string"},
    "time": {"time", "string"},
    "binary": {"bytes"},
}
"""Of a schema's leaf the types of a Row's field that it can be made of."""

# Beam 2.77 writes and reads an int8 as an unsigned byte: -3 would be 253.
_ATOMIC = {
    schema_pb2.BYTE: "int8",
    schema_pb2.INT16: "integer",
    schema_pb2.INT32: "integer",
    schema_pb2.INT64: "integer",
    schema_pb2.FLOAT: "float",
    schema_pb2.DOUBLE: "float",
    schema_pb2.STRING: "string",
    schema_pb2.BOOLEAN: "bool",
    schema_pb2.BYTES: "bytes",
}
_LOGICAL = {
    "beam:logical_type:date:v1": "date",
    "beam:logical_type:javasdk_date:v1": "date",
    "beam:logical_type:javasdk_time:v1": "time",
    "beam:logical_type:decimal:v1": "decimal",
    "beam:logical_type:fixed_decimal:v1": "decimal",
    "beam:logical_type:micros_instant:v1": "timestamp",
    "beam:logical_type:millis_instant:v1": "timestamp",
    "beam:logical_type:timestamp:v1": "timestamp",
    "beam:logical_type:fixed_char:v1": "string",
    "beam:logical_type:var_char:v1": "string",
    "beam:logical_type:fixed_bytes:v1": "bytes",
    "beam:logical_type:var_bytes:v1": "bytes",
    "beam:logical:pythonsdk_any:v1": "",
}
_OTHER = {"array_type": "list", "iterable_type": "list", "map_type": "map", "row_type": "row"}


def _name_of(kind: schema_pb2.FieldType) -> str:
    """What messages and manual call the type of a Row's field; empty where it may be any."""
    info = kind.WhichOneof("type_info")
    if info == "atomic_type":
        return _ATOMIC.get(kind.atomic_type, "")
    if info == "logical_type":
        return _LOGICAL.get(kind.logical_type.urn, kind.logical_type.urn)
    return _OTHER.get(info or "", "")


def _carried(kind: pa.DataType) -> pa.DataType:
    """The Arrow type whose values a Row carries: text for what it has no type of its own for."""
    if is_list(kind):
        return pa.list_(_carried(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_carried(field.type)) for field in kind])
    if is_binary(kind):
        return pa.binary()
    if pa.types.is_boolean(kind) or pa.types.is_floating(kind):
        return kind
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return _WIDER.get(kind, kind)
    return pa.string()


_WIDER = {
    pa.int8(): pa.int16(),
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
}


def _row_type(fields: Any) -> Any:
    hints = [
        (field.name, _or_none(_hint(field.type)) if field.nullable else _hint(field.type))
        for field in fields
    ]
    return RowTypeConstraint.from_fields(hints)


def _hint(kind: pa.DataType) -> Any:
    if is_list(kind):
        return Sequence[_or_none(_hint(kind.value_type))]  # type: ignore[misc]
    if pa.types.is_struct(kind):
        return _row_type(kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return kind.to_pandas_dtype()
    return str if is_string(kind) else bytes if is_binary(kind) else bool


def _or_none(hint: Any) -> Any:
    return Optional[hint]  # noqa: UP045 (a type of Rows takes no `|`)


def _rows(batch: Batch, schema: pa.Schema) -> Iterator[Any]:
    data = batch.data.cast(schema)
    columns = [
        [_with_rows(value, column.type) for value in column.to_pylist()]
        if pa.types.is_nested(column.type)
        else column.to_pylist()
        for column in data.columns
    ]
    for values in zip(*columns, strict=True):
        yield Row(**dict(zip(schema.names, values, strict=True)))


def _with_rows(value: Any, kind: pa.DataType) -> Any:
    """A value in which dicts are Rows."""
    if value is None:
        return None
    if is_list(kind):
        return [_with_rows(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return Row(**{field.name: _with_rows(value[field.name], field.type) for field in kind})
    return value


_RECEIPT = RowTypeConstraint.from_fields(
    [
        *((name, str) for name in ("run", "policy", "day")),
        *((name, np.int64) for name in ("records", "released", "withheld", "quarantined")),
        ("receipt", str),
    ]
)


def _receipt_row(text: str) -> Any:
    receipt = Receipt.model_validate_json(text)
    counts = receipt.counts
    return Row(
        run=receipt.run,
        policy=receipt.policy,
        day=receipt.day.isoformat(),
        records=counts.in_,
        released=counts.released,
        withheld=counts.withheld,
        quarantined=counts.quarantined,
        receipt=text,
    )


def _plan_and_run(policy: str, project: str | None, run_id: str | None) -> tuple[Plan, str]:
    run = new_run_id(policy) if run_id is None else run_id
    check_run_id(run)
    return load_project(project).plan(policy), run


def _key_ref(plan: Plan, keys: str | None) -> KeyRef | None:
    """Where workers find the keys, of the epoch that is current when the pipeline is built."""
    if keys is None or not (plan.needs_keys or plan.asks_list):
        return None
    return KeyRef.current(keys if scheme_of(keys) else os.path.abspath(keys))


def _place(uri: str) -> str:
    """An address without a password; a path of this machine as an absolute one."""
    address = parse_address(uri)
    if isinstance(address, DatabaseAddress):
        user = uri.partition("://")[2].rpartition("@")[0]
        options = parse_qsl(uri.partition("?")[2], keep_blank_values=True)
        if ":" in user or any("password" in name for name, _value in options):
            raise UsageError(
                _(
                    "{address}: no password must stand in a YAML pipeline, which the job keeps: "
                    "libpq takes it from PGPASSFILE",
                    address=address.shown,
                )
            )
        return uri
    if not isinstance(address, PathAddress):
        raise UsageError(
            _(
                "{address}: `TamisRun` takes files or tables; `tamis run` runs a stream",
                address=address.shown,
            )
        )
    return uri if address.scheme else os.path.abspath(uri)


if __name__ == "__main__":
    print(PROVIDERS)
