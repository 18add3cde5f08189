"""Look-alikes of NIRs, each in a French sentence, for `second_corpus`."""

import random
import string
import uuid
from collections.abc import Callable

Rng = random.Random
Write = Callable[[Rng], str]


def cut(number: str, gap: str = " ", widths: tuple[int, ...] = (1, 2, 2, 2, 3, 3, 2)) -> str:
    parts, at = [], 0
    for width in widths:
        if at < len(number):
            parts.append(number[at : at + width])
        at += width
    return gap.join(parts)


def digits(rng: Rng, count: int, first: str = "123456789") -> str:
    return rng.choice(first) + "".join(rng.choices(string.digits, k=count - 1))


def body(rng: Rng, first: str = "12", place: str | None = None) -> str:
    """13 characters; `place` is a département of two or three characters."""
    place = place or f"{rng.choice([*range(1, 20), *range(21, 96)]):02}"
    if rng.random() < 0.5:
        commune, order = f"99{rng.randint(0, 9)}", f"{rng.randint(1, 999):03}"
    else:
        commune, order = f"{rng.randint(1, 900):03}", f"99{rng.randint(0, 9)}"
    where = place + commune[len(place) - 2 :]
    return f"{rng.choice(first)}{rng.randint(0, 99):02}{rng.randint(1, 12):02}{where}{order}"


def key_for(body: str) -> str:
    department = {"2A": "19", "2B": "18"}.get(body[5:7].upper(), body[5:7])
    return f"{97 - int(body[:5] + department + body[7:]) % 97:02}"


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def checked(rng: Rng, count: int, first: str = "123456789") -> str:
    number = digits(rng, count - 1, first)
    return number + _luhn(number)


def ean(rng: Rng, first: str) -> str:
    digits = first + "".join(rng.choices(string.digits, k=12 - len(first)))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def _rib(rng: Rng) -> tuple[str, str, str, str]:
    bank, desk = f"{rng.randint(10000, 49999)}", f"{rng.randint(0, 99999):05}"
    account = f"{rng.randint(0, 10**11 - 1):011}"
    key = 97 - (89 * int(bank) + 15 * int(desk) + 3 * int(account)) % 97
    return bank, desk, account, f"{key:02}"


def iban(rng: Rng) -> str:
    basic = "".join(_rib(rng))
    return f"FR{98 - int(basic + '152700') % 97:02}{basic}"


def phone(rng: Rng, gap: str = " ") -> str:
    return gap.join([f"0{rng.randint(1, 9)}", *[f"{rng.randint(0, 99):02}" for _ in range(4)]])


def date(rng: Rng, gap: str = "/") -> str:
    day, month = f"{rng.randint(1, 28):02}", f"{rng.randint(1, 12):02}"
    return gap.join([day, month, str(rng.randint(1950, 2026))])


def _stamp(rng: Rng) -> str:
    return (
        f"20{rng.randint(10, 26)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
        f"{rng.randint(0, 23):02}{rng.randint(0, 59):02}{rng.randint(0, 59):02}"
    )


def amount(rng: Rng) -> str:
    number = f"{rng.randint(10**5, 10**9):,}".replace(",", rng.choice((" ", "\u202f", "\u00a0")))
    return f"{number},{rng.randint(0, 99):02} €"


def _float(rng: Rng) -> str:
    return f"{rng.uniform(-3, 3):.{rng.choice((6, 13, 14, 15, 16))}f}"


def _many(write: Write, gaps: tuple[str, ...], least: int = 2, most: int = 4) -> Write:
    return lambda r: r.choice(gaps).join([write(r) for _ in range(r.randint(least, most))])


def _said(*sentences: str, of: Write) -> Write:
    return lambda r: r.choice(sentences).replace("§", of(r))


def _hexadecimal(rng: Rng, count: int) -> str:
    return "".join(rng.choices("0123456789abcdef", k=count))


def _digest(rng: Rng) -> str:
    """One in which 15 digits or more stand in a row now and then."""
    count = rng.choice((32, 40, 64, 128))
    digest = _hexadecimal(rng, count)
    if rng.random() < 0.5:
        place = rng.randrange(1, count - 16)
        digest = f"{digest[:place]}{digits(rng, 15, '12')}{digest[place + 15 :]}"
    return digest


_LIST_GAPS = (" ", " / ", ", ", " ; ", " - ", "\n", " ou ", ";", "/", ",")

LOOKALIKES: dict[str, Write] = {
    "siren": _said(
        "SIREN § actif", "société n° §", "RCS Paris §", "siren : §", "L'entreprise § a répondu",
        of=lambda r: cut(checked(r, 9), r.choice(("", " ", ".")), (3, 3, 3)),
    ),
    "siret": _said(
        "SIRET §", "l'organisme (§) est agréé", "établissement § à Lyon", "§", "Siret: §.",
        "siret=§&naf=8559A", '{"siret": "§"}', "employeur § ; effectif 12",
        of=lambda r: cut(checked(r, 14), r.choice(("", " ", ".", "\u00a0")), (3, 3, 3, 5)),
    ),
    "siret that starts as a nir": _said(
        "SIRET §", "établissement §", "§", "l'employeur § a déclaré",
        of=lambda r: (d := body(r)) + _luhn(d),
    ),
    "sirets in a row": _many(
        lambda r: cut(checked(r, 14), r.choice(("", " ")), (3, 3, 3, 5)), _LIST_GAPS
    ),
    "tva": _said("TVA FR§", "n° TVA intracommunautaire : FR §",
                 of=lambda r: digits(r, 2) + r.choice(("", " ")) + checked(r, 9)),
    "iban": _said("IBAN : §", "virement sur §", "§", "compte § (LCL)", "iban=§", of=iban),
    "iban spaced": _said(
        "IBAN : §", "virement sur le §", "§", "coordonnées bancaires § BIC AGRIFRPP",
        of=lambda r: cut(iban(r), r.choice((" ", "\u00a0", "-")), (4,) * 7),
    ),
    "iban abroad": _said(
        "IBAN §", "son compte § est clos",
        of=lambda r: r.choice(("DE", "BE", "ES", "IT", "LU")) + digits(r, 2) + " "
        + cut(digits(r, r.choice((14, 18, 20))), " ", (4,) * 5),
    ),
    "rib": _said(
        "RIB : §", "RIB §", "banque guichet compte clé : §", "coordonnées bancaires : §",
        of=lambda r: r.choice((" ", "-", "", " / ")).join(_rib(r)),
    ),
    "rib with key": _said(
        "RIB : §", "compte §",
        of=lambda r: (p := _rib(r)) and f"{p[0]} {p[1]} {p[2]} clé {p[3]}",
    ),
    "card": _said(
        "carte bancaire §", "CB § exp 12/27", "payé par §", "Visa §", "§",
        of=lambda r: cut(checked(r, 16, "45"), r.choice(("", " ", "-")), (4,) * 4),
    ),
    "amex": _said("Amex §", "carte §", "§",
                  of=lambda r: cut("37" + checked(r, 13), r.choice(("", " ")), (4, 6, 5))),
    "ean": _said(
        "EAN §", "code-barres §", "produit § en stock", "§", "GTIN: §",
        of=lambda r: ean(r, r.choice(("3", "30", "33", "376", "20", "2", "4", "50", "8", "761"))),
    ),
    "isbn": _said("ISBN §", "livre §", "manuel (ISBN §), 2e édition",
                  of=lambda r: cut(ean(r, r.choice(("978", "979"))), r.choice(("", "-", " ")),
                                    (3, 1, 4, 4, 1))),
    "imei": _said(
        "IMEI §", "IMEI : §", "téléphone perdu, IMEI §", "appareil § bloqué",
        of=lambda r: cut(checked(r, 15, "3"), r.choice(("", " ", "-")), (2, 6, 6, 1)),
    ),
    "ine": _said("INE §", "étudiant n° §", "INE : §", of=lambda r: r.choice((
        digits(r, 10) + r.choice("ABCDEFGH"), digits(r, 9) + "AB", digits(r, 4) + "A"
        + digits(r, 6)))),
    "tax number": _said(
        "numéro fiscal §", "n° fiscal : §", "SPI §", "Numéro fiscal de référence : §",
        "identifiant fiscal §", "avis d'impôt, numéro fiscal § déclarant 1", "N° FISCAL §",
        "son numéro fiscal est le §", "impôts : §", "référence de l'avis : §",
        of=lambda r: cut(digits(r, 13, "0123"), r.choice(("", " ")), (2, 2, 3, 3, 3)),
    ),
    "tax number alone": _said("§", "reçu §", "voir § ce jour",
                              of=lambda r: cut(digits(r, 13, "0123"), r.choice(("", " ")),
                                                (2, 2, 3, 3, 3))),
    "timestamp of 14": _said("horodatage §", "export_§.csv", "§", "log § OK", "sauvegarde §",
                             of=_stamp),
    "timestamp of 17": _said("horodatage §", "msg§", "§", "id=§", "batch-§.parquet",
                             of=lambda r: _stamp(r) + f"{r.randint(0, 999):03}"),
    "timestamp with dashes": _said(
        "le §", "§", "[§] INFO démarrage", "modifié le § par admin",
        of=lambda r: f"{r.randint(2000, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
        + r.choice((" ", "T")) + f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 9):02}"
        + r.choice(("", ".123", ",456789", ".123456Z", "+02:00")),
    ),
    "epoch": _said("ts=§", "epoch §", "created §", "§", '{"timestamp": §}', "modifié à §",
                   of=lambda r: str(r.randint(1_500_000_000_000, 1_800_000_000_000))),
    "epoch in microseconds": _said("ts=§", "timestamp § µs",
                                   of=lambda r: str(r.randint(15 * 10**14, 18 * 10**14))),
    "order of 13": _said(
        "commande §", "commande n° §", "facture n° §", "n° de dossier §", "dossier §", "réf. §",
        "référence : §", "contrat §", "ticket §", "bordereau §", "numéro de suivi §", "devis §",
        "Dossier n°§ transmis", "N° de commande : §", "lot §", "client n° §", "§ annulé",
        of=lambda r: digits(r, 13, "12"),
    ),
    "order of 15": _said(
        "commande §", "commande n° §", "facture n° §", "n° de dossier §", "dossier §", "réf. §",
        "référence : §", "contrat §", "ticket §", "bordereau §", "numéro de suivi §", "devis §",
        "Dossier n°§ transmis", "N° de commande : §", "lot §", "client n° §", "§ annulé",
        of=lambda r: digits(r, 15, "12"),
    ),
    "body of a nir as an order": _said(
        "commande §", "facture n° §", "n° de dossier §", "référence : §", "contrat n° §",
        "bon de livraison §", "ticket §", "colis § expédié", "§", "produit §",
        of=body,
    ),
    "reference in groups": _said(
        "référence §", "dossier n° §", "contrat §", "commande §",
        of=lambda r: cut(digits(r, 15, "12"), r.choice((" ", "-", ".")),
                          r.choice(((3, 4, 4, 4), (5, 5, 5), (4, 4, 4, 3), (2, 6, 7)))),
    ),
    "20 digits": _said("§", "identifiant §", "trace §", of=lambda r: digits(r, 20, "12")),
    "16 digits": _said("§", "identifiant §", "id §", of=lambda r: digits(r, 16, "12")),
    "14 digits": _said("§", "identifiant §", "id §", of=lambda r: digits(r, 14, "12")),
    "phone": _said("tél §", "appeler le §", "06 ou § ?", "joignable au § le matin",
                   of=lambda r: phone(r, r.choice((" ", ".", "-", "")))),
    "phones in a row": _many(lambda r: phone(r, r.choice((" ", ".", "-", ""))), _LIST_GAPS),
    "phones with one separator": lambda r: (
        lambda gap: gap.join([phone(r, gap) for _ in range(r.randint(2, 3))])
    )(r.choice((" ", ".", "-"))),
    "international phones": _many(
        lambda r: f"+33 {r.randint(1, 7)} " + " ".join(phone(r).split()[1:]), _LIST_GAPS
    ),
    "phone and code": _said("tél § 75015 Paris", "§ poste 1234", "fax § / 75008", of=phone),
    "gps": _said("GPS §", "position §", "lat/lng : §", "§", "géolocalisé en §",
                 of=lambda r: f"{r.uniform(42, 51):.{r.choice((5, 6, 13, 14))}f}"
                 + r.choice((", ", ",", " ", ";"))
                 + f"{r.uniform(-4, 8):.{r.choice((5, 6, 13, 14))}f}"),
    "amount": _said("montant §", "total : § TTC", "de § à régler", "solde §", of=amount),
    "amounts": _many(amount, _LIST_GAPS),
    "amounts without unit": _many(
        lambda r: f"{r.randint(1, 9)} {r.randint(0, 999):03} {r.randint(0, 999):03}",
        (" ", " ; ", ", ", " - ", "\t")),
    "floats": lambda r: r.choice(("[§]", "embedding: §", "(§)")).replace(
        "§", r.choice((", ", ",", " ", ";")).join(_float(r) for _ in range(r.randint(1, 6)))),
    "fraction": _said("ratio 0.§", "p = 0,§", "score=1.§", "-0.§",
                      of=lambda r: digits(r, r.choice((13, 15)), "12")),
    "digest": _said("sha256 §", "md5: §", "§", "empreinte §", "etag \"§\"", of=_digest),
    "uuid": _said("id §", "§", "corrélation §", "/files/§.pdf",
                  of=lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    "belgian": _said("registre national §", "NISS belge §", "n° national belge : §",
                     of=lambda r: f"{r.randint(40, 99)}.{r.randint(1, 12):02}."
                     f"{r.randint(1, 28):02}-{r.randint(1, 999):03}.{r.randint(1, 97):02}"),
    "italian": _said("codice fiscale §", "code fiscal italien §",
                     of=lambda r: "RSSMRA" + f"{r.randint(40, 99)}A{r.randint(1, 28):02}H501"
                     + r.choice("UVWZ")),
    "spanish": _said("DNI §", "NIE X§", "NUSS espagnol §",
                     of=lambda r: r.choice((digits(r, 8) + "Z", digits(r, 12)))),
    "german": _said("Steuer-ID §", "Rentenversicherungsnummer 12 § 003", "IdNr. §",
                    of=lambda r: cut(digits(r, 11), r.choice(("", " ")), (2, 3, 3, 3))),
    "swiss": _said("AVS §", "n° AVS : §", "AHV §", "assuré suisse §", "§",
                   of=lambda r: cut(ean(r, "756"), r.choice((".", "", " ")), (3, 4, 4, 2))),
    "american": _said("SSN §", "US SSN: §", of=lambda r: cut(digits(r, 9), "-", (3, 2, 4))),
    "bulgarian": _said("EGN §", "ЕГН §", of=lambda r: digits(r, 10)),
    "romanian": _said("CNP §", "CNP roumain : §", "cod numeric personal §",
                      of=lambda r: f"{r.choice('1256')}{r.randint(0, 99):02}{r.randint(1, 12):02}"
                      f"{r.randint(1, 28):02}{digits(r, 6)}"),
    "chinese": _said("carte d'identité chinoise §", "ID §",
                     of=lambda r: f"{r.randint(110000, 650000)}{r.randint(1950, 2005)}"
                     f"{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, 3)}"
                     + r.choice("0123456789X")),
    "british": _said("NINO §", "NHS number §", of=lambda r: r.choice((
        "QQ 12 34 56 C", cut(digits(r, 10), " ", (3, 3, 4))))),
    "south african": _said("SA ID §", "pièce d'identité étrangère §",
                           of=lambda r: f"{r.randint(40, 99)}{r.randint(1, 12):02}"
                           f"{r.randint(1, 28):02}{digits(r, 4)}08{r.randint(0, 9)}"),
    "dates in a row": _many(lambda r: date(r, r.choice(("/", ".", "-", " "))), _LIST_GAPS),
    "iso dates in a row": _many(
        lambda r: f"{r.randint(1950, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}", _LIST_GAPS
    ),
    "short dates in a row": _many(
        lambda r: f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/{r.randint(0, 99):02}", _LIST_GAPS
    ),
    "date and hour": _many(lambda r: f"{date(r)} {r.randint(0, 23):02}:{r.randint(0, 59):02}",
                           _LIST_GAPS, 1, 3),
    "versions": _said(
        "version §", "v§", "build §", "mise à jour § installée", "Chrome/§ Safari/537.36",
        of=lambda r: ".".join(
            str(r.randint(0, r.choice((9, 99, 9999)))) for _ in range(r.randint(3, 6))
        ),
    ),
    "ip addresses": _many(
        lambda r: ".".join(str(r.randint(1, 254)) for _ in range(4)), (" ", ", ", ":", " -> ")
    ),
    "tracking of 13": _said(
        "colis §", "suivi La Poste §", "Chronopost §", "recommandé §", "n° de colis : §",
        of=lambda r: r.choice((
            f"{r.choice(('8L', '6A', '1A', '2C', '8R', '9V'))}{digits(r, 11)}",
            f"{r.choice(('XY', 'LL', 'RK'))}{digits(r, 9)}FR")),
    ),
    "tracking spaced": _said(
        "recommandé §", "AR n° §", "lettre recommandée §",
        of=lambda r: cut(r.choice(("1A", "2C")) + digits(r, 11), " ", (2, 3, 3, 4, 1)),
    ),
    "tracking of 15": _said("colis §", "DPD §", "suivi §", "numéro de suivi : §",
                            of=lambda r: digits(r, 15)),
    "infrared": _said(
        "proche infrarouge (NIR) §", "spectre NIR entre 780 et 2500 nm, échantillon §",
        "mesure NIR (proche infrarouge) n° §", "Spectromètre NIR, série §",
        of=lambda r: r.choice((digits(r, 13, "12"), digits(r, 15, "12"), digits(r, 9))),
    ),
    "words alone": lambda r: r.choice((
        "NIR non communiqué", "Le NIR est à 13 chiffres", "son NIR est manquant, rappeler au "
        + phone(r), "n° sécu à fournir avant le " + date(r),
        "numéro de sécurité sociale illisible",
        "NIR : néant ; tél " + phone(r), "NIR inconnu, SIRET " + checked(r, 14),
        "sans NIR, dossier " + digits(r, 13, "12"), "NIR : en attente, IBAN " + iban(r),
        "NIR: null, ref: " + digits(r, 12), "immatriculation AB-123-CD du véhicule",
        "code INSEE 75056, Paris", "commune INSEE 2A004 et 2B033", "NIR manquant le "
        + date(r) + " à " + f"{r.randint(0, 23)}:30",
        "Sécurité sociale : centre 751, tél " + phone(r))),
    "hours and rooms": _said("salle 2 le 12 à 14 h, § participants", "de 9h00 à 12h30, § €",
                             "module 1 2 3 4 5 : § h", of=lambda r: str(r.randint(2, 900))),
    "table of small numbers": _many(lambda r: str(r.randint(0, r.choice((9, 99, 999)))),
                                    ("  ", "\t", " | ", ", ", ";", " "), 5, 14),
    "lottery": _many(lambda r: f"{r.randint(1, 49):02}", (" ", " - ", "-"), 5, 9),
    "address": _said("12 bis rue § 75015 Paris CEDEX 12", "BP 1234 59000 Lille, tél §",
                     "3 allée des 4 vents 31 000 Toulouse §", of=phone),
    "formulas": _said("1+2+3+4+5+§=x", "2*3.14159*§", "10^12 x §",
                      of=lambda r: str(r.randint(1, 99999))),
    "course": _said("formation RS§ de 140 h à 1 500,00 € du 12/01/2024 au 15/03/2024",
                    "RNCP§ 35 h 1 200 €", "session 2024-§ : 12 places, 3 inscrits, 9 libres",
                    of=lambda r: str(r.randint(1000, 39999))),
    "iccid": _said("ICCID §", "carte SIM §", of=lambda r: "8933" + digits(r, 15)),
    "barcode": _said("code barre §", "palette §", "SSCC (00)§", of=lambda r: "3" + digits(r, 17)),
    "mac and hex": _said("MAC §", "0x§", "couleur #§",
                         of=lambda r: ":".join(_hexadecimal(r, 2) for _ in range(6))),
    "vehicle": _said("châssis §", "VIN §", "n° de série véhicule §",
                     of=lambda r: "VF1" + "".join(r.choices("ABCDEFGHJK", k=3)) + digits(r, 11)),
    "coordinates lambert": _said("X=§", "Lambert 93 : §",
                                 of=lambda r: f"{r.randint(100000, 999999)}.{digits(r, 3)}, "
                                 f"{r.randint(6000000, 6999999)}.{digits(r, 3)}"),
    "percentages": _many(lambda r: f"{r.randint(0, 99)},{r.randint(0, 99):02} %", _LIST_GAPS, 3, 7),
    "scores": _many(lambda r: f"{r.randint(0, 20)}/20", _LIST_GAPS, 3, 9),
    "prose": lambda r: r.choice((
        "Le titulaire souhaite mobiliser 1 200 € pour une VAE.", "Rien à signaler.",
        "l'assuré a 2 enfants nés en 2015 et 2018 ; revenus 23 000 € et 24 500 €",
        "Finir avant l'avenir, tenir, venir 12 13 14", "Dupont, 3 ans, 2 mois, 12 jours")),
}  # fmt: skip
