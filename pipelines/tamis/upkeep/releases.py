"""What a store holds of each release: its columns and why they are there, and how many rows."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tamis.documents.positions import suggest
from tamis.documents.tags import TAGS
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import FilePart, Receipt, ReleasePart
from tamis.language import _
from tamis.stores.protocol import RunStore, StoredRows
from tamis.upkeep.runs import list_runs


@dataclass(frozen=True)
class Column:
    """A column of a release.

    Attributes:
        name: as a reader finds it.
        type: as the store spells it.
        fate: what became of the field; empty for a tag.
        because: why it is there; empty for a tag and a pseudonym, which has no field's name.
    """

    name: str
    type: str
    fate: str
    because: str


@dataclass
class HeldRelease:
    """What a store holds of one release of a policy.

    Attributes:
        policy: name of the policy.
        release: id of the release.
        receipts: of the runs that released rows and stand, in the order in which they began.
    """

    policy: str
    release: str
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The two, as a folder has them."""
        return f"{self.policy}/{self.release}"

    @property
    def part(self) -> ReleasePart:
        """What the last receipt says of it."""
        return self.receipts[-1].releases[self.release]

    @property
    def rows(self) -> int:
        """Rows of all runs."""
        return sum(receipt.releases[self.release].rows for receipt in self.receipts)

    def files(self) -> list[FilePart]:
        """The files or tables that hold them, those of the first run first."""
        return [f for receipt in self.receipts for f in receipt.releases[self.release].files or ()]


def list_releases(store: RunStore) -> list[HeldRelease]:
    """The releases that a store holds rows of.

    Raises:
        UsageError: the store has no receipt.
        RunError: a receipt or a removal cannot be read.
    """
    held: dict[tuple[str, str], HeldRelease] = {}
    for entry in list_runs(store):
        receipt = entry.receipt
        for name, part in receipt.releases.items() if entry.state == "standing" else ():
            if part.rows:
                place = receipt.policy, name
                held.setdefault(place, HeldRelease(*place)).receipts.append(receipt)
    return [held[place] for place in sorted(held)]


def find_release(store: RunStore, name: str) -> HeldRelease:
    """The release that is called `POLICY/RELEASE`, or `RELEASE` where no other is called so.

    Raises:
        UsageError: the store holds no such release, or several of that name.
    """
    held = list_releases(store)
    chosen = [release for release in held if name.strip("/") in (release.name, release.release)]
    if len(chosen) == 1:
        return chosen[0]
    names = [release.name for release in chosen or held]
    if chosen:
        text = _("{store}: several releases are called {name}: {names}", names=", ".join(names))
    else:
        text = _("{store}: holds no rows of a release {name}") + suggest(name, names)
    raise UsageError(text.format(store=store.shown, name=name))


def columns(store: RunStore, release: HeldRelease) -> list[Column]:
    """The columns of a release as the last run wrote them, with the reasons of its receipt.

    Raises:
        RunError: its rows are damaged or lost.
    """
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    fates: defaultdict[str, set[str]] = defaultdict(set)
    for path, claim in release.part.fields.items():
        if claim.fate in ("kept", "generalized", "redacted"):
            top = path.partition(".")[0]
            fates[top].add(claim.fate)
            reasons[top].append(claim.because if top == path else f"{path}: {claim.because}")
    _file, rows = next(_stored(store, release, reverse=True))
    return [
        Column(
            name,
            kind,
            ", ".join(sorted(fates[name])) or ("" if name in TAGS else "pseudonymized"),
            "; ".join(dict.fromkeys(reasons[name])),
        )
        for name, kind in rows.types.items()
    ]


def values(store: RunStore, release: HeldRelease, count: int) -> list[dict[str, object]]:
    """The first rows of a release with their values: personal data, for its holder alone.

    Raises:
        RunError: rows are damaged or lost.
    """
    found: list[dict[str, object]] = []
    for path, rows in _stored(store, release):
        try:
            found += rows.head(count - len(found))
        except ValueError as error:
            raise _lost(store, path, str(error)) from None
        if len(found) >= count:
            break
    return found


def _stored(
    store: RunStore, release: HeldRelease, *, reverse: bool = False
) -> Iterator[tuple[str, StoredRows]]:
    """The files or tables of a release, each with its rows, those of the last run first or last."""
    files = {file.path: file for file in release.files()}
    for path, file in reversed(files.items()) if reverse else files.items():
        try:
            rows = store.find_rows(file)
        except ValueError as error:
            raise _lost(store, path, str(error)) from None
        if rows is None:
            raise _lost(store, path, _("is not there as a file or table"))
        yield path, rows


def _lost(store: RunStore, path: str, problem: str) -> RunError:
    text = _("{store}: {path}: {problem}; `tamis verify` says more")
    return RunError(text.format(store=store.shown, path=path, problem=problem))
