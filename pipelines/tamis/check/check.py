"""Prove the eight invariants of `design.md` §4, by enumeration over the cut time line.

For every policy, every release and one day for each piece of its window between two dates that
any document names, each rule is asked for a counterexample. The domain is finite, so a rule
without one holds; what holds, holds for the documents as declared.

    policies/lazy.yaml:14:16: `nir` is an identifier (nir): under R6323-37.III.2 it is dropped …
      rule 4 (no NIR under paragraph III), on 2022-01-01
      release evaluation · item R6323-37.III.2 · field nir · identifier nir
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from tamis.check.case import Case, Found
from tamis.check.rules import consistency, identifiers, naming, need, permission
from tamis.check.violation import Violation
from tamis.check.warnings import notices
from tamis.documents.calendar import LawOfDay, days_of, law_cuts, law_on, window_cuts
from tamis.documents.context import Subject, open_subject
from tamis.documents.project import Documents
from tamis.errors import DocumentError, Problem

Rule = Callable[[Case], Found]

_RULES: tuple[Rule, ...] = (
    permission.judge_window,
    permission.judge_item,
    permission.judge_purpose,
    permission.judge_entry,
    permission.judge_partner,
    identifiers.judge_identifiers,
    identifiers.judge_free_text,
    identifiers.judge_on_nir,
    identifiers.judge_rebuilding,
    need.judge_needs,
    need.judge_conditions,
    need.judge_sensitive,
    need.judge_categories,
    need.judge_tested_categories,
    naming.judge_ids,
    naming.judge_columns,
    naming.judge_paths,
    naming.judge_scopes,
    naming.judge_values,
    naming.judge_treatments,
    naming.judge_pseudonyms,
)


def check(documents: Documents) -> list[Violation]:
    """Prove the invariants of every policy of a project, on every day.

    Args:
        documents: of the project, which are judged; none is changed.

    Returns:
        Errors and warnings, each once for a place, with the first day it shows; by file and line.

    Raises:
        DocumentError: documents that do not follow their grammar, with all their problems.
    """
    subjects = _open_all(documents)
    law = documents.law
    register, register_source = documents.register
    cuts = (
        law_cuts(law)
        | window_cuts(entry for one in register.processings.values() for entry in one.entries)
        | window_cuts(release for one in subjects for release in one.policy.releases)
    )
    found: list[Violation] = []
    for subject in subjects:
        for index, release in enumerate(subject.policy.releases):
            for day in days_of(release, cuts):
                found += _judge(subject, index, law_on(law, day))
    for name in documents.schemas():
        schema, source = documents.schema(name)
        found += consistency.judge_schema(schema, source, law)
    found += consistency.judge_register(register, register_source, law)
    found += consistency.judge_law(law)
    found += notices(subjects, cuts)
    return _first_of_each(found)


def violations_on(subject: Subject, day: datetime.date) -> list[Violation]:
    """What the releases of `subject` that are in force on `day` violate on that day."""
    law = law_on(subject.law, day)
    found = list(consistency.judge_schema(subject.schema, subject.schema_source, subject.law))
    for index, release in enumerate(subject.policy.releases):
        if release.in_force(day):
            found += _judge(subject, index, law)
    return _first_of_each(found)


def _judge(subject: Subject, index: int, law: LawOfDay) -> Iterator[Violation]:
    case = Case(subject, index, law)
    for rule in _RULES:
        yield from rule(case)


def _open_all(documents: Documents) -> list[Subject]:
    """Every policy with its documents; schemas that no policy uses are read too."""
    problems: dict[Problem, None] = {}
    subjects: list[Subject] = []
    readers: list[Callable[[], object]] = [lambda: documents.law, lambda: documents.register]
    readers += [partial(documents.schema, name) for name in documents.schemas()]
    readers += [partial(open_subject, documents, name) for name in documents.policies()]
    for read in readers:
        try:
            document = read()
        except DocumentError as error:
            problems.update(dict.fromkeys(error.problems))
        else:
            subjects += [document] if isinstance(document, Subject) else []
    if problems:
        raise DocumentError(*problems)
    return subjects


def _first_of_each(found: Iterable[Violation]) -> list[Violation]:
    first: dict[tuple[object, ...], Violation] = {}
    for one in found:
        place = one.problem
        key = (one.severity, one.rule, one.code, place.file, place.line, place.column)
        if key not in first or (one.day or datetime.date.max) < (
            first[key].day or datetime.date.max
        ):
            first[key] = one
    return sorted(
        first.values(),
        key=lambda one: (one.severity, one.problem.file, one.problem.line, one.problem.column),
    )
