"""What a kept field tells of a person once it is treated: marks are judged on what is released."""

from typing import Final

from tamis.documents.policy import Generalize, Pseudonymize, Treatment
from tamis.documents.schema import FieldSpec, Identifies, SchemaLeaf

MAX_PREFIX: Final = 2
"""Characters that tell no more than a group: of a postcode, the département."""
LEAST_STEP: Final = 1_000
"""The step from which on a number that is somebody's own tells no more than a group."""


def identifies_of(leaf: SchemaLeaf, treatment: Treatment | None = None) -> Identifies:
    """Return what a kept leaf tells of a person, as it is released.

    A pseudonym tells nothing by itself; what it joins is judged beside it. A direct identifier of
    which a group is left is `quasi`.

    Args:
        leaf: of the schema.
        treatment: what the release does to it.

    Example:
        >>> from tamis.documents.project import bundled_documents
        >>> from tamis.documents.policy import Generalize
        >>> leaves = bundled_documents().schema("evaluation-cpf")[0].leaves()
        >>> identifies_of(leaves["nom_naissance"]), identifies_of(leaves["sexe"])
        ('direct', 'quasi')
        >>> identifies_of(leaves["nom_naissance"], Treatment(generalize=Generalize(prefix=1)))
        'quasi'
    """
    if treatment is not None and treatment.pseudonymize:
        return "none"
    mark = leaf.identifies
    generalize = treatment.generalize if treatment else None
    return "quasi" if mark == "direct" and generalize and _leaves_a_group(generalize) else mark


def pseudonym_kind(spec: FieldSpec, pseudonymize: Pseudonymize) -> str | None:
    """Return what number a pseudonym is made of (`ntt`, `dossier`), or None for NIRs and NIAs.

    Example:
        >>> field = FieldSpec(type="string", identifier=("ntt",))
        >>> pseudonym_kind(field, Pseudonymize.model_validate({"as": "personne"}))
        'ntt'
    """
    if {"nir", "nia"} & set(spec.identifier):
        return None
    return pseudonymize.kind or (spec.identifier[0] if len(spec.identifier) == 1 else "")


def _leaves_a_group(generalize: Generalize) -> bool:
    if generalize.prefix is not None:
        return generalize.prefix <= MAX_PREFIX
    return generalize.step is not None and generalize.step >= LEAST_STEP
