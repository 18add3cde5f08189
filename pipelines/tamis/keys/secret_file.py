"""Files of secrets: readable by their owner alone, encrypted under one wrapping key.

The wrapping key is derived by scrypt from a passphrase, or wrapped by a KMS. With `"by": "none"`
there is none: the secrets are stored as they are, and only the file's mode protects them.
"""

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamis.errors import KeysError, os_problem
from tamis.keys.kms import Kms, connect
from tamis.language import _
from tamis.regular_file import open_regular

SECRET_BYTES: Final = 32
"""Size of every secret and of the wrapping key."""

SCRYPT_COST: Final = 1 << 17  # RFC 7914's N; with r = 8, 128 MiB and some tenths of a second

LEAST_CHARACTERS: Final = 15
"""Of a passphrase that alone guards a file (as NIST SP 800-63B-4 asks of such passwords)."""

LEAST_DIFFERENT: Final = 8
"""Different characters of a passphrase."""

_MOST_BLOCKS: Final = 1 << 21  # N times r: 256 MiB
_MOST_WORK: Final = 1 << 22  # N times r times p: four times that of a new file
_NONCE_BYTES: Final = 12
_LARGEST_FILE: Final = 1 << 20  # bytes
_NOT_THE_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO

Passphrase = str | Callable[[], str] | None
"""A passphrase, or a function that asks for it, which is called only if the file needs one."""


class SecretModel(BaseModel):
    """A part of a file of secrets: no unknown key, bytes in hexadecimal, no input in errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        ser_json_bytes="hex",
        val_json_bytes="hex",
    )


class NoWrap(SecretModel):
    """The secrets are stored as they are."""

    by: Literal["none"] = "none"


class PassphraseWrap(SecretModel):
    """The wrapping key is derived from a passphrase: scrypt's salt and costs."""

    by: Literal["passphrase"] = "passphrase"
    salt: bytes = Field(min_length=16, max_length=64)
    n: int = Field(ge=1 << 10, le=1 << 20)
    r: int = Field(ge=1, le=16)
    p: int = Field(ge=1, le=16)

    @model_validator(mode="after")
    def _cost_no_more_than_unlocking_may(self) -> Self:
        blocks = self.n * self.r
        if self.n & (self.n - 1) or blocks > _MOST_BLOCKS or blocks * self.p > _MOST_WORK:
            raise ValueError("out of bounds")
        return self


class KmsWrap(SecretModel):
    """The wrapping key is stored, wrapped by the KMS key at `uri`."""

    by: Literal["kms"] = "kms"
    uri: str
    key: bytes = Field(min_length=1)


Wrap = Annotated[NoWrap | PassphraseWrap | KmsWrap, Field(discriminator="by")]


class SecretCipher:
    """Encrypts and decrypts the secrets of a file by AES-256-GCM; without a key it changes nothing.

    Raises:
        KeysError: the key has another size.
    """

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) != SECRET_BYTES:
            raise KeysError(
                _(
                    "what unlocks a file of keys has {due} bytes, not {count}",
                    due=SECRET_BYTES,
                    count=len(key),
                )
            )
        self._cipher = None if key is None else AESGCM(key)

    def encrypt(self, secret: bytes, context: bytes) -> bytes:
        """Encrypt a secret and authenticate `context` with it; the nonce comes first."""
        if self._cipher is None:
            return secret
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context)

    def decrypt(self, encrypted: bytes, context: bytes, shown: str) -> bytes:
        """Decrypt what `encrypt` returned for the same context.

        Raises:
            KeysError: it does not decrypt; names the file as `shown`.
        """
        if self._cipher is None:
            return encrypted
        nonce, ciphertext = encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError):
            raise KeysError(
                _(
                    "{shown} does not unlock: wrong passphrase or kms key, or the file was altered",
                    shown=shown,
                )
            ) from None


def new_cipher(
    passphrase: str | None, kms_uri: str | None = None, kms: Kms | None = None
) -> tuple[NoWrap | PassphraseWrap | KmsWrap, SecretCipher]:
    """Make a wrapping key: the entry `wrap` of the file, and the cipher that uses the key.

    Raises:
        KeysError: the passphrase is weak, or the KMS does not answer.
    """
    if kms_uri is not None:
        secret = secrets.token_bytes(SECRET_BYTES)
        return KmsWrap(uri=kms_uri, key=(kms or connect(kms_uri)).wrap(secret)), SecretCipher(
            secret
        )
    if passphrase is not None:
        if not passphrase:
            raise KeysError(_("an empty passphrase guards nothing"))
        if len(passphrase) < LEAST_CHARACTERS or len(set(passphrase)) < LEAST_DIFFERENT:
            raise KeysError(
                _(
                    "the passphrase must have {least} characters or more, {different} of them "
                    "different: take several words that do not belong together",
                    least=LEAST_CHARACTERS,
                    different=LEAST_DIFFERENT,
                )
            )
        wrap = PassphraseWrap(salt=secrets.token_bytes(16), n=SCRYPT_COST, r=8, p=1)
        return wrap, SecretCipher(_stretch(passphrase, wrap))
    return NoWrap(), SecretCipher(None)


def unlock(
    wrap: NoWrap | PassphraseWrap | KmsWrap,
    passphrase: Passphrase,
    variable: str,
    shown: str,
    kms: Kms | None = None,
) -> SecretCipher:
    """The cipher of a file that was read.

    Args:
        wrap: the file's entry on its wrapping key.
        passphrase: for a file that one wraps.
        variable: name of the environment variable that gives a passphrase, for the message.
        shown: the file, for the message.
        kms: another driver than the one for the URI in the file.

    Raises:
        KeysError: there is no passphrase, or the KMS does not answer.
    """
    if isinstance(wrap, KmsWrap):
        return SecretCipher((kms or connect(wrap.uri)).unwrap(wrap.key))
    if isinstance(wrap, PassphraseWrap):
        if callable(passphrase):
            passphrase = passphrase()
        if not passphrase:
            raise KeysError(
                _("{shown} needs its passphrase: set {variable}", shown=shown, variable=variable)
            )
        return SecretCipher(_stretch(passphrase, wrap))
    return SecretCipher(None)


def why_invalid(error: ValidationError) -> str:
    """The end of a message on a file that is not valid: which entry is wrong. Quotes no value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return _(", or was cut short")
    entry = ".".join(map(str, first["loc"]))
    return _(": `{entry}` is not as it should be", entry=entry)


def read_secret_file(path: Path, shown: str, most: int = _LARGEST_FILE) -> bytes:
    """The content of a file of mode 0600 or less that the caller owns.

    Raises:
        KeysError: it is missing or no file, belongs to another user, or others may read it; names
            the file as `shown`.
    """
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid():
                raise KeysError(_("{shown} belongs to another user", shown=shown))
            if status.st_mode & _NOT_THE_OWNER:
                mode = stat.S_IMODE(status.st_mode)
                raise KeysError(
                    _("{shown} has mode {mode:04o}: `chmod 600` it", shown=shown, mode=mode)
                )
            return file.read(most)
    except OSError as error:
        raise KeysError(_("{shown}: {reason}", shown=shown, reason=os_problem(error))) from None


@contextmanager
def folder_locked(path: Path, shown: str) -> Iterator[Path]:
    """The file that `path` leads to, while this process holds the lock of its folder."""
    try:
        target = path.resolve()
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeysError(_("{shown}: {reason}", shown=shown, reason=os_problem(error))) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield target
        os.fsync(folder)
    except OSError as error:
        raise KeysError(_("{shown}: {reason}", shown=shown, reason=os_problem(error))) from None
    finally:
        os.close(folder)


def write_secret_file(target: Path, document: SecretModel) -> None:
    """Replace the file by `document`, whole or not at all, with mode 0600.

    The bytes of the file that it replaces are overwritten where they lie. Disks that write
    elsewhere (flash, copy-on-write file systems, snapshots) may keep them all the same.
    """
    old = os.open(target, os.O_WRONLY | os.O_NOFOLLOW) if target.exists() else None
    fd, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(document.model_dump_json(indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
        if old is not None:
            with os.fdopen(os.dup(old), "wb") as file:
                file.write(bytes(os.fstat(old).st_size))
                file.flush()
                os.fsync(old)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    finally:
        if old is not None:
            os.close(old)


def _stretch(passphrase: str, wrap: PassphraseWrap) -> bytes:
    scrypt = Scrypt(salt=wrap.salt, length=SECRET_BYTES, n=wrap.n, r=wrap.r, p=wrap.p)
    return scrypt.derive(passphrase.encode())
