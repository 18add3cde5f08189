"""What releases stand on, compared: articles and register on every day, schemas field by field.

None of it releases anything by itself. Where it lets a policy pass that was refused, or takes that
away, the diff tells it of the policy too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tamis.diff.change import Change, Days, Risk, join_days
from tamis.diff.disclosure import Side
from tamis.documents.calendar import law_on
from tamis.documents.positions import Path_, Source
from tamis.documents.schema import Leaf, Schema
from tamis.errors import Problem

_WORDED = {"subject", "wording", "name", "source", "version", "subjects"}
"""Attributes that decide nothing in Tamis."""


@dataclass(frozen=True)
class Fact:
    """A thing of the documents on a day, and what they say of it.

    Attributes:
        kind: of a change of it.
        said: its attributes, in words.
        places: of the attributes that stand elsewhere than the thing itself.
    """

    kind: str
    said: Mapping[str, str]
    source: Source
    place: Path_
    places: Mapping[str, Path_] = field(default_factory=dict)

    def problem(self, text: str, attribute: str = "") -> Problem:
        """`text` where the attribute, or the thing itself, stands."""
        path = self.places.get(attribute, (*self.place, attribute) if attribute else self.place)
        return self.source.problem(path, text)


Facts = Mapping[str, Fact]
"""Facts by what they are of, in words."""


def compare_law(old: Side, new: Side, pieces: Iterable[Days]) -> list[Change]:
    """Changes of articles and register entries, each with its days."""
    pieces = list(pieces)
    dated = [(piece, _law_facts(old, piece), _law_facts(new, piece)) for piece in pieces]
    processings = ((), _processings(old), _processings(new))
    return [*_compare(dated), *_compare([processings])]


def compare_schemas(
    old: Side, new: Side, used: Mapping[str, set[str]], pairs: Mapping[str, str]
) -> list[Change]:
    """Changes of schemas that both projects have, and schemas that one has alone.

    Args:
        used: by new name of the schema, the fields that some release of either keeps or tests.
        pairs: the new name of each old schema.
    """
    found: list[Change] = []
    for name, (_, source) in old.schemas.items():
        if name not in pairs:
            problem = source.problem(("schema",), f"schema `{name}` is gone")
            found.append(Change("schema", "none", Risk.WORDING, problem))
    names = {now: then for then, now in pairs.items()}
    for name, (schema, source) in new.schemas.items():
        if name not in names:
            problem = source.problem(("schema",), f"schema `{name}` is new")
            found.append(Change("schema", "none", Risk.WORDING, problem))
            continue
        before = old.schemas[names[name]][0]
        if names[name] != name:
            text = f"schema `{names[name]}` is called `{name}` now"
            problem = source.problem(("schema",), text)
            found.append(Change("renamed", "none", Risk.WORDING, problem))
        if before.format != schema.format:
            problem = source.problem(("format",), "the feed is written otherwise", key=True)
            found.append(Change("schema", "none", Risk.GROUND, problem))
        facts = [_fields(side.schemas[one]) for side, one in ((old, names[name]), (new, name))]
        for change in _compare([((), facts[0], facts[1])]):
            risk = Risk.GROUND if set(change.fields) & used.get(name, set()) else Risk.WORDING
            found.append(Change(change.kind, "none", risk, change.problem, fields=change.fields))
    return found


def _compare(dated: Iterable[tuple[Days | tuple[()], Facts, Facts]]) -> Iterator[Change]:
    """One change for each attribute that differs, with the days on which it does so."""
    dated = list(dated)
    known: tuple[set[str], set[str]] = (set(), set())
    for _, old, new in dated:
        known[0].update(old)
        known[1].update(new)
    found: dict[tuple[str, Risk, Problem, str], list[Days]] = {}
    for days, old, new in dated:
        for name in dict.fromkeys((*old, *new)):
            for key in _differences(name, old.get(name), new.get(name), known):
                spans = found.setdefault(key, [])
                if isinstance(days, Days):
                    spans.append(days)
    for (kind, risk, problem, name), spans in found.items():
        fields = (name[1:-1],) if kind == "schema" else ()
        yield Change(kind, "none", risk, problem, fields=fields, days=join_days(spans))


def _differences(
    name: str, old: Fact | None, new: Fact | None, known: tuple[set[str], set[str]]
) -> Iterator[tuple[str, Risk, Problem, str]]:
    if old is None and new is not None:
        text = "in force on more days" if name in known[0] else "new"
        yield new.kind, Risk.GROUND, new.problem(f"{name}: {text}"), name
    elif old is not None and new is None:
        text = "in force on fewer days" if name in known[1] else "gone"
        yield old.kind, Risk.GROUND, old.problem(f"{name}: {text}"), name
    elif old is not None and new is not None:
        for attribute in dict.fromkeys((*old.said, *new.said)):
            then, now = old.said.get(attribute, ""), new.said.get(attribute, "")
            if then != now:
                text = f"{name}: {attribute} {now or 'none'}, was {then or 'none'}"
                kind = attribute if attribute == "attested" else new.kind
                kind = "nir-regime" if attribute in ("nir", "carries_nir") else kind
                risk = Risk.WORDING if attribute in _WORDED else Risk.GROUND
                yield kind, risk, new.problem(text, attribute), name


def _law_facts(side: Side, days: Days) -> dict[str, Fact]:
    law = law_on(side.law, days.from_)
    found: dict[str, Fact] = {}
    for article, version in law.versions.items():
        source = side.law.sources[article]
        place: Path_ = ("versions", side.law[article].versions.index(version))
        found[f"article {article}"] = Fact(
            "law", {"version": version.id}, source, place, {"version": (*place, "id")}
        )
        for key, item in version.items.items():
            said = {
                "relation": item.relation,
                "nir": item.nir,
                "purposes": ", ".join(sorted(item.purposes)),
                "purposes_link": item.purposes_link,
                "subject": item.subject,
            }
            found[f"item {article}.{key}"] = Fact("law", said, source, (*place, "items", key))
        for key, purpose in version.purposes.items():
            found[f"purpose {article}.{key}"] = Fact(
                "law", {"subject": purpose.subject}, source, (*place, "purposes", key)
            )
        for key, category in version.categories.items():
            said = {
                "purposes": ", ".join(sorted(category.purposes)),
                "purposes_link": category.purposes_link,
                "subjects": ", ".join(sorted(category.subjects)),
                "wording": category.wording,
            }
            at: Path_ = (*place, "categories", key)
            found[f"category {key} of {article}"] = Fact("law", said, source, at)
    for slug, processing in side.register.processings.items():
        for i, entry in reversed(list(enumerate(processing.entries))):
            if entry.in_force(days.from_):
                said = {"attested": entry.attested, "item_link": entry.item_link}
                at = ("processings", slug, "entries", i)
                found[f"register entry of {slug} for {entry.item}"] = Fact(
                    "register", said, side.register_source, at
                )
    return found


def _processings(side: Side) -> dict[str, Fact]:
    return {
        f"processing {slug}": Fact(
            "register",
            {"name": one.name, "carries_nir": str(one.carries_nir).lower(), "source": one.source},
            side.register_source,
            ("processings", slug),
        )
        for slug, one in side.register.processings.items()
    }


def _fields(document: tuple[Schema, Source]) -> dict[str, Fact]:
    schema, source = document
    return {
        f"`{path}`": Fact("schema", _marks(leaf), source, leaf.place)
        for path, leaf in schema.leaves().items()
    }


def _marks(leaf: Leaf) -> dict[str, str]:
    spec = leaf.spec
    return {
        "type": spec.type,
        "lists": ", ".join(leaf.lists),
        "category": ", ".join(sorted(leaf.category)),
        "category_link": leaf.category_link,
        "identifier": ", ".join(sorted(spec.identifier)),
        "nir_part": spec.nir_part or "",
        "free_text": "true" if spec.free_text else "",
        "nullable": "true" if leaf.nullable else "",
        "sensitive": leaf.sensitive or "",
        "not_nir": spec.not_nir or "",
        "quasi_identifier": "true" if spec.quasi_identifier else "",
        "rubrique": spec.rubrique or "",
    }
