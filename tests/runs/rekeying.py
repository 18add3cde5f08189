"""Runs committed to a store without Beam, of a policy that makes pseudonyms of every kind."""

import datetime
import hashlib
import re
from pathlib import Path
from typing import cast

import pyarrow as pa

import tamis
from tamis.evidence.receipt import InputPart, KeyPart, Receipt, RunFacts, make_receipt
from tamis.filter.quarantine import QUARANTINE_SCHEMA, count_causes
from tamis.filter.tally import Tally
from tamis.filter.treat import KeySource
from tamis.formats.chunk import PartKey
from tamis.keys.keyring import Keyring
from tamis.plan.plan import Plan
from tamis.stores.protocol import Attempt, Piece, RunStore

WHO = "systeme-evaluation-cpf"
SCHEMA = """\
schema: suivi
describes: essai
format: jsonl
fields:
  nir:     {type: string, identifier: nir, category: tit-identite-activite}
  dossier: {type: string, category: tit-droits-parcours-formation}
  annee:   {type: int32, category: tit-droits-parcours-formation}
  suites:
    type: list
    of:
      type: struct
      fields:
        numero: {type: string, category: tit-droits-parcours-formation}
        rang:   {type: int32, category: tit-droits-parcours-formation}
"""
POLICY = """\
policy: suivi
schema: suivi
processing: systeme-evaluation-cpf
direction: out-of-store
releases:
  - id: tout
    item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2025-01-01
    needs:
      - because: compter les dossiers d'une personne
        keep: [nir, dossier, annee, suites.numero, suites.rang]
    treat:
      nir:           {pseudonymize: {as: personne, method: METHOD}}
      dossier:       {pseudonymize: {as: dossier_id, kind: dossier, method: METHOD}}
      suites.numero: {pseudonymize: {as: numero_id, kind: dossier, method: METHOD}}
  - id: annees
    item: R6323-37.III.2
    purpose: R6323-33.5
    from: 2025-01-01
    needs:
      - {because: compter les dossiers d'une année, keep: [annee]}
"""


def make_plan(folder: Path, method: str = "hmac-sha256", *, nested: bool = True) -> Plan:
    """The policy above, compiled; without `nested` only what stands at the top is a pseudonym."""
    policy = POLICY.replace("METHOD", method)
    if not nested:
        policy = re.sub(", suites.numero|      suites.numero: .*\n", "", policy)
    for kind, text in (("schemas", SCHEMA), ("policies", policy)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / "suivi.yaml").write_text(text, encoding="utf-8")
    return tamis.load_project(folder).plan("suivi", on=datetime.date(2026, 11, 23))


def nir(number: int) -> str:
    """A NIR of nobody, with its key."""
    body = f"1{number % 90 + 10:02d}0175{number % 990 + 1:03d}{number // 990 % 990 + 1:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def make_records(count: int, first: int = 0) -> pa.RecordBatch:
    """Records of as many persons, every seventh without a number, every ninth with a wrong key."""
    rows = []
    for number in range(first, first + count):
        value = nir(number)
        rows.append(
            {
                "nir": None if number % 7 == 0 else f"{value[:-2]}00" if number % 9 == 0 else value,
                "dossier": f"D{number}",
                "annee": 2000 + number % 20,
                "suites": [{"numero": f"D{number + n}", "rang": n} for n in range(number % 3)],
            }
        )
    suite = pa.struct([("numero", pa.string()), ("rang", pa.int32())])
    schema = pa.schema(
        [
            ("nir", pa.string()),
            ("dossier", pa.string()),
            ("annee", pa.int32()),
            ("suites", pa.list_(suite)),
        ]
    )
    return pa.RecordBatch.from_pylist(rows, schema)


def commit(
    store: RunStore,
    plan: Plan,
    keyring: Keyring,
    run: str,
    records: pa.RecordBatch,
    *,
    parts: int = 2,
) -> Receipt:
    """Commit a run over `records`, which come in several parts."""
    attempt = Attempt.begin(run)
    store.stage(attempt, plan)
    tally = Tally()
    pieces: list[Piece] = []
    size = -(-records.num_rows // parts)
    for number in range(parts):
        cut = records.slice(number * size, size)
        done = tamis.minimize(cut, plan, run=run, keys=cast(KeySource, keyring))
        bad = pa.RecordBatch.from_arrays(
            [
                *(pa.repeat(text, len(done.quarantined)) for text in (run, "feed")),
                *done.quarantined.columns,
            ],
            schema=QUARANTINE_SCHEMA,
        )
        done.tally.quarantine = count_causes(bad)
        tally.add(done.tally)
        for output, rows in [*done.released.items(), (None, bad)]:
            writer = store.writer(attempt, plan, output)
            writer.begin()
            positions = pa.array(range(number * size, number * size + len(rows)), pa.int64())
            if rows.num_rows:
                pieces += writer.write(rows, PartKey(0, number), 0, positions)
            pieces += writer.finish()
            writer.close()
    digest = hashlib.sha256(run.encode()).hexdigest()
    read = InputPart(uri="feed", rows=records.num_rows, bytes=1, sha256=digest)
    item = plan.releases[0].item
    made = keyring.key(plan.processing, item, "hmac-sha256")
    key = KeyPart(
        processing=plan.processing,
        item=item,
        epoch=made.epoch,
        key_id=made.key_id,
        chained_on=list(made.chained_on) or None,
    )
    facts = RunFacts(run, datetime.datetime.now(datetime.UTC), (key,))
    return store.commit(
        attempt, plan, pieces, lambda files: make_receipt(plan, facts, tally, [read], files)
    )
