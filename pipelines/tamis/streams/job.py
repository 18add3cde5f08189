"""`StreamJob`: what a stream reads and writes, wherever it runs."""

import datetime
from dataclasses import dataclass, field

from tamis.address import KafkaAddress, parse_stream
from tamis.keys.sealed import PublicKey
from tamis.plan.plan import Plan
from tamis.streams.messages import Decode, avro_decoder, json_decoder
from tamis.streams.registry import registry_of_input


@dataclass(frozen=True)
class StreamJob:
    """A stream, whatever the law of the day.

    Attributes:
        source: address of the messages; not shown, for it may hold a password.
        output: address of the sink; not shown either.
        stream: id of the stream; that of one over some partitions ends in them.
        keys: reference of the keyring, or None.
        seal_to: the key that originals of quarantined messages are sealed to, or None.
        records: number of messages after which a micro-batch is closed.
        seconds: longest time that a message waits for others.
        period: time that one receipt covers.
        once: whether to end when all messages that were there at the beginning are committed.
        avro_schemas: see `avro_decoder`.
        options: Beam's own options.
        partitions: those that are read; all if none is named.
    """

    source: str = field(repr=False)
    output: str = field(repr=False)
    stream: str
    keys: str | None = None
    seal_to: PublicKey | None = None
    records: int = 5_000
    seconds: float = 0.2
    period: datetime.timedelta = datetime.timedelta(seconds=60)
    once: bool = False
    avro_schemas: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    partitions: tuple[int, ...] = ()


def decoder_of(plan: Plan, source: str | None, avro_schemas: tuple[str, ...]) -> Decode:
    """How payloads are read: as Avro where the plan's schema says so, as JSON otherwise.

    Args:
        plan: what they are judged by.
        source: address of the messages, which may name a registry; None where it is not known.
        avro_schemas: see `avro_decoder`.

    Raises:
        UsageError: the schemas cannot be read, or there is none; or the address has a registry, and
            payloads are no Avro.
    """
    address = None if source is None else parse_stream(source)
    form, registry = plan.format.name, None
    if isinstance(address, KafkaAddress):
        registry = registry_of_input(address, form)
    return avro_decoder(avro_schemas, registry) if form == "avro" else json_decoder()
