"""Random plans and record batches, and the forms of which their texts are made.

`cases()` draws a plan of one to three releases on a schema of every type and nesting, and a batch
for it as a source might send it: in the schema's types, as text, or in other types; with nulls,
values that do not conform, malformed identifiers, columns missing or unknown; in dictionaries,
views, slices, and with other values hidden where none should be looked at.
"""

import datetime
import decimal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from tamis.documents.schema import CsvOptions, Format
from tamis.documents.types import arrow_type
from tamis.nir.number import key_of
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from .values import FIRST, LAST, UNITS, Scalar, kind_of, type_name, unit_of

Draw = Callable[[st.SearchStrategy[Any]], Any]

# Forms


@dataclass(frozen=True)
class Form:
    """A text whose verdict is known.

    Attributes:
        text: as it comes.
        redacted: with `[NIR]` in the place of each NIR.
        hits: how many NIRs it holds.
        leaks: whether the gate finds a NIR in it as it comes.
        leaks_declared: the same in a field that declares that its numbers are no NIRs.
    """

    text: str
    redacted: str
    hits: int = 0
    leaks: bool = False
    leaks_declared: bool = False


def _full(body: str, gap: str = " ") -> str:
    parts = (body[:1], body[1:3], body[3:5], body[5:7], body[7:10], body[10:])
    return gap.join((*parts, f"{key_of(body):02}"))


def _forms() -> list[Form]:
    forms = [
        Form(text, text)
        for text in (
            "rien à signaler",
            "tél. 06 12 34 56 78",
            "dossier 4512, 1 250,00 €",
            "SIRET 000 000 042 00012",
            "commande 1550875999991",
            "155087599999194 pièces",  # 15 digits with a wrong key
            "né le 29/02/1955",
        )
    ]
    for body in ("1550875999991", "269052A999992"):
        key = f"{key_of(body):02}"
        wrong = f"{key_of(body) % 97 + 1:02}"
        forms += [
            Form(f"NIR : {_full(body)}", "NIR : [NIR]", 1, True, True),
            Form(_full(body), "[NIR]", 1, True, True),
            Form(_full(body, "."), "[NIR]", 1, True, True),
            Form(f"soit {body}{key}, merci", "soit [NIR], merci", 1, True),
            Form(f"soit {body} clé {key}, merci", "soit [NIR], merci", 1, True),
            Form(f"n° de sécurité sociale {body}", "n° de sécurité sociale [NIR]", 1, True, True),
            Form(f"NIR {body}{wrong}", "NIR [NIR]", 1, True, True),
        ]
    return forms


FORMS = _forms()
APART = " ; ces mots sans aucun chiffre tiennent au loin ce qui les entoure ; "
"""Wider than any label reaches: a form's verdict is the same beside any other."""

NIR_NUMBERS = (155087599999193, 1550875999991, 269059999999193)
"""In a field whose name says NIR, the gate takes any number of this shape for one."""


class KnownForms:
    """What the texts hold that are made of `FORMS`; any other text holds nothing."""

    def __init__(self) -> None:
        self.known: dict[str, Form] = {form.text: form for form in FORMS}

    def join(self, forms: Sequence[Form]) -> str:
        """A text of several forms."""
        form = Form(
            APART.join(form.text for form in forms),
            APART.join(form.redacted for form in forms),
            sum(form.hits for form in forms),
            any(form.leaks for form in forms),
            any(form.leaks_declared for form in forms),
        )
        self.known[form.text] = form
        return form.text

    def redact(self, text: str) -> tuple[str, int]:
        form = self.known.get(text)
        return (text, 0) if form is None else (form.redacted, form.hits)

    def leaks(self, value: Scalar, *, not_nir: bool) -> bool:
        held = value.value
        if isinstance(held, bytes):
            held = held.decode(errors="replace")
        if isinstance(held, str) and held in self.known:
            form = self.known[held]
            return form.leaks_declared if not_nir else form.leaks
        return not not_nir and str(held) in map(str, NIR_NUMBERS)


# Values, in the types in which pyarrow takes them; dates and times as they are stored

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DECIMALS = [
    "decimal128(8, 2)",
    "decimal128(18,0)",
    "decimal128(38, 10)",
    "decimal128(5, -2)",
    "decimal256(50, 3)",
    "decimal256(76, 60)",
]
TIMESTAMPS = [f"timestamp[{unit}]" for unit in UNITS] + [
    "timestamp[us, tz=UTC]",
    "timestamp[ms,tz=Europe/Paris]",
    "timestamp[s, tz=America/Guadeloupe]",
    "timestamp[ns, tz=+02:00]",
]
TIMES = ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"]
TYPES = [
    *("string", "string", "string", "large_string", "bool", "float32", "float64", "double"),
    *("binary", "large_binary", "fixed_size_binary[3]", "date32", "date64", "date32[day]"),
    *INTEGERS,
    *DECIMALS,
    *TIMESTAMPS,
    *TIMES,
]
"""Every type that a schema may name."""

SOURCES = [
    *map(str, map(arrow_type, TYPES)),
    *("string_view", "binary_view", "halffloat", "decimal32(6, 1)", "decimal64(16, 3)"),
    *("duration[s]", "null", "list", "struct"),
]
"""Every type in which a leaf may come, and some in which it must not."""

TEXT_SOURCES = ["string", "large_string", "string_view", "binary", "large_binary"]

WORDS = ["", "CPF", "DIF", "01", "été", " blanc ", "ß\u0301", "a" * 40, "12 000", "😀"]
NUMBERS = [0, 1, -1, 2, 7, 12, 99, 100, -100, 127, 128, 255, 256, 1999, 32_767, -32_768, 40_000]
NUMBERS += [65_536, 10**6, 2**24 + 1, 2**31 - 1, -(2**31), 2**32, 10**10, 10**16 + 1, 2**53]
NUMBERS += [2**53 + 1, 2**60, 10**18, 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    0.5,
    1.5,
    -2.25,
    0.1,
    1234.56,
    -0.01,
    1e-7,
    1.5e-5,
    16777217.0,
    1e10,
    2.5e10,
]
FLOATS += [2.0**53, 2.0**60, 1e300, -1e300, 1e-320, float("nan"), float("inf"), float("-inf")]
DAYS = [0, 1, -1, 19_782, 19_723, 20_088, -5_419, FIRST, LAST, 11_016, 47_540]
MOMENTS = [0, 1, -1, 1_709_164_800, 1_709_203_530, 1_719_784_799, 1_711_846_800, 1_704_063_600]
MOMENTS += [-2_000_000_000, 951_782_400, 4_102_444_799, 1_735_686_000, 1_735_704_000]
PARTS_OF_SECOND = [0, 0, 0, 500_000_000, 123_000_000, 123_456_000, 123_456_700]


def _unscaled(digits: int) -> list[int]:
    most = 10**digits - 1
    return [one for one in (0, 1, -1, 150, 123_456, -99_999, 40_000, 5_000) if abs(one) <= most] + [
        most,
        -most,
    ]


def pool(name: str) -> list[Any]:
    """Values of a type, as `array_of` takes them."""
    kind = kind_of(name)
    if kind == "integer":
        info = np.iinfo(name)
        return [number for number in NUMBERS if info.min <= number <= info.max]
    if kind == "float":
        return [one for one in FLOATS if name != "halffloat" or not 60_000 < abs(one) < 1e301]
    if kind == "decimal":
        precision, scale = map(int, name.partition("(")[2].rstrip(")").split(","))
        with decimal.localcontext(decimal.Context(prec=100)):
            return [decimal.Decimal(one).scaleb(-scale) for one in _unscaled(precision)]
    if kind == "bool":
        return [True, False]
    if kind == "date":
        days = [*DAYS, FIRST - 1, LAST + 1]
        return days if name.startswith("date32") else [day * 86_400_000 for day in days]
    if kind == "timestamp":
        unit = unit_of(name)
        ticks = [
            (moment * 10**9 + part) // unit for moment in MOMENTS for part in PARTS_OF_SECOND[2:]
        ]
        edges = [] if unit == 1 else [(FIRST - 1) * 86_400 * 10**9 // unit, 2**62 // unit * 10]
        return [one for one in [*ticks, *edges] if abs(one) < 2**63]
    if kind == "time":
        return [
            (second * 10**9 + part) // unit_of(name)
            for second in (0, 37_859, 86_399)
            for part in PARTS_OF_SECOND[2:]
        ]
    if kind == "binary":
        width = name.partition("[")[2].rstrip("]")
        raw = [b"", b"abc", "été".encode(), b"\xff\x00", b"oui"]
        return [(one + bytes(16))[: int(width)] for one in raw] if width else raw
    if name == "duration[s]":
        return [0, 1, 86_400]
    if name == "list":
        return [[1], []]
    return [{"a": 1}] if name == "struct" else []


def array_of(values: Sequence[Any], name: str) -> pa.Array:
    """An array of a type, of values as `pool` gives them; None is null."""
    if name == "null":
        return pa.nulls(len(values))
    if name == "list":
        return pa.array(values, pa.list_(pa.int8()))
    if name == "struct":
        return pa.array(values, pa.struct([("a", pa.int8())]))
    kind = source_type(name)
    sort = kind_of(name)
    if sort in ("date", "time", "timestamp") or name == "duration[s]":
        stored = pa.int32() if kind.bit_width == 32 else pa.int64()
        return pa.array(values, stored).view(kind)
    if sort == "string":
        raw = [value.encode() if isinstance(value, str) else value for value in values]
        return (
            pa.array(raw, pa.binary_view()).view(kind)
            if name == "string_view"
            else pa.array(raw, pa.large_binary() if name == "large_string" else pa.binary()).view(
                kind
            )
        )
    if name == "halffloat":
        halves = [None if value is None else np.float16(value) for value in values]
        return pa.array(halves, pa.float16())
    return pa.array(values, kind)


def source_type(name: str) -> pa.DataType:
    """The type of a source's name."""
    named = {
        "string_view": pa.string_view(),
        "binary_view": pa.binary_view(),
        "halffloat": pa.float16(),
        "decimal32(6, 1)": pa.decimal32(6, 1),
        "decimal64(16, 3)": pa.decimal64(16, 3),
        "duration[s]": pa.duration("s"),
    }
    return named.get(name) or arrow_type(name)


def texts(name: str, wire: Format) -> list[str]:
    """Texts that write values of a type, and such that do not."""
    mark = wire.csv.decimal if wire.name == "csv" else "."
    days = ["2024-02-29", "29/02/2024", "29022024", "29.02.2024", "2024-060", "290224"]
    days += [
        "0001-01-01",
        "31129999",
        "2023-02-29",
        "29/2/2024",
        "2024-2-29",
        "0000-01-01",
        "demain",
    ]
    clocks = ["10:30", "10:30:59", "23:59:59.5", "00:00:00.000001", "10:30:59.123456789"]
    clocks += ["25:00", "10h30", "10:30:60", "10:30:59.", "10:30:59,5"]
    numbers = ["0", "7", "-12", "1.5", "-007", "+5", "-1.50000", ".5", "1.", "1.005", "255", "-128"]
    numbers += ["32768", "123456.78", "1e3", "-", ".", "1 000", "0x1F", "١", "NaN", "inf", "1.5.0"]
    numbers += ["9" * 19, "9" * 39, "-" + "9" * 80, "0" * 50 + "1", "0." + "0" * 9 + "1", "1e39"]
    numbers += [
        "3" * 30,
        "7" * 37,
        "1" * 38,
        "4" * 70,
        "1e400",
        "-2.5e-3",
        "12345678901234567890.12",
    ]
    by_kind = {
        "bool": ["true", "FALSE", "1", "0", "Oui", "n", "VRAI", "2", "peut-être"],
        "integer": numbers,
        "decimal": numbers,
        "float": numbers,
        "date": days,
        "time": clocks,
        "timestamp": [
            *days,
            *(f"{day}{gap}{clock}" for day in days[:3] for gap in "T " for clock in clocks),
            *(f"{days[0]}T10:30{offset}" for offset in ("Z", "+01:00", "-0430", "+02", "+25:00")),
            *(f"{days[1]} 10:30:00.5{offset}" for offset in ("Z", "+01:00")),
            "2024-02-29T10",
            "2024-02-29T",
        ],
    }
    found = by_kind.get(kind_of(type_name(name)), WORDS)
    if mark != ".":
        found = [*found, *(text.replace(".", mark) for text in found if "." in text)]
    blank = [f" {found[0]}\t", f"\u00a0{found[1]}", ""]
    return [*found, *blank]


TESTED: Mapping[str, tuple[Any, ...]] = {
    "string": ("CPF", "01", "été"),
    "bool": (True, False),
    "integer": (1, 7, 100),
    "float": (1, 0.5, 0.1),
    "decimal": (100, 0, -100),
    "date": (datetime.date(2024, 2, 29), datetime.date(2025, 1, 1)),
}
"""Values of conditions, by the sort of the field's type."""


def tested_value(value: Any, name: str) -> Any:
    """A condition's value as `array_of` takes it in the field's own type."""
    kind = kind_of(type_name(name))
    if kind == "date":
        day = (value - datetime.date(1970, 1, 1)).days
        return day * (1 if type_name(name).startswith("date32") else 86_400_000)
    return decimal.Decimal(str(value)) if kind == "decimal" else value


# Plans


@dataclass(frozen=True)
class Case:
    """A plan, a batch, and what the texts of the batch hold."""

    plan: Plan
    batch: pa.RecordBatch
    forms: KnownForms = field(repr=False, compare=False)


@dataclass
class Layout:
    """How a field comes in a batch.

    Attributes:
        spec: the field.
        shape: `same`, or `other` where it comes as something that is not the field's shape.
        source: of a leaf or of another shape, the type in which it comes.
        wrap: of a leaf, `plain`, `dictionary` or `runs`.
        list_kind: of a list.
        inside: of a list its element, of a struct the fields that come.
    """

    spec: PlanField
    shape: Literal["same", "other"] = "same"
    source: str = ""
    wrap: str = "plain"
    list_kind: str = "list"
    inside: list["Layout"] = field(default_factory=list)


FORMATS = [
    Format(name="parquet"),
    Format(name="jsonl"),
    Format(name="csv"),
    Format(name="csv", csv=CsvOptions(encoding="cp1252", decimal=",", dates="%d/%m/%Y")),
    Format(name="csv", csv=CsvOptions(encoding="latin-1", dates="%Y-%j")),
    Format(name="csv", csv=CsvOptions(encoding="shift_jis", decimal=",", dates="%d%m%y")),
    Format(name="avro"),
    Format(name="dsn"),
]

KINDS = [("nir",), ("nir", "nia"), ("nia",), ("nnp",), ("mig",), ("nir", "ntt"), ("nir-key",)]
KINDS += [("ntt",), ("nir", "nir-key"), ("nia", "nnp", "mig")]


class Maker:
    """Makes a case, one choice at a time; the first choice is the simplest."""

    def __init__(self, draw: Draw, forms: KnownForms) -> None:
        self.draw = draw
        self.forms = forms
        self.format = FORMATS[0]
        self.fields = 0

    def choose(self, values: Sequence[Any]) -> Any:
        return values[self.draw(st.integers(0, len(values) - 1))] if len(values) > 1 else values[0]

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def some(self, values: Sequence[Any], percent: int = 50) -> list[Any]:
        return [value for value in values if self.chance(percent)]

    # Schema

    def name(self) -> str:
        self.fields += 1
        return f"f{self.fields}"

    def spec(self, depth: int = 0) -> PlanField:
        shape = self.choose(["leaf"] * 6 + ["struct", "list", "list", "structs"])
        nullable = not self.chance(20)
        if depth > 2 or shape == "leaf":
            return replace(self.leaf_spec(), nullable=nullable)
        if shape == "list":
            element = replace(self.spec(depth + 1), name="item")
            return PlanField(self.name(), "list", nullable, of=element)
        inside = tuple(self.spec(depth + 1) for _ in range(self.choose([1, 2, 3])))
        if shape == "struct":
            return PlanField(self.name(), "struct", nullable, fields=inside)
        element = PlanField("item", "struct", not self.chance(15), fields=inside)
        return PlanField(self.name(), "list", nullable, of=element)

    def leaf_spec(self) -> PlanField:
        sort = self.choose(
            ["plain"] * 6 + ["identifier", "identifier", "text", "number", "not_nir"]
        )
        if sort == "identifier":
            kinds = self.choose(KINDS)
            types = ["string", "string", "large_string", "int64", "uint64"]
            if not {"ntt", "nir-key"} & set(kinds):
                types += ["float64", "decimal128(18, 0)"]
            return PlanField(self.name(), self.choose(types), identifier=kinds)
        if sort == "text":
            kind = self.choose(["string", "large_string"])
            return PlanField(self.name(), kind, free_text=True)
        if sort == "number":
            return PlanField(f"{self.name()}_nir", self.choose(["int64", "string", "uint64"]))
        return PlanField(self.name(), self.choose(TYPES), not_nir=sort == "not_nir")

    def plan(self) -> Plan:
        self.format = self.choose(FORMATS)
        fields = tuple(self.spec() for _ in range(self.choose([1, 2, 3, 4, 5])))
        if all(spec.identifier for spec in leaves_of(fields).values()):
            fields = (*fields, PlanField(self.name(), "string"))
        releases = tuple(
            self.release(f"r{place}", fields) for place in range(self.choose([1, 1, 2, 3]))
        )
        return Plan(
            policy="au-hasard",
            schema="au-hasard",
            format=self.format,
            processing="traitement",
            carries_nir=True,
            direction=self.choose(["out-of-store", "into-store"]),
            law={"R6323-37": "LEGIARTI000000000000"},
            fields=fields,
            releases=releases,
        )

    def release(self, name: str, fields: tuple[PlanField, ...]) -> PlanRelease:
        absent = self.chance(50)
        leaves = leaves_of(fields)
        tested = testable(outside_lists(fields))
        able = [
            path
            for path, spec in leaves.items()
            if not (absent and spec.identifier and not is_pseudonymizable(spec))
        ]
        kept = self.some(able, 65) or able[:1]
        only = []
        for path, element in lists_of_structs(fields).items():
            inside = testable(outside_lists(element.fields))
            if inside and any(f"{one}.".startswith(f"{path}.") for one in kept) and self.chance(60):
                only.append((path, self.conditions(inside)))
        return PlanRelease(
            id=name,
            item=self.choose(["R6323-37.III.2", "R6323-37.III.3"]) if absent else "R6323-37.I.1",
            purpose="R6323-33.1",
            nir="absent" if absent else "carried",
            attested="example",
            on_nir="quarantine" if absent and self.chance(30) else "strip",
            where=self.conditions(tested) if tested and self.chance(50) else (),
            only=tuple(only),
            leaves=tuple(self.leaf(path, leaves[path], absent, tested) for path in kept),
        )

    def conditions(self, fields: Mapping[str, PlanField]) -> tuple[PlanCondition, ...]:
        paths = [self.choose(list(fields)) for _ in range(self.choose([1, 1, 2]))]
        return tuple(PlanCondition(path, self.wanted(fields[path]), "pour voir") for path in paths)

    def wanted(self, spec: PlanField) -> tuple[Any, ...]:
        values = TESTED[kind_of(type_name(spec.type))]
        return tuple(self.some(values, 60)) or values[:1]

    def leaf(
        self, path: str, spec: PlanField, absent: bool, tested: Mapping[str, PlanField]
    ) -> PlanLeaf:
        when: tuple[tuple[PlanCondition, ...], ...] = ()
        if tested and self.chance(25):
            when = tuple(self.conditions(tested) for _ in range(self.choose([1, 2])))
        treatment: dict[str, Any] = {"fate": "kept"}
        if spec.identifier:
            if absent or (is_pseudonymizable(spec) and self.chance(40)):
                treatment = {
                    "fate": "pseudonymized",
                    "pseudonym": f"p_{path.rpartition('.')[2]}",
                    "method": self.choose(["hmac-sha256", "aes-256-cmac"]),
                }
        elif spec.free_text:
            if absent or self.chance(50):
                treatment = {"fate": "redacted", "redact": True}
        elif not spec.name.endswith("_nir") and self.chance(40):
            treatment = self.generalization(spec)
        return PlanLeaf(path=path, because=("pour voir",), when=when, **treatment)

    def generalization(self, spec: PlanField) -> dict[str, Any]:
        kind = kind_of(type_name(spec.type))
        if kind == "string":
            return {"fate": "generalized", "prefix": self.choose([1, 2, 3, 8])}
        if kind in ("date", "timestamp"):
            return {"fate": "generalized", "to": self.choose(["year", "quarter", "month"])}
        if kind in ("integer", "float", "decimal"):
            return {"fate": "generalized", "step": self.choose([1, 10, 7, 100, 1000, 40_000])}
        return {"fate": "kept"}

    # Batches

    def layout(self, spec: PlanField) -> Layout:
        """How a field comes."""
        if (spec.of is not None or spec.fields) and self.chance(3):
            return Layout(spec, "other", self.choose(["string", "int64", "list", "struct"]))
        if spec.of is not None:
            kind = self.choose(
                ["list", "list", "large_list", "list_view", "large_list_view", "fixed"]
            )
            return Layout(spec, list_kind=kind, inside=[self.layout(spec.of)])
        if spec.fields:
            inside = [self.layout(child) for child in spec.fields if not self.chance(4)]
            if self.chance(20):
                inside = [Layout(PlanField("inconnu", "string"), source="string"), *inside]
            return Layout(spec, inside=inside)
        own = str(arrow_type(spec.type))
        is_text = self.format.name in ("csv", "dsn")
        sources = [own, own, *TEXT_SOURCES[: 5 if is_text else 2]]
        source = self.choose(SOURCES) if self.chance(25) else self.choose(sources)
        wrap = self.choose(["plain"] * 6 + ["dictionary", "dictionary", "runs"])
        return Layout(spec, source=source, wrap=wrap)

    def value(self, layout: Layout) -> Any:
        """A value as `array_of` takes it, or a list or dict of such."""
        if self.chance(10):
            return None
        if layout.shape == "other":
            return self.choose(pool(layout.source) or [None])
        spec = layout.spec
        if spec.of is not None:
            size = 2 if layout.list_kind == "fixed" else self.choose([1, 0, 2, 3])
            return [self.value(layout.inside[0]) for _ in range(size)]
        if spec.fields:
            return {inner.spec.name: self.value(inner) for inner in layout.inside}
        return self.leaf_value(spec, layout.source)

    def leaf_value(self, spec: PlanField, source: str) -> Any:
        kind = kind_of(type_name(spec.type))
        own = source == str(arrow_type(spec.type))
        if kind_of(source) in ("string", "binary") and not (kind == "binary" and own):
            return self.text_value(spec, source)
        if spec.identifier or spec.name.endswith("_nir"):
            return self.number_value(spec, source)
        if own and kind in TESTED and self.chance(50):
            return tested_value(self.choose(TESTED[kind]), spec.type)
        return self.choose(pool(source) or [None])

    def text_value(self, spec: PlanField, source: str) -> Any:
        kind = kind_of(type_name(spec.type))
        if spec.identifier:
            text = self.identifier(spec)
        elif spec.name.endswith("_nir"):
            text = str(self.choose([*NUMBERS[:9], *NIR_NUMBERS]))
        elif spec.free_text or (kind in ("string", "binary") and self.chance(15)):
            forms = self.encodable(FORMS, source)
            text = self.forms.join([self.choose(forms) for _ in range(self.choose([1, 1, 2, 3]))])
        elif kind in TESTED and self.chance(40):
            text = str(self.choose(TESTED[kind]))
        else:
            text = self.choose(texts(spec.type, self.format))
        raw = text.encode(self.encoding(source), "ignore")
        if self.chance(4):
            raw = self.choose([b"\xff\xfe", b"th\xe9", b"\x81"])
        elif kind_of(source) == "string":
            return text
        width = source.partition("[")[2].rstrip("]")
        return (raw + b" " * 16)[: int(width)] if width else raw

    def encoding(self, source: str) -> str:
        """In which text comes that is of a type: bytes in the format's, strings in UTF-8."""
        of_format = kind_of(source) == "binary" and self.format.name == "csv"
        return str(self.format.csv.encoding if of_format else "utf-8")

    def encodable(self, forms: Sequence[Form], source: str) -> list[Form]:
        """The forms that text of a type can write."""
        encoding = self.encoding(source)
        return [
            form
            for form in forms
            if form.text.encode(encoding, "ignore").decode(encoding) == form.text
        ]

    def number_value(self, spec: PlanField, source: str) -> Any:
        """A number that is an identifier, in a type that can hold it."""
        values = [one for one in pool(source) if not isinstance(one, float) or abs(one) < 1e12]
        if kind_of(source) in ("integer", "float", "decimal"):
            known = NIR_NUMBERS if not spec.identifier else (*NIR_NUMBERS, 155087599999194, 7)
            able = [one for one in known if fits(one, source)]
            if able and self.chance(60):
                return as_number(self.choose(able), source)
        return self.choose(values or [None])

    def identifier(self, spec: PlanField) -> str:
        """An identifier, well-formed or not, of a person who does not exist."""
        luck = self.choose(range(10))
        body = self.choose(["1550875999991", "269052A999992", "2996275999993", "7010275999994"])
        body = self.choose([body, "7012345678901", "5112345678901", "8550875999991"])
        if luck < 3:
            return f"{body}{key_of(body):02}"
        if luck < 5:
            return str(body)
        if luck == 5:
            return f"{body[:1]} {body[1:7]}.{body[7:]}-{key_of(body):02}".lower()
        if luck == 6:
            return f"{body}{key_of(body) % 97 + 1:02}"
        if luck == 7:
            return self.choose(["1123456789MATRICULE", " 2123456789abc ", "93", "07", "00"])
        return self.choose(["inconnu", "", "12", body[:12], f"{body}9", "1550075999991", "  "])

    def batch(self, plan: Plan) -> pa.RecordBatch:
        """A batch for a plan, cut out of a larger one."""
        rows, before, behind = (
            self.choose([1, 2, 3, 5, 8, 0]),
            self.choose([0, 0, 2]),
            self.choose([0, 1]),
        )
        count = rows + before + behind
        columns: dict[str, pa.Array] = {}
        for spec in plan.fields:
            if not self.chance(3):
                layout = self.layout(spec)
                columns[spec.name] = self.array(layout, [self.value(layout) for _ in range(count)])
        if self.chance(20):
            columns["inconnue"] = pa.array([f"x{place}" for place in range(count)])
        if self.chance(10):
            paths = list(paths_of(plan.fields))
            marks = [self.some(paths, 5) if self.chance(30) else None for _ in range(count)]
            columns["_tamis_faults"] = pa.array(marks, pa.list_(pa.string()))
        if not columns:
            columns["inconnue"] = pa.nulls(count)
        return pa.record_batch(columns).slice(before, rows)

    def array(self, layout: Layout, values: Sequence[Any]) -> pa.Array:
        """Lay values out in Arrow; under a null there may lie others."""
        spec = layout.spec
        valid = np.array([value is not None for value in values], bool)
        if layout.shape == "other":
            return array_of(values, layout.source)
        if spec.of is not None:
            return self.list_array(layout, values, valid)
        if spec.fields:
            hide = self.chance(50)
            filled = [self.hidden(layout, hide, {}) if value is None else value for value in values]
            inside = [
                self.array(inner, [value.get(inner.spec.name) for value in filled])
                for inner in layout.inside
            ]
            fields = [
                pa.field(inner.spec.name, array.type)
                for inner, array in zip(layout.inside, inside, strict=True)
            ]
            if not fields:
                return pa.array([value and {} for value in values], pa.struct([]))
            return pa.StructArray.from_arrays(inside, fields=fields, mask=pa.array(~valid))
        return self.wrapped(layout, self.leaf_array(layout, values, valid))

    def hidden(self, layout: Layout, hide: bool, empty: Any) -> Any:
        """What lies under a null: nothing, or a value that nobody may see."""
        value = self.value(layout) if hide else None
        return empty if value is None else value

    def list_array(
        self, layout: Layout, values: Sequence[Any], valid: np.typing.NDArray[np.bool_]
    ) -> pa.Array:
        kind = layout.list_kind
        hide = self.chance(50)
        empty: list[Any] = [None, None] if kind == "fixed" else []
        filled = [self.hidden(layout, hide, empty) if value is None else value for value in values]
        inner = self.array(layout.inside[0], [element for value in filled for element in value])
        mask = pa.array(~valid)
        if kind == "fixed":
            return pa.FixedSizeListArray.from_arrays(inner, 2, mask=mask)
        sizes = [len(value) for value in filled]
        offsets = np.cumsum([0, *sizes])
        if kind == "list":
            return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner, mask=mask)
        if kind == "large_list":
            return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), inner, mask=mask)
        wide = kind == "large_list_view"
        make = pa.LargeListViewArray if wide else pa.ListViewArray
        index = pa.int64() if wide else pa.int32()
        starts, lengths = pa.array(offsets[:-1], index), pa.array(sizes, index)
        return make.from_arrays(starts, lengths, inner, mask=mask)

    def leaf_array(
        self, layout: Layout, values: Sequence[Any], valid: np.typing.NDArray[np.bool_]
    ) -> pa.Array:
        plain = pool(layout.source)
        simple = layout.source not in ("null", "list", "struct", "string_view", "binary_view")
        if valid.all() or not simple or not plain or not self.chance(40):
            return array_of(values, layout.source)
        filled = array_of(
            [plain[-1] if value is None else value for value in values], layout.source
        )
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        return pa.Array.from_buffers(filled.type, len(filled), [bits, *filled.buffers()[1:]])

    def wrapped(self, layout: Layout, array: pa.Array) -> pa.Array:
        """The array as a dictionary, with repeated, null and unused entries, or as runs."""
        unwrapped = ("null", "list", "struct", "halffloat")
        if layout.wrap == "plain" or layout.source in unwrapped or not len(array):
            return array
        try:
            if layout.wrap == "runs":
                return pc.run_end_encode(array)
            if self.chance(50):
                return array.dictionary_encode()
            places = pa.array(np.arange(len(array))[::-1].copy())
            return pa.DictionaryArray.from_arrays(places, array.take(places))
        except pa.ArrowNotImplementedError:
            return array


def fits(number: int, source: str) -> bool:
    """Whether a type holds a number, exactly."""
    kind = kind_of(source)
    if kind == "integer":
        return number <= np.iinfo(source).max
    if kind == "float":
        return source == "double"
    precision, scale = map(int, source.partition("(")[2].rstrip(")").split(","))
    return scale >= 0 and len(str(number)) <= precision - scale


def as_number(number: int, source: str) -> Any:
    return {"float": float, "decimal": decimal.Decimal}.get(kind_of(source), int)(number)


def is_pseudonymizable(spec: PlanField) -> bool:
    """Whether the grammar lets a pseudonym be made of a field."""
    text_or_integer = kind_of(type_name(spec.type)) in ("string", "integer")
    return bool({"nir", "nia"} & set(spec.identifier)) and text_or_integer


def paths_of(fields: Sequence[PlanField], above: str = "") -> dict[str, PlanField]:
    """All fields by path, the outermost of each."""
    found: dict[str, PlanField] = {}
    for spec in fields:
        path = f"{above}{spec.name}"
        found.setdefault(path, spec)
        inner = spec
        while inner.of is not None:
            inner = inner.of
        found |= paths_of(inner.fields, f"{path}.")
    return found


def leaves_of(fields: Sequence[PlanField]) -> dict[str, PlanField]:
    """The leaves by path; of a list of plain values, the element."""
    found = {}
    for path, spec in paths_of(fields).items():
        while spec.of is not None:
            spec = spec.of
        if not spec.fields:
            found[path] = spec
    return found


def outside_lists(fields: Sequence[PlanField], above: str = "") -> dict[str, PlanField]:
    """The leaves that are in no list, by path."""
    found: dict[str, PlanField] = {}
    for spec in fields:
        if spec.fields:
            found |= outside_lists(spec.fields, f"{above}{spec.name}.")
        elif spec.of is None:
            found[f"{above}{spec.name}"] = spec
    return found


def testable(leaves: Mapping[str, PlanField]) -> dict[str, PlanField]:
    """The leaves whose type the grammar lets a condition test."""
    return {
        path: spec
        for path, spec in leaves.items()
        if kind_of(type_name(spec.type)) in TESTED and not spec.identifier and not spec.free_text
    }


def lists_of_structs(fields: Sequence[PlanField]) -> dict[str, PlanField]:
    """The elements of lists of structs, and of lists of such lists, by path."""
    found = {}
    for path, spec in paths_of(fields).items():
        inner = spec
        while inner.of is not None:
            inner = inner.of
        if spec.of is not None and inner.fields:
            found[path] = inner
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A random plan, and a batch for it."""
    maker = Maker(draw, KnownForms())
    plan = maker.plan()
    return Case(plan, maker.batch(plan), maker.forms)
