"""Columns that hold NIRs by all signs, judged over a whole run, and left in what it released.

column `nom`: 300 released values are numbers like NIRs: of 300 different ones looked at 297 have a
month from 01 to 12, 3 the right key
"""

from collections.abc import Mapping

from tamis.errors import RefusedError
from tamis.filter.gate.columns import ColumnSketch
from tamis.language import _


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
