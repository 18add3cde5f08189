"""The dirty feed of `feed.py` as messages: JSON objects of 31 fields, some of them poison."""

import datetime
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.feed import make_table

POISON = 100
"""One message of so many is cut in half, where messages are to have errors."""


def messages(rows: int, *, poison: bool = False, seed: int = 1) -> Iterator[bytes]:
    """`rows` messages of about 870 bytes."""
    chance = np.random.default_rng(seed)
    for first in range(0, rows, 10_000):
        table = make_table(chance, first, min(10_000, rows - first))
        for number, record in enumerate(table.to_pylist(), first):
            payload = orjson.dumps({name: _value(value) for name, value in record.items()})
            yield payload[: len(payload) // 2] if poison and number % POISON == 0 else payload


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime.date) else value
