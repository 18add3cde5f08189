"""What is wrong with a schema, the register or the law by itself, whatever policy uses it."""

from collections.abc import Iterator, Mapping

from tamis.check.reason import says_nothing
from tamis.check.rules.need import NO_CATEGORY, known_categories
from tamis.check.violation import Violation
from tamis.documents.law import ITEMS_ARTICLE, PURPOSES_ARTICLE
from tamis.documents.positions import Path_, Source, suggest
from tamis.documents.project import Law
from tamis.documents.register import Register
from tamis.documents.schema import FieldSpec, Schema


def judge_schema(schema: Schema, source: Source, law: Law) -> Iterator[Violation]:
    """6, 7: categories exist, and a field's marks do not contradict each other."""
    known = known_categories(law)
    for path, place, spec in _specs(schema.fields, ("fields",)):
        for slug in spec.category:
            if slug not in known and slug not in NO_CATEGORY:
                text = f"no version of R. 6323-34 or R. 6323-34-1 knows a category `{slug}`"
                text += suggest(slug, [*known, *NO_CATEGORY])
                yield _violation(source, 7, "unknown-category", (*place, "category"), text, path)
        for code, mark, text in _contradictions(spec):
            yield _violation(source, 7, code, (*place, mark), f"`{path}` {text}", path)
        for mark in ("sensitive", "not_nir"):
            reason = getattr(spec, mark)
            if reason is not None and says_nothing(reason):
                text = f"`{mark}` of `{path}` gives no reason"
                yield _violation(source, 6, "no-reason", (*place, mark), text, path)


def judge_register(register: Register, source: Source, law: Law) -> Iterator[Violation]:
    """2: entries name items that some version of R. 6323-37 knows."""
    items = [
        f"{ITEMS_ARTICLE}.{key}" for version in law[ITEMS_ARTICLE].versions for key in version.items
    ]
    for slug, processing in register.processings.items():
        for i, entry in enumerate(processing.entries):
            if entry.item not in items:
                place = ("processings", slug, "entries", i, "item")
                text = f"no version of R. 6323-37 knows an item `{entry.item}`"
                text += suggest(entry.item, items)
                problem = source.problem(place, text)
                example = (("processing", slug), ("item", entry.item))
                yield Violation(problem, 2, "unknown-item", entry.from_, example)


def judge_law(law: Law) -> Iterator[Violation]:
    """1: items are linked to purposes that some version of R. 6323-33 knows."""
    known = [
        f"{PURPOSES_ARTICLE}.{key}"
        for version in law[PURPOSES_ARTICLE].versions
        for key in version.purposes
    ]
    source = law.sources[ITEMS_ARTICLE]
    for i, version in enumerate(law[ITEMS_ARTICLE].versions):
        for key, item in version.items.items():
            for j, purpose in enumerate(item.purposes):
                if purpose not in known:
                    place = ("versions", i, "items", key, "purposes", j)
                    text = f"no version of R. 6323-33 knows a purpose `{purpose}`"
                    problem = source.problem(place, text + suggest(purpose, known))
                    example = (("item", f"{ITEMS_ARTICLE}.{key}"), ("purpose", purpose))
                    yield Violation(problem, 1, "unknown-purpose", version.from_, example)


def _contradictions(spec: FieldSpec) -> Iterator[tuple[str, str, str]]:
    if len(spec.category) > 1 and set(spec.category) & set(NO_CATEGORY):
        yield "category-mixed", "category", "is `outside` or `not-personal`, or has categories"
    if "not-personal" in spec.category:
        for mark in ("identifier", "nir_part", "sensitive"):
            if getattr(spec, mark):
                yield "not-personal", mark, f"is `not-personal` and says `{mark}`"
    if spec.not_nir is not None:
        for mark in ("identifier", "free_text"):
            if getattr(spec, mark):
                yield "not-nir", "not_nir", f"says `not_nir` and `{mark}`"


def _specs(
    fields: Mapping[str, FieldSpec], place: Path_, above: str = ""
) -> Iterator[tuple[str, Path_, FieldSpec]]:
    for name, top in fields.items():
        path, here, spec = f"{above}{name}", (*place, name), top
        yield path, here, spec
        while spec.of is not None:
            spec, here = spec.of, (*here, "of")
            yield path, here, spec
        if spec.fields is not None:
            yield from _specs(spec.fields, (*here, "fields"), f"{path}.")


def _violation(
    source: Source, rule: int, code: str, place: Path_, text: str, path: str
) -> Violation:
    return Violation(source.problem(place, text), rule, code, None, (("field", path),))
