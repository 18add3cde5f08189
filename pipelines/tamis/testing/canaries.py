"""Feeds in which all that a policy does not release is a canary, and all that it does is known.

A canary is a value that can be told wherever it turns up:

- text and bytes: `CANARY` and a number of its own;
- numbers: beyond every released one, with the bytes `ZZZ` (0x5A5A5A) in each encoding of Parquet,
  little-endian integers and floats as well as big-endian decimals;
- days: in the year 8672, their number 0x255A5A; moments in the year 7343, `ZZZ` in their bytes;
- NIRs of nobody, each another.

Values that are released hold `KEPT`, or are small, or fall on `KEPT_DAY`.
`Canaries.write` makes such feeds in the format of their schema; `assert_nothing_left` looks for the
canaries in whatever is left of them.
"""

import datetime
import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from tamis.documents.schema import FieldSpec, Schema
from tamis.documents.types import kind_of
from tamis.documents.xpaths import ITSELF, XmlPath
from tamis.formats.dsn.layout import AROUND_INDIVIDU, bloc_of
from tamis.plan.plan import Plan, PlanCondition, PlanLeaf, PlanRelease
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import left_out, make_nir, space_nir

KEPT_DAY = datetime.date(2023, 3, 4)
COARSE_DAY = datetime.date(2024, 5, 17)
"""The day of every date that is only released coarser."""

COARSE_NUMBER = Decimal("137.77")
LIMIT = 970
"""Released numbers are below, canaries above."""

CANARY_DAY = datetime.date.fromordinal(datetime.date(1970, 1, 1).toordinal() + 0x255A5A)
CANARY_BIRTH = datetime.date.fromordinal(datetime.date(1970, 1, 1).toordinal() - 0x6A5A6)
"""The day of births, which are not to come: its bytes are `ZZ` and 0xFFF9."""

CANARY_MOMENT = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=0x025A5A5A5A5A5A5A)
_UNSCALED = ((12, 0x5A5A5A5A5A), (9, 0x2A5A5A5A), (7, 0x5A5A5A), (5, 97777))


@dataclass
class Canaries:
    """Makes feeds of one schema in which all that is not released under one plan can be told.

    A value that another release keeps, and this one does not or otherwise, is no canary where the
    records may match that release as well.

    Args:
        schema: of the feed.
        plan: of a policy of that schema.
        release: of the plan, whose conditions records meet; by default the first.

    Attributes:
        kept: by path, what must be found where the record is released.
        nirs: the 13 characters of each NIR that must not be found.
        reasons: by reason, the records of `write` that come to quarantine.

    Example:
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("cpir-partage")
        >>> canaries = Canaries(schema, project.plan("cpir-partage"))
        >>> canaries.released(0)["dossier"], canaries.withheld()["dossier"]
        ('KEPT000002', 'CANARY000048')
    """

    schema: Schema
    plan: Plan
    release: PlanRelease = None  # type: ignore[assignment]  # by default the plan's first
    kept: dict[str, set[Any]] = field(default_factory=dict)
    nirs: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    _number: int = 0
    _around: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.release = self.release or self.plan.releases[0]
        self.leaves = self.schema.leaves()
        self.keeps: dict[str, PlanLeaf] = {leaf.path: leaf for leaf in self.release.leaves}
        self.identifiers = [path for path in self.keeps if self.leaves[path].spec.identifier]
        self.where = {test.field: list(test.values) for test in self.release.where if test.values}
        self.present = {
            test.field
            for release in self.plan.releases
            for test in release.where
            if not test.values
        }
        self.only = {
            f"{path}.{condition.field}": list(condition.values)
            for path, conditions in self.release.only
            for condition in conditions
        }
        self.filtered = {path for path, _ in self.release.only}
        self.whens: dict[str, list[Any]] = {}
        for leaf in self.release.leaves:
            for alternative in leaf.when:
                for test in alternative:
                    self.whens.setdefault(test.field, []).extend(test.values)
        self.plain = {
            leaf.path
            for release in self.plan.releases
            if release is not self.release and self._may_match(release)
            for leaf in release.leaves
            if _treatment(self.keeps.get(leaf.path)) != _treatment(leaf)
        }

    def _may_match(self, release: PlanRelease) -> bool:
        """Whether records that match this release may match another one."""
        for test in release.where:
            known = self.where.get(test.field, self.whens.get(test.field))
            if test.values and (known is None or not set(known) & set(test.values)):
                return False
        return True

    @property
    def strips(self) -> bool:
        """Whether a NIR in the record lets it pass."""
        return self.release.nir != "absent" or self.release.on_nir == "strip"

    def write(self, folder: Path, released: int = 6, withheld: int = 2) -> list[Path]:
        """Write records that are released, withheld and quarantined, in the schema's format.

        Args:
            folder: where; the file is called as the policy is.
            released: records that the release lets pass.
            withheld: records that no release's conditions match, where each release has some.

        Returns:
            The inputs: a file, of a DSN two.
        """
        name = self.schema.format.name
        feed = folder / f"{self.plan.policy}.{name}"
        passing = [self.released(number) for number in range(released)]
        held = [self.withheld() for _ in range(withheld)] if self.withholds else []
        quarantined = list(self.quarantined())
        spoilt = [record for _reason, record in quarantined]
        self.reasons = Counter(reason for reason, _record in quarantined)
        is_whole = self.schema.format.whole_file is not None  # one breach would stop all records
        extra = {} if is_whole else {"colonne_inconnue": self.text()}
        if name == "dsn":
            write_feed(passing + spoilt, self.schema, feed, extra=self.around(True))
            others = folder / "withheld.dsn"
            write_feed(held, self.schema, others, extra=self.around(False))
            return [feed, others]
        if name == "xml":  # what stands around the records is that of the first
            write_feed([*passing, *held, *spoilt], self.schema, feed, extra=extra)
            return [feed]
        write_feed([*held, *passing, *spoilt], self.schema, feed, extra=extra)
        if name in ("csv", "jsonl") and not is_whole:
            wrong = '{"nom": "CANARY' if name == "jsonl" else ";".join(["CANARY"] * 99)
            with feed.open("a", encoding="utf-8") as stream:
                stream.write(wrong + "\n")
            self.reasons["unreadable"] += 1
        return [feed]

    @property
    def withholds(self) -> bool:
        """Whether there are records that no release's conditions match.

        In XML, where what stands around the records is that of the first, conditions on it do not
        tell them apart.
        """
        is_xml = self.schema.format.name == "xml"
        return all(
            any(not (is_xml and self.is_around(test.field)) for test in release.where)
            for release in self.plan.releases
            if release is self.release or self._may_match(release)
        )

    def released(self, number: int) -> dict[str, Any]:
        """A record that is released; `number` varies what its `when` conditions say."""
        return _Record(self, number, keeps=True).make()

    def withheld(self) -> dict[str, Any]:
        """A record that no release's conditions match; every leaf is a canary."""
        return _Record(self, 0, keeps=False, matches=False).make()

    def quarantined(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Records that cannot be judged safely, each with its reason; every leaf is a canary."""
        form = self.schema.format.name
        if self.identifiers:
            yield "nir-malformed", self._spoilt(self.identifiers[0], self.text())
            if form != "dsn":
                nir = self.nir()
                wrong = f"{nir[:13]}{int(nir[13:]) % 97 + 1:02d}"
                yield "nir-key", self._spoilt(self.identifiers[0], wrong)
        typed = [
            path
            for path in self.keeps
            if self.leaves[path].kind != "string" and not self.is_around(path)
        ]
        if form in ("csv", "jsonl", "dsn") and typed:
            yield "type", self._spoilt(typed[0], self.text())
        due = [
            path
            for path, leaf in self.leaves.items()
            if path in self.keeps and not leaf.nullable and not self.is_around(path)
        ]
        if due:
            yield "null", self._spoilt(due[0], None)
        if self.release.nir == "absent":
            texts = (
                path
                for path, leaf in self.keeps.items()
                if self.leaves[path].kind == "string"
                and not (leaf.redact or leaf.prefix or leaf.pseudonym)
            )
            for text in islice(texts, 1):
                spaced = space_nir(self.nir())
                yield "nir-leak", self._spoilt(text, f"n° de sécurité sociale {spaced}")
        unwanted = [path for path, leaf in self.leaves.items() if leaf.spec.identifier]
        if unwanted and not self.strips:
            yield "on-nir", self._spoilt(unwanted[0], self.nir())

    def around(self, released: bool) -> dict[str, str]:
        """Canaries by rubrique for what stands around the individus of a DSN.

        Args:
            released: whether what the policy keeps or tests is to stay as it is.
        """
        values = {"S21.G00.30.099": self.text()}
        for path, leaf in self.leaves.items():
            for rubrique in (leaf.spec.rubrique or "").split("+"):
                if bloc_of(rubrique) in AROUND_INDIVIDU:
                    used = path in self.keeps or path in self.where
                    if not (used and released):
                        values[rubrique] = self.text()
        return values

    def text(self) -> str:
        """A new canary."""
        self._number += 1
        return f"CANARY{self._number:06d}"

    def nir(self) -> str:
        """A new NIR with its key, which must not be found."""
        nir = make_nir(self._chance)
        self.nirs.add(nir[:13])
        return nir

    def canary(self, path: str, spec: FieldSpec) -> Any:
        """A canary for a leaf."""
        kind = kind_of(spec.type)
        if spec.identifier and spec.identifier[0] == "nir" and self.strips:
            nir = self.nir()
            return nir[:13] if self.schema.format.name == "dsn" else nir
        if kind == "string":
            return self.text()
        if kind == "binary":
            return self.text().encode()
        if kind == "integer":
            return 0x5A5A5A5A5A5A5A5A & (1 << int(spec.type.removeprefix("int")) - 1) - 1
        if kind == "float":
            return struct.unpack("<d", b"Z" * 8)[0]
        if kind == "decimal":
            precision, scale = map(int, spec.type.partition("(")[2].rstrip(")").split(","))
            unscaled = next(value for digits, value in _UNSCALED if precision >= digits)
            return Decimal(unscaled).scaleb(-scale)
        if kind == "date":
            return CANARY_BIRTH if spec.nir_part == "birth" else CANARY_DAY
        if kind == "timestamp":
            zone = datetime.UTC if "tz=" in spec.type else None
            return CANARY_MOMENT.replace(tzinfo=zone)
        return None

    def is_around(self, path: str) -> bool:
        """Whether a leaf stands around the records of its file, the same for all."""
        options, spec = self.schema.format.xml, self.leaves[path].spec
        if options is None:
            return bloc_of(spec.rubrique or "") in AROUND_INDIVIDU
        at, top = ITSELF, self.schema.fields
        for name in path.split("."):
            at = at.inside(options.path(top[name].xpath or name))
            top = top[name].fields or {}
        return at.absolute

    def value(self, path: str, spec: FieldSpec) -> Any:
        """A value for a leaf that is released, and a note of what is released of it."""
        if self.schema.format.name == "xml" and self.is_around(path):
            if path not in self._around:
                self._around[path] = self._value(path, spec)
            return self._around[path]
        return self._value(path, spec)

    def _value(self, path: str, spec: FieldSpec) -> Any:
        leaf, kind = self.keeps[path], kind_of(spec.type)
        self._number += 1
        value: Any
        shown: Any
        if leaf.pseudonym:
            return self.nir()
        if spec.identifier:
            nir = make_nir(self._chance, with_key=self.schema.format.name != "dsn")
            value = shown = nir
        elif leaf.prefix:
            shown = "75"[: leaf.prefix]
            value = f"75{self.text()}"
        elif leaf.redact:
            shown = f"KEPT{self._number:06d}, NIR [NIR]"
            value = shown.replace("[NIR]", space_nir(self.nir()))
        elif kind == "string":
            value = shown = f"KEPT{self._number:06d}"
        elif kind == "date":
            value = shown = KEPT_DAY
            if leaf.to:
                value = COARSE_DAY
                first = {"month": value.month, "quarter": (value.month - 1) // 3 * 3 + 1}
                shown = value.replace(day=1, month=first.get(leaf.to, 1))
        elif kind == "decimal":
            value = shown = Decimal("12.50")
            if leaf.step:
                value, shown = COARSE_NUMBER, COARSE_NUMBER // leaf.step * leaf.step
        elif kind == "integer":
            value = shown = 17
        elif kind == "timestamp":
            value = shown = datetime.datetime.combine(KEPT_DAY, datetime.time(), datetime.UTC)
        elif kind == "float":
            value = shown = 12.5
        else:
            value = shown = True
        self.kept.setdefault(path, set()).add(shown)
        return value

    def plain_value(self, spec: FieldSpec) -> Any:
        """A value for a leaf that is released by one release and not, or otherwise, by another."""
        self._number += 1
        if spec.identifier:
            nir = make_nir(self._chance)
            return nir[:13] if self.schema.format.name == "dsn" else nir
        kind = kind_of(spec.type)
        plain: dict[str | None, Any] = {"string": f"KEPT{self._number:06d}", "integer": 17}
        plain |= {"decimal": Decimal("12.50"), "float": 12.5, "date": KEPT_DAY, "bool": True}
        return plain.get(kind)

    def _spoilt(self, path: str, value: Any) -> dict[str, Any]:
        """A record of canaries that would be released, but for `value` at `path`."""
        return _Record(self, 0, keeps=False, spoilt=(path, value)).make()


@dataclass
class _Record:
    """One record in the making."""

    canaries: Canaries
    number: int
    keeps: bool
    matches: bool = True
    spoilt: tuple[str, Any] = ("", None)

    def make(self) -> dict[str, Any]:
        canaries = self.canaries
        self.picked = {path: self._pick(path, options) for path, options in canaries.whens.items()}
        fields = canaries.schema.fields
        self.left = left_out(canaries.schema, self._choose)
        return {name: self._node(field, name, self.matches) for name, field in fields.items()}

    def _pick(self, path: str, options: list[Any]) -> Any:
        """What the field of a `when` says in this record."""
        kind = self.canaries.leaves[path].kind
        others = [True, False] if kind == "bool" else [*options, self.canaries.text()]
        allowed = self.canaries.where.get(path) or others
        return allowed[self.number % len(allowed)]

    def _choose(self, paths: Sequence[XmlPath]) -> XmlPath:
        """One of a choice by the record's number; that of a spoilt identifier is the last."""
        return paths[
            -1 if self.spoilt[0] in self.canaries.identifiers else self.number % len(paths)
        ]

    def _node(self, spec: FieldSpec, path: str, alive: bool) -> Any:
        if path in self.left:
            return None
        if spec.of is not None:
            filtered = path in self.canaries.filtered
            lives = (alive, False, alive) if filtered else (alive, alive)
            return [self._node(spec.of, path, live) for live in lives]
        if spec.fields is not None:
            return {
                name: self._node(field, f"{path}.{name}", alive)
                for name, field in spec.fields.items()
            }
        return self._leaf(spec, path, alive)

    def _leaf(self, spec: FieldSpec, path: str, alive: bool) -> Any:
        canaries = self.canaries
        if path == self.spoilt[0] and alive:
            return self.spoilt[1]
        tested = canaries.only.get(path) or canaries.where.get(path)
        if path in self.picked and alive:
            leaf = canaries.keeps.get(path)
            if leaf is not None and self.keeps and self._is_kept(leaf):
                canaries.kept.setdefault(path, set()).add(self.picked[path])
            return self.picked[path]
        if path in canaries.present and not alive:
            return None
        if tested is not None and alive:
            if path in canaries.keeps and self.keeps:
                canaries.kept.setdefault(path, set()).add(tested[0])
            return tested[0]
        if tested is not None and kind_of(spec.type) == "bool":
            return not tested[0]
        leaf = canaries.keeps.get(path)
        if path in canaries.plain and self.keeps:
            return canaries.plain_value(spec)
        if leaf is None or not alive:
            if spec.identifier and not canaries.strips:
                return None
            return canaries.canary(path, spec)
        if not self.keeps:
            if spec.identifier:
                nir = canaries.nir()
                return nir[:13] if canaries.schema.format.name == "dsn" else nir
            return canaries.canary(path, spec)
        if not self._is_kept(leaf):
            return canaries.canary(path, spec)
        if canaries.schema.format.name == "dsn" and canaries.is_around(path):
            return None
        return canaries.value(path, spec)

    def _is_kept(self, leaf: PlanLeaf) -> bool:
        return not leaf.when or any(all(map(self._holds, tests)) for tests in leaf.when)

    def _holds(self, condition: PlanCondition) -> bool:
        return self.picked[condition.field] in condition.values


def _treatment(leaf: PlanLeaf | None) -> tuple[Any, ...]:
    """What a release does with a value, as far as another one may show it."""
    if leaf is None:
        return ()
    treatment = (leaf.canonical, leaf.pseudonym is None, leaf.to, leaf.step, leaf.prefix)
    return (*treatment, leaf.redact, leaf.when)
