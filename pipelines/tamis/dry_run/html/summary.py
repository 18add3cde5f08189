"""At a glance: what would become of the records, and what to look at first."""

from collections.abc import Iterator

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import PASSING, note, section
from tamis.dry_run.html.speech import Speech
from tamis.dry_run.result import DryRun
from tamis.evidence.receipt import Counts

DISPOSITIONS = ("released", "withheld", "quarantined")


def dispositions(counts: Counts) -> dict[str, int]:
    """Records by disposition."""
    return {kind: getattr(counts, kind) for kind in DISPOSITIONS}


def summary_section(say: Speech, result: DryRun) -> Markup:
    """Four figures, the caveat, and what stands out."""
    counts = result.counts
    figures = [
        tag(
            "div",
            tag("dt", say.term("in")),
            tag("dd", tag("b", say.number(counts.in_)), tag("span", _sample(say, result))),
            class_="figure in",
        )
    ]
    for kind, size in dispositions(counts).items():
        figures.append(
            tag(
                "div",
                tag("dt", say.term(kind)),
                tag("dd", tag("b", say.number(size)), tag("span", say.share(size, counts.in_))),
                class_=f"figure {kind}",
            )
        )
    findings = list(_findings(say, result))
    first = (
        tag("ul", (tag("li", finding) for finding in findings), class_="findings")
        if findings
        else tag("p", say("nothing-stands-out"))
    )
    return section(
        say,
        "summary",
        tag("dl", figures, class_="figures-row"),
        note("calm", "i", tag("p", tag("strong", say("caveat"))), tag("p", say("caveat-more"))),
        tag("h3", say("look-first")),
        first,
    )


def _sample(say: Speech, result: DryRun) -> Markup:
    """Whether all was read, in a few words."""
    return say("sample-all" if result.sample.complete else "sample-part")


def _findings(say: Speech, result: DryRun) -> Iterator[Markup]:
    counts = result.counts
    if not result.sample.complete:
        yield _finding(say, "look", "inputs", say("find-sample"))
    if not result.releases or not counts.released:
        yield _finding(say, "look", "records", say("find-nothing-released"))
    if counts.quarantined:
        records = say.count(counts.quarantined, "record")
        yield _finding(say, "look", "records", say("find-quarantine", records=records))
    if result.anomalies:
        yield _finding(say, "look", "records", say("find-anomalies"))
    yield from _fields(say, result)
    if result.profile is not None and result.profile.undeclared:
        columns = say.count(len(result.profile.undeclared), "column")
        yield _finding(say, "stop", "inputs", say("find-undeclared", columns=columns))
    if result.drift.any:
        drift = result.drift
        yield _finding(
            say,
            "look",
            "inputs",
            say(
                "find-drift",
                unknown=say.number(len(drift.unknown)),
                missing=say.number(len(drift.missing)),
                retyped=say.number(len(drift.retyped)),
            ),
        )
    yield from _ground(say, result)


def _fields(say: Speech, result: DryRun) -> Iterator[Markup]:
    sensitive = sorted(
        {
            path
            for release in result.releases.values()
            for path, field in release.fields.items()
            if field.sensitive and field.fate in PASSING
        }
    )
    if sensitive:
        fields: Node = join(*(join(code(path), " ") for path in sensitive))
        yield _finding(say, "look", "fields", say("find-sensitive", fields=fields))
    for name, risk in result.risk.items():
        if risk.unique != 0:
            yield _finding(
                say,
                "look",
                "risk",
                say("find-unique", records=say.number(risk.unique), release=code(name)),
            )


def _ground(say: Speech, result: DryRun) -> Iterator[Markup]:
    marks = {row.attested for row in result.unattested}
    if "example" in marks:
        yield _finding(say, "stop", "ground", say("find-example"))
    if marks - {"example"}:
        yield _finding(say, "look", "ground", say("find-unattested"))
    if any(release.purposes_link == "inferred" for release in result.releases.values()):
        yield _finding(say, "look", "ground", say("find-inferred"))
    absent = any(release.nir == "absent" for release in result.releases.values())
    carries = result.processing.carries_nir
    if carries == "unknown" or (carries is True and absent):
        key = "find-partner-unknown" if carries == "unknown" else "find-partner-carries"
        yield _finding(say, "look", "ground", say(key, partner=code(result.processing.slug)))
    if result.replay:
        yield _finding(say, "look", "ground", say("find-replay", day=say.day(result.day)))
    if result.valid_until:
        yield _finding(say, "look", "ground", say("find-until", day=say.day(result.valid_until)))


def _finding(say: Speech, kind: str, where: str, words: Markup) -> Markup:
    link = tag("a", say("see", section=say(f"{where}-short")), href=f"#{where}")
    mark = tag("span", say(f"mark-{kind}"), class_=f"mark {kind}")
    return join(mark, " ", words, " ", link)
