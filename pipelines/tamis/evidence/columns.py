"""Columns that hold NIRs by all signs, judged over a whole run, and left in what it released.

column `nom`: 300 released values are numbers like NIRs: of 300 different ones looked at 297 have a
month from 01 to 12, 3 the right key
"""

from collections.abc import Mapping

from tamis.errors import RefusedError
from tamis.filter.gate.columns import ColumnSketch
from tamis.filter.tally import Tally
from tamis.language import _

_CHANCE = "chance-hits:"
_LEAKING = "nir-column:"


def leaking_columns(sketches: Mapping[str, ColumnSketch]) -> dict[str, int]:
    """By path, how many released values are left in columns that chance does not explain.

    Example:
        >>> from tamis.filter.gate.columns import Number
        >>> nirs = [Number(1550875999991 + 10**8 * month, "") for month in range(5)]
        >>> leaking_columns({"nom": ColumnSketch.of(nirs)})
        {}
    """
    counts = {}
    for path, sketch in sorted(sketches.items()):
        if sketch.left and (evidence := sketch.evidence):
            counts[path] = sketch.left if evidence == "bodies" else sketch.left_keyed
    return {path: count for path, count in counts.items() if count}


def describe_columns(sketches: Mapping[str, ColumnSketch]) -> str:
    """What chance does not explain, column by column, and what to declare; empty if nothing."""
    told = [
        _(
            "column `{column}`: {values} released values are numbers like NIRs: of {distinct} "
            "different ones looked at {born} have a month from 01 to 12, {keyed} the right key",
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
    advice = _(
        "a field with NIRs says `identifier: nir`; one with other numbers "
        "`not_nir: {because: …, pattern: …}`"
    )
    return "; ".join([*told, advice])


def refuse_columns(sketches: Mapping[str, ColumnSketch]) -> None:
    """Let a run pass in which chance explains every column.

    Raises:
        RefusedError: it does not; nothing may be committed.

    Legal source:
        Code du travail, art. R. 6323-37, III.
    """
    if found := describe_columns(sketches):
        raise RefusedError(_("nothing is committed: {found}", found=found))


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
        'if the numbers of `reference` are no NIRs, its field says `not_nir: <what they are>`'
        >>> advise("dsn-envoi-totals-differ")
    """
    if anomaly.startswith(_LEAKING):
        return _(
            "NIRs by all signs: a run commits nothing until `{column}` says `identifier: nir`, or "
            "`not_nir: {{because: …, pattern: …}}`",
            column=anomaly.removeprefix(_LEAKING),
        )
    if not anomaly.startswith(_CHANCE):
        return None
    column = anomaly.removeprefix(_CHANCE)
    return _(
        "if the numbers of `{column}` are no NIRs, its field says `not_nir: <what they are>`",
        column=column,
    )


def stops(anomaly: str) -> bool:
    """Whether a run with this anomaly commits nothing.

    Example:
        >>> stops("nir-column:nom"), stops("chance-hits:reference")
        (True, False)
    """
    return anomaly.startswith(_LEAKING)
