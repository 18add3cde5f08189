"""The steps of a compiled plan: what is made of a batch, and from what.

    OpenColumn         a top-level field, opened to its leaves and conformed to the schema's types
    TestLeaf           whether each value of a leaf is one of a condition's values
    CombineTests       where a `when` holds: alternatives, each a conjunction of tests
    SelectElements     which elements of a column's lists `only` keeps
    JudgeIdentifier    a leaf's values as identifiers: their canonical form, and what is wrong
    TreatLeaf          a leaf's values as they are released
    BuildColumn        a released column, built of its treated leaves

A step is made once for all releases that need the same of it. It names the steps that it takes
its input from, so that the steps of a plan are a graph without circles; `draw_tree` prints it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tamis.documents.schema import Identifier
from tamis.plan.plan import PlanField, PlanLeaf, PlanRelease


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """Something that is made of a batch once.

    Attributes:
        index: the step's place in its plan; those of its inputs are smaller.
        releases: indexes of the releases that need it of the records which they match. A step
            that only `where` needs has none: `where` is tested of all records.
    """

    index: int
    releases: set[int] = field(default_factory=set)

    @property
    def inputs(self) -> tuple["Step", ...]:
        """The steps whose results this one takes: those that it has in its fields."""
        return tuple(dict.fromkeys(_steps_in(*vars(self).values())))


def _steps_in(*values: object) -> Iterator[Step]:
    for value in values:
        if isinstance(value, Step):
            yield value
        elif isinstance(value, tuple):
            yield from _steps_in(*value)
        elif isinstance(value, Mapping):
            yield from _steps_in(*value.values())


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenColumn(Step):
    """Opens and conforms the batch's column of the top-level field `root`."""

    root: PlanField

    def __str__(self) -> str:
        return f"open `{self.root.name}`: {self.root.type}"


@dataclass(frozen=True, eq=False, kw_only=True)
class TestLeaf(Step):
    """Tests the values of the leaf at `path`; `values` are of the leaf's type."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    column: OpenColumn
    path: str
    values: pa.Array

    def __str__(self) -> str:
        return f"test `{self.path}`: one of {len(self.values)}"


@dataclass(frozen=True, eq=False, kw_only=True)
class CombineTests(Step):
    """Combines tests of `when`: one of `alternatives` must hold, and in it every test."""

    alternatives: tuple[tuple[TestLeaf, ...], ...]

    def __str__(self) -> str:
        return f"when: one of {len(self.alternatives)} alternatives"


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectElements(Step):
    """Selects elements of a column's lists: by the list's path, the tests that must all hold."""

    column: OpenColumn
    tests: Mapping[str, tuple[TestLeaf, ...]]

    def __str__(self) -> str:
        return f"only elements of {', '.join(f'`{path}`' for path in self.tests)}"


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgeIdentifier(Step):
    """Judges the values of the leaf at `path` as identifiers of `kinds`."""

    column: OpenColumn
    path: str
    kinds: tuple[Identifier, ...]

    def __str__(self) -> str:
        return f"judge `{self.path}`: {', '.join(self.kinds)}"


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatLeaf(Step):
    """Treats the values of a leaf that a release keeps.

    Attributes:
        leaf: as the plan has it.
        spec: the schema's field; for a list of plain values, the element.
        when: where the leaf is kept; None if everywhere.
        identifier: judges the values; None if they are no identifier or are redacted.
        nir: judges them as numbers of a NIR's shape, for a pseudonym; else None.
        item: of the key of a pseudonym.
    """

    column: OpenColumn
    leaf: PlanLeaf
    spec: PlanField
    when: CombineTests | None
    identifier: JudgeIdentifier | None
    nir: JudgeIdentifier | None
    item: str

    @property
    def path(self) -> str:
        """The path of the leaf in the schema."""
        return self.leaf.path

    def __str__(self) -> str:
        return f"treat `{self.path}`: {self.leaf.fate}"


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

    def __str__(self) -> str:
        return f"build `{self.field.name}`: {_kind(self.field.type)}"


@dataclass(frozen=True, eq=False)
class CompiledRelease:
    """A release, and the steps whose results it is made of.

    Attributes:
        index: its place in the plan.
        plan: the release as the plan has it.
        where: tests that must all hold of a record.
        columns: what is released, in the schema's order.
        stops: identifiers in which a NIR stops the record.
        schema: of a released batch, tags included.
    """

    index: int
    plan: PlanRelease
    where: tuple[TestLeaf, ...]
    columns: tuple[BuildColumn, ...]
    stops: tuple[JudgeIdentifier, ...]
    schema: pa.Schema

    def __str__(self) -> str:
        release = self.plan
        return f"release `{release.id}`: {release.item} for {release.purpose}, NIR {release.nir}"


def draw_tree(releases: Sequence[CompiledRelease]) -> Iterator[str]:
    """Yield the lines of a tree: each release, what it is made of, and what that is made of.

    Each step is drawn once, with its index; an input that stands above is named by its index.
    """
    drawn: set[Step] = set()
    for release in releases:
        inputs = (*release.where, *release.columns, *release.stops)
        yield str(release) + _above(inputs, drawn)
        yield from _draw(inputs, "", drawn)


def _above(inputs: tuple[Step, ...], drawn: set[Step]) -> str:
    """The inputs that are drawn already."""
    indexes = sorted({step.index for step in inputs if step in drawn})
    return f" ← {', '.join(f'#{index}' for index in indexes)}" if indexes else ""


def _draw(inputs: tuple[Step, ...], margin: str, drawn: set[Step]) -> Iterator[str]:
    steps = [step for step in dict.fromkeys(inputs) if step not in drawn]
    drawn.update(steps)
    for step in steps:
        is_last = step is steps[-1]
        yield f"{margin}{'└' if is_last else '├'}─ #{step.index} {step}{_above(step.inputs, drawn)}"
        yield from _draw(step.inputs, margin + ("   " if is_last else "│  "), drawn)


def _kind(kind: pa.DataType) -> str:
    """A type's name; of a nested one only whether it is a list or a struct."""
    return str(kind).partition("<")[0] if pa.types.is_nested(kind) else str(kind)
