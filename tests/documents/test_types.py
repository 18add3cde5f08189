"""A type that a schema may name is one that a run can read, filter and write."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.documents.policy import Generalize
from tamis.documents.types import arrow_type, kind_of, known_names, type_problem
from tamis.filter.conform import conform
from tamis.filter.dialect import TextDialect

REFUSED = [
    ("decimal256(76, -2)", "0 or more behind the mark"),
    ("decimal128(20, -2)", "0 or more behind the mark"),
    ("decimal128(5, 6)", "must have 1 to 38 digits"),
    ("decimal128(39, 2)", "must have 1 to 38 digits"),
    ("decimal128(0, 0)", "must have 1 to 38 digits"),
    ("fixed_size_binary[0]", "a width of 1 byte or more"),
    ("timestamp[us, tz=Nowhere/Nope]", "unknown time zone"),
    ("timestamp[us, tz=+25:00]", "unknown time zone"),
    ("timestamp[us, tz=Europe]", "unknown time zone"),
    ("timestamp[us, tz=../UTC]", "unknown type"),
    ("timestamp[us, tz=localtime]", "unknown time zone"),
    ("time32[us]", "unknown type"),
    ("decimal", "did you mean `decimal128(12, 2)`?"),
    ("str", "did you mean `string`?"),
]


@pytest.mark.parametrize(("name", "words"), REFUSED)
def test_a_type_that_no_run_can_write_is_refused_with_what_is_wrong(name: str, words: str) -> None:
    assert words in type_problem(name)
    assert kind_of(name) is None


NAMES = [name for name in known_names() if name not in ("list", "struct")]
EDGES = [f"decimal{bits}({digits}, {scale})" for bits, most in ((128, 38), (256, 76))
         for digits, scale in ((1, 0), (1, 1), (most, 0), (most, most))]  # fmt: skip
EDGES += [f"timestamp[{unit}, tz={zone}]" for unit in ("s", "ms", "us", "ns")
          for zone in ("UTC", "Europe/Paris", "+02:00", "Etc/GMT+4")]  # fmt: skip
EDGES += ["timestamp[s]", "timestamp[ns]", "time32[s]", "time32[ms]", "time64[ns]"]
EDGES += ["fixed_size_binary[1]", "fixed_size_binary[9999]"]


@pytest.mark.parametrize("name", [*NAMES, *EDGES])
def test_every_other_type_is_read_from_text_and_written(name: str) -> None:
    kind = kind_of(name)
    assert kind is not None
    texts = {"integer": "1", "float": "1.5", "decimal": "0", "bool": "true", "date": "2024-02-29"}
    texts |= {"time": "10:30:00", "timestamp": "2024-02-29T10:30:00" + "Z" * ("tz" in name)}
    target = arrow_type(name)
    width = target.byte_width if name.startswith("fixed") else 1
    done = conform(pa.array([texts.get(kind, "x" * width), None]), target, TextDialect())
    assert done.faults is None
    stream = io.BytesIO()

    pq.write_table(pa.table({"f": done.array}), stream)

    written = pq.read_table(stream).column("f")
    assert written.to_pylist() == done.array.to_pylist()


@pytest.mark.parametrize("key", ["step", "prefix"])
@pytest.mark.parametrize("value", [True, "2", 0, -1])
def test_a_step_is_a_number(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        Generalize.model_validate({key: value})
