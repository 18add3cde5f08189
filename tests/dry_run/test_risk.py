"""Figures of re-identification, against a count by brute force."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.documents.calendar import today
from tamis.dry_run.coarsening import NOT_KEPT, Ladder, Level, Trials, find_coarsening
from tamis.dry_run.hashing import hash_rows, mix
from tamis.dry_run.k_anonymity import Groups, Persons
from tamis.dry_run.models import Figures
from tamis.errors import RefusedError
from tamis.evidence.fail_on import Guards
from tamis.filter.treatments import generalize_numbers, generalize_text
from tamis.keys.keyring import Keyring
from tamis.runs.batch import Job, run

from .conftest import IN_MEMORY, KEPT, POLICY, SCHEMA, Desk, make_project

PATHS = ["sexe", "an", "lieu.code", "codes", "postes.metier", "postes.an", "prix", "vu", "octets"]
PATHS += ["jour"]
POSTES = pa.struct([("metier", pa.string()), ("an", pa.int16())])
ROWS = pa.schema(
    [
        ("sexe", pa.string()),
        ("an", pa.int16()),
        ("lieu", pa.struct([("code", pa.string())])),
        ("codes", pa.list_(pa.string())),
        ("postes", pa.list_(POSTES)),
        ("prix", pa.decimal128(30, 2)),
        ("vu", pa.bool_()),
        ("octets", pa.binary()),
        ("jour", pa.date32()),
    ]
)


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    few = st.sampled_from(["", "a", "ab", "ba", "é"])
    poste = st.fixed_dictionaries({"metier": st.sampled_from("ab"), "an": st.integers(1, 2)})
    record = st.fixed_dictionaries(
        {
            "sexe": st.none() | few,
            "an": st.none() | st.integers(-2, 2),
            "lieu": st.none() | st.fixed_dictionaries({"code": st.none() | few}),
            "codes": st.none() | st.lists(few, max_size=2),
            "postes": st.none() | st.lists(poste, max_size=2),
            "prix": st.none() | st.decimals(-(10**20), 10**20, places=2, allow_nan=False),
            "vu": st.none() | st.booleans(),
            "octets": st.none() | st.binary(max_size=2),
            "jour": st.none() | st.dates(),
        }
    )
    kinds = draw(st.lists(record, min_size=1, max_size=8))
    return draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=60))


def combination(row: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two records one group: the order of a list's elements does not."""
    codes, postes = row["codes"], row["postes"]
    lieu = row["lieu"]
    return (
        *(row[name] for name in ("sexe", "an", "prix", "vu", "octets", "jour")),
        lieu["code"] if lieu else None,
        tuple(sorted(codes)) if codes is not None else None,
        tuple(sorted((poste["metier"], poste["an"]) for poste in postes))
        if postes is not None
        else None,
    )


@settings(max_examples=80)
@given(records(), st.integers(1, 20), st.integers(0, 2**64))
def test_groups_are_those_of_a_brute_force_count(
    rows: list[dict[str, Any]], cut: int, key: int
) -> None:
    batch = pa.RecordBatch.from_pylist(rows, schema=ROWS)
    groups = Groups()
    for start in range(0, len(rows), cut):
        groups.add(hash_rows(batch.slice(start, cut), PATHS, key))

    expected = Counter(map(combination, rows))
    assert sorted(groups.counts.tolist()) == sorted(expected.values())
    assert groups.records == len(rows)
    assert not groups.dropped


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=900),
    st.integers(1, 64),
    st.integers(1, 9),
)
def test_a_sample_counts_its_combinations_exactly_however_the_work_is_spread(
    values: list[int], most: int, workers: int
) -> None:
    rows = hash_rows(pa.record_batch({"x": pa.array(values, pa.int32())}), ["x"], 1)
    alone = Groups(most=most)
    alone.add(rows)
    together = Groups(most=most)
    for worker in range(workers):
        part = Groups(most=most)
        for start in range(worker * 50, len(rows), workers * 50):
            part.add(rows[start : start + 50])
        together.merge(part)

    counts = Counter(rows.tolist())
    kept = sorted(counts)[:most]
    for groups in (alone, together):
        assert groups.hashes.tolist() == kept
        assert groups.counts.tolist() == [counts[combination] for combination in kept]
        assert groups.dropped == (len(counts) > most)
        assert groups.records == len(values)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=80),
    st.integers(1, 7),
    st.integers(2, 5),
)
def test_the_records_of_a_person_are_taken_together(
    rows: list[tuple[int, int]], cut: int, k: int
) -> None:
    array = np.array(rows, np.uint64)
    persons = Persons()
    for start in range(0, len(rows), cut):
        part = Persons()
        part.add(mix(array[start : start + cut, 0]), mix(array[start : start + cut, 1:]))
        persons.merge(part)

    by_person: dict[int, list[int]] = {}
    for person, value in rows:
        by_person.setdefault(person, []).append(value)
    alike = Counter(tuple(sorted(values)) for values in by_person.values())
    small = sum(count for count in alike.values() if count < k)
    estimate = persons.estimate(k, 0)
    assert (estimate.small, estimate.persons) == (small, len(by_person))
    assert sorted(estimate.counts.tolist()) == sorted(alike.values())
    assert persons.records == len(rows)


def test_estimates_of_a_sample_come_near() -> None:
    chance = np.random.default_rng(7)
    values = chance.integers(0, 400_000, 800_000)
    groups = Groups()
    for part in np.array_split(values, 20):
        groups.add(hash_rows(pa.record_batch({"x": pa.array(part)}), ["x"], 3))
    estimate = groups.estimate(3)
    figures = estimate.figures(["x"])

    sizes = np.unique(values, return_counts=True)[1]
    small = int(sizes[sizes < 3].sum())
    assert not figures.complete
    assert figures.sampled == 65_536
    assert figures.combinations == pytest.approx(len(sizes), rel=0.02)
    assert figures.unique == pytest.approx(int((sizes == 1).sum()), rel=0.03)
    assert figures.small == pytest.approx(small, rel=0.02)
    assert small / len(values) < estimate.at_most < 1.05 * small / len(values)


def test_where_persons_are_left_out_the_share_is_an_upper_bound() -> None:
    chance = np.random.default_rng(7)
    alike = mix(chance.integers(0, 500, 20_000).astype(np.uint64))
    alike[:300] = mix(np.arange(1_000, 1_300, dtype=np.uint64))  # 300 who are alone
    persons = mix(np.arange(20_000, dtype=np.uint64))
    counted = Persons(most=8_000)
    for part in np.array_split(np.arange(20_000), 9):
        counted.add(persons[part], alike[part, np.newaxis])

    estimate = counted.estimate(5, 0)
    assert not estimate.complete
    assert estimate.persons == pytest.approx(20_000, rel=0.03)
    assert 0.015 < estimate.at_most < 0.04


def figures_of(counts: dict[int, int]) -> Figures:
    """The figures of so many combinations of such sizes."""
    sizes = [size for size, number in counts.items() for _ in range(number)]
    groups = Groups(
        records=sum(sizes),
        hashes=np.arange(len(sizes), dtype=np.uint64),
        counts=np.array(sizes, np.int64),
    )
    return groups.estimate(11).figures(["x"])


def test_small_numbers_are_hidden_and_cannot_be_worked_out() -> None:
    risk = figures_of({1: 3, 3: 40, 12: 9, 30: 2})
    assert [size.combinations for size in risk.sizes] == ["<5", 40, 0, 9, "<5"]
    assert (risk.unique, risk.unique_share, risk.smallest) == ("<5", None, "<5")
    assert (risk.small, risk.small_share) == (123, 0.4227)

    risk = figures_of({1: 3, 3: 40, 12: 9})
    assert [size.combinations for size in risk.sizes] == ["<5", 40, 0, ">=5", 0]

    risk = figures_of({1: 8, 3: 2, 30: 40})
    assert [size.combinations for size in risk.sizes] == [">=5", "<5", 0, 0, 40]
    assert (risk.unique, risk.unique_share) == (">=5", None)

    risk = figures_of({6: 40})
    assert [size.combinations for size in risk.sizes] == [0, 0, 40, 0, 0]
    assert (risk.unique, risk.unique_share, risk.smallest) == (0, 0.0, ">=5")

    risk = figures_of({3: 1, 30: 40})
    assert (risk.small, risk.small_share) == ("<5", None)


def test_a_dry_run_counts_fields_as_they_are_released(desk: Desk) -> None:
    rows = [(["F", "M"][n % 2], f"R{n % 3}", 365 * (n % 4) + n % 300) for n in range(400)]
    feed = desk.feed(
        {
            "sexe": pa.array([row[0] for row in rows]),
            "region": pa.array([row[1] for row in rows]),
            "naissance": pa.array([row[2] for row in rows], pa.int32()).cast(pa.date32()),
        },
        group=90,
    )
    result = desk.dry_run(feed)

    days = pa.array([row[2] for row in rows], pa.int32()).cast(pa.date32()).to_pylist()
    expected = Counter((row[0], row[1], day.year) for row, day in zip(rows, days, strict=True))
    risk = result.risk["evaluation"]
    assert risk.fields == KEPT.split(", ")
    assert (risk.pseudonym, risk.records, risk.persons, risk.complete) == (None, 400, 400, True)
    assert risk.combinations == risk.sampled == len(expected)
    assert risk.unique == sum(count == 1 for count in expected.values())


def persons_feed(desk: Desk) -> str:
    """200 persons of two records each, alike by tens but for their own employers."""
    return desk.feed(
        {
            "nir": pa.array([f"1550875999{n // 2 + 1:03}" for n in range(400)]),
            "sexe": pa.array(["FM"[n // 2 % 2] for n in range(400)]),
            "region": pa.array([f"R{n // 2 % 10}{n % 2}" for n in range(400)]),
            "employeur": pa.array([f"E{n // 2}" for n in range(400)]),
        },
        group=90,
    )


NIR_KEPT = POLICY.replace(
    "    treat:\n", "    treat:\n      nir: {pseudonymize: {as: qui}}\n"
).replace("      naissance: {generalize: {to: year}}\n", "")


def test_persons_are_those_of_the_pseudonym_and_marks_never_hide_anybody(tmp_path: Path) -> None:
    schema = SCHEMA.replace(
        "  employeur:    {type: string,",
        "  employeur:    {type: string, "
        "identifies: {mark: none, because: le nom de l'employeur est public},",
    )
    desk = make_project(tmp_path, schema, NIR_KEPT % "nir, sexe, region, employeur")
    feed = persons_feed(desk)
    result = desk.dry_run(feed)
    risk = result.risk["evaluation"]
    assert [(mark.field, mark.because) for mark in result.lowered] == [
        ("employeur", "le nom de l'employeur est public")
    ]

    assert (risk.pseudonym, risk.records, risk.persons) == ("qui", 400, 200)
    assert (risk.fields, risk.k, risk.below) == (["sexe", "region"], 11, "1%")
    assert (risk.combinations, risk.unique, risk.small_share, risk.within) == (10, 0, 0.0, True)
    assert risk.coarsening is None
    ignored = risk.marks_ignored
    assert ignored is not None
    assert ignored.fields == ["sexe", "region", "employeur"]
    assert (ignored.unique, ignored.small_share) == (200, 1.0)

    plan = desk.project.plan("evaluation", today())
    keys, store = tmp_path / "keys.json", str(tmp_path / "store")
    Keyring.create(keys)
    receipt, _before = run(
        Job(plan, (feed,), store, "r", str(keys), (IN_MEMORY,), guards=Guards(("risk",)))
    )
    assert receipt is not None
    measured = receipt.releases["evaluation"].measured_risk
    assert measured is not None
    assert (measured.k, measured.below, measured.small_share, measured.within) == (
        11,
        "1%",
        0,
        True,
    )


def test_a_bound_that_is_not_kept_is_told_with_what_would_do(tmp_path: Path) -> None:
    bounded = NIR_KEPT.replace(
        "    needs:", "    risk: {k: 21, below: 5%%, because: %s}\n    needs:"
    )
    why = "les régions ne sont lues que par groupe"
    desk = make_project(tmp_path, SCHEMA, bounded % (why, "nir, sexe, region"))
    feed = persons_feed(desk)
    result = desk.dry_run(feed)
    risk = result.risk["evaluation"]
    assert (risk.k, risk.below, risk.within, risk.small_share) == (21, "5%", False, 1.0)
    assert risk.weak == why
    assert risk.coarsening is not None
    assert (risk.coarsening.tried, risk.coarsening.complete) == (200, True)
    assert risk.coarsening.fields == {"region": "prefix: 1"}

    plan = desk.project.plan("evaluation", today())
    keys = tmp_path / "keys.json"
    Keyring.create(keys)
    store = tmp_path / "store"
    job = Job(plan, (feed,), str(store), "r", str(keys), (IN_MEMORY,), guards=Guards(("risk",)))
    with pytest.raises(RefusedError, match=r"risk .evaluation: 100.00% of the persons"):
        run(job)
    assert not list(store.glob("evaluation/**/*.parquet"))
    receipt, _before = run(replace(job, guards=Guards()))
    assert receipt is not None


def test_a_release_that_names_persons_has_no_figure(tmp_path: Path) -> None:
    schema = SCHEMA + "  courriel:     {type: string, category: tit-identite-activite}\n"
    policy = (POLICY % "sexe, courriel").replace("III.2", "III.1").replace("33.5", "33.4")
    policy = policy.replace("    treat:\n      naissance: {generalize: {to: year}}\n", "")
    policy = policy.replace("systeme-evaluation-cpf", "plateforme-prestataires")
    desk = make_project(tmp_path, schema, policy)
    feed = desk.feed({"sexe": pa.array(["F"] * 20), "courriel": pa.array(["a@b.fr"] * 20)})
    assert desk.dry_run(feed).risk == {}


# Which coarsening would do


def coarsened(
    values: dict[str, list[Any]], k: int, below: float, most: int = 16_384
) -> dict[str, str] | None:
    """What must be done to an integer and a text, so that few enough are in small groups."""
    steps = [Level({"an": f"step: {n}"}, {"an": partial(floor, step=n)}) for n in (10, 100)]
    prefix = Level({"code": "prefix: 1"}, {"code": partial(generalize_text, prefix=1)})
    ladders = [
        Ladder("an", ("an",), (Level(), *steps)),
        Ladder("code", ("code",), (Level(), prefix)),
    ]
    batch = pa.record_batch(values)
    trials = Trials(most=most)
    for start in range(0, batch.num_rows, 50):
        part = Trials(most=most)
        rows = batch.slice(start, 50)
        persons = mix(np.arange(start, start + rows.num_rows, dtype=np.uint64))
        part.add(rows, persons, ladders, 7)
        trials.merge(part)
    assert trials.dropped == (batch.num_rows > most)
    return find_coarsening(trials, ladders, k, below)


def floor(array: pa.Array, step: int) -> pa.Array:
    return generalize_numbers(array, step)[0]


def test_the_coarsening_that_is_found_does_and_no_finer_one_does() -> None:
    values: dict[str, list[Any]] = {
        "an": [1900 + n % 100 for n in range(400)],
        "code": [f"A{n % 4}" for n in range(400)],
    }
    assert coarsened(values, 4, 0.01) == {}
    assert coarsened(values, 8, 0.01) == {"an": "step: 10"}
    assert coarsened(values, 150, 0.01) == {"an": "step: 100", "code": "prefix: 1"}
    assert coarsened(values, 401, 0.01) is None
    values["an"] = list(range(0, 400_000, 1000))
    assert coarsened(values, 11, 0.01) == {"an": NOT_KEPT}
    assert coarsened(values, 11, 0.01, most=200) == {"an": NOT_KEPT}


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 250), st.sampled_from(["aa", "ab", "ba"])), min_size=1),
    st.integers(2, 6),
    st.sampled_from([0.01, 0.2, 0.5]),
)
def test_a_coarsening_against_a_brute_force_count(
    rows: list[tuple[int, str]], k: int, below: float
) -> None:
    ways = {"an": {"step: 10": 10, "step: 100": 100, NOT_KEPT: 10**6}, "code": {"prefix: 1": 1}}
    found = coarsened(
        {"an": [an for an, _code in rows], "code": [code for _an, code in rows]}, k, below
    )

    def share(done: dict[str, str]) -> float:
        step = ways["an"].get(done.get("an", ""), 1)
        cut = {NOT_KEPT: 0, "prefix: 1": 1}.get(done.get("code", ""), 2)
        groups = Counter((an // step, code[:cut]) for an, code in rows)
        return sum(count for count in groups.values() if count < k) / len(rows)

    if found is None:
        assert len(rows) < k
        return
    assert share(found) < below
    finer = {"an": [None, *ways["an"]], "code": [None, "prefix: 1", NOT_KEPT]}
    for field, words in found.items():
        before = finer[field][finer[field].index(words) - 1]
        less = (
            {**found, field: before} if before else {k: v for k, v in found.items() if k != field}
        )
        assert share(less) >= below
