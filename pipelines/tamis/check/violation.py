"""What `check` finds: a rule that does not hold, where, since which day, and by which example.

policies/evaluation-cpf.yaml:31:16: `nir` is an identifier (nir): under R6323-37.III.2 it is …
  rule 4 (no NIR under paragraph III), on 2022-01-01
  release evaluation · item R6323-37.III.2 · field nir · identifier nir
"""

import datetime
from dataclasses import dataclass
from typing import Any, Literal

from tamis.errors import Problem

RULES = {
    1: "item and purpose in force",
    2: "processing registered",
    3: "direction and partner",
    4: "no NIR under paragraph III",
    5: "NIR not rebuilt",
    6: "need-to-know",
    7: "category",
    8: "names and treatments",
}
"""The invariants of `design.md` §4, by number."""


@dataclass(frozen=True)
class Violation:
    """One rule that does not hold at one place of the documents.

    Attributes:
        problem: where, and what is wrong.
        rule: the invariant's number.
        code: what kind of violation of the rule, as a slug.
        day: the first day on which it does not hold; None where it holds on no day at all.
        counterexample: the smallest case that shows it, as names and values of documents.
        severity: a `warning` is told and does not fail.
    """

    problem: Problem
    rule: int
    code: str
    day: datetime.date | None = None
    counterexample: tuple[tuple[str, str], ...] = ()
    severity: Literal["error", "warning"] = "error"

    @property
    def name(self) -> str:
        """The short name of the rule."""
        return RULES[self.rule]

    @property
    def dated(self) -> Problem:
        """The problem with its day in the text."""
        if self.day is None:
            return self.problem
        one = self.problem
        return Problem(one.file, one.line, one.column, f"{one.text} (on {self.day})")

    def as_json(self) -> dict[str, Any]:
        """The violation as a JSON object."""
        return {
            "file": self.problem.file,
            "line": self.problem.line,
            "column": self.problem.column,
            "text": self.problem.text,
            "severity": self.severity,
            "rule": self.rule,
            "name": self.name,
            "code": self.code,
            "day": self.day.isoformat() if self.day else None,
            "counterexample": dict(self.counterexample),
        }
