"""Documents are bounded before anything is built of them, and are files."""

import os
import time
from pathlib import Path

import pytest

from tamis.documents.policy import Policy
from tamis.documents.positions import read_document
from tamis.documents.schema import Schema
from tamis.errors import DocumentError
from tamis.limits import USUAL, Limits


def refusal(path: Path, content: str, limits: Limits = USUAL) -> str:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read_document(path, "a.yaml", Schema, limits)
    return str(caught.value)


def alias_bomb() -> str:
    """Nine anchors, each of nine aliases of the one before: a billion values in 341 bytes."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (alias_bomb(), "a.yaml:1:4: must not have more than 20000 values"),
        ("schema: a\n" + "# x\n" * (1 << 18), "a.yaml: must not be longer than 1048576 bytes"),
        ("a: &a 1\nb: [" + "*a," * 101 + "]", "a.yaml:2:305: must not have more than 100 aliases"),
        ("- a\n" * 20_001, "a.yaml:20000:3: must not have more than 20000 values"),
        ("[" * 5_000 + "]" * 5_000, "a.yaml:1:65: must not be nested deeper than 64 levels"),
        ("{" * 5_000, "a.yaml:1:65: must not be nested deeper than 64 levels"),
        ("- " * 5_000 + "a", "a.yaml:1:129: must not be nested deeper than 64 levels"),
        ("a: &a [*a]", "a.yaml:1:4: must not refer to itself"),
        ("a: &a 1\nb: &a 2", "a.yaml: an anchor (`&name`) must not stand twice"),
        ("schema: " + "9" * 5_000, "a.yaml:1:9: cannot be read as int"),
        ('schema: "\\ud800"', "a.yaml:1:9: must not hold half of a character"),
        ('"\\udfff": a', "a.yaml:1:1: must not hold half of a character"),
    ],
)
def test_a_document_of_too_much_is_refused_at_its_place(
    content: str, message: str, tmp_path: Path
) -> None:
    begin = time.process_time()
    assert message in refusal(tmp_path / "a.yaml", content)
    assert time.process_time() - begin < 5


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    begin = time.process_time()
    refusal(tmp_path / "a.yaml", alias_bomb())
    assert time.process_time() - begin < 1


def test_bounds_are_those_that_are_handed_in(tmp_path: Path) -> None:
    small = Limits(document_values=3, document_depth=2, document_aliases=0, document_bytes=30)
    path = tmp_path / "a.yaml"
    assert "more than 3 values" in refusal(path, "a: [1, 2, 3]", small)
    assert "deeper than 2 levels" in refusal(path, "[[[1]]]", small)
    assert "more than 0 aliases" in refusal(path, "[&a 1, *a]", small)
    assert "longer than 30 bytes" in refusal(path, "#" * 31, small)


def test_a_few_aliases_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("schema: a\nfields:\n  x: &x {type: string}\n  y: *x\n", encoding="utf-8")
    schema, source = read_document(path, "a.yaml", Schema)
    assert schema.fields["x"] == schema.fields["y"]
    assert source.values[("fields", "y")] == (3, 6)


def test_no_pipe_is_waited_for_and_no_device_read_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    for name in ("pipe.yaml", "zero.yaml"):
        with pytest.raises(DocumentError, match="cannot be read: not a regular file"):
            read_document(tmp_path / name, name, Policy)
    with pytest.raises(DocumentError, match="cannot be read: is a directory"):
        read_document(tmp_path, "a.yaml", Policy)
