"""Judging the quarantined records of a run again, after its documents, keys or inputs' options
were mended.

Those of a batch run are read again where they stand, in inputs that must have the same digests;
those of a stream from the originals that it sealed. What comes of it is a run of its own, whose
receipt says whose records it judged (`redrives`), and counts no others.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

from tamis.address import DatabaseAddress, KafkaAddress, PubsubAddress, parse_address
from tamis.beam.batch import Input
from tamis.beam.files import digest, list_inputs
from tamis.beam.keys import PinnedKeys
from tamis.beam.select import Selection
from tamis.beam.store import Total, commit_run
from tamis.errors import KeysError, UsageError
from tamis.evidence.fail_on import USUAL_GUARDS, Guards
from tamis.evidence.receipt import InputPart, Receipt, RunFacts
from tamis.filter.drift import WITHHELD
from tamis.filter.quarantine import QUARANTINE_SCHEMA
from tamis.formats.chunk import PartKey
from tamis.keys.sealed import PrivateKey, sealed_to, unseal
from tamis.language import _
from tamis.limits import USUAL
from tamis.plan.plan import Plan
from tamis.runs.batch import Job, load_keys, run
from tamis.stores.opening import open_store
from tamis.stores.protocol import Attempt, Piece, RunStore
from tamis.streams.job import decoder_of
from tamis.streams.judge import Judge, Judged, Rows, is_ordered, partition_uri
from tamis.streams.messages import Message, MicroBatch
from tamis.telemetry.listener import SILENT, Commit, Listeners, StartedRun
from tamis.upkeep.redrive import Redrive, originals

_MESSAGES_AT_ONCE = 1_000


@dataclass(frozen=True)
class RedriveJob:
    """Judging quarantined records again.

    Attributes:
        redrive: which, and under which id.
        plan: the compiled policy, as it is now.
        output: the store that the run was committed to, and this one is.
        inputs: where the inputs stand now; where the receipt says if there are none. Of a stream
            the address of its topic, whose registry is asked for schemas.
        keys: reference of the keyring, or None.
        seal_keys: private keys of originals, by their ids.
        avro_schemas: of a stream's messages, see `avro_decoder`.
        guards: under which conditions it is not committed.
    """

    redrive: Redrive
    plan: Plan
    output: str = field(repr=False)
    inputs: tuple[str, ...] = field(default=(), repr=False)
    keys: str | None = None
    seal_keys: Mapping[str, PrivateKey] = field(default_factory=dict, repr=False)
    avro_schemas: tuple[str, ...] = ()
    guards: Guards = USUAL_GUARDS


def redrive(job: RedriveJob, listeners: Listeners = SILENT) -> tuple[Receipt, bool]:
    """Judge quarantined records again, and commit what becomes of them.

    Args:
        job: what is judged, and by what.
        listeners: who is told that it begins, is committed, or failed.

    Returns:
        The receipt, and whether another command had committed it before.

    Raises:
        UsageError: an input is not the one that was read, or originals are not kept.
        KeysError: keys are needed and there are none, or they open an original not.
        RefusedError: it found what must not be; nothing is committed.
        InputError: an input cannot be read, or its records stand elsewhere now.
        RunError: it failed; nothing is committed.
    """
    store = open_store(job.output)
    store.refuse_withdrawn(job.redrive.run)
    if job.redrive.streams:
        return _redrive_messages(job, store, listeners)
    receipt, before = run(_batch_job(job), listeners)
    assert receipt is not None  # it is launched here
    return receipt, before


def _batch_job(job: RedriveJob) -> Job:
    """The run over the inputs that hold quarantined records."""
    old = job.redrive.receipt
    records = {part.digest: part.rows for part in (job.redrive.first or old).inputs}
    wanted = [part for part in old.inputs if part.uri in job.redrive.positions]
    is_withheld = any(WITHHELD in part.uri for part in wanted)
    if is_withheld and not job.inputs:
        raise UsageError(
            _("run {run} keeps no names of its inputs: give them by --input", run=old.run)
        )
    addresses = job.inputs or tuple(part.uri for part in wanted)
    found = _find(job.plan, addresses, wanted, by_digest=is_withheld)
    return Job(
        job.plan,
        tuple(address for address, _name, _part in found),
        job.output,
        job.redrive.run,
        job.keys,
        guards=job.guards,
        inputs_by_digest=is_withheld,
        selection=Selection(
            old.run,
            {name: job.redrive.positions[part.uri] for _address, name, part in found},
            {name: records.get(part.digest, -1) for _address, name, part in found},
        ),
    )


def _find(
    plan: Plan, addresses: tuple[str, ...], wanted: Sequence[InputPart], *, by_digest: bool
) -> list[tuple[str, str, InputPart]]:
    """Where each wanted input stands now, what it is called, and what the receipt says of it.

    It is known by its digest, whatever it is called now.

    Raises:
        UsageError: one of them is not among `addresses`.
    """
    left = list(wanted)
    found = []
    for address, name, digests in _candidates(plan, addresses, by_digest=by_digest):
        same = [part for part in left if part.digest and part.digest in digests]
        part = next((part for part in same if part.uri == name), same[0] if same else None)
        if part is not None:
            left.remove(part)
            found.append((address, name, part))
    if left:
        raise UsageError(
            _(
                "{input}: no input has the digest that it had: what was quarantined of it cannot "
                "be found; give it by --input",
                input=left[0].uri,
            )
        )
    return found


def _candidates(
    plan: Plan, addresses: tuple[str, ...], *, by_digest: bool
) -> Iterator[tuple[str, str, set[str]]]:
    """Address, name and digests, of both kinds, of each input that is there."""
    tables = [each for each in map(parse_address, addresses) if isinstance(each, DatabaseAddress)]
    if tables:
        from tamis.stores.table_reader import digest_table

        for uri, table in zip(addresses, tables, strict=True):
            yield uri, table.shown, {digest_table(table, plan)}
        return
    for file in list_inputs(addresses, by_digest=by_digest):
        kinds = (None, USUAL.block_bytes) if file.bytes > USUAL.block_bytes else (None,)
        yield file.uri, file.name, {digest(file.uri, kind) for kind in kinds}


def _redrive_messages(
    job: RedriveJob, store: RunStore, listeners: Listeners
) -> tuple[Receipt, bool]:
    """Judge messages again from their sealed originals."""
    plan, name = job.plan, job.redrive.run
    ref, key_parts = load_keys(plan, job.keys)
    decode = decoder_of(plan, _source(job), job.avro_schemas)
    pinned = None if ref is None else PinnedKeys(ref)
    judge = Judge(plan, name, decode, pinned, limited=pinned.limited() if pinned else None)
    redrives = job.redrive.receipt.run
    facts = RunFacts(name, datetime.datetime.now(datetime.UTC), key_parts, redrives=redrives)
    started = StartedRun(
        plan, name, tuple(_sources(job.redrive)), store.shown, started=facts.started
    )
    with listeners.during(started):
        receipt = store.complete(name) or _commit_messages(job, store, judge, facts)
        listeners.committed(Commit.of_receipt(receipt))
    return receipt, receipt.started != facts.started


def _commit_messages(job: RedriveJob, store: RunStore, judge: Judge, facts: RunFacts) -> Receipt:
    plan, name = job.plan, facts.run
    judged = list(_judge(judge, _messages(job)))
    attempt = Attempt.begin(name)
    store.stage(attempt, plan)
    pieces: list[Piece] = []
    total = Total()
    for number, part in enumerate(judged):
        total.tally.add(part.tally)
        total.inputs += [
            Input(partition_uri(part.source, partition), read.records, read.bytes)
            for partition, read in part.ranges.items()
        ]
        for output, rows in [*part.released.items(), (None, part.quarantined)]:
            pieces += _write(store, attempt, plan, output, rows, number)
    return commit_run(store, attempt, plan, facts, total, pieces, job.guards)


def _sources(found: Redrive) -> list[str]:
    """The topics or subscriptions whose messages are judged, without credentials."""
    return sorted({_parted(source)[0] for source in found.positions})


def _source(job: RedriveJob) -> str | None:
    """The address of the messages, as the stream read them, if it is given.

    Raises:
        UsageError: it is another's.
    """
    sources = _sources(job.redrive)
    for uri in job.inputs:
        address = parse_address(uri)
        if not isinstance(address, KafkaAddress | PubsubAddress) or address.shown not in sources:
            raise UsageError(
                _(
                    "{address}: run {run} read another input: expected {source}, with the options "
                    "that it was read with",
                    address=address.shown,
                    run=job.redrive.receipt.run,
                    source=_(" or ").join(sources),
                )
            )
    return next(iter(job.inputs), None)


def _parted(source: str) -> tuple[str, int]:
    """The topic or subscription of a source, as the quarantine names it, and the partition."""
    if not is_ordered(source):
        return source, 0
    topic, _slash, number = source.rpartition("/")
    return topic, int(number)


def _messages(job: RedriveJob) -> Iterator[MicroBatch]:
    """The originals, opened, by the topic or subscription that they came from."""
    by_source: defaultdict[str, list[Message]] = defaultdict(list)
    for row in originals(job.output, job.redrive):
        key = job.seal_keys.get(sealed_to(row.sealed or b"") or "")
        if key is None:
            raise KeysError(
                _(
                    "{source}: position {position}: is sealed to key {key}: give it by --key",
                    source=row.source,
                    position=row.position,
                    key=sealed_to(row.sealed or b"") or "?",
                )
            )
        opened = unseal(row.sealed or b"", key, row.source, row.position)
        topic, partition = _parted(row.source)
        message = Message(partition, row.position, opened.value, opened.key, opened.headers)
        by_source[topic].append(message)
    for topic, messages in by_source.items():
        messages.sort(key=lambda message: (message.partition, message.offset))
        for start in range(0, len(messages), _MESSAGES_AT_ONCE):
            yield MicroBatch(topic, tuple(messages[start : start + _MESSAGES_AT_ONCE]))


def _judge(judge: Judge, batches: Iterator[MicroBatch]) -> Iterator[Judged]:
    for batch in batches:
        yield judge.judge(batch)


def _write(
    store: RunStore, attempt: Attempt, plan: Plan, output: str | None, rows: Rows, number: int
) -> Iterator[Piece]:
    """Write rows of an output, those of each partition for themselves."""
    data = rows.data
    if output is None:  # the original stays where it is
        data = data.select(QUARANTINE_SCHEMA.names).cast(QUARANTINE_SCHEMA)
    writer = store.writer(attempt, plan, output)
    try:
        writer.begin()
        for partition in sorted(set(rows.partitions.to_pylist())):
            own = pc.equal(rows.partitions, partition)
            place = PartKey(partition, number)
            yield from writer.write(data.filter(own), place, 0, rows.offsets.filter(own))
        yield from writer.finish()
    finally:
        writer.close()
