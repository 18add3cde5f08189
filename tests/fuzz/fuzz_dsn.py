"""DSNs, guided by coverage: read, refused or rejected, and nothing else.

    python -m tests.fuzz.fuzz_dsn SECONDS [SEED]

Atheris changes generated files as the branches that they reach suggest. What must hold: an
`InputError` or pieces, within two seconds of processor time; positions that ascend within a piece;
no sign of a value in messages; and the same with windows of another size, and by ranges of envois.
"""

import io
import re
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-untyped, unused-ignore]

with atheris.instrument_imports(include=["tamis.formats.dsn"]):
    from tamis.errors import InputError
    from tamis.formats.dsn import lines
    from tamis.formats.dsn.envois import AT_ONCE
    from tamis.formats.dsn.individus import DsnReader
    from tamis.formats.dsn.layout import layout_of
    from tamis.formats.dsn.ranges import EnvoiRange, count_dsn, cut_envois, dsn_begin

from tamis.formats.chunk import Reject
from tamis.formats.ranges import Stretch
from tamis.limits import Limits
from tamis.synthetic.dsn import DsnStyle, write_dsn

from ..formats.test_dsn import plan_fields
from ..formats.test_dsn_generated import SCHEMA

LAYOUT = layout_of(plan_fields(SCHEMA.fields))
VALUE = re.compile(r"ESSAI|FICTIF|1550875999991|\d{5}")
STYLES = (
    DsnStyle(individus=1),
    DsnStyle(lot=True, technical=True, individus=1, declarations=2),
    DsnStyle(encoding="utf-8", mark=True, spaced=True, unknown=True),
    DsnStyle(encoding="mac-roman", blank_lines=True, last_line_end=False),
)


def seeds(folder: Path) -> None:
    """Generated files to begin with."""
    rows = [{"debut": None, "montant": None, "activites": [{"type": "01"}]}]
    contract = {"debut": None, "unite": "10", "remunerations": rows}
    person = {"nir": "1550875999991", "nom": "D'ESSAI É", "contrats": [contract]}
    others = {"hors_contrat": [], "saisies": [{"identifiant": "FICTIF"}]}
    for number, style in enumerate(STYLES):
        some = [{**person, **others}, {"nom": "ESSAI", "contrats": [contract], **others}]
        write_dsn(some, SCHEMA, folder / f"seed{number}.dsn", style=style)


def outcome(data: bytes, window: int, part: EnvoiRange | None = None) -> list[str]:
    """What became of a file, or of some envois of it, its values as text."""
    lines._WINDOW = window
    start, stop = (part.start, part.stop) if part else (0, None)
    own, ahead = (Stretch(io.BytesIO(data), start, stop) for _pass in range(2))
    begin = part.begin if part else AT_ONCE
    reader = DsnReader(own, ahead, "f", LAYOUT, Limits(dsn_blocks=20), begin)
    rows: list[Any] = []
    rejects: list[Reject] = []
    for piece in reader:
        places = piece.positions.to_pylist()
        require(places == sorted(set(places)), "positions")
        rows += list(zip(places, *(c.to_pylist() for c in piece.data.columns), strict=True))
        rejects += [tuple(reject.values()) for reject in piece.rejects.to_pylist()]
        piece.data.validate(full=True)
    for _place, _reason, field, detail in rejects:
        told = re.sub(r"line \d+", "", detail)
        require(not VALUE.search(told + field), "a value in a message")
    return [str(row) for row in rows] + [str(reject) for reject in sorted(rejects)]


def try_one(data: bytes) -> None:
    """Read a file twice, in windows of two sizes."""
    began = time.process_time()
    try:
        whole = outcome(data, 1 << 19)
    except InputError as error:
        require(not VALUE.search(str(error)), "a value in a message")
        return
    require(time.process_time() - began < 2, "slow")
    with suppress(InputError):  # where the first line of a DSN stands below the first window
        require(outcome(data, 900) == whole, "another outcome in other windows")
        ranges = by_ranges(data, 97 + len(data) % 200)
        require(ranges is None or sorted(ranges) == sorted(whole), "another outcome by ranges")


def by_ranges(data: bytes, size: int) -> list[str] | None:
    """The same of all ranges of a file, counted in stretches of `size` bytes; None of one range."""
    plan: Any = None
    begin = dsn_begin(io.BytesIO(data), plan, "f")
    counts = [
        count_dsn(io.BytesIO(data), plan, begin, start, min(start + size, len(data)))
        for start in range(0, len(data), size)
    ]
    parts = cut_envois(counts, begin, len(data), Limits(block_bytes=1))
    if parts is None:
        return None
    return [text for part in parts for text in outcome(data, 1 << 19, part)]


def require(holds: bool, what: str) -> None:
    """End the run where something does not hold."""
    if not holds:
        raise RuntimeError(what)


def main(seconds: int, seed: int) -> None:
    """Fuzz for a while."""
    with tempfile.TemporaryDirectory() as folder:
        seeds(Path(folder))
        options = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=6000", "-timeout=20"]
        atheris.Setup([sys.argv[0], folder, *options, "-print_final_stats=1"], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 2026)
