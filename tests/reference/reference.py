"""The reference filter: what becomes of each record under a plan, slow and plain.

Written from the grammar and the manual, and not from the filter: rows are dicts, values are Python
values, one record and one value at a time. Of Tamis it uses `nir.identifiers.canonical`,
`derive_key` and the plan, which is the input of both filters. How it goes:

    1. read     every value is brought to its field's type, or has a fault
    2. match    the conditions of `where`: true, false, or not to be told
    3. judge    what a matching release keeps: faults, missing values, identifiers
    4. treat    keep, pseudonymize, generalize, redact
    5. gate     no released value holds a NIR, nor did it before it was cut, but under
                `nir: carried` in an identifier, and in free text that is left as it is

Finding NIRs in text is not rebuilt here. Texts are made of forms whose verdict is known, and
`Forms` says what it is.
"""

import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC

from tamis.nir.identifiers import canonical, key_of
from tamis.nir.pseudonym import derive_chain_key, derive_key
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from .values import (
    DAY,
    Fault,
    Scalar,
    date_ticks,
    first_of,
    holds,
    kind_of,
    offset_at,
    read,
    released,
    type_name,
    typed,
    wire_of,
    zone_of,
)

FAULTS = "_tamis_faults"
"""The column in which a reader names the fields that it could not bring into shape."""

REASONS = (
    *("unreadable", "type", "null", "nir-malformed", "nir-key", "on-nir", "not-nir"),
    *("incomplete", "nir-leak"),
)
"""Why a record is quarantined; of several reasons the first, of one reason the first field."""

NIRS = {"nir", "nia", "nnp", "mig"}
"""Identifiers of 13 characters: of these pseudonyms are made, these stop a record."""

SEPARATORS = dict.fromkeys(map(ord, " \t\n\r\f.-\u00a0\u2007\u2009\u202f"))
TAGS = ["item", "purpose", "version", "processing", "attested", "policy", "run"]
TAGS += ["law", "status", "retention"]
TAG_TYPE = "dictionary<values=string, indices=int8, ordered=0>"
PSEUDONYM = "fixed_size_binary[16]"

Row = Mapping[str, Any]
"""A record as it comes: by column a `Scalar`, a list, a dict or None."""


class Forms(Protocol):
    """What the texts of a test hold, known because they were made so."""

    def redact(self, text: str) -> tuple[str, int]:
        """The text with `[NIR]` in the place of each NIR, and how many there were."""

    def leaks(self, value: Scalar, *, not_nir: bool) -> bool:
        """Whether a released value holds a NIR; `not_nir` if its field says that it holds none."""


@dataclass
class Result:
    """What became of a batch, in the shape in which the tests compare it.

    Attributes:
        released: by release, its rows: columns in order, the tags last.
        schemas: by release, its columns: name, type, whether nullable.
        rows: by release, the places of the released records in the batch.
        quarantined: row, reason, field and rule.
        counts: what the tally says.
    """

    released: dict[str, list[dict[str, Any]]]
    schemas: dict[str, list[tuple[str, str, bool]]]
    rows: dict[str, list[int]]
    quarantined: list[tuple[int, str, str, str]]
    counts: dict[str, Any]


def minimize(
    rows: Sequence[Row],
    plan: Plan,
    forms: Forms,
    *,
    run: str,
    root: bytes,
    later_root: bytes | None = None,
    limited: Collection[str] = (),
) -> Result:
    """Release of each of N records what the plan lets pass, and nothing else.

    Args:
        rows: N records.
        plan: what may pass.
        forms: what the texts hold.
        run: id of the run, for the tags.
        root: 32 bytes from which the keys of pseudonyms are derived, in epoch 1.
        later_root: 32 bytes of epoch 2, if pseudonyms are of that, chained on epoch 1.
        limited: the 13 characters of persons whose records leave under paragraph I only.
    """
    records = [Record(row, plan, forms, root, later_root, limited) for row in rows]
    passed = {
        release.id: [
            place
            for place, record in enumerate(records)
            if release.id in record.released and not record.failures
        ]
        for release in plan.releases
    }
    tags = {release.id: tags_of(plan, release, run) for release in plan.releases}
    quarantined = [
        (place, *record.first_failure) for place, record in enumerate(records) if record.failures
    ]
    redacted: dict[str, Counter[str]] = {name: Counter() for name in passed}
    for name, places in passed.items():
        for place in places:
            redacted[name].update(records[place].redacted[name])
    received = plan.direction == "into-store" and sum(record.nir_received for record in records)
    anomalies = {
        "nir-received-under-iii": received,
        "limited-without-identifier": sum(record.is_unnamed for record in records),
    }
    return Result(
        released={
            name: [records[place].released[name] | tags[name] for place in places]
            for name, places in passed.items()
        },
        schemas={release.id: schema_of(plan, release) for release in plan.releases},
        rows=passed,
        quarantined=quarantined,
        counts={
            "records": len(records),
            "released": len({place for places in passed.values() for place in places}),
            "withheld": sum(not record.may_match for record in records),
            "quarantine": _by_cause(quarantined),
            "unmet": dict(
                Counter(
                    unmet for record in records if not record.may_match for unmet in record.unmet
                )
            ),
            "rows": {name: len(places) for name, places in passed.items() if places},
            "redacted": {name: dict(+counts) for name, counts in redacted.items() if +counts},
            "anomalies": {name: count for name, count in anomalies.items() if count},
            "unknown": set(),
            "missing": set(),
            "chance": {},
        },
    )


def _by_cause(
    quarantined: Sequence[tuple[int, str, str, str]],
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """By reason, field and rule, how many rows, and the first of them."""
    places: dict[tuple[str, str, str], list[int]] = {}
    for place, *cause in quarantined:
        reason, path, rule = cause
        places.setdefault((reason, path, rule), []).append(place)
    return {cause: (len(rows), min(rows)) for cause, rows in places.items()}


def tags_of(plan: Plan, release: PlanRelease, run: str) -> dict[str, Scalar | None]:
    """The legal tags of a released record."""
    values: list[str | None] = [
        release.item,
        release.purpose,
        plan.law["R6323-37"],
        plan.processing,
    ]
    values += [release.attested, f"{plan.policy}@{plan.sha256[:12]}", run]
    values += [plan.law_origin, release.status, release.retention]
    tags = zip(TAGS, values, strict=True)
    return {
        f"legal_{name}": None if value is None else Scalar("string", value) for name, value in tags
    }


def is_below(path: str, above: str) -> bool:
    """Whether `path` is `above` or a field inside it."""
    return f"{path}.".startswith(f"{above}.")


def leaves_below(release: PlanRelease, path: str) -> list[PlanLeaf]:
    """What a release keeps of a field, itself or inside it."""
    return [leaf for leaf in release.leaves if is_below(leaf.path, path)]


def leaf_at(release: PlanRelease, path: str) -> PlanLeaf | None:
    return next((leaf for leaf in release.leaves if leaf.path == path), None)


def name_of(release: PlanRelease, spec: PlanField, path: str) -> str:
    """A field's released name: a pseudonym never keeps that of its field."""
    leaf = leaf_at(release, path)
    return leaf.pseudonym if leaf and leaf.pseudonym else spec.name


def schema_of(plan: Plan, release: PlanRelease) -> list[tuple[str, str, bool]]:
    """The columns of a release: name, type and whether the column may hold null."""
    columns = []
    for spec in plan.fields:
        if below := leaves_below(release, spec.name):
            nullable = spec.nullable or all(leaf.when or leaf.pseudonym_kind for leaf in below)
            name = name_of(release, spec, spec.name)
            columns.append((name, type_of(release, spec, spec.name), nullable))
    return columns + [(f"legal_{name}", TAG_TYPE, name == "retention") for name in TAGS]


def type_of(release: PlanRelease, spec: PlanField, path: str) -> str:
    """The Arrow type of a released field."""
    if spec.of is not None:
        return f"list<item: {type_of(release, spec.of, path)}>"
    if spec.fields:
        inside = [(child, f"{path}.{child.name}") for child in spec.fields]
        kept = [
            f"{name_of(release, child, at)}: {type_of(release, child, at)}"
            for child, at in inside
            if leaves_below(release, at)
        ]
        return f"struct<{', '.join(kept)}>"
    leaf = leaf_at(release, path)
    return PSEUDONYM if leaf and leaf.pseudonym else type_name(spec.type)


@dataclass
class Node:
    """A field of one record after reading.

    Attributes:
        spec: the field of the schema.
        path: names from the top, joined by dots; a list and its element have the same path.
        value: a leaf's value; a list of nodes; nodes by name; or None.
        fault: why the value is not of the field's type, or empty.
    """

    spec: PlanField
    path: str
    value: Any = None
    fault: Fault = ""


def nodes_towards(nodes: Iterable[Node], path: str) -> Iterator[Node]:
    """The nodes at `path` and those around them, in every element of a list."""
    for node in nodes:
        if is_below(path, node.path):
            yield node
            if isinstance(node.value, list):
                yield from nodes_towards(node.value, path)
            if isinstance(node.value, dict):
                yield from nodes_towards(node.value.values(), path)


Elements = Mapping[str, Node]
"""By the path of a list, the element of it that something is in."""


@dataclass
class Record:
    """What becomes of one record, alone.

    Attributes:
        failures: reason, path and rule, in the order in which they were noticed.
        may_match: whether some release's conditions hold or cannot be told.
        released: by matching release, the released fields.
        redacted: NIRs replaced, by release and field.
        coarsened: leaves of which a prefix or a step is released, by release.
        nir_received: whether a NIR was found where a release lets none pass.
        unmet: by release that cannot match, the first condition that does not hold.
        is_unnamed: whether a release that limits matches it, and it has no number to look up.
    """

    row: Row
    plan: Plan
    forms: Forms
    root: bytes
    later_root: bytes | None
    limited: Collection[str]
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    may_match: bool = False
    released: dict[str, dict[str, Any]] = field(default_factory=dict)
    redacted: dict[str, Counter[str]] = field(default_factory=dict)
    coarsened: dict[str, list[Node]] = field(default_factory=dict)
    nir_received: bool = False
    unmet: list[tuple[str, str]] = field(default_factory=list)
    is_unnamed: bool = False

    def __post_init__(self) -> None:
        self.wire = wire_of(self.plan.format)
        self.marks = [str(mark.value) for mark in self.row.get(FAULTS) or ()]
        self.specs = {path: spec for top in self.plan.fields for path, spec in top.walk()}
        self.lists = {
            path
            for top in self.plan.fields
            for path, spec in top.walk()
            if spec.of is not None and spec.of.fields
        }
        self.top = {
            spec.name: self.read(spec, spec.name, self.row.get(spec.name))
            for spec in self.plan.fields
        }
        self.whole = Node(PlanField("", "struct"), "", self.top)
        self.look_up()
        matching = [release for release in self.plan.releases if self.matches(release)]
        asks = self.plan.limited is not None and bool(self.plan.limited.fields)
        limiting = asks and any(release.withholds_limited for release in matching)
        self.is_unnamed = limiting and not self.numbers and not self.failures
        for release in matching:
            self.judge_release(release)
        for release in matching:
            self.redacted[release.id] = Counter()
            self.coarsened[release.id] = []
            self.released[release.id] = self.treat_fields(self.top, release, {})
        if not self.failures:
            for release in matching:
                self.gate(release)

    def fail(self, reason: str, path: str, rule: str) -> None:
        self.failures.append((reason, path, rule))

    @property
    def first_failure(self) -> tuple[str, str, str]:
        """The failure that is told; of one field, rules on treatments come last."""
        places = list(self.specs)

        def order(failure: tuple[str, str, str]) -> tuple[int, int, int]:
            reason, path, rule = failure
            later = [rule.startswith("nir_part"), rule.startswith(("pseudonymize", "generalize"))]
            return REASONS.index(reason), places.index(path), later[0] + 2 * later[1]

        return min(self.failures, key=order)

    # 1. Read

    def read(self, spec: PlanField, path: str, value: Any) -> Node:
        """Bring a field's value, and all inside it, to the schema's types."""
        if value is None:
            return Node(spec, path)
        if spec.of is not None and isinstance(value, list):
            return Node(spec, path, [self.read(spec.of, path, element) for element in value])
        if spec.fields and isinstance(value, dict):
            inside = {
                child.name: self.read(child, f"{path}.{child.name}", value.get(child.name))
                for child in spec.fields
            }
            return Node(spec, path, inside)
        if spec.of is not None or spec.fields or not isinstance(value, Scalar):
            return Node(spec, path, None, "type")
        return Node(spec, path, *read(value, spec.type, self.wire))

    # 2. Match: true, false, or None where it cannot be told

    def look_up(self) -> None:
        """The numbers by which persons of the record are known, and what might be one."""
        self.numbers: list[str] = []
        self.begins: list[str] = []
        self.doubts: list[tuple[str, str, str]] = []
        for path in self.plan.limited.fields if self.plan.limited else ():
            kinds = self.specs[path].identifier
            rule = f"limited: {', '.join(kinds)}"
            for mark in self.marks:
                if is_below(path, mark):
                    self.doubts.append(("type", path, rule))
            for node in nodes_towards(self.top.values(), path):
                if node.fault:
                    self.doubts.append((node.fault, path, rule))
                if node.value is None or isinstance(node.value, list | dict):
                    continue
                text = digits_of(node.value)
                number = canonical(text, NIRS & set(kinds))
                if has_wrong_key(text, kinds):
                    self.doubts.append(("nir-key", path, rule))
                elif canonical(text, kinds) is None:
                    self.doubts.append(("nir-malformed", path, rule))
                elif number is not None:
                    self.numbers.append(number)
                elif begin := canonical(text.translate(SEPARATORS)[:13], NIRS & set(kinds)):
                    self.begins.append(begin)  # of an NTT
        self.is_limited = any(number in self.limited for number in self.numbers + self.begins)

    def matches(self, release: PlanRelease) -> bool:
        """Whether the conditions of a release hold; quarantine the record where that is unknown."""
        verdict = self.all_of(release.where, self.whole)
        withheld = release.withholds_limited and self.is_limited
        verdict = False if withheld else verdict
        self.may_match |= verdict is not False
        if release.withholds_limited and verdict:
            self.failures += self.doubts
        if verdict is None:
            self.fail_unread(release.where, self.whole)
        for condition in release.where:
            if self.test(condition, self.whole)[0] is False:
                values = ", ".join(map(str, condition.values))
                wanted = f"in {values}" if values else "present"
                self.unmet.append((release.id, f"{condition.field} not {wanted}"))
                break
        else:
            if withheld:
                self.unmet.append((release.id, "the person is limited (RGPD art. 18)"))
        return bool(verdict)

    def all_of(self, conditions: Iterable[PlanCondition], around: Node) -> bool | None:
        """Whether all conditions hold on a struct: the record, or an element of a list."""
        verdicts = [self.test(condition, around)[0] for condition in conditions]
        return False if False in verdicts else None if None in verdicts else True

    def test(self, condition: PlanCondition, around: Node) -> tuple[bool | None, Fault]:
        """Whether a condition holds, and the tested value's own fault.

        Null never matches; what could not be read might have matched.
        """
        node, lost = around, bool(around.fault)
        for name in condition.field.split("."):
            spec = next((child for child in node.spec.fields if child.name == name), node.spec)
            node = node.value[name] if isinstance(node.value, dict) else Node(spec, "")
            lost = lost or bool(node.fault)
        if lost or any(is_below(path_in(around, condition), mark) for mark in self.marks):
            return None, node.fault
        if node.value is None or not condition.values:
            return node.value is not None, ""
        return holds(node.value, condition.values, node.spec.type), ""

    def fail_unread(self, conditions: Iterable[PlanCondition], around: Node) -> None:
        """Quarantine the record because of the conditions that cannot be told."""
        for condition in conditions:
            verdict, fault = self.test(condition, around)
            if verdict is None:
                path = path_in(around, condition)
                self.fail(fault or "type", path, self.specs[path].type)

    def lists_around(self, path: str) -> list[str]:
        """The lists of structs that a field is in, the innermost first."""
        lists = [at for at, spec in self.specs.items() if at in self.lists and is_below(path, at)]
        return sorted(lists, key=len, reverse=True)

    def scope(self, leaf: PlanLeaf) -> str:
        """The innermost list whose elements the conditions of a leaf test; empty for the record."""
        tested = [test.field for conditions in leaf.when for test in conditions]
        return max((at for path in tested for at in self.lists_around(path)), key=len, default="")

    def when(self, leaf: PlanLeaf, elements: Elements) -> bool | None:
        """Whether a leaf is kept: one of the alternatives holds, or there are none.

        Asked of what is around the elements that they test, it is.
        """
        if not leaf.when or (self.scope(leaf) and self.scope(leaf) not in elements):
            return True
        verdicts = [self.all_here(conditions, elements) for conditions in leaf.when]
        return True if True in verdicts else None if None in verdicts else False

    def all_here(self, conditions: Iterable[PlanCondition], elements: Elements) -> bool | None:
        """Whether conditions hold, each on the record or the element that its field is in."""
        verdicts = [self.test(*self.relative(test, elements))[0] for test in conditions]
        return False if False in verdicts else None if None in verdicts else True

    def relative(self, test: PlanCondition, elements: Elements) -> tuple[PlanCondition, Node]:
        """A condition as it is tested on the innermost element that its field is in."""
        for path in self.lists_around(test.field)[:1]:
            inner = test.field.removeprefix(f"{path}.")
            return PlanCondition(inner, test.values, test.because), elements[path]
        return test, self.whole

    def judge_when(self, release: PlanRelease, elements: Elements, scope: str) -> None:
        """Quarantine the record where it cannot be told whether a leaf is kept."""
        for leaf in release.leaves:
            if self.scope(leaf) == scope and self.when(leaf, elements) is None:
                for conditions in leaf.when:
                    if self.all_here(conditions, elements) is None:
                        for test in conditions:
                            condition, around = self.relative(test, elements)
                            self.fail_unread([condition], around)

    # 3. Judge

    def judge_release(self, release: PlanRelease) -> None:
        """Quarantine the record where what would be released is not as the schema says."""
        self.judge_when(release, {}, "")
        for mark in self.marks:
            if mark in self.specs and self.is_kept(release, mark, {}):
                outermost = [
                    spec for top in self.plan.fields for at, spec in top.walk() if at == mark
                ]
                self.fail("type", mark, outermost[0].type)
        for node in self.top.values():
            self.judge(node, release, {})
        if release.nir == "absent" and release.on_nir == "quarantine":
            for node in self.top.values():
                self.stop(node, release)

    def is_kept(self, release: PlanRelease, path: str, elements: Elements) -> bool:
        """Whether anything of a field is kept in this record, or in these elements of it."""
        return any(self.when(leaf, elements) for leaf in leaves_below(release, path))

    def judge(self, node: Node, release: PlanRelease, elements: Elements) -> None:
        """Judge a field where it would be released, and what is inside it."""
        if not self.is_kept(release, node.path, elements):
            return
        if node.fault:
            self.fail(node.fault, node.path, node.spec.type)
        elif node.value is None:
            if not node.spec.nullable:
                self.fail("null", node.path, "nullable: false")
        elif node.spec.of is not None:
            conditions = only(node, release)
            for element in node.value:
                verdict = self.all_of(conditions, element)
                if verdict is None:
                    self.fail_unread(conditions, element)
                if verdict:
                    inside = entering(elements, element)
                    if element.path in inside:
                        self.judge_when(release, inside, element.path)
                    self.judge(element, release, inside)
        elif node.spec.fields:
            for child in node.value.values():
                self.judge(child, release, elements)
        elif leaf := leaf_at(release, node.path):
            self.judge_identifier(node, leaf)
            self.judge_number(node)
            if node.spec.nir_part == "birth" and self.is_to_come(node):
                self.fail("type", node.path, "nir_part: birth")

    def is_to_come(self, node: Node) -> bool:
        """Whether a date, or the local day of a timestamp, is after the plan's day."""
        kind, today = node.spec.type, date_ticks(self.plan.day)
        if kind_of(type_name(kind)) == "date":
            return bool(node.value > today)
        local = node.value + offset_at(node.value, zone_of(kind))
        return bool(kind_of(type_name(kind)) == "timestamp" and local // DAY > today)

    def judge_identifier(self, node: Node, leaf: PlanLeaf) -> None:
        """Quarantine the record if a kept or pseudonymized identifier is not well-formed."""
        kinds = node.spec.identifier
        if not kinds or leaf.redact:
            return
        text, rule = digits_of(node.value), f"identifier: {', '.join(kinds)}"
        if has_wrong_key(text, kinds):
            self.fail("nir-key", node.path, rule)
        elif canonical(text, kinds) is None:
            self.fail("nir-malformed", node.path, rule)
        elif (
            leaf.pseudonym
            and not leaf.pseudonym_kind
            and canonical(text, NIRS & set(kinds)) is None
        ):
            self.fail("nir-malformed", node.path, "pseudonymize: 13 characters")

    def judge_number(self, node: Node) -> None:
        """Quarantine the record if a number that is said to be no NIR is not as is said."""
        pattern, check = node.spec.pattern, node.spec.check
        text = "".join(str(node.value).translate(BLANKS))
        if pattern and not re.fullmatch(pattern, str(node.value)):
            self.fail("not-nir", node.path, "not_nir: pattern")
        if check == "luhn" and not has_luhn(text):
            self.fail("not-nir", node.path, "not_nir: luhn")
        if check == "iban" and not is_iban(text):
            self.fail("not-nir", node.path, "not_nir: iban")

    def stop(self, node: Node, release: PlanRelease) -> None:
        """Quarantine the record if there is a NIR in an identifier that is not pseudonymized."""
        leaf, kinds = leaf_at(release, node.path), NIRS & set(node.spec.identifier)
        if isinstance(node.value, list | dict):
            for inner in node.value if isinstance(node.value, list) else node.value.values():
                self.stop(inner, release)
        elif kinds and node.value is not None and not (leaf and leaf.pseudonym):
            text = digits_of(node.value)
            if has_wrong_key(text, kinds) or canonical(text, kinds):
                self.fail("on-nir", node.path, "on_nir: quarantine")
                self.nir_received = True

    # 4. Treat

    def treat_fields(
        self, fields: Mapping[str, Node], release: PlanRelease, elements: Elements
    ) -> dict[str, Any]:
        """The released fields of the record, or of a struct, in the schema's order."""
        return {
            name_of(release, node.spec, node.path): self.treat(node, release, elements)
            for node in fields.values()
            if leaves_below(release, node.path)
        }

    def treat(self, node: Node, release: PlanRelease, elements: Elements) -> Any:
        """The released value of a field."""
        leaf = leaf_at(release, node.path)
        if node.value is None or (leaf and not self.when(leaf, elements)):
            return None
        if node.spec.of is not None:
            conditions = only(node, release)
            return [
                self.treat(element, release, entering(elements, element))
                for element in node.value
                if self.all_of(conditions, element)
            ]
        if node.spec.fields:
            return self.treat_fields(node.value, release, elements)
        assert leaf is not None
        return self.treat_leaf(node, release, leaf)

    def treat_leaf(self, node: Node, release: PlanRelease, leaf: PlanLeaf) -> Scalar | None:
        """The released value of a leaf that is kept in this record."""
        value, kind = node.value, node.spec.type
        if leaf.prefix or leaf.step:
            self.coarsened[release.id].append(node)
        if leaf.pseudonym:
            kinds = set(node.spec.identifier)
            body = canonical(digits_of(value), kinds if leaf.pseudonym_kind else NIRS & kinds)
            if not kinds:
                body = unicodedata.normalize("NFC", str(value)).strip()
            return Scalar(PSEUDONYM, self.pseudonym(body, release, leaf)) if body else None
        if leaf.canonical:
            kinds = set(node.spec.identifier)
            body, text = canonical(value, kinds & {"nir", "nia"}), canonical(value, kinds)
            value = f"{body}{key_of(body):02}" if body and leaf.canonical == 15 else text
            if value is None:
                return None
        if leaf.redact:
            value, hits = self.forms.redact(value)
            self.redacted[release.id][node.path] += hits
            if hits and release.nir == "absent":
                self.nir_received = True
                if release.on_nir == "quarantine":
                    self.fail("on-nir", node.path, "on_nir: quarantine")
        elif leaf.prefix:
            value = value[: leaf.prefix]
        elif leaf.to:
            value = first_of(value, leaf.to, kind)
        elif leaf.step and value - value == 0:  # an infinity or NaN stays what it is
            value = typed(Fraction(Fraction(value) // leaf.step * leaf.step), kind)
            if value is None:
                self.fail("type", node.path, f"generalize: step {leaf.step}")
                return None
        return released(value, kind)

    def pseudonym(self, body: str, release: PlanRelease, leaf: PlanLeaf) -> bytes:
        """The keyed pseudonym of 13 canonical characters, or of a number of another kind."""
        assert leaf.method is not None
        kind = leaf.pseudonym_kind
        key = derive_key(self.root, self.plan.processing, release.item, 1, leaf.method, kind)
        message = b"NIR" + body.encode()
        if kind:
            message = f"{kind}|{len(body.encode())}|".encode() + body.encode()
        if leaf.method == "hmac-sha256":
            made = hmac.digest(key, message, "sha256")[:16]
        else:
            made = cmac(key, message)
        if self.later_root is None:
            return made
        names = (self.plan.processing, release.item)
        return cmac(derive_chain_key(self.later_root, *names, 1, 2), made)

    # 5. Gate

    def gate(self, release: PlanRelease) -> None:
        """Quarantine the record if a released value, or what it was cut from, holds a NIR."""
        for spec in self.plan.fields:
            value = self.released[release.id].get(name_of(release, spec, spec.name))
            if any(self.leaks(spec, spec.name, value, release)):
                self.fail("nir-leak", spec.name, "gate")
                self.nir_received |= release.nir == "absent"

        for node in self.coarsened[release.id]:
            value = Scalar(node.spec.type, node.value)
            if any(self.leaks(node.spec, node.path, value, release)):
                self.fail("nir-leak", node.path.partition(".")[0], "gate")
                self.nir_received |= release.nir == "absent"

    def leaks(self, spec: PlanField, path: str, value: Any, release: PlanRelease) -> Iterator[bool]:
        """Whether each released value in a field holds a NIR; pseudonyms are none."""
        if value is None:
            return
        if spec.of is not None:
            for element in value:
                yield from self.leaks(spec.of, path, element, release)
        for child in spec.fields:
            inner = value.get(child.name)
            yield from self.leaks(child, f"{path}.{child.name}", inner, release)
        if isinstance(value, Scalar) and value.type != PSEUDONYM:
            carried = release.nir == "carried"
            redacted = {leaf.path for leaf in release.leaves if leaf.redact}
            if carried and (spec.identifier or (spec.free_text and path not in redacted)):
                return
            yield self.forms.leaks(value, not_nir=spec.not_nir)


BLANKS = dict.fromkeys(map(ord, " \t\n\r\f\v\u00a0\u202f"))


def has_luhn(text: str) -> bool:
    """Whether a text is digits of which the last is Luhn's check digit."""
    if not 2 <= len(text) <= 32 or set(text) - set("0123456789"):
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(text))):
        total += digit if place % 2 == 0 else sum(map(int, str(2 * digit)))
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN with the right check digits."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", text):
        return False
    number = 0
    for char in text[4:] + text[:4]:
        number = (number * (10 if char.isdigit() else 100) + int(char, 36)) % 97
    return number == 1


def entering(elements: Elements, element: Node) -> Elements:
    """The elements around what is in `element`: with it, if it is a struct."""
    return {**elements, element.path: element} if element.spec.fields else elements


def path_in(around: Node, condition: PlanCondition) -> str:
    """The path of a condition's field; those of `only` are relative to the list."""
    return f"{around.path}.{condition.field}" if around.path else condition.field


def only(node: Node, release: PlanRelease) -> tuple[PlanCondition, ...]:
    """What the elements of a list must fulfil; of a list of lists, those of the innermost."""
    innermost = node.spec.of is not None and node.spec.of.of is None
    return dict(release.only).get(node.path, ()) if innermost else ()


def digits_of(value: Any) -> str:
    """An identifier as text: a number by its digits, empty where it is no whole number.

    A key below 10 that comes as a number has lost its zero.
    """
    if isinstance(value, str):
        return value
    whole = value - value == 0 and value == int(value)
    return f"{int(value):02}" if whole else ""


def has_wrong_key(text: str, kinds: Iterable[str]) -> bool:
    """Whether a text is a NIR or NIA of 15 characters but for its key."""
    compact = text.translate(SEPARATORS)
    keyed = len(compact) == 15 and compact[13:].isascii() and compact[13:].isdigit()
    body = canonical(compact[:13], {"nir", "nia"} & set(kinds))
    return keyed and body is not None and canonical(text, set(kinds)) is None


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-256-CMAC of a message."""
    mac = CMAC(AES256(key))
    mac.update(message)
    return mac.finalize()
