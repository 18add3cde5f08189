"""Files in whose name a person stands: nothing that a run writes or prints has the name."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tamis.beam.files import input_name
from tamis.formats.names import names_person

from .conftest import Tamis, receipt_of
from .test_bad_inputs import POLICY, Feed, feed

__all__ = ["feed"]

NIR = "155087599999193"


@pytest.mark.parametrize(
    ("name", "person"),
    [
        (f"dossier_{NIR}.jsonl", True),
        (f"{NIR[:13]}.pdf", True),
        ("1 55 08 75 999 991 93.csv", True),
        ("zoe.durand@mail.example.csv", True),
        ("feed-20261123.csv", False),
        ("20261123143000.csv", False),
        ("gs://bucket/in/feed.csv", False),
        ("DSN_P26V01_12345.txt", False),
    ],
)
def test_a_name_tells_a_person_by_a_nir_or_an_address(name: str, person: bool) -> None:
    assert names_person(name) is person


def test_the_digest_tells_files_apart_and_needs_their_content(tmp_path: Path) -> None:
    first, second = tmp_path / f"a-{NIR}.csv", tmp_path / f"b-{NIR}.csv"
    for path in (first, second):
        path.write_text("id\n1\n")
    names = {input_name(str(path)) for path in (first, second)}
    assert len(names) == 2
    assert all(name.startswith(f"{tmp_path}/(name withheld) ") for name in names)
    first.write_text("id\n2\n")
    assert input_name(str(first)) not in names
    plain = tmp_path / "plain.csv"
    plain.write_text("id\n")
    assert input_name(str(plain)) == str(plain)
    assert "plain" not in input_name(str(plain), by_digest=True)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("by_digest", [False, True])
def test_no_name_of_a_person_leaves_a_run(
    form: str, by_digest: bool, feed: Feed, run: Tamis, tmp_path: Path
) -> None:
    name = "qzxvk" if by_digest else NIR
    path = feed(form, f"dossier_{name}.{form}")
    options = ["--inputs-by-digest"] if by_digest else []
    first = run(POLICY[form], [path], tmp_path / "store", *options)
    assert first.code == 0, first.err
    receipt = receipt_of(tmp_path / "store")
    (read,) = receipt.inputs
    assert read.uri.startswith(f"{tmp_path}/(name withheld) ")
    assert read.sha256
    texts = [first.out, first.err]
    for file in (tmp_path / "store").rglob("*"):
        if file.suffix == ".json":
            texts.append(file.read_text())
        elif file.suffix == ".parquet":
            texts.append(str(pq.read_table(file).to_pydict()) if "_quarantine" in str(file) else "")
    assert not any(name in text for text in texts)
