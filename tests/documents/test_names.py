import pytest

from tamis.documents.names import direct_identifier, nir_part, special_category

TRAINING = ("tit-droits-parcours-formation",)
IDENTITY = ("tit-identite-activite",)

DIRECT = {
    "name": "nom nomUsage NOM_NAISSANCE nomPatronymique prenom Prénoms lastName first_name"
    " full_name customer_name nom_client dirigeant_nom contact_nom nomPrenom signature"
    " titulaire.nom contacts.nom formateur plaignant NOMNAIS NOMUSU NOM_PATR PNOM",
    "contact": "courriel e-mail E_MAIL adresseMail mailPerso numTel Téléphone_portable TELEPHONE1"
    " gsm phoneNumber organisme.telephone NUMTEL TELDOM telperso1 MELPRO ADRMAIL",
    "address": "adresse adresse_ligne1 adresse.ligne1 numVoie street_address adresse.complement",
    "account": "compte_id compteUtilisateur numero_compte user_id login username matriculeAgent ine"
    " iban IBAN_titulaire carte_bancaire identifiant_ft identifiantFranceTravail id_stagiaire"
    " numero_client code_client individu.id beneficiaire.numero",
    "file": "dossier numero_dossier idDossier num_dossier_cpf refDossier dossiers.numero demande_id"
    " declaration_id numero_contrat id_technique idTechnique id uuid passport_number num_cni"
    " numero_piece_identite",
    "device": "ip adresse_ip ipAddress mac_address deviceId cookie_id france_connect_sub imei",
    "image": "photo photographie portrait",
}

NOT_DIRECT = """
    statut_dossier type_compte nb_dossiers libelle_formation intitule_formation
    code_certif_info numero_session id_session idAction action.id session.id organisme.nom
    raison_sociale nomFormation nom_organisme nom_commune codePostal code_insee commune
    adresse_code_postal canal_contact email_verifie tel_valide langue_contact mode_paiement
    nature_contrat code_dispositif duree_heures montant_ttc siret siren nda uai rncp code_rome
    version_norme nom_fichier file_name course_name company_name product_id ref_produit
    numero_ordre code_naf idcc niveau_diplome organisme.adresse mobilite_geographique
    aptitude_numerique parcours_type situation_familiale mail_envoye dossier_complet
    compte_cloture numero_lot batch_id message_id agence lieu_formation tranche_age
    identite_verifiee nationalite training_name country_name status_code subtitle submitted_at
    macro_region ensemble carte_pro numero_etape score_cecrl prise_en_charge nombre_enfants
    n_semaine domaine_sante_securite medium reference code DATEDOSSIER nombre telepro
    voieAccessVAE voie_acces
"""

SENSITIVE = """
    rqth statutHandicap travailleur_handicape condamnations casierJudiciaire arret arretMaladie
    arrets.debut dateArret congeMaternite syndicat appartenance_syndicale photographie photo
    religion ethnie orientationSexuelle invalidite accident_travail boeth contrats_boeth.debut
    infractions sanction interdiction_gerer health_status disability sickLeave mandats.fonction
    pathologie amenagement_poste visite_medicale_le medecin_traitant travail_dissimule fraude
    detenu penibilite
"""

NOT_SENSITIVE = """
    date_arret_formation arret_de_la_formation sante_securite domaine_sante_securite
    mandat_sepa rum_mandat mutuelle_sante amenagement_territoire photocopie_recue
    penalite_retard invalide accidentel sanction_formation maladresse aptitude_numerique medium
    delicat partiel relief prise_en_charge syndic_copropriete parcours handball
"""


SHIPPED = """
    nom nom_naissance nom_usage ancien_nom prenom prenoms anciens_prenoms dirigeant_nom
    contact_nom formateur plaignant courriel contact_courriel telephone adresse voie complement
    compte_id numero_compte titulaire_compte carte_bancaire iban iban_financeur iban_organisme
    iban_prestataire iban_remboursement iban_subrogation paiement_iban matricule ine
    identifiant identifiant_ft dossier dossier_cpf numero_dossier numero numero_contrat
    numero_declaration demande_id declaration_id id_technique id_client id_contrat emetteur prenom1
    prenom2 prenom3 photo adresse_ip adresses_ip
    france_connect_sub localisation id_declaration reference_declaration
"""


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in DIRECT.items() for name in names.split()]
)
def test_a_name_says_who_is_meant(name: str, kind: str) -> None:
    assert direct_identifier(name, "string", TRAINING) == kind


@pytest.mark.parametrize("name", NOT_DIRECT.split())
def test_an_honest_name_raises_no_alarm(name: str) -> None:
    assert direct_identifier(name, "string", TRAINING) is None


@pytest.mark.parametrize(
    "kind", ["bool", "date32", "timestamp[us]", "decimal128(12, 2)", "float64"]
)
def test_truths_moments_and_amounts_identify_nobody(kind: str) -> None:
    assert direct_identifier("compte", kind, IDENTITY) is None


@pytest.mark.parametrize("kind", ["string", "int64", "decimal128(15, 0)", "large_string"])
def test_numbers_may_identify_like_texts(kind: str) -> None:
    assert direct_identifier("numero_dossier", kind, TRAINING) == "file"


def test_the_category_decides_where_the_name_alone_does_not() -> None:
    assert direct_identifier("p_nom", "string", IDENTITY) == "name"
    assert direct_identifier("p_nom", "string", TRAINING) is None
    assert direct_identifier("id", "string", ("not-personal",)) is None
    assert direct_identifier("courriel", "string", ("not-personal",)) == "contact"


@pytest.mark.parametrize("name", SENSITIVE.split())
def test_a_name_says_what_is_sensitive(name: str) -> None:
    assert special_category(name)


@pytest.mark.parametrize("name", NOT_SENSITIVE.split())
def test_an_honest_name_is_not_sensitive(name: str) -> None:
    assert special_category(name) is None


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("sex", "sexe SEX gender civilite codeSexe genre"),
        (
            "birth",
            "dateNaissance date_de_naissance birthDate dob DDN ne_le moisNaissance naissance"
            " DTNAIS",
        ),
        (
            "place",
            "communeNaissance code_commune_nais lieu_de_naissance libelle_commune_naissance"
            " nom_commune_naissance place_of_birth birthPlace pays_naissance",
        ),
        (
            None,
            "nom_naissance annee_naissance departement_naissance rang_naissance birth_year"
            " NOMNAIS genre_formation acte_naissance conge_naissance commune lieu date age"
            " trimestre_naissance",
        ),
    ],
)
def test_a_name_says_which_part_of_the_nir_it_repeats(part: str | None, names: str) -> None:
    assert {name: nir_part(name) for name in names.split()} == dict.fromkeys(names.split(), part)


def test_no_shipped_field_is_taken_for_what_it_is_not() -> None:
    """Every direct identifier of the bundled schemas, looked through by hand."""
    from tamis.documents.project import bundled_documents

    documents = bundled_documents()
    taken = {
        leaf.path.rpartition(".")[2]
        for name in documents.schemas()
        for leaf in documents.schema(name)[0].leaves().values()
        if leaf.direct and not leaf.spec.identifier
    }
    assert taken <= set(SHIPPED.split())
