"""What a dry run looks at beside a run's own work: types, undeclared NIRs, another plan.

Each look reads the inputs for itself, so that the counts it stands beside are those of a run.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.arrow.buffers import list_parts
from tamis.arrow.leaves import leaves_of
from tamis.arrow.types import Bools, Ints, decoded_type, is_list, narrow_type
from tamis.beam.files import open_random
from tamis.beam.minimize import ThrowawayKeys
from tamis.beam.read import Task, read_task, records_of
from tamis.documents.tags import TAGS
from tamis.documents.types import arrow_type
from tamis.dry_run.k_anonymity import Groups
from tamis.dry_run.models import Compared, NewlyCarried, Profile, Retyped, Undeclared
from tamis.errors import value_free
from tamis.filter.minimize import KeySource, Minimized, minimize
from tamis.formats.names import shown_name
from tamis.nir.profile import NirProfile, profile_nir
from tamis.plan.plan import Plan, PlanField

PROFILED_ROWS = 65_536
"""Rows that are profiled at once."""

FIRST_ROWS = 2_048
"""Rows of a file without footer whose unknown columns are profiled."""

Carried = tuple[str, str, str]
"""Item, purpose and released field."""


@dataclass(frozen=True)
class Look:
    """What a dry run is to look at.

    Attributes:
        fields: all fields of the schema, not only those that the plan reads.
        profiles: whether to look for NIRs in columns in which none is declared.
        other: the plan of another project's policy, to compare with.
    """

    fields: tuple[PlanField, ...] = ()
    profiles: bool = False
    other: Plan | None = None


@dataclass
class Seen:
    """What was seen of one column, a batch at a time."""

    known: bool
    values: int = 0
    nirs: int = 0
    best: NirProfile | None = None

    def add(self, profile: NirProfile) -> None:
        """Add a batch's profile."""
        self.values += profile.values
        if profile.carries_nir:
            self.nirs += profile.nirs
            self._choose(profile)

    def merge(self, other: "Seen") -> None:
        """Add what was seen elsewhere."""
        self.values += other.values
        self.nirs += other.nirs
        if other.best is not None:
            self._choose(other.best)

    def _choose(self, profile: NirProfile) -> None:
        def rank(one: NirProfile) -> tuple[float, int, str]:
            return one.confidence, one.nirs, one.why

        if self.best is None or rank(profile) > rank(self.best):
            self.best = profile


@dataclass
class Findings:
    """What all looks and scales found, as it adds up.

    Attributes:
        bytes: by release id, or "" for quarantine.
        groups: by release id.
        types: by path and schema type, inputs by the type that they have.
        seen: by path.
        compared: records judged under both plans; None without another plan.
        carried: by field, records that newly carry it and that no longer do.
    """

    bytes: Counter[str] = field(default_factory=Counter)
    groups: dict[str, Groups] = field(default_factory=dict)
    types: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    compared: int = 0
    carried: dict[Carried, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: "Findings") -> None:
        """Add what `other` found; `other` stays as it is."""
        self.bytes.update(other.bytes)
        for release, groups in other.groups.items():
            self.groups.setdefault(release, Groups(most=groups.most)).merge(groups)
        for column, types in other.types.items():
            self.types.setdefault(column, Counter()).update(types)
        for path, seen in other.seen.items():
            self.seen.setdefault(path, Seen(seen.known)).merge(seen)
        self.compared += other.compared
        for key, (newly, no_longer) in other.carried.items():
            before = self.carried.get(key, (0, 0))
            self.carried[key] = (before[0] + newly, before[1] + no_longer)

    def retyped(self) -> list[Retyped]:
        """Columns whose type is another in some input."""
        return [
            Retyped.model_validate({"column": path, "schema": due, "files": dict(types)})
            for (path, due), types in sorted(self.types.items())
        ]

    def profile(self) -> Profile:
        """Columns that carry NIRs, the one with most of them first."""
        found = [
            Undeclared(
                column=path,
                known=seen.known,
                form=seen.best.form,
                values=seen.values,
                nirs=seen.nirs,
                confidence=seen.best.confidence,
                why=seen.best.why,
            )
            for path, seen in self.seen.items()
            if seen.best is not None
        ]
        found.sort(key=lambda one: (-one.nirs, one.column))
        return Profile(columns=len(self.seen), undeclared=found)

    def comparison(self) -> Compared:
        """Fields that some records carry under one plan only."""
        fields = [
            NewlyCarried(item=item, purpose=purpose, field=path, newly=newly, no_longer=no_longer)
            for (item, purpose, path), (newly, no_longer) in sorted(self.carried.items())
            if newly or no_longer
        ]
        return Compared(records=self.compared, fields=fields)


class LookFn(beam.DoFn):
    """A reading task in, what there is to see of its records out."""

    def __init__(self, plan: Plan, look: Look) -> None:
        self._plan = plan
        self._look = look

    def setup(self) -> None:
        """Keys for pseudonyms that nobody keeps."""
        self._keys = ThrowawayKeys()

    def process(self, task: Task) -> Iterator[Findings]:
        """A digest task stands for its file, another one for its records."""
        with value_free(f"looking at {task.file.uri}"):
            if task.digests:
                yield _look_at_types(task, self._look.fields)
            elif task.limit != 0:
                if self._look.profiles:
                    yield _profile(task, self._plan, self._look.fields)
                if self._look.other is not None:
                    yield _compare(task, self._plan, self._look.other, self._keys)


# Types


def _look_at_types(task: Task, fields: Iterable[PlanField]) -> Findings:
    """The types of a Parquet file's columns against the schema's; text formats have none."""
    with open_random(task.file.uri) as stream:
        schema = pq.ParquetFile(stream).schema_arrow
    found = Findings()
    for wanted in fields:
        if wanted.name in schema.names:
            kind = schema.types[schema.names.index(wanted.name)]
            for path, due, has in retypes(kind, wanted, wanted.name):
                found.types[path, due] = Counter([has])
    return found


def retypes(kind: pa.DataType, wanted: PlanField, path: str) -> Iterator[tuple[str, str, str]]:
    """Leaves of a column of type `kind` that are not as `wanted`: path, type due, type there.

    Encodings do not count: a dictionary is its values, large and view types are the plain ones.

    Example:
        >>> list(retypes(pa.int32(), PlanField("n", "int64"), "n"))
        [('n', 'int64', 'int32')]
    """
    kind = narrow_type(decoded_type(kind))
    if wanted.of is not None and is_list(kind):
        yield from retypes(kind.value_type, wanted.of, path)
    elif wanted.fields and pa.types.is_struct(kind):
        inner = {one.name: one.type for one in kind}
        for child in wanted.fields:
            if child.name in inner:
                yield from retypes(inner[child.name], child, f"{path}.{child.name}")
    elif wanted.of is not None or wanted.fields:
        yield path, wanted.type, _say(kind)
    else:
        due = narrow_type(arrow_type(wanted.type))
        if kind != due:
            yield path, str(due), _say(kind)


def _say(kind: pa.DataType) -> str:
    """A type's name; of a nested one not its fields' names, which the schema does not know."""
    if is_list(kind):
        return "list"
    if pa.types.is_nested(kind):
        return "map" if pa.types.is_map(kind) else "struct"
    return str(kind)


# Undeclared NIRs


def _profile(task: Task, plan: Plan, fields: tuple[PlanField, ...]) -> Findings:
    """NIRs in columns in which none is declared: neither an identifier nor free text.

    All other columns are read: dropped ones, kept ones, and those that the schema does not know.
    In JSON Lines, columns that the schema does not know are those of the first records.
    """
    found = Findings()
    declared = {path for path, spec in _leaves(fields) if _is_declared(spec)}
    known = {path for path, _ in _leaves(fields)}
    names = {one.name for one in fields}
    batches = _read_parquet(task, fields) if task.part else _read_through(task, plan, fields)
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for path, array in leaves_of(
                name if name in names else shown_name(name), column, shown_name
            ):
                if path not in declared:
                    seen = found.seen.setdefault(path, Seen(path in known))
                    seen.add(profile_nir(array, path.rpartition(".")[2]))
    return found


def _read_parquet(task: Task, fields: Iterable[PlanField]) -> Iterator[pa.RecordBatch]:
    assert task.part is not None
    left = task.part.rows if task.limit is None else task.limit
    skipped = {one.name for one in fields if _is_declared(one)}
    with open_random(task.file.uri) as stream:
        file = pq.ParquetFile(stream)
        names = [name for name in file.schema_arrow.names if name not in skipped]
        groups = list(task.part.row_groups)
        for batch in file.iter_batches(PROFILED_ROWS, groups, names, use_threads=False):
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0:
                return


def _read_through(
    task: Task, plan: Plan, fields: tuple[PlanField, ...]
) -> Iterator[pa.RecordBatch]:
    wanted = _undeclared(fields)
    known = set(plan.known)
    if task.file.format != "dsn":
        first = dataclasses.replace(task, limit=min(task.limit or FIRST_ROWS, FIRST_ROWS))
        unknown = {name for chunk in read_task(first, plan) for name in chunk.unknown}
        wanted += tuple(PlanField(name, "string") for name in sorted(unknown))
        known |= unknown
    whole = dataclasses.replace(plan, fields=wanted, known=tuple(sorted(known)))
    for chunk in read_task(task, whole):
        names = [one.name for one in wanted if one.name in chunk.data.schema.names]
        yield chunk.data.select(names)


def _is_declared(spec: PlanField) -> bool:
    return bool(spec.identifier) or spec.free_text


def _undeclared(fields: Iterable[PlanField]) -> tuple[PlanField, ...]:
    """`fields` without those in which NIRs are declared, at any depth."""
    return tuple(kept for one in fields if (kept := _without_declared(one)) is not None)


def _without_declared(spec: PlanField) -> PlanField | None:
    if spec.of is not None:
        of = _without_declared(spec.of)
        return dataclasses.replace(spec, of=of) if of is not None else None
    if spec.fields:
        inside = _undeclared(spec.fields)
        return dataclasses.replace(spec, fields=inside) if inside else None
    return None if _is_declared(spec) else spec


def _leaves(fields: Iterable[PlanField], above: str = "") -> Iterator[tuple[str, PlanField]]:
    for spec in fields:
        path, inner = f"{above}{spec.name}", spec
        while inner.of is not None:
            inner = inner.of
        if inner.fields:
            yield from _leaves(inner.fields, f"{path}.")
        else:
            yield path, inner


# Another plan


def _compare(task: Task, plan: Plan, other: Plan, keys: KeySource) -> Findings:
    """Records that carry a field under one of two plans only.

    Each plan reads the records by itself; they are the same by their positions.
    """
    found = Findings()
    for mine, theirs in zip(read_task(task, plan), read_task(task, other), strict=False):
        found.compared += records_of(mine)
        rows = np.union1d(mine.positions.to_numpy(), theirs.positions.to_numpy())
        now, then = (
            carried(
                minimize(chunk.data, one, keys=keys),
                one,
                np.searchsorted(rows, chunk.positions.to_numpy()),
                len(rows),
            )
            for chunk, one in ((mine, plan), (theirs, other))
        )
        none = np.zeros(len(rows), dtype=bool)
        for key in {*now, *then}:
            before, after = now.get(key, none), then.get(key, none)
            differ = (_count(after & ~before), _count(before & ~after))
            found.add(Findings(carried={key: differ}))
    return found


def carried(
    done: Minimized[pa.RecordBatch], plan: Plan, places: Ints, rows: int
) -> dict[Carried, Bools]:
    """By item, purpose and released field, which records carry a value.

    Args:
        done: N rows under `plan`.
        places: of each of the N rows, its place among the records.
        rows: records.
    """
    found: dict[Carried, Bools] = {}
    for release in plan.releases:
        data = done.released[release.id]
        at = places[done.rows[release.id].to_numpy()]
        for name, column in zip(data.schema.names, data.columns, strict=True):
            if name not in TAGS:
                for path, has in _present(column, name):
                    key = (release.item, release.purpose, path)
                    found.setdefault(key, np.zeros(rows, dtype=bool))[at] |= has
    return found


def _present(array: pa.Array, path: str) -> Iterator[tuple[str, Bools]]:
    """By leaf, which rows have a value; in a list, in some element."""
    kind = array.type
    if is_list(kind):
        offsets, elements, _ = list_parts(array)
        for inner, has in _present(elements, path):
            sums = np.concatenate(([0], np.cumsum(has)))
            yield inner, sums[offsets[1:]] > sums[offsets[:-1]]
    elif pa.types.is_struct(kind):
        for child, one in zip(array.flatten(), kind, strict=True):
            yield from _present(child, f"{path}.{one.name}")
    else:
        yield path, np.asarray(array.is_valid().to_numpy(zero_copy_only=False))


def _count(flags: Bools) -> int:
    return int(flags.sum())
