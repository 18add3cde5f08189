"""Files of the passeport de prévention and spreadsheets beside plain Python that reads the same.

    python -m tests.benchmarks.bench_files [ROWS]

Processor seconds of one process, each pair alternately, the least of three; peak memory apart.
"""

import csv
import datetime
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from tamis.filter.dialect import dialect_of
from tamis.filter.nested import open_column
from tamis.formats.csv import read_csv
from tamis.formats.spreadsheet.read import read_spreadsheet
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.prevention import attestations
from tamis.synthetic.spreadsheet import write_spreadsheet

NAME = "prevention-adf"
DAYS = {"DATE_DEBUT_FORMATION", "DATE_FIN_FORMATION", "DATE_DEBUT_VALIDITE", "DATE_FIN_VALIDITE"}
LISTS = {"COMPETENCE_TRANSFERABLE", "DOMAINE_FORMATION", "SPECIALITE_FORMATION"}


def plan() -> Plan:
    return bundled_project().plan(NAME, on="2026-03-02")


def plain_csv(path: Path) -> int:
    """Records with days and lists, as a table in the end."""
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="|", quoting=csv.QUOTE_NONE):
            made: dict[str, Any] = {name: value or None for name, value in row.items()}
            for name in DAYS:
                if made[name]:
                    made[name] = datetime.datetime.strptime(made[name], "%d/%m/%Y").date()
            for name in LISTS:
                made[name] = made[name] and made[name].split("/")
            rows.append(made)
    return len(pa.Table.from_pylist(rows))


def tamis_csv(path: Path) -> int:
    rows, own = 0, plan()
    dialect = dialect_of(own.format)
    with path.open("rb") as stream:
        for chunk in read_csv(stream, own, "f.csv"):
            rows += len(chunk.positions)
            for field in own.fields:
                open_column(chunk.data.column(field.name), field, dialect)
    return rows


def plain_sheet(path: Path) -> int:
    """Values of each row, as a table in the end."""
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    names = next(rows)
    return len(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]))


def tamis_sheet(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(len(chunk.positions) for chunk in read_spreadsheet(stream, plan(), "f.xlsx"))


READERS: dict[str, Callable[[Path], int]] = {
    read.__name__: read for read in (plain_csv, tamis_csv, plain_sheet, tamis_sheet)
}


def main(rows: int = 50_000) -> None:
    schema, _source = bundled_project().schema(NAME)
    with tempfile.TemporaryDirectory() as name:
        paths = {"csv": Path(name) / "adf.csv", "sheet": Path(name) / "adf.xlsx"}
        write_feed(attestations(rows, seed=1), schema, paths["csv"])
        records = attestations(rows, seed=1)
        flat = ({key: _flat(value) for key, value in own.items()} for own in records)
        write_spreadsheet(flat, schema, paths["sheet"])
        for kind, path in paths.items():
            least: dict[str, float] = {}
            for _time in range(3):
                for side in ("plain", "tamis"):
                    began = time.process_time()
                    assert READERS[f"{side}_{kind}"](path) == rows
                    spent = time.process_time() - began
                    least[side] = min(spent, least.get(side, spent))
            share = least["plain"] / least["tamis"]
            print(
                f"{kind}, {rows} rows: plain {least['plain']:.2f} s, Tamis {least['tamis']:.2f} s"
            )
            print(f"  {share:.2f} x")
            for side in ("plain", "tamis"):
                module = [sys.executable, "-m", "tests.benchmarks.bench_files"]
                command = [*module, f"{side}_{kind}", str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                print(f"  peak memory, {side}: {done.stdout.strip()} MB")


def _flat(value: Any) -> Any:
    return "/".join(value) if isinstance(value, list) else value


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in READERS:
        READERS[sys.argv[1]](Path(sys.argv[2]))
        status = Path("/proc/self/status").read_text()  # not of the process before exec
        print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
    else:
        main(*map(int, sys.argv[1:]))
