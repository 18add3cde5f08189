"""Whether a stream is alive, and whether it is ready: it has begun, goes on, and is not far behind.

A stream that waits for a broker or a database is alive, since nothing is mended by starting it
again, and is not ready once it has waited for a while. What it is behind is known as of the last
answer of its broker.
"""

import logging
import time
from collections.abc import Mapping

from tamis.errors import TamisError
from tamis.language import _
from tamis.telemetry.listener import RunListener, StartedRun

STALLED_SECONDS = 60.0
"""Time after which a stream that makes no turn is not ready: source or sink is waited for."""

_OVER = 2
"""An alarm is over once the lag is at most the limit divided by this: else it would come and go."""

_log = logging.getLogger(__name__)


class Health(RunListener):
    """Tells whether a stream is alive and ready, and logs when it falls behind and catches up.

    Args:
        policy: its name, for the log.
        max_lag: messages, or files of a watched folder, that may wait; None for any number.

    Attributes:
        is_alive: whether it has not failed.

    Example:
        >>> health = Health("evaluation-cpf", max_lag=1_000)
        >>> health.problem
        'it has not begun to read'
        >>> health.polled({0: 2_500})
        >>> health.problem
        '2500 behind; the alarm of --max-lag 1000 is over at half of that'
        >>> health.polled({0: 20})
        >>> health.problem is None
        True
    """

    def __init__(self, policy: str, max_lag: int | None = None) -> None:
        self.is_alive = True
        self._max_lag = max_lag
        self._policy = policy
        self._turned: float | None = None
        self._stalls = False
        self._behind: int | None = None

    @property
    def problem(self) -> str | None:
        """Why the stream is not ready; None if it is."""
        turned, behind = self._turned, self._behind  # which another thread changes
        if turned is None:
            return _("it has not begun to read") if self.is_alive else _("it failed")
        silent = time.monotonic() - turned
        if self._stalls and silent > STALLED_SECONDS:
            return _("it waits for its source or a commit for {seconds} s", seconds=int(silent))
        if behind is None:
            return None
        return _(
            "{count} behind; the alarm of --max-lag {limit} is over at half of that",
            count=behind,
            limit=self._max_lag,
        )

    def started(self, run: StartedRun) -> None:
        self._stalls = run.is_stream  # a round of files may take its time
        if run.is_stream:
            self._turned = None

    def polled(self, lag: Mapping[int, int] | None) -> None:
        self._turned = time.monotonic()
        if self._max_lag is None or lag is None:
            return
        behind = sum(lag.values())
        if behind > self._max_lag or (self._behind is not None and behind * _OVER > self._max_lag):
            if self._behind is None:
                text = _(
                    "{count} behind, more than --max-lag {limit}",
                    count=behind,
                    limit=self._max_lag,
                )
                self._log_alarm("lag.exceeded", text, logging.WARNING, behind)
            self._behind = behind
        elif self._behind is not None:
            self._behind = None
            text = _("{count} behind, the alarm is over", count=behind)
            self._log_alarm("lag.over", text, logging.INFO, behind)

    def completed(self) -> None:
        if self._stalls:
            self._turned = None

    def failed(self, error: TamisError) -> None:
        """See `RunListener`. Of a watched folder a round failed, which goes on."""
        if self._stalls:
            self._turned, self.is_alive = None, False

    def _log_alarm(self, event: str, text: str, level: int, behind: int) -> None:
        fields = {"event": event, "lag": behind}
        _log.log(level, "%s: %s", self._policy, text, extra={"fields": fields})
