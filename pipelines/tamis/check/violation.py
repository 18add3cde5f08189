"""A violation of a rule: where, since which day, and the smallest counterexample.

policies/evaluation-cpf.yaml:31:16: `nir` is an identifier (nir): under R6323-37.III.2 it must …
  rule 4 (no NIR under paragraph III), on 2022-01-01
  release evaluation · item R6323-37.III.2 · field nir · identifier nir
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tamis.check.catalogue import Rule
from tamis.errors import Problem
from tamis.language import _


@dataclass(frozen=True)
class Violation:
    """One rule that does not hold at one place of the documents.

    Attributes:
        problem: where, and what is wrong.
        rule: the rule that does not hold.
        code: the kind of violation of the rule, as a slug.
        day: the first day on which it does not hold; None where it holds on no day at all.
        counterexample: the smallest case that shows it, as names and values of documents.
        severity: a `warning` is printed and does not fail the check.
    """

    problem: Problem
    rule: Rule
    code: str
    day: datetime.date | None = None
    counterexample: tuple[tuple[str, str], ...] = ()
    severity: Literal["error", "warning"] = "error"

    @property
    def dated(self) -> Problem:
        """The problem with its day in the text."""
        if self.day is None:
            return self.problem
        text = _("{text} (on {day})", text=self.problem.text, day=self.day)
        return replace(self.problem, text=text)

    def as_json(self) -> dict[str, Any]:
        """Return the violation as a JSON object."""
        return {
            **self.problem.as_json(),
            "severity": self.severity,
            "rule": int(self.rule),
            "name": self.rule.title,
            "code": self.code,
            "day": self.day.isoformat() if self.day else None,
            "counterexample": dict(self.counterexample),
        }


Violations = Iterator[Violation]
"""What a rule yields."""
