"""A project of its own with a list of limited persons, and feeds of nobody."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

import tamis
from tamis.keys.keyring import Keyring
from tamis.limited.persons import LimitedPersons, change_list, new_list, open_list
from tamis.synthetic.records import make_nir

SCHEMA = """
schema: dossiers
format: {form}
fields:
  nir:      {{type: string, identifier: [nir, ntt], category: tit-identite-activite}}
  ayants:
    type: list
    of:
      type: struct
      category: tit-identite-activite
      fields: {{nir: {{type: string, identifier: nir}}}}
  statut:   {{type: string, category: [tit-droits-parcours-formation, partage-parcours-formation]}}
  montant:  {{type: int64, category: tit-economique-financier}}
"""

POLICIES = {
    "ii": ("si-france-travail", "R6323-37.II", "R6323-33.3", "out-of-store"),
    "iii": ("systeme-evaluation-cpf", "R6323-37.III.2", "R6323-33.5", "out-of-store"),
    "i": ("cpir-si-national-commun", "R6323-37.I.3", "R6323-33.10", "into-store"),
}

POLICY = """
policy: {name}
schema: dossiers
processing: {processing}
direction: {direction}
releases:
  - id: {name}
    item: {item}
    purpose: {purpose}
    from: 2025-01-01
    where:
      - {{field: statut, in: [OUVERT], because: seuls les dossiers ouverts sont à connaître}}
    needs:
      - because: connaître l'état d'avancement du dossier
        keep: [statut]
"""

ON = "2026-06-01"


@dataclass
class Limiting:
    """A project with a list, and what its list was made with."""

    folder: Path
    keyring: Keyring

    @property
    def list(self) -> Path:
        return self.folder / "limited.json"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def project(self) -> tamis.Project:
        return tamis.load_project(self.folder)

    def plan(self, policy: str) -> tamis.Plan:
        return self.project.plan(policy, on=ON)

    def persons(self, *numbers: str) -> LimitedPersons:
        """The list with these numbers on it, beside those that are."""
        change_list(self.list, self.keyring, add=numbers)
        return open_list(self.list, self.keyring)


@pytest.fixture
def limiting(tmp_path: Path) -> Limiting:
    return make_project(tmp_path / "projet")


def make_project(folder: Path, form: str = "parquet") -> Limiting:
    """A project of three policies over one schema, with a list of nobody."""
    (folder / "schemas").mkdir(parents=True)
    (folder / "policies").mkdir()
    (folder / "schemas" / "dossiers.yaml").write_text(SCHEMA.format(form=form), encoding="utf-8")
    for name, (processing, item, purpose, direction) in POLICIES.items():
        text = POLICY.format(
            name=name, processing=processing, item=item, purpose=purpose, direction=direction
        )
        (folder / "policies" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "policies" / "project.yaml").write_text("limited: limited.json\n", encoding="utf-8")
    keyring = Keyring.create(folder / "keys.json")
    new_list(folder / "limited.json", keyring)
    return Limiting(folder, keyring)


@pytest.fixture
def nirs() -> Callable[[int], list[str]]:
    """So many NIRs of nobody, with their keys, each another."""

    def make(count: int) -> list[str]:
        chance = random.Random(5)
        made: dict[str, None] = {}
        while len(made) < count:
            made[make_nir(chance)] = None
        return list(made)

    return make


def feed(
    numbers: Sequence[str | None],
    statut: Sequence[str | None] | str = "OUVERT",
    ayants: Sequence[Sequence[str]] = (),
) -> pa.Table:
    """Records of these persons."""
    rows = len(numbers)
    states = [statut] * rows if isinstance(statut, str) else list(statut)
    inside = [[{"nir": nir} for nir in of_row] for of_row in ayants] or [[]] * rows
    kind = pa.list_(pa.struct([("nir", pa.string())]))
    return pa.table(
        {
            "nir": pa.array(list(numbers), pa.string()),
            "ayants": pa.array(inside, kind),
            "statut": pa.array(states, pa.string()),
            "montant": pa.array(range(rows), pa.int64()),
        }
    )
