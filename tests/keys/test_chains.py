"""Chained pseudonyms: those of an earlier epoch, re-keyed without any NIR."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typer.testing import CliRunner

from tamis.arrow.types import PSEUDONYM
from tamis.beam.keys import KeyRef, PinnedKeys
from tamis.cli.keys import app
from tamis.errors import KeysError
from tamis.keys import secret_file
from tamis.keys.keyring import Keyring
from tamis.nir.pseudonym import METHODS, ROW, pseudonymize, rekey

WHO, ITEM = "agent-emploi", "R6323-37.III.2"
NIRS = pa.array(["1550875999991", None, "2930797490995"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def keyring(path: Path) -> Keyring:
    """Two epochs, the second chained on the first."""
    keyring = Keyring.create(path)
    keyring.rotate()
    keyring.chain(WHO, 1, 2)
    return keyring


def _made(keyring: Keyring, method: str = "hmac-sha256", epoch: int | None = None) -> pa.Array:
    derived = keyring.key(WHO, ITEM, method, epoch)
    return rekey(pseudonymize(NIRS, derived.key, method), *derived.chain)


class TestPseudonyms:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_run_makes_what_re_keying_makes_of_the_old_ones(
        self, keyring: Keyring, path: Path, method: str
    ) -> None:
        old = _made(keyring, method, 1)
        key = keyring.chain_key(WHO, ITEM, 1, 2)

        for opened in (keyring, Keyring.open(path)):
            derived = opened.key(WHO, ITEM, method)
            assert (derived.epoch, derived.chained_on, derived.chain) == (2, (1,), (key,))
            assert _made(opened, method).equals(rekey(old, key))
        assert not set(rekey(old, key).drop_null()) & set(old.drop_null())

    def test_it_is_the_cmac_of_the_old_one_under_a_key_of_its_own(
        self, keyring: Keyring, path: Path
    ) -> None:
        root = bytes.fromhex(json.loads(path.read_text())["epochs"][1]["root"])
        info = f"tamis/v1/rekey|{WHO}|{ITEM}|1|2".encode()
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(root)
        expected = []
        for old in _made(keyring, epoch=1).to_pylist():
            mac = CMAC(AES256(key))
            mac.update(old or b"")
            expected.append(old and mac.finalize())

        assert _made(keyring).to_pylist() == expected

    def test_it_is_one_to_one_wherever_the_values_stand_and_nulls_hold_nothing(self) -> None:
        drawn = np.random.default_rng(3).integers(0, 256, (40_000, 16), np.uint8)
        values = pa.array([bytes(row) for row in drawn], PSEUDONYM)
        mask = pa.array([row % 7 == 0 for row in range(40_000)])
        values = pa.concat_arrays([values.filter(mask), pa.nulls(9, PSEUDONYM), values])
        made = rekey(values, bytes(32))

        made.validate(full=True)
        assert len(made.unique()) == len(values.unique())
        assert made.is_valid().equals(values.is_valid())
        assert rekey(values.slice(5, 20_000), bytes(32)).equals(made.slice(5, 20_000))
        nulls = rekey(values.slice(5_714, 12), bytes(32))
        data = np.frombuffer(nulls.buffers()[1], np.uint8).reshape(-1, 16)
        assert not data[~np.asarray(nulls.is_valid())].any()
        assert rekey(values.slice(0, 0), bytes(32)).equals(values.slice(0, 0))

    def test_other_processings_and_epochs_are_as_they_were(
        self, keyring: Keyring, tmp_path: Path
    ) -> None:
        assert keyring.key("financeur", ITEM, "hmac-sha256").chain == ()
        assert keyring.key(WHO, ITEM, "hmac-sha256", 1).chain == ()
        before = (tmp_path / "keys.json").read_text()
        keyring.chain(WHO, 1, 2)
        assert (tmp_path / "keys.json").read_text() == before
        Keyring.create(tmp_path / "other.json").rotate()
        assert "chained" not in (tmp_path / "other.json").read_text()

    def test_chains_of_several_epochs_and_one_that_is_destroyed(self, keyring: Keyring) -> None:
        second = _made(keyring)
        keyring.rotate()
        assert not set(_made(keyring).drop_null()) & set(second.drop_null())
        keyring.chain(WHO, 2, 3)

        third = _made(keyring)
        assert third.equals(rekey(second, keyring.chain_key(WHO, ITEM, 2, 3)))
        assert keyring.key(WHO, ITEM, "hmac-sha256").chained_on == (1, 2)
        assert keyring.chained_on(1) == {WHO: [2, 3]}
        keyring.destroy(1)
        assert rekey(second, keyring.chain_key(WHO, ITEM, 2, 3)).equals(third)
        with pytest.raises(KeysError, match=r"chained on epoch 1, which was destroyed.*rotate"):
            _made(keyring)
        keyring.rotate()
        assert keyring.key(WHO, ITEM, "hmac-sha256").chained_on == ()

    def test_ids_of_rows_are_not_chained(self, keyring: Keyring, path: Path) -> None:
        ids = keyring.key(WHO, ITEM, ROW)
        assert (ids.epoch, ids.chain) == (2, ())
        keyring.destroy(1)
        assert keyring.key(WHO, ITEM, ROW) == ids


class TestRefused:
    @pytest.mark.parametrize(
        ("source", "target", "why"),
        [
            (2, 3, "has no epoch 3"),
            (1, 1, "is not the current one"),
            (2, 2, "on an earlier one"),
            (0, 2, "on an earlier one"),
        ],
    )
    def test_what_is_no_chain(self, path: Path, source: int, target: int, why: str) -> None:
        keyring = Keyring.create(path)
        keyring.rotate()
        before = path.read_text()
        with pytest.raises(KeysError, match=why):
            keyring.chain(WHO, source, target)
        assert path.read_text() == before

    def test_a_processing_is_chained_on_one_epoch(self, keyring: Keyring) -> None:
        keyring.rotate()
        keyring.chain(WHO, 1, 3)
        with pytest.raises(KeysError, match="chained on epoch 1 already"):
            keyring.chain(WHO, 2, 3)

    def test_a_chain_is_authenticated_with_its_root(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(secret_file, "SCRYPT_COST", 1 << 10)
        secret = "huit mots qui ne vont pas ensemble"
        keyring = Keyring.create(path, secret)
        keyring.rotate()
        keyring.chain(WHO, 1, 2)
        made = _made(keyring)

        assert _made(Keyring.open(path, secret)).equals(made)
        document = json.loads(path.read_text())
        for chained in ({}, {WHO: 1, "financeur": 1}, {"financeur": 1}):
            document["epochs"][1]["chained"] = chained
            path.write_text(json.dumps(document))
            with pytest.raises(KeysError):
                Keyring.open(path, secret)

    @pytest.mark.parametrize("source", [0, 2, 3])
    def test_a_file_whose_chain_leads_nowhere_is_no_keyring(
        self, keyring: Keyring, path: Path, source: int
    ) -> None:
        document = json.loads(path.read_text())
        document["epochs"][1]["chained"] = {WHO: source}
        path.write_text(json.dumps(document))
        with pytest.raises(KeysError, match="is no keyring"):
            Keyring.open(path)

    def test_a_run_under_way_is_not_chained(self, path: Path) -> None:
        keyring = Keyring.create(path)
        keyring.rotate()
        begun = KeyRef.current(str(path))
        keyring.chain(WHO, 1, 2)

        assert PinnedKeys(begun).key("financeur", ITEM, "hmac-sha256").chain == ()
        with pytest.raises(KeysError, match="after the run had begun"):
            PinnedKeys(begun).key(WHO, ITEM, "hmac-sha256")
        assert PinnedKeys(KeyRef.current(str(path))).key(WHO, ITEM, "hmac-sha256").chain
        assert PinnedKeys(KeyRef(str(path), 2)).key(WHO, ITEM, "hmac-sha256").chain


class TestCommands:
    def test_the_list_tells_chains(self, keyring: Keyring, path: Path) -> None:
        told = CliRunner().invoke(app, ["list", str(path)])
        assert "epoch 2: pseudonyms of `agent-emploi` are chained on epoch 1" in told.output
        told = CliRunner().invoke(app, ["list", str(path), "--json"])
        rows = json.loads(told.output)["epochs"]
        assert [row["chained"] for row in rows] == [{}, {WHO: 1}]

    def test_destruction_says_what_no_run_can_make_then_and_asks_for_an_option(
        self, keyring: Keyring, path: Path
    ) -> None:
        command = ["destroy", str(path), "--epoch", "1", "--yes"]
        refused = CliRunner().invoke(app, command)
        assert isinstance(refused.exception, KeysError)
        assert "--end-chains" in str(refused.exception)
        assert "`agent-emploi` in epochs 2 are chained on epoch 1" in refused.stderr
        assert Keyring.open(path, unlock=False).epochs()[0].state == "retired"

        assert CliRunner().invoke(app, [*command, "--end-chains"]).exit_code == 0
        assert Keyring.open(path, unlock=False).epochs()[0].state == "destroyed"
