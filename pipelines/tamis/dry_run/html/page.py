"""The page: `templates/page.html` filled with a dry run's result and the words of a language.

Templates escape every text that they are filled with; the hidden characters that are left in the
finished page are spelled out, so that no filter and no macro can let one pass.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import count, product
from string import ascii_uppercase

from jinja2 import Environment
from markupsafe import Markup

from tamis.dry_run.html.findings import find_all
from tamis.dry_run.html.flow import FATES, PASSING, STOPPING, draw_flow
from tamis.dry_run.html.markup import code, environment, style_sheet, visible
from tamis.dry_run.html.speech import NARROW, Lang, Speech, cite
from tamis.dry_run.models import Count, FewOrCount
from tamis.dry_run.result import DryRelease, DryRun
from tamis.dry_run.stated import ConditionPart
from tamis.evidence.causes import UnmetPart

SECTIONS = (
    "summary",
    "records",
    "fields",
    "risk",
    "ground",
    "inputs",
    "against",
    "sign",
    "glossary",
    "annex",
)
"""Ids of the sections, each a template; `against` is there where another project was compared."""

SHOWN_FINDINGS = 5
"""Findings that the summary shows unfolded."""


def render_html(result: DryRun, lang: Lang = "en") -> str:
    """One page that holds all of `result`, for a browser without network or script.

    Args:
        result: of a dry run.
        lang: of the page; needs and the law's words stay French.

    Returns:
        A whole HTML document, to be written as UTF-8. Its own policy forbids the browser to load
        or run anything, whatever the names and texts in `result` hold.
    """
    templates, say = _templates(lang)
    rows = result.register_
    partner = rows[0].name if rows else result.processing.slug
    context = {
        "result": result,
        "partner": partner,
        "title": rows[0].title if rows else "exchange",
        "findings": find_all(say, result),
        "pictures": draw_flow(say, result, partner),
        "letters": dict(
            zip(sorted({part.slug for part in result.categories}), _letters(), strict=False)
        ),
    }
    names = [name for name in SECTIONS if name != "against" or result.against is not None]
    sections: dict[str, Markup] = {}
    for name in names:
        terms = {term for text in sections.values() for term in _TERM.findall(text)}
        text = templates.get_template(f"{name}.html").render(**context, terms=terms)
        sections[name] = Markup(text)  # noqa: S704  Templates escape all that they are filled with.
    page = templates.get_template("page.html").render(
        **context,
        sections=sections,
        **style_sheet(),
    )
    return visible(page.replace("&#39;", "'"))


_TERM = re.compile('href="#g-([a-z0-9-]+)"')
"""A link to the glossary; in texts of documents quotes are escaped."""


@cache
def _templates(lang: Lang) -> tuple[Environment, Speech]:
    """Templates with the words of a language: `say`, and filters that write values in it."""
    say = Speech(lang)
    templates = environment(__package__, keep_trailing_newline=True, extensions=["jinja2.ext.do"])
    templates.globals |= {
        "say": say,
        "FATES": FATES,
        "PASSING": PASSING,
        "SHOWN_FINDINGS": SHOWN_FINDINGS,
        "stopped": _stopped,
        "unmet": _unmet,
    }
    templates.filters |= {
        "code": code,
        "cite": lambda reference: Markup('<span class="cite" lang="fr">{}</span>').format(
            cite(reference)
        ),
        "bound": _bound,
        "file_name": _file_name,
        "number": say.number,
        "count": say.count,
        "share": say.share,
        "size": say.size,
        "day": say.day,
        "period": say.period,
        "treatment": say.treatment,
        "field_type": say.field_type,
        "condition": say.condition,
        "basis": say.basis,
        "cause": say.cause,
        "opinion": say.opinion,
        "column": say.column,
        "ticks": _ticks,
    }
    return templates, say


def _letters() -> Iterator[str]:
    """A to Z, then AA, AB and so on."""
    for width in count(1):
        yield from map("".join, product(ascii_uppercase, repeat=width))


def _stopped(release: DryRelease) -> dict[str, list[str]]:
    """The fields that do not pass, by the reason."""
    paths: dict[str, list[str]] = {}
    for path, field in release.fields.items():
        if field.fate in STOPPING:
            paths.setdefault(field.because, []).append(path)
    return paths


def _unmet(result: DryRun, part: UnmetPart) -> ConditionPart | None:
    """The condition that withheld records do not meet, as the policy has it."""
    release = result.releases.get(part.release)
    tests = release.stated.where if release else []
    return next((test for test in tests if test.unmet == part.condition), None)


def _ticks(text: str) -> Markup:
    """`text` with what stands between backticks as names, and quotation marks that stay with it."""
    text = re.sub(r"(?<=«) | (?=»)", NARROW, text)
    parts = [
        code(part) if at % 2 else Markup.escape(part) for at, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _file_name(uri: str) -> str:
    """The last name of an address; the folders around it are not shown."""
    return uri.rstrip("/").rpartition("/")[2] or uri


def _bound(count: Count | FewOrCount) -> int:
    """What is drawn of a count: of a hidden one, the bound that it tells."""
    return count if isinstance(count, int) else int(count.strip("<>="))
