"""Papers as one HTML page, to read and print: no script, no asset, no network."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from tamis.dry_run.html.markup import code, visible
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
    style = (files("tamis.dry_run.html") / "templates" / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = (
        _environment()
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
            style=Markup(style),  # noqa: S704  A file of this package.
            security=f"default-src 'none'; style-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'",
        )
    )
    return visible(page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "code": code,
        "parts": lambda text: code_parts(typeset(text)),
        "plain": lambda text: typeset(text).replace("`", ""),
        "show": show_sources,
        "markdown": _to_markup,
        "lines": lambda count: ngettext("{count} line", "{count} lines", count),
    }
    return environment


def _to_markup(text: str) -> Markup:
    """What somebody wrote by hand: paragraphs, lists, emphasis and links; no HTML, no image."""
    reader = MarkdownIt("commonmark", {"html": False}).disable(["image", "heading", "lheading"])
    return Markup(reader.render(text))  # noqa: S704  It escapes all but its own marks.
