"""The filter against the reference filter: the same rows, values, types, order, tags and counts.

300 random plans and batches by default, 10,000 with the profile of tests/conftest.py:

    pytest tests/reference --hypothesis-profile reference

Below stand, each by name, the cases in which filter and reference have once differed.
"""

import datetime
import tempfile
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis.documents.feed_format import Format
from tamis.documents.types import arrow_type
from tamis.keys.keyring import DerivedKey
from tamis.limited.persons import LimitedPersons
from tamis.nir.pseudonym import derive_chain_key, derive_key, derive_limited_key, pseudonymize
from tamis.plan.plan import PlanCondition, PlanField, PlanLeaf, PlanLimited

from ..plans import leaf, plan_of, release
from . import reference
from .case import Case
from .documents import write_project
from .forms import FORMS, Form, KnownForms
from .rows import rows_of
from .samples import SOURCES, TYPES, array_of, pool, texts
from .strategies import FORMATS, cases
from .values import kind_of

ROOT = bytes(range(32))
RUN = "essai"
DAY = datetime.date(2026, 11, 23)
ANY_CASE = settings(
    max_examples=max(300, settings().max_examples), suppress_health_check=list(HealthCheck)
)
CSV = FORMATS[2]


class Keys:
    """The keys of epoch 1 of `ROOT`, or of epoch 2 of another root that is chained on it."""

    def __init__(self, later_root: bytes | None) -> None:
        self.later_root = later_root

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        key = derive_key(ROOT, processing, item, 1, method, kind)
        if self.later_root is None:
            return DerivedKey(key, 1, "essai")
        chain = derive_chain_key(self.later_root, processing, item, 1, 2)
        return DerivedKey(key, 2, "essai", (chain,), (1,))


def filtered(
    case: Case, later_root: bytes | None = None, limited: Collection[str] = ()
) -> reference.Result:
    """What the filter makes of a case, in the reference's words."""
    key = derive_limited_key(ROOT)
    listed = pseudonymize(pa.array(sorted(limited), pa.string()), key, "aes-256-cmac")
    persons = LimitedPersons(listed, (key,))
    done = tamis.minimize(case.batch, case.plan, run=RUN, keys=Keys(later_root), limited=persons)
    for batch in (*done.released.values(), done.quarantined):
        batch.validate(full=True)
        assert batch.schema.metadata is None
    tally = done.tally
    assert tally.reconciled
    return reference.Result(
        released={name: rows_of(batch) for name, batch in done.released.items()},
        schemas={
            name: [(field.name, str(field.type), field.nullable) for field in batch.schema]
            for name, batch in done.released.items()
        },
        rows={name: rows.to_pylist() for name, rows in done.rows.items()},
        quarantined=[
            (row["row"], row["reason"], row["field"], row["rule"])
            for row in done.quarantined.to_pylist()
        ],
        counts={
            "records": tally.records,
            "released": tally.released,
            "withheld": tally.withheld,
            "quarantine": {
                tuple(cause): (count.records, count.position)
                for cause, count in tally.quarantine.items()
            },
            "unmet": {unmet[:2]: records for unmet, records in tally.unmet.items() if records},
            "rows": dict(tally.rows),
            "redacted": {name: dict(counts) for name, counts in tally.redacted.items()},
            "anomalies": dict(+tally.anomalies),
            "unknown": set(tally.unknown),
            "missing": tally.missing,
            "chance": tally.chance,
        },
    )


def agreed(
    case: Case, later_root: bytes | None = None, limited: Collection[str] = ()
) -> reference.Result:
    """What both filters make of a case."""
    rows = rows_of(case.batch)
    expected = reference.minimize(
        *(rows, case.plan, case.forms),
        run=RUN,
        root=ROOT,
        later_root=later_root,
        limited=limited,
    )
    actual = filtered(case, later_root, limited)
    assert actual.schemas == expected.schemas
    assert actual.quarantined == expected.quarantined
    assert actual.rows == expected.rows
    assert actual.released == expected.released
    assert actual.counts == expected.counts
    return actual


@ANY_CASE
@given(cases())
def test_the_filter_agrees_with_the_reference(case: Case) -> None:
    agreed(case)


@settings(parent=ANY_CASE, max_examples=30)
@given(cases())
def test_chained_pseudonyms_are_the_same(case: Case) -> None:
    agreed(case, later_root=bytes(range(32, 64)))


@settings(parent=ANY_CASE, max_examples=max(100, settings().max_examples // 3))
@given(cases(), st.data())
def test_records_of_limited_persons_are_withheld_alike(case: Case, data: st.DataObject) -> None:
    """Some releases limit, and some of the persons in the batch are on the list."""
    leaves = {path: spec for top in case.plan.fields for path, spec in top.leaves()}
    known = [path for path, spec in leaves.items() if reference.NIRS & set(spec.identifier)]
    fields = tuple(path for path in known if data.draw(st.booleans()) or len(known) == 1)
    releases = tuple(
        replace(release, withholds_limited=data.draw(st.booleans()))
        for release in case.plan.releases
    )
    plan = replace(case.plan, releases=releases, limited=PlanLimited(fields))
    rows = rows_of(case.batch)
    records = [reference.Record(row, plan, case.forms, ROOT, None, ()) for row in rows]
    numbers = sorted({number for record in records for number in record.numbers + record.begins})
    limited = [number for number in numbers if data.draw(st.booleans())]
    agreed(replace(case, plan=plan), limited=limited)


@settings(parent=ANY_CASE, max_examples=30)
@given(cases(mixed=False))
def test_a_plan_compiled_from_documents_is_the_same(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_project(case.plan, Path(folder))
        plan = tamis.load_project(Path(folder)).plan(case.plan.policy, on=DAY)

    for compiled, drawn in zip(plan.releases, case.plan.releases, strict=True):
        assert list(map(without_reasons, compiled.leaves)) == list(
            map(without_reasons, drawn.leaves)
        )
    agreed(replace(case, plan=plan))


def without_reasons(leaf: PlanLeaf) -> PlanLeaf:
    return replace(
        leaf,
        because=(),
        identifies="quasi",
        when=tuple(
            tuple(replace(test, because="") for test in conditions) for conditions in leaf.when
        ),
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.text)
def test_a_form_holds_the_nirs_that_stand_beside_it(form: Form) -> None:
    redacted = form.text
    for start, end in reversed(tamis.find_nir(form.text)):
        redacted = f"{redacted[:start]}[NIR]{redacted[end:]}"

    assert redacted == form.redacted
    assert redacted.count("[NIR]") == form.hits


@pytest.mark.parametrize("kind", dict.fromkeys(TYPES))
def test_samples_of_every_type_become_values_of_every_type(kind: str) -> None:
    spec = PlanField("f", kind)
    for source in dict.fromkeys(SOURCES):
        values = [*(texts(kind, FORMATS[0]) if kind_of(source) == "string" else pool(source)), None]
        agreed(case_of(array_of(values, source), spec, kept=leaf("f")))
    for form in FORMATS[1:]:
        agreed(case_of(pa.array([*texts(kind, form), None]), spec, kept=leaf("f"), form=form))


# Cases in which they differed


def case_of(
    column: pa.Array, *fields: PlanField, kept: PlanLeaf, form: Format = FORMATS[0], **more: Any
) -> Case:
    """One column, named as the first field, of which one leaf is kept in one release."""
    plan = plan_of(*fields, release(kept, **more), form=form)
    return Case(plan, pa.record_batch({fields[0].name: column}), KnownForms())


def plain(result: reference.Result) -> list[Any]:
    """The released values of the one column, where they are no lists."""
    values = [next(iter(row.values())) for row in result.released["r"]]
    return [value and value.value for value in values]


def failures(result: reference.Result) -> list[tuple[int, str, str]]:
    return [(row, reason, rule) for row, reason, _, rule in result.quarantined]


@pytest.mark.parametrize("kind", [pa.list_view(pa.int8()), pa.large_list_view(pa.int8())])
def test_a_list_view_keeps_its_elements(kind: pa.DataType) -> None:
    spec = PlanField("jours", "list", of=PlanField("item", "int8"))
    lists = [[1], [2, 3], None, [], [4]]

    result = agreed(case_of(pa.array(lists, kind), spec, kept=leaf("jours")))

    kept = [row["jours"] for row in result.released["r"]]
    assert [value and [element.value for element in value] for value in kept] == lists


@pytest.mark.parametrize("nested", [False, True])
def test_rows_of_any_layout_can_be_cut_away(nested: bool) -> None:
    views = pa.array(["CPF", "DIF", None, "DIF"], pa.string_view())
    runs = pa.compute.run_end_encode(pa.array(["CPF", "DIF", None, "DIF"]))
    entries = pa.DictionaryArray.from_arrays([0, 1, None, 1], views)
    for column in (views, runs, entries):
        spec, path = PlanField("nature", "string"), "nature"
        if nested:
            column = pa.StructArray.from_arrays([column], ["nature"])
            spec, path = PlanField("droit", "struct", fields=(spec,)), "droit.nature"
        where = (PlanCondition(path, ("CPF",), "pour voir"),)

        result = agreed(case_of(column, spec, kept=leaf(path), where=where))

        assert result.rows == {"r": [0]}


def test_in_csv_empty_bytes_are_null_as_an_empty_string_is() -> None:
    empty = pa.array([b"", b"a"])

    result = agreed(case_of(empty, PlanField("jeton", "binary"), kept=leaf("jeton"), form=CSV))

    assert plain(result) == [None, b"a"]


def test_a_day_out_of_the_calendar_becomes_no_text() -> None:
    days = pa.array([-719_163, 0], pa.int32()).view(pa.date32())
    late = pa.array([2**50, 0]).view(pa.timestamp("s"))
    for column in (days, late):
        result = agreed(case_of(column, PlanField("jour", "string"), kept=leaf("jour")))

        assert failures(result) == [(0, "type", "string")]


def test_what_is_no_nir_gets_no_pseudonym_though_it_is_as_long() -> None:
    spec = PlanField("numero", "string", identifier=("nir", "ntt"))
    made = leaf("numero", fate="pseudonymized", pseudonym="p", method="hmac-sha256")
    numbers = pa.array(["1550075999991", "1550875999991"])  # of the first the month is 00

    result = agreed(case_of(numbers, spec, kept=made))

    assert failures(result) == [(0, "nir-malformed", "pseudonymize: 13 characters")]


def test_what_is_no_nir_stops_no_record() -> None:
    spec = PlanField("numero", "string", identifier=("nir", "ntt"))
    numbers = pa.array(["1123456789MATRICULE", "1550875999991"])
    absent: Any = {"nir": "absent", "on_nir": "quarantine", "item": "R6323-37.III.2"}

    result = agreed(case_of(numbers, spec, PlanField("n", "int8"), kept=leaf("n"), **absent))

    assert failures(result) == [(1, "on-nir", "on_nir: quarantine")]


def test_each_quarantined_row_tells_the_rule_that_it_broke_itself() -> None:
    spec = PlanField("numero", "string", identifier=("nir", "ntt"))
    made = leaf("numero", fate="pseudonymized", pseudonym="p", method="hmac-sha256")

    result = agreed(case_of(pa.array(["inconnu", "1123456789MATRICULE"]), spec, kept=made))

    assert failures(result) == [
        (0, "nir-malformed", "identifier: nir, ntt"),
        (1, "nir-malformed", "pseudonymize: 13 characters"),
    ]


def test_decimals_of_a_negative_scale_are_tested_and_kept() -> None:
    spec = PlanField("montant", "decimal128(5, -2)")
    where = (PlanCondition("montant", (100,), "pour voir"),)
    for written, rows in ((["100", "200", None], [0]), (["100", "1"], [0])):
        result = agreed(case_of(pa.array(written), spec, kept=leaf("montant"), where=where))

        assert result.rows == {"r": rows}


@pytest.mark.parametrize("digits", range(29, 39))
@pytest.mark.parametrize("text", [True, False])
def test_a_decimal_too_large_for_its_type_becomes_no_other_number(digits: int, text: bool) -> None:
    numbers = [str(digit) * digits for digit in range(1, 10)]
    column = pa.array(numbers if text else list(map(Decimal, numbers)))

    result = agreed(
        case_of(column, PlanField("montant", "decimal128(38, 10)"), kept=leaf("montant"))
    )

    assert failures(result) == [(row, "type", "decimal128(38, 10)") for row in range(9)]


def test_a_float_too_large_for_its_type_becomes_no_infinity() -> None:
    numbers = pa.array([1e300, 0.5, float("inf"), None])

    result = agreed(case_of(numbers, PlanField("n", "float32"), kept=leaf("n")))

    assert failures(result) == [(0, "type", "float32")]


def test_a_large_integer_is_no_truth_value() -> None:
    numbers = pa.array([2**63, 1], pa.uint64())

    result = agreed(case_of(numbers, PlanField("oui", "bool"), kept=leaf("oui")))

    assert failures(result) == [(0, "type", "bool")]


def test_integers_and_small_decimals_find_their_type() -> None:
    wide = PlanField("montant", "decimal256(76, 60)")
    narrow = pa.array([Decimal("15.0"), Decimal("1.5")], pa.decimal32(6, 1))

    big = agreed(case_of(pa.array([10**15, 10**16]), wide, kept=leaf("montant")))
    small = agreed(case_of(narrow, PlanField("n", "uint64"), kept=leaf("n")))

    assert failures(big) == [(1, "type", "decimal256(76, 60)")]
    assert plain(small) == [15]


@pytest.mark.parametrize(
    ("kind", "late", "born"),
    [
        ("date32", datetime.date(2026, 11, 24), DAY),
        ("date64", datetime.date(2045, 5, 12), DAY),
        ("timestamp[us]", datetime.datetime(2026, 11, 24), datetime.datetime(2026, 11, 23, 23)),
        (
            "timestamp[ms, tz=Europe/Paris]",
            datetime.datetime(2026, 11, 23, 23, tzinfo=datetime.UTC),
            datetime.datetime(2026, 11, 23, 22, 59, tzinfo=datetime.UTC),
        ),
    ],
)
def test_no_date_of_birth_is_after_the_day_of_the_run(kind: str, late: Any, born: Any) -> None:
    spec = PlanField("naissance", kind, nir_part="birth")
    for form in (FORMATS[0], FORMATS[-1]):
        case = case_of(
            pa.array([late, born, None], arrow_type(kind)), spec, kept=leaf("naissance"), form=form
        )

        result = agreed(replace(case, plan=replace(case.plan, day=DAY)))

        assert failures(result) == [(0, "type", "nir_part: birth")]


def test_words_for_null_are_looked_for_beside_what_is_no_utf8() -> None:
    form = next(form for form in FORMATS if form.csv.nulls)
    column = array_of([b"th\xe9", "NULL\u00a0", "thé"], "string")
    agreed(case_of(column, PlanField("f1", "binary"), kept=leaf("f1"), form=form))
