"""Stores of batch runs: verified, run again, completed or removed, made anew with equal values."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from .conftest import HERE, Copy, Tamis, tree
from .described import canonical_column, describe

KEYRINGS = {
    "parquet": "plain",
    "csv": "passphrase",
    "jsonl": "epochs",
    "avro": "destroyed",
    "dsn": "plain",
}
FORMS = sorted(KEYRINGS)
RUNS = sorted(path.stem for path in (HERE / "store" / "_receipts").iterdir())
STATES = sorted(path.name for path in (HERE / "interrupted").iterdir() if path.name != "whole")
COMPLETED = [name for name in STATES if name[0] >= "4"]


def keyring(form: str) -> tuple[str, str]:
    return "--keys", f"keys/{KEYRINGS[form]}.json"


def outcomes(printed: str) -> set[str]:
    return {finding["outcome"] for finding in json.loads(printed)}


def rerun(run: Tamis, output: object) -> None:
    """Do the interrupted run again, to its end."""
    answer = run(
        *("essai-parquet", "feeds/interrupted-*.parquet", output, "the-run"),
        *("--keys", "keys/plain.json"),
    )
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("name", RUNS)
def test_every_claim_of_a_receipt_holds(name: str, tamis: Tamis, copy: Copy) -> None:
    copy("store", "feeds")
    answer = tamis("verify", f"store/_receipts/{name}.json", "--json")
    assert answer.code == 0, answer.out
    assert outcomes(answer.out) == {"ok"}


def test_a_claim_that_does_not_hold_is_told(tamis: Tamis, copy: Copy) -> None:
    store = copy("store", "feeds")
    (path,) = (store / "essai-csv" / "evaluation").iterdir()
    path.write_bytes(path.read_bytes() + b"\0")
    answer = tamis("verify", "store/_receipts/of-csv.json", "--json")
    assert answer.code == 1
    assert outcomes(answer.out) >= {"failed"}


@pytest.mark.parametrize("form", FORMS)
def test_a_run_that_is_committed_is_known_again(form: str, run: Tamis, copy: Copy) -> None:
    store = copy("store", "feeds", "keys")
    before = tree(store)
    answer = run(f"essai-{form}", f"feeds/essai.{form}", "store", f"of-{form}", *keyring(form))
    assert answer.code == 0, answer.err
    assert "committed before" in answer.out
    assert tree(store) == before


@pytest.mark.usefixtures("rules_of_0_1")
@pytest.mark.parametrize("form", FORMS)
def test_a_run_is_made_anew_with_equal_values(form: str, run: Tamis, copy: Copy) -> None:
    copy("feeds", "keys")
    name = f"of-{form}"
    answer = run(f"essai-{form}", f"feeds/essai.{form}", "new", name, *keyring(form))
    assert answer.code == 0, answer.err
    made, kept = Path("new"), HERE / "store"
    assert describe(made, name) == describe(kept, name)
    for path in sorted(made.rglob("*.parquet")):
        table, before = (pq.read_table(top / path.relative_to(made)) for top in (made, kept))
        for column in before.column_names:
            assert canonical_column(table, column) == canonical_column(before, column), column


@pytest.mark.parametrize("state", STATES)
def test_what_a_killed_run_left_is_completed_or_removed(
    state: str, tamis: Tamis, copy: Copy
) -> None:
    store = copy(f"interrupted/{state}")
    assert tamis("recover", store, "--older-than", "0").code == 0
    if state in COMPLETED:
        completed, whole = tree(store), tree(HERE / "interrupted" / "whole")
        receipts = [json.loads(files.pop("_receipts/the-run.json")) for files in (completed, whole)]
        assert completed == whole
        for receipt in receipts:
            del receipt["started"], receipt["ended"]
        assert receipts[0] == receipts[1]
        assert tamis("verify", store / "_receipts" / "the-run.json").code == 0
    else:
        assert tree(store) == {}


@pytest.mark.usefixtures("rules_of_0_1")
@pytest.mark.parametrize("state", STATES)
def test_a_killed_run_that_is_begun_again_is_whole(
    state: str, run: Tamis, tamis: Tamis, copy: Copy
) -> None:
    store = copy(f"interrupted/{state}", "feeds", "keys")
    rerun(run, store)
    assert tamis("recover", store, "--older-than", "0").code == 0
    assert describe(store, "the-run") == describe(HERE / "interrupted" / "whole", "the-run")
    assert not (store / "_staging").exists()


def test_a_run_of_today_stands_beside_those_of_0_1(run: Tamis, tamis: Tamis, copy: Copy) -> None:
    store = copy("store", "feeds", "keys")
    before = tree(store)
    shutil.copytree(HERE / "interrupted" / STATES[3], store, dirs_exist_ok=True)
    rerun(run, store)
    assert {name: content for name, content in tree(store).items() if name in before} == before
    for name in (*RUNS, "the-run"):
        answer = tamis("verify", store / "_receipts" / f"{name}.json")
        assert answer.code == 0, answer.out


def test_a_watched_folder_is_read_on_where_it_was_left(tamis: Tamis, copy: Copy) -> None:
    store = copy("watched", "feeds", "keys") / "store"
    before = tree(store)

    def watch() -> list[str]:
        """Read what is new; the inputs that all receipts name."""
        answer = tamis(
            *("run", "essai-csv", "--input", "watch:watched/in/*.csv", "--output", store),
            *("--run-id", "watch", "--once", "--allow-example", "--keys", "keys/plain.json"),
        )
        assert answer.code == 0, answer.err
        receipts = [json.loads(path.read_bytes()) for path in (store / "_receipts").iterdir()]
        inputs = [part["uri"] for receipt in receipts for part in receipt["inputs"]]
        return sorted(Path(uri).name for uri in inputs)

    assert watch() == ["first.csv"]
    assert tree(store) == before
    shutil.copy("feeds/essai.csv", "watched/in/second.csv")
    assert watch() == ["first.csv", "second.csv"]
    assert {name: content for name, content in tree(store).items() if name in before} == before


@pytest.mark.usefixtures("rules_of_0_1")
def test_two_partners_got_the_same_persons(run: Tamis, tamis: Tamis, copy: Copy) -> None:
    copy("partners")
    feed = pq.read_table("partners/feed.parquet").to_pylist()
    assert len(feed) == 2_000
    pseudonyms = []
    for policy, release in (
        ("essai-evaluation", "evaluation"),
        ("essai-accompagnement", "accompagnement"),
    ):
        answer = tamis("verify", f"partners/store/_receipts/{policy}.json", "--json")
        assert (answer.code, outcomes(answer.out)) == (0, {"ok"}), answer.out
        table = pq.read_table(f"partners/store/{policy}/{release}", partitioning=None)
        rows = table.to_pylist()
        assert [row["date_naissance"].year for row in rows] == [
            person["date_naissance"].year for person in feed
        ]
        assert [row["code_rncp"] for row in rows] == [person["code_rncp"] for person in feed]
        pseudonyms.append({row["pseudonyme"] for row in rows})
        assert len(pseudonyms[-1]) == len({person["nir"] for person in feed})
        keys = ("--keys", "partners/keys.json")
        answer = run(policy, "partners/feed.parquet", "new", policy, *keys)
        assert answer.code == 0, answer.err
        assert describe(Path("new"), policy) == describe(HERE / "partners" / "store", policy)
    assert pseudonyms[0].isdisjoint(pseudonyms[1])
