"""A policy with all that decides about it: its schema, the law and the register, with positions."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tamis.documents.calendar import law_cuts, window_cuts
from tamis.documents.policy import Condition, Need, Policy, Release
from tamis.documents.positions import Path_, Source
from tamis.documents.project import Documents, Law
from tamis.documents.register import Processing, Register
from tamis.documents.schema import Leaf, Schema


@dataclass(frozen=True)
class Subject:
    """One policy and the documents that it stands on.

    Attributes:
        name: of the policy.
    """

    name: str
    policy: Policy
    source: Source = field(repr=False)
    schema: Schema = field(repr=False)
    schema_source: Source = field(repr=False)
    law: Law = field(repr=False)
    register: Register = field(repr=False)
    register_source: Source = field(repr=False)

    @cached_property
    def leaves(self) -> dict[str, Leaf]:
        """The schema's leaves by path, in its order."""
        return self.schema.leaves()

    @property
    def processing(self) -> Processing | None:
        """The policy's processing, or None where the register does not know it."""
        return self.register.processings.get(self.policy.processing)

    @cached_property
    def cuts(self) -> set[datetime.date]:
        """Every date on which something changes that this policy depends on."""
        items = {release.item for release in self.policy.releases}
        entries = self.processing.entries if self.processing else ()
        return (
            law_cuts(self.law)
            | window_cuts(self.policy.releases)
            | window_cuts(entry for entry in entries if entry.item in items)
        )


def open_subject(documents: Documents, name: str) -> Subject:
    """The policy `name` of a project, with the documents that it stands on.

    Raises:
        UsageError: the project has no such policy.
        DocumentError: a document does not follow its grammar, or the schema is not there.
    """
    policy, source = documents.policy(name)
    schema, schema_source = documents.schema(policy.schema_, source.problem(("schema",), ""))
    register, register_source = documents.register
    return Subject(
        name, policy, source, schema, schema_source, documents.law, register, register_source
    )


@dataclass(frozen=True)
class Test:
    """A condition of a release, and where it stands.

    Attributes:
        field: the full path of the field that it tests.
        place: of the condition in the policy.
        list: the path of the list whose elements it chooses (`only`), or empty.
    """

    field: str
    condition: Condition
    place: Path_
    list: str = ""


def tests_of(release: Release, place: Path_) -> Iterator[Test]:
    """All conditions of `release`, which stands at `place`: `where`, `only`, then `when`."""
    for i, condition in enumerate(release.where):
        yield Test(condition.field, condition, (*place, "where", i))
    for path, conditions in release.only.items():
        for i, condition in enumerate(conditions):
            at = (*place, "only", path, i)
            yield Test(f"{path}.{condition.field}", condition, at, list=path)
    for i, need in enumerate(release.needs):
        for j, condition in enumerate(need.when):
            yield Test(condition.field, condition, (*place, "needs", i, "when", j))


def needs_by_field(release: Release) -> dict[str, list[Need]]:
    """The needs that keep each field, by its path, in the order of the policy."""
    found: dict[str, list[Need]] = {}
    for need in release.needs:
        for path in dict.fromkeys(need.keep):
            found.setdefault(path, []).append(need)
    return found


@dataclass(frozen=True)
class Keep:
    """A field that a need keeps, and where it is named."""

    path: str
    place: Path_
    need: Need


def keeps_of(release: Release, place: Path_) -> Iterator[Keep]:
    """Every mention of a field under a need of `release`, which stands at `place`."""
    for i, need in enumerate(release.needs):
        for j, path in enumerate(need.keep):
            yield Keep(path, (*place, "needs", i, "keep", j), need)
