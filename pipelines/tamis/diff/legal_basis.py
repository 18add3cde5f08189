"""What releases rest on, compared: articles and register on every day, schemas field by field.

None of it releases anything by itself. Where it makes `check` accept a policy that it refused, or
refuse one that it accepted, the diff says so of the policy too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tamis.diff.change import Change, ChangeRisk, DayRange, join_days
from tamis.diff.disclosure import ProjectState
from tamis.documents.calendar import law_on
from tamis.documents.positions import DocumentModel, DocumentPath, Source
from tamis.documents.schema import Schema, SchemaLeaf
from tamis.errors import Problem
from tamis.language import _

_WORDING = {"subject", "wording", "name", "source", "version", "subjects"}
"""Attributes that decide nothing in Tamis."""


@dataclass(frozen=True)
class Fact:
    """A thing that documents describe on a day, and how they do.

    Attributes:
        kind: of a change of it.
        attributes: what the documents say of it.
        places: of the attributes that stand elsewhere than the thing itself.
    """

    kind: str
    attributes: Mapping[str, str]
    source: Source
    place: DocumentPath
    places: Mapping[str, DocumentPath] = field(default_factory=dict)

    def problem(self, text: str, attribute: str = "") -> Problem:
        """Return `text` where the attribute, or the thing itself, stands."""
        path = self.places.get(attribute, (*self.place, attribute) if attribute else self.place)
        return self.source.problem(path, text)


Facts = Mapping[str, Fact]
"""Facts by the name of the thing that they describe."""


def compare_law(
    old: ProjectState, new: ProjectState, pieces: Iterable[DayRange]
) -> Iterator[Change]:
    """Yield the changes of articles and register, of unread texts, exceptions and approvals."""
    dated = [(piece, _law_facts(old, piece), _law_facts(new, piece)) for piece in pieces]
    yield from _compare(dated)
    yield from _compare([(None, _processings(old), _processings(new))])
    yield from _compare([(None, _unread(old), _unread(new))])
    yield from _compare([(None, _allowed(old), _allowed(new))])


def compare_schemas(
    old: ProjectState, new: ProjectState, used: Mapping[str, set[str]], pairs: Mapping[str, str]
) -> Iterator[Change]:
    """Yield the changes of schemas that both projects have, and the schemas that one has alone.

    Args:
        used: by new name of the schema, the fields that some release of either keeps or tests.
        pairs: the new name of each old schema.
    """

    def change(
        kind: str, source: Source, key: str, text: str, risk: ChangeRisk = ChangeRisk.WORDING
    ) -> Change:
        return Change(kind, "none", risk, source.problem((key,), text, key=key == "format"))

    for name, (_schema, source) in old.schemas.items():
        if name not in pairs:
            yield change("schema", source, "schema", _("schema `{name}` is gone", name=name))
    old_names = {now: then for then, now in pairs.items()}
    for name, (schema, source) in new.schemas.items():
        if name not in old_names:
            yield change("schema", source, "schema", _("schema `{name}` is new", name=name))
            continue
        old_name = old_names[name]
        if old_name != name:
            text = _("schema `{old}` is now called `{new}`", old=old_name, new=name)
            yield change("renamed", source, "schema", text)
        if old.schemas[old_name][0].format != schema.format:
            text = _("the feed has another file format")
            yield change("schema", source, "format", text, ChangeRisk.GROUND)
        then, now = (sorted(each.processings) for each in (old.schemas[old_name][0], schema))
        if then != now:
            text = _("the schema's processings: {now}, were {then}", **_named(now=now, then=then))
            yield change("schema", source, "processings", text, ChangeRisk.GROUND)
        facts = (_fields(*old.schemas[old_name]), _fields(schema, source))
        for field_change in _compare([(None, *facts)]):
            is_used = bool(set(field_change.fields) & used.get(name, set()))
            yield replace(field_change, risk=ChangeRisk.GROUND if is_used else ChangeRisk.WORDING)


def _named(**slugs: list[str]) -> dict[str, str]:
    return {key: ", ".join(names) or _("not said, any may") for key, names in slugs.items()}


def _compare(dated: Sequence[tuple[DayRange | None, Facts, Facts]]) -> Iterator[Change]:
    """One change for each attribute that differs, with the days on which it does so."""
    known = (
        {name for _days, old, _new in dated for name in old},
        {name for _days, _old, new in dated for name in new},
    )
    changes: dict[tuple[str, ChangeRisk, Problem, str], list[DayRange]] = {}
    for days, old, new in dated:
        for name in dict.fromkeys((*old, *new)):
            for key in _differences(name, old.get(name), new.get(name), known):
                changes.setdefault(key, []).extend([days] if days else [])
    for (kind, risk, problem, name), ranges in changes.items():
        fields = (name[1:-1],) if kind == "schema" else ()
        yield Change(kind, "none", risk, problem, fields=fields, days=join_days(ranges))


def _differences(
    name: str, old: Fact | None, new: Fact | None, known: tuple[set[str], set[str]]
) -> Iterator[tuple[str, ChangeRisk, Problem, str]]:
    if old is None and new is not None:
        text = _("{name}: in force on more days") if name in known[0] else _("{name}: new")
        text = text.format(name=name) + _said(new)
        yield new.kind, ChangeRisk.GROUND, new.problem(text), name
    elif old is not None and new is None:
        text = _("{name}: in force on fewer days") if name in known[1] else _("{name}: gone")
        yield old.kind, ChangeRisk.GROUND, old.problem(text.format(name=name)), name
    elif old is not None and new is not None:
        for attribute in dict.fromkeys((*old.attributes, *new.attributes)):
            then, now = old.attributes.get(attribute, ""), new.attributes.get(attribute, "")
            if then != now:
                text = _(
                    "{name}: {attribute} {now}, was {then}",
                    name=name,
                    attribute=attribute,
                    now=now or _("none"),
                    then=then or _("none"),
                )
                kind = attribute if attribute == "attested" else new.kind
                kind = "nir-regime" if attribute in ("nir", "carries_nir") else kind
                risk = ChangeRisk.WORDING if attribute in _WORDING else ChangeRisk.GROUND
                yield kind, risk, new.problem(text, attribute), name


def _said(fact: Fact) -> str:
    """What an exception or an approval says, where it is new."""
    if fact.kind not in ("exception", "approval"):
        return ""
    said = ", ".join(f"{key} {text}" for key, text in fact.attributes.items() if text)
    return said and _(": ") + said


def _law_facts(state: ProjectState, days: DayRange) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for article, version in law_on(state.law, days.from_).versions.items():
        source = state.law.sources[article]
        place: DocumentPath = ("versions", state.law[article].versions.index(version))
        facts[_("article {article}", article=article)] = Fact(
            "law", {"version": version.id}, source, place, {"version": (*place, "id")}
        )
        for part, label in (
            ("items", _("item {article}.{key}")),
            ("purposes", _("purpose {article}.{key}")),
            ("categories", _("category {key} of {article}")),
        ):
            for key, model in getattr(version, part).items():
                facts[label.format(article=article, key=key)] = Fact(
                    "law", _attributes(model, "note"), source, (*place, part, key)
                )
    for slug, processing in state.register.processings.items():
        for i, entry in reversed(list(enumerate(processing.entries))):
            if entry.in_force(days.from_):
                text = _("register entry of {slug} for {item}", slug=slug, item=entry.permission)
                facts[text] = Fact(
                    "register",
                    _attributes(entry, "item", "matter", "from_", "until", "note"),
                    state.register_source,
                    ("processings", slug, "entries", i),
                )
    return facts


def _processings(state: ProjectState) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for slug, processing in state.register.processings.items():
        attributes = _attributes(processing, "entries", "note")
        place = ("processings", slug)
        facts[_("processing {slug}", slug=slug)] = Fact(
            "register", attributes, state.register_source, place
        )
    return facts


def _unread(state: ProjectState) -> dict[str, Fact]:
    return {
        _("unread text {reference}", reference=reference): Fact(
            "law", _attributes(text, "note"), state.veille_source, ("texts", reference)
        )
        for reference, text in state.veille.texts.items()
    }


def _allowed(state: ProjectState) -> dict[str, Fact]:
    """What a project allows and requires, who approved its policies, and whose law it has."""
    project, written = state.project_file
    facts: dict[str, Fact] = {}
    if written is not None and project.approvals:
        facts[_("approvals that `run` requires")] = Fact("approval", {}, written, ("approvals",))
    for i, known in enumerate(project.exceptions):
        if written is not None:
            text = _("exception `{what}` of policy `{policy}`")
            name = text.format(what=known.what, policy=known.policy)
            attributes = _attributes(known, "what", "policy")
            facts[name] = Fact("exception", attributes, written, ("exceptions", i))
    for name, context in state.contexts.items():
        if context.approval is not None:
            approval, source = context.approval
            attributes = _attributes(approval, "policy", "form", "intervals", "sha256", "on")
            covered = {"content": ", ".join(part.sha256[:12] for part in approval.intervals)}
            facts[_("approval of `{name}`", name=name)] = Fact(
                "approval", attributes | covered, source, ()
            )
    law = next(iter(state.law.sources.values()))
    facts[_("law")] = Fact("law", {"origin": state.law.origin}, law, (), {"origin": ("article",)})
    return facts


def _fields(schema: Schema, source: Source) -> dict[str, Fact]:
    return {
        f"`{path}`": Fact("schema", _marks(leaf), source, leaf.place)
        for path, leaf in schema.leaves().items()
    }


def _marks(leaf: SchemaLeaf) -> dict[str, str]:
    """What the schema says of a leaf, with what it inherits; its default is no mark."""
    own = _attributes(leaf.spec, "of", "fields", "describes", "bloc")
    own = {key: "" if value == "false" else value for key, value in own.items()}
    return {
        **own,
        "lists": ", ".join(leaf.lists),
        "category": ", ".join(sorted(leaf.category)),
        "category_link": leaf.category_link,
        "nullable": "true" if leaf.nullable else "",
        "sensitive": leaf.sensitive or "",
        "subject": ", ".join(sorted(leaf.subject)),
    }


def _attributes(model: DocumentModel, *without: str) -> dict[str, str]:
    """The values of a document's model as text, by their keys in the document; empty for none."""
    fields = type(model).model_fields
    return {
        fields[key].alias or key: "" if value is None else _text(value)
        for key, value in model
        if key not in without
    }


def _text(value: object) -> str:
    """A value as it would stand in a document on one line; lists sorted."""
    if isinstance(value, DocumentModel):
        inside = ", ".join(f"{key}: {text}" for key, text in _attributes(value).items() if text)
        return f"{{{inside}}}"
    if isinstance(value, tuple):
        return ", ".join(sorted(map(_text, value)))
    return str(value).lower() if isinstance(value, bool) else str(value)
