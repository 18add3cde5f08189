"""`verify` finds whatever was changed after a run, and says what it could not check."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.cli.verify import verify_command
from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.plan.compile import compile_plan
from tamis.plan.project import Project, bundled_project, load_project
from tamis.runs.batch import Job, run
from tamis.stores.folder_store import FolderStore
from tamis.stores.local_folder import LocalFolder
from tamis.stores.protocol import Attempt
from tamis.stores.remote_folder import RemoteFolder
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records
from tamis.verify.figures import Finding
from tamis.verify.verify import verify, verify_store
from tests.services.buckets import run_s3

from ..projects import copy_bundled

POLICY = "cpir-partage"
RECEIPT = "_receipts/le-run.json"
OPTIONS = ("--direct_running_mode=in_memory",)

Change = Callable[[Path, dict[str, Any]], None]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a feed in two files, `in`, and the store that a run made of it, `store`."""
    folder = tmp_path_factory.mktemp("verify")
    project = bundled_project()
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    (folder / "in").mkdir()
    for seed in (1, 2):
        records = make_records(schema, 60, seed=seed, policies=[policy], dirt=DIRTY)
        write_feed(records, schema, folder / "in" / f"{seed}.parquet")
    plan = compile_plan(project, POLICY, today())
    inputs = (str(folder / "in" / "*.parquet"),)
    run(Job(plan, inputs, str(folder / "store"), "le-run", options=OPTIONS))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(committed: Path, tmp_path: Path) -> Path:
    """A copy of the store, to be tampered with."""
    return Path(shutil.copytree(committed / "store", tmp_path / "store"))


def release_of(receipt: dict[str, Any]) -> dict[str, Any]:
    return receipt["releases"]["partage"]


def first_file(store: Path, receipt: dict[str, Any]) -> Path:
    return store / release_of(receipt)["files"][0]["path"]


def rewrite(store: Path, entry: dict[str, Any], table: pa.Table) -> None:
    """Put `table` in the place of a file, with the digest and rows that the receipt should tell."""
    pq.write_table(table, store / entry["path"])
    entry["sha256"] = hashlib.sha256((store / entry["path"]).read_bytes()).hexdigest()


def flip_a_byte(store: Path, receipt: dict[str, Any]) -> None:
    path = first_file(store, receipt)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def flip_a_byte_of_quarantine(store: Path, receipt: dict[str, Any]) -> None:
    path = store / receipt["quarantine_files"][0]["path"]
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def truncate(store: Path, receipt: dict[str, Any]) -> None:
    path = first_file(store, receipt)
    path.write_bytes(path.read_bytes()[:-20])


def remove_a_file(store: Path, receipt: dict[str, Any]) -> None:
    first_file(store, receipt).unlink()


def add_a_file(store: Path, receipt: dict[str, Any]) -> None:
    path = first_file(store, receipt)
    shutil.copy(path, path.with_name("le-run-00007-00000.parquet"))


def lose_a_row(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    rewrite(store, entry, pq.read_table(store / entry["path"])[1:])


def change_a_tag(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    table = pq.read_table(store / entry["path"])
    tags = pa.array(["R6323-33.2"] + ["R6323-33.10"] * (len(table) - 1))
    at = table.schema.get_field_index("legal_purpose")
    rewrite(store, entry, table.set_column(at, "legal_purpose", tags))


def add_a_column(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    table = pq.read_table(store / entry["path"])
    rewrite(store, entry, table.append_column("iban", pa.nulls(len(table), pa.string())))


def drop_a_tag(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    rewrite(store, entry, pq.read_table(store / entry["path"]).drop_columns(["legal_item"]))


def change_a_reason(store: Path, receipt: dict[str, Any]) -> None:
    receipt["quarantine"]["type"] = receipt["quarantine"].pop("nir-key")


def change_the_field_of_a_cause(store: Path, receipt: dict[str, Any]) -> None:
    receipt["quarantine_causes"][0]["field"] = "titulaire.nom"


def move_the_first_place(store: Path, receipt: dict[str, Any]) -> None:
    receipt["quarantine_causes"][-1]["position"] += 1


def forget_a_cause(store: Path, receipt: dict[str, Any]) -> None:
    del receipt["quarantine_causes"][0]


def add_to_a_condition(store: Path, receipt: dict[str, Any]) -> None:
    unmet = {"release": "partage", "condition": "statut not in gagné", "records": 1}
    receipt["conditions_not_met"].append(unmet)


def list_a_file_twice(store: Path, receipt: dict[str, Any]) -> None:
    release_of(receipt)["files"] *= 2


def point_outside(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    shutil.move(store / entry["path"], store.parent / "elsewhere.parquet")
    entry["path"] = f"{POLICY}/partage/../../../elsewhere.parquet"


def point_to_another_place(store: Path, receipt: dict[str, Any]) -> None:
    entry = release_of(receipt)["files"][0]
    (store / POLICY / "autre").mkdir()
    shutil.move(store / entry["path"], store / POLICY / "autre" / "x.parquet")
    entry["path"] = f"{POLICY}/partage/../autre/x.parquet"


def link_elsewhere(store: Path, receipt: dict[str, Any]) -> None:
    path = first_file(store, receipt)
    shutil.move(path, store.parent / "elsewhere.parquet")
    path.symlink_to(store.parent / "elsewhere.parquet")


def count_more_in(store: Path, receipt: dict[str, Any]) -> None:
    receipt["counts"]["in"] += 1


def call_a_released_record_withheld(store: Path, receipt: dict[str, Any]) -> None:
    receipt["counts"]["released"] -= 1
    receipt["counts"]["withheld"] += 1


def forget_an_input(store: Path, receipt: dict[str, Any]) -> None:
    del receipt["inputs"][0]


def change_an_input(store: Path, receipt: dict[str, Any]) -> None:
    receipt["inputs"][0]["sha256"] = "0" * 64


def forget_a_file(store: Path, receipt: dict[str, Any]) -> None:
    del release_of(receipt)["files"][0]


def change_a_fate(store: Path, receipt: dict[str, Any]) -> None:
    release_of(receipt)["fields"]["titulaire.nir"]["fate"] = "stripped"


def change_the_purpose(store: Path, receipt: dict[str, Any]) -> None:
    release_of(receipt)["purpose"] = "R6323-33.2"


def stand_under_another_name(store: Path, receipt: dict[str, Any]) -> None:
    receipt["run"] = "un-autre-run"


def call_it_a_replay(store: Path, receipt: dict[str, Any]) -> None:
    receipt["replay"] = True


def begin_on_another_day(store: Path, receipt: dict[str, Any]) -> None:
    receipt["started"] = "2026-03-02T12:00:00Z"


TAMPERED: dict[Change, str] = {
    flip_a_byte: "partage/le-run-00000-00000.parquet: digest differs",
    flip_a_byte_of_quarantine: "_quarantine/.*: digest differs",
    truncate: "digest differs",
    remove_a_file: "is not there",
    add_a_file: "le-run-00007-00000.parquet: no receipt lists it",
    lose_a_row: "holds another number of rows",
    change_a_tag: "`legal_purpose` is not what it should be",
    add_a_column: "holds columns that the receipt does not name",
    drop_a_tag: "`legal_item` is missing or damaged",
    change_a_reason: "quarantine by reason is not what its files hold",
    change_the_field_of_a_cause: "quarantine by field and rule is not what its files hold",
    move_the_first_place: "quarantine by field and rule is not what its files hold",
    forget_a_cause: "quarantine by field and rule adds up to that by reason",
    add_to_a_condition: "withheld by condition adds up to ",
    list_a_file_twice: "is listed 2 times",
    point_outside: "does not stand where it should",
    point_to_another_place: "does not stand where it should",
    link_elsewhere: "is not there as a file",
    count_more_in: "counts reconcile: 121 = ",
    call_a_released_record_withheld: r"\d+ records released make \d+ rows",
    forget_an_input: "inputs hold 60 records, 120 were judged",
    change_an_input: "the input's digest differs",
    forget_a_file: "release partage: files hold",
    change_a_fate: "releases and fates of fields are the plan's",
    change_the_purpose: "releases and fates of fields are the plan's",
    call_it_a_replay: "replay: begun on .* under the law of ",
    begin_on_another_day: "no replay: begun on 2026-03-02 under its law",
    stand_under_another_name: "the receipt of run un-autre-run stands as _receipts/le-run.json",
}


@pytest.fixture(scope="module")
def project() -> Project:
    return bundled_project()


def test_an_untouched_store_is_verified(
    store: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = verify(store / RECEIPT, project)
    assert {finding.outcome for finding in findings} == {"ok"}
    assert verify_command(project, store / RECEIPT, False) == 0
    assert f"verified, all {len(findings)} claims hold" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_a_whole_store_is_verified_wherever_it_is(
    store: Path, project: Project, where: str
) -> None:
    def judge() -> list[Finding]:
        if where == "folder":
            return list(verify_store(FolderStore(LocalFolder(str(store))), project))
        with run_s3() as bucket:
            client = boto3.client("s3")
            for path in store.rglob("*"):
                if path.is_file():
                    key = f"store/{path.relative_to(store)}"
                    client.upload_file(str(path), bucket.removeprefix("s3://"), key)
            return list(verify_store(FolderStore(RemoteFolder(f"{bucket}/store")), project))

    findings = judge()
    assert {finding.outcome for finding in findings} == {"ok"}
    assert {finding.run for finding in findings} == {"le-run", ""}
    path = first_file(store, json.loads((store / RECEIPT).read_bytes()))
    shutil.copy(path, path.with_name("stranger.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    assert [finding.text for finding in judge() if finding.outcome == "failed"] == [
        f"{path.relative_to(store)}: digest differs",
        f"{path.relative_to(store).with_name('stranger.parquet')}: no receipt lists it",
    ]


def test_runs_that_are_committed_meanwhile_do_not_fail_a_store(
    store: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile = Path(shutil.copytree(store, tmp_path / "meanwhile"))
    shutil.rmtree(store)
    (store / "_receipts").mkdir(parents=True)
    (store / "_receipts" / "other.json").write_text("{}")
    find = FolderStore.unlisted

    def commit(self: FolderStore, listed: Collection[str]) -> list[str]:
        shutil.copytree(meanwhile, store, dirs_exist_ok=True)
        return find(self, listed)

    monkeypatch.setattr(FolderStore, "unlisted", commit)
    failed = [finding.text for finding in verify(store, project) if finding.outcome == "failed"]
    assert failed == ["_receipts/other.json: is no receipt"]


def test_files_of_a_commit_that_are_not_in_their_places_yet_do_not_fail_a_store(
    store: Path, project: Project
) -> None:
    receipt = json.loads((store / RECEIPT).read_bytes())
    path = first_file(store, receipt)
    staged = store / "_staging" / str(Attempt.begin(receipt["run"]))
    staged.mkdir(parents=True)
    shutil.move(path, staged / "one.parquet")
    shutil.copy(store / RECEIPT, staged / "one.json")
    (finding,) = [found for found in verify(store, project) if found.outcome != "ok"]
    assert finding.outcome == "not checked"
    assert "is not in its place yet; `tamis recover` puts it there" in finding.text
    FolderStore(LocalFolder(str(store))).recover()
    assert {finding.outcome for finding in verify(store, project)} == {"ok"}


def test_several_receipts_and_stores_are_verified_at_once(
    store: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_command(project, [str(store), store / RECEIPT], False, ("le-run",)) == 0
    printed = capsys.readouterr().out
    assert len(re.findall(r": verified, all \d+ claims hold", printed)) == 2
    shutil.copy(store / RECEIPT, store / "_receipts" / "copie.json")
    assert verify_command(project, [str(store)], False) == 1
    assert "_receipts/copie.json: is no receipt" in capsys.readouterr().out


def test_what_is_not_in_a_store_cannot_be_verified(
    store: Path, project: Project, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="run un-autre is not committed"):
        verify(store, project, ["un-autre"])
    with pytest.raises(UsageError, match="nothing: no such file or folder"):
        verify(tmp_path / "nothing", project)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: has no receipt"):
        verify(tmp_path / "empty", project)


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_whatever_was_changed_is_found(
    store: Path, project: Project, capsys: pytest.CaptureFixture[str], tamper: Change
) -> None:
    path = store / RECEIPT
    receipt = json.loads(path.read_bytes())
    tamper(store, receipt)
    path.write_text(json.dumps(receipt), encoding="utf-8")
    failed = "\n".join(
        finding.text for finding in verify(path, project) if finding.outcome == "failed"
    )
    assert re.search(TAMPERED[tamper], failed), failed
    assert verify_command(project, path, True) == 1
    printed = json.loads(capsys.readouterr().out)
    assert "failed" in {one["outcome"] for one in printed}


def test_a_receipt_does_not_vouch_for_the_files_of_another(store: Path, project: Project) -> None:
    shutil.copy(store / RECEIPT, store / "_receipts" / "copie.json")
    assert "failed" in {
        finding.outcome for finding in verify(store / "_receipts/copie.json", project)
    }
    (store / "_receipts" / "copie.json").write_text("{}")
    failed = [
        finding.text for finding in verify(store / RECEIPT, project) if finding.outcome == "failed"
    ]
    assert failed == ["_receipts/copie.json: is no receipt"]


def test_an_input_that_is_gone_is_said_not_to_be_checked(
    committed: Path, store: Path, project: Project
) -> None:
    gone = committed / "in" / "1.parquet"
    moved = gone.rename(committed / "moved")
    try:
        findings = verify(store / RECEIPT, project)
    finally:
        moved.rename(gone)
    assert [finding.text for finding in findings if finding.outcome != "ok"] == [
        f"{gone}: the input is not there any more"
    ]
    assert {finding.outcome for finding in findings} == {"ok", "not checked"}


def test_other_documents_are_said_not_to_be_checked(store: Path, tmp_path: Path) -> None:
    edit = (f"policies/{POLICY}.yaml", "[action.cout_total]", "[action.debut_prevu]")
    changed = load_project(copy_bundled(tmp_path / "project", [edit]))
    for other, what in (
        (None, "this project has no such policy"),
        (changed, "the documents have changed"),
    ):
        findings = verify(store / RECEIPT, other)
        (unchecked,) = [finding.text for finding in findings if finding.outcome != "ok"]
        assert what in unchecked


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[", b"[" * 100_000, b'{"run": "x"}'])
def test_what_is_no_receipt_is_refused_without_quoting_it(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "_receipts" / "x.json"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.json: (is no receipt|cannot be read)"):
        verify(path)


def test_a_receipt_survives_its_json(store: Path) -> None:
    text = (store / RECEIPT).read_text(encoding="utf-8")
    receipt = Receipt.model_validate_json(text)
    assert receipt.to_json() == text
    assert list(json.loads(text))[:6] == [
        *("run", "policy", "policy_sha256", "plan_sha256", "day", "replay"),
    ]
    assert json.loads(text)["counts"]["in"] == 120


def test_a_receipt_holds_no_value_of_the_feed_that_the_policy_does_not_write(
    committed: Path, store: Path, project: Project
) -> None:
    text = (store / RECEIPT).read_text(encoding="utf-8")
    rows = pq.read_table(committed / "in" / "1.parquet").to_pylist()
    values = {str(leaf) for row in rows for leaf in leaves(row) if len(str(leaf)) > 4}
    plan = project.plan(POLICY, on=today())
    tested = [test for release in plan.releases for test in release.where]
    values -= {str(value) for test in tested for value in test.values}
    assert len(values) > 200
    assert [value for value in values if value in text] == []


def leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for one in node.values():
            yield from leaves(one)
    elif isinstance(node, list):
        for one in node:
            yield from leaves(one)
    else:
        yield node


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"withheld": ', '"withheld": -', 1),
        lambda text: text.replace('"rows": ', '"rows": -', 1),
        lambda text: text.replace('"counts": {', '"counts": {"released": 1,', 1),
        lambda text: text.replace('"run": ', '"run": "le-run", "run": ', 1),
    ],
    ids=["a negative count", "negative rows", "a count twice", "a key twice"],
)
def test_what_no_run_writes_is_no_receipt(
    store: Path, project: Project, change: Callable[[str], str]
) -> None:
    path = store / RECEIPT
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")
    failed = [finding.text for finding in verify(store, project) if finding.outcome == "failed"]
    assert f"{RECEIPT}: is no receipt" in failed
    with pytest.raises(UsageError, match="is no receipt"):
        verify(path, project)
