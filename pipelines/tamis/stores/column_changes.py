"""The `ALTER TABLE` that a table needs to take what a plan releases, as text.

ALTER TABLE "dsn_droits__droits" ADD COLUMN "quotite" numeric(5,2);
ALTER TABLE "dsn_droits__droits" ALTER COLUMN "heures" TYPE bigint;
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["add", "widen", "retype", "drop"]

_SIZES: Final = {"smallint": 5, "integer": 10, "bigint": 19}
"""Integers, with the digits that the largest of each has."""
_NUMERIC: Final = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass(frozen=True)
class ColumnChange:
    """One difference between a table and what a release puts there.

    Attributes:
        column: its name.
        kind: `add`, a column that the table lacks; `widen`, a type that holds all values of the
            former; `retype`, one that does not; `drop`, a column that the release does not have.
        command: the command, with its semicolon. `retype` and `drop` lose values: it is for who
            decided that.
        before, after: the types; empty for none.
    """

    column: str
    kind: Kind
    command: str
    before: str = ""
    after: str = ""

    @property
    def loses_nothing(self) -> bool:
        """Whether the command keeps each value as it is, so that it may be run."""
        return self.kind in ("add", "widen")


def column_changes(
    table: str, actual: Mapping[str, str], wanted: Mapping[str, str]
) -> Iterator[ColumnChange]:
    """What differs between the columns of a table and those that a release has.

    Args:
        table: as SQL has it.
        actual: the type of each column that the table has, as PostgreSQL spells it.
        wanted: the same of each column that the release has.

    Example:
        >>> columns = {"a": "integer"}, {"a": "bigint", "b": "text"}
        >>> for change in column_changes('"t"', *columns):
        ...     print(change.kind, change.command)
        widen ALTER TABLE "t" ALTER COLUMN "a" TYPE bigint;
        add ALTER TABLE "t" ADD COLUMN "b" text;
    """
    for name, kind in wanted.items():
        before = actual.get(name)
        if before is None:
            command = f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind};"
            yield ColumnChange(name, "add", command, after=kind)
        elif before != kind:
            command = f"ALTER TABLE {table} ALTER COLUMN {quoted(name)} TYPE {kind};"
            change: Kind = "widen" if _holds(kind, before) else "retype"
            yield ColumnChange(name, change, command, before, kind)
    for name, kind in actual.items():
        if name not in wanted:
            command = f"ALTER TABLE {table} DROP COLUMN {quoted(name)};"
            yield ColumnChange(name, "drop", command, before=kind)


def quoted(*names: str) -> str:
    """A name of SQL, of its parts.

    Example:
        >>> quoted("public", 'a"b')
        '"public"."a""b"'
    """
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _holds(wide: str, narrow: str) -> bool:
    """Whether the type `wide` holds each value of the type `narrow`, as it is.

    Example:
        >>> _holds("numeric(12,2)", "numeric(9,2)"), _holds("numeric(12,4)", "bigint")
        (True, False)
    """
    if wide in _SIZES and narrow in _SIZES:
        return _SIZES[wide] >= _SIZES[narrow]
    if wide == "text":
        return narrow.startswith("character varying")
    if wide == "double precision":
        return narrow in ("real", "smallint", "integer")
    into, of = _NUMERIC.fullmatch(wide), _NUMERIC.fullmatch(narrow)
    if into is None:
        return False
    digits, scale = int(into[1]), int(into[2])
    if narrow in _SIZES:
        return digits - scale >= _SIZES[narrow]
    return of is not None and scale >= int(of[2]) and digits - scale >= int(of[1]) - int(of[2])
