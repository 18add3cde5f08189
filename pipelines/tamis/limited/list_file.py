"""The file of the list of limited persons: pseudonyms under a key of its own, and no count.

    {"limited": "tamis/v1",
     "epochs": [{"epoch": 1, "key_id": "9f3c…"}, {"epoch": 2, "key_id": "41ab…"}],
     "persons": ["0de6dd4c…", …],
     "mac": "…"}

Persons are sorted, so that the same persons make the same bytes. A pseudonym is made under the key
of the first epoch, and re-keyed by that of each later one. The file is authenticated: one that was
cut, merged or edited by hand is refused, for it may lack somebody.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from tamis.errors import KeysError
from tamis.keys.keyring import Keyring
from tamis.keys.secret_file import SecretModel, read_secret_file, why_invalid
from tamis.language import _
from tamis.nir.pseudonym import limited_mac_key

LARGEST = 256 << 20
"""Bytes of a list: some millions of persons."""


class ListEpoch(SecretModel):
    """An epoch of the keyring whose key the list's pseudonyms went through."""

    epoch: int = Field(ge=1)
    key_id: str


class ListDocument(SecretModel):
    """The whole file."""

    limited: Literal["tamis/v1"] = "tamis/v1"
    epochs: tuple[ListEpoch, ...] = Field(min_length=1)
    persons: tuple[bytes, ...]
    mac: bytes


def shown_list(path: str | Path) -> str:
    """A list as messages name it."""
    return _("list of limited persons `{path}`", path=path)


def read_list(path: Path, keyring: Keyring) -> tuple[ListDocument, str]:
    """Read a list that the keyring made.

    Returns:
        The list, and the SHA-256 of the file.

    Raises:
        KeysError: the file is missing, others may read it, it is no list, it was altered, or it is
            of another keyring or of an epoch that was destroyed.
    """
    shown = shown_list(path)
    content = read_secret_file(path, shown, LARGEST)
    try:
        document = ListDocument.model_validate_json(content)
    except ValidationError as error:
        raise KeysError(
            _("{shown} is no such list{cause}", shown=shown, cause=why_invalid(error))
        ) from None
    known = {epoch.number: epoch.key_id for epoch in keyring.epochs()}
    for entry in document.epochs:
        if known.get(entry.epoch) != entry.key_id:
            raise KeysError(
                _(
                    "{shown} was made with another keyring: key id `{key}` of epoch {epoch} is not "
                    "in this one",
                    shown=shown,
                    key=entry.key_id,
                    epoch=entry.epoch,
                )
            )
    if not hmac.compare_digest(document.mac, _mac(document.epochs, document.persons, keyring)):
        raise KeysError(
            _(
                "{shown} was cut short or altered: restore it, or make it anew from the numbers of "
                "all persons",
                shown=shown,
            )
        )
    return document, hashlib.sha256(content).hexdigest()


def make_list(
    epochs: Sequence[ListEpoch], persons: Iterable[bytes], keyring: Keyring
) -> ListDocument:
    """A list of these pseudonyms, each once.

    Raises:
        KeysError: an epoch of the keyring was destroyed.
    """
    ordered = tuple(sorted(set(persons)))
    return ListDocument(epochs=tuple(epochs), persons=ordered, mac=_mac(epochs, ordered, keyring))


def _mac(epochs: Sequence[ListEpoch], persons: Sequence[bytes], keyring: Keyring) -> bytes:
    numbers = "|".join(f"{entry.epoch}:{entry.key_id}" for entry in epochs)
    message = hashlib.sha256(b"".join(persons)).hexdigest()
    key = keyring.derive(epochs[-1].epoch, limited_mac_key)
    return hmac.digest(key, f"{numbers}|{len(persons)}|{message}".encode(), "sha256")
