"""The demo: what it prints can be pasted, and does what the demo did."""

import shlex
import subprocess
import sys
from pathlib import Path


def call(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tamis", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_commands_can_be_pasted(tmp_path: Path) -> None:
    printed = call("demo", "my demo", folder=tmp_path)
    steps = [line.partition("tamis ")[2] for line in printed.splitlines() if ". tamis " in line]
    assert [step.split()[0] for step in steps] == ["check", *("dry-run", "run", "verify") * 3]
    receipts = {path: path.read_bytes() for path in tmp_path.glob("*/store/_receipts/*.json")}
    assert len(receipts) == 3
    for step in steps:
        if "evaluation-cpf" in step:  # the flow whose partner is an example, and which has keys
            call(*shlex.split(step), folder=tmp_path)
    look = next(line.strip() for line in printed.splitlines() if "tamis plan" in line)
    call(*look.partition("  ")[0].split()[1:], folder=tmp_path)
    assert {path: path.read_bytes() for path in receipts} == receipts
