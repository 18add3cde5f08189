"""The page: `templates/page.html` filled with a dry run's result and the words of a language.

Templates escape every text that they are filled with; the hidden characters that are left in the
finished page are spelled out, so that no filter and no macro can let one pass.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tamis.dry_run.html.flow import FATES, PASSING, STOPPING, draw_flow
from tamis.dry_run.html.markup import code, visible
from tamis.dry_run.html.speech import Lang, Speech, cite
from tamis.dry_run.models import MARK_CONDITIONS, Count, FewOrCount
from tamis.dry_run.result import DryField, DryRelease, DryRun, ShapeField

SECTIONS = (
    "summary",
    "flow",
    "records",
    "fields",
    "record",
    "risk",
    "ground",
    "inputs",
    "against",
    "glossary",
    "sign",
)
"""Ids of the sections, each a template; `against` is there where another project was compared."""


def render_html(result: DryRun, lang: Lang = "en") -> str:
    """One page that holds all of `result`, for a browser without network or script.

    Args:
        result: of a dry run.
        lang: of the page; needs and the law's words stay French.

    Returns:
        A whole HTML document, to be written as UTF-8. Its own policy forbids the browser to load
        or run anything, whatever the names and texts in `result` hold.
    """
    environment = _environment(lang)
    style = (files(__package__) / "templates" / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    counts = result.counts
    page = environment.get_template("page.html").render(
        result=result,
        sections=[name for name in SECTIONS if name != "against" or result.against is not None],
        style=Markup(style),  # noqa: S704  A file of this package.
        security=f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        dispositions={
            "released": counts.released,
            "withheld": counts.withheld,
            "quarantined": counts.quarantined,
        },
        pictures=draw_flow(Speech(lang), result),
        by_path=_by_path(result),
        sensitive=_sensitive(result),
    )
    return visible(page)


@cache
def _environment(lang: Lang) -> Environment:
    """Templates with the words of a language: `say`, and filters that write values in it."""
    say = Speech(lang)
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do"],
    )
    environment.globals |= {
        "say": say,
        "FATES": FATES,
        "PASSING": PASSING,
        "STOPPING": STOPPING,
        "MARK_CONDITIONS": MARK_CONDITIONS,
        "by_reason": _by_reason,
        "by_source": _by_source,
    }
    environment.filters |= {
        "code": code,
        "cite": cite,
        "bound": _bound,
        "number": say.number,
        "count": say.count,
        "share": say.share,
        "size": say.size,
        "day": say.day,
        "treatment": say.treatment,
        "opinion": say.opinion,
        "column": say.column,
    }
    return environment


def _by_path(result: DryRun) -> dict[str, dict[str, DryField]]:
    """What becomes of each field, by its path and by the name of the release."""
    fields: dict[str, dict[str, DryField]] = {}
    for name, release in result.releases.items():
        for path, field in release.fields.items():
            fields.setdefault(path, {})[name] = field
    return fields


def _by_reason(release: DryRelease) -> list[tuple[str, bool, list[str]]]:
    """Each reason, whether it is a need, and the fields' paths; the needs come first."""
    paths: dict[tuple[bool, str], list[str]] = {}
    for path, field in release.fields.items():
        for reason in field.needs or [field.because]:
            paths.setdefault((field.fate in PASSING, reason), []).append(path)
    reasons = [(reason, is_need, paths[is_need, reason]) for is_need, reason in paths]
    return sorted(reasons, key=lambda row: not row[1])


def _by_source(shape: list[ShapeField]) -> tuple[dict[str, ShapeField], list[ShapeField]]:
    """Released fields by the path of the field that they come from, and the tags."""
    fields = {field.source: field for field in shape if field.source is not None}
    return fields, [field for field in shape if field.source is None]


def _sensitive(result: DryRun) -> list[str]:
    """Paths of the sensitive fields that a release carries."""
    return sorted(
        {
            path
            for release in result.releases.values()
            for path, field in release.fields.items()
            if field.sensitive and field.fate in PASSING
        }
    )


def _bound(count: Count | FewOrCount) -> int:
    """What is drawn of a count: of a hidden one, the bound that it tells."""
    return count if isinstance(count, int) else int(count.strip("<>="))
