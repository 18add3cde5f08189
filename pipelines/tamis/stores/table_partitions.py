"""Tables of one run or one stream, which are partitions of the tables of a store."""

import hashlib
from collections.abc import Collection

from psycopg.sql import SQL, Composable, Identifier, Literal

from tamis.stores.database import Connection, execute
from tamis.stores.protocol import Attempt
from tamis.stores.table_layout import PIECE, Target


def staged_name(attempt: Attempt, target: Target) -> str:
    """The table in which an attempt stages the rows of an output."""
    digest = hashlib.sha256(f"{attempt.run}/{target.table}".encode()).hexdigest()[:12]
    return f"_tamis_{attempt.id}_{digest}"


def make_staged(
    connection: Connection, table: Composable, staged: Composable, target: Target, run: str
) -> None:
    """Make the table in which an attempt stages rows: as `table`, and the piece of each."""
    execute(connection, "CREATE TABLE {} (LIKE {})", staged, table)
    set_defaults(connection, staged, target)
    command = "ALTER TABLE {} ADD COLUMN {} bigint NOT NULL"
    execute(connection, command, staged, Identifier(PIECE))
    # With the check the server need not read the rows again when they are attached.
    command = "ALTER TABLE {} ADD CONSTRAINT one_run CHECK ({} = {})"
    execute(connection, command, staged, Identifier(target.run_column), Literal(run))


def take_in(connection: Connection, staged: Composable, pieces: Collection[int]) -> int:
    """Keep the rows of these pieces in a staged table and no others; how many there are."""
    execute(connection, "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", staged)
    column = Identifier(PIECE)
    query = "SELECT {}, count(*) FROM {} GROUP BY 1"
    found = execute(connection, query, column, staged).fetchall()
    counts = {int(str(piece)): int(str(rows)) for piece, rows in found}
    if others := sorted(set(counts) - set(pieces)):
        # Attempts at a bundle that failed, or whose answer was lost.
        command = "DELETE FROM {} WHERE {} = ANY(%s)"
        execute(connection, command, staged, column, values=(others,))
    execute(connection, "ALTER TABLE {} DROP COLUMN {}", staged, column)
    return sum(counts.get(piece, 0) for piece in set(pieces))


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
