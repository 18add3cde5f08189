"""`tamis run --json`: on stdout a JSON object for each run that ended, all else on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Final, TypeAlias

from tamis.evidence.summary import Outcome, RunSummary

Tell: TypeAlias = Callable[[RunSummary], None]
"""Takes the summary of a run once it has ended."""

_OUTCOMES: Final[dict[int, Outcome]] = {1: "refused", 2: "invalid", 3: "failed"}


def tell_nobody(_summary: RunSummary) -> None:
    """Where no JSON is asked for."""


@contextmanager
def telling_in_json(is_asked: bool, policy: str, run: str | None) -> Iterator[Tell]:
    """Give what prints summaries while the block runs; an error that ends it is told, and raised.

    Args:
        is_asked: whether JSON is asked for; otherwise nothing is changed.
        policy: the policy that the run is of.
        run: the id that is asked for.
    """
    if not is_asked:
        yield tell_nobody
        return
    from tamis.cli import describe_error

    stdout = sys.stdout

    def tell(summary: RunSummary) -> None:
        print(summary.to_json(), file=stdout, flush=True)

    with redirect_stdout(sys.stderr):
        try:
            yield tell
        except Exception as error:
            code, text = describe_error(error)
            ended = {"run": run, "policy": policy, "outcome": _OUTCOMES[code], "exit_code": code}
            tell(RunSummary.model_validate(ended | {"error": text}))
            raise
