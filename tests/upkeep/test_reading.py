"""The ways to read a store that the manual shows are so, and the commands that look one over."""

import inspect
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.keys.keyring import Keyring
from tamis.manual import read_page
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.upkeep.withdraw import withdraw

from ..runs.rekeying import commit, make_plan, make_records
from ..services.spark import run_with_spark


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of three runs, of which one was withdrawn."""
    folder = tmp_path_factory.mktemp("reading")
    plan, keyring = make_plan(folder / "project"), Keyring.create(folder / "keys.json")
    store = FolderStore(LocalFolder(str(folder / "store")))
    for number, run in enumerate(("one", "two", "three")):
        commit(store, plan, keyring, run, make_records(20, 20 * number))
    withdraw(store, "two", "the source sent another file")
    return folder


def example(library: str) -> str:
    """The lines of the manual that read a store with a library."""
    section = read_page("stores").partition("## Reading a store")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (code,) = (block for block in blocks if re.search(rf"^(import|from) {library}\b", block, re.M))
    return code


def result(code: str, monkeypatch: pytest.MonkeyPatch, place: Path) -> dict[str, Any]:
    monkeypatch.chdir(place)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def test_the_examples_of_the_manual_read_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb, polars, listed = (
        result(example(library), monkeypatch, place)
        for library in ("duckdb", "polars", "pyarrow.parquet")
    )
    assert duckdb["rows"] == [("one", 18), ("three", 18)]
    assert polars["people"].height > 25
    assert all(len(name) == 32 for (name,) in polars["people"].drop_nulls().rows())
    assert listed["table"].num_rows == 36
    assert len(listed["files"]) == 4


@pytest.mark.spark
def test_spark_reads_the_rows_that_pyarrow_reads(place: Path) -> None:
    """Column by column; dates as text, and bytes as hexadecimal."""
    show = (
        "print(json.dumps([row.asDict(recursive=True) for row in rows.collect()], default=plain))"
    )
    lines = ["import json", inspect.getsource(plain), example("pyspark.sql"), show]
    shown, people = run_with_spark("\n".join([*lines, "print(people.count())"]), place).splitlines()
    files = (place / "store/suivi/tout").glob("*.parquet")
    rows = [row for path in files for row in pq.read_table(path).to_pylist()]
    assert len(rows) == 36
    assert sorted(json.dumps(row, sort_keys=True) for row in json.loads(shown)) == sorted(
        json.dumps(row, sort_keys=True, default=plain) for row in rows
    )
    assert int(people) == len({row["personne"] for row in rows})


def plain(value: object) -> str:
    """What JSON has no form for: bytes as hexadecimal, the rest as text."""
    return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)


def tell(*words: str) -> Any:
    told = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert told.exit_code == 0
    return json.loads(told.stdout) if "--json" in words else told.stdout


def test_runs_are_listed(place: Path) -> None:
    store = str(place / "store")
    listed = tell("runs", store, "--json")
    assert [(entry["run"], entry["state"]) for entry in listed] == [
        ("one", "standing"),
        ("two", "withdrawn"),
        ("three", "standing"),
    ]
    assert listed[1]["removals"][0]["because"] == "the source sent another file"
    text = tell("runs", store)
    assert re.search(r"^two +suivi +2026-11-23 +20 +18 .*withdrawn on .*: the source", text, re.M)


def test_values_are_shown_only_to_who_asks(place: Path) -> None:
    store = str(place / "store")
    assert "suivi/tout" in tell("show", store)
    shown = tell("show", store, "suivi/tout")
    assert re.search(r"personne +fixed_size_binary\[16\] +pseudonymized", shown)
    assert re.search(r"annee +int32 +kept +compter les dossiers d'une personne", shown)
    assert re.search(r"^  three .* 18$", shown, re.M)
    (first,) = tell("show", store, "annees", "--values", "--rows", "1", "--json")[0]["first_rows"]
    assert set(first) == {"annee"}
    assert "first_rows" not in tell("show", store, "annees", "--json")[0]
    assert "first rows\n" in tell("show", store, "annees", "--values")


def test_a_purge_is_told_and_only_then_done(place: Path) -> None:
    store = str(place / "store")
    assert "--apply removes 4 rows of quarantine of 2 runs" in tell(
        "purge", store, "--older-than", "0"
    )
    assert tell("purge", store, "--older-than", "0", "--json")["applied"] is False
    assert "nothing is older than 9d" in tell("purge", store, "--older-than", "9d")
    assert list((place / "store/_quarantine").rglob("*.parquet"))
