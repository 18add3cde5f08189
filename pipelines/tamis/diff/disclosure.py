"""What documents release on a day: which field, to whom, in which form, of which records.

The documents are taken at their word here: whether `check` refuses a policy is asked beside it.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tamis.check.check import violations_on
from tamis.check.violation import Violation
from tamis.diff.record_sets import HOLDS_NIR, Box, box_of, only
from tamis.documents.calendar import law_cuts, law_on, window_cuts
from tamis.documents.context import Subject, keeps_of, needs_by_field, tests_of
from tamis.documents.law import Nir
from tamis.documents.policy import Direction, Release
from tamis.documents.positions import Path_, Source
from tamis.documents.project import Law
from tamis.documents.register import Register
from tamis.documents.schema import FieldSpec, Leaf, Schema

_COARSENESS = {"year": 0, "quarter": 1, "month": 2, None: 3}
_LAYOUT = ("bloc", "rubrique")
_CAN_HOLD_A_NIR = {"string", "binary", "integer", "decimal", "float"}


class Passage(NamedTuple):
    """Between whom a field passes, of which feed, and on which ground.

    Attributes:
        schema: the feed; two feeds' fields of one name are different data.
        processing: the partner, by its slug.
        item: of art. R. 6323-37.
        purpose: of art. R. 6323-33.
    """

    schema: str
    processing: str
    direction: Direction
    item: str
    purpose: str


@dataclass(frozen=True)
class Form:
    """In which form a field's values pass.

    Attributes:
        pseudonym: replaced by a keyed pseudonym.
        to, step, prefix: made coarser.
        redacted: NIRs in the text are replaced.
        gated: a record is stopped where the value looks like a NIR (`design.md` §5, gate).
    """

    pseudonym: bool = False
    to: str | None = None
    step: int | None = None
    prefix: int | None = None
    redacted: bool = False
    gated: bool = False

    @property
    def whole(self) -> bool:
        """Whether the value passes as it is."""
        return not (self.pseudonym or self.redacted or self.to or self.step or self.prefix)

    def shows(self, other: "Form") -> bool:
        """Whether who has this form has all that the other one tells.

        A number in clear tells what its pseudonym tells. Two methods of pseudonyms tell the same.
        """
        if self.pseudonym or other.pseudonym:
            return other.pseudonym and (self.pseudonym or self.whole)
        if self.gated and not other.gated:
            return False
        if self.redacted and not other.redacted:
            return False
        if _COARSENESS[self.to] < _COARSENESS[other.to]:
            return False
        if self.step and (not other.step or other.step % self.step):
            return False
        return not self.prefix or bool(other.prefix and other.prefix <= self.prefix)

    def __str__(self) -> str:
        if self.pseudonym:
            return "pseudonymized"
        if self.to:
            return f"generalized to {self.to}"
        if self.step:
            return f"generalized by step {self.step}"
        if self.prefix:
            return f"generalized to prefix {self.prefix}"
        return "redacted" if self.redacted else "kept"


@dataclass(frozen=True)
class Grant:
    """A field that one release lets pass on a day.

    Attributes:
        index: of the release in its policy.
        read_from: what the feed's layout reads the field from; empty but for DSN.
        boxes: the records, and elements of lists, that it passes of.
        leaf: None where the schema does not know the field.
        nir: what the item says of the partner; None where it is not in force on the day.
        place: where the field is first kept, in its policy.
    """

    subject: Subject = field(repr=False)
    index: int
    passage: Passage
    path: str
    read_from: tuple[str, ...]
    boxes: tuple[Box, ...]
    form: Form
    leaf: Leaf | None
    nir: Nir | None
    place: Path_

    @property
    def release(self) -> Release:
        """The release that grants."""
        return self.subject.policy.releases[self.index]

    @property
    def key(self) -> tuple[Passage, str, tuple[str, ...]]:
        """What passes to whom: grants of one key are compared."""
        return self.passage, self.path, self.read_from


@dataclass(frozen=True)
class Side:
    """One of the two projects that are compared, its documents read.

    Attributes:
        feeds: what each schema is called when compared: a renamed one by its new name.
    """

    subjects: Mapping[str, Subject]
    schemas: Mapping[str, tuple[Schema, Source]]
    law: Law
    register: Register
    register_source: Source
    feeds: dict[str, str] = field(default_factory=dict)
    _grants: dict[tuple[str, int, Nir | None], list[Grant]] = field(default_factory=dict)
    _refusals: dict[tuple[str, datetime.date], Violation | None] = field(default_factory=dict)

    def cuts(self) -> set[datetime.date]:
        """Every date that a document of the project names."""
        entries = (one for each in self.register.processings.values() for one in each.entries)
        releases = (one for each in self.subjects.values() for one in each.policy.releases)
        return law_cuts(self.law) | window_cuts(entries) | window_cuts(releases)

    def grants_on(self, day: datetime.date) -> list[Grant]:
        """All that the policies release on `day`, in their order."""
        items = law_on(self.law, day).items
        found: list[Grant] = []
        for name, subject in self.subjects.items():
            for index, release in enumerate(subject.policy.releases):
                if release.in_force(day):
                    item = items.get(release.item)
                    key = (name, index, item.nir if item else None)
                    if key not in self._grants:
                        feed = self.feeds.get(subject.schema.schema_, subject.schema.schema_)
                        self._grants[key] = list(_grants_of(subject, index, key[2], feed))
                    found += self._grants[key]
        return found

    def refusal(self, policy: str, day: datetime.date) -> Violation | None:
        """The first reason why `policy` is refused on `day`, or None."""
        key = (policy, day)
        if key not in self._refusals:
            self._refusals[key] = next(iter(violations_on(self.subjects[policy], day)), None)
        return self._refusals[key]

    def releases_on(self, policy: str, day: datetime.date) -> bool:
        """Whether a release of `policy` is in force on `day`."""
        return any(one.in_force(day) for one in self.subjects[policy].policy.releases)


def _grants_of(subject: Subject, index: int, nir: Nir | None, feed: str) -> Iterator[Grant]:
    release = subject.policy.releases[index]
    passage = Passage(
        feed, subject.policy.processing, subject.policy.direction, release.item, release.purpose
    )
    places: dict[str, Path_] = {}
    for keep in keeps_of(release, ("releases", index)):
        places.setdefault(keep.path, keep.place)
    for path, place in places.items():
        leaf = subject.leaves.get(path)
        yield Grant(
            subject,
            index,
            passage,
            path,
            _read_from(subject.schema.fields, leaf),
            tuple(_boxes(release, path, leaf, nir)),
            _form(release, path, leaf, nir),
            leaf,
            nir,
            place,
        )


def _boxes(release: Release, path: str, leaf: Leaf | None, nir: Nir | None) -> Iterator[Box]:
    lists = leaf.lists if leaf else ()
    always = [
        (test.field, test.condition)
        for test in tests_of(release.model_copy(update={"needs": ()}), ())
        if not test.list or test.list in lists
    ]
    for need in needs_by_field(release)[path]:
        box = box_of([*always, *((one.field, one) for one in need.when)])
        if nir == "absent" and release.on_nir == "quarantine":
            box = {**box, HOLDS_NIR: only(False)}
        yield box


def _form(release: Release, path: str, leaf: Leaf | None, nir: Nir | None) -> Form:
    treatment = release.treat.get(path)
    if treatment and treatment.pseudonymize:
        return Form(pseudonym=True)
    generalize = treatment.generalize if treatment else None
    asked = treatment.redact if treatment else None
    free_text = leaf is not None and leaf.spec.free_text
    gated = (
        nir == "absent"
        and leaf is not None
        and leaf.kind in _CAN_HOLD_A_NIR
        and leaf.spec.not_nir is None
    )
    return Form(
        to=generalize.to if generalize else None,
        step=generalize.step if generalize else None,
        prefix=generalize.prefix if generalize else None,
        redacted=asked == "nir" or (free_text and not (nir == "carried" and asked == "nothing")),
        gated=gated,
    )


def _read_from(fields: Mapping[str, FieldSpec], leaf: Leaf | None) -> tuple[str, ...]:
    """The rubrique of a DSN field, and the blocs of the lists around it."""
    if leaf is None:
        return ()
    steps = [str(step) for step in leaf.place[1:]]
    here = fields[steps.pop(0)]
    around = [here]
    while steps:
        inside = here.of if steps.pop(0) == "of" else (here.fields or {})[steps.pop(0)]
        assert inside is not None
        around.append(here := inside)
    layout = ((name, getattr(one, name)) for one in around for name in _LAYOUT)
    return tuple(f"{name} {value}" for name, value in layout if value)
