"""The page of papers in a browser: nothing is cut, axe-core has no complaint, it prints on A4."""

from pathlib import Path

import pytest

from tamis.documents.context import open_policy
from tamis.documents.project import bundled_documents
from tamis.language import use_language
from tamis.papers import write_paper
from tamis.papers.by_hand import ByHand
from tamis.papers.html import to_html

from ..services.browser import Page, serious_violations
from .test_papers import DAY

pytestmark = pytest.mark.browser

BY_HAND = {"responsable": "Caisse des dépôts\n\n* " + "W" * 300, "gone": "> Un mot.", "aipd": "…"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of the policy with the most fields in French, and a short one in English."""
    folder = tmp_path_factory.mktemp("papers")
    paths = {}
    for lang, policy in (("fr", "dsn-droits"), ("en", "regularite-prestataires")):
        use_language(lang)
        context = open_policy(bundled_documents(), policy)
        paths[lang] = folder / f"{lang}.html"
        paths[lang].write_text(
            to_html(write_paper(context, DAY), ByHand(BY_HAND)), encoding="utf-8"
        )
    use_language("en")
    return paths


@pytest.mark.parametrize("width", [1280, 390, 640])
def test_nothing_is_asked_for_and_nothing_leaves_the_page(
    page: Page, pages: dict[str, Path], width: int
) -> None:
    page.open(pages["fr"], width=width)
    page.run("document.querySelectorAll('details').forEach(node => { node.open = true; })")

    assert page.problems == []
    assert page.requests == [pages["fr"].resolve().as_uri()]
    assert page.run("document.documentElement.lang") == "fr"
    outside = page.run(
        """[...document.querySelectorAll('body *')].filter(node =>
               !node.closest('.scroll, .skip') && node.checkVisibility()
               && (node.getBoundingClientRect().right > window.innerWidth + 1
                   || node.scrollWidth > node.clientWidth + 1 && node.clientWidth))
           .map(node => node.outerHTML.slice(0, 120))"""
    )
    assert outside == []
    too_wide = page.run(
        """[...document.querySelectorAll('.scroll')].filter(node =>
               window.innerWidth > 1000 && node.scrollWidth > node.clientWidth + 1)
           .map(node => node.getAttribute('aria-label'))"""
    )
    assert too_wide == []


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_axe_finds_no_serious_violation(
    page: Page,
    pages: dict[str, Path],
    axe: str,
    width: int,
    dark: bool,
) -> None:
    page.open(pages["en"], width=width, dark=dark)
    page.run("document.querySelectorAll('details').forEach(node => { node.open = true; })")
    assert serious_violations(page, axe) == []


def test_it_prints_with_nothing_folded(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["fr"])
    page.ask("Emulation.setEmulatedMedia", media="print")
    assert page.run("document.querySelector('details table').checkVisibility()")
    assert page.run("document.querySelector('nav').checkVisibility()") is False
    page.ask("Emulation.setEmulatedMedia", media="")
