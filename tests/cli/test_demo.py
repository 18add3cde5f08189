"""The demo: what it prints can be pasted, and does what the demo did."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tamis.cli import demo
from tamis.cli.demo import FLOWS
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.nir.find import find_nir


def call(*arguments: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tamis", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_its_commands_can_be_pasted(tmp_path: Path) -> None:
    printed = call("demo", "my demo", folder=tmp_path)
    steps = [line.partition("tamis ")[2] for line in printed.splitlines() if ". tamis " in line]
    assert [step.split()[0] for step in steps] == ["check", *("dry-run", "run", "verify") * 3]
    receipts = {path: path.read_bytes() for path in tmp_path.glob("*/store/_receipts/*.json")}
    assert len(receipts) == 3
    for step in steps:
        if "evaluation-cpf" in step:  # the flow whose partner is an example, and which has keys
            call(*shlex.split(step), folder=tmp_path)
    for command in ("tamis plan", "tamis show"):
        look = next(line.strip() for line in printed.splitlines() if command in line)
        call(*shlex.split(look.partition("  ")[0])[1:], folder=tmp_path)
    assert {path: path.read_bytes() for path in receipts} == receipts
    for policy in FLOWS:
        assert f"my demo/{policy}.html" in printed
        assert "<html" in (tmp_path / f"my demo/{policy}.html").read_text(encoding="utf-8")

    record = printed.partition("6. A record before and after")[2].partition("\n\n")[0].splitlines()
    assert all(len(line) <= 80 for line in record)
    before = {line[:24].strip(): (line[26:52].strip(), line[54:].strip()) for line in record[1:]}
    assert before["nir"][1] == "(pseudonymized)"
    assert before["nom_naissance"][1] == "(dropped)"
    assert find_nir(" ".join(line[26:52] for line in record))
    assert not find_nir(" ".join(line[54:] for line in record))


@pytest.mark.slow
def test_it_shows_any_bundled_policy_on_a_feed_of_its_own_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "RECORDS", 200)
    policies = ("certificateurs-passeport", "prevention-jdr")
    assert demo.run_demo(tmp_path / "d", policies) == 0
    assert "6. A record before and after: prevention-jdr" in capsys.readouterr().out
    for policy in policies:
        receipt = tmp_path / f"d/store/_receipts/demo-{policy}.json"
        assert Receipt.from_json(receipt.read_bytes()).counts.released > 100


def test_a_policy_that_it_has_not_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no policy `dsn-droit`"):
        demo.run_demo(tmp_path / "d", ("dsn-droit",))
    assert not (tmp_path / "d").exists()
