"""A dry run tells what a run would do, and what it looked at, and no value."""

import datetime
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from rich.console import Console

from tamis.beam.listing import share_out
from tamis.beam.measure import Inspection
from tamis.documents.calendar import today
from tamis.documents.context import open_policy
from tamis.documents.editors import as_text
from tamis.dry_run.compose import compose
from tamis.dry_run.html import render_html
from tamis.dry_run.models import MARK_CONDITIONS
from tamis.dry_run.result import PUBLISHED, DryRun, json_schemas
from tamis.dry_run.terminal import print_dry_run
from tamis.evidence.fail_on import FAIL_ON, parse_fail_on
from tamis.keys.keyring import Keyring
from tamis.plan.compile import compile_policy, whole_schema
from tamis.plan.project import bundled_project
from tamis.runs.batch import Job, dry_run, run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, make_nir, make_records
from tests.surface.test_messages import english_words

from .conftest import IN_MEMORY, KEPT, POLICY, SCHEMA, Desk, make_project

pytestmark = pytest.mark.slow

PROJECT = bundled_project()
POLICIES = sorted(PROJECT.policies())
SCHEMA_FILE = PUBLISHED / "dry-run.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
Columns = Callable[[int], dict[str, Any]]


def printed(result: DryRun, *, terminal: bool = False) -> str:
    """What a dry run prints."""
    stream = io.StringIO()
    print_dry_run(result, Console(file=stream, force_terminal=terminal, width=160))
    return stream.getvalue()


# The figures of a run


@pytest.mark.parametrize("name", POLICIES)
def test_its_figures_and_bytes_are_those_of_a_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = open_policy(PROJECT, name)
    plan = compile_policy(subject, today())
    feed = tmp_path / f"feed.{subject.schema.format.name}"
    records = make_records(
        subject.schema,
        150,
        seed=3,
        policies=[subject.policy],
        dirt=DIRTY,
        nir_with_key=subject.schema.format.name != "dsn",
    )
    unknown = {} if subject.schema.format.whole_file else {"inconnue": "x"}
    write_feed(records, subject.schema, feed, extra=unknown)
    Keyring.create(str(tmp_path / "keys.json"))
    monkeypatch.setattr("tamis.runs.batch.new_run_id", lambda policy: "the-run")

    inspection = Inspection(whole_schema(subject), True, plan)
    measured = dry_run(plan, (str(feed),), inspection=inspection, options=(IN_MEMORY,))
    result = compose(measured, plan, subject, ("itself", plan))
    store, keys = str(tmp_path / "store"), str(tmp_path / "keys.json")
    receipt, _ = run(Job(plan, (str(feed),), store, "the-run", keys, options=(IN_MEMORY,)))

    assert receipt is not None
    own = {"run", "started", "ended", "keys", "releases", "quarantine_files", "drift", "allowed"}
    assert json.loads(receipt.model_dump_json(exclude=own)) == json.loads(
        result.model_dump_json(include=set(type(receipt).model_fields) - own)
    )
    assert vars(result.drift) == {**vars(receipt.drift), "retyped": []}
    for release, part in receipt.releases.items():
        mine = result.releases[release]
        assert (mine.rows, mine.redacted, mine.files) == (part.rows, part.redacted, None)
        assert {path: (field.fate, field.because) for path, field in mine.fields.items()} == {
            path: (field.fate, field.because) for path, field in part.fields.items()
        }
        written = sum((Path(store) / file.path).stat().st_size for file in part.files or ())
        # Pseudonyms of its own keys put rows in another order, which compresses otherwise.
        assert result.bytes.out[release] == pytest.approx(written, rel=0.02)
        assert bool(written) == bool(part.rows)
    stopped = sum(
        (Path(store) / file.path).stat().st_size for file in receipt.quarantine_files or ()
    )
    assert result.bytes.quarantine == stopped
    assert result.bytes.in_ == feed.stat().st_size
    assert result.sample.complete
    assert result.against is not None
    assert (result.against.records, result.against.fields) == (150, [])
    VALIDATOR.validate(json.loads(result.to_json()))
    shown = printed(result)
    assert [path for path in subject.leaves if path not in shown] == []


def test_the_published_json_schema_is_that_of_the_result() -> None:
    published = SCHEMA_FILE.read_text(encoding="utf-8")
    assert published == as_text(json_schemas()["dry-run"]), (
        "run tamis.documents.editors.publish(PUBLISHED, json_schemas()) of tamis.dry_run.result"
    )


def test_each_field_says_its_fate_its_types_and_the_place_that_decides(
    desk: Desk, columns: Columns
) -> None:
    result = desk.dry_run(desk.feed(columns(3)))
    fields = result.releases["evaluation"].fields

    assert {path: field.fate for path, field in fields.items()} == {
        "nir": "stripped",
        "sexe": "kept",
        "region": "kept",
        "naissance": "generalized",
        "action": "kept",
        "montant": "kept",
        "heures": "dropped",
        "commentaire": "redacted",
        "employeur": "dropped",
    }
    assert fields["naissance"].treatment == "generalized to year"
    assert (fields["naissance"].type.in_, fields["naissance"].type.out) == ("date32", "date32[day]")
    assert fields["heures"].type.out is None
    assert not fields["heures"].read
    assert fields["nir"].identifier == ["nir"]
    assert fields["sexe"].place.endswith("policies/evaluation.yaml:12:16")
    assert fields["naissance"].details.to == "year"
    assert result.releases["evaluation"].tags["legal_item"] == "R6323-37.III.2"
    assert [row.attested for row in result.unattested] == ["example"]


# No value


def odd_schema() -> tuple[str, str, dict[str, tuple[pa.DataType, Any, Any]]]:
    """A schema with a kept and a dropped column of every type, its policy, and their canaries.

    A canary is told by its type, the canary itself and another value; those of a kept column and
    of a dropped one are the same.
    """
    kinds: dict[str, tuple[Any, Any]] = {
        "string": ("CANARY", "b"),
        "large_string": ("CANARY", "b"),
        "binary": (b"CANARY", b"b"),
        "fixed_size_binary[6]": (b"CANARY", b"bbbbbb"),
        "int32": (1515870810, 1),
        "int64": (6510615555426900570, 1),
        "uint16": (23130, 1),
        "float32": (1515870.75, 1.5),
        "float64": (65106155554269.25, 1.5),
        "decimal128(12, 2)": (Decimal("6510615555.42"), Decimal("1.50")),
        "date32": (datetime.date(8672, 7, 13), datetime.date(2020, 1, 1)),
        "timestamp[us]": (
            datetime.datetime(7343, 8, 19, 23, 51, 7),
            datetime.datetime(2020, 1, 1),
        ),
        "time64[us]": (datetime.time(23, 51, 47, 515870), datetime.time(1)),
        "bool": (True, False),
    }
    lines, names = ["schema: dossiers", "fields:"], {}
    for number, (kind, (canary, other)) in enumerate(kinds.items()):
        for what in ("kept", "dropped"):
            name = f"{what}_{number}"
            category = "tit-droits-parcours-formation"
            marks = f"type: '{kind}', category: {category}"
            lines.append(f"  {name}: {{{marks}}}")
            names[name] = (kind, canary, other)
    lines += [
        "  liste:",
        "    type: list",
        "    of:",
        "      type: struct",
        "      category: tit-droits-parcours-formation",
        "      fields:",
        "        kept: {type: string}",
        "        dropped: {type: string}",
    ]
    kept = ", ".join([*(name for name in names if name.startswith("kept")), "liste.kept"])
    policy = (POLICY % kept).replace("    treat:\n      naissance: {generalize: {to: year}}\n", "")
    return "\n".join(lines) + "\n", policy, names


@pytest.mark.parametrize("rank", ["only", "smallest", "largest"])
def test_no_value_is_told_of_any_column_of_any_type(
    rank: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tamis.documents.types import arrow_type

    schema, policy, names = odd_schema()
    desk = make_project(tmp_path / "p", schema, policy)
    other = make_project(tmp_path / "other", schema, policy.replace("kept_0, ", ""))
    made: dict[str, Any] = {}
    for name, (kind, canary, normal) in names.items():
        if rank == "smallest" and isinstance(canary, int | float | Decimal):
            canary = -canary if not kind.startswith("u") and kind != "bool" else canary
        values = {
            "only": [canary] * 300,
            "smallest": [canary, *[normal] * 299],
            "largest": [*[normal] * 299, canary],
        }[rank]
        made[name] = pa.array(values, arrow_type(kind))
    made["liste"] = pa.array([[{"kept": "CANARY", "dropped": "CANARY"}]] * 300)
    made["inconnue"] = pa.array(["CANARY 1 55 08 75 999 991 93"] * 300)
    made["CANARY@2 a name that is a value"] = pa.array(["x"] * 300)

    result = desk.dry_run(desk.feed(made, group=100), profiles=True, against=other.folder)

    caught = capfd.readouterr()
    texts = [
        result.to_json(),
        printed(result),
        printed(result, terminal=True),
        caught.out,
        caught.err,
    ]
    texts += [render_html(result, "en"), render_html(result, "fr")]
    assert result.counts.released == 300
    assert result.profile is not None
    assert [column.column for column in result.profile.undeclared] == ["inconnue"]
    assert result.drift.unknown == ["(name withheld)", "inconnue"]
    needles = ["CANARY", b"CANARY".hex(), "15508759999919", "1 55 08 75"]
    needles += [
        form
        for kind, canary, _ in names.values()
        if kind != "bool"
        for form in (str(canary), repr(canary))
    ]
    needles += ["8672", "7343", "515870", "23:51", "6510615"]
    for text in texts:
        text = re.sub(r"\b[0-9a-f]{64}\b", "", text)  # a digest may hold four digits by chance
        assert [needle for needle in needles if needle in text] == []


def test_hostile_names_neither_move_the_cursor_nor_become_markup(
    tmp_path: Path, columns: Columns
) -> None:
    because = "comparer [bold red]l'usage[/] du\\x1b[31m compte"
    policy = (POLICY % KEPT).replace("comparer l'usage du compte", f'"{because}"')
    desk = make_project(tmp_path / "p", policy=policy)
    result = desk.dry_run(desk.feed({**columns(3), "[red]x": pa.array(["a"] * 3)}))

    for terminal in (False, True):
        text = printed(result, terminal=terminal)
        assert "[bold red]l'usage[/]" in text
        assert "\x1b[31m compte" not in text
    assert "\x1b" not in printed(result)


# A sample


def test_a_limit_is_spread_over_the_parts_and_told(desk: Desk, columns: Columns) -> None:
    first = desk.feed(columns(300), "1.parquet")
    second = desk.feed(columns(40), "2.parquet")

    result = desk.dry_run(first, second, limit=100)

    assert result.counts.in_ == result.sample.read == 100
    assert [part.rows for part in result.inputs] == [60, 40]
    assert [bool(part.sha256) for part in result.inputs] == [False, True]
    assert not result.sample.complete
    assert (result.sample.inputs, result.sample.inputs_complete) == (2, 1)
    assert "a sample: at most 100 records" in printed(result)


def test_a_limit_that_is_not_reached_changes_nothing(desk: Desk, columns: Columns) -> None:
    feed = desk.feed(columns(300))
    limited, whole = desk.dry_run(feed, limit=300), desk.dry_run(feed)

    same = {"started", "ended", "sample"}
    assert limited.model_dump(exclude=same) == whole.model_dump(exclude=same)
    assert limited.sample.complete
    assert "a sample" not in printed(limited)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_limit_stops_within_a_file_that_is_read_from_its_start(
    form: str, tmp_path: Path, columns: Columns
) -> None:
    desk = make_project(tmp_path / "p", SCHEMA.replace("fields:", f"format: {form}\nfields:"))
    rows = pa.table(columns(50)).to_pylist()
    path = tmp_path / f"in.{form}"
    if form == "csv":
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    else:
        lines = [json.dumps(row, default=str) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    for limit, read, complete in ((20, 20, False), (50, 50, True), (60, 50, True)):
        result = desk.dry_run(str(path), limit=limit, profiles=True, against=desk.folder)
        assert (result.sample.read, result.sample.complete) == (read, complete)
        assert result.counts.released == read
        assert result.against is not None
        assert result.against.records == read
        assert result.profile is not None
        assert result.profile.undeclared == []
        assert result.bytes.in_ == path.stat().st_size


def test_shares_of_a_limit_add_up_and_fit() -> None:
    cases: list[list[int | None]] = [[3, None, 9], [1, 1, 1], [20, 2], [None, None], [0, 5]]
    for limit in range(40):
        for capacities in cases:
            shares = share_out(limit, capacities)
            assert all(c is None or s <= c for s, c in zip(shares, capacities, strict=True))
            held = sum(limit if c is None else c for c in capacities)
            assert sum(shares) == min(limit, held)


# What is looked at beside the counts


def test_nirs_in_columns_that_declare_none_are_found(desk: Desk, columns: Columns) -> None:
    import random

    chance = random.Random(5)
    made = columns(200)
    made["employeur"] = pa.array([make_nir(chance) for _ in range(200)])
    made["inconnue"] = pa.array([None, *(f"voir NIR {make_nir(chance)}" for _ in range(199))])
    made["liste"] = pa.array([[{"numero": make_nir(chance)}, None] for _ in range(200)])
    made["commentaire"] = pa.array([f"NIR {make_nir(chance)}"] * 200)

    result = desk.dry_run(desk.feed(made), profiles=True)

    assert result.profile is not None
    undeclared = {column.column: column for column in result.profile.undeclared}
    assert set(undeclared) == {"employeur", "inconnue", "liste.numero"}
    assert (undeclared["employeur"].known, undeclared["inconnue"].known) == (True, False)
    assert (undeclared["employeur"].form, undeclared["inconnue"].form) == ("15", "text")
    assert (undeclared["inconnue"].values, undeclared["inconnue"].nirs) == (199, 199)
    assert undeclared["employeur"].confidence > 0.99
    assert result.releases["evaluation"].redacted == {"commentaire": 200}


def test_columns_of_another_type_are_told_with_it(desk: Desk, columns: Columns) -> None:
    made = columns(20)
    made["montant"] = made["montant"].cast(pa.float64())
    made["employeur"] = made["employeur"].dictionary_encode()
    made["region"] = made["region"].cast(pa.large_string())

    inputs = desk.feed(made, "1.parquet"), desk.feed(columns(20), "2.parquet")
    result = desk.dry_run(*inputs)

    (column,) = result.drift.retyped
    assert (column.column, column.schema_, column.files) == (
        "montant",
        "decimal128(12, 2)",
        {"double": 1},
    )
    assert "montant  decimal128(12, 2) by the schema, but double in 1" in printed(result)


def test_another_project_tells_which_records_would_newly_carry_what(
    desk: Desk, columns: Columns, tmp_path: Path
) -> None:
    kept = "sexe, region, naissance, action, heures, commentaire"
    when = """\
      - because: suivre le coût
        keep: [montant]
        when: [{field: sexe, in: [F], because: "pour ce seul essai"}]
    treat:"""
    other = make_project(tmp_path / "other", policy=(POLICY % kept).replace("    treat:", when))
    made = columns(100)
    made["heures"] = pa.array([n if n % 4 else None for n in range(100)], pa.int32())

    result = desk.dry_run(desk.feed(made), against=other.folder)

    assert result.against is not None
    assert result.against.records == 100
    assert {field.field: (field.newly, field.no_longer) for field in result.against.fields} == {
        "heures": (75, 0),
        "montant": (0, 50),
    }
    assert "heures" in printed(result).split("Under ")[1]


# The command


@pytest.fixture
def command(desk: Desk, columns: Columns, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`tamis dry-run` on a feed with a withheld NIR, an unknown column and a wrong type."""
    import sys

    from tamis.cli import main
    from tamis.runs import batch as beam_run
    from tamis.runs import launch

    made = columns(30)
    made["commentaire"] = pa.array(["NIR 1 55 08 75 999 991 93"] * 30)
    feed = desk.feed(made)
    options = launch.read_options
    monkeypatch.setattr(beam_run, "read_options", lambda flags: options([*flags, IN_MEMORY]))

    def call(*arguments: object) -> int:
        argv = ["tamis", "--project", desk.folder, "dry-run", "evaluation", "--input", feed]
        monkeypatch.setattr(sys, "argv", [str(argument) for argument in (*argv, *arguments)])
        try:
            main()
        except SystemExit as stop:
            return int(stop.code or 0)
        return 0

    return call


def test_fail_on_answers_no_where_it_is_there(
    command: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert command("--fail-on", "quarantine", "--fail-on", "drift") == 0
    assert command("--fail-on", "quarantine", "--fail-on", "redacted") == 1
    assert "what must not be: redacted (30 NIRs in commentaire)" in capfd.readouterr().err
    assert command("--fail-on", "unattested") == 1


def test_the_terminal_speaks_french(
    command: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("--lang", "fr", "--profile-dropped", "--fail-on", "drift", "--fail-on", "unattested")
    assert command(*options, "--limit", "20") == 1
    printed = "".join(capfd.readouterr())
    assert "conservé" in printed
    assert set(english_words(printed)) <= {"none"}, "a mark, as schemas write it"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--fail-on", "drfit"), "must be one of drift"),
        (("--fail-on", "drift=5%"), "a share must be of `quarantine` or `withheld`"),
        (("--fail-on", "quarantine=101%"), "at most 100%"),
        (("--fail-on", "newly-carried"), "--against"),
        (("--limit", "0"), "should be 1 or more"),
        (("--lang", "de"), "should be en or fr"),
    ],
)
def test_wrong_options_are_told(
    arguments: tuple[str, ...],
    why: str,
    command: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert command(*arguments) == 2
    assert why in capfd.readouterr().err


def test_every_reason_to_fail_is_seen_in_the_result(desk: Desk, columns: Columns) -> None:
    from tamis.cli.dry_run import find_all

    made = columns(60)
    made["employeur"] = made["nir"]
    made["action"] = pa.array(["NIR 1 55 08 75 999 991 93", *["a"] * 59])
    made["commentaire"] = made["action"]
    made["plus"] = made["sexe"]
    more = make_project(desk.folder / "more", policy=POLICY % f"{KEPT}, heures")
    bad = desk.dry_run(desk.feed(made), profiles=True, against=more.folder)
    good = desk.dry_run(desk.feed(columns(60)), profiles=True, against=desk.folder)

    def met(result: DryRun) -> set[str]:
        conditions = parse_fail_on(judged, "dry-run")
        return {text.partition(" ")[0] for text in find_all(result).meeting(conditions)}

    judged = [name for name, kind in FAIL_ON.items() if "dry-run" in kind.commands]
    assert met(bad) >= set(judged) - {
        *("withheld", "anomaly", "redacted"),
        *MARK_CONDITIONS.values(),  # tests/dry_run/test_marks.py
    }
    assert met(good) == {"unattested", "risk"}
    alike = {name: pa.array([column[0]] * 60, column.type) for name, column in columns(1).items()}
    assert met(desk.dry_run(desk.feed(alike), profiles=True, against=desk.folder)) == {"unattested"}


def test_json_goes_to_a_file_beside_the_tables_or_alone_to_stdout(
    command: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command("--json", tmp_path / "result.json") == 0
    assert "Dispositions" in capfd.readouterr().out
    assert command("--json", "-") == 0
    answer = DryRun.model_validate_json(capfd.readouterr().out)
    written = DryRun.model_validate_json((tmp_path / "result.json").read_bytes())
    assert answer.counts == written.counts
    assert answer.counts.in_ == 30


def test_progress_is_shown_on_a_terminal_only(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import sys

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert command() == 0
    assert "rows" not in capfd.readouterr().err
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert command() == 0
    assert "30 rows" in screen.getvalue()
    assert "rows/s" in screen.getvalue()


def test_listeners_hear_every_row_and_byte(desk: Desk, columns: Columns) -> None:
    from tamis.beam.progress import listen

    class Ear:
        size = rows = heard = 0

        def expect(self, size: int, rows: int | None) -> None:
            self.size = size

        def advance(self, rows: int, size: int) -> None:
            self.rows += rows
            self.heard += size

    feed = desk.feed(columns(500), group=100)
    ear = Ear()
    with listen(ear):
        desk.dry_run(feed)
    desk.dry_run(feed)
    assert ear.rows == 500
    assert ear.heard == ear.size == Path(feed).stat().st_size
