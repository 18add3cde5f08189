"""What documents release on a day: which field, to whom, in which form, of which records.

The documents are taken as they stand: whether `check` refuses a policy is asked separately.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tamis.check.check import violations_on
from tamis.check.violation import Violation
from tamis.diff.record_sets import HOLDS_NIR, IS_LIMITED, RecordSet, only, record_set
from tamis.documents.calendar import interval_cuts, law_cuts, law_on
from tamis.documents.context import (
    PolicyContext,
    conditions_of,
    kept_fields,
    needs_by_field,
    specs_towards,
)
from tamis.documents.exceptions import ProjectFile
from tamis.documents.law import Nir
from tamis.documents.policy import Direction, Release
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.project import Law
from tamis.documents.register import Register
from tamis.documents.schema import Schema, SchemaLeaf
from tamis.documents.veille import Veille
from tamis.documents.wording import describe_generalization
from tamis.language import _

_FINENESS = {"year": 0, "quarter": 1, "month": 2, None: 3}
_CAN_HOLD_A_NIR = {"string", "binary", "integer", "decimal", "float"}


class Channel(NamedTuple):
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
class ReleasedForm:
    """In which form a field's values are released.

    Attributes:
        pseudonym: replaced by a keyed pseudonym.
        to, step, prefix: generalized.
        redacted: NIRs in the text are replaced.
        gated: the gate stops a record where the value looks like a NIR.
    """

    pseudonym: bool = False
    to: str | None = None
    step: int | None = None
    prefix: int | None = None
    redacted: bool = False
    gated: bool = False

    @property
    def whole(self) -> bool:
        """Whether the value is released as it is."""
        return not (self.pseudonym or self.redacted or self.to or self.step or self.prefix)

    def discloses(self, other: "ReleasedForm") -> bool:
        """Whether this form discloses all that the other one does.

        A number in clear discloses what its pseudonym does; pseudonyms by two methods disclose
        the same.
        """
        if self.pseudonym or other.pseudonym:
            return other.pseudonym and (self.pseudonym or self.whole)
        if self.gated and not other.gated:
            return False
        if self.redacted and not other.redacted:
            return False
        if _FINENESS[self.to] < _FINENESS[other.to]:
            return False
        if self.step and (not other.step or other.step % self.step):
            return False
        return not self.prefix or bool(other.prefix and other.prefix <= self.prefix)

    def __str__(self) -> str:
        if self.pseudonym:
            return _("pseudonymized")
        generalized = describe_generalization(self.to, self.step, self.prefix)
        return generalized or (_("redacted") if self.redacted else _("kept"))


DisclosureKey = tuple[Channel, str, tuple[str, ...]]
"""What is released to whom: the channel, the field's path, and what it is read from."""


@dataclass(frozen=True)
class Disclosure:
    """A field that one release releases on a day.

    Attributes:
        index: of the release in its policy.
        read_from: what the source calls the field and what is around it, where it has other names.
        records: the records, and elements of lists, that it is released of.
        leaf: None where the schema does not have the field.
        nir: what the item says of the partner; None where it is not in force on the day.
        place: where the field is first kept, in its policy.
    """

    context: PolicyContext = field(repr=False)
    index: int
    channel: Channel
    path: str
    read_from: tuple[str, ...]
    records: tuple[RecordSet, ...]
    form: ReleasedForm
    leaf: SchemaLeaf | None
    nir: Nir | None
    place: DocumentPath

    @property
    def release(self) -> Release:
        """The release by which the field is released."""
        return self.context.policy.releases[self.index]

    @property
    def key(self) -> DisclosureKey:
        """What is released to whom: disclosures of one key are compared."""
        return self.channel, self.path, self.read_from


@dataclass(frozen=True)
class ProjectState:
    """One of the two projects that are compared, its documents read.

    Attributes:
        feeds: what each schema is called when compared: a renamed one by its new name.
    """

    contexts: Mapping[str, PolicyContext]
    schemas: Mapping[str, tuple[Schema, Source]]
    law: Law
    register: Register
    register_source: Source
    veille: Veille
    veille_source: Source
    project_file: tuple[ProjectFile, Source | None]
    feeds: dict[str, str] = field(default_factory=dict)
    _disclosures: dict[tuple[str, int, Nir | None, bool], list[Disclosure]] = field(
        default_factory=dict
    )
    _refusals: dict[tuple[str, datetime.date], Violation | None] = field(default_factory=dict)

    def cuts(self) -> set[datetime.date]:
        """Return every date that a document of the project names."""
        processings, contexts = self.register.processings.values(), self.contexts.values()
        return (
            law_cuts(self.law)
            | interval_cuts(dated for processing in processings for dated in processing.intervals())
            | interval_cuts(release for context in contexts for release in context.policy.releases)
        )

    def disclosures_on(self, day: datetime.date) -> list[Disclosure]:
        """Return all that the policies release on `day`, in their order."""
        items = law_on(self.law, day).items
        disclosures: list[Disclosure] = []
        for name, context in self.contexts.items():
            for index, release in enumerate(context.policy.releases):
                if release.in_force(day):
                    item = items.get(release.item)
                    nir = item.nir if item else None
                    withholds = bool(context.looked_up) and context.withholds_limited(item)
                    key = (name, index, nir, withholds)
                    if key not in self._disclosures:
                        feed = self.feeds.get(context.schema.schema_, context.schema.schema_)
                        self._disclosures[key] = list(
                            _disclosures(context, index, nir, feed, withholds)
                        )
                    disclosures += self._disclosures[key]
        return disclosures

    def refusal(self, policy: str, day: datetime.date) -> Violation | None:
        """Return the first reason why `policy` is refused on `day`, or None."""
        key = (policy, day)
        if key not in self._refusals:
            self._refusals[key] = next(iter(violations_on(self.contexts[policy], day)), None)
        return self._refusals[key]

    def releases_on(self, policy: str, day: datetime.date) -> bool:
        """Whether a release of `policy` is in force on `day`."""
        return any(release.in_force(day) for release in self.contexts[policy].policy.releases)


def _disclosures(
    context: PolicyContext, index: int, nir: Nir | None, feed: str, withholds: bool
) -> Iterator[Disclosure]:
    policy = context.policy
    release = policy.releases[index]
    channel = Channel(feed, policy.processing, policy.direction, release.item, release.purpose)
    places: dict[str, DocumentPath] = {}
    for kept in kept_fields(release, ("releases", index)):
        places.setdefault(kept.path, kept.place)
    for path, place in places.items():
        leaf = context.leaves.get(path)
        yield Disclosure(
            context,
            index,
            channel,
            path,
            _read_from(context, leaf),
            tuple(_records(release, path, leaf, nir, withholds)),
            _form(release, path, leaf, nir),
            leaf,
            nir,
            place,
        )


def _records(
    release: Release, path: str, leaf: SchemaLeaf | None, nir: Nir | None, withholds: bool
) -> Iterator[RecordSet]:
    """The records that the field at `path` is released of, one set for each of its needs."""
    lists = leaf.lists if leaf else ()
    always = [
        (test.field, test.condition)
        for test in conditions_of(release.model_copy(update={"needs": ()}), ())
        if not test.list or test.list in lists
    ]
    for need in needs_by_field(release)[path]:
        records = record_set([*always, *((test.field, test) for test in need.when)])
        if nir == "absent" and release.on_nir == "quarantine":
            records = {**records, HOLDS_NIR: only(False)}
        if withholds:
            records = {**records, IS_LIMITED: only(False)}
        yield records


def _form(release: Release, path: str, leaf: SchemaLeaf | None, nir: Nir | None) -> ReleasedForm:
    treatment = release.treat.get(path)
    if treatment and treatment.pseudonymize:
        return ReleasedForm(pseudonym=True)
    generalize = treatment.generalize if treatment else None
    asked = treatment.redact if treatment else None
    free_text = leaf is not None and leaf.spec.free_text
    gated = (
        nir == "absent"
        and leaf is not None
        and leaf.kind in _CAN_HOLD_A_NIR
        and leaf.spec.not_nir is None
    )
    return ReleasedForm(
        to=generalize.to if generalize else None,
        step=generalize.step if generalize else None,
        prefix=generalize.prefix if generalize else None,
        redacted=asked == "nir" or (free_text and not (nir == "carried" and asked == "nothing")),
        gated=gated,
    )


def _read_from(context: PolicyContext, leaf: SchemaLeaf | None) -> tuple[str, ...]:
    """The columns, blocs and rubriques or paths that a field and those around it are read from."""
    xml = context.schema.format.xml
    layout = [f"record {xml.record}"] if xml is not None else []
    for spec in specs_towards(context.schema, leaf) if leaf else ():
        layout += [f"column {spec.column}"] if spec.column else []
        layout += [f"bloc {spec.bloc}"] if spec.bloc else []
        layout += [f"rubrique {spec.rubrique}"] if spec.rubrique else []
        layout += [f"xpath {spec.xpath}"] if spec.xpath else []
    return tuple(layout)
