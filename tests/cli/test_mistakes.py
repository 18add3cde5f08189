"""What a beginner is told of sixty mistakes: one table, from the mistake to the message.

Each mistake is made in a project of one feed that is right, by one edit of a document or by one
command line.
"""

import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tamis.cli.app import app
from tamis.cli.run import warn_of_output
from tamis.documents.calendar import today
from tamis.errors import TamisError
from tamis.keys.keyring import Keyring
from tamis.language import use_language
from tests.surface.test_messages import english_words

SCHEMA = """\
schema: feed
format: {csv: {separator: ";"}}
fields:
  NIR: {type: string, identifier: nir, category: [tit-identite-activite]}
  Ne: {type: date32, nir_part: birth, category: tit-identite-activite}
  Code RNCP: {type: string, category: tit-droits-parcours-formation}
"""
POLICY = """\
policy: feed
schema: feed
processing: systeme-evaluation-cpf
direction: out-of-store
releases:
  - item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2026-01-01
    needs:
      - because: mesurer vers quelles certifications va la dépense
        keep: [Code RNCP]
"""
FEED = "NIR;Ne;Code RNCP\n;1955-08-01;RNCP1\n"
SCHEMA_FILE, POLICY_FILE = "schemas/feed.yaml", "policies/feed.yaml"
KEEP = "keep: [Code RNCP]"


@dataclass(frozen=True)
class Told:
    """What a command line ended with."""

    code: int
    text: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a project that `check` passes, with a feed beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / SCHEMA_FILE).write_text(SCHEMA, encoding="utf-8")
    (tmp_path / POLICY_FILE).write_text(POLICY, encoding="utf-8")
    (tmp_path / "feed.csv").write_text(FEED, encoding="utf-8")
    return tmp_path


def tamis(*words: str) -> Told:
    """Run a command line in this process, with the exit code and the message of the command."""
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, TamisError):
        return Told(result.exception.exit_code, result.output + str(result.exception))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Told(result.exit_code, result.output)


def english_in(*words: str) -> list[str]:
    """The English words of what a command line is told in French: none."""
    try:
        told = tamis("--lang", "fr", *words).text
    finally:
        use_language("en")
    assert re.search("[’é ]", told)
    for name in ("feed", "store", "fede", "record"):
        told = re.sub(rf"\b{name}\b", " ", told)
    return english_words(told)


def test_the_project_is_right(folder: Path) -> None:
    assert tamis("check").code == 0


DOCUMENTS: dict[str, tuple[str, str, str, str]] = {
    "14 comma": (POLICY_FILE, KEEP, "keep: [Code RNCP", "needs its commas and its end"),
    "14 quote": (POLICY_FILE, "because: m", "because: 'm", "a quote is opened and not closed"),
    "14 at": (POLICY_FILE, KEEP, "keep: @tout", "begins with this character must be in quotes"),
    "1 key": (POLICY_FILE, "releases:", "relases:", "unknown key `relases`, did you mean `releas"),
    "2 inner key": (POLICY_FILE, "because:", "becaus:", "unknown key `becaus`, did you mean `beca"),
    "4 French date": (
        POLICY_FILE,
        "2026-01-01",
        "01/02/2026",
        "8:11: must be a date such as 2026-02-28, got a text: write 2026-02-01",
    ),
    "5 no such day": (POLICY_FILE, "2026-01-01", "2026-02-30", "8:11: must be a day that exists"),
    "7 item in words": (
        POLICY_FILE,
        "R6323-37.III.2",
        "6323-37 III 2",
        "policies/feed.yaml:6:11: must be written R6323-37.III.2",
    ),
    "9 no purpose": (
        POLICY_FILE,
        "    purpose: R6323-33.5\n",
        "",
        "`purpose` is missing (the p",
    ),
    "11 str": (SCHEMA_FILE, "NIR: {type: string", "NIR: {type: str", "did you mean `string`?"),
    "11 varchar": (SCHEMA_FILE, "NIR: {type: string", "NIR: {type: varchar", "mean `string`?"),
    "11 int": (SCHEMA_FILE, "NIR: {type: string", "NIR: {type: int", "did you mean `int64`?"),
    "12 decimal": (SCHEMA_FILE, "{type: date32, ", "{type: decimal, ", "`decimal128(12, 2)`?"),
    "14 tab": (SCHEMA_FILE, "  NIR:", "\tNIR:", "a line must not begin with a tab: write"),
    "14 twice": (SCHEMA_FILE, "schema: feed", "schema: feed\nschema: feed", "must not stand twice"),
    "15 colon": (POLICY_FILE, "because: m", "because: l'âge: m", "a text with `: ` in it must be"),
    "17 direction": (POLICY_FILE, "out-of-store", "out", "must be `into-store` or `out-of-store`"),
    "19 other name": (POLICY_FILE, "policy: feed", "policy: other", "must be `feed` as the file"),
    "19 no schema": (
        POLICY_FILE,
        "schema: feed",
        "schema: fead",
        "no schema `fead` in schemas",
    ),
    "21 pseudonymize": (
        POLICY_FILE,
        KEEP,
        "keep: [NIR]\n    treat: {NIR: pseudonymize}",
        "got a text: write {pseudonymize: {as: …}}",
    ),
    "22 no name": (
        POLICY_FILE,
        KEEP,
        "keep: [NIR]\n    treat: {NIR: {pseudonymize: {}}}",
        "key `as` is missing (the name of the pseudonym's column, which takes the field's place)",
    ),
    "34 encoding": (
        SCHEMA_FILE,
        '";"',
        '";", encoding: cp1253x',
        "one such as `utf-8`, `cp1252` or",
    ),
    "36 pattern": (SCHEMA_FILE, '";"', '";", dates: JJ/MM/AAAA', "%d/%m/%Y"),
    "a list of one": (POLICY_FILE, KEEP, "keep: Code RNCP", "must be a list, `[…]`, got a text"),
    "a number": (SCHEMA_FILE, "schema: feed", "schema: 12", "must be a string, got a number: put"),
}


@pytest.mark.parametrize("mistake", DOCUMENTS)
def test_a_wrong_document_is_told_at_its_place(mistake: str, folder: Path) -> None:
    file, old, new, message = DOCUMENTS[mistake]
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    told = tamis("check")
    assert told.code == 2
    assert message in told.text
    assert f"{file}:" in told.text
    assert english_in("check") == []


VIOLATIONS: dict[str, tuple[str, str, str, str]] = {
    "3 field": (POLICY_FILE, KEEP, "keep: [Code_RNCP]", "did you mean `Code RNCP`?"),
    "6 item": (POLICY_FILE, "III.2", "III.9", "did you mean `R6323-37.III."),
    "8 paragraph": (POLICY_FILE, "III.2", "I.1", "systeme-evaluation-cpf"),
    "10 purpose": (POLICY_FILE, "R6323-33.5", "R6323-33.1", "goes with R6323-33.5"),
    "13 category": (SCHEMA_FILE, "tit-droits", "droits", "did you mean `tit-droits-parcours-form"),
    "16 processing": (POLICY_FILE, "systeme-evaluation-cpf", "systeme-eval", "did you mean `sys"),
    "20 NIR": (POLICY_FILE, KEEP, "keep: [NIR]", "must be dropped or pseudonymized, never kept"),
}


@pytest.mark.parametrize("mistake", VIOLATIONS)
def test_a_violation_is_told_at_its_place(mistake: str, folder: Path) -> None:
    file, old, new, message = VIOLATIONS[mistake]
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    told = tamis("check")
    assert told.code == 1
    assert message in told.text
    assert english_in("check") == []


RUN = ("run", "feed", "--input", "feed.csv", "--output", "store", "--allow-example")
DRY = ("dry-run", "feed", "--input", "feed.csv")
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "23 file": (("dry-run", "feed", "--input", "nope.csv"), "no input matches nope.csv"),
    "23 pattern": (("dry-run", "feed", "--input", "nope/*.csv"), "no input matches nope/*.csv"),
    "24 folder": (("dry-run", "feed", "--input", "schemas"), "is a folder, expected the files in"),
    "25 stray": ((*DRY[:2], "b.csv", "--input", "a.csv"), "argument `b.csv`: inputs stand after"),
    "26 no input": (("dry-run", "feed"), "--input is missing"),
    "28 run id": ((*RUN, "--run-id", "Test_1"), "0 to 9 and hyphens, at most 128, such as test-1"),
    "28 path": ((*RUN, "--run-id", "../x"), "hyphens, at most 128, such as x"),
    "29 example": (RUN[:-1], "put a real entry in the register, or give --allow-example"),
    "31 no key file": ((*RUN, "--keys", "nope.json"), "`nope.json`: no such file"),
    "32 unused": ((*RUN, "--keys", "nope.json"), "no such file"),
    "50 output": ((*DRY, "-o", "report.html"), "writes no store, and its result by --html or"),
    "50 store": ((*DRY, "--output", "store"), "writes no store, and its result by --html or"),
    "60 page": (("help", "stors"), "no topic `stors`, did you mean `stores`?; there are approvals"),
    "62 link": (("link", "nope", "feed.csv"), "nope: no such file or folder"),
    "63 runs": (
        ("runs", "schemas"),
        "has no receipt: expected the folder that `--output` of a run",
    ),
    "38 gs": (("dry-run", "feed", "--input", "azfs://b/x"), 'pip install "apache-beam[azure]"'),
    "39 day": ((*DRY, "--on", "28/11/2026"), "`28/11/2026` is not a day, write it as YYYY-MM-DD"),
    "39 no day": ((*DRY, "--on", "2026-02-30"), "`2026-02-30` is not a day"),
    "40 before": ((*DRY, "--on", "2020-01-01"), "no release in force on 2020-01-01"),
    "41 replay": ((*RUN, "--on", "2026-03-01"), "is not today ({today}): give --replay"),
    "42 policy": (("plan", "fede"), "no policy `fede` in policies, did you mean `feed`?"),
    "43 other project": (("plan", "evaluation-cpf"), "comes with Tamis: --project cpf"),
    "44 project": (("--project", "/nope", "check"), "/nope: not a project, it must have a folder"),
    "46 folder": (("--project", "schemas", "check"), "schemas: not a project, it must have"),
    "47 Beam": ((*RUN, "--", "--runer=X"), "no option `--runer`, did you mean `--runner`?"),
    "47 worker": ((*RUN, "--", "--direct_num_worker=2"), "did you mean `--direct_num_workers`?"),
    "48 runner": ((*RUN, "--", "--runner=SparkyRunner"), "did you mean `SparkRunner`?; known to"),
    "49 no --": ((*RUN, "--runner=X"), "`--runner`: options of Beam must stand after `--`"),
    "50 dry": ((*RUN, "--dry-run"), "no option `--dry-run`: the command is `tamis dry-run`"),
    "56 no store": (("verify", "store"), "store"),
    "59 path": (("plan", "policies/feed.yaml"), "did you mean `feed`?"),
    "60 command": (("chek",), "no command `chek`, did you mean `check`?"),
    "60 fail-on": ((*DRY, "--fail-on", "quarantined"), "quarantine"),
    "60 language": ((*DRY, "--lang", "de"), "en or fr"),
    "mysql": ((*RUN, "--output", "mysql://u:p@h/db"), "`mysql:` begins no address here"),
    "empty": ((*RUN[:4], "--output", ""), "--output: must not be empty; is a variable unset?"),
}


@pytest.mark.parametrize("mistake", COMMANDS)
def test_a_wrong_command_line_is_told(mistake: str, folder: Path) -> None:
    words, message = COMMANDS[mistake]
    told = tamis(*words)
    assert told.code == 2
    assert message.format(today=today()) in told.text
    assert "--lang" in words or english_in(*words) == []
    assert not (folder / "store").exists()


def _short_yml(folder: Path) -> None:
    (folder / POLICY_FILE).rename(folder / "policies/feed.yml")


def _no_policy(folder: Path) -> None:
    (folder / POLICY_FILE).unlink()


def _no_policies(folder: Path) -> None:
    _no_policy(folder)
    (folder / "policies").rmdir()


def _pipe(folder: Path) -> None:
    _no_policy(folder)
    os.mkfifo(folder / POLICY_FILE)


def _device(folder: Path) -> None:
    (folder / "schemas/zero.yaml").symlink_to("/dev/zero")


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("policies/feed2.yaml")


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "18 yml": (_short_yml, "policies/feed.yml: must be called `feed.yaml`"),
    "2.12 nothing": (_no_policy, "policies: must hold a policy"),
    "46 no folder": (_no_policies, "must have a folder `policies`; give --project DIR"),
    "pipe": (_pipe, "policies/feed.yaml: cannot be read: not a regular file"),
    "device": (_device, "schemas/zero.yaml: cannot be read: not a regular file"),
    "socket": (_socket, "policies/feed2.yaml: cannot be read"),
}


@pytest.mark.parametrize("mistake", FOLDERS)
def test_a_wrong_folder_is_never_a_green_check(mistake: str, folder: Path) -> None:
    spoil, message = FOLDERS[mistake]
    spoil(folder)
    told = tamis("check")
    assert told.code == 2
    assert message in told.text
    assert english_in("check") == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.csv", b"", "e.csv: is empty"),
        ("e.jsonl", b"{{{\n", "e.jsonl: no line of it is a JSON object"),
        ("e.bin", bytes(range(256)), "e.bin: is no format that is read: an unknown binary file"),
        ("e.xls", bytes.fromhex("d0cf11e0a1b11ae1"), "a file of Microsoft Office, old (.xls)"),
        ("nope.csv", None, "nope.csv: cannot be read: no such file or directory"),
    ],
)
def test_57_58_a_draft_of_what_holds_no_record_says_why(
    name: str, content: bytes | None, message: str, folder: Path
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    told = tamis("draft", name, "-o", "schemas/e.yaml")
    assert told.code == 3
    assert message in told.text
    assert english_in("draft", name) == []
    assert not (folder / "schemas/e.yaml").exists()


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (None, 0o600, "`keys.json`: no such file"),
        ("{}", 0o600, "is no keyring"),
        ("{}", 0o644, "has mode 0644: `chmod 600` it"),
    ],
)
def test_31_32_a_wrong_keyring_is_refused_whether_it_is_used_or_not(
    content: str | None, mode: int, message: str, folder: Path
) -> None:
    keys = folder / "keys.json"
    if content is not None:
        keys.write_text(content)
        keys.chmod(mode)
    told = tamis(*RUN, "--keys", "keys.json")
    assert told.code == 2
    assert message in told.text


def test_30_keys_that_are_needed_are_asked_for(folder: Path) -> None:
    text = POLICY.replace("[Code RNCP]", "[NIR]\n    treat: {NIR: {pseudonymize: {as: p}}}")
    (folder / POLICY_FILE).write_text(text, encoding="utf-8")
    told = tamis(*RUN)
    assert told.code == 2
    assert "needs --keys FILE; `tamis keys new FILE` makes one" in told.text


@pytest.mark.slow
def test_32_keys_that_are_not_used_are_told(folder: Path) -> None:
    Keyring.create("keys.json")
    told = tamis(*RUN, "--keys", "keys.json", "--run-id", "r")
    assert told.code == 0
    assert "policy `feed` makes no pseudonyms: --keys is not used" in told.text
    (folder / "feed.csv").write_text(FEED + ";1956-08-01;RNCP2\n", encoding="utf-8")
    other = tamis(*RUN, "--run-id", "r")  # 52
    assert other.code == 2
    assert "is committed in store, and not with the same inputs: choose another" in other.text


def test_54_55_what_stands_in_the_folder_of_a_store_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_of_output("store")
    warn_of_output("gs://bucket/store")
    (folder / "store").mkdir()
    (folder / "store" / "_receipts").mkdir()
    warn_of_output("store")
    assert capsys.readouterr().err == ""
    (folder / "store" / "a.txt").touch()
    warn_of_output("store")
    assert "store: holds 1 file of no run" in capsys.readouterr().err
    warn_of_output(".")
    assert ".: is a project" in capsys.readouterr().err
