"""The README's way from an unknown CSV to a store, step by step, as it stands there.

Blocks after `<!-- newcomer -->` are run by a shell; a block after `<!-- newcomer FILE -->` is
written to FILE; of a schema, which was drafted, its lines take the place of those of the same
fields.
"""

import csv
import datetime
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tamis.nir.find import find_nir
from tamis.synthetic.records import make_nir, space_nir

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
ROWS = 240
_BLOCK = re.compile(r"<!-- newcomer ?(?P<file>\S*) ?-->\n```\w+\n(?P<body>.*?)```", re.DOTALL)


def steps() -> Iterator[tuple[str, str]]:
    """The README's blocks: the file each is for, or "" for one of commands, and its lines."""
    text = README.read_text(encoding="utf-8")
    yield from ((match["file"], match["body"]) for match in _BLOCK.finditer(text))


def write_feed(path: Path) -> list[str]:
    """A CSV as a source may send it; the NIRs in it."""
    chance = random.Random(32337)
    nirs: list[str] = []

    def nir() -> str:
        nirs.append(make_nir(chance))
        return nirs[-1]

    def day(year: int, years: int) -> str:
        first = datetime.date(year, 1, 1)
        return f"{first + datetime.timedelta(chance.randrange(365 * years)):%d/%m/%Y}"

    header = "nir nom prénom date_naissance commune_naissance code_rncp entree_le montant iban"
    with path.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow([*header.split(), "commentaire"])
        for row in range(ROWS):
            printed = [
                "Formation suivie jusqu'au bout ; très satisfait de l'accueil.",
                f"A abandonné après deux séances, voir le dossier du NIR {space_nir(nir())}",
                "",
            ][row % 3]
            amount = f"{chance.randrange(90, 4000)},{chance.randrange(100):02d}"
            writer.writerow(
                [
                    nir() if row % 2 else space_nir(nir()),
                    f"ESSAI-{row}",
                    "Zoé",
                    day(1955, 45),
                    f"{chance.randrange(1, 95):02d}999",
                    f"RNCP{chance.randrange(1000, 40000)}",
                    day(2024, 2),
                    amount if row % 10 else "",
                    f"FR76{chance.randrange(10**22):023d}",
                    printed,
                ]
            )
    return nirs


def fill(schema: Path, lines: list[str]) -> None:
    """Put `lines` in place of the draft's lines of the same fields; only categories may differ."""
    drafted = schema.read_text(encoding="utf-8").splitlines()
    for line in lines:
        key = line.partition(":")[0] + ":"
        place = next(i for i, line in enumerate(drafted) if line.startswith(key))
        plain = re.sub(r" sensitive: \{none: [^}]*\},", "", line)
        assert re.sub(r"category: [a-z-]+", "category: []", plain) == drafted[place]
        drafted[place] = line
    schema.write_text("\n".join(drafted) + "\n", encoding="utf-8")


def shell(commands: str, folder: Path) -> str:
    """Run commands as a user would, and give what they printed."""
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={**os.environ, "PATH": found},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def follow(folder: Path) -> str:
    """Do all steps in a folder; what the commands printed."""
    printed = ""
    for file, body in steps():
        if not file:
            printed += shell(body, folder)
        elif file.startswith("schemas/"):
            fill(folder / file, body.splitlines())
        else:
            (folder / file).write_text(body, encoding="utf-8")
    return printed


def test_the_readme_has_the_steps_from_init_to_verify() -> None:
    commands = "".join(body for file, body in steps() if not file)

    for command in ("init", "check", "test", "dry-run", "run", "verify"):
        assert re.search(rf"tamis {command}\s", commands)


def test_the_readmes_steps_lead_from_an_unknown_csv_to_a_store_without_nirs(
    tmp_path: Path,
) -> None:
    nirs = write_feed(tmp_path / "feed.csv")

    (tmp_path / "printed").write_text(follow(tmp_path), encoding="utf-8")

    receipt = json.loads((tmp_path / "store/_receipts/first.json").read_text())
    assert receipt["counts"] == {"in": ROWS, "released": ROWS, "withheld": 0, "quarantined": 0}
    assert receipt["releases"]["R6323-37.III.2"]["redacted"] == {"commentaire": ROWS // 3}

    table = pq.read_table(sorted((tmp_path / "store/feed").rglob("*.parquet")))
    names = [name for name in table.column_names if not name.startswith("legal_")]
    assert names == ["date_naissance", "code_rncp", "montant", "commentaire"]
    assert {(day.month, day.day) for day in table["date_naissance"].to_pylist()} == {(1, 1)}
    comments = [one for one in table["commentaire"].to_pylist() if one]
    assert sum("[NIR]" in comment for comment in comments) == ROWS // 3
    assert not any(find_nir(comment) for comment in comments)
    assert str(table.schema.field("montant").type) == "decimal128(12, 2)"
    assert table["montant"].null_count == ROWS // 10

    for file in ("schemas/feed.yaml", "report.html", "printed", "store/_receipts/first.json"):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert text
        assert not any(nir in text or space_nir(nir) in text for nir in nirs), file


def test_check_refuses_to_keep_a_field_whose_category_was_not_chosen(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed.csv")
    policy = next(body for file, body in steps() if file == "policies/feed.yaml")
    shell("mkdir -p P/schemas P/policies; tamis draft feed.csv > P/schemas/feed.yaml", tmp_path)
    (tmp_path / "P/policies/feed.yaml").write_text(policy, encoding="utf-8")

    printed = shell("tamis --project P check || echo exit $?", tmp_path)

    assert "`code_rncp` has no category and must not be kept" in printed
    assert "exit 1" in printed
