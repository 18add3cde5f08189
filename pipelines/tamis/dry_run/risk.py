"""The risk of a release: what is counted of it, over all its records, and the figures of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tamis.arrow.buffers import are_valid
from tamis.dry_run.coarsening import Ladder, Trials, find_coarsening, ladders_of, list_paths
from tamis.dry_run.hashing import Hashes, hash_rows, hash_values, mix
from tamis.dry_run.k_anonymity import Estimate, Groups, Persons
from tamis.dry_run.models import Coarsening, Risk
from tamis.language import _
from tamis.plan.plan import USUAL_RISK, Plan, PlanRelease, PlanRisk


@dataclass(frozen=True)
class Counted:
    """What is counted of a release.

    Attributes:
        pseudonym: path of the pseudonym whose persons are counted, as it is released, or None.
        marked: paths of the leaves that are not marked `none`.
        fields: paths of all leaves, whatever their marks; pseudonyms say nothing by themselves.
        ladders: of the marked ones, where coarsenings are to be tried.
        key: of the hashes.
    """

    pseudonym: str | None
    marked: tuple[str, ...]
    fields: tuple[str, ...]
    ladders: tuple[Ladder, ...] = ()
    key: int = 0

    @classmethod
    def of(cls, plan: Plan, release: PlanRelease, *, tries: bool = False) -> "Counted | None":
        """What is counted of `release`; None where it releases a direct identifier.

        Args:
            plan: that has the release.
            release: one of it.
            tries: whether coarsenings are to be tried.
        """
        if direct_identifiers(release):
            return None
        kept = [leaf for leaf in release.leaves if leaf.pseudonym is None]
        marked = tuple(leaf.path for leaf in kept if leaf.identifies != "none")
        return cls(
            find_pseudonym(plan, release),
            marked,
            tuple(leaf.path for leaf in kept),
            ladders_of(plan, release, marked) if tries and release.risk_bound else (),
            int(plan.sha256[:16], 16),
        )


def direct_identifiers(release: PlanRelease) -> list[str]:
    """Paths of the leaves that identify a person by themselves, as they are released."""
    return [leaf.path for leaf in release.leaves if leaf.identifies == "direct"]


def find_pseudonym(plan: Plan, release: PlanRelease) -> str | None:
    """The path of the pseudonym that tells persons apart: that of a NIR before others, in no list.

    A pseudonym of something else, such as a record, tells at least as many apart.
    """
    leaves, lists = plan.leaves(), list_paths(plan)
    pseudonyms = [
        leaf
        for leaf in release.leaves
        if leaf.pseudonym and not any(f"{leaf.path}.".startswith(f"{top}.") for top in lists)
    ]
    pseudonyms.sort(key=lambda leaf: not leaves[leaf.path].identifier)
    if not pseudonyms:
        return None
    above, dot, _name = pseudonyms[0].path.rpartition(".")
    return f"{above}{dot}{pseudonyms[0].pseudonym}"


def find_persons(batch: pa.RecordBatch, pseudonym: str | None, seed: int) -> Hashes:
    """Return a hash of each row's person; a row without pseudonym is somebody of its own.

    Args:
        batch: N rows as they are released.
        pseudonym: its path, or None.
        seed: another one for each batch.
    """
    alone = mix(np.arange(batch.num_rows, dtype=np.uint64) + mix(np.array([seed], np.uint64)))
    if pseudonym is None:
        return alone
    top, *below = pseudonym.split(".")
    array = batch.column(top)
    for name in below:
        array = array.flatten()[array.type.get_field_index(name)]
    return np.where(are_valid(array), hash_values(array), alone)


@dataclass
class RiskCounts:
    """Records of one release, by what makes persons alike; they add up over batches.

    Attributes:
        groups: without a pseudonym, by set of fields: the marked ones; all, where that is more.
        persons: with a pseudonym, likewise.
        trials: of coarsenings.
    """

    groups: list[Groups] = field(default_factory=list)
    persons: Persons = field(default_factory=Persons)
    trials: Trials = field(default_factory=Trials)

    def add(self, batch: pa.RecordBatch, counted: Counted, persons: Hashes) -> None:
        """Add N released records, with the hashes of their persons."""
        rows = [hash_rows(batch, paths, counted.key) for paths in _sets(counted)]
        if counted.pseudonym is None:
            self.groups += [Groups() for _set in rows[len(self.groups) :]]
            for groups, hashes in zip(self.groups, rows, strict=True):
                groups.add(hashes)
        if counted.pseudonym is not None:
            self.persons.add(persons, np.stack(rows, axis=1))
        if counted.ladders:
            self.trials.add(batch, persons, counted.ladders, counted.key)

    def merge(self, other: "RiskCounts") -> None:
        """Add the records of `other`, which stays as it is."""
        self.groups += [Groups() for _groups in other.groups[len(self.groups) :]]
        for groups, more in zip(self.groups, other.groups, strict=False):
            groups.merge(more)
        self.persons.merge(other.persons)
        self.trials.merge(other.trials)

    def extract(self, counted: Counted, bound: PlanRisk | None) -> Risk:
        """Return the figures, and which coarsening would bring them below their bound."""
        k = bound.k if bound else USUAL_RISK.k
        by_set = [self._estimate(counted, place, k) for place in range(len(_sets(counted)))]
        marked = by_set[0]
        within = None if bound is None else is_within(marked, bound)
        coarsening = None
        if bound is not None and not within:
            coarsening = _coarsen(self.trials, counted.ladders, bound)
        return Risk(
            **vars(marked.figures(counted.marked)),
            pseudonym=counted.pseudonym,
            records=self.persons.records if counted.pseudonym else marked.persons,
            persons=marked.persons,
            k=k,
            below=bound.below if bound else None,
            within=within,
            marks_ignored=by_set[1].figures(counted.fields) if len(by_set) > 1 else None,
            coarsening=coarsening,
        )

    def _estimate(self, counted: Counted, place: int, k: int) -> Estimate:
        if counted.pseudonym is not None:
            return self.persons.estimate(k, place)
        return (self.groups[place] if self.groups else Groups()).estimate(k)


def is_within(estimate: Estimate, bound: PlanRisk) -> bool:
    """Whether few enough persons are in small groups; where there is none, they always are."""
    return not estimate.small or estimate.at_most < bound.share


def _sets(counted: Counted) -> Sequence[tuple[str, ...]]:
    same = counted.marked == counted.fields
    return (counted.marked,) if same else (counted.marked, counted.fields)


def _coarsen(trials: Trials, ladders: Sequence[Ladder], bound: PlanRisk) -> Coarsening | None:
    fields = find_coarsening(trials, ladders, bound.k, bound.share) if ladders else None
    if fields is None:
        return None
    tried = len(np.unique(trials.persons))
    return Coarsening(tried=tried, complete=not trials.dropped, fields=fields)


def describe_exceeded(risks: Mapping[str, Risk]) -> list[str]:
    """The releases whose bound is not kept, each with its figures."""
    lines = []
    for release, risk in risks.items():
        if risk.within is False:
            share = risk.small_share if risk.complete else risk.at_most
            shown = _("some") if share is None else _("{share:.2%}", share=share)
            if not risk.complete:
                shown = _("at most {share}", share=shown)
            lines.append(
                _(
                    "{release}: {share} of the persons are in groups of fewer than {k}, must be "
                    "below {below}; `tamis dry-run` says what would do",
                    release=release,
                    share=shown,
                    k=risk.k,
                    below=risk.below,
                )
            )
    return lines


@dataclass
class Risks:
    """The counts of several releases.

    Attributes:
        releases: by id.
    """

    releases: dict[str, RiskCounts] = field(default_factory=dict)

    def merge(self, other: "Risks") -> None:
        """Add the records of `other`, which stays as it is."""
        for release, counts in other.releases.items():
            self.releases.setdefault(release, RiskCounts()).merge(counts)

    def extract(self, plan: Plan, *, tries: bool = False) -> dict[str, Risk]:
        """Return the figures by release; left out where a direct identifier is released."""
        found = {}
        for release in plan.releases:
            counted = Counted.of(plan, release, tries=tries)
            if counted is not None:
                counts = self.releases.get(release.id, RiskCounts())
                found[release.id] = counts.extract(counted, release.risk_bound)
        return found
