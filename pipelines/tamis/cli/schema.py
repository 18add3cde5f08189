"""`tamis schema`: what a policy releases, as readers, registries and databases take a schema.

tamis schema evaluation-cpf --format avro -o evaluation.avsc
tamis schema evaluation-cpf --store postgresql://host/db --apply
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tamis.address import DatabaseAddress, parse_store, require_driver
from tamis.cli.output import write_file
from tamis.documents.project import Documents
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan, PlanRelease
from tamis.tables import Table, print_table

if TYPE_CHECKING:
    from tamis.contract.schema import Contract

SchemaFormat = Literal["arrow", "json-schema", "avro"]


def schema_command(
    documents: Documents,
    policy: str,
    *,
    release: str | None,
    format: SchemaFormat | None,
    output: Path | None,
    on: str | None,
    store: str | None = None,
    apply: bool = False,
) -> int:
    """Print or write the schema of what a policy releases on a day; 0.

    Where `store` is a database, what its tables need is printed in place of a schema. Arrow is
    printed as a table, or written as an IPC file without rows.

    Raises:
        UsageError: there is no such policy or release, an Arrow file is asked for and the policy
            has several releases, or the file cannot be written.
        DocumentError: a document is wrong, or the policy violates a rule on that day.
    """
    from tamis.contract.schema import contract_of

    if apply and store is None:
        raise UsageError(_("--apply: is for --store"))
    if store is not None and (output is not None or format is not None):
        raise UsageError(_("--store: takes neither --format nor --output"))
    plan, releases = _chosen(documents, policy, release, on)
    if store is not None:
        address = parse_store(store)
        if not isinstance(address, DatabaseAddress):
            raise UsageError(
                _("{store}: --store expected a database, got a folder", store=address.shown)
            )
        require_driver(address, "postgres")
        from tamis.cli.schema_store import store_command

        return store_command(plan, release, address, apply)
    contracts = [contract_of(plan, each) for each in releases]
    if format in (None, "arrow"):
        if output is None:
            _print_columns(contracts)
            return 0
        if len(contracts) > 1:
            known = ", ".join(f"`{contract.release}`" for contract in contracts)
            raise UsageError(
                _(
                    "policy `{policy}`: a file of Arrow has one schema, choose one of {known} by "
                    "--release",
                    policy=policy,
                    known=known,
                )
            )
        write_file(output, _as_file(contracts[0].schema))
        return 0
    if format == "avro":
        from tamis.contract.avro_schema import avro_schema

        made: object = avro_schema(contracts)
    else:
        from tamis.contract.json_schema import json_schema

        made = json_schema(contracts)
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text.encode())
    return 0


def _chosen(
    documents: Documents, policy: str, release: str | None, on: str | None
) -> tuple[Plan, list[PlanRelease]]:
    from tamis.cli.day import read_day
    from tamis.plan.by_release import ByRelease

    plan = compile_plan(documents, policy, read_day(on))
    known = ByRelease({each.id: each for each in plan.releases})
    return plan, [known[release]] if release is not None else list(known.values())


def _print_columns(contracts: "Iterable[Contract]") -> None:
    from tamis.contract.schema import fields_of

    header = (_("column"), _("type"), _("can be null"), _("comment"))
    for contract in contracts:
        rows = [
            (path, kind, _("yes") if nullable else _("never"), comment)
            for path, kind, nullable, comment in fields_of(contract.schema)
        ]
        print_table(Table(header, rows, title=contract.comment))


def _as_file(schema: object) -> bytes:
    """An Arrow schema as an IPC file without rows."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    pa.ipc.new_file(sink, schema).close()
    return bytes(sink.getvalue())
