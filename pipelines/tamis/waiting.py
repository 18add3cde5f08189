"""Pauses between attempts at something that may succeed later: a lock, a database, a broker."""

import logging
import time
from collections.abc import Callable

from tamis.language import _

_log = logging.getLogger(__name__)


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
