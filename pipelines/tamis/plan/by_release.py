"""A mapping by the ids of releases."""

from typing import TypeVar

from tamis.errors import UsageError
from tamis.language import _

Value = TypeVar("Value")


class ByRelease(dict[str, Value]):
    """A mapping by release id, which names the releases there are when asked for another.

    Example:
        >>> released = ByRelease(droits=1, durees=2)
        >>> released["droits"]
        1
        >>> released["droit"]
        Traceback (most recent call last):
        tamis.errors.UsageError: release `droit` is unknown, expected one of `droits`, `durees`
    """

    def __missing__(self, release: str) -> Value:
        known = ", ".join(f"`{name}`" for name in self) or _("none")
        raise UsageError(
            _(
                "release `{release}` is unknown, expected one of {known}",
                release=release,
                known=known,
            )
        )
