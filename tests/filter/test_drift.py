"""Names that the schema does not have: which leave a run, and what is said of the others."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from tamis.filter.drift import MOST_COUNTED, MOST_TOLD, WITHHELD, add_names, told_names
from tamis.formats.jsonl import ObjectKeys
from tamis.formats.names import declared_names


def test_a_key_is_told_where_five_records_have_it_over_the_whole_run() -> None:
    batches = []
    for number in range(5):
        keys = ObjectKeys(frozenset({"id"}), "feed")
        keys.add({"id": 1, "email": 2, f"Jean {'ABCDE'[number]}": 3})
        batches.append(keys.new_unknown())

    assert told_names(batches[0]) == ["(2 names withheld)"]
    assert told_names(reduce(add_names, batches, {})) == ["(5 names withheld)", "email"]


def test_keys_that_are_values_neither_fill_the_memory_nor_hide_a_name() -> None:
    keys = ObjectKeys(frozenset({"id"}), "feed")
    total: dict[str, int] = {}
    for number in range(3 * MOST_COUNTED):
        letters = "".join(chr(97 + int(digit)) for digit in str(number))
        keys.add({"id": 0, "email": 1, letters: 2, "zoe@x.example": 3})
        if number % 100 == 0:
            total = add_names(total, keys.new_unknown())
    assert len(total) <= MOST_COUNTED + 1
    assert told_names(total)[1:] == ["email"]


def test_a_name_that_a_source_declares_is_told_at_once() -> None:
    declared = declared_names(["N° dossier", "155087599999193"])
    assert told_names(declared) == [WITHHELD, "N° dossier"]
    assert len(told_names(declared_names(f"c{n % 10}x{n // 10}" for n in range(999)))) == (
        MOST_TOLD + 1
    )


@given(
    st.lists(st.dictionaries(st.text("ab", max_size=3), st.integers(1, 5), max_size=4), max_size=6)
)
def test_the_order_of_batches_does_not_matter(batches: list[dict[str, int]]) -> None:
    forth = told_names(reduce(add_names, batches, {}))
    assert forth == told_names(reduce(add_names, reversed(batches), {}))
