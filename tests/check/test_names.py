"""What says that a NIR is in a field: `check` knows the words that `draft` does."""

import pytest

from tamis.documents.nir_names import says_nir
from tamis.draft.names import hint_identifier

NAMES = """
    nir NIR nir2 NIR_titulaire titulaire_nir numero_nir numeroNIR num_nir nia nss NSS num_ss numSS
    no_ss ss numero_secu numSecu num_secu secu n_secu numero_securite_sociale securiteSociale
    code_nia nnp rnipp ssn num_insee numero_insee
    nom avenir finir siret tel code_insee commune_insee naissance adresse session passage nissan
"""

NIRS = """
    numsecuritesoc NUMSECU NUMSECUSOC numsecusociale numerosecuritesociale nosecu nosecusoc nosecsoc
    nsecu nsecuritesociale secusoc secsoc securitesociale secuSoc socialsecuritynumber numss noss
    nss_benef nssassure codess numeross nross idss ss_num ssnumero numinsee noinsee ninsee numdinsee
    inseenum numerodinsee n_d_insee numero_d_insee nirpp NIRPP nirtitulaire titulairenir codenir
    idnir lenir nirassure NIRSALARIE nirbenef nircomplet nir13 nir13car nirdsn nir_od nirod nirconj
    numimmat immatss immat_ss noimmatsecu numimmatriculation immatassure immatinsee assuresocial
    numassuresocial numdassuresocial assuree_sociale immatriculation_sociale id_secu secu_id matss
    matricule_ss Num_Secu_Soc NumSécu numéro_sécurité_sociale num.secu no-ss n°secu numerosecurite
    numsecurite ssn_employee ssnumber numnia rnippnum securite_social num_sec_soc secu1 nirs
    numerodesecuritesociale numerodess numdesecu secudutitulaire
"""

HONEST = """
    numerosession numsession nosession sessionnumero inseecommune communeinsee codeinsee insee
    code_insee_commune numero_insee_commune numinseecommune inseeville inseepays insee_naissance
    codeinseenaissance numinseedep avenir souvenir finir tenir devenir fournir definir venir obtenir
    maintenir garnir punir nirvana unir benir brunir souvenirs process processus success access
    adresse classe passe classement business express presse message mission commission permission
    admission emission transmission passage dossier numdossier nodossier numerodossier numss_flag
    association numassociation numassocie societe numsociete nosociete numero_societe social
    raisonsociale raison_sociale forme_sociale siegesocial siege_social capitalsocial reseau_social
    bilansocial mesure_sociale sociologie numsoc nosoc soc codesoc code_societe secteur numsecteur
    section numsection nosection secretaire secretariat numsec nosec second seconde secondaire
    securite code_securite codesecurite santesecurite sante_securite formation_securite securisation
    habilitation_securite agentsecurite immatriculation immat immatvehicule numimmatvehicule
    immatriculation_vehicule immat_rcs numimmatrcs plaqueimmat cartegrise noimmatsociete
    assurance assure assureur numassurance numero_assure numassure contratassurance assurance_auto
    caisse_secu regime_secu regimesecu plafondss plafond_ss taux_securite_sociale cotisationss
    centresecu centre_de_securite_sociale organisme_secu organismesecuritesociale montantsecu
    datenir date_nir datemajnir nir_certifie cle_nir clenir nircle clesecu statut_nir nirvalide
    typenir nb_nir presencenir flag_nir ss_domaine ss_categorie sstraitance ss_famille sousdomaine
    numero nombre num no n numordre nordre noordre nomenclature nom nomnaissance nonno noname nova
    node normal nosologie notation note numerique numerotation telephone numtel notel numerotel
    numeroprestataire numorganisme numsiret siret siren nosiren numtva nic codenic panier jardinier
    inspection inscription noinscription dateinscription numinscription idinscription inscriptions
    repertoire numrepertoire repertoirenational rncp numrncp rs coders ape naf rome coderome
    matricule nomatricule matriculeagent matricule_interne identifiant identite idsession idaction
    idcc idcompte ident codepostal numvoie nobatiment numlot nolot colis numcolis nofacture facture
    ordre rangnaissance sexe naissance communenaissance deptnaissance passnumber persona personne
    nissan tunisia nia_flag lesson lessons assise assistance assiduite dessin dess diplome_dess
    adhesion cassure fissure pression expression pessimisme grossesse jeunesse sagesse promesse
    securedoc securitas consecutif executif insecurite assurancesecurite secours secouriste
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_says_the_same_to_both(name: str) -> None:
    assert says_nir(name) == (hint_identifier(name) in ("nir", "nia", "nnp"))


def test_words_that_are_glued_or_shortened_say_a_nir() -> None:
    assert [name for name in NIRS.split() if not says_nir(name)] == []


def test_honest_names_say_none() -> None:
    assert len(HONEST.split()) >= 200
    assert [name for name in HONEST.split() if says_nir(name)] == []
