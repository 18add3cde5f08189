"""What a receipt counts, in words: why records are quarantined, and why they are withheld.

type: `montant` is no decimal128(12, 2): 10000, first at feed.csv row 1
dispositif not in CPF, DIFEL (evaluation): 421
"""

from tamis.evidence.causes import CausePart
from tamis.evidence.receipt import Counts, Receipt
from tamis.language import N_, Language, _, ngettext, translate
from tamis.plan.plan import OR_LIMITED, UNMET

_LINES = (".dsn", ".jsonl", ".ndjson")
_MESSAGES = ("kafka://", "pubsub://")


def describe_cause(cause: CausePart) -> str:
    """Why records are quarantined, in words.

    Example:
        >>> cause = {"reason": "type", "field": "age", "rule": "int32"}
        >>> describe_cause(CausePart(**cause, records=2, source="feed.csv", position=1))
        'type: `age` is no int32'
    """
    rule = describe_rule(cause) if cause.kind in ("record", "rule") else cause.rule
    sentence = _(_SENTENCES[cause.kind], field=cause.field, rule=rule)
    return _("{reason}: {why}", reason=cause.reason, why=sentence)


def describe_rule(cause: CausePart, language: Language | None = None) -> str:
    """What was not met, in the language in use or another, without the field's name.

    Example:
        >>> cause = {"reason": "unreadable", "field": "", "rule": "not JSON"}
        >>> describe_rule(CausePart(**cause, records=2, source="a.jsonl", position=1), "fr")
        'n’est pas du JSON'
    """
    return translate(cause.rule.removeprefix(f"`{cause.field}` "), language=language)


_SENTENCES = {
    "others": N_("other fields and rules"),
    "record": "{rule}",
    "rule": N_("`{field}`: {rule}"),
    "type": N_("`{field}` is no {rule}"),
    "encoding": N_("`{field}` is no text in the schema's encoding"),
    "null": N_("`{field}` is null"),
    "malformed": N_("`{field}` is malformed ({rule})"),
    "key": N_("the key of `{field}` is wrong"),
    "nir": N_("`{field}` holds a NIR"),
    "misfit": N_("`{field}` is none of the numbers that its schema declares ({rule})"),
    "leak": N_("`{field}` still looks like a NIR after treatment"),
}


def describe_first(cause: CausePart) -> str:
    """Where the first record of a cause stands.

    Example:
        >>> cause = {"reason": "type", "field": "age", "rule": "int32"}
        >>> describe_first(CausePart(**cause, records=2, source="feed.csv", position=1))
        'feed.csv row 1'
    """
    if cause.source.startswith(_MESSAGES):
        return _("{source} message {position}", source=cause.source, position=cause.position)
    if cause.source.endswith(_LINES):
        return _("{source} line {position}", source=cause.source, position=cause.position)
    return _("{source} row {position}", source=cause.source, position=cause.position)


def counts_line(counts: Counts) -> str:
    """Records by disposition, in a line.

    Example:
        >>> counts_line(Counts(in_=5, released=3, withheld=0, quarantined=2))
        '5 in, 3 released, 0 withheld, 2 quarantined'
    """
    return _(
        "{records} in, {released} released, {withheld} withheld, {quarantined} quarantined",
        records=counts.in_,
        released=counts.released,
        withheld=counts.withheld,
        quarantined=counts.quarantined,
    )


def quarantine_lines(receipt: Receipt) -> list[str]:
    """One line a cause, with its count and first place; of an older receipt one a reason."""
    if receipt.quarantine_causes is None:
        return [f"{reason}: {count}" for reason, count in receipt.quarantine.items()]
    return [
        _(
            "{cause}: {count}, first at {place}",
            cause=describe_cause(cause),
            count=cause.records,
            place=describe_first(cause),
        )
        for cause in receipt.quarantine_causes
    ]


def describe_unmet(condition: str) -> str:
    """Why records are withheld, in the language in use.

    Example:
        >>> describe_unmet("nature not in CPF")
        'nature not in CPF'
    """
    mark = OR_LIMITED.removeprefix("{condition}")
    if condition.endswith(mark):
        return _(OR_LIMITED, condition=translate(condition.removesuffix(mark), *UNMET))
    return translate(condition, *UNMET)


def withheld_lines(receipt: Receipt) -> list[str]:
    """One line a condition that withheld records do not meet, with its release and count."""
    return [
        _(
            "{condition} ({release}): {records}",
            condition=describe_unmet(unmet.condition),
            release=unmet.release,
            records=unmet.records,
        )
        for unmet in receipt.conditions_not_met or ()
    ]


def repeated_lines(receipt: Receipt) -> list[str]:
    """One line an input that another run released before."""
    return [
        _("{input}: released before by run {run}", input=part.uri, run=part.released_before)
        for part in receipt.inputs
        if part.released_before
    ]


def skipped_line(receipt: Receipt) -> str:
    """What was passed over while reading, in a line; empty where that is nothing."""
    if not receipt.skipped:
        return ""
    return ngettext(
        "passed over while reading, as no release needs it: {count} value, named in `skipped`",
        "passed over while reading, as no release needs it: {count} values, named in `skipped`",
        sum(receipt.skipped.values()),
    )
