"""Messages of a stream, gathered and decoded to columns.

A message is read like a line of JSON Lines or a record of Avro; what is no record is rejected by
its place in the gathering, and the stream goes on. Key and headers are read by nobody and passed
on to nobody, so that a NIR in them cannot be minimized away: `find_outside` says where one is.
"""

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import pyarrow as pa

from tamis.errors import UsageError
from tamis.formats.chunk import Chunk, Reject, known_names, shown_name
from tamis.formats.jsonl import Names, Unreadable, parse_object
from tamis.formats.records import to_chunk
from tamis.limits import USUAL
from tamis.nir.grammar import find_nir
from tamis.nir.number import canonical
from tamis.nir.profile import profile_nir
from tamis.plan.plan import Plan

Decode = Callable[[bytes], Mapping[str, Any]]
"""A payload to a record; raises `Unreadable`."""

_FRAME = struct.Struct(">bI")
_SINGLE_OBJECT = b"\xc3\x01"
_NOT_AVRO = "not Avro of its schema"
_NIR_DIGITS = 13


class Message(NamedTuple):
    """One message as its broker gave it: a tuple, since they are made one by one.

    Attributes:
        partition: of the topic; 0 where there are none.
        offset: its place there.
        value: the payload, or None.
    """

    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def __repr__(self) -> str:
        return f"Message({self.partition}, {self.offset})"


@dataclass(frozen=True)
class Gathered:
    """N messages that are judged and committed together.

    Attributes:
        source: where they come from, without credentials.
        messages: of each partition in the order of their offsets.
    """

    source: str
    messages: tuple[Message, ...]


def decode(gathered: Gathered, plan: Plan, read: Decode) -> tuple[Chunk, frozenset[str]]:
    """The records of the messages, with the leaves that `plan` reads.

    Returns:
        A chunk whose positions, those of rejects included, number the messages from 0; and the
        names of the schema that some message had.
    """
    names = Names(known_names(plan))
    rows: list[Mapping[str, Any]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    for index, message in enumerate(gathered.messages):
        try:
            if message.value is None:
                raise Unreadable("has no payload")
            record = read(message.value)
            if not names.known & record.keys():
                raise Unreadable(f"has no field of schema {plan.schema}")
        except Unreadable as error:
            rejects.append((index, "unreadable", "", str(error)))
        else:
            names.add(record)
            rows.append(record)
            positions.append(index)
    chunk = to_chunk(rows, positions, plan.fields, rejects, names.new_unknown())
    return chunk, frozenset(names.found)


def find_outside(messages: Sequence[Message]) -> dict[int, str]:
    """Where a key or a header holds a NIR: by message, `message key` or `message header NAME`."""
    found: dict[int, str] = {}
    for index, message in enumerate(messages):
        for name, content in message.headers:
            if content is not None and _holds_nir(content):
                found[index] = f"message header {shown_name(name)}"
            elif _holds_nir(name.encode("utf-8", "surrogatepass")):
                found[index] = f"message header {shown_name('')}"
    keys = [(index, one.key) for index, one in enumerate(messages) if one.key is not None]
    found.update((index, "message key") for index, key in keys if _holds_nir(key))
    bare = [(index, key) for index, key in keys if len(key) == _NIR_DIGITS]
    if len(bare) >= 200:
        # Without a key of their own, 13 characters are judged by all of them together.
        texts = pa.array([key.decode("latin-1") for _, key in bare])
        if profile_nir(texts, "key").carries_nir:
            found.update((index, "message key") for index, _ in bare)
    return found


def _holds_nir(content: bytes) -> bool:
    if len(content) == 8:
        number = int.from_bytes(content, "big")
        return 10**14 <= number < 10**15 and canonical(str(number)) is not None
    if len(content) < _NIR_DIGITS:
        return False
    return bool(find_nir(content.decode("utf-8", "replace")))


def json_decoder() -> Decode:
    """Reads a payload as one JSON object, strictly (`tamis.formats.jsonl`)."""
    return parse_object


def avro_decoder(schemas: Iterable[str]) -> Decode:
    """Reads a payload as one Avro record, in the schema that its frame names.

    Args:
        schemas: files `FILE`, of the schema of payloads without frame and of Avro's
            single-object encoding, and `ID=FILE`, of the schema that a registry has as ID.

    Raises:
        UsageError: a file is no Avro schema of a record, or there is none.
    """
    plain: dict[str, Any] | None = None
    by_id: dict[int, dict[str, Any]] = {}
    by_print: dict[bytes, dict[str, Any]] = {}
    for one in schemas:
        name, equals, path = one.partition("=")
        schema = _read_schema(path if equals and name.isdecimal() else one)
        if equals and name.isdecimal():
            by_id[int(name)] = schema
        else:
            plain = schema
            by_print[_fingerprint(schema)] = schema
    if plain is None and not by_id:
        raise UsageError("messages in Avro need --avro-schema FILE, or ID=FILE for a registry's")

    return _Avro(plain, by_id, by_print)


@dataclass(frozen=True)
class _Avro:
    """See `avro_decoder`. It travels with a pipeline, so that it must pickle."""

    plain: dict[str, Any] | None
    by_id: dict[int, dict[str, Any]]
    by_print: dict[bytes, dict[str, Any]]

    def __call__(self, payload: bytes) -> Mapping[str, Any]:
        if len(payload) > USUAL.line_bytes:
            raise Unreadable(f"longer than {USUAL.line_bytes} bytes")
        schema, start = self.plain, 0
        if payload[:2] == _SINGLE_OBJECT and payload[2:10] in self.by_print:
            schema, start = self.by_print[payload[2:10]], 10
        elif self.by_id:
            if len(payload) < _FRAME.size or payload[0] != 0:
                raise Unreadable("has no frame of a schema registry")
            schema, start = self.by_id.get(_FRAME.unpack_from(payload)[1]), _FRAME.size
        if schema is None:
            raise Unreadable("is of a schema that was not given")
        stream = BytesIO(payload)
        stream.seek(start)
        try:
            record = fastavro.schemaless_reader(stream, schema, None)
        except Exception:
            raise Unreadable(_NOT_AVRO) from None
        if stream.tell() != len(payload) or not isinstance(record, dict):
            raise Unreadable(_NOT_AVRO)
        return record


def _read_schema(path: str) -> dict[str, Any]:
    try:
        schema = fastavro.parse_schema(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError:
        raise UsageError(f"{path}: cannot be read") from None
    except Exception:
        raise UsageError(f"{path}: is no Avro schema") from None
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise UsageError(f"{path}: is an Avro schema of something else than records")
    return schema


def _fingerprint(schema: dict[str, Any]) -> bytes:
    """The Rabin fingerprint of the schema's canonical form, as single objects carry it."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    text = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    return bytes.fromhex(text)
