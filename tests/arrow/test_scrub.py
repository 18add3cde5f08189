"""No buffer that leaves holds more than its values, and what is clean is not copied."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from tamis.arrow.buffers import list_of, list_parts
from tamis.arrow.scrub import scrub, scrub_batch
from tamis.errors import RunError

SECRET = b"SECRET"


def bits(*flags: bool) -> pa.Buffer:
    return pa.py_buffer(np.packbits(np.array(flags), bitorder="little"))


def as_bytes(array: pa.Array) -> bytes:
    batch = pa.record_batch({"a": array})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes()) + pickle.dumps(batch, protocol=5)


WHOLE = pa.array(["kept", "SECRET-1", "SECRET-2", "kept too"])
NULLED = pa.Array.from_buffers(
    pa.string(), 4, [bits(True, False, False, True), *WHOLE.buffers()[1:]]
)
STRUCT = pa.Array.from_buffers(
    pa.struct([pa.field("x", pa.string(), metadata={"k": "SECRET"})]),
    4,
    [bits(True, False, False, True)],
    children=[WHOLE],
)
LIST = pa.Array.from_buffers(
    pa.list_(pa.string()),
    3,
    [bits(True, False, True), pa.py_buffer(np.array([0, 1, 3, 4], np.int32))],
    children=[WHOLE],
)


@pytest.mark.parametrize(
    "array",
    [
        WHOLE.slice(0, 1),
        WHOLE.slice(3, 1),
        WHOLE.slice(0, 0),
        WHOLE.cast(pa.large_string()).slice(3, 1),
        WHOLE.cast(pa.binary()).slice(0, 1),
        WHOLE.cast(pa.string_view()).slice(0, 1),
        WHOLE.dictionary_encode().slice(0, 1),
        WHOLE.dictionary_encode().slice(0, 0),
        NULLED,
        NULLED.slice(0, 3),
        NULLED.dictionary_encode(),
        STRUCT,
        STRUCT.slice(3, 1),
        LIST,
        LIST.slice(2, 1),
        LIST.cast(pa.large_list(pa.string())),
        pa.array([["kept"], ["SECRET"]], pa.list_(pa.string(), 1)).slice(0, 1),
        pa.array([[("kept", "SECRET")]] * 2, pa.map_(pa.string(), pa.string())).slice(0, 0),
        pa.StructArray.from_arrays([LIST], ["y"], mask=pa.array([False, True, True])),
        list_of(np.array([0, 1, 1]), STRUCT, None),
    ],
    ids=lambda array: str(array.type),
)
def test_dropped_text_leaves_no_byte(array: pa.Array) -> None:
    scrubbed = scrub(array)

    scrubbed.validate(full=True)
    assert scrubbed.to_pylist() == array.to_pylist()
    assert SECRET not in as_bytes(scrubbed)


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.timestamp("us"), pa.binary(8)])
def test_dropped_numbers_leave_no_byte(kind: pa.DataType) -> None:
    secret = b"SECRETS!"
    whole = pa.array([b"--kept--", secret, secret, b"--kept--"], pa.binary(8)).view(kind)
    nulled = pa.Array.from_buffers(kind, 4, [bits(True, False, True, True), whole.buffers()[1]])

    for array in (whole.slice(0, 1), whole.slice(3, 1), nulled.slice(0, 2)):
        assert secret in as_bytes(array)
        assert secret not in as_bytes(scrub(array))
        assert scrub(array).equals(array)


def test_the_last_byte_of_flags_tells_nothing_of_dropped_rows() -> None:
    flags = pa.array([True] * 3 + [None] * 5)

    scrubbed = scrub(flags.slice(0, 3))

    assert scrubbed.to_pylist() == [True] * 3
    assert scrubbed.buffers()[1].to_pybytes() == b"\x07"


def test_decimals_and_dates_keep_their_values() -> None:
    for kind in (pa.decimal128(12, 2), pa.date32(), pa.bool_(), pa.int8(), pa.decimal256(40, 2)):
        array = pa.array([None, 1, 0], pa.int32()).cast(pa.int32())
        whole = array.cast(kind) if not pa.types.is_decimal(kind) else pa.array([None, 1, 0], kind)
        assert scrub(whole.slice(1)).to_pylist() == whole.to_pylist()[1:]


def test_what_is_clean_is_shared() -> None:
    n = 1000
    for array in (
        pa.array(np.arange(n)),
        pa.array(["x"] * n),
        pa.array([None, "x"] * 500),
        pa.array([1.5, None] * 500),
        pa.array([True] * n),
    ):
        before = [buffer and buffer.address for buffer in array.buffers()]
        assert [buffer and buffer.address for buffer in scrub(array).buffers()] == before


def test_a_slice_is_cut_out_not_copied() -> None:
    whole = pa.array(np.arange(1000))

    scrubbed = scrub(whole.slice(10, 20))

    assert scrubbed.buffers()[1].address == whole.buffers()[1].address + 80
    assert scrubbed.buffers()[1].size == 160


def test_scrubbing_twice_changes_nothing() -> None:
    for array in (NULLED, STRUCT, LIST, WHOLE.dictionary_encode().slice(1, 2)):
        once = scrub(array)
        assert as_bytes(scrub(once)) == as_bytes(once)


def test_a_dictionary_keeps_the_entries_that_rows_name_in_their_order() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 2]), ["a", "SECRET", "c"])

    scrubbed = scrub(array)

    assert scrubbed.dictionary.to_pylist() == ["a", "c"]
    assert scrubbed.to_pylist() == ["c", "a", None, "c"]


def test_a_batch_keeps_names_types_and_nullability_and_no_metadata() -> None:
    schema = pa.schema(
        [
            pa.field("a", pa.int64(), nullable=False, metadata={"m": "SECRET"}),
            pa.field("b", pa.list_(pa.field("element", pa.string(), metadata={"m": "SECRET"}))),
        ],
        metadata={"pandas": "SECRET"},
    )
    batch = pa.record_batch([pa.array([1, 2]), pa.array([["x"], None])], schema=schema)

    scrubbed = scrub_batch(batch)

    assert scrubbed.equals(batch)
    assert [field.nullable for field in scrubbed.schema] == [False, True]
    assert SECRET not in scrubbed.schema.serialize().to_pybytes()


def test_a_type_that_cannot_be_sealed_stops_the_run() -> None:
    union = pa.UnionArray.from_sparse(
        pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "SECRET"])]
    )

    with pytest.raises(RunError, match="cannot scrub a column of type `sparse_union"):
        scrub(union)


def test_list_parts_leave_out_what_no_row_shows() -> None:
    offsets, elements, valid = list_parts(LIST.slice(1, 2))

    assert offsets.tolist() == [0, 0, 1]
    assert elements.to_pylist() == ["kept too"]
    assert valid is not None
    assert valid.tolist() == [False, True]
