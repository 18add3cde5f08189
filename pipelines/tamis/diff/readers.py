"""What a change of policies means for those who read what is released: other columns, types, nulls.

Releases are paired as `tamis.diff.matching` does. One that is new or gone has no schema to compare
with: `tamis.diff.diff` tells it.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tamis.diff.matching import match_releases
from tamis.documents.calendar import today
from tamis.documents.context import PolicyContext
from tamis.documents.policy import Policy
from tamis.language import _
from tamis.plan.compile import released_fields

if TYPE_CHECKING:
    import pyarrow as pa

    from tamis.contract.compatibility import Compatibility, SchemaChange


@dataclass(frozen=True)
class ChangedContract:
    """A release whose readers find another schema, or find it at another place.

    Attributes:
        policy, release: as the new documents call them.
        is_renamed: whether the old ones call either otherwise, so that it stands at another place.
        old, new: what is released, as Arrow has it.
    """

    policy: str
    release: str
    is_renamed: bool
    changes: "tuple[SchemaChange, ...]"
    old: "pa.Schema" = field(repr=False)
    new: "pa.Schema" = field(repr=False)

    @property
    def compatibility(self) -> "Compatibility":
        """What all changes together allow to readers."""
        from tamis.contract.compatibility import compatibility

        return compatibility(self.changes)


def compare_contracts(
    before: Mapping[str, PolicyContext],
    after: Mapping[str, PolicyContext],
    pairs: Mapping[str, str],
    on: datetime.date | None = None,
) -> Iterator[ChangedContract]:
    """The releases of `after` whose schema or place differs from that of `before`.

    Args:
        before, after: the policies of both projects, by name.
        pairs: which old policy is which new one.
        on: only of releases in force on this day; of all where None.
    """
    for old_name, new_name in sorted(pairs.items(), key=lambda pair: pair[1]):
        policies = before[old_name].policy, after[new_name].policy
        day = on or today()
        alone = [_is_alone(policy, day) for policy in policies]
        for old_index, new_index in match_releases(*policies).items():
            was, release = policies[0].releases[old_index], policies[1].releases[new_index]
            if on is not None and not release.in_force(on):
                continue
            kept = (
                released_fields(before[old_name], was),
                released_fields(after[new_name], release),
            )
            names = f"{old_name}/{was.id}", f"{new_name}/{release.id}"
            is_renamed = names[0] != names[1]
            is_moved = alone[0] != alone[1] and was.in_force(day) and release.in_force(day)
            if kept[0] == kept[1] and not is_renamed and not is_moved:
                continue
            # Arrow is imported only where it is needed: most differences are of words.
            from tamis.contract.compatibility import SchemaChange, schema_changes
            from tamis.plan.schemas import schema_of

            old, new = (schema_of(*of_release) for of_release in kept)
            changes = schema_changes(old, new)
            if is_renamed:
                text = _("is called {new} in place of {old}", new=names[1], old=names[0])
                changes.insert(0, SchemaChange("", text, False, False))
            if is_moved:
                topics = ("T", f"T.{release.id}") if alone[0] else (f"T.{was.id}", "T")
                text = _("of topics: is sent to {new} in place of {old}")
                text = text.format(new=topics[1], old=topics[0])
                changes.insert(0, SchemaChange("", text, True, True))
            if changes:
                yield ChangedContract(new_name, release.id, is_renamed, tuple(changes), old, new)


def _is_alone(policy: Policy, day: datetime.date) -> bool:
    """Whether a policy has one release on a day: a topic has its name from it then."""
    return sum(release.in_force(day) for release in policy.releases) == 1
