"""A DSN that replaces another one: the queries of the manual give the declarations that count."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tamis.manual import read_page
from tamis.synthetic.dsn import write_dsn
from tamis.synthetic.records import make_records

from ..services.postgres import Server
from .conftest import Flow, Tamis

FEEDS = [
    # name, type, day of the file, order, establishment, individus
    ("january", "01", "30012026", "12", "00029", 3),
    ("january-again", "03", "03022026", "2", "00029", 2),  # the number began anew
    ("january-last", "03", "03022026", "10", "00029", 1),
    ("elsewhere", "01", "30012026", "12", "00037", 2),
]
COUNTING = [("00000004200029", "10")] + [("00000004200037", "12")] * 2


def feeds(flow: Flow, folder: Path) -> list[Path]:
    paths = []
    for name, kind, day, order, nic, count in FEEDS:
        records = make_records(flow.schema, count, seed=len(name), nir_with_key=False)
        for record in records:
            record.update(nature=None, nom_naissance="ESSAI", nir=f"19{count}0175999{990 + count}")
            record.update(contrats=[], contrats_payes=[], contrats_boeth=[])
        extra = {"S20.G00.05.002": kind, "S20.G00.05.004": order, "S20.G00.05.007": day}
        paths.append(folder / f"{name}.dsn")
        write_dsn(records, flow.schema, paths[-1], extra={**extra, "S21.G00.11.001": nic})
    return paths


def query(engine: str) -> str:
    """The query of the manual for one of the two stores."""
    (found,) = re.findall(rf"```sql\n-- {engine}.*?\n(.*?);\n```", read_page("stores"), re.DOTALL)
    return str(found)


def counted(rows: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    return sorted((str(siret), str(order)) for siret, order in rows)


def test_in_a_folder_the_last_declaration_of_a_key_counts(
    flow: Any, run: Tamis, tmp_path: Path
) -> None:
    outcome = run("dsn-droits", feeds(flow("dsn-droits"), tmp_path), tmp_path / "store")
    assert outcome.code == 0, outcome.err
    sql = query("DuckDB").replace("'store/", f"'{tmp_path}/store/")
    found = duckdb.connect().execute(f"SELECT siret, ordre FROM ({sql})").fetchall()
    assert counted(found) == COUNTING


@pytest.mark.postgres
def test_in_a_database_the_last_declaration_of_a_key_counts(
    flow: Any, run: Tamis, server: Server, database: str, tmp_path: Path
) -> None:
    outcome = run("dsn-droits", feeds(flow("dsn-droits"), tmp_path), server.uri(database))
    assert outcome.code == 0, outcome.err
    rows = server.query(f"SELECT siret, ordre FROM ({query('PostgreSQL')}) AS q", database)
    assert counted(rows) == COUNTING
