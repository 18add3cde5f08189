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

_SETTINGS: LiteralString = (
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL datestyle = 'ISO'; "
    "SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; "
    "SET LOCAL standard_conforming_strings = on; SET LOCAL synchronize_seqscans = off; "
    "SET LOCAL client_min_messages = 'error'"
)
"""Of a transaction, not of the session: a pooler may give the next one to another session, and a
role's own `search_path` would have its functions called in the place of the server's."""

_REASONS = {
    "0A": N_("does not do this as long as a view or another object depends on what it changes"),
    "28": N_("refuses the user or the password"),
    "3D": N_("has no such database"),
    "42501": N_("refuses the user what this needs"),
    "53100": N_("has no space left on its disk"),
}
_FINAL_ERRORS = (
    "authentication",
    "does not exist",
    "pg_hba",
    "invalid",
    "certificate",
)
"""Parts of messages of a server that will not let the user in at another attempt either."""

T = TypeVar("T")


class Database:
    """A database, connected to on demand."""

    def __init__(self, address: DatabaseAddress) -> None:
        self.shown = address.shown
        self.schema = address.schema
        self.creates_schema = address.creates_schema
        self.triggers = address.triggers
        self._conninfo = address.conninfo
        self._snapshot: Connection | None = None

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
                return psycopg.connect(
                    make_conninfo("", **options, client_encoding="UTF8"),
                    autocommit=True,
                    prepare_threshold=None,  # a pooler may hand another session what was prepared
                )
            except psycopg.ProgrammingError:
                raise UsageError(
                    _("{address}: is no address of a database", address=self.shown)
                ) from None
            except psycopg.OperationalError as error:
                text = str(error).lower()
                if "no password" in text:
                    raise RunError(
                        _(
                            "{address}: the server asks for a password: workers in other "
                            "processes have it from PGPASSWORD or a passfile, not from the address",
                            address=self.shown,
                        )
                    ) from None
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
        """Call `act` in a transaction, again while the connection is lost, for `seconds`.

        Each call must give the same as the first one, for an earlier one may have succeeded.

        Raises:
            RunError: the server refused something, or the database stayed away.
        """
        if self._snapshot is not None:
            with self._lost_is_final(), self.value_free():
                return act(self._snapshot)
        with closing(KeptConnection(self, seconds)) as connection:
            return connection.retry(act)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the database in one state while the block runs, whoever writes to it meanwhile.

        Raises:
            RunError: the connection was lost, or the server refused something.
        """
        mode: LiteralString = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        with (
            closing(self.connect(FIRST_TIMEOUT_SECONDS)) as connection,
            self._lost_is_final(),
            self.value_free(),
            transaction(connection, mode),
        ):
            self._snapshot = connection
            try:
                yield
            finally:
                self._snapshot = None

    @contextmanager
    def _lost_is_final(self) -> Iterator[None]:
        try:
            yield
        except psycopg.OperationalError:
            raise RunError(
                _("{address}: the connection was lost while reading", address=self.shown)
            ) from None

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
                else _("refuses a command (SQLSTATE {state})", state=state or _("unknown"))
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
        pauses = Pauses(self._seconds, first=0.25, longest=0.25)
        while True:
            if self._connection is None:
                self._connection = self._database.connect(self._seconds)
            try:
                with self._database.value_free(), transaction(self._connection):
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


@contextmanager
def transaction(connection: Connection, mode: LiteralString = "") -> Iterator[None]:
    """Run the block in a transaction, in which no name is looked up but in `pg_catalog`."""
    with connection.transaction():
        if mode:
            connection.execute(mode)
        connection.execute(_SETTINGS)
        yield


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


_TRUST: LiteralString = """
WITH RECURSIVE own(role) AS (
    SELECT oid FROM pg_roles WHERE rolname = current_user
    UNION SELECT roleid FROM pg_auth_members JOIN own ON member = role
)
SELECT relowner IN (SELECT role FROM own), relkind IN ('r', 'p') AND NOT relforcerowsecurity,
    ARRAY(
        SELECT tgname::text FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal
        UNION ALL SELECT rulename::text FROM pg_rewrite WHERE ev_class = pg_class.oid
    )
FROM pg_class WHERE oid = to_regclass(%s)
"""


def check_trusted(connection: Connection, database: Database, table: Identifier) -> bool:
    """Check that nobody else put a table there, or code that would run with Tamis' rights.

    Returns:
        Whether there is such a table.

    Raises:
        UsageError: its owner is neither the role that is connected nor one that it is a member
            of, it is a view, or it has a trigger or a rule that the address does not name.
    """
    row = execute(connection, _TRUST, values=(table.as_string(),)).fetchone()
    if row is None:
        return False
    is_own, is_plain, names = row
    assert isinstance(names, list)
    where = {"store": database.shown, "table": table.as_string()}
    if not is_own:
        raise UsageError(
            _(
                "{store}: {table} belongs to another role than the one that is connected, or one "
                "that it is a member of; it is neither read nor written",
                **where,
            )
        )
    if not is_plain:
        raise UsageError(_("{store}: {table} must be a table of rows that all are seen", **where))
    for name in sorted(set(map(str, names)) - database.triggers):
        raise UsageError(
            _(
                "{store}: {table} has the trigger or rule {name}, which would run with the rights "
                "of the role that is connected; drop it, or allow it by `triggers={name}` in the "
                "address",
                **where,
                name=name,
            )
        )
    return True


def try_lock(connection: Connection, name: str) -> bool:
    """Whether the connection holds the lock `name` of this database from now on."""
    query = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(%s, 37))"
    return execute(connection, query, values=(f"tamis/{name}",)).fetchone() == (True,)


@contextmanager
def alone(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock of this database up to the end of the transaction."""
    query = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(%s, 37))"
    execute(connection, query, values=(f"tamis/{name}",))
    yield
