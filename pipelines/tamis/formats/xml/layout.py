"""The layout of a schema of XML: its paths as a tree of steps that a record is walked along.

A *scope* is what may occur many times: the record, and the element of each list in it. The values
of one occurrence stand in a row of slots, one for each leaf and list of the scope. Elements that
the schema names and the plan does not read are steps without slots: they are passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, takewhile
from typing import Final

from tamis.documents.feed_format import XmlOptions
from tamis.documents.xpaths import ITSELF, XmlPath
from tamis.language import N_
from tamis.plan.plan import Plan, PlanField


@dataclass
class Step:
    """What is read of elements of one name.

    Attributes:
        path: from the record, or from the root for what is around records; for messages.
        text: the slot of their text, or None.
        leaf: that slot and `seen`, where their text is all that is read of them.
        attributes: slots of attributes, by name.
        others: attributes that the schema names and that are not read, each with how often it was
            met.
        rows: the slot of the rows of the list whose elements they are, or None.
        row_slots: how many slots such a row has.
        seen: the slot in which it is noted that one stands there (`NIL` or `THERE`), or None.
        choice: the slot in which it is noted that one stands there that is not nil, or None.
        inside: the steps of the elements in them.
        leaves: the slots of all leaves in them that are in no list.
        skipped: how many of them were met, where they are not looked at; else None.
    """

    path: str = field(default="", compare=False)
    text: int | None = None
    leaf: tuple[int, int] | None = None
    attributes: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    rows: int | None = None
    row_slots: int = 0
    seen: int | None = None
    choice: int | None = None
    inside: "dict[str, Step]" = field(default_factory=dict)
    leaves: list[int] = field(default_factory=list)
    skipped: int | None = None

    def passed_over(self) -> Iterator[tuple[str, int]]:
        """What the schema names here and nothing reads: its path, and how often it was met since
        the last call."""
        for name, count in self.others.items():
            if count:
                self.others[name] = 0
                yield joined(self.path, f"@{name}"), count
        for step in self.inside.values():
            if step.skipped and step is not PASSED_OVER:
                yield step.path, step.skipped
                step.skipped = 0
            yield from step.passed_over()


def joined(path: str, name: str) -> str:
    """The path of elements called `name`, an lxml tag or `@name`, in those at `path`.

    Example:
        >>> joined("titulaire", "{urn:x}nom"), joined("", "@type"), joined("/", "flux")
        ('titulaire/nom', '@type', '/flux')
    """
    local = name.rpartition("}")[2]
    local = f"@{local}" if name.startswith("@") and not local.startswith("@") else local
    return f"{path}/{local}" if path.strip("/") else f"{path}{local}"


NIL: Final = 1
THERE: Final = 2

PASSED_OVER: Final = Step(skipped=0)
"""The step of elements that are not looked at, and that no schema names."""


class Scope:
    """What may occur many times.

    Attributes:
        step: of the element that is one occurrence.
        slots: how many values a row has.
        places: the slot of each leaf and list, by the path of the plan's field.
        structs: the slot in which it is noted that a struct's element stands there, by its path.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.slots = 0
        self.places: dict[str, int] = {}
        self.structs: dict[str, int] = {}

    def new_slot(self) -> int:
        """The number of one more slot."""
        self.slots += 1
        return self.slots - 1

    def walk(self, names: Iterable[str]) -> Step:
        """The step of the elements at a path, made where there is none."""
        step = self.step
        for name in names:
            step = step.inside.setdefault(name, Step(joined(step.path, name)))
        return step

    def add_leaf(self, at: XmlPath) -> int:
        """The slot of the text or attribute at a path. What stands twice on the way is noticed."""
        slot, step = self.new_slot(), self.step
        for name in at.steps:
            step = step.inside.setdefault(name, Step(joined(step.path, name)))
            step.leaves.append(slot)
            if step.seen is None:
                step.seen = self.new_slot()
        if at.attribute is None:
            step.text = slot
        else:
            step.attributes[at.attribute] = slot
        return slot


@dataclass(frozen=True)
class XmlLayout:
    """What is read of a file.

    Attributes:
        record: the names from the root to the record.
        scope: of the record.
        lists: the scope of the elements of each list, by its path in the plan.
        around: the scope of each element around the records, from the root.
        contexts: depth and slot of each leaf that stands around the records, by its path.
        choices: of each choice, what must be chosen.
    """

    record: tuple[str, ...]
    scope: Scope
    lists: Mapping[str, Scope]
    around: Sequence[Scope]
    contexts: Mapping[str, tuple[int, int]]
    choices: tuple["Choice", ...]


@dataclass(frozen=True)
class Choice:
    """Elements of which one element, or the record, has exactly one.

    Attributes:
        around: the slot in which it is noted that the element around them is there; None where that
            is the record.
        slots: of each, its path and the slot in which it is noted that it is there.
    """

    around: int | None
    slots: tuple[tuple[str, int], ...]

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The slots alone."""
        return tuple(slot for _text, slot in self.slots)

    def problem(self, row: Sequence[object]) -> str:
        """What is wrong with the choice in a record whose slots are `row`; empty if nothing is."""
        if self.around is not None and row[self.around] is None:
            return ""
        if sum(row[slot] is not None for slot in self.places) == 1:
            return ""
        chosen = [text for text, slot in self.slots if row[slot]]
        if chosen:
            return N_("must have one, has {elements}").format(elements=", ".join(chosen))
        elements = ", ".join(text for text, _slot in self.slots)
        return N_("must have one, has none of {elements}").format(elements=elements)


def layout_of(plan: Plan) -> XmlLayout:
    """The layout of what `plan`, whose schema is of XML, reads.

    Example:
        >>> from tamis.documents.feed_format import Format, XmlOptions
        >>> import dataclasses, tamis
        >>> plan = tamis.load_project("cpf").plan("cpir-partage", on="2026-03-02")
        >>> form = Format(name="xml", xml=XmlOptions(record="/flux/p"))
        >>> fields = (PlanField("nom", "string", xpath="t/nom"),)
        >>> layout_of(dataclasses.replace(plan, format=form, fields=fields)).scope.places
        {'nom': 0}
    """
    options = plan.format.xml
    assert options is not None
    return _Builder(options).build(plan)


class _Builder:
    def __init__(self, options: XmlOptions) -> None:
        self._options = options
        self._record = options.path(options.record)
        self._scope = Scope(Step())
        self._lists: dict[str, Scope] = {}
        above = self._record.steps[:-1]
        self._around = [Scope(Step(path)) for path in accumulate(above, joined, initial="/")][1:]
        self._contexts: dict[str, tuple[int, int]] = {}

    def build(self, plan: Plan) -> XmlLayout:
        """The layout of the fields of `plan`."""
        for text in plan.known:
            self._know(self._options.path(text).inside_of(self._record))
        self._add(plan.fields, self._scope, ITSELF, "")
        choices = tuple(map(self._choice, self._options.choices))
        for scope, name in zip(self._around, self._record.steps[1:], strict=True):
            scope.step.inside[name] = PASSED_OVER
        for scope in (self._scope, *self._around):
            _finish(scope.step)
        return XmlLayout(
            self._record.steps, self._scope, self._lists, self._around, self._contexts, choices
        )

    def _add(self, fields: Iterable[PlanField], scope: Scope, base: XmlPath, above: str) -> None:
        """Add `fields`, which stand below `base` in `scope`."""
        for spec in fields:
            path = f"{above}{spec.name}"
            at = base.inside(self._options.path(spec.xpath or spec.name)).inside_of(self._record)
            if spec.fields:
                self._add(spec.fields, scope, at, f"{path}.")
                if at != base and not at.absolute:
                    seen = scope.walk(at.steps).seen
                    scope.structs.update({path: seen} if seen is not None else {})
            elif at.absolute:
                self._add_around(path, at)
            elif spec.of is not None:
                self._add_list(spec.of, scope, at, path)
            else:
                scope.places[path] = scope.add_leaf(at)

    def _add_list(self, element: PlanField, scope: Scope, at: XmlPath, path: str) -> None:
        step = scope.walk(at.steps)
        inner = self._lists[path] = Scope(step)
        if element.fields:
            self._add(element.fields, inner, ITSELF, f"{path}.")
        else:
            inner.places[path] = inner.add_leaf(self._options.path(element.xpath or "."))
        step.rows, step.row_slots = scope.new_slot(), inner.slots
        scope.places[path] = step.rows

    def _know(self, at: XmlPath) -> None:
        """Note a path that the schema names, read or not."""
        scope = self._scope
        if at.absolute:
            depth, at = self._depth(at)
            scope = self._around[depth]
        step = scope.walk(at.steps)
        if at.attribute is not None:
            step.others[at.attribute] = 0

    def _depth(self, at: XmlPath) -> tuple[int, XmlPath]:
        """The depth of the element around records that `at` leads through, and the rest of it."""
        depth = 0
        while at.steps[: depth + 2] == self._record.steps[: depth + 2] != at.steps[: depth + 1]:
            depth += 1
        return depth, XmlPath(False, at.steps[depth + 1 :], at.attribute)

    def _add_around(self, path: str, at: XmlPath) -> None:
        depth, rest = self._depth(at)
        self._contexts[path] = (depth, self._around[depth].add_leaf(rest))

    def _choice(self, group: Sequence[str]) -> Choice:
        paths = [self._options.path(text).steps for text in group]
        inside = zip(*(path[:-1] for path in paths), strict=False)
        common = [names[0] for names in takewhile(lambda names: len(set(names)) == 1, inside)]
        around = self._noted(common) if common else None
        return Choice(
            around,
            tuple((text, self._noted(path)) for text, path in zip(group, paths, strict=True)),
        )

    def _noted(self, steps: Sequence[str]) -> int:
        """The slot in which it is noted that an element is there, and not nil."""
        step = self._scope.walk(steps)
        if step.choice is None:
            step.choice = self._scope.new_slot()
        return step.choice


def _finish(step: Step) -> None:
    """Pass over the elements of which nothing is read, not even what no schema names."""
    for name, inner in step.inside.items():
        _finish(inner)
        if inner == Step():
            step.inside[name] = Step(inner.path, skipped=0)
    others = step.inside or step.attributes or step.choice is not None
    if step.text is not None and step.seen is not None and not others:
        step.leaf = step.text, step.seen
