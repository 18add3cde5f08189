"""Damaged CSV files: every line is accounted for, and no dropped value stands in a kept column.

    python -m tests.fuzz.damaged_csv [FILES [SEED]]

Each cell holds a word of its own, so that a value in a wrong place is seen.
"""

import csv
import io
import re
import sys
from collections import Counter
from random import Random
from typing import Any

from tamis.documents.feed_format import CsvOptions, Format
from tamis.errors import InputError
from tamis.formats.csv import UNREADABLE_QUOTE, read_csv
from tamis.limits import Limits
from tamis.plan.plan import PlanField
from tests.fuzz.slow_csv import SlowReader
from tests.plans import plan_of

_WORD = re.compile(r"mot(\d+)x(\d+)")


def check_damaged_file(random: Random) -> str:
    """Write a file, damage it, read it; return what kind of damage it had and what came of it."""
    width = random.randint(2, 8)
    options = CsvOptions(
        separator=random.choice(",;\t|"),
        quote=random.choice('""\''),
        escape=random.choice([None, None, "\\"]),
        encoding=random.choice(["utf-8", "utf-8", "cp1252", "utf-16-le"]),
    )
    kept = sorted(random.sample(range(width), random.randint(1, width)))
    rows = [[_cell(random, row, place, options) for place in range(width)] for row in range(1, 20)]
    text = _written(rows, options, random)
    damage = random.choice([_quotes_before_words, _stray_marks, _stray_quotes, _moved_bytes])
    text = damage(text, options, random)
    names = [f"c{place}" for place in range(width)]
    fields = [PlanField(names[place], "string") for place in kept]
    plan = plan_of(*fields, form=Format(name="csv", csv=options), known=tuple(names))
    header = options.separator.join(names) + "\n"
    limits = Limits(chunk_records=7, csv_block_bytes=random.choice([300, 1000, 1 << 20]))
    stream = io.BytesIO((header + text).encode(options.encoding))
    try:
        chunks = list(read_csv(stream, plan, "f.csv", limits))
    except InputError as error:
        if "is longer than" not in str(error):
            raise
        return f"{damage.__name__}: refused"
    found: Counter[str] = Counter()
    for chunk in chunks:
        for position, row in zip(chunk.positions.to_pylist(), chunk.data.to_pylist(), strict=True):
            found[str((position, list(row.values())))] += 1
        for reject in chunk.rejects.to_pylist():
            found[str((reject["position"], reject["rule"]))] += 1
        found["empty"] += chunk.anomalies.get("csv-empty-lines", 0)
    assert +found == +_expected(text, options, width, kept), (text, options)
    return f"{damage.__name__}: {_misplaced(chunks, kept)}"


def _quote(options: CsvOptions) -> str:
    assert options.quote, "files without quotes are not damaged here"
    return options.quote


def _cell(random: Random, row: int, place: int, options: CsvOptions) -> str:
    word = f"mot{row}x{place}"
    marks = [options.separator, _quote(options), "\n", "\r\n", options.escape or "é", " ", "é"]
    dressed = "".join([random.choice(marks), word, random.choice(marks)])
    return random.choice([word, word, word, "", dressed])


def _written(rows: list[list[str]], options: CsvOptions, random: Random) -> str:
    out = io.StringIO(newline="")
    csv.writer(
        out,
        delimiter=options.separator,
        quotechar=_quote(options),
        escapechar=options.escape,
        doublequote=options.escape is None,
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=random.choice(["\n", "\r\n"]),
    ).writerows(rows)
    return out.getvalue()


def _quotes_before_words(text: str, options: CsvOptions, random: Random) -> str:
    """People's own quotes, as an export writes them that escapes none."""
    starts = [match.start() for match in _WORD.finditer(text)]
    for start in sorted(random.sample(starts, min(len(starts), random.randint(1, 4))))[::-1]:
        text = text[:start] + _quote(options) + text[start:]
    return text


def _stray_quotes(text: str, options: CsvOptions, random: Random) -> str:
    return _strewn(text, [_quote(options)], random)


def _stray_marks(text: str, options: CsvOptions, random: Random) -> str:
    marks = [options.separator, _quote(options), "\n", "\r", "\r\n", "x", options.escape or "\\"]
    return _strewn(text, [*marks, options.separator * 3 + "\n"], random)


def _moved_bytes(text: str, options: CsvOptions, random: Random) -> str:
    for _time in range(random.randint(1, 3)):
        start, stop, to = sorted(random.randrange(len(text) + 1) for _end in range(3))
        text = text[:start] + text[stop:to] + text[start:stop] + text[to:]
    return text


def _strewn(text: str, marks: list[str], random: Random) -> str:
    """The text with marks put in, and characters taken out, at a few places."""
    for _time in range(random.randint(1, 5)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice([*marks, ""]) + text[at + random.randint(0, 1) :]
    return text


def _expected(text: str, options: CsvOptions, width: int, kept: list[int]) -> Counter[str]:
    expected: Counter[str] = Counter()
    number = lines = 0
    if options.escape and not text.endswith(("\r", "\n")):
        text += "\n"
    for entry in SlowReader(text, options.separator, _quote(options), options.escape).entries():
        lines += entry.lines
        if entry.fields is None:
            for line in range(entry.lines):
                expected[str((number + line + 1, UNREADABLE_QUOTE))] += 1
            number += entry.lines
        elif entry.is_empty:
            expected["empty"] += 1
        elif entry.fields:
            number += 1
            if len(entry.fields) == width:
                values = [entry.fields[place] or None for place in kept]
                expected[str((number, values))] += 1
            else:
                rule = f"fields expected: {width}, found: {len(entry.fields)}"
                expected[str((number, rule))] += 1
    assert lines == len(io.StringIO(text, newline="").readlines())
    return expected


def _misplaced(chunks: list[Any], kept: list[int]) -> str:
    """Whether a word stands in the column of another, or two of several records in one value."""
    words = mixed = False
    for chunk in chunks:
        for place, column in zip(kept, chunk.data.columns, strict=True):
            for value in column.drop_null().to_pylist():
                found = _WORD.findall(value)
                words |= any(int(other) != place for _row, other in found)
                mixed |= len({row for row, _place in found}) > 1
    if mixed:
        return "a value of two records"
    return "a value in another column" if words else "right"


def main(files: int, seed: int) -> None:
    """Check files, and print how many of them had which end."""
    random = Random(seed)
    ends = Counter(check_damaged_file(random) for _file in range(files))
    for end, count in sorted(ends.items()):
        print(f"{count:8}  {end}")


if __name__ == "__main__":
    main(*map(int, [*sys.argv[1:], "1000", "1"][:2] if len(sys.argv) < 3 else sys.argv[1:3]))
