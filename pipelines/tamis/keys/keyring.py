"""The keyring: the root keys of pseudonyms, one an epoch, in one file that only its owner reads.

The last epoch is the current one. It may say of a processing that its pseudonyms are chained on
those of an earlier epoch (`"chained": {"agent-emploi": 1}`): what was released is re-keyed without
any NIR, and a run makes the same from the NIR as long as it has both roots.

A worker reads its keys from a file of its own or from its environment (`env:NAME`, the file in
base64), either of them wrapped by a KMS that the worker's identity may use. The pipeline carries
the reference only, never a key.
"""

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, NoReturn, Self

from tamis.errors import KeysError
from tamis.keys.keyring_file import (
    EpochEntry,
    KeyringDocument,
    decrypt_root,
    new_entry,
    parse,
    shown_name,
)
from tamis.keys.kms import Kms
from tamis.keys.secret_file import (
    Passphrase,
    SecretCipher,
    folder_locked,
    new_cipher,
    read_secret_file,
    unlock,
    write_secret_file,
)
from tamis.language import _
from tamis.nir.pseudonym import ROW, derive_chain_key, derive_key

KEYS_PASSPHRASE_VARIABLE: Final = "TAMIS_KEYS_PASSPHRASE"  # noqa: S105 (a name)


@dataclass(frozen=True)
class Epoch:
    """The time in which one root key is used.

    Attributes:
        number: from 1.
        created: when it began.
        key_id: names the root and reveals nothing of it.
        state: whether new runs use it, and whether its root is still there.
        chained: by processing, the earlier epoch on which its pseudonyms are chained.
        limited: whether a list of limited persons was made under it, or re-keyed to it.
    """

    number: int
    created: datetime
    key_id: str
    state: Literal["current", "retired", "destroyed"]
    chained: Mapping[str, int] = field(default_factory=dict)
    limited: bool = False


@dataclass(frozen=True)
class DerivedKey:
    """The key of one (processing, item, epoch, method), and what a receipt may say of it.

    Attributes:
        key: makes pseudonyms of identifiers.
        epoch: whose pseudonyms they are once `chain` is applied.
        key_id: of that epoch's root.
        chain: keys for `tamis.nir.pseudonym.rekey`, by which pseudonyms of an earlier epoch become
            those of this one; none where it is not chained.
        chained_on: the earlier epochs, the one of `key` first.

    Example:
        >>> DerivedKey(bytes(32), 1, "a1b2c3")
        DerivedKey(epoch=1, key_id='a1b2c3')
    """

    key: bytes = field(repr=False)
    epoch: int
    key_id: str
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    chained_on: tuple[int, ...] = field(default=(), repr=False)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a key is never pickled: workers load it in `setup`"))


class Keyring:
    """An opened keyring. Made by `open_keyring`, `Keyring.open` or `Keyring.create`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keyring = Keyring.create(f"{folder}/keys.json")
        ...     keyring.rotate()
        ...     keyring.destroy(1)
        ...     keyring, [(epoch.number, epoch.state) for epoch in keyring.epochs()]
        (Keyring(current=2), [(1, 'destroyed'), (2, 'current')])
    """

    def __init__(
        self, name: str, path: Path | None, document: KeyringDocument, cipher: SecretCipher | None
    ) -> None:
        self._name = name
        self._path = path
        self._cipher = cipher
        self._use(document)

    @classmethod
    def open(
        cls,
        path: str | Path,
        passphrase: Passphrase = None,
        *,
        kms: Kms | None = None,
        unlock: bool = True,
    ) -> Self:
        """Read a keyring file and unlock its roots.

        Args:
            path: a file of mode 0600 or less that the caller owns.
            passphrase: for a keyring that a passphrase wraps.
            kms: another driver than the one for the URI in the file.
            unlock: if false, no passphrase is asked for and no key can be derived; epochs can be
                listed and destroyed.

        Raises:
            KeysError: the file is missing, others may read it, it is cut short or no keyring, or
                it does not unlock.
        """
        document = parse(str(path), read_secret_file(Path(path), shown_name(path)))
        cipher = _unlock(str(path), document, passphrase, kms) if unlock else None
        return cls(str(path), Path(path), document, cipher)

    @classmethod
    def create(
        cls,
        path: str | Path,
        passphrase: str | None = None,
        *,
        kms_uri: str | None = None,
        kms: Kms | None = None,
    ) -> Self:
        """Make a keyring of one epoch in a new file of mode 0600.

        Args:
            path: of a file that does not exist yet.
            passphrase: from which the wrapping key is derived, if given.
            kms_uri: the KMS key by which it is wrapped, if given (`tamis.keys.kms`).
            kms: another driver than the one for `kms_uri`.

        Raises:
            KeysError: something is at `path` already, the passphrase is weak, or the KMS does not
                answer.
        """
        if passphrase is not None and kms_uri is not None:
            raise KeysError(_("a keyring is wrapped by a passphrase or by a kms, not by both"))
        wrap, cipher = new_cipher(passphrase, kms_uri, kms)
        document = KeyringDocument(wrap=wrap, epochs=(new_entry(1, cipher),))
        with folder_locked(Path(path), shown_name(path)) as target:
            if target.exists():
                raise KeysError(
                    _("`{path}` exists already: a keyring is never overwritten", path=path)
                )
            write_secret_file(target, document)
        return cls(str(path), Path(path), document, cipher)

    def rotate(self) -> None:
        """Add an epoch with a new root; it is the current one from now on.

        The bytes of the file before are overwritten, as for `destroy`.

        Raises:
            KeysError: the keyring is not unlocked, has no file, or was replaced by another one.
        """
        cipher = self._unlocked()
        with self._changing() as (target, document):
            entry = new_entry(document.epochs[-1].epoch + 1, cipher)
            document = document.with_epoch(entry)
            write_secret_file(target, document)
        self._use(document)

    def chain(self, processing: str, source: int, target: int) -> None:
        """Record that a processing's pseudonyms in the current epoch are chained on another's.

        From now on they are those of the earlier epoch, re-keyed. Where the keyring says so
        already, nothing is done.

        Args:
            processing: slug of the processing.
            source: an earlier epoch, which may have been destroyed.
            target: the current epoch.

        Raises:
            KeysError: `target` is not the current epoch, `source` no earlier one, or the
                processing is chained on another; or the keyring is not unlocked, or no file.
        """
        if self._live(target, self._document).chained.get(processing) == source:
            return
        cipher = self._unlocked()
        with self._changing() as (file, document):
            entry = document.epochs[-1]
            shown = {"epoch": target, "name": self._name, "processing": processing}
            if entry.epoch != target:
                raise KeysError(
                    _(
                        "epoch {epoch} of `{name}` is not the current one: only that can be "
                        "chained on an earlier one",
                        **shown,
                    )
                )
            if not 1 <= source < target:
                raise KeysError(
                    _("epoch {epoch} of `{name}` must be chained on an earlier one", **shown)
                )
            if entry.chained.get(processing, source) != source:
                raise KeysError(
                    _(
                        "epoch {epoch} of `{name}`: pseudonyms of `{processing}` are chained on "
                        "epoch {other} already: `tamis keys rotate` begins another epoch",
                        other=entry.chained[processing],
                        **shown,
                    )
                )
            assert entry.root is not None
            root = decrypt_root(entry, entry.root, cipher, self._name)
            chained = {**entry.chained, processing: source}
            entry = entry.model_copy(update={"chained": chained})
            entry = entry.model_copy(update={"root": cipher.encrypt(root, entry.context)})
            document = document.with_epoch(entry)
            write_secret_file(file, document)
        self._use(document)

    def note_list(self) -> None:
        """Record that a list of limited persons needs the current epoch's root; not in `env:NAME`.

        Raises:
            KeysError: the file cannot be written to, or another keyring took its place.
        """
        if self._path is None or self._document.epochs[-1].limited:
            return
        with self._changing() as (file, document):
            last = document.epochs[-1]  # another process may have begun it
            document = document.with_epoch(last.model_copy(update={"limited": True}))
            write_secret_file(file, document)
        self._use(document)

    def epochs_of(self, processing: str, epoch: int) -> list[int]:
        """The epochs whose roots make a processing's pseudonyms of one, which is the last.

        Raises:
            KeysError: there is no such epoch.
        """
        source = self._entry(epoch, self._document).chained.get(processing)
        return [epoch] if source is None else [*self.epochs_of(processing, source), epoch]

    def chained_on(self, epoch: int) -> dict[str, list[int]]:
        """By processing, the live epochs whose pseudonyms no run makes from NIRs without this one.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     keyring = Keyring.create(f"{folder}/keys.json")
            ...     keyring.rotate()
            ...     keyring.chain("agent-emploi", 1, 2)
            ...     keyring.chained_on(1)
            {'agent-emploi': [2]}
        """
        entries = self._document.epochs
        later = {
            name: [
                entry.epoch
                for entry in entries
                if entry.root is not None and epoch in self.epochs_of(name, entry.epoch)[:-1]
            ]
            for name in sorted({name for entry in entries for name in entry.chained})
        }
        return {name: epochs for name, epochs in later.items() if epochs}

    def destroy(self, epoch: int) -> None:
        """Destroy an epoch's root: nobody can compute its pseudonyms again.

        Nor does any run make those that are chained on them (`chained_on`) from NIRs. The bytes
        of the file before are overwritten, as far as the disk does so. Copies and backups of the
        file are not: destroy those yourself.

        Raises:
            KeysError: there is no such epoch, it is the current one, or it is destroyed already.
        """
        with self._changing() as (target, document):
            entry = self._live(epoch, document)
            if entry is document.epochs[-1]:
                raise KeysError(
                    _(
                        "epoch {epoch} of `{name}` is the current one: rotate first",
                        epoch=epoch,
                        name=self._name,
                    )
                )
            document = document.with_epoch(entry.model_copy(update={"root": None}))
            write_secret_file(target, document)
        self._use(document)

    def epochs(self) -> list[Epoch]:
        """All epochs, destroyed ones among them, the oldest first."""
        return [
            Epoch(
                number=entry.epoch,
                created=entry.created,
                key_id=entry.key_id,
                state=(
                    "destroyed"
                    if entry.root is None
                    else "current"
                    if entry is self._document.epochs[-1]
                    else "retired"
                ),
                chained=dict(entry.chained),
                limited=entry.limited,
            )
            for entry in self._document.epochs
        ]

    @property
    def current(self) -> int:
        """The number of the epoch that new runs use."""
        return self._document.epochs[-1].epoch

    @property
    def wrapped_by(self) -> Literal["none", "passphrase", "kms"]:
        """What protects the roots beside the file's mode."""
        return self._document.wrap.by

    def key(
        self,
        processing: str,
        item: str,
        method: str,
        epoch: int | None = None,
        kind: str | None = None,
    ) -> DerivedKey:
        """Derive the key of a processing, an item and a method, by default for the current epoch.

        Where the processing's pseudonyms are chained in that epoch, the key is an earlier epoch's,
        and `chain` of the answer brings what it makes to this one.

        Args:
            processing, item, method, kind: as `tamis.nir.pseudonym.derive_key` takes them.
            epoch: the number of an epoch.

        Raises:
            KeysError: there is no such epoch, it or one that it is chained on was destroyed, or
                the keyring is not unlocked.
        """
        self._unlocked()
        entry = self._live(self.current if epoch is None else epoch, self._document)
        # Ids of rows are made anew in each epoch: nothing that was released is looked for by them.
        epochs = [entry.epoch] if method == ROW else self.epochs_of(processing, entry.epoch)
        first = epochs[0]
        for other in epochs:
            if other not in self._roots:
                raise KeysError(
                    _(
                        "epoch {epoch} of keyring `{name}`: pseudonyms of `{processing}` are "
                        "chained on epoch {other}, which was destroyed, and cannot be made from a "
                        "NIR any more; `tamis keys rotate` begins an epoch in which they can",
                        epoch=entry.epoch,
                        name=self._name,
                        processing=processing,
                        other=other,
                    )
                )
        key = derive_key(self._roots[first], processing, item, first, method, kind)
        chain = tuple(self.chain_key(processing, item, *pair) for pair in pairwise(epochs))
        return DerivedKey(key, entry.epoch, entry.key_id, chain, tuple(epochs[:-1]))

    def chain_key(self, processing: str, item: str, source: int, target: int) -> bytes:
        """The key by which a processing's pseudonyms of one epoch become those of a later one.

        Raises:
            KeysError: the later epoch was destroyed, or the keyring is not unlocked.
        """
        self._unlocked()
        entry = self._live(target, self._document)
        return derive_chain_key(self._roots[entry.epoch], processing, item, source, target)

    def derive(self, epoch: int, derive: Callable[[bytes], bytes]) -> bytes:
        """A key that is derived from an epoch's root by a function of `tamis.nir.pseudonym`.

        Raises:
            KeysError: there is no such epoch, it was destroyed, or the keyring is not unlocked.
        """
        self._unlocked()
        return derive(self._roots[self._live(epoch, self._document).epoch])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(current={self.current})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a keyring is never pickled: workers open it in `setup`"))

    def _use(self, document: KeyringDocument) -> None:
        self._document = document
        self._roots = {
            entry.epoch: decrypt_root(entry, entry.root, self._cipher, self._name)
            for entry in document.epochs
            if self._cipher is not None and entry.root is not None
        }

    def _unlocked(self) -> SecretCipher:
        if self._cipher is None:
            raise KeysError(
                _("keyring `{name}` was opened without being unlocked", name=self._name)
            )
        return self._cipher

    def _live(self, epoch: int, document: KeyringDocument) -> EpochEntry:
        entry = self._entry(epoch, document)
        if entry.root is None:
            raise KeysError(
                _("epoch {epoch} of keyring `{name}` was destroyed", epoch=epoch, name=self._name)
            )
        return entry

    def _entry(self, epoch: int, document: KeyringDocument) -> EpochEntry:
        for entry in document.epochs:
            if entry.epoch == epoch:
                return entry
        last = document.epochs[-1].epoch
        raise KeysError(
            _(
                "keyring `{name}` has no epoch {epoch}: the last one is {last}",
                name=self._name,
                epoch=epoch,
                last=last,
            )
        )

    @contextmanager
    def _changing(self) -> Iterator[tuple[Path, KeyringDocument]]:
        """The file and its present content, while no other process of Tamis changes it."""
        if self._path is None:
            raise KeysError(
                _("keyring `{name}` is no file: change the file it was made from", name=self._name)
            )
        with folder_locked(self._path, shown_name(self._name)) as target:
            document = parse(self._name, read_secret_file(target, shown_name(self._name)))
            if document.wrap != self._document.wrap:
                raise KeysError(
                    _("another keyring took the place of `{name}`: open it anew", name=self._name)
                )
            yield target, document


def open_keyring(ref: str, prompt: Callable[[], str] | None = None) -> Keyring:
    """Open the keyring that a reference names. The reference holds no secret: a job may carry it.

    Args:
        ref: a path, or `env:NAME` for the environment variable that holds the file in base64.
        prompt: asks for the passphrase where `TAMIS_KEYS_PASSPHRASE` does not give it, if given.

    Raises:
        KeysError: the file or variable is missing or holds no keyring, or it does not unlock.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     created = Keyring.create(f"{folder}/keys.json")
        ...     open_keyring(f"{folder}/keys.json")
        Keyring(current=1)
    """
    passphrase: Passphrase = os.environ.get(KEYS_PASSPHRASE_VARIABLE) or prompt
    if not ref.startswith("env:"):
        return Keyring.open(ref, passphrase)
    variable = ref.removeprefix("env:")
    content = os.environ.get(variable)
    if content is None:
        raise KeysError(
            _("the environment has no `{variable}` to read keys from", variable=variable)
        )
    try:
        document = parse(ref, base64.b64decode("".join(content.split()), validate=True))
    except ValueError:
        raise KeysError(_("keyring `{ref}` is not in base64, or was cut short", ref=ref)) from None
    return Keyring(ref, None, document, _unlock(ref, document, passphrase, None))


def _unlock(
    name: str, document: KeyringDocument, passphrase: Passphrase, kms: Kms | None
) -> SecretCipher:
    return unlock(document.wrap, passphrase, KEYS_PASSPHRASE_VARIABLE, shown_name(name), kms)
