"""The passeport de prévention's files: what was made is what is released, also of a file cut."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.beam.files import list_inputs
from tamis.beam.listing import Task
from tamis.beam.read import read_task
from tamis.errors import InputError
from tamis.filter.minimize import minimize
from tamis.formats.chunk import Chunk
from tamis.keys.keyring import DerivedKey
from tamis.limits import Limits
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.synthetic.files import write_feed
from tamis.synthetic.prevention import attestations, justificatifs
from tamis.synthetic.records import Record

MAKERS: dict[str, Callable[..., Iterator[Record]]] = {
    "prevention-adf": attestations,
    "prevention-jdr": justificatifs,
}
PLANS = {name: bundled_project().plan(name, on="2026-03-02") for name in MAKERS}
NOT_KEPT = {"id_unique_partenaire", "resultat_obtenu", "mention_obtenue", "lien_preuve"}
NOT_KEPT |= {"identifiant_preuve"}
NIR = "1550875999991"


class OneKey:
    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        return DerivedKey(bytes(32), 1, "0" * 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prevention")


def write(path: Path, name: str, records: list[Record]) -> bytes:
    write_feed(records, bundled_project().schema(name)[0], path)
    return path.read_bytes()


def read(path: Path, plan: Plan) -> list[Chunk]:
    (file,) = list_inputs((str(path),))
    return list(read_task(Task(file, "csv"), plan, Limits(chunk_records=7)))


def released(chunks: list[Chunk], plan: Plan) -> list[Record]:
    """The released rows, without what is not as it was made."""
    rows: list[Record] = []
    for chunk in chunks:
        done = minimize(chunk.data, plan, run="run", keys=OneKey())
        assert done.quarantined.num_rows == 0
        rows += done.released["prevention"].to_pylist()
    tags = {"ligne", *(name for name in rows[0] if name.startswith("legal_"))} if rows else set()
    return [{key: value for key, value in row.items() if key not in tags} for row in rows]


def kept(records: list[Record]) -> list[Record]:
    return [{k: v for k, v in record.items() if k not in NOT_KEPT} for record in records]


@settings(max_examples=25)
@given(st.sampled_from(list(MAKERS)), st.integers(0, 20), st.integers(0, 99), st.data())
def test_what_was_made_is_released_and_a_cut_file_is_not(
    folder: Path, name: str, count: int, seed: int, data: Any
) -> None:
    plan, records = PLANS[name], list(MAKERS[name](count, seed=seed))
    path = folder / "in.csv"
    whole = write(path, name, records)
    assert released(read(path, plan), plan) == kept(records)

    check_cut(path, plan, records, whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_that_is_cut_anywhere_is_released_if_a_line_ends_there(
    folder: Path, name: str
) -> None:
    plan, records = PLANS[name], list(MAKERS[name](2, seed=5))
    path = folder / "in.csv"
    whole = write(path, name, records)
    for end in range(len(whole)):
        check_cut(path, plan, records, whole[:end])


def check_cut(path: Path, plan: Plan, records: list[Record], start: bytes) -> None:
    """Check that nothing of a file is released that does not end where a line does."""
    path.write_bytes(start)
    lines = start.count(b"\r")  # a line of which only the last byte is cut is whole
    try:
        chunks = read(path, plan)
    except InputError:
        assert lines == 0  # in its header
        return
    assert lines
    if start.endswith((b"\r", b"\n")):
        assert released(chunks, plan) == kept(records[: lines - 1])
    else:
        assert released(chunks, plan) == []
        assert sum(chunk.rejects.num_rows for chunk in chunks) == lines


def test_over_500_lines_of_a_declaration_stop_the_file(folder: Path) -> None:
    plan = PLANS["prevention-adf"]
    records = list(attestations(502, seed=1))
    path = folder / "many.csv"
    write(path, "prevention-adf", records)
    assert len(released(read(path, plan), plan)) == 502

    for record in records:
        record["id_declaration"] = "DECL"
    write(path, "prevention-adf", records)
    rejects = [reject for chunk in read(path, plan) for reject in chunk.rejects.to_pylist()]
    assert len(rejects) == 502
    assert {(reject["reason"], reject["field"], reject["rule"]) for reject in rejects} == {
        ("incomplete", "id_declaration", "whole file: most_records: 500")
    }


def test_a_nir_in_an_identifier_or_a_text_does_not_leave_with_it(folder: Path) -> None:
    plan = PLANS["prevention-jdr"]
    records = list(justificatifs(3, seed=1))
    for record in records:
        record["nir"] = NIR
        record["id_unique_partenaire"] = f"{NIR}|1".replace("|", "-")
        record["nom_jdr"] = f"Habilitation, NIR {NIR}"
        record["lien_preuve"] = f"https://exemple.example/{NIR}"
    path = folder / "nir.csv"
    write(path, "prevention-jdr", records)
    rows = released(read(path, plan), plan)

    assert {row.pop("nir") for row in rows} == {NIR}
    assert {row["nom_jdr"] for row in rows} == {"Habilitation, NIR [NIR]"}
    assert NIR not in str(rows)


def test_a_line_of_values_that_do_not_conform_stops_that_line_only(folder: Path) -> None:
    plan = PLANS["prevention-adf"]
    records = list(attestations(3, seed=1))
    records[1]["nir"] = NIR[1:]
    path = folder / "bad.csv"
    write(path, "prevention-adf", records)
    (chunk,) = (chunk for chunk in read(path, plan) if len(chunk.positions))
    done = minimize(chunk.data, plan, run="run", keys=OneKey())

    assert done.rows["prevention"].to_pylist() == [0, 2]
    assert done.quarantined.column("reason").to_pylist() == ["nir-malformed"]
