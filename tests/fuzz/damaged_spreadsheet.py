"""Damaged spreadsheets: read or refused, and no value of a column that is not read.

    python -m tests.fuzz.damaged_spreadsheet [SECONDS [SEED]]

The parts of a workbook are damaged inside its archive, whose checksums stay right. What must hold:
an `InputError` that holds no value, or chunks, within two seconds of processor time; positions that
ascend.
"""

import io
import random
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from tamis.documents.schema import Schema
from tamis.errors import InputError
from tamis.formats.spreadsheet.read import read_spreadsheet
from tamis.formats.spreadsheet.texts import workbook_texts
from tamis.plan.plan import PlanField
from tamis.synthetic.spreadsheet import write_spreadsheet
from tests.plans import plan_of

CANARY = "CANARI"
FIELDS = {"nom": "string", "secret": "string", "jour": "date32", "nombre": "int64"}
SCHEMA = Schema.model_validate(
    {
        "schema": "s",
        "format": "spreadsheet",
        "fields": {name: {"type": kind, "category": "outside"} for name, kind in FIELDS.items()},
    }
)
PLAN = plan_of(
    *(PlanField(name, kind) for name, kind in FIELDS.items() if name != "secret"),
    form="spreadsheet",
    known=tuple(FIELDS),
)
_TOKEN = re.compile(rb"<[^>]*>|[^<]+")


def make(chance: random.Random, folder: Path) -> bytes:
    path = folder / f"in.{chance.choice(['xlsx', 'ods'])}"
    rows: list[dict[str, Any]] = [
        {"nom": f"n{number}", "secret": CANARY, "jour": None, "nombre": number}
        for number in range(chance.randrange(1, 30))
    ]
    write_spreadsheet(rows, SCHEMA, path)
    return path.read_bytes()


def damage(data: bytes, chance: random.Random) -> bytes:
    """One part with tokens that are changed, doubled, moved or left out, or with other bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        broken = chance.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            if name == broken:
                tokens = _TOKEN.findall(part) or [b""]
                for _change in range(chance.choice([1, 2, 5])):
                    at, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
                    tokens[at] = chance.choice(
                        [
                            *(b"", tokens[at] * 2, tokens[other], b"<!--", b"&x;", b"<a>" * 300),
                            re.sub(rb"\d+", b"99999999", tokens[at]),
                            re.sub(
                                rb'"[^"]*"',
                                b'"' + chance.randbytes(2).hex().encode() + b'"',
                                tokens[at],
                            ),
                            tokens[at][:-1] + chance.randbytes(1),
                        ]
                    )
                part = b"".join(tokens)
            new.writestr(name, part)
    return out.getvalue()


def read(data: bytes) -> str:
    """What came of it."""
    try:
        last = 0
        for chunk in read_spreadsheet(io.BytesIO(data), PLAN, "f.xlsx"):
            positions = chunk.positions.to_pylist()
            assert positions == sorted(set(positions))
            assert not positions or positions[0] > last
            last = (positions or [last])[-1]
            if CANARY in str(chunk.data.to_pydict()):
                return "moved"
    except InputError as error:
        return "told" if CANARY in str(error) else "refused"
    return "read"


def main(seconds: float = 60, seed: int = 2026) -> None:
    chance, outcomes = random.Random(seed), Counter[str]()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        while time.monotonic() < end:
            data = damage(make(chance, Path(name)), chance)
            began = time.process_time()
            outcome = read(data)
            assert outcome != "told"
            outcomes[outcome] += 1
            try:
                for _texts in workbook_texts(io.BytesIO(data), "f.xlsx", 100):
                    pass
            except InputError:
                outcomes["not scanned"] += 1
            assert time.process_time() - began < 2
    print(dict(outcomes))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
