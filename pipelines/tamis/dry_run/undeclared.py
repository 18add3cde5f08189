"""NIRs in columns that the schema declares neither an identifier nor free text."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import pyarrow as pa

from tamis.arrow.leaves import leaves_of
from tamis.dry_run.models import Profile, Undeclared
from tamis.formats.names import shown_name
from tamis.nir.profile import NirProfile, profile_nir
from tamis.plan.plan import Plan, PlanField


@dataclass(frozen=True)
class ProfiledColumn:
    """The NIRs of one column, as they add up over batches.

    Attributes:
        known: whether the schema names the column.
        values: values that are not null.
        nirs: NIRs in them.
        surest: profile of the batch that is surest to hold NIRs; None where none does.
    """

    known: bool
    values: int = 0
    nirs: int = 0
    surest: NirProfile | None = None

    def __add__(self, other: "ProfiledColumn") -> "ProfiledColumn":
        surest = [column.surest for column in (self, other) if column.surest is not None]
        return ProfiledColumn(
            self.known,
            self.values + other.values,
            self.nirs + other.nirs,
            max(surest, key=lambda best: (best.confidence, best.nirs, best.why), default=None),
        )


@dataclass
class UndeclaredNirs:
    """Columns in which no NIR is declared, and what they hold, as they add up over batches.

    Attributes:
        columns: by path.
    """

    columns: dict[str, ProfiledColumn] = field(default_factory=dict)

    def add(
        self,
        batch: pa.RecordBatch,
        fields: Iterable[PlanField],
        only: Collection[str] | None = None,
    ) -> None:
        """Profile each leaf of `batch` in which `fields` declare no NIR.

        Args:
            batch: N rows.
            fields: of the schema; a leaf of another name is unknown.
            only: paths of the leaves to look at; all if None.
        """
        leaves = {path: leaf for top in fields for path, leaf in top.leaves()}
        names = {path.partition(".")[0] for path in leaves}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            shown = name if name in names else shown_name(name)
            for path, array in leaves_of(shown, column, shown_name):
                if only is not None and path not in only:
                    continue
                if path not in leaves or not is_declared(leaves[path]):
                    profile = profile_nir(array, path.rpartition(".")[2])
                    carries = profile.carries_nir
                    self._add(
                        path,
                        ProfiledColumn(
                            path in leaves,
                            profile.values,
                            profile.nirs if carries else 0,
                            profile if carries else None,
                        ),
                    )

    def merge(self, other: "UndeclaredNirs") -> None:
        """Add the columns of `other`, which stays as it is."""
        for path, column in other.columns.items():
            self._add(path, column)

    def extract(self, scope: Literal["released", "all"] = "all") -> Profile:
        """Return the columns that carry NIRs, the one with most of them first."""
        undeclared = [
            Undeclared(
                column=path,
                known=column.known,
                form=column.surest.form,
                values=column.values,
                nirs=column.nirs,
                confidence=column.surest.confidence,
                why=column.surest.why,
            )
            for path, column in self.columns.items()
            if column.surest is not None
        ]
        undeclared.sort(key=lambda column: (-column.nirs, column.column))
        return Profile(columns=len(self.columns), scope=scope, undeclared=undeclared)

    def _add(self, path: str, column: ProfiledColumn) -> None:
        self.columns[path] = self.columns.get(path, ProfiledColumn(column.known)) + column


def released_paths(plan: Plan) -> frozenset[str]:
    """Paths of the leaves that some release keeps, by whatever treatment."""
    return frozenset(leaf.path for release in plan.releases for leaf in release.leaves)


def is_declared(spec: PlanField) -> bool:
    """Whether a field of the schema may hold NIRs: an identifier, or free text."""
    return bool(spec.identifier) or spec.free_text


def without_declared(fields: Iterable[PlanField]) -> tuple[PlanField, ...]:
    """Return `fields` without those that may hold NIRs, at any depth."""
    return tuple(kept for spec in fields if (kept := _without_declared(spec)) is not None)


def _without_declared(spec: PlanField) -> PlanField | None:
    if spec.of is not None:
        of = _without_declared(spec.of)
        return replace(spec, of=of) if of is not None else None
    if spec.fields:
        inside = without_declared(spec.fields)
        return replace(spec, fields=inside) if inside else None
    return None if is_declared(spec) else spec
