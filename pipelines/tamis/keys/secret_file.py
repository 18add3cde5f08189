"""Files of secrets: their owner's alone, never overwritten, encrypted under one wrapping key.

The wrapping key is what scrypt makes of a passphrase or what a KMS wraps; with `"by": "none"` there
is none, and the file's mode alone guards the secrets.
"""

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tamis.errors import KeysError
from tamis.keys.kms import Kms, connect
from tamis.language import _

SECRET_BYTES: Final = 32
"""Size of every secret, and of what wraps them."""

SCRYPT_COST: Final = 1 << 17  # RFC 7914's N; with r = 8, 128 MiB and some tenths of a second

_NONCE_BYTES: Final = 12
_LARGEST_FILE: Final = 1 << 20  # bytes
_NOT_THE_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO

Passphrase = str | Callable[[], str] | None
"""A passphrase, or what asks for it if the file turns out to need one."""


class SecretModel(BaseModel):
    """A part of such a file: exact keys, bytes in hexadecimal, no input in errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        ser_json_bytes="hex",
        val_json_bytes="hex",
    )


class NoWrap(SecretModel):
    """The secrets lie in the open."""

    by: Literal["none"] = "none"


class PassphraseWrap(SecretModel):
    """What scrypt needs beside the passphrase."""

    by: Literal["passphrase"] = "passphrase"
    salt: bytes = Field(min_length=16, max_length=64)
    n: int = Field(ge=1 << 10, le=1 << 20)
    r: int = Field(ge=1, le=16)
    p: int = Field(ge=1, le=16)


class KmsWrap(SecretModel):
    """The wrapping key, itself wrapped by a KMS."""

    by: Literal["kms"] = "kms"
    uri: str
    key: bytes = Field(min_length=1)


Wrap = Annotated[NoWrap | PassphraseWrap | KmsWrap, Field(discriminator="by")]


class SecretCipher:
    """What encrypts and decrypts the secrets of a file; without a key they lie in the open."""

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) != SECRET_BYTES:
            raise KeysError(
                _(
                    "what unlocks a file of keys has {SECRET_BYTES} bytes, not {key}",
                    SECRET_BYTES=SECRET_BYTES,
                    key=len(key),
                )
            )
        self._cipher = None if key is None else AESGCM(key)

    def close(self, secret: bytes, context: bytes) -> bytes:
        """Encrypt a secret; `context` is vouched for with it."""
        if self._cipher is None:
            return secret
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context)

    def open(self, closed: bytes, context: bytes, shown: str) -> bytes:
        """Decrypt what `close` returned for the same context; any size if it lay in the open.

        Raises:
            KeysError: it does not decrypt; names the file as `shown`.
        """
        if self._cipher is None:
            return closed
        nonce, sealed = closed[:_NONCE_BYTES], closed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, context)
        except (InvalidTag, ValueError):
            problem = "wrong passphrase or kms key, or the file was altered"
            raise KeysError(
                _("{shown} does not unlock: {problem}", shown=shown, problem=problem)
            ) from None


def new_cipher(
    passphrase: str | None, kms_uri: str | None = None, kms: Kms | None = None
) -> tuple[NoWrap | PassphraseWrap | KmsWrap, SecretCipher]:
    """A new wrapping key: what the file says of it, and the lock that uses it.

    Raises:
        KeysError: the passphrase is empty, or the KMS does not answer.
    """
    if kms_uri is not None:
        secret = secrets.token_bytes(SECRET_BYTES)
        return KmsWrap(uri=kms_uri, key=(kms or connect(kms_uri)).wrap(secret)), SecretCipher(
            secret
        )
    if passphrase is not None:
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
    """The lock of a file that was read.

    Args:
        wrap: what the file says of its wrapping key.
        passphrase: asked for only if it is needed.
        variable: of the environment, that gives a passphrase, for the message.
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


def why_invalid(error: ValidationError) -> str | None:
    """Where a file's content is not as it should be; None if it is no JSON. Quotes nothing."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return None
    where = ".".join(str(part) for part in first["loc"])
    return f"`{where}` is not as it should be"


def read_secret_file(path: Path, shown: str) -> bytes:
    """The content of a file that nobody but its owner, the caller, may read.

    Args:
        path: of mode 0600 or less.
        shown: the file, for the message.

    Raises:
        KeysError: it is missing, loose, another's or no file.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeysError(_("{shown} is not a file", shown=shown))
            if status.st_uid != os.geteuid():
                raise KeysError(_("{shown} belongs to another user", shown=shown))
            if status.st_mode & _NOT_THE_OWNER:
                mode = stat.S_IMODE(status.st_mode)
                raise KeysError(
                    _("{shown} has mode {mode:04o}: `chmod 600` it", shown=shown, mode=mode)
                )
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise KeysError(f"{shown}: {os_problem(error)}") from None


@contextmanager
def folder_locked(path: Path, shown: str) -> Iterator[Path]:
    """The file behind `path`, links followed, while this process alone changes its folder."""
    try:
        target = path.resolve()
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeysError(f"{shown}: {os_problem(error)}") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield target
        os.fsync(folder)
    except OSError as error:
        raise KeysError(f"{shown}: {os_problem(error)}") from None
    finally:
        os.close(folder)


def write_secret_file(target: Path, document: SecretModel, *, wipe: bool = False) -> None:
    """Put `document` in place of the file, whole or not at all, of mode 0600.

    With `wipe`, the bytes of the file that was there are overwritten.
    """
    old = os.open(target, os.O_WRONLY) if wipe else None
    fd, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(document.model_dump_json(indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
        if old is not None:
            os.write(old, bytes(os.fstat(old).st_size))
            os.fsync(old)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    finally:
        if old is not None:
            os.close(old)


def os_problem(error: OSError) -> str:
    """What the system says, lower case."""
    return (error.strerror or type(error).__name__).lower()


def _stretch(passphrase: str, wrap: PassphraseWrap) -> bytes:
    if not passphrase:
        raise KeysError(_("an empty passphrase guards nothing"))
    scrypt = Scrypt(salt=wrap.salt, length=SECRET_BYTES, n=wrap.n, r=wrap.r, p=wrap.p)
    return scrypt.derive(passphrase.encode())
