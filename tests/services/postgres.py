"""A PostgreSQL server of the tests' own: loopback, a free port, ended by its own process id.

Its programs are those on PATH or Debian's, which `apt-get` installs where the tests run as root.
The server refuses to run as root, so that it runs as `postgres` or `nobody` then.
Where it is missing a test is skipped, but fails on CI.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from .machine import found_or_installed, free_port

USER = "tamis"
PASSWORD = "mot-de-passe-secret"

_PATIENCE_SECONDS = 30.0
_PACKAGED = "/usr/lib/postgresql"


class Server:
    """A running server.

    Attributes:
        port: on 127.0.0.1.
    """

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs = programs
        self._folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def local_uri(self, database: str, **options: str) -> str:
        """The address of a database by a socket of the file system, which has no network."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        place = f"host={self._folder}&port={self.port}"
        return f"postgresql://{USER}:{PASSWORD}@/{database}?{place}&{query}"

    def uri(self, database: str = "postgres", **options: str) -> str:
        """The address of a database, with user and password."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        address = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"
        return f"{address}?{query}" if query else address

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(str(self._programs / "postgres"), "-D", str(self._folder / "data")),
                *("-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
                *("-c", f"unix_socket_directories={self._folder}", "-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "log").open("ab"),
            **_as_nobody(),
        )
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.uri(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT drops its clients, SIGQUIT as in a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None

    @property
    def data(self) -> Path:
        """The folder that holds all databases."""
        return self._folder / "data"

    def log(self) -> str:
        """What the server has logged."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def query(self, command: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Rows that a command gives."""
        with psycopg.connect(self.uri(database), autocommit=True) as connection:
            cursor = connection.execute(command.encode())
            return cursor.fetchall() if cursor.description else []

    def dump(self, database: str) -> str:
        """All tables of a database as text, their names and comments included."""
        done = subprocess.run(
            [str(self._programs / "pg_dump"), self.uri(database)], capture_output=True, check=True
        )
        return done.stdout.decode()


@contextmanager
def run_postgres() -> Iterator[Server]:
    """A server, made and started, and ended and removed at the end."""
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="tamis-postgres-"))
    try:
        identity = _as_nobody()
        if identity:
            os.chown(folder, identity["user"], identity["group"])
            folder.chmod(0o711)
        word = folder / "word"
        word.write_text(PASSWORD)
        if identity:
            os.chown(word, identity["user"], identity["group"])
        subprocess.run(
            [
                *(str(programs / "initdb"), "-D", str(folder / "data"), "-U", USER, "-N"),
                *("-A", "scram-sha-256", "--pwfile", str(word), "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **identity,
        )
        server = _start(programs, folder)
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(programs: Path, folder: Path) -> Server:
    """A server that has started, on another port where the first one was taken meanwhile."""
    for is_last in (False, False, True):
        server = Server(programs, folder, free_port())
        try:
            server.start()
        except psycopg.OperationalError:
            with suppress(ProcessLookupError):
                server.stop(signal.SIGQUIT)
            if is_last:
                raise RuntimeError(f"PostgreSQL does not start: {server.log()[-2000:]}") from None
        else:
            return server
    raise AssertionError("one is the last")


def find_programs() -> Path:
    """The folder of `initdb`, `postgres` and `pg_dump`, installed first where that is possible."""
    return found_or_installed(_which, "postgresql", "PostgreSQL")


def _which() -> Path | None:
    packaged = sorted(Path(_PACKAGED).glob("*/bin"), key=lambda one: int(one.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(packaged), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _as_nobody() -> dict[str, Any]:
    """Options for a process that must not be root's."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    return {}
