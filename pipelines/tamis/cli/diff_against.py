"""`tamis diff --against FILE…`: of how many real records a change releases more or less.

counted on 2000 records under evaluation-cpf, 2026-11-29
  commune (R6323-37.III.2, R6323-33.5): newly carried by 1514, no longer by 0
  entree_le, region (R6323-37.III.2, R6323-33.5): fewer than 10 records each
"""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamis.cli.loading import loading_beam
from tamis.diff.diff import Difference
from tamis.diff.matching import match_policies
from tamis.documents.context import PolicyContext, open_all
from tamis.documents.project import Documents
from tamis.dry_run.models import Compared, NewlyCarried
from tamis.errors import DocumentError, UsageError
from tamis.language import _, ngettext
from tamis.plan.compile import compile_policy
from tamis.plan.plan import Plan


@dataclass(frozen=True)
class Counted:
    """What the records of some files newly carry, or no longer do, under one policy.

    Attributes:
        policy: its name in the new project, or in the old one where it is gone.
    """

    policy: str
    day: datetime.date
    compared: Compared

    def as_json(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "policy": self.policy,
            "day": self.day.isoformat(),
            **self.compared.model_dump(mode="json"),
        }

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield fields and what is counted of them; fields of few records together."""
        few: dict[str, list[str]] = {}
        for field in self.compared.fields:
            if 0 not in (field.newly, field.no_longer) or isinstance(_count(field), int):
                text = _(
                    "newly carried by {newly}, no longer by {no_longer}",
                    newly=field.newly,
                    no_longer=field.no_longer,
                )
                yield f"{field.field} ({field.item}, {field.purpose})", text
            else:
                few.setdefault(f"{field.item}, {field.purpose}", []).append(field.field)
        for channel, fields in few.items():
            yield f"{', '.join(fields)} ({channel})", _("fewer than 10 records each")

    def title(self) -> str:
        """Return on what it is counted."""
        text = ngettext(
            "counted on {count} record under {policy}, {day}",
            "counted on {count} records under {policy}, {day}",
            self.compared.records,
            policy=self.policy,
            day=self.day,
        )
        return (
            text if self.compared.fields else text + _(": ") + _("nothing more or less is carried")
        )


def _count(field: NewlyCarried) -> int | str:
    return field.newly or field.no_longer


def count_changes(
    before: Documents,
    after: Documents,
    difference: Difference,
    files: Sequence[str],
    policy: str | None,
    day: datetime.date,
) -> list[Counted]:
    """Read files under the old and the new plan of each policy that releases more or less.

    Args:
        files: patterns of files of one feed.
        policy: count under this one only; all that changed where None.
        day: whose law applies.

    Raises:
        UsageError: policies of several feeds changed, and none of them is named.
        InputError: a file cannot be read.
    """
    old, new = open_all(before, after)
    pairs = match_policies(old, new)
    back = {now: then for then, now in pairs.items()}
    names = dict.fromkeys(
        pairs.get(change.policy, change.policy) if change.effect == "withheld" else change.policy
        for change in difference.changes
        if change.effect != "none" and change.policy
    )
    chosen = [name for name in names if policy in (None, name)]
    feeds = {name: (new.get(name) or old[name]).schema.schema_ for name in chosen}
    if len(set(feeds.values())) > 1:
        listed = ", ".join(f"`{name}` ({feed})" for name, feed in feeds.items())
        raise UsageError(
            _("--against: files of one feed are counted, give --policy: one of {all}", all=listed)
        )
    counted = []
    for name in chosen:
        first, second = _plan(old, back.get(name, name), day), _plan(new, name, day)
        if first is None and second is None:
            continue
        plans = first or _nothing(second), second or _nothing(first)
        counted.append(Counted(name, day, _compare(*plans, files)))
    return counted


def _plan(contexts: Mapping[str, PolicyContext], name: str, day: datetime.date) -> Plan | None:
    """The plan of a policy; None where nothing may be released on the day."""
    try:
        return compile_policy(contexts[name], day) if name in contexts else None
    except (DocumentError, UsageError):
        return None


def _nothing(plan: Plan | None) -> Plan:
    """A plan that reads what another one reads and releases nothing."""
    assert plan is not None
    return dataclasses.replace(plan, releases=(), fates={})


def _compare(first: Plan, second: Plan, files: Sequence[str]) -> Compared:
    with loading_beam():
        from tamis.beam.measure import Inspection
        from tamis.runs.batch import dry_run
    measured = dry_run(first, tuple(files), inspection=Inspection(other=second))
    assert measured.compared is not None
    return measured.compared
