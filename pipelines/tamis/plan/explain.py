"""Why a field has its fate: the places of the documents that decide it.

schemas/dsn-individus.yaml:6:3: `nir` is string, identifier nir, nia
policies/law/R6323-37.yaml:71:14: item R6323-37.III.2: nir absent (LEGIARTI000050924157)
policies/evaluation-cpf.yaml:31:16: kept because compter des personnes et non des dossiers
policies/evaluation-cpf.yaml:40:23: pseudonymized as `pseudonyme`
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tamis.documents.context import PolicyContext, conditions_of, kept_fields
from tamis.documents.law import CATEGORY_ARTICLES, article_of, item_key, purpose_key
from tamis.documents.policy import TO_BE_CONFIRMED, Release
from tamis.documents.positions import DocumentPath, suggest
from tamis.documents.schema import SchemaLeaf
from tamis.documents.veille import UNREAD
from tamis.documents.wording import describe_generalization, shown
from tamis.errors import Problem, UsageError
from tamis.language import N_, _, translate
from tamis.plan.compile import REASONS
from tamis.plan.plan import Fate, Plan, PlanLeaf, PlanRelease

FATES: dict[Fate, str] = {
    "kept": N_("kept"),
    "pseudonymized": N_("pseudonymized"),
    "generalized": N_("generalized"),
    "redacted": N_("redacted"),
    "stripped": N_("stripped"),
    "dropped": N_("dropped"),
}
"""What becomes of a field, in words."""

CODES = (
    *(N_("into-store"), N_("out-of-store"), N_("both"), N_("carried"), N_("absent")),
    *(N_("read"), N_("superseded"), N_("inferred"), N_("example"), N_("secondary")),
)
"""Words of documents that tables and headlines show in the language in use."""


@dataclass(frozen=True)
class Explanation:
    """A field in a release: its fate, the reason, and the places that decide.

    Attributes:
        fate: as the plan says.
        how: the fate with its treatment, in words.
        grounds: the places that have a say, from the schema over the law to the policy, each with
            what it says.
        deciding: the place to look at first.
    """

    release: str
    path: str
    fate: Fate
    how: str
    reason: str
    grounds: tuple[Problem, ...]
    deciding: str


def explain(context: PolicyContext, plan: Plan) -> list[Explanation]:
    """Explain every field of every release of `plan`, in the order of policy and schema."""
    releases = {release.id: release for release in plan.releases}
    return [
        _Explainer(context, plan, index, releases[release.id]).explain(leaf)
        for index, release in enumerate(context.policy.releases)
        if release.in_force(plan.day)
        for leaf in context.leaves.values()
    ]


def explain_field(context: PolicyContext, plan: Plan, field: str) -> list[Explanation]:
    """Explain the leaf `field`, or the leaves inside the container `field`, in every release.

    Raises:
        UsageError: the schema has no such field.
    """
    explanations = [
        explanation
        for explanation in explain(context, plan)
        if explanation.path == field or explanation.path.startswith(f"{field}.")
    ]
    if not explanations:
        text = _(
            "no field `{field}` in schema `{schema}`", field=field, schema=context.schema.schema_
        )
        raise UsageError(text + suggest(field, context.leaves))
    return explanations


def describe_treatment(leaf: PlanLeaf) -> str:
    """Return a kept leaf's fate with its treatment, in words.

    Example:
        >>> describe_treatment(PlanLeaf("d", "generalized", ("…",), to="year"))
        'generalized to year'
    """
    if leaf.pseudonym:
        return _(
            "pseudonymized as {pseudonym} ({method})",
            pseudonym=leaf.pseudonym,
            method=", ".join(filter(None, (leaf.method, leaf.pseudonym_kind))),
        )
    if leaf.canonical:
        return _("kept in its form of {count} characters", count=leaf.canonical)
    return describe_generalization(leaf.to, leaf.step, leaf.prefix) or _(leaf.fate)


def shown_basis(basis: object) -> str:
    """A basis, or another thing that a release rests on and that is to be confirmed, in words."""
    return translate(str(basis), TO_BE_CONFIRMED, UNREAD)


def describe_limited(plan: Plan) -> str:
    """Return how a release that limits knows limited persons, in words."""
    fields = plan.limited.fields if plan.limited else ()
    if not fields:
        return _("the list of limited persons cannot be asked: the schema has no identifier")
    return _(
        "withheld where {fields} is of a limited person (RGPD art. 18)",
        fields=_(" or ").join(f"`{path}`" for path in fields),
    )


def describe_condition(field: str, values: Iterable[object], because: str = "") -> str:
    """Return a condition in words, with its reason if there is one; of no values, any matches.

    Example:
        >>> describe_condition("nature", ["CPF", "DIFEL"])
        'nature in CPF, DIFEL'
    """
    listed = shown(values)
    text = _("{field} in {values}", field=field, values=listed)
    if not listed:
        text = _("{field} present", field=field)
    return _("{test}, because {reason}", test=text, reason=because) if because else text


@dataclass(frozen=True)
class _Explainer:
    """Explains the fields of one release, `release` in the policy and `compiled` in the plan."""

    context: PolicyContext
    plan: Plan
    index: int
    compiled: PlanRelease

    @property
    def release(self) -> Release:
        return self.context.policy.releases[self.index]

    def explain(self, leaf: SchemaLeaf) -> Explanation:
        fate, reason = self.plan.fates[self.release.id][leaf.path]
        kept = next((kept for kept in self.compiled.leaves if kept.path == leaf.path), None)
        field = self.context.schema_source.problem(leaf.place, _describe_field(leaf), key=True)
        item = self.item_ground()
        policy = list(self.policy_grounds(leaf))
        grounds = [field, *self.category_grounds(leaf)]
        if fate in ("stripped", "pseudonymized") or (kept and kept.redact):
            grounds.append(item)
        grounds += policy
        first = item if fate == "stripped" else (*policy, field)[0]
        how = describe_treatment(kept) if kept else _(FATES[fate])
        reason = translate(reason, *REASONS)
        return Explanation(
            self.release.id, leaf.path, fate, how, reason, tuple(grounds), first.place
        )

    def item_ground(self) -> Problem:
        article = article_of(self.release.item)
        place = (*self.version(article), "items", item_key(self.release.item), "nir")
        text = _(
            "item {item}: nir {nir} ({version})",
            item=self.release.item,
            nir=self.compiled.nir,
            version=self.plan.law[article],
        )
        return self.context.law.sources[article].problem(place, text)

    def category_grounds(self, leaf: SchemaLeaf) -> Iterator[Problem]:
        purpose = self.release.purpose
        for article in CATEGORY_ARTICLES:
            if article not in self.plan.law:
                continue
            version = self.version(article)
            categories = self.context.law[article].versions[version[1]].categories
            for slug in leaf.category:
                if slug not in categories:
                    continue
                if purpose_key(purpose) in categories[slug].purposes:
                    text = _("category {category} serves {purpose} ({version})")
                else:
                    text = _("category {category} does not serve {purpose} ({version})")
                text = text.format(category=slug, purpose=purpose, version=self.plan.law[article])
                place = (*version, "categories", slug, "purposes")
                yield self.context.law.sources[article].problem(place, text)

    def version(self, article: str) -> tuple[str, int]:
        """Where the version of `article` that the plan rests on stands in its document."""
        ids = [version.id for version in self.context.law[article].versions]
        return "versions", ids.index(self.plan.law[article])

    def policy_grounds(self, leaf: SchemaLeaf) -> Iterator[Problem]:
        source = self.context.source
        place: DocumentPath = ("releases", self.index)
        for kept in kept_fields(self.release, place):
            if kept.path == leaf.path:
                text = _("kept because {reason}", reason=kept.need.because)
                if kept.need.basis:
                    text += _("; basis: {basis}", basis=shown_basis(kept.need.basis))
                if kept.need.nir_basis and leaf.spec.identifier:
                    text += _("; basis: {basis}", basis=shown_basis(kept.need.nir_basis))
                yield source.problem(kept.place, text)
                for j, test in enumerate(kept.need.when):
                    words = describe_condition(test.field, test.in_, test.because)
                    text = _("when {condition}", condition=words)
                    yield source.problem((*kept.place[:4], "when", j), text)
        if leaf.path in self.release.treat:
            treatment = self.release.treat[leaf.path].model_dump(exclude_none=True, by_alias=True)
            words = ", ".join(f"{name} {_plain(value)}" for name, value in treatment.items())
            text = _("treated: {treatment}", treatment=words)
            yield source.problem((*place, "treat", leaf.path), text, key=True)
        for placed in conditions_of(self.release, place):
            if placed.field == leaf.path:
                test = placed.condition
                words = describe_condition(test.field, test.in_, test.because)
                yield source.problem(placed.place, _("tested: {condition}", condition=words))


def _describe_field(leaf: SchemaLeaf) -> str:
    spec = leaf.spec
    marks = [_("`{field}` is {type}", field=leaf.path, type=spec.type)]
    if spec.identifier:
        marks.append(_("identifier {kinds}", kinds=", ".join(spec.identifier)))
    if spec.nir_part:
        marks.append(_("{part} of the NIR", part=_(spec.nir_part)))
    if spec.free_text:
        marks.append(_("free text"))
    if leaf.sensitive:
        marks.append(_("sensitive: {reason}", reason=leaf.sensitive))
    categories = ", ".join(leaf.category) or _("none")
    if leaf.category_link == "inferred":
        categories += _(" (selon notre lecture)")
    marks.append(_("category {categories}", categories=categories))
    return _("; ").join(marks)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {inner}" for name, inner in value.items())
    return str(value)
