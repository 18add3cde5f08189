"""The list of limited persons: what changes it, what it tells, and what makes it unreadable."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from tamis.arrow.types import PSEUDONYM
from tamis.cli.keys import app
from tamis.errors import KeysError, UsageError
from tamis.keys.keyring import Keyring
from tamis.limited.persons import LimitedPersons, change_list, new_list, open_list, rotate_list

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


@pytest.mark.parametrize("persons", [1, 255, 256, 3_000])
def test_who_is_looked_up_is_found_and_nobody_else(persons: int) -> None:
    """Also where pseudonyms share their beginning, or differ in their last byte alone."""
    numbers = pa.array([f"{n:013d}" for n in range(4_000)] + [None])
    made = LimitedPersons(keys=(bytes(32),)).pseudonyms_of(numbers)
    near = [value[:15] + bytes([value[15] ^ 1]) for value in made[:persons].to_pylist()]
    listed = pa.concat_arrays([pa.array(near, PSEUDONYM), made[1 : persons + 1]])
    found = LimitedPersons(listed, (bytes(32),)).holds(numbers)
    assert found.tolist() == pc.is_in(made, value_set=made[1 : persons + 1]).to_pylist()
    assert LimitedPersons(listed[:persons], (bytes(32),)).holds(numbers).sum() == 0
    some = LimitedPersons(listed.slice(persons), (bytes(32),))
    assert some.holds(numbers.slice(3, 7)).tolist() == found[3:10].tolist()
    assert some.holds(numbers.slice(0, 0)).tolist() == []


def test_what_is_asked_is_made_ready_once(limiting: Limiting, nirs: Nirs) -> None:
    persons = limiting.persons(*nirs(3))
    before = persons._index
    persons.holds(pa.array(["1550875999991"]))
    assert persons._index is before


def test_the_root_that_a_list_needs_is_not_destroyed_unasked(limiting: Limiting) -> None:
    path = str(limiting.keys)
    limiting.keyring.rotate()
    command = ["destroy", path, "--epoch", "1", "--yes", "--end-chains"]
    for _time in range(2):  # it is needed after the list was re-keyed, too
        refused = CliRunner().invoke(app, command)
        assert isinstance(refused.exception, KeysError)
        assert "a list of limited persons was made under it" in str(refused.exception)
        rotate_list(limiting.list, limiting.keyring)
    told = CliRunner().invoke(app, ["list", path]).output
    assert "epoch 2: a list of limited persons was made under it" in told
    limiting.keyring.rotate()
    assert open_list(limiting.list, Keyring.open(path)).epoch == 2
    assert CliRunner().invoke(app, [*command, "--end-lists"]).exit_code == 0
    states = [(epoch.state, epoch.limited) for epoch in Keyring.open(path).epochs()]
    assert states == [("destroyed", True), ("retired", True), ("current", False)]


def test_an_epoch_that_another_process_began_is_noted_if_a_list_is_made_under_it(
    tmp_path: Path,
) -> None:
    keyring = Keyring.create(tmp_path / "keys.json")
    Keyring.open(tmp_path / "keys.json").rotate()
    new_list(tmp_path / "limited.json", keyring)
    needed = open_list(tmp_path / "limited.json", keyring).epoch
    epochs = Keyring.open(tmp_path / "keys.json").epochs()
    assert [epoch.number for epoch in epochs if epoch.limited] == [needed]
