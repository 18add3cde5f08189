"""A PostgreSQL database by URI: connections, retried where that helps, and messages without values.

    postgresql://user:password@host/db?schema=S             a store
    postgresql://user:password@host/db?schema=S&table=T     an input

What libpq reads from its environment holds as well: `PGPASSWORD`, `PGPASSFILE`, `PGSERVICE`.
No password and no text of the server is ever shown: the text may quote a row.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from tamis.address import DatabaseAddress, require_driver
from tamis.errors import RunError, UsageError

if TYPE_CHECKING:
    import psycopg

Connection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"

PATIENCE_SECONDS = 60.0
"""How long a database that went away is waited for."""

FIRST_PATIENCE_SECONDS = 5.0
"""How long it is waited for before a run has begun: then a wrong address is as likely."""

_SESSION = (
    "SET client_encoding = 'UTF8'; SET datestyle = 'ISO'; SET timezone = 'UTC'; "
    "SET bytea_output = 'hex'; SET standard_conforming_strings = on; "
    "SET synchronize_seqscans = off; SET client_min_messages = 'error'"
)
_WRONG = {
    "28": "refuses the user or the password",
    "3D": "has no such database",
    "42501": "refuses the user what this needs",
    "53100": "has no space left on its disk",
}
_HOPELESS = ("authentication", "no password", "does not exist", "pg_hba", "invalid", "certificate")

_log = logging.getLogger("tamis")
T = TypeVar("T")


class Database:
    """A database, connected to on demand.

    Args:
        address: where it is.

    Raises:
        UsageError: the driver is not installed.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        require_driver(address, "postgres")
        self.shown = address.shown
        self.schema = address.schema
        self.table = address.table
        self._conninfo = address.conninfo

    @classmethod
    def of(cls, uri: str) -> "Database":
        """The database at `uri`."""
        return cls(DatabaseAddress.of(uri))

    def connect(self, patience: float = PATIENCE_SECONDS) -> "Connection":
        """A connection without a transaction, waited for up to `patience` seconds.

        Raises:
            UsageError: the address is none.
            RunError: nobody answers there, or the user is not let in.
        """
        import psycopg

        until, pause = time.monotonic() + patience, 0.25
        while True:
            try:
                connection = psycopg.connect(
                    self._conninfo,
                    autocommit=True,
                    connect_timeout=max(2, int(patience)),
                    application_name="tamis",
                )
                connection.execute(_SESSION)
                return connection
            except psycopg.ProgrammingError:
                raise UsageError(f"{self.shown}: is no address of a database") from None
            except psycopg.OperationalError as error:
                text = str(error).lower()
                starting = "starting up" in text or "shutting down" in text
                if any(one in text for one in _HOPELESS) and not starting:
                    raise RunError(
                        f"{self.shown}: the server refuses the user, the password or the "
                        "database, or the address is wrong; nothing is committed"
                    ) from None
                if time.monotonic() + pause > until:
                    raise RunError(
                        f"{self.shown}: the database cannot be reached; nothing is committed"
                    ) from None
            _log.warning("%s: cannot be reached, trying again in %.1f s", self.shown, pause)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def retry(self, act: Callable[["Connection"], T], patience: float = PATIENCE_SECONDS) -> T:
        """What `act` gives on a new connection, begun again while the database goes away.

        `act` must not mind that an earlier attempt may have succeeded.

        Raises:
            RunError: it failed, or the database stayed away.
        """
        import psycopg

        until = time.monotonic() + patience
        while True:
            connection = self.connect(patience)
            try:
                with connection, self.told():
                    return act(connection)
            except psycopg.OperationalError:
                self.pause(until)

    def pause(self, until: float) -> None:
        """Tell that the connection was lost, and wait a moment before the next attempt.

        Args:
            until: when to give up, on the clock of `time.monotonic`.

        Raises:
            RunError: it is later than that.
        """
        if time.monotonic() > until:
            raise RunError(
                f"{self.shown}: the connection was lost again and again; nothing is committed"
            ) from None
        _log.warning("%s: the connection was lost, trying again", self.shown)
        time.sleep(0.25)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell an error of the server without its text; let lost connections through.

        Raises:
            RunError: the server refused something.
            psycopg.OperationalError: the connection was lost.
        """
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            gone = isinstance(error, psycopg.OperationalError) and state[:2] not in ("53", "28")
            if gone or state[:3] == "57P":
                raise psycopg.OperationalError("connection lost") from None
            why = _WRONG.get(state) or _WRONG.get(state[:2])
            said = why or f"refuses a command (SQLSTATE {state or 'unknown'})"
            raise RunError(f"{self.shown}: the database {said}; nothing is committed") from None


def quoted(*names: str) -> str:
    """An identifier, qualified where several names are given.

    Example:
        >>> print(quoted("public", 'le "pivot" 1'))
        "public"."le ""pivot"" 1"
    """
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A text constant.

    Example:
        >>> print(literal("besoin d'en connaître"))
        'besoin d''en connaître'
    """
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
