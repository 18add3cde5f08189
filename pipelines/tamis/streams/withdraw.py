"""Withdrawals from topics: what was sent stays with whoever read it, so that a record tells them.

In the receipts' topic `T.receipts` the removal of a period has the key `withdrawn/<run>`. Whoever
reads `T` removes the records whose header `legal_run` is the stream's and that are of the period's
offsets, as its receipt says. The topics keep them for as long as they are set to.
"""

import json
from collections.abc import Iterator

from confluent_kafka import KafkaException, Producer

from tamis.address import KafkaAddress
from tamis.documents.positions import suggest
from tamis.errors import RunError, UsageError
from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import Removal, check_reason
from tamis.language import _
from tamis.streams.kafka import ANSWER_SECONDS, make_client
from tamis.streams.receipts_topic import ReceiptsTopic
from tamis.streams.sink import Topics

_KEY = "withdrawn/"


def withdraw_from_topic(address: KafkaAddress, run: str, because: str) -> list[Removal]:
    """Tell readers of a topic that a period, or all periods of a stream, are withdrawn.

    Args:
        address: of the topic that the stream writes to.
        run: id of the period, or of the stream.
        because: the reason, in three words or more.

    Returns:
        The removal of each period, those that had been told before among them.

    Raises:
        UsageError: no receipt in `T.receipts` is of it, or a period of it has not ended.
        RunError: the broker does not answer.
    """
    reason = check_reason(because)
    topic = f"{address.topic}.receipts"
    records = dict(_records(address, topic))
    receipts = [Receipt.from_json(value) for value in _of_receipts(records)]
    chosen = [receipt for receipt in receipts if run in (receipt.run, receipt.stream)]
    if not chosen:
        text = _("{store}: run {run} is not committed", store=address.shown, run=run)
        raise UsageError(text + suggest(run, [receipt.run for receipt in receipts]))
    under_way = {
        json.loads(value).get("run")
        for key, value in records.items()
        if key.startswith("positions/")
    }
    for receipt in chosen:
        if receipt.run in under_way:
            text = _("{store}: period {run} is still under way: end its stream first")
            raise UsageError(text.format(store=address.shown, run=receipt.run))
    removals = []
    producer = make_client(Producer, address, {"acks": "all", "enable.idempotence": True})
    for receipt in chosen:
        before = records.get(_KEY + receipt.run)
        if before:
            removals.append(Removal.from_json(before))
            continue
        removals.append(Removal.of(receipt, "withdrawn", reason))
        producer.produce(topic, removals[-1].to_json(), _KEY + receipt.run)
    try:
        left = producer.flush(ANSWER_SECONDS)
    except KafkaException:
        left = 1
    if left:
        why = _("no answer from the broker within {seconds:.0f} s", seconds=ANSWER_SECONDS)
        raise RunError(f"{address.shown}: {why}")
    return removals


def _records(address: KafkaAddress, topic: str) -> Iterator[tuple[str, str]]:
    """The last record of each key; what was taken away has none."""
    last: dict[str, str] = {}
    for key, value in ReceiptsTopic(address, Topics({}, "", topic), "withdraw").records():
        last[key.decode()] = value.decode()
    return ((key, value) for key, value in last.items() if value)


def _of_receipts(records: dict[str, str]) -> Iterator[str]:
    return (value for key, value in sorted(records.items()) if "/" not in key)
