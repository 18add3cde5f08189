"""The list of limited persons: what changes it, what it tells, and what makes it unreadable."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tamis.errors import KeysError, UsageError
from tamis.keys.keyring import Keyring
from tamis.limited.persons import change_list, open_list, rotate_list

from .conftest import Limiting

Nirs = Callable[[int], list[str]]


def holds(limiting: Limiting, *bodies: str) -> list[bool]:
    persons = open_list(limiting.list, limiting.keyring)
    return [bool(held) for held in persons.holds(pa.array(bodies))]


def test_adding_and_removing_change_nothing_twice(limiting: Limiting, nirs: Nirs) -> None:
    first, second = nirs(2)
    empty = limiting.list.read_bytes()
    change_list(limiting.list, limiting.keyring, add=[second, first])
    both = limiting.list.read_bytes()
    change_list(limiting.list, limiting.keyring, add=[first[:13], "", f" {second} "])
    assert limiting.list.read_bytes() == both
    change_list(limiting.list, limiting.keyring, remove=[second])
    assert holds(limiting, first[:13], second[:13]) == [True, False]
    change_list(limiting.list, limiting.keyring, remove=[first, second])
    assert limiting.list.read_bytes() == empty


def test_no_number_stands_in_the_file_nor_the_pseudonym_of_a_release(
    limiting: Limiting, nirs: Nirs
) -> None:
    (nir,) = nirs(1)
    change_list(limiting.list, limiting.keyring, add=[nir])
    text = limiting.list.read_text()
    assert nir[:13] not in text
    assert limiting.list.stat().st_mode & 0o777 == 0o600


def test_a_number_that_is_none_changes_nothing_and_is_not_shown(
    limiting: Limiting, nirs: Nirs
) -> None:
    (nir,) = nirs(1)
    before = limiting.list.read_bytes()
    wrong = f"{nir[:13]}{int(nir[13:]) % 97 + 1:02d}"
    with pytest.raises(UsageError, match="line 3: must be a NIR") as raised:
        change_list(limiting.list, limiting.keyring, add=[nir, "", wrong])
    assert nir[:13] not in str(raised.value)
    assert limiting.list.read_bytes() == before


def test_a_rotated_list_knows_the_same_persons(limiting: Limiting, nirs: Nirs) -> None:
    first, second = nirs(2)
    change_list(limiting.list, limiting.keyring, add=[first])
    before = json.loads(limiting.list.read_bytes())["persons"]
    for _time in range(2):
        limiting.keyring.rotate()
        rotate_list(limiting.list, limiting.keyring)
    assert json.loads(limiting.list.read_bytes())["persons"] != before
    assert holds(limiting, first[:13], second[:13]) == [True, False]
    change_list(limiting.list, limiting.keyring, add=[second])
    assert holds(limiting, first[:13], second[:13]) == [True, True]
    assert open_list(limiting.list, limiting.keyring).epoch == 3
    limiting.keyring.destroy(1)
    with pytest.raises(KeysError, match=r"epoch 1 of keyring .* was destroyed"):
        open_list(limiting.list, limiting.keyring)


def cut(text: str) -> str:
    return text[: len(text) // 2]


def without_one(text: str) -> str:
    document = json.loads(text)
    del document["persons"][0]
    return json.dumps(document)


def with_one_more(text: str) -> str:
    document = json.loads(text)
    document["persons"].append("00" * 16)
    return json.dumps(document)


@pytest.mark.parametrize("alter", [cut, without_one, with_one_more, lambda _text: "{}"])
def test_a_list_that_was_altered_is_refused(
    alter: Callable[[str], str], limiting: Limiting, nirs: Nirs
) -> None:
    change_list(limiting.list, limiting.keyring, add=nirs(3))
    limiting.list.write_text(alter(limiting.list.read_text()))
    with pytest.raises(KeysError, match=r"is no such list|was cut short or altered"):
        open_list(limiting.list, limiting.keyring)


def test_a_list_of_another_keyring_is_refused(limiting: Limiting, tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="was made with another keyring"):
        open_list(limiting.list, Keyring.create(tmp_path / "other.json"))


def test_a_list_that_others_may_read_is_refused(limiting: Limiting) -> None:
    limiting.list.chmod(0o644)
    with pytest.raises(KeysError, match="has mode 0644"):
        open_list(limiting.list, limiting.keyring)
