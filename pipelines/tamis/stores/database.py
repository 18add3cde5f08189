"""Connections to a PostgreSQL database, made again where they are lost, and errors without values.

    postgresql://user:password@host/db?schema=S             a store
    postgresql://user:password@host/db?schema=S&table=T     an input

What libpq reads from its environment holds as well: `PGPASSWORD`, `PGPASSFILE`, `PGSERVICE`.
No password and no text of the server is ever shown: the text may quote a row.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import Cursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Composable, Identifier

from tamis.address import DatabaseAddress
from tamis.errors import RunError, UsageError
from tamis.language import N_, _
from tamis.waiting import Pauses

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

TIMEOUT_SECONDS = 60.0
"""How long a lost connection is tried to be made again."""

FIRST_TIMEOUT_SECONDS = 5.0
"""The same before a run has begun, when the address may as well be wrong."""

_SESSION = (
    "SET client_encoding = 'UTF8'; SET datestyle = 'ISO'; SET timezone = 'UTC'; "
    "SET bytea_output = 'hex'; SET standard_conforming_strings = on; "
    "SET synchronize_seqscans = off; SET client_min_messages = 'error'"
)
_REASONS = {
    "28": N_("refuses the user or the password"),
    "3D": N_("has no such database"),
    "42501": N_("refuses the user what this needs"),
    "53100": N_("has no space left on its disk"),
}
_FINAL_ERRORS = (
    "authentication",
    "no password",
    "does not exist",
    "pg_hba",
    "invalid",
    "certificate",
)
"""Parts of messages of a server that will not let the user in at another attempt either."""

T = TypeVar("T")


class Database:
    """A database, connected to on demand.

    Args:
        address: where it is.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        self.shown = address.shown
        self.schema = address.schema
        self._conninfo = address.conninfo

    def connect(self, seconds: float = TIMEOUT_SECONDS) -> Connection:
        """Connect in autocommit mode, trying for up to `seconds`.

        Raises:
            UsageError: the address is malformed.
            RunError: no server answers, or it refuses the user.
        """
        pauses = Pauses(seconds, first=0.25)
        while True:
            try:
                usual = {"connect_timeout": max(2, int(seconds)), "application_name": "tamis"}
                options: dict[str, Any] = {**usual, **conninfo_to_dict(self._conninfo)}
                connection = psycopg.connect(make_conninfo("", **options), autocommit=True)
                connection.execute(_SESSION)
                return connection
            except psycopg.ProgrammingError:
                raise UsageError(
                    _("{address}: is no address of a database", address=self.shown)
                ) from None
            except psycopg.OperationalError as error:
                text = str(error).lower()
                is_starting = "starting up" in text or "shutting down" in text
                if any(part in text for part in _FINAL_ERRORS) and not is_starting:
                    raise RunError(
                        _(
                            "{address}: the server refuses the user, the password or the "
                            "database, or the address is wrong; nothing is committed",
                            address=self.shown,
                        )
                    ) from None
            if not pauses.wait(f"{self.shown}: " + _("cannot be reached")):
                raise RunError(
                    _(
                        "{address}: the database cannot be reached; nothing is committed",
                        address=self.shown,
                    )
                )

    def retry(self, act: Callable[[Connection], T], seconds: float = TIMEOUT_SECONDS) -> T:
        """Call `act` with a new connection, again while the connection is lost, for `seconds`.

        Each call must give the same as the first one, for an earlier one may have succeeded.

        Raises:
            RunError: the server refused something, or the database stayed away.
        """
        with closing(KeptConnection(self, seconds)) as connection:
            return connection.retry(act)

    @contextmanager
    def value_free(self) -> Iterator[None]:
        """Replace errors of the server by ones without its text, which may quote a value.

        Raises:
            RunError: the server refused something.
            psycopg.OperationalError: the connection was lost.
        """
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            is_lost = isinstance(error, psycopg.OperationalError) and state[:2] not in ("53", "28")
            if is_lost or state[:3] == "57P":
                raise psycopg.OperationalError("connection lost") from None
            reason = _REASONS.get(state) or _REASONS.get(state[:2])
            problem = (
                _(reason)
                if reason
                else _("refuses a command (SQLSTATE {state})", state=state or "unknown")
            )
            raise RunError(
                _(
                    "{address}: the database {problem}; nothing is committed",
                    address=self.shown,
                    problem=problem,
                )
            ) from None


class KeptConnection:
    """A connection that is made when it is first needed, and again after it was lost.

    Args:
        database: where to.
        seconds: how long an attempt may be repeated.
    """

    def __init__(self, database: Database, seconds: float = TIMEOUT_SECONDS) -> None:
        self._database = database
        self._seconds = seconds
        self._connection: Connection | None = None

    def retry(self, act: Callable[[Connection], T]) -> T:
        """See `Database.retry`."""
        pauses = Pauses(self._seconds, first=0.25, longest=0.25)
        while True:
            if self._connection is None:
                self._connection = self._database.connect(self._seconds)
            try:
                with self._database.value_free():
                    return act(self._connection)
            except psycopg.OperationalError:
                self.close()
            if not pauses.wait(f"{self._database.shown}: " + _("the connection was lost")):
                raise RunError(
                    _(
                        "{address}: the connection was lost again and again; nothing is committed",
                        address=self._database.shown,
                    )
                )

    def close(self) -> None:
        """Close the connection if there is one."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None


def execute(
    connection: Connection,
    command: LiteralString,
    *parts: Composable,
    values: Sequence[object] = (),
) -> Cursor[tuple[object, ...]]:
    """Execute a command.

    Args:
        connection: where.
        command: with `{}` for each part and `%s` for each value.
        parts: identifiers, literals and other parts of the command itself.
        values: sent beside the command.
    """
    return connection.execute(SQL(command).format(*parts), values or None)


def has_table(connection: Connection, table: Identifier) -> bool:
    """Whether there is such a table."""
    query = "SELECT to_regclass(%s) IS NOT NULL"
    return execute(connection, query, values=(table.as_string(),)).fetchone() == (True,)


def column_types(connection: Connection, table: Identifier) -> dict[str, str]:
    """By column of a table, its type as PostgreSQL spells it; empty if there is no such table."""
    rows = execute(
        connection,
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        values=(table.as_string(),),
    )
    return {str(name): str(kind) for name, kind in rows.fetchall()}


def try_lock(connection: Connection, name: str) -> bool:
    """Whether the connection holds the lock `name` of this database from now on."""
    query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 37))"
    return execute(connection, query, values=(f"tamis/{name}",)).fetchone() == (True,)


@contextmanager
def alone(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock of this database up to the end of the transaction."""
    query = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 37))"
    execute(connection, query, values=(f"tamis/{name}",))
    yield
