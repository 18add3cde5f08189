"""Whose records are held back: the list of limited persons as the filter asks it, and its changes.

A person is known by the canonical form of a NIR, a NIA or a number of their shape, whatever form
the feed writes it in. The pseudonym is AES-256-CMAC under a key that only this list has
(HKDF-SHA-256 of an epoch's root, info `tamis/v1|limited`), so that neither the list nor a release
tells anything of the other.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.arrow.buffers import are_valid
from tamis.arrow.types import PSEUDONYM, Bools, Bytes
from tamis.errors import KeysError, UsageError
from tamis.keys.keyring import Keyring
from tamis.keys.secret_file import folder_locked, write_secret_file
from tamis.language import _
from tamis.limited.list_file import ListEpoch, make_list, read_list, shown_list
from tamis.nir.identifiers import canonical
from tamis.nir.pseudonym import (
    derive_limited_chain_key,
    derive_limited_key,
    pseudonymize,
    rekey,
)

METHOD = "aes-256-cmac"
KINDS = ("nir", "nia", "nnp", "mig")
"""Identifiers by which a person can be on the list: those of 13 characters."""


_LEAST_MARKS = 1 << 10
"""Bytes of marks: at least, and for each person 4 or more, so that one other in 32 has a mark."""

_Blocks: TypeAlias = npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class LimitedPersons:
    """The persons whose records are held back, as pseudonyms, and the key that makes them.

    Attributes:
        pseudonyms: N values of `fixed_size_binary(16)`.
        keys: the key of pseudonyms, then those that re-key them, one an epoch.
        sha256: of the list's file; empty of a list that has none.
        epoch: of the keyring, whose pseudonyms the list holds.
        key_id: of that epoch's root.

    Example:
        >>> nobody = LimitedPersons()
        >>> nobody.holds(pa.array(["1550875999991", None])).tolist()
        [False, False]
    """

    pseudonyms: pa.Array = field(default_factory=lambda: pa.nulls(0, PSEUDONYM), repr=False)
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    sha256: str = ""
    epoch: int = 0
    key_id: str = ""

    def holds(self, numbers: pa.Array) -> Bools:
        """Which of N canonical numbers, or null, are of a person on the list."""
        holds = np.zeros(len(numbers), dtype=bool)
        if not len(self.pseudonyms):
            return holds
        asked, (listed, marks) = _blocks(self.pseudonyms_of(numbers)), self._index
        byte, bit = _mark_of(asked, len(marks))
        maybe = np.flatnonzero((marks[byte] & bit != 0) & are_valid(numbers))
        places = np.searchsorted(listed, asked[maybe]).clip(max=len(listed) - 1)
        holds[maybe] = listed[places] == asked[maybe]
        return holds

    @cached_property
    def _index(self) -> tuple[_Blocks, Bytes]:
        """The pseudonyms in order, and marks by which most that are none of them are told at once.

        Made once, and not for each batch. Of N pseudonyms it takes 16 N bytes, and 4 N to 8 N.
        """
        blocks = _blocks(self.pseudonyms)
        marks = np.zeros(_LEAST_MARKS << (len(blocks) // 256).bit_length(), np.uint8)
        np.bitwise_or.at(marks, *_mark_of(blocks, len(marks)))
        return np.sort(blocks, kind="stable"), marks  # quick where they are in order already

    def pseudonyms_of(self, numbers: pa.Array) -> pa.Array:
        """The pseudonyms of N canonical numbers, null where they are."""
        return rekey(pseudonymize(numbers, self.keys[0], METHOD), *self.keys[1:])

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a key is never pickled: workers load it in `setup`"))


NOBODY = LimitedPersons()
"""A list of nobody."""


class _Everybody(LimitedPersons):
    """A list that holds whoever has a number, for cases."""

    def holds(self, numbers: pa.Array) -> Bools:
        return are_valid(numbers)


EVERYBODY = _Everybody()
"""A list of everybody."""


@dataclass(frozen=True)
class LimitedRef:
    """Where the list of a run is, and the digest that it had when the run began.

    Example:
        >>> LimitedRef("/projet/limited.json", "9f3c")
        LimitedRef(path='/projet/limited.json', sha256='9f3c')
    """

    path: str
    sha256: str

    def open(self, keyring: Keyring) -> LimitedPersons:
        """The list, as it was when the run began.

        Raises:
            KeysError: it cannot be read, or was changed since.
        """
        persons = open_list(self.path, keyring)
        if persons.sha256 != self.sha256:
            raise _changed(self.path)
        return persons


def open_list(path: str | Path, keyring: Keyring) -> LimitedPersons:
    """The persons on a list of those whose records leave no more.

    Args:
        path: of the list's file.
        keyring: that it was made with.

    Raises:
        KeysError: the file is missing, others may read it, it is no list, it was altered, or it is
            of another keyring or of an epoch that was destroyed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keyring = Keyring.create(f"{folder}/keys.json")
        ...     new_list(f"{folder}/limited.json", keyring)
        ...     change_list(f"{folder}/limited.json", keyring, add=["1 55 08 75 999 991 93"])
        ...     persons = open_list(f"{folder}/limited.json", keyring)
        ...     persons.holds(pa.array(["1550875999991", "2690275999992"])).tolist()
        [True, False]
    """
    document, sha256 = read_list(Path(path), keyring)
    last = document.epochs[-1]
    return LimitedPersons(
        pa.array(document.persons, PSEUDONYM),
        _keys(document.epochs, keyring),
        sha256,
        last.epoch,
        last.key_id,
    )


def new_list(path: str | Path, keyring: Keyring) -> None:
    """Make a list of nobody, under the keyring's current epoch, in a new file of mode 0600.

    Raises:
        KeysError: something is at `path` already.
    """
    keyring.note_list()
    with folder_locked(Path(path), shown_list(path)) as target:
        if target.exists():
            raise KeysError(
                _("{shown} exists already: it is never overwritten", shown=shown_list(path))
            )
        write_secret_file(target, make_list([_current(keyring)], (), keyring))


def change_list(
    path: str | Path, keyring: Keyring, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> None:
    """Put persons on a list, or take them off it; who is there already, or is not, changes nothing.

    Args:
        path: of the list's file.
        keyring: that it was made with.
        add: numbers in any written form, with or without key; an empty one is none.
        remove: likewise.

    Raises:
        UsageError: a number is not well-formed; nothing is changed. The message tells which one by
            its place.
        KeysError: the list cannot be read.
    """
    added, removed = _canonical(add), _canonical(remove)
    with folder_locked(Path(path), shown_list(path)) as target:
        document, _sha256 = read_list(target, keyring)
        persons = LimitedPersons(keys=_keys(document.epochs, keyring))
        held = set(document.persons) | set(persons.pseudonyms_of(added).to_pylist())
        held -= set(persons.pseudonyms_of(removed).to_pylist())
        write_secret_file(target, make_list(document.epochs, held, keyring))


def rotate_list(path: str | Path, keyring: Keyring) -> None:
    """Re-key a list to the keyring's current epoch, without any NIR; of that epoch it stays as is.

    The roots of the epochs before are still needed: a number's pseudonym goes through all of them.

    Raises:
        KeysError: the list cannot be read.
    """
    keyring.note_list()
    with folder_locked(Path(path), shown_list(path)) as target:
        document, _sha256 = read_list(target, keyring)
        current = _current(keyring)
        if document.epochs[-1] == current:
            return
        epochs = (*document.epochs, current)
        persons = pa.array(document.persons, PSEUDONYM)
        persons = rekey(persons, _keys(epochs, keyring)[-1])
        write_secret_file(target, make_list(epochs, persons.to_pylist(), keyring))


@dataclass
class ListWatch:
    """Tells a stream that a list was changed since it was read.

    Attributes:
        path: of the list's file.
        sha256: of the file as it was read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keyring = Keyring.create(f"{folder}/keys.json")
        ...     new_list(f"{folder}/limited.json", keyring)
        ...     persons = open_list(f"{folder}/limited.json", keyring)
        ...     watch = ListWatch(f"{folder}/limited.json", persons.sha256)
        ...     before = watch.is_changed()
        ...     change_list(f"{folder}/limited.json", keyring, add=["1 55 08 75 999 991 93"])
        ...     before, watch.is_changed()
        (False, True)
    """

    path: str
    sha256: str
    _state: tuple[int, int, int] | None = field(default=None, init=False, repr=False)

    def is_changed(self) -> bool:
        """Whether the file says something else, or is gone."""
        try:
            status = os.stat(self.path)
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
            if state != self._state:
                content = Path(self.path).read_bytes()
                if hashlib.sha256(content).hexdigest() != self.sha256:
                    return True
                self._state = state
        except OSError:
            return True
        return False


def check_unchanged(watch: ListWatch) -> None:
    """Refuse to go on under a list that was changed, or is gone, since the run began.

    Raises:
        KeysError: it was.
    """
    if watch.is_changed():
        raise _changed(watch.path)


def _changed(path: str) -> KeysError:
    return KeysError(
        _("{shown} was changed after the run had begun: begin it anew", shown=shown_list(path))
    )


def _blocks(pseudonyms: pa.FixedSizeBinaryArray) -> _Blocks:
    """The 16 bytes of each of N pseudonyms, those of null too; they share the array's."""
    values, width = pseudonyms.buffers()[1], PSEUDONYM.byte_width
    return np.frombuffer(values, f"S{width}", len(pseudonyms), pseudonyms.offset * width)


def _mark_of(blocks: _Blocks, size: int) -> tuple[npt.NDArray[np.uint64], Bytes]:
    """Which of `size` bytes, a power of two, and which bit of it is the mark of each pseudonym."""
    first = blocks.view(np.uint64)[::2]
    return first >> np.uint64(3) & np.uint64(size - 1), np.uint8(1) << (
        first.astype(np.uint8) & np.uint8(7)
    )


def _current(keyring: Keyring) -> ListEpoch:
    epoch = keyring.epochs()[-1]
    return ListEpoch(epoch=epoch.number, key_id=epoch.key_id)


def _keys(epochs: Sequence[ListEpoch], keyring: Keyring) -> tuple[bytes, ...]:
    """The key of the first epoch's pseudonyms, and those that bring them to each later one."""

    def chained(source: int, target: int) -> Callable[[bytes], bytes]:
        return lambda root: derive_limited_chain_key(root, source, target)

    numbers = [entry.epoch for entry in epochs]
    return (
        keyring.derive(numbers[0], derive_limited_key),
        *(keyring.derive(later, chained(earlier, later)) for earlier, later in pairwise(numbers)),
    )


def _canonical(numbers: Iterable[str]) -> pa.Array:
    made = []
    for place, number in enumerate(numbers, 1):
        if not number.strip():
            continue
        known = canonical(number, KINDS)
        if known is None:
            raise UsageError(
                _(
                    "line {place}: must be a NIR, NIA, NNP or MIG of 13 characters, or of 15 with "
                    "the right key; nothing is changed",
                    place=place,
                )
            )
        made.append(known)
    return pa.array(made, pa.string())
