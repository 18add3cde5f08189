"""PostgreSQL as store and as source: whole or absent, once, without canaries and passwords."""

import datetime
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.address import DatabaseAddress
from tamis.beam.batch import Batch
from tamis.beam.store import _WriteFn
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import InputPart, Receipt, RunFacts, make_receipt
from tamis.filter.tally import Cause, QuarantineCount, Tally
from tamis.formats.chunk import Chunk, PartKey
from tamis.formats.postgres_copy import column_type
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan
from tamis.plan.schemas import released_schema
from tamis.stores.protocol import Attempt, Piece
from tamis.stores.table_layout import table_name, targets
from tamis.stores.table_partitions import staged_name
from tamis.stores.table_rows import TableWriter
from tamis.stores.tables import TableStore
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_records

from ..services.postgres import PASSWORD, Server
from .conftest import Flow, Outcome, Tamis, receipt_of
from .test_canaries import plant

pytestmark = pytest.mark.postgres

POLICIES = ("dsn-droits", "france-travail-dossiers", "evaluation-cpf")
"""Paragraphs I (lists of structs), II and III (a pseudonym)."""

AT_ONCE = datetime.timedelta(0)

Run = Callable[..., Outcome]
Find = Callable[[str], Flow]


def feed(flow: Flow, path: Path, rows: int, seed: int = 1) -> Path:
    records = make_records(flow.schema, rows, seed=seed, policies=[flow.policy], dirt=DIRTY)
    write_feed(records, flow.schema, path, extra={"inconnu": "x"})
    return path


def stored_receipt(server: Server, database: str, run: str = "run") -> Receipt:
    ((text,),) = server.query(
        f"SELECT receipt::text FROM _tamis_receipts WHERE run = '{run}'", database
    )
    return Receipt.model_validate_json(text)


def tables_of(server: Server, database: str) -> set[str]:
    found = server.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database)
    return {name for (name,) in found}


def is_whole_or_empty(server: Server, database: str, flow: Flow, run: str = "run") -> bool:
    """True if the run is whole in the store; asserts that nothing of it is there else."""
    there = tables_of(server, database)
    if "_tamis_receipts" not in there:
        return False
    assert server.query("SELECT * FROM _tamis_staged", database) == []
    mine = {target.part(run) for target in targets(flow.plan, run)}
    committed = server.query(f"SELECT 1 FROM _tamis_receipts WHERE run = '{run}'", database)
    if not committed:
        assert not there & mine
        return False
    receipt = stored_receipt(server, database, run)
    for release in flow.plan.releases:
        places = "*" if flow.plan.hides_order(release) else "DISTINCT (_input, _position)"
        ((rows, different),) = server.query(
            f"SELECT count(*), count({places}) FROM "
            f"\"{table_name(flow.name, release.id)}\" WHERE legal_run = '{run}'",
            database,
        )
        assert rows == different == receipt.releases[release.id].rows
    ((quarantined,),) = server.query(
        f"SELECT count(*) FROM _tamis_quarantine WHERE run = '{run}'", database
    )
    assert quarantined == receipt.counts.quarantined
    return True


def plain(value: Any) -> Any:
    """A value to compare: bytes in hexadecimal, numbers by their worth, the rest as text."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    return str(value)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_tables_hold_what_the_parquet_store_holds(
    policy: str, flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow(policy)
    suffix = {"dsn": ".dsn", "csv": ".csv", "jsonl": ".jsonl", "avro": ".avro"}
    path = feed(case, tmp_path / f"feed{suffix.get(case.format, '.parquet')}", 150)
    files = run(policy, [path], tmp_path / "store")
    tables = run(policy, [path], server.uri(database))
    assert (files.code, tables.code) == (0, 0), tables.err
    expected, found = receipt_of(tmp_path / "store"), stored_receipt(server, database)
    assert found.counts == expected.counts
    assert found.quarantine == expected.quarantine
    assert found.counts.released
    assert is_whole_or_empty(server, database, case)
    for release in case.plan.releases:
        folder = tmp_path / "store" / policy / release.id
        table = pq.read_table(folder, partitioning=None)
        names = ", ".join(f'"{name}"' for name in table.column_names)
        order = "ctid" if case.plan.hides_order(release) else "_input, _position"
        rows = server.query(
            f'SELECT {names} FROM "{table_name(policy, release.id)}" ORDER BY {order}', database
        )
        kept = table.to_pylist()
        got = [dict(zip(table.column_names, row, strict=True)) for row in rows]
        assert [plain(row) for row in got] == [plain(row) for row in kept]


def test_a_column_says_item_purpose_and_need(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    outcome = run(case.name, [feed(case, tmp_path / "feed.parquet", 20)], server.uri(database))
    assert outcome.code == 0, outcome.err
    (release,) = case.plan.releases
    comments = dict(
        server.query(
            "SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute a WHERE "
            f"a.attrelid = '{table_name(case.name, release.id)}'::regclass AND a.attnum > 0",
            database,
        )
    )
    for leaf in release.leaves:
        comment = comments[leaf.pseudonym or leaf.path]
        for word in (release.item, release.purpose, leaf.fate, *leaf.because):
            assert word in comment
    assert set(comments) == set(released_schema(case.plan, release).names)


@pytest.mark.parametrize("policy", POLICIES)
def test_no_canary_is_in_any_table(
    policy: str, flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow(policy)
    planter, inputs = plant(case, tmp_path)
    outcome = run(policy, inputs, server.uri(database))
    assert outcome.code == 0, outcome.err
    text = server.dump(database) + outcome.out + outcome.err + server.log()
    assert "CANARY" not in text
    assert not [nir for nir in planter.nirs if nir in text]
    assert "KEPT" in text
    for where in (outcome.out, outcome.err, server.dump(database)):
        assert PASSWORD not in where


def test_the_same_run_id_is_a_no_op_or_refused(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    path = feed(case, tmp_path / "feed.parquet", 40)
    assert run(case.name, [path], server.uri(database)).code == 0
    again = run(case.name, [path], server.uri(database))
    assert again.code == 0
    assert "committed before" in again.out
    feed(case, path, 41, seed=2)
    other = run(case.name, [path], server.uri(database))
    assert other.code == 2
    assert "not with the same inputs" in other.err
    assert PASSWORD not in other.out + other.err + again.out


def test_an_input_that_the_database_holds_already_is_told_and_refused_where_asked(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    path = feed(case, tmp_path / "feed.parquet", 40)
    assert run(case.name, [path], server.uri(database)).code == 0
    refused = run(
        *(case.name, [path], server.uri(database)),
        *("--run-id", "next", "--fail-on", "repeated-input"),
    )
    assert refused.code == 1
    assert f"repeated-input ({path}: released before by run run)" in refused.err
    again = run(case.name, [path], server.uri(database), "--run-id", "next")
    assert again.code == 0
    assert f"{path}: released before by run run" in again.out


def test_a_receipt_taken_out_of_the_database_is_verified_as_far_as_it_goes(
    flow: Find, run: Run, tamis: Tamis, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    assert run(case.name, [feed(case, tmp_path / "f.parquet", 40)], server.uri(database)).code == 0
    path = tmp_path / "taken" / "_receipts" / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(stored_receipt(server, database).to_json(), encoding="utf-8")
    outcome = tamis("verify", path)
    assert outcome.code == 0, outcome.out
    assert "rows, in a table of a database" in outcome.out


def test_every_claim_of_a_database_is_verified_and_what_was_changed_is_found(
    flow: Find, run: Run, tamis: Tamis, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    (release,) = case.plan.releases
    path = feed(case, tmp_path / "f.parquet", 200)
    uri = server.uri(database)
    for run_id in ("run", "second"):
        assert run(case.name, [path], uri, "--run-id", run_id).code == 0
    outcome = tamis("verify", uri)
    assert outcome.code == 0, outcome.out
    assert "tags and columns agree" in outcome.out
    assert "tables have no digest" in outcome.out
    assert PASSWORD not in outcome.out
    (table,) = [target for target in targets(case.plan, "run") if target.output == release.id]
    part, whole = table.part("run"), table.table
    for change, problem in (
        (f"ALTER TABLE {whole} ADD COLUMN iban text DEFAULT 'x'", "holds columns that"),
        (
            f"ALTER TABLE {whole} DROP COLUMN iban; UPDATE {part} SET legal_purpose = 'autre'",
            "`legal_purpose` is not what it should be",
        ),
        (
            f"CREATE TABLE rows AS SELECT * FROM {part} LIMIT 1; "
            "UPDATE rows SET legal_run = 'x'; "
            f"CREATE TABLE stranger PARTITION OF {whole} FOR VALUES IN ('x'); "
            f"INSERT INTO {whole} SELECT * FROM rows",
            "public.stranger: no receipt lists it",
        ),
        (
            "UPDATE _tamis_quarantine SET reason = 'x' WHERE run = 'second'",
            "quarantine by reason is not",
        ),
        (
            f"DELETE FROM {part} WHERE code_rncp = (SELECT min(code_rncp) FROM {part})",
            "holds another number of rows",
        ),
        (f"DROP TABLE {part}", "is not there"),
        ("UPDATE _tamis_receipts SET receipt = '{}' WHERE run = 'run'", "is no receipt"),
    ):
        server.query(change, database)
        outcome = tamis("verify", uri)
        assert outcome.code == 1, outcome.out
        failed = [line for line in outcome.out.splitlines() if line.startswith("failed")]
        assert problem in "".join(failed), outcome.out
    assert tamis("verify", uri, "--run", "second").code == 1


def test_a_table_that_is_not_tamis_own_is_refused(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    (release,) = case.plan.releases
    server.query(f"CREATE TABLE {table_name(case.name, release.id)} (a text)", database)
    outcome = run(case.name, [feed(case, tmp_path / "feed.parquet", 20)], server.uri(database))
    assert outcome.code == 2
    assert "was not made for this policy" in outcome.err
    assert PASSWORD not in outcome.err


def test_a_table_gains_the_columns_it_lacks_and_keeps_the_runs_it_has(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    (release,) = case.plan.releases
    table = table_name(case.name, release.id)
    path = feed(case, tmp_path / "feed.parquet", 40)
    assert run(case.name, [path], server.uri(database)).code == 0
    server.query(f"ALTER TABLE {table} DROP COLUMN sexe", database)
    second = run(case.name, [path], server.uri(database), "--run-id", "second")
    assert second.code == 0, second.err
    rows = stored_receipt(server, database).releases[release.id].rows
    counted = server.query(
        f"SELECT legal_run, count(*), count(sexe) FROM {table} GROUP BY 1 ORDER BY 1", database
    )
    assert [(name, total) for name, total, _ in counted] == [("run", rows), ("second", rows)]
    assert counted[0][2] == 0 < counted[1][2]
    server.query(f"ALTER TABLE {table} ALTER COLUMN sexe TYPE varchar(9)", database)
    third = run(case.name, [path], server.uri(database), "--run-id", "third")
    assert third.code == 2
    assert "column sexe is character varying(9) and the plan makes it text" in third.err


def test_an_output_that_cannot_be_reached_or_refuses_the_user_ends_in_3(
    flow: Find, run: Run, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = flow("evaluation-cpf")
    path = feed(case, tmp_path / "feed.parquet", 20)
    monkeypatch.setattr("tamis.stores.tables.FIRST_TIMEOUT_SECONDS", 0.5)
    nobody = run(case.name, [path], f"postgresql://u:{PASSWORD}@127.0.0.1:1/db")
    assert nobody.code == 3
    assert "postgresql://127.0.0.1:1/db: the database cannot be reached" in nobody.err
    refused = run(case.name, [path], server.uri().replace(PASSWORD, f"{PASSWORD}x"))
    assert refused.code == 3
    for outcome in (nobody, refused):
        assert PASSWORD not in outcome.out + outcome.err
        assert "nothing is committed" in outcome.err


def command(flow: Flow, path: Path, output: str, keys: str) -> list[str]:
    return [
        *(sys.executable, "-m", "tamis", "run", flow.name, "--run-id", "run"),
        *("--allow-example", "--allow-unconfirmed"),
        *("--input", str(path), "--output", output, "--keys", keys),
    ]


def start(arguments: list[str], **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        arguments,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    )


def test_killed_at_any_time_and_begun_again_it_is_there_once(
    flow: Find, keys: str, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow("evaluation-cpf")
    path = feed(case, tmp_path / "feed.parquet", 4000)
    chance = random.Random(37)
    arguments = command(case, path, server.uri(database), keys)
    for _ in range(2):
        process = start(arguments)
        seen, until = False, time.monotonic() + 30
        while not seen and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
            seen = "_tamis_staged" in tables_of(server, database) and bool(
                server.query("SELECT 1 FROM _tamis_staged LIMIT 1", database)
            )
        time.sleep(chance.uniform(0, 0.3))
        with suppress(ProcessLookupError):  # it may have come to its end
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        TableStore(DatabaseAddress.of(server.uri(database))).recover(AT_ONCE)
        is_whole_or_empty(server, database, case)
    process = start(arguments)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert is_whole_or_empty(server, database, case)


def test_recover_leaves_a_run_under_way_alone_and_removes_a_dead_one(
    flow: Find, server: Server, database: str
) -> None:
    case = flow("evaluation-cpf")
    store = TableStore(DatabaseAddress.of(server.uri(database)))
    attempt = Attempt.begin("run")
    store.stage(attempt, case.plan)
    done = store.recover()
    assert (done.removed, done.left) == ((), (attempt,))
    server.query("UPDATE _tamis_staged SET staged = now() - interval '25 hours'", database)
    done = store.recover()
    assert (done.removed, done.left) == ((attempt,), ())
    assert not is_whole_or_empty(server, database, case)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small batches a run."""
    monkeypatch.setattr("tamis.limits.USUAL", Limits(chunk_records=50))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_goes_away_during_the_run_is_waited_for(
    how: signal.Signals,
    flow: Find,
    run: Run,
    server: Server,
    database: str,
    tmp_path: Path,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = flow("evaluation-cpf")
    path = feed(case, tmp_path / "feed.parquet", 3000)
    writes = Counter[str]()
    copy = TableWriter._copy

    def restart() -> None:
        server.stop(how)
        time.sleep(0.3)
        server.start()

    def counted(self: TableWriter, connection: Any, rows: pa.RecordBatch) -> tuple[int, int]:
        writes["all"] += 1
        replaced = copy(self, connection, rows)
        if writes["all"] == 5:
            # The rows are there, but nobody is told so: they are sent again.
            thread = threading.Thread(target=restart)
            thread.start()
            thread.join()
            raise psycopg.OperationalError("connection lost")
        return replaced

    monkeypatch.setattr(TableWriter, "_copy", counted)
    outcome = run(case.name, [path], server.uri(database))
    assert outcome.code == 0, outcome.err
    assert writes["all"] > 10
    assert is_whole_or_empty(server, database, case)
    assert stored_receipt(server, database).counts.in_ == 3000
    assert f"127.0.0.1:{server.port}/{database}: the connection was lost" in outcome.err
    assert PASSWORD not in outcome.err


SOURCE = "evaluation-cpf"


def load(server: Server, database: str, table: pa.Table, name: str) -> None:
    """A Parquet feed as a table, with its nested columns as `jsonb`."""
    columns = ", ".join(f'"{field.name}" {column_type(field.type)}' for field in table.schema)
    server.query(f"CREATE TABLE {name} (id serial PRIMARY KEY, {columns})", database)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    marks = ", ".join(["%s"] * table.num_columns)
    with psycopg.connect(server.uri(database), autocommit=True) as connection:
        for row in table.to_pylist():
            values = [
                json.dumps(case, default=str) if isinstance(case, list | dict) else case
                for case in row.values()
            ]
            connection.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})".encode(), values)


@pytest.mark.parametrize("policy", [SOURCE, "france-travail-dossiers"])
def test_a_table_gives_what_the_same_rows_in_parquet_give(
    policy: str, flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow(policy)
    path = feed(case, tmp_path / "feed.parquet", 200)
    load(server, database, pq.read_table(path), "feed")
    files = run(case.name, [path], tmp_path / "files")
    source = server.uri(database, table="feed")
    tables = run(case.name, [Path(source)], tmp_path / "wrong")
    assert tables.code != 0, "a path is no address"
    tables = run(case.name, [source], tmp_path / "tables")
    assert (files.code, tables.code) == (0, 0), tables.err
    expected, found = receipt_of(tmp_path / "files"), receipt_of(tmp_path / "tables")
    assert found.counts == expected.counts
    assert found.quarantine == expected.quarantine
    assert found.drift.unknown == ["id", "inconnu"]
    (read,) = found.inputs
    assert read.uri == f"postgresql://127.0.0.1:{server.port}/{database}?table=feed"
    assert read.rows == 200
    assert len(read.digest) == 64
    for release in case.plan.releases:
        left, right = (
            pq.read_table(tmp_path / store / case.name / release.id, partitioning=None)
            for store in ("files", "tables")
        )
        assert left.equals(right)
    again = run(case.name, [source], tmp_path / "tables")
    assert "committed before" in again.out
    server.query("DELETE FROM feed WHERE id = 7", database)
    other = run(case.name, [source], tmp_path / "tables")
    assert other.code == 2
    everything = tables.out + tables.err + other.err
    everything += (tmp_path / "tables" / "_receipts" / "run.json").read_text()
    assert PASSWORD not in everything


def test_only_what_the_plan_reads_is_selected(
    flow: Find, run: Run, server: Server, database: str, tmp_path: Path
) -> None:
    case = flow(SOURCE)
    table = pq.read_table(feed(case, tmp_path / "feed.parquet", 30))
    load(server, database, table, "feed")
    server.query("CREATE ROLE reader LOGIN PASSWORD 'lecteur'")
    try:
        read = ", ".join(f'"{field.name}"' for field in case.plan.fields)
        server.query(f"GRANT SELECT ({read}, id) ON feed TO reader", database)
        source = server.uri(database, table="feed").replace(f"tamis:{PASSWORD}", "reader:lecteur")
        outcome = run(case.name, [source], tmp_path / "store")
        assert outcome.code == 0, outcome.err
    finally:
        server.query("DROP OWNED BY reader", database)
        server.query("DROP ROLE reader")


def test_a_password_of_the_environment_is_used(
    flow: Find,
    run: Run,
    server: Server,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = flow(SOURCE)
    path = feed(case, tmp_path / "feed.parquet", 20)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    outcome = run(case.name, [path], server.uri(database).replace(f":{PASSWORD}@", "@"))
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("source", ["postgresql://u:p@h/db", "postgresql://u:p@h/db?table=t"])
def test_an_address_that_cannot_be_an_input_is_told_without_its_password(
    source: str, flow: Find, tamis: Tamis
) -> None:
    outcome = tamis("dry-run", SOURCE, "--input", source)
    assert outcome.code == 2
    assert "u:p" not in outcome.err


def write(store: TableStore, attempt: Attempt, plan: Plan, positions: list[int]) -> Piece:
    """The piece of as many quarantined records, in each two values that hold a NUL."""
    writer = store.writer(attempt, plan, None)
    count = len(positions)
    columns = {name: ["x\0y"] * count for name in ("source", "field", "rule")}
    batch = pa.record_batch({"position": positions, "reason": ["type"] * count, **columns})
    (piece,) = writer.write(batch, PartKey(0, 0), 0, pa.array(positions))
    assert list(writer.finish()) == []
    writer.close()
    return piece


def commit(
    store: TableStore, attempt: Attempt, plan: Plan, pieces: list[Piece], run: str = "run"
) -> Receipt:
    """Commit records that were quarantined and nothing else."""
    rows = sum(piece.rows for piece in pieces)
    tally = Tally(records=rows)
    tally.quarantine[Cause("type", "field", "int32")] = QuarantineCount(rows, "feed", 1)
    facts = RunFacts(run, datetime.datetime.now(datetime.UTC))
    read = [InputPart(uri="feed", rows=rows, bytes=0, sha256="")]
    return store.commit(attempt, plan, pieces, partial(make_receipt, plan, facts, tally, read))


def quarantined(server: Server, database: str) -> list[int]:
    rows = server.query("SELECT position FROM _tamis_quarantine ORDER BY 1", database)
    return [int(position) for (position,) in rows]


def test_rows_of_bundles_that_failed_are_not_taken_in(
    flow: Find, server: Server, database: str
) -> None:
    plan = flow(SOURCE).plan
    store = TableStore(DatabaseAddress.of(server.uri(database)))
    attempt = Attempt.begin("run")
    store.stage(attempt, plan)
    write(store, attempt, plan, [7, 8])  # positions made by chance differ when it is done again
    pieces = [write(store, attempt, plan, [1, 2]), write(store, attempt, plan, [3])]
    assert [piece.nul_replaced for piece in pieces] == [6, 3]
    receipt = commit(store, attempt, plan, pieces)
    assert receipt.counts.quarantined == 3
    assert quarantined(server, database) == [1, 2, 3]
    assert server.query("SELECT count(*) FROM _tamis_staged", database) == [(0,)]


def test_rows_of_a_worker_that_comes_late_do_not_count(
    flow: Find, server: Server, database: str
) -> None:
    plan = flow(SOURCE).plan
    store = TableStore(DatabaseAddress.of(server.uri(database)))
    attempt = Attempt.begin("run")
    store.stage(attempt, plan)
    piece = write(store, attempt, plan, [1])
    # One is in the middle of its transaction as the commit begins, another comes after it.
    staged = server.query("SELECT part FROM _tamis_staged ORDER BY part", database)[-1][0]
    target = next(t for t in targets(plan, "run") if t.output is None)
    assert staged_name(attempt, target) in {
        part for (part,) in server.query("SELECT part FROM _tamis_staged", database)
    }
    staged = staged_name(attempt, target)
    with psycopg.connect(server.uri(database)) as zombie, ThreadPoolExecutor(1) as thread:
        zombie.execute(
            f'INSERT INTO "{staged}" (source, position, reason, field, rule, _input, _position, '
            "_piece) VALUES ('late', 9, 'type', '', '', 0, 9, 1)"
        )
        committing = thread.submit(commit, store, attempt, plan, [piece])
        time.sleep(0.3)
        assert not committing.done()
        zombie.commit()
        committing.result()
    assert quarantined(server, database) == [1]
    with pytest.raises(RunError, match="SQLSTATE 42P01"):
        write(store, attempt, plan, [10])
    assert quarantined(server, database) == [1]


def test_an_engine_that_writes_anew_what_is_committed_comes_to_the_same_commit(
    flow: Find, server: Server, database: str
) -> None:
    plan = flow(SOURCE).plan
    address = DatabaseAddress.of(server.uri(database))
    store, attempt = TableStore(address), Attempt.begin("run")
    store.stage(attempt, plan)
    writer = _WriteFn(address, plan, attempt, None, USUAL)
    writer.setup()

    columns = {name: ["x"] for name in ("source", "field", "rule")}
    rows = pa.record_batch({"position": [1], "reason": ["type"], **columns})
    batch = Batch(Chunk(rows, pa.array([1])))
    pieces = list(writer.process(batch, ""))
    receipt = commit(store, attempt, plan, pieces)
    assert list(writer.process(batch, "")) == []
    assert commit(store, attempt, plan, pieces) == receipt
    assert quarantined(server, database) == [1]
    writer.teardown()
    other = _WriteFn(address, plan, Attempt.begin("other"), None, USUAL)
    other.setup()
    with pytest.raises(RunError, match="SQLSTATE 42P01"):
        list(other.process(batch, ""))
    other.teardown()


def test_pairs_of_commits_and_a_recovery_beside_them_lose_nothing(
    flow: Find, server: Server, database: str
) -> None:
    plan = flow(SOURCE).plan
    address = DatabaseAddress.of(server.uri(database))

    def attempt_at(run: str) -> Receipt:
        store, attempt = TableStore(address), Attempt.begin(run)
        store.stage(attempt, plan)
        return commit(store, attempt, plan, [write(store, attempt, plan, [1, 2])], run)

    runs = [f"run-{number}" for number in range(5)]
    with ThreadPoolExecutor(5) as threads:
        pairs = [threads.submit(attempt_at, run) for run in runs for _ in range(2)]
        recoveries = [threads.submit(TableStore(address).recover) for _ in range(5)]
        receipts = [pair.result() for pair in pairs]
        assert [done.result().problems for done in recoveries] == [()] * 5
    assert receipts[::2] == receipts[1::2]
    assert quarantined(server, database) == [1] * 5 + [2] * 5
    assert server.query("SELECT count(*) FROM _tamis_staged", database) == [(0,)]


class TestOthersInTheSchema:
    """Whoever may make tables in the schema too: nothing of theirs is written, read or run."""

    @pytest.fixture
    def store(self, server: Server, database: str) -> TableStore:
        server.query("DROP ROLE IF EXISTS mallory", database)
        server.query("CREATE ROLE mallory", database)
        server.query("GRANT ALL ON SCHEMA public TO mallory", database)
        return TableStore(DatabaseAddress.of(server.uri(database)))

    def as_mallory(self, server: Server, database: str, *commands: str) -> None:
        with psycopg.connect(server.uri(database), autocommit=True) as connection:
            connection.execute("SET ROLE mallory")
            for command in commands:
                connection.execute(command.encode())

    @pytest.mark.parametrize("table", ["_tamis_receipts", "_tamis_staged", "_tamis_quarantine"])
    def test_a_table_of_another_role_is_refused(
        self, table: str, store: TableStore, flow: Find, server: Server, database: str
    ) -> None:
        self.as_mallory(
            server,
            database,
            f"CREATE TABLE {table} (run text PRIMARY KEY, policy text, committed timestamptz "
            "DEFAULT now(), receipt json, part text, staged timestamptz, attempt text)",
            f"GRANT ALL ON {table} TO PUBLIC",
        )
        with pytest.raises(UsageError, match=f'"{table}" belongs to another role'):
            store.stage(Attempt.begin("run"), flow(SOURCE).plan)
        if table == "_tamis_receipts":
            with pytest.raises(UsageError, match="belongs to another role"):
                store.committed("run")
        if table == "_tamis_staged":
            with pytest.raises(UsageError, match="belongs to another role"):
                store.recover()

    def test_a_view_is_refused(self, store: TableStore, server: Server, database: str) -> None:
        server.query("CREATE VIEW _tamis_receipts AS SELECT ''::text AS run", database)
        with pytest.raises(UsageError, match="must be a table"):
            store.committed("run")

    def test_a_trigger_is_refused_unless_the_address_names_it(
        self, store: TableStore, flow: Find, server: Server, database: str
    ) -> None:
        plan = flow(SOURCE).plan
        store.stage(Attempt.begin("first"), plan)
        for command in (
            "CREATE TABLE audit (run text)",
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO public.audit VALUES (new.run); RETURN new; END'",
            "CREATE TRIGGER audit_cpf AFTER INSERT ON _tamis_receipts "
            "FOR EACH ROW EXECUTE FUNCTION note()",
        ):
            server.query(command, database)
        with pytest.raises(UsageError, match="trigger or rule audit_cpf"):
            store.stage(Attempt.begin("run"), plan)
        allowed = TableStore(DatabaseAddress.of(server.uri(database, triggers="audit_cpf")))
        attempt = Attempt.begin("run")
        allowed.stage(attempt, plan)
        commit(allowed, attempt, plan, [write(allowed, attempt, plan, [1])])
        assert server.query("SELECT run FROM audit", database) == [("run",)]

    def test_functions_of_another_schema_are_not_called(
        self, flow: Find, server: Server, database: str
    ) -> None:
        for command in (
            "CREATE SCHEMA evil",
            "CREATE TABLE evil.called (at timestamptz)",
            "CREATE FUNCTION evil.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS "
            "'INSERT INTO evil.called VALUES (clock_timestamp()); SELECT 1'",
            f"ALTER ROLE tamis IN DATABASE {database} SET search_path = evil, pg_catalog",
        ):
            server.query(command, database)
        plan = flow(SOURCE).plan
        store = TableStore(DatabaseAddress.of(server.uri(database)))
        attempt = Attempt.begin("run")
        store.stage(attempt, plan)
        commit(store, attempt, plan, [write(store, attempt, plan, [1])])
        assert server.query("SELECT count(*) FROM evil.called", database) == [(0,)]

    def test_a_schema_is_made_only_when_asked(
        self, flow: Find, server: Server, database: str
    ) -> None:
        plan = flow(SOURCE).plan
        store = TableStore(DatabaseAddress.of(server.uri(database, schema="misspelt")))
        with pytest.raises(UsageError, match="there is no schema misspelt: make it, or add"):
            store.stage(Attempt.begin("run"), plan)
        asked = DatabaseAddress.of(server.uri(database, schema="new", create_schema="yes"))
        TableStore(asked).stage(Attempt.begin("run"), plan)


def test_no_password_is_in_what_is_pickled(server: Server, database: str) -> None:
    for uri in (
        server.uri(database, schema="s"),
        f"postgresql://{PASSWORD}@h/db?password={PASSWORD}&sslpassword={PASSWORD}&sslmode=require",
        f"postgresql://u:p?{PASSWORD}@h/db",
    ):
        address = DatabaseAddress.of(uri)
        pickled = pickle.dumps(address)
        if f"{PASSWORD}@h" not in uri or "?p" not in uri:
            assert pickle.loads(pickled) == address
    address = DatabaseAddress.of(server.uri(database))
    assert PASSWORD.encode() not in pickle.dumps(address)
    script = (
        "import pickle, sys; from tamis.stores.database import Database; "
        "Database(pickle.load(sys.stdin.buffer)).connect(1).close(); print('connected')"
    )
    for environment, expected in (({}, "asks for a password"), ({"PGPASSWORD": PASSWORD}, "conn")):
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=pickle.dumps(address),
            capture_output=True,
            env={**os.environ, **environment},
            check=False,
        )
        assert expected in (done.stdout + done.stderr).decode()


def test_an_output_with_a_table_is_refused() -> None:
    with pytest.raises(UsageError, match="an output names no table"):
        TableStore(DatabaseAddress.of("postgresql://u:p@h/db?table=t"))
