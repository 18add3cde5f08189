"""Which document of one project is which of the other, so that a renamed one is not a new one."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from tamis.documents.context import PolicyContext
from tamis.documents.policy import Policy, Release
from tamis.documents.schema import Schema

Key = TypeVar("Key", bound=Hashable)
Document = TypeVar("Document", Policy, Release, Schema)


def match_policies(
    old: Mapping[str, PolicyContext], new: Mapping[str, PolicyContext]
) -> dict[str, str]:
    """Return the new name of each old policy that is still there.

    Policies are paired by name; then by all else that they say; then by their releases, when one
    was renamed and handed over at once; then by their flow and the items they stand on.
    """
    return _match(
        {name: context.policy for name, context in old.items()},
        {name: context.policy for name, context in new.items()},
        (
            lambda policy: policy.policy,
            lambda policy: _content(policy, "policy", "describes"),
            lambda policy: _content(policy, "policy", "describes", "processing", "direction"),
            _flow,
        ),
    )


def match_releases(old: Policy, new: Policy) -> dict[int, int]:
    """Return the new index of each old release of a policy that is still there.

    Releases are paired by id; then by all else that they say; then by item and purpose.
    """
    return _match(
        dict(enumerate(old.releases)),
        dict(enumerate(new.releases)),
        (
            lambda release: release.id,
            lambda release: _content(release, "id", "note"),
            lambda release: (release.item, release.purpose),
        ),
    )


def match_schemas(old: Iterable[Schema], new: Iterable[Schema]) -> dict[str, str]:
    """Return the new name of each old schema that is still there: by name, then by its fields."""
    return _match(
        {schema.schema_: schema for schema in old},
        {schema.schema_: schema for schema in new},
        (
            lambda schema: schema.schema_,
            lambda schema: _content(schema, "schema_", "describes"),
        ),
    )


def _match(
    old: Mapping[Key, Document],
    new: Mapping[Key, Document],
    marks: Iterable[Callable[[Document], Hashable]],
) -> dict[Key, Key]:
    """Pair documents that have the same mark, by one mark after the other, each document once."""
    pairs: dict[Key, Key] = {}
    for mark in marks:
        free: dict[Hashable, list[Key]] = {}
        taken = set(pairs.values())
        for key, document in new.items():
            if key not in taken:
                free.setdefault(mark(document), []).append(key)
        for key, document in old.items():
            if key not in pairs and (candidates := free.get(mark(document))):
                pairs[key] = candidates.pop(0)
    return pairs


def _flow(policy: Policy) -> Hashable:
    items = tuple(sorted(release.item for release in policy.releases))
    return policy.schema_, policy.processing, policy.direction, items


def _content(document: Policy | Release | Schema, *without: str) -> str:
    return repr(document.model_dump(exclude=set(without)))
