"""One case of the enumeration: a release on a day. Each rule judges cases."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tamis.check.violation import Violation
from tamis.documents.calendar import LawOfDay
from tamis.documents.context import Keep, Subject, Test, keeps_of, tests_of
from tamis.documents.law import Item, item_key
from tamis.documents.policy import Release, Treatment
from tamis.documents.positions import Path_
from tamis.documents.schema import Leaf
from tamis.errors import Problem


@dataclass(frozen=True)
class Case:
    """The release at `index` of a policy, under the law of one day."""

    subject: Subject
    index: int
    law: LawOfDay

    @property
    def release(self) -> Release:
        """The release that is judged."""
        return self.subject.policy.releases[self.index]

    @property
    def place(self) -> Path_:
        """Where the release stands in its policy."""
        return ("releases", self.index)

    @property
    def item(self) -> Item | None:
        """The release's item, if it is in force on the day."""
        return self.law.items.get(self.release.item)

    @property
    def nir_absent(self) -> bool:
        """Whether the item says that the partner carries no NIR."""
        return self.item is not None and self.item.nir == "absent"

    @property
    def paragraph(self) -> str:
        """The paragraph of art. R. 6323-37 that the item is of: I, II or III."""
        return item_key(self.release.item).partition(".")[0]

    @cached_property
    def keeps(self) -> tuple[tuple[Keep, Leaf], ...]:
        """What the needs keep, as far as the schema knows it."""
        leaves = self.subject.leaves
        found = keeps_of(self.release, self.place)
        return tuple((keep, leaves[keep.path]) for keep in found if keep.path in leaves)

    @cached_property
    def tests(self) -> tuple[tuple[Test, Leaf], ...]:
        """What the conditions test, as far as the schema knows it."""
        leaves = self.subject.leaves
        found = tests_of(self.release, self.place)
        return tuple((test, leaves[test.field]) for test in found if test.field in leaves)

    @cached_property
    def treated(self) -> tuple[tuple[Path_, Treatment, Leaf], ...]:
        """What the treatments change, as far as the schema knows it, and where they stand."""
        leaves = self.subject.leaves
        return tuple(
            ((*self.place, "treat", path), treatment, leaves[path])
            for path, treatment in self.release.treat.items()
            if path in leaves
        )

    @property
    def edge(self) -> Path_:
        """Where the release says that the day is in its window."""
        if self.law.day == self.release.from_:
            return (*self.place, "from")
        return (*self.place, "until" if self.release.until else "item")

    def violation(
        self, rule: int, code: str, place: Path_, text: str, /, **counterexample: str
    ) -> Violation:
        """The violation of `rule` by the value at `place` of the policy."""
        return self.violated(rule, code, self.subject.source.problem(place, text), counterexample)

    def key_violation(
        self, rule: int, code: str, place: Path_, text: str, /, **counterexample: str
    ) -> Violation:
        """The violation of `rule` by the key at `place` of the policy."""
        problem = self.subject.source.problem(place, text, key=True)
        return self.violated(rule, code, problem, counterexample)

    def violated(
        self, rule: int, code: str, problem: Problem, counterexample: Mapping[str, str]
    ) -> Violation:
        """The violation of `rule` at any place of any document."""
        example = {"release": self.release.id, "item": self.release.item, **counterexample}
        return Violation(problem, rule, code, self.law.day, tuple(example.items()))


Found = Iterator[Violation]
