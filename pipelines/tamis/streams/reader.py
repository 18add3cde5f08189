"""`Reader`: the source of a stream. It gives messages and acknowledges what is committed."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping

from tamis.errors import RunError
from tamis.streams.messages import MicroBatch

_log = logging.getLogger(__name__)


class Reader(ABC):
    """Where messages come from.

    Args:
        source: the address without credentials.

    Attributes:
        is_away: whether the source does not answer, and is waited for.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.is_away = False

    @abstractmethod
    def open(self, positions: Mapping[int, int]) -> None:
        """Begin to read: each partition at its position, or where the address says.

        Raises:
            UsageError: there is no such source.
            RunError: it cannot be reached, or messages at `positions` are gone.
        """

    @abstractmethod
    def read(self) -> MicroBatch | None:
        """Return the next messages, or None if none come for a moment.

        Raises:
            RunError: the source cannot be read any more.
        """

    @abstractmethod
    def acknowledge(self, positions: Mapping[int, int], *, wait: bool = False) -> None:
        """Tell the source that what stands before `positions`, by partition, is committed."""

    @property
    @abstractmethod
    def lag(self) -> Mapping[int, int] | None:
        """By partition, number of messages that wait to be read; None if the source is silent."""

    @property
    @abstractmethod
    def caught_up(self) -> bool:
        """Whether all messages that were there when reading began have been read."""

    @abstractmethod
    def close(self) -> None:
        """Stop reading. Messages that were not acknowledged come again."""

    def _error(self, message: str) -> RunError:
        return RunError(f"{self.source}: {message}")

    def _warn(self, message: str) -> None:
        _log.warning("%s: %s", self.source, message)
