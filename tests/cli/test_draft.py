"""`tamis draft`: schemas that load and say what the file holds, but none of its values."""

import bz2
import csv
import datetime
import gzip
import io
import json
import random
import re
import string
import tempfile
import uuid
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.check.check import check
from tamis.cli.draft import draft_command
from tamis.documents.feed_format import CsvOptions
from tamis.documents.positions import read_document
from tamis.documents.schema import Schema
from tamis.documents.types import arrow_type, kind_of
from tamis.draft import csv as draft_csv
from tamis.draft import names
from tamis.draft.fields import DraftField, FeedSample, add_values
from tamis.draft.fields import leaf as field_of
from tamis.draft.sample import take_sample
from tamis.draft.statistics import CENTURY_FROM
from tamis.draft.write import quote, write_schema
from tamis.errors import InputError, UsageError
from tamis.filter.dialect import dialect_of
from tamis.filter.parse_text import parse_text
from tamis.formats import csv_guess
from tamis.nir.identifiers import key_of
from tamis.plan.project import bundled_project, load_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import Dirt, make_nir, make_records, space_nir

Draft = Callable[..., tuple[Schema, str]]

FEEDS = [
    name
    for name in bundled_project().schemas()
    for form in [bundled_project().schema(name)[0].format]
    if form.name not in ("dsn", "xml") and form.whole_file is None
]
"""Those whose file shows what the schema says: no DSN, no XML (other names), no whole files."""


@pytest.fixture
def draft(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Draft:
    """Draft a file: the schema as it loads, and its text."""

    def call(file: Path, **options: Any) -> tuple[Schema, str]:
        capfdbinary.readouterr()
        assert draft_command(file, **options) == 0
        raw = capfdbinary.readouterr().out
        (tmp_path / "drafted.yaml").write_bytes(raw)
        schema, _ = read_document(tmp_path / "drafted.yaml", "drafted.yaml", Schema)
        return schema, raw.decode()

    return call


def write_csv(path: Path, columns: dict[str, list[str]], **options: Any) -> Path:
    with path.open("w", encoding=options.get("encoding", "utf-8"), newline="") as stream:
        writer = csv.writer(stream, delimiter=options.get("separator", ";"))
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


# What it says


@pytest.mark.parametrize("name", FEEDS)
def test_a_draft_of_a_feed_says_what_its_own_schema_says(
    name: str, draft: Draft, tmp_path: Path
) -> None:
    schema, _ = bundled_project().schema(name)
    file = tmp_path / f"{name}.{schema.format.name}"
    write_feed(make_records(schema, 150, seed=9, dirt=Dirt(in_text=0.2)), schema, file)

    drafted, _ = draft(file)

    assert (drafted.schema_, drafted.format) == (name, schema.format)
    own, guessed = schema.leaves(), drafted.leaves()
    assert list(guessed) == list(own) if schema.format.name != "jsonl" else set(guessed) == set(own)
    for path, leaf in own.items():
        spec = guessed[path].spec
        assert (path, guessed[path].kind, guessed[path].lists) == (path, leaf.kind, leaf.lists)
        if schema.format.name == "parquet":
            assert (path, spec.type) == (path, leaf.spec.type)
        assert (path, spec.nir_part, spec.free_text) == (
            path,
            leaf.spec.nir_part,
            leaf.spec.free_text,
        )
        assert set(spec.identifier) <= set(leaf.spec.identifier), path
        assert bool(spec.identifier) == bool(leaf.spec.identifier), path


@pytest.mark.parametrize(
    "name", ["evaluation-cpf", "prevention-adf", "maf-manquements", "accompagnement-parcours"]
)
def test_a_draft_checks_once_its_categories_are_chosen(
    name: str, draft: Draft, tmp_path: Path
) -> None:
    schema, _ = bundled_project().schema(name)
    file = tmp_path / f"{name}.{schema.format.name}"
    write_feed(make_records(schema, 40, seed=2), schema, file)
    drafted, text = draft(file, name="feed")
    kept = [
        path
        for path, leaf in drafted.leaves().items()
        if not leaf.spec.identifier and not leaf.spec.nir_part
    ]
    needs = "\n".join(f"        - {path}" for path in kept)
    for folder in ("schemas", "policies"):
        (tmp_path / folder).mkdir()
    (tmp_path / "policies/feed.yaml").write_text(
        "policy: feed\nschema: feed\nprocessing: systeme-evaluation-cpf\ndirection: out-of-store\n"
        "releases:\n  - item: R6323-37.III.2\n    purpose: R6323-33.5\n    from: 2026-01-01\n"
        "    identifies_anyway: pour ce seul essai du brouillon\n"
        f"    needs:\n      - because: pour ce seul essai\n        keep:\n{needs}\n"
    )

    def wrong(schema: str) -> set[str]:
        (tmp_path / "schemas/feed.yaml").write_text(schema, encoding="utf-8")
        violations = check(load_project(tmp_path))
        codes = {violation.code for violation in violations if violation.severity == "error"}
        return codes - {"no-basis"}  # free text and what is called sensitive is kept without one

    assert wrong(text) == {"outside-kept"}
    assert wrong(text.replace("category: []", "category: tit-identite-activite")) == set()


def test_nirs_are_found_in_every_form(draft: Draft, tmp_path: Path) -> None:
    chance = random.Random(5)
    full = [make_nir(chance).replace("A", "1").replace("B", "1") for _ in range(300)]
    full = [f"{nir[:13]}{key_of(nir[:13]):02d}" for nir in full]
    bodies = [nir[:13] for nir in full]
    table = pa.table(
        {
            "a": full,
            "b": [space_nir(nir) for nir in full],
            "c": bodies,
            "d": pa.array(map(int, full), pa.int64()),
            "e": pa.array(map(float, full), pa.float64()),
            "f": pa.array([Decimal(nir) for nir in full], pa.decimal128(18, 0)),
            "g": pa.array(full).dictionary_encode(),
            "h": [[nir] for nir in full],
            "i": [{"x": nir} for nir in full],
            "j": [f"Vu avec la personne, NIR {nir}, dossier à reprendre" for nir in full],
            "cle_nir": [nir[13:] for nir in full],
            "ntt": [f"{nir[:10]}ESSAI" for nir in full],
            "nnp": [f"70{nir[2:13]}" for nir in full],
            "nir_vide": pa.nulls(300, pa.string()),
        }
    )
    pq.write_table(table, tmp_path / "feed.parquet")

    schema, text = draft(tmp_path / "feed.parquet")

    identifiers = {path: leaf.spec.identifier for path, leaf in schema.leaves().items()}
    assert {path for path, kinds in identifiers.items() if "nir" in kinds} == {
        *("a", "b", "c", "d", "e", "f", "g", "h", "i.x", "nir_vide")
    }
    assert (identifiers["cle_nir"], identifiers["ntt"], identifiers["nnp"]) == (
        ("nir-key",),
        ("ntt",),
        ("nnp",),
    )
    assert schema.leaves()["e"].spec.type == "string"
    assert "floats: read as digits" in text
    assert schema.leaves()["j"].spec.free_text
    assert "`nir` by its name only" in text


def test_long_numbers_that_are_no_nir_are_told_and_not_claimed(
    draft: Draft, tmp_path: Path
) -> None:
    chance = random.Random(6)
    columns = {
        "siret": [f"{chance.randrange(10**13, 10**14)}" for _ in range(400)],
        "reference": [f"{chance.randrange(10**14, 10**15)}" for _ in range(400)],
    }

    schema, text = draft(write_csv(tmp_path / "feed.csv", columns))

    assert text.count("say `not_nir: …`") == 2
    for spec in schema.fields.values():
        assert (spec.type, spec.identifier, spec.not_nir) == ("string", (), None)


def test_values_of_text_become_types_only_where_all_of_them_fit(
    draft: Draft, tmp_path: Path
) -> None:
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(7 * i) for i in range(120)]
    columns = {
        "jour": [f"{day:%d/%m/%Y}" for day in days],
        "vu_le": [f"{day:%d/%m/%Y} 08:{i % 60:02d}:00" for i, day in enumerate(days)],
        "depuis": ["sans objet" if i == 7 else f"{day:%d/%m/%Y}" for i, day in enumerate(days)],
        "iso": [f"{day}" for day in days],
        "heure": [f"{i % 24:02d}:30" for i in range(120)],
        "montant": [f"{i},{i % 100:02d}" for i in range(120)],
        "taux": [f"0,{'1234567'[: 1 + i % 7]}" for i in range(120)],
        "effectif": [f"{i}" for i in range(120)],
        "effectif_partiel": ["" if i % 3 else f"{i}" for i in range(120)],
        "code_postal": [f"{1000 + 700 * i:05d}" for i in range(120)],
        "actif": ["oui" if i % 2 else "non" for i in range(120)],
        "libelle": ["CDI" if i % 2 else "CDD" for i in range(120)],
        "vide": [""] * 120,
    }

    schema, text = draft(write_csv(tmp_path / "feed.csv", columns))

    assert schema.format.csv == CsvOptions(
        separator=";", decimal=",", dates=("%d/%m/%Y", "%Y-%m-%d")
    )
    assert {name: spec.type for name, spec in schema.fields.items()} == {
        "jour": "date32",
        "vu_le": "timestamp[us]",
        "depuis": "string",
        "iso": "date32",
        "heure": "time64[us]",
        "montant": "decimal128(12, 2)",
        "taux": "float64",
        "effectif": "int64",
        "effectif_partiel": "int64",
        "code_postal": "string",
        "actif": "bool",
        "libelle": "string",
        "vide": "string",
    }
    assert not schema.fields["jour"].nullable
    assert schema.fields["effectif_partiel"].nullable
    assert schema.fields["vide"].nullable
    assert "119 are date32, 1 is not" in text


def test_no_type_is_drafted_that_its_own_values_do_not_fit(draft: Draft, tmp_path: Path) -> None:
    columns = {
        "dossier": ["1,55E+10", "1,55E+11", "1,55E+12"],
        "mesure": ["1.5", "1.5e3", "2e4"],
        "le": ["0000-00-00", "2024-02-01", "0000-00-00"],
        "code": ['="0123"', '="0456"', '="0789"'],
        "total": ["1", "2", "3"],
    }
    file = write_csv(tmp_path / "feed.csv", columns)
    with file.open("a") as stream:
        stream.write("TOTAL;;;;6\n")
    schema, _ = draft(file)
    assert [spec.type for spec in schema.fields.values()] == [
        *("string", "float64", "date32", "string", "int64")
    ]
    options = schema.format.csv
    assert (options.nulls, options.text_formulas, options.footer) == (("0000-00-00",), True, 1)

    file = tmp_path / "feed.jsonl"
    file.write_text('{"montant": 123456789012.345678}\n' * 5)
    assert draft(file)[0].fields["montant"].type == "decimal128(20, 6)"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("feed.json", '[{"id": 1}, {"id": 2}]', "is JSON, but not one object a line"),
        ("feed.jsonl", '{\n "id": 1\n}\n', "is JSON, but not one object a line"),
        ("feed.jsonl", '{"id": 1},\n{"id": 2},\n', "no line of it is a JSON object"),
    ],
)
def test_json_that_is_not_one_object_a_line(
    name: str, content: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(InputError, match=problem):
        draft_command(file)


def test_a_few_rows_prove_no_field_to_be_always_there(draft: Draft, tmp_path: Path) -> None:
    schema, _ = draft(write_csv(tmp_path / "feed.csv", {"nom": ["a", "b"], "n": ["1", "2"]}))

    assert schema.fields["nom"].nullable


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_separator_and_encoding_are_guessed(
    separator: str, encoding: str, draft: Draft, tmp_path: Path
) -> None:
    file = tmp_path / "feed.csv"
    columns = {"prénom": ["Zoé", "Anaïs"], "ville": ["Nîmes", "Lyon"], "n": ["1", "2"]}
    write_csv(file, columns, separator=separator, encoding=encoding)
    if encoding == "utf-16-le":
        file.write_bytes(b"\xff\xfe" + file.read_bytes())

    schema, _ = draft(file)

    assert list(schema.fields) == ["prénom", "ville", "n"]
    own = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    assert (schema.format.csv.separator, schema.format.csv.encoding) == (separator, own)


def test_an_encoding_that_shows_late_in_the_file_is_found(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_csv, "START_BYTES", 64)
    monkeypatch.setattr(csv_guess, "START_BYTES", 64)
    columns = {"nom": ["plain"] * 50 + ["Zoé"], "n": ["1"] * 51}

    schema, _ = draft(write_csv(tmp_path / "feed.csv", columns, encoding="cp1252"))

    assert schema.format.csv.encoding == "cp1252"


def test_objects_of_json_are_drafted_as_they_are_nested(draft: Draft, tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {
            "id": i,
            "part": i + 0.25,
            "actif": i % 2 == 0,
            "le": f"2024-03-{1 + i % 28:02d}",
            "etapes": [{"debut": f"2024-03-{1 + i % 28:02d}", "notes": [1, 2]}] * (i % 3),
            "divers": [1, "a", None][i % 3],
            "toujours_vide": [],
        }
        for i in range(150)
    ]
    records[149]["tard"] = "x"
    file = tmp_path / "feed.jsonl"
    file.write_text("\n".join(map(json.dumps, records)) + "\n{not json\n")

    schema, text = draft(file)

    leaves = schema.leaves()
    assert {path: leaf.spec.type for path, leaf in leaves.items()} == {
        "id": "int64",
        "part": "decimal128(12, 2)",
        "actif": "bool",
        "le": "date32",
        "etapes.debut": "date32",
        "etapes.notes": "int64",
        "divers": "string",
    }
    assert leaves["etapes.notes"].lists == ("etapes", "etapes.notes")
    assert [name for name, spec in schema.fields.items() if not spec.nullable] == [
        *("id", "part", "actif", "le")
    ]
    assert "1 row is not readable" in text
    assert "1 name is not shown" in text
    assert "tard" not in text
    assert "never had an element" in text


def test_types_of_avro_and_parquet_are_their_own(draft: Draft, tmp_path: Path) -> None:
    kinds = {
        "int16": pa.int16(),
        "uint32": pa.uint32(),
        "float32": pa.float32(),
        "large_string": pa.large_string(),
        "decimal256(50, 3)": pa.decimal256(50, 3),
        "timestamp[ms, tz=Europe/Paris]": pa.timestamp("ms", "Europe/Paris"),
        "time32[ms]": pa.time32("ms"),
        "fixed_size_binary[16]": pa.binary(16),
    }
    fields = [(f"f{i}", kind) for i, kind in enumerate(kinds.values())]
    fields += [("carte", pa.map_(pa.string(), pa.string())), ("duree", pa.duration("s"))]
    table = pa.table([pa.nulls(2, kind) for _, kind in fields], pa.schema(fields))
    pq.write_table(table, tmp_path / "feed.parquet")
    schema, text = draft(tmp_path / "feed.parquet")
    assert [spec.type for spec in schema.fields.values()] == list(kinds)
    assert text.count("has a type that no schema can say") == 2

    node = {
        "type": "record",
        "name": "noeud",
        "fields": [{"name": "suivant", "type": ["null", "noeud"]}, {"name": "v", "type": "int"}],
    }
    avro = [
        {"name": "jour", "type": {"type": "int", "logicalType": "date"}},
        {"name": "prix", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9}},
        {"name": "vu", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "etat", "type": {"type": "enum", "name": "e", "symbols": ["A"]}},
        {"name": "libre", "type": ["string", "long"]},
        {"name": "noeuds", "type": {"type": "array", "items": node}},
    ]
    record = {"jour": datetime.date(2024, 1, 1), "prix": Decimal(5), "etat": "A", "libre": 1}
    record |= {"vu": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)}
    record |= {"noeuds": [{"suivant": {"suivant": None, "v": 2}, "v": 1}]}
    with (tmp_path / "feed.avro").open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "feed", "fields": avro}, [record])
    schema, text = draft(tmp_path / "feed.avro")
    assert [spec.type for spec in schema.fields.values()] == [
        *("date32", "decimal128(9, 0)", "timestamp[ms, tz=UTC]", "string", "list")
    ]
    assert not schema.fields["jour"].nullable
    assert "nested deeper" in text


def test_a_dsn_starts_from_the_bundled_schema(draft: Draft, tmp_path: Path) -> None:
    bundled, _ = bundled_project().schema("dsn-individus")
    write_feed(make_records(bundled, 5, seed=1), bundled, tmp_path / "feed.dsn")

    schema, text = draft(tmp_path / "feed.dsn", name="dsn-mienne")

    assert schema.schema_ == "dsn-mienne"
    assert schema.leaves() == bundled.leaves()
    assert "Read by the schema and found" in text


def test_json_of_more_keys_than_a_schema_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({f"c{number}": 1 for number in range(501)}) + "\n")
    with pytest.raises(InputError, match=r"a\.jsonl: has over 500 different keys"):
        draft_command(path)


def test_a_csv_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("siren" + ";c" * 10_000 + "\n1" + ";2" * 10_000)
    with pytest.raises(InputError, match="has 10001 columns: a schema is drafted of up to 10000"):
        draft_command(path)


def test_it_says_how_many_rows_it_looked_at(draft: Draft, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "feed.csv", {"n": [f"{i}" for i in range(50)]})

    assert "from all 50 rows of a file" in draft(file)[1]
    assert "from all 50 rows of a file" in draft(file, rows=50)[1]
    assert "from the first 49 rows" in draft(file, rows=49)[1]


def test_hints_name_categories_that_the_law_knows() -> None:
    known = bundled_project().law.category_slugs
    hinted = {slug for _, slugs in names.CATEGORIES for slug in slugs}

    assert hinted - set(known) == {"outside"}


# What it does not say

CANARY = "canari"


def canaries(many: int) -> dict[str, list[Any]]:
    """Columns of canaries of every type, N values each, all different and recognizable."""
    chance = random.Random(8)
    return {
        "texte": [f"{CANARY}{chance.randrange(10**6)}" for _ in range(many)],
        "phrase": [f"un {CANARY} qui chante dans le pré {i}" for i in range(many)],
        "entier": [770000001 + i for i in range(many)],
        "decimal": [Decimal("770000.25") + i for i in range(many)],
        "jour": [datetime.date(1877, 7, 1) + datetime.timedelta(i) for i in range(many)],
        "nir": [make_nir(chance) for _ in range(many)],
        "toujours": [f"{CANARY}-7700077"] * many,
        "seul": [None] * (many - 1) + [f"{CANARY}-seul-7700077"],
    }


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "avro"])
@pytest.mark.parametrize("many", [1, 2, 150])
def test_no_value_is_in_a_draft(suffix: str, many: int, draft: Draft, tmp_path: Path) -> None:
    columns = canaries(many)
    file = tmp_path / f"feed.{suffix}"
    if suffix == "csv":
        texts = {n: ["" if v is None else str(v) for v in some] for n, some in columns.items()}
        write_csv(file, texts)
    elif suffix == "jsonl":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    elif suffix == "parquet":
        pq.write_table(pa.table(columns), file)
    else:
        kinds: dict[str, Any] = {
            "entier": "long",
            "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
            "jour": {"type": "int", "logicalType": "date"},
        }
        fields = [{"name": n, "type": ["null", kinds.get(n, "string")]} for n in columns]
        with file.open("wb") as stream:
            fastavro.writer(
                stream,
                {"type": "record", "name": "feed", "fields": fields},
                [
                    dict(zip(columns, row, strict=True))
                    for row in zip(*columns.values(), strict=True)
                ],
            )

    few = suffix == "jsonl" and many < 5  # their keys are no names yet
    schema, text = draft(file, all_names=few)

    assert list(schema.fields) == list(columns)
    shown = [str(v) for some in columns.values() for v in some if v is not None and str(v) in text]
    assert (shown, CANARY in text, "7700" in text, "1877" in text) == ([], False, False, False)


def test_a_first_record_in_place_of_a_header_is_not_shown(draft: Draft, tmp_path: Path) -> None:
    first = ["255081475999123", "canari@feed.example", "1975-03-12", "12 rue du Canari, n° 3"]
    file = tmp_path / "feed.csv"
    file.write_text("\n".join(";".join([*first, "Martin"]) for _ in range(3)))

    schema, text = draft(file)

    assert list(schema.fields) == [f"column {place}" for place in range(1, 6)]
    assert not any(value in text for value in [*first, "Martin"])
    assert "from all 3 rows of a file" in text
    assert "--header" in text


def test_keys_of_an_object_that_are_values_are_not_shown(draft: Draft, tmp_path: Path) -> None:
    chance = random.Random(1)
    nirs = [make_nir(chance) for _ in range(600)]
    file = tmp_path / "feed.jsonl"
    lines = [{"id": 1, "par_nir": {nir: 1}, "peu": {nirs[0]: 1}} for nir in nirs]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    schema, text = draft(file)

    assert list(schema.fields) == ["id"]
    assert not any(nir in text for nir in nirs)


# Hostile names

HOSTILE = ['say "x"', "a: b", "a\nb", "#x", "- x", "{x}", "é: 'x'", "no", "&a", "*a", "!t", "| >"]


def test_hostile_names_are_withheld_or_quoted(draft: Draft, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "feed.csv", {"plain": ["1"], **{name: ["1"] for name in HOSTILE}})

    shown, text = draft(file)
    assert [spec.column or name for name, spec in shown.fields.items()] == ["plain", *HOSTILE]
    assert shown.fields["a b"].column == "a\nb"
    assert "names are not shown" not in text


def test_names_that_no_schema_can_say_are_told(draft: Draft, tmp_path: Path) -> None:
    file = tmp_path / "feed.csv"
    file.write_text('ok;a.b; c;;deux;deux;"NIR 12345"\n1;2;3;4;5;6;155087599999193\n')

    schema, text = draft(file)

    assert {name: spec.column for name, spec in schema.fields.items()} == {
        "ok": None,
        "a_b": "a.b",
        "c": " c",
    }
    assert "has no name" in text
    assert text.count("has the name of another") == 2
    # Of a column that is not in the schema, the evidence is shown nevertheless.
    assert re.search(r"column 7, \(name withheld\).*\n.*NIR: 1 as 15", text)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_any_names_give_a_schema_that_loads(given_names: list[str]) -> None:
    nodes = [field_of(name) for name in given_names]
    for node in nodes:
        add_values(node, ["x"])

    text = write_schema(FeedSample(nodes, 1), "feed", "csv", CsvOptions(), all_names=True)

    fine = [
        name
        for name in given_names
        if name.strip()
        and given_names.count(name) == 1
        and not any(0xD800 <= ord(sign) < 0xE000 for sign in name)
    ]
    if not fine:
        assert text is None
        return
    assert text is not None
    assert [spec.column or name for name, spec in _load(text).fields.items()] == fine


def _load(text: str) -> Schema:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "feed.yaml")
        path.write_bytes(text.encode())
        return read_document(path, "feed.yaml", Schema)[0]


@given(st.text(string.printable, min_size=1))
def test_a_quoted_name_stays_on_its_line(name: str) -> None:
    assert "\n" not in quote(name)
    assert "\r" not in quote(name)


# How the file is written


@pytest.mark.parametrize("name", ["id", "identifiant"])
def test_a_uuid_is_no_free_text(name: str, draft: Draft, tmp_path: Path) -> None:
    chance = random.Random(3)
    values = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(300)]
    schema, _ = draft(write_csv(tmp_path / "feed.csv", {name: values, "n": ["1"] * 300}))
    assert not schema.fields[name].free_text


def test_timestamps_of_int96_are_drafted_in_microseconds(draft: Draft, tmp_path: Path) -> None:
    table = pa.table({"le": pa.array([datetime.datetime(1500, 1, 1)], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "feed.parquet", use_deprecated_int96_timestamps=True)
    schema, _ = draft(tmp_path / "feed.parquet")
    assert schema.fields["le"].type == "timestamp[us]"


def test_lines_above_and_below_the_records_are_left_out_and_told(
    draft: Draft, tmp_path: Path
) -> None:
    file = tmp_path / "flux.csv"
    rows = "".join(f"0{n}/02/2006 00:00:00|{n}|NOM|01310\n" for n in range(1, 10))
    file.write_text(f"FLUX_08|||\nle|id|nom|code_postal\n{rows}FIN9|||\n")
    schema, text = draft(file)
    assert list(schema.fields) == ["le", "id", "nom", "code_postal"]
    assert "from all 9 rows of a file" in text
    assert "1 line stands above the header" in text
    assert "the last line begins with a word of totals" in text


def test_amounts_words_for_none_and_centuries_are_found(draft: Draft, tmp_path: Path) -> None:
    columns = {
        "montant": ["1 234,56", "12,50", "1\u202f000\u00a0000,00", "NULL", "3,00"],
        "prix": ["1 355,90 €", "2,00 €", "3,00", "néant", "5,00 €"],
        "naissance": ["12/05/45", "03/07/68", "21/11/72", "09/01/04", "\\N"],
        "ville": ["Lyon", "néant", "Paris", "Nice", "Metz"],
        "rang": ["1", "2", "3", "4", "5"],
    }
    schema, text = draft(write_csv(tmp_path / "feed.csv", columns))
    options = schema.format.csv
    assert (options.decimal, options.thousands, options.currency) == (",", " ", "€")
    assert set(options.nulls) == {"NULL", "néant", "\\N"}
    assert (options.dates, options.century_from) == (("%d/%m/%y",), CENTURY_FROM)
    assert [spec.type for spec in schema.fields.values()] == [
        *("decimal128(12, 2)", "decimal128(12, 2)", "date32", "string", "int64")
    ]
    assert "is a guess" in text


KINDS: dict[str, list[str]] = {
    "digits": ["1", "20", "300"],
    "codes": ["01310", "75001", "29770"],
    "amounts": ["1 234,50", "12,00", "3,25"],
    "euros": ["1 234,50 €", "12,00 €", "3,25 €"],
    "dotted": ["1.234.567", "2.000.000,5", "3.000.001"],
    "points": ["1.5", "2.25", "3.0"],
    "days": ["31/12/2024", "01/02/2025", "03/03/2011"],
    "iso": ["2024-12-31", "2025-02-01", "2011-03-03"],
    "american": ["12/31/2024", "02/01/2025", "03/13/2011"],
    "births": ["12/05/45", "03/07/68", "21/11/72"],
    "midnights": ["31/12/2024 00:00:00", "01/02/2025 00:00:00", "03/03/2011 00:00:00"],
    "moments": ["2024-12-31 10:00:00", "2025-02-01T11:30:00", "2011-03-03 00:00:00"],
    "nulls": ["NULL", "5", "7"],
    "nones": ["néant", "31/12/2024", ""],
    "words": ["oui", "non", "oui"],
    "texts": ["Zoé", "dit : « bonjour »", "-"],
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=5, unique=True),
    st.sampled_from([";", "|", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
)
def test_a_drafted_schema_reads_the_file_that_it_was_drafted_from(
    kinds: list[str], separator: str, encoding: str
) -> None:
    table = io.StringIO()
    writer = csv.writer(table, delimiter=separator)
    writer.writerow([*kinds, "n"])
    writer.writerows(zip(*(KINDS[kind] for kind in kinds), "123", strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "feed.csv")
        path.write_text(table.getvalue(), encoding, "replace", newline="")
        sample, options = take_sample(path, 100)
        text = write_schema(sample, "feed", "csv", options)
    assert text is not None
    schema = _load(text)
    dialect = dialect_of(schema.format)
    for name, spec in schema.fields.items():
        if spec.type != "string":
            none = ("", *dialect.nulls)
            texts = (KINDS | {"n": ["1"]})[name]
            values = pa.array([None if text in none else text for text in texts], pa.string())
            read = parse_text(values, arrow_type(spec.type), dialect)
            assert read.faults is None or not read.faults.any(), (name, spec.type, text)


def test_a_key_of_fewer_than_five_records_is_not_shown(draft: Draft, tmp_path: Path) -> None:
    rows = [{"nom": "X", "par": {f"Jean {'ABCDEFG'[n]}": 1, "total": 1}} for n in range(7)]
    file = tmp_path / "feed.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    schema, text = draft(file)
    assert list(schema.leaves()) == ["nom", "par.total"]
    assert "Jean" not in text
    assert "7 names are not shown" in text


def test_no_library_warns_of_a_signalling_nan(
    draft: Draft, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    bits = pa.py_buffer(bytes.fromhex("010000000000f07f") + bytes(8))
    pq.write_table(
        pa.table({"x": pa.Array.from_buffers(pa.float64(), 2, [None, bits])}),
        tmp_path / "feed.parquet",
    )
    draft(tmp_path / "feed.parquet")
    assert not recwarn.list


# What it refuses


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "feed.csv", {"a": ["1"]})
    with zipfile.ZipFile(tmp_path / "feed.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")

    for wrong in ({"rows": 0}, {"name": "a b"}, {"name": ""}):
        with pytest.raises(UsageError):
            draft_command(file, **wrong)
    with pytest.raises(InputError, match="it has no sheets"):
        draft_command(tmp_path / "feed.xlsx")
    (tmp_path / "feed.xlsx").rename(tmp_path / "feed.zip")
    with pytest.raises(InputError, match="is an archive of several files"):
        draft_command(tmp_path / "feed.zip")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("packed", ["gz", "bz2", "zst"])
def test_a_compressed_file_is_drafted_as_what_it_holds(
    suffix: str, packed: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    data = b'{"a": 12}\n' * 9 if suffix == "jsonl" else b"a\tb\n" + b"12\tx\n" * 9
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    }
    plain, file = tmp_path / f"feed.{suffix}", tmp_path / f"feed.{suffix}.{packed}"
    plain.write_bytes(data)
    file.write_bytes(compress[packed](data))
    drafts = []
    for path in (plain, file):
        assert draft_command(path, name="feed") == 0
        drafts.append(capfdbinary.readouterr().out)
    assert drafts[0] == drafts[1]
    assert b"a:" in drafts[0]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "avro"])
def test_files_without_a_field_or_that_are_no_such_file_are_refused(
    suffix: str, tmp_path: Path
) -> None:
    file = tmp_path / f"feed.{suffix}"
    file.write_bytes(b"")
    with pytest.raises(InputError):
        draft_command(file)
    with pytest.raises(InputError, match="cannot be read"):
        draft_command(tmp_path / f"absent.{suffix}")
    if suffix != "csv":
        file.write_bytes(b"155087599999193\n" * 9)
        with pytest.raises(InputError) as error:
            draft_command(file)
        assert "155087" not in str(error.value)


def test_a_list_of_lists_and_a_struct_without_fields_are_said_or_left_out() -> None:
    top = DraftField("", "struct")
    add_values(top, [{"a": [[1], [2]], "b": {}, "c": {"d": {}}}] * 5)
    sample_ = FeedSample(top.inner, 5)

    text = write_schema(sample_, "feed", "jsonl", CsvOptions())

    assert text is not None
    leaves = _load(text).leaves()
    assert {path: (leaf.lists, kind_of(leaf.spec.type)) for path, leaf in leaves.items()} == {
        "a": (("a",), "integer")
    }
