"""Lines on stderr as JSON: all of them, and nothing that a library may quote."""

import json
import subprocess
import sys
from typing import Any

import pytest


def stderr(*words: str, code: int) -> list[dict[str, Any]]:
    """The lines that a command writes to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "tamis", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    "words",
    [
        ("--log-format", "json", "plan", "no-such-policy", "--project", "cpf"),
        ("plan", "no-such-policy", "--project", "cpf", "--log-format=json"),
    ],
)
def test_a_usage_error_is_a_line(words: tuple[str, ...]) -> None:
    (line,) = stderr(*words, code=2)
    assert line["message"].startswith("no policy `no-such-policy`")
    assert (line["level"], line["exit_code"]) == ("error", 2)


def test_what_libraries_say_is_withheld_and_what_is_printed_is_a_line() -> None:
    script = """
import logging, sys, threading, warnings
from tamis import log
from tamis.cli.logs import log_as_json, show_log
log.use_format("json")
log_as_json()
log.bind(policy="p")
def fail():
    raise ValueError("CANARY")
thread = threading.Thread(target=fail); thread.start(); thread.join()
logging.getLogger("library").warning("CANARY %s", 1)
warnings.warn("CANARY")
print("tamis: one", end="", file=sys.stderr); print(" line", file=sys.stderr)
with show_log():
    logging.getLogger("tamis.x").info("told", extra={"fields": {"event": "x", "count": 2}})
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "CANARY" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    withheld = "a message of a library is withheld, for it may quote a value"
    assert [(line["message"], line.get("logger")) for line in lines] == [
        ("thread failed (ValueError)", "tamis"),
        (withheld, "library"),
        (withheld, "py.warnings"),
        ("one line", None),
        ("told", "tamis.x"),
    ]
    assert {line["policy"] for line in lines} == {"p"}
    assert (lines[-1]["level"], lines[-1]["event"], lines[-1]["count"]) == ("info", "x", 2)


def test_another_form_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tamis", "list", "items", "--log-format", "xml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "tamis: --log-format: should be text or json, got `xml`\n",
    )
