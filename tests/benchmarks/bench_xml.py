"""Read a flux CPF beside a plain `lxml.iterparse` that builds the same records, Arrow included.

    python -m tests.benchmarks.bench_xml [PASSAGES]

Processor time, the best of three of each, in turns.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from tamis.documents.xpaths import XmlPath
from tamis.formats.xml.read import read_xml
from tamis.plan.plan import Plan, PlanField
from tamis.plan.project import load_project
from tamis.synthetic.flux_cpf import NAMESPACE, flux_cpf

PLAN = load_project("cpf").plan("certificateurs-passeport", on="2026-03-02")
RECORD = f"{{{NAMESPACE}}}passageCertification"
ROWS = 4096
Texts = dict[tuple[str, ...], str | None]


def ours(path: Path) -> int:
    """How many records the reader gives."""
    with path.open("rb") as stream, path.open("rb") as ahead:
        chunks = read_xml(stream, PLAN, path.name, ahead=ahead)
        return sum(chunk.data.num_rows for chunk in chunks)


def plain(path: Path) -> int:
    """How many a loop over the records' elements gives: texts by path, dicts, a table."""
    places, count, rows = _places(PLAN), 0, list[dict[str, Any]]()
    around: Texts = {}
    for _event, element in etree.iterparse(
        path, events=("end",), tag=RECORD, resolve_entities=False, remove_comments=True
    ):
        if not around:
            for above in element.iterancestors():
                outer = [each.tag for each in above.iterancestors()][::-1]
                around |= {(*outer, above.tag, each.tag): each.text for each in above}
        texts: Texts = {}
        _walk(element, (), texts)
        rows.append(_row(places, texts, around))
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
        if len(rows) == ROWS:
            count += pa.RecordBatch.from_pylist(rows).num_rows
            rows = []
    return count + (pa.RecordBatch.from_pylist(rows).num_rows if rows else 0)


def _walk(element: Any, path: tuple[str, ...], texts: Texts) -> None:
    for child in element:
        below = (*path, child.tag)
        if len(child):
            _walk(child, below, texts)
        else:
            texts[below] = (child.text or "").strip() or None


def _places(plan: Plan) -> dict[str, Any]:
    options = plan.format.xml
    assert options is not None
    record = options.path(options.record)

    def places(fields: tuple[PlanField, ...], base: XmlPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for field in fields:
            at = base.inside(options.path(field.xpath or field.name)).inside_of(record)
            made[field.name] = places(field.fields, at) if field.fields else at
        return made

    return places(plan.fields, XmlPath(False, ()))


def _row(places: dict[str, Any], texts: Texts, around: Texts) -> dict[str, Any]:
    return {
        name: _row(at, texts, around)
        if isinstance(at, dict)
        else (around if at.absolute else texts).get(at.steps)
        for name, at in places.items()
    }


def _seconds(read: Callable[[Path], int], path: Path) -> Iterator[float]:
    while True:
        begun = time.process_time()
        read(path)
        yield time.process_time() - begun


def main(passages: int) -> None:
    """Print how long each takes, and how many times as fast the reader is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "flux.xml")
        with path.open("wb") as stream:
            stream.writelines(flux_cpf(passages))
        assert ours(path) == plain(path) == passages
        turns = zip(_seconds(ours, path), _seconds(plain, path), strict=True)
        pairs = [next(turns) for _turn in range(3)]
    best = [min(times) for times in zip(*pairs, strict=True)]
    print(f"reader {best[0]:.2f} s, plain {best[1]:.2f} s: {best[1] / best[0]:.2f} times as fast")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
