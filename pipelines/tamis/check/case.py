"""One case of the enumeration: a release on a day. Each rule judges cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tamis.check.catalogue import Rule
from tamis.check.violation import Violation
from tamis.documents.calendar import LawOfDay
from tamis.documents.context import (
    KeptField,
    PlacedCondition,
    PolicyContext,
    conditions_of,
    kept_fields,
)
from tamis.documents.law import Item, Limit, item_key
from tamis.documents.policy import Release, Treatment
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.schema import SchemaLeaf


@dataclass(frozen=True)
class Case:
    """The release at `index` of a policy, under the law of one day."""

    context: PolicyContext
    index: int
    law: LawOfDay

    @property
    def release(self) -> Release:
        """The release that is judged."""
        return self.context.policy.releases[self.index]

    @property
    def place(self) -> DocumentPath:
        """Where the release stands in its policy."""
        return ("releases", self.index)

    @property
    def item(self) -> Item | None:
        """The release's item, if it is in force on the day."""
        return self.law.items.get(self.release.item)

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The bans and closed lists that bind the release on the day."""
        return tuple(self.law.limits(self.release.item, self.context.policy.processing))

    @property
    def nir_banned(self) -> bool:
        """Whether a text bans the NIR though the item lets it pass."""
        return any(limit.nir == "absent" for limit in self.limits)

    @property
    def nir_absent(self) -> bool:
        """Whether the item says that the partner carries no NIR."""
        return self.item is not None and self.item.nir == "absent"

    @property
    def paragraph(self) -> str:
        """The paragraph of art. R. 6323-37 that the item is of: I, II or III."""
        return item_key(self.release.item).partition(".")[0]

    @cached_property
    def kept(self) -> tuple[tuple[KeptField, SchemaLeaf], ...]:
        """The fields that the needs keep, as far as the schema has them."""
        leaves = self.context.leaves
        kept = kept_fields(self.release, self.place)
        return tuple((field, leaves[field.path]) for field in kept if field.path in leaves)

    @cached_property
    def conditions(self) -> tuple[tuple[PlacedCondition, SchemaLeaf], ...]:
        """The conditions on fields, as far as the schema has them."""
        leaves = self.context.leaves
        tests = conditions_of(self.release, self.place)
        return tuple((test, leaves[test.field]) for test in tests if test.field in leaves)

    @cached_property
    def treated(self) -> tuple[tuple[DocumentPath, Treatment, SchemaLeaf], ...]:
        """The treatments of fields that the schema has, and where they stand."""
        leaves = self.context.leaves
        return tuple(
            ((*self.place, "treat", path), treatment, leaves[path])
            for path, treatment in self.release.treat.items()
            if path in leaves
        )

    @property
    def edge(self) -> DocumentPath:
        """The key of the release by which it is in force on the day."""
        if self.law.day == self.release.from_:
            return (*self.place, "from")
        return (*self.place, "until" if self.release.until else "item")

    def violation(
        self,
        rule: Rule,
        code: str,
        place: DocumentPath,
        text: str,
        counterexample: Mapping[str, str] = {},
        *,
        shown: Mapping[str, str] = {},
        key: bool = False,
        source: Source | None = None,
    ) -> Violation:
        """Return the violation of `rule` by what stands at `place` of a document.

        Args:
            rule: the rule that does not hold.
            code: the kind of violation, as a slug.
            place: of the value that violates the rule.
            text: what is wrong; values in braces are the release's id, its item, the
                counterexample's and those of `shown`.
            counterexample: names and values of documents that show it, beside release and item.
            shown: further values for the text.
            key: point at the value's key.
            source: of the document; by default the policy's.
        """
        example = {"release": self.release.id, "item": self.release.item, **counterexample}
        text = text.format(**{**example, **shown})
        problem = (source or self.context.source).problem(place, text, key=key)
        return Violation(problem, rule, code, self.law.day, tuple(example.items()))
