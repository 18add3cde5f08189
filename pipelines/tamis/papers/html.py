"""Papers as one HTML page, to read and print: no script, no asset, no network."""

from functools import cache

from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from tamis.dry_run.html.markup import code, environment, style_sheet, visible
from tamis.language import _, language_in_use, ngettext
from tamis.papers.by_hand import ByHand
from tamis.papers.markdown import head, lost_places, unfilled
from tamis.papers.paper import Paper
from tamis.papers.typeset import code_parts, show_sources, typeset


def to_html(paper: Paper, by_hand: ByHand) -> str:
    """Return the papers of a policy as one page, in the style of the dry run's report.

    Args:
        paper: the papers.
        by_hand: what was written by hand in the Markdown files.

    Returns:
        A whole HTML document. Its own policy forbids the browser to load or run anything.
    """
    page = (
        _templates()
        .get_template("papers.html")
        .render(
            paper=paper,
            texts=by_hand,
            lost=lost_places(paper, by_hand),
            head=[*head(paper, len(unfilled(paper, by_hand)))],
            say={
                "by_hand": _("written by hand"),
                "skip": _("Skip to the papers"),
                "kicker": _("Tamis · papers"),
                "contents": _("Contents"),
                "blank": _("to be completed"),
                "lost": _("Written by hand, at places that are no more"),
            },
            title=_("Papers of the flow `{policy}`", policy=paper.policy),
            lang=language_in_use(),
            **style_sheet(),
        )
    )
    return visible(page)


@cache
def _templates() -> Environment:
    templates = environment(__package__)
    templates.filters |= {
        "code": code,
        "parts": lambda text: code_parts(typeset(text)),
        "plain": lambda text: typeset(text).replace("`", ""),
        "show": show_sources,
        "markdown": _to_markup,
        "lines": lambda count: ngettext("{count} line", "{count} lines", count),
    }
    return templates


def _to_markup(text: str) -> Markup:
    """What somebody wrote by hand: paragraphs, lists, emphasis and links; no HTML, no image."""
    reader = MarkdownIt("commonmark", {"html": False}).disable(["image", "heading", "lheading"])
    return Markup(reader.render(text))  # noqa: S704  It escapes all but its own marks.
