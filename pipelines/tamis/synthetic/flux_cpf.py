"""The certificateurs' flux CPF in XML, of any size, as the XSD 1.1.2 or 1.1.5 has it.

The passages are of nobody: NIRs are those of `make_nir`. A file is made a piece at a time.
"""

import random
from collections.abc import Iterator
from typing import Final, Literal
from xml.sax.saxutils import escape

from tamis.synthetic.records import make_nir

Version = Literal["1.1.2", "1.1.5"]
Action = Literal["CREATION", "SUPPRESSION"]

NAMESPACE: Final = "urn:cdc:cpf:pc5:schema:1.0.0"
_NAMES = ("ESSAI", "D'ESSAI & FILS", "FICTIVE", "Modèle-Spécimen", "Lœuvre", "D’Exemple")
_FIRST_NAMES = ("Zoé", "Jean-Noël", "Anaïs", "Loïc", "Maëlle")
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<flux xmlns="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<idFlux>00000000-0000-4000-8000-{seed:012d}</idFlux><horodatage>2026-07-12T13:14:15+01:00</horodatage>
{action}<emetteur><idClient>00FICT00</idClient><certificateurs><certificateur>
<idClient>00FICT00</idClient><idContrat>MCFCER000000</idContrat><certifications>
"""
_BEGIN = """\
<certification><type>{kind}</type><code>{kind}{number:05d}</code>
<natureDeposant>CERTIFICATEUR</natureDeposant><passageCertifications>
"""
_END = "</passageCertifications></certification>\n"
_FOOT = "</certifications></certificateur></certificateurs></emetteur></flux>\n"
_PASSAGE = """\
<passageCertification><idTechnique>{seed:08x}-{number:012d}</idTechnique>
<obtentionCertification>{obtained}</obtentionCertification><donneeCertifiee>true</donneeCertifiee>
<dateDebutValidite>2026-{month:02d}-{day:02d}</dateDebutValidite><dateFinValidite xsi:nil="true"/>
<presenceNiveauLangueEuro>false</presenceNiveauLangueEuro>
<presenceNiveauNumeriqueEuro>true</presenceNiveauNumeriqueEuro>
<niveauNumeriqueEuropeen><scoreGeneral>{score}</scoreGeneral><resultats>{results}</resultats>
</niveauNumeriqueEuropeen><scoring>{score}</scoring><mentionValidee xsi:nil="true"/>
<modalitesInscription><modaliteAcces>{access}</modaliteAcces></modalitesInscription>
<identificationTitulaire>{holder}</identificationTitulaire>{verbatim}</passageCertification>
"""
_RESULT = (
    "<resultat><niveau>{}</niveau><domaineCompetenceId>{}</domaineCompetenceId>"
    "<competenceId>{}</competenceId></resultat>"
)
_NATIONAL = (
    "<identifiantNational><nir>{nir}</nir><nomNaissance>{name}</nomNaissance></identifiantNational>"
)
_DOSSIER = (
    "<dossierFormation><idDossier>{number:013d}</idDossier><nomTitulaire>{name}</nomTitulaire>"
    "<prenom1Titulaire>{first}</prenom1Titulaire></dossierFormation>"
)
_TITULAIRE = (
    "<titulaire><nomNaissance>{name}</nomNaissance><nomUsage xsi:nil='true'/>"
    "<prenom1>{first}</prenom1><anneeNaissance>{year}</anneeNaissance>"
    "<moisNaissance>{month:02d}</moisNaissance><jourNaissance xsi:nil='true'/><sexe>{sex}</sexe>"
    "<codeCommuneNaissance>{place}</codeCommuneNaissance></titulaire>"
)
_PLACES = (
    "<codeInseeNaissance><codeInsee>{insee}</codeInsee></codeInseeNaissance>",
    "<codePostalNaissance><codePostal>75999</codePostal></codePostalNaissance>",
)
_ACCESS = ("CANDIDAT_LIBRE", "VAE", "FORMATION_INITIALE_APPRENTISSAGE")


def flux_cpf(
    passages: int,
    *,
    version: Version = "1.1.5",
    action: Action = "CREATION",
    seed: int = 1,
    passages_per_certification: int = 1000,
) -> Iterator[bytes]:
    """Make a flow of `passages`, a piece for each; the same for the same seed.

    Args:
        passages: how many; their holders are known in turn by one of the ways that the version has.
        version: 1.1.2 has neither an action nor NIRs.
        action: of a flow of 1.1.5.
        seed: a number of 12 digits at most.
        passages_per_certification: after so many, the next certification begins.

    Example:
        >>> data = b"".join(flux_cpf(3))
        >>> data.count(b"<passageCertification>"), data.count(b"<nir>")
        (3, 1)
    """
    chance = random.Random(seed)  # noqa: S311 (synthetic data, the same for the same seed)
    said = f"<action>{action}</action>\n" if version == "1.1.5" else ""
    yield _HEAD.format(namespace=NAMESPACE, seed=seed, action=said).encode()
    for number in range(passages):
        if number % passages_per_certification == 0:
            kind = chance.choice(("RNCP", "RS"))
            begin = _BEGIN.format(kind=kind, number=number // passages_per_certification + 1)
            yield ((_END if number else "") + begin).encode()
        yield _passage(number, chance, version, seed).encode()
    yield ((_END if passages else "") + _FOOT).encode()


def _passage(number: int, chance: random.Random, version: Version, seed: int) -> str:
    nir = make_nir(chance, with_key=False)
    ways = (_TITULAIRE, _DOSSIER, _NATIONAL) if version == "1.1.5" else (_TITULAIRE, _DOSSIER)
    holder = ways[number % len(ways)].format(
        nir=nir,
        number=number,
        name=escape(chance.choice(_NAMES)),
        first=chance.choice(_FIRST_NAMES),
        year=chance.randrange(1950, 2008),
        month=int(nir[3:5]),
        sex="MF"[int(nir[0]) - 1],
        place=chance.choice(_PLACES).format(insee=nir[5:10]),
    )
    results = (
        _RESULT.format(chance.randrange(1, 9), chance.randrange(1, 6), chance.randrange(1, 6))
        for _result in range(chance.randrange(4))
    )
    return _PASSAGE.format(
        seed=seed,
        number=number,
        obtained=chance.choice(("PAR_ADMISSION", "PAR_SCORING")),
        month=chance.randrange(1, 13),
        day=chance.randrange(1, 29),
        score=chance.randrange(1, 1000),
        results="".join(results),
        access=chance.choice(_ACCESS),
        holder=holder,
        verbatim=chance.choice(("", "<verbatim>Épreuve passée &lt;en ligne&gt;.</verbatim>")),
    )
