"""The tables that a plan needs in PostgreSQL: names, columns, comments, constants."""

import hashlib
import re
from dataclasses import dataclass, field

import pyarrow as pa

from tamis.contract.schema import column_comments, release_comment
from tamis.documents.tags import NULLABLE_TAGS
from tamis.errors import UsageError
from tamis.filter.quarantine import QUARANTINE_SCHEMA, STREAM_QUARANTINE_SCHEMA
from tamis.formats.postgres_copy import column_type
from tamis.language import _
from tamis.plan.plan import Plan, PlanRelease
from tamis.plan.schemas import released_schema

RECEIPTS_TABLE = "_tamis_receipts"
REMOVALS_TABLE = "_tamis_removals"
STAGED = "_tamis_staged"
QUARANTINE_TABLE = "_tamis_quarantine"
POSITIONS = "_tamis_positions"
STEPS = "_tamis_steps"
PIECE = "_piece"
"""Column of a staged table: the transaction that wrote the row, by a number made by chance."""

KEY = ("_input", "_position")
"""The key of a row in its run: its input's number, and its position there. Released rows that leave
the store under paragraph III have none: by it tables could be joined."""

MAX_NAME = 63
"""Bytes that PostgreSQL keeps of a name."""

_QUARANTINE_WORDS = {
    "run": "the run that could not judge the record",
    "source": "where the record stands, without credentials",
    "position": "its position there",
    "reason": "why it could not be judged",
    "field": "the field's name, never its value",
    "rule": "the rule",
    "sealed": "the original message, sealed; `tamis unseal` opens it",
}
KEY_WORDS = {
    "_input": "key: number of the input among the run's; technical, no field of the record",
    "_position": "key: position in that input; technical, no field of the record",
}
"""Comments of the key's columns."""

_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Target:
    """A table of the store, and what a run puts there.

    Attributes:
        output: release id, or None for quarantine.
        table: its name.
        comment: of the table.
        run_column: the column that it is partitioned by.
        columns: name, type and comment, without the key.
        constants: columns that are the same in all rows of the run.
        key: columns that say the place of a row; none where it must not leave.
    """

    output: str | None
    table: str
    comment: str
    run_column: str
    columns: tuple[tuple[str, str, str], ...]
    constants: dict[str, str | None] = field(default_factory=dict)
    key: tuple[str, ...] = KEY

    def part(self, run: str) -> str:
        """Name of the run's own table, which becomes a partition."""
        return part_name(self.table, run)

    def is_required(self, column: str) -> bool:
        """Whether a column is the same in all rows of a run, and never null."""
        return column in self.constants and column not in NULLABLE_TAGS

    def sent(self, rows: pa.RecordBatch, *places: pa.Array) -> pa.RecordBatch:
        """What is sent of N rows: what is not constant, and `places` as their key if they have one.

        Args:
            rows: N rows in the schema of the output.
            places: N input numbers or partitions, N positions.
        """
        names = [name for name, _kind, _words in self.columns if name not in self.constants]
        arrays = [*map(rows.column, names), *(places if self.key else ())]
        return pa.RecordBatch.from_arrays(arrays, names=[*names, *self.key])


def targets(plan: Plan, run: str, *, stream: bool = False) -> list[Target]:
    """The tables that a run of `plan` writes to: one a release, and the quarantine's.

    Args:
        plan: what is done.
        run: id of the run or stream.
        stream: whether the quarantine has originals.

    Raises:
        UsageError: a field's name cannot be a column's.
    """
    released = [_target(plan, release, run) for release in plan.releases]
    if len({target.table for target in released}) < len(released):
        raise UsageError(
            _("policy `{policy}`: two releases would have one table", policy=plan.policy)
        )
    return [
        *released,
        Target(
            None,
            QUARANTINE_TABLE,
            "Tamis: records that could not be judged safely; where and why, no "
            "value; a stream's original only sealed",
            "run",
            tuple(
                (field.name, column_type(field.type), _QUARANTINE_WORDS[field.name])
                for field in (STREAM_QUARANTINE_SCHEMA if stream else QUARANTINE_SCHEMA)
            ),
            {"run": run},
        ),
    ]


def table_name(policy: str, release: str) -> str:
    """The table of a release.

    Example:
        >>> table_name("dsn-droits", "R6323-37.I.1")
        'dsn_droits__r6323_37_i_1'
    """
    return _short("__".join(_PLAIN.sub("_", name.lower()) for name in (policy, release)))


def part_name(table: str, run: str) -> str:
    """The table that holds the rows of a run or stream, a partition of `table`."""
    return _short(f"{table}__{run}", always=True)


def _short(name: str, always: bool = False) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    if always:
        return f"{name.rpartition('__')[0][: MAX_NAME - 14]}__{digest}"
    return name if len(name) <= 48 else f"{name[:35]}_{digest}"


def _target(plan: Plan, release: PlanRelease, run: str) -> Target:
    comments = column_comments(plan, release)
    columns = []
    for field_ in released_schema(plan, release):
        name = field_.name
        if name in (*KEY, PIECE) or len(name.encode()) > MAX_NAME:
            raise UsageError(
                _("field {field}: cannot be the name of a column in a database", field=name)
            )
        columns.append((name, column_type(field_.type), comments[name]))
    return Target(
        release.id,
        table_name(plan.policy, release.id),
        f"Tamis: {release_comment(plan, release)} (plan {plan.sha256[:12]})",
        "legal_run",
        tuple(columns),
        plan.tags(release, run),
        () if plan.hides_order(release) else KEY,
    )
