"""Files of the keys that quarantined originals are sealed to, and opened with.

    FILE      {"seal_key": "tamis/v1", "created": "2026-11-23T08:00:00Z", "wrap": {"by": "none"},
               "public": "tamis-seal-v1 9f3c… …", "private": "…"}
    FILE.pub  tamis-seal-v1 9f3c61d2a4470b5e vD2iNKn7Oq…=

FILE is of mode 0600 and stays with who may read originals. FILE.pub goes to where streams run.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from tamis.errors import KeysError
from tamis.keys.sealed import PUBLIC_WORD, PrivateKey, PublicKey
from tamis.keys.secret_file import (
    Passphrase,
    SecretModel,
    Wrap,
    folder_locked,
    new_cipher,
    os_problem,
    read_secret_file,
    unlock,
    why_invalid,
    write_secret_file,
)
from tamis.language import _

PASSPHRASE_VARIABLE: Final = "TAMIS_SEAL_PASSPHRASE"  # noqa: S105 (a name)

_LARGEST_LINE: Final = 4096  # bytes


class _SealKeyDocument(SecretModel):
    seal_key: Literal["tamis/v1"] = "tamis/v1"
    created: AwareDatetime
    wrap: Wrap
    public: str
    private: bytes = Field(repr=False)

    @property
    def context(self) -> bytes:
        """What the private key's encryption vouches for beside it."""
        return f"tamis/seal-key/v1|{self.public}|{self.created.isoformat()}".encode()


def public_path(path: str | Path) -> Path:
    """Where the public key of the private key at `path` is written."""
    return Path(f"{path}.pub")


def make_seal_key(path: str | Path, passphrase: str | None = None) -> PublicKey:
    """Make a key: the private one in a new file of mode 0600, the public one beside it.

    Args:
        path: where nothing is yet, nor at `path` with `.pub`.
        passphrase: encrypts the private key, if given.

    Raises:
        KeysError: something is there already, or cannot be written, or the passphrase is empty.
    """
    key = PrivateKey.new()
    wrap, lock = new_cipher(passphrase)
    document = _SealKeyDocument(
        created=datetime.now(UTC).replace(microsecond=0),
        wrap=wrap,
        public=key.public.text,
        private=b"",
    )
    closed = lock.close(key.raw, document.context)
    beside = public_path(path)
    with folder_locked(Path(path), _shown(path)) as target:
        for path in (target, beside):
            if path.exists():
                raise KeysError(_("`{path}` exists already: a key is never overwritten", path=path))
        write_secret_file(target, document.model_copy(update={"private": closed}))
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file:
            file.write(key.public.text + "\n")
    return key.public


def read_private_key(path: str | Path, passphrase: Passphrase = None) -> PrivateKey:
    """The private key of a file that its owner alone may read.

    Args:
        path: of mode 0600 or less.
        passphrase: or what asks for it, for a key that one encrypts.

    Raises:
        KeysError: the file is missing, loose, altered or no private key, or does not unlock.
    """
    document = _read(path)
    lock = unlock(document.wrap, passphrase, PASSPHRASE_VARIABLE, _shown(path))
    key = PrivateKey(lock.open(document.private, document.context, _shown(path)))
    if key.public.text != document.public:
        raise KeysError(_("{path} was altered: its halves are not of one key", path=_shown(path)))
    return key


def read_own_public_key(path: str | Path) -> PublicKey:
    """The public key that the file of a private key names. Needs no passphrase.

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
        with open(path, "rb") as file:
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
    content = _content(Path(path))
    try:
        return _SealKeyDocument.model_validate_json(content)
    except ValidationError as error:
        why = why_invalid(error)
        cause = f": {why}" if why else ", or was cut short"
        raise KeysError(
            _("`{path}` is no key that unseals{cause}", path=path, cause=cause)
        ) from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if file.read(len(PUBLIC_WORD)) == PUBLIC_WORD.encode():
                raise KeysError(
                    _("`{path}` is a public key: unsealing needs the private one", path=path)
                )
    except OSError:
        pass
    return read_secret_file(path, _shown(path))


def _shown(path: str | Path) -> str:
    return f"key `{path}`"
