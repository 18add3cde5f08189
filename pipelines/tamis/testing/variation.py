"""The same records with other values in all that a policy neither keeps nor tests."""

import datetime
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.types import kind_of
from tamis.formats.dsn.layout import CONTRAT, JOINTS, NUMERO_DE_CONTRAT
from tamis.plan.plan import Plan
from tamis.synthetic.records import Record

_JOINING = {f"{bloc}.{rank}" for bloc, rank in JOINTS.items()} | {f"{CONTRAT}.{NUMERO_DE_CONTRAT}"}


class Variation:
    """Other values for what is dropped: others, longer ones, none, more of them.

    Args:
        schema: of the records.
        plan: of a policy of that schema.
        length: of the longest text, in characters.
        keeps_lines: leave what is not there out, and the number of a list's elements as it is, for
            a format whose positions count lines.

    Attributes:
        changed: how many values were given another.

    Example:
        >>> from tamis.plan.project import load_project
        >>> from tamis.synthetic.records import make_records
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("cpir-partage")
        >>> variation = Variation(schema, project.plan("cpir-partage"))
        >>> records = make_records(schema, 2, seed=1)
        >>> [varied, _other] = variation.records(records)
        >>> varied["dossier"] == records[0]["dossier"], varied == records[0]
        (True, False)
    """

    def __init__(
        self, schema: Schema, plan: Plan, length: int = 200, *, keeps_lines: bool = False
    ) -> None:
        self.used = used_paths(schema, plan)
        self.changed = 0
        self._schema = schema
        self._form = schema.format.name
        csv = schema.format.csv
        self._is_bare = self._form == "dsn" or (self._form == "csv" and not csv.quote)
        self._length = length
        self._keeps_lines = keeps_lines
        self._chance = random.Random(7)  # noqa: S311 (synthetic data)

    def records(self, records: Iterable[Record]) -> list[Record]:
        """The records with other values in all that is dropped."""
        fields = self._schema.fields
        return [
            {name: self._node(record[name], spec, name) for name, spec in fields.items()}
            for record in records
        ]

    def _node(self, value: Any, spec: FieldSpec, path: str) -> Any:
        whole = not any(used == path or used.startswith(path + ".") for used in self.used)
        if spec.of is not None:
            elements = [self._node(element, spec.of, path) for element in value or ()]
            if whole and elements and not self._keeps_lines:
                elements *= self._chance.randrange(1, 4)
            return elements
        if spec.fields is not None:
            if value is None and (self._form == "xml" or self._keeps_lines):  # was not chosen
                return None
            return {
                name: self._node((value or {}).get(name), field, f"{path}.{name}")
                for name, field in spec.fields.items()
            }
        return self._leaf(value, spec) if whole else value

    def _leaf(self, value: Any, spec: FieldSpec) -> Any:
        if value is None and self._keeps_lines:
            return None
        self.changed += 1
        kind, chance = kind_of(spec.type), self._chance
        if self._form != "dsn" and chance.random() < 0.2:
            return None
        if kind == "string":
            odd = "" if self._is_bare else "\"; \n\r\n,'{}é"
            return f"{odd}{chance.randrange(10**9)}" + "x" * chance.randrange(self._length)
        if kind == "binary":
            return chance.randbytes(self._length)
        if kind == "date":
            return datetime.date(1900, 1, 1) + datetime.timedelta(chance.randrange(60_000))
        if kind == "timestamp":
            zone = datetime.UTC if "tz=" in spec.type else None
            return datetime.datetime(1990, 1, 1, tzinfo=zone)
        if kind == "decimal":
            precision, scale = map(int, spec.type.partition("(")[2].rstrip(")").split(","))
            most = 10 ** min(precision, 9)
            return Decimal(chance.randrange(1 - most, most)).scaleb(-scale)
        if kind == "bool":
            return chance.random() < 0.5
        if kind == "integer":
            most = 2 ** min(31, int(spec.type.lstrip("uint")) - 1)
            return chance.randrange(0 if spec.type.startswith("u") else -most, most)
        return chance.random() if kind == "float" else value


def used_paths(schema: Schema, plan: Plan) -> set[str]:
    """What some release keeps or tests, and what is looked up in a list of limited persons.

    For a release that a NIR stops, identifiers as well.
    """
    leaves = schema.leaves()
    used = set(plan.limited.fields) if plan.limited is not None else set()
    for release in plan.releases:
        used |= {leaf.path for leaf in release.leaves}
        used |= {test.field for test in release.where}
        used |= {f"{path}.{test.field}" for path, tests in release.only for test in tests}
        used |= {test.field for leaf in release.leaves for tests in leaf.when for test in tests}
        if release.on_nir == "quarantine":
            used |= {path for path, leaf in leaves.items() if leaf.spec.identifier}
    rubriques = {leaves[path].spec.rubrique for path in used} - {None} | _JOINING
    return used | {path for path, leaf in leaves.items() if leaf.spec.rubrique in rubriques}
