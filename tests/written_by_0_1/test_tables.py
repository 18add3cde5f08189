"""Tables that 0.1 wrote into PostgreSQL: known again, recovered, made anew with equal values."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tamis.link.attack import link
from tamis.link.read import read_table

from ..services.postgres import Server
from .conftest import Copy, Tamis
from .described import SINCE_0_1, TAGS_SINCE

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("streams")]

RUNS = {"parquet": "plain", "csv": "passphrase"}

_ALGORITHM = re.compile(r"pseudonymized \([\w-]+, [\w-]+\)")
"""Comments say since 0.1 of which identifier a pseudonym is, and by which algorithm."""


def as_in_0_1(comment: str) -> str:
    """A column's comment in the words of 0.1, which was less telling of pseudonyms and receipts."""
    comment = comment.replace("its receipt in the store", "its receipt in _tamis_receipts")
    return _ALGORITHM.sub("pseudonymized", comment)


def begin(run: Tamis, form: str, output: str, keys: str) -> str:
    """Do the run of a format into a schema; what was printed."""
    answer = run(
        *(f"essai-{form}", f"feeds/essai.{form}", output, f"of-{form}"),
        *("--keys", f"keys/{keys}.json"),
    )
    assert answer.code == 0, answer.err
    return answer.out


def stored(server: Server, database: str, schema: str, form: str) -> Any:
    """Columns with types and comments, and all rows, of what a run wrote; nothing since 0.1."""
    contents = []
    for table, where in (
        (f"essai_{form}__evaluation", f"legal_run = 'of-{form}'"),
        ("_tamis_quarantine", f"run = 'of-{form}'"),
    ):
        columns = server.query(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull, "
            "col_description(attrelid, attnum) FROM pg_attribute "
            f"WHERE attrelid = '{schema}.{table}'::regclass AND attnum > 0 ORDER BY attnum",
            database,
        )
        columns = [
            (*column, comment and as_in_0_1(comment))
            for *column, comment in columns
            if column[0] not in TAGS_SINCE
        ]
        names = ", ".join(name for name, *_ in columns)
        rows = server.query(
            f"SELECT {names} FROM {schema}.{table} WHERE {where} ORDER BY _input, _position",
            database,
        )
        assert rows
        contents.append((columns, rows))
    return contents


def receipt_of(server: Server, database: str, schema: str, form: str) -> Any:
    ((text,),) = server.query(
        f"SELECT receipt::text FROM {schema}._tamis_receipts WHERE run = 'of-{form}'", database
    )
    return json.loads(text)


@pytest.mark.usefixtures("rules_of_0_1")
@pytest.mark.parametrize("form", RUNS)
def test_a_run_that_is_committed_is_known_again_and_made_anew_is_equal(
    form: str, run: Tamis, tamis: Tamis, copy: Copy, server: Server, database: str
) -> None:
    copy("feeds", "keys")
    before = stored(server, database, "batch", form)
    kept = receipt_of(server, database, "batch", form)
    printed = begin(run, form, server.uri(database, schema="batch"), RUNS[form])
    assert "committed before" in printed
    assert stored(server, database, "batch", form) == before
    assert receipt_of(server, database, "batch", form) == kept

    begin(run, form, server.uri(database, schema="anew", create_schema="yes"), RUNS[form])
    assert stored(server, database, "anew", form) == before
    made = receipt_of(server, database, "anew", form)
    for receipt in (made, kept):
        for name in ("started", "ended", "tool"):
            del receipt[name]
    for name in SINCE_0_1:
        made.pop(name, None)
    for release in made["releases"].values():
        del release["status"]
    assert json.loads(json.dumps(made).replace('"anew.', '"batch.')) == kept


@pytest.mark.parametrize("form", RUNS)
def test_a_receipt_of_tables_is_verified(
    form: str, tamis: Tamis, copy: Copy, server: Server, database: str
) -> None:
    copy("feeds")
    folder = Path("tables/_receipts")
    folder.mkdir(parents=True)
    receipt = json.dumps(receipt_of(server, database, "batch", form))
    (folder / f"of-{form}.json").write_text(receipt)
    answer = tamis("verify", folder / f"of-{form}.json")
    assert answer.code == 0, answer.out


@pytest.mark.parametrize("schema", ["batch", "stream"])
def test_every_claim_of_the_tables_holds(
    schema: str, tamis: Tamis, copy: Copy, server: Server, database: str
) -> None:
    copy("feeds")
    answer = tamis("verify", server.uri(database, schema=schema))
    assert answer.code == 0, answer.out
    assert "tags and columns agree" in answer.out


def test_tables_that_say_places_are_refused_until_these_are_taken_away(
    run: Tamis, tamis: Tamis, copy: Copy, server: Server, database: str
) -> None:
    copy("feeds", "keys")
    address = server.uri(database, schema="batch")
    arguments = ("essai-csv", "feeds/essai.csv", address, "after", "--keys", "keys/passphrase.json")
    refused = run(*arguments)
    assert refused.code == 2
    (command,) = re.findall("`(ALTER TABLE [^`]*)`", refused.err)
    query = "SELECT count(*) FROM batch.essai_csv__evaluation"
    before = server.query(query, database)
    server.query(command, database)
    assert run(*arguments).code == 0
    assert server.query(query, database) > before
    answer = tamis("verify", address)
    assert answer.code == 0, answer.out


@pytest.mark.usefixtures("rules_of_0_1")
def test_a_run_that_was_killed_is_removed_and_begun_again(
    run: Tamis, tamis: Tamis, copy: Copy, server: Server, database: str
) -> None:
    copy("feeds", "keys")
    uri = server.uri(database, schema="batch")
    staged = server.query("SELECT part, run FROM batch._tamis_staged", database)
    assert {name for _, name in staged} == {"of-dsn"}
    answer = tamis("recover", uri, "--older-than", "0")
    assert answer.code == 0, answer.err
    assert "of-dsn" in answer.out
    tables = server.query("SELECT tablename FROM pg_tables WHERE schemaname = 'batch'", database)
    assert {name for (name,) in tables}.isdisjoint(part for part, _ in staged)
    assert server.query("SELECT * FROM batch._tamis_staged", database) == []

    for schema in ("batch", "anew"):
        address = server.uri(database, schema=schema, create_schema="yes")
        begin(run, "dsn", address, "plain")
    assert stored(server, database, "batch", "dsn") == stored(server, database, "anew", "dsn")


def test_two_of_its_tables_are_joined_by_their_positions(server: Server, database: str) -> None:
    tables = [
        read_table(server.uri(database, schema="batch", table=f"essai_{form}__evaluation"))
        for form in RUNS
    ]
    found = {means.means: means for means in link(*tables).means}
    assert found["position"].joined.records == found["position"].matches > 20
    assert found["position"].columns[0].a == "_position"
