"""The manual says what is so: its examples run, its lists of keys are those of the models.

A block after `<!-- file PATH -->` is written to PATH; blocks after `<!-- sh -->` and
`<!-- python -->` are run where those files are, page by page; `schemas` before `policies`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tamis.cli.app import app
from tamis.cli.help import help_command
from tamis.errors import UsageError
from tamis.manual import PAGES, publish, read_page, topics, with_keys

_BLOCK = re.compile(
    r"<!-- (?P<kind>file|sh|python) ?(?P<path>\S*) ?-->\n```\w+\n(?P<body>.*?)```", re.DOTALL
)
ALSO = {"policies": ("schemas",)}
"""Pages whose files a page's examples build on."""


def blocks(topic: str) -> Iterator[re.Match[str]]:
    yield from _BLOCK.finditer((PAGES / f"{topic}.md").read_text(encoding="utf-8"))


def with_examples() -> list[str]:
    return [topic for topic in topics() if any(blocks(topic))]


@pytest.mark.slow
@pytest.mark.parametrize("topic", with_examples())
def test_its_examples_run(topic: str, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for page in (*ALSO.get(topic, ()), topic):
        for block in blocks(page):
            if block["kind"] == "file":
                target = tmp_path / block["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block["body"], encoding="utf-8")
                continue
            command = (
                [sys.executable, "-c", block["body"]]
                if block["kind"] == "python"
                else ["bash", "-euo", "pipefail", "-c", block["body"]]
            )
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, done.stderr


def test_its_lists_of_keys_are_those_of_the_models(tmp_path: Path) -> None:
    for topic in topics():
        text = (PAGES / f"{topic}.md").read_text(encoding="utf-8")
        assert text == with_keys(text), "run tamis.manual.publish()"
    (tmp_path / "page.md").write_text("# T\n<!-- keys Policy -->\n<!-- /keys -->\n")
    publish(tmp_path)
    assert "| `policy` |" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_every_key_of_a_document_has_a_meaning() -> None:
    """A row without its last cell would be a key that nobody explained."""
    rows = [
        line
        for topic in topics()
        for line in (PAGES / f"{topic}.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and line.count("|") == 5
    ]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_command_and_option_is_on_a_page() -> None:
    pages = "\n".join(read_page(topic) for topic in topics())
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name, command in group.commands.items():
        assert f"tamis {name}" in pages, name
        for option in command.params:
            for flag in option.opts:
                assert not flag.startswith("--") or flag in pages, f"{name} {flag}"


def test_every_command_that_it_names_is_one() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for topic in topics():
        code = "\n".join(re.findall(r"`[^`\n]+`|^```sh\n.*?^```", read_page(topic), re.M | re.S))
        named = set(re.findall(r"(?<![\w/.-])(?:\.venv/bin/)?tamis ([a-z]+(?:-[a-z]+)*)", code))
        assert named <= set(group.commands), topic


def test_every_module_that_it_names_is_there() -> None:
    package = PAGES.parent
    for topic in topics():
        for name in re.findall(r"`([a-z_]+(?:/\w+)*/\w+\.py)`", read_page(topic)):
            here = package / name if not name.startswith("tests/") else package.parents[1] / name
            assert here.is_file() or name.endswith("NAME.py"), f"{topic}: {name}"


def test_help_lists_topics_and_shows_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert help_command(None) == 0
    listed = capsys.readouterr().out
    assert all(topic in listed for topic in topics())
    assert help_command("keys") == 0
    assert capsys.readouterr().out.startswith("# Keys")


def test_an_unknown_topic_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"no topic `key`, did you mean `keys`.*; there are approvals"
    ):
        help_command("key")
