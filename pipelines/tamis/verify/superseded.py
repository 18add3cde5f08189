"""Receipts that others supersede: what re-keying replaced must be gone, and be told as it was.

ok           superseded by run r1-epoch2: none of its files and tables is there any more
ok           re-keys run r1: the same records, inputs, plan and rows
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tamis.evidence.receipt import Receipt
from tamis.language import _
from tamis.stores.protocol import RunStore
from tamis.verify.figures import Finding, judged

_OWN = {"run", "started", "ended", "tool", "replay", "keys", "supersedes", "quarantine_files"}
"""What a receipt that re-keys another does not have from it."""


def superseding(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """By id of a run, the receipt that supersedes its own."""
    return {run: receipt for receipt in receipts for run in receipt.supersedes or ()}


def check_superseded(receipt: Receipt, by: Receipt, store: RunStore) -> Iterator[Finding]:
    """Whether what another run wrote anew is gone: pseudonyms of an old epoch must not stay."""
    left = []
    for file in receipt.files():
        try:
            if store.keeps(file) and store.find_rows(file) is not None:
                left.append(file.path)
        except ValueError:
            left.append(file.path)
    if not left:
        text = _("superseded by run {run}: none of its files and tables is there any more")
        yield Finding("ok", text.format(run=by.run))
        return
    is_staged = by.run in store.staged_runs()
    for path in left:
        text = _(
            "{path}: is superseded by run {run} and there still; `tamis recover` removes what an "
            "interrupted command left",
            path=path,
            run=by.run,
        )
        yield Finding("not checked" if is_staged else "failed", text)


def check_superseding(receipt: Receipt, receipts: Iterable[Receipt]) -> Iterator[Finding]:
    """Whether a receipt says what those say that it supersedes, of keys of a later epoch."""
    known = {other.run: other for other in receipts}
    for run in receipt.supersedes or ():
        text = _("re-keys run {run}: the same records, inputs, plan and rows", run=run)
        old = known.get(run)
        if old is None:
            yield Finding("not checked", text)
            continue
        yield judged(_records(old) == _records(receipt), text)
        chains = [
            (key.processing, key.item, [*(key.chained_on or ()), key.epoch]) for key in old.keys
        ]
        yield judged(
            chains == [(key.processing, key.item, key.chained_on) for key in receipt.keys]
            and all(new.epoch > key.epoch for key, new in zip(old.keys, receipt.keys, strict=True)),
            _("re-keys run {run}: its keys are chained on those of that run", run=run),
        )


def _records(receipt: Receipt) -> object:
    outputs = {output: sum(file.rows for file in files) for output, files in receipt.outputs()}
    exclude: dict[str, Any] = dict.fromkeys(_OWN, True)
    exclude["releases"] = {name: {"files"} for name in receipt.releases}
    return outputs, receipt.model_dump(exclude=exclude)
