"""Messages of a stream in micro-batches, and their payloads decoded to columns.

A message is read like a line of JSON Lines or a record of Avro. A payload that is no record is
rejected by its number in the micro-batch, and the stream goes on. No schema declares a message's
key and headers and no release passes them on, so that a NIR in them cannot be minimized away:
`find_nirs_beside` says where one is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

import fastavro
import pyarrow as pa

from tamis.errors import UsageError
from tamis.filter.drift import WITHHELD
from tamis.formats.avro_container import (
    BadSchemaError,
    decoder_of,
    holds_itself,
    longest_record,
    read_schema,
)
from tamis.formats.chunk import Chunk, join
from tamis.formats.json_objects import LONGER, Unreadable, parse_objects
from tamis.formats.jsonl import ObjectKeys, to_records
from tamis.formats.names import known_names
from tamis.formats.python_records import PIECE_RECORDS
from tamis.language import N_, _
from tamis.limits import USUAL
from tamis.nir.grammar import find_nir
from tamis.nir.identifiers import canonical
from tamis.nir.profile import profile_nir
from tamis.plan.plan import Plan
from tamis.regular_file import open_regular
from tamis.streams.registry import FRAME, Registry

Decode = Callable[[Sequence[bytes]], Iterable[Mapping[str, Any] | Unreadable]]
"""Payloads to records, or why one is none."""

_SINGLE_OBJECT = b"\xc3\x01"
_NOT_AVRO = N_("not Avro of its schema")
_NO_PAYLOAD = Unreadable(N_("has no payload"))
_NIR_DIGITS = 13
_MOST_SCHEMAS = 10_000
"""Ids that are kept in mind, with their schema or that there is none."""


class Message(NamedTuple):
    """One message as its broker gave it. A tuple, because it is made faster than a dataclass.

    Attributes:
        partition: of the topic; 0 where there are none.
        offset: its position in the partition; of Pub/Sub, what stands for its message id.
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
class MicroBatch:
    """N messages that are judged and committed together.

    Attributes:
        source: where they come from, without credentials.
        messages: of each partition in the order of their offsets.
        read_before: number of messages that the reader had read before these; it stands for
            offsets where the source has none that count up (Pub/Sub).
    """

    source: str
    messages: tuple[Message, ...]
    read_before: int = 0


def decode(batch: MicroBatch, plan: Plan, read: Decode) -> tuple[Chunk, frozenset[str]]:
    """Decode the payloads to records with the leaves that `plan` reads.

    Returns:
        A chunk whose positions, those of rejects included, number the messages from 0; and the
        names of fields that the schema has and some message had.
    """
    names = ObjectKeys(known_names(plan), plan.schema)
    values = [message.value for message in batch.messages]
    chunks = []
    for first in range(0, max(len(values), 1), PIECE_RECORDS):
        piece = values[first : first + PIECE_RECORDS]
        records = iter(read([value for value in piece if value is not None]))
        parsed = (_NO_PAYLOAD if value is None else next(records) for value in piece)
        chunks.append(to_records(range(first, first + len(piece)), parsed, plan, names))
    return join(chunks), frozenset(names.found)


def find_nirs_beside(
    messages: Sequence[Message], known: Collection[str] = frozenset()
) -> dict[int, str]:
    """Find NIRs in keys and headers: by message, `message key` or `message header NAME`.

    The name of a header may say what its value does, so only one among `known` is in the answer.
    """
    places: dict[int, str] = {}
    for index, message in enumerate(messages):
        for name, content in message.headers:
            if content is not None and _holds_nir(content):
                places[index] = f"message header {name if name in known else WITHHELD}"
            elif _holds_nir(name.encode("utf-8", "surrogatepass")):
                places[index] = f"message header {WITHHELD}"
    keys = [
        (index, message.key) for index, message in enumerate(messages) if message.key is not None
    ]
    places.update((index, "message key") for index, key in keys if _holds_nir(key))
    bare = [(index, key) for index, key in keys if len(key) == _NIR_DIGITS]
    if len(bare) >= 200:
        # A NIR without its check digits is told from another number only by many together.
        texts = pa.array([key.decode("latin-1") for _index, key in bare])
        if profile_nir(texts, "key").carries_nir:
            places.update((index, "message key") for index, _key in bare)
    return places


def _holds_nir(content: bytes) -> bool:
    if len(content) == 8:
        number = int.from_bytes(content, "big")
        return 10**14 <= number < 10**15 and canonical(str(number)) is not None
    if len(content) < _NIR_DIGITS:
        return False
    return bool(find_nir(content.decode("utf-8", "replace")))


def json_decoder() -> Decode:
    """Return what reads payloads as JSON objects, strictly (`tamis.formats.json_objects`)."""
    return parse_objects


class _AvroSchema(NamedTuple):
    """A schema of messages, the longest record it may have, and whether it nests in itself."""

    node: dict[str, Any]
    longest: int
    holds_itself: bool


def avro_decoder(schemas: Iterable[str], registry: Registry | None = None) -> Decode:
    """Return what reads payloads as Avro records, each in the schema that its frame names.

    Args:
        schemas: `FILE`, which holds the schema of payloads without a frame and of Avro's
            single-object encoding, or `ID=FILE`, which holds the schema ID of a registry.
        registry: is asked for the schemas of frames that no file holds.

    Raises:
        UsageError: a file is no Avro schema of a record, or none is given.
    """
    plain: _AvroSchema | None = None
    by_id: dict[int, _AvroSchema] = {}
    by_fingerprint: dict[bytes, _AvroSchema] = {}
    for option in schemas:
        number, equals, path = option.partition("=")
        if equals and number.isdecimal():
            by_id[int(number)] = _read_schema(path)
        else:
            plain = _read_schema(option)
            by_fingerprint[_fingerprint(plain.node)] = plain
    if plain is None and not by_id and registry is None:
        raise UsageError(
            _(
                "messages in Avro need --avro-schema FILE, ID=FILE for a registry's, or "
                "`?registry=http://HOST:PORT` in the address of the topic"
            )
        )
    return _Avro(plain, by_id, by_fingerprint, registry)


@dataclass(frozen=True)
class _Avro:
    """Decodes Avro; a class, because it is pickled with a pipeline."""

    plain: _AvroSchema | None
    by_id: dict[int, _AvroSchema]
    by_fingerprint: dict[bytes, _AvroSchema]
    registry: Registry | None = None
    asked: dict[int, _AvroSchema | None] = field(default_factory=dict)

    def __call__(self, payloads: Sequence[bytes]) -> Iterator[Mapping[str, Any] | Unreadable]:
        for payload in payloads:
            try:
                yield self._read(payload)
            except Unreadable as error:
                yield error

    def _read(self, payload: bytes) -> Mapping[str, Any]:
        if len(payload) > USUAL.line_bytes:
            raise Unreadable(LONGER.format(most=USUAL.line_bytes))
        schema, start = self.plain, 0
        if payload[:2] == _SINGLE_OBJECT and payload[2:10] in self.by_fingerprint:
            schema, start = self.by_fingerprint[payload[2:10]], 10
        elif self.by_id or self.registry is not None:
            if len(payload) < FRAME.size or payload[0] != 0:
                raise Unreadable(N_("has no frame of a schema registry"))
            schema, start = self._find(FRAME.unpack_from(payload)[1]), FRAME.size
        if schema is None:
            raise Unreadable(N_("is of a schema that was not given"))
        if len(payload) > schema.longest:
            raise Unreadable(LONGER.format(most=schema.longest))
        stream = BytesIO(payload)
        stream.seek(start)
        try:
            record = decoder_of(schema.holds_itself).schemaless_reader(stream, schema.node, None)
        except RecursionError:
            raise Unreadable(N_("nested too deep")) from None
        except Exception:
            raise Unreadable(_NOT_AVRO) from None
        if stream.tell() != len(payload) or not isinstance(record, dict):
            raise Unreadable(_NOT_AVRO)
        return record

    def _find(self, number: int) -> _AvroSchema | None:
        """The schema of an id; None where nobody has it, which is asked once."""
        if self.registry is None or number in self.by_id:
            return self.by_id.get(number)
        if number not in self.asked:
            if len(self.asked) >= _MOST_SCHEMAS:  # a sender of ids by chance
                self.asked.clear()
            text = self.registry.schema(number)
            self.asked[number] = None
            with suppress(BadSchemaError):
                self.asked[number] = None if text is None else _parse_schema(text.encode())
        return self.asked[number]


def _parse_schema(text: bytes) -> _AvroSchema:
    schema = read_schema(text)
    return _AvroSchema(schema, longest_record(schema, USUAL), holds_itself(schema))


def _read_schema(path: str) -> _AvroSchema:
    try:
        with open_regular(path) as stream:
            return _parse_schema(stream.read())
    except OSError:
        raise UsageError(_("{path}: cannot be read", path=path)) from None
    except BadSchemaError as error:
        raise UsageError(
            _(
                "{path}: expected an Avro schema of records, got one that {problem}",
                path=path,
                problem=error,
            )
        ) from None


def _fingerprint(schema: dict[str, Any]) -> bytes:
    """The Rabin fingerprint of the schema's canonical form, as single objects carry it."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    text = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    return bytes.fromhex(text)
