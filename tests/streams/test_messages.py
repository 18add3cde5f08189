"""Messages become records, or rejects by their place; a NIR beside the payload is seen."""

import io
import json
import pickle
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.documents.feed_format import Format
from tamis.errors import UsageError
from tamis.formats.json_objects import Unreadable
from tamis.streams.messages import (
    Message,
    avro_decoder,
    decode,
    find_nirs_beside,
    json_decoder,
)
from tamis.synthetic.records import space_nir

from .made import NIR, clean, message, micro_batch, payload, plan

SCHEMA = {
    "type": "record",
    "name": "dossier",
    "fields": [
        {"name": "dispositif", "type": "string"},
        {"name": "nir", "type": ["null", "string"]},
    ],
}
OTHER = {
    "type": "record",
    "name": "autre",
    "fields": [{"name": "region_residence", "type": "long"}],
}
RECORD = {"dispositif": "CPF", "nir": None}

nirs = st.sampled_from([NIR, space_nir(NIR), f"nir={NIR}"])


def rejects(*values: bytes | None) -> dict[int, str]:
    chunk, _ = decode(micro_batch(values), plan(), json_decoder())
    rejects = chunk.rejects
    assert set(rejects.column("reason").to_pylist()) <= {"unreadable"}
    assert set(rejects.column("field").to_pylist()) <= {""}
    rules = rejects.column("rule").to_pylist()
    return dict(zip(rejects.column("position").to_pylist(), rules, strict=True))


class TestDecoding:
    def test_records_and_rejects_are_numbered_by_their_place(self) -> None:
        given = micro_batch(
            [b"{", payload(clean()), None, b'{"nom": 1}', b'{"sexe": "F"}'], first=70
        )
        chunk, found = decode(given, plan(), json_decoder())
        assert chunk.positions.to_pylist() == [1, 4]
        assert chunk.rejects.column("position").to_pylist() == [0, 2, 3]
        assert chunk.rejects.column("rule").to_pylist() == [
            "not JSON",
            "has no payload",
            "has no field of schema evaluation-cpf",
        ]
        assert found == set(clean())

    def test_an_envelope_is_taken_off_where_the_format_says_so_and_is_unreadable_elsewhere(
        self,
    ) -> None:
        given = micro_batch([payload({"schema": {}, "payload": clean()}), payload(clean())])
        form = Format.model_validate({"name": "jsonl", "jsonl": {"envelope": "connect"}})
        chunk, _found = decode(given, replace(plan(), format=form), json_decoder())
        assert chunk.positions.to_pylist() == [0]
        chunk, _found = decode(given, plan(), json_decoder())
        assert chunk.positions.to_pylist() == [1]

    def test_nothing_but_rejects_is_a_chunk_without_rows(self) -> None:
        chunk, found = decode(micro_batch([b"", None]), plan(), json_decoder())
        assert (chunk.data.num_rows, chunk.rejects.num_rows, found) == (0, 2, frozenset())

    def test_names_that_the_schema_lacks_are_told_but_not_those_that_may_be_values(self) -> None:
        odd = payload(clean(), couleur="x", **{f"n{NIR}": 1})
        chunk, _ = decode(micro_batch([odd]), plan(), json_decoder())
        assert chunk.unknown == {"couleur": 1, "(name withheld)": 5}

    @given(st.lists(st.none() | st.binary(max_size=60)))
    def test_bytes_of_any_sort_are_records_or_rejects(self, values: list[bytes | None]) -> None:
        chunk, _ = decode(micro_batch(values), plan(), json_decoder())
        places = chunk.positions.to_pylist() + chunk.rejects.column("position").to_pylist()
        assert sorted(places) == list(range(len(values)))

    @given(
        st.lists(
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda below: st.lists(below) | st.dictionaries(st.text(), below),
            )
        ),
        st.sampled_from(sorted(clean())),
    )
    def test_any_json_in_any_field_is_a_record_or_a_reject(
        self, values: list[Any], name: str
    ) -> None:
        texts = [json.dumps({name: value}).encode() for value in values]
        chunk, _ = decode(micro_batch(texts), plan(), json_decoder())
        places = chunk.positions.to_pylist() + chunk.rejects.column("position").to_pylist()
        assert sorted(places) == list(range(len(values)))


class TestOutside:
    @pytest.mark.parametrize(
        "key",
        [
            NIR.encode(),
            space_nir(NIR).encode(),
            f"assure/{NIR}".encode(),
            b"\x00\x00\x00\x00\x07\x1e" + NIR.encode(),
            b"\xff\xfe" + NIR.encode(),
            struct.pack(">q", int(NIR)),
        ],
    )
    def test_a_nir_in_a_key_is_found(self, key: bytes) -> None:
        given = [message(0, b""), message(1, b"", key=key), message(2, b"", key=b"12")]
        assert find_nirs_beside(given) == {1: "message key"}

    @pytest.mark.parametrize(
        "key",
        [b"", b"dossier-12", struct.pack(">q", 12), struct.pack(">q", int(NIR) + 1), b"\xff" * 15],
    )
    def test_another_key_is_not(self, key: bytes) -> None:
        assert find_nirs_beside([message(0, b"", key=key)]) == {}

    def test_a_nir_in_a_header_is_found_in_its_value_and_in_its_name(self) -> None:
        given = [
            message(0, b"", headers=(("trace", NIR.encode()),)),
            message(1, b"", headers=((f"nir-{NIR}", b"x"),)),
            message(2, b"", headers=((f"nir-{NIR}", None),)),
            message(3, b"", headers=(("trace", None), ("date", b"2026-11-23"))),
        ]
        assert find_nirs_beside(given[:1]) == {0: "message header (name withheld)"}
        found = find_nirs_beside(given, {"trace"})
        assert found == {
            0: "message header trace",
            1: "message header (name withheld)",
            2: "message header (name withheld)",
        }

    def test_bare_keys_of_13_are_found_where_there_are_enough_to_tell(self) -> None:
        bodies = [f"1{55 + n % 40}{n % 12 + 1:02}99{n % 990:03}{n % 999:03}" for n in range(250)]
        keys = [body.encode() for body in bodies]
        given = [message(n, b"", key=key) for n, key in enumerate(keys)]
        assert len(find_nirs_beside(given)) == 250
        assert find_nirs_beside(given[:20]) == {}

    @given(
        st.lists(
            st.tuples(
                st.none() | st.binary(max_size=20),
                st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=20))),
            )
        )
    )
    def test_keys_and_headers_of_any_sort_raise_nothing(
        self, beside: list[tuple[bytes | None, list[tuple[str, bytes | None]]]]
    ) -> None:
        given = [
            Message(0, at, b"", key, tuple(headers)) for at, (key, headers) in enumerate(beside)
        ]
        assert set(find_nirs_beside(given)) <= set(range(len(given)))

    @given(st.binary(max_size=30), nirs, st.binary(max_size=30))
    def test_a_nir_among_any_bytes_is_found(self, ahead: bytes, nir: str, behind: bytes) -> None:
        content = ahead + b"|" + nir.encode() + b"|" + behind
        assert find_nirs_beside([message(0, b"", key=content)]) == {0: "message key"}


def write(schema: dict[str, Any], record: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return stream.getvalue()


def fingerprint(schema: dict[str, Any]) -> bytes:
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


class TestAvro:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "dossier.avsc"
        path.write_text(json.dumps(SCHEMA))
        (tmp_path / "autre.avsc").write_text(json.dumps(OTHER))
        return path

    def test_bare_records_are_read_in_the_schema_given(self, file: Path) -> None:
        assert list(avro_decoder([str(file)])([write(SCHEMA, RECORD)])) == [RECORD]

    def test_single_objects_name_their_schema(self, file: Path) -> None:
        read = avro_decoder([str(file.with_name("autre.avsc")), str(file)])
        for schema, record in ((SCHEMA, RECORD), (OTHER, {"region_residence": 11})):
            framed = b"\xc3\x01" + fingerprint(schema) + write(schema, record)
            assert list(read([framed])) == [record]

    def test_a_registrys_frame_names_its_schema(self, file: Path) -> None:
        read = avro_decoder([f"7={file}", f"300={file.with_name('autre.avsc')}"])
        assert list(read([struct.pack(">bI", 0, 7) + write(SCHEMA, RECORD)])) == [RECORD]
        other = {"region_residence": 11}
        assert list(read([struct.pack(">bI", 0, 300) + write(OTHER, other)])) == [other]

    @pytest.mark.parametrize(
        ("framed", "problem"),
        [
            (struct.pack(">bI", 0, 8) + write(SCHEMA, RECORD), "is of a schema that was not given"),
            (write(SCHEMA, RECORD), "has no frame of a schema registry"),
            (b"", "has no frame of a schema registry"),
            (struct.pack(">bI", 0, 7), "not Avro of its schema"),
            (struct.pack(">bI", 0, 7) + write(SCHEMA, RECORD)[:-1], "not Avro of its schema"),
            (struct.pack(">bI", 0, 7) + write(SCHEMA, RECORD) + b"\0", "not Avro of its schema"),
            (struct.pack(">bI", 0, 7) + b"\x02\xff\x00", "not Avro of its schema"),
            (struct.pack(">bI", 0, 7) + bytes(17 << 20), "longer than 16777216 bytes"),
        ],
    )
    def test_what_is_not_framed_or_not_whole_is_unreadable(
        self, file: Path, framed: bytes, problem: str
    ) -> None:
        (error,) = avro_decoder([f"7={file}"])([framed])
        assert isinstance(error, Unreadable)
        assert str(error) == problem

    def test_a_decoder_travels_with_a_pipeline(self, file: Path) -> None:
        read = pickle.loads(pickle.dumps(avro_decoder([f"7={file}"])))
        assert list(read([struct.pack(">bI", 0, 7) + write(SCHEMA, RECORD)])) == [RECORD]

    def test_a_schema_by_id_alone_reads_no_bare_record(self, file: Path) -> None:
        single = b"\xc3\x01" + bytes(8) + write(SCHEMA, RECORD)
        assert isinstance(next(iter(avro_decoder([f"7={file}"])([single]))), Unreadable)

    @given(st.binary(max_size=40))
    def test_bytes_of_any_sort_are_a_record_or_unreadable(self, content: bytes) -> None:
        assert isinstance(next(iter(_DECODERS[0]([content]))), dict | Unreadable)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "expected an Avro schema"),
            ('{"type": "record"}', "expected an Avro schema"),
            ('"string"', "expected an Avro schema of records"),
            ('{"type": "array", "items": "int"}', "expected an Avro schema of records"),
        ],
    )
    def test_what_is_no_schema_of_records_is_refused(
        self, tmp_path: Path, text: str, problem: str
    ) -> None:
        path = tmp_path / "x.avsc"
        path.write_text(text)
        with pytest.raises(UsageError, match=problem):
            avro_decoder([str(path)])

    def test_no_schema_or_no_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="--avro-schema"):
            avro_decoder([])
        with pytest.raises(UsageError, match="cannot be read"):
            avro_decoder([f"7={tmp_path / 'none.avsc'}"])


@pytest.fixture(autouse=True, scope="module")
def _decoders(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("avro") / "dossier.avsc"
    path.write_text(json.dumps(SCHEMA))
    _DECODERS.append(avro_decoder([str(path)]))


_DECODERS: list[Any] = []
