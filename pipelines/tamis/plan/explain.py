"""Why a field has its fate: the places of the documents that decide it.

schemas/dsn-individus.yaml:6:3: `nir` is string, identifier nir, nia
policies/law/R6323-37.yaml:71:14: item R6323-37.III.2: nir absent (LEGIARTI000050924157)
policies/evaluation-cpf.yaml:31:16: kept because compter des personnes et non des dossiers
policies/evaluation-cpf.yaml:40:23: pseudonymized as `pseudonyme`
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tamis.documents.context import Subject, keeps_of, tests_of
from tamis.documents.law import CATEGORY_ARTICLES, ITEMS_ARTICLE, item_key, purpose_key
from tamis.documents.policy import Condition, Release
from tamis.documents.positions import Path_, Source, suggest
from tamis.documents.schema import Leaf
from tamis.errors import UsageError
from tamis.plan.plan import Fate, Plan, PlanLeaf, PlanRelease


@dataclass(frozen=True)
class Ground:
    """One place of a document that has a say in a field's fate."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class Explained:
    """A field in a release: its fate, the reason, and the places that decide.

    Attributes:
        fate: as the plan says.
        how: the fate with its treatment, in words.
        grounds: from the schema over the law to the policy.
        deciding: the place to look at first.
    """

    release: str
    path: str
    fate: Fate
    how: str
    reason: str
    grounds: tuple[Ground, ...]
    deciding: str


def explain(subject: Subject, plan: Plan) -> list[Explained]:
    """Every field of every release of `plan`, in the order of policy and schema."""
    releases = {release.id: release for release in plan.releases}
    return [
        _explain_leaf(subject, plan, index, releases[release.id], leaf)
        for index, release in enumerate(subject.policy.releases)
        if release.in_force(plan.day)
        for leaf in subject.leaves.values()
    ]


def explain_field(subject: Subject, plan: Plan, field: str) -> list[Explained]:
    """The leaf `field`, or the leaves inside the container `field`, in every release.

    Raises:
        UsageError: the schema has no such field.
    """
    found = [
        one
        for one in explain(subject, plan)
        if one.path == field or one.path.startswith(f"{field}.")
    ]
    if not found:
        hint = suggest(field, subject.leaves)
        raise UsageError(f"no field `{field}` in schema `{subject.schema.schema_}`{hint}")
    return found


def say_treatment(leaf: PlanLeaf) -> str:
    """A kept leaf's fate with its treatment, in words.

    Example:
        >>> say_treatment(PlanLeaf("d", "generalized", ("…",), to="year"))
        'generalized to year'
    """
    if leaf.pseudonym:
        return f"pseudonymized as {leaf.pseudonym} ({leaf.method})"
    if leaf.to:
        return f"generalized to {leaf.to}"
    if leaf.step:
        return f"generalized by step {leaf.step}"
    if leaf.prefix:
        return f"generalized to prefix {leaf.prefix}"
    return leaf.fate


def say_condition(condition: Condition) -> str:
    """A condition in words, with its reason.

    Example:
        >>> say_condition(Condition.model_validate({"field": "nature", "in": ["CPF"]}))
        'nature in CPF'
    """
    values = ", ".join(str(value) for value in condition.in_)
    because = f", because {condition.because}" if condition.because else ""
    return f"{condition.field} in {values}{because}"


def place_of(source: Source, path: Path_, *, key: bool = False) -> str:
    """`file:line:column` of the value (or key) at `path` of a document."""
    return str(source.problem(path, "", key=key)).removesuffix(": ")


def _explain_leaf(
    subject: Subject, plan: Plan, index: int, compiled: PlanRelease, leaf: Leaf
) -> Explained:
    release = subject.policy.releases[index]
    fate, reason = plan.fates[release.id][leaf.path]
    kept = next((one for one in compiled.leaves if one.path == leaf.path), None)
    field = Ground(place_of(subject.schema_source, leaf.place, key=True), _say_field(leaf))
    item = _item_ground(subject, plan, compiled)
    named = list(_policy_grounds(subject, index, release, leaf))
    grounds = [field, *_category_grounds(subject, plan, compiled, leaf)]
    if fate in ("stripped", "pseudonymized") or (kept and kept.redact):
        grounds.append(item)
    grounds += named
    first = item if fate == "stripped" else (*named, field)[0]
    how = say_treatment(kept) if kept else fate
    return Explained(release.id, leaf.path, fate, how, reason, tuple(grounds), first.place)


def _say_field(leaf: Leaf) -> str:
    marks = [f"`{leaf.path}` is {leaf.spec.type}"]
    if leaf.spec.identifier:
        marks.append(f"identifier {', '.join(leaf.spec.identifier)}")
    if leaf.spec.nir_part:
        marks.append(f"{leaf.spec.nir_part} of the NIR")
    if leaf.spec.free_text:
        marks.append("free text")
    if leaf.sensitive:
        marks.append(f"sensitive: {leaf.sensitive}")
    inferred = " (selon notre lecture)" if leaf.category_link == "inferred" else ""
    marks.append(f"category {', '.join(leaf.category) or 'none'}{inferred}")
    return "; ".join(marks)


def _item_ground(subject: Subject, plan: Plan, release: PlanRelease) -> Ground:
    at = _version_index(subject, plan, ITEMS_ARTICLE)
    place = ("versions", at, "items", item_key(release.item), "nir")
    text = f"item {release.item}: nir {release.nir} ({plan.law[ITEMS_ARTICLE]})"
    return Ground(place_of(subject.law.sources[ITEMS_ARTICLE], place), text)


def _category_grounds(
    subject: Subject, plan: Plan, release: PlanRelease, leaf: Leaf
) -> Iterator[Ground]:
    for article in CATEGORY_ARTICLES:
        if article not in plan.law:
            continue
        at = _version_index(subject, plan, article)
        categories = subject.law[article].versions[at].categories
        for slug in leaf.category:
            if slug in categories:
                serves = purpose_key(release.purpose) in categories[slug].purposes
                place = ("versions", at, "categories", slug, "purposes")
                verb = "serves" if serves else "does not serve"
                text = f"category {slug} {verb} {release.purpose} ({plan.law[article]})"
                yield Ground(place_of(subject.law.sources[article], place), text)


def _version_index(subject: Subject, plan: Plan, article: str) -> int:
    versions = subject.law[article].versions
    return next(i for i, version in enumerate(versions) if version.id == plan.law[article])


def _policy_grounds(subject: Subject, index: int, release: Release, leaf: Leaf) -> Iterator[Ground]:
    place: Path_ = ("releases", index)
    for keep in keeps_of(release, place):
        if keep.path == leaf.path:
            basis = f"; basis: {keep.need.basis}" if keep.need.basis else ""
            text = f"kept because {keep.need.because}{basis}"
            yield Ground(place_of(subject.source, keep.place), text)
            when_place = keep.place[:4]
            for j, condition in enumerate(keep.need.when):
                yield Ground(
                    place_of(subject.source, (*when_place, "when", j)),
                    f"when {say_condition(condition)}",
                )
    if leaf.path in release.treat:
        treat = (*place, "treat", leaf.path)
        treatment = release.treat[leaf.path].model_dump(exclude_none=True, by_alias=True)
        said = ", ".join(f"{name} {_plain(value)}" for name, value in treatment.items())
        yield Ground(place_of(subject.source, treat, key=True), f"treated: {said}")
    for test in tests_of(release, place):
        if test.field == leaf.path:
            text = f"tested: {say_condition(test.condition)}"
            yield Ground(place_of(subject.source, test.place), text)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {inner}" for name, inner in value.items())
    return str(value)
