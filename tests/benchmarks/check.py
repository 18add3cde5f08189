"""Is an output what a job is to make of the feed? `check.py JOB FEED OUTPUT` prints its rows.

OUTPUT is a file, or a folder of files in the order of their names.

Column by column, a million values at a time; an assertion fails where something differs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from jobs import KEEP, NIR


def check(job: str, feed: Path, output: Path) -> int:
    """The rows of an output, which is compared with the feed.

    Raises:
        AssertionError: it is something else.
    """
    files = [output] if output.is_file() else sorted(output.rglob("*.parquet"))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    assert rows == pq.read_metadata(feed).num_rows, f"{rows} rows"
    for name in KEEP[job]:
        if name == "commentaire":
            for source, found in zip(_pieces([feed], name), _pieces(files, name), strict=True):
                assert not pc.any(pc.match_substring_regex(found, NIR)).as_py(), "a NIR is left"
                clean = pc.invert(pc.match_substring_regex(source, NIR))
                assert found.filter(clean).equals(source.filter(clean)), "another comment"
        elif name == "nir" and job == "j2":
            pseudonyms = _column(files, "pseudonyme").unique()
            bodies = pc.utf8_slice_codeunits(_column([feed], name), 0, 13)
            assert len(pseudonyms) == len(bodies.unique()), "not one pseudonym a person"
        else:
            for source, found in zip(_pieces([feed], name), _pieces(files, name), strict=True):
                assert found.equals(source), f"another {name}"
    return rows


def _column(files: list[Path], name: str) -> pa.ChunkedArray:
    return pa.chunked_array(list(_pieces(files, name)))


def _pieces(files: list[Path], name: str, rows: int = 1_000_000) -> Iterator[pa.Array]:
    """One column of several files, `rows` values at a time, as text where it is text."""
    held: list[pa.Array] = []
    for file in files:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(rows, columns=[name]):
                held.append(_plain(batch.column(0)))
                while sum(map(len, held)) >= rows:
                    whole = pa.concat_arrays(held)
                    yield whole.slice(0, rows)
                    held = [whole.slice(rows)]
    yield pa.concat_arrays(held)


def _plain(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array.cast(pa.decimal128(19, 2)) if pa.types.is_decimal(array.type) else array


if __name__ == "__main__":
    print(check(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
