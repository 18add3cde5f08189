"""A plan compiled to steps: what is made of a batch, from what, and for which releases.

    OpenColumn         a top-level field, opened to its leaves and conformed to the schema's types
    TestLeaf           whether each value of a leaf is one of a condition's values
    CombineTests       where a `when` holds: alternatives, each a conjunction of tests
    SelectElements     which elements of a column's lists `only` keeps
    JudgeIdentifier    a leaf's values as identifiers: their canonical form, and what is wrong
    TreatLeaf          a leaf's values as they are released
    BuildColumn        a released column, built of its treated leaves

A step is made once for all releases that need the same of it. It names the steps that it takes
its input from: the steps of a plan are a graph without circles.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import pyarrow as pa

from tamis.documents.schema import Identifier
from tamis.documents.types import arrow_type
from tamis.filter.conditions import values_of
from tamis.filter.dialect import TextDialect, dialect_of
from tamis.nir.identifiers import FULL_WIDTH
from tamis.plan.plan import (
    STOPPING_IDENTIFIERS,
    Plan,
    PlanCondition,
    PlanField,
    PlanLeaf,
    PlanRelease,
)
from tamis.plan.schemas import released_field, released_schema

_S = TypeVar("_S", bound="Step")


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """Something that is made of a batch once.

    Attributes:
        releases: indexes of the releases that need it of the records which they match. A step
            that only `where` needs has none: `where` is tested of all records.
    """

    releases: set[int] = field(default_factory=set)


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenColumn(Step):
    """Opens and conforms the batch's column of the top-level field `root`."""

    root: PlanField


@dataclass(frozen=True, eq=False, kw_only=True)
class TestLeaf(Step):
    """Tests the values of the leaf at `path`.

    Attributes:
        values: those that match, of the leaf's type; None if any does that is there.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    column: OpenColumn
    path: str
    values: pa.Array | None


@dataclass(frozen=True, eq=False, kw_only=True)
class CombineTests(Step):
    """Combines tests of `when`: one of `alternatives` must hold, and in it every test.

    Attributes:
        scope: the path of the innermost list whose elements are tested; empty for the record.
    """

    alternatives: tuple[tuple[TestLeaf, ...], ...]
    scope: str


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectElements(Step):
    """Selects elements of a column's lists: by the list's path, the tests that must all hold."""

    column: OpenColumn
    tests: Mapping[str, tuple[TestLeaf, ...]]


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgeIdentifier(Step):
    """Judges the values of the leaf at `path` as identifiers of `kinds`."""

    column: OpenColumn
    path: str
    kinds: tuple[Identifier, ...]


@dataclass(frozen=True, eq=False)
class LookUp:
    """Looks persons up in the list of those who are limited, by the leaf at `path`.

    Attributes:
        identifier: judges the values as what the schema says they are.
        nir: judges them as numbers by which a person can be on the list.
    """

    identifier: JudgeIdentifier
    nir: JudgeIdentifier

    @property
    def path(self) -> str:
        """The path of the leaf in the schema."""
        return self.identifier.path


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatLeaf(Step):
    """Treats the values of a leaf that a release keeps.

    Attributes:
        leaf: as the plan has it.
        spec: the schema's field; for a list of plain values, the element.
        when: where the leaf is kept; None if everywhere.
        identifier: judges the values; None if they are no identifier or are redacted.
        nir: judges them as numbers of a NIR's shape, for a pseudonym; else None.
        keyed: judges them as numbers that have a key, to write it; else None.
        item: of the key of a pseudonym.
    """

    column: OpenColumn
    leaf: PlanLeaf
    spec: PlanField
    when: CombineTests | None
    identifier: JudgeIdentifier | None
    nir: JudgeIdentifier | None
    keyed: JudgeIdentifier | None
    item: str

    @property
    def path(self) -> str:
        """The path of the leaf in the schema."""
        return self.leaf.path


@dataclass(frozen=True, eq=False, kw_only=True)
class BuildColumn(Step):
    """Builds a released column: a top-level field, whole or in part.

    Attributes:
        field: name, type and nullability of what is released.
        leaves: by path, the leaves that are kept.
        below: by the path of any node in the column, the kept leaves at it or below it.
        only: which elements of its lists are kept; None if all are.
    """

    column: OpenColumn
    field: pa.Field
    leaves: Mapping[str, TreatLeaf]
    below: Mapping[str, tuple[TreatLeaf, ...]]
    only: SelectElements | None


@dataclass(frozen=True, eq=False)
class CompiledRelease:
    """A release, and the steps that it is made of; in `stops` a NIR stops the record."""

    index: int
    plan: PlanRelease
    where: tuple[TestLeaf, ...]
    columns: tuple[BuildColumn, ...]
    stops: tuple[JudgeIdentifier, ...]
    schema: pa.Schema


@dataclass(frozen=True, eq=False, repr=False)
class CompiledPlan:
    """A plan as steps, ready for batches.

    Attributes:
        plan: what was compiled.
        dialect: how text stands for values in the plan's format.
        steps: all steps, inputs before what takes them.
        releases: the plan's releases.
        order: by path, the place of each field in the schema.
        lookups: by which leaves limited persons are known; none where there is no list.
    """

    plan: Plan
    dialect: TextDialect
    steps: tuple[Step, ...]
    releases: tuple[CompiledRelease, ...]
    order: Mapping[str, int]
    lookups: tuple[LookUp, ...] = ()

    def steps_of(self, kind: type[_S], releases: Sequence[CompiledRelease]) -> Iterator[_S]:
        """The steps of one class that some of these releases need of the records they match."""
        indexes = {release.index for release in releases}
        for step in self.steps:
            if isinstance(step, kind) and not step.releases.isdisjoint(indexes):
                yield step


@lru_cache(maxsize=32)
def compile_steps(plan: Plan) -> CompiledPlan:
    """Return the steps of `plan`, compiled once for equal plans.

    Example:
        >>> from datetime import date
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("evaluation-cpf", on=date(2026, 1, 1))
        >>> len(compile_steps(plan).steps)
        24
    """
    return _Compiler(plan).compile()


class _Compiler:
    """Makes each step once, however many releases need it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._leaves = plan.leaves()
        self._roots = {root.name: root for root in plan.fields}
        self._steps: dict[Hashable, Any] = {}
        self._user: int | None = None  # the release whose columns are being compiled

    def compile(self) -> CompiledPlan:
        limited = self._plan.limited
        lookups = tuple(map(self._look_up, limited.fields)) if limited is not None else ()
        releases = tuple(map(self._release, range(len(self._plan.releases)), self._plan.releases))
        paths = [path for root in self._plan.fields for path, _ in root.walk()]
        order = {path: place for place, path in enumerate(dict.fromkeys(paths))}
        dialect = dialect_of(self._plan.format)
        steps = tuple(self._steps.values())
        return CompiledPlan(self._plan, dialect, steps, releases, order, lookups)

    def _step(self, kind: type[_S], key: Hashable, **fields: Any) -> _S:
        """The step of this class and key, made if there is none."""
        step = self._steps.get((kind, key))
        if step is None:
            step = self._steps[kind, key] = kind(**fields)
        if self._user is not None:
            step.releases.add(self._user)
        return step

    def _release(self, index: int, release: PlanRelease) -> CompiledRelease:
        kept = {leaf.path: leaf for leaf in release.leaves}
        self._user = None
        where = tuple(map(self._test, release.where))
        self._user = index
        columns = tuple(
            self._build(release, root, kept)
            for root in self._plan.fields
            if any(is_below(path, root.name) for path in kept)
        )
        stops = tuple(
            self._judge_nir(path)
            for path, spec in self._leaves.items()
            if release.nir == "absent"
            and release.on_nir == "quarantine"
            and STOPPING_IDENTIFIERS & set(spec.identifier)
            and not (path in kept and kept[path].pseudonym)
        )
        schema = released_schema(self._plan, release)
        return CompiledRelease(index, release, where, columns, stops, schema)

    def _open(self, path: str) -> OpenColumn:
        name = path.partition(".")[0]
        return self._step(OpenColumn, name, root=self._roots[name])

    def _test(self, condition: PlanCondition) -> TestLeaf:
        path = condition.field
        kind = arrow_type(self._leaves[path].type)
        return self._step(
            TestLeaf,
            (path, tuple((type(value), value) for value in condition.values)),
            column=self._open(path),
            path=path,
            values=values_of(condition.values, kind) if condition.values else None,
        )

    def _list_around(self, path: str) -> str:
        """The path of the innermost list that a field lies in, or empty."""
        nodes = self._roots[path.partition(".")[0]].walk()
        lists = [at for at, node in nodes if node.of is not None and is_below(path, at)]
        return max(lists, key=len, default="")

    def _judge(self, path: str, kinds: tuple[Identifier, ...]) -> JudgeIdentifier:
        column = self._open(path)
        return self._step(JudgeIdentifier, (path, kinds), column=column, path=path, kinds=kinds)

    def _judge_nir(self, path: str) -> JudgeIdentifier:
        """Judge as a NIR or a number of its shape: no other stops a record or gets a pseudonym."""
        kinds = self._leaves[path].identifier
        return self._judge(path, tuple(kind for kind in kinds if kind in STOPPING_IDENTIFIERS))

    def _look_up(self, path: str) -> LookUp:
        kinds = self._leaves[path].identifier
        return LookUp(self._judge(path, kinds), self._judge_nir(path))

    def _treat(self, release: PlanRelease, leaf: PlanLeaf) -> TreatLeaf:
        when = None
        if leaf.when:
            alternatives = tuple(tuple(map(self._test, conditions)) for conditions in leaf.when)
            tested = [test.path for tests in alternatives for test in tests]
            scope = max((self._list_around(path) for path in tested), key=len, default="")
            when = self._step(CombineTests, alternatives, alternatives=alternatives, scope=scope)
        spec = self._leaves[leaf.path]
        is_judged = spec.identifier and not leaf.redact
        item = release.item if leaf.pseudonym else ""
        keyed = tuple(kind for kind in spec.identifier if kind in ("nir", "nia"))
        treatment = (leaf.to, leaf.step, leaf.prefix, leaf.redact, leaf.pseudonym, leaf.method)
        return self._step(
            TreatLeaf,
            (leaf.path, treatment, leaf.canonical, item, when),
            column=self._open(leaf.path),
            leaf=leaf,
            spec=spec,
            when=when,
            identifier=self._judge(leaf.path, spec.identifier) if is_judged else None,
            nir=self._judge_nir(leaf.path) if leaf.pseudonym and not leaf.pseudonym_kind else None,
            keyed=self._judge(leaf.path, keyed) if leaf.canonical == FULL_WIDTH else None,
            item=item,
        )

    def _build(
        self, release: PlanRelease, root: PlanField, kept: Mapping[str, PlanLeaf]
    ) -> BuildColumn:
        leaves = {
            path: self._treat(release, leaf)
            for path, leaf in kept.items()
            if is_below(path, root.name)
        }
        only = self._select(release, root)
        below = {
            path: tuple(leaf for inner, leaf in leaves.items() if is_below(inner, path))
            for path, _ in root.walk()
        }
        return self._step(
            BuildColumn,
            (root.name, tuple(leaves.values()), only),
            column=self._open(root.name),
            field=released_field(root, root.name, kept),
            leaves=leaves,
            below={path: steps for path, steps in below.items() if steps},
            only=only,
        )

    def _select(self, release: PlanRelease, root: PlanField) -> SelectElements | None:
        tests = {
            path: tuple(
                self._test(replace(condition, field=f"{path}.{condition.field}"))
                for condition in conditions
            )
            for path, conditions in release.only
            if is_below(path, root.name)
        }
        if not tests:
            return None
        column = self._open(root.name)
        return self._step(SelectElements, tuple(tests.items()), column=column, tests=tests)


def is_below(path: str, above: str) -> bool:
    """Whether `path` is `above`, or a field inside it."""
    return path == above or path.startswith(above + ".")
