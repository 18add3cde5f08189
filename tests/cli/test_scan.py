"""`tamis scan` on every format: which columns hold NIRs, how many, in which form; no value."""

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.cli import main
from tamis.cli.scan import scan_command, scan_file
from tamis.errors import InputError
from tamis.formats.schemaless import csv_options
from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import Dirt, make_records

NIR = "155087599999193"
SPACED = "1 55 08 75 999 991 93"


@pytest.fixture
def feed(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        schema, _ = bundled_project().schema(name)
        path = tmp_path / f"{name}.{schema.format.name}"
        records = make_records(schema, 300, seed=3, dirt=Dirt(in_text=0.5))
        write_feed(records, schema, path)
        return path

    return make


@pytest.mark.parametrize(
    ("name", "column", "form"),
    [
        ("evaluation-cpf", "nir", "15"),
        ("prevention-passeport", "nir", "15"),
        ("prevention-passeport", "observations", "text"),
        ("benevolat-engagement", "titulaire.nir", "15"),
        ("benevolat-engagement", "commentaire", "text"),
        ("certificateurs-passeport", "titulaire.nir", "15"),
        ("dsn-individus", "S21.G00.30.001 (NIR)", "15"),
    ],
)
def test_a_column_with_nirs_is_told_in_every_format(
    feed: Callable[[str], Path], name: str, column: str, form: str
) -> None:
    columns = scan_file(feed(name))
    assert columns[column].nirs.get(form, 0) > 100


def test_a_column_without_nirs_is_not_told(feed: Callable[[str], Path]) -> None:
    columns = scan_file(feed("prevention-passeport"))
    clean = ("numero_declaration", "siret_employeur", "telephone", "salaire_brut", "delivre_le")
    assert not any(columns[name].nirs for name in clean)


def test_the_answer_is_the_exit_code_and_holds_no_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, dirty = tmp_path / "clean.txt", tmp_path / "dirty.txt"
    clean.write_text("rien à signaler\n")
    dirty.write_text(f"son NIR : {SPACED}\nrien\n")
    assert scan_command((clean,), False) == 0
    assert scan_command((clean, dirty), False) == 1
    printed = capsys.readouterr().out
    assert f"{dirty}: NIRs in 1 of 1 columns" in printed
    assert scan_command((dirty,), True) == 1
    as_json = capsys.readouterr().out
    assert json.loads(as_json)[str(dirty)]["text"]["nirs"] == {"text": 1}
    assert "55 08" not in printed + as_json


def test_integers_and_nested_values_are_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    table = pa.table(
        {
            "n": pa.array([int(NIR)] * 40),
            "deep": pa.array([[{"a": [NIR], "b": 1}]] * 40),
            "coded": pa.array([NIR] * 40).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    columns = scan_file(path)
    assert {name: dict(column.nirs) for name, column in columns.items()} == {
        "n": {"integer": 40},
        "deep.a": {"15": 40},
        "deep.b": {},
        "coded": {"15": 40},
    }


def test_a_nir_in_a_json_key_is_told_under_no_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "keys.jsonl"
    path.write_text("".join(f'{{"{NIR}": {{"jours": {n}}}}}\n' for n in range(40)))
    columns = scan_file(path)
    assert columns["(keys)"].nirs == {"15": 40}
    assert not any(NIR in name for name in columns)


def test_lines_that_are_no_json_and_cells_beyond_the_header_are_looked_into(tmp_path: Path) -> None:
    lines, cells = tmp_path / "a.jsonl", tmp_path / "b.csv"
    lines.write_text(f"NIR : {SPACED}\n" * 5)
    cells.write_text("a,b\n" + f"1,2,NIR {SPACED}\n" * 5)
    assert scan_file(lines)["(not JSON)"].nirs == {"text": 5}
    assert scan_file(cells)["(beyond the header)"].nirs == {"text": 5}


@pytest.mark.parametrize("name", ["x.parquet", "x.avro"])
def test_a_file_that_is_not_what_its_name_says_is_an_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"nothing of the kind"))
    with pytest.raises(InputError, match=r"is not a whole|cannot be read"):
        scan_file(path)


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize(
    "name",
    ["accompagnement-parcours", "benevolat-engagement", "prevention-passeport", "dsn-individus"],
)
def test_a_compressed_file_is_scanned_as_what_it_holds(
    feed: Callable[[str], Path], name: str, suffix: str
) -> None:
    plain = feed(name)
    packed = plain.with_name(f"{plain.name}.{suffix}")
    packed.write_bytes(COMPRESSED[suffix](plain.read_bytes()))
    assert scan_file(packed) == scan_file(plain)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_file_that_is_cut_is_an_error(
    feed: Callable[[str], Path], suffix: str
) -> None:
    plain = feed("prevention-passeport")
    packed = plain.with_name(f"{plain.name}.{suffix}")
    packed.write_bytes(COMPRESSED[suffix](plain.read_bytes())[:-50])
    with pytest.raises(InputError, match=": is "):
        scan_file(packed)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        scan_file(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("beginning", "separator", "encoding"),
    [
        (b"a,b\n1,2\n", ",", "utf-8"),
        ("nom;prénom\nX;Y\n".encode("cp1252"), ";", "cp1252"),
        ("a\tb\n".encode("utf-8-sig"), "\t", "utf-8"),
        (b'"x,y";b;c\n', ";", "utf-8"),
    ],
)
def test_csv_options_are_guessed_from_the_head(
    beginning: bytes, separator: str, encoding: str
) -> None:
    options = csv_options(beginning)
    assert (options.separator, options.encoding) == (separator, encoding)


def test_an_unforeseen_error_is_told_by_type_and_place_and_quotes_no_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(array: pa.Array, name: str) -> None:
        raise pa.ArrowInvalid(f"could not parse {NIR!r}")

    path = tmp_path / "notes.txt"
    path.write_text("rien\n")
    monkeypatch.setattr("tamis.cli.scan.profile_nir", fail)
    monkeypatch.setattr("sys.argv", ["tamis", "scan", str(path)])
    with pytest.raises(SystemExit) as stop:
        main()
    answer = capfd.readouterr()
    assert stop.value.code == 3
    assert "tamis: failed (ArrowInvalid at test_scan.py:" in answer.err
    assert NIR not in answer.out + answer.err
