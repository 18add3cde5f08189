"""The HTML report in a browser: nothing is asked for, all is drawn, axe-core has no complaint."""

from pathlib import Path
from typing import Any

import pytest

from tamis.dry_run.html import render_html
from tamis.dry_run.html.page import SECTIONS
from tamis.dry_run.html.speech import Lang
from tamis.dry_run.result import DryRun

from ..services.browser import Page, serious_violations
from .made import make_result
from .test_signed import POLICIES, result_of

pytestmark = pytest.mark.browser

LANGS: tuple[Lang, ...] = ("en", "fr")
WIDTHS = {"desktop": 1280, "phone": 390}
A4_PIXELS = (688, 1001)
"""A page of A4 within its margins of 14 and 16 mm."""
HOSTILE = "</text></svg><script>alert(1)</script>\u202e" + "W" * 600
MEASURE = """(() => {
    const edge = document.documentElement.clientWidth + 1, wrong = [];
    const note = (what, node) => wrong.push(what + ': ' + node.outerHTML.slice(0, 120));
    for (const node of document.querySelectorAll('header *, nav *, main *, footer *')) {
        if (!node.checkVisibility() || node.closest('.sr, .skip, #summary h2')) continue;
        const box = node.getBoundingClientRect();
        const scroll = node.closest('.scroll');
        if (box.width && box.right > edge && (!scroll || node === scroll)) note('beyond', node);
        if (node.closest('svg')) continue;
        if (node === scroll && node.scrollWidth > node.clientWidth && !node.closest('#annex'))
            note('scrolls', node);
        if (getComputedStyle(node).overflowX !== 'visible' && node !== scroll
            && node.scrollWidth > node.clientWidth + 1) note('cut', node);
    }
    const range = document.createRange();
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (text.parentElement.closest('svg, .sr, #annex, #summary h2')) continue;
        if (!text.parentElement.checkVisibility()) continue;
        const words = /(?<![^\\s])[^\\s\u00a0\u202f\u2060/?-]{2,28}(?![^\\s])/gu;
        for (const word of text.data.matchAll(words)) {
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
            if (tops.size > 1) note('broken ' + word[0], text.parentElement);
        }
    }
    return wrong;
})()"""
"""What stands beyond the page, is cut, scrolls or breaks inside a word."""
OPEN = "document.querySelectorAll('details').forEach(node => { node.open = true; })"


@pytest.fixture(params=["plain", "hostile"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> dict[Lang, Path]:
    """A report on disk, by language."""
    added = HOSTILE if request.param == "hostile" else ""
    return write(make_result(lambda text: text + added), tmp_path)


def write(result: DryRun, folder: Path) -> dict[Lang, Path]:
    """The report of `result`, by language."""
    pages: dict[Lang, Path] = {}
    for lang in LANGS:
        pages[lang] = folder / f"report.{lang}.html"
        pages[lang].write_text(render_html(result, lang), encoding="utf-8")
    return pages


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_it_opens_from_disk_draws_its_charts_and_asks_for_nothing(
    page: Page, report: dict[Lang, Path], lang: Lang, width: str
) -> None:
    page.open(report[lang], width=WIDTHS[width])
    page.run(OPEN)

    assert page.problems == []
    assert page.requests == [report[lang].resolve().as_uri()]
    ids = page.run("[...document.querySelectorAll('main > section')].map(node => node.id)")
    assert ids == list(SECTIONS)
    assert page.run("document.documentElement.lang") == lang
    drawn: list[dict[str, Any]] = page.run(
        """[...document.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).map(node => {
            const box = node.getBoundingClientRect();
            const marks = [...node.querySelectorAll('rect, path')].map(mark => {
                const inner = mark.getBoundingClientRect();
                return inner.width > 0 || inner.height > 0;
            });
            return {name: node.getAttribute('class'), width: box.width, height: box.height,
                    marks: marks.filter(Boolean).length};
        })"""
    )
    names = [svg["name"] for svg in drawn]
    assert names.count("wide") == (width == "desktop")
    assert names.count("narrow") == (width == "phone")
    assert ("bar" in names) == (width == "desktop")
    assert [svg for svg in drawn if min(svg["width"], svg["height"], svg["marks"]) <= 0] == []
    assert page.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.run("getComputedStyle(document.body).maxWidth") == "1120px"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_flow_leaves_its_box(
    page: Page, report: dict[Lang, Path], width: str
) -> None:
    page.open(report["fr"], width=WIDTHS[width])

    outside = page.run(
        """[...document.querySelectorAll('.flow svg g')].filter(node => node.checkVisibility())
            .flatMap(group => {
                const box = group.querySelector('rect').getBoundingClientRect();
                return [...group.querySelectorAll('text, rect.square')].filter(node => {
                    const inner = node.getBoundingClientRect();
                    return inner.right > box.right || inner.bottom > box.bottom;
                }).map(node => node.textContent);
            })"""
    )
    assert outside == []


@pytest.mark.parametrize(
    ("lang", "width", "dark"),
    [
        ("en", "desktop", False),
        ("en", "phone", True),
        ("fr", "desktop", True),
        ("fr", "phone", False),
    ],
)
def test_axe_finds_no_serious_violation(
    page: Page, report: dict[Lang, Path], axe: str, lang: Lang, width: str, dark: bool
) -> None:
    page.open(report[lang], width=WIDTHS[width], dark=dark)
    page.run(OPEN)

    assert serious_violations(page, axe) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["made", "dsn-droits", "evaluation-cpf", "prestataires-inscriptions"]
)
def test_nothing_is_cut_stands_beyond_its_place_or_breaks_inside_a_word(
    page: Page, tmp_path: Path, name: str, width: str
) -> None:
    result = make_result() if name == "made" else result_of(name)[1]
    for path in write(result, tmp_path).values():
        page.open(path, width=WIDTHS[width])
        page.run(OPEN)
        assert page.run(MEASURE) == []


def test_nothing_leaves_the_page_whatever_the_names(page: Page, report: dict[Lang, Path]) -> None:
    for width in WIDTHS.values():
        page.open(report["fr"], width=width)
        page.run(OPEN)
        assert [text for text in page.run(MEASURE) if text.startswith(("beyond", "cut"))] == []


@pytest.mark.parametrize("lang", LANGS)
def test_the_summary_is_one_screen_and_one_page(page: Page, tmp_path: Path, lang: Lang) -> None:
    bottom = "document.querySelector('#summary').getBoundingClientRect().bottom + scrollY"
    heights, printed = {}, {}
    for name in POLICIES if lang == "fr" else POLICIES[::5]:
        path = tmp_path / f"{name}.html"
        whole = render_html(busy(result_of(name)[1]), lang)
        # What stands behind the summary is nothing to its height, and most of the work.
        path.write_text(whole.partition('<section id="records"')[0], encoding="utf-8")
        page.open(path, width=1280, height=800)
        heights[name] = page.run(bottom)
        page.ask("Emulation.setEmulatedMedia", media="print")
        page.resize(A4_PIXELS[0])
        printed[name] = page.run(bottom)
        page.ask("Emulation.setEmulatedMedia", media="")

    assert {name: height for name, height in heights.items() if height > 800} == {}
    assert {name: height for name, height in printed.items() if height > A4_PIXELS[1]} == {}


def busy(result: DryRun) -> DryRun:
    """`result` with what a bad feed adds to its findings."""
    made = make_result()
    names = ("counts", "drift", "marks", "anomalies", "sample")
    return result.model_copy(update={name: getattr(made, name) for name in names})


def test_the_keyboard_reaches_the_report_and_what_is_folded(
    page: Page, report: dict[Lang, Path]
) -> None:
    page.open(report["en"])

    def press(key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            page.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    press("Tab", 9)
    assert page.run("document.activeElement.className") == "skip"
    assert page.run("document.activeElement.getBoundingClientRect().left") > 0
    press("Enter", 13)
    assert page.run("location.hash") == "#main"
    page.run("document.querySelector('#fields summary').focus()")
    press("Enter", 13)
    assert page.run("document.querySelector('#fields details').open")


def test_it_prints_with_nothing_folded_and_nothing_cut(
    page: Page, report: dict[Lang, Path]
) -> None:
    page.open(report["en"])
    folded = page.run("document.querySelectorAll('#annex details:not([open]) table').length")
    page.ask("Emulation.setEmulatedMedia", media="print")

    assert folded > 0
    assert page.run("document.querySelector('#annex details table').checkVisibility()")
    assert page.run("document.querySelector('nav').checkVisibility()") is False
    assert [text for text in page.run(MEASURE) if text.startswith(("beyond", "cut"))] == []
    printed = page.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    page.ask("Emulation.setEmulatedMedia", media="")
    assert len(printed["data"]) > 50_000
