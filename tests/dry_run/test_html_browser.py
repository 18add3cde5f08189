"""The HTML report in a browser: nothing is asked for, all is drawn, axe-core has no complaint."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tamis.dry_run.html import render_html
from tamis.dry_run.html.page import SECTIONS
from tamis.dry_run.html.speech import Lang

from ..services.browser import Page, open_browser, read_axe
from .made import make_result

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": 1280, "phone": 390}
HOSTILE = "</text></svg><script>alert(1)</script>\u202e" + "W" * 600


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return read_axe(tmp_path_factory.mktemp("axe"))


@pytest.fixture(params=["plain", "hostile"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    """A report on disk, by language."""
    added = HOSTILE if request.param == "hostile" else ""
    result = make_result(lambda text: text + added)
    pages: dict[str, Path] = {}
    languages: tuple[Lang, ...] = ("en", "fr")
    for lang in languages:
        pages[lang] = tmp_path / f"report.{lang}.html"
        pages[lang].write_text(render_html(result, lang), encoding="utf-8")
    return pages


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_it_opens_from_disk_draws_its_charts_and_asks_for_nothing(
    page: Page, report: dict[str, Path], lang: str, width: str
) -> None:
    page.open(report[lang], width=WIDTHS[width])

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
    assert names.count("stacked") == 1
    assert names.count("bar") > 8
    assert [svg for svg in drawn if min(svg["width"], svg["height"], svg["marks"]) <= 0] == []
    assert page.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.run("getComputedStyle(document.body).maxWidth") == "1120px"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_flow_leaves_its_box(
    page: Page, report: dict[str, Path], width: str
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
    page: Page, report: dict[str, Path], axe: str, lang: str, width: str, dark: bool
) -> None:
    page.open(report[lang], width=WIDTHS[width], dark=dark)
    page.run("document.querySelectorAll('details').forEach(node => { node.open = true; })")
    page.run(axe + "; true")

    answer = page.run("axe.run(document, {resultTypes: ['violations']}).then(JSON.stringify)")
    results = json.loads(answer)

    assert len(results["passes"]) > 15
    serious = [
        (result["id"], [node["html"][:160] for node in result["nodes"][:3]])
        for result in results["violations"]
        if result["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_the_keyboard_reaches_the_report_and_what_is_folded(
    page: Page, report: dict[str, Path]
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


def test_it_prints_with_nothing_folded_and_nothing_cut(page: Page, report: dict[str, Path]) -> None:
    page.open(report["en"])
    folded = page.run("document.querySelectorAll('#fields details:not([open]) table').length")
    page.ask("Emulation.setEmulatedMedia", media="print")

    assert folded > 0
    assert page.run("document.querySelector('#fields details table').checkVisibility()")
    assert page.run("document.querySelector('nav').checkVisibility()") is False
    printed = page.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    page.ask("Emulation.setEmulatedMedia", media="")
    assert len(printed["data"]) > 50_000
