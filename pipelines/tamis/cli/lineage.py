"""Who tells OpenLineage of a run, as `--lineage` or the environment asks for it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from tamis.address import parse_address
from tamis.errors import UsageError
from tamis.evidence.removal import Removal
from tamis.formats.names import withhold_names
from tamis.language import _
from tamis.lineage.target import is_configured
from tamis.telemetry.listener import RunListener

if TYPE_CHECKING:
    from tamis.lineage.sender import Sender

TellRemovals: TypeAlias = Callable[[str, Iterable[Removal]], None]
"""Takes the address of a store, without credentials, and what was taken out of it."""

_log = logging.getLogger(__name__)


@contextmanager
def telling_lineage(
    target: str | None, inputs: tuple[str, ...], *, by_digest: bool = False
) -> Iterator[tuple[RunListener, ...]]:
    """The listener that tells where `target` says, if anybody is to be told, while the block runs.

    Args:
        target: what `--lineage` says; without it the environment decides.
        inputs: addresses of the inputs.
        by_digest: whether no file is called by its name.

    Raises:
        UsageError: the target is wrong, or `--lineage` is given and the extra is not installed.
    """
    with _sending(target) as sender:
        if sender is None:
            yield ()
            return
        from tamis.lineage.listener import Lineage

        shown = (withhold_names(parse_address(uri).shown) for uri in inputs)
        addresses = tuple(map(_folder, shown)) if by_digest else tuple(shown)
        yield (Lineage(sender, addresses),)


@contextmanager
def telling_removals(target: str | None) -> Iterator[TellRemovals]:
    """What tells that runs are gone from a store, where `target` says, while the block runs.

    Args:
        target: as of `telling_lineage`.

    Raises:
        UsageError: likewise.
    """
    with _sending(target) as sender:

        def tell(store: str, removals: Iterable[Removal]) -> None:
            if sender is None:
                return
            from tamis.lineage.events import removal_event

            for removal in removals:
                sender.send(removal_event(removal, store, sender.version))

        yield tell


@contextmanager
def _sending(target: str | None) -> Iterator["Sender | None"]:
    """Who sends events, if anybody is to be told, until the block ends."""
    if target is None and not is_configured():
        yield None
        return
    try:
        from tamis.lineage.sender import Sender

        sender = Sender(target or "")
    except ImportError:
        text = _('lineage needs the extra `openlineage` (pip install "tamis[openlineage]")')
        error = UsageError(text)
    except UsageError as wrong:
        error = wrong
    else:
        try:
            yield sender
        finally:
            sender.close()
        return
    if target is not None:
        raise error from None
    # What the environment says for all programs stops no run.
    _log.warning(_("{error}; lineage is not told", error=error))
    yield None


def _folder(path: str) -> str:
    """A pattern of all files that lie beside one."""
    folder, slash, _name = path.rpartition("/")
    return f"{folder}{slash}*"
