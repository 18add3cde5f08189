"""The day whose law applies."""

import datetime
from zoneinfo import ZoneInfo

from tamis.errors import UsageError


def today() -> datetime.date:
    """Today in Europe/Paris."""
    return datetime.datetime.now(ZoneInfo("Europe/Paris")).date()


def read_day(text: str | None) -> datetime.date:
    """The day that `--on` names, or today.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return today()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--on {text}: not a day, write it as YYYY-MM-DD") from None
