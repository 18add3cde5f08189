"""`/metrics`, `/healthz` and `/readyz` over HTTP, in a thread of its own.

The server of the standard library answers; nothing that it is asked is logged, and what it answers
holds no value.
"""

import socket
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from tamis.errors import UsageError, os_problem
from tamis.language import _
from tamis.telemetry.health import Health

_PATIENCE_SECONDS = 5.0
"""How long a client may be silent."""


class Endpoint:
    """Answers at an address while the block runs.

    Args:
        host: name or number to listen at.
        port: its port; 0 for any that is free.
        registry: what `/metrics` shows.
        health: what `/healthz` and `/readyz` tell.

    Attributes:
        port: the port that it listens at.

    Raises:
        UsageError: it cannot listen there.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        kind = _Server6 if ":" in host else _Server
        try:
            self._server = kind((host, port), partial(_Handler, registry, health))
        except OSError as error:
            raise UsageError(
                _(
                    "--metrics: cannot listen at {host}:{port} ({problem})",
                    host=host,
                    port=port,
                    problem=os_problem(error),
                )
            ) from None
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    server_version = "tamis"
    sys_version = ""
    timeout = _PATIENCE_SECONDS

    def __init__(self, registry: CollectorRegistry, health: Health, *connection: Any) -> None:
        self._registry = registry
        self._health = health
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        match self.path.partition("?")[0]:
            case "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, encode(self._registry), kind)
            case "/healthz":
                self._tell(None if self._health.is_alive else self._health.problem)
            case "/readyz":
                self._tell(self._health.problem)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b"/metrics /healthz /readyz\n")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _tell(self, problem: str | None) -> None:
        if problem is None:
            self._answer(HTTPStatus.OK, b"ok\n")
        else:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{problem}\n".encode())

    def _answer(
        self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
