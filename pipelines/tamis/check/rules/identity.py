"""Rule 8: whom a release names, and whose data it is."""

from collections.abc import Iterable

from tamis.check.case import Case
from tamis.check.catalogue import Rule
from tamis.check.reasons import is_short
from tamis.check.violation import Violations
from tamis.documents.calendar import LawOfDay
from tamis.documents.law import ANYBODY
from tamis.documents.names import Direct, says_organisation
from tamis.documents.positions import DocumentPath
from tamis.documents.released import identifies_of
from tamis.documents.schema import SchemaLeaf
from tamis.language import N_, _

ANALYSIS = "R6323-37.III.2"
"""The item for analysis and evaluation, which needs no person by name."""

KINDS_OF_DIRECT: dict[Direct | None, str] = {
    "name": N_("a name"),
    "contact": N_("an e-mail address or phone number"),
    "address": N_("an address"),
    "account": N_("an account number"),
    "file": N_("a file number"),
    "device": N_("a device number"),
    "image": N_("a photograph"),
    None: N_("an identifier"),
}


def judge_direct(case: Case) -> Violations:
    """Under an item without the NIR, nobody may be named beside a pseudonym, nor by a device.

    Under III 2° nobody may be named at all. A reason in `identifies_anyway` lets it pass.
    Legal source: R. 6323-37 III (« dans la limite du besoin d'en connaître »), RGPD art. 5.1.c.
    """
    release = case.release
    if release.identifies_anyway is not None and is_short(release.identifies_anyway):
        text = _("`identifies_anyway` must give its reason in more than two words")
        place = (*case.place, "identifies_anyway")
        yield case.violation(Rule.IDENTITY, "identifies-no-reason", place, text)
    if not case.nir_absent or release.identifies_anyway is not None:
        return
    pseudonyms = [
        treatment.pseudonymize.as_
        for _place, treatment, _leaf in case.treated
        if treatment.pseudonymize
    ]
    for kept, leaf in case.kept:
        treatment = release.treat.get(kept.path)
        if leaf.spec.identifier or identifies_of(leaf, treatment) != "direct":
            continue
        if release.item == ANALYSIS:
            why = _("under {item} nobody may be named", item=release.item)
        elif pseudonyms:
            why = _("beside the pseudonym `{name}` nobody may be named", name=pseudonyms[0])
        elif leaf.direct == "device":
            why = _("under {item} no device may be told", item=release.item)
        else:
            continue
        text = _(
            "`{field}` is {kind} (`{word}`): {why}; drop it, make it coarser or a pseudonym, or "
            "give a reason in `identifies_anyway`"
        )
        shown = {"kind": _(KINDS_OF_DIRECT[leaf.direct]), "word": leaf.deciding_word, "why": why}
        example = {"field": kept.path}
        yield case.violation(
            Rule.IDENTITY, "direct-identifier", kept.place, text, example, shown=shown
        )


def judge_subjects(case: Case) -> Violations:
    """Whose data a kept field is must be among whom its category, the purpose and the item name.

    The number of an organisation (`siret_financeur`) is not asked whose it is, unless it is said.

    Legal source: R. 6323-33, R. 6323-34, R. 6323-34-1, R. 6323-37.
    """
    item, purpose = case.item, case.law.purposes.get(case.release.purpose)
    for kept, leaf in case.kept:
        of_category = subjects_of(leaf, case.law)
        subjects = set(leaf.subject) or of_category
        is_number = not leaf.subject and all(map(says_organisation, leaf.last_names))
        if not subjects or ANYBODY in subjects or is_number:
            continue
        grounds: list[tuple[str, Iterable[str]]] = [
            (_("its category ({category})", category=", ".join(leaf.category)), of_category),
            (case.release.purpose, purpose.subjects if purpose else ()),
            (case.release.item, item.subjects if item else ()),
        ]
        for ground, named in grounds:
            if named and not subjects & {*named} and ANYBODY not in named:
                text = _(
                    "`{field}` is data of {subjects}: {ground} is about {named}; what is of "
                    "another person says so in `subject`, what is of nobody is `not-personal`"
                )
                shown = {"ground": ground, "named": ", ".join(sorted(named))}
                example = {"field": kept.path, "subjects": ", ".join(sorted(subjects))}
                place: DocumentPath = kept.place
                yield case.violation(Rule.IDENTITY, "subject", place, text, example, shown=shown)
                break


def subjects_of(leaf: SchemaLeaf, law: LawOfDay) -> set[str]:
    """Return the persons whom a field's categories name on a day, by their slugs."""
    return {
        subject
        for slug in leaf.category
        for category in law.categories.get(slug, ())
        for subject in category.subjects
    }
