"""All that somebody signs is in the French report of every bundled policy, and no English."""

import datetime
import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tamis.documents.calendar import law_on, today
from tamis.documents.context import PolicyContext, bases_of, conditions_of, open_policy
from tamis.documents.law import article_of
from tamis.dry_run.compose import compose
from tamis.dry_run.html import render_html
from tamis.dry_run.models import Bytes, Measured, Sample
from tamis.dry_run.result import DryRun
from tamis.evidence.receipt import RunFacts, begun_receipt
from tamis.plan.compile import compile_policy
from tamis.plan.project import Project, bundled_project

from ..varied import ENDED, POLICY, varied_project

PROJECT = bundled_project()
POLICIES = sorted(PROJECT.policies())
ENGLISH = re.compile(
    r"nir-malformed|nir-key|\bstring\b|date32|decimal128|fixed_size_binary|\bbool\b|\btrue\b"
    r"|\bfalse\b|YYYY|MM-DD|hmac-sha256|aes-256|\bexample\b|dry-run|into-store|out-of-store"
    r"|to-confirm|superseded|\bcarried\b|identifiant : nir-"
)
"""English words of the program, which a reader of French must not meet outside the annex."""


@cache
def result_of(name: str, project: Project = PROJECT) -> tuple[PolicyContext, DryRun]:
    """A dry run of a policy that read nothing."""
    context = open_policy(project, name)
    plan = compile_policy(context, today())
    facts = RunFacts("nothing", datetime.datetime.now(datetime.UTC))
    sample = Sample(read=0, complete=True, inputs=0, inputs_complete=0, method="")
    size = Bytes.model_validate({"in": 0, "out": {}, "quarantine": 0})
    measured = Measured(receipt=begun_receipt(plan, facts), sample=sample, bytes=size)
    return context, compose(measured, plan, context)


@cache
def text_of(name: str, *, annex: bool = True) -> str:
    """The words of the French page."""
    return words_of(render_html(result_of(name)[1], "fr"), annex=annex)


def words_of(page: str, *, annex: bool = True) -> str:
    """The words of a page."""
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    if not annex:
        page = re.sub(r'<section id="annex".*?</section>', "", page, flags=re.DOTALL)
    shown = re.findall(r'(?:title|aria-label)="([^"]*)"', page)
    return html.unescape("\n".join([re.sub(r"<[^>]*>", "", page), *shown]))


def stated(context: PolicyContext, result: DryRun) -> Iterator[str]:
    """All that the documents state of the policy today, text by text."""
    law = law_on(context.law, today())
    yield from (context.policy.describes, context.register.register_, context.register.note)
    for motif in context.policy.motifs:
        yield from (motif.text, motif.source)
    assert context.processing is not None
    yield from (context.processing.name, context.processing.note, context.processing.source)
    for release in context.policy.releases:
        if not release.in_force(today()):
            continue
        yield from (need.because for need in release.needs)
        for test in conditions_of(release, ()):
            yield from (test.field, test.condition.because)
            for value in test.condition.in_:
                yield {True: "oui", False: "non"}.get(value, str(value))
        for _place, basis in bases_of(release, ()):
            yield basis.text
            yield getattr(basis, "rgpd", "")
            yield {"to-confirm": "à confirmer", "confirmed": "confirmé"}[basis.status]
        yield from (release.note, release.rebuilds_nir or "", release.identifies_anyway or "")
        yield release.risk.because if release.risk else ""
        item, purpose = law.items[release.item], law.purposes[release.purpose]
        yield from (item.subject, item.note, purpose.subject, purpose.note)
        for limit in law.limits(release.item, context.policy.processing):
            yield from (limit.wording, limit.note)
        if release.retention:
            rule = law.retention[release.retention]
            yield from (rule.covers, rule.start, rule.note)
        for entry in context.processing.entries_on(release.item, today())[:1]:
            yield from (entry.note, entry.source)
        for article in (*law.versions, article_of(release.item)):
            if article in result.texts:
                version = law.versions[article]
                yield from (version.note, version.opening, version.lists_fixed_by, version.id)
                yield from (version.amended_by, context.law[article].note)
        paths = {path for need in release.needs for path in need.keep}
        for path in paths:
            leaf = context.leaves[path]
            yield from (path, leaf.sensitive or "")
            yield leaf.spec.not_nir.because if leaf.spec.not_nir else ""
            yield leaf.spec.identifies.because if leaf.spec.identifies else ""
            for slug in leaf.category:
                for category in law.categories.get(slug, ()):
                    yield from (category.wording, category.note)


@pytest.mark.parametrize("name", POLICIES)
def test_all_that_is_signed_is_on_the_page(name: str) -> None:
    texts = [text for text in stated(*result_of(name)) if text]

    assert len(texts) > 30
    assert [text for text in dict.fromkeys(texts) if text not in text_of(name)] == []


@pytest.mark.parametrize("name", POLICIES)
def test_categories_stand_in_the_order_of_the_schema(name: str) -> None:
    context, result = result_of(name)
    read = compile_policy(context, today()).leaves()
    leaves = (leaf for path, leaf in context.leaves.items() if path in read)
    slugs = dict.fromkeys(slug for leaf in leaves for slug in leaf.category)
    told = dict.fromkeys(part.slug for part in result.categories)
    assert list(told) == [slug for slug in slugs if slug in told]


def test_what_is_in_force_is_on_the_page_and_what_has_ended_is_not(tmp_path: Path) -> None:
    context, result = result_of(POLICY, varied_project(tmp_path))
    words = words_of(render_html(result, "fr"))
    assert [text for text in stated(context, result) if text not in words] == []
    assert ENDED not in words


@pytest.mark.parametrize("name", POLICIES)
def test_no_english_word_of_the_program_is_outside_the_annex(name: str) -> None:
    assert ENGLISH.findall(text_of(name, annex=False)) == []
    assert ENGLISH.search(text_of(name))
    slugs = {slug for leaf in result_of(name)[0].leaves.values() for slug in leaf.category}
    slugs -= {"connexion"}  # a word of French too
    assert [slug for slug in sorted(slugs) if slug in text_of(name, annex=False)] == []


@pytest.mark.parametrize("name", POLICIES)
def test_what_is_inferred_is_told_of_each_field_and_conditions_stand_with_their_need(
    name: str,
) -> None:
    context, result = result_of(name)
    page = render_html(result, "fr")

    for release in context.policy.releases:
        for need in release.needs if release.in_force(today()) else ():
            block = next(part for part in page.split("<li>\n  <p class=") if need.because in part)
            block = html.unescape(re.sub(r"<[^>]*>", "", block))
            for test in need.when:
                assert test.because in block
            inferred = [
                path for path in need.keep if context.leaves[path].category_link == "inferred"
            ]
            assert block.count("interprétation") >= len(inferred)
