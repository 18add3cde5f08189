"""Sealing: original messages are encrypted to a public key; only its private key decrypts them.

HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, as
`cryptography` has it.

    sealed     "TMS1", key id (8 bytes), encapsulated key (32 bytes), ciphertext, tag (16 bytes)
    plaintext  value, key, then name and value of each header, in order: each a length of 8 bytes,
               big endian, and so many bytes; for a null, eight times 0xFF and no bytes
    info       "tamis/sealed/v1", key id, source, position in decimals; framed alike

Source and position of the record are authenticated with the message, so that it cannot be moved to
another record. Its size is not hidden. Who sealed it is not proven, since the key is public.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tamis.errors import InputError, KeysError
from tamis.language import _

PUBLIC_WORD: Final = "tamis-seal-v1"
"""First word of a public key's line."""

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_MAGIC: Final = b"TMS1"
_INFO: Final = b"tamis/sealed/v1"
_ID: Final = b"tamis/seal-key/v1"
_ID_BYTES: Final = 8
_KEY_BYTES: Final = 32
_HEADER_BYTES: Final = len(_MAGIC) + _ID_BYTES
_LENGTH_BYTES: Final = 8
_NULL: Final = b"\xff" * _LENGTH_BYTES

SEALED_BYTES: Final = _HEADER_BYTES + 32 + 16
"""Bytes that sealing adds to the framed message."""


@dataclass(frozen=True)
class Original:
    """A message as it arrived. None is a null, which is not the same as no bytes.

    Attributes:
        value: its value.
        key: its key, or ordering key.
        headers: name and value of each header or attribute, in order; names may repeat.
    """

    value: bytes | None = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, bytes | None], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PublicKey:
    """The key to which messages are sealed. A job may carry it.

    Raises:
        KeysError: it is no public key of X25519.
    """

    raw: bytes

    def __post_init__(self) -> None:
        try:
            _SUITE.encrypt(b"", _public(self.raw))
        except ValueError:
            raise KeysError(_("a key to seal to is no public key of X25519")) from None

    @property
    def id(self) -> str:
        """16 hexadecimal digits: the first 8 bytes of a SHA-256 of the key."""
        return hashlib.sha256(_ID + self.raw).digest()[:_ID_BYTES].hex()

    @property
    def text(self) -> str:
        """The key as one line: word, id and key in base64."""
        return f"{PUBLIC_WORD} {self.id} {base64.b64encode(self.raw).decode()}"

    @classmethod
    def of(cls, text: str) -> "PublicKey":
        """The key of a line as `text` has it.

        Raises:
            KeysError: the line is none of a key, or was altered.
        """
        words = text.split()
        if len(words) != 3 or words[0] != PUBLIC_WORD:
            raise KeysError(
                _("a key to seal to is one line: `{word}`, its id, the key", word=PUBLIC_WORD)
            )
        try:
            raw = base64.b64decode(words[2], validate=True)
        except (binascii.Error, ValueError):
            raise KeysError(_("a key to seal to is not in base64, or was cut short")) from None
        key = cls(raw)
        if key.id != words[1]:
            raise KeysError(_("a key to seal to has another id than it says: it was altered"))
        return key


@dataclass(frozen=True)
class PrivateKey:
    """The key that unseals messages sealed to its public key. Never shown, never pickled.

    Raises:
        KeysError: it has another size.
    """

    raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.raw) != _KEY_BYTES:
            raise KeysError(
                _(
                    "a key that unseals has {due} bytes, not {count}",
                    due=_KEY_BYTES,
                    count=len(self.raw),
                )
            )

    @classmethod
    def new(cls) -> "PrivateKey":
        """Make a key at random."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def public(self) -> PublicKey:
        """Its public key."""
        return PublicKey(_private(self.raw).public_key().public_bytes_raw())

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeysError(_("a key that unseals is never pickled"))


def seal(original: Original, key: PublicKey, source: str, position: int) -> bytes:
    """Encrypt a message to a public key, together with the place of its record.

    Args:
        original: the message, of any size.
        key: whose private key unseals it.
        source: the stream, as in the quarantine's row.
        position: in the source, as in the quarantine's row.

    Returns:
        `SEALED_BYTES` more than the framed message; other bytes at each call.

    Example:
        >>> key = PrivateKey.new()
        >>> sealed = seal(Original(b"{", None), key.public, "kafka://broker/topic", 7)
        >>> unseal(sealed, key, "kafka://broker/topic", 7).value
        b'{'
        >>> unseal(sealed, key, "kafka://broker/topic", 8)
        Traceback (most recent call last):
        ...
        tamis.errors.InputError: kafka://broker/topic: position 8: the sealed original is damaged, \
or another record's
    """
    parts = [original.value, original.key]
    for name, value in original.headers:
        parts += [name.encode("utf-8", "surrogatepass"), value]
    header = _MAGIC + bytes.fromhex(key.id)
    return header + _SUITE.encrypt(
        _framed(*parts), _public(key.raw), _info(header, source, position)
    )


def sealed_to(sealed: bytes) -> str | None:
    """The id of the key to which a message was sealed; None if it is no sealed message."""
    if len(sealed) < SEALED_BYTES or not sealed.startswith(_MAGIC):
        return None
    return sealed[len(_MAGIC) : _HEADER_BYTES].hex()


def unseal(sealed: bytes, key: PrivateKey, source: str, position: int) -> Original:
    """Decrypt what `seal` returned for the same source and position.

    Raises:
        KeysError: it was sealed to another key.
        InputError: it is damaged, or was sealed for another record.
    """
    damaged = InputError(
        source,
        _(
            "position {position}: the sealed original is damaged, or another record's",
            position=position,
        ),
    )
    to = sealed_to(sealed)
    if to is None:
        raise damaged
    own = key.public.id
    if to != own:
        raise KeysError(
            _(
                "{source}: position {position}: sealed to key {to}, not to {own}",
                source=source,
                position=position,
                to=to,
                own=own,
            )
        )
    try:
        plain = _SUITE.decrypt(
            memoryview(sealed)[_HEADER_BYTES:],
            _private(key.raw),
            _info(sealed[:_HEADER_BYTES], source, position),
        )
        value, own_key, *rest = _parts(plain)
        names = [_name(name) for name in rest[::2]]
        return Original(value, own_key, tuple(zip(names, rest[1::2], strict=True)))
    except (InvalidTag, ValueError):
        raise damaged from None


def _name(part: bytes | None) -> str:
    if part is None:
        raise ValueError("a header without a name")
    return part.decode("utf-8", "surrogatepass")


def _info(header: bytes, source: str, position: int) -> bytes:
    return _framed(
        _INFO,
        header[len(_MAGIC) :],
        source.encode("utf-8", "surrogatepass"),
        str(position).encode(),
    )


def _framed(*parts: bytes | None) -> bytes:
    framed = []
    for part in parts:
        framed.append(_NULL if part is None else len(part).to_bytes(_LENGTH_BYTES, "big"))
        framed.append(part or b"")
    return b"".join(framed)


def _parts(framed: bytes) -> Iterator[bytes | None]:
    """The parts of which `_framed` made `framed`.

    Raises:
        ValueError: it was not made so; anybody can seal any bytes to a public key.
    """
    at = 0
    while at < len(framed):
        length = framed[at : at + _LENGTH_BYTES]
        at += _LENGTH_BYTES
        if length == _NULL:
            yield None
            continue
        end = at + int.from_bytes(length, "big")
        if end > len(framed) or len(length) < _LENGTH_BYTES:
            raise ValueError("cut short")
        yield framed[at:end]
        at = end


@lru_cache(maxsize=16)
def _public(raw: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(raw)


def _private(raw: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(raw)
