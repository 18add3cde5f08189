"""What a receipt counts, in words: why records are quarantined, and why they are withheld.

type: `montant` is no decimal128(12, 2): 10000, first at feed.csv row 1
dispositif not in CPF, DIFEL (evaluation): 421
"""

from tamis.documents.types import kind_of
from tamis.evidence.receipt import CausePart, Receipt
from tamis.filter.tally import OTHER
from tamis.language import _

_MESSAGES = ("kafka://", "pubsub://")


def describe_cause(cause: CausePart) -> str:
    """Why records are quarantined, in words.

    Example:
        >>> cause = {"reason": "type", "field": "age", "rule": "int32"}
        >>> describe_cause(CausePart(**cause, records=2, source="feed.csv", position=1))
        'type: `age` is no int32'
    """
    return f"{cause.reason}: {_describe(cause)}"


def _describe(cause: CausePart) -> str:
    field, rule = cause.field, cause.rule
    if rule == OTHER:
        return _("other fields and rules")
    if not field:
        return rule
    is_type = kind_of(rule) is not None or rule in ("list", "struct")
    if cause.reason == "type" and is_type:
        return _("`{field}` is no {type}", field=field, type=rule)
    if cause.reason == "unreadable" and is_type:
        return _("`{field}` is no text in the schema's encoding", field=field)
    if cause.reason == "null":
        return _("`{field}` is null", field=field)
    if cause.reason == "nir-key":
        return _("the key of `{field}` is wrong", field=field)
    if cause.reason == "on-nir":
        return _("`{field}` holds a NIR", field=field)
    if cause.reason == "nir-leak" and rule == "gate":
        return _("`{field}` still looks like a NIR after treatment", field=field)
    return f"`{field}`: {rule}"


def describe_first(cause: CausePart) -> str:
    """Where the first record of a cause stands.

    Example:
        >>> cause = {"reason": "type", "field": "age", "rule": "int32"}
        >>> describe_first(CausePart(**cause, records=2, source="feed.csv", position=1))
        'feed.csv row 1'
    """
    if cause.source.startswith(_MESSAGES):
        return _("{source} message {position}", source=cause.source, position=cause.position)
    return _("{source} row {position}", source=cause.source, position=cause.position)


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


def withheld_lines(receipt: Receipt) -> list[str]:
    """One line a condition that withheld records do not meet, with its release and count."""
    return [
        f"{unmet.condition} ({unmet.release}): {unmet.records}"
        for unmet in receipt.conditions_not_met or ()
    ]
