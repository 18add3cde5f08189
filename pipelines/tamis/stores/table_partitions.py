"""Tables of one run or one stream, which are partitions of the tables of a store."""

import hashlib

from psycopg.sql import SQL, Composable, Identifier, Literal

from tamis.stores.database import Connection, execute
from tamis.stores.protocol import Attempt
from tamis.stores.table_layout import Target


def staged_name(attempt: Attempt, target: Target) -> str:
    """The table in which an attempt stages the rows of an output."""
    digest = hashlib.sha256(f"{attempt.run}/{target.table}".encode()).hexdigest()[:12]
    return f"_tamis_{attempt.id}_{digest}"


def make_part(connection: Connection, table: Composable, part: Composable, target: Target) -> None:
    """Make the table of one run: as `table`, with its key and its constants."""
    execute(connection, "CREATE TABLE {} (LIKE {})", part, table)
    make_key(connection, part, target)
    set_defaults(connection, part, target)


def make_key(connection: Connection, part: Composable, target: Target) -> None:
    """Key the table of one run by the places of its rows, where they have some."""
    if target.key:
        key = SQL(", ").join(map(Identifier, target.key))
        execute(connection, "ALTER TABLE {} ADD PRIMARY KEY ({})", part, key)


def set_defaults(connection: Connection, part: Composable, target: Target) -> None:
    """Set the columns which are the same in all rows of a run."""
    for name, value in target.constants.items():
        execute(
            connection,
            "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}",
            part,
            Identifier(name),
            Literal(value),
        )


def attach(connection: Connection, table: Composable, part: Composable, run: str) -> None:
    """Make `part` the partition of `table` that holds `run`."""
    command = "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})"
    execute(connection, command, table, part, Literal(run))
