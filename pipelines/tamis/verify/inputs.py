"""What a receipt says of its inputs, as far as they are still there: they are read again."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from tamis.address import is_local
from tamis.errors import InputError
from tamis.evidence.receipt import Drift, InputPart, Receipt
from tamis.filter.drift import WITHHELD, add_names, told_names
from tamis.formats.chunk import Chunk
from tamis.formats.compression import decompressed
from tamis.formats.content import content_of
from tamis.formats.digests import sha256_of, sha256_tree
from tamis.formats.parquet import count_rows, read_parquet, split
from tamis.formats.partitions import add_partitions
from tamis.formats.readers import read_whole
from tamis.formats.suffixes import format_of
from tamis.language import _
from tamis.plan.plan import Plan
from tamis.verify.figures import Finding, judged


class Inputs:
    """The inputs of a receipt, read again.

    Args:
        plan: that the receipt's digest is of, or None: then no records are counted again.
    """

    def __init__(self, receipt: Receipt, plan: Plan | None) -> None:
        self._receipt = receipt
        self._plan = plan
        self._unknown: dict[str, int] = {}
        self._missing: set[str] = set()
        self._are_read = plan is not None

    def check(self) -> Iterator[Finding]:
        """A finding for each claim of each input, and of what all of them lack or have too much."""
        for source in self._receipt.inputs:
            yield from self._input(source)
        if self._are_read:
            drift = Drift(unknown=told_names(self._unknown), missing=sorted(self._missing))
            same = drift == self._receipt.drift
            yield judged(same, _("columns that are unknown or missing are those of the inputs"))

    def _input(self, source: InputPart) -> Iterator[Finding]:
        if source.first is not None and source.next is not None:
            self._are_read = False
            yield from _partition(source.uri, source.rows, source.first, source.next)
            return
        path = Path(source.uri)
        is_there = WITHHELD not in source.uri and is_local(source.uri) and path.is_file()
        if is_there:
            yield from self._file(source, path)
            return
        self._are_read = False
        if not source.digest:
            text = _("{input}: the input has no digest", input=source.uri)
        elif WITHHELD in source.uri:
            text = _("{input}: its name is not kept", input=source.uri)
        else:
            text = _("{input}: the input is not there any more", input=source.uri)
        yield Finding("not checked", text)

    def _file(self, source: InputPart, path: Path) -> Iterator[Finding]:
        with path.open("rb") as stream:
            if source.sha256_tree:
                same = sha256_tree(stream) == source.sha256_tree
            else:
                same = sha256_of(stream).hex() == source.sha256
        if not same:
            self._are_read = False
            yield Finding("failed", _("{input}: the input's digest differs", input=source.uri))
            return
        yield Finding("ok", _("{input}: the input's digest agrees", input=source.uri))
        size = path.stat().st_size
        shown = {"input": source.uri, "records": source.rows}
        text = _("{input}: {bytes:# byte|# bytes}", input=source.uri, bytes=source.bytes)
        yield judged(size == source.bytes, text)
        if self._plan is None:
            return
        try:
            rows = self._count(path, self._plan)
        except InputError:
            self._are_read = False
            text = _("{input}: cannot be read again", input=source.uri)
            yield Finding("not checked", text)
            return
        if self._receipt.redrives is not None:
            text = _("{input}: {records:# record|# records} judged again", **shown)
            yield judged(source.rows <= rows, text)
            return
        yield judged(rows == source.rows, _("{input}: {records:# record|# records}", **shown))

    def _count(self, path: Path, plan: Plan) -> int:
        """How many records a file holds; its unknown and missing columns are noted."""
        name = str(path)
        with path.open("rb") as stream:
            found = content_of(stream, name).format(name)
            stream.seek(0)
            if found == "parquet":
                first = (read_parquet(stream, plan, name, part) for part in split(stream, name)[:1])
                for chunk in add_partitions((next(chunks) for chunks in first), plan, name):
                    self._note(chunk)
                return count_rows(stream, name)
            form = found or format_of(name) or plan.format.name
            again = partial(_opened, path)
            chunks = read_whole(form, decompressed(stream, name), again, plan, name)
            rows = 0
            for chunk in add_partitions(chunks, plan, name):
                self._note(chunk)
                rows += chunk.records
            return rows

    def _note(self, chunk: Chunk) -> None:
        self._unknown = add_names(self._unknown, chunk.unknown)
        self._missing |= chunk.missing


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as stream:
        yield decompressed(stream, str(path))


def _partition(uri: str, rows: int, first: int, after: int) -> Iterator[Finding]:
    """Messages of a stream: fewer than offsets where its broker left some out, never more."""
    messages = _(
        "{partition}: {rows:# message|# messages}, offsets {first} to {last}",
        partition=uri,
        rows=rows,
        first=first,
        last=after - 1,
    )
    if 0 < rows <= after - first:
        yield Finding("not checked", _("{messages}: a stream is not read again", messages=messages))
    else:
        text = _("{messages}: more messages than the offsets can hold", messages=messages)
        yield Finding("failed", text)
