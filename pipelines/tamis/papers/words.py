"""How papers name persons, periods and treatments.

Whose data it is, is written as the articles call them: legal terms stay French.
"""

import re

from tamis.documents.law import Attested, Link
from tamis.documents.schema import SchemaLeaf
from tamis.language import N_, _, ngettext
from tamis.plan.plan import PlanLeaf

_PERSONS = {
    "titulaire-cpf": "titulaires d'un compte personnel de formation",
    "titulaire-dif-elus": "titulaires de droits individuels à la formation des élus locaux",
    "titulaire-cec": "titulaires d'un compte d'engagement citoyen",
    "titulaire-passeport": (
        "titulaires d'un passeport d'orientation, de formation et de compétences"
    ),
    "titulaire-passeport-prevention": "titulaires d'un passeport de prévention",
    "prestataires-l6351-1": "prestataires mentionnés à l'article L. 6351-1",
    "organismes-cgct-l1221-3": (
        "organismes mentionnés à l'article L. 1221-3 du code général des collectivités "
        "territoriales"
    ),
    "representants-et-personnel-prestataires": (
        "représentants légaux et personnel des prestataires mentionnés à l'article L. 6351-1"
    ),
    "representants-et-personnel-organismes-cgct": (
        "représentants légaux et personnel des organismes mentionnés à l'article L. 1221-3 du code "
        "général des collectivités territoriales"
    ),
    "representants-et-personnel-financeurs": "représentants légaux et personnel des financeurs",
    "representants-et-personnel-certificateurs": (
        "représentants légaux et personnel des certificateurs"
    ),
    "representants-et-personnel-organismes-conventionnes": (
        "représentants légaux et personnel des organismes ayant conventionné"
    ),
    "personnes-concernees": "personnes concernées",
}

_ATTESTED: dict[Attested, str] = {
    "read": N_("The register rests on the wording in force."),
    "superseded": N_(
        "The register rests on an earlier wording of the list; the one in force was not read."
    ),
    "inferred": N_("The Code states the flow; the list of the arrêté was not read."),
    "example": N_(
        "The register rests on nothing here: the entry was made to illustrate, and does "
        "not authorise the flow."
    ),
}

_UNITS = {
    "year": N_("only the year is given"),
    "quarter": N_("only the quarter is given"),
    "month": N_("only the month is given"),
}

_IDENTIFIES = {"direct": N_("directly"), "quasi": N_("beside other data"), "none": N_("no")}


def name_persons(slug: str) -> str:
    """Return whose data it is, as the articles call them; a slug of one's own stays as it is.

    Example:
        >>> name_persons("titulaire-cpf")
        "titulaires d'un compte personnel de formation"
    """
    return _PERSONS.get(slug, slug)


def describe_attested(attested: Attested) -> str:
    """Return what an entry of the register stands on, in a sentence."""
    return _(_ATTESTED[attested])


def describe_link(link: Link) -> str:
    """Return the mark of what is a reading, or nothing."""
    return " " + _("(a reading, to be confirmed)") if link == "inferred" else ""


def describe_ground(ground: str) -> str:
    """Return a ground of the RGPD as lawyers cite it.

    Example:
        >>> describe_ground("9.2.b"), describe_ground("10")
        ('9 § 2 b', '10')
    """
    article, *rest = ground.split(".")
    return " ".join([article, *(["§"] if rest else []), *rest])


def describe_value(leaf: PlanLeaf) -> str:
    """Return what happens to a released value, in words.

    Example:
        >>> describe_value(PlanLeaf("d", "generalized", ("…",), to="year"))
        'made coarser: only the year is given'
    """
    if leaf.pseudonym:
        return _(
            "replaced by the pseudonym `{name}`, made for this processing alone under a key "
            "({method}); it is still personal data",
            name=leaf.pseudonym,
            method=leaf.method,
        )
    if leaf.to:
        return _("made coarser: {how}", how=_(_UNITS[leaf.to]))
    if leaf.step:
        return _("made coarser: rounded down to a multiple of {step}", step=leaf.step)
    if leaf.prefix:
        return ngettext(
            "made coarser: only the first character is given",
            "made coarser: only the first {count} characters are given",
            leaf.prefix,
        )
    if leaf.redact:
        return _("free text, in which numbers that look like a NIR are masked")
    if leaf.canonical:
        return _("as it is, written in {count} characters", count=leaf.canonical)
    return _("as it is")


def describe_identifies(leaf: PlanLeaf) -> str:
    """Return whether the value, as it is released, helps to recognise a person."""
    if leaf.pseudonym:
        return _("joins what is of one person")
    return _(_IDENTIFIES[leaf.identifies])


def describe_field(leaf: SchemaLeaf) -> str:
    """Return a field's path, with what the schema says that it holds."""
    return f"`{leaf.path}`" + (f" ({leaf.spec.describes})" if leaf.spec.describes else "")


def sentence(words: str) -> str:
    """Return the words of a document as a sentence: with a capital and a full stop.

    Example:
        >>> sentence("payer la part de France Travail")
        'Payer la part de France Travail.'
    """
    words = words.strip()
    return full_stop(words[:1].upper() + words[1:])


def full_stop(words: str) -> str:
    """Return the words of a document with a full stop, which they may have already."""
    words = words.strip()
    return words if re.search(r"[.!?…]$", words) else words + "."
