"""The rules that every policy must keep, by number: what `tamis check` proves."""

from enum import IntEnum

from tamis.language import N_, _


class Rule(IntEnum):
    """An invariant of the documents; its value is the number that messages show.

    Every rule holds for every release on every day of its validity.

    Example:
        >>> Rule.NIR_ABSENT.title
        'no NIR under paragraph III'
    """

    PERMISSION = 1
    REGISTER = 2
    PARTNER = 3
    NIR_ABSENT = 4
    NIR_REBUILT = 5
    NEED = 6
    CATEGORY = 7
    IDENTITY = 8
    EVIDENCE = 9
    NAMING = 10

    @property
    def title(self) -> str:
        """The short name of the rule."""
        return _(_TEXTS[self][0])

    @property
    def text(self) -> str:
        """What the rule asks for, in a sentence or two, with its legal source."""
        return _(_TEXTS[self][1])


_TEXTS = {
    Rule.PERMISSION: (
        N_("item and purpose in force"),
        N_(
            "The item and the purpose are in force, and the item is linked to the purpose. Legal "
            "source: R. 6323-37, R. 6323-33."
        ),
    ),
    Rule.REGISTER: (
        N_("processing registered"),
        N_(
            "The register has an entry of the processing for the item, and the schema's "
            "`processings` name it. Legal source: R. 6323-37."
        ),
    ),
    Rule.PARTNER: (
        N_("direction and partner"),
        N_(
            "Under paragraph I data goes into the store and never out of it, to recipients out of "
            "it only; paragraphs I and II are for processings that carry the NIR. Legal source: "
            "R. 6323-35, R. 6323-36, R. 6323-37, R. 6323-41."
        ),
    ),
    Rule.NIR_ABSENT: (
        N_("no NIR under paragraph III"),
        N_(
            "Under an item without the NIR, identifiers are dropped or pseudonymized and free text "
            "is redacted; while a text bans the NIR, none is kept. Legal source: R. 6323-37 III, "
            "R. 6113-17-1."
        ),
    ),
    Rule.NIR_REBUILT: (
        N_("NIR not rebuilt"),
        N_(
            "Under an item without the NIR, or while a text bans it, sex, birth and birthplace are "
            "not released together, nor to one partner by several releases, unless the release "
            "says why. Legal source: R. 6323-37 III, R. 6113-17-1."
        ),
    ),
    Rule.NEED: (
        N_("need-to-know"),
        N_(
            "Every kept field is justified by a need and every tested one by a reason; a sensitive "
            "field, kept or tested, has its legal basis, and so has a NIR that is kept under "
            "paragraphs I and II. Legal source: R. 6323-37, RGPD art. 5, 9, 10, décret n° "
            "2019-341."
        ),
    ),
    Rule.CATEGORY: (
        N_("category"),
        N_(
            "One of a kept field's categories serves the purpose; a field outside every category "
            "is neither kept nor tested; what is kept stands in every closed list. Legal source: "
            "R. 6323-34, R. 6323-34-1, R. 6323-35, R. 6323-41."
        ),
    ),
    Rule.IDENTITY: (
        N_("nobody named, nobody else's data"),
        N_(
            "Under an item without the NIR no direct identifier is released beside a pseudonym or "
            "under III 2°, nor a device number, unless `identifies_anyway` says why; a kept field "
            "is data of those whom its category, the purpose and the item name. Legal source: "
            "R. 6323-33, R. 6323-34, R. 6323-34-1, R. 6323-37, RGPD art. 5."
        ),
    ),
    Rule.EVIDENCE: (
        N_("grounds that weigh"),
        N_(
            "A reason has more than two words, a treatment changes something, the direction is the "
            "register's, what is `read` names its source, and a partner under paragraph III "
            "carries no NIR. Legal source: R. 6323-37, RGPD art. 5."
        ),
    ),
    Rule.NAMING: (
        N_("names and treatments"),
        N_(
            "Release ids are unique, columns that Tamis adds collide with no field, paths exist, "
            "conditions and treatments fit the types of their fields, and risk is bounded only "
            "where the NIR does not pass."
        ),
    ),
}
