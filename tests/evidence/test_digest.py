"""Digests of files: begun early or not, they are of what a file holds when it is asked for."""

import hashlib
import os
from pathlib import Path

import pytest

from tamis.evidence.digest import begin_digests, digest_file


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_a_digest_is_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "f.parquet"
    path.write_bytes(content)

    assert digest_file(str(path)) == (size, hashlib.sha256(content).hexdigest())
    begin_digests([str(path)])
    assert digest_file(str(path)) == (size, hashlib.sha256(content).hexdigest())


def test_a_digest_that_was_begun_is_not_used_once_the_file_is_another(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(b"before")
    begin_digests([str(path)])
    assert digest_file(str(path))[1] == hashlib.sha256(b"before").hexdigest()

    other = tmp_path / "other"
    other.write_bytes(b"behind")
    os.replace(other, path)

    assert digest_file(str(path)) == (6, hashlib.sha256(b"behind").hexdigest())


def test_a_file_that_cannot_be_read_fails_who_asks_and_not_its_neighbours(tmp_path: Path) -> None:
    missing, there = tmp_path / "missing.parquet", tmp_path / "there.parquet"
    there.write_bytes(b"x")
    begin_digests([str(missing), str(there)])

    with pytest.raises(FileNotFoundError):
        digest_file(str(missing))
    assert digest_file(str(there))[0] == 1
