"""A server of OpenLineage on loopback: it keeps what it is sent, and judges it by the schemas."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

SCHEMAS = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "schemas").glob("*.json"))
]
REGISTRY: Any = Registry().with_resources(
    [(schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS]
)


def problems(event: Any) -> list[str]:
    """What OpenLineage's schemas say against an event, and against each of its facets.

    The schema of an event takes any facet; each names the schema that it must follow itself.
    """
    found = _judge(event, event.get("schemaURL", "none"))
    for holder in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for kind in ("facets", "inputFacets", "outputFacets"):
            for name, facet in (holder.get(kind) or {}).items():
                found += [f"{name}: {text}" for text in _judge(facet, facet["_schemaURL"])]
    return found


def _judge(value: Any, schema: str) -> list[str]:
    validator = Draft202012Validator(
        {"$ref": schema}, registry=REGISTRY, format_checker=FormatChecker()
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


class Lineage:
    """What the server was sent.

    Attributes:
        url: where it answers.
        bodies: of the requests, as they came.
        paths: of each.
        headers: of each.
        status: what it answers.
        answers: set while it answers; it waits for that, for some seconds.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.status = 201
        self.answers = Event()
        self.answers.set()

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    @property
    def states(self) -> list[str]:
        return [event["eventType"] for event in self.events]

    @property
    def problems(self) -> list[str]:
        return [text for event in self.events for text in problems(event)]


@contextmanager
def serve() -> Iterator[Lineage]:
    """Serve on a free port of loopback while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            lineage.bodies.append(body)
            lineage.paths.append(self.path)
            lineage.headers.append(dict(self.headers))
            lineage.answers.wait(5)
            self.send_response(lineage.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            """Nothing on stderr, which tests read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    lineage = Lineage(server.server_port)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield lineage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
