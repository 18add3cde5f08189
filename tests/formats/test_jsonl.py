"""JSON Lines: strict where a line is no record, indifferent to what is not read, exact numbers."""

import io
import json
import resource
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.documents.feed_format import Format
from tamis.errors import InputError
from tamis.filter.drift import MOST_COUNTED, add_names
from tamis.filter.quarantine import FAULTS
from tamis.formats.chunk import Chunk
from tamis.formats.jsonl import read_jsonl
from tamis.limits import USUAL, Limits
from tamis.plan.plan import Plan, PlanField

from .. import plans

CONTRATS = PlanField(
    "contrats",
    "list",
    of=PlanField(
        "item",
        "struct",
        fields=(PlanField("debut", "date32"), PlanField("paie", "decimal128(9, 2)")),
    ),
)
NOM = PlanField("nom", "string")


def plan_of(*fields: PlanField, known: tuple[str, ...] = ()) -> Plan:
    return plans.plan_of(*(fields or (NOM,)), form="jsonl", known=known)


def read(
    data: bytes, plan: Plan | None = None, records: int = 65_536, **limits: int
) -> list[Chunk]:
    chosen = Limits(object_chunk_records=records, **limits)
    return list(read_jsonl(io.BytesIO(data), plan or plan_of(), "f.jsonl", chosen))


def rejects(chunks: list[Chunk]) -> list[tuple[int, str]]:
    assert {r["reason"] for c in chunks for r in c.rejects.to_pylist()} <= {"unreadable"}
    return [(r["position"], r["rule"]) for c in chunks for r in c.rejects.to_pylist()]


BAD = {
    b'{"nom": "canary"': "not JSON",
    b'{"nom": "a"} {"nom": "b"}': "not JSON",
    b"{'nom': 'a'}": "not JSON",
    b'{"nom": "a",}': "not JSON",
    b'{"nom": "a\0b"}': "not JSON",
    b"\0": "not JSON",
    b'\xef\xbb\xbf{"nom": "a"}': "not JSON",
    b'{"nom": "\xff"}': "not UTF-8",
    b'{"memo": "\xed\xa0\x80"}': "not UTF-8",
    '{"nom": "a"}'.encode("utf-16-le"): "not JSON",
    b"[1]": "not a JSON object",
    b'"canary"': "not a JSON object",
    b"null": "not a JSON object",
    b'{"nom": "a", "nom": "b"}': "a key stands twice in one object",
    b'{"memo": {"x": 1, "x": 1}}': "a key stands twice in one object",
    b'{"memo": NaN}': "NaN and Infinity are not JSON",
    b'{"memo": [-Infinity]}': "NaN and Infinity are not JSON",
    b'{"memo": ' + b"[" * 64 + b"]" * 64 + b"}": "nested deeper than 64",
    b'{"memo": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}": "nested deeper than 64",
    b'{"memo": ' + b"[" * 200_000: "nested deeper than 64",
    b'{"memo": ' + b"9" * 5000 + b"}": "an integer has too many digits",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: repr(line[:30]))
def test_a_line_that_is_no_record_is_rejected_with_its_number(line: bytes) -> None:
    chunks = read(b'{"nom": "a"}\n' + line + b'\r\n{"nom": "b"}')

    assert rejects(chunks) == [(2, BAD[line])]
    assert chunks[0].positions.to_pylist() == [1, 3]
    assert chunks[0].data.column("nom").to_pylist() == ["a", "b"]


def test_deep_but_not_too_deep_is_read() -> None:
    line = b'{"memo": ' + b"[" * 63 + b"]" * 63 + b', "nom": "a", "l": [' + b"[]," * 90 + b"[]]}"
    assert read(line)[0].data.num_rows == 1


def test_blank_lines_are_no_records_but_count_as_lines() -> None:
    (chunk,) = read(b'\xef\xbb\xbf\n \t\r\n{"nom": "a"}\n\n{"nom": null}\n\n')
    assert chunk.positions.to_pylist() == [3, 5]
    assert chunk.data.column("nom").to_pylist() == ["a", None]


def test_a_byte_order_mark_is_allowed_at_the_start() -> None:
    assert read(b'\xef\xbb\xbf{"nom": "a"}\n')[0].data.column("nom").to_pylist() == ["a"]


def test_a_line_longer_than_the_cap_is_rejected_and_never_held() -> None:
    class Stream(io.RawIOBase):
        """Three lines, the second of 50 MB, made as it is read."""

        def __init__(self) -> None:
            self.left = 52

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            if self.left == 51:
                return b'{"nom": "a"}\n{"nom": "'
            if self.left == 0:
                return b'"}\n{"nom": "b"}\n'
            return b"x" * 1_000_000 if self.left > 0 else b""

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (chunk,) = read_jsonl(Stream(), plan_of(), "f.jsonl")  # type: ignore[arg-type]

    assert rejects([chunk]) == [(2, f"longer than {USUAL.line_bytes} bytes")]
    assert chunk.data.column("nom").to_pylist() == ["a", "b"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


@pytest.mark.parametrize("over", [0, 1])
def test_the_cap_is_exact(over: int) -> None:
    line = b'{"nom": "' + b"x" * (USUAL.line_bytes - 11 + over) + b'"}'
    chunks = read(b'{"nom": null}\n' + line + b'\n{"nom": null}')
    assert len(rejects(chunks)) == over
    assert len(rejects(read(line))) == over


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text('éa\0 "\\\n', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["debut", "paie", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(
    st.lists(st.dictionaries(st.sampled_from(["nom", "contrats", "memo"]), values), max_size=12),
    st.integers(1, 5),
)
def test_any_json_comes_in_its_place_or_as_a_fault(
    records: list[dict[str, Any]], size: int
) -> None:
    records = [{"nom": None}, *records]
    data = "\n".join(json.dumps(record) for record in records).encode()
    chunks = read(data, plan_of(NOM, CONTRATS), size)

    got = [row for chunk in chunks for row in chunk.data.to_pylist()]
    others = [
        place for place, record in enumerate(records, 1) if not {"nom", "contrats"} & {*record}
    ]
    assert rejects(chunks) == [(place, "has no field of schema essai") for place in others]
    records = [record for place, record in enumerate(records, 1) if place not in others]
    assert len(got) == len(records)
    for record, row in zip(records, got, strict=True):
        faults = set(row.get(FAULTS) or ())
        nom = record.get("nom")
        plain = type(nom) in (str, int, type(None))
        assert ("nom" in faults) == (not plain)
        assert row["nom"] == (None if not plain or nom is None else str(nom))
        listed = record.get("contrats")
        if listed is None or isinstance(listed, list):
            want = [item if isinstance(item, dict) else None for item in listed or ()]
            assert [own is None for own in row["contrats"] or ()] == [due is None for due in want]
            for due, contract in zip(want, row["contrats"] or (), strict=True):
                paie = (due or {}).get("paie")
                if type(paie) in (int, str):
                    assert str(contract["paie"]) == str(paie)
        else:
            assert row["contrats"] is None
            assert {"contrats.debut", "contrats.paie"} <= faults


ENVELOPE = "wrapped as Kafka Connect does, expected `envelope: connect` in the schema's format"
CHANGE = {"before": None, "after": {"nom": "a"}, "op": "c", "source": {"nom": "x"}, "ts_ms": 1}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"schema": {"type": "struct"}, "payload": {"nom": "a"}}, ENVELOPE),
        (CHANGE, "is a change event, expected its `after` alone"),
        ({"schema": {}, "payload": CHANGE}, ENVELOPE),
        ({"Nom": "a"}, "has no field of schema essai"),
        ({}, "has no field of schema essai"),
    ],
)
def test_what_is_no_record_of_the_schema_is_never_a_row_of_nulls(
    record: dict[str, Any], says: str
) -> None:
    line = json.dumps(record).encode()
    with pytest.raises(InputError, match="no record has a field of schema essai") as caught:
        read(line + b"\n" + line)
    assert says in str(caught.value)

    (chunk,) = read(b'{"nom": "a"}\n' + line, plan_of(known=("nom", "source")))
    ((place, rule),) = rejects([chunk])
    assert place == 2
    assert says in rule
    assert chunk.data.column("nom").to_pylist() == ["a"]
    assert not chunk.unknown


def test_a_schema_of_such_names_has_them() -> None:
    plan = plan_of(NOM, PlanField("payload", "string"), PlanField("after", "string"))
    (chunk,) = read(b'{"schema": 1, "payload": "p"}\n{"before": 1, "after": "z", "op": 1}', plan)
    assert chunk.data.column("payload").to_pylist() == ["p", None]


def test_an_envelope_that_the_format_names_is_taken_off() -> None:
    form = Format.model_validate({"name": "jsonl", "jsonl": {"envelope": "connect"}})
    plan = replace(plan_of(), format=form)
    lines = [{"schema": {}, "payload": {"nom": "a"}}, {"payload": {"nom": "b"}}]
    bad: dict[str, Any] = {
        "has no payload": {"schema": {}, "payload": None},
        "is no envelope of Kafka Connect": {"nom": "c"},
        "is a change event, expected its `after` alone": {"payload": CHANGE},
        "has no field of schema essai": {"payload": {}},
    }

    (chunk,) = read("\n".join(map(json.dumps, [*lines, *bad.values()])).encode(), plan)

    assert chunk.data.column("nom").to_pylist() == ["a", "b"]
    assert rejects([chunk]) == list(enumerate(bad, 3))


def test_each_kind_takes_its_values_and_nothing_else() -> None:
    kinds = {
        "string": "string",
        "int32": "int32",
        "decimal128(12, 2)": "decimal128(12, 2)",
        "float64": "float64",
        "bool": "bool",
        "date32": "date32",
        "timestamp[us]": "timestamp[us]",
        "binary": "binary",
    }
    fields = tuple(PlanField(name, kind) for name, kind in kinds.items())
    takes = {
        '"12"': set(kinds) - {"bool", "binary"},
        "12": {"string", "int32", "decimal128(12, 2)", "float64"},
        "1.50": {"int32", "decimal128(12, 2)", "float64"},
        "true": {"bool"},
        "{}": set(),
        "[1]": set(),
        '"\\ud800"': set(),
        "null": set(kinds),
    }
    for text, due in takes.items():
        line = "{" + ",".join(f'"{name}": {text}' for name in kinds) + "}"
        (row,) = read(line.encode(), plan_of(*fields))[0].data.to_pylist()
        assert set(kinds) - set(row.get(FAULTS) or ()) == due, text
        if text != "null":
            assert {name for name in kinds if row[name] is not None} == due, text


@pytest.mark.parametrize(
    "number", ["12345678901234567890.123456789", "0.1", "1E+400", "-0.0", "100000000000000000000"]
)
def test_a_number_never_goes_through_a_float(number: str) -> None:
    plan = plan_of(PlanField("paie", "decimal128(38, 9)"))
    (chunk,) = read(f'{{"paie": {number}}}'.encode(), plan)
    assert chunk.data.column("paie").to_pylist() == [number]


def test_integers_are_native_and_text_only_where_some_are_not() -> None:
    plan = plan_of(PlanField("n", "int64"))
    lines = [b'{"n": %d}' % n for n in range(5000)] + [b'{"n": "x"}', b'{"n": 1.0}', b'{"n": null}']

    native, mixed = read(b"\n".join(lines), plan, 4000)

    assert native.data.column("n").type == pa.int64()
    assert mixed.data.column("n").to_pylist()[-5:] == ["4998", "4999", "x", "1.0", None]
    (whole,) = read(b"\n".join(lines), plan)
    assert whole.data.column("n").to_pylist()[4998:] == ["4998", "4999", "x", "1.0", None]


def test_a_fault_stands_once_and_only_in_its_row() -> None:
    data = b'{"contrats": [{"paie": {}}, {"paie": []}, 3]}\n{"contrats": []}\n{"contrats": 1}'
    (chunk,) = read(data, plan_of(CONTRATS))
    first, second, third = chunk.data.column(FAULTS).to_pylist()
    assert sorted(first) == third == ["contrats.debut", "contrats.paie"]
    assert second is None
    assert chunk.data.column("contrats").to_pylist()[1:] == [[], None]


def test_names_are_told_once_and_values_as_names_are_not() -> None:
    data = b'{"nom": "a", "Mon champ": 1, "zoe@x.example": 2}\n' * 7 + b'{"age": 1}\n' * 3
    chunks = read(data, plan_of(known=("nom", "age", "iban")), 2)

    unknown: dict[str, int] = {}
    for chunk in chunks:
        unknown = add_names(unknown, chunk.unknown)
    assert unknown == {"Mon champ": 5, "(name withheld)": 5}
    assert chunks[-1].missing == {"iban"}
    assert not any(c.missing for c in chunks[:-1])


def test_keys_without_end_do_not_fill_memory() -> None:
    data = b"\n".join(
        b'{"nom": 1, "k%c%c%c": 1}' % (97 + i % 26, 97 + i // 26 % 26, 97 + i // 676)
        for i in range(3000)
    )
    (chunk,) = read(data)
    assert len(chunk.unknown) == MOST_COUNTED


def test_no_line_is_an_empty_chunk() -> None:
    (chunk,) = read(b"")
    assert chunk.data.num_rows == 0
    assert chunk.data.schema.names == ["nom"]
    assert chunk.missing == {"nom"}


def test_no_byte_of_a_dropped_value_is_in_a_chunk_nor_moves_a_boundary() -> None:
    def seen(memo: Any) -> list[Any]:
        lines = [
            json.dumps({"nom": f"n{i}", "memo": memo, "contrats": [{"x": memo, "paie": i}]})
            for i in range(300)
        ]
        return read("\n".join(lines).encode(), plan_of(NOM, CONTRATS), 64)

    short, long = seen(""), seen(["canary" * 5000, {"canary": 1.5}])
    assert [c.data for c in short] == [c.data for c in long]
    assert [c.data.num_rows for c in long] == [64, 64, 64, 64, 44]
    for chunk in long:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, chunk.data.schema) as writer:
            writer.write_batch(chunk.data)
        assert b"canary" not in sink.getvalue()


def test_a_chunk_that_does_not_fit_is_refused() -> None:
    line = json.dumps({"nom": "x" * 1000}).encode() + b"\n"
    assert len(read(line * 900, chunk_bytes=1 << 20)) == 1
    with pytest.raises(InputError, match=r"^f.jsonl: records 1 to 2000 take more than 1 MiB"):
        read(line * 2000, chunk_bytes=1 << 20)


def test_decimals_of_a_batch_may_mix_integers_and_fractions() -> None:
    plan = plan_of(PlanField("paie", "decimal128(12, 2)"))
    (chunk,) = read(b'{"paie": 12}\n{"paie": 12.50}\n{"paie": "12.5"}', plan)
    assert chunk.data.column("paie").to_pylist() == ["12", "12.50", "12.5"]
