"""Where events go: to a file, over HTTP, or where the client's own configuration says.

A sender stops no run: events are sent by a thread of its own, one that cannot be sent is told once,
and at the end a run waits for a few seconds at most.
"""

import logging
import queue
import threading

from openlineage.client import OpenLineageClient, event_v2
from openlineage.client.facet_v2 import set_producer

from tamis.errors import UsageError
from tamis.evidence.receipt import tool_version
from tamis.interrupts import Interrupted
from tamis.language import _
from tamis.lineage.target import client_config, shown_target

_log = logging.getLogger(__name__)

_WAITING = 10.0
"""Seconds for which a run that is done waits until its events are sent."""

_MOST = 100
"""Events that wait to be sent at most; one more is dropped."""


class Sender:
    """Sends events, in order, while the run goes on.

    Args:
        target: `file:PATH`, an address of HTTP, or empty: as OpenLineage's environment says.

    Raises:
        UsageError: it is no such address, or OpenLineage's configuration is wrong.

    Attributes:
        version: of Tamis, by which events are produced.
    """

    def __init__(self, target: str) -> None:
        self._shown = shown_target(target)
        self.version = tool_version().rpartition(" ")[2]
        set_producer(f"urn:tamis:{self.version}")
        config = client_config(target)
        # What the client logs may quote its configuration; what goes wrong is told here, once.
        for name in ("openlineage", "urllib3.connectionpool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = OpenLineageClient(config=config)
        except Exception as error:
            # Its text may hold a token.
            raise UsageError(
                _(
                    "{target}: OpenLineage's configuration is wrong ({kind})",
                    target=self._shown,
                    kind=type(error).__name__,
                )
            ) from None
        named = (self._client.config.transport or {}).get("type")
        if self._client.transport.kind == "console" != named:
            raise UsageError(
                _("{target}: there is no such file, or it names no transport", target=self._shown)
            )
        self._events: queue.Queue[event_v2.RunEvent | None] = queue.Queue(_MOST)
        self._told = False
        self._thread = threading.Thread(target=self._send, name="lineage", daemon=True)
        self._thread.start()

    def send(self, event: event_v2.RunEvent) -> None:
        """Let `event` be sent; at once this does nothing but note it."""
        try:
            self._events.put_nowait(event)
        except queue.Full:
            self._tell(_("too many events wait"))

    def close(self, seconds: float = _WAITING) -> None:
        """Wait until all is sent, for `seconds` at most, and no longer once a signal comes.

        What the command does is done by then, so that the signal changes its exit code no more.
        """
        try:
            self._events.put_nowait(None)
        except queue.Full:
            return
        try:
            self._thread.join(seconds)
        except Interrupted:
            self._tell(_("a signal ended the wait for it"))
            return
        if self._thread.is_alive():
            self._tell(_("it does not answer"))

    def _send(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._client.emit(event)
            except Exception as error:
                # Its text may hold the address with a password, or what a proxy answered.
                self._tell(type(error).__name__)

    def _tell(self, why: str) -> None:
        if not self._told:
            self._told = True
            _log.warning(
                _(
                    "{target}: lineage cannot be told ({reason}); the run goes on, and this is not "
                    "told again",
                    target=self._shown,
                    reason=why,
                )
            )
