"""The day that `--on` names."""

import datetime

from tamis.documents.calendar import parse_day, today


def read_day(text: str | None) -> datetime.date:
    """Return the day that `--on` names; today in Europe/Paris without it.

    Raises:
        UsageError: it names no day.
    """
    return today() if text is None else parse_day(text)
