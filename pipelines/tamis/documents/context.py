"""A policy with all that decides about it: its schema, the law and the register, with positions."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tamis.documents.approval import Approval
from tamis.documents.calendar import interval_cuts, law_cuts
from tamis.documents.exceptions import LastingException
from tamis.documents.law import Item
from tamis.documents.policy import Condition, LegalBasis, Need, NirBasis, Policy, Release
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.project import Documents, Law
from tamis.documents.register import Entry, Processing, Register
from tamis.documents.schema import NIR_SHAPED, FieldSpec, Schema, SchemaLeaf
from tamis.documents.veille import UnreadText, Veille
from tamis.errors import DocumentError, Problem

T = TypeVar("T")


@dataclass(frozen=True)
class PolicyContext:
    """One policy and the documents that it rests on.

    Attributes:
        name: of the policy.
        exceptions: what the project allows for it, those whose day is past included.
        approval: who agreed to what it releases, and the text of that; None where nobody did.
        approval_required: whether the project refuses to run it without.
        limited: the file of the project's list of limited persons, or None.
    """

    name: str
    policy: Policy
    source: Source = field(repr=False)
    schema: Schema = field(repr=False)
    schema_source: Source = field(repr=False)
    law: Law = field(repr=False)
    register: Register = field(repr=False)
    register_source: Source = field(repr=False)
    veille: Veille = field(repr=False)
    exceptions: tuple[LastingException, ...] = ()
    approval: tuple[Approval, Source] | None = field(default=None, repr=False)
    approval_required: bool = False
    limited: Path | None = None

    def unread(self, release: Release) -> dict[str, UnreadText]:
        """Return the texts that `release` rests on and whose newer version nobody has read."""
        words = [need.because for need in release.needs]
        words += [test.condition.because for test in conditions_of(release, ())]
        words += [basis.text for _place, basis in bases_of(release, ())]
        words += [release.note, release.rebuilds_nir or ""]
        words += [motif.text for motif in self.policy.motifs]
        if self.processing is not None:
            words.append(self.processing.source)
            entries = self.processing.entries
            words += [entry.source for entry in entries if entry.permission == release.item]
        return dict(self.veille.cited(words))

    @cached_property
    def leaves(self) -> dict[str, SchemaLeaf]:
        """The schema's leaves by path, in its order."""
        return self.schema.leaves()

    @cached_property
    def looked_up(self) -> tuple[str, ...]:
        """The paths of the leaves by which limited persons are known."""
        return tuple(
            path for path, leaf in self.leaves.items() if NIR_SHAPED & set(leaf.spec.identifier)
        )

    def withholds_limited(self, item: Item | None) -> bool:
        """Whether a release of this item withholds records of limited persons: all but a feed.

        Legal source: RGPD art. 18, 2, which excepts storage; R. 6323-38, III.
        """
        return self.limited is not None and item is not None and item.relation != "fed-by"

    @property
    def processing(self) -> Processing | None:
        """The policy's processing, or None where the register does not list it."""
        return self.register.processings.get(self.policy.processing)

    @cached_property
    def cuts(self) -> set[datetime.date]:
        """Every date on which something changes that this policy depends on."""
        return (
            self.release_cuts
            | {exception.until for exception in self.exceptions}
            | ({self.approval[0].until} if self.approval else set())
            | {
                text.from_
                for release in self.policy.releases
                for text in self.unread(release).values()
            }
        )

    @cached_property
    def release_cuts(self) -> set[datetime.date]:
        """The dates of `cuts` on which what is released may change: law, releases, register."""
        items = {release.item for release in self.policy.releases}
        intervals = self.processing.intervals() if self.processing else ()
        return (
            law_cuts(self.law)
            | interval_cuts(self.policy.releases)
            | interval_cuts(
                dated
                for dated in intervals
                if not isinstance(dated, Entry) or dated.permission in items
            )
        )


def open_policy(documents: Documents, name: str) -> PolicyContext:
    """Return the policy `name`, with the documents that it rests on.

    Raises:
        UsageError: there is no such policy.
        DocumentError: a document does not follow its grammar, or the schema is not there.
    """
    policy, source = documents.policy(name)
    schema, schema_source = documents.schema(policy.schema_, source.problem(("schema",), ""))
    register, register_source = documents.register
    project_file, _source = documents.project_file
    return PolicyContext(
        *(name, policy, source, schema, schema_source),
        *(documents.law, register, register_source, documents.veille[0]),
        tuple(allowed for allowed in project_file.exceptions if allowed.policy == name),
        documents.approval(name),
        project_file.approvals == "required",
        (project_file.limited and documents.folder / project_file.limited) or None,
    )


def open_all(*projects: Documents) -> list[dict[str, PolicyContext]]:
    """Return the policies of each project by name, after reading all documents of all projects.

    Raises:
        DocumentError: documents do not follow their grammar, with the problems of all of them.
    """
    problems: dict[Problem, None] = {}

    def attempt(read: Callable[..., T], *arguments: object) -> T | None:
        try:
            return read(*arguments)
        except DocumentError as error:
            problems.update(dict.fromkeys(error.problems))
            return None

    opened = []
    for documents in projects:
        problems.update(dict.fromkeys(documents.misplaced()))
        for part in ("law", "register", "veille", "project_file"):
            attempt(getattr, documents, part)
        for name in documents.schemas():
            attempt(documents.schema, name)
        for name in documents.policies():
            attempt(documents.cases, name)
            attempt(documents.approval, name)
        contexts = {name: attempt(open_policy, documents, name) for name in documents.policies()}
        opened.append({name: context for name, context in contexts.items() if context})
    if problems:
        raise DocumentError(*problems)
    return opened


def specs_towards(schema: Schema, leaf: SchemaLeaf) -> Iterator[FieldSpec]:
    """Yield the lists and structs around a leaf, outermost first, then the leaf's own field."""
    node: Any = schema
    for step in leaf.place:
        node = node[step] if isinstance(node, Mapping) else getattr(node, str(step))
        if isinstance(node, FieldSpec):
            yield node


@dataclass(frozen=True)
class PlacedCondition:
    """A condition of a release, and where it stands.

    Attributes:
        field: the full path of the field that it tests.
        place: of the condition in the policy.
        list: the path of the list whose elements it chooses (`only`), or empty.
        need: whose fields it keeps (`when`), or None.
    """

    field: str
    condition: Condition
    place: DocumentPath
    list: str = ""
    need: Need | None = None


def conditions_of(release: Release, place: DocumentPath) -> Iterator[PlacedCondition]:
    """Yield the conditions of `release`, which stands at `place`: `where`, `only`, then `when`."""
    for i, condition in enumerate(release.where):
        yield PlacedCondition(condition.field, condition, (*place, "where", i))
    for path, conditions in release.only.items():
        for i, condition in enumerate(conditions):
            at = (*place, "only", path, i)
            yield PlacedCondition(f"{path}.{condition.field}", condition, at, list=path)
    for i, need in enumerate(release.needs):
        for j, condition in enumerate(need.when):
            at = (*place, "needs", i, "when", j)
            yield PlacedCondition(condition.field, condition, at, need=need)


@dataclass(frozen=True)
class KeptField:
    """A field that a need keeps, and where the need names it."""

    path: str
    place: DocumentPath
    need: Need


def kept_fields(release: Release, place: DocumentPath) -> Iterator[KeptField]:
    """Yield every mention of a field under a need of `release`, which stands at `place`."""
    for i, need in enumerate(release.needs):
        for j, path in enumerate(need.keep):
            yield KeptField(path, (*place, "needs", i, "keep", j), need)


def needs_by_field(release: Release) -> dict[str, list[Need]]:
    """Return the needs that keep each field, by its path, in the order of the policy."""
    needs: dict[str, list[Need]] = {}
    for need in release.needs:
        for path in dict.fromkeys(need.keep):
            needs.setdefault(path, []).append(need)
    return needs


def bases_of(
    release: Release, place: DocumentPath
) -> Iterator[tuple[DocumentPath, LegalBasis | NirBasis]]:
    """Yield every legal basis of `release`, which stands at `place`, and where it stands."""
    for i, need in enumerate(release.needs):
        for key, basis in (("basis", need.basis), ("nir_basis", need.nir_basis)):
            if basis is not None:
                yield (*place, "needs", i, key), basis
    for test in conditions_of(release, place):
        if test.condition.basis is not None:
            yield (*test.place, "basis"), test.condition.basis
