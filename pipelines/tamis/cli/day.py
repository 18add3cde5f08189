"""The day that `--on` names."""

import datetime

from tamis.documents.calendar import today
from tamis.errors import UsageError


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
