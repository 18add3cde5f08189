"""`tamis schema POLICY --store URI`: the `ALTER TABLE` that the tables of a store need, as SQL.

-- droits: quotite is numeric(12,2) and was numeric(9,2), which it holds all of
ALTER TABLE "public"."dsn_droits__droits" ALTER COLUMN "quotite" TYPE numeric(12,2);
"""

from collections.abc import Iterator

from tamis.address import DatabaseAddress
from tamis.language import N_, _, ngettext, printable
from tamis.plan.plan import Plan
from tamis.stores.column_changes import ColumnChange
from tamis.stores.table_definitions import TableChanges, find_all_changes
from tamis.stores.tables import TableStore

_WORDS = {
    "add": N_("{column} is new, and null in rows of earlier runs"),
    "widen": N_("{column} is {after} and was {before}, all of whose values it holds"),
    "retype": N_(
        "{column} is {after} and was {before}: no run writes into this table as it is. Rename it, "
        "and the next run makes another, or alter it by hand, with what becomes of earlier values "
        "after USING"
    ),
    "drop": N_(
        "{column} is not released: rows of earlier runs keep it, for as long as R. 6323-39 lets "
        "these rows be kept. Where it should never have been released, `tamis withdraw` takes "
        "those runs out; where nobody needs it any more, drop it, which `tamis verify` then tells "
        "of those runs"
    ),
}


def store_command(plan: Plan, release: str | None, address: DatabaseAddress, applies: bool) -> int:
    """Print what the tables at `address` need to take what `plan` releases, and run it if asked to.

    What would lose values is printed as a comment, and never run.

    Returns:
        0 where a run finds tables as it needs them, or makes them; else 1.

    Raises:
        UsageError: a table there is another's.
        RunError: the database cannot be reached or refuses something; nothing was altered.
    """
    store = TableStore(address)
    found = find_all_changes(store, plan, applies=applies)
    chosen = [table for table in found if release in (None, table.release)]
    for table in chosen:
        for line in _lines(table):
            print(printable(line))
    is_blocked = any(table.is_blocked for table in found)
    needs = [table for table in chosen if any(change.kind != "drop" for change in table.changes)]
    if is_blocked:
        print("-- " + _("nothing is altered until that is decided"))
    elif applies:
        print("-- " + ngettext("{count} table altered", "{count} tables altered", len(needs)))
    return 1 if needs and (is_blocked or not applies) else 0


def _lines(table: TableChanges) -> Iterator[str]:
    if not table.is_there:
        yield "-- " + _("{table} is not there yet: the first run makes it", table=table.table)
    elif not table.changes:
        yield "-- " + _("{table} is as the release needs it", table=table.table)
    for change in table.changes:
        yield f"-- {table.release}: " + _words(change)
        yield change.command if change.loses_nothing else f"-- {change.command}"


def _words(change: ColumnChange) -> str:
    text = _(_WORDS[change.kind])
    return text.format(column=change.column, before=change.before, after=change.after)
