"""Keyed pseudonyms of identifiers: equal for one number within one processing, item and epoch.

    an epoch's root ── HKDF-SHA-256, info `tamis/v1|processing|item|epoch|method` ──> key
    `NIR` + 13 canonical characters ── HMAC-SHA-256 or AES-256-CMAC under that key ──> 16 bytes

of other identifiers, such as the number of a file, which have a kind:

    an epoch's root ── HKDF-SHA-256, info `tamis/v1|processing|item|epoch|method|kind` ──> key
    `kind|length|` + the canonical bytes ── HMAC-SHA-256 or AES-256-CMAC ──> 16 bytes

re-keyed, whatever identifier and method the old pseudonym is of:

    the new epoch's root ── HKDF-SHA-256, info `tamis/v1/rekey|processing|item|old|new` ──> key
    the old pseudonym's 16 bytes ── AES-256-CMAC under that key ──> 16 bytes

so that neither the NIR nor the documents of the time are needed for it. Of a message of one block
AES-256-CMAC is a permutation: two old pseudonyms never have one new one.

of the list of limited persons, which no release is made with:

    an epoch's root ── HKDF-SHA-256, info `tamis/v1|limited` ──> key
    `NIR` + 13 canonical characters ── AES-256-CMAC under that key ──> 16 bytes

A pseudonym is still personal data (GDPR recital 26): whoever holds the key can compute those of all
NIRs and compare. Without the key nobody can; an unkeyed hash would not have that property.
"""

import hmac
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from struct import iter_unpack
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tamis.arrow.buffers import bitmap, text_parts
from tamis.arrow.types import PSEUDONYM, Bools, Bytes
from tamis.errors import KeysError
from tamis.language import _

ROW: Final = "row"
"""What stands for a method in the key of ids of rows (`row_ids`)."""

METHODS: Final = ("hmac-sha256", "aes-256-cmac")
KEY_BYTES: Final = 32

_PREFIX: Final = b"NIR"
_BODY: Final = 13  # characters of a canonical NIR, key left out
_BLOCK: Final = len(_PREFIX) + _BODY  # 16 bytes, one AES block
_MESSAGE: Final = np.dtype([("prefix", f"V{len(_PREFIX)}"), ("body", f"V{_BODY}")])
_CHUNK: Final = 1 << 14  # values at a time: they fit the cache, and other threads get their turn

_Mac = Callable[[Bytes, Bytes], None]
"""Computes the MACs of N messages, N × 16 bytes, into the second argument, (N + 1) × 16 bytes."""


def derive_key(
    root: bytes, processing: str, item: str, epoch: int, method: str, kind: str | None = None
) -> bytes:
    """Derive the key of a processing, item, epoch and method from the epoch's root.

    The keys of two processings are independent of one another, so that nobody who has the
    pseudonyms of both can link them without the root.

    Args:
        root: 32 bytes of one epoch.
        processing: slug of the processing.
        item: item of art. R. 6323-37, such as `R6323-37.III.2`.
        epoch: number of the root's epoch, from 1.
        method: `hmac-sha256` or `aes-256-cmac`; `row` for ids of rows.
        kind: of identifiers other than NIRs and NIAs, such as `dossier`.

    Returns:
        32 bytes.

    Raises:
        KeysError: the root is not 32 bytes, or a part of the context is not what it should be.

    Example:
        >>> a = derive_key(bytes(32), "agent-emploi", "R6323-37.III.2", 1, "hmac-sha256")
        >>> b = derive_key(bytes(32), "financeur", "R6323-37.III.2", 1, "hmac-sha256")
        >>> len(a), a == b
        (32, False)
    """
    if method != ROW:
        _check_method(method)
    if epoch < 1:
        raise KeysError(_("an epoch is a number from 1"))
    _check_names(processing=processing, item=item, **({} if kind is None else {"kind": kind}))
    info = f"tamis/v1|{processing}|{item}|{epoch}|{method}" + (f"|{kind}" if kind else "")
    return _derive(root, info)


def derive_chain_key(root: bytes, processing: str, item: str, source: int, target: int) -> bytes:
    """Derive the key under which pseudonyms of one epoch become those of a later one.

    Args:
        root: 32 bytes of the later epoch.
        processing, item: as `derive_key` takes them.
        source: number of the epoch whose pseudonyms are mapped.
        target: number of the root's epoch.

    Returns:
        32 bytes, for `rekey`.

    Raises:
        KeysError: the root is not 32 bytes, or a part of the context is not what it should be.

    Example:
        >>> len(derive_chain_key(bytes(32), "agent-emploi", "R6323-37.III.2", 1, 2))
        32
    """
    if not 1 <= source < target:
        raise KeysError(_("an epoch is chained on an earlier one"))
    _check_names(processing=processing, item=item)
    return _derive(root, f"tamis/v1/rekey|{processing}|{item}|{source}|{target}")


def derive_limited_key(root: bytes) -> bytes:
    """Derive the key by which the list of limited persons knows them (RGPD art. 18).

    Args:
        root: 32 bytes of one epoch.

    Returns:
        32 bytes, for `pseudonymize`; no release is made with them.

    Example:
        >>> derive_limited_key(bytes(32)).hex()[:16]
        'ed78c8f71e78a1f8'
    """
    return _derive(root, "tamis/v1|limited")


def derive_limited_chain_key(root: bytes, source: int, target: int) -> bytes:
    """Derive the key under which the list's pseudonyms of one epoch become those of a later one.

    Args:
        root: 32 bytes of the later epoch.
        source: number of the epoch whose pseudonyms are mapped.
        target: number of the root's epoch.

    Raises:
        KeysError: the root is not 32 bytes, or `source` is no earlier epoch.

    Example:
        >>> len(derive_limited_chain_key(bytes(32), 1, 2))
        32
    """
    if not 1 <= source < target:
        raise KeysError(_("an epoch is chained on an earlier one"))
    return _derive(root, f"tamis/v1/rekey|limited|{source}|{target}")


def limited_mac_key(root: bytes) -> bytes:
    """Derive the key that authenticates the file of the list of limited persons.

    Example:
        >>> limited_mac_key(bytes(32)) == derive_limited_key(bytes(32))
        False
    """
    return _derive(root, "tamis/v1|limited|mac")


def row_ids(places: Iterable[str], key: bytes) -> Iterator[str]:
    """An id for each row, by which a sink knows it again, and nobody else where it came from.

    Args:
        places: what tells a row from all others of the processing and item.
        key: 32 bytes, of the method `row`.

    Returns:
        32 hexadecimal digits each: the first 16 bytes of HMAC-SHA-256.

    Example:
        >>> [first, again, other] = row_ids(["droits|7", "droits|7", "droits|8"], bytes(32))
        >>> len(first), first == again, first == other
        (32, True, False)
    """
    for place in places:
        yield hmac.digest(key, place.encode(), "sha256")[:_BLOCK].hex()


def pseudonymize(canonical: pa.Array, key: bytes, method: str) -> pa.FixedSizeBinaryArray:
    """Compute the pseudonym of every canonical NIR.

    Args:
        canonical: N strings of 13 characters, or null (`tamis.nir.identifiers.judge(…).canonical`).
        key: 32 bytes of `derive_key`, of this processing, item, epoch and method.
        method: `hmac-sha256` or `aes-256-cmac`.

    Returns:
        N values of `fixed_size_binary(16)`, null where `canonical` is.

    Raises:
        KeysError: the key is not 32 bytes or the method unknown.
        ValueError: a value is not 13 bytes long, so it is no canonical NIR.

    Example:
        >>> nirs = pa.array(["1550875999991", None])
        >>> [p and p.hex() for p in pseudonymize(nirs, bytes(32), "hmac-sha256").to_pylist()]
        ['c08d1f70392f41cb3c632246e32bb462', None]
    """
    _check_key(key)
    _check_method(method)
    mac = _MACS[method](key)
    bodies = _bodies(canonical.cast(pa.large_string()).drop_null())
    macs = _room(len(canonical))
    blocks = np.empty(min(_CHUNK, len(bodies)), _MESSAGE)
    blocks["prefix"] = _PREFIX
    for start in range(0, len(bodies), _CHUNK):
        chunk = blocks[: len(bodies) - start]
        chunk["body"] = bodies[start : start + _CHUNK]
        mac(chunk.view(np.uint8).reshape(-1, _BLOCK), macs[start : start + len(chunk) + 1])
    if not canonical.null_count:
        return _array(macs)
    valid = np.asarray(canonical.is_valid())
    spread = np.zeros_like(macs)
    spread[np.flatnonzero(valid)] = macs[: len(bodies)]
    return _array(spread, valid)


def rekey(pseudonyms: pa.FixedSizeBinaryArray, *keys: bytes) -> pa.FixedSizeBinaryArray:
    """Map pseudonyms to those of a later epoch.

    Args:
        pseudonyms: N values of `fixed_size_binary(16)`, or null.
        keys: of `derive_chain_key`, 32 bytes each, applied one after the other.

    Returns:
        N values of `fixed_size_binary(16)`, null where `pseudonyms` is; equal where they are.

    Raises:
        KeysError: a key is not 32 bytes.

    Example:
        >>> old = pseudonymize(pa.array(["1550875999991", None]), bytes(32), "hmac-sha256")
        >>> [p and p.hex() for p in rekey(old, bytes(32)).to_pylist()]
        ['0de6dd4cda8e9de039396c783e2044da', None]
    """
    for key in keys:
        _check_key(key)
        mac = _aes_256_cmac(key)
        _, values = pseudonyms.buffers()
        offset, rows = pseudonyms.offset * _BLOCK, len(pseudonyms)
        blocks = np.frombuffer(values, np.uint8, rows * _BLOCK, offset).reshape(-1, _BLOCK)
        macs = _room(rows)
        for start in range(0, rows, _CHUNK):
            chunk = blocks[start : start + _CHUNK]
            mac(chunk, macs[start : start + len(chunk) + 1])
        valid = np.asarray(pseudonyms.is_valid()) if pseudonyms.null_count else None
        if valid is not None:
            macs[:-1][~valid] = 0
        pseudonyms = _array(macs, valid)
    return pseudonyms


def pseudonymize_numbers(
    values: pa.Array, kind: str, key: bytes, method: str
) -> pa.FixedSizeBinaryArray:
    """Compute the pseudonym of every identifier of another kind than NIRs.

    Args:
        values: N strings or integers; of strings the canonical form is taken.
        kind: what number it is (`dossier`); the key is derived with it.
        key: 32 bytes of `derive_key`, of this processing, item, epoch, method and kind.
        method: `hmac-sha256` or `aes-256-cmac`.

    Returns:
        N values of `fixed_size_binary(16)`, null where there is no number.

    Raises:
        KeysError: the key is not 32 bytes or the method unknown.

    Example:
        >>> made = pseudonymize_numbers(pa.array(["7", " 7", "07", ""]), "dossier", bytes(32),
        ...     "hmac-sha256").to_pylist()
        >>> made[0] == made[1], made[0] == made[2], made[3]
        (True, False, None)
        >>> pseudonymize_numbers(pa.array([7]), "dossier", bytes(32), "hmac-sha256")[0].as_py() == (
        ...     made[0])
        True
    """
    _check_key(key)
    _check_method(method)
    encoded = canonical_numbers(values).dictionary_encode()
    made = []
    for value in encoded.dictionary.to_pylist():
        number = value.encode()
        message = b"%b|%d|%b" % (kind.encode(), len(number), number)
        if method == "hmac-sha256":
            made.append(hmac.digest(key, message, "sha256")[:_BLOCK])
        else:
            mac = CMAC(algorithms.AES256(key))
            mac.update(message)
            made.append(mac.finalize())
    return pa.array(made, PSEUDONYM).take(encoded.indices)


def canonical_numbers(values: pa.Array) -> pa.Array:
    """Identifiers in the one form by which they are compared.

    Strings are in Unicode's form NFC without blanks around them; case, inner blanks, signs and
    zeros in front stay, since sources tell numbers apart by them. Integers are their decimal
    digits. What is empty is no number.

    Example:
        >>> canonical_numbers(pa.array([" A-07 ", "", "a-07"])).to_pylist()
        ['A-07', None, 'a-07']
    """
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    encoded = pc.utf8_trim_whitespace(values).dictionary_encode()
    # Arrow's own normalization leaves an `e` and its accent apart.
    texts = [unicodedata.normalize("NFC", text) or None for text in encoded.dictionary.to_pylist()]
    return pa.array(texts, values.type).take(encoded.indices)


def _room(rows: int) -> Bytes:
    """Room for N MACs, and one spare block, which OpenSSL asks for at the end of what it writes."""
    return np.zeros((rows + 1, _BLOCK), np.uint8)


def _array(macs: Bytes, valid: Bools | None = None) -> pa.FixedSizeBinaryArray:
    """N pseudonyms in N + 1 blocks."""
    rows = len(macs) - 1
    values = pa.py_buffer(macs).slice(0, rows * _BLOCK)
    validity = None if valid is None else bitmap(valid)
    return pa.Array.from_buffers(PSEUDONYM, rows, [validity, values])


def _derive(root: bytes, info: str) -> bytes:
    _check_key(root)
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(root)


def _check_names(**parts: str) -> None:
    for name, part in parts.items():
        if not part or "|" in part:
            raise KeysError(_("a {name} that is empty or holds `|` cannot name a key", name=name))


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise KeysError(_("a key has {due} bytes, not {count}", due=KEY_BYTES, count=len(key)))


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise KeysError(
            _(
                "no pseudonym method `{method}`: choose {methods}",
                method=method,
                methods=_(" or ").join(METHODS),
            )
        )


def _bodies(strings: pa.Array) -> npt.NDArray[np.void]:
    """The 13 characters of N canonical NIRs, none of them null; they share the array's bytes."""
    if not len(strings):
        return np.empty(0, _MESSAGE["body"])
    data, offsets = text_parts(strings)
    if (np.diff(offsets) != _BODY).any():
        raise ValueError(f"a canonical NIR has {_BODY} characters")
    return np.frombuffer(data, _MESSAGE["body"], len(strings), offsets[0])


def _hmac_sha256(key: bytes) -> _Mac:
    # A copy has both pads of the key hashed already. `hmac.digest` hashes them for every value,
    # which costs more than twice as much.
    keyed = HMAC(key, SHA256()).copy

    def fill(blocks: Bytes, out: Bytes) -> None:
        digests = []
        for (block,) in iter_unpack(f"{_BLOCK}s", blocks.data):
            mac = keyed()
            mac.update(block)
            digests.append(mac.finalize())
        full = np.frombuffer(b"".join(digests), np.uint8).reshape(len(blocks), -1)
        out[: len(blocks)] = full[:, :_BLOCK]

    return fill


def _aes_256_cmac(key: bytes) -> _Mac:
    # NIST SP 800-38B, 6.2: the MAC of a message of exactly one block is AES(block XOR K1), so the
    # MACs of a column are one ECB call over it: no block depends on another, as in ECB none does.
    aes = Cipher(algorithms.AES256(key), modes.ECB())  # noqa: S305
    zero = aes.encryptor().update(bytes(_BLOCK))
    doubled = int.from_bytes(zero, "big") << 1
    if doubled >> 128:
        doubled ^= 1 << 128 | 0x87
    subkey = np.frombuffer(doubled.to_bytes(_BLOCK, "big"), np.uint8)

    def fill(blocks: Bytes, out: Bytes) -> None:
        aes.encryptor().update_into((blocks ^ subkey).data.cast("B"), out.data.cast("B"))

    return fill


_MACS: Final[dict[str, Callable[[bytes], _Mac]]] = {
    "hmac-sha256": _hmac_sha256,
    "aes-256-cmac": _aes_256_cmac,
}
