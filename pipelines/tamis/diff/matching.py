"""Which document of one project is which of the other, so that a renamed one is not a new one."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from tamis.documents.context import Subject
from tamis.documents.policy import Policy, Release
from tamis.documents.schema import Schema

T = TypeVar("T")


def match_policies(old: Mapping[str, Subject], new: Mapping[str, Subject]) -> dict[str, str]:
    """The new name of each old policy that is still there.

    A policy is known by its name; else by all else that it says; else by its releases, when it was
    renamed and handed over at once; else by its flow and the items it stands on.
    """

    def by_flow(policy: Policy) -> Hashable:
        items = tuple(sorted(one.item for one in policy.releases))
        return policy.schema_, policy.processing, policy.direction, items

    return _match(
        {name: one.policy for name, one in old.items()},
        {name: one.policy for name, one in new.items()},
        (
            lambda one: one.policy,
            lambda one: _content(one, "policy", "describes"),
            lambda one: _content(one, "policy", "describes", "processing", "direction"),
            by_flow,
        ),
    )


def match_releases(old: Policy, new: Policy) -> dict[int, int]:
    """The new place of each old release of a policy that is still there.

    A release is known by its id; else by all else that it says; else by its item and purpose.
    """
    return _match(
        dict(enumerate(old.releases)),
        dict(enumerate(new.releases)),
        (
            lambda one: one.id,
            lambda one: _content(one, "id", "note"),
            lambda one: (one.item, one.purpose),
        ),
    )


def match_schemas(old: Iterable[Schema], new: Iterable[Schema]) -> dict[str, str]:
    """The new name of each old schema that is still there: by its name, else by its fields."""
    return _match(
        {one.schema_: one for one in old},
        {one.schema_: one for one in new},
        (lambda one: one.schema_, lambda one: _content(one, "schema_", "describes")),
    )


Key = TypeVar("Key", bound=Hashable)


def _match(
    old: Mapping[Key, T], new: Mapping[Key, T], marks: Iterable[Callable[[T], Hashable]]
) -> dict[Key, Key]:
    """Pair what has the same mark, by one mark after the other, each document once."""
    pairs: dict[Key, Key] = {}
    for mark in marks:
        free: dict[Hashable, list[Key]] = {}
        taken = set(pairs.values())
        for key, one in new.items():
            if key not in taken:
                free.setdefault(mark(one), []).append(key)
        for key, one in old.items():
            if key not in pairs and (candidates := free.get(mark(one))):
                pairs[key] = candidates.pop(0)
    return pairs


def _content(document: Policy | Release | Schema, *without: str) -> str:
    content: dict[str, Any] = document.model_dump(exclude=set(without))
    return repr(content)
