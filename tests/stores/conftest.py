"""Folders of every kind, each in a new place."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tamis.stores.folder import Folder, open_folder
from tests.services.buckets import run_gcs, run_s3


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    with run_s3() as bucket:
        yield bucket


@pytest.fixture(scope="session")
def gcs() -> Iterator[str]:
    with run_gcs() as bucket:
        yield bucket


@pytest.fixture(params=["local", "s3", pytest.param("gcs", marks=pytest.mark.gcs)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "local":
        return open_folder(str(tmp_path / "store"))
    return open_folder(f"{request.getfixturevalue(request.param)}/{uuid.uuid4().hex}")
