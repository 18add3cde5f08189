"""A plan compiled to the steps of the filter: what does not depend on values, worked out once."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from tamis.documents.schema import Identifier
from tamis.documents.types import arrow_type
from tamis.filter.conditions import values_of
from tamis.filter.parse_text import TextDialect, dialect_of
from tamis.filter.steps import (
    BuildColumn,
    CombineTests,
    CompiledRelease,
    JudgeIdentifier,
    OpenColumn,
    SelectElements,
    Step,
    TestLeaf,
    TreatLeaf,
    draw_tree,
)
from tamis.plan.plan import (
    STOPPING_IDENTIFIERS,
    Plan,
    PlanCondition,
    PlanField,
    PlanLeaf,
    PlanRelease,
)
from tamis.plan.schemas import released_field, released_schema

_S = TypeVar("_S", bound=Step)


@dataclass(frozen=True, eq=False, repr=False)
class CompiledPlan:
    """A plan as steps, ready for batches. `str` draws it as a tree.

    Attributes:
        plan: what was compiled.
        dialect: how text stands for values in the plan's format.
        steps: all steps, inputs before what takes them.
        releases: the plan's releases.
        order: by path, the place of each field in the schema.
    """

    plan: Plan
    dialect: TextDialect
    steps: tuple[Step, ...]
    releases: tuple[CompiledRelease, ...]
    order: Mapping[str, int]

    def __repr__(self) -> str:
        ids = ", ".join(f"`{release.plan.id}`" for release in self.releases)
        return f"<CompiledPlan of `{self.plan.policy}`: {len(self.steps)} steps for {ids}>"

    def __str__(self) -> str:
        return "\n".join(draw_tree(self.releases))

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
        >>> compiled = compile_steps(load_project().plan("evaluation-cpf", on=date(2026, 1, 1)))
        >>> compiled
        <CompiledPlan of `evaluation-cpf`: 24 steps for `evaluation`>
        >>> print("\\n".join(str(compiled).splitlines()[:9]))
        release `evaluation`: R6323-37.III.2 for R6323-33.5, NIR absent
        ├─ #1 test `dispositif`: one of 2
        │  └─ #0 open `dispositif`: string
        ├─ #5 build `pseudonyme`: fixed_size_binary[16]
        │  ├─ #2 open `nir`: string
        │  └─ #4 treat `nir`: pseudonymized ← #2
        │     └─ #3 judge `nir`: nir, nia ← #2
        ├─ #8 build `sexe`: string
        │  ├─ #6 open `sexe`: string
    """
    return _Compiler(plan).compile()


class _Compiler:
    """Makes each step once, however many releases need it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._leaves = plan.leaves()
        self._roots = {root.name: root for root in plan.fields}
        self._steps: dict[Hashable, Any] = {}

    def compile(self) -> CompiledPlan:
        releases = tuple(
            self._release(index, release) for index, release in enumerate(self._plan.releases)
        )
        paths = [path for root in self._plan.fields for path, _ in root.walk()]
        return CompiledPlan(
            plan=self._plan,
            dialect=dialect_of(self._plan.format),
            steps=tuple(self._steps.values()),
            releases=releases,
            order={path: place for place, path in enumerate(dict.fromkeys(paths))},
        )

    def _step(self, release: int | None, kind: type[_S], key: Hashable, **fields: Any) -> _S:
        """The step of this class and key, made if there is none; `release` needs it."""
        step = self._steps.get((kind, key))
        if step is None:
            step = self._steps[kind, key] = kind(index=len(self._steps), **fields)
        if release is not None:
            step.releases.add(release)
        return step

    def _release(self, index: int, release: PlanRelease) -> CompiledRelease:
        kept = {leaf.path: leaf for leaf in release.leaves}
        where = tuple(self._test(None, condition) for condition in release.where)
        columns = tuple(
            self._build(index, release, root, kept)
            for root in self._plan.fields
            if any(is_below(path, root.name) for path in kept)
        )
        stops = tuple(
            self._judge_nir(index, path)
            for path, spec in self._leaves.items()
            if release.nir == "absent"
            and release.on_nir == "quarantine"
            and STOPPING_IDENTIFIERS & set(spec.identifier)
            and not (path in kept and kept[path].pseudonym)
        )
        schema = released_schema(self._plan, release)
        return CompiledRelease(index, release, where, columns, stops, schema)

    def _open(self, release: int | None, path: str) -> OpenColumn:
        name = path.partition(".")[0]
        return self._step(release, OpenColumn, name, root=self._roots[name])

    def _test(self, release: int | None, condition: PlanCondition) -> TestLeaf:
        path = condition.field
        return self._step(
            release,
            TestLeaf,
            (path, tuple((type(value), value) for value in condition.values)),
            column=self._open(release, path),
            path=path,
            values=values_of(condition.values, arrow_type(self._leaves[path].type)),
        )

    def _judge(self, release: int, path: str, kinds: tuple[Identifier, ...]) -> JudgeIdentifier:
        column = self._open(release, path)
        key = (path, kinds)
        return self._step(release, JudgeIdentifier, key, column=column, path=path, kinds=kinds)

    def _judge_nir(self, release: int, path: str) -> JudgeIdentifier:
        """What judges values as the NIR and numbers of its shape: others stop no record and get
        no pseudonym."""
        kinds = self._leaves[path].identifier
        return self._judge(
            release, path, tuple(kind for kind in kinds if kind in STOPPING_IDENTIFIERS)
        )

    def _treat(self, index: int, release: PlanRelease, leaf: PlanLeaf) -> TreatLeaf:
        when = None
        if leaf.when:
            alternatives = tuple(
                tuple(self._test(index, condition) for condition in conditions)
                for conditions in leaf.when
            )
            when = self._step(index, CombineTests, alternatives, alternatives=alternatives)
        spec = self._leaves[leaf.path]
        is_judged = spec.identifier and not leaf.redact
        item = release.item if leaf.pseudonym else ""
        treatment = (leaf.to, leaf.step, leaf.prefix, leaf.redact, leaf.pseudonym, leaf.method)
        return self._step(
            index,
            TreatLeaf,
            (leaf.path, treatment, item, when),
            column=self._open(index, leaf.path),
            leaf=leaf,
            spec=spec,
            when=when,
            identifier=self._judge(index, leaf.path, spec.identifier) if is_judged else None,
            nir=self._judge_nir(index, leaf.path) if leaf.pseudonym else None,
            item=item,
        )

    def _build(
        self, index: int, release: PlanRelease, root: PlanField, kept: Mapping[str, PlanLeaf]
    ) -> BuildColumn:
        leaves = {
            path: self._treat(index, release, leaf)
            for path, leaf in kept.items()
            if is_below(path, root.name)
        }
        only = self._select(index, release, root)
        below = {
            path: tuple(leaf for inner, leaf in leaves.items() if is_below(inner, path))
            for path, _ in root.walk()
        }
        return self._step(
            index,
            BuildColumn,
            (root.name, tuple(leaves.values()), only),
            column=self._open(index, root.name),
            field=released_field(root, root.name, kept),
            leaves=leaves,
            below={path: steps for path, steps in below.items() if steps},
            only=only,
        )

    def _select(self, index: int, release: PlanRelease, root: PlanField) -> SelectElements | None:
        tests = {
            path: tuple(
                self._test(index, replace(condition, field=f"{path}.{condition.field}"))
                for condition in conditions
            )
            for path, conditions in release.only
            if is_below(path, root.name)
        }
        if not tests:
            return None
        column = self._open(index, root.name)
        return self._step(index, SelectElements, tuple(tests.items()), column=column, tests=tests)


def is_below(path: str, above: str) -> bool:
    """Whether `path` is `above`, or a field inside it."""
    return path == above or path.startswith(above + ".")
