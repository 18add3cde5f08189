"""What is logged, on stderr: as text, or as JSON.

Tamis logs no value of a record. What other libraries log or warn may quote one: as text it is
shown where Python shows it, as JSON it is withheld but for the name of its logger.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tamis import log
from tamis.language import _


class Formatter(logging.Formatter):
    """Formats a record without traceback, and without the names of files that name a person.

    A record may have `extra={"fields": {…}}`, which stand in JSON only.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        from tamis.formats.names import withhold_names

        text = _("a message of a library is withheld, for it may quote a value")
        if record.name.partition(".")[0] == "tamis":
            text = withhold_names(record.getMessage())
        fields = {"logger": record.name, **getattr(record, "fields", {})}
        return log.formatted(text, record.levelname.lower(), **fields)


@contextmanager
def show_log(level: int = logging.INFO) -> Iterator[None]:
    """Print what Tamis logs to stderr while the block runs, whatever Beam does to it."""
    logger = logging.getLogger("tamis")
    before = logger.level, logger.propagate
    handler = _handler()
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


def show_warnings() -> AbstractContextManager[None]:
    """Print what Tamis warns of to stderr while the block runs; as JSON all that it logs."""
    return show_log(logging.INFO if log.is_json() else logging.WARNING)


def log_as_json() -> None:
    """From now on, let each line of this process on stderr be a JSON object."""
    log.write_lines_as_json()
    handler = _handler()
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


def _log_thread(failure: threading.ExceptHookArgs) -> None:
    """Log that a thread failed, in place of its traceback, which may quote a cell."""
    text = _("{what} failed ({kind})", what=_("thread"), kind=failure.exc_type.__name__)
    logging.getLogger("tamis").warning(text)


def _handler() -> logging.Handler:
    handler = logging.StreamHandler(log.stderr())
    handler.setFormatter(Formatter())
    return handler
