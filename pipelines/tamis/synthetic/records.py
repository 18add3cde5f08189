"""Synthetic records for any schema, the same for the same seed.

NIRs have communes that do not exist (75 999, 2A 999, 99 990), orders of 990 and above, and a right
key. That nobody has such a number cannot be checked.
"""

import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tamis.documents.policy import Condition, Policy
from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.types import kind_of
from tamis.documents.xpaths import ITSELF, XmlPath
from tamis.nir.identifiers import key_of

Record = dict[str, Any]
Accepted = Mapping[str, Sequence[Any]]

_PLACES = ("75999", "2A999", "2B999", "69999", "97490", "99990")
_NAMES = ("ESSAI", "FICTIVE", "EXEMPLE", "D'ESSAI", "MODÈLE-SPÉCIMEN", "ŒUVRÉ", "DE LA FICTION")
_FIRST_NAMES = ("Zoé", "Jean-Noël", "Anaïs", "Loïc", "Maëlle", "Théo", "Chloé")
_WORDS = ("alpha", "béta", "gamma", "delta", "epsilon", "zêta", "thêta", "iota")
_SENTENCES = (
    "Le dossier est complet, rien à signaler.",
    "Rappeler après le 15 du mois, le matin de préférence.",
    "Pièce reçue par courrier ; voir l'échange précédent.",
    "Demande suivie par l'agence, accord de principe donné.",
)
_NIR_SENTENCES = (
    "Personne jointe par téléphone, NIR {spaced}, dossier complété.",
    "Doublon possible avec le n° de sécurité sociale {compact} : à vérifier.",
    "Voir aussi {spaced} (conjoint).",
    "nir={compact}; pièce d'identité fournie",
)


@dataclass(frozen=True)
class Dirt:
    """How dirty records are, as shares between 0 and 1.

    Attributes:
        malformed: of identifiers, those with a character too few.
        wrong_key: of identifiers of 15 characters, those with a wrong key.
        in_text: of free texts, those that hold a NIR.
        mistyped: of numbers and dates, those that are none; only text formats can have them.
    """

    malformed: float = 0.0
    wrong_key: float = 0.0
    in_text: float = 0.0
    mistyped: float = 0.0


CLEAN = Dirt()
DIRTY = Dirt(malformed=0.03, wrong_key=0.03, in_text=0.2, mistyped=0.02)


def make_nir(chance: random.Random, *, with_key: bool = True) -> str:
    """A NIR of nobody: 13 characters, or 15 with its key.

    Example:
        >>> len(make_nir(random.Random(1))), len(make_nir(random.Random(1), with_key=False))
        (15, 13)
    """
    body = (
        f"{chance.choice('12')}{chance.randrange(100):02d}{chance.randrange(1, 13):02d}"
        f"{chance.choice(_PLACES)}{min(chance.randrange(990, 1000), 998):03d}"
    )
    return f"{body}{key_of(body):02d}" if with_key else body


def make_name(chance: random.Random) -> str:
    """A family name of nobody.

    Example:
        >>> make_name(random.Random(1)) in ("ESSAI", "FICTIVE", "EXEMPLE", "D'ESSAI")
        True
    """
    return chance.choice(_NAMES)


def space_nir(nir: str) -> str:
    """A NIR in the INSEE grouping.

    Example:
        >>> space_nir("155087599999193")
        '1 55 08 75 999 991 93'
    """
    cuts = (0, 1, 3, 5, 7, 10, 13, len(nir))
    return " ".join(nir[a:b] for a, b in pairwise(cuts) if nir[a:b])


def accepted_values(policies: Sequence[Policy]) -> dict[str, list[Any]]:
    """The values that conditions of `policies` accept, by field path."""
    accepted: dict[str, list[Any]] = {}

    def add(condition: Condition, above: str = "") -> None:
        if condition.in_:
            accepted.setdefault(above + condition.field, []).extend(condition.in_)

    for policy in policies:
        for release in policy.releases:
            for condition in release.where:
                add(condition)
            for path, conditions in release.only.items():
                for condition in conditions:
                    add(condition, path + ".")
            for need in release.needs:
                for condition in need.when:
                    add(condition)
    return accepted


def make_records(
    schema: Schema,
    count: int,
    *,
    seed: int,
    policies: Sequence[Policy] = (),
    dirt: Dirt = CLEAN,
    nir_with_key: bool = True,
) -> list[Record]:
    """Make `count` records of `schema`.

    Args:
        schema: names the fields and their types.
        count: how many records.
        seed: the same seed gives the same records.
        policies: most records fulfil their conditions.
        dirt: how many values are wrong.
        nir_with_key: whether NIRs have their key; in a DSN they never do.

    Returns:
        Records as Python values: text, numbers, dates, lists and dicts.
    """
    unwanted = any(
        release.on_nir == "quarantine" for policy in policies for release in policy.releases
    )
    chance = random.Random(seed)  # noqa: S311 (synthetic data, the same for the same seed)
    maker = _Maker(chance, accepted_values(policies), dirt, nir_with_key, unwanted)
    return [maker.record(schema) for _ in range(count)]


@dataclass
class _Maker:
    """Makes records; its attributes are those of the record that is being made."""

    chance: random.Random
    accepted: Accepted
    dirt: Dirt
    with_key: bool
    unwanted: bool  # a NIR stops the record: most have none
    nir: str = ""
    number: int = 0
    born: datetime.date = field(default_factory=lambda: datetime.date(1980, 1, 1))

    def record(self, schema: Schema) -> Record:
        self.nir = make_nir(self.chance)
        self.number += 1
        self.born = datetime.date(1950, 1, 1) + datetime.timedelta(self.chance.randrange(20_000))
        record = {
            name: self.value(name, spec, name, is_text=schema.format.name in ("csv", "jsonl"))
            for name, spec in schema.fields.items()
        }
        for path in left_out(schema, self.chance.choice):
            _clear(record, path.split("."))
        return record

    def value(self, name: str, spec: FieldSpec, path: str, *, is_text: bool) -> Any:
        if spec.of is not None:
            return [
                self.value(name, spec.of, path, is_text=is_text)
                for _ in range(self.chance.choice((0 if spec.nullable else 1, 1, 1, 2, 3)))
            ]
        if spec.fields is not None:
            return {
                inner: self.value(inner, field, f"{path}.{inner}", is_text=is_text)
                for inner, field in spec.fields.items()
            }
        if path in self.accepted and self.chance.random() < 0.8:
            return self.chance.choice(self.accepted[path])
        if spec.nullable and self.chance.random() < 0.1:
            return None
        if spec.identifier:
            absent = self.unwanted and self.chance.random() < 0.9
            return None if absent else self.identifier(spec)
        if is_text and self.chance.random() < self.dirt.mistyped and spec.type != "string":
            return "n.c."
        return self.leaf(name, spec)

    def identifier(self, spec: FieldSpec) -> Any:
        kind = spec.identifier[0]
        if kind == "nir-key":
            return self.nir[13:]
        if kind == "ntt":
            return f"{self.chance.choice('12')}000000042M{self.number:07d}"
        if kind in ("nnp", "mig"):
            first = "7" if kind == "nnp" else "5"
            return f"{first}1999{self.chance.randrange(10**8):08d}"
        nir = self.nir if self.with_key else self.nir[:13]
        luck = self.chance.random()
        if luck < self.dirt.malformed:
            return nir[1:]
        if luck < self.dirt.malformed + self.dirt.wrong_key and self.with_key:
            return f"{nir[:13]}{int(nir[13:]) % 97 + 1:02d}"
        return int(nir) if kind_of(spec.type) == "integer" else nir

    def leaf(self, name: str, spec: FieldSpec) -> Any:
        chance, kind = self.chance, kind_of(spec.type)
        if kind == "string":
            return self.text(name.lower(), spec)
        if kind == "bool":
            return chance.random() < 0.5
        if kind == "integer":
            parts = {"annee": self.born.year, "mois": self.born.month, "jour": self.born.day}
            birth = parts.get(name.partition("_")[0]) if "naissance" in name else None
            return chance.randrange(1, 120) if birth is None else birth
        if kind == "float":
            return chance.randrange(10_000) / 8
        if kind == "decimal":
            return Decimal(chance.randrange(1, 99_999)).scaleb(-2)
        if kind == "date":
            if spec.nir_part == "birth" or "naissance" in name:
                return self.born
            return datetime.date(2022, 1, 1) + datetime.timedelta(chance.randrange(1_700))
        if kind == "timestamp":
            second = chance.randrange(100_000_000)
            start = datetime.datetime(2023, 1, 1, tzinfo=datetime.UTC)
            moment = start + datetime.timedelta(seconds=second)
            return moment if "tz=" in spec.type else moment.replace(tzinfo=None)
        if kind == "time":
            return datetime.time(chance.randrange(24), chance.randrange(60))
        return chance.randbytes(12)

    def text(self, name: str, spec: FieldSpec) -> str:
        chance = self.chance
        if spec.free_text:
            if chance.random() < self.dirt.in_text:
                form = chance.choice(_NIR_SENTENCES)
                return form.format(spaced=space_nir(self.nir), compact=self.nir)
            return chance.choice(_SENTENCES)
        if spec.not_nir:
            return f"{chance.randrange(10**14, 10**15)}"
        if spec.nir_part == "sex":
            return {"1": "M", "2": "F"}[self.nir[0]]
        if spec.nir_part == "birth":
            return self.born.strftime("%d%m%Y")
        if spec.nir_part == "place":
            return self.nir[5:10]
        if "prenom" in name:
            return chance.choice(_FIRST_NAMES)
        if "nom" in name:
            return make_name(chance)
        if "courriel" in name or "mail" in name:
            return f"personne{self.number}@exemple.example"
        if "siret" in name:
            return f"000000042{chance.randrange(100_000):05d}"
        if "siren" in name:
            return "000000042"
        if "postal" in name or "commune" in name:
            return chance.choice(("75999", "69999", "2A999"))
        return f"{chance.choice(_WORDS)}-{chance.randrange(1_000)}"


def left_out(schema: Schema, choose: Callable[[Sequence[XmlPath]], XmlPath]) -> set[str]:
    """The fields that a record of XML has not, where `choose` makes the choices of its format.

    Args:
        schema: of any format.
        choose: picks one of the paths of a choice.

    Returns:
        Paths in the schema of structs and leaves; none where the format has no choices.
    """
    options, out = schema.format.xml, set[str]()
    if options is None:
        return out
    left: list[tuple[str, ...]] = []
    for group in options.choices:
        paths = list(map(options.path, group))
        kept = choose(paths)
        left += [path.steps for path in paths if path != kept]

    def look(fields: Mapping[str, FieldSpec], base: XmlPath, above: str) -> None:
        for name, spec in fields.items():
            at = base.inside(options.path(spec.xpath or name))
            at = at.inside_of(options.path(options.record))
            if any(not at.absolute and at.steps[: len(path)] == path for path in left):
                out.add(f"{above}{name}")
            elif spec.fields:
                look(spec.fields, at, f"{above}{name}.")

    look(schema.fields, ITSELF, "")
    return out


def _clear(record: Record, path: Sequence[str]) -> None:
    for name in path[:-1]:
        record = record[name]
    record[path[-1]] = None
