"""What is wrong with a schema, the register or the law by itself, whatever policy uses it."""

import datetime
from collections.abc import Collection, Iterator

from tamis.check.catalogue import Rule
from tamis.check.nirs import MOST_NIRS, share_of_nirs
from tamis.check.reasons import is_blank, is_short
from tamis.check.rules.need import NO_CATEGORY
from tamis.check.violation import Violation, Violations
from tamis.documents.exceptions import ProjectFile
from tamis.documents.law import article_of, item_key
from tamis.documents.lowered import fields_of, lowered_marks
from tamis.documents.positions import DocumentPath, Source, suggest
from tamis.documents.project import Law
from tamis.documents.register import Entry, Register
from tamis.documents.schema import FieldSpec, Schema, SchemaLeaf
from tamis.documents.types import kind_of
from tamis.language import _


def judge_schema(schema: Schema, source: Source, law: Law) -> Violations:
    """Categories must exist, reasons have words, and a field's marks not contradict each other.

    Legal source: R. 6323-34, R. 6323-34-1, for the categories.
    """

    def violation(rule: Rule, code: str, path: str, at: DocumentPath, text: str) -> Violation:
        problem = source.problem(at, text.format(field=path))
        return Violation(problem, rule, code, None, (("field", path),))

    known = law.category_slugs
    for path, place, spec in fields_of(schema.fields):
        for slug in spec.category:
            if slug not in known and slug not in NO_CATEGORY:
                text = _(
                    "no version of R. 6323-34 or R. 6323-34-1 has a category `{category}`",
                    category=slug,
                ) + suggest(slug, [*known, *NO_CATEGORY])
                problem = source.problem((*place, "category"), text)
                example = (("field", path),)
                yield Violation(problem, Rule.CATEGORY, "unknown-category", None, example)
        for code, mark, text in _contradictions(spec):
            yield violation(Rule.CATEGORY, code, path, (*place, mark), text)
        if spec.sensitive is not None and is_blank(spec.sensitive.because or spec.sensitive.none):
            text = _("`sensitive` of `{field}` must give a reason")
            yield violation(Rule.NEED, "no-reason", path, (*place, "sensitive"), text)
        if spec.not_nir is not None and is_blank(spec.not_nir.because):
            text = _("`not_nir` of `{field}` must give a reason")
            yield violation(Rule.NEED, "no-reason", path, (*place, "not_nir"), text)
        if spec.not_nir is not None and spec.not_nir.pattern is not None:
            share = share_of_nirs(spec.not_nir.pattern)
            if share > MOST_NIRS:
                text = _(
                    "`pattern` of `{field}` must be one that at most 1 % of NIRs match, got {share}"
                ).replace("{share}", f"{share:.0%}")
                yield violation(
                    Rule.NIR_ABSENT, "pattern-takes-nirs", path, (*place, "not_nir"), text
                )
    for lowered in lowered_marks(schema):
        if is_short(lowered.because):
            text = _("`{key}` of `{field}` must give its reason in more than two words")
            text = text.replace("{key}", lowered.key)
            yield violation(Rule.EVIDENCE, "short-reason", lowered.path, lowered.place, text)
    for path, leaf in schema.leaves().items():
        if "not-personal" in leaf.category and (text := _personal_by_name(leaf)):
            problem = source.problem(leaf.place, text)
            yield Violation(problem, Rule.CATEGORY, "not-personal", None, (("field", path),))
        lower = leaf.spec.identifies
        if lower is not None and lower.mark == "quasi" and not leaf.direct:
            text = _("`{field}` is `quasi` already: `identifies` must give a lower mark")
            place = (*leaf.place, "identifies", "mark")
            yield violation(Rule.CATEGORY, "mark-not-lower", path, place, text)


def _personal_by_name(leaf: SchemaLeaf) -> str:
    """Why a leaf is personal data by its name, in words; empty where the schema says otherwise."""
    if leaf.direct and leaf.spec.identifies is None:
        return _(
            "`{field}` must not be `not-personal`: `{word}` makes its name that of a direct "
            "identifier; give its category, or say why not in `identifies: {example}`",
            field=leaf.path,
            word=leaf.deciding_word,
            example="{mark: none, because: …}",
        )
    if leaf.nir_part is not None and leaf.spec.identifies is None:
        return _(
            "`{field}` must not be `not-personal`: its name is that of a part of the NIR "
            "({part}); give its category, or say why not in `identifies: {example}`",
            field=leaf.path,
            part=_(leaf.nir_part),
            example="{mark: none, because: …}",
        )
    if leaf.sensitive is not None and leaf.spec.sensitive is None:
        return _(
            "`{field}` must not be `not-personal`: its name speaks of sensitive data; give its "
            "category, or say why not in `sensitive: {example}`",
            field=leaf.path,
            example="{none: …}",
        )
    return ""


def judge_register(
    register: Register, source: Source, law: Law, only: str | None = None
) -> Violations:
    """Entries must name what the law has, under its title; what is read names where, and when.

    Args:
        only: the one processing that is judged; by default all are.

    Legal source: R. 6323-35, R. 6323-36, R. 6323-37.
    """
    names: dict[str, str] = {}
    for slug, processing in register.processings.items():
        other = names.setdefault(" ".join(processing.name.casefold().split()), slug)
        if only not in (None, slug):
            continue
        place: DocumentPath = ("processings", slug)
        if register.partner(other) != register.partner(slug):
            text = _("has the name of `{other}`: one must have the other among its `aliases`")
            problem = source.problem((*place, "name"), text.format(other=other))
            example = (("processing", slug), ("other", other))
            yield Violation(problem, Rule.REGISTER, "one-partner", None, example)
        for i, entry in enumerate(processing.entries):
            for rule, code, key, text in _entry_faults(entry, law):
                problem = source.problem((*place, "entries", i, key), text)
                example = (("processing", slug), ("item", entry.permission))
                yield Violation(problem, rule, code, entry.from_, example)


def _entry_faults(entry: Entry, law: Law) -> Iterator[tuple[Rule, str, str, str]]:
    """Rule, code, key and text of each thing that is wrong with an entry."""
    item, key = entry.permission, "item" if entry.item else "matter"
    known = law.item_ids
    if item not in known:
        text = _(
            "no version of {article} has an item `{item}`", article=article_of(item), item=item
        )
        yield Rule.REGISTER, "unknown-item", key, text + suggest(item, known)
    else:
        models = [
            version.items[item_key(item)]
            for version in law[article_of(item)].versions
            if item_key(item) in version.items
        ]
        relation = models[-1].relation
        title = relation if relation in ("recipient", "access") else "exchange"
        if entry.title != title:
            text = _("{item} is for an entry with `title: {title}`", item=item, title=title)
            yield Rule.REGISTER, "wrong-title", key, text
        elif entry.purpose and not any(entry.purpose in model.purposes for model in models):
            linked = ", ".join(models[-1].purposes) or _("no purpose")
            text = _("{item} goes with {linked}", item=item, linked=linked)
            yield Rule.PERMISSION, "purpose-link", "purpose", text
    if entry.attested == "read" and (is_blank(entry.source) or entry.read_on is None):
        text = _("what is `attested: read` must say where and when: `source` and `read_on`")
        yield Rule.EVIDENCE, "read-nowhere", "attested", text


def judge_exceptions(
    project: ProjectFile, source: Source | None, policies: Collection[str], today: datetime.date
) -> Violations:
    """A lasting exception must be for a policy that there is, give a reason, and not be past."""
    for i, known in enumerate(project.exceptions if source is not None else ()):
        assert source is not None
        shown = {"what": known.what, "policy": known.policy, "until": str(known.until)}
        for code, key, is_wrong, text in (
            (
                "exception-policy",
                "policy",
                known.policy not in policies,
                _("no policy `{policy}` to allow `{what}` for") + suggest(known.policy, policies),
            ),
            (
                "short-reason",
                "because",
                is_short(known.because),
                _("the reason to allow `{what}` for `{policy}` must have at least three words"),
            ),
            (
                "exception-past",
                "until",
                not known.holds(today),
                _("`{what}` for `{policy}` was allowed until {until}: remove it, or renew it"),
            ),
        ):
            if is_wrong:
                problem = source.problem(("exceptions", i, key), text.format(**shown))
                yield Violation(problem, Rule.EVIDENCE, code, None, tuple(shown.items()))


def judge_law(law: Law) -> Violations:
    """Items must be linked to purposes that some version of R. 6323-33 has."""
    known = law.purpose_ids
    for name, i, version in law.versions():
        for key, item in version.items.items():
            for j, purpose in enumerate(item.purposes):
                if purpose not in known:
                    text = _("no version of R. 6323-33 has a purpose `{purpose}`", purpose=purpose)
                    place = ("versions", i, "items", key, "purposes", j)
                    problem = law.sources[name].problem(place, text + suggest(purpose, known))
                    example = (("item", f"{name}.{key}"), ("purpose", purpose))
                    yield Violation(
                        problem, Rule.PERMISSION, "unknown-purpose", version.from_, example
                    )


_DIGITS = ("string", "binary", "integer", "decimal")
"""The kinds of value that hold an identifier's digits and no others."""


def _contradictions(spec: FieldSpec) -> Iterator[tuple[str, str, str]]:
    """Code, key and text of each contradiction between the marks of a field."""
    if len(spec.category) > 1 and set(spec.category) & set(NO_CATEGORY):
        text = _("`{field}` must not be both in a category and `outside` or `not-personal`")
        yield "category-mixed", "category", text
    if "not-personal" in spec.category:
        text = _("`{field}` must not be both `not-personal` and have `{mark}`")
        is_sensitive = spec.sensitive is not None and spec.sensitive.none is None
        marks = {
            "identifier": spec.identifier,
            "nir_part": spec.nir_part,
            "sensitive": is_sensitive,
        }
        for mark, is_set in marks.items():
            if is_set:
                yield "not-personal", mark, text.replace("{mark}", mark)
    if spec.identifier and spec.identifies is not None:
        text = _("`{field}` is an identifier: it must not have a lower mark in `identifies`")
        yield "identifier-lowered", "identifies", text
    if spec.identifier and kind_of(spec.type) not in _DIGITS:
        text = _(
            "`{field}` is an identifier: its `type` must be `string`, an integer or a decimal; "
            "floats are read as `string` where they hold all digits"
        )
        yield "identifier-type", "type", text
    if spec.not_nir is not None:
        text = _("`{field}` must not have both `not_nir` and `{mark}`")
        for mark in ("identifier", "free_text"):
            if getattr(spec, mark):
                yield "not-nir", "not_nir", text.replace("{mark}", mark)
