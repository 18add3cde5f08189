"""Join what a dry run measured and the documents that explain it to one `DryRun`."""

import datetime
from collections.abc import Iterator, Mapping

import pyarrow as pa

from tamis.arrow.types import is_list
from tamis.check.approval import judge_approval
from tamis.documents.calendar import law_on
from tamis.documents.context import PolicyContext
from tamis.documents.lowered import lowered_marks
from tamis.documents.schema import FieldSpec, SchemaLeaf
from tamis.documents.tags import TAGS
from tamis.documents.types import Kind, kind_of
from tamis.dry_run.models import Lowered, Measured
from tamis.dry_run.result import (
    Against,
    DryDrift,
    DryField,
    DryRelease,
    DryRun,
    LawText,
    RegisterRow,
    Review,
    Shape,
    ShapeField,
    TypePart,
)
from tamis.evidence.allowed import AllowedPart
from tamis.evidence.receipt import ATTESTED, ReleasePart
from tamis.plan.explain import Explanation, explain
from tamis.plan.plan import Plan, PlanLeaf, PlanRelease
from tamis.plan.schemas import released_schema

_MASKS: Mapping[Kind, str] = {
    "string": "xxxx",
    "binary": "0x##…",
    "integer": "###",
    "float": "###.##",
    "decimal": "###.##",
    "bool": "true / false",
    "date": "YYYY-MM-DD",
    "timestamp": "YYYY-MM-DDThh:mm:ss",
    "time": "hh:mm:ss",
}
_NIR_MASK = "# ## ## ## ### ### ##"


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
                release.id: _compose_release(
                    receipt.releases[release.id], plan, release, context, explained, read
                )
                for release in plan.releases
            },
            "schema": plan.schema,
            "direction": plan.direction,
            "describes": context.policy.describes,
            "valid_until": plan.valid_until.isoformat() if plan.valid_until else None,
            "texts": _texts(context, plan),
            "register": _register(context, plan),
            "sample": measured.sample,
            "bytes": measured.bytes,
            "risk": {
                name: risk.model_copy(update={"weak": _weak(context, name)})
                for name, risk in measured.risk.items()
            },
            "marks": measured.marks,
            "lowered": list(_lowered(context, read)),
            "shape": Shape(
                before=list(_shape_before(context, read)),
                after={
                    release.id: list(_shape_after(context, plan, release))
                    for release in plan.releases
                },
            ),
            "masks": measured.masks,
            "profile": measured.profile,
            "against": compared,
            "review": _review(context, plan.day),
        }
    )


def _review(context: PolicyContext, day: datetime.date) -> Review:
    state = judge_approval(context, day, context.approval)
    exceptions = [
        AllowedPart(what=known.what, because=known.because, by=known.by, until=known.until)
        for known in context.exceptions
        if known.holds(day)
    ]
    review = Review(status=state.status, changed=list(state.changed), exceptions=exceptions)
    if (known := state.approval) is None:
        return review
    asked = {"opinion", "by", "role", "on", "until"}
    return review.model_copy(update=known.model_dump(include=asked))


def _compose_release(
    part: ReleasePart,
    plan: Plan,
    release: PlanRelease,
    context: PolicyContext,
    explained: Mapping[tuple[str, str], Explanation],
    read: set[str],
) -> DryRelease:
    law = law_on(context.law, plan.day)
    item = law.items[release.item]
    purpose = law.purposes.get(release.purpose)
    out = _released_types(plan, release)
    kept = {leaf.path: leaf for leaf in release.leaves}
    fields = {}
    for path, field in part.fields.items():
        why = explained[release.id, path]
        leaf = context.leaves[path]
        depth = len(leaf.lists)
        name, kind = out.get(path, (None, None))
        fields[path] = DryField(
            fate=field.fate,
            because=field.because,
            needs=list(kept[path].because) if path in kept else [],
            treatment=why.how,
            out=name,
            type=TypePart.model_validate(
                {"in": "list<" * depth + leaf.spec.type + ">" * depth, "out": kind}
            ),
            place=why.deciding,
            read=path in read,
            identifier=list(leaf.spec.identifier),
            category=list(leaf.category),
            free_text=leaf.spec.free_text,
            identifies=kept[path].identifies if path in kept else leaf.identifies,
            sensitive=leaf.sensitive,
        )
    return DryRelease(
        **{**vars(part), "fields": fields},
        nir=release.nir,
        item_subject=item.subject,
        purpose_subject=purpose.subject if purpose else "",
        purposes_link=item.purposes_link,
    )


def _weak(context: PolicyContext, name: str) -> str | None:
    """Why a release's bound on risk is weaker than that of III 2°, if it is."""
    release = next(release for release in context.policy.releases if release.id == name)
    return release.risk.because if release.risk is not None and release.risk.is_weak else None


def _lowered(context: PolicyContext, read: set[str]) -> Iterator[Lowered]:
    for mark in lowered_marks(context.schema):
        if any(path == mark.path or path.startswith(f"{mark.path}.") for path in read):
            yield Lowered(field=mark.path, key=mark.key, mark=mark.mark, because=mark.because)


def _texts(context: PolicyContext, plan: Plan) -> dict[str, LawText]:
    texts = {}
    for article, version_id in plan.law.items():
        version = next(
            version for version in context.law[article].versions if version.id == version_id
        )
        texts[article] = LawText.model_validate(
            {
                "id": version.id,
                "from": version.from_.isoformat(),
                "until": version.until.isoformat() if version.until else None,
                "amended_by": version.amended_by,
            }
        )
    return texts


def _register(context: PolicyContext, plan: Plan) -> list[RegisterRow]:
    processing = context.processing
    assert processing is not None
    rows = []
    for release in plan.releases:
        entry = processing.entries_on(release.item, plan.day)[0]
        rows.append(
            RegisterRow(
                release=release.id,
                item=release.item,
                processing=plan.processing,
                name=processing.name,
                attested=entry.attested,
                words=ATTESTED[entry.attested],
                source=processing.source,
                note=entry.note,
            )
        )
    return rows


# Shapes: types and masks


def _shape_before(context: PolicyContext, read: set[str]) -> Iterator[ShapeField]:
    for path, leaf in context.leaves.items():
        yield ShapeField(
            path=_shown(leaf), type=leaf.spec.type, mask=_mask(leaf.spec), read=path in read
        )


def _shape_after(context: PolicyContext, plan: Plan, release: PlanRelease) -> Iterator[ShapeField]:
    for kept in release.leaves:
        leaf = context.leaves[kept.path]
        above, _, name = _shown(leaf).rpartition(".")
        name = kept.pseudonym or name
        yield ShapeField(
            path=f"{above}.{name}" if above else name,
            type="fixed_size_binary[16]" if kept.pseudonym else leaf.spec.type,
            mask=_mask_after(kept, leaf.spec),
            source=kept.path,
        )
    for tag, value in plan.tags(release, "…").items():
        yield ShapeField(path=tag, type="string", mask=value or "", tag=True)


def _shown(leaf: SchemaLeaf) -> str:
    """The leaf's path, with `[]` behind each list."""
    names = leaf.path.split(".")
    ends = [".".join(names[: end + 1]) for end in range(len(names))]
    marked = [
        name + "[]" if path in leaf.lists else name for name, path in zip(names, ends, strict=True)
    ]
    return ".".join(marked)


def _mask(spec: FieldSpec) -> str:
    if "nir" in spec.identifier or "nia" in spec.identifier:
        return _NIR_MASK
    if spec.free_text:
        return "xxxx xxx NIR? xxxx"
    kind = kind_of(spec.type)
    return "##" if "nir-key" in spec.identifier else _MASKS[kind] if kind else "…"


def _mask_after(kept: PlanLeaf, spec: FieldSpec) -> str:
    if kept.pseudonym:
        return "0x" + 4 * "########"
    if kept.to:
        month = {"year": "01", "quarter": "01/04/07/10", "month": "MM"}[kept.to]
        return f"YYYY-{month}-01"
    if kept.step:
        return f"n × {kept.step}"
    if kept.prefix:
        return "x" * min(kept.prefix, 16)
    return "xxxx xxx [NIR] xxxx" if kept.redact else _mask(spec)


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
