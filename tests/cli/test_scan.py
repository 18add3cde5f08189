"""`tamis scan` on every format: which columns hold NIRs, how many, in which form; no value."""

import bz2
import gzip
import io
import json
import lzma
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.cli import main
from tamis.cli.scan import scan_command, scan_file
from tamis.errors import InputError
from tamis.nir.identifiers import key_of
from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import Dirt, make_nir, make_records

NIR = "155087599999193"
SPACED = "1 55 08 75 999 991 93"
NATIONAL = (
    "flux/emetteur/certificateurs/certificateur/certifications/certification/passageCertifications"
    "/passageCertification/identificationTitulaire/identifiantNational"
)


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
        ("prevention-adf", "NIR", "15"),
        ("prevention-adf", "NOM_FORMATION", "text"),
        ("benevolat-engagement", "titulaire.nir", "15"),
        ("benevolat-engagement", "commentaire", "text"),
        ("certificateurs-passeport", f"{NATIONAL}/nir", "15"),
        ("dsn-individus", "S21.G00.30.001 (NIR)", "15"),
    ],
)
def test_a_column_with_nirs_is_told_in_every_format(
    feed: Callable[[str], Path], name: str, column: str, form: str
) -> None:
    columns = scan_file(feed(name))
    assert columns[column].nirs.get(form, 0) > 100


def test_a_column_without_nirs_is_not_told(feed: Callable[[str], Path]) -> None:
    columns = scan_file(feed("prevention-adf"))
    clean = ("ID_DECLARATION", "SIRET_EMPLOYEUR", "COMPETENCE_TRANSFERABLE", "DATE_DEBUT_VALIDITE")
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
    assert f"{dirty}: NIRs in 1 of 1 column" in printed
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
    assert sum(columns["(keys)"].nirs.values()) == 40
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
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"is not an? (Parquet|Avro) file"):
        scan_file(path)
    path.write_bytes(gzip.compress(b"nothing of the kind"))
    with pytest.raises(InputError, match=r"is not an Avro file|Parquet inside gzip"):
        scan_file(path)


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize(
    "name",
    ["accompagnement-parcours", "benevolat-engagement", "prevention-adf", "dsn-individus"],
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
    plain = feed("prevention-adf")
    packed = plain.with_name(f"{plain.name}.{suffix}")
    packed.write_bytes(COMPRESSED[suffix](plain.read_bytes())[:-50])
    with pytest.raises(InputError, match=": is "):
        scan_file(packed)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        scan_file(tmp_path / "none.csv")


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


# Everything that a file holds


def nirs(many: int) -> list[str]:
    chance = random.Random(many)
    bodies = [make_nir(chance)[:13] for _ in range(many)]
    return [f"{body}{key_of(body):02d}" for body in bodies]


def found(path: Path) -> dict[str, int]:
    return {
        name: sum(column.nirs.values()) for name, column in scan_file(path).items() if column.nirs
    }


def zipped(*members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number, member in enumerate(members):
            archive.writestr(f"{number}.csv", member)
    return held.getvalue()


@pytest.mark.parametrize("name", ["feed.csv", "feed.csv.gz", "a.zip", "a.xz", "noname", "a.txt"])
def test_what_is_compressed_is_looked_into_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    data = b"nir;nom\n" + b"".join(f"{nir[:13]};ESSAI\n".encode() for nir in nirs(60))
    packs: dict[str, Callable[[bytes], bytes]]
    packs = {".gz": gzip.compress, ".zip": zipped, ".xz": lzma.compress}
    path = tmp_path / name
    path.write_bytes(packs[path.suffix](data) if path.suffix in packs else data)
    assert found(path) == {"nir": 60}


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.zip", zipped(b"a", b"b"), "an archive of several files"),
        ("a.xlsx", zipped(b"a", b"b"), "an archive of several files"),
        ("a.tar.gz", gzip.compress(b"x" * 257 + b"ustar\x00"), "an archive"),
        ("a.parquet.encrypted", b"PARE" + bytes(20) + b"PARE", "an encrypted Parquet file"),
        ("a.feather", b"ARROW1\x00\x00" + bytes(20), "an Arrow file"),
        ("a.parquet.gz", gzip.compress(b"PAR1" + bytes(9)), "Parquet inside gzip"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(30), "an unknown binary file"),
        ("a.pdf", b"%PDF-1.7 text only", "a PDF"),
        ("a.csv", bytes(range(256)), "an unknown binary file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_looked_into_is_never_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, what: str
) -> None:
    clean, odd = tmp_path / "clean.txt", tmp_path / name
    clean.write_text("rien\n")
    odd.write_bytes(data)
    assert scan_command((odd, clean), False) == 3
    answer = capsys.readouterr()
    assert f"{odd}: cannot be looked into: " in answer.err
    assert what in answer.err
    assert answer.out == f"{clean}: NIRs in 0 of 1 column\n"
    assert scan_command((odd, clean), False, skip_unknown=True) == 0
    assert "it is left out" in capsys.readouterr().err


def test_a_damaged_file_is_not_left_out_as_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": range(9000)}), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    assert scan_command((path,), False, skip_unknown=True) == 3
    assert f"{path}: row group 1 of 1 cannot be read" in capsys.readouterr().err


def test_a_header_that_is_a_record_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"{NIR};ESSAI;PARIS\n")
    columns = scan_file(path)
    assert columns["(header line)"].nirs == {"text": 1}
    assert set(columns) == {"(header line)", "column 1", "column 2", "column 3"}


def test_a_first_record_counts_and_no_cell_of_it_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("".join(f"DUPONT;{nir}\n" for nir in nirs(50)))
    assert found(path) == {"(header line)": 1, "column 2": 50}


def test_lines_above_the_header_and_names_of_every_kind_are_looked_at(tmp_path: Path) -> None:
    above, columns, keys, avro = (tmp_path / name for name in ("a.csv", "b.parquet", "c", "d.avro"))
    above.write_text(f"Dossier {SPACED};;\nid;nom;age\n1;X;2\n2;Y;3\n")
    schema = pa.schema([pa.field("x", pa.struct([(f"n{NIR} x", pa.int8())]))])
    pq.write_table(pa.table([pa.nulls(1, schema[0].type)], schema), columns)
    keys.write_text(f'{{"a": {{"{NIR}": 1}}}}\n')
    fields = [{"name": "a", "type": "int", "doc": f"celui de {SPACED}"}]
    with avro.open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "r", "fields": fields}, [])
    assert found(above) == {"(header line)": 1}
    assert found(columns) == {"(names of columns)": 1}
    assert found(keys) == {"(keys)": 1}
    assert found(avro) == {"(metadata)": 1}


@pytest.mark.parametrize("at", ["file", "field"])
def test_metadata_is_looked_at(tmp_path: Path, at: str) -> None:
    path = tmp_path / "a.parquet"
    held = {b"made for": NIR.encode()}
    field = pa.field("a", pa.int64(), metadata=held if at == "field" else None)
    schema = pa.schema([field], metadata=held if at == "file" else None)
    pq.write_table(pa.table([[1]], schema), path)
    assert found(path)["(metadata)"] >= 1


def test_keys_are_shown_where_five_records_have_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"nom": "X", "par": {f"Jean {'ABCDEFG'[n]}": 1, "total": 1}} for n in range(7)]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert set(scan_file(path)) == {"nom", "par.total", "par.(name withheld)"}


def test_all_forms_of_a_column_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    texts = [NIR, SPACED, NIR[:13], f"NIR : {NIR}", f"{SPACED} et NIR {NIR[:13]}", "rien"]
    path.write_text("note;b\n" + "".join(f"{text};x\n" for text in texts))
    (column,) = [column for column in scan_file(path).values() if column.nirs]
    assert column.nirs == {"13": 1, "15": 2, "text": 3}
    scan_command((path,), as_json=False)
    assert "1 as 13, 2 as 15, 3 as text, in 7 values" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "<p>NIR : 1 55 08 75<br/>\n999 991 93</p>\n",
        "<tr><td>1</td><td>55</td><td>08</td><td>75</td><td>999</td><td>991</td><td>93</td></tr>\n",
        "son NIR 155087\n599999193 est connu\n",
        "> son NIR 1 55 08 75\n> 999 991 93\n",
        "son NIR 15508759=\r\n9999193 est connu\r\n",
        "<a><nir>155087599999193</nir></a>\n",
        '{\n  "nir":\n    "155087599999193"\n}\n',
        "son NIR 155087599999193\r",
    ],
)
@pytest.mark.parametrize("name", ["a.xml", "a.md", "a"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_is_looked_at_over_lines_and_tags(
    tmp_path: Path, text: str, name: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    told = found(path)
    elements = [told.pop(element) for element in ("a/nir", "p") if element in told]
    assert sum(told.values()) == 1
    assert elements in ([], [1] * (name == "a.xml"))


@pytest.mark.parametrize(
    "dtd", ['<!DOCTYPE a [<!ENTITY n "15508759999">]>', '<!DOCTYPE a SYSTEM "a.dtd">']
)
def test_xml_with_entities_of_its_own_is_not_clean(tmp_path: Path, dtd: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(f"{dtd}<a>&n;9193</a>")
    with pytest.raises(InputError, match="it has entities of its own, which are not expanded"):
        scan_file(path)
    path.write_text("<!DOCTYPE a><a><nir>155087599999193</nir></a>")
    assert found(path) == {"a/nir": 1, "text": 1}


def test_xml_without_a_declaration_is_looked_at_by_its_elements(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<a><nom>X</nom><nir>155087599999193</nir></a>")
    assert found(path) == {"a/nir": 1, "text": 1}


def test_lines_of_fixed_width_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "fixed.txt"
    path.write_text("".join(f"20240101{nir}000DUPONT\n" for nir in nirs(30)))
    assert found(path) == {"characters 9 to 23": 30}
    path.write_text("".join(f"20240101{nir[:13]}000DUPONT\n" for nir in nirs(90)))
    assert found(path) == {"characters 9 to 21": 90}
    chance = random.Random(1)
    path.write_text("".join(f"{chance.randrange(10**49):050d}\n" for _ in range(3000)))
    assert found(path) == {}


@pytest.mark.parametrize(
    "line",
    [" " * (1 << 19), "\x0b \t" * 100_000 + "<", f"{'0' * 1500}\n" * 40, "1" * 8000 + "\n" * 8],
)
def test_text_of_one_character_takes_no_longer_than_other_text(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n" + line)
    scan_file(path)  # so that modules which are loaded first do not count
    before = time.process_time()
    assert found(path) == {}
    assert time.process_time() - before < 5


def test_a_csv_with_carriage_returns_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"nom;nir\r" + b"".join(b"X;%s\r" % nir.encode() for nir in nirs(40)))
    assert found(path) == {"nir": 40}


_PEAK = """
import sys, tracemalloc
from pathlib import Path
from tamis.cli.scan import scan_command
from tamis.formats import schemaless
schemaless.MAX_LINE_BYTES = schemaless._PIECE_BYTES = 1 << 18
schemaless._LINE_BYTES = 1 << 14
_, small, big = map(Path, sys.argv)
scan_command((small,), False)  # so that modules which are loaded first do not count
tracemalloc.start()
code = scan_command((big,), False)
print(code, tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.parametrize(
    ("name", "start", "code"),
    [
        ("a.csv", "id;nom\n1;", 1),
        ("a.csv", 'id;nom\n1;"', 3),
        ("a.txt", "", 1),
        ("a.jsonl", '{"a": "', 1),
        ("a.dsn", "S10.G00.00.001,'", 1),
    ],
)
def test_a_line_without_end_takes_bounded_memory(
    tmp_path: Path, name: str, start: str, code: int
) -> None:
    small, big = tmp_path / f"small-{name}", tmp_path / name
    small.write_text(start + "x" * (1 << 10))
    big.write_text(start + "x" * (16 << 20) + f" NIR {NIR} " + "y" * (1 << 20))
    # in a process of its own, as what other threads of this one take would count
    told = subprocess.run(
        [sys.executable, "-c", _PEAK, small, big], stdout=subprocess.PIPE, check=True
    )
    ended, peak = map(int, told.stdout.split()[-2:])
    assert ended == code
    assert peak < 10 << 20
