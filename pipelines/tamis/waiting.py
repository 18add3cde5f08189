"""Pauses between attempts at something that may succeed later: a lock, a database, a broker."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from tamis.errors import RunError
from tamis.language import _

_log = logging.getLogger(__name__)

SILENT_SECONDS = 5.0
"""Time after which it is told that an answer is waited for."""

ANSWER_SECONDS = 30.0
"""Time within which something that is asked for the first time must answer."""

AnswerT = TypeVar("AnswerT")


def answer_of(ask: Callable[[], AnswerT], asked: str) -> AnswerT:
    """What `ask` returns or raises, if it does so in time, and whatever a library would wait.

    The thread that asks is left behind where it does not, and does not keep the process.

    Args:
        ask: asks for something.
        asked: what is asked, without credentials.

    Raises:
        RunError: it did not answer within `ANSWER_SECONDS`.

    Example:
        >>> answer_of(lambda: 7, "s3://bucket")
        7
    """
    answer: Future[AnswerT] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    thread = threading.Thread(target=run, name="asking", daemon=True)
    thread.start()
    thread.join(SILENT_SECONDS)
    if thread.is_alive():
        _log.warning(
            _(
                "{address}: no answer yet, waiting for {seconds:.0f} s at most",
                address=asked,
                seconds=ANSWER_SECONDS,
            )
        )
        thread.join(ANSWER_SECONDS - SILENT_SECONDS)
    if thread.is_alive():
        raise RunError(
            _(
                "{address}: no answer within {seconds:.0f} s: is there a network, and a proxy that "
                "leads there?",
                address=asked,
                seconds=ANSWER_SECONDS,
            )
        )
    return answer.result()


class Pauses:
    """Pauses between attempts, each twice as long as the one before, for a time or while wanted.

    Args:
        seconds: time after which no attempt is worth while; None for no limit.
        first: length of the first pause in seconds.
        longest: length that no pause exceeds.
        is_wanted: asked before each pause; False ends the attempts.

    Example:
        >>> answers = iter([False, False, True])
        >>> pauses = Pauses(60, first=0.001)
        >>> while not (ready := next(answers)) and pauses.wait():
        ...     pass
        >>> ready
        True
    """

    def __init__(
        self,
        seconds: float | None = None,
        *,
        first: float = 0.1,
        longest: float = 5.0,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._next = first
        self._longest = longest
        self._is_wanted = is_wanted
        self._end = None if seconds is None else time.monotonic() + seconds

    def wait(self, why: str = "") -> bool:
        """Wait before the next attempt.

        Args:
            why: what went wrong, logged as a warning with the length of the pause; empty for none.

        Returns:
            False, at once, if the time would be over after the pause, or nobody wants to go on.
        """
        pause = self._next
        is_over = self._end is not None and time.monotonic() + pause > self._end
        if is_over or not self._is_wanted():
            return False
        if why:
            _log.warning(
                _("{problem}, trying again in {seconds:.1f} s", problem=why, seconds=pause)
            )
        time.sleep(pause)
        self._next = min(2 * pause, self._longest)
        return True
