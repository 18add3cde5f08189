"""Prove the rules by enumeration: every policy, every release, one day for each piece of time.

For every release and one day of each piece of its validity between two dates that any document
names, each rule is asked for a counterexample. The domain is finite, so a rule without one holds;
what holds, holds for the documents as declared.

    policies/lazy.yaml:14:16: `nir` is an identifier (nir): under R6323-37.III.2 it must be …
      rule 4 (no NIR under paragraph III), on 2022-01-01
      release evaluation · item R6323-37.III.2 · field nir · identifier nir
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import astuple

from tamis.check.case import Case
from tamis.check.far_dates import judge_days
from tamis.check.letters import judge_letters
from tamis.check.marks import judge_lowered, judge_reasons, judge_relatives
from tamis.check.rules import (
    consistency,
    identifiers,
    identity,
    limits,
    naming,
    need,
    permission,
    together,
)
from tamis.check.violation import Violation, Violations
from tamis.check.warnings import warnings_of
from tamis.documents.calendar import LawOfDay, days_of, interval_cuts, law_cuts, law_on, today
from tamis.documents.context import PolicyContext, open_all
from tamis.documents.project import Documents

_JUDGES: tuple[Callable[[Case], Violations], ...] = (
    permission.judge_validity,
    permission.judge_item,
    permission.judge_purpose,
    permission.judge_entry,
    permission.judge_direction,
    permission.judge_partner,
    identifiers.judge_identifiers,
    identifiers.judge_free_text,
    identifiers.judge_names,
    identifiers.judge_written,
    identifiers.judge_on_nir,
    identifiers.judge_rebuilding,
    identity.judge_direct,
    identity.judge_subjects,
    need.judge_needs,
    need.judge_conditions,
    need.judge_sensitive,
    need.judge_nir_basis,
    need.judge_categories,
    need.judge_tested_categories,
    limits.judge_limits,
    naming.judge_processing,
    naming.judge_retention,
    naming.judge_ids,
    naming.judge_columns,
    naming.judge_sources,
    naming.judge_paths,
    naming.judge_scopes,
    naming.judge_values,
    naming.judge_treatments,
    naming.judge_effects,
    naming.judge_pseudonyms,
    naming.judge_risk,
    naming.judge_unit,
)


def check(documents: Documents, policy: str | None = None) -> list[Violation]:
    """Prove the rules for every policy of a project, or for one, on every day.

    Args:
        documents: of the project.
        policy: the one to judge, with its schema, register and law, and together with what other
            policies release to the same partner; all of the project where None.

    Returns:
        Errors and warnings, each once for a place, with the first day it shows; by file and line.

    Raises:
        DocumentError: documents that do not follow their grammar, with all their problems.
        UsageError: there is no such policy.
    """
    if policy is not None:
        documents.policy(policy)
    everything = open_all(documents)[0]
    contexts = [*everything.values()] if policy is None else [everything[policy]]
    schemas = documents.schemas() if policy is None else [contexts[0].policy.schema_]
    law = documents.law
    register, register_source = documents.register
    processings = register.processings.values()
    cuts = (
        law_cuts(law)
        | interval_cuts(dated for processing in processings for dated in processing.intervals())
        | interval_cuts(
            release for context in everything.values() for release in context.policy.releases
        )
    )
    violations: list[Violation] = []
    for context in contexts:
        for index, release in enumerate(context.policy.releases):
            for day in days_of(release, cuts):
                violations += _judge(context, index, law_on(law, day))
    for name in schemas:
        schema, source = documents.schema(name)
        violations += consistency.judge_schema(schema, source, law)
        violations += judge_letters(schema, source)
        violations += judge_reasons(schema, source)
    for context in contexts:
        violations += judge_letters(context.policy, context.source)
    violations += consistency.judge_register(register, register_source, law)
    violations += consistency.judge_law(law)
    others = [context for name, context in everything.items() if policy not in (None, name)]
    violations += together.judge_partners(contexts, cuts, others)
    violations += consistency.judge_exceptions(
        *documents.project_file, documents.policies(), today()
    )
    violations += judge_relatives(contexts)
    violations += judge_lowered(contexts)
    violations += judge_days(documents, contexts, today())
    violations += warnings_of(contexts, cuts)
    return _first_of_each(violations)


def judge_policy(context: PolicyContext) -> list[Violation]:
    """Return what the releases of a policy, and its schema, violate on any day.

    Example:
        >>> from tamis.documents.context import open_policy
        >>> from tamis.documents.project import bundled_documents
        >>> judge_policy(open_policy(bundled_documents(), "cpir-partage"))
        []
    """
    violations = list(consistency.judge_schema(context.schema, context.schema_source, context.law))
    for index, release in enumerate(context.policy.releases):
        for day in days_of(release, context.cuts):
            violations += _judge(context, index, law_on(context.law, day))
    return [found for found in _first_of_each(violations) if found.severity == "error"]


def violations_on(context: PolicyContext, day: datetime.date) -> list[Violation]:
    """Return what the releases of a policy that are in force on `day` violate on that day."""
    law = law_on(context.law, day)
    violations = list(consistency.judge_schema(context.schema, context.schema_source, context.law))
    violations += consistency.judge_register(
        context.register, context.register_source, context.law, context.policy.processing
    )
    for index, release in enumerate(context.policy.releases):
        if release.in_force(day):
            violations += _judge(context, index, law)
    return _first_of_each(violations)


def _judge(context: PolicyContext, index: int, law: LawOfDay) -> Violations:
    case = Case(context, index, law)
    for judge in _JUDGES:
        yield from judge(case)


def _first_of_each(violations: Iterable[Violation]) -> list[Violation]:
    """The violation of the first day for each place and code, by severity, file and line."""
    first: dict[tuple[object, ...], Violation] = {}
    for violation in violations:
        key = (violation.severity, violation.rule, violation.code, violation.problem.place)
        if key not in first or _day(violation) < _day(first[key]):
            first[key] = violation
    return sorted(
        first.values(),
        key=lambda violation: (violation.severity, astuple(violation.problem)[:3]),
    )


def _day(violation: Violation) -> datetime.date:
    return violation.day or datetime.date.max
