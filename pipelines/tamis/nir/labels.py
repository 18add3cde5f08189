"""The table of labels: the words beside a number that say what it is, each with its reason.

One table for whoever reads text, the finder and the gate: data, without rules, which each of them
reads with code of its own. What stands beside a number decides where its digits alone prove
nothing. A label of a NIR makes one of a number without its key; a label of another number excludes
it. Where several stand before a number, the nearest one counts.

    nir, strong    12 to 16 digits behind it are a NIR, however they are grouped
    nir, weak      13 or 15 digits behind it are a NIR if they have its layout
    other          the number just behind it is none, unless it is written as only a NIR is
    optics         near these words « NIR » is no label: it means near infrared

The notation of a pattern is a regular expression for text in lower case without accents, with three
signs of its own: a blank is up to three separators (blank, dot, dash, underscore, line break), or
none; `é` is e, or the sign that a wrong encoding left of é (`s?curit?`); and `*` at the end lets
more letters follow, where without it the label ends with its word.
Before a label stands no letter. Every other sign is one that Python and RE2 read alike, but for the
one `(?!-)`.
"""

from typing import Literal, NamedTuple


class LabelRow(NamedTuple):
    """Labels of one meaning.

    Attributes:
        examples: as people write them, parted by ` · `.
        kind: `nir`, `other` for another number, or `optics`.
        strength: how sure that is.
        reason: why, in French.
        pattern: the labels in the notation above, parted by ` | `. Empty where the examples in
            lower case are the labels.
    """

    examples: str
    kind: Literal["nir", "other", "optics"]
    strength: Literal["strong", "weak"]
    reason: str
    pattern: str = ""

    @property
    def patterns(self) -> list[str]:
        """The pattern of each label."""
        return (self.pattern or self.examples.lower().replace(" · ", " | ")).split(" | ")


LABELS: tuple[LabelRow, ...] = (
    LabelRow(
        "NIR · N.I.R. · numNir",
        "nir",
        "strong",
        "sigle du numéro d'inscription au répertoire",
        "nirs? | n i r | num(?:éro)? nir | no nir",
    ),
    LabelRow(
        "numéro d'inscription au répertoire · RNIPP · SNGI",
        "nir",
        "strong",
        "nom officiel du NIR, ou des répertoires qui le donnent",
        "inscription au répertoire* | n(?:°|uméro) (?:d')?inscription au répertoire* | rnipp"
        " | sngi",
    ),
    LabelRow(
        "numéro de sécurité sociale · séc. soc. · n° sécu · numSecu",
        "nir",
        "strong",
        "nom courant du NIR",
        "sécu(?:rité)? soc(?:iale?)? | séc soc* | sécu | num(?:éro)? sécu* | no? sécu",
    ),
    LabelRow(
        "NSS · n.s.s. · n° SS · S.S. · numSS",
        "nir",
        "strong",
        "abréviation de « numéro de sécurité sociale »",
        r"nss | n\. s\. s | ss(?!-) | s\.s | num(?:éro)? ss* | no ss",
    ),
    LabelRow(
        "SSN · social security",
        "nir",
        "strong",
        "« numéro de sécurité sociale » en anglais, fréquent dans les logiciels",
        "ssn | social security*",
    ),
    LabelRow(
        "n° INSEE · numéro d'INSEE · num_insee",
        "nir",
        "strong",
        "« numéro INSEE » désigne le NIR, que l'INSEE attribue",
        "n(?:°|o|um|uméro) (?:d')?insee*",
    ),
    LabelRow(
        "assuré social n° · numéro d'assurée sociale",
        "nir",
        "strong",
        "le numéro d'assuré social est le NIR",
        r"n(?:°|o|um|uméro) (?:d')?assurée?(?:\(e\))? sociale?*"
        r" | assurée?(?:\(e\))? sociale? (?:n°|numéro)* | assurée?(?:\(e\))? sociale? no",
    ),
    LabelRow(
        "NIA · NNP · NTT · numéro d'attente",
        "nir",
        "strong",
        "numéros d'attente ou provisoires, construits comme un NIR ou mis à sa place",
        "nia | nnp | ntt | n(?:°|o|um|uméro) (?:identifiant )?d'attente*",
    ),
    LabelRow(
        "S21.G00.30.001",
        "nir",
        "strong",
        "rubrique de la DSN qui porte le NIR",
        "s21 g00 30 001*",
    ),
    LabelRow(
        "INS · identité nationale de santé · identifiant national",
        "nir",
        "weak",
        "l'identité nationale de santé reprend le NIR ; « identifiant national » nomme aussi "
        "d'autres numéros",
        r"ins | identité nationale de santé* | identifiant national*",
    ),
    LabelRow(
        "matricule · immatriculation · immatriculé sous le",
        "nir",
        "weak",
        "l'immatriculation à la sécurité sociale donne le NIR ; un matricule peut être interne, "
        "un véhicule ou une société est aussi immatriculé",
        "matricule* | immat(?:riculation)? | immatriculée?s?(?: sous)? (?:le|la|au)",
    ),
    LabelRow(
        "numéro d'assuré · assuré : · assuré social · id assuré",
        "nir",
        "weak",
        "souvent le NIR, parfois le numéro d'un contrat d'assurance",
        r"n(?:°|um|uméro) (?:d')?assuré* | id assuré* | assurée?(?:\(e\))? sociale?"
        r" | assurée?(?:\(e\))?(?: sociale?)? (?:n°|numéro|:|=)*"
        r" | assurée?(?:\(e\))?(?: sociale?)? no",
    ),
    LabelRow(
        "n° CPAM · numéro MSA",
        "nir",
        "weak",
        "le numéro par lequel ces caisses connaissent un assuré est son NIR ; elles ont aussi des "
        "numéros de dossier",
        r"n(?:°|o|um|uméro) (?:de )?(?:cpam|msa)",
    ),
    LabelRow(
        "assurance maladie · assurance sociale · carte vitale",
        "nir",
        "weak",
        "la carte Vitale porte le NIR, et un numéro de série qui n'en est pas un",
        r"assurance (?:maladie|sociale)* | vitale",
    ),
    LabelRow(
        "INSEE",
        "nir",
        "weak",
        "le NIR, mais aussi le code d'une commune",
        "insee",
    ),
    LabelRow(
        "numéro national · n° d'identification · numéro d'identité · n° d'inscription",
        "nir",
        "weak",
        "peut nommer le NIR comme le numéro d'une pièce d'identité ou d'une session",
        "n(?:°|uméro) (?:national|d'identification|d'identité|d'inscription)*",
    ),
    LabelRow(
        "SIRET · SIREN · TVA · NAF · APE · RCS · RNA",
        "other",
        "strong",
        "numéros d'entreprises et d'associations ; SIREN et SIRET ont une clé de contrôle",
    ),
    LabelRow(
        "IBAN · RIB · BIC · SWIFT · compte · coordonnées · mandat · virement · prélèvement",
        "other",
        "strong",
        "coordonnées bancaires ; l'IBAN et le RIB ont une clé de contrôle",
        "iban | rib | bic | swift | compte | coordonnees | mandat* | virement* | prelevement*",
    ),
    LabelRow(
        "CB · carte bancaire · Visa · Mastercard · Amex · transaction · paiement",
        "other",
        "strong",
        "cartes et opérations de paiement",
        "cb | carte bancaire* | visa | mastercard | amex | transaction* | paiement*",
    ),
    LabelRow(
        "numéro fiscal · SPI · impôt · avis",
        "other",
        "strong",
        "le numéro fiscal a 13 chiffres comme un NIR sans clé",
        r"fiscal* | spi | imp(?:o|ô)t* | avis",
    ),
    LabelRow(
        "tél · téléphone · portable · mobile · fax · GSM · SMS · phone",
        "other",
        "strong",
        "numéros de téléphone",
        "tel | telephones? | portable | mobile | fax | gsm | sms | phone",
    ),
    LabelRow(
        "IMEI · ICCID · IMSI · MEID · badge · serial · série",
        "other",
        "strong",
        "numéros d'appareils et de cartes ; l'IMEI a 15 chiffres",
        "imei | iccid | imsi | meid | badge | serial | serie",
    ),
    LabelRow(
        "EAN · GTIN · UPC · ISBN · ISSN · ISIN · LEI · code-barres · produit · article · lot",
        "other",
        "strong",
        "codes de produits, de livres et de titres ; un code-barres a 13 chiffres",
        "ean | ean13 | gtin | upc | isbn | issn | isin | lei | code barre*"
        " | produit | article | lot | palette* | echantillon",
    ),
    LabelRow(
        "INE",
        "other",
        "strong",
        "identifiant national d'un élève ou d'un étudiant",
    ),
    LabelRow(
        "AVS · NISS · DNI · NIE · NUSS · PESEL · BSN · CNP · passeport · suisse · belge",
        "other",
        "strong",
        "numéros de personnes d'autres pays",
        "avs | ahv | niss | dni | nie | nuss | pesel | bsn | cnp | passeport | suisse | belge"
        " | italien(?:ne)? | espagnole? | allemande? | portugaise? | roumaine? | polonaise?"
        " | britannique | luxembourgeoise? | americaine? | etranger",
    ),
    LabelRow(
        "dossier · référence · réf · ticket · demande · pièce · courrier · suivi · sinistre",
        "other",
        "strong",
        "références de dossiers et de courriers",
        "dossiers? | references? | refs? | ticket | demande | incident | sinistre | piece"
        " | courrier | recu | recommande | requete | request | suivi | tracking*",
    ),
    LabelRow(
        "commande · facture · devis · contrat · client · police · adhérent · colis · montant",
        "other",
        "strong",
        "numéros de commandes, de contrats et de clients ; sommes",
        "commande* | cde | facture* | colis* | bordereau* | livraison* | expedition*"
        " | quittance* | devis | contrat | cliente? | police | adherent | orders? | invoice"
        " | montants? | somme | total",
    ),
    LabelRow(
        "horodatage · timestamp · epoch · ts · unix · created · updated",
        "other",
        "strong",
        "instants : en millisecondes depuis 1970, un instant a 13 chiffres",
        "horodat* | timestamp | epoch | ts | unix | created | updated",
    ),
    LabelRow(
        "GPS · latitude · longitude · lat · lon · lng",
        "other",
        "strong",
        "positions, écrites avec beaucoup de décimales",
    ),
    LabelRow(
        "UUID · GUID · SHA · SHA1 · SHA256 · MD5 · hash · CRC · empreinte · digest · token",
        "other",
        "strong",
        "identifiants et empreintes de machines",
        "uuid | guid | sha | sha1 | sha256 | md5 | hash | crc | empreinte | digest | token"
        " | session | trace | version | build | commit",
    ),
    LabelRow(
        "VIN · châssis · véhicule · plaque",
        "other",
        "strong",
        "numéros de véhicules",
        "vin | chassis | vehicule | plaque",
    ),
    LabelRow(
        "proche infrarouge · spectre · longueur d'onde · near-infrared",
        "optics",
        "strong",
        "en optique, NIR veut dire « near infrared », proche infrarouge",
        "infrarouge* | infrared* | spectr(?:e|al|aux|o)* | longueurs? d'onde* | near infrared*"
        " | near ir",
    ),
)
"""The labels, those of NIRs first."""
