"""Pairs of shipped policies, before and after a small edit, and all that `diff` says of each."""

import shutil
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from tamis.cli.approve import approve
from tamis.cli.diff import _section
from tamis.diff.diff import diff
from tamis.documents.project import bundled_folder
from tamis.plan.project import Project, load_project

Old = Callable[[Iterable[tuple[str, str, str]]], Project]

EVALUATION, AID, PLACES = (
    f"policies/{name}.yaml"
    for name in ("evaluation-cpf", "france-travail-financement", "prestataires-inscriptions")
)
REGISTER, VEILLE, LAW = (f"policies/{name}.yaml" for name in ("register", "veille", "law/R6323-37"))
PROJECT = "policies/project.yaml"
SCHEMA = "schemas/evaluation-cpf.yaml"

Edit = tuple[str, str, str]
"""A file, a text that stands in it once, what takes its place; a file's whole text if empty."""

EXCEPTION = "{what: example, policy: evaluation-cpf, because: un essai de quinze jours, by: DPO, "
ALLOWED = f"exceptions: [{EXCEPTION}until: 2099-01-01}}]\n"
NEED = """      - because: comparer l'usage du compte selon l'âge, le sexe et la région
        keep: [date_naissance, sexe, region_residence]
"""
SPLIT = """      - because: comparer l'usage du compte selon l'âge, le sexe et la région
        keep: [sexe]
      - because: comparer l'usage du compte selon l'âge, le sexe et la région
        keep: [date_naissance, region_residence]
"""
ANCHORED = """      - because: &motif comparer l'usage du compte selon l'âge, le sexe et la région
        keep: [sexe]
      - because: *motif
        keep: [date_naissance, region_residence]
"""
WHERE = """    where:
      - field: dispositif
        in: ["CPF"]
        because: le III 2° nomme le compte personnel de formation ; le DIF des élus locaux est transmis à part
"""
ENTRY = "{item: R6323-37.III.2, direction: out-of-store, from: 2022-01-01, attested: example"
STATUS = '["VALIDEE", "ACCEPTEE", "EN_FORMATION", "ANNULEE", "TERMINEE"]'
"""The statuses with which an enrolment is released."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Old:
    """The shipped policy that is edited, with its schema, on the shipped law and register."""

    @cache
    def alone(name: str) -> Project:
        folder = tmp_path_factory.mktemp(name)
        for kind in ("policies", "schemas"):
            (folder / kind).mkdir()
            shutil.copy(bundled_folder() / kind / f"{name}.yaml", folder / kind)
        return load_project(folder)

    def of_edits(edits: Iterable[Edit]) -> Project:
        files = {file for file, _old, _new in edits}
        return alone("prestataires-inscriptions" if PLACES in files else
                     "france-travail-financement" if AID in files else "evaluation-cpf")  # fmt: skip

    return of_edits


def edited(old: Project, folder: Path, edits: Iterable[Edit]) -> Project:
    """A copy with edits; law, register and veille are copied where they are edited."""
    shutil.copytree(old.folder, folder)
    for file, text, now in edits:
        path = folder / file
        if path.parent.name == "law":
            shutil.copytree(bundled_folder() / "policies/law", path.parent)
        elif text and not path.exists():
            shutil.copy(bundled_folder() / file, path)
        if text:
            before = path.read_text(encoding="utf-8")
            assert before.count(text) == 1, f"{text!r} stands {before.count(text)} times in {file}"
            now = before.replace(text, now)
        path.write_text(now, encoding="utf-8")
    return load_project(folder)


def tell(old: Project, new: Project) -> list[str]:
    """The changes as a reviewer reads them: the heading, the fields, the sentence."""
    changes = diff(old, new).changes
    return [
        ": ".join(filter(None, (_section(change), ", ".join(change.fields), change.problem.text)))
        for change in changes
    ]


REFACTORINGS: dict[str, tuple[Edit, ...]] = {
    "fields of a need in another order": (
        (EVALUATION, "[date_naissance, sexe, region_residence]", "[sexe, region_residence, date_naissance]"),
    ),
    "keys in another order": (
        (EVALUATION, "    item: R6323-37.III.2\n    purpose: R6323-33.5\n",
         "    purpose: R6323-33.5\n    item: R6323-37.III.2\n"),
    ),
    "a need split in two": ((EVALUATION, NEED, SPLIT),),
    "a need split, its reason by an anchor": ((EVALUATION, NEED, ANCHORED),),
    "a comment": ((EVALUATION, "releases:\n", "releases:\n  # relu en novembre\n"),),
    "another description": ((EVALUATION, "describes: ", "describes: pour mémoire, "),),
    "the same field twice in one need": ((EVALUATION, "keep: [nir]", "keep: [nir, nir]"),),
    "a default made explicit": ((EVALUATION, "    from: 2022-01-01\n", "    from: 2022-01-01\n    on_nir: strip\n"),),
    "the values of a condition in another order": (
        (PLACES, f"in: {STATUS}", 'in: ["TERMINEE", "ANNULEE", "EN_FORMATION", "ACCEPTEE", "VALIDEE"]'),
    ),
    "a condition written twice": ((EVALUATION, WHERE, WHERE + WHERE.split("\n", 1)[1]),),
    "flow style for block style": (
        (EVALUATION, WHERE,
         "    where: [{field: dispositif, in: [CPF], because: le III 2° nomme le compte personnel de "
         "formation ; le DIF des élus locaux est transmis à part}]\n"),
    ),
    "a field of the schema described": ((SCHEMA, "courriel:          {type: string,", "courriel:          {describes: une adresse, type: string,"),),
}  # fmt: skip


@pytest.mark.parametrize("edits", REFACTORINGS.values(), ids=REFACTORINGS)
def test_a_refactoring_changes_nothing(old: Old, tmp_path: Path, edits: tuple[Edit, ...]) -> None:
    assert tell(old(edits), edited(old(edits), tmp_path / "new", edits)) == []


CHANGES: dict[str, tuple[Edit, ...]] = {
    "a field added": ((EVALUATION, "keep: [nir]", "keep: [nir, pcs_ese]"),),
    "a field gone": ((EVALUATION, "[code_rncp, entree_le]", "[code_rncp]"), (EVALUATION, "      entree_le:      {generalize: {to: quarter}}\n", "")),
    "a finer date": ((EVALUATION, "{to: quarter}", "{to: month}"),),
    "a coarser date": ((EVALUATION, "{to: quarter}", "{to: year}"),),
    "a treatment gone": ((EVALUATION, "      montant_total:  {generalize: {step: 500}}\n", ""),),
    "a finer step": ((EVALUATION, "{step: 500}", "{step: 250}"),),
    "a condition gone": ((EVALUATION, WHERE, ""),),
    "a value more": ((EVALUATION, 'in: ["CPF"]', 'in: ["CPF", "DIFEL"]'),),
    "a value less": ((PLACES, f"in: {STATUS}", 'in: ["VALIDEE", "ACCEPTEE", "EN_FORMATION", "ANNULEE"]'),),
    "an earlier day": ((EVALUATION, "from: 2022-01-01", "from: 2021-06-01"),),
    "an end": ((EVALUATION, "from: 2022-01-01\n", "from: 2022-01-01\n    until: 2027-01-01\n"),),
    "a word of a need": ((EVALUATION, "rattacher entre eux", "relier entre eux"),),
    "a word of a condition": ((EVALUATION, "le III 2° nomme le compte", "le 2° du III nomme le compte"),),
    "another legal basis": ((AID, "décret n° 2019-341 art. 2 C, status: to-confirm", "décret n° 2019-341 art. 2 B, status: to-confirm"),),
    "a motif gone": ((EVALUATION, "Le sexe et l'année de naissance, sans le mois ni la commune, ne\n      reconstituent pas le numéro.", "Rien d'autre."),),
    "another method of the pseudonym": ((EVALUATION, "hmac-sha256", "aes-256-cmac"),),
    "a mark gone": ((SCHEMA, ", nir_part: sex", ""),),
    "a mark gone of a field that no policy uses": ((SCHEMA, "    sensitive: santé (RGPD art. 9)\n", "    sensitive: {none: dit seulement une embauche}\n"),),
    "an exception new": ((PROJECT, "", ALLOWED),),
    "approvals required": ((PROJECT, "", "approvals: required\n"),),
    "an unread text read": ((VEILLE, "    from: 2026-06-27\n", "    from: 2026-07-27\n"),),
    "a second reason for a field": ((EVALUATION, "keep: [nir]", "keep: [nir, sexe]"),),
    "a release called otherwise": ((EVALUATION, "  - id: evaluation\n", "  - id: etude\n"),),
    "a partner of its own name": ((EVALUATION, "processing: systeme-evaluation-cpf", "processing: si-cpa"),),
    "an entry of the register": ((REGISTER, ENTRY, ENTRY.replace("example", "inferred")),),
    "another law": ((LAW, "article: R6323-37\n", "article: R6323-37  # relu\n"),),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_in_these_words(old: Old, tmp_path: Path, name: str) -> None:
    told = (Path(__file__).parent / "pairs.txt").read_text(encoding="utf-8")
    expected = dict(part.split("\n", 1) for part in told.split("## ")[1:])
    before = old(CHANGES[name])
    said = tell(before, edited(before, tmp_path / "new", CHANGES[name]))
    assert "".join(f"{line}\n" for line in said) == expected[name].strip("\n") + "\n"


def test_a_renamed_policy_is_told_as_one(old: Old, tmp_path: Path) -> None:
    before = old([])
    new = edited(
        before, tmp_path / "new", [(EVALUATION, "policy: evaluation-cpf", "policy: usage")]
    )
    (new.folder / EVALUATION).rename(new.folder / "policies/usage.yaml")
    assert tell(before, load_project(new.folder)) == [
        "none: policy `evaluation-cpf` is now called `usage`, as its folder is"
    ]


def test_an_approval_that_is_new_says_whose(old: Old, tmp_path: Path) -> None:
    new = edited(old([]), tmp_path / "new", [])
    words = {"by": "A. Martin", "role": "DPO", "until": "2099-01-01", "note": "sur un exemple"}
    approve(new, "evaluation-cpf", opinion="réservé", **words)
    (said,) = tell(old([]), load_project(new.folder))
    assert said.startswith(
        "ground: approval of `evaluation-cpf`: new: opinion réservé, by A. Martin, role DPO, "
        "until 2099-01-01, note sur un exemple"
    )
