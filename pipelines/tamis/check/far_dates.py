"""Warnings about days too far ahead, and about what a project's own list no longer watches for.

An exception until 9999 would never be judged again, a text that is a reason to stop from 2099 on
would stop no run, and a day to come cannot be the day on which something was read.
"""

import datetime
from collections.abc import Iterable, Iterator

from tamis.check.catalogue import Rule
from tamis.check.violation import Violation, Violations
from tamis.documents.context import PolicyContext
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.project import Documents, bundled_documents
from tamis.documents.register import Register
from tamis.language import _, ngettext

_YEAR = datetime.timedelta(days=366)


def judge_days(
    documents: Documents, contexts: Iterable[PolicyContext], today: datetime.date
) -> Violations:
    """Warn of days of exceptions, approvals, register and veille that lie too far ahead."""
    for source, place, day, what in _ends(documents, contexts):
        if day > today + _YEAR:
            text = _(
                "{day} is more than 12 months ahead: {what} must be looked at again within a year",
                day=day,
                what=what,
            )
            yield _warning(source, place, "far-day", text)
    for source, place, day in _past(documents, contexts):
        if day > today:
            text = _("{day} is to come: nobody has read or signed anything on it", day=day)
            yield _warning(source, place, "day-to-come", text)
    yield from _judge_veille(documents)


def _ends(
    documents: Documents, contexts: Iterable[PolicyContext]
) -> Iterator[tuple[Source, DocumentPath, datetime.date, str]]:
    project, source = documents.project_file
    for i, allowed in enumerate(project.exceptions if source else ()):
        assert source is not None
        yield source, ("exceptions", i, "until"), allowed.until, _("an exception")
    for context in contexts:
        if context.approval is not None:
            approval, placed = context.approval
            yield placed, ("until",), approval.until, _("an approval")
    veille, source = documents.veille
    for reference, text in veille.texts.items():
        place = ("texts", reference, "from")
        yield source, place, text.from_, _("a text that was not read")


def _past(
    documents: Documents, contexts: Iterable[PolicyContext]
) -> Iterator[tuple[Source, DocumentPath, datetime.date]]:
    """Days on which something was read or signed."""
    for context in contexts:
        if context.approval is not None:
            yield context.approval[1], ("on",), context.approval[0].on
    register: Register
    register, source = documents.register
    for slug, processing in register.processings.items():
        for i, entry in enumerate(processing.entries):
            if entry.read_on is not None:
                yield source, ("processings", slug, "entries", i, "read_on"), entry.read_on
    for name, i, version in documents.law.versions():
        if version.read_on is not None:
            yield documents.law.sources[name], ("versions", i, "read_on"), version.read_on
    veille, source = documents.veille
    for reference, text in veille.texts.items():
        yield source, ("texts", reference, "read_on"), text.read_on


def _judge_veille(documents: Documents) -> Violations:
    """Warn where a project's own list lacks a text of the bundled one, or stops for it later."""
    (own, source), (bundled, _source) = documents.veille, bundled_documents().veille
    missing = [reference for reference in bundled.texts if reference not in own.texts]
    if missing:
        text = ngettext(
            "{count} text of the bundled veille is not in this one, so that its unread version "
            "stops no run: {references}; who has read it must say so to whoever signs",
            "{count} texts of the bundled veille are not in this one, so that their unread "
            "versions stop no run: {references}; who has read them must say so to whoever signs",
            len(missing),
            references=", ".join(missing),
        )
        yield _warning(source, ("texts",), "veille-shorter", text)
    for reference, known in bundled.texts.items():
        if reference in own.texts and own.texts[reference].from_ > known.from_:
            text = _(
                "{reference} is a reason to stop from {day} on in the bundled veille, here later",
                reference=reference,
                day=known.from_,
            )
            yield _warning(source, ("texts", reference, "from"), "veille-later", text)


def _warning(source: Source, place: DocumentPath, code: str, text: str) -> Violation:
    return Violation(source.problem(place, text), Rule.EVIDENCE, code, None, (), "warning")
