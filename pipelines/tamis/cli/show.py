"""`tamis show`: what a store holds, by release or of one; values only for who asks for them.

release            item          purpose     processing               runs  rows
dsn-droits/droits  R6323-37.I.1  R6323-33.1  cntds-donnees-sociales      2     6
"""

import json
import sys
from typing import Any

from tamis.documents.tags import TAGS
from tamis.language import _, printable
from tamis.stores.opening import open_store
from tamis.stores.protocol import RunStore
from tamis.tables import Table, print_table
from tamis.upkeep.releases import HeldRelease, columns, find_release, list_releases, values


def show_command(uri: str, name: str | None, rows: int, as_json: bool) -> int:
    """Print the releases of the store at `uri`, or of one its columns and so many first rows; 0."""
    store = open_store(uri)
    with store.snapshot():
        chosen = list_releases(store) if name is None else [find_release(store, name)]
        if name is None and not rows:
            _print_all(chosen, as_json)
            return 0
        if as_json:
            print(json.dumps([_as_json(store, each, rows) for each in chosen], indent=1))
            return 0
        for release in chosen:
            _print_one(store, release, rows)
    return 0


def _summary(release: HeldRelease, receipt_count: int) -> dict[str, Any]:
    last = release.receipts[-1]
    return {
        "release": release.name,
        "item": release.part.item,
        "purpose": release.part.purpose,
        "processing": last.processing.slug,
        "runs": receipt_count,
        "rows": release.rows,
    }


def _print_all(held: list[HeldRelease], as_json: bool) -> None:
    summaries = [_summary(release, len(release.receipts)) for release in held]
    if as_json:
        print(json.dumps(summaries, indent=1))
        return
    header = (*(_("release"), _("item"), _("purpose"), _("processing"), _("runs"), _("rows")),)
    table = [tuple(map(str, summary.values())) for summary in summaries]
    print_table(Table(header, table, numbers=(4, 5)))
    if not held:
        print(_("no run has rows in it"))


def _print_one(store: RunStore, release: HeldRelease, rows: int) -> None:
    part, processing = release.part, release.receipts[-1].processing.slug
    print(
        _(
            "{release}: {item} for {purpose}, processing {processing}, {rows:# row|# rows}",
            release=release.name,
            item=part.item,
            purpose=part.purpose,
            processing=processing,
            rows=release.rows,
        )
    )
    table = [(each.name, each.type, _(each.fate), each.because) for each in columns(store, release)]
    header = (_("column"), _("type"), _("fate"), _("because"))
    print_table(Table(header, table, title=_("columns")))
    runs = [
        (receipt.run, receipt.day.isoformat(), str(receipt.releases[release.release].rows))
        for receipt in release.receipts
    ]
    print_table(Table((_("run"), _("day"), _("rows")), runs, numbers=(2,), title=_("runs")))
    if rows:
        print(_("what follows is personal data"), file=sys.stderr)
        found = values(store, release, rows)
        names = tuple(name for name in (found[0] if found else ()) if name not in TAGS)
        cells = [tuple(_shown(row[name]) for name in names) for row in found]
        print_table(Table(names, cells, title=_("first rows")))


def _as_json(store: RunStore, release: HeldRelease, rows: int) -> dict[str, Any]:
    shown = _summary(release, len(release.receipts))
    shown["columns"] = [vars(column) for column in columns(store, release)]
    shown["by_run"] = {
        receipt.run: receipt.releases[release.release].rows for receipt in release.receipts
    }
    shown["files"] = list(dict.fromkeys(file.path for file in release.files()))
    if rows:
        shown["first_rows"] = [
            {name: row[name] and _shown(row[name]) for name in row if name not in TAGS}
            for row in values(store, release, rows)
        ]
    return shown


def _shown(value: object) -> str:
    """A value as text; a pseudonym in hexadecimal."""
    if value is None:
        return ""
    text = bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
    return printable(text)
