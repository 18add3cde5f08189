"""The kit for tests of one's own pipeline, used as somebody would who reads its page."""

import gzip
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.manual import PAGES
from tamis.plan.plan import Plan
from tamis.plan.project import load_project
from tamis.testing import Canaries, assert_non_interference, assert_nothing_left
from tamis.testing.plugin import __name__ as PLUGIN

ROOT = Path(__file__).parents[2]
_FILE = re.compile(r"<!-- file (?P<path>\S+) -->\n```\w+\n(?P<body>.*?)```", re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project of the manual, with the tests of its page."""
    for page in ("schemas", "policies", "testing"):
        for block in _FILE.finditer((PAGES / f"{page}.md").read_text(encoding="utf-8")):
            target = tmp_path / block["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block["body"], encoding="utf-8")
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """pytest as its user starts it, with the plugin as its installation brings it."""
    brought = [point.value for point in entry_points(group="pytest11")]
    loaded = () if PLUGIN in brought else ("-p", PLUGIN)
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *loaded, *arguments]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_installation_brings_the_plugin() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["entry-points"]["pytest11"] == {"tamis": PLUGIN}
    assert not any("pytest" in text for text in pyproject["project"]["dependencies"])


@pytest.mark.slow
def test_a_project_of_ones_own_is_tried(project: Path) -> None:
    code, printed = run_pytest(project, "--tamis", "policies", "tests", "-vv")
    assert code == 0, printed
    assert "policies/dossiers-evaluation.yaml::non-interference PASSED" in printed
    assert "policies/dossiers-evaluation.yaml::canaries[evaluation] PASSED" in printed
    assert "4 passed" in printed


def test_nothing_is_collected_that_was_not_asked_for(project: Path) -> None:
    code, printed = run_pytest(project, "policies")
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, printed


def test_documents_that_break_a_rule_are_told(project: Path) -> None:
    policy = project / "policies" / "dossiers-evaluation.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("[nir]", "[iban]"))
    code, printed = run_pytest(project, "--tamis", "policies")
    assert code == pytest.ExitCode.INTERRUPTED, printed
    assert "`iban`" in printed
    assert "Traceback" not in printed


def subject(name: str) -> tuple[Schema, Policy, Plan]:
    project = load_project("cpf")
    policy, _source = project.policy(name)
    schema, _source = project.schema(policy.schema_)
    return schema, policy, project.plan(name, on="2026-06-01")


def test_a_pipeline_that_lets_something_through_fails(tmp_path: Path) -> None:
    schema, policy, plan = subject("regularite-prestataires")

    def count(feed: Path, output: Path) -> None:
        (output / "size.txt").write_text(str(feed.stat().st_size))

    with pytest.raises(AssertionError, match=r"changes what is written: size\.txt"):
        assert_non_interference(schema, plan, count, tmp_path, policies=[policy])


def test_a_pipeline_that_writes_nothing_shows_nothing(tmp_path: Path) -> None:
    schema, _policy, plan = subject("regularite-prestataires")
    with pytest.raises(AssertionError, match="wrote nothing"):
        assert_non_interference(schema, plan, lambda _feed, _output: None, tmp_path)


def test_a_canary_is_found_in_what_is_packed(tmp_path: Path) -> None:
    schema, _policy, plan = subject("cpir-partage")
    canaries = Canaries(schema, plan)
    nir = canaries.nir()
    assert_nothing_left(b"KEPT", "KEPT", tmp_path, of=canaries)
    (tmp_path / "log.gz").write_bytes(gzip.compress(nir[:13].encode()))
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "log.gz", "inner.gz")
        archive.writestr("text", "CANARY" * 9)
    with pytest.raises(AssertionError) as raised:
        assert_nothing_left(tmp_path, of=canaries)
    assert str(raised.value).count("a NIR in") == 2
    assert "b'CANARY' in text in all.zip" in str(raised.value)
    assert nir[:13] not in str(raised.value)
