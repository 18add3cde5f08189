"""A plan made ready for batches: what does not depend on values is worked out once."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

from tamis.documents.tags import TAGS
from tamis.documents.types import arrow_type
from tamis.filter.conditions import values_of
from tamis.filter.parse_text import Wire, wire_of
from tamis.nir.pseudonym import PSEUDONYM
from tamis.plan.plan import STOPPING, Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

TAG = pa.dictionary(pa.int8(), pa.string())
"""The type of the tag columns: constants, one entry a batch."""


@dataclass(frozen=True)
class Test:
    """A condition on the leaf at `path`, with its values in the leaf's type."""

    path: str
    values: pa.Array
    key: Hashable


@dataclass(frozen=True)
class Kept:
    """A leaf that a release keeps.

    Attributes:
        leaf: as the plan says it.
        spec: the schema's field; for a list of plain values, the element.
        when: alternatives, each a conjunction; empty: always.
        key: equal for two releases that make the same of the leaf.
    """

    leaf: PlanLeaf
    spec: PlanField
    when: tuple[tuple[Test, ...], ...]
    when_key: Hashable
    key: Hashable


@dataclass(frozen=True)
class Column:
    """A top-level column that a release keeps, whole or in part.

    Attributes:
        root: the schema's field.
        out: the released field.
        kept: by path, the leaves.
        only: by list path, what an element must fulfil.
        key: equal for two releases that release the same column.
    """

    root: PlanField
    out: pa.Field
    kept: Mapping[str, Kept]
    only: Mapping[str, tuple[Test, ...]]
    key: Hashable

    def keeps_below(self, path: str) -> list[Kept]:
        """The kept leaves at `path` or below it."""
        return [one for where, one in self.kept.items() if is_below(where, path)]


@dataclass(frozen=True)
class Release:
    """A release with its tests, columns and schema.

    Attributes:
        stops: identifiers in which a NIR stops the record.
    """

    plan: PlanRelease
    where: tuple[Test, ...]
    columns: tuple[Column, ...]
    schema: pa.Schema
    stops: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A plan, ready for batches."""

    plan: Plan
    wire: Wire
    releases: tuple[Release, ...]
    roots: Mapping[str, PlanField]
    order: Mapping[str, int]

    @cached_property
    def users(self) -> Mapping[Hashable, tuple[int, ...]]:
        """Which releases make what of a leaf: their indexes, by `Kept.key`."""
        users: dict[Hashable, tuple[int, ...]] = {}
        for index, release in enumerate(self.releases):
            for column in release.columns:
                for kept in column.kept.values():
                    users[kept.key] = (*users.get(kept.key, ()), index)
        return users


_PROGRAMS: dict[str, Program] = {}
_MOST_PROGRAMS = 32


def program_of(plan: Plan) -> Program:
    """The program of `plan`, compiled once for plans of one digest."""
    found = _PROGRAMS.get(plan.sha256)
    if found is None:
        found = compile_program(plan)
        if len(_PROGRAMS) >= _MOST_PROGRAMS:
            _PROGRAMS.clear()
        _PROGRAMS[plan.sha256] = found
    return found


def compile_program(plan: Plan) -> Program:
    """Make `plan` ready for batches."""
    paths = [path for root in plan.fields for path, _ in _walk(root, root.name)]
    leaves = {
        path: spec
        for root in plan.fields
        for path, spec in _walk(root, root.name)
        if spec.of is None and not spec.fields
    }
    return Program(
        plan=plan,
        wire=wire_of(plan.format),
        releases=tuple(_compile_release(plan, one, leaves) for one in plan.releases),
        roots={root.name: root for root in plan.fields},
        order={path: place for place, path in enumerate(dict.fromkeys(paths))},
    )


def is_below(path: str, above: str) -> bool:
    """Whether `path` is `above`, or a field inside it."""
    return path == above or path.startswith(above + ".")


def root_of(path: str) -> str:
    """The name of the top-level field that `path` lies in."""
    return path.partition(".")[0]


def _walk(spec: PlanField, path: str) -> Iterator[tuple[str, PlanField]]:
    yield path, spec
    if spec.of is not None:
        yield from _walk(spec.of, path)
    for child in spec.fields:
        yield from _walk(child, f"{path}.{child.name}")


def _compile_release(plan: Plan, release: PlanRelease, leaves: Mapping[str, PlanField]) -> Release:
    kept = {leaf.path: _compile_leaf(plan, release, leaf, leaves) for leaf in release.leaves}
    only = {
        path: tuple(_test(replace(one, field=f"{path}.{one.field}"), leaves) for one in conditions)
        for path, conditions in release.only
    }
    columns = tuple(
        _compile_column(root, kept, only)
        for root in plan.fields
        if any(is_below(path, root.name) for path in kept)
    )
    tags = [pa.field(name, TAG, nullable=False) for name in TAGS]
    stops = tuple(
        path
        for path, spec in leaves.items()
        if release.nir == "absent"
        and release.on_nir == "quarantine"
        and STOPPING & set(spec.identifier)
        and not (path in kept and kept[path].leaf.pseudonym)
    )
    return Release(
        plan=release,
        where=tuple(_test(one, leaves) for one in release.where),
        columns=columns,
        schema=pa.schema([*(column.out for column in columns), *tags]),
        stops=stops,
    )


def _test(condition: PlanCondition, leaves: Mapping[str, PlanField]) -> Test:
    kind = arrow_type(leaves[condition.field].type)
    key = (condition.field, tuple((type(value), value) for value in condition.values))
    return Test(condition.field, values_of(condition.values, kind), key)


def _compile_leaf(
    plan: Plan, release: PlanRelease, leaf: PlanLeaf, leaves: Mapping[str, PlanField]
) -> Kept:
    when = tuple(tuple(_test(one, leaves) for one in every) for every in leaf.when)
    when_key = tuple(tuple(test.key for test in every) for every in when)
    key_context = (release.item, leaf.method, leaf.pseudonym) if leaf.pseudonym else None
    key = (leaf.path, leaf.to, leaf.step, leaf.prefix, leaf.redact, key_context, when_key)
    return Kept(leaf, leaves[leaf.path], when, when_key, key)


def _compile_column(
    root: PlanField, kept: Mapping[str, Kept], only: Mapping[str, tuple[Test, ...]]
) -> Column:
    here = {path: one for path, one in kept.items() if is_below(path, root.name)}
    filters = {path: tests for path, tests in only.items() if is_below(path, root.name)}
    name, kind, nullable = _released(root, root.name, here)
    return Column(
        root=root,
        out=pa.field(name, kind, nullable=nullable),
        kept=here,
        only=filters,
        key=(
            root.name,
            tuple(one.key for one in here.values()),
            tuple((path, tuple(test.key for test in tests)) for path, tests in filters.items()),
        ),
    )


def _released(
    spec: PlanField, path: str, kept: Mapping[str, Kept]
) -> tuple[str, pa.DataType, bool]:
    """Name, type and nullability of a released field; below the top everything is nullable."""
    own = kept.get(path)
    name = own.leaf.pseudonym if own and own.leaf.pseudonym else spec.name
    below = [one for leaf, one in kept.items() if is_below(leaf, path)]
    nullable = spec.nullable or all(one.when for one in below)
    if spec.of is not None:
        _, kind, _ = _released(spec.of, path, kept)
        return name, pa.list_(kind), nullable
    if not spec.fields:
        assert own is not None
        return name, PSEUDONYM if own.leaf.pseudonym else arrow_type(spec.type), nullable
    children = []
    for child in spec.fields:
        inner = f"{path}.{child.name}"
        if any(is_below(one, inner) for one in kept):
            child_name, kind, _ = _released(child, inner, kept)
            children.append(pa.field(child_name, kind))
    return name, pa.struct(children), nullable
