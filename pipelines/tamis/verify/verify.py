"""Recompute what a receipt claims, as far as what it names is still there.

ok           counts reconcile: 5 = 3 + 0 + 2
ok           dsn-droits/droits/r1-00000-00000.parquet: 3 rows, digest, tags and columns agree
not checked  feed.dsn: the input is not there any more
not checked  kafka://broker:9092/feed/0: 5 messages, offsets 12 to 16: a stream is not read again
failed       dsn-droits/droits/r1-00000-00001.parquet: digest differs
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.address import is_local
from tamis.documents.tags import TAGS
from tamis.errors import DocumentError, UsageError
from tamis.evidence.receipt import FilePart, InputPart, Receipt
from tamis.plan.plan import Plan
from tamis.stores.folder_store import QUARANTINE, RECEIPTS, STAGING, receipt_path

if TYPE_CHECKING:
    from tamis.plan.project import Project

Outcome = Literal["ok", "failed", "not checked"]

_SYSTEM = (RECEIPTS, STAGING)
_UNSEEN = ("dropped", "stripped")


@dataclass(frozen=True)
class Finding:
    """One claim of a receipt, and whether it still holds."""

    outcome: Outcome
    text: str


def verify(path: Path, project: "Project | None" = None) -> list[Finding]:
    """Check every claim of the receipt at `path` against the store that it stands in.

    Args:
        path: `DIR/_receipts/<run>.json`.
        project: whose documents the plan's digest is recomputed from, or None.

    Returns:
        One finding a claim. Nothing that could not be checked is passed over in silence.

    Raises:
        UsageError: `path` is no receipt.
    """
    try:
        receipt = Receipt.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{path}: is no receipt") from None
    folder = path.resolve().parent.parent
    return [
        _finding(
            path.resolve() == folder / receipt_path(receipt.run),
            f"the receipt of run {receipt.run} stands as {path.parent.name}/{path.name}",
        ),
        *_counts(receipt),
        *_files(receipt, folder),
        *_strangers(folder),
        *_inputs(receipt),
        *_periods(receipt, folder),
        *_plan(receipt, project),
    ]


def _finding(holds: bool, text: str) -> Finding:
    return Finding("ok" if holds else "failed", text)


def _counts(receipt: Receipt) -> Iterator[Finding]:
    counts = receipt.counts
    parts = (counts.released, counts.withheld, counts.quarantined)
    yield _finding(
        counts.in_ == sum(parts),
        f"counts reconcile: {counts.in_} = {' + '.join(map(str, parts))}",
    )
    read = sum(one.rows for one in receipt.inputs)
    yield _finding(read == counts.in_, f"inputs hold {read} records, {counts.in_} were judged")
    reasons = sum(receipt.quarantine.values())
    yield _finding(reasons == counts.quarantined, f"quarantine by reason adds up to {reasons}")
    rows = sum(one.rows for one in receipt.quarantine_files or ())
    yield _finding(rows == counts.quarantined, f"quarantine: files hold {rows} rows")
    for name, release in receipt.releases.items():
        rows = sum(one.rows for one in release.files or ())
        yield _finding(rows == release.rows, f"release {name}: files hold {rows} rows")
    most = [release.rows for release in receipt.releases.values()]
    yield _finding(
        max(most, default=0) <= counts.released <= sum(most),
        f"{counts.released} records released make {' + '.join(map(str, most))} rows",
    )


def _files(receipt: Receipt, folder: Path) -> Iterator[Finding]:
    law = receipt.law.get("R6323-37", "")
    for name, release in receipt.releases.items():
        tags = dict(
            zip(
                TAGS,
                (
                    release.item,
                    release.purpose,
                    law,
                    receipt.processing.slug,
                    release.attested,
                    f"{receipt.policy}@{receipt.plan_sha256[:12]}",
                    _legal_run(receipt),
                ),
                strict=True,
            )
        )
        kept = {
            path.split(".")[0]
            for path, one in release.fields.items()
            if one.fate not in (*_UNSEEN, "pseudonymized")
        }
        pseudonyms = sum(one.fate == "pseudonymized" for one in release.fields.values())
        for file in release.files or ():
            yield _file(folder, file, tags, kept, pseudonyms, f"{receipt.policy}/{name}/")
    for file in receipt.quarantine_files or ():
        top = f"{QUARANTINE}/{receipt.policy}/"
        yield _file(folder, file, {"run": _legal_run(receipt)}, None, 0, top)
    yield from _reasons(receipt, folder)


def _legal_run(receipt: Receipt) -> str:
    """What rows have as the id of their run: of a stream its own id, not that of the period."""
    return receipt.stream or receipt.run


def _reasons(receipt: Receipt, folder: Path) -> Iterator[Finding]:
    """Whether the quarantine files hold the reasons that the receipt counts."""
    found: Counter[str] = Counter()
    try:
        for file in receipt.quarantine_files or ():
            table = pq.read_table(folder / file.path, columns=["reason"], partitioning=None)
            for one in table.column("reason").value_counts().to_pylist():
                found[one["values"]] += one["counts"]
    except (pa.ArrowException, KeyError, OSError):
        return  # told with the file
    same = found == Counter(receipt.quarantine)
    yield _finding(same, f"quarantine by reason {'is' if same else 'is not'} what its files hold")


def _is_table(file: FilePart) -> bool:
    return not file.sha256 and "/" not in file.path


def _file(
    folder: Path,
    file: FilePart,
    constants: dict[str, str],
    kept: set[str] | None,
    pseudonyms: int,
    top: str,
) -> Finding:
    if _is_table(file):
        return Finding("not checked", f"{file.path}: {file.rows} rows, in a table of a database")
    full = folder / file.path
    if not file.path.startswith(top) or full.resolve() != full:
        return Finding("failed", f"{file.path}: does not stand where it should")
    if not full.is_file():
        return Finding("failed", f"{file.path}: is not there")
    with full.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
            return Finding("failed", f"{file.path}: digest differs")
    try:
        parquet = pq.ParquetFile(full)
        if parquet.metadata.num_rows != file.rows:
            return Finding("failed", f"{file.path}: holds another number of rows")
        names = set(parquet.schema_arrow.names)
        if kept is not None and len(names - kept - set(constants)) > pseudonyms:
            return Finding("failed", f"{file.path}: holds columns that the receipt does not name")
        for batch in parquet.iter_batches(columns=list(constants)):
            for name, value in constants.items():
                if set(batch.column(name).cast(pa.string()).unique().to_pylist()) != {value}:
                    return Finding("failed", f"{file.path}: `{name}` is not what it should be")
    except (pa.ArrowException, KeyError, OSError):
        return Finding("failed", f"{file.path}: is not a whole Parquet file of this run")
    return Finding("ok", f"{file.path}: {file.rows} rows, digest, tags and columns agree")


def _strangers(folder: Path) -> Iterator[Finding]:
    """Files of the store that no receipt lists."""
    listed: set[str] = set()
    for path in (folder / RECEIPTS).glob("*.json"):
        try:
            listed |= {file.path for file in Receipt.model_validate_json(path.read_bytes()).files()}
        except (OSError, ValueError):
            yield Finding("failed", f"{RECEIPTS}/{path.name}: is no receipt")
    strangers = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] not in _SYSTEM
        and str(path.relative_to(folder)) not in listed
    ]
    for stranger in strangers[:20]:
        yield Finding("failed", f"{stranger}: no receipt lists it")
    if not strangers:
        yield Finding("ok", "every file of the store is listed by a receipt")


def _inputs(receipt: Receipt) -> Iterator[Finding]:
    for one in receipt.inputs:
        if one.first is not None and one.next is not None:
            yield from _partition(one.uri, one.rows, one.first, one.next)
            continue
        path = Path(one.uri)
        if not is_local(one.uri) or not path.is_file():
            yield Finding("not checked", f"{one.uri}: the input is not there any more")
            continue
        with path.open("rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == one.sha256
        yield _finding(same, f"{one.uri}: the input's digest {'agrees' if same else 'differs'}")


def _partition(uri: str, rows: int, first: int, after: int) -> Iterator[Finding]:
    """Messages of a stream: fewer than offsets where its broker left some out, never more."""
    text = f"{uri}: {rows} messages, offsets {first} to {after - 1}"
    if 0 < rows <= after - first:
        yield Finding("not checked", f"{text}: a stream is not read again")
    else:
        yield Finding("failed", f"{text}: so many offsets hold no so many messages")


def _periods(receipt: Receipt, folder: Path) -> Iterator[Finding]:
    """Whether another period of the stream claims a message of this one."""
    if receipt.stream is None:
        return
    own = {one.uri: one for one in receipt.inputs}
    others = twice = 0
    for path in (folder / RECEIPTS).glob("*.json"):
        try:
            other = Receipt.model_validate_json(path.read_bytes())
        except (OSError, ValueError):
            continue  # told with the files of the store
        if other.stream != receipt.stream or other.run == receipt.run:
            continue
        others += 1
        twice += any(one.uri in own and _overlap(own[one.uri], one) for one in other.inputs)
    yield _finding(
        not twice,
        f"{twice} of {others} other periods of stream {receipt.stream} hold a message of this one",
    )


def _overlap(one: InputPart, other: InputPart) -> bool:
    first, after = max(one.first or 0, other.first or 0), min(one.next or 0, other.next or 0)
    return first < after


def _plan(receipt: Receipt, project: "Project | None") -> Iterator[Finding]:
    from tamis.plan.compile import compile_plan

    text = f"policy `{receipt.policy}` compiled for {receipt.day}"
    if project is None or receipt.policy not in project.policies():
        yield Finding("not checked", f"{text}: this project has no such policy")
        return
    try:
        plan = compile_plan(project, receipt.policy, receipt.day)
    except (DocumentError, UsageError):
        yield Finding("not checked", f"{text}: the documents do not allow it any more")
        return
    if plan.sha256 != receipt.plan_sha256:
        yield Finding("not checked", f"{text}: the documents have changed since the run")
        return
    yield Finding("ok", f"{text}: the plan's digest agrees")
    yield _finding(_claims(receipt) == _rules(plan), "releases and fates of fields are the plan's")


def _claims(receipt: Receipt) -> object:
    fates = {
        name: {path: one.fate for path, one in release.fields.items() if one.fate not in _UNSEEN}
        for name, release in receipt.releases.items()
    }
    grounds = {name: (one.item, one.purpose) for name, one in receipt.releases.items()}
    return fates, grounds, receipt.law, receipt.processing.slug


def _rules(plan: Plan) -> object:
    """What `_claims` should be. Fates of fields that no release uses are not in a plan's digest."""
    fates = {
        name: {path: fate for path, (fate, _) in fields.items() if fate not in _UNSEEN}
        for name, fields in plan.fates.items()
    }
    grounds = {one.id: (one.item, one.purpose) for one in plan.releases}
    return fates, grounds, dict(plan.law), plan.processing
