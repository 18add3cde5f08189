"""The result of an attack: names of columns, counts and bounds; never a value.

{"tables": [{"name": "store/evaluation-cpf/evaluation", "rows": 2000, …}, {…}],
 "joined": {"records": 2000, "low": 1996, "high": 2000},
 "means": [{"means": "order", "columns": [{"a": "entree_le", "b": "entree_le", "as": "quarter"}],
            "matches": 2000, "by_chance": 0, "joined": {…}, "basis": "measured",
            "note": "row i of A is row i of B"}, …],
 "not_tried": ["…"]}
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tamis.evidence.part import Natural, Part

PUBLISHED = Path(__file__).parent / "published"
"""The folder of the JSON Schema, in which `tamis.documents.editors.publish` writes it."""

Means = Literal["pseudonym", "position", "key", "order", "layout", "combination", "rare"]
"""By what records are joined: a pseudonym, a number of the row, another column whose values are one
row's own; the order of rows; files, row groups, runs or units; values together; a few of them."""

Basis = Literal["measured", "certain", "assumed", "refuted", "explained", "none"]
"""What the count stands on: more rows agree than by chance, `measured`; values that are equal by no
chance, `certain`; nothing in common tells, so all are taken to be right, `assumed`; the columns in
common say no, `refuted`; the tables are sorted by their own values, `explained`; no match, `none`.
"""


class JoinedPart(Part):
    """Records of A that are joined rightly to a record of B, with bounds of 95 %."""

    records: Natural
    low: Natural
    high: Natural


class ColumnsPart(Part):
    """A column of either table, and the coarseness at which they are compared."""

    a: str
    b: str
    as_: str = Field(alias="as")


class MeansPart(Part):
    """What one means joins.

    Attributes:
        columns: that join, or for order and positions the columns that confirm it.
        matches: records of A that it joins, rightly or not.
        by_chance: of these, how many are expected to be wrong.
    """

    means: Means
    columns: list[ColumnsPart]
    matches: Natural
    by_chance: Natural
    joined: JoinedPart
    basis: Basis
    note: str


class TablePart(Part):
    """A table.

    Attributes:
        name: its address, without credentials.
        columns: compared.
        left_out: columns with one value, and legal tags.
        sorted_by: columns that it is sorted by.
        order_explained: whether these are all that its order says.
    """

    name: str
    rows: Natural
    columns: list[str]
    left_out: list[str]
    files: Natural
    row_groups: Natural
    runs: Natural
    sorted_by: list[str]
    order_explained: bool


class Linkage(Part):
    """What an attack on two tables joins, by all means together and by each.

    Attributes:
        tables: A and B.
        joined: by the surest means of each record of A.
        means: those that were tried, those that join most first.
        not_tried: what else might join them, in words.
    """

    tables: tuple[TablePart, TablePart]
    joined: JoinedPart
    means: list[MeansPart]
    not_tried: list[str]

    def to_json(self) -> str:
        """The result as JSON, with a line end."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"

    def exceeds(self, records: int) -> bool:
        """Whether more than so many records are joined, and not only by chance.

        Example:
            >>> joined = JoinedPart(records=8, low=0, high=20)
            >>> Linkage.model_construct(joined=joined).exceeds(5)
            False
        """
        return self.joined.low > 0 and self.joined.records > records


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of `tamis link --json`, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {"link": dialect | Linkage.model_json_schema(by_alias=True)}
