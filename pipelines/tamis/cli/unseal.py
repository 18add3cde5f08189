"""`tamis unseal`: what originals a stream's quarantine keeps sealed, and what they are.

run  source                    position  reason     sealed to         holds
r1   kafka://broker/evaluations      12  malformed  9f3c61d2a4470b5e  value 812, key 36, 2 headers
r1   kafka://broker/evaluations      40  nir-stays  9f3c61d2a4470b5e  value 790, key null, 0 headers
5 records of quarantine, 2 with a sealed original: 2 open, 0 do not
"""

import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from tamis.cli.passphrase import ask_passphrase, given_passphrase
from tamis.errors import InputError, KeysError, UsageError
from tamis.keys.seal_keys import SEAL_PASSPHRASE_VARIABLE, read_private_key
from tamis.keys.sealed import SEALED_BYTES, Original, PrivateKey, sealed_to, unseal
from tamis.language import _, printable
from tamis.stores.quarantine_reader import Quarantined, QuarantineFilter, read_quarantined
from tamis.tables import Table, print_table

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_CHARACTERS = 120


@dataclass
class OriginalCounts:
    """How many rows of quarantine there were, and how many of their originals were opened."""

    rows: int = 0
    sealed: int = 0
    opened: int = 0
    failed: int = 0
    unreadable: int = 0


def unseal_command(
    sources: tuple[str, ...],
    keys: tuple[str, ...],
    selection: QuarantineFilter,
    to: Path | None,
    as_json: bool,
) -> int:
    """List, write or print what is sealed in `sources`; return 1 if an original does not open.

    Raises:
        UsageError: originals are asked for without a key, or in a folder that is there.
    """
    if (to or as_json) and not keys:
        raise UsageError(_("originals are opened with a private key: give --key"))
    if to and as_json:
        raise UsageError(_("give --to or --json, not both"))
    if to and os.path.lexists(to):
        raise UsageError(_("{folder}: exists already, give a new folder", folder=to))
    ring = open_private_keys(keys)
    counts = OriginalCounts()
    files = None if to is None else OriginalFiles(to)
    table: list[tuple[str, ...]] = []
    for row, original in _originals(sources, selection, ring, counts):
        if as_json:
            if original is not None:
                print(json.dumps(_as_json(row, original)))
            continue
        if files is not None and original is not None:
            holds = files.write(row, original)
        elif original is not None:
            holds = _sizes(original)
        else:
            size = len(row.sealed or b"") - SEALED_BYTES
            holds = _("does not open") if ring else _("{count:# byte|# bytes}", count=size)
        to_key = sealed_to(row.sealed or b"") or "?"
        table.append((row.run, row.source, str(row.position), row.reason, to_key, holds))
    if not as_json:
        header = (
            _("run"),
            _("source"),
            _("position"),
            _("reason"),
            _("sealed to"),
            _("file") if files else _("holds"),
        )
        print_table(Table(header, table, numbers=(2,)))
        print(_summary(counts, bool(ring)))
    return 1 if counts.failed or counts.unreadable else 0


class OriginalFiles:
    """A new folder with up to three files an original: NAME.value, NAME.key, NAME.headers.json.

    A null has no file; what is empty has an empty one. Nobody but the owner may read them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()

    def write(self, row: Quarantined, original: Original) -> str:
        """Write an original's files; their name, from its source and position."""
        if not self._names:
            self._folder.mkdir(mode=0o700, parents=True)
        name = self._name(row)
        parts = {"value": original.value, "key": original.key}
        if original.headers:
            parts["headers.json"] = json.dumps(_headers(original), indent=1).encode()
        for part, content in parts.items():
            if content is not None:
                path = self._folder / f"{name}.{part}"
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(content)
        return name

    def _name(self, row: Quarantined) -> str:
        source = _PLAIN.sub("-", row.source).strip("-.")[-_NAME_CHARACTERS:] or "source"
        first = f"{source}-{row.position}"
        names = chain((first,), (f"{first}~{number}" for number in count(2)))
        name = next(name for name in names if name not in self._names)
        self._names.add(name)
        return name


def open_private_keys(paths: tuple[str, ...]) -> dict[str, PrivateKey]:
    """Read private keys; return them by their ids."""
    ring = {}
    for path in paths:

        def ask(path: str = path) -> str:
            return ask_passphrase(SEAL_PASSPHRASE_VARIABLE, _("passphrase of {file}", file=path))

        key = read_private_key(path, given_passphrase(SEAL_PASSPHRASE_VARIABLE) or ask)
        ring[key.public.id] = key
    return ring


def _originals(
    sources: tuple[str, ...],
    selection: QuarantineFilter,
    ring: dict[str, PrivateKey],
    counts: OriginalCounts,
) -> Iterator[tuple[Quarantined, Original | None]]:
    """Yield the rows with something sealed, with their originals, None where no key opens them."""
    for source in sources:
        for row in read_quarantined(source, selection):
            counts.rows += 1
            if row.problem:
                counts.unreadable += 1
                _complain(f"{row.source}: {row.problem}")
            elif row.sealed is not None:
                counts.sealed += 1
                original = None
                if ring:
                    try:
                        original = _open(row, row.sealed, ring)
                        counts.opened += 1
                    except (InputError, KeysError) as error:
                        counts.failed += 1
                        _complain(str(error))
                yield row, original


def _open(row: Quarantined, sealed: bytes, ring: dict[str, PrivateKey]) -> Original:
    to = sealed_to(sealed)
    if to is not None and to not in ring:
        text = _("{source}: position {position}: sealed to key {key}, which is none of those given")
        raise KeysError(text.format(source=row.source, position=row.position, key=to))
    key = ring[to] if to is not None else next(iter(ring.values()))
    return unseal(sealed, key, row.source, row.position)


def _complain(text: str) -> None:
    print(f"tamis: {printable(text)}", file=sys.stderr)


def _sizes(original: Original) -> str:
    value, key = (
        _("null") if part is None else str(len(part)) for part in (original.value, original.key)
    )
    headers = len(original.headers)
    return _("value {value}, key {key}, {headers} headers", value=value, key=key, headers=headers)


def _as_json(row: Quarantined, original: Original) -> dict[str, object]:
    return {
        "run": row.run,
        "source": row.source,
        "position": row.position,
        "reason": row.reason,
        "field": row.field,
        "rule": row.rule,
        "value": _base64(original.value),
        "key": _base64(original.key),
        "headers": _headers(original),
    }


def _headers(original: Original) -> list[tuple[str, str | None]]:
    return [(name, _base64(value)) for name, value in original.headers]


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _summary(counts: OriginalCounts, tried: bool) -> str:
    text = _(
        "{rows:# record|# records} of quarantine, {sealed} with a sealed original",
        rows=counts.rows,
        sealed=counts.sealed,
    )
    if tried:
        text += _(": {opened} open, {failed} do not", opened=counts.opened, failed=counts.failed)
    if counts.unreadable:
        text += _("; {count} cannot be read", count=counts.unreadable)
    return text
