"""What the manual tells code hosts and orchestrators to run: it has their shape, and it runs."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template
from ruamel.yaml import YAML

from tamis.evidence.receipt import Receipt
from tamis.manual import PAGES

ROOT = Path(__file__).parents[2]
POLICY = "regularite-prestataires"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def block(mark: str) -> str:
    """The code of `tamis help ci` after the comment `<!-- mark -->`."""
    text = (PAGES / "ci.md").read_text(encoding="utf-8")
    match = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert match, mark
    return match[1]


def shell(line: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What the shells of both hosts and of Airflow do with a line."""
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": PATH, "TAMIS": "tamis", **env},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    done = subprocess.run(
        ["git", *author, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def copy_documents(folder: Path) -> None:
    """Make `folder` a project of one policy, with its cases, and a repository."""
    for kind in ("schemas", "policies", "policies/tests"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / kind / f"{POLICY}.yaml", folder / kind)
    git(folder, "init", "-q")


@pytest.fixture
def change(tmp_path: Path) -> Path:
    """A repository of documents whose last commit releases one more field than `origin/main`."""
    folder = tmp_path / "documents"
    copy_documents(folder)
    policy = folder / "policies" / f"{POLICY}.yaml"
    after = policy.read_text(encoding="utf-8")
    before = after.replace("keep: [siren, siret]", "keep: [siren]")
    assert before != after
    for text in (before, after):
        policy.write_text(text, encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "documents")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    return folder


@pytest.mark.parametrize(
    ("mark", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")]
)
def test_a_job_has_the_shape_that_its_host_takes(mark: str, schema: str, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(block(mark), encoding="utf-8")
    done = shell(f"check-jsonschema --builtin-schema {schema} job.yaml", tmp_path)
    assert done.returncode == 0, done.stdout


def steps() -> Iterator[dict[str, Any]]:
    job = YAML(typ="safe").load(block("github"))["jobs"]["policies"]
    yield from (step for step in job["steps"] if "run" in step)


@pytest.mark.slow
def test_the_steps_of_github_run(change: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    codes = {}
    for step in steps():
        done = shell(step["run"], change, GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0 or step.get("continue-on-error"), done.stderr
        codes[step["run"].split()[1]] = done.returncode
    assert codes == {"install": 0, "check": 0, "test": 0, "diff": 1}
    assert "siret" in summary.read_text(encoding="utf-8")
    assert '"2.1.0"' in (change / "check.sarif").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_script_of_gitlab_runs(change: Path) -> None:
    job = YAML(typ="safe").load(block("gitlab"))["policies"]
    script = [line for line in (*job["before_script"], *job["script"]) if "apt-get" not in line]
    done = shell("\n".join(script), change, CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")
    assert done.returncode == 0, done.stderr
    artifacts = job["artifacts"]
    for name in (*artifacts["paths"], *artifacts["reports"]["junit"]):
        assert (change / name).stat().st_size
    (change / "policies" / f"{POLICY}.yaml").write_text("policy: [\n", encoding="utf-8")
    assert shell(job["script"][-1], change, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD").returncode != 0


@pytest.mark.slow
def test_the_line_of_airflow_runs_and_a_retry_releases_nothing_twice(tmp_path: Path) -> None:
    (call,) = (
        node.value for node in ast.parse(block("airflow")).body if isinstance(node, ast.Expr)
    )
    assert isinstance(call, ast.Call)
    (line,) = (ast.literal_eval(word.value) for word in call.keywords if word.arg == "bash_command")
    line = Template(line).render(ds="2026-11-23")
    line = line.replace("/opt/tamis/bin/", "").replace("/srv/", f"{tmp_path}/")
    feed = tmp_path / "in" / "2026-11-23" / "feed.csv"
    feed.parent.mkdir(parents=True)
    feed.write_text("siren;siret\n000000042;00000004200018\n", encoding="utf-8")
    (tmp_path / "cpf").mkdir()
    for name in ("schemas", "policies"):
        (tmp_path / "cpf" / name).symlink_to(ROOT / name)
    printed = []
    for _attempt in range(2):
        done = shell(line, tmp_path)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert "run regularite-2026-11-23 committed" in printed[0]
    assert "was committed before, nothing to do" in printed[1]
    (path,) = (tmp_path / "store" / "_receipts").glob("*.json")
    assert Receipt.from_json(path.read_bytes()).counts.released == 1
