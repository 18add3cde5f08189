"""A small valid project of its own law, which tests copy and change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.plan.project import Project, load_project

BASE = Path(__file__).parent / "base"

Change = tuple[str, str, str]
"""A file of the project, a text that stands in it once, and what takes its place."""


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Project]:
    """Copy the base project, with changes, and be in its folder."""

    def make(*changes: Change) -> Project:
        folder = tmp_path / "project"
        shutil.copytree(BASE, folder)
        for file, old, new in changes:
            text = (folder / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
            (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.chdir(folder)
        return load_project()

    return make
