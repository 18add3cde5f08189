"""A stream's id says which partitions it reads, and no two read the same."""

import pytest

from tamis.errors import UsageError
from tamis.streams.partitions import check_overlap, read_partitions, share_id


@pytest.mark.parametrize("text", ["", "a", "0,", "-1", "0 1", "0,,1", "1.5", "²", "9" * 40])
def test_what_is_no_list_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected numbers such as 0,1"):
        read_partitions(text)


@pytest.mark.parametrize(
    ("stream", "others", "refused"),
    [
        ("s", [], False),
        ("s", ["s", "t", "s-p0", "s2--p0"], False),
        ("s", ["s--p0"], True),
        ("s--p0", ["s"], True),
        ("s--p0", ["s--p0", "s--p1-2", "t", "t--p0"], False),
        ("s--p10-12", ["s--p1-2-11"], False),
        ("s--p10-12", ["s--p1-2-12"], True),
    ],
)
def test_a_partition_belongs_to_one_stream(stream: str, others: list[str], refused: bool) -> None:
    if not refused:
        check_overlap("folder", stream, others)
        return
    with pytest.raises(UsageError, match=f"stream {stream} would read partitions of"):
        check_overlap("folder", stream, others)


def test_the_order_in_which_partitions_are_named_does_not_matter() -> None:
    assert share_id("s", read_partitions("2,0,2")) == "s--p0-2"
