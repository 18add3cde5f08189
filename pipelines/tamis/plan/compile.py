"""Policy, schema, law and register of one day, compiled to a plan.

>>> from tamis.plan.project import load_project
>>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
>>> [release.item for release in plan.releases]
['R6323-37.I.3']
"""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping

from tamis.check.approval import judge_approval
from tamis.check.check import violations_on
from tamis.documents.calendar import LawOfDay, describe_days_in_force, describe_interval, law_on
from tamis.documents.context import (
    PolicyContext,
    bases_of,
    conditions_of,
    needs_by_field,
    open_policy,
)
from tamis.documents.feed_format import Format
from tamis.documents.law import ITEMS_ARTICLE, Nir, article_of, item_key
from tamis.documents.policy import Condition, Release
from tamis.documents.project import ARTICLES, Documents
from tamis.documents.released import identifies_of, pseudonym_kind
from tamis.documents.schema import FieldSpec, Schema, SchemaLeaf
from tamis.documents.veille import describe_unread
from tamis.errors import DocumentError, UsageError
from tamis.language import N_, _
from tamis.plan.plan import (
    STOPPING_IDENTIFIERS,
    Fate,
    Plan,
    PlanApproval,
    PlanCondition,
    PlanField,
    PlanLeaf,
    PlanLimited,
    PlanRelease,
    PlanRisk,
)

STRIPPED = N_("paragraph {paragraph}: the partner carries no NIR")
NOT_LISTED = N_("not listed by the policy")
OUTSIDE = N_("outside every category")
NO_RECIPIENT = N_("{article} does not name the NIR, so that recipients get none by our reading")
ONLY_READ = N_("read for a condition, never released")
LOOKED_UP = N_("read for the list of limited persons, never released")
REASONS = (STRIPPED, NOT_LISTED, OUTSIDE, NO_RECIPIENT, ONLY_READ, LOOKED_UP)
"""Why a field is not released, in the words of plans and receipts; other reasons are a policy's."""


def compile_plan(documents: Documents, policy: str, on: datetime.date) -> Plan:
    """Return the plan of a policy under the law of a day.

    Args:
        documents: of the project that has the policy.
        policy: the policy's name.
        on: the day whose law applies.

    Raises:
        UsageError: there is no such policy, or no release of it is in force on the day.
        DocumentError: a document does not follow its grammar, or the policy violates a rule on
            that day.
    """
    return compile_policy(open_policy(documents, policy), on)


def compile_policy(context: PolicyContext, on: datetime.date) -> Plan:
    """Return the plan of an opened policy on a day; see `compile_plan`."""
    in_force = [release for release in context.policy.releases if release.in_force(on)]
    if not in_force:
        raise UsageError(_describe_validity(context, on))
    violations = violations_on(context, on)
    if violations:
        raise DocumentError(*(violation.dated for violation in violations))
    law = law_on(context.law, on)
    releases = tuple(_compile_release(context, release, law) for release in in_force)
    limited = _limited(context, releases)
    return Plan(
        policy=context.name,
        schema=context.schema.schema_,
        format=_with_names(context.schema),
        processing=context.policy.processing,
        carries_nir=context.register.processings[context.policy.processing].carries_nir_on(on),
        direction=context.policy.direction,
        law={name: law.versions[name].id for name in _articles(in_force) if name in law.versions},
        law_origin=context.law.origin,
        exceptions=context.exceptions,
        approval=_approval(context, on),
        limited=limited,
        fields=_project(
            context.schema.fields,
            _paths_read(context, in_force, releases).union(limited.fields if limited else ()),
        ),
        releases=releases,
        known=context.schema.source_names(),
        required=_required(context.schema, limited),
        fates={
            release.id: _fates(context, release, compiled)
            for release, compiled in zip(in_force, releases, strict=True)
        },
        policy_sha256=context.source.sha256,
        day=on,
        valid_until=min((cut for cut in context.cuts if cut > on), default=None),
    )


def _limited(context: PolicyContext, releases: Iterable[PlanRelease]) -> PlanLimited | None:
    """By which identifiers limited persons are known, if some release withholds their records."""
    if context.limited is None or not any(release.withholds_limited for release in releases):
        return None
    return PlanLimited(context.looked_up, str(context.limited))


def _required(schema: Schema, limited: PlanLimited | None) -> tuple[str, ...]:
    """The columns that an input must have; without those that name persons no list is asked."""
    needed = {path.partition(".")[0] for path in limited.fields} if limited else set()
    if schema.format.name in ("dsn", "xml"):
        needed = set()  # which have no columns
    return tuple(
        spec.column or name
        for name, spec in schema.fields.items()
        if spec.required or name in needed
    )


def _approval(context: PolicyContext, on: datetime.date) -> PlanApproval:
    state = judge_approval(context, on, context.approval)
    known = state.approval
    if known is None:
        return PlanApproval(context.approval_required, state.problem)
    return PlanApproval(
        context.approval_required, state.problem, known.opinion, known.by, known.role, known.until
    )


def _articles(releases: Iterable[Release]) -> dict[str, None]:
    """The articles that releases rest on: those of every plan, and those of their items."""
    return dict.fromkeys([*ARTICLES, *(article_of(release.item) for release in releases)])


def whole_schema(context: PolicyContext) -> tuple[PlanField, ...]:
    """Return all fields of the policy's schema, those that no release reads included."""
    return _project(context.schema.fields, set(context.leaves))


def released_fields(
    context: PolicyContext, release: Release
) -> tuple[tuple[PlanField, ...], tuple[PlanLeaf, ...]]:
    """Return what a release keeps as plans have it, whether or not a law permits it on some day."""
    needs = needs_by_field(release)
    leaves = tuple(
        _compile_leaf(leaf, release, "absent")
        for path, leaf in context.leaves.items()
        if path in needs
    )
    return _project(context.schema.fields, {leaf.path for leaf in leaves}), leaves


def _describe_validity(context: PolicyContext, on: datetime.date) -> str:
    """Why no release is in force on a day: when each of them is."""
    lines = [_("policy `{policy}` has no release in force on {day}", policy=context.name, day=on)]
    items = law_on(context.law, on).items
    for release in context.policy.releases:
        line = _(
            "release `{release}` is in force {validity}",
            release=release.id,
            validity=describe_interval(release),
        )
        if release.item not in items:
            days = describe_days_in_force(context.law, article_of(release.item), release.item) or _(
                "on no day"
            )
            line += _(
                "; item {item} is not in force on {day}, but {days}",
                item=release.item,
                day=on,
                days=days,
            )
        lines.append(line)
    return "\n  ".join(lines)


def _compile_release(context: PolicyContext, release: Release, law: LawOfDay) -> PlanRelease:
    nir = law.items[release.item].nir
    processing = context.register.processings[context.policy.processing]
    needs = needs_by_field(release)
    lists = dict.fromkeys(path for leaf in context.leaves.values() for path in leaf.lists)
    return PlanRelease(
        id=release.id,
        item=release.item,
        purpose=release.purpose,
        nir=nir,
        attested=processing.entries_on(release.item, law.day)[0].attested,
        on_nir=release.on_nir,
        where=_compile_conditions(release.where),
        only=tuple(
            (path, _compile_conditions(release.only[path]))
            for path in lists
            if path in release.only
        ),
        leaves=tuple(
            _compile_leaf(leaf, release, nir)
            for path, leaf in context.leaves.items()
            if path in needs
        ),
        to_confirm=_to_confirm(context, release, law.day),
        retention=release.retention,
        risk=PlanRisk(release.risk.k, release.risk.below) if release.risk else None,
        min_unit=release.min_unit,
        withholds_limited=context.withholds_limited(law.items[release.item]),
    )


def _to_confirm(context: PolicyContext, release: Release, day: datetime.date) -> tuple[str, ...]:
    """What the release rests on that nobody confirmed or read, in words, each once."""
    bases = [basis for _place, basis in bases_of(release, ()) if basis.status == "to-confirm"]
    unread = [
        describe_unread(reference, text)
        for reference, text in context.unread(release).items()
        if text.from_ <= day
    ]
    return tuple(dict.fromkeys([*map(str, bases), *unread]))


def _compile_conditions(conditions: Iterable[Condition]) -> tuple[PlanCondition, ...]:
    return tuple(
        PlanCondition(condition.field, condition.in_, condition.because) for condition in conditions
    )


def _compile_leaf(leaf: SchemaLeaf, release: Release, nir: Nir) -> PlanLeaf:
    needs = needs_by_field(release)[leaf.path]
    always = any(not need.when for need in needs)
    treatment = release.treat.get(leaf.path)
    pseudonymize = treatment.pseudonymize if treatment else None
    generalize = treatment.generalize if treatment else None
    asked = treatment.redact if treatment else None
    redact = asked == "nir" or (
        leaf.spec.free_text and not (nir == "carried" and asked == "nothing")
    )
    fate: Fate = "redacted" if redact else "kept"
    if pseudonymize or generalize:
        fate = "pseudonymized" if pseudonymize else "generalized"
    return PlanLeaf(
        path=leaf.path,
        fate=fate,
        because=tuple(dict.fromkeys(need.because for need in needs)),
        when=() if always else tuple(_compile_conditions(need.when) for need in needs),
        canonical=treatment.canonical if treatment else None,
        pseudonym=pseudonymize.as_ if pseudonymize else None,
        pseudonym_kind=pseudonym_kind(leaf.spec, pseudonymize) if pseudonymize else None,
        method=pseudonymize.method if pseudonymize else None,
        to=generalize.to if generalize else None,
        step=generalize.step if generalize else None,
        prefix=generalize.prefix if generalize else None,
        redact=redact,
        identifies=identifies_of(leaf, treatment),
    )


def _paths_read(
    context: PolicyContext, in_force: Iterable[Release], releases: Iterable[PlanRelease]
) -> set[str]:
    """The paths of the leaves that must be read: what is kept, tested, or may stop a record."""
    paths = {leaf.path for release in releases for leaf in release.leaves}
    paths |= {test.field for release in in_force for test in conditions_of(release, ())}
    if context.schema.format.whole_file is not None:
        paths |= context.schema.format.whole_file.most_records.keys()
    if any(release.nir == "absent" and release.on_nir == "quarantine" for release in releases):
        # A declared NIR can stop a record only if its column is read.
        paths |= {
            path
            for path, leaf in context.leaves.items()
            if STOPPING_IDENTIFIERS & set(leaf.spec.identifier)
        }
    return paths


def _with_names(schema: Schema) -> Format:
    """The schema's format, with the names of its columns where CSV files have no header."""
    form = schema.format
    if form.csv.header is not False:
        return form
    names = tuple(spec.column or name for name, spec in schema.fields.items())
    return form.model_copy(update={"csv": form.csv.model_copy(update={"header": names})})


def _project(
    fields: Mapping[str, FieldSpec], paths: set[str], above: str = ""
) -> tuple[PlanField, ...]:
    projected = (_project_field(name, spec, paths, above) for name, spec in fields.items())
    return tuple(field for field in projected if field is not None)


def _project_field(name: str, spec: FieldSpec, paths: set[str], above: str) -> PlanField | None:
    """The field `name` with those of `paths` that are inside it; None if there are none."""
    path = f"{above}{name}"
    element, inside = None, _project(spec.fields or {}, paths, f"{path}.")
    if spec.of is not None:
        # An element has the path of its list.
        element = _project_field(name, spec.of, paths, above)
        element = element and dataclasses.replace(element, name="item")
    is_leaf = spec.fields is None and spec.of is None
    if not (element or inside or (is_leaf and path in paths)):
        return None
    return PlanField(
        name=name,
        type=spec.type,
        nullable=spec.nullable,
        of=element,
        fields=inside,
        identifier=spec.identifier,
        nir_part=spec.nir_part,
        free_text=spec.free_text,
        not_nir=spec.not_nir is not None,
        pattern=spec.not_nir.pattern if spec.not_nir else None,
        check=spec.not_nir.check if spec.not_nir else None,
        column=spec.column,
        rubrique=spec.rubrique,
        bloc=spec.bloc,
        xpath=spec.xpath,
    )


def _fates(
    context: PolicyContext, release: Release, compiled: PlanRelease
) -> dict[str, tuple[Fate, str]]:
    """By leaf of the schema, its fate and the reason."""
    kept = {leaf.path: leaf for leaf in compiled.leaves}
    tested = {test.field for test in conditions_of(release, ())}
    fates: dict[str, tuple[Fate, str]] = {}
    for path, leaf in context.leaves.items():
        if path in kept:
            fates[path] = (kept[path].fate, " ; ".join(kept[path].because))
        elif compiled.nir == "absent" and leaf.spec.identifier:
            fates[path] = ("stripped", _why_stripped(release.item))
        elif path in tested:
            fates[path] = ("dropped", ONLY_READ)
        elif compiled.withholds_limited and path in context.looked_up:
            fates[path] = ("dropped", LOOKED_UP)
        elif not leaf.category or "outside" in leaf.category:
            fates[path] = ("dropped", OUTSIDE)
        else:
            fates[path] = ("dropped", NOT_LISTED)
    return fates


def _why_stripped(item: str) -> str:
    """Why no identifier passes under an item without the NIR."""
    if article_of(item) != ITEMS_ARTICLE:
        return NO_RECIPIENT.format(article=article_of(item))
    return STRIPPED.format(paragraph=item_key(item).partition(".")[0])
