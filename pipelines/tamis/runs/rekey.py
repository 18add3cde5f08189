"""Re-keying a store: released pseudonyms of a processing, mapped to a later epoch without any NIR.

Each committed run whose pseudonyms are of the old epoch is written anew as a run of its own, which
says what it supersedes. It commits by its receipt, like any run; then the files or tables of the
old one go, and its receipt stays as it was. So there are never two epochs in one file, and a
process that is killed leaves runs that are re-keyed and runs that are not: the same command goes
on with those. The id of the new run follows from that of the old one and the epoch, so that two
commands at once do nothing twice.

Nothing but the store and the later epoch's root is needed: which columns are pseudonyms is told by
the receipt, for they are those that no field has.
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from tamis.arrow.buffers import list_of, list_parts, struct_of, validity
from tamis.arrow.types import PSEUDONYM
from tamis.documents.tags import TAGS
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Files, KeyPart, Receipt, is_replay, tool_version
from tamis.evidence.removal import standing
from tamis.keys.keyring import Keyring
from tamis.language import _
from tamis.nir.pseudonym import rekey
from tamis.stores.protocol import Attempt, RunStore
from tamis.stores.run_id import derived_run_id

_RELEASED = ("kept", "generalized", "redacted")
"""Fates of fields that are released under their own names."""


@dataclass(frozen=True)
class Rekeying:
    """Which pseudonyms are mapped.

    Attributes:
        processing: slug of the processing.
        source: epoch of the released pseudonyms.
        target: the current epoch, of what they become.
    """

    processing: str
    source: int
    target: int


def rekey_store(store: RunStore, keyring: Keyring, what: Rekeying) -> Iterator[Receipt]:
    """Re-key all that committed runs released, run by run; what an earlier call left is done too.

    The keyring says from the beginning that the later epoch is chained on the earlier one.

    Args:
        store: what runs were committed to.
        keyring: unlocked; its current epoch is the target.
        what: which pseudonyms are mapped.

    Returns:
        The receipt of each run that is committed by this call.

    Raises:
        UsageError: the store has no pseudonyms of the processing, or some that must not be mapped;
            nothing is done.
        KeysError: the keyring cannot chain these epochs; nothing is done.
        RunError: a run could not be re-keyed; those before it are.
    """
    receipts = standing(store.receipts(), store.removals())
    live = [
        receipt
        for receipt in receipts
        if receipt.processing.slug == what.processing and receipt.keys
    ]
    if not live:
        others = sorted({receipt.processing.slug for receipt in receipts if receipt.keys})
        raise UsageError(
            _(
                "{store}: no run released pseudonyms to `{processing}`, only to {others}",
                store=store.shown,
                processing=what.processing,
                others=", ".join(others) or _("nobody"),
            )
        )
    _check(store, keyring, what, live)
    keyring.chain(what.processing, what.source, what.target)
    for receipt in live:
        if receipt.supersedes:
            store.complete(receipt.run)
    for receipt in live:
        if any(key.epoch == what.source for key in receipt.keys):
            yield _rekey_run(store, keyring, what, receipt)


def _check(store: RunStore, keyring: Keyring, what: Rekeying, live: list[Receipt]) -> None:
    """Refuse what could not be told apart afterwards, or what later runs could not make."""
    epochs = {epoch.number: epoch for epoch in keyring.epochs()}
    keyring.chain_key(what.processing, "item", what.source, what.target)
    before = keyring.epochs_of(what.processing, what.source)
    expected = {what.source: before[:-1], what.target: before}
    for receipt in live:
        where = {"store": store.shown, "run": receipt.run}
        for key in receipt.keys:
            if key.epoch not in expected:
                continue
            if key.key_id != epochs[key.epoch].key_id:
                text = _("{store}: run {run} made its pseudonyms under another keyring", **where)
                raise UsageError(text)
            if (key.chained_on or []) != expected[key.epoch]:
                raise UsageError(
                    _(
                        "{store}: pseudonyms of run {run}, of epoch {epoch}, are not chained as "
                        "those of the keyring: `tamis keys rotate`, and re-key epoch {source} to "
                        "the new epoch",
                        epoch=key.epoch,
                        source=what.source,
                        **where,
                    )
                )
        if any(key.epoch == what.source for key in receipt.keys):
            _check_tables(store, receipt)


def _check_tables(store: RunStore, receipt: Receipt) -> None:
    """Refuse tables that cannot be written anew; files always can."""
    if all(file.sha256 for file in receipt.files()):
        return
    where = {"store": store.shown, "run": receipt.run}
    if receipt.stream:
        raise UsageError(
            _(
                "{store}: run {run} is a period of stream {stream}, whose periods share their "
                "tables: what streams put into tables cannot be re-keyed",
                stream=receipt.stream,
                **where,
            )
        )
    for name, release in receipt.releases.items():
        for path, claim in release.fields.items():
            if claim.fate == "pseudonymized" and "." in path:
                raise UsageError(
                    _(
                        "{store}: run {run}, release {release}: the pseudonym of `{path}` is "
                        "within a column of JSON, which cannot be re-keyed",
                        release=name,
                        path=path,
                        **where,
                    )
                )


def rekeyed_run(run: str, epoch: int) -> str:
    """The id of the run that re-keys `run` to an epoch.

    Example:
        >>> rekeyed_run("2026-11-23-dsn", 2), rekeyed_run("2026-11-23-dsn-epoch2", 3)
        ('2026-11-23-dsn-epoch2', '2026-11-23-dsn-epoch3')
    """
    return derived_run_id(re.sub(r"-epoch[0-9]+$", "", run), f"-epoch{epoch}")


def _rekey_run(store: RunStore, keyring: Keyring, what: Rekeying, old: Receipt) -> Receipt:
    run = rekeyed_run(old.run, what.target)
    there = store.committed(run)
    if there is not None and old.run not in (there.supersedes or ()):
        raise UsageError(
            _("{store}: run {run} is committed, and re-keys no other", store=store.shown, run=run)
        )
    store.complete(old.run)
    started = datetime.datetime.now(datetime.UTC)
    change = _Change(
        old,
        run,
        {
            key.item: keyring.chain_key(what.processing, key.item, what.source, what.target)
            for key in old.keys
        },
    )
    keys = [
        KeyPart(
            processing=key.processing,
            item=key.item,
            epoch=what.target,
            key_id=keyring.epochs()[what.target - 1].key_id,
            chained_on=[*(key.chained_on or ()), what.source],
        )
        for key in old.keys
    ]

    def make(files: Files) -> Receipt:
        _check_rows(store, old, files)
        releases = {
            name: part.model_copy(update={"files": files.get(name, [])})
            for name, part in old.releases.items()
        }
        return old.model_copy(
            update={
                "run": run,
                "started": started,
                "ended": datetime.datetime.now(datetime.UTC),
                "replay": is_replay(old.day, started, old.stream),
                "tool": tool_version(),
                "releases": releases,
                "quarantine_files": files.get(None, []),
                "keys": keys,
                "supersedes": [old.run],
            }
        )

    return store.supersede(Attempt.begin(run), old, change, make)


def _check_rows(store: RunStore, old: Receipt, files: Files) -> None:
    """Check that as many rows were written anew as a run had, output by output."""
    for output, parts in old.outputs():
        rows, written = (
            sum(file.rows for file in listed) for listed in (parts, files.get(output, []))
        )
        if rows != written:
            raise RunError(
                _(
                    "{store}: run {run} has {rows:# row|# rows} and {written:# was|# "
                    "were} written anew; nothing is committed",
                    store=store.shown,
                    run=old.run,
                    rows=rows,
                    written=written,
                )
            )


@dataclass(frozen=True)
class _Change:
    """Gives the rows of the run `old` as those of `run`, by the keys that map each item's."""

    old: Receipt
    run: str
    keys: Mapping[str, bytes]

    def __call__(self, output: str | None, rows: pa.RecordBatch) -> pa.RecordBatch:
        columns = dict(zip(rows.schema.names, rows.columns, strict=True))
        if not self.old.stream:  # whose rows have the stream's id
            name = "run" if output is None else "legal_run"
            kind = columns[name].type
            columns[name] = pa.repeat(pa.scalar(self.run), len(rows)).cast(kind)
        if output is not None:
            release = self.old.releases[output]
            fates = {path: claim.fate for path, claim in release.fields.items()}
            kept = {path for path, fate in fates.items() if fate in _RELEASED}
            paths = [
                path
                for field in rows.schema
                if field.name not in TAGS
                for path in _pseudonyms(field.type, field.name, kept)
            ]
            if len(paths) != list(fates.values()).count("pseudonymized"):
                text = _("run {run}, release {release}: has other columns than its receipt says")
                raise RunError(text.format(run=self.old.run, release=output))
            for name in {path.partition(".")[0] for path in paths}:
                key = self.keys[release.item]
                columns[name] = _rekeyed(columns[name], name, kept, key)
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=rows.schema)


def _pseudonyms(kind: pa.DataType, path: str, kept: set[str]) -> Iterator[str]:
    """Paths of the leaves at or below `path` that are pseudonyms: those that no field has."""
    if path in kept:
        return
    if pa.types.is_list(kind):
        yield from _pseudonyms(kind.value_type, path, kept)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _pseudonyms(child.type, f"{path}.{child.name}", kept)
    else:
        yield path


def _rekeyed(array: pa.Array, path: str, kept: set[str], key: bytes) -> pa.Array:
    kind = array.type
    if path in kept:
        return array
    if pa.types.is_list(kind):
        offsets, elements, valid = list_parts(array)
        return list_of(offsets, _rekeyed(elements, path, kept, key), valid, kind.value_field)
    if pa.types.is_struct(kind):
        children = [
            _rekeyed(child, f"{path}.{field.name}", kept, key)
            for field, child in zip(kind, array.flatten(), strict=True)
        ]
        return struct_of(children, list(kind), len(array), validity(array))
    if kind != PSEUDONYM:
        raise RunError(
            _("`{path}`: must be a pseudonym of 16 bytes, got {kind}", path=path, kind=kind)
        )
    return rekey(array, key)
