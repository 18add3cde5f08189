"""A NIR in the name of an input, a store or a file in it is shown by no message."""

import logging
import zipfile
from pathlib import Path

import pytest

from tamis.cli import _run
from tamis.cli.logs import show_log

NIR = "155087599999193"
RUN = (
    "run",
    "prestataires-inscriptions",
    "--project",
    "cpf",
    "--allow-example",
    "--allow-unconfirmed",
)


@pytest.mark.parametrize(
    "words",
    [
        ("dry-run", "evaluation-cpf", "--project", "cpf", "--input", f"dossier_{NIR}.jsonl"),
        (*RUN, "--input", f"in/{NIR}/feed.jsonl", "--output", "store"),
        ("verify", f"{NIR}.json", "--project", "cpf"),
        ("keys", "list", f"keys_{NIR}.json"),
        ("scan", f"{NIR}.csv"),
        ("draft", "1 55 08 75 999 991 93.csv"),
        ("recover", f"store_{NIR}"),
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_is_missing(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tamis", *words])
    assert _run() in (0, 2, 3)
    printed = "".join(capsys.readouterr())
    assert "(name withheld)" in printed
    assert NIR not in printed.replace(" ", "")


def test_a_foreign_file_in_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "store" / "_receipts").mkdir(parents=True)
    (tmp_path / "store" / "feed").mkdir()
    (tmp_path / "store" / "feed" / f"{NIR}.csv").write_text("a")
    (tmp_path / "store" / "_receipts" / f"r-{NIR}.json").write_text("[" * 100_000)
    for json in ((), ("--json",)):
        words = ["tamis", "verify", str(tmp_path / "store"), "--project", "cpf", *json]
        monkeypatch.setattr("sys.argv", words)
        assert _run() == 1
        printed = "".join(capsys.readouterr())
        assert NIR not in printed
        assert "(name withheld)" in printed


def test_what_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with show_log():
        logging.getLogger("tamis.x").info("in/%s.csv: reading", NIR)
    assert capsys.readouterr().err == "tamis: in/(name withheld).csv: reading\n"


def test_a_zip_of_two_files_is_named_by_the_run_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "two.jsonl.zip", "w") as archive:
        archive.writestr("a", "{}")
        archive.writestr("b", "{}")
    words = ["dry-run", "evaluation-cpf", "--project", "cpf", "--input"]
    monkeypatch.setattr("sys.argv", ["tamis", *words, str(tmp_path / "two.jsonl.zip")])
    assert _run() == 3
    assert "two.jsonl.zip: cannot be looked into: is an archive of several files" in (
        capsys.readouterr().err
    )
