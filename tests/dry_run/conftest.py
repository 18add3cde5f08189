"""A small project of one flow under paragraph III, and dry runs of it in this process."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.beam.measure import Inspection
from tamis.documents import project as documents
from tamis.documents.calendar import today
from tamis.documents.context import open_policy
from tamis.dry_run.compose import compose
from tamis.dry_run.result import DryRun
from tamis.plan.compile import compile_policy, whole_schema
from tamis.plan.project import Project, load_project
from tamis.runs.batch import dry_run

IN_MEMORY = "--direct_running_mode=in_memory"
"""Beam without worker threads of its own."""

SCHEMA = """\
schema: dossiers
fields:
  nir:          {type: string, identifier: nir, category: tit-identite-activite}
  sexe:         {type: string, category: tit-identite-activite}
  region:       {type: string, category: tit-identite-activite}
  naissance:    {type: date32, category: tit-identite-activite, nir_part: birth}
  action:       {type: string, category: tit-droits-parcours-formation}
  montant:      {type: "decimal128(12, 2)", category: tit-economique-financier}
  heures:       {type: int32, category: tit-droits-parcours-formation}
  commentaire:
    type: string
    free_text: true
    category: tit-droits-parcours-formation
    sensitive: {none: textes inventés pour ces essais}
  employeur:    {type: string, category: tit-parcours-professionnel}
"""

POLICY = """\
policy: evaluation
schema: dossiers
processing: systeme-evaluation-cpf
direction: out-of-store
releases:
  - id: evaluation
    item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2025-01-01
    needs:
      - because: comparer l'usage du compte
        keep: [%s]
    treat:
      naissance: {generalize: {to: year}}
"""

KEPT = "sexe, region, naissance, action, montant, commentaire"


@dataclass(frozen=True)
class Desk:
    """A project in a folder, and what can be asked of it."""

    folder: Path

    @functools.cached_property
    def project(self) -> Project:
        return load_project(self.folder)

    def feed(self, columns: Mapping[str, Any], name: str = "in.parquet", group: int = 1000) -> str:
        """Write a Parquet file of `columns`."""
        path = self.folder / name
        pq.write_table(pa.table(dict(columns)), path, row_group_size=group)
        return str(path)

    def dry_run(
        self,
        *inputs: str,
        limit: int | None = None,
        profiles: bool = False,
        against: Path | None = None,
        policy: str = "evaluation",
    ) -> DryRun:
        """The result of a dry run, as the command makes it."""
        subject = open_policy(self.project, policy)
        plan = compile_policy(subject, today())
        other = load_project(against).plan(policy, today()) if against else None
        inspection = Inspection(whole_schema(subject), profiles, other)
        measured = dry_run(plan, inputs, inspection=inspection, limit=limit, options=(IN_MEMORY,))
        named = (str(against), other) if against and other else None
        return compose(measured, plan, subject, named)


def make_project(folder: Path, schema: str = SCHEMA, policy: str = POLICY % KEPT) -> Desk:
    """Write a project of one schema and one policy."""
    for kind, name, text in (("schemas", "dossiers", schema), ("policies", "evaluation", policy)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Desk(folder)


@pytest.fixture(autouse=True, scope="session")
def _one_law() -> Iterator[None]:
    """The bundled law is read once."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(documents.bundled_documents)
        patch.setattr(documents, "bundled_documents", once)
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_project(tmp_path / "project")


@pytest.fixture
def columns() -> Callable[[int], dict[str, Any]]:
    """Clean columns of so many rows."""

    def make(rows: int) -> dict[str, Any]:
        return {
            "nir": pa.array(["155087599999193"] * rows),
            "sexe": pa.array(["FM"[n % 2] for n in range(rows)]),
            "region": pa.array([f"R{n % 7}" for n in range(rows)]),
            "naissance": pa.array([365 * (n % 5) for n in range(rows)], pa.int32()).cast(
                pa.date32()
            ),
            "action": pa.array([f"RNCP{n % 11}" for n in range(rows)]),
            "montant": pa.array([n % 13 for n in range(rows)])
            .cast(pa.decimal128(19, 0))
            .cast(pa.decimal128(12, 2)),
            "heures": pa.array([n % 17 for n in range(rows)], pa.int32()),
            "commentaire": pa.array(["rien à signaler"] * rows),
            "employeur": pa.array([f"EMPLOYEUR {n % 3}" for n in range(rows)]),
        }

    return make
