"""What `tamis diff` says to those who read: what a changed schema allows, and the `ALTER TABLE`.

what readers find
  feed/droits: backward: who reads by the new schema reads earlier rows too; who reads by …
    age: is int64 in place of int16
    ALTER TABLE "feed__droits" ALTER COLUMN "age" TYPE bigint;
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tamis.diff.readers import ChangedContract
from tamis.language import N_, _

if TYPE_CHECKING:
    import pyarrow as pa

TITLE = N_("what readers find")
_LEAVES = N_("column {column} is no longer filled: rows of earlier runs keep it until you decide")


def contract_json(contract: ChangedContract) -> dict[str, Any]:
    """A release whose schema changed, as a JSON object."""
    return {
        "policy": contract.policy,
        "release": contract.release,
        "compatibility": contract.compatibility,
        "changes": [change.as_json() for change in contract.changes],
        "sql": list(_commands(contract)),
    }


def title_of(contract: ChangedContract) -> str:
    """A release, what its change is called, and what that means."""
    from tamis.contract.compatibility import COMPATIBILITY_WORDS

    level = contract.compatibility
    name = f"{contract.policy}/{contract.release}"
    return name + _(": ") + level + _(": ") + _(COMPATIBILITY_WORDS[level])


def lines_of(contract: ChangedContract) -> Iterator[str]:
    """What changes for readers, and what a table in PostgreSQL needs before the next run."""
    for change in contract.changes:
        yield change.path + _(": ") + change.text if change.path else change.text
    yield from _commands(contract)


def _commands(contract: ChangedContract) -> Iterator[str]:
    """The commands that the table needs; what would lose values only as a comment of SQL.

    A release of another name has another table, which the first run makes.
    """
    from tamis.stores.column_changes import column_changes, quoted
    from tamis.stores.table_layout import table_name

    if contract.is_renamed:
        return
    table = quoted(table_name(contract.policy, contract.release))
    for change in column_changes(table, _types(contract.old), _types(contract.new)):
        if change.loses_nothing:
            yield change.command
        elif change.kind == "drop":
            yield "-- " + _(_LEAVES, column=change.column)
        else:
            yield f"-- {change.command}"


def _types(schema: "pa.Schema") -> dict[str, str]:
    from tamis.formats.postgres_copy import column_type

    return {field.name: column_type(field.type) for field in schema}
