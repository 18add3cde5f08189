"""The files of the keys with which originals of quarantined messages are sealed and unsealed.

    FILE      {"seal_key": "tamis/v1", "created": "2026-11-23T08:00:00Z", "wrap": {"by": "none"},
               "public": "tamis-seal-v1 9f3c… …", "private": "…"}
    FILE.pub  tamis-seal-v1 9f3c61d2a4470b5e vD2iNKn7Oq…=

FILE, of mode 0600, holds the private key and stays with those who may read originals. FILE.pub
holds the public key and goes to where streams run.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from tamis.errors import KeysError, os_problem
from tamis.keys.sealed import PUBLIC_WORD, PrivateKey, PublicKey
from tamis.keys.secret_file import (
    Passphrase,
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
from tamis.regular_file import open_regular

SEAL_PASSPHRASE_VARIABLE: Final = "TAMIS_SEAL_PASSPHRASE"  # noqa: S105 (a name)

_LARGEST_LINE: Final = 4096  # bytes


class _SealKeyDocument(SecretModel):
    seal_key: Literal["tamis/v1"] = "tamis/v1"
    created: AwareDatetime
    wrap: Wrap
    public: str
    private: bytes = Field(repr=False)

    @property
    def context(self) -> bytes:
        """What is authenticated with the encrypted private key."""
        return f"tamis/seal-key/v1|{self.public}|{self.created.isoformat()}".encode()


def public_path(path: str | Path) -> Path:
    """Where the public key of the private key at `path` is written."""
    return Path(f"{path}.pub")


def make_seal_key(path: str | Path, passphrase: str | None = None) -> PublicKey:
    """Make a key: the private one in a new file of mode 0600, the public one beside it.

    Args:
        path: of a file that does not exist yet, nor the same path with `.pub`.
        passphrase: under which the private key is encrypted, if given.

    Raises:
        KeysError: a file exists already or cannot be written, or the passphrase is weak.
    """
    key = PrivateKey.new()
    wrap, cipher = new_cipher(passphrase)
    document = _SealKeyDocument(
        created=datetime.now(UTC).replace(microsecond=0),
        wrap=wrap,
        public=key.public.text,
        private=b"",
    )
    encrypted = cipher.encrypt(key.raw, document.context)
    public_file = public_path(path)
    with folder_locked(Path(path), _shown(path)) as target:
        for file in (target, public_file):
            if file.exists():
                raise KeysError(_("`{path}` exists already: a key is never overwritten", path=file))
        write_secret_file(target, document.model_copy(update={"private": encrypted}))
        descriptor = os.open(public_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(descriptor, "w") as stream:
            stream.write(key.public.text + "\n")
    return key.public


def read_private_key(path: str | Path, passphrase: Passphrase = None) -> PrivateKey:
    """The private key of a file of mode 0600 or less that the caller owns.

    Args:
        path: of the file.
        passphrase: for a private key that is encrypted.

    Raises:
        KeysError: the file is missing, others may read it, it was altered, is no private key, or
            does not unlock.
    """
    document = _read(path)
    cipher = unlock(document.wrap, passphrase, SEAL_PASSPHRASE_VARIABLE, _shown(path))
    key = PrivateKey(cipher.decrypt(document.private, document.context, _shown(path)))
    if key.public.text != document.public:
        raise KeysError(_("{path} was altered: its halves are not of one key", path=_shown(path)))
    return key


def read_own_public_key(path: str | Path) -> PublicKey:
    """The public key in the file of a private key; no passphrase is needed.

    Raises:
        KeysError: as `read_private_key`.
    """
    return PublicKey.of(_read(path).public)


def read_public_key(path: str | Path) -> PublicKey:
    """The public key of a file that anybody may read.

    Raises:
        KeysError: the file is missing, altered or no public key.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_LARGEST_LINE)
    except OSError as error:
        raise KeysError(f"`{path}`: {os_problem(error)}") from None
    if content.lstrip().startswith(b"{"):
        raise KeysError(
            _("`{path}` may be a private key: seal to the file beside it, .pub", path=path)
        )
    try:
        return PublicKey.of(content.decode("ascii", "replace"))
    except KeysError as error:
        raise KeysError(f"`{path}`: {error}") from None


def _read(path: str | Path) -> _SealKeyDocument:
    with suppress(OSError), open_regular(path) as file:
        if file.read(len(PUBLIC_WORD)) == PUBLIC_WORD.encode():
            raise KeysError(
                _("`{path}` is a public key: unsealing needs the private one", path=path)
            )
    try:
        return _SealKeyDocument.model_validate_json(read_secret_file(Path(path), _shown(path)))
    except ValidationError as error:
        raise KeysError(
            _("`{path}` is no key that unseals{cause}", path=path, cause=why_invalid(error))
        ) from None


def _shown(path: str | Path) -> str:
    return _("key `{path}`", path=path)
