"""What becomes of the fields: the matrix fields × releases, the reasons, a record's shape."""

from collections.abc import Iterator, Mapping

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import (
    FATES,
    PASSING,
    Column,
    fate_badge,
    folded,
    names,
    section,
    table,
    wide,
)
from tamis.dry_run.html.speech import Speech, cite
from tamis.dry_run.result import DryField, DryRelease, DryRun, ShapeField

_LONG = 60
"""Fields of a record from which its shape is folded."""


def fields_section(say: Speech, result: DryRun) -> Markup:
    """The matrix, the reasons by need, and every detail folded below."""
    if not result.releases:
        return section(say, "fields", tag("p", say("no-release")))
    return section(
        say,
        "fields",
        _legend(say),
        _matrix(say, result),
        tag("h3", say("why-title")),
        *(_reasons(say, name, release) for name, release in result.releases.items()),
        folded(
            say("details-summary"),
            *(_details(say, name, release) for name, release in result.releases.items()),
        ),
    )


def record_section(say: Speech, result: DryRun) -> Markup:
    """A record before and after, as types and masks."""
    return section(
        say,
        "record",
        tag("p", say("mask-key", digit=code("#"), letter=code("x")), class_="hint"),
        *(
            _shape(say, result, name, opened=index == 0 and len(result.shape.before) <= _LONG)
            for index, name in enumerate(result.shape.after)
        ),
    )


def _say_reason(say: Speech, reason: str, *, is_need: bool) -> Markup:
    """A need in French, as the policy has it, or why a field stops."""
    text, ours = (reason, False) if is_need else say.reason(reason)
    return tag("span", text, dir="auto", lang=None if ours or say.lang == "fr" else "fr")


def _legend(say: Speech) -> Markup:
    return tag(
        "ul", (tag("li", fate_badge(say, fate, say.term(fate))) for fate in FATES), class_="legend"
    )


def _matrix(say: Speech, result: DryRun) -> Markup:
    columns = [Column(say("field"), "field")]
    columns += [
        Column(join(code(name), tag("small", f"{cite(release.item)} · {cite(release.purpose)}")))
        for name, release in result.releases.items()
    ]
    rows = []
    for path, fields in _by_path(result).items():
        first = next(iter(fields.values()))
        cells: list[Node] = [join(code(path), _marks(say, first))]
        for name in result.releases:
            field = fields.get(name)
            if field is None:
                cells.append("–")
                continue
            title = say.reason(field.because)[0]
            badge = fate_badge(say, field.fate, say.treatment(field.treatment), title=title)
            unread = tag("small", "(", say("not-read"), ")") if not field.read else None
            cells.append(tag("span", badge, " ", unread, class_="cell"))
        rows.append(cells)
    return table(
        say("matrix-caption", fields=say.count(len(rows), "field")), columns, rows, class_="matrix"
    )


def _marks(say: Speech, field: DryField) -> Markup:
    marks = []
    if field.identifier:
        marks.append(say("mark-identifier", names=", ".join(field.identifier)))
    if field.free_text:
        marks.append(say.term("free-text"))
    if field.quasi_identifier:
        marks.append(say.term("quasi-identifier"))
    if field.sensitive:
        marks.append(say("mark-sensitive", why=tag("span", field.sensitive, lang="fr")))
    if not marks:
        return join(None)
    return tag("span", *(join(tag("small", mark), " ") for mark in marks), class_="marks")


def _by_path(result: DryRun) -> dict[str, dict[str, DryField]]:
    paths: dict[str, dict[str, DryField]] = {}
    for name, release in result.releases.items():
        for path, field in release.fields.items():
            paths.setdefault(path, {})[name] = field
    return paths


def _reasons(say: Speech, name: str, release: DryRelease) -> Markup:
    """Each reason with its fields: the needs first, then why the others stop."""
    grouped: dict[tuple[bool, str], list[str]] = {}
    for path, field in release.fields.items():
        for reason in field.needs or [field.because]:
            grouped.setdefault((field.fate not in PASSING, reason), []).append(path)
    columns = [wide(say("why")), wide(say("fields"))]
    rows: list[tuple[Node, ...]] = [
        (
            _say_reason(say, reason, is_need=not stops),
            tag(
                "ul",
                (
                    tag("li", fate_badge(say, release.fields[path].fate, code(path)))
                    for path in paths
                ),
                class_="names",
            ),
        )
        for (stops, reason), paths in sorted(grouped.items(), key=lambda pair: pair[0][0])
    ]
    caption = say("why-caption", release=code(name))
    label = say.plain("why-caption", release=name)
    return table(caption, columns, rows, label=label, class_="reasons")


def _details(say: Speech, name: str, release: DryRelease) -> Markup:
    keys = ("field", "fate", "type-in", "name-out", "type-out", "categories", "place")
    columns = [Column(say(key)) for key in keys]
    rows = [
        (
            code(path),
            say.treatment(field.treatment),
            code(field.type.in_),
            code(field.out) if field.out else "–",
            code(field.type.out) if field.type.out else "–",
            names(field.category) if field.category else "–",
            code(field.place),
        )
        for path, field in release.fields.items()
    ]
    caption = say("details-caption", release=code(name))
    label = say.plain("details-caption", release=name)
    return table(caption, columns, rows, label=label, class_="details")


def _shape(say: Speech, result: DryRun, name: str, *, opened: bool) -> Markup:
    release = result.releases.get(name)
    after = {leaf.source: leaf for leaf in result.shape.after[name] if leaf.source is not None}
    columns = [Column(say("before")), Column(say("fate")), Column(say("after"))]
    rows = list(_shape_rows(say, result.shape.before, after, release.fields if release else {}))
    tags = [leaf for leaf in result.shape.after[name] if leaf.source is None]
    rows += [
        (
            tag("span", say("tag-before"), class_="gone"),
            tag("span", say("tag-added"), class_="fate tag"),
            _leaf(leaf),
        )
        for leaf in tags
    ]
    caption = say("shape-caption", release=code(name))
    grid = table(
        caption, columns, rows, label=say.plain("shape-caption", release=name), class_="shape"
    )
    before, left = len(result.shape.before), len(after)
    summary = say(
        "shape-summary",
        release=code(name),
        before=say.count(before, "field"),
        after=say.number(left),
        tags=say.count(len(tags), "tag"),
    )
    return folded(summary, grid, opened=opened)


def _shape_rows(
    say: Speech,
    before: list[ShapeField],
    after: Mapping[str, ShapeField],
    fields: Mapping[str, DryField],
) -> Iterator[tuple[Node, ...]]:
    for leaf in before:
        path = leaf.path.replace("[]", "")
        field, left = fields.get(path), after.get(path)
        fate = field.fate if field else "dropped" if left is None else "kept"
        gone = tag("span", say("nothing-left" if leaf.read else "nothing-read"), class_="gone")
        yield (_leaf(leaf), fate_badge(say, fate), _leaf(left) if left else gone)


def _leaf(field: ShapeField) -> Markup:
    return tag(
        "span",
        code(field.path),
        tag("span", field.mask, class_="mask", dir="auto"),
        tag("small", field.type),
        class_="leaf",
    )
