"""The reference filter: what becomes of each record under a plan, slow and plain.

Written from the grammar and the manual, and not from the filter: rows are dicts, values are Python
values, one record and one value at a time. Of Tamis it uses `nir.identifiers.canonical`,
`derive_key` and the plan, which is the input of both filters. How it goes:

    1. read     every value is brought to its field's type, or has a fault
    2. match    the conditions of `where`: true, false, or not to be told
    3. judge    what a matching release keeps: faults, missing values, identifiers
    4. treat    keep, pseudonymize, generalize, redact
    5. gate     under `nir: absent`, no released value holds a NIR

Finding NIRs in text is not rebuilt here. Texts are made of forms whose verdict is known, and
`Forms` says what it is.
"""

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC

from tamis.nir.identifiers import canonical
from tamis.nir.pseudonym import derive_key
from tamis.plan.plan import Plan, PlanCondition, PlanField, PlanLeaf, PlanRelease

from .values import (
    Fault,
    Scalar,
    Wire,
    first_day,
    first_moment,
    holds,
    kind_of,
    read,
    released,
    type_name,
    typed,
    wire_of,
)

FAULTS = "_tamis_faults"
"""The column in which a reader names the fields that it could not bring into shape."""

REASONS = ("unreadable", "type", "null", "nir-malformed", "nir-key", "on-nir", "nir-leak")
"""Why a record is quarantined; of several reasons the first, of one reason the first field."""

STOPPING = {"nir", "nia", "nnp", "mig"}
"""Identifiers that stop a record under `on_nir: quarantine`."""

TAGS = (
    "legal_item legal_purpose legal_version legal_processing legal_attested legal_policy legal_run"
)
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


@dataclass(frozen=True)
class Failure:
    """Why a record is quarantined."""

    reason: str
    path: str
    rule: str


@dataclass
class Outcome:
    """What became of one record.

    Attributes:
        failures: in the order in which they were noticed.
        matched: the releases whose conditions hold.
        may_match: whether some release's conditions hold or cannot be told.
        released: by release, the released fields.
        redacted: NIRs replaced, by release and field.
        nir_received: whether a NIR was found where a release lets none pass.
    """

    failures: list[Failure] = field(default_factory=list)
    matched: list[PlanRelease] = field(default_factory=list)
    may_match: bool = False
    released: dict[str, dict[str, Any]] = field(default_factory=dict)
    redacted: Counter[tuple[str, str]] = field(default_factory=Counter)
    nir_received: bool = False


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


def minimize(rows: Sequence[Row], plan: Plan, forms: Forms, *, run: str, root: bytes) -> Result:
    """Release of each record what the plan lets pass, and nothing else.

    Args:
        rows: N records.
        plan: what may pass.
        forms: what the texts hold.
        run: id of the run, for the tags.
        root: 32 bytes from which the keys of pseudonyms are derived, in epoch 1.
    """
    record = Record(plan, forms, root)
    outcomes = [record.judge(row) for row in rows]
    passed = {
        release.id: [
            place
            for place, outcome in enumerate(outcomes)
            if release in outcome.matched and not outcome.failures
        ]
        for release in plan.releases
    }
    tags = {release.id: tags_of(plan, release, run) for release in plan.releases}
    quarantined = []
    for place, outcome in enumerate(outcomes):
        if outcome.failures:
            first = min(outcome.failures, key=record.order_of)
            quarantined.append((place, first.reason, first.path, first.rule))
    return Result(
        released={
            name: [outcomes[place].released[name] | tags[name] for place in places]
            for name, places in passed.items()
        },
        schemas={release.id: released_schema(plan, release) for release in plan.releases},
        rows=passed,
        quarantined=quarantined,
        counts=count(plan, outcomes, passed, quarantined),
    )


def count(
    plan: Plan,
    outcomes: Sequence[Outcome],
    passed: Mapping[str, Sequence[int]],
    quarantined: Iterable[tuple[int, str, str, str]],
) -> dict[str, Any]:
    """The counts of a batch, as a tally has them."""
    redacted: dict[str, dict[str, int]] = {}
    for name, places in passed.items():
        for place in places:
            for (release, path), hits in outcomes[place].redacted.items():
                if release == name and hits:
                    redacted.setdefault(name, {}).setdefault(path, 0)
                    redacted[name][path] += hits
    received = sum(outcome.nir_received for outcome in outcomes)
    odd = received and plan.direction == "into-store"
    return {
        "records": len(outcomes),
        "released": len({place for places in passed.values() for place in places}),
        "withheld": sum(not outcome.may_match for outcome in outcomes),
        "quarantine": dict(Counter(reason for _, reason, _, _ in quarantined)),
        "rows": {name: len(places) for name, places in passed.items() if places},
        "redacted": redacted,
        "anomalies": {"nir-received-under-iii": received} if odd else {},
        "unknown": set(),
        "missing": set(),
        "chance": {},
    }


def tags_of(plan: Plan, release: PlanRelease, run: str) -> dict[str, Scalar]:
    """The legal tags of a released record."""
    values = (
        release.item,
        release.purpose,
        plan.law["R6323-37"],
        plan.processing,
        release.attested,
        f"{plan.policy}@{plan.sha256[:12]}",
        run,
    )
    return {name: Scalar("string", value) for name, value in zip(TAGS.split(), values, strict=True)}


def is_below(path: str, above: str) -> bool:
    """Whether `path` is `above` or a field inside it."""
    return f"{path}.".startswith(f"{above}.")


def walk(spec: PlanField, path: str) -> Iterator[tuple[str, PlanField]]:
    """A field and all fields inside it, from the top."""
    yield path, spec
    if spec.of is not None:
        yield from walk(spec.of, path)
    for child in spec.fields:
        yield from walk(child, f"{path}.{child.name}")


def released_schema(plan: Plan, release: PlanRelease) -> list[tuple[str, str, bool]]:
    """The columns of a release: name, type and whether the column may hold null."""
    kept = {leaf.path: leaf for leaf in release.leaves}
    columns = []
    for spec in plan.fields:
        below = [leaf for path, leaf in kept.items() if is_below(path, spec.name)]
        if below:
            name, kind = released_type(spec, spec.name, kept)
            columns.append((name, kind, spec.nullable or all(leaf.when for leaf in below)))
    return columns + [(name, TAG_TYPE, False) for name in TAGS.split()]


def released_type(spec: PlanField, path: str, kept: Mapping[str, PlanLeaf]) -> tuple[str, str]:
    """The name and the Arrow type of a released field."""
    name = spec.name
    if spec.of is not None:
        own = kept.get(path)
        if own and own.pseudonym:
            name = own.pseudonym
        return name, f"list<item: {released_type(spec.of, path, kept)[1]}>"
    if spec.fields:
        inside = [
            released_type(child, f"{path}.{child.name}", kept)
            for child in spec.fields
            if any(is_below(leaf, f"{path}.{child.name}") for leaf in kept)
        ]
        return name, f"struct<{', '.join(f'{inner}: {kind}' for inner, kind in inside)}>"
    pseudonym = kept[path].pseudonym
    return (pseudonym, PSEUDONYM) if pseudonym else (name, type_name(spec.type))


class Record:
    """Judges one record after the other under one plan."""

    def __init__(self, plan: Plan, forms: Forms, root: bytes) -> None:
        self.plan = plan
        self.forms = forms
        self.root = root
        self.wire: Wire = wire_of(plan.format)
        self.specs = {path: spec for top in plan.fields for path, spec in walk(top, top.name)}
        self.places = {path: place for place, path in enumerate(self.specs)}

    def order_of(self, failure: Failure) -> tuple[int, int, bool]:
        """Of several failures the first in this order is told: rules on treatments come last."""
        treated = failure.rule.startswith(("pseudonymize", "generalize"))
        return REASONS.index(failure.reason), self.places[failure.path], treated

    def judge(self, row: Row) -> Outcome:
        """What becomes of a record, alone."""
        self.out = Outcome()
        self.marks = [str(mark.value) for mark in row.get(FAULTS) or ()]
        self.top = {
            spec.name: self.open(spec, spec.name, row.get(spec.name)) for spec in self.plan.fields
        }
        for release in self.plan.releases:
            told = self.all_of(release.where, self.top, "")
            self.out.may_match |= told is not False
            if told is None:
                self.fail_unread(release.where, self.top, "")
            if told:
                self.out.matched.append(release)
        for release in self.out.matched:
            self.judge_release(release)
        for release in self.out.matched:
            self.out.released[release.id] = self.treat_release(release)
        if not self.out.failures:
            leaks = [
                failure
                for release in self.out.matched
                if release.nir == "absent"
                for failure in self.gate(release)
            ]
            self.out.failures += leaks
            self.out.nir_received |= bool(leaks)
        return self.out

    def fail(self, reason: str, path: str, rule: str) -> None:
        self.out.failures.append(Failure(reason, path, rule))

    # 1. Read

    def open(self, spec: PlanField, path: str, value: Any) -> Node:
        """Bring a field's value, and all inside it, to the schema's types."""
        if value is None:
            return Node(spec, path)
        if spec.of is not None:
            if not isinstance(value, list):
                return Node(spec, path, None, "type")
            return Node(spec, path, [self.open(spec.of, path, element) for element in value])
        if spec.fields:
            if not isinstance(value, dict):
                return Node(spec, path, None, "type")
            inside = {
                child.name: self.open(child, f"{path}.{child.name}", value.get(child.name))
                for child in spec.fields
            }
            return Node(spec, path, inside)
        if not isinstance(value, Scalar):
            return Node(spec, path, None, "type")
        return Node(spec, path, *read(value, spec.type, self.wire))

    # 2. Match: True, False, or None where it cannot be told

    def all_of(self, conditions: Iterable[PlanCondition], around: Any, above: str) -> bool | None:
        """Whether all conditions hold."""
        told = [self.test(condition, around, above)[0] for condition in conditions]
        return False if False in told else None if None in told else True

    def test(
        self, condition: PlanCondition, around: Any, above: str
    ) -> tuple[bool | None, Node | None]:
        """Whether a condition holds, and the tested leaf.

        Args:
            condition: null never matches; what could not be read might have matched.
            around: the nodes that the condition's path begins in, by name, or None.
            above: the path of what is around, with a dot, or empty.
        """
        node: Node | None = None
        lost = any(is_below(above + condition.field, mark) for mark in self.marks)
        for name in condition.field.split("."):
            node = None if around is None else around[name]
            lost = lost or (node is not None and bool(node.fault))
            around = None if node is None else node.value
        if lost:
            return None, node
        if node is None or node.value is None:
            return False, node
        return holds(node.value, condition.values, node.spec.type), node

    def fail_unread(self, conditions: Iterable[PlanCondition], around: Any, above: str) -> None:
        """Quarantine the record because of the conditions that cannot be told."""
        for condition in conditions:
            told, node = self.test(condition, around, above)
            if told is None:
                path = above + condition.field
                unreadable = node is not None and node.fault == "unreadable"
                self.fail("unreadable" if unreadable else "type", path, self.leaf_spec(path).type)

    def leaf_spec(self, path: str) -> PlanField:
        """The leaf at a path; of a list of plain values, the element."""
        return self.specs[path]

    def is_kept(self, leaves: Iterable[PlanLeaf]) -> bool:
        """Whether one of these leaves is kept in this record."""
        return any(self.when(leaf) for leaf in leaves)

    def when(self, leaf: PlanLeaf) -> bool | None:
        """Whether a leaf is kept: one of the alternatives holds, or there are none."""
        if not leaf.when:
            return True
        told = [self.all_of(conditions, self.top, "") for conditions in leaf.when]
        return True if True in told else None if None in told else False

    # 3. Judge

    def judge_release(self, release: PlanRelease) -> None:
        """Quarantine the record where what would be released is not as the schema says."""
        kept = {leaf.path: leaf for leaf in release.leaves}
        for leaf in release.leaves:
            if self.when(leaf) is None:
                for conditions in leaf.when:
                    if self.all_of(conditions, self.top, "") is None:
                        self.fail_unread(conditions, self.top, "")
        for mark in self.marks:
            if mark in self.specs and self.is_kept(
                leaf for path, leaf in kept.items() if is_below(path, mark)
            ):
                self.fail("type", mark, self.first_spec(mark).type)
        for node in self.top.values():
            self.judge_node(node, release, kept, None)
        if release.nir == "absent" and release.on_nir == "quarantine":
            for path, spec in self.specs.items():
                pseudonymized = path in kept and kept[path].pseudonym
                if STOPPING & set(spec.identifier) and not pseudonymized:
                    self.judge_dropped_identifier(path)

    def first_spec(self, path: str) -> PlanField:
        """The outermost field at a path: of a list the list, not its element."""
        return next(
            spec for top in self.plan.fields for at, spec in walk(top, top.name) if at == path
        )

    def judge_node(
        self,
        node: Node,
        release: PlanRelease,
        kept: Mapping[str, PlanLeaf],
        parent: Node | None,
    ) -> None:
        """Judge a field where it would be released, and what is inside it."""
        below = [leaf for path, leaf in kept.items() if is_below(path, node.path)]
        if not self.is_kept(below):
            return
        if node.fault:
            self.fail(node.fault, node.path, node.spec.type)
        elif node.value is None:
            if not node.spec.nullable:
                self.fail("null", node.path, "nullable: false")
        elif node.spec.of is not None:
            conditions = self.only(node, release)
            for element in node.value:
                told = self.all_of(conditions, element_fields(element), f"{node.path}.")
                if conditions and element.fault:
                    told = None
                if told is None:
                    self.fail_unread_element(conditions, element)
                if told:
                    self.judge_node(element, release, kept, node)
        elif node.spec.fields:
            for child in node.value.values():
                self.judge_node(child, release, kept, node)
        elif node.spec.identifier and not kept[node.path].redact:
            self.judge_identifier(node, kept[node.path])

    def fail_unread_element(self, conditions: Iterable[PlanCondition], element: Node) -> None:
        """Quarantine the record because it cannot be told whether an element is to be kept."""
        if not element.fault:
            self.fail_unread(conditions, element.value, f"{element.path}.")
            return
        for condition in conditions:
            path = f"{element.path}.{condition.field}"
            self.fail("type", path, self.leaf_spec(path).type)

    def only(self, node: Node, release: PlanRelease) -> tuple[PlanCondition, ...]:
        """What the elements of a list must fulfil; of a list of lists, those of the innermost."""
        assert node.spec.of is not None
        innermost = node.spec.of.of is None
        return dict(release.only).get(node.path, ()) if innermost else ()

    def judge_identifier(self, node: Node, leaf: PlanLeaf) -> None:
        """Quarantine the record if a kept or pseudonymized identifier is not well-formed."""
        kinds = node.spec.identifier
        text = digits_of(node.value)
        if has_wrong_key(text, kinds):
            self.fail("nir-key", node.path, f"identifier: {', '.join(kinds)}")
        elif canonical(text, kinds) is None:
            self.fail("nir-malformed", node.path, f"identifier: {', '.join(kinds)}")
        elif leaf.pseudonym and canonical(text, kinds_of_13(kinds)) is None:
            self.fail("nir-malformed", node.path, "pseudonymize: 13 characters")

    def judge_dropped_identifier(self, path: str) -> None:
        """Quarantine the record if there is a NIR in an identifier that is not released."""
        for node in self.nodes_at(path):
            if node.value is not None:
                kinds = kinds_of_13(node.spec.identifier)
                text = digits_of(node.value)
                if has_wrong_key(text, kinds) or canonical(text, kinds):
                    self.fail("on-nir", path, "on_nir: quarantine")
                    self.out.nir_received = True

    def nodes_at(self, path: str) -> Iterator[Node]:
        """The leaves at a path: in lists, one in each element."""
        waiting = list(self.top.values())
        while waiting:
            node = waiting.pop(0)
            if not is_below(path, node.path) or node.value is None:
                continue
            if node.spec.of is not None:
                waiting = [*node.value, *waiting]
            elif node.spec.fields:
                waiting = [*node.value.values(), *waiting]
            else:
                yield node

    # 4. Treat

    def treat_release(self, release: PlanRelease) -> dict[str, Any]:
        """The released fields of the record, in the schema's order."""
        kept = {leaf.path: leaf for leaf in release.leaves}
        return dict(
            self.treat(node, release, kept)
            for node in self.top.values()
            if any(is_below(path, node.path) for path in kept)
        )

    def treat(
        self, node: Node, release: PlanRelease, kept: Mapping[str, PlanLeaf]
    ) -> tuple[str, Any]:
        """The released name and value of a field."""
        own = kept.get(node.path)
        name = own.pseudonym if own and own.pseudonym else node.spec.name
        if node.value is None or (own and not self.when(own)):
            return name, None
        if node.spec.of is not None:
            conditions = self.only(node, release)
            return name, [
                self.treat(element, release, kept)[1]
                for element in node.value
                if not conditions
                or self.all_of(conditions, element_fields(element), f"{node.path}.")
            ]
        if node.spec.fields:
            return name, dict(
                self.treat(child, release, kept)
                for child in node.value.values()
                if any(is_below(path, child.path) for path in kept)
            )
        assert own is not None
        return name, self.treat_leaf(node, release, own)

    def treat_leaf(self, node: Node, release: PlanRelease, leaf: PlanLeaf) -> Scalar | None:
        """The released value of a leaf that is kept in this record."""
        value, kind = node.value, node.spec.type
        if leaf.pseudonym:
            body = canonical(digits_of(value), kinds_of_13(node.spec.identifier))
            return Scalar(PSEUDONYM, self.pseudonym(body, release, leaf)) if body else None
        if leaf.redact:
            value, hits = self.forms.redact(value)
            self.out.redacted[release.id, node.path] += hits
            if hits and release.nir == "absent":
                self.out.nir_received = True
                if release.on_nir == "quarantine":
                    self.fail("on-nir", node.path, "on_nir: quarantine")
        elif leaf.prefix:
            value = value[: leaf.prefix]
        elif leaf.to:
            first = first_day if kind_of(type_name(kind)) == "date" else first_moment
            value = first(value, leaf.to, kind)
        elif leaf.step:
            floor = floor_of(value, leaf.step)
            if floor is not None:
                value = typed(floor, kind)
                if value is None:
                    self.fail("type", node.path, f"generalize: step {leaf.step}")
                    return None
        return released(value, kind)

    def pseudonym(self, body: str, release: PlanRelease, leaf: PlanLeaf) -> bytes:
        """The keyed pseudonym of 13 canonical characters."""
        assert leaf.method is not None
        key = derive_key(self.root, self.plan.processing, release.item, 1, leaf.method)
        message = b"NIR" + body.encode()
        if leaf.method == "hmac-sha256":
            return hmac.digest(key, message, "sha256")[:16]
        mac = CMAC(AES256(key))
        mac.update(message)
        return mac.finalize()

    # 5. Gate

    def gate(self, release: PlanRelease) -> Iterator[Failure]:
        """The columns in which a released value still holds a NIR."""
        kept = {leaf.path: leaf for leaf in release.leaves}
        for node in self.top.values():
            own = kept.get(node.path)
            name = own.pseudonym if own and own.pseudonym else node.spec.name
            value = self.out.released[release.id].get(name)
            if self.leaks(node.spec, node.path, value, kept):
                yield Failure("nir-leak", node.path, "gate")

    def leaks(self, spec: PlanField, path: str, value: Any, kept: Mapping[str, PlanLeaf]) -> bool:
        """Whether a released value, or one inside it, holds a NIR; pseudonyms are none."""
        if value is None:
            return False
        if spec.of is not None:
            return any(self.leaks(spec.of, path, element, kept) for element in value)
        if spec.fields:
            return any(
                self.leaks(child, f"{path}.{child.name}", value.get(child.name), kept)
                for child in spec.fields
            )
        return not kept[path].pseudonym and self.forms.leaks(value, not_nir=spec.not_nir)


def element_fields(element: Node) -> Any:
    """The fields of a list's element, or None where there are none."""
    return element.value if isinstance(element.value, dict) else None


def floor_of(value: Any, step: int) -> Fraction | None:
    """The largest multiple of `step` that is not above the value; None for what is no number."""
    if isinstance(value, float) and value - value != 0:  # an infinity or NaN stays what it is
        return None
    return Fraction(Fraction(value) // step * step)


def digits_of(value: Any) -> str:
    """An identifier as text: a number by its digits, empty where it is no whole number.

    A key below 10 that comes as a number has lost its zero.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value - value != 0:
        return ""
    return f"{int(value):02}" if value == int(value) else ""


def kinds_of_13(kinds: Iterable[str]) -> set[str]:
    """The identifiers of which a pseudonym is made: those of 13 characters."""
    return STOPPING & set(kinds)


def has_wrong_key(text: str, kinds: Iterable[str]) -> bool:
    """Whether a text is a NIR or NIA of 15 characters but for its key."""
    if canonical(text, set(kinds)) is not None:
        return False
    keyed = {"nir", "nia"} & set(kinds)
    compact = "".join(
        text.translate(dict.fromkeys(map(ord, " \t\n\r\f.-\u00a0\u2007\u2009\u202f")))
    )
    return (
        len(compact) == 15
        and compact[13:].isascii()
        and compact[13:].isdigit()
        and canonical(compact[:13], keyed) is not None
    )
