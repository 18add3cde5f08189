"""Rules 4 and 5: under paragraph III no NIR is released, and none can be rebuilt from its parts."""

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.letters import texts_of
from tamis.check.nirs import holds_keyed_nir
from tamis.check.reasons import is_blank
from tamis.check.violation import Violations
from tamis.documents.names import NirPart
from tamis.documents.nir_names import says_nir
from tamis.documents.policy import Treatment
from tamis.documents.positions import DocumentPath
from tamis.documents.types import arrow_type, kind_of
from tamis.language import _

MAX_PLACE_PREFIX = 2
"""How many characters of a birthplace disclose no more than its département."""


def judge_identifiers(case: Case) -> Violations:
    """Under an item without the NIR, an identifier must be dropped or pseudonymized.

    Legal source: R. 6323-37 III, for processings that do not carry the NIR.
    """
    if not case.nir_absent:
        return
    for kept, leaf in case.kept:
        treatment = case.release.treat.get(kept.path)
        if leaf.spec.identifier and not (treatment and treatment.pseudonymize):
            text = _(
                "`{field}` is an identifier ({identifier}): under {item} it must be dropped "
                "or pseudonymized, never kept"
            )
            example = {"field": kept.path, "identifier": ", ".join(leaf.spec.identifier)}
            yield case.violation(Rule.NIR_ABSENT, "identifier-kept", kept.place, text, example)


def judge_names(case: Case) -> Violations:
    """What is called a NIR, here or by the source, and could be one must say what it is.

    Legal source: R. 6323-37 III; décret n° 2019-341, since its basis is asked of identifiers.
    """
    for kept, leaf in case.kept:
        spec = leaf.spec
        tested = spec.not_nir is not None and (spec.not_nir.pattern or spec.not_nir.check)
        if spec.identifier or spec.free_text or tested:
            continue
        if any(map(says_nir, leaf.last_names)) and holds_13(spec.type):
            text = _(
                "`{field}` is called a NIR and kept as none under {item}: the schema must say "
                "`identifier` of it, or `not_nir` with the `pattern` or `check` of its numbers"
            )
            example = {"field": kept.path}
            yield case.violation(Rule.NIR_ABSENT, "nir-named", kept.place, text, example)


def judge_written(case: Case) -> Violations:
    """No condition and no reason may hold a NIR: plans, receipts and reports repeat what they say.

    Legal source: RGPD art. 5.1.c, 5.1.f.
    """
    for place, text, _is_key in texts_of(case.release.model_dump(by_alias=True), case.place):
        if holds_keyed_nir(text):
            told = _("holds a NIR, which plans, receipts and reports would repeat: take it out")
            yield case.violation(Rule.NIR_ABSENT, "nir-written", place, told)


def holds_13(name: str) -> bool:
    """Whether a type can hold the 13 characters of a NIR.

    Example:
        >>> holds_13("string"), holds_13("int64"), holds_13("bool"), holds_13("decimal128(12, 2)")
        (True, True, False, False)
    """
    import pyarrow as pa  # only for few fields: `check` starts without Arrow

    kind = arrow_type(name)
    if pa.types.is_fixed_size_binary(kind):
        return bool(kind.byte_width >= _WIDTH)
    if pa.types.is_decimal(kind):
        return bool(kind.precision >= _WIDTH)
    if kind_of(name) == "integer":
        return bool(kind.bit_width == 64)
    return kind_of(name) in ("string", "binary") or pa.types.is_float64(kind)


_WIDTH = 13


def judge_free_text(case: Case) -> Violations:
    """Under an item without the NIR, free text must be redacted.

    Legal source: R. 6323-37 III.
    """
    if not case.nir_absent:
        return
    for place, treatment, leaf in case.treated:
        if leaf.spec.free_text and treatment.redact == "nothing":
            place = (*place, "redact")
            text = _("free text `{field}` must be redacted under {item}")
            example = {"field": leaf.path, "redact": "nothing"}
            yield case.violation(Rule.NIR_ABSENT, "free-text-unredacted", place, text, example)


def judge_on_nir(case: Case) -> Violations:
    """`on_nir` is only for items without the NIR."""
    if case.item is not None and case.item.nir == "carried" and case.release.on_nir != "strip":
        place = (*case.place, "on_nir")
        text = _("`on_nir` is for items without the NIR; under {item} the NIR may pass")
        example = {"on_nir": case.release.on_nir}
        yield case.violation(Rule.NIR_ABSENT, "on-nir-carried", place, text, example)


def judge_rebuilding(case: Case) -> Violations:
    """Where no NIR may pass, sex, birth and birthplace must not be released together.

    Legal source: R. 6323-37 III; the NIR is made of these three and a serial number.
    """
    if not (case.nir_absent or case.nir_banned) or not is_blank(case.release.rebuilds_nir):
        return
    parts = disclosed_parts(case)
    if len(parts) == 3:
        text = _(
            "`{sex}`, `{birth}` and `{place}` together rebuild the NIR: drop one, generalize the "
            "birth to `year` or `quarter` or the place to {characters} characters, or give a "
            "reason in `rebuilds_nir`"
        )
        place = max(place for _path, place in parts.values())
        example = {"sex": parts["sex"][0], "birth": parts["birth"][0], "place": parts["place"][0]}
        shown = {"characters": str(MAX_PLACE_PREFIX)}
        yield case.violation(Rule.NIR_REBUILT, "nir-rebuilt", place, text, example, shown=shown)


def disclosed_parts(case: Case) -> dict[NirPart, tuple[str, DocumentPath]]:
    """Return the parts of the NIR that a release discloses: the field, and where it is kept."""
    parts: dict[NirPart, tuple[str, DocumentPath]] = {}
    for kept, leaf in case.kept:
        part = leaf.nir_part
        if part and discloses(part, case.release.treat.get(kept.path)):
            parts.setdefault(part, (kept.path, kept.place))
    return parts


def discloses(part: NirPart, treatment: Treatment | None) -> bool:
    """Whether a kept `part` of the NIR still discloses it after `treatment`."""
    generalize = treatment.generalize if treatment else None
    if generalize is None:
        return True
    if part == "birth":
        return generalize.to not in ("year", "quarter")
    if part == "place":
        return generalize.prefix is None or generalize.prefix > MAX_PLACE_PREFIX
    return True
