"""Wheel, sdist and hooks: what is built installs, and runs, where nothing of the repository is.

The hooks of pre-commit are installed from the sdist, by pre-commit itself; the environment that it
makes is that of somebody who has Tamis without extras, and the demo runs in it.
"""

import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tamis.synthetic.records import make_nir

from .test_ci import PATH, POLICY, ROOT, block, copy_documents, git

pytestmark = pytest.mark.slow


def run(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that knows nothing of this repository."""
    kept = {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PATH": PATH, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(folder, sys.executable, "-m", "build", "-o", str(folder), str(ROOT))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def contents(wheel: Path) -> dict[str, int]:
    """The names of a wheel's files, and their checksums."""
    with zipfile.ZipFile(wheel) as archive:
        return {member.filename: member.CRC for member in archive.infolist()}


def test_the_wheel_of_the_sdist_is_that_of_the_repository(built: Path, tmp_path: Path) -> None:
    (of_sdist,) = built.glob("*.whl")
    words = ("-m", "build", "--wheel", "-o", str(tmp_path), str(ROOT))
    assert run(tmp_path, sys.executable, *words).returncode == 0
    (of_repository,) = tmp_path.glob("*.whl")
    assert contents(of_sdist) == contents(of_repository)
    names = contents(of_sdist)
    assert {"tamis/py.typed", "tamis/manual/ci.md", "tamis/cpf/policies/register.yaml"} <= set(
        names
    )
    assert not [name for name in names if not name.startswith("tamis")]


def test_hooks_and_demo_run_in_an_environment_made_of_the_sdist(
    built: Path, tmp_path: Path
) -> None:
    (sdist,) = built.glob("*.tar.gz")
    hooks = tmp_path / "hooks"
    shutil.unpack_archive(sdist, tmp_path)
    (tmp_path / sdist.name.removesuffix(".tar.gz")).rename(hooks)
    git(hooks, "init", "-q")
    git(hooks, "add", "-f", ".")
    git(hooks, "commit", "-q", "-m", "sdist")
    config = block("pre-commit").replace("https://HOST/GROUP/tamis", str(hooks))
    config = config.replace("REVISION", git(hooks, "rev-parse", "HEAD"))

    documents = tmp_path / "documents"
    copy_documents(documents)
    (documents / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    (documents / "feed.csv").write_text("siren;siret\n000000042;00000004200018\n", "utf-8")
    git(documents, "add", ".")
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PIP_NO_COMPILE": "1"}
    hook = ("pre-commit", "run", "--all-files", "--color=never")
    done = run(documents, *hook, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 3

    policy = documents / "policies" / f"{POLICY}.yaml"
    policy.write_text(policy.read_text("utf-8").replace("III.5", "II"), "utf-8")
    nir = make_nir(random.Random(5))
    (documents / "feed.csv").write_text(f"siren;nir\n000000042;{nir}\n", "utf-8")
    done = run(documents, *hook, **env)
    assert done.returncode == 1
    for expected in ("feed.csv: NIRs in 1 of 2 columns", f"policies/{POLICY}.yaml:"):
        assert expected in done.stdout
    assert nir not in done.stdout
    assert done.stdout.count("Failed") >= 2

    (python,) = (tmp_path / "home").glob("repo*/py_env-*/bin/python")
    (tmp_path / "empty").mkdir()
    done = run(tmp_path / "empty", str(python.parent / "tamis"), "demo")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    where = "import tamis, sys; print(tamis.__file__.startswith(sys.prefix))"
    assert run(tmp_path, str(python), "-c", where).stdout == "True\n"
