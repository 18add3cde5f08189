"""The command line in the process of a test."""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tamis.cli import main
from tamis.interrupts import SIGNALS


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, and what it printed."""

    code: int
    out: str
    err: str


Tamis = Callable[..., Outcome]


def run_command(
    monkeypatch: pytest.MonkeyPatch, printed: pytest.CaptureFixture[Any], *words: object
) -> Outcome:
    """Run `tamis` with `words`; what was printed before is forgotten."""
    monkeypatch.setattr(sys, "argv", ["tamis", *map(str, words)])
    printed.readouterr()
    code = 0
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:  # or a signal that ends the tests would end them with the command's code
        for number, handler in handlers.items():
            signal.signal(number, handler)
    outcome = printed.readouterr()
    return Outcome(code, outcome.out, outcome.err)
