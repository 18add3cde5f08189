"""Random plans, and record batches for them.

`cases()` draws a plan of one to three releases on a schema of every type and nesting, and a batch
for it as a source might send it: in the schema's types, as text, or in other types; with nulls,
values that do not conform, malformed identifiers, columns missing or unknown; in dictionaries,
views, slices, and with other values hidden where none should be looked at.
"""

import datetime
import decimal
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from tamis.documents.feed_format import CsvOptions, Format
from tamis.documents.names import NirPart
from tamis.documents.types import arrow_type, integer_range
from tamis.nir.identifiers import key_of
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from ..plans import plan_of, release
from .case import Case
from .fields import (
    beside,
    is_canonical,
    is_pseudonymizable,
    kind_of_pseudonym,
    leaves_of,
    lists_of_structs,
    outside_lists,
    paths_of,
    testable,
)
from .forms import FORMS, NIR_NUMBERS, Form, KnownForms
from .samples import (
    NUMBERS,
    SOURCES,
    TESTED,
    TEXT_SOURCES,
    TYPES,
    USUAL_TYPES,
    array_of,
    pool,
    samples,
    tested_value,
)
from .values import kind_of, type_name

PATTERNS = ["[0-9]{1,8}", "D[0-9]{14}|x", "é.", "-?[0-9]{1,12}", "(?:a|b)*"]
CHECKED = ["73282932000074", "732 829 320", "732829321", "FR76 3000 6000 0112 3456 7890 189"]
CHECKED += ["FR7630006000011234567890188", "D15508759999919", "ab", "", "x", "é1", "7\u00a034"]


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
    Format(name="csv", csv=CsvOptions(encoding="cp1252", decimal=",", dates=("%d/%m/%Y",))),
    Format(name="csv", csv=CsvOptions(encoding="latin-1", dates=("%Y-%j",))),
    Format(
        name="csv",
        csv=CsvOptions(encoding="shift_jis", decimal=",", dates=("%d%m%y",), century_from=1950),
    ),
    Format(
        name="csv",
        csv=CsvOptions(
            decimal=",",
            thousands=" ",
            currency="€",
            nulls=("NULL", "\\N"),
            dates=("%d/%m/%Y", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d"),
        ),
    ),
    Format(name="csv", csv=CsvOptions(thousands="'", dates=("%d%m%Y", "%Y%m%d%H%M%S"))),
    Format(name="avro"),
    Format(name="dsn"),
]

KINDS = [("nir",), ("nir", "nia"), ("nia",), ("nnp",), ("mig",), ("nir", "ntt"), ("nir-key",)]
KINDS += [("ntt",), ("nir", "nir-key"), ("nia", "nnp", "mig")]


WELL_FORMED: dict[str, list[str]] = {
    "nir": ["1550875999991", "269052A999992", "2996275999993"],
    "nia": ["1550875999991", "7010275999994", "8550875999991"],
    "nnp": ["7012345678901"],
    "mig": ["5112345678901"],
    "ntt": ["1123456789MATRICULE", " 2123456789abc "],
    "nir-key": ["93", "07"],
}
"""Identifiers of persons who do not exist, without key."""

ANY_IDENTIFIER = [text for texts in WELL_FORMED.values() for text in texts]


class Maker:
    """Makes a case, one choice at a time; the first choice is the simplest.

    Attributes:
        pick: picks a number below another one.
    """

    def __init__(self, pick: Callable[[int], int], forms: KnownForms) -> None:
        self.pick = pick
        self.forms = forms
        self.format = FORMATS[0]
        self.fields = 0
        self.dirt = self.choose([0, 3, 15])

    def choose(self, values: Sequence[Any]) -> Any:
        return values[self.pick(len(values))] if len(values) > 1 else values[0]

    def chance(self, percent: int) -> bool:
        return self.pick(100) >= 100 - percent

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
            ["plain"] * 6 + ["identifier", "identifier", "text", "text", "number", "not_nir"]
        )
        if sort == "identifier":
            kinds = self.choose(KINDS)
            types = ["string", "string", "large_string", "int64"]
            if not {"ntt", "nir-key"} & set(kinds):
                types += ["uint64", "decimal128(18, 0)"]
            return PlanField(self.name(), self.choose(types), identifier=kinds)
        if sort == "text":
            kind = self.choose(["string", "large_string"])
            return PlanField(self.name(), kind, free_text=True)
        if sort == "number":
            return PlanField(f"{self.name()}_nir", self.choose(["int64", "string", "uint64"]))
        types = TYPES if self.chance(60) else USUAL_TYPES
        kind = self.choose(types)
        birth = kind_of(type_name(kind)) in ("date", "timestamp") and self.chance(30)
        part: NirPart | None = "birth" if birth else None
        spec = PlanField(self.name(), kind, not_nir=sort == "not_nir", nir_part=part)
        if spec.not_nir and kind_of(type_name(kind)) in ("string", "integer"):
            rules = [{}, {"pattern": self.choose(PATTERNS)}, {"check": "luhn"}, {"check": "iban"}]
            return replace(spec, **self.choose(rules))
        return spec

    def plan(self, *, mixed: bool = True) -> Plan:
        """A plan; where not `mixed`, of one item, as a policy of the documents may have it."""
        self.format = self.choose(FORMATS)
        absent = None if mixed else self.chance(50)
        fields = tuple(self.spec() for _ in range(self.choose([1, 2, 3, 4, 5])))
        leaves = leaves_of(fields).values()
        if all(spec.identifier or spec.name.endswith("_nir") for spec in leaves):
            fields = (*fields, PlanField(self.name(), "string"))
        releases = tuple(
            self.release(f"r{place}", fields, absent) for place in range(self.choose([1, 1, 2, 3]))
        )
        direction = self.choose(["out-of-store", "into-store"])
        day = datetime.date(2024, 2, 29)
        return plan_of(*fields, *releases, form=self.format, direction=direction, day=day)

    def release(self, name: str, fields: tuple[PlanField, ...], absent: bool | None) -> PlanRelease:
        of_documents = absent is not None  # where what is called a NIR must be declared as one
        absent = self.chance(50) if absent is None else absent
        leaves = leaves_of(fields)
        tested = testable(outside_lists(fields))
        able = [
            path
            for path, spec in leaves.items()
            if not (absent and spec.identifier and not is_pseudonymizable(spec))
            and not (of_documents and path.endswith("_nir"))
        ]
        kept = self.some(able, 65) or able[:1]
        only = []
        for path, element in lists_of_structs(fields).items():
            inside = testable(outside_lists(element.fields))
            if (
                inside
                and any(f"{leaf}.".startswith(f"{path}.") for leaf in kept)
                and self.chance(60)
            ):
                only.append((path, self.conditions(inside)))
        return release(
            *(
                self.leaf(path, leaves[path], absent, tested | beside(fields, path))
                for path in kept
            ),
            id=name,
            item=self.choose(["R6323-37.III.2", "R6323-37.III.3"]) if absent else "R6323-37.I.1",
            nir="absent" if absent else "carried",
            on_nir="quarantine" if absent and self.chance(30) else "strip",
            where=self.conditions(tested) if tested and self.chance(50) else (),
            only=tuple(only),
        )

    def conditions(self, fields: Mapping[str, PlanField]) -> tuple[PlanCondition, ...]:
        paths = [self.choose(list(fields)) for _ in range(self.choose([1, 1, 2]))]
        return tuple(PlanCondition(path, self.wanted(fields[path]), "pour voir") for path in paths)

    def wanted(self, spec: PlanField) -> tuple[Any, ...]:
        if self.chance(20):
            return ()
        values = TESTED[kind_of(type_name(spec.type))]
        return tuple(self.some(values, 60)) or values[:1]

    def leaf(
        self, path: str, spec: PlanField, absent: bool, tested: Mapping[str, PlanField]
    ) -> PlanLeaf:
        when: tuple[tuple[PlanCondition, ...], ...] = ()
        if tested and self.chance(25):
            when = tuple(self.conditions(tested) for _ in range(self.choose([1, 2])))
        treatment: dict[str, Any] = {"fate": "kept"}
        pseudonym = {
            "fate": "pseudonymized",
            "pseudonym": f"p_{path.rpartition('.')[2]}",
            "pseudonym_kind": kind_of_pseudonym(spec),
            "method": self.choose(["hmac-sha256", "aes-256-cmac"]),
        }
        if spec.identifier:
            if absent or (is_pseudonymizable(spec) and self.chance(40)):
                treatment = pseudonym
            elif is_canonical(spec) and self.chance(40):
                treatment = {"fate": "kept", "canonical": self.choose([13, 15])}
        elif is_pseudonymizable(spec) and self.chance(15):
            treatment = pseudonym
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
            most = integer_range(spec.type)[1] if kind == "integer" else 40_000
            steps = [step for step in (10, 7, 100, 1000, 40_000) if step <= most]
            return {"fate": "generalized", "step": self.choose(steps)}
        return {"fate": "kept"}

    # Batches

    def layout(self, spec: PlanField) -> Layout:
        """How a field comes."""
        if (spec.of is not None or spec.fields) and self.chance(self.dirt // 3):
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
        source = self.choose(SOURCES) if self.chance(5 + self.dirt) else self.choose(sources)
        wrap = self.choose(["plain"] * 6 + ["dictionary", "dictionary", "runs"])
        return Layout(spec, source=source, wrap=wrap)

    def value(self, layout: Layout) -> Any:
        """A value as `array_of` takes it, or a list or dict of such."""
        if self.chance(10 if layout.spec.nullable else self.dirt // 3):
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
        clean = not self.chance(self.dirt)
        return self.choose(samples(source, type_name(spec.type), self.format, clean))

    def text_value(self, spec: PlanField, source: str) -> Any:
        kind = kind_of(type_name(spec.type))
        is_text = kind_of(source) == "string"
        if (spec.pattern or spec.check) and kind == "string" and is_text and self.chance(60):
            return self.choose(CHECKED)
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
            clean = not self.chance(self.dirt)
            text = self.choose(samples(source, type_name(spec.type), self.format, clean))
            if text is None:
                return None
        raw = text.encode(self.encoding(source), "ignore")
        if self.chance(self.dirt // 3):
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
        values = [n for n in pool(source) if not isinstance(n, float) or abs(n) < 1e12]
        if kind_of(source) in ("integer", "float", "decimal"):
            known = NIR_NUMBERS if not spec.identifier else (*NIR_NUMBERS, 155087599999194, 7)
            able = [number for number in known if fits(number, source)]
            if able and self.chance(60):
                return as_number(self.choose(able), source)
        return self.choose(values or [None])

    def identifier(self, spec: PlanField) -> str:
        """An identifier, well-formed or not, of a person who does not exist."""
        able = [text for kind in spec.identifier for text in WELL_FORMED[kind]]
        text = self.choose(able if not self.chance(self.dirt) else ANY_IDENTIFIER)
        if len(text) != 13:
            return str(text)
        key = f"{key_of(text):02}"
        writings = [text + key, text, f"{text[:1]} {text[1:7]}.{text[7:]}-{key}".lower()]
        if self.chance(self.dirt):
            writings = [
                f"{text}{key_of(text) % 97 + 1:02}",
                "inconnu",
                "",
                "12",
                text[:12],
                f"{text}9",
            ]
            writings += ["1550075999991", "  "]
        keyed = {"nir", "nia"} & set(spec.identifier) or self.chance(self.dirt)
        return str(self.choose(writings if keyed else [text]))

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
        if self.chance(25):
            paths = list(paths_of(plan.fields))
            marks = [self.some(paths, 20) if self.chance(40) else None for _ in range(count)]
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


@st.composite
def cases(draw: st.DrawFn, mixed: bool = True) -> Case:
    """A random plan, and a batch for it; where not `mixed`, all its releases have one item.

    Half of the cases are of Hypothesis' own choices, which are alike from case to case and become
    simple where one fails; the others are of a seed, and have nothing in common.
    """
    seed = draw(st.none() | st.integers(0, 2**64 - 1))

    def choice(most: int) -> int:
        return draw(st.integers(0, most - 1))

    maker = Maker(choice if seed is None else random.Random(seed).randrange, KnownForms())
    plan = maker.plan(mixed=mixed)
    return Case(plan, maker.batch(plan), maker.forms)
