"""The loop that a user would write: a topic into a table, row by row, 500 rows a transaction.

    python tests/benchmarks/contenders/by_loop.py BROKER TOPIC URI TABLE

It ends when the topic does. The job is that of policy `evaluation-cpf` for `message` in
tests/e2e/streaming.py: check the NIR's key, pseudonym, coarser dates and amounts, the legal tags.
"""

import hashlib
import hmac
import json
import sys
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

KEY = bytes(32)
ROWS = 500
COLUMNS = (
    *("pseudonyme", "date_naissance", "sexe", "region_residence", "code_rncp", "entree_le"),
    *("montant_total", "legal_item", "legal_purpose", "legal_version", "legal_processing"),
    *(
        "legal_attested",
        "legal_policy",
        "legal_run",
        "legal_law",
        "legal_status",
        "legal_retention",
    ),
    *("_input", "_position"),
)
TAGS = (
    *("R6323-37.III.2", "R6323-33.5", "LEGIARTI000050924157", "systeme-evaluation-cpf"),
    *("example", "evaluation-cpf@0123456789ab", "loop", "bundled"),
    *("confirmed", None),
)


def main(broker: str, topic: str, uri: str, table: str) -> None:
    """Read the topic to its end."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": uuid4().hex,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    partitions = set(consumer.list_topics(topic, 10).topics[topic].partitions)
    consumer.assign(
        [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions]
    )
    marks = ", ".join(["%s"] * len(COLUMNS))
    insert = f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES ({marks})".encode()
    reject = f"INSERT INTO {table}_quarantine VALUES (%s, %s, %s)".encode()
    with psycopg.connect(uri) as connection:
        while partitions:
            rows, rejected = [], []
            for message in consumer.consume(ROWS, 0.1):
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        partitions.discard(message.partition())
                    continue
                place = (message.partition(), message.offset())
                try:
                    row = minimize(json.loads(message.value()))
                except ValueError as fault:
                    rejected.append((*place, type(fault).__name__))
                    continue
                if row is not None:
                    rows.append((*row, *TAGS, *place))
            with connection.cursor() as cursor:
                if rows:
                    cursor.executemany(insert, rows)
                if rejected:
                    cursor.executemany(reject, rejected)
            connection.commit()
            if rows or rejected:
                consumer.commit(asynchronous=True)
    consumer.close()


def minimize(record: dict[str, Any]) -> tuple[Any, ...] | None:
    """What is released of a record, or None; ValueError where it cannot be judged."""
    if record["dispositif"] != "CPF":
        return None
    nir = record["nir"].replace(" ", "").upper()
    digits = nir[:13].replace("2A", "19").replace("2B", "18")
    if len(nir) != 15 or 97 - int(digits) % 97 != int(nir[13:]):
        raise ValueError("NIR")
    pseudonym = hmac.new(KEY, nir[:13].encode(), hashlib.sha256).hexdigest()
    return (
        pseudonym,
        record["date_naissance"][:4] + "-01-01",
        record["sexe"],
        record["region_residence"],
        record["code_rncp"],
        f"{record['entree_le'][:5]}{(int(record['entree_le'][5:7]) - 1) // 3 * 3 + 1:02d}-01",
        record["montant_total"] // 500 * 500,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
