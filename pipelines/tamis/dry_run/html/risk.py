"""How few people share what is released: groups of one combination of quasi-identifiers."""

from tamis.dry_run.html.markup import Markup, Node, code, join, tag
from tamis.dry_run.html.parts import Column, bar, chart_column, figures, names, section, table
from tamis.dry_run.html.speech import Speech
from tamis.dry_run.models import Count, Risk
from tamis.dry_run.result import DryRun


def risk_section(say: Speech, result: DryRun) -> Markup:
    """The figures of each release, small ones hidden."""
    without = [name for name in result.releases if name not in result.risk]
    return section(
        say,
        "risk",
        *(_risk(say, name, risk) for name, risk in result.risk.items()),
        tag("p", say("risk-none", releases=names(without))) if without else None,
        tag("p", say("risk-limits"), class_="hint"),
    )


def _risk(say: Speech, name: str, risk: Risk) -> Markup:
    share = (
        join(" (", say.share(round(risk.unique_share * 10_000), 10_000), ")")
        if risk.unique_share is not None
        else None
    )
    about = None if risk.complete else join(" ", say("estimate"))
    smallest = "–" if risk.smallest is None else say.number(risk.smallest)
    listed: list[tuple[Node, Node]] = [
        (say("risk-fields"), names(risk.fields)),
        (say("risk-records"), say.number(risk.records)),
        (say.term("combinations"), join(say.number(risk.combinations), about)),
        (say.term("unique"), join(tag("b", say.number(risk.unique)), share, about)),
        (say.term("smallest"), tag("b", smallest)),
        (say.term("sampled"), _sampled(say, risk)),
    ]
    return tag(
        "div",
        tag("h3", say("risk-of", release=code(name))),
        tag(
            "dl",
            (tag("div", tag("dt", label), tag("dd", value)) for label, value in listed),
            class_="facts",
        ),
        _sizes(say, name, risk),
        class_="risk",
    )


def _sampled(say: Speech, risk: Risk) -> Markup:
    key = "sampled-all" if risk.complete else "sampled-part"
    return say(key, combinations=say.number(risk.sampled))


def _sizes(say: Speech, name: str, risk: Risk) -> Markup:
    columns = [Column(say("group-size")), figures(say("combinations")), chart_column(say)]
    most = max((_least(size.combinations) for size in risk.sizes), default=0)
    rows: list[tuple[Node, ...]] = []
    for group in risk.sizes:
        if group.most is None:
            size = say("size-more", least=say.number(group.least))
        elif group.least == group.most:
            size = say("size-one", size=say.count(group.least, "record"))
        else:
            size = say("size-between", least=say.number(group.least), most=say.number(group.most))
        hidden = isinstance(group.combinations, str)
        rows.append(
            (
                size,
                say.number(group.combinations),
                bar(_least(group.combinations), most, "hidden" if hidden else "risk"),
            )
        )
    return table(
        say("sizes-caption", release=code(name)),
        columns,
        rows,
        label=say.plain("sizes-caption", release=name),
    )


def _least(count: Count) -> int:
    """What is drawn of a hidden count: the bound that it tells."""
    return count if isinstance(count, int) else 5
