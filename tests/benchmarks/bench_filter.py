"""Conforming and the gate, a column at a time: `python tests/benchmarks/bench_filter.py [ROWS]`.

CPU nanoseconds a value, one thread, best of some rounds; beside each column, what it costs when
it comes as a dictionary, as a batch run reads it from Parquet. The gate sees text redacted.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
from feed import make_table

from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.filter.nested import open_column
from tamis.filter.parse_text import TextDialect
from tamis.nir.find import redact
from tamis.plan.plan import PlanField

ROUNDS = 7
COLUMNS = {
    "dossier": "string",
    "organisme": "string",
    "commentaire": "string",
    "date_naissance": "date32",
    "heures": "int32",
    "montant": "decimal128(19, 2)",
    "maj_le": "timestamp[us]",
}


def main(rows: int) -> None:
    """Measure, and print a line a column."""
    table = make_table(np.random.default_rng(1), 0, rows)
    print(f"{rows:,} values, ns a value")
    print(f"{'column':<18}{'conform':>9}{'coded':>9}{'gate':>9}{'coded':>9}")
    for name, kind in COLUMNS.items():
        plain = table.column(name).combine_chunks()
        spec = PlanField(name, kind)
        arrays = plain, plain.dictionary_encode()
        told = [_cost(partial(open_column, array, spec, TextDialect()), rows) for array in arrays]
        if name == "commentaire":
            plain, _ = redact(plain)
        arrays = plain, plain.dictionary_encode()
        told += [_cost(partial(find_leaks, [GateColumn(name, array)]), rows) for array in arrays]
        print(f"{name:<18}" + "".join(f"{finding:>9.2f}" for finding in told))


def _cost(work: Callable[[], object], rows: int) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return 1e9 * min(seconds) / rows


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 131_072)
