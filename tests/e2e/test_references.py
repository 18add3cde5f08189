"""A column of 15-digit references that nobody declared: quarantined by chance, and told why."""

import random
from pathlib import Path

import pytest

from .conftest import IN_MEMORY, Tamis

SCHEMA = """\
schema: feed
format: csv
fields:
  reference: {type: string, category: tit-droits-parcours-formation%s}
"""
POLICY = """\
policy: feed
schema: feed
processing: systeme-evaluation-cpf
direction: out-of-store
releases:
  - item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2026-01-01
    needs: [{because: compter les dossiers, keep: [reference]}]
"""


@pytest.mark.parametrize(
    ("declared", "clean"), [("", False), (", not_nir: référence de 15 chiffres", True)]
)
def test_chance_hits_are_told_with_what_to_declare(
    tamis: Tamis, tmp_path: Path, declared: str, clean: bool
) -> None:
    for name, text in (("schemas", SCHEMA % declared), ("policies", POLICY)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "feed.yaml").write_text(text, encoding="utf-8")
    chance = random.Random(1)
    numbers = [f"{chance.randrange(10**14, 10**15)}\n" for _ in range(8_000)]
    feed = tmp_path / "feed.csv"
    feed.write_text("reference\n" + "".join(numbers))
    where = ("--input", feed, "--output", tmp_path / "out", "--allow-example")
    outcome = tamis("--project", tmp_path, "run", "feed", *where, "--", IN_MEMORY)
    assert outcome.code == 0
    assert ("nir-leak" not in outcome.out) is clean
    assert ("its field says `not_nir: …`" not in outcome.out) is clean
