"""The table `_tamis_steps`: what each commit of a stream added to a period that is under way.

    run       id of the period's receipt, which stands in `_tamis_receipts` without counts
    number    of the commit in the period, from 0
    step      `tamis.evidence.steps.Step` as JSON

When a period ends its receipt is written with all counts, and its steps are removed.
"""

from collections.abc import Iterable

from psycopg.sql import Identifier

from tamis.evidence.receipt import Receipt
from tamis.evidence.steps import Step, with_steps
from tamis.stores.database import Connection, execute

STEPS = "_tamis_steps"


def make_steps(connection: Connection, table: Identifier) -> None:
    """Make the table if it is missing."""
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS {} (run text, number integer, step json NOT NULL, "
        "PRIMARY KEY (run, number))",
        table,
    )


def add_step(connection: Connection, table: Identifier, number: int, step: Step) -> None:
    """Add the step of commit `number` of its period."""
    command = "INSERT INTO {} (run, number, step) VALUES (%s, %s, %s)"
    execute(connection, command, table, values=(step.run, number, step.to_json()))


def remove_steps(connection: Connection, table: Identifier, run: str) -> None:
    """Remove the steps of a period."""
    execute(connection, "DELETE FROM {} WHERE run = %s", table, values=(run,))


def receipt_text(begun: str, steps: Iterable[str]) -> str:
    """The receipt of a period with its steps, as JSON.

    Raises:
        ValueError: there is no receipt, or a step is none.
    """
    receipt = Receipt.model_validate_json(begun)
    return with_steps(receipt, [Step.model_validate_json(step) for step in steps]).to_json()
