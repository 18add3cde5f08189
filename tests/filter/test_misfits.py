"""Values of a `not_nir` with a pattern or check digits: what misfits is quarantined."""

import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import tamis
from tamis.check.nirs import share_of_nirs
from tamis.documents.marks import NotNir
from tamis.errors import DocumentError
from tamis.filter.execution import Minimized
from tamis.filter.misfits import misfitting
from tamis.plan.plan import Plan

from .column_kinds import KINDS, key, nirs


@pytest.mark.parametrize(
    ("text", "luhn", "iban"),
    [
        ("73282932000074", True, False),
        ("732 829 320 00074", True, False),
        ("73282932000075", False, False),
        ("FR7630006000011234567890189", False, True),
        ("FR76 3000 6000 0112 3456 7890 189", False, True),
        ("FR7630006000011234567890188", False, False),
        ("fr7630006000011234567890189", False, False),
        ("", False, False),
        ("0", False, False),
        ("155087599999193", False, False),
        ("\u0661\u0665", False, False),
        ("4" * 40, False, False),
    ],
)
def test_check_digits(text: str, luhn: bool, iban: bool) -> None:
    values = pa.array([text, None])
    assert misfitting(values, None, "luhn").tolist() == [not luhn, False]
    assert misfitting(values, None, "iban").tolist() == [not iban, False]


def test_a_pattern_holds_for_a_whole_value_of_any_type() -> None:
    for array in (
        pa.array(["26-1", "26-12", "x26-1", "26-1\n", None]),
        pa.array(["26-1", "26-12", "x26-1", "26-1\n", None], pa.large_string()),
        pa.array(["26-1", "26-12", "x26-1", "26-1\n", None]).dictionary_encode(),
    ):
        assert misfitting(array, "26-[0-9]|y", None).tolist() == [False, True, True, True, False]
    numbers = pa.array([26, 126, None], pa.int64())
    assert misfitting(numbers, "26", None).tolist() == [False, True, False]


def test_none_of_no_values_misfits() -> None:
    for array in (pa.array([], pa.string()), pa.array([], pa.string()).dictionary_encode()):
        for check in ("luhn", "iban"):
            assert misfitting(array, None, check).tolist() == []


@pytest.mark.parametrize("pattern", ["(", "a)|(b", "(?=1)", "a{1,100000}", r"\1", "x" * 201, ""])
def test_a_pattern_is_one_of_re2(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        NotNir(because="numéro de dossier interne", pattern=pattern)


def test_one_of_both_is_given() -> None:
    with pytest.raises(ValueError, match="one of `pattern` and `check`"):
        NotNir(because="numéro de dossier interne", pattern="x", check="luhn")


def test_which_patterns_take_nirs() -> None:
    for pattern in ("[0-9]+", ".*", "[12][0-9 ]+", "0[0-9]{14}", "1.{12,14}", "[0-9]{13}00"):
        assert share_of_nirs(pattern) > 0.2, pattern
    for pattern in ("D[0-9]{14}", "20(2[0-9])[0-9]{11}", "9[0-9]{12}", "[0-9]{9}", "2099.*"):
        assert share_of_nirs(pattern) <= 0.01, pattern


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The shipped project, whose `numero_dossier` is to match a pattern."""
    source = tamis.load_project("cpf").folder
    for name in ("policies", "schemas"):
        (tmp_path / name).symlink_to(Path(source) / name)
    return tmp_path


def _plan(**rule: str) -> Plan:
    plan = tamis.load_project("cpf").plan("prestataires-inscriptions")
    fields = tuple(
        replace(field, **rule) if field.name == "numero_dossier" else field  # type: ignore[arg-type]
        for field in plan.fields
    )
    return replace(plan, fields=fields)


def _run(plan: Plan, numbers: list[str]) -> Minimized[pa.RecordBatch]:
    count = len(numbers)
    columns = {
        "numero_dossier": numbers,
        "statut": ["VALIDEE"] * count,
        "nom": ["DURAND"] * count,
        "prenom": ["Anne"] * count,
        "session": [{"id": "S1"}] * count,
        "action": [{"id": "A1"}] * count,
    }
    return tamis.minimize(pa.record_batch(columns), plan)


def test_a_misfit_is_quarantined_and_what_fits_passes() -> None:
    plan = _plan(pattern="D[0-9]{13}")

    done = _run(plan, ["D1550875999991", "1550875999991", "D155087599999"])

    assert done.rows["inscriptions"].to_pylist() == [0]
    assert [tuple(row.values()) for row in done.quarantined.to_pylist()] == [
        (1, "not-nir", "numero_dossier", "not_nir: pattern"),
        (2, "not-nir", "numero_dossier", "not_nir: pattern"),
    ]


def test_what_meets_its_pattern_is_not_judged_as_a_column() -> None:
    numbers = [f"D{number}" for number in nirs(random.Random(1), 100) if number.isdigit()]
    assert _run(_plan(pattern="D[0-9]{13}"), numbers).tally.released == len(numbers)
    assert _run(_plan(), numbers).tally.released == 0


@pytest.mark.parametrize("with_key", [False, True])
def test_of_nirs_that_pass_a_check_none_is_released(with_key: bool) -> None:
    numbers = [number + key(number) * with_key for number in nirs(random.Random(2), 300)]

    done = _run(_plan(check="luhn"), numbers)

    assert done.tally.released == 0
    assert set(done.tally.reasons) == {"not-nir", "nir-leak"}


def test_references_that_pass_their_check_are_released() -> None:
    numbers = KINDS["SIRET"](random.Random(3), 300)
    assert _run(_plan(check="luhn"), numbers).tally.released == 300


def test_the_digest_of_a_plan_says_the_pattern_and_without_one_is_as_it_was() -> None:
    assert _plan(pattern="D[0-9]{13}").sha256 != _plan().sha256
    assert '"pattern"' not in _plan().canonical_json()


def test_documents_say_it(project: Path) -> None:
    schemas = project / "schemas"
    source = schemas.resolve()
    schemas.unlink()
    schemas.mkdir()
    for path in source.iterdir():
        (schemas / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    path = schemas / "prestataires-inscriptions.yaml"
    text = path.read_text(encoding="utf-8")
    old = "not_nir: numéro de dossier de 15 chiffres"
    assert old in text
    new = "not_nir: {because: numéro de dossier, pattern: 'D[0-9]{13}'}"
    path.write_text(text.replace(old, new), encoding="utf-8")

    plan = tamis.load_project(project).plan("prestataires-inscriptions")

    assert plan.fields[0].not_nir
    assert plan.fields[0].pattern == "D[0-9]{13}"
    path.write_text(text.replace(old, "not_nir: {because: a, pattern: '['}"), encoding="utf-8")
    with pytest.raises(DocumentError, match="pattern"):
        tamis.load_project(project).plan("prestataires-inscriptions")
