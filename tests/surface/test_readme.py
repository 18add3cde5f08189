"""The README says what is so: its Python runs, and it names every command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tamis.cli.app import app
from tamis.evidence.receipt import Receipt
from tamis.manual import topics
from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records
from tamis.verify.verify import verify

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def block(readme: str, mark: str) -> str:
    """The code after the comment `<!-- mark -->`."""
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", readme, re.DOTALL)
    assert found, f"README has no block <!-- {mark} -->"
    return found[1]


@pytest.mark.slow
def test_its_python_runs(readme: str, tmp_path: Path) -> None:
    code = block(readme, "python")
    (name,) = re.findall(r'\.plan\("([\w-]+)"', code)
    policy, _ = bundled_project().policy(name)
    schema, _ = bundled_project().schema(policy.schema_)
    (tmp_path / "in").mkdir()
    records = make_records(schema, 20, seed=1, policies=[policy])
    write_feed(records, schema, tmp_path / "in" / f"feed.{schema.format.name}")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "store" / "_receipts").glob("*.json")
    receipt = Receipt.model_validate_json(path.read_bytes())
    assert (receipt.policy, receipt.counts.in_) == (name, 20)
    assert "failed" not in {finding.outcome for finding in verify(path, bundled_project())}


def test_it_names_every_page_of_the_manual_and_no_other(readme: str) -> None:
    """The pages name every command and option: `test_manual.py`."""
    where = readme.partition("## Where to go on")[2].partition("\n")[2]
    listed = where.partition("\n`tamis diff")[0]
    assert set(re.findall(r"`([a-z]+)`", listed)) == set(topics())


def test_it_is_short(readme: str) -> None:
    assert len(readme.splitlines()) <= 130


def test_every_command_that_it_names_is_one(readme: str) -> None:
    commands = typer.main.get_command(app)
    assert isinstance(commands, typer.core.TyperGroup)
    code = "\n".join(re.findall(r"`[^`\n]+`|^```sh\n.*?^```", readme, re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"(?<![\w/.])(?:\.venv/bin/)?tamis ([a-z]+(?:-[a-z]+)*)", code))
    assert len(named) > 5
    assert named <= set(commands.commands)


def test_every_folder_that_it_maps_is_there(readme: str) -> None:
    table = readme.partition("## Folder map")[2].partition("\n## ")[0]
    for folder in re.findall(r"^\| `([\w/]+)/`", table, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder
