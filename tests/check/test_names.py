"""What says that a NIR is in a field: `check` knows the words that `draft` does."""

import pytest

from tamis.documents.names import says_nir
from tamis.draft.names import hint_identifier

NAMES = """
    nir NIR nir2 NIR_titulaire titulaire_nir numero_nir numeroNIR num_nir nia nss NSS num_ss numSS
    no_ss ss numero_secu numSecu num_secu secu n_secu numero_securite_sociale securiteSociale
    code_nia nnp rnipp ssn num_insee numero_insee
    nom avenir finir siret tel code_insee commune_insee naissance adresse session passage nissan
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_says_the_same_to_both(name: str) -> None:
    assert says_nir(name) == (hint_identifier(name) in ("nir", "nia", "nnp"))
