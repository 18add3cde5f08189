"""Rules 4 and 5: under paragraph III no NIR is released, and none can be put together again."""

from tamis.check.case import Case, Found
from tamis.check.reason import says_nothing
from tamis.documents.policy import Treatment
from tamis.documents.positions import Path_
from tamis.documents.schema import NirPart

MAX_PLACE_PREFIX = 2
"""Characters of a birthplace that tell a département at most."""


def judge_identifiers(case: Case) -> Found:
    """4: under `nir: absent` an identifier is dropped or pseudonymized."""
    if not case.nir_absent:
        return
    for keep, leaf in case.keeps:
        treatment = case.release.treat.get(keep.path)
        if leaf.spec.identifier and not (treatment and treatment.pseudonymize):
            held = ", ".join(leaf.spec.identifier)
            yield case.violation(
                4,
                "identifier-kept",
                keep.place,
                f"`{keep.path}` is an identifier ({held}): under {case.release.item} it is "
                "dropped or pseudonymized, never kept",
                field=keep.path,
                identifier=held,
            )


def judge_free_text(case: Case) -> Found:
    """4: under `nir: absent` free text is redacted."""
    if not case.nir_absent:
        return
    for place, treatment, leaf in case.treated:
        if leaf.spec.free_text and treatment.redact == "nothing":
            yield case.violation(
                4,
                "free-text-unredacted",
                (*place, "redact"),
                f"free text `{leaf.path}` is always redacted under {case.release.item}",
                field=leaf.path,
                redact="nothing",
            )


def judge_on_nir(case: Case) -> Found:
    """4: `on_nir` is for items without the NIR."""
    if case.item is not None and case.item.nir == "carried" and case.release.on_nir != "strip":
        yield case.violation(
            4,
            "on-nir-carried",
            (*case.place, "on_nir"),
            f"`on_nir` is for items without the NIR; under {case.release.item} it may pass",
            on_nir=case.release.on_nir,
        )


def judge_rebuilding(case: Case) -> Found:
    """5: under `nir: absent`, not sex, birth and place together."""
    if not case.nir_absent or not says_nothing(case.release.rebuilds_nir):
        return
    told = parts_told(case)
    if len(told) == 3:
        sex, birth, place = (told[part][0] for part in ("sex", "birth", "place"))
        yield case.violation(
            5,
            "nir-rebuilt",
            max(where for _, where in told.values()),
            f"`{sex}`, `{birth}` and `{place}` together rebuild the NIR: drop one, generalize "
            f"the birth to `year` or `quarter` or the place to {MAX_PLACE_PREFIX} characters, "
            "or say `rebuilds_nir` with a reason",
            sex=sex,
            birth=birth,
            place=place,
        )


def parts_told(case: Case) -> dict[NirPart, tuple[str, Path_]]:
    """The parts of the NIR that a release still tells, each with a field and where it is kept."""
    told: dict[NirPart, tuple[str, Path_]] = {}
    for keep, leaf in case.keeps:
        part = leaf.spec.nir_part
        if part and tells(part, case.release.treat.get(keep.path)):
            told.setdefault(part, (keep.path, keep.place))
    return told


def tells(part: NirPart, treatment: Treatment | None) -> bool:
    """Whether a kept `part` of the NIR still tells it after `treatment`."""
    generalize = treatment.generalize if treatment else None
    if generalize is None:
        return True
    if part == "birth":
        return generalize.to not in ("year", "quarter")
    if part == "place":
        return generalize.prefix is None or generalize.prefix > MAX_PLACE_PREFIX
    return True
