"""The page: its frame, and its sections in order."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from tamis.dry_run.html.fields import fields_section, record_section
from tamis.dry_run.html.ground import ground_section
from tamis.dry_run.html.inputs import against_section, inputs_section
from tamis.dry_run.html.markup import Markup, code, tag
from tamis.dry_run.html.parts import section
from tamis.dry_run.html.records import flow_section, records_section
from tamis.dry_run.html.risk import risk_section
from tamis.dry_run.html.speech import Lang, Speech
from tamis.dry_run.html.summary import summary_section
from tamis.dry_run.result import DryRun

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
)
"""Ids of the sections; `against` is there where another project was compared."""


def render_html(result: DryRun, lang: Lang = "en") -> str:
    """One page that holds all of `result`, for a browser without network or script.

    Args:
        result: of a dry run.
        lang: of the page; needs and the law's words stay French.

    Returns:
        A whole HTML document, to be written as UTF-8. Its own policy forbids the browser to load
        or run anything, whatever the names and texts in `result` hold.
    """
    say = Speech(lang)
    shown = [
        summary_section(say, result),
        flow_section(say, result),
        records_section(say, result),
        fields_section(say, result),
        record_section(say, result),
        risk_section(say, result),
        ground_section(say, result),
        inputs_section(say, result),
        against_section(say, result.against) if result.against is not None else None,
        _glossary(say),
    ]
    body = tag(
        "body",
        tag("a", say("skip"), class_="skip", href="#main"),
        _header(say, result),
        _navigation(say, result),
        tag("main", *shown, id="main"),
        _footer(say, result),
    )
    page = tag("html", _head(say, result), body, lang=lang, dir="ltr")
    return f"<!DOCTYPE html>\n{page}\n"


def _head(say: Speech, result: DryRun) -> Markup:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", say.plain("page-title", policy=result.policy, day=say.day(result.day))),
        Markup(f"<style>{style}</style>"),
    )


@cache
def _style() -> str:
    return (files(__package__) / "page.css").read_text(encoding="utf-8")


def _header(say: Speech, result: DryRun) -> Markup:
    into = result.direction == "into-store"
    partner = code(result.processing.slug)
    return tag(
        "header",
        tag("p", say("kicker"), class_="kicker"),
        tag("h1", code(result.policy)),
        tag("p", result.describes, class_="describes", lang="fr", dir="auto")
        if result.describes
        else None,
        tag(
            "p",
            say(
                "subtitle-into" if into else "subtitle-out",
                schema=code(result.schema_),
                partner=partner,
                day=tag("strong", say.day(result.day)),
            ),
        ),
    )


def _navigation(say: Speech, result: DryRun) -> Markup:
    listed = [section for section in SECTIONS if section != "against" or result.against is not None]
    links = (tag("li", tag("a", say(f"{section}-short"), href=f"#{section}")) for section in listed)
    return tag("nav", tag("ul", links), aria_label=say.plain("contents"))


def _glossary(say: Speech) -> Markup:
    entries = []
    for key in say.glossary():
        word, means = say.meaning(key)
        entries.append(tag("div", tag("dt", word, id=f"g-{key}"), tag("dd", means)))
    return section(say, "glossary", tag("dl", entries, class_="glossary"))


def _footer(say: Speech, result: DryRun) -> Markup:
    facts = (
        ("made-by", result.tool),
        ("run-id", result.run),
        ("started", result.started.isoformat(sep=" ", timespec="seconds")),
        ("policy-sha256", result.policy_sha256),
        ("plan-sha256", result.plan_sha256),
    )
    return tag(
        "footer",
        tag("p", say("caveat"), " ", say("not-the-log")),
        tag(
            "dl",
            (tag("div", tag("dt", say(key)), tag("dd", code(value))) for key, value in facts),
            class_="facts",
        ),
    )
