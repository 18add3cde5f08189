"""Records of limited persons leave under no release but those that feed the store."""

from collections.abc import Callable

import pyarrow as pa
import pytest

import tamis
from tamis.errors import KeysError
from tamis.evidence.causes import FEWEST_LIMITED, unmet_parts
from tamis.filter.tally import Cause
from tamis.limited.persons import NOBODY
from tamis.plan.plan import LIMITED
from tamis.synthetic.records import space_nir

from .conftest import Limiting, feed

Nirs = Callable[[int], list[str]]


@pytest.mark.parametrize("policy", ["ii", "iii"])
def test_records_of_a_limited_person_are_withheld(
    policy: str, limiting: Limiting, nirs: Nirs
) -> None:
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    table = feed([listed, other, listed[:13], space_nir(listed), None])
    done = tamis.minimize(table, limiting.plan(policy), limited=persons)
    assert done.rows[policy].to_pylist() == [1, 4]
    assert (done.tally.released, done.tally.withheld, done.tally.quarantined) == (2, 3, 0)
    assert dict(done.tally.anomalies) == {"limited-without-identifier": 1}


def test_what_feeds_the_store_passes_and_reads_no_list(limiting: Limiting, nirs: Nirs) -> None:
    (listed,) = nirs(1)
    limiting.persons(listed)
    plan = limiting.plan("i")
    assert not plan.asks_list
    assert "nir" not in plan.leaves()
    assert tamis.minimize(feed([listed]), plan).tally.released == 1


def test_corsica_and_any_written_form_are_one_person(limiting: Limiting) -> None:
    persons = limiting.persons("2 69 05 2a 999 992")
    table = feed(
        ["269052A99999244", "2.69.05.2A.999.992", "2-69-05-2a-999-992-44", "269052B999992"]
    )
    done = tamis.minimize(table, limiting.plan("iii"), limited=persons)
    assert done.rows["iii"].to_pylist() == [3]


def test_a_nir_with_something_behind_it_is_no_ntt_of_somebody_else(
    limiting: Limiting, nirs: Nirs
) -> None:
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    written = ["{}.0", "{};", "{},", "{}A", "{}/1", "{}{}"]
    of_listed = [form.format(listed, listed) for form in (*written, "{:.14}", "{:.13}/43")]
    of_other = [form.format(other, other) for form in written]
    done = tamis.minimize(feed(of_listed + of_other), limiting.plan("iii"), limited=persons)
    assert (done.tally.withheld, done.tally.released) == (len(of_listed), len(of_other))
    nested = feed([None], ayants=[[f"{listed}."]])
    assert tamis.minimize(nested, limiting.plan("iii"), limited=persons).tally.withheld == 1
    decimals = pa.array([int(listed)]).cast(pa.decimal128(21, 2))
    numbers = feed([None]).set_column(0, "nir", decimals)
    assert tamis.minimize(numbers, limiting.plan("iii"), limited=persons).tally.withheld == 1


def test_a_nir_in_a_short_float_is_nobody_elses(limiting: Limiting) -> None:
    """Of 32 bits it is another number, which may be well-formed."""
    persons = limiting.persons("2940699990998")
    short = pa.array([2940699990998.0], pa.float32())
    table = feed([None]).set_column(0, "nir", short)
    done = tamis.minimize(table, limiting.plan("iii"), limited=persons)
    assert (done.tally.released, done.tally.quarantined) == (0, 1)
    assert done.tally.reasons == {"nir-malformed": 1}


def test_any_identifier_in_the_record_counts(limiting: Limiting, nirs: Nirs) -> None:
    listed, other, third = nirs(3)
    persons = limiting.persons(listed)
    table = feed([other, other], ayants=[[third, listed], [third]])
    done = tamis.minimize(table, limiting.plan("ii"), limited=persons)
    assert done.rows["ii"].to_pylist() == [1]


def test_who_cannot_be_told_apart_is_quarantined(limiting: Limiting, nirs: Nirs) -> None:
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    wrong = f"{other[:13]}{int(other[13:]) % 97 + 1:02d}"
    table = feed(
        [wrong, "155", "1000000042M0000001", wrong, listed],
        ["OUVERT", "OUVERT", "OUVERT", "CLOS", None],
        [[], [], [], [], ["155"]],
    )
    done = tamis.minimize(table, limiting.plan("iii"), limited=persons)
    assert {cause: count.records for cause, count in done.tally.quarantine.items()} == {
        Cause("nir-key", "nir", "limited: nir, ntt"): 1,
        Cause("nir-malformed", "nir", "limited: nir, ntt"): 1,
    }
    assert done.rows["iii"].to_pylist() == [2]
    assert done.tally.withheld == 2
    assert done.tally.reconciled


def test_a_limited_persons_record_is_withheld_whatever_else_is_wrong(
    limiting: Limiting, nirs: Nirs
) -> None:
    (listed,) = nirs(1)
    persons = limiting.persons(listed)
    table = feed([listed], ayants=[["155"]]).set_column(2, "statut", pa.array([b"\xff"]))
    done = tamis.minimize(table, limiting.plan("ii"), limited=persons)
    assert (done.tally.withheld, done.tally.quarantined) == (1, 0)


def test_an_identifier_that_a_reader_could_not_read_is_quarantined(
    limiting: Limiting, nirs: Nirs
) -> None:
    (other,) = nirs(1)
    marks = pa.array([["nir"], ["ayants"], ["montant"], None], pa.list_(pa.string()))
    table = feed([None, other, other, other]).append_column("_tamis_faults", marks)
    done = tamis.minimize(table, limiting.plan("iii"), limited=NOBODY)
    assert done.rows["iii"].to_pylist() == [2, 3]
    causes = {(cause.reason, cause.field): n.records for cause, n in done.tally.quarantine.items()}
    assert causes == {("type", "nir"): 1, ("type", "ayants.nir"): 1}


def test_without_the_list_nothing_is_filtered(limiting: Limiting) -> None:
    with pytest.raises(KeysError, match="`iii` withholds records of limited persons"):
        tamis.minimize(feed([None]), limiting.plan("iii"))


@pytest.mark.parametrize("limited", range(FEWEST_LIMITED + 2))
def test_fewer_than_five_records_are_not_told_apart(
    limited: int, limiting: Limiting, nirs: Nirs
) -> None:
    """What is told is the same whoever of the withheld records are of limited persons."""
    listed, other = nirs(2)
    persons = limiting.persons(listed)
    table = feed([listed] * limited + [other] * 9, ["OUVERT"] * limited + ["CLOS"] * 9)
    done = tamis.minimize(table, limiting.plan("iii"), limited=persons)
    parts = {part.condition: part.records for part in unmet_parts(done.tally)}
    assert sum(parts.values()) == done.tally.withheld == limited + 9
    if limited < FEWEST_LIMITED:
        (condition,) = parts
        assert condition.startswith("statut not in OUVERT; or, for fewer than 5 records")
    else:
        assert parts == {LIMITED: limited, "statut not in OUVERT": 9}


def test_counts_of_many_batches_are_told_together(limiting: Limiting, nirs: Nirs) -> None:
    (listed,) = nirs(1)
    persons = limiting.persons(listed)
    small = tamis.Limits().with_chunks_of(2)
    plan = limiting.plan("ii")
    done = tamis.minimize(feed([listed] * 6), plan, limited=persons, limits=small)
    assert [part.records for part in unmet_parts(done.tally)] == [6]


def test_a_list_of_nobody_withholds_nobody(limiting: Limiting, nirs: Nirs) -> None:
    done = tamis.minimize(feed(nirs(3)), limiting.plan("ii"), limited=NOBODY)
    assert done.tally.released == 3
