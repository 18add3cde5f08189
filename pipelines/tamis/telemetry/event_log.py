"""The events of a run in the log, for who reads it as JSON: what began, was committed, ended.

From its beginning on each line names the run or the stream. Why a run failed is
the command's own last line.
"""

import logging
from typing import Any

from tamis import log
from tamis.language import _
from tamis.telemetry.listener import Commit, RunListener, StartedRun

_log = logging.getLogger(__name__)


class EventLog(RunListener):
    """Logs `run.started` and `run.committed`; of a stream `stream.started` and `stream.ended`.

    What a stream commits is in the line of each of its periods, `stream.period`.
    """

    _kind = "run"

    def started(self, run: StartedRun) -> None:
        self._kind = "stream" if run.is_stream else "run"
        log.bind(**{self._kind: run.run})
        day = run.plan.day.isoformat()
        self._tell("started", _("{run} begins", run=run.run), plan=run.plan.sha256, day=day)

    def committed(self, commit: Commit) -> None:
        if commit.receipt is not None:
            text = _("run {run} committed", run=commit.run)
            self._tell("committed", text, **commit.figures)

    def completed(self) -> None:
        if self._kind == "stream":
            self._tell("ended", _("the session has ended"))

    def _tell(self, event: str, text: str, **fields: Any) -> None:
        _log.info(text, extra={"fields": {"event": f"{self._kind}.{event}", **fields}})
