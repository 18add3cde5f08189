"""Policy, schema, law and register of one day, compiled to a plan (`design.md` §2, §5).

>>> from tamis.plan.project import load_project
>>> plan = load_project().plan("cpir-partage", on=datetime.date(2026, 1, 1))
>>> [release.item for release in plan.releases]
['R6323-37.I.3']
"""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping

from tamis.check.check import violations_on
from tamis.documents.calendar import LawOfDay, item_windows, law_on, say_window
from tamis.documents.context import Subject, needs_by_field, open_subject, tests_of
from tamis.documents.law import Nir, item_key
from tamis.documents.policy import Condition, Release
from tamis.documents.project import Documents
from tamis.documents.schema import FieldSpec, Leaf
from tamis.errors import DocumentError, UsageError
from tamis.plan.plan import (
    STOPPING,
    Fate,
    Plan,
    PlanCondition,
    PlanField,
    PlanLeaf,
    PlanRelease,
)

NOT_LISTED = "not listed by the policy"
OUTSIDE = "outside every category"
ONLY_READ = "read for a condition, never released"


def compile_plan(documents: Documents, policy: str, on: datetime.date) -> Plan:
    """The plan of `policy` under the law of the day `on`.

    Args:
        documents: where the policy and its documents are.
        policy: the policy's name.
        on: the day whose law applies.

    Raises:
        UsageError: there is no such policy, or no release of it is in force on the day.
        DocumentError: a document does not follow its grammar, or the policy violates an
            invariant on that day.
    """
    return compile_subject(open_subject(documents, policy), on)


def compile_subject(subject: Subject, on: datetime.date) -> Plan:
    """The plan of an opened policy on a day; see `compile_plan`."""
    in_force = [release for release in subject.policy.releases if release.in_force(on)]
    if not in_force:
        raise UsageError(_say_none_in_force(subject, on))
    violations = violations_on(subject, on)
    if violations:
        raise DocumentError(*(violation.dated for violation in violations))
    law = law_on(subject.law, on)
    processing = subject.processing
    assert processing is not None
    releases = tuple(_compile_release(subject, release, law) for release in in_force)
    return Plan(
        policy=subject.name,
        schema=subject.schema.schema_,
        format=subject.schema.format,
        processing=subject.policy.processing,
        carries_nir=processing.carries_nir,
        direction=subject.policy.direction,
        law={name: version.id for name, version in law.versions.items()},
        fields=_project(subject.schema.fields, _paths_read(subject, in_force, releases)),
        releases=releases,
        known=tuple(subject.schema.fields),
        fates={
            release.id: _fates(subject, release, compiled)
            for release, compiled in zip(in_force, releases, strict=True)
        },
        policy_sha256=subject.source.sha256,
        day=on,
        valid_until=min((cut for cut in subject.cuts if cut > on), default=None),
    )


def whole_schema(subject: Subject) -> tuple[PlanField, ...]:
    """All fields of the policy's schema, those that no release reads included."""
    return _project(subject.schema.fields, set(subject.leaves))


def _say_none_in_force(subject: Subject, on: datetime.date) -> str:
    lines = [f"policy `{subject.name}` has no release in force on {on}"]
    items = law_on(subject.law, on).items
    for release in subject.policy.releases:
        line = f"release `{release.id}` is in force {say_window(release)}"
        if release.item not in items:
            windows = item_windows(subject.law, release.item) or "on no day"
            line += f"; item {release.item} is not in force on {on}, but {windows}"
        lines.append(line)
    return "\n  ".join(lines)


def _compile_release(subject: Subject, release: Release, law: LawOfDay) -> PlanRelease:
    item = law.items[release.item]
    processing = subject.processing
    entry = processing.entry_on(release.item, law.day) if processing else None
    assert entry is not None
    needs = needs_by_field(release)
    return PlanRelease(
        id=release.id,
        item=release.item,
        purpose=release.purpose,
        nir=item.nir,
        attested=entry.attested,
        on_nir=release.on_nir,
        where=_compile_conditions(release.where),
        only=tuple(
            (path, _compile_conditions(release.only[path]))
            for path in _lists_of(subject.leaves.values())
            if path in release.only
        ),
        leaves=tuple(
            _compile_leaf(leaf, release, item.nir)
            for path, leaf in subject.leaves.items()
            if path in needs
        ),
    )


def _compile_conditions(conditions: Iterable[Condition]) -> tuple[PlanCondition, ...]:
    return tuple(PlanCondition(one.field, one.in_, one.because) for one in conditions)


def _lists_of(leaves: Iterable[Leaf]) -> list[str]:
    return list(dict.fromkeys(path for leaf in leaves for path in leaf.lists))


def _compile_leaf(leaf: Leaf, release: Release, nir: Nir) -> PlanLeaf:
    needs = needs_by_field(release)[leaf.path]
    always = any(not need.when for need in needs)
    treatment = release.treat.get(leaf.path)
    pseudonymize = treatment.pseudonymize if treatment else None
    generalize = treatment.generalize if treatment else None
    asked = treatment.redact if treatment else None
    redact = asked == "nir" or (
        leaf.spec.free_text and not (nir == "carried" and asked == "nothing")
    )
    fate: Fate = "kept"
    if pseudonymize:
        fate = "pseudonymized"
    elif generalize:
        fate = "generalized"
    elif redact:
        fate = "redacted"
    return PlanLeaf(
        path=leaf.path,
        fate=fate,
        because=tuple(dict.fromkeys(need.because for need in needs)),
        when=() if always else tuple(_compile_conditions(need.when) for need in needs),
        pseudonym=pseudonymize.as_ if pseudonymize else None,
        method=pseudonymize.method if pseudonymize else None,
        to=generalize.to if generalize else None,
        step=generalize.step if generalize else None,
        prefix=generalize.prefix if generalize else None,
        redact=redact,
    )


def _paths_read(
    subject: Subject, in_force: Iterable[Release], releases: Iterable[PlanRelease]
) -> set[str]:
    paths = {leaf.path for release in releases for leaf in release.leaves}
    paths |= {test.field for release in in_force for test in tests_of(release, ())}
    if any(one.nir == "absent" and one.on_nir == "quarantine" for one in releases):
        # A NIR can only stop a record if somebody looks for it where it is declared.
        paths |= {
            path for path, leaf in subject.leaves.items() if STOPPING & set(leaf.spec.identifier)
        }
    return paths


def _project(
    fields: Mapping[str, FieldSpec], paths: set[str], above: str = ""
) -> tuple[PlanField, ...]:
    found = (_project_field(name, spec, paths, above) for name, spec in fields.items())
    return tuple(one for one in found if one is not None)


def _project_field(name: str, spec: FieldSpec, paths: set[str], above: str) -> PlanField | None:
    path = f"{above}{name}"
    if spec.fields is not None:
        inside = _project(spec.fields, paths, f"{path}.")
        return _plan_field(name, spec, fields=inside) if inside else None
    if spec.of is not None:
        of = _project_element(spec.of, paths, path)
        return _plan_field(name, spec, of=of) if of else None
    return _plan_field(name, spec) if path in paths else None


def _project_element(spec: FieldSpec, paths: set[str], path: str) -> PlanField | None:
    """The element of the list at `path`: it has the list's path, and the name `item`."""
    above, _, name = path.rpartition(".")
    found = _project_field(name, spec, paths, f"{above}." if above else "")
    return dataclasses.replace(found, name="item") if found else None


def _plan_field(
    name: str, spec: FieldSpec, of: PlanField | None = None, fields: tuple[PlanField, ...] = ()
) -> PlanField:
    return PlanField(
        name=name,
        type=spec.type,
        nullable=spec.nullable,
        of=of,
        fields=fields,
        identifier=spec.identifier,
        nir_part=spec.nir_part,
        free_text=spec.free_text,
        not_nir=spec.not_nir is not None,
        quasi_identifier=spec.quasi_identifier,
        rubrique=spec.rubrique,
        bloc=spec.bloc,
    )


def _fates(
    subject: Subject, release: Release, compiled: PlanRelease
) -> dict[str, tuple[Fate, str]]:
    kept = {leaf.path: leaf for leaf in compiled.leaves}
    tested = {test.field for test in tests_of(release, ())}
    fates: dict[str, tuple[Fate, str]] = {}
    for path, leaf in subject.leaves.items():
        if path in kept:
            fates[path] = (kept[path].fate, " ; ".join(kept[path].because))
        elif compiled.nir == "absent" and leaf.spec.identifier:
            paragraph = item_key(release.item).partition(".")[0]
            fates[path] = ("stripped", f"paragraph {paragraph}: the partner carries no NIR")
        elif path in tested:
            fates[path] = ("dropped", ONLY_READ)
        elif not leaf.category or "outside" in leaf.category:
            fates[path] = ("dropped", OUTSIDE)
        else:
            fates[path] = ("dropped", NOT_LISTED)
    return fates
