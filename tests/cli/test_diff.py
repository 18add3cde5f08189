import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.cli.diff import diff_command
from tamis.errors import DocumentError, UsageError

from ..projects import BASE
from ..validated import validate_sarif

FEED = "policies/feed.yaml"
WIDER = ("[nir, nom]", "[nir, nom, sexe]")
NARROWER = ("[nir, nom]", "[nir]")

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command's exit code and what it prints."""

    def run(old: str, new: str, **options: object) -> tuple[int, str]:
        chosen: dict[str, object] = {"on": None, "fail_on": "released"}
        chosen.update(json=False, markdown=False, sarif=False)
        chosen.update(options)
        code = diff_command(old, new, **chosen)  # type: ignore[arg-type]
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository that is a project, committed once; the current folder."""
    folder = tmp_path / "repository"
    shutil.copytree(BASE, folder)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    git("init", "--quiet", "--initial-branch", "main")
    commit("first")
    return folder


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


def commit(message: str) -> None:
    git("add", "--all")
    git("-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "--quiet", "-m", message)


def edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def test_a_revision_is_compared_with_the_work_tree(repository: Path, run: Run) -> None:
    edit(Path(FEED), WIDER)

    code, out = run("HEAD", ".")

    assert code == 1
    assert "policies/feed.yaml:17:26" in out
    assert "into the store from paie, under R6323-37.I.1 for R6323-33.1, from 2021-01-01" in out
    assert "sexe: newly kept: identifier le titulaire" in out
    assert "1 newly released, 0 changes of what releases rest on, 0 newly withheld" in out


def test_two_revisions_are_compared_and_old_places_name_theirs(repository: Path, run: Run) -> None:
    edit(Path(FEED), NARROWER)
    commit("second")

    code, out = run("HEAD~1", "main")

    assert code == 0
    assert "HEAD~1:/policies/feed.yaml:17:21" in out


def test_the_same_documents_do_not_differ(repository: Path, run: Run) -> None:
    assert run("HEAD", ".") == (0, "nothing changes\n")


def test_a_folder_wins_over_a_revision_of_its_name(repository: Path, run: Run) -> None:
    shutil.copytree(BASE, "main")
    edit(Path("main") / FEED, WIDER)

    assert run("HEAD", "main")[0] == 1


def test_a_project_below_the_top_of_the_repository_is_read_there(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(BASE, "below")
    commit("second")
    monkeypatch.chdir("below")
    edit(Path(FEED), WIDER)

    code, out = run("HEAD", ".")

    assert code == 1
    assert "1 newly released" in out


def test_attributes_and_filters_of_the_work_tree_have_no_say(repository: Path, run: Run) -> None:
    Path(".gitattributes").write_text("policies/feed.yaml export-ignore\n", encoding="utf-8")
    commit("second")

    assert run("HEAD", ".") == (0, "nothing changes\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HEAD~9", "neither a folder nor a revision"),
        ("--output=stolen", "neither a folder nor a revision"),
        ("", "got an empty name"),
        ("schemas", "must have a folder `policies`"),
    ],
)
def test_what_is_no_project_is_refused(repository: Path, run: Run, name: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        run(name, ".")
    assert not Path("stolen").exists()


def test_a_revision_without_policies_is_refused(repository: Path, run: Run) -> None:
    shutil.rmtree("policies")
    commit("second")

    with pytest.raises(UsageError, match="the revision must have a folder `policies` here"):
        run("HEAD", "HEAD~1")


def test_a_link_in_a_revision_is_not_followed(repository: Path, run: Run) -> None:
    Path("policies/linked.yaml").symlink_to("feed.yaml")
    commit("second")

    with pytest.raises(UsageError, match=r"HEAD:policies/linked\.yaml: must be a plain file"):
        run("HEAD", ".")


def test_a_revision_outside_a_repository_is_refused(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(UsageError, match="in no git repository"):
        run("HEAD", str(BASE))


def test_json_holds_every_change_with_its_place(repository: Path, run: Run) -> None:
    edit(Path(FEED), WIDER)

    code, out = run("HEAD", ".", json=True)

    result = json.loads(out)
    [change] = result["changes"]
    assert code == 1
    assert result["newly_released"]
    assert change == {
        "risk": "released",
        "kind": "field",
        "effect": "released",
        "file": "policies/feed.yaml",
        "line": 17,
        "column": 26,
        "text": "newly kept: identifier le titulaire",
        "policy": "feed",
        "release": "droits",
        "fields": ["sexe"],
        "schema": "people",
        "processing": "paie",
        "direction": "into-store",
        "item": "R6323-37.I.1",
        "purpose": "R6323-33.1",
        "days": [{"from": "2021-01-01", "until": None}],
        "refused": False,
    }


def test_documents_that_are_wrong_are_told_as_json_with_exit_2(repository: Path, run: Run) -> None:
    edit(Path(FEED), ("policy: feed", "policie: feed"))

    code, out = run("HEAD", ".", json=True)

    assert code == 2
    assert json.loads(out)["documents"][0]["file"] == "policies/feed.yaml"
    with pytest.raises(DocumentError):
        run("HEAD", ".")


def test_markdown_is_one_table_a_section(repository: Path, run: Run) -> None:
    edit(Path(FEED), WIDER, ("because: calculer les droits", "because: compter les droits"))

    code, out = run("HEAD", ".", markdown=True)

    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "## Releases: HEAD → ."
    assert "### Newly released (1)" in lines
    assert "### What releases rest on (1)" in lines
    assert {7} == {line.count("|") for line in lines if line.startswith("|")}


def test_what_documents_say_is_neither_markup_nor_a_terminal_command(
    repository: Path, run: Run
) -> None:
    hostile = r'"<img src=x> | @team #7 [a](http://b.example) `c` \e[31m"'
    edit(Path(FEED), ("because: identifier le titulaire", f"because: {hostile}"), WIDER)

    _, markdown = run("HEAD", ".", markdown=True)
    _, plain = run("HEAD", ".")

    for mark in ("<img", "@team", "#7", "[a](", "http://", "\x1b"):
        assert mark not in markdown
    assert {7} == {line.count("|") for line in markdown.splitlines() if line.startswith("|")}
    assert "\x1b" not in plain


def test_a_terminal_gets_tables(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(Path(FEED), WIDER)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")

    code, out = run("HEAD", ".")

    assert code == 1
    assert "to whom, on which ground" in out
    assert "policies/feed.yaml:17:26" in out


def test_a_refused_policy_is_said_to_be_refused(repository: Path, run: Run) -> None:
    edit(Path(FEED), ("[nir, nom]", "[nir, nom, iban]"))

    code, out = run("HEAD", ".")

    assert code == 1
    assert "refused by check: new policy feed, from 2021-01-01: policies/feed.yaml:17:26" in out
    assert "iban: newly kept: identifier le titulaire (check refuses it)" in out


def test_what_releases_rest_on_fails_only_where_asked(repository: Path, run: Run) -> None:
    edit(Path(FEED), ("because: identifier le titulaire", "because: reconnaître le titulaire"))
    code, out = run("HEAD", ".")
    assert code == 0
    assert "what releases rest on" in out
    assert run("HEAD", ".", fail_on="ground")[0] == 1


def test_sarif_has_a_result_a_change_at_its_place(repository: Path, run: Run) -> None:
    edit(Path(FEED), WIDER)
    code, out = run("HEAD", ".", sarif=True)
    log = json.loads(out)
    validate_sarif(log)
    (result,) = log["runs"][0]["results"]
    assert (code, log["version"], result["level"]) == (1, "2.1.0", "error")
    assert result["ruleId"] == log["runs"][0]["tool"]["driver"]["rules"][0]["id"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/feed.yaml"
    assert place["region"]["startLine"] > 1


def test_a_day_and_two_formats_are_judged_before_anything_is_read(run: Run) -> None:
    with pytest.raises(UsageError, match="not a day"):
        run("nowhere", "nowhere", on="tomorrow")
    with pytest.raises(UsageError, match="choose one"):
        run("nowhere", "nowhere", json=True, markdown=True)
