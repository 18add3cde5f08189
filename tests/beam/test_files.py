"""Which files are inputs: hidden ones, partitions, one file of several names, no pipes."""

import bz2
import json
import lzma
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tamis.beam.files import InputFile, list_inputs, open_sequential
from tamis.beam.listing import ListFiles, Task, _Opener
from tamis.beam.read import OTHER_NAMES, ReadFiles, _ReadFn, read_task
from tamis.documents.feed_format import Format, FormatName
from tamis.errors import InputError, RunError, UsageError
from tamis.formats.chunk import Chunk
from tamis.formats.partitions import partitions_of
from tamis.limits import USUAL
from tamis.plan.plan import Plan, PlanField

from .. import plans

DEP = PlanField("dep", "string")
NOM = PlanField("nom", "string")


def plan_of(*fields: PlanField, form: FormatName = "parquet") -> Plan:
    fields = fields or (DEP, NOM)
    known = tuple(field.source_name for field in fields)
    return plans.plan_of(*fields, form=form, known=known)


def write(path: Path, **columns: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = columns or {"nom": ["ESSAI"]}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    elif path.suffix == ".csv":
        rows = zip(*columns.values(), strict=True)
        path.write_text("\n".join(",".join(row) for row in [columns, *rows]) + "\n")
    else:
        rows = zip(*columns.values(), strict=True)
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        path.write_text("\n".join(map(json.dumps, records)))
    return path


def names_of(*patterns: Path | str) -> list[str]:
    return [os.path.relpath(file.uri) for file in list_inputs(tuple(map(str, patterns)))]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# Names


def test_hidden_names_are_left_alone_by_patterns_and_read_where_they_are_named() -> None:
    hidden = ("a/_SUCCESS", "a/.part.crc", "a/_temporary/0.csv", "a/.tmp/0.csv", "a/_log.csv")
    for name in ("a/0.csv", *hidden):
        write(Path(name).with_suffix(".csv")).rename(name)

    assert names_of("a/*") == names_of("./a/*") == names_of(Path("a/*").absolute()) == ["a/0.csv"]
    assert names_of("a/**") == ["a/0.csv"]
    assert names_of("a/_*.csv") == names_of("a/_log.csv") == ["a/_log.csv"]
    assert names_of("a/_temporary/*") == ["a/_temporary/0.csv"]
    with pytest.raises(UsageError, match=r"whose name does not begin with `_` or `\.`"):
        names_of("a/*SUCCESS")


def test_a_folder_that_is_hidden_hides_what_it_holds_only_from_wildcards() -> None:
    write(Path(".work/a/0.csv"))
    write(Path(".work/a/.1.csv"))
    assert names_of(".work/a/*") == names_of(".work/*/*.csv") == [".work/a/0.csv"]
    with pytest.raises(UsageError):
        names_of("*/a/*")


def test_a_wildcard_at_the_end_reads_folders_of_partitions_and_no_others() -> None:
    for name in ("t/dep=75/an=2020/0.csv", "t/dep=2A/0.csv", "t/other/0.csv", "t/0.csv"):
        write(Path(name))
    assert names_of("t/*") == ["t/0.csv", "t/dep=2A/0.csv", "t/dep=75/an=2020/0.csv"]
    assert names_of("t/dep=75/*") == ["t/dep=75/an=2020/0.csv"]
    assert names_of("t/*.csv") == ["t/0.csv"]


def test_one_file_of_several_names_is_read_once_and_told() -> None:
    write(Path("a.csv"))
    os.link("a.csv", "b.csv")
    os.symlink("a.csv", "c.csv")
    given = list_inputs(("b.csv", "./a.csv", "c.csv", "a.csv", "*.csv"))
    assert [(file.uri, file.other_names) for file in given] == [("./a.csv", 3)]

    def is_told(batches: list[Any]) -> None:
        assert sum(batch.data.num_rows for batch in batches) == 1
        told = [batch.chunk.anomalies for batch in batches if batch.inputs]
        assert told == [{OTHER_NAMES: 2}]

    with beam.Pipeline("FnApiRunner") as pipeline:
        assert_that(pipeline | ReadFiles("*.csv", plan_of(NOM, form="csv")), is_told)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jsonl")).write_text("{}")
    with pytest.raises(UsageError, match=r"caf\ufffd\.jsonl: its name is not UTF-8; rename it"):
        list_inputs((f"{tmp_path}/*.jsonl",))


def test_pipes_and_devices_are_refused() -> None:
    os.mkfifo("pipe.csv")
    os.symlink("/dev/zero", "zero.csv")
    for pattern in ("pipe.csv", "zero.csv", "*.csv", "/dev/zero"):
        with pytest.raises(UsageError, match="is a pipe or a device, expected a file"):
            list_inputs((pattern,))


# Change


def read_by_worker(file: InputFile, plan: Plan, between: Callable[[], Any]) -> None:
    """Read a file, and do something once its first batch came."""
    reader = _ReadFn(plan, USUAL, coded=False)
    for number, _batch in enumerate(reader.process(Task(file, plan.format.name))):
        if number == 0:
            between()


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text(path.read_text() + "X\n"),
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: write(Path("new.csv")).rename(path),
        lambda path: path.unlink(),
    ],
    ids=["size", "time", "inode", "gone"],
)
def test_a_file_that_changes_while_it_is_read_fails(change: Callable[[Path], Any]) -> None:
    path = write(Path("a.csv"))
    plan = plan_of(NOM, form="csv")
    (file,) = list_inputs(("a.csv",))
    read_by_worker(file, plan, lambda: None)
    with pytest.raises(InputError, match="changed while it was read"):
        read_by_worker(file, plan, lambda: change(path))
    with pytest.raises((InputError, RunError), match="changed while it was read"):
        read_by_worker(file, plan, lambda: None)


# Partitions


def chunks_of(path: Path, form: FormatName, plan: Plan) -> list[Chunk]:
    (file,) = list_inputs((str(path),))
    if form != "parquet":
        return list(read_task(Task(file, form), plan))
    from tamis.beam.files import open_random
    from tamis.formats.parquet import split

    with open_random(file.uri) as stream:
        (part,) = split(stream, file.uri)
    return list(read_task(Task(file, form, part=part), plan))


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_the_folders_give_columns(form: FormatName) -> None:
    path = write(Path(f"t/dep=2A/Ville=L%27Ha%C3%BF/autre=1/0.{form}"), nom=["ESSAI", "FICTIVE"])
    plan = plan_of(DEP, NOM, PlanField("lieu", "string", column="Ville"), form=form)

    chunks = chunks_of(path, form, plan)

    rows = [row for chunk in chunks for row in chunk.data.to_pylist()]
    lieu = {"dep": "2A", "lieu": "L'Haÿ"}
    assert rows == [{**lieu, "nom": "ESSAI"}, {**lieu, "nom": "FICTIVE"}]
    assert {name for chunk in chunks for name in chunk.missing} == set()
    assert {name for chunk in chunks for name in chunk.unknown} == {"autre"}


@pytest.mark.parametrize("value", ["__HIVE_DEFAULT_PARTITION__", ""])
def test_the_default_partition_is_null(value: str) -> None:
    path = write(Path(f"t/dep={value}/0.csv"))
    rows = [
        row
        for chunk in chunks_of(path, "csv", plan_of(form="csv"))
        for row in chunk.data.to_pylist()
    ]
    assert rows == [{"nom": "ESSAI", "dep": None}]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_column_of_the_file_and_of_its_folder_is_refused(form: FormatName) -> None:
    path = write(Path(f"t/dep=2A/0.{form}"), nom=["ESSAI"], dep=["2A"])
    with pytest.raises(InputError, match="has a column `dep` beside its folder's"):
        chunks_of(path, form, plan_of(form=form))


def test_folders_that_give_no_column_are_refused() -> None:
    with pytest.raises(InputError, match="two folders of one partition column"):
        partitions_of("t/dep=75/dep=76/0.csv")
    with pytest.raises(InputError, match="not UTF-8"):
        partitions_of("t/dep=%FF/0.csv")
    assert partitions_of("t/=75/a=b.csv") == {}
    inside = PlanField("dep", "struct", fields=(NOM,))
    with pytest.raises(InputError, match="the field holds others"):
        chunks_of(write(Path("t/dep=75/0.csv")), "csv", plan_of(inside, NOM, form="csv"))


def test_a_partition_column_has_the_schema_s_type_in_a_run() -> None:
    write(Path("t/an=2020/0.parquet"))
    plan = plan_of(PlanField("an", "int16"), NOM)

    def as_rows(batch: Any) -> list[dict[str, Any]]:
        return batch.data.to_pylist()

    with beam.Pipeline("FnApiRunner") as pipeline:
        rows = pipeline | ReadFiles("t/*", plan) | beam.FlatMap(as_rows)
        assert_that(rows, equal_to([{"an": "2020", "nom": "ESSAI"}]))


# Compression


@pytest.mark.parametrize(("suffix", "pack"), [("bz2", bz2.compress), ("xz", lzma.compress)])
def test_what_follows_a_compressed_stream_is_read_or_fails(
    suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    path = Path(f"a.csv.{suffix}")
    one, two = pack(b"nom\nA\n" * 9), pack(b"B\n")

    def content() -> bytes:
        stream, raw = open_sequential(str(path), str(path))
        with raw:
            return stream.read()

    path.write_bytes(one + two + bytes(8))
    assert content() == b"nom\nA\n" * 9 + b"B\n"
    for bad in (one + b"?" + two[1:], one + b"junk", one + bytes(4) + b"junk", one + two[:-3]):
        path.write_bytes(bad)
        with pytest.raises(InputError, match=r"is cut|is damaged"):
            content()


# Files that are released as a whole or not at all


def whole_file(path: Path, data: bytes, **rules: Any) -> dict[str, Any]:
    """What is read of a file under rules for the whole: ids, and reasons with field and rule."""
    path.write_bytes(data)
    form = {"csv": {"separator": "|", "quote": False}, "whole_file": rules}
    fields = (PlanField("id", "string"), PlanField("declaration", "string"))
    plan = replace(plan_of(*fields), format=Format.model_validate(form))
    (file,) = list_inputs((str(path),))
    chunks = list(read_task(Task(file, "csv"), plan))
    rejects = [reject for chunk in chunks for reject in chunk.rejects.to_pylist()]
    assert [reject["position"] for reject in rejects] == list(range(1, len(rejects) + 1))
    return {
        "ids": [value for chunk in chunks for value in chunk.data.column("id").to_pylist()],
        "why": {tuple(reject.values())[1:] for reject in rejects},
        "records": len(rejects),
    }


THREE = b"id|declaration\n1|A\n2|A\n3|B\n"
ALL_RULES = {
    "exact_columns": True,
    "ends_in_line_break": True,
    "file_name": r"[^@<>:|?*%]{1,40}\.csv",
    "most_bytes": len(THREE),
    "most_records": {"declaration": 2},
}


def test_a_file_that_keeps_all_rules_is_read(tmp_path: Path) -> None:
    assert whole_file(tmp_path / "adf.csv", THREE, **ALL_RULES)["ids"] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "data", "rules", "why"),
    [
        ("a.csv", THREE + b"4\n", {}, {("", "whole file: fields expected: 2, found: 1")}),
        (
            "a.csv",
            THREE[:-1],
            {"ends_in_line_break": True},
            {("", "whole file: ends_in_line_break")},
        ),
        ("a@b.csv", THREE, {}, {("", "whole file: file_name")}),
        ("a.csv", THREE + b"4|C\n", {}, {("", f"whole file: most_bytes: {len(THREE)}")}),
        ("a.csv", THREE.replace(b"B", b"A"), {}, {("declaration", "whole file: most_records: 2")}),
        ("a.csv", b"id\n1\n2\n", {}, {("declaration", "whole file: exact_columns")}),
        ("a.csv", b"id|declaration|x\n1|2|\n", {}, {("", "whole file: exact_columns")}),
        ("a.csv", THREE.replace(b"B", b"\xe9"), {}, {("", "whole file: encoding")}),
    ],
)
def test_a_file_that_breaks_a_rule_is_quarantined_whole(
    tmp_path: Path, name: str, data: bytes, rules: dict[str, Any], why: set[tuple[str, str]]
) -> None:
    read = whole_file(tmp_path / name, data, **{**ALL_RULES, **rules})

    assert read["ids"] == []
    assert read["records"] == data.count(b"\n") - (data.endswith(b"\n"))
    assert {own[1:] for own in read["why"] if own[0] == "incomplete"} == why


def test_a_file_of_another_format_is_refused_where_files_are_judged_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "in.parquet", id=["1"])
    plan = replace(plan_of(form="csv"), format=Format.model_validate({"whole_file": {}}))
    (file,) = list_inputs((str(path),))
    with pytest.raises(InputError, match=r"its content is `parquet`; .* must be `csv`"):
        _Opener(ListFiles((str(path),), plan)).format(file)
