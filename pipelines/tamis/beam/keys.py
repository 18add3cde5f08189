"""The keys of a run as its workers have them: a reference travels, never a key."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tamis.errors import KeysError
from tamis.evidence.limited import LimitedPart
from tamis.evidence.receipt import KeyPart, RunKeys
from tamis.keys.keyring import DerivedKey, open_keyring
from tamis.language import _
from tamis.limited.persons import LimitedPersons, LimitedRef, ListWatch, open_list
from tamis.nir.pseudonym import ROW
from tamis.plan.plan import Plan


@dataclass(frozen=True)
class KeyRef:
    """Where workers find the keys of a run; never the keys themselves.

    Attributes:
        keyring: reference of a keyring, as `tamis.keys.keyring.open_keyring` takes it.
        epoch: the epoch that the run was begun with.
        chained: what that epoch was chained on then, by processing; None if that is not held.
        limited: the list of limited persons that the run asks; None until `of_plan` says.

    Example:
        >>> KeyRef("env:TAMIS_KEYS", epoch=1)
        KeyRef(keyring='env:TAMIS_KEYS', epoch=1)
    """

    keyring: str
    epoch: int
    chained: Mapping[str, int] | None = field(default=None, repr=False, hash=False)
    limited: LimitedRef | None = field(default=None, repr=False)

    @classmethod
    def current(cls, keyring: str) -> "KeyRef":
        """The keyring that a reference names, at the epoch that is current now.

        Raises:
            KeysError: it cannot be opened.
        """
        current = open_keyring(keyring).epochs()[-1]
        return cls(keyring, current.number, current.chained)

    def of_plan(self, plan: Plan) -> "KeyRef":
        """The same, with the list of limited persons that `plan` asks, as it is now.

        Raises:
            KeysError: the list cannot be read, or is of another keyring.
        """
        if not plan.asks_list or self.limited is not None:
            return self
        assert plan.limited is not None
        path = plan.limited.file
        persons = open_list(path, open_keyring(self.keyring))
        return replace(self, limited=LimitedRef(path, persons.sha256))

    def parts(self, plan: Plan, *, rows: bool = False) -> RunKeys:
        """The receipt's entries for the keys that `plan` needs.

        Args:
            plan: what is done.
            rows: whether rows that must not tell their order are given ids.

        Raises:
            KeysError: the keyring cannot be opened, or has not this epoch.
        """
        keyring = PinnedKeys(self)
        methods = {
            (release.item, str(leaf.method))
            for release in plan.releases
            for leaf in release.leaves
            if leaf.pseudonym
        }
        if rows:
            methods |= {(part.item, ROW) for part in plan.releases if plan.hides_order(part)}
        parts = {}
        for item, method in sorted(methods):
            key = keyring.key(plan.processing, item, method)
            part = KeyPart(
                processing=plan.processing,
                item=item,
                epoch=self.epoch,
                key_id=key.key_id,
                chained_on=list(key.chained_on) or None,
            )
            if method != ROW or item not in parts:  # ids of rows are not chained
                parts[item] = part
        persons = keyring.limited()
        if persons is None:
            return tuple(parts.values())
        return (*parts.values(), limited_part(persons))


def with_list(parts: RunKeys, persons: LimitedPersons | None) -> RunKeys:
    """A receipt's entries for keys, with the list as it is now in the place of another.

    Example:
        >>> with_list((), None)
        ()
    """
    if persons is None:
        return parts
    kept = tuple(part for part in parts if not isinstance(part, LimitedPart))
    return (*kept, limited_part(persons))


def limited_part(persons: LimitedPersons) -> LimitedPart:
    """The receipt's entry for a list."""
    return LimitedPart(sha256=persons.sha256, epoch=persons.epoch, key_id=persons.key_id)


class ThrowawayKeys:
    """Keys made by the worker, which end with it and are stored nowhere."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str, str | None], bytes] = {}

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        key = self._keys.setdefault((processing, item, method, kind), os.urandom(32))
        return DerivedKey(key, 0, "")


class PinnedKeys:
    """A keyring at the epoch that the run was begun with, chained as it was then."""

    def __init__(self, ref: KeyRef) -> None:
        self._keyring = open_keyring(ref.keyring)
        self._ref = ref

    def limited(self) -> LimitedPersons | None:
        """The list of limited persons that the run was begun with; None where it asks none.

        Raises:
            KeysError: it cannot be read, or was changed since.
        """
        return None if self._ref.limited is None else self._ref.limited.open(self._keyring)

    def limited_now(self) -> LimitedPersons | None:
        """The same list as it is now; None where the run asks none."""
        limited = self._ref.limited
        return None if limited is None else open_list(limited.path, self._keyring)

    def watch(self, persons: LimitedPersons | None) -> ListWatch | None:
        """What tells whether that list was changed since it was read; None where there is none."""
        limited = self._ref.limited
        if limited is None or persons is None:
            return None
        return ListWatch(limited.path, persons.sha256)

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        key = self._keyring.key(processing, item, method, self._ref.epoch, kind)
        chained = self._ref.chained
        if (
            method != ROW
            and chained is not None
            and key.chained_on[-1:] != ((chained[processing],) if processing in chained else ())
        ):
            raise KeysError(
                _(
                    "epoch {epoch} of keyring `{name}`: pseudonyms of `{processing}` were chained "
                    "on another epoch after the run had begun: begin it anew",
                    epoch=self._ref.epoch,
                    name=self._ref.keyring,
                    processing=processing,
                )
            )
        return key
