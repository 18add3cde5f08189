"""Columns that hold NIRs by all signs, judged over a whole run, and left in what it released.

column `nom`: 300 released values are numbers like NIRs: of 300 different ones looked at 297 have a
month from 01 to 12, 3 the right key (13 digits, built like sex, year, month and place of birth)
"""

from collections.abc import Mapping

from tamis.errors import NirColumnError
from tamis.filter.gate.columns import ColumnSketch, Evidence
from tamis.filter.tally import Tally
from tamis.language import _

_CHANCE = "chance-hits:"
_LEAKING = "nir-column:"
_REPLACING = "dsn-replacements-without-individu"


def leaking_columns(sketches: Mapping[str, ColumnSketch]) -> dict[str, int]:
    """By path, how many released values are left in columns that chance does not explain.

    Example:
        >>> leaking_columns({"nom": ColumnSketch(left=5)})
        {}
    """
    counts = {}
    for path, sketch in sorted(sketches.items()):
        if sketch.left and (evidence := sketch.evidence):
            bodies = any(kind == "bodies" for kind, _shift in evidence)
            counts[path] = sketch.left if bodies else sketch.left_keyed
    return {path: count for path, count in counts.items() if count}


def describe_columns(sketches: Mapping[str, ColumnSketch]) -> str:
    """What chance does not explain, column by column, and what to declare; empty if nothing."""
    told = [
        _(
            "column `{column}`: {values:# released value is a number like a "
            "NIR|# released values are numbers like NIRs}: of {distinct:# "
            "different one|# different ones} looked at {born} have a month from"
            " 01 to 12, {keyed} the right key ({shape})",
            shape=_shape(sketches[path].evidence[0]),
            column=path,
            values=count,
            distinct=len(sketches[path].seen),
            born=sketches[path].born,
            keyed=sketches[path].keyed,
        )
        for path, count in leaking_columns(sketches).items()
    ]
    if not told:
        return ""
    return _("; ").join([*told, _advice()])


def _shape(evidence: Evidence) -> str:
    """What the numbers look like, in words."""
    if evidence.kind == "bodies":
        return _("13 digits, built like sex, year, month and place of birth")
    if not evidence.shift:
        return _("15 digits, the last two of which are the key")
    if evidence.shift > 0:
        return _("15 digits with their key, behind {count:# other|# others}", count=evidence.shift)
    return _("15 digits with their key, before {count:# other|# others}", count=-3 - evidence.shift)


def _advice() -> str:
    return _(
        "if they are NIRs, the field says `identifier: nir`, and the NIR is stripped or "
        "pseudonymized; if they are other numbers, it says what they look like, which is tested on "
        "every value: `not_nir: {because: …, pattern: REGEX}`, or `check: luhn` or `check: iban` "
        "in place of the pattern"
    )


def refuse_columns(sketches: Mapping[str, ColumnSketch]) -> None:
    """Let a run pass in which chance explains every column.

    Raises:
        NirColumnError: it does not; nothing may be committed.

    Legal source:
        Code du travail, art. R. 6323-37, III.
    """
    if found := describe_columns(sketches):
        raise NirColumnError(_("nothing is committed: {found}", found=found))


def column_anomalies(tally: Tally) -> dict[str, int]:
    """What is odd about columns, as a receipt counts it: hits by chance, and NIRs that are left."""
    counts = {
        f"{_CHANCE}{column}": hits for column, (hits, _values) in sorted(tally.chance.items())
    }
    left = leaking_columns(tally.sketches)
    return counts | {f"{_LEAKING}{path}": values for path, values in left.items()}


def advise(anomaly: str) -> str | None:
    """What to do about an anomaly of a receipt, where there is something to do in the documents.

    Example:
        >>> advise("chance-hits:reference")
        'if the numbers of `reference` are no NIRs, its field says `not_nir: …`'
        >>> advise("dsn-envoi-totals-differ")
    """
    if anomaly.startswith(_LEAKING):
        return _(
            "the numbers of `{column}` are NIRs by all signs, and a run commits nothing: {advice}",
            column=anomaly.removeprefix(_LEAKING),
            advice=_advice(),
        )
    if anomaly == "limited-without-identifier":
        return _("whether they are of limited persons is not known, and they are released")
    if anomaly == "limited-list-not-asked":
        return _(
            "records of limited persons count as if they were not: give the keyring of the list by "
            "--keys"
        )
    if anomaly == _REPLACING:
        return _(
            "what they take back is looked for in the store by employer, month and fraction "
            "(`tamis help stores`)"
        )
    if not anomaly.startswith(_CHANCE):
        return None
    column = anomaly.removeprefix(_CHANCE)
    return _(
        "if the numbers of `{column}` are no NIRs, its field says `not_nir: …`",
        column=column,
    )


def stops(anomaly: str) -> bool:
    """Whether a run with this anomaly commits nothing.

    Example:
        >>> stops("nir-column:nom"), stops("chance-hits:reference")
        (True, False)
    """
    return anomaly.startswith(_LEAKING)
