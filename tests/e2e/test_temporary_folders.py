"""What a command keeps for a while goes with it, and what killed ones left goes with the next."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from tamis.interrupts import ends_at_once


def test_a_folder_of_a_killed_command_is_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    orphan, young = tmp_path / "tamis-command-killed", tmp_path / "tamis-command-young"
    other, elsewhere = tmp_path / "tamis-other", tmp_path / "elsewhere"
    for folder in (orphan, young, other, elsewhere):
        (folder / "beam-pipeline-temp").mkdir(parents=True)
    link = tmp_path / "tamis-command-link"
    link.symlink_to(elsewhere)
    hour_ago = time.time() - 3_600
    for folder in (orphan, other, elsewhere):
        os.utime(folder, (hour_ago, hour_ago))
    os.utime(link, (hour_ago, hour_ago), follow_symlinks=False)
    with ends_at_once("not told"):
        (alive,) = set(tmp_path.iterdir()) - {young, other, elsewhere, link}
        assert tempfile.gettempdir() == str(alive)
        os.utime(alive, (hour_ago, hour_ago))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with ends_at_once("not told"):
            assert alive.is_dir()
    assert set(tmp_path.iterdir()) == {young, other, elsewhere, link}
    assert (elsewhere / "beam-pipeline-temp").is_dir()
