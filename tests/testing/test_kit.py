"""The kit for tests of one's own pipeline, used as somebody would who reads its page."""

import base64
import gzip
import hashlib
import hmac
import re
import subprocess
import sys
import tomllib
import zipfile
import zlib
from importlib.metadata import entry_points
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tamis
from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.manual import PAGES
from tamis.plan.plan import Plan
from tamis.plan.project import load_project
from tamis.synthetic.records import space_nir
from tamis.testing import (
    Canaries,
    assert_non_interference,
    assert_nothing_left,
    assert_order_hidden,
)
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
    assert "policies/dossiers-evaluation.yaml::order PASSED" in printed
    assert "6 passed" in printed


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


SECRET = "172022B99999124"
"""The NIR of nobody that stands in the outputs below."""

LEFT: dict[str, bytes] = {
    "in lower case": b"vu: canary000007",
    "title": b"Canary000007",
    "base64": base64.b64encode(b"nom;CANARY000007;fin"),
    "base64 of a NIR": base64.urlsafe_b64encode(f"nir;{SECRET}".encode()),
    "base64 in lines": base64.encodebytes(b"x" * 55 + SECRET.encode() + b"x" * 55),
    "hexadecimal": b"CANARY000007".hex().upper().encode(),
    "grouped": space_nir(SECRET).encode(),
    "grouped otherwise": b"1-72-02-2B-999-991 (24)",
    "in an address": b"nir=1+72+02+2b+999+991",
    "UTF-16": SECRET.encode("utf-16"),
    "gzip in zip": gzip.compress(SECRET.encode()),
    "zlib": zlib.compress(SECRET.encode()),
    "zlib, quickly": zlib.compress(SECRET.encode() * 9, level=3),
    "zstd": pa.Codec("zstd").compress(SECRET.encode(), asbytes=True),
    "md5": hashlib.md5(SECRET.encode()).hexdigest().encode(),
    "sha1 of 13": hashlib.sha1(SECRET[:13].encode()).hexdigest().upper().encode(),
    "sha256 as bytes": hashlib.sha256(SECRET.encode()).digest(),
    "sha256 in base64": base64.b64encode(hashlib.sha256(SECRET.encode()).digest()),
    "sha512 cut": hashlib.sha512(space_nir(SECRET).encode()).hexdigest()[:16].encode(),
}


@pytest.mark.parametrize("how", LEFT)
def test_a_canary_is_found_however_it_was_written(how: str, tmp_path: Path) -> None:
    schema, _policy, plan = subject("cpir-partage")
    canaries = Canaries(schema, plan, nirs={SECRET[:13]})
    assert_nothing_left(b"KEPT", str(tmp_path), of=canaries)
    (tmp_path / "out.bin").write_bytes(LEFT[how])
    with pytest.raises(AssertionError) as raised:
        assert_nothing_left(tmp_path, of=canaries)
    assert SECRET[:13] not in str(raised.value)


def test_a_number_is_found_as_a_number(tmp_path: Path) -> None:
    schema, _policy, plan = subject("cpir-partage")
    canaries = Canaries(schema, plan, nirs={"1550875999991"})
    for value in (pa.array([1550875999991]), pa.array([155087599999193.0])):
        with pytest.raises(AssertionError, match="a NIR as a number"):
            assert_nothing_left(value.buffers()[1].to_pybytes(), of=canaries)


def test_what_a_key_protects_is_no_trace() -> None:
    schema, _policy, plan = subject("cpir-partage")
    canaries = Canaries(schema, plan, nirs={SECRET[:13]})
    keyed = hmac.new(b"key", SECRET.encode(), "sha256")
    assert_nothing_left(keyed.digest(), keyed.hexdigest(), of=canaries)


def test_a_folder_that_is_called_by_what_is_dropped_is_seen(tmp_path: Path) -> None:
    schema, policy, plan = subject("regularite-prestataires")

    def by_size(feed: Path, output: Path) -> None:
        (output / str(feed.stat().st_size)).mkdir()

    with pytest.raises(AssertionError, match="changes what is written: "):
        assert_non_interference(schema, plan, by_size, tmp_path, policies=[policy])


@pytest.mark.parametrize("ordered", [True, False])
def test_a_pipeline_that_keeps_the_order_of_the_feed_fails(ordered: bool, tmp_path: Path) -> None:
    schema, policy, plan = subject("evaluation-cpf")
    keys = tamis.Keyring.create(tmp_path / "keys.json")

    def keep(feed: Path, output: Path) -> None:
        table = pq.read_table(feed, columns=plan.arrow_schema.names)
        ((_release, rows),) = tamis.minimize(table, plan, run="essai", keys=keys).released.items()
        own = [(name, "ascending") for name in rows.column_names if not name.startswith("legal_")]
        pq.write_table(rows.sort_by(own) if ordered else rows, output / "out.parquet")

    if ordered:
        assert_order_hidden(schema, plan, keep, tmp_path, policies=[policy])
        return
    with pytest.raises(AssertionError, match=r"order of the records .* written: out\.parquet"):
        assert_order_hidden(schema, plan, keep, tmp_path, policies=[policy])


@pytest.mark.parametrize("name", ["cpir-partage", "regularite-prestataires"])
def test_order_is_asked_of_what_leaves_under_paragraph_three_alone(
    name: str, tmp_path: Path
) -> None:
    """What comes into the store keeps its places, under paragraph III too."""
    schema, _policy, plan = subject(name)
    with pytest.raises(ValueError, match="under paragraph III alone"):
        assert_order_hidden(schema, plan, lambda _feed, _output: None, tmp_path)
