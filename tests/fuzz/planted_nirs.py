"""NIRs of all kinds, planted in texts: what neither the finder nor the gate stops.

    python -m tests.fuzz.planted_nirs [CASES A KIND] [SEED]

Kinds are those of the three corpora of `tests/nir`, and whatever may part the digits of a NIR in
`tests/filter/test_gate_texts.py`. A text gets through if a NIR is left after redaction and the gate
does not stop what is left. Told by kind, and what the gate alone stops.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from tamis.filter.gate.gate import GateColumn, find_leaks
from tamis.nir.find import redact
from tests.filter.test_gate_texts import BETWEEN, cut
from tests.nir import corpus, second_corpus, third_corpus

BODY = 13
SLICE = 4_096  # texts a batch


def planted(seed: int, per_kind: int) -> Iterator[tuple[str, str, int]]:
    """Kind, text, and how many NIRs are in it."""
    for name, module in (("first", corpus), ("second", second_corpus)):
        for case in module.cases(seed, per_kind):
            if case.group != corpus.LOOKALIKE:
                yield f"{name} corpus, {case.group}: {case.kind}", case.text, len(case.spans)
    for comment in third_corpus.comments(seed, 100 * per_kind, nirs=1):
        yield f"third corpus, {comment.group}: {comment.kind}", comment.text, 1
    rng = random.Random(seed)
    for gap_name, gap in BETWEEN.items():
        for _ in range(per_kind):
            person = rng.choice((corpus.body, corpus.corsican))(rng)
            number = rng.choice((person + corpus.key(person), person))
            label = "NIR : " if len(number) == BODY else ""
            yield f"between: {gap_name}", f"M. X, {label}{cut(number, gap)}, à rappeler", 1


def main(per_kind: int, seed: int) -> None:
    """Tell by kind how many get through."""
    cases = list(planted(seed, per_kind))
    through, past_gate, kinds = Counter[str](), Counter[str](), Counter[str]()
    for first in range(0, len(cases), SLICE):
        some = cases[first : first + SLICE]
        texts = pa.array([text for _kind, text, _count in some])
        redacted, counts = redact(texts)
        left = find_leaks([GateColumn("text", redacted)]).rows.tolist()
        alone = find_leaks([GateColumn("text", texts)]).rows.tolist()
        for (kind, _text, count), hits, row, raw in zip(
            some, counts.tolist(), left, alone, strict=True
        ):
            kinds[kind] += 1
            through[kind] += hits < count and row < 0
            past_gate[kind] += raw < 0
    print(f"{len(cases)} texts, seed {seed}: {through.total()} get through both,")
    print(f"{past_gate.total()} would get through the gate alone")
    for kind in sorted(kinds, key=lambda kind: (-through[kind], -past_gate[kind])):
        if through[kind] or past_gate[kind]:
            print(f"  {kind}: {through[kind]}, {past_gate[kind]} of {kinds[kind]}")


if __name__ == "__main__":
    options = [int(option) for option in sys.argv[1:]]
    main(*options, *(100, 20261129)[len(options) :])
