"""The law of the day decides, and a run on another day than today says so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.documents.calendar import today
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import make_records

from .conftest import IN_MEMORY, Flow, Tamis, receipt_of

BEFORE, AFTER = "2024-12-31", "2025-01-01"


@pytest.fixture
def feed(flow: Callable[[str], Flow], tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        this = flow(name)
        path = tmp_path / f"{name}.{this.format}"
        write_feed(make_records(this.schema, 30, seed=2, policies=[this.policy]), this.schema, path)
        return path

    return make


def test_each_day_has_its_release(
    feed: Callable[[str], Path], tamis: Tamis, tmp_path: Path
) -> None:
    path, json_path = feed("certificateurs-passeport"), tmp_path / "told.json"
    receipts = {}
    for day in (BEFORE, AFTER):
        outcome = tamis(
            "dry-run", "certificateurs-passeport", "--input", path, "--on", day, "--json", json_path
        )
        assert outcome.code == 0, outcome.err
        receipts[day] = json.loads(json_path.read_text(encoding="utf-8"))

    assert list(receipts[BEFORE]["releases"]) == ["sans-nir"]
    assert list(receipts[AFTER]["releases"]) == ["avec-nir", "suppressions"]
    before, after = (
        receipts[BEFORE]["releases"]["sans-nir"],
        receipts[AFTER]["releases"]["avec-nir"],
    )
    assert before["rows"] == after["rows"] > 0
    nir = "identification.identifiant_national.nir"
    assert before["fields"][nir]["fate"] == "dropped"
    assert after["fields"][nir]["fate"] == "kept"
    assert receipts[BEFORE]["law"]["R6323-37"] != receipts[AFTER]["law"]["R6323-37"]
    assert [receipts[day]["day"] for day in receipts] == [BEFORE, AFTER]


@pytest.mark.parametrize(
    ("policy", "item"),
    [("regularite-prestataires", "R6323-37.III.5"), ("maf-manquements", "R6323-37.III.6")],
)
def test_an_item_is_refused_before_the_decree_that_made_it(
    policy: str, item: str, feed: Callable[[str], Path], tamis: Tamis, tmp_path: Path
) -> None:
    path = feed(policy)
    refused = tamis("dry-run", policy, "--input", path, "--on", BEFORE)
    assert refused.code == 2
    assert refused.out == ""
    for part in (policy, item, BEFORE, AFTER):
        assert part in refused.err
    assert tamis("dry-run", policy, "--input", path, "--on", AFTER).code == 0

    store = tmp_path / "store"
    allowed = ("--allow-example", "--allow-unconfirmed")
    run = ("run", policy, "--input", path, "--output", store, *allowed)
    assert tamis(*run, "--on", BEFORE, "--replay").code == 2
    assert not store.exists()


def test_another_day_than_today_asks_for_replay(
    feed: Callable[[str], Path], run: Tamis, tmp_path: Path
) -> None:
    path, store = feed("certificateurs-passeport"), tmp_path / "store"
    refused = run("certificateurs-passeport", [path], store, "--on", AFTER)
    assert refused.code == 2
    assert AFTER in refused.err
    assert str(today()) in refused.err
    assert "--replay" in refused.err
    assert not store.exists()

    assert run("certificateurs-passeport", [path], store, "--on", AFTER, "--replay").code == 0
    receipt = receipt_of(store)
    assert (receipt.replay, str(receipt.day)) == (True, AFTER)


def test_a_run_of_today_is_no_replay(
    feed: Callable[[str], Path], run: Tamis, tmp_path: Path
) -> None:
    path = feed("certificateurs-passeport")
    assert run("certificateurs-passeport", [path], tmp_path / "one").code == 0
    on = ("--on", today(), "--replay")
    assert run("certificateurs-passeport", [path], tmp_path / "other", *on).code == 0
    for store in ("one", "other"):
        receipt = receipt_of(tmp_path / store)
        assert (receipt.replay, receipt.day) == (False, today())


def test_an_example_of_a_register_entry_has_to_be_allowed(
    feed: Callable[[str], Path], tamis: Tamis, tmp_path: Path
) -> None:
    path, store = feed("maf-manquements"), tmp_path / "store"
    call = ("run", "maf-manquements", "--input", path, "--output", store, "--allow-unconfirmed")
    refused = tamis(*call)
    assert refused.code == 2
    assert "mon-activite-formation" in refused.err
    assert "--allow-example" in refused.err
    assert not store.exists()

    allowed = tamis(*call, "--run-id", "run", "--allow-example", "--", IN_MEMORY)
    assert allowed.code == 0
    assert "example" in allowed.err
    assert receipt_of(store).releases["manquements"].attested == "example"


def test_a_day_that_is_none_is_wrong_usage(tamis: Tamis, tmp_path: Path) -> None:
    outcome = tamis(
        "dry-run", "si-cpa-compte", "--input", tmp_path / "x.jsonl", "--on", "2025-02-30"
    )
    assert outcome.code == 2
    assert "2025-02-30" in outcome.err
