"""How fast and how true the NIR engine is, beside Polars and python-stdnum, in one run.

    python tests/benchmarks/bench_nir.py [ROWS] [find|number|stdnum ...]

CPU is user and system of the whole process; each figure is the best of five calls, the tools in
turn. `equivalent` finds the common forms: the INSEE layout with any common separators, Corsica, a
key glued, apart, in parentheses or behind its word; `broad` also takes any Unicode digit and space,
and OCR letters, as the finder does. Neither checks the key, reads a label, or looks at what stands
around the number.

`plain` comments hold compact and grouped NIRs, half each; in `mixed` ones four in ten are written
otherwise: other separators, Corsica, key apart, in parentheses or mistyped, 13 behind a label.
"""

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa
from stdnum.fr import nir as stdnum_nir

from tamis.nir.find import redact
from tamis.nir.identifiers import judge_identifiers, key_of

_PROSE = (
    "le stagiaire a été reçu par la conseillère afin de préparer son dossier de formation puis il "
    "a demandé une attestation à l'organisme Dupont Nîmes rappeler demain validé en attente "
    "financement projet professionnel bilan compétences entretien mobilisé droits heures euros"
)
_GAP = r"[ \t\n.\-_/\u00a0\u2007\u2009\u202f]{0,4}"
_BROAD_GAP = r"[\s\p{Zs}\p{Cf}.,\-\p{Pd}·_/]{0,4}"
EQUIVALENT = (
    rf"[1-8]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9][0-9ABab]{_GAP}[0-9]{_GAP}[0-9]{{2}}{_GAP}"
    rf"[0-9]{{3}}(?:(?:{_GAP}| ?\(| ?,? ?-? ?\(?[Cc]l[ée]f? ?:? ?)[0-9]{{2}}\)?)?"
)
BROAD = (
    rf"[\p{{Nd}}Il](?:{_BROAD_GAP}[\p{{Nd}}ABabOoIlS]){{12}}"
    rf"(?:{_BROAD_GAP}(?:\(?(?i:cl[ée]f? ?:? ?)?)[\p{{Nd}}OIlSB]{{2}}\)?)?"
)


def comments(rows: int, share: float, *, mixed: bool = False, seed: int = 7) -> pa.Array:
    """`rows` French comments of about 120 characters, of which `share` hold a NIR.

    15 % hold a date, 5 % a phone number, 2 % a SIRET.
    """
    rng = random.Random(seed)
    pool, words = [], _PROSE.split()
    for _ in range(20_000):
        text = " ".join(rng.choices(words, k=rng.randint(14, 20)))
        chance = rng.random()
        if chance < 0.15:
            text += f" le {rng.randint(1, 28):02}/{rng.randint(1, 12):02}/20{rng.randint(10, 26)}"
        elif chance < 0.20:
            text += ", tél 06" + "".join(f" {rng.randint(10, 99)}" for _ in range(4))
        elif chance < 0.22:
            text += f" SIRET {rng.randint(10**13, 10**14 - 1)}"
        pool.append(text)
    texts = []
    for _ in range(rows):
        text = rng.choice(pool)
        if rng.random() < share:
            written = rng.choice((_number, _grouped))(rng)
            if mixed and rng.random() < 0.4:
                written = rng.choices(_OTHER_FORMS, _SHARES)[0](rng)
            place = text.find(" ", rng.randrange(len(text)))
            place = len(text) if place < 0 else place
            text = f"{text[:place]} {written}{text[place:]}"
        texts.append(text)
    return pa.array(texts)


def _number(rng: random.Random, place: str = "") -> str:
    place = place or f"{rng.randint(1, 95):02}"
    body = (
        f"{rng.choice('12')}{rng.randint(0, 99):02}{rng.randint(1, 12):02}"
        f"{place}99{rng.randint(1, 9)}{rng.randint(990, 999)}"
    )
    return f"{body}{key_of(body):02}"


def _cut(number: str, gap: str = " ") -> str:
    return gap.join(
        number[a:b] for a, b in pairwise([0, 1, 3, 5, 7, 10, 13, 15]) if a < len(number)
    )


def _grouped(rng: random.Random) -> str:
    return _cut(_number(rng))


def _corsican(rng: random.Random) -> str:
    number = _number(rng, rng.choice(("2A", "2B")))
    return rng.choice((number, number.lower(), _cut(number)))


def _apart(rng: random.Random) -> str:
    number = _number(rng)
    between, behind = rng.choice(
        ((" ", ""), ("\u00a0", ""), (" (", ")"), ("(", ")"), (" clé ", ""), (" clé : ", ""))
    )
    return number[:13] + between + number[13:] + behind


_OTHER_FORMS: list[Callable[[random.Random], str]] = [
    lambda rng: _cut(_number(rng), rng.choice(("\u00a0", "\u202f", ".", "-", "/"))),
    _corsican,
    _apart,
    lambda rng: "NIR : " + _number(rng)[:13],
    lambda rng: "n° de sécurité sociale " + _cut(_number(rng)[:13]),
    lambda rng: _cut(_number(rng)).replace(" ", rng.choice(".-\u00a0"), rng.randint(1, 5)),
    lambda rng: _cut(f"{_number(rng)[:13]}{rng.randint(1, 97):02}"),
]
_SHARES = [10, 4, 12, 5, 3, 3, 3]


def cpu(*calls: Callable[[], object], repeat: int = 5) -> list[float]:
    """The least CPU seconds of each call, the calls in turn."""
    best = [float("inf")] * len(calls)
    for _ in range(repeat):
        for place, call in enumerate(calls):
            begin = time.process_time()
            call()
            best[place] = min(best[place], time.process_time() - begin)
    return best


def bench_find(rows: int) -> None:
    for mixed in (False, True):
        for share in (0.02, 0.5):
            array = comments(rows, share, mixed=mixed)
            series = pl.Series(array)
            ours, equivalent, broad = cpu(
                partial(redact, array),
                partial(series.str.replace_all, EQUIVALENT, "[NIR]"),
                partial(series.str.replace_all, BROAD, "[NIR]"),
            )
            hits = int(redact(array)[1].sum())
            print(
                f"find, {'mixed' if mixed else 'plain'}, {share:.0%} hits ({hits}): "
                f"tamis {ours:.3f} s, Polars equivalent {equivalent:.3f} s "
                f"(ratio {ours / equivalent:.2f}), broad {broad:.3f} s (ratio {ours / broad:.2f})"
            )


def bench_number(rows: int) -> None:
    rng = random.Random(5)
    numbers = [int(_number(rng)) for _ in range(min(rows, 200_000))]
    integers = pa.array(np.resize(np.array(numbers), rows))
    for name, array in {
        "int64": integers,
        "15 characters": integers.cast(pa.string()),
        "float64": integers.cast(pa.float64()),
        "decimal": integers.cast(pa.decimal128(19, 0)),
    }.items():
        (seconds,) = cpu(partial(judge_identifiers, array))
        print(f"judge, {name}: {rows / seconds / 1e6:.1f} M values/s")


def compare_stdnum(rows: int) -> None:
    """Count agreements; what differs has the right key but no NIR's layout (tests say which)."""
    rng = random.Random(9)
    values = []
    for _ in range(rows):
        number = _number(rng) if rng.random() < 0.5 else str(rng.randint(10**14, 10**15 - 1))
        if rng.random() < 0.5:
            place = rng.randrange(15)
            number = number[:place] + rng.choice("0123456789AB") + number[place + 1 :]
        values.append(number)
    ours = judge_identifiers(pa.array(values)).canonical.is_valid().to_numpy(zero_copy_only=False)
    theirs = np.array([stdnum_nir.is_valid(value) for value in values])
    layout = judge_identifiers(pa.array(values))
    stricter = theirs & ~ours
    print(
        f"stdnum, {rows} numbers: {int((ours == theirs).sum())} agree, "
        f"{int((ours & ~theirs).sum())} only ours, {int(stricter.sum())} only stdnum's "
        f"(of these {int((stricter & layout.malformed).sum())} have no NIR's layout)"
    )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    chosen = sys.argv[2:] or ["find", "number", "stdnum"]
    for part, run in (("find", bench_find), ("number", bench_number), ("stdnum", compare_stdnum)):
        if part in chosen:
            run(count)
