"""Keyrings: opened with and without a passphrase, listed, rotated, an epoch destroyed."""

import json
from pathlib import Path

import pytest

from .conftest import Copy, Tamis

STATES = {
    "plain": ["current"],
    "passphrase": ["current"],
    "epochs": ["retired", "retired", "current"],
    "destroyed": ["destroyed", "retired", "current"],
}


def listed(tamis: Tamis, name: str) -> list[dict[str, str]]:
    answer = tamis("keys", "list", f"keys/{name}.json", "--json")
    assert answer.code == 0, answer.err
    document = json.loads(answer.out)
    assert document["wrapped_by"] == ("passphrase" if name == "passphrase" else "none")
    assert document["current"] == len(document["epochs"])
    return list(document["epochs"])


@pytest.mark.parametrize("name", STATES)
def test_a_keyring_is_listed(name: str, tamis: Tamis, copy: Copy) -> None:
    copy("keys")
    kept = json.loads(Path(f"keys/{name}.json").read_bytes())["epochs"]
    epochs = listed(tamis, name)
    assert [epoch["state"] for epoch in epochs] == STATES[name]
    assert [epoch["key_id"] for epoch in epochs] == [epoch["key_id"] for epoch in kept]
    assert [epoch["created"] for epoch in epochs] == [epoch["created"] for epoch in kept]


@pytest.mark.parametrize("name", STATES)
def test_a_keyring_is_rotated_and_an_epoch_of_it_destroyed(
    name: str, tamis: Tamis, copy: Copy
) -> None:
    copy("keys")
    before = listed(tamis, name)
    assert tamis("keys", "rotate", f"keys/{name}.json").code == 0
    last = str(len(before))
    assert tamis("keys", "destroy", f"keys/{name}.json", "--epoch", last, "--yes").code == 0
    states = [epoch["state"] for epoch in listed(tamis, name)]
    assert states == [*STATES[name][:-1], "destroyed", "current"]


def test_a_keyring_does_not_open_by_another_passphrase(
    tamis: Tamis, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy("keys")
    monkeypatch.setenv("TAMIS_KEYS_PASSPHRASE", "une autre")
    assert tamis("keys", "rotate", "keys/passphrase.json").code == 2
    assert len(listed(tamis, "passphrase")) == 1
