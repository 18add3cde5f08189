"""What the flow stands on: the law's texts with their versions, the register, the releases."""

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import Column, labelled, section, table, wide
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.result import DryRelease, DryRun


def ground_section(say: Speech, result: DryRun) -> Markup:
    """Texts, permissions, register entries."""
    until = (
        tag("p", say("valid-until", day=tag("strong", say.day(result.valid_until))))
        if result.valid_until
        else tag("p", say("valid-open"))
    )
    carries = result.processing.carries_nir
    key = {True: "partner-carries", False: "partner-without", "unknown": "partner-unknown"}[carries]
    return section(
        say,
        "ground",
        tag("p", say("on-day", day=tag("strong", say.day(result.day)))),
        until,
        _texts(say, result),
        tag("h3", say("permissions-title")),
        tag("p", say("permissions-lead")),
        *(_permission(say, name, release) for name, release in result.releases.items()),
        tag("h3", say("register-title")),
        tag("p", say("register-lead")),
        _register(say, result),
        tag("p", say(key, partner=code(result.processing.slug))),
    )


def _texts(say: Speech, result: DryRun) -> Markup:
    columns = [wide(say("article")), Column(say("version")), Column(say("in-force"))]
    rows: list[tuple[Node, ...]] = [
        (
            tag("span", labelled(cite(article), text.amended_by), lang="fr"),
            code(text.id),
            labelled(
                say("from-day", day=say.day(text.from_)),
                say("until-day", day=say.day(text.until)) if text.until else say("no-end"),
            ),
        )
        for article, text in result.texts.items()
    ]
    return table(say("texts-caption", day=say.day(result.day)), columns, rows, class_="texts")


def _permission(say: Speech, name: str, release: DryRelease) -> Markup:
    inferred = release.purposes_link == "inferred"
    return tag(
        "div",
        tag("h4", say("permission", release=code(name))),
        tag(
            "dl",
            _pair(
                say("item"),
                tag("b", cite(release.item), lang="fr"),
                _quote(release.item_subject),
                tag("p", say("nir-absent" if release.nir == "absent" else "nir-carried")),
            ),
            _pair(
                say("purpose"),
                tag("b", cite(release.purpose), lang="fr"),
                _quote(release.purpose_subject),
                tag("p", say("link-inferred" if inferred else "link-read")),
            ),
        ),
        class_="permission",
    )


def _register(say: Speech, result: DryRun) -> Markup:
    if not result.register_:
        return tag("p", say("no-register"))
    columns = [Column(say("release")), wide(say("processing")), wide(say("stands-on"))]
    rows: list[tuple[Node, ...]] = [
        (
            labelled(code(entry.release), tag("span", cite(entry.item), lang="fr")),
            labelled(tag("span", entry.name, lang="fr", dir="auto"), code(entry.processing)),
            labelled(
                join(
                    tag(
                        "span",
                        say(f"attested-{entry.attested}"),
                        class_=f"attested {entry.attested}",
                    ),
                    " ",
                    say(f"attested-{entry.attested}-means"),
                ),
                tag("span", entry.source, lang="fr", dir="auto") if entry.source else None,
                tag("span", entry.note, dir="auto") if entry.note else None,
            ),
        )
        for entry in result.register_
    ]
    return table(say("register-caption"), columns, rows)


def _pair(label: Node, *content: Node) -> Markup:
    return tag("div", tag("dt", label), tag("dd", *content))


def _quote(words: str) -> Markup | None:
    return tag("blockquote", tag("p", words), lang="fr", dir="auto") if words else None
