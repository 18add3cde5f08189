"""The plan: policy, schema and law of one day, compiled to a pure value.

The plan is the only thing that is sent to workers.
It holds what its releases use and nothing else: no key, no value, no field that is not read.
Its digest is over its canonical JSON, which leaves out the day, `valid_until`, the policy file's
digest and the fates of fields that are not read: the same rules have the same digest on any day.
"""

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tamis.documents.exceptions import LastingException
from tamis.documents.feed_format import Format, JsonlOptions
from tamis.documents.law import ITEMS_ARTICLE, Attested, Nir, Origin, Status, article_of
from tamis.documents.names import NirPart
from tamis.documents.policy import Direction, Method, RiskBound
from tamis.documents.schema import NIR_SHAPED, Identifier, Identifies
from tamis.documents.tags import TAGS
from tamis.language import N_

if TYPE_CHECKING:
    import pyarrow as pa

Fate = Literal["kept", "pseudonymized", "generalized", "redacted", "stripped", "dropped"]

STOPPING_IDENTIFIERS = NIR_SHAPED
"""Identifiers that stop a record under `on_nir: quarantine`."""

_SHOWN_VALUES = 12

Value = str | bool | int | float | datetime.date


@dataclass(frozen=True)
class PlanField:
    """A field of the projected schema: a leaf, a `list` with `of`, or a `struct` with `fields`.

    Attributes:
        type: the Arrow type by its Arrow name, `list` or `struct`.
        not_nir: whether the schema declares that the column holds no NIR.
        pattern, check: what each of its values must then match or have.
        others: as the schema says (`tamis.documents.schema.FieldSpec`).

    Example:
        >>> field = PlanField("contrats", "list", of=PlanField("item", "date32"))
        >>> field.of.type
        'date32'
    """

    name: str
    type: str
    nullable: bool = True
    of: "PlanField | None" = None
    fields: tuple["PlanField", ...] = ()
    identifier: tuple[Identifier, ...] = ()
    nir_part: NirPart | None = None
    free_text: bool = False
    not_nir: bool = False
    pattern: str | None = None
    check: Literal["luhn", "iban"] | None = None
    column: str | None = None
    rubrique: str | None = None
    bloc: str | None = None
    xpath: str | None = None

    @property
    def source_name(self) -> str:
        """The name that the source gives the field.

        Example:
            >>> PlanField("ville", "string", column="adresse.ville").source_name
            'adresse.ville'
        """
        return self.name if self.column is None else self.column

    def walk(self, at: str = "") -> Iterator[tuple[str, "PlanField"]]:
        """Yield this field and all inside it, outermost first, each with its path.

        A list and its element have the same path: that by which policies name them.

        Args:
            at: the path of this field; by default its name.

        Example:
            >>> contract = PlanField("item", "struct", fields=(PlanField("debut", "date32"),))
            >>> [path for path, _field in PlanField("contrats", "list", of=contract).walk()]
            ['contrats', 'contrats', 'contrats.debut']
        """
        path = at or self.name
        yield path, self
        if self.of is not None:
            yield from self.of.walk(path)
        for child in self.fields:
            yield from child.walk(f"{path}.{child.name}")

    def leaves(self, at: str = "") -> Iterator[tuple[str, "PlanField"]]:
        """Yield what `walk(at)` yields, without lists and structs: the fields that hold values."""
        for path, node in self.walk(at):
            if node.of is None and not node.fields:
                yield path, node

    def find(self, path: str) -> "PlanField | None":
        """Return the innermost field at `path`: not a list, but its element; None if there is none.

        Example:
            >>> PlanField("codes", "list", of=PlanField("item", "string")).find("codes").type
            'string'
        """
        return dict(self.walk()).get(path)


NOT_PRESENT = N_("{field} not present")
NOT_IN = N_("{field} not in {values}")
NOT_IN_MANY = N_("{field} not in {values} and {more} more")
LIMITED = N_("the person is limited (RGPD art. 18)")
OR_LIMITED = N_("{condition}; or, for fewer than 5 records, the person is limited")
"""Of records of limited persons, which are told apart from 5 on."""

UNMET = (LIMITED, NOT_PRESENT, NOT_IN_MANY, NOT_IN)
"""What plans and receipts say of a condition that a record does not meet."""


@dataclass(frozen=True)
class PlanCondition:
    """The value at `field` is one of `values`, any if there are none; null never matches.

    Example:
        >>> PlanCondition("nature", ("CPF", "DIFEL"), "…").unmet
        'nature not in CPF, DIFEL'
    """

    field: str
    values: tuple[Value, ...]
    because: str

    @property
    def unmet(self) -> str:
        """What holds where the condition does not, with its first values as the policy has them."""
        if not self.values:
            return NOT_PRESENT.format(field=self.field)
        first = ", ".join(map(str, self.values[:_SHOWN_VALUES]))
        more = len(self.values) - _SHOWN_VALUES
        message = NOT_IN if more <= 0 else NOT_IN_MANY
        return message.format(field=self.field, values=first, more=more)


@dataclass(frozen=True)
class PlanLeaf:
    """A leaf that a release keeps.

    Attributes:
        path: in the schema.
        fate: `kept`, `pseudonymized`, `generalized` or `redacted`.
        because: the needs that keep it.
        when: alternatives, each a conjunction; the value is kept if any holds, else it is null.
            Empty: always kept.
        canonical: the width of the one form in which an identifier is kept; None as it comes.
        pseudonym: the output's name, where pseudonymized; it takes the field's place.
        pseudonym_kind: what number it is made of (`dossier`); None for a NIR.
        method: of the pseudonym.
        to, step, prefix: of the generalization.
        redact: whether NIRs in the text are replaced.
        identifies: what the value tells of a person, as it is released. It decides about no value
            and does not stand in the digest.
    """

    path: str
    fate: Fate
    because: tuple[str, ...]
    when: tuple[tuple[PlanCondition, ...], ...] = ()
    canonical: Literal[13, 15] | None = None
    pseudonym: str | None = None
    pseudonym_kind: str | None = None
    method: Method | None = None
    to: Literal["year", "quarter", "month"] | None = None
    step: int | None = None
    prefix: int | None = None
    redact: bool = False
    identifies: Identifies = "quasi"

    @property
    def released_path(self) -> str:
        """Where it stands in the released schema: `a.nir` at `a.p` as the pseudonym `p`."""
        above, dot, name = self.path.rpartition(".")
        return above + dot + (self.pseudonym or name)


@dataclass(frozen=True)
class PlanRisk:
    """The share of persons in groups of fewer than `k` must be below `below`, a percentage.

    Example:
        >>> PlanRisk(11, "1%").share
        0.01
    """

    k: int
    below: str

    @property
    def share(self) -> float:
        """The share that must not be reached."""
        return float(Decimal(self.below.removesuffix("%")) / 100)


USUAL_RISK = PlanRisk(RiskBound().k, RiskBound().below)
"""The bound where the policy writes none: so many must be alike."""

_BOUNDED_ITEM = f"{ITEMS_ARTICLE}.III.2"


@dataclass(frozen=True)
class PlanLimited:
    """By what records of limited persons are known, where the project has a list of them.

    Attributes:
        fields: paths of the identifiers that are looked up; none where the schema has none.
        file: of the list. It decides no value and does not stand in the digest.
    """

    fields: tuple[str, ...]
    file: str = ""


@dataclass(frozen=True)
class PlanRelease:
    """One release in force, and what it needs of a record.

    Attributes:
        nir: `absent` under paragraph III: no NIR passes. `carried`: only what is declared to hold
            one may.
        on_nir: under `absent`, whether a NIR in the record strips or quarantines.
        where: all must hold, or the record is not released here.
        only: by list path, what an element must fulfil to stay; conditions' fields are
            relative to the list.
        leaves: in the schema's order.
        to_confirm: what it rests on that nobody answers for yet, in words.
        retention: the rule of R. 6323-39 that the policy names, by its id.
        risk: the bound that the policy writes, or None.
        min_unit: rows that a stream commits at once, at least; None where the policy names none.
        withholds_limited: whether records of limited persons are withheld from it.

    Example:
        >>> from tamis.plan.project import load_project
        >>> release = load_project("cpf").plan("cpir-partage", on="2026-01-01").releases[0]
        >>> release.id, release.item
        ('partage', 'R6323-37.I.3')
    """

    id: str
    item: str
    purpose: str
    nir: Nir
    attested: Attested
    on_nir: Literal["strip", "quarantine"]
    where: tuple[PlanCondition, ...]
    only: tuple[tuple[str, tuple[PlanCondition, ...]], ...]
    leaves: tuple[PlanLeaf, ...]
    to_confirm: tuple[str, ...] = ()
    retention: str | None = None
    risk: PlanRisk | None = None
    min_unit: int | None = None
    withholds_limited: bool = False

    @property
    def risk_bound(self) -> PlanRisk | None:
        """The bound on its risk: as the policy writes it, by default the usual one under III 2°."""
        return self.risk or (USUAL_RISK if self.item == _BOUNDED_ITEM else None)

    @property
    def status(self) -> Status:
        """`to-confirm` where something that the release rests on is not confirmed."""
        return "to-confirm" if self.to_confirm else "confirmed"


@dataclass(frozen=True)
class PlanApproval:
    """What is known of a policy's approval on the plan's day.

    Attributes:
        required: whether the project refuses a run without.
        problem: why no approval covers the plan, in words; empty where one does.
        opinion, by, role, until: of the approval, where there is one.
    """

    required: bool
    problem: str = ""
    opinion: str = ""
    by: str = ""
    role: str = ""
    until: datetime.date | None = None


@dataclass(frozen=True, repr=False)
class Plan:
    """What becomes of each record of one feed on one day: a pure value, compiled from documents.

    It is valid from its day until `valid_until`, the next date on which any of it changes.

    Attributes:
        fields: the projection of the schema: what some release keeps or tests, in its order.
        known: the source's names of all top-level fields of the schema, so that drift can be told.
        required: those of them that an input must have.
        law: version in force of each article, by article.
        law_origin: whether the articles are those that come with Tamis.
        fates: by release, every field of the schema: its fate and the reason.
        exceptions: what the project allows for the policy lastingly.
        approval: who agreed to what is released, as far as it covers the plan.
        limited: how limited persons are known, where some release withholds their records.
        valid_until: first day on which any of this changes, or None.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> plan.processing, plan.needs_keys
        ('cpir-si-national-commun', False)
    """

    policy: str
    schema: str
    format: Format
    processing: str
    carries_nir: bool | Literal["unknown"]
    direction: Direction
    law: Mapping[str, str]
    fields: tuple[PlanField, ...]
    releases: tuple[PlanRelease, ...]
    known: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    law_origin: Origin = "bundled"
    exceptions: tuple[LastingException, ...] = ()
    approval: "PlanApproval | None" = None
    limited: PlanLimited | None = None
    fates: Mapping[str, Mapping[str, tuple[Fate, str]]] = field(default_factory=dict, repr=False)
    policy_sha256: str = ""
    day: datetime.date = datetime.date.min
    valid_until: datetime.date | None = None

    def __hash__(self) -> int:
        return hash(self.sha256)

    def canonical_json(self) -> str:
        """Return the rules as JSON: sorted keys, no spaces, without day, digests and fates.

        How far the law was read and confirmed is left out too: it decides no value.
        """
        rules = asdict(self)
        for name in _NO_RULES:
            del rules[name]
        for release in rules["releases"]:
            del release["to_confirm"]
            for leaf in release["leaves"]:
                del leaf["identifies"]
        if not self.required:  # what has no such rule keeps the digest that it always had
            del rules["required"]
        if self.limited is not None:
            del rules["limited"]["file"]
        rules["format"] = self.format.model_dump()
        dates = self.format.csv.dates  # one pattern stands by itself, as when there was but one
        rules["format"]["csv"]["dates"] = dates if len(dates) > 1 else next(iter(dates), None)
        if self.format.jsonl == JsonlOptions():
            del rules["format"]["jsonl"]  # as in plans that knew no such options
        rules["law"] = dict(self.law)
        return json.dumps(
            _without_later(rules),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            default=_as_json,
        )

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @property
    def arrow_schema(self) -> "pa.Schema":
        """What an input must look like: the columns that the plan reads, in the schema's types.

        Other types that can stand for them, text among them, are read as well; a column that is
        missing is null, and one more is not looked at.

        Example:
            >>> from tamis.plan.project import load_project
            >>> load_project("cpf").plan("cpir-partage", on="2026-01-01").arrow_schema.names[:2]
            ['dossier', 'decision']
        """
        from tamis.plan.schemas import input_schema

        return input_schema(self)

    def released_schema(self, release: str) -> "pa.Schema":
        """The Arrow schema of what is released under the id `release`: kept fields, then tags.

        Raises:
            UsageError: the plan has no such release; the message names those it has.

        Example:
            >>> from tamis.plan.project import load_project
            >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
            >>> plan.released_schema("partage").names[-1]
            'legal_retention'
        """
        from tamis.plan.by_release import ByRelease
        from tamis.plan.schemas import released_schema

        return released_schema(
            self, ByRelease({known.id: known for known in self.releases})[release]
        )

    def __repr__(self) -> str:
        """The policy, its day and digest, and the ids of its releases."""
        releases = ", ".join(release.id for release in self.releases)
        return f"Plan({self.policy} on {self.day}, {self.sha256[:12]}: {releases})"

    @property
    def asks_list(self) -> bool:
        """Whether persons are looked up in the project's list of those who are limited."""
        return self.limited is not None and bool(self.limited.fields)

    def leaves(self) -> dict[str, PlanField]:
        """Return the leaves that some release keeps or tests, by path, in the schema's order."""
        return {path: leaf for field in self.fields for path, leaf in field.leaves()}

    def hides_order(self, release: PlanRelease) -> bool:
        """Whether rows of `release` must not tell the order in which they were read.

        They leave the store under paragraph III: two partners could join what they were given.
        """
        return self.direction == "out-of-store" and release.nir == "absent"

    @property
    def needs_keys(self) -> bool:
        """Whether some release replaces an identifier by a keyed pseudonym."""
        return any(leaf.pseudonym for release in self.releases for leaf in release.leaves)

    def tags(self, release: PlanRelease, run: str) -> dict[str, str | None]:
        """Return the tag columns of `release` in the run `run`: each name with its constant."""
        values = (
            release.item,
            release.purpose,
            self.law[article_of(release.item)],
            self.processing,
            release.attested,
            f"{self.policy}@{self.sha256[:12]}",
            run,
            self.law_origin,
            release.status,
            release.retention,
        )
        return dict(zip(TAGS, values, strict=True))

    def headers(self, release: PlanRelease, run: str) -> dict[str, str]:
        """Return the tags of a message of `release` in the stream `run`: those not null."""
        return {name: value for name, value in self.tags(release, run).items() if value is not None}


_NO_RULES = (
    *("known", "fates", "policy_sha256", "day", "valid_until", "law_origin"),
    *("exceptions", "approval"),
)
"""Attributes of a plan that stand in no digest: they decide no value."""

_LATER = frozenset(
    {"canonical", "column", "thousands", "currency", "century_from", "nulls"}
    | {"escape", "skip", "footer", "header", "retention", "risk", "pattern", "check"}
    | {"pseudonym_kind", "min_unit", "xml", "xpath", "lists", "whole_file", "spreadsheet"}
    | {"limited", "withholds_limited", "text_formulas"}
)
"""Keys that documents did not have at first: they stand in the digest where they say something, so
that plans of documents without them keep theirs."""


def _without_later(rules: Any) -> Any:
    if isinstance(rules, dict):
        former = {"quasi_identifier": False} if "nir_part" in rules else {}  # in fields, at first
        return former | {
            key: _without_later(value)
            for key, value in rules.items()
            if key not in _LATER or value not in (None, False, (), "")
        }
    if isinstance(rules, list | tuple):
        return [_without_later(value) for value in rules]
    return rules


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
