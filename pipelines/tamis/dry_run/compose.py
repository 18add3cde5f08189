"""Join what a dry run measured and the documents that explain it to one `DryRun`."""

import datetime
from collections.abc import Iterator, Mapping

import pyarrow as pa

from tamis.arrow.types import is_list
from tamis.check.approval import changed_lines, judge_approval
from tamis.check.changes import describe_changes
from tamis.documents.context import PolicyContext
from tamis.documents.lowered import lowered_marks
from tamis.documents.tags import TAGS
from tamis.dry_run.models import Lowered, Measured
from tamis.dry_run.result import (
    Against,
    DryDrift,
    DryField,
    DryRelease,
    DryRun,
    Review,
    TreatmentPart,
    TypePart,
)
from tamis.dry_run.stated import MotifPart, RegisterText, Stated
from tamis.evidence.allowed import AllowedPart
from tamis.evidence.receipt import ATTESTED
from tamis.language import LANGUAGES, speaking
from tamis.plan.explain import Explanation, explain
from tamis.plan.plan import Plan, PlanLeaf, PlanRelease
from tamis.plan.schemas import released_schema


def compose(
    measured: Measured, plan: Plan, context: PolicyContext, against: tuple[str, Plan] | None = None
) -> DryRun:
    """Return the result of a dry run.

    Args:
        measured: what it measured under `plan`.
        plan: the compiled policy.
        context: the policy with its documents.
        against: the other project's name and plan, if the dry run compared with one.
    """
    explained = {
        (explanation.release, explanation.path): explanation
        for explanation in explain(context, plan)
    }
    read = set(plan.leaves())
    stated = Stated(context, plan)
    receipt = measured.receipt
    compared = None
    if against is not None and measured.compared is not None:
        name, other = against
        compared = Against(
            **vars(measured.compared),
            project=name,
            policy_sha256=other.policy_sha256,
            plan_sha256=other.sha256,
        )
    return DryRun.model_validate(
        {
            **vars(receipt),
            "drift": DryDrift(**vars(receipt.drift), retyped=measured.retyped),
            "releases": {
                release.id: _compose_release(measured, plan, release, stated, explained, read)
                for release in plan.releases
            },
            "schema": plan.schema,
            "direction": plan.direction,
            "describes": context.policy.describes,
            "valid_until": plan.valid_until.isoformat() if plan.valid_until else None,
            "motifs": [MotifPart(**vars(motif)) for motif in context.policy.motifs],
            "texts": stated.texts(),
            "categories": stated.categories(
                slug
                for path, leaf in context.leaves.items()
                if path in read
                for slug in leaf.category
            ),
            "unread": stated.unread(),
            "register": stated.register(ATTESTED),
            "register_text": RegisterText(
                name=context.register.register_, note=context.register.note
            ),
            "sample": measured.sample,
            "bytes": measured.bytes,
            "risk": {
                name: risk.model_copy(update={"weak": _weak(context, name)})
                for name, risk in measured.risk.items()
            },
            "marks": measured.marks,
            "lowered": list(_lowered(context, read)),
            "masks": measured.masks,
            "profile": measured.profile,
            "against": compared,
            "review": _review(context, plan.day),
        }
    )


def _review(context: PolicyContext, day: datetime.date) -> Review:
    state = judge_approval(context, day, context.approval)
    exceptions = [
        AllowedPart(**known.model_dump(exclude={"policy"}))
        for known in context.exceptions
        if known.holds(day)
    ]
    changed, changes = [], {}
    if state.contents is not None:
        changed = changed_lines(*state.contents)
        for language in LANGUAGES:
            with speaking(language):
                changes[language] = describe_changes(*state.contents)
    review = Review(status=state.status, changed=changed, changes=changes, exceptions=exceptions)
    if (known := state.approval) is None:
        return review
    asked = {"opinion", "by", "role", "on", "until"}
    return review.model_copy(update=known.model_dump(include=asked))


def _compose_release(
    measured: Measured,
    plan: Plan,
    release: PlanRelease,
    stated: Stated,
    explained: Mapping[tuple[str, str], Explanation],
    read: set[str],
) -> DryRelease:
    part = measured.receipt.releases[release.id]
    looks = measured.looks.get(release.id, {})
    out = _released_types(plan, release)
    kept = {leaf.path: leaf for leaf in release.leaves}
    fields = {}
    for path, field in part.fields.items():
        why = explained[release.id, path]
        leaf = stated.context.leaves[path]
        depth = len(leaf.lists)
        name, kind = out.get(path, (None, None))
        fields[path] = DryField(
            fate=field.fate,
            because=field.because,
            treatment=why.how,
            details=_details(kept.get(path)),
            out=name,
            type=TypePart.model_validate(
                {"in": "list<" * depth + leaf.spec.type + ">" * depth, "out": kind}
            ),
            mask=looks.get(path),
            place=why.deciding,
            read=path in read,
            identifier=list(leaf.spec.identifier),
            category=list(leaf.category),
            category_link=leaf.category_link,
            free_text=leaf.spec.free_text,
            not_nir=leaf.spec.not_nir.because if leaf.spec.not_nir else None,
            identifies=kept[path].identifies if path in kept else leaf.identifies,
            sensitive=leaf.sensitive,
        )
    return DryRelease(
        **{**vars(part), "fields": fields},
        nir=release.nir,
        stated=stated.release(release.id),
        tags=plan.tags(release, "…"),
    )


def _details(leaf: PlanLeaf | None) -> TreatmentPart:
    if leaf is None:
        return TreatmentPart()
    return TreatmentPart(**{name: getattr(leaf, name) for name in TreatmentPart.model_fields})


def _weak(context: PolicyContext, name: str) -> str | None:
    """Why a release's bound on risk is weaker than that of III 2°, if it is."""
    release = next(release for release in context.policy.releases if release.id == name)
    return release.risk.because if release.risk is not None and release.risk.is_weak else None


def _lowered(context: PolicyContext, read: set[str]) -> Iterator[Lowered]:
    for mark in lowered_marks(context.schema):
        if any(path == mark.path or path.startswith(f"{mark.path}.") for path in read):
            yield Lowered(field=mark.path, key=mark.key, mark=mark.mark, because=mark.because)


# Types


def _released_types(plan: Plan, release: PlanRelease) -> dict[str, tuple[str, str]]:
    """By path in the schema, name and type of each released leaf."""
    schema = released_schema(plan, release)
    columns = [field for field in schema if field.name not in TAGS]
    types = [pair for column in columns for pair in _leaf_types(column.type, column.name)]
    return {leaf.path: pair for leaf, pair in zip(release.leaves, types, strict=True)}


def _leaf_types(kind: pa.DataType, path: str, lists: int = 0) -> Iterator[tuple[str, str]]:
    if is_list(kind):
        yield from _leaf_types(kind.value_type, path, lists + 1)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _leaf_types(child.type, f"{path}.{child.name}", lists)
    else:
        yield path, "list<" * lists + str(kind) + ">" * lists
