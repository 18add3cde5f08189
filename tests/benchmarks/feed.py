"""A seeded feed of 31 columns for the benchmarks: training files of persons who do not exist.

    python tests/benchmarks/feed.py FILE --rows 2000000 [--seed 1]
    python tests/benchmarks/feed.py FILE --clean [--density 0.02] [--alike]

It is as dirty as a feed that comes: of the NIRs 0.5 % are malformed, have a wrong key, or are
missing, a third each; the comments are those of `tests/nir/third_corpus.py`: 2 % hold a NIR in one
of many forms, 10 % a number that looks like one. `--clean` has neither: every NIR is right, and of
the comments only a share `--density` holds a number, a NIR; with `--alike` all others are one of
sixteen sentences, which a file holds once. Written in row groups of 131,072 rows, snappy, as a
source system would.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.nir import third_corpus

ROW_GROUP = 131_072

DIRT = 0.005
"""The share of NIRs that are malformed, have a wrong key, or are missing."""

_FRENCH = (
    "Le titulaire souhaite reporter la session au mois prochain pour raisons de service. ",
    "Dossier complet, pièces vérifiées par le gestionnaire, accord de principe donné ce jour. ",
    "Appel reçu de l'organisme : entrée en formation confirmée, convocation envoyée hier. ",
    "Relance faite par courrier, réponse attendue sous quinzaine, voir l'échange précédent. ",
)
_TAILS = ("Suivi 4512.", "Réf. interne A-77/B.", "RAS.", "Prochain point le 12/03.")
_WORDS = (
    *("le", "titulaire", "organisme", "dossier", "session", "report", "entretien", "courrier"),
    *("accord", "pièce", "vérifiée", "gestionnaire", "demande", "reçue", "ce", "jour", "mois"),
    *("prochain", "convocation", "envoyée", "absence", "justifiée", "échange", "précédent"),
    *("réponse", "attendue", "sous", "quinzaine", "entrée", "formation", "confirmée", "suivi"),
)
_WORDS_A_COMMENT = 12


def keys_of(bodies: np.ndarray) -> np.ndarray:
    """Keys of NIR bodies that hold digits only."""
    return 97 - bodies % 97


def nirs(chance: np.random.Generator, rows: int) -> np.ndarray:
    """NIRs of 15 digits as int64, of communes that do not exist; nines alone would fill a gap."""
    sex = chance.integers(1, 3, rows)
    year = chance.integers(0, 100, rows)
    month = chance.integers(1, 13, rows)
    department = chance.integers(1, 96, rows)
    department[department == 20] = 21
    order = chance.integers(990, 999, rows)
    body = ((sex * 100 + year) * 100 + month) * 100 + department
    body = (body * 1000 + 999) * 1000 + order
    return body * 100 + keys_of(body)


def dirty_nirs(chance: np.random.Generator, numbers: np.ndarray) -> pa.Array:
    """The NIRs as text; of a share `DIRT`, a third each is short, has a wrong key, or is null."""
    texts = numbers.astype("U15").astype(object)
    places = np.flatnonzero(chance.random(len(numbers)) < DIRT)
    short, wrong, missing = np.array_split(chance.permutation(places), 3)
    texts[short] = [text[:12] for text in texts[short]]
    texts[wrong] = [f"{text[:13]}{int(text[13:]) % 97 + 1:02}" for text in texts[wrong]]
    texts[missing] = None
    return pa.array(texts, pa.string())


def clean_comments(
    chance: np.random.Generator, numbers: np.ndarray, density: float, alike: bool
) -> list[str]:
    """Comments of about 120 characters, of which a share `density` holds a NIR."""
    rows = len(numbers)
    starts = chance.integers(0, len(_FRENCH), rows)
    words = chance.integers(0, len(_WORDS), (rows, _WORDS_A_COMMENT)).tolist()
    tails = chance.integers(0, len(_TAILS), rows)
    hits = chance.random(rows) < density
    spaced = chance.random(rows) < 0.5
    made = []
    for start, tail, hit, space, number, chosen in zip(
        starts.tolist(),
        tails.tolist(),
        hits.tolist(),
        spaced.tolist(),
        numbers.tolist(),
        words,
        strict=True,
    ):
        text = _FRENCH[start] if alike else f"{' '.join([_WORDS[n] for n in chosen])}. "
        if hit:
            n = str(number)
            if space:
                n = f"{n[0]} {n[1:3]} {n[3:5]} {n[5:7]} {n[7:10]} {n[10:13]} {n[13:]}"
            text = f"{text[:60]}NIR {n} {text[60:]}"
        made.append(f"{text}{_TAILS[tail]}")
    return made


def make_table(
    chance: np.random.Generator,
    first: int,
    rows: int,
    *,
    clean: bool = False,
    density: float = 0.02,
    alike: bool = False,
) -> pa.Table:
    """`rows` rows of the feed, numbered from `first`."""
    number = nirs(chance, rows)
    if clean:
        nir = pa.array(number).cast(pa.string())
        texts = clean_comments(chance, number, density, alike)
    else:
        nir = dirty_nirs(chance, number)
        seed = int(chance.integers(2**63))
        texts = [comment.text for comment in third_corpus.comments(seed, rows)]
    ids = np.arange(first, first + rows)

    def choose(values: list[str]) -> pa.Array:
        indices = pa.array(chance.integers(0, len(values), rows, dtype=np.int32))
        return pa.array(values).take(indices)

    def text(prefix: str, modulus: int) -> pa.Array:
        return pa.array([f"{prefix}{n}" for n in (chance.integers(0, modulus, rows)).tolist()])

    def days(low: int, high: int) -> pa.Array:
        return pa.array(chance.integers(low, high, rows, dtype=np.int32)).cast(pa.date32())

    def cents(high: int) -> pa.Array:
        whole = pa.array(chance.integers(0, high, rows))
        return whole.cast(pa.decimal128(19, 0)).cast(pa.decimal128(19, 2))

    columns = {
        "dossier": pa.array([f"D{n:012d}" for n in ids.tolist()]),
        "nir": nir,
        "nom": text("NOM", 200_000),
        "prenoms": choose(["Zoé", "Jean-Noël", "Anaïs", "Loïc", "Maëlle", "Théo", "Chloé"]),
        "date_naissance": days(-7_000, 14_000),
        "sexe": choose(["M", "F"]),
        "commune_naissance": text("C", 36_000),
        "courriel": text("personne", 1_000_000),
        "telephone": text("06000", 100_000),
        "adresse": text("1 RUE DE L'EXEMPLE ", 50_000),
        "code_postal": text("75", 999),
        "ville": text("VILLE", 30_000),
        "iban": text("FR76000000000000000", 10_000_000),
        "siret": text("00000004200", 1_000),
        "employeur": text("EMPLOYEUR ", 20_000),
        "code_action": choose([f"RNCP{n}" for n in range(30_000, 30_400)]),
        "intitule": choose([f"FORMATION {n}" for n in range(400)]),
        "organisme": text("ORG", 9_000),
        "region": choose([f"R{n:02d}" for n in range(18)]),
        "statut": choose(["OUVERT", "ACCEPTE", "REFUSE", "CLOS", "ANNULE"]),
        "debut": days(18_000, 20_400),
        "fin": days(20_400, 20_800),
        "heures": pa.array(chance.integers(1, 900, rows, dtype=np.int32)),
        "montant": cents(900_000),
        "reste_a_charge": cents(90_000),
        "solde": cents(500_000),
        "taux_impot": pa.array(chance.random(rows)),
        "maj_le": pa.array(chance.integers(1_600_000_000, 1_760_000_000, rows) * 1_000_000).cast(
            pa.timestamp("us")
        ),
        "conseiller": text("conseiller", 3_000),
        "note": pa.array(chance.integers(0, 21, rows, dtype=np.int32)),
        "commentaire": pa.array(texts),
    }
    return pa.table(columns)


def write(
    path: Path,
    rows: int,
    seed: int = 1,
    *,
    clean: bool = False,
    density: float = 0.02,
    alike: bool = False,
) -> None:
    """Write the feed to `path`."""
    chance = np.random.default_rng(seed)
    writer: pq.ParquetWriter | None = None
    for first in range(0, rows, ROW_GROUP):
        table = make_table(
            chance, first, min(ROW_GROUP, rows - first), clean=clean, density=density, alike=alike
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table)
    assert writer is not None
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--density", type=float, default=0.02)
    parser.add_argument("--alike", action="store_true")
    options = vars(parser.parse_args())
    write(options.pop("file"), **options)
