"""The file of a keyring: epochs, each with its root, and what its pseudonyms are chained on.

    {"keyring": "tamis/v1",
     "wrap": {"by": "passphrase", "salt": "…", "n": 131072, "r": 8, "p": 1},
     "epochs": [{"epoch": 1, "created": "2026-11-23T08:00:00Z", "key_id": "9f3c…", "root": null},
                {"epoch": 2, "created": "2027-01-04T08:00:00Z", "key_id": "41ab…", "root": "…"}]}

A root that is null was destroyed: nobody can compute that epoch's pseudonyms again. Roots are
encrypted (AES-256-GCM) under one key, which is derived by scrypt from a passphrase or wrapped by a
KMS; with `"by": "none"` they are stored as they are, and only the file's mode protects them. A key
id is random: it names a root and reveals nothing of it. `"chained": {"agent-emploi": 1}` stands in
an epoch whose pseudonyms of a processing are those of an earlier epoch, re-keyed; `"limited": true`
in one whose root a list of limited persons needs, or did once.
"""

import operator
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, ValidationError

from tamis.errors import KeysError
from tamis.keys.secret_file import SecretCipher, SecretModel, Wrap, why_invalid
from tamis.language import _
from tamis.nir.pseudonym import KEY_BYTES


class EpochEntry(SecretModel):
    """One epoch; `root` is encrypted, or None if it was destroyed."""

    epoch: int
    created: AwareDatetime
    key_id: str
    root: bytes | None = Field(repr=False)
    chained: dict[str, int] = Field(default={}, exclude_if=operator.not_)
    limited: bool = Field(default=False, exclude_if=operator.not_)

    @property
    def context(self) -> bytes:
        """What is authenticated with the encrypted root."""
        chained = "".join(f"|{name}={source}" for name, source in sorted(self.chained.items()))
        text = f"tamis/keyring/v1|{self.epoch}|{self.key_id}|{self.created.isoformat()}{chained}"
        return text.encode()


class KeyringDocument(SecretModel):
    """The whole file."""

    keyring: Literal["tamis/v1"] = "tamis/v1"
    wrap: Wrap
    epochs: tuple[EpochEntry, ...] = Field(min_length=1)

    def with_epoch(self, entry: EpochEntry) -> Self:
        """The file with an epoch in place of that of its number, or behind all others."""
        before, after = self.epochs[: entry.epoch - 1], self.epochs[entry.epoch :]
        return self.model_copy(update={"epochs": (*before, entry, *after)})


def new_entry(epoch: int, cipher: SecretCipher) -> EpochEntry:
    """An epoch that begins now, with a root by chance."""
    entry = EpochEntry(
        epoch=epoch,
        created=datetime.now(UTC).replace(microsecond=0),
        key_id=secrets.token_hex(8),
        root=None,
    )
    root = cipher.encrypt(secrets.token_bytes(KEY_BYTES), entry.context)
    return entry.model_copy(update={"root": root})


def decrypt_root(entry: EpochEntry, encrypted: bytes, cipher: SecretCipher, name: str) -> bytes:
    """The root of an epoch of the keyring `name`.

    Raises:
        KeysError: it does not decrypt, or is not whole.
    """
    root = cipher.decrypt(encrypted, entry.context, shown_name(name))
    if len(root) != KEY_BYTES:
        raise KeysError(
            _(
                "epoch {epoch} of keyring `{name}` has no whole root key",
                epoch=entry.epoch,
                name=name,
            )
        )
    return root


def parse(name: str, content: bytes) -> KeyringDocument:
    """Read the file of the keyring `name`.

    Raises:
        KeysError: it is no keyring.
    """
    try:
        document = KeyringDocument.model_validate_json(content)
    except ValidationError as error:
        raise KeysError(
            _("`{name}` is no keyring{cause}", name=name, cause=why_invalid(error))
        ) from None
    numbers = [entry.epoch for entry in document.epochs]
    follows = numbers == list(range(1, len(numbers) + 1)) and all(
        1 <= source < entry.epoch for entry in document.epochs for source in entry.chained.values()
    )
    if not follows or document.epochs[-1].root is None:
        raise KeysError(
            _("`{name}` is no keyring: epochs do not follow one another to a live one", name=name)
        )
    return document


def shown_name(name: str | Path) -> str:
    """A keyring as messages name it."""
    return _("keyring `{name}`", name=name)
