"""Properties of `minimize` that hold for any plan and rows, and examples.

What each record becomes is held against a reference filter in tests/reference. Of the properties
finder and gate are the tests' own, so that texts are redacted and rows stopped at will; the real
ones meet the filter in the examples.
"""

import dataclasses
import hashlib
import pickle
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from tamis.documents.tags import TAGS
from tamis.errors import KeysError, RunError
from tamis.filter import execution, treat
from tamis.filter.execution import Minimized
from tamis.filter.gate.gate import GateColumn, GateFinding, Leaks
from tamis.filter.minimize import minimize
from tamis.filter.quarantine import FAULTS
from tamis.keys.keyring import DerivedKey
from tamis.plan.plan import PlanCondition, PlanField
from tamis.plan.schemas import released_schema

from ..plans import leaf, plan_of, release
from ..strategies import LEAK, MARK, REDACTED, TOKEN, Feed, batch_of, feeds

FILTER = settings(suppress_health_check=list(HealthCheck))


class Keys:
    """A keyring that makes keys out of names."""

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        key = hashlib.sha256(f"{processing}|{item}|{method}".encode()).digest()
        return DerivedKey(key, 1, "essai")


def replace_marks(array: pa.Array) -> tuple[pa.Array, np.typing.NDArray[np.int64]]:
    texts = array.to_pylist()
    hits = [text.count(REDACTED) if text else 0 for text in texts]
    done = [text.replace(REDACTED, "[NIR]") if text else text for text in texts]
    return pa.array(done, array.type), np.array(hits, dtype=np.int64)


def find_marks(columns: list[GateColumn], _salt: bytes) -> Leaks:
    rows = np.full(len(columns[0].array) if columns else 0, -1, np.int32)
    findings = []
    for index, column in reversed(list(enumerate(columns))):
        hit = [LEAK in str(value) and not column.not_nir for value in column.array.to_pylist()]
        rows[np.flatnonzero(hit)] = index
        if any(hit):
            findings.append(GateFinding(column.name, sum(hit), len(hit), False))
    return Leaks(rows, tuple(findings))


@pytest.fixture
def _simple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treat, "redact", replace_marks)
    monkeypatch.setattr(execution, "find_leaks", find_marks)


def run(feed: Feed, *, messy: bool = False) -> Minimized[pa.RecordBatch]:
    return minimize(batch_of(feed, messy), feed.plan, run="essai", keys=Keys())


# Properties


def as_ipc(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def as_bytes(batch: pa.RecordBatch) -> bytes:
    """All bytes that leave with a batch: as Arrow IPC, and pickled."""
    return as_ipc(batch) + b"".join(pickle.dumps(batch, protocol=version) for version in (2, 5))


def canaries(data: bytes) -> set[bytes]:
    """The made-up strings and numbers that are found in bytes."""
    strings = re.findall(rb"%s(\d+);" % TOKEN.encode(), data)
    numbers = re.findall(b"(?s)(....)" + re.escape(MARK), data)
    return {b"string " + canary for canary in strings} | {b"number " + canary for canary in numbers}


def shown(value: Any) -> set[bytes]:
    """The canaries that a reader of plain values sees."""
    if isinstance(value, dict):
        return set().union(*map(shown, value.values()))
    if isinstance(value, list):
        return set().union(*map(shown, value))
    if isinstance(value, str):
        return canaries(value.encode())
    if isinstance(value, int):
        return canaries((value & (2**64 - 1)).to_bytes(8, "little"))
    return set()


@pytest.mark.usefixtures("_simple")
@FILTER
@given(feeds())
def test_no_byte_leaves_but_those_of_released_values(feed: Feed) -> None:
    done = run(feed, messy=True)

    for batch in (*done.released.values(), done.quarantined):
        values: set[bytes] = set().union(*map(shown, batch.to_pylist()))
        assert canaries(as_bytes(batch)) <= values
        assert MARK in as_bytes(batch) or not any(canary.startswith(b"number") for canary in values)


@pytest.mark.usefixtures("_simple")
@FILTER
@given(feeds(most_fields=4))
def test_counts_reconcile_and_schemas_do_not_depend_on_rows(feed: Feed) -> None:
    done = run(feed, messy=True)

    tally = done.tally
    assert tally.records == len(feed.records)
    assert tally.reconciled
    assert tally.quarantined == done.quarantined.num_rows
    quarantined = set(done.quarantined.column("row").to_pylist())
    passed = set().union(*(rows.to_pylist() for rows in done.rows.values()))
    assert tally.released == len(passed)
    assert not passed & quarantined
    for planned in feed.plan.releases:
        batch = done.released[planned.id]
        assert batch.schema.equals(released_schema(feed.plan, planned), check_metadata=True)
        assert batch.schema.metadata is None
        assert tally.rows[planned.id] == batch.num_rows == len(done.rows[planned.id])
        batch.validate(full=True)


@pytest.mark.usefixtures("_simple")
@FILTER
@given(feeds())
def test_how_the_batch_is_laid_out_changes_nothing(feed: Feed) -> None:
    tidy, messy = run(feed), run(feed, messy=True)

    assert tidy.quarantined.equals(messy.quarantined)
    assert tidy.tally == messy.tally
    for name, batch in tidy.released.items():
        assert as_ipc(batch) == as_ipc(messy.released[name])


@pytest.mark.usefixtures("_simple")
@FILTER
@given(feeds(most_rows=8))
def test_what_is_neither_kept_nor_tested_changes_nothing(feed: Feed) -> None:
    plan = feed.plan
    plan_of_one = replace(plan, releases=plan.releases[:1])
    first = plan.releases[0]
    needed = {kept.path for kept in first.leaves}
    needed |= {test.field for test in first.where}
    needed |= {test.field for kept in first.leaves for every in kept.when for test in every}
    needed |= {f"{path}.{test.field}" for path, tests in first.only for test in tests}
    stopping = first.nir == "absent" and first.on_nir == "quarantine"
    batch = batch_of(feed)
    columns = {
        spec.name: _change(spec, spec.name, batch.column(spec.name), needed, stopping)
        for spec in plan.fields
    }
    if FAULTS in batch.schema.names:
        columns[FAULTS] = batch.column(FAULTS)

    before = minimize(batch, plan_of_one, run="essai", keys=Keys())
    after = minimize(pa.record_batch(columns), plan_of_one, run="essai", keys=Keys())

    assert before.tally == after.tally
    assert before.quarantined.equals(after.quarantined)
    assert as_ipc(before.released[first.id]) == as_ipc(after.released[first.id])


def _change(
    spec: PlanField, path: str, array: pa.Array, needed: set[str], stopping: bool
) -> pa.Array:
    """The array with other values in the leaves that nothing needs, of a type of their own."""
    below = [other for other in needed if f"{other}.".startswith(f"{path}.")]
    is_looked_at = stopping and any(inside.identifier for _path, inside in spec.walk())
    if not below and not is_looked_at:
        return pa.array([b"\xff autre"] * len(array))
    if spec.fields:
        children = [
            _change(child, f"{path}.{child.name}", array.field(i), needed, stopping)
            for i, child in enumerate(spec.fields)
        ]
        names = [child.name for child in spec.fields]
        return pa.StructArray.from_arrays(children, names, mask=array.is_null())
    return array


# Examples, with the real finder and the real gate

NIR, WRONG_KEY, CORSICAN = "155087599999193", "155087599999194", "269052A99999244"
ITEM = PlanField("item", "struct", fields=(PlanField("nature", "string"), PlanField("n", "int8")))
NESTED = PlanField(
    "contrats",
    "list",
    of=PlanField(
        "item",
        "struct",
        fields=(PlanField("nature", "string"), PlanField("primes", "list", of=ITEM)),
    ),
)


def condition(path: str, *values: Any) -> PlanCondition:
    return PlanCondition(path, values, "pour l'essai")


def values(done: Minimized[pa.RecordBatch], name: str = "r") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = done.released[name].drop_columns(list(TAGS)).to_pylist()
    return rows


def quarantine(done: Minimized[pa.RecordBatch]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in done.quarantined.to_pylist()]


def test_a_released_record_is_tagged_with_what_it_stands_on() -> None:
    plan = plan_of(PlanField("nom", "string"), release(leaf("nom")))

    batch = minimize(pa.record_batch({"nom": ["A"]}), plan, run="2026-11-23-essai").released["r"]

    assert batch.to_pylist() == [
        {
            "nom": "A",
            "legal_item": "R6323-37.I.1",
            "legal_purpose": "R6323-33.1",
            "legal_version": "LEGIARTI000000000000",
            "legal_processing": "traitement",
            "legal_attested": "example",
            "legal_policy": f"essai@{plan.sha256[:12]}",
            "legal_run": "2026-11-23-essai",
            "legal_law": "bundled",
            "legal_status": "confirmed",
            "legal_retention": None,
        }
    ]


def test_the_rule_of_retention_is_a_tag_that_may_be_null() -> None:
    kept = dataclasses.replace(release(leaf("nom")), retention="titulaire", to_confirm=("NIR: …",))
    plan = dataclasses.replace(plan_of(PlanField("nom", "string"), kept), law_origin="own")

    batch = minimize(pa.record_batch({"nom": ["A", "B"]}), plan).released["r"]

    assert batch["legal_retention"].to_pylist() == ["titulaire"] * 2
    assert batch["legal_status"].to_pylist() == ["to-confirm"] * 2
    assert batch["legal_law"].to_pylist() == ["own"] * 2
    assert [field.name for field in batch.schema if field.nullable] == ["nom", "legal_retention"]


def test_a_clean_column_is_shared_with_the_input() -> None:
    plan = plan_of(PlanField("n", "int64"), PlanField("s", "string"), release(leaf("n"), leaf("s")))
    batch = pa.record_batch({"n": [1, 2], "s": ["a", None], "autre": ["x", "y"]})

    out = minimize(batch, plan).released["r"]

    for name in ("n", "s"):
        before = [buffer and buffer.address for buffer in batch.column(name).buffers()]
        assert [buffer and buffer.address for buffer in out.column(name).buffers()] == before


def test_two_releases_share_what_they_make_alike() -> None:
    fields = PlanField("n", "int64"), PlanField("j", "date32")
    same = leaf("n", fate="generalized", step=10)
    first, second = (
        release(same, id="a"),
        release(leaf("j"), replace(same, because=("autre",)), id="b"),
    )

    done = minimize(pa.record_batch({"n": [11, 25]}), plan_of(*fields, first, second))

    shared = [batch.column("n").buffers()[1].address for batch in done.released.values()]
    assert shared[0] == shared[1]
    assert values(done, "b") == [{"n": 10, "j": None}, {"n": 20, "j": None}]


@pytest.mark.parametrize(
    ("nature", "expected"),
    [("CPF", "released"), ("DIF", "withheld"), (None, "withheld"), (["?"], "quarantined")],
)
def test_a_record_has_the_disposition_of_its_tested_value(nature: Any, expected: str) -> None:
    plan = plan_of(
        PlanField("nature", "string"),
        PlanField("n", "int8"),
        release(leaf("n"), where=(condition("nature", "CPF"),)),
    )

    done = minimize(pa.record_batch({"nature": [nature], "n": ["1"]}), plan)

    assert getattr(done.tally, expected) == 1
    assert done.tally.reconciled


def test_what_no_condition_can_save_is_withheld_whatever_else_is_unread() -> None:
    plan = plan_of(
        PlanField("nature", "string"),
        PlanField("n", "int8"),
        release(leaf("n"), where=(condition("nature", "CPF"), condition("n", 1))),
    )
    batch = pa.record_batch({"nature": ["CPF", "DIF"], "n": ["?", "?"]})

    done = minimize(batch, plan)

    assert quarantine(done) == [(0, "type", "n", "int8")]
    assert done.tally.withheld == 1


def test_only_reaches_into_lists_in_lists() -> None:
    plan = plan_of(
        NESTED,
        release(
            leaf("contrats.primes.n"),
            only=(
                ("contrats", (condition("nature", "CDI"),)),
                ("contrats.primes", (condition("nature", "A"),)),
            ),
        ),
    )
    good = [{"nature": "A", "n": "1"}, {"nature": "B", "n": "?"}, None]
    bad = [{"nature": "A", "n": "?"}]
    rows = [
        [{"nature": "CDI", "primes": good}, {"nature": "CDD", "primes": bad}, None],
        [{"nature": "CDD", "primes": None}],
        None,
        [{"nature": "CDI", "primes": bad}],
    ]
    batch = pa.record_batch({"contrats": rows})

    done = minimize(batch, plan)

    assert values(done) == [
        {"contrats": [{"primes": [{"n": 1}]}]},
        {"contrats": []},
        {"contrats": None},
    ]
    assert quarantine(done) == [(3, "type", "contrats.primes.n", "int8")]
    faults = pa.record_batch(
        {
            "contrats": [
                [{"nature": "CDD", "primes": [{"nature": "A"}]}],
                [{"nature": "CDI", "primes": []}],
            ],
            FAULTS: pa.array([["contrats.primes.nature"]] * 2),
        }
    )
    assert values(minimize(faults, plan)) == [{"contrats": []}, {"contrats": [{"primes": []}]}]


def test_redactions_count_where_they_are_released() -> None:
    texts = PlanField(
        "notes",
        "list",
        of=PlanField(
            "item",
            "struct",
            fields=(PlanField("t", "string", free_text=True), PlanField("k", "string")),
        ),
    )
    plan = plan_of(
        texts,
        PlanField("d", "date32"),
        release(
            leaf("notes.t", fate="redacted", redact=True),
            leaf("d"),
            nir="absent",
            only=(("notes", (condition("k", "oui"),)),),
        ),
    )
    note = {"t": f"NIR {NIR}", "k": "oui"}
    batch = pa.record_batch(
        {
            "notes": [[note, {"t": f"NIR {NIR}", "k": "non"}], [note, note], [note]],
            "d": ["2024-01-01", "2024-01-01", "2024-02-30"],
        }
    )

    done = minimize(batch, plan)

    assert done.tally.redacted == {"r": Counter({"notes.t": 3})}
    assert done.tally.anomalies == Counter({"nir-received-under-iii": 3})
    assert NIR.encode() not in as_bytes(done.released["r"])


def test_a_kept_nir_is_judged_and_given_as_it_came() -> None:
    plan = plan_of(PlanField("nir", "string", identifier=("nir",)), release(leaf("nir")))
    nirs = ["1 55 08 75 999 991 93", NIR, NIR[:13], CORSICAN, None, WRONG_KEY, "n'importe quoi"]

    done = minimize(pa.record_batch({"nir": nirs}), plan)

    assert values(done) == [{"nir": nir} for nir in nirs[:5]]
    assert quarantine(done) == [
        (5, "nir-key", "nir", "identifier: nir"),
        (6, "nir-malformed", "nir", "identifier: nir"),
    ]


def test_a_pseudonym_takes_the_fields_place_and_differs_by_item() -> None:
    nir = PlanField("nir", "string", identifier=("nir",))
    drawn = leaf("nir", fate="pseudonymized", pseudonym="p", method="hmac-sha256")
    two, three = (
        release(leaf("a"), drawn, leaf("z"), id=item, item=item, nir="absent")
        for item in ("R6323-37.III.2", "R6323-37.III.3")
    )
    plan = plan_of(PlanField("a", "int8"), nir, PlanField("z", "int8"), two, three)
    batch = pa.record_batch({"nir": [NIR, NIR[:13], None], "a": ["1"] * 3, "z": ["2"] * 3})

    done = minimize(batch, plan, keys=Keys())

    first, second = (values(done, item) for item in ("R6323-37.III.2", "R6323-37.III.3"))
    assert list(first[0]) == ["a", "p", "z"]
    assert first[0] == first[1]
    assert first[2]["p"] is None
    assert len(first[0]["p"]) == 16
    assert first[0]["p"] != second[0]["p"]
    assert done.tally.released == 3


def test_what_is_no_nir_gets_no_pseudonym() -> None:
    plan = plan_of(
        PlanField("id", "string", identifier=("nir", "ntt")),
        release(leaf("id", fate="pseudonymized", pseudonym="p", method="aes-256-cmac")),
    )

    done = minimize(pa.record_batch({"id": [NIR, "1123456789MATRICULE"]}), plan, keys=Keys())

    assert quarantine(done) == [(1, "nir-malformed", "id", "pseudonymize: 13 characters")]


def test_without_a_keyring_nothing_is_read() -> None:
    plan = plan_of(
        PlanField("nir", "string", identifier=("nir",)),
        release(leaf("nir", fate="pseudonymized", pseudonym="p", method="hmac-sha256")),
    )

    with pytest.raises(KeysError, match="policy `essai` pseudonymizes: it needs a keyring"):
        minimize(pa.record_batch({"nir": [NIR]}), plan)


def test_a_nir_in_a_dropped_identifier_stops_a_record_where_the_release_says_so() -> None:
    fields = PlanField("nir", "string", identifier=("nir",)), PlanField("n", "int8")
    batch = pa.record_batch({"nir": [NIR, WRONG_KEY, "inconnu", None], "n": ["1"] * 4})

    stops = release(leaf("n"), nir="absent", on_nir="quarantine")
    done = minimize(batch, plan_of(*fields, stops))

    assert done.rows["r"].to_pylist() == [2, 3]
    assert quarantine(done)[0] == (0, "on-nir", "nir", "on_nir: quarantine")
    strips = minimize(batch, plan_of(*fields, replace(stops, on_nir="strip")))
    assert strips.tally.released == 4


def test_the_gate_quarantines_from_all_releases_and_names_the_field() -> None:
    fields = PlanField("note", "string"), PlanField("ref", "string", not_nir=True)
    absent = release(leaf("note"), leaf("ref"), id="absent", nir="absent", item="R6323-37.III.2")
    carried = release(leaf("ref"), id="carried")
    batch = pa.record_batch({"note": ["rien", f"NIR : {NIR}", "rien"], "ref": [NIR, "a", "b"]})

    done = minimize(batch, plan_of(*fields, absent, carried))

    assert quarantine(done) == [(1, "nir-leak", "note", "gate")]
    assert done.rows["carried"].to_pylist() == [0, 2]
    assert done.tally.anomalies == Counter({"nir-received-under-iii": 1})
    assert NIR.encode()[:13] not in as_ipc(done.released["absent"].select(["note"]))


def test_where_the_nir_is_carried_it_passes_where_it_is_declared_and_nowhere_else() -> None:
    inside = PlanField("titre", "string"), PlanField("nir", "string", identifier=("nir",))
    fields = (
        PlanField("nir", "string", identifier=("nir",)),
        PlanField("nom", "string"),
        PlanField("note", "string", free_text=True),
        PlanField("remarque", "string", free_text=True),
        PlanField("ref", "string", not_nir=True),
        PlanField("siret", "int64"),
        PlanField("l", "list", of=PlanField("item", "struct", fields=inside)),
    )
    leaves = [leaf("note", redact=True, fate="redacted"), leaf("remarque"), leaf("l.titre")]
    leaves += [leaf("l.nir"), *map(leaf, ("nir", "nom", "ref", "siret"))]
    row: dict[str, Any] = {
        "nir": NIR,
        "nom": "Durand",
        "note": f"NIR : {NIR}",
        "remarque": NIR,
        "ref": NIR,
    }
    row |= {"siret": 732_829_320_00074, "l": [{"titre": "aucun", "nir": NIR}]}
    wrong: list[dict[str, Any]] = [
        {"nom": NIR},
        {"nom": f"Durand {NIR}"},
        {"nom": NIR[:13]},
        {"nom": CORSICAN[:13]},
        {"siret": int(NIR[:13])},
        {"l": [{"titre": "a", "nir": NIR}, {"titre": NIR[:13], "nir": None}]},
    ]
    rows = [row, *({**row, **change} for change in wrong)]

    done = minimize(pa.RecordBatch.from_pylist(rows), plan_of(*fields, release(*leaves)))

    fields_told = [next(iter(change)) for change in wrong]
    assert done.rows["r"].to_pylist() == [0]
    assert [cause[1:3] for cause in quarantine(done)] == [("nir-leak", f) for f in fields_told]
    assert not done.tally.anomalies


def test_the_gate_looks_into_nested_columns_beside_pseudonyms_and_declared_references() -> None:
    inside = (
        PlanField("nir", "string", identifier=("nir",)),
        PlanField("ref", "string", not_nir=True),
        PlanField("note", "string"),
    )
    plan = plan_of(
        PlanField("l", "list", of=PlanField("item", "struct", fields=inside)),
        release(
            leaf("l.nir", fate="pseudonymized", pseudonym="p", method="hmac-sha256"),
            leaf("l.ref"),
            leaf("l.note"),
            nir="absent",
        ),
    )
    rows = [
        [{"nir": NIR, "ref": NIR, "note": "rien"}],
        [{"nir": NIR, "ref": "a", "note": "rien"}, {"nir": NIR, "ref": "a", "note": NIR}],
        None,
    ]

    done = minimize(pa.record_batch({"l": rows}), plan, keys=Keys())

    assert done.rows["r"].to_pylist() == [0, 2]
    assert quarantine(done) == [(1, "nir-leak", "l", "gate")]


def test_what_a_reader_could_not_read_is_told_by_its_rule() -> None:
    plan = plan_of(PlanField("nom", "string"), PlanField("rue", "string"), release(leaf("nom")))
    faults = [["nom: stands twice"], ["nom"], ["nom", "nom: stands twice"], ["rue: stands twice"]]
    data = {"nom": [None] * 4, "rue": [None] * 4, FAULTS: pa.array(faults, pa.list_(pa.string()))}

    done = minimize(pa.record_batch(data), plan)

    assert quarantine(done) == [
        (0, "type", "nom", "stands twice"),
        (1, "type", "nom", "string"),
        (2, "type", "nom", "stands twice"),
    ]


def test_the_first_reason_is_told_and_of_one_reason_the_first_field() -> None:
    fields = (
        PlanField("nir", "string", identifier=("nir",)),
        PlanField("n", "int8", nullable=False),
        PlanField("m", "int8", nullable=False),
        PlanField("s", "string"),
    )
    plan = plan_of(*fields, release(leaf("nir"), leaf("n"), leaf("m"), leaf("s")))
    batch = pa.record_batch(
        {
            "nir": [WRONG_KEY, "x", "x", "x"],
            "n": [None, None, "?", "1"],
            "m": [None, "?", "?", "2"],
            "s": pa.array([b"a", b"a", b"a", b"\xff"]),
        }
    )

    assert [row[1:3] for row in quarantine(minimize(batch, plan))] == [
        ("null", "n"),
        ("type", "m"),
        ("type", "n"),
        ("unreadable", "s"),
    ]


def test_columns_may_be_missing_and_not_stand_twice() -> None:
    plan = plan_of(PlanField("n", "int8"), release(leaf("n")))

    assert values(minimize(pa.record_batch({"autre": [1, 2]}), plan)) == [{"n": None}] * 2
    twice = pa.RecordBatch.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["n", "n"])
    with pytest.raises(RunError, match="column `n` stands 2 times"):
        minimize(twice, plan)


def test_a_field_that_stands_twice_in_a_struct_is_a_fault_and_not_null() -> None:
    plan = plan_of(
        PlanField("s", "struct", fields=(PlanField("n", "string"),)), release(leaf("s.n"))
    )
    twice = pa.StructArray.from_arrays(
        [pa.array(["a", "b"]), pa.array(["c", "d"])], names=["n", "n"], mask=pa.array([False, True])
    )

    done = minimize(pa.record_batch({"s": twice}), plan)
    assert [row[1:3] for row in quarantine(done)] == [("type", "s.n")]
    assert values(done) == [{"s": None}]


def test_an_empty_batch_gives_empty_batches_of_the_right_schema() -> None:
    plan = plan_of(NESTED, release(leaf("contrats.primes.n"), nir="absent"))

    done = minimize(pa.record_batch({"contrats": pa.array([], pa.null())}), plan)

    assert done.released["r"].schema.equals(released_schema(plan, plan.releases[0]))
    assert done.released["r"].num_rows == done.quarantined.num_rows == 0


def test_a_when_under_a_list_of_plain_values_takes_the_list_away() -> None:
    plan = plan_of(
        PlanField("ok", "bool"),
        PlanField("jours", "list", of=PlanField("item", "date32")),
        release(leaf("jours", when=((condition("ok", True),),)), leaf("ok")),
    )
    batch = pa.record_batch({"ok": ["1", "0", None], "jours": [["2024-01-01"], ["?"], ["?", "?"]]})

    done = minimize(batch, plan)

    assert [row["jours"] and len(row["jours"]) for row in values(done)] == [1, None, None]
    assert done.tally.released == 3


def test_a_struct_of_which_a_when_keeps_nothing_may_be_null() -> None:
    plan = plan_of(
        PlanField("ok", "bool"),
        PlanField("s", "struct", nullable=False, fields=(PlanField("n", "int8"),)),
        release(leaf("s.n", when=((condition("ok", True),),)), leaf("ok")),
    )
    batch = pa.record_batch({"ok": ["1", "0", "1"], "s": [{"n": 1}, None, None]})

    done = minimize(batch, plan)

    assert [row["s"] for row in values(done)] == [{"n": 1}, None]
    assert quarantine(done) == [(2, "null", "s", "nullable: false")]
    assert done.released["r"].schema.field("s").nullable
    for batch in done.released.values():
        batch.validate(full=True)


def test_an_undecided_when_counts_only_where_the_release_matches() -> None:
    plan = plan_of(
        PlanField("a", "string"),
        PlanField("b", "int8"),
        PlanField("n", "int8"),
        release(leaf("n", when=((condition("b", 1),),)), id="x", where=(condition("a", "X"),)),
        release(leaf("n"), id="y"),
    )

    done = minimize(pa.record_batch({"a": ["X", "Y"], "b": ["?", "?"], "n": ["1", "2"]}), plan)

    assert quarantine(done) == [(0, "type", "b", "int8")]
    assert done.rows["y"].to_pylist() == [1]


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_many_rows_are_cut_the_same_way_as_few(share: float) -> None:
    plan = plan_of(
        PlanField("k", "string"),
        PlanField("l", "list", of=PlanField("item", "string")),
        release(leaf("l"), where=(condition("k", "oui"),)),
    )
    n = 1000
    keys = ["oui" if row < share * n else "non" for row in range(n)]
    batch = pa.record_batch({"k": keys, "l": [[f"{TOKEN}{row};"] for row in range(n)]})

    done = minimize(batch, plan)

    assert done.rows["r"].to_pylist() == list(range(int(share * n)))
    assert values(done) == [{"l": [f"{TOKEN}{row};"]} for row in range(int(share * n))]
    assert len(canaries(as_bytes(done.released["r"]))) == int(share * n)
