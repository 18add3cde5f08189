"""A small valid project of its own law, and the bundled one: tests copy and change them."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tamis.documents.project import bundled_folder
from tamis.plan.project import Project, load_project

BASE = Path(__file__).parent / "base"

Edit = tuple[str, str, str]
"""A file of the project, a text that stands in it once, and what takes its place."""


def copy_base(folder: Path, edits: Iterable[Edit] = ()) -> Path:
    """Copy the base project to `folder`, with edits."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(BASE, folder)
    return _edited(folder, edits)


def copy_bundled(folder: Path, edits: Iterable[Edit] = ()) -> Path:
    """Copy the bundled project to `folder`, where no project is yet, with edits."""
    for name in ("schemas", "policies"):
        shutil.copytree(bundled_folder() / name, folder / name)
    return _edited(folder, edits)


def _edited(folder: Path, edits: Iterable[Edit]) -> Path:
    for file, old, new in edits:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Project]:
    """Copy the base project, with edits, and be in its folder."""

    def make(*edits: Edit) -> Project:
        monkeypatch.chdir(copy_base(tmp_path / "project", edits))
        return load_project()

    return make
