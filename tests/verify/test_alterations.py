"""One thing of a good store is altered: `verify` notices it, or here stands why nobody could.

Each leaf of a receipt is changed and removed, one of each kind; then what stands in the store.
"""

import copy
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.documents.calendar import today
from tamis.errors import UsageError
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring
from tamis.plan.compile import compile_plan
from tamis.plan.project import Project, bundled_project, load_project
from tamis.runs.batch import Job, run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records
from tamis.verify.verify import verify

from ..projects import copy_bundled

POLICY = "evaluation-cpf"
"""Paragraph III: no NIR may pass. It has a pseudonym, a condition, and quarantined records."""

RECEIPT = "_receipts/le-run.json"
RELEASE = f"{POLICY}/evaluation"

Alter: TypeAlias = Callable[[Any], Any]

UNKNOWABLE = {
    "tool: changed": "no other place holds the version",
    "keys[].epoch: changed": "the keyring is not at hand, and may have been rotated",
    "keys[].key_id: changed": "the keyring is not at hand, and may have been rotated",
    "quarantine_causes: removed": "older receipts have none",
    "allowed: removed": "older receipts have none",
    "approval: removed": "older receipts have none",
    "conditions_not_met: removed": "older receipts have none",
    "releases.evaluation.smallest_unit: removed": "older receipts have none",
    "releases.evaluation.smallest_unit: changed": "files do not show where a unit ended",
    "fields.dropped.because: changed": "said in the language of the run",
    "fields.stripped.because: changed": "said in the language of the run",
}
"""By what was altered, why nobody could notice."""


@pytest.fixture(scope="module")
def project() -> Project:
    return bundled_project()


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Path]:
    """A folder with a feed in two files, `in`, and the store that a run made of it, `store`."""
    folder = tmp_path_factory.mktemp("alterations")
    policy, _source = project.policy(POLICY)
    schema, _source = project.schema(policy.schema_)
    (folder / "in").mkdir()
    for seed in (1, 2):
        records = make_records(schema, 100, seed=seed, policies=[policy], dirt=DIRTY)
        write_feed(records, schema, folder / "in" / f"{seed}.parquet", extra={"inconnu": "x"})
    Keyring.create(str(folder / "keys.json"))
    inputs, keys = (str(folder / "in" / "*.parquet"),), str(folder / "keys.json")
    plan = compile_plan(project, POLICY, today())
    options = ("--direct_running_mode=in_memory",)
    run(Job(plan, inputs, str(folder / "store"), "le-run", keys, options=options))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(committed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(committed / "store", tmp_path / "store"))


def findings_of(store: Path, project: Project) -> list[str]:
    """What is failed, and what is not checked, of a receipt and of its store."""
    try:
        found = [*verify(store / RECEIPT, project), *verify(store, project)]
    except UsageError as error:
        return [str(error)]
    return [f"{finding.outcome}: {finding.text}" for finding in found if finding.outcome != "ok"]


def alterations(node: Any, at: str = "") -> Iterator[tuple[str, Alter]]:
    """Of each leaf and each member under `node`: what is altered, and what copies it so."""
    if isinstance(node, dict | list):
        members = list(node.items() if isinstance(node, dict) else enumerate(node))
        for key, value in members:
            path = f"{at}.{key}".lstrip(".") if isinstance(node, dict) else f"{at}[]"
            yield f"{path}: removed", partial(_without, key)
            if isinstance(node, list):
                yield f"{path}: twice", partial(_with_another, value)
            for name, alter in alterations(value, path):
                yield name, partial(_with_altered, key, alter)
    else:
        yield f"{at}: changed", _changed


def _without(key: Any, whole: Any) -> Any:
    left = copy.copy(whole)
    del left[key]
    return left


def _with_another(value: Any, whole: Any) -> Any:
    return [*whole, value]


def _with_altered(key: Any, alter: Alter, whole: Any) -> Any:
    altered = copy.copy(whole)
    altered[key] = alter(whole[key])
    return altered


def _changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if re.fullmatch(r"[0-9a-f]{64}", value):
        return "0" * 64
    if re.match(r"\d{4}-\d\d-\d\d", value):
        return f"{int(value[:4]) - 1}{value[4:]}".replace("-02-29", "-02-28")
    return f"{value}x"


def test_whatever_is_altered_in_a_receipt_is_noticed(store: Path, project: Project) -> None:
    assert findings_of(store, project) == []
    path = store / RECEIPT
    text = path.read_text(encoding="utf-8")
    receipt, whole = json.loads(text), Receipt.from_json(text)
    fates = {
        name: claim["fate"] for name, claim in receipt["releases"]["evaluation"]["fields"].items()
    }
    changes: dict[str, Alter] = {}
    for name, alter in alterations(receipt):
        field = re.search(r"\.fields\.(.+?)(\.because|\.fate)?: ", name)
        if field is not None:
            kind = f"fields.{fates[field[1]]}{field[2] or ''}: "
            name = kind + name.rpartition(": ")[2]
        changes.setdefault(name, alter)
    unnoticed = set()
    for name, alter in changes.items():
        altered = json.dumps(alter(receipt))
        path.write_text(altered, encoding="utf-8")
        if not findings_of(store, project) and Receipt.from_json(altered) != whole:
            unnoticed.add(name)  # and it says something else
    assert len(changes) > 100
    assert unnoticed == set(UNKNOWABLE)


def first_file(store: Path) -> Path:
    return min((store / RELEASE).iterdir())


def rewrite(store: Path, path: Path, table: pa.Table) -> None:
    """Put `table` in the place of a file, with the digest in the receipt that it has then."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    pq.write_table(table, path)
    text = (store / RECEIPT).read_text(encoding="utf-8")
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    (store / RECEIPT).write_text(text.replace(before, after), encoding="utf-8")


def release_a_nir(store: Path) -> None:
    path = first_file(store)
    table = pq.read_table(path)
    at = table.schema.get_field_index("code_rncp")
    values = ["1 55 08 75 999 991 93", *table.column(at).to_pylist()[1:]]
    rewrite(store, path, table.set_column(at, "code_rncp", pa.array(values)))


def write_metadata(store: Path) -> None:
    path = first_file(store)
    rewrite(store, path, pq.read_table(path).replace_schema_metadata({"nom": "DUPONT"}))


def drop_a_kept_column(store: Path) -> None:
    path = first_file(store)
    rewrite(store, path, pq.read_table(path).drop_columns(["sexe"]))


def add_a_column_to_the_quarantine(store: Path) -> None:
    path = min((store / "_quarantine" / POLICY).iterdir())
    table = pq.read_table(path)
    rewrite(store, path, table.append_column("nir", pa.array(["1550875999991"] * len(table))))


def exchange_two_files(store: Path) -> None:
    one, two = sorted((store / RELEASE).iterdir())
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)


def empty_a_digest(store: Path) -> None:
    path = store / RECEIPT
    digest = hashlib.sha256(first_file(store).read_bytes()).hexdigest()
    path.write_text(path.read_text(encoding="utf-8").replace(digest, ""), encoding="utf-8")


def call_a_file_a_table(store: Path) -> None:
    path = store / RECEIPT
    text = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(first_file(store).read_bytes()).hexdigest()
    name = str(first_file(store).relative_to(store))
    text = text.replace(digest, "").replace(name, "public.partage__r1_p")
    path.write_text(text, encoding="utf-8")
    first_file(store).unlink()


def put_a_key_twice(store: Path) -> None:
    path = store / RECEIPT
    path.write_text('{"replay": false,' + path.read_text(encoding="utf-8")[1:], encoding="utf-8")


def put(name: str) -> Callable[[Path], None]:
    """Let a file stand in the store that is none of its own."""

    def alter(store: Path) -> None:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text("DUPONT")

    return alter


def put_a_pipe(store: Path) -> None:
    os.mkfifo(store / RELEASE / "pipe.parquet")


def put_a_dangling_link(store: Path) -> None:
    (store / RELEASE / "link.parquet").symlink_to("/nowhere/at-all")


def link_a_folder(store: Path) -> None:
    shutil.move(store / RELEASE, store.parent / "elsewhere")
    (store / RELEASE).symlink_to(store.parent / "elsewhere")


def copy_the_receipt(store: Path) -> None:
    shutil.copy(store / RECEIPT, store / "_receipts" / "autre.json")


def claim_an_approval(store: Path) -> None:
    path = store / RECEIPT
    receipt = json.loads(path.read_text(encoding="utf-8"))
    receipt["approval"] = {"opinion": "favorable", "by": "A", "role": "DPO", "until": "2027-01-01"}
    path.write_text(json.dumps(receipt), encoding="utf-8")


ALTERED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a NIR in a released file": (release_a_nir, "failed: .*holds a NIR in 1 row,"),
    "metadata in a released file": (write_metadata, "failed: .*holds metadata"),
    "a kept column gone": (drop_a_kept_column, "failed: .*lacks columns"),
    "a column in the quarantine": (add_a_column_to_the_quarantine, "failed: .*holds columns"),
    "two files exchanged": (exchange_two_files, "failed: .*digest differs"),
    "a digest emptied": (empty_a_digest, "failed"),
    "a file called a table": (call_a_file_a_table, "failed: .*in a table of a database"),
    "an approval of nobody": (claim_an_approval, "not checked: who agreed"),
    "a key twice": (put_a_key_twice, "is no receipt"),
    "a stranger": (put("x.txt"), "failed: x.txt: no receipt lists it"),
    "a stranger in a release": (put(f"{RELEASE}/x.csv"), "failed: .*x.csv: no receipt lists it"),
    "a stranger in the quarantine": (put("_quarantine/x"), "failed: .*no receipt lists it"),
    "a stranger among receipts": (put("_receipts/x.txt"), "failed: .*no receipt lists it"),
    "a folder among receipts": (put("_receipts/a/b.json"), "failed: .*no receipt lists it"),
    "a stranger that is staged": (put("_staging/X.tmp"), "failed: .*no receipt lists it"),
    "a run that is staged": (
        put("_staging/r/20260302t120000-0badcafe/a"),
        "not checked: .*staging/r",
    ),
    "a receipt of nobody": (put("_receipts/x.json"), "failed: .*x.json: is no receipt"),
    "a receipt twice": (copy_the_receipt, "failed: .*autre.json: is no receipt"),
    "a pipe": (put_a_pipe, "failed: .*pipe.parquet: no receipt lists it"),
    "a dangling link": (put_a_dangling_link, "failed: .*link.parquet: no receipt lists it"),
    "a folder that is a link": (link_a_folder, "failed: .*a link stands in its path"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_whatever_is_altered_in_a_store_is_noticed(
    store: Path, project: Project, name: str
) -> None:
    alter, expected = ALTERED[name]
    alter(store)
    assert re.search(expected, "\n".join(findings_of(store, project)))


def test_a_policy_that_makes_the_same_plan_is_told_and_does_not_fail(
    store: Path, project: Project, tmp_path: Path
) -> None:
    copy_bundled(tmp_path / "project")
    with (tmp_path / "project" / "policies" / f"{POLICY}.yaml").open("a") as stream:
        stream.write("# a note\n")
    found = findings_of(store, load_project(str(tmp_path / "project")))
    text = "not checked: the policy's file has changed since the run; it makes the same plan"
    assert set(found) == {text}
