"""Messages, a plan and keys for the tests of streams."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tamis.documents.calendar import today
from tamis.evidence.receipt import KeyPart
from tamis.keys.keyring import DerivedKey
from tamis.keys.sealed import PublicKey
from tamis.plan.plan import Plan
from tamis.plan.project import bundled_project
from tamis.streams.judge import Judge, Judged
from tamis.streams.messages import Message, MicroBatch, json_decoder
from tamis.synthetic.files import json_value
from tamis.synthetic.records import DIRTY, Dirt, make_records

POLICY = "evaluation-cpf"
RELEASE = "evaluation"
SOURCE = "kafka://broker:9092/feed"
STREAM = "essai"

NIR = "155087599999193"
"""Of a commune that does not exist."""


class Keys:
    """A keyring that makes keys out of names."""

    def key(self, processing: str, item: str, method: str, kind: str | None = None) -> DerivedKey:
        key = hashlib.sha256(f"{processing}|{item}|{method}".encode()).digest()
        return DerivedKey(key, 1, "essai")


@lru_cache
def key_parts() -> tuple[KeyPart, ...]:
    """What receipts say of the keys that `Keys` makes for the plan."""
    (release,) = plan().releases
    processing = plan().processing
    return (KeyPart(processing=processing, item=release.item, epoch=1, key_id="essai"),)


@lru_cache
def plan() -> Plan:
    return bundled_project().plan(POLICY, today())


@lru_cache
def records(count: int = 60, seed: int = 3, dirt: Dirt = DIRTY) -> tuple[Mapping[str, Any], ...]:
    """Records that are released, withheld and quarantined."""
    project = bundled_project()
    policy, _ = project.policy(POLICY)
    schema, _ = project.schema(policy.schema_)
    return tuple(make_records(schema, count, seed=seed, policies=[policy], dirt=dirt))


def payload(record: Mapping[str, Any], **other: Any) -> bytes:
    return json.dumps({**record, **other}, default=json_value).encode()


def payloads(count: int = 60) -> list[bytes]:
    return [payload(record) for record in records(count)]


def clean() -> dict[str, Any]:
    """A record that is released."""
    return {**records(1, 5, Dirt())[0], "dispositif": "CPF", "nir": NIR, "nir_cle": None}


def message(offset: int, value: bytes | None, partition: int = 0, **other: Any) -> Message:
    return Message(partition, offset, value, **other)


def micro_batch(values: Iterable[bytes | None], first: int = 0, partitions: int = 1) -> MicroBatch:
    """Messages dealt to partitions in turn, with the offsets from `first` on in each."""
    messages = (
        message(first + number // partitions, value, number % partitions)
        for number, value in enumerate(values)
    )
    return MicroBatch(SOURCE, tuple(messages))


def judge(given: MicroBatch, seal_to: PublicKey | None = None, stream: str = STREAM) -> Judged:
    return Judge(plan(), stream, json_decoder(), Keys(), seal_to).judge(given)


def split(given: MicroBatch, sizes: Sequence[int]) -> list[MicroBatch]:
    """The same messages in micro-batches of the given sizes, and the rest in one more."""
    parts, at = [], 0
    for size in [*sizes, len(given.messages)]:
        part = given.messages[at : at + size]
        at += size
        if part:
            parts.append(replace(given, messages=part))
    return parts


def released(*all_judged: Judged) -> dict[tuple[int, int], dict[str, Any]]:
    """Released rows by partition and offset."""
    rows_by_place: dict[tuple[int, int], dict[str, Any]] = {}
    for judgement in all_judged:
        for rows in judgement.released.values():
            places = zip(rows.partitions.to_pylist(), rows.offsets.to_pylist(), strict=True)
            rows_by_place.update(zip(places, rows.data.to_pylist(), strict=True))
    return rows_by_place


def quarantined(*all_judged: Judged) -> dict[tuple[int, int], tuple[str, str, str]]:
    """Reason, field and rule of quarantined messages by partition and offset."""
    faults = {}
    for judgement in all_judged:
        rows = judgement.quarantined
        places = zip(rows.partitions.to_pylist(), rows.offsets.to_pylist(), strict=True)
        for place, row in zip(places, rows.data.to_pylist(), strict=True):
            faults[place] = (row["reason"], row["field"], row["rule"])
    return faults
