"""Files that are released as a whole or not at all: what breaks the rules of their format.

A file is read twice: first to judge it, then for its records, all of which are rejects if it broke
a rule. So nothing of it is held.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.documents.feed_format import WholeFile
from tamis.errors import InputError
from tamis.filter.quarantine import REJECTS
from tamis.formats.chunk import Chunk
from tamis.formats.csv import UNDECODABLE
from tamis.language import _
from tamis.plan.plan import Plan

_RULE: Final = "whole file: "


class Breach(NamedTuple):
    """Why no record of a file may be released.

    Attributes:
        field: path of the field; empty where the file as such is meant.
        rule: what was not met.
    """

    field: str
    rule: str


class Watched:
    """A stream that knows how much was read of it, and how that ended.

    Attributes:
        bytes: read so far.

    Example:
        >>> import io
        >>> watched = Watched(io.BytesIO(b"id\\n7"))
        >>> watched.read(9), watched.bytes, watched.ends_in_line_break
        (b'id\\n7', 4, False)
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._end = b""
        self.bytes = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        data = self._stream.read(size)
        self.bytes += len(data)
        self._end = data[-4:] or self._end
        return data

    @property
    def ends_in_line_break(self) -> bool:
        """Whether the last character read is one, in UTF-16 and UTF-32 too."""
        return self._end.rstrip(b"\0")[-1:] in (b"\n", b"\r")


def breach_of(chunks: Iterable[Chunk], stream: Watched, plan: Plan, uri: str) -> Breach | None:
    """The first rule for whole files that a file breaks; None if it keeps all.

    Args:
        chunks: of all its records.
        stream: that they are read from.
        plan: whose format has the rules.
        uri: of the file.

    Raises:
        InputError: the file cannot be read.
    """
    rules = plan.format.whole_file
    assert rules is not None
    name = uri.rpartition("/")[2]
    if rules.file_name is not None and not re.fullmatch(rules.file_name, name):
        return Breach("", f"{_RULE}file_name")
    records: dict[str, Counter[Any]] = {name: Counter() for name in rules.most_records}
    for chunk in chunks:
        breach = _breach_in(chunk, rules, records)
        if breach is None and rules.most_bytes and stream.bytes > rules.most_bytes:
            breach = Breach("", f"{_RULE}most_bytes: {rules.most_bytes}")
        if breach is not None:
            return breach
    if rules.ends_in_line_break and not stream.ends_in_line_break:
        return Breach("", f"{_RULE}ends_in_line_break")
    return None


def _breach_in(chunk: Chunk, rules: WholeFile, records: dict[str, Counter[Any]]) -> Breach | None:
    if rules.exact_columns and chunk.missing:
        return Breach(min(chunk.missing), f"{_RULE}exact_columns")
    if rules.exact_columns and chunk.unknown:
        return Breach("", f"{_RULE}exact_columns")
    if chunk.rejects.num_rows:
        return Breach("", _RULE + chunk.rejects.column("rule")[0].as_py())
    if UNDECODABLE in chunk.anomalies:
        return Breach("", f"{_RULE}encoding")
    for name, most in rules.most_records.items():
        if name in chunk.data.schema.names:
            for count in pc.value_counts(chunk.data.column(name).drop_null()).to_pylist():
                records[name][count["values"]] += count["counts"]
            if max(records[name].values(), default=0) > most:
                return Breach(name, f"{_RULE}most_records: {most}")
    return None


def rejected(chunks: Iterable[Chunk], breach: Breach, source: str) -> Iterator[Chunk]:
    """The chunks of a file with all their rows as rejects, in the order of their positions.

    Raises:
        InputError: the file has no record that could be one, as where it is cut in its header.
    """
    records = 0
    for chunk in chunks:
        records += chunk.records
        yield _rejected(chunk, breach)
    if not records:
        rule = breach.rule.removeprefix(_RULE)
        problem = _("has no record, and does not meet the rule `{rule}` for whole files", rule=rule)
        raise InputError(source, problem)


def _rejected(chunk: Chunk, breach: Breach) -> Chunk:
    count = len(chunk.positions)
    if not count:
        return chunk
    rows = pa.RecordBatch.from_arrays(
        [chunk.positions, *(pa.repeat(text, count) for text in ("incomplete", *breach))],
        schema=REJECTS,
    )
    rejects = pa.concat_batches([chunk.rejects, rows])
    order = np.argsort(rejects.column("position").to_numpy(), kind="stable")
    return replace(chunk.first(0, 0), rejects=rejects.take(pa.array(order)))
