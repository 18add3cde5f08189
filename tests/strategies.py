"""Random plans, and batches for them in whose bytes every value can be found again.

A `Feed` is made from one seed, with sizes that Hypothesis shrinks: a projected schema, a plan of
one to three releases on it, and records. `batch_of` lays records out in Arrow, either tidy or
*messy*: sliced, dictionary-encoded, with other values hidden under nulls, in null structs and null
lists. What becomes of each value is tested with the plans of tests/reference.
"""

import datetime
import decimal
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from tamis.documents.feed_format import FormatName
from tamis.documents.types import arrow_type
from tamis.filter.quarantine import FAULTS
from tamis.nir.identifiers import key_of
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from .plans import plan_of, release

TOKEN = "jeton"
"""Every made-up string holds it and a number of its own, so that it can be found in bytes."""

MARK = b"~Z\x1dK"
HIDDEN_BASE = int.from_bytes(MARK, "little") << 32
"""Added to a number, it makes an int64 whose last four bytes in memory are `MARK`."""

REDACTED, LEAK = "§nir", "§leak"
"""What the tests' own finder takes for a NIR in a text, and their own gate for one left over."""

TESTED: Mapping[str, tuple[Any, ...]] = {
    "string": ("CPF", "DIF", "01"),
    "int16": (1, 2, -3),
    "date32": (datetime.date(2024, 2, 29), datetime.date(2025, 1, 1)),
    "bool": (True, False),
    "decimal128(8, 2)": (decimal.Decimal("1.50"), decimal.Decimal("-20.00")),
}
LEAVES = (
    "string",
    "text",
    "nir",
    "int16",
    "int64",
    "date32",
    "bool",
    "decimal128(8, 2)",
    "float64",
)


@dataclass(frozen=True)
class Feed:
    """A plan and the records of one batch.

    Attributes:
        plan: one to three releases.
        records: by top-level field a value as it comes, a list, a dict or None.
        marks: of each record, the paths that the reader could not bring into shape.
        text: whether leaves come as text.
        rng: to lay the batch out.
    """

    plan: Plan
    records: list[dict[str, Any]]
    marks: list[frozenset[str]]
    text: bool
    rng: random.Random = field(repr=False)


@st.composite
def feeds(draw: st.DrawFn, most_fields: int = 5, most_rows: int = 12) -> Feed:
    """A random feed."""
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))
    make = _Make(rng, text=draw(st.booleans()), faults=True)
    fields = tuple(make.field(f"f{i}", 0) for i in range(draw(st.integers(1, most_fields))))
    if not any(_leaves(fields)):
        fields = (*fields, PlanField("f", "string"))
    releases = tuple(make.release(f"r{i}", fields) for i in range(draw(st.integers(1, 3))))
    form: FormatName = "jsonl" if make.text else "parquet"
    direction = rng.choice(("into-store", "out-of-store"))
    plan = plan_of(*fields, *releases, form=form, direction=direction)
    rows = draw(st.integers(0, most_rows))
    records = [{field.name: make.value(field) for field in fields} for _ in range(rows)]
    paths = [path for field in fields for path, _ in field.walk()]
    marks = [
        frozenset(rng.sample(paths, 1)) if rng.random() < 0.08 else frozenset() for _ in range(rows)
    ]
    return Feed(plan, records, marks, make.text, rng)


def _leaves(fields: tuple[PlanField, ...]) -> dict[str, PlanField]:
    return {path: leaf for field in fields for path, leaf in field.leaves()}


def _outside_lists(fields: tuple[PlanField, ...], above: str = "") -> dict[str, PlanField]:
    out: dict[str, PlanField] = {}
    for spec in fields:
        path = f"{above}{spec.name}"
        if spec.fields:
            out |= _outside_lists(spec.fields, f"{path}.")
        elif spec.of is None:
            out[path] = spec
    return out


def _lists_of_structs(fields: tuple[PlanField, ...]) -> dict[str, PlanField]:
    walked = [inside for field in fields for inside in field.walk()]
    return {path: spec.of for path, spec in walked if spec.of is not None and spec.of.fields}


class _Make:
    def __init__(self, rng: random.Random, text: bool, faults: bool) -> None:
        self.rng = rng
        self.text = text
        self.faults = faults
        self.tokens = 0

    # Schemas

    def field(self, name: str, depth: int) -> PlanField:
        nullable = self.rng.random() < 0.75 if self.faults else True
        shape = self.rng.random() if depth < 3 else 1.0
        if shape < 0.1:
            return PlanField(name, "list", nullable, of=self.field("item", depth + 1))
        if shape < 0.3:
            return PlanField(name, "list", nullable, of=self.struct("item", depth + 1))
        if shape < 0.4:
            return replace(self.struct(name, depth + 1), nullable=nullable)
        kind = self.rng.choice(LEAVES)
        if kind == "nir":
            return PlanField(name, "string", nullable, identifier=("nir",))
        if kind == "text":
            return PlanField(name, "string", nullable, free_text=True)
        return PlanField(name, kind, nullable, not_nir=self.rng.random() < 0.2)

    def struct(self, name: str, depth: int) -> PlanField:
        inside = tuple(self.field(f"g{i}", depth) for i in range(self.rng.randint(1, 3)))
        return PlanField(name, "struct", self.rng.random() < 0.85, fields=inside)

    # Plans

    def release(self, name: str, fields: tuple[PlanField, ...]) -> PlanRelease:
        rng = self.rng
        absent = rng.random() < 0.5
        on_nir: Literal["strip", "quarantine"] = "strip"
        if absent and rng.random() < 0.3:
            on_nir = "quarantine"
        leaves = _leaves(fields)
        testable = {
            path: spec
            for path, spec in _outside_lists(fields).items()
            if spec.type in TESTED and not spec.identifier and not spec.free_text
        }
        kept = [path for path in leaves if rng.random() < 0.6] or [next(iter(leaves))]
        only = []
        for path, element in _lists_of_structs(fields).items():
            inside = {
                inner: spec
                for inner, spec in _outside_lists(element.fields).items()
                if spec.type in TESTED and not spec.identifier and not spec.free_text
            }
            if inside and rng.random() < 0.6:
                only.append((path, self.conditions(inside, 2)))
        return release(
            *(self.leaf(path, leaves[path], absent, testable) for path in kept),
            id=name,
            item=rng.choice(("R6323-37.I.1", "R6323-37.III.2", "R6323-37.III.3")),
            nir="absent" if absent else "carried",
            on_nir=on_nir,
            where=self.conditions(testable, 2) if testable and rng.random() < 0.6 else (),
            only=tuple(only),
        )

    def conditions(self, fields: Mapping[str, PlanField], most: int) -> tuple[PlanCondition, ...]:
        chosen = self.rng.choices(list(fields), k=self.rng.randint(1, most))
        return tuple(
            PlanCondition(
                path, () if self.rng.random() < 0.2 else self.values(fields[path].type), "x"
            )
            for path in chosen
        )

    def values(self, kind: str) -> tuple[Any, ...]:
        known = TESTED[kind]
        chosen = self.rng.sample(known, self.rng.randint(1, len(known)))
        return tuple(
            float(value) if isinstance(value, decimal.Decimal) else value for value in chosen
        )

    def leaf(
        self, path: str, spec: PlanField, absent: bool, testable: Mapping[str, PlanField]
    ) -> PlanLeaf:
        rng = self.rng
        when: tuple[tuple[PlanCondition, ...], ...] = ()
        if testable and rng.random() < 0.3:
            when = tuple(self.conditions(testable, 2) for _ in range(rng.randint(1, 2)))
        more: dict[str, Any] = {"fate": "kept"}
        if spec.identifier:
            if absent or rng.random() < 0.3:
                method = rng.choice(("hmac-sha256", "aes-256-cmac"))
                name = path.rpartition(".")[2] + "_pseudonym"
                more = {"fate": "pseudonymized", "pseudonym": name, "method": method}
        elif spec.free_text:
            if absent or rng.random() < 0.5:
                more = {"fate": "redacted", "redact": True}
        elif rng.random() < 0.4 and spec.type != "bool":
            more = {"fate": "generalized", **self.generalization(spec.type)}
        return PlanLeaf(path=path, because=("x",), when=when, **more)

    def generalization(self, kind: str) -> dict[str, Any]:
        if kind == "string":
            return {"prefix": self.rng.randint(1, 6)}
        if kind == "date32":
            return {"to": self.rng.choice(("year", "quarter", "month"))}
        return {"step": self.rng.choice((1, 7, 1000, 40_000))}

    # Records

    def token(self) -> int:
        self.tokens += 1
        return self.tokens

    def value(self, spec: PlanField) -> Any:
        """A value as it comes."""
        rng = self.rng
        if spec.of is not None:
            if rng.random() < 0.15:
                return None
            return [self.value(spec.of) for _ in range(rng.randint(0, 3))]
        if spec.fields:
            if rng.random() < 0.15:
                return None
            return {field.name: self.value(field) for field in spec.fields}
        if rng.random() < 0.12:
            return None
        if self.text and self.faults and spec.type != "string" and rng.random() < 0.06:
            return f"{TOKEN}{self.token()};"
        value = self.leaf_value(spec)
        return _written(value) if self.text else value

    def leaf_value(self, spec: PlanField) -> Any:
        rng = self.rng
        if spec.identifier:
            return self.nir()
        if spec.type in TESTED and not spec.free_text and rng.random() < 0.5:
            return rng.choice(TESTED[spec.type])
        number = self.token()
        if spec.free_text:
            inside = rng.choice(("", "", REDACTED, f"{REDACTED} {REDACTED}"))
            return f"é {inside} {TOKEN}{number};"
        if spec.type == "string":
            leak = LEAK if self.faults and rng.random() < 0.04 else ""
            return f"{TOKEN}{number};{leak}"
        if spec.type == "int16":
            return rng.randint(-32768, 32767)
        if spec.type == "int64":
            return HIDDEN_BASE + number
        if spec.type == "float64":
            return rng.choice((-1, 1)) * (number + rng.choice((0.0, 0.25)))
        if spec.type == "date32":
            return datetime.date(1900, 1, 1) + datetime.timedelta(rng.randint(0, 60_000))
        if spec.type == "bool":
            return rng.random() < 0.5
        return decimal.Decimal(rng.randint(-(10**8) + 1, 10**8 - 1)).scaleb(-2)

    def nir(self) -> str:
        """A NIR of a commune that does not exist, well-formed or not."""
        body = f"{self.rng.choice('12')}5508759999{self.token() % 90 + 10}"
        key = key_of(body)
        luck = self.rng.random() if self.faults else 0.0
        if luck < 0.7:
            return self.rng.choice((body, f"{body}{key:02}", f"{body[:7]} {body[7:]} {key:02}"))
        if luck < 0.85:
            return f"{body}{key % 97 + 1:02}"
        return f"{TOKEN}{self.token()};"


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, str) else str(value)


# Batches


def batch_of(feed: Feed, messy: bool = False) -> pa.RecordBatch:
    """The records in Arrow.

    Args:
        feed: N records.
        messy: hide other values where none should be looked at, encode strings as dictionaries,
            lay the rows in the middle of larger buffers, and add a column nobody knows.

    Returns:
        N rows; a column of faults where some record has marks.
    """
    rng = feed.rng
    pad = 2 if messy else 0
    make = _Make(rng, feed.text, faults=False)
    make.tokens = 500_000
    columns: dict[str, pa.Array] = {}
    for spec in feed.plan.fields:
        values = [record[spec.name] for record in feed.records]
        around = [make.value(spec) for _ in range(2 * pad)]
        columns[spec.name] = _layout(
            spec, [*around[:pad], *values, *around[pad:]], feed, messy, make
        )
    if messy:
        columns["inconnu"] = pa.array(
            [f"{TOKEN}{make.token()};" for _ in range(len(feed.records) + 2 * pad)]
        )
    if any(feed.marks):
        nothing: list[frozenset[str]] = [frozenset()] * pad
        marks = [sorted(paths) for paths in (*nothing, *feed.marks, *nothing)]
        columns[FAULTS] = pa.array(marks, pa.list_(pa.string()))
    return pa.record_batch(columns).slice(pad, len(feed.records))


def _layout(spec: PlanField, values: list[Any], feed: Feed, messy: bool, make: _Make) -> pa.Array:
    n = len(values)
    valid = np.array([value is not None for value in values], dtype=bool)
    filled = [_hidden(spec, make, messy) if value is None else value for value in values]
    if spec.of is not None:
        offsets = np.cumsum([0, *map(len, filled)]).astype(np.int32)
        inner = _layout(spec.of, [each for value in filled for each in value], feed, messy, make)
        buffers = [_bits(valid), pa.py_buffer(offsets)]
        return pa.Array.from_buffers(pa.list_(inner.type), n, buffers, children=[inner])
    if spec.fields:
        children = [
            _layout(field, [value[field.name] for value in filled], feed, messy, make)
            for field in spec.fields
        ]
        kinds = [child.type for child in children]
        names = [field.name for field in spec.fields]
        struct = pa.struct(list(map(pa.field, names, kinds)))
        return pa.Array.from_buffers(struct, n, [_bits(valid)], children=children)
    kind = pa.string() if feed.text else arrow_type(spec.type)
    array = pa.array(filled, kind)
    if n:
        array = pa.Array.from_buffers(kind, n, [_bits(valid), *array.buffers()[1:]])
    if messy and kind == pa.string() and make.rng.random() < 0.3:
        return array.dictionary_encode()
    return array


def _hidden(spec: PlanField, make: _Make, messy: bool) -> Any:
    """What lies where no value is: in a messy batch one that must not get out."""
    value = make.value(spec) if messy else _empty(spec, make)
    while messy and value is None:
        value = make.value(spec)
    return value


def _empty(spec: PlanField, make: _Make) -> Any:
    if spec.of is not None:
        return []
    if spec.fields:
        return {field.name: _empty(field, make) for field in spec.fields}
    return "" if make.text or spec.type == "string" else None


def _bits(valid: np.typing.NDArray[np.bool_]) -> pa.Buffer | None:
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
