"""How a run ended, for programs: what `tamis run --json` prints, a JSON object a line.

{"run": "r1", "policy": "dsn-droits", "outcome": "committed", "exit_code": 0,
 "address": "store/_receipts/r1.json", "counts": {"in": 5, …}, "receipt": {…}}
"""

from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from tamis.evidence.part import Part
from tamis.evidence.receipt import Counts, Receipt

PUBLISHED: Final = Path(__file__).parent / "published"
"""The folder of the published JSON Schema of a `RunSummary`."""

Outcome: TypeAlias = Literal[
    "committed",
    "committed-before",
    "drained",
    "built",
    "handed-over",
    "refused",
    "invalid",
    "failed",
]


class RunSummary(Part):
    """How a run ended; what is not known is left out.

    Attributes:
        run: its id; of a stream, the stream's; of a run that did not begin, the one asked for.
        policy: its name.
        outcome: `committed`; `committed-before`, so that nothing was done; a stream that `drained`;
            a job that was `built` or `handed-over`, and is not seen through from here; or nothing
            is committed: `refused` (exit code 1), `invalid` (2), `failed` (3).
        exit_code: of the command.
        address: where its receipt is.
        error: why nothing is committed; never a cell's value.
        counts: records by disposition.
        receipt: the receipt, without its files.

    Example:
        >>> RunSummary(policy="p", outcome="invalid", exit_code=2, error="no input").to_json()
        '{"policy":"p","outcome":"invalid","exit_code":2,"error":"no input"}'
    """

    run: str | None = None
    policy: str
    outcome: Outcome
    exit_code: Literal[0, 1, 2, 3]
    address: str | None = None
    error: str | None = None
    counts: Counts | None = None
    receipt: Receipt | None = None

    def to_json(self) -> str:
        """The summary in one line."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


def summary_of(receipt: Receipt, address: str, *, before: bool = False) -> RunSummary:
    """The summary of a run that is committed.

    Args:
        receipt: its receipt.
        address: where that is.
        before: whether it was committed before, so that nothing was done now.
    """
    releases = {
        name: part.model_copy(update={"files": None}) for name, part in receipt.releases.items()
    }
    return RunSummary(
        run=receipt.run,
        policy=receipt.policy,
        outcome="committed-before" if before else "committed",
        exit_code=0,
        address=address,
        counts=receipt.counts,
        receipt=receipt.model_copy(update={"releases": releases, "quarantine_files": None}),
    )


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of a line of `tamis run --json`, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {"run": dialect | RunSummary.model_json_schema(by_alias=True)}
