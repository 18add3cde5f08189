"""Inputs as they should not be: a message or quarantine rows that say where, and never a value."""

import bz2
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.synthetic.files import write_feed
from tamis.synthetic.records import Record, make_records

from ..projects import copy_bundled
from .conftest import Flow, Outcome, Tamis, receipt_of

POLICY = {
    "parquet": "prestataires-inscriptions",
    "csv": "regularite-prestataires",
    "jsonl": "si-cpa-compte",
    "avro": "accompagnement-parcours",
    "dsn": "dsn-droits",
    "xml": "certificateurs-passeport",
}
SECRET = "SECRET"
RECORDS = 20

Feed = Callable[..., Path]


@pytest.fixture
def feed(flow: Callable[[str], Flow], tmp_path: Path) -> Feed:
    """A feed of one format, each dropped text of which is a secret."""

    def make(form: str, name: str = "", **values: Any) -> Path:
        this = flow(POLICY[form])
        path = tmp_path / (name or f"feed.{form}")
        records = make_records(
            this.schema, RECORDS, seed=5, policies=[this.policy], nir_with_key=form != "dsn"
        )
        kept = {leaf.path for leaf in this.plan.releases[0].leaves}
        tested = {one.field for one in this.plan.releases[0].where}
        for record in records:
            for field, spec in this.schema.fields.items():
                if spec.type == "string" and field not in kept | tested:
                    record[field] = SECRET
            record.update(values)
        write_feed(records, this.schema, path)
        return path

    return make


def check_nothing(store: Path, outcome: Outcome, code: int = 3) -> None:
    """The command failed, as designed: nothing is committed, nothing is left, nothing is told."""
    assert outcome.code == code, outcome.out + outcome.err
    assert not store.exists()
    *notices, message = outcome.err.splitlines()
    assert message.startswith("tamis: ")
    told = ("stands on a register entry", "makes no pseudonyms", "rests on what is to be confirmed")
    assert all(any(words in notice for words in told) for notice in notices)
    assert SECRET not in outcome.out + outcome.err


def check_done(store: Path, outcome: Outcome) -> dict[str, int]:
    """The run is committed and reconciles; its counts."""
    assert outcome.code == 0, outcome.err
    assert not (store / "_staging").exists()
    receipt = receipt_of(store)
    counts = receipt.counts
    assert counts.in_ == counts.released + counts.withheld + counts.quarantined
    assert counts.quarantined == sum(receipt.quarantine.values())
    for path in store.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in outcome.out + outcome.err
    return counts.model_dump(by_alias=True)


def quarantine_of(store: Path) -> list[dict[str, Any]]:
    (path,) = (store / "_quarantine").rglob("*.parquet")
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


# Files that cannot be read at all


def test_a_truncated_parquet_file_is_named(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    path = feed("parquet")
    path.write_bytes(path.read_bytes()[:-1000])
    outcome = run(POLICY["parquet"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: is a truncated Parquet file" in outcome.err


def test_a_corrupt_row_group_is_named(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    path = feed("parquet")
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    at = chunk.dictionary_page_offset
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(data)
    outcome = run(POLICY["parquet"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: row group 2 of" in outcome.err


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("parquet", "is empty: not a Parquet file"),
        ("csv", "is empty: a CSV needs a header line"),
        ("avro", "is not an Avro file"),
        ("dsn", "is no DSN"),
        ("xml", "is empty"),
    ],
)
def test_an_empty_file_is_none_of_its_format(
    form: str, problem: str, run: Tamis, tmp_path: Path
) -> None:
    path = tmp_path / f"empty.{form}"
    path.touch()
    outcome = run(POLICY[form], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: {problem}" in outcome.err


def test_an_empty_file_of_json_lines_holds_no_records(run: Tamis, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    outcome = run(POLICY["jsonl"], [path], tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == 0


@pytest.mark.parametrize("form", ["csv", "jsonl", "dsn", "avro", "xml"])
def test_a_file_cut_in_the_middle_never_passes_for_whole(
    form: str, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed(form)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    outcome = run(POLICY[form], [path], tmp_path / "store")
    if form == "avro":
        check_nothing(tmp_path / "store", outcome)
        assert f"{path}: cannot be read after record" in outcome.err
        return
    if form in ("dsn", "xml"):  # its envoi, or it, is cut, and all of that is quarantined
        check_nothing(tmp_path / "store", outcome, code=1)
        assert "none is released, 14 are quarantined (incomplete: " in outcome.err
        return
    counts = check_done(tmp_path / "store", outcome)
    assert counts["in"] < RECORDS
    assert receipt_of(tmp_path / "store").quarantine["unreadable"] == 1


def test_a_wrong_suffix_of_text_is_noticed(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    path = feed("csv", "feed.parquet")
    outcome = run(POLICY["parquet"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: is not a Parquet file" in outcome.err


@pytest.mark.parametrize(
    ("real", "called"), [("parquet", "jsonl"), ("jsonl", "avro"), ("avro", "dsn")]
)
def test_a_feed_of_another_schema_is_read_as_what_it_is_and_stopped_as_drift(
    real: str, called: str, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    """The content decides, whatever the name; a few names that both schemas have are no feed."""
    path = feed(real, f"feed.{called}")
    outcome = run(POLICY[called], [path], tmp_path / "store")
    counts = check_done(tmp_path / "store", outcome)
    assert counts["released"] == 0
    assert "drift, missing columns: " in outcome.out
    stopped = run(POLICY[called], [path], tmp_path / "other", "--fail-on", "drift")
    assert stopped.code == 1
    assert not list((tmp_path / "other").rglob("*.json"))


def test_lines_that_are_no_json_are_counted_one_by_one(
    feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("csv", "feed.jsonl")
    outcome = run(POLICY["jsonl"], [path], tmp_path / "store", "--allow-empty")
    counts = check_done(tmp_path / "store", outcome)
    assert counts["quarantined"] == counts["in"] == RECORDS + 1


def test_a_csv_without_header_tells_no_cell(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    path = feed("csv")
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    outcome = run(POLICY["csv"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert "the first line names no field of schema" in outcome.err


def test_no_record_is_lost_behind_a_quote_that_is_never_closed(
    feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("csv")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], b'"' + lines[5], *lines[6:]]))
    counts = check_done(tmp_path / "store", run(POLICY["csv"], [path], tmp_path / "store"))
    assert counts["in"] == RECORDS == counts["quarantined"] + 4


@pytest.mark.parametrize("name", ["missing.csv", "missing-*.csv"])
def test_a_missing_file_is_wrong_usage(name: str, run: Tamis, tmp_path: Path) -> None:
    outcome = run(POLICY["csv"], [tmp_path / name], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome, code=2)
    assert f"no input matches {tmp_path / name}" in outcome.err


def test_a_folder_is_wrong_usage(run: Tamis, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    outcome = run(POLICY["csv"], [tmp_path / "in"], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome, code=2)
    assert "is a folder" in outcome.err


def test_one_bad_file_among_good_ones_commits_nothing(
    feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    good, bad = feed("parquet", "good.parquet"), tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1")
    outcome = run(POLICY["parquet"], [good, bad], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert str(bad) in outcome.err


# Records that cannot be read


def test_a_csv_row_with_too_many_fields_is_quarantined_at_its_position(
    feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("csv")
    lines = path.read_bytes().splitlines()
    lines[7] += b";SECRET"
    lines[9] = lines[9].partition(b";")[2]
    path.write_bytes(b"\r\n".join(lines))
    outcome = run(POLICY["csv"], [path], tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == RECORDS
    fields = lines[0].count(b";") + 1
    assert [
        (row["position"], row["reason"], row["rule"]) for row in quarantine_of(tmp_path / "store")
    ] == [
        (7, "unreadable", f"fields expected: {fields}, found: {fields + 1}"),
        (9, "unreadable", f"fields expected: {fields}, found: {fields - 1}"),
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("kept", [True, False])
def test_text_that_is_no_utf8_matters_where_it_is_kept(
    form: str, kept: bool, feed: Feed, run: Tamis, tamis: Tamis, keys: str, tmp_path: Path
) -> None:
    field = (
        {"csv": "siret", "jsonl": "compte_id"}
        if kept
        else {"csv": "raison_sociale", "jsonl": "iban"}
    )
    path = feed(form, **{field[form]: "caf#"})
    text = path.read_text(encoding="cp1252" if form == "csv" else "utf-8")
    path.write_bytes(text.encode().replace(b"caf#", b"caf\xe9SECRET"))
    schema = "schemas/regularite-prestataires.yaml"
    as_utf8 = (schema, "encoding: cp1252", "encoding: utf-8")
    project = copy_bundled(tmp_path / "project", [as_utf8])
    outcome = tamis(
        *("--project", project, "run", POLICY[form], "--input", path),
        *("--output", tmp_path / "store", "--run-id", "run", "--allow-empty"),
        "--allow-unconfirmed",
    )
    counts = check_done(tmp_path / "store", outcome)
    assert counts["in"] == RECORDS
    if form == "jsonl":  # a line is one text: it is JSON in UTF-8, or it is none
        assert counts["quarantined"] == RECORDS
    else:
        assert (counts["released"] == 0) == kept
        assert (counts["quarantined"] == 0) != kept


def test_a_json_line_of_50_mb_is_quarantined_and_never_held(feed: Feed, tmp_path: Path) -> None:
    small = feed("jsonl")
    large = tmp_path / "large.jsonl"
    with large.open("wb") as stream:
        stream.write(small.read_bytes() + b'{"iban": "')
        for _ in range(50):
            stream.write(b"SECRET=:" * (1 << 17))
        stream.write(b'"}\n')
    command = [sys.executable, "-c", PEAKS, POLICY["jsonl"], str(tmp_path), str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    rows = quarantine_of(tmp_path / "1")
    assert [(row["position"], row["reason"]) for row in rows] == [(RECORDS + 1, "unreadable")]
    assert "longer than" in rows[0]["rule"]
    before, after = map(int, done.stdout.splitlines()[-1].split())
    assert after - before < 60 << 10, "KiB of the line were held in memory"


PEAKS = """
import resource, sys
from tamis.cli import main
peaks = []
policy, folder, *inputs = sys.argv[1:]
for number, path in enumerate(inputs):
    sys.argv = ["tamis", "run", policy, "--input", path, "--output", f"{folder}/{number}"]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks)
"""


# Columns that are not as the schema says


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "avro"])
@pytest.mark.parametrize("nullable", [True, False])
def test_a_kept_column_that_is_missing_is_null_or_quarantined(
    form: str, nullable: bool, feed: Feed, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    this = flow(POLICY[form])
    field = next(
        leaf.path
        for leaf in this.plan.releases[0].leaves
        if "." not in leaf.path
        and this.schema.leaves()[leaf.path].nullable == nullable
        and leaf.path not in {one.field for one in this.plan.releases[0].where}
    )
    path = feed(form)
    schema = this.schema.model_copy(
        update={"fields": {name: one for name, one in this.schema.fields.items() if name != field}}
    )
    records = make_records(this.schema, RECORDS, seed=5, policies=[this.policy])
    for record in records if form == "csv" else ():
        record["dirigeant_nir"] = None  # which would stop the record
    write_feed([_without(record, field) for record in records], schema, path)
    outcome = run(POLICY[form], [path], tmp_path / "store", "--allow-empty")
    counts = check_done(tmp_path / "store", outcome)
    receipt = receipt_of(tmp_path / "store")
    assert receipt.drift.missing == [field]
    assert f"missing columns: {field}" in outcome.out
    assert counts["withheld"] < RECORDS
    if nullable:
        assert counts["quarantined"] == 0
        (file,) = receipt.releases[this.plan.releases[0].id].files or []
        assert pq.read_table(tmp_path / "store" / file.path)[field].null_count == file.rows
    else:
        assert receipt.quarantine == {"null": RECORDS - counts["withheld"]}
        assert {row["field"] for row in quarantine_of(tmp_path / "store")} == {field}


def _without(record: Record, field: str) -> Record:
    return {name: value for name, value in record.items() if name != field}


def test_a_column_of_another_type_is_quarantined_row_by_row(
    feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("parquet", statut="VALIDEE")
    table = pq.read_table(path)
    place = table.column_names.index("nom")
    values = pa.array([[row] for row in range(len(table))])
    pq.write_table(table.set_column(place, "nom", values), path)
    outcome = run(POLICY["parquet"], [path], tmp_path / "store", "--allow-empty")
    counts = check_done(tmp_path / "store", outcome)
    assert counts["released"] == 0
    rows = quarantine_of(tmp_path / "store")
    assert {(row["reason"], row["field"], row["rule"]) for row in rows} == {
        ("type", "nom", "string")
    }


def test_a_column_twice_is_refused_where_it_is_read(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    path = feed("csv")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"raison_sociale", b"siret", 1))
    outcome = run(POLICY["csv"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: has two columns `siret`" in outcome.err

    path.write_bytes(data.replace(b"raison_sociale", b"effectif", 1))
    outcome = run(POLICY["csv"], [path], tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == RECORDS


NAMES = (
    "1 84 12 76 451 089 46",
    "\x1b[31mred",
    "a\rb",
    "pers@domain.example",
    "{}" * 500,
    "\u202egpj",
)


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_hostile_column_names_are_withheld_or_made_harmless(
    form: str, feed: Feed, flow: Callable[[str], Flow], run: Tamis, tmp_path: Path
) -> None:
    path = feed(form)
    if form == "parquet":
        table = pq.read_table(path)
        for name in NAMES:
            table = table.append_column(name, pa.nulls(len(table), pa.int8()))
        pq.write_table(table, path)
    elif form == "jsonl":
        records = [json.loads(line) for line in path.read_text().splitlines()]
        records[0].update(dict.fromkeys(NAMES))
        path.write_text("\n".join(map(json.dumps, records)))
    else:
        head, _, body = path.read_bytes().partition(b"\r\n")
        more = ";".join(f'"{name}"' for name in NAMES).encode("cp1252", "replace")
        rows = [line + b";" * len(NAMES) for line in body.splitlines()]
        path.write_bytes(b"\r\n".join([head + b";" + more, *rows]))
    outcome = run(POLICY[form], [path], tmp_path / "store")
    counts = check_done(tmp_path / "store", outcome)
    assert counts["in"] == RECORDS
    assert counts["released"]
    told = receipt_of(tmp_path / "store").drift.unknown
    if form == "jsonl":  # keys of one record only
        assert told == ["(4 names withheld)"]
    else:
        assert told[0] == "(name withheld)"
        assert all(name.isprintable() for name in told)
    for name in NAMES:
        assert name not in outcome.out + outcome.err


# File names and compression

FILES = (
    "with space.csv",
    "été – 日本.csv",
    "a[1].csv",
    "a*b?.csv",
    "{x}.csv",
    "quote'\"s.csv",
    "--input.csv",
    "100%25.csv",
    "FEED.CSV",
)


def test_files_are_read_whatever_they_are_called(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    paths = [feed("csv", name) for name in FILES]
    outcome = run(POLICY["csv"], paths, tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == RECORDS * len(FILES)
    sources = {input.uri for input in receipt_of(tmp_path / "store").inputs}
    assert sources == {str(path) for path in paths}


def test_a_pattern_stands_for_all_files_that_match(feed: Feed, run: Tamis, tmp_path: Path) -> None:
    paths = [feed("csv", f"feed-{number}.csv") for number in range(3)]
    outcome = run(POLICY["csv"], [tmp_path / "feed-*.csv", paths[0]], tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == 3 * RECORDS
    receipt = receipt_of(tmp_path / "store")
    assert [input.uri for input in receipt.inputs] == [str(path) for path in paths]


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("form", ["csv", "jsonl", "dsn"])
def test_compressed_files_are_read_as_what_they_hold(
    form: str, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed(form)
    packed = [path.with_name(f"{path.name}.{suffix}") for suffix in PACKED]
    for one, compress in zip(packed, PACKED.values(), strict=True):
        one.write_bytes(compress(path.read_bytes()))
    outcome = run(POLICY[form], packed, tmp_path / "store")
    assert check_done(tmp_path / "store", outcome)["in"] == len(PACKED) * RECORDS


@pytest.mark.parametrize("suffix", PACKED)
def test_a_compressed_file_that_is_cut_is_named(
    suffix: str, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("csv")
    packed = path.with_name(f"feed.csv.{suffix}")
    packed.write_bytes(PACKED[suffix](path.read_bytes())[:-50])
    outcome = run(POLICY["csv"], [packed], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{packed}: is " in outcome.err


@pytest.mark.parametrize("suffix", PACKED)
def test_a_file_that_is_not_compressed_as_its_name_says_is_named(
    suffix: str, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    path = feed("csv", f"feed.csv.{suffix}")
    outcome = run(POLICY["csv"], [path], tmp_path / "store")
    check_nothing(tmp_path / "store", outcome)
    assert f"{path}: is damaged, or not compressed as its name says" in outcome.err
