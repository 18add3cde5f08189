"""The keyring: the root keys of pseudonyms, one an epoch, in one file that only its owner reads.

    {"keyring": "tamis/v1",
     "wrap": {"by": "passphrase", "salt": "…", "n": 131072, "r": 8, "p": 1},
     "epochs": [{"epoch": 1, "created": "2026-11-23T08:00:00Z", "key_id": "9f3c…", "root": null},
                {"epoch": 2, "created": "2027-01-04T08:00:00Z", "key_id": "41ab…", "root": "…"}]}

The last epoch is the current one. A root that is null was destroyed: nobody can compute that
epoch's pseudonyms again. Roots are encrypted (AES-256-GCM) under one key, which is derived by
scrypt from a passphrase or wrapped by a KMS; with `"by": "none"` they are stored as they are, and
only the file's mode protects them. A key id is random: it names a root and reveals nothing of it.

A worker reads its keys from a file of its own or from its environment (`env:NAME`, the file in
base64), either of them wrapped by a KMS that the worker's identity may use. The pipeline carries
the reference only, never a key.
"""

import base64
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NoReturn, Self

from pydantic import AwareDatetime, Field, ValidationError

from tamis.errors import KeysError
from tamis.keys.kms import Kms
from tamis.keys.secret_file import (
    Passphrase,
    SecretCipher,
    SecretModel,
    Wrap,
    folder_locked,
    new_cipher,
    read_secret_file,
    unlock,
    why_invalid,
    write_secret_file,
)
from tamis.language import _
from tamis.nir.pseudonym import KEY_BYTES, derive_key

KEYS_PASSPHRASE_VARIABLE: Final = "TAMIS_KEYS_PASSPHRASE"  # noqa: S105 (a name)


@dataclass(frozen=True)
class Epoch:
    """The time in which one root key is used. `key_id` names the root and reveals nothing of it."""

    number: int
    created: datetime
    key_id: str
    state: Literal["current", "retired", "destroyed"]


@dataclass(frozen=True)
class DerivedKey:
    """The key of one (processing, item, epoch, method), and what a receipt may say of it.

    Example:
        >>> DerivedKey(bytes(32), 1, "a1b2c3")
        DerivedKey(epoch=1, key_id='a1b2c3')
    """

    key: bytes = field(repr=False)
    epoch: int
    key_id: str

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a key is never pickled: workers load it in `setup`"))


class _EpochEntry(SecretModel):
    epoch: int
    created: AwareDatetime
    key_id: str
    root: bytes | None = Field(repr=False)

    @property
    def context(self) -> bytes:
        """What is authenticated with the encrypted root."""
        return f"tamis/keyring/v1|{self.epoch}|{self.key_id}|{self.created.isoformat()}".encode()


class _KeyringDocument(SecretModel):
    keyring: Literal["tamis/v1"] = "tamis/v1"
    wrap: Wrap
    epochs: tuple[_EpochEntry, ...] = Field(min_length=1)


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
        self, name: str, path: Path | None, document: _KeyringDocument, cipher: SecretCipher | None
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
        document = _parse(str(path), read_secret_file(Path(path), _shown(path)))
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
        document = _KeyringDocument(wrap=wrap, epochs=(_new_entry(1, cipher),))
        with folder_locked(Path(path), _shown(path)) as target:
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
            entry = _new_entry(document.epochs[-1].epoch + 1, cipher)
            document = document.model_copy(update={"epochs": (*document.epochs, entry)})
            write_secret_file(target, document)
        self._use(document)

    def destroy(self, epoch: int) -> None:
        """Destroy an epoch's root: nobody can compute its pseudonyms again.

        The bytes of the file before are overwritten, as far as the disk does so. Copies and
        backups of the file are not: destroy those yourself.

        Raises:
            KeysError: there is no such epoch, it is the current one, or it is destroyed already.
        """
        with self._changing() as (target, document):
            entry = self._entry(epoch, document)
            if entry is document.epochs[-1]:
                raise KeysError(
                    _(
                        "epoch {epoch} of `{name}` is the current one: rotate first",
                        epoch=epoch,
                        name=self._name,
                    )
                )
            epochs = tuple(
                other.model_copy(update={"root": None}) if other is entry else other
                for other in document.epochs
            )
            document = document.model_copy(update={"epochs": epochs})
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

        Args:
            processing, item, method, kind: as `tamis.nir.pseudonym.derive_key` takes them.
            epoch: the number of an epoch.

        Raises:
            KeysError: there is no such epoch, it was destroyed, or the keyring is not unlocked.
        """
        self._unlocked()
        entry = self._entry(self.current if epoch is None else epoch, self._document)
        key = derive_key(self._roots[entry.epoch], processing, item, entry.epoch, method, kind)
        return DerivedKey(key, entry.epoch, entry.key_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(current={self.current})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a keyring is never pickled: workers open it in `setup`"))

    def _use(self, document: _KeyringDocument) -> None:
        self._document = document
        self._roots = {
            entry.epoch: _decrypt_root(entry, entry.root, self._cipher, self._name)
            for entry in document.epochs
            if self._cipher is not None and entry.root is not None
        }

    def _unlocked(self) -> SecretCipher:
        if self._cipher is None:
            raise KeysError(
                _("keyring `{name}` was opened without being unlocked", name=self._name)
            )
        return self._cipher

    def _entry(self, epoch: int, document: _KeyringDocument) -> _EpochEntry:
        for entry in document.epochs:
            if entry.epoch == epoch:
                if entry.root is None:
                    raise KeysError(
                        _(
                            "epoch {epoch} of keyring `{name}` was destroyed",
                            epoch=epoch,
                            name=self._name,
                        )
                    )
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
    def _changing(self) -> Iterator[tuple[Path, _KeyringDocument]]:
        """The file and its present content, while no other process of Tamis changes it."""
        if self._path is None:
            raise KeysError(
                _("keyring `{name}` is no file: change the file it was made from", name=self._name)
            )
        with folder_locked(self._path, _shown(self._name)) as target:
            document = _parse(self._name, read_secret_file(target, _shown(self._name)))
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
        document = _parse(ref, base64.b64decode("".join(content.split()), validate=True))
    except ValueError:
        raise KeysError(_("keyring `{ref}` is not in base64, or was cut short", ref=ref)) from None
    return Keyring(ref, None, document, _unlock(ref, document, passphrase, None))


def _new_entry(epoch: int, cipher: SecretCipher) -> _EpochEntry:
    entry = _EpochEntry(
        epoch=epoch,
        created=datetime.now(UTC).replace(microsecond=0),
        key_id=secrets.token_hex(8),
        root=None,
    )
    root = cipher.encrypt(secrets.token_bytes(KEY_BYTES), entry.context)
    return entry.model_copy(update={"root": root})


def _unlock(
    name: str, document: _KeyringDocument, passphrase: Passphrase, kms: Kms | None
) -> SecretCipher:
    return unlock(document.wrap, passphrase, KEYS_PASSPHRASE_VARIABLE, _shown(name), kms)


def _decrypt_root(entry: _EpochEntry, encrypted: bytes, cipher: SecretCipher, name: str) -> bytes:
    root = cipher.decrypt(encrypted, entry.context, _shown(name))
    if len(root) != KEY_BYTES:
        raise KeysError(
            _(
                "epoch {epoch} of keyring `{name}` has no whole root key",
                epoch=entry.epoch,
                name=name,
            )
        )
    return root


def _parse(name: str, content: bytes) -> _KeyringDocument:
    try:
        document = _KeyringDocument.model_validate_json(content)
    except ValidationError as error:
        raise KeysError(
            _("`{name}` is no keyring{cause}", name=name, cause=why_invalid(error))
        ) from None
    numbers = [entry.epoch for entry in document.epochs]
    if numbers != list(range(1, len(numbers) + 1)) or document.epochs[-1].root is None:
        raise KeysError(
            _("`{name}` is no keyring: epochs do not follow one another to a live one", name=name)
        )
    return document


def _shown(name: str | Path) -> str:
    return f"keyring `{name}`"
