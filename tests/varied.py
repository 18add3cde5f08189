"""The bundled project with a policy that has what no bundled one has, all at once.

A condition of a need on an element of a list that `only` chooses from, a second release that gives
the reason of the first one again, and one that has ended.
"""

from pathlib import Path

from tamis.plan.project import Project, load_project

from .projects import copy_bundled

POLICY = "dsn-droits"
ENDED = "d'une transmission qui n'est plus"
SAME_REASON = (
    "rattacher les droits à l'employeur et au mois déclarés, et ne compter qu'une fois une "
    "déclaration annulée ou remplacée"
)
MORE = f"""\
      - because: compter aussi le dernier jour travaillé des seuls arrêts pour maternité
        basis: {{rgpd: 9.2.b, text: L. 6323-12 al. 9, status: confirmed}}
        keep: [contrats.arrets.dernier_jour]
        when:
          - field: contrats.arrets.motif
            in: ["02"]
            because: la maternité seule compte ce jour-là
            basis: {{rgpd: 9.2.h, text: L. 1225-17, status: to-confirm}}
  - id: seconde
    item: R6323-37.I.1
    purpose: R6323-33.1
    from: 2025-01-01
    retention: titulaire
    where:
      - {{field: essai_ou_reel, in: ["02"], because: un envoi d'essai ne crée pas de droits}}
    only:
      contrats:
        - {{field: nature, in: ["01"], because: la seconde transmission porte sur le droit commun}}
    needs:
      - because: {SAME_REASON}
        keep: [siret, mois]
      - because: connaître la seule période d'emploi
        keep: [contrats.debut, contrats.fin]
        when:
          - {{field: fraction, present: true, because: sans fraction rien ne se lit}}
  - id: passee
    item: R6323-37.I.1
    purpose: R6323-33.1
    from: 2025-01-01
    until: 2026-01-01
    retention: titulaire
    note: remarque {ENDED}
    where:
      - {{field: essai_ou_reel, in: ["02"], because: condition {ENDED}}}
    needs:
      - because: besoin {ENDED}
        keep: [siret]
"""


def varied_project(folder: Path) -> Project:
    """Write the project into `folder`, which has nothing yet."""
    file, kept = f"policies/{POLICY}.yaml", "          - contrats.arrets.dernier_jour\n"
    copy_bundled(folder, [(file, kept, "")])
    text = (folder / file).read_text(encoding="utf-8")
    assert SAME_REASON in text
    (folder / file).write_text(text + MORE, encoding="utf-8")
    return load_project(folder)
