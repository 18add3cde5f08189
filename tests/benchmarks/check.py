"""Is an output what a job is to make of the feed? `check.py JOB FEED OUTPUT` prints its rows.

OUTPUT is a file, or a folder of files. Rows may stand in any order: they are found by `dossier`,
a number of its own in each row of the feed. A column at a time; an assertion fails where something
differs.
"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from jobs import KEEP, NUMBER, OPEN

NUMBERS = r"(?:\pN\PN*){11}"
"""Eleven digits and more, of any script: comments without them must come out as they are."""

WITHHELD_AT_MOST = 0.001
"""The share of rows that the gate may quarantine for a NIR that is left in the comment."""

PLAIN_NIR = r"NIR ?:? ?[12]\d{14}\b"
"""What no comment may hold afterwards, whoever redacted it."""


def check(job: str, feed: Path, output: Path) -> int:
    """The rows of an output, which is compared with the feed.

    Raises:
        AssertionError: it is something else.
    """
    ids = _column(output, "dossier")
    rows = pc.index_in(ids, value_set=_column(feed, "dossier"))
    assert rows.null_count == 0, "a row of no record"
    assert len(rows.unique()) == len(rows), "a record twice"
    expected = _expected(job, feed)
    assert pc.all(expected.take(rows)).as_py(), "a record that must not pass"
    wanted = pc.sum(expected).as_py()
    assert len(rows) >= wanted * (1 - WITHHELD_AT_MOST), f"{len(rows)} rows of {wanted}"
    for name in KEEP[job]:
        source = _column(feed, name).take(rows)
        if name == "nir" and job != "j3":
            pseudonyms = _column(output, "pseudonyme")
            bodies = pc.utf8_slice_codeunits(source, 0, 13)
            pairs = pa.table([pseudonyms, bodies], ["pseudonym", "body"]).group_by(
                ["pseudonym", "body"]
            )
            count = pairs.aggregate([]).num_rows
            assert count == len(bodies.unique()), "not one pseudonym a person"
            assert count == len(pseudonyms.unique()), "one pseudonym for two persons"
            continue
        found = _column(output, name)
        if name == "commentaire":
            clean = pc.invert(pc.match_substring_regex(source, NUMBERS))
            assert found.filter(clean).equals(source.filter(clean)), "another comment"
            left = pc.match_substring_regex(found, PLAIN_NIR)
            assert not pc.any(left).as_py(), "a NIR is left"
        else:
            assert found.equals(source), f"another {name}"
    return len(rows)


def _expected(job: str, feed: Path) -> pa.ChunkedArray:
    """Whether each record of the feed passes."""
    nir = _column(feed, "nir")
    passes = pc.fill_null(pc.true_unless_null(nir), True)
    if "nir" in KEEP[job]:
        shaped = pc.match_substring_regex(nir, f"^{NUMBER}$")
        number = pc.if_else(shaped, nir, "0").cast(pa.int64()).to_numpy(zero_copy_only=False)
        keyed = pa.array(97 - number // 100 % 97 == number % 100)
        passes = pc.fill_null(pc.and_(shaped, keyed), True)
    if job == "j4":
        passes = pc.and_(passes, pc.is_in(_column(feed, "statut"), value_set=pa.array(OPEN)))
    return passes


def _column(place: Path, name: str) -> pa.ChunkedArray:
    """One column of a file or a folder, as text where it is text."""
    files = [place] if place.is_file() else sorted(place.rglob("*.parquet"))
    return pa.chunked_array(
        [_plain(chunk) for f in files for chunk in pq.read_table(f, columns=[name])[name].chunks]
    )


def _plain(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array.cast(pa.decimal128(19, 2)) if pa.types.is_decimal(array.type) else array


if __name__ == "__main__":
    print(check(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
