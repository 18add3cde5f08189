"""The keyring: epochs, wrapping, faults that say what is wrong and show no key."""

import base64
import copy
import dataclasses
import json
import os
import pickle
import re
import stat
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from tamis.cli.keys import app
from tamis.errors import KeysError
from tamis.keys import secret_file
from tamis.keys.keyring import DerivedKey, Keyring, open_keyring
from tamis.keys.kms import GoogleKms, connect
from tamis.language import speaking
from tamis.nir.pseudonym import derive_key, pseudonymize

CONTEXT = ("agent-emploi", "R6323-37.III.2", "hmac-sha256")
NIRS = pa.array(["1550875999991", "2930797490995"])


@pytest.fixture(autouse=True)
def _cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "SCRYPT_COST", 1 << 10)
    monkeypatch.delenv("TAMIS_KEYS_PASSPHRASE", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


class Box:
    """A KMS that keeps what it is given, and counts its calls."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.unwrapped = 0

    def wrap(self, secret: bytes) -> bytes:
        ticket = b"ticket %d" % len(self.kept)
        self.kept[ticket] = secret
        return ticket

    def unwrap(self, wrapped: bytes) -> bytes:
        self.unwrapped += 1
        if wrapped not in self.kept:
            raise KeysError("the kms does not know this")
        return self.kept[wrapped]


def _roots(path: Path) -> list[str]:
    return [epoch["root"] for epoch in json.loads(path.read_text())["epochs"]]


def _edit(path: Path, **fields: object) -> None:
    document = json.loads(path.read_text())
    document["epochs"][0].update(fields)
    path.write_text(json.dumps(document))


class TestEpochs:
    def test_a_new_keyring_has_one_current_epoch(self, path: Path) -> None:
        keyring = Keyring.create(path)

        (epoch,) = keyring.epochs()
        assert (epoch.number, epoch.state, keyring.current) == (1, "current", 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(bytes.fromhex(_roots(path)[0])) == 32
        assert [p.name for p in path.parent.iterdir()] == ["keys.json"]

    def test_the_same_file_gives_the_same_keys(self, path: Path) -> None:
        made = Keyring.create(path).key(*CONTEXT)

        assert Keyring.open(path).key(*CONTEXT) == made
        assert made.key == derive_key(bytes.fromhex(_roots(path)[0]), *CONTEXT[:2], 1, CONTEXT[2])

    def test_rotation_adds_an_epoch_that_new_keys_use(self, path: Path) -> None:
        keyring = Keyring.create(path)
        before = keyring.key(*CONTEXT)
        keyring.rotate()

        for opened in (keyring, Keyring.open(path)):
            after = opened.key(*CONTEXT)
            assert (after.epoch, opened.current) == (2, 2)
            assert after.key != before.key
            assert after.key_id != before.key_id
            assert opened.key(*CONTEXT, epoch=1) == before
            assert [epoch.state for epoch in opened.epochs()] == ["retired", "current"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_destruction_makes_an_epochs_pseudonyms_unreproducible(self, path: Path) -> None:
        keyring = Keyring.create(path)
        root = bytes.fromhex(_roots(path)[0])
        pseudonyms = pseudonymize(NIRS, keyring.key(*CONTEXT).key, CONTEXT[2])
        keyring.rotate()
        keyring.destroy(1)

        for opened in (keyring, Keyring.open(path)):
            with pytest.raises(KeysError, match=r"epoch 1 of keyring `.*` was destroyed"):
                opened.key(*CONTEXT, epoch=1)
            assert [epoch.state for epoch in opened.epochs()] == ["destroyed", "current"]
            again = pseudonymize(NIRS, opened.key(*CONTEXT).key, CONTEXT[2])
            assert not set(again.to_pylist()) & set(pseudonyms.to_pylist())
        assert root.hex() not in path.read_text()
        assert root not in keyring._roots.values()

    def test_the_old_files_bytes_are_overwritten(self, path: Path) -> None:
        keyring = Keyring.create(path)
        for change in (keyring.rotate, lambda: keyring.destroy(1)):
            with path.open("rb") as old:
                change()
                assert set(old.read()) == {0}

    def test_the_current_epoch_is_not_destroyed(self, path: Path) -> None:
        keyring = Keyring.create(path)
        with pytest.raises(KeysError, match="rotate first"):
            keyring.destroy(1)
        keyring.rotate()
        keyring.destroy(1)
        with pytest.raises(KeysError, match="was destroyed"):
            keyring.destroy(1)

    def test_a_missing_file_is_named_in_the_language_in_use(self, path: Path) -> None:
        french = r"^le trousseau `.*keys\.json`\N{NO-BREAK SPACE}: aucun fichier"
        with speaking("fr"), pytest.raises(KeysError, match=french):
            Keyring.open(path)

    def test_a_missing_epoch_is_named(self, path: Path) -> None:
        keyring = Keyring.create(path)
        for ask in (lambda: keyring.key(*CONTEXT, epoch=7), lambda: keyring.destroy(7)):
            with pytest.raises(KeysError, match="has no epoch 7: the last one is 1"):
                ask()

    def test_key_ids_are_random(self, tmp_path: Path) -> None:
        rings = [Keyring.create(tmp_path / f"{n}.json") for n in range(50)]
        ids = {ring.epochs()[0].key_id for ring in rings}

        assert len(ids) == 50
        assert all(re.fullmatch("[0-9a-f]{16}", key_id) for key_id in ids)
        # One root has one id, whatever is derived from it.
        assert {rings[0].key(p, "i", m).key_id for p in "ab" for m in ("hmac-sha256",)} == {
            rings[0].epochs()[0].key_id
        }

    def test_two_rotate_at_once_and_none_is_lost(self, path: Path) -> None:
        Keyring.create(path)
        rings = [Keyring.open(path) for _ in range(8)]
        threads = [threading.Thread(target=ring.rotate) for ring in rings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [epoch.number for epoch in Keyring.open(path).epochs()] == list(range(1, 10))

    def test_a_link_to_the_file_stays_a_link(self, path: Path, tmp_path: Path) -> None:
        Keyring.create(path)
        link = tmp_path / "link.json"
        link.symlink_to(path)
        Keyring.open(link).rotate()

        assert link.is_symlink()
        assert Keyring.open(path).current == 2


class TestPassphrase:
    def test_roots_are_encrypted(self, path: Path) -> None:
        made = Keyring.create(path, "sésame, ouvre-toi vite")
        made.rotate()

        opened = Keyring.open(path, "sésame, ouvre-toi vite")
        assert opened.key(*CONTEXT, epoch=1) == made.key(*CONTEXT, epoch=1)
        assert opened.wrapped_by == "passphrase"
        assert all(len(bytes.fromhex(root)) == 12 + 32 + 16 for root in _roots(path))
        assert not [r for r in opened._roots.values() if r.hex() in path.read_text()]

    def test_a_wrong_one_is_refused(self, path: Path) -> None:
        Keyring.create(path, "sésame, ouvre-toi vite")
        with pytest.raises(KeysError, match="wrong passphrase"):
            Keyring.open(path, "secret")

    @pytest.mark.parametrize(
        "weak", ["x", " ", "sésame", "a" * 40, "abcabcabcabcabcabc", "azertyuiopqsdf"]
    )
    def test_a_weak_one_is_refused(self, path: Path, weak: str) -> None:
        with pytest.raises(KeysError, match="must have 15 characters or more, 8 of them different"):
            Keyring.create(path, weak)
        assert not path.exists()

    @pytest.mark.parametrize(
        "costs",
        [
            {"n": 1 << 20, "r": 16},
            {"n": 1 << 17, "p": 16},
            {"n": 100_000},
            {"n": 1 << 30},
            {"r": 1 << 20},
        ],
    )
    def test_costs_without_bounds_are_refused_before_they_are_paid(
        self, path: Path, costs: dict[str, int]
    ) -> None:
        Keyring.create(path, "sésame, ouvre-toi vite")
        document = json.loads(path.read_text())
        document["wrap"] |= costs
        path.write_text(json.dumps(document))
        with pytest.raises(KeysError, match="`wrap"):
            Keyring.open(path, "sésame, ouvre-toi vite")

    def test_none_or_an_empty_one_is_refused(self, path: Path) -> None:
        with pytest.raises(KeysError, match="guards nothing"):
            Keyring.create(path, "")
        Keyring.create(path, "sésame, ouvre-toi vite")
        for passphrase in (None, ""):
            with pytest.raises(KeysError, match="set TAMIS_KEYS_PASSPHRASE"):
                Keyring.open(path, passphrase)

    def test_entries_cannot_change_places(self, path: Path) -> None:
        Keyring.create(path, "sésame, ouvre-toi vite").rotate()
        first, second = _roots(path)
        document = json.loads(path.read_text())
        document["epochs"][0]["root"], document["epochs"][1]["root"] = second, first
        path.write_text(json.dumps(document))

        with pytest.raises(KeysError, match="does not unlock"):
            Keyring.open(path, "sésame, ouvre-toi vite")

    def test_listing_and_destroying_need_none(self, path: Path) -> None:
        Keyring.create(path, "sésame, ouvre-toi vite").rotate()
        locked = Keyring.open(path, unlock=False)
        locked.destroy(1)

        assert [epoch.state for epoch in locked.epochs()] == ["destroyed", "current"]
        for use in (locked.rotate, lambda: locked.key(*CONTEXT)):
            with pytest.raises(KeysError, match="without being unlocked"):
                use()

    def test_another_keyring_in_its_place_is_not_touched(self, path: Path) -> None:
        keyring = Keyring.create(path, "sésame, ouvre-toi vite")
        path.unlink()
        Keyring.create(path, "sésame, ouvre-toi vite")
        before = path.read_bytes()
        with pytest.raises(KeysError, match="another keyring took the place"):
            keyring.rotate()
        assert path.read_bytes() == before


class TestFaults:
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o666, 0o777])
    def test_loose_permissions(self, path: Path, mode: int) -> None:
        Keyring.create(path)
        path.chmod(mode)
        with pytest.raises(KeysError, match=f"has mode {mode:04o}: `chmod 600` it"):
            Keyring.open(path)

    def test_tighter_permissions_are_fine(self, path: Path) -> None:
        Keyring.create(path)
        path.chmod(0o400)
        assert Keyring.open(path).current == 1

    def test_another_owner(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Keyring.create(path)
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        with pytest.raises(KeysError, match="belongs to another user"):
            Keyring.open(path)

    def test_no_file_and_no_folder(self, path: Path) -> None:
        with pytest.raises(KeysError, match=r"keys\.json`: no such file or directory"):
            Keyring.open(path)
        with pytest.raises(KeysError, match="no such file or directory"):
            Keyring.create(path / "deep" / "keys.json")
        with pytest.raises(KeysError, match="is a directory"):
            Keyring.open(path.parent)

    def test_an_existing_file_is_never_overwritten(self, path: Path) -> None:
        Keyring.create(path)
        before = path.read_bytes()
        with pytest.raises(KeysError, match="exists already"):
            Keyring.create(path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("passphrase", [None, "sésame, ouvre-toi vite"])
    def test_a_file_cut_anywhere_is_refused_and_shows_no_key(
        self, path: Path, passphrase: str | None
    ) -> None:
        Keyring.create(path, passphrase)
        whole = path.read_bytes()
        root = _roots(path)[0]
        for length in range(len(whole.rstrip()) - 1):
            path.write_bytes(whole[:length])
            with pytest.raises(KeysError, match="is no keyring, or was cut short") as caught:
                Keyring.open(path, passphrase)
            assert root[:8] not in str(caught.value)
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__

    @pytest.mark.parametrize(
        "fields",
        [
            {"root": "zz"}, {"root": "00"}, {"root": 7}, {"root": None}, {"epoch": 2},
            {"key": "00"}, {"created": "yesterday"}, {"created": "2026-11-23T08:00:00"},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_damaged_file_is_refused(self, path: Path, fields: dict[str, object]) -> None:
        Keyring.create(path)
        _edit(path, **fields)
        with pytest.raises(KeysError, match=r"keys\.json"):
            Keyring.open(path)

    @pytest.mark.parametrize("content", ["[]", "{}", '{"keyring": "tamis/v2"}', "\x00", '"x"'])
    def test_something_else_is_no_keyring(self, path: Path, content: str) -> None:
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(KeysError, match="is no keyring"):
            Keyring.open(path)

    def test_a_failed_write_leaves_the_file_as_it_was(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keyring = Keyring.create(path)
        before = path.read_bytes()

        def fail(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(KeysError, match="no space left on device"):
            keyring.rotate()
        assert path.read_bytes() == before
        assert keyring.current == 1
        assert [p.name for p in path.parent.iterdir()] == ["keys.json"]


class TestSecrecy:
    def test_nothing_prints_a_key(self, path: Path) -> None:
        keyring = Keyring.create(path)
        derived = keyring.key(*CONTEXT)
        shown = f"{keyring!r} {keyring} {derived!r} {derived} {keyring.epochs()!r}"
        shown += repr(keyring._document)

        for secret in (bytes.fromhex(_roots(path)[0]), derived.key):
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown
        assert repr(keyring) == "Keyring(current=1)"
        assert repr(derived) == f"DerivedKey(epoch=1, key_id={derived.key_id!r})"

    def test_nothing_is_pickled_or_copied(self, path: Path) -> None:
        keyring = Keyring.create(path)
        for secret in (keyring, keyring.key(*CONTEXT)):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with pytest.raises(KeysError, match="never pickled"):
                    pickle.dumps([secret], protocol)
            with pytest.raises(KeysError, match="never pickled"):
                copy.deepcopy(secret)

    def test_a_derived_key_is_frozen(self) -> None:
        key = DerivedKey(bytes(32), 1, "id")
        with pytest.raises(dataclasses.FrozenInstanceError):
            key.epoch = 2  # type: ignore[misc]


class TestReferences:
    def test_a_path_with_the_environments_passphrase(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Keyring.create(path, "sésame, ouvre-toi vite")
        monkeypatch.setenv("TAMIS_KEYS_PASSPHRASE", "sésame, ouvre-toi vite")
        assert open_keyring(str(path)).key(*CONTEXT) == made.key(*CONTEXT)

    def test_a_prompt_is_asked_only_if_needed(self, tmp_path: Path) -> None:
        asked = []

        def prompt() -> str:
            asked.append(1)
            return "sésame, ouvre-toi vite"

        Keyring.create(tmp_path / "open.json")
        Keyring.create(tmp_path / "wrapped.json", "sésame, ouvre-toi vite")
        open_keyring(str(tmp_path / "open.json"), prompt)
        assert not asked
        open_keyring(str(tmp_path / "wrapped.json"), prompt)
        assert asked == [1]

    def test_the_environment_holds_the_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Keyring.create(path, "sésame, ouvre-toi vite")
        monkeypatch.setenv("CPF_KEYS", base64.encodebytes(path.read_bytes()).decode())
        monkeypatch.setenv("TAMIS_KEYS_PASSPHRASE", "sésame, ouvre-toi vite")
        path.unlink()

        opened = open_keyring("env:CPF_KEYS")
        assert opened.key(*CONTEXT) == made.key(*CONTEXT)
        for change in (opened.rotate, lambda: opened.destroy(1)):
            with pytest.raises(KeysError, match="`env:CPF_KEYS` is no file"):
                change()

    def test_an_environment_without_it_or_with_part_of_it(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("CPF_KEYS", raising=False)
        with pytest.raises(KeysError, match="the environment has no `CPF_KEYS`"):
            open_keyring("env:CPF_KEYS")
        Keyring.create(path)
        content = base64.b64encode(path.read_bytes()).decode()
        for part in (content[:-40], content[:-41], "é", ""):
            monkeypatch.setenv("CPF_KEYS", part)
            with pytest.raises(KeysError, match="cut short"):
                open_keyring("env:CPF_KEYS")


class TestKms:
    def test_one_wrapped_key_opens_all_epochs(self, path: Path) -> None:
        box = Box()
        made = Keyring.create(path, kms_uri="gcp-kms://k", kms=box)
        made.rotate()

        opened = Keyring.open(path, kms=box)
        assert (opened.key(*CONTEXT, epoch=1), opened.key(*CONTEXT)) == (
            made.key(*CONTEXT, epoch=1),
            made.key(*CONTEXT),
        )
        assert (box.unwrapped, opened.wrapped_by) == (1, "kms")
        assert not [secret for secret in box.kept.values() if secret.hex() in path.read_text()]
        assert not set(box.kept.values()) & set(opened._roots.values())

    def test_a_kms_that_fails_or_gives_another_key(self, path: Path) -> None:
        box = Box()
        Keyring.create(path, kms_uri="gcp-kms://k", kms=box)
        with pytest.raises(KeysError, match="does not know this"):
            Keyring.open(path, kms=Box())
        for other, message in ((bytes(32), "does not unlock"), (bytes(5), "not 5"), (b"", "not 0")):
            box.kept = dict.fromkeys(box.kept, other)
            with pytest.raises(KeysError, match=message):
                Keyring.open(path, kms=box)

    def test_a_passphrase_and_a_kms_at_once_are_refused(self, path: Path) -> None:
        with pytest.raises(KeysError, match="not by both"):
            Keyring.create(path, "sésame, ouvre-toi vite", kms_uri="gcp-kms://k")

    @pytest.mark.parametrize(
        "uri",
        ["aws-kms://k", "k", "gcp-kms://projects/p", "gcp-kms://" + "projects/p/locations/l/"
         "keyRings/r/cryptoKeys/", "gcp-kms://a/p/b/l/c/r/d/k"],
    )  # fmt: skip
    def test_a_uri_of_no_key_is_refused(self, uri: str) -> None:
        with pytest.raises(KeysError, match="is no key of"):
            connect(uri)


class TestGoogleKms:
    """The vendor's client, over gRPC, against a service on this machine."""

    NAME = "projects/p/locations/europe-west9/keyRings/r/cryptoKeys/k"

    @pytest.fixture
    def service(self) -> Iterator[tuple[Any, GoogleKms]]:
        grpc = pytest.importorskip("grpc")
        kms_v1 = pytest.importorskip("google.cloud.kms_v1")
        crc32c = pytest.importorskip("google_crc32c").value
        transports = pytest.importorskip(
            "google.cloud.kms_v1.services.key_management_service.transports"
        )

        class Service:
            def __init__(self) -> None:
                self.fernet = Fernet(Fernet.generate_key())
                self.fail: Any = None
                self.flip = False
                self.names: list[str] = []

            def encrypt(self, request: Any, context: Any) -> Any:
                self.names.append(request.name)
                if self.fail:
                    context.abort(self.fail, "told: " + request.plaintext.hex())
                ciphertext = self.fernet.encrypt(request.plaintext)
                return kms_v1.EncryptResponse(
                    ciphertext=ciphertext,
                    ciphertext_crc32c=crc32c(ciphertext) ^ self.flip,
                    verified_plaintext_crc32c=request.plaintext_crc32c == crc32c(request.plaintext),
                )

            def decrypt(self, request: Any, context: Any) -> Any:
                if self.fail:
                    context.abort(self.fail, "told")
                assert request.ciphertext_crc32c == crc32c(request.ciphertext)
                plaintext = self.fernet.decrypt(request.ciphertext)
                return kms_v1.DecryptResponse(
                    plaintext=plaintext, plaintext_crc32c=crc32c(plaintext) ^ self.flip
                )

        service = Service()
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                getattr(service, name.lower()),
                request_deserializer=getattr(kms_v1, f"{name}Request").deserialize,
                response_serializer=getattr(kms_v1, f"{name}Response").serialize,
            )
            for name in ("Encrypt", "Decrypt")
        }
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.cloud.kms.v1.KeyManagementService", handlers
                ),
            )
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        client = kms_v1.KeyManagementServiceClient(
            transport=transports.KeyManagementServiceGrpcTransport(channel=channel)
        )
        yield service, GoogleKms(f"gcp-kms://{self.NAME}", client)
        channel.close()
        server.stop(None)

    def test_a_keyring_goes_there_and_back(
        self, path: Path, service: tuple[Any, GoogleKms]
    ) -> None:
        fake, driver = service
        made = Keyring.create(path, kms_uri=f"gcp-kms://{self.NAME}", kms=driver)
        made.rotate()

        assert Keyring.open(path, kms=driver).key(*CONTEXT) == made.key(*CONTEXT)
        assert fake.names == [self.NAME]

    def test_a_refusal_is_told_without_the_services_words(
        self, path: Path, service: tuple[Any, GoogleKms]
    ) -> None:
        grpc = pytest.importorskip("grpc")
        fake, driver = service
        Keyring.create(path, kms_uri=f"gcp-kms://{self.NAME}", kms=driver)
        fake.fail = grpc.StatusCode.PERMISSION_DENIED

        with pytest.raises(KeysError, match="the kms did not decrypt: PermissionDenied") as caught:
            Keyring.open(path, kms=driver)
        assert "told" not in str(caught.value)
        with pytest.raises(KeysError, match="the kms did not encrypt: PermissionDenied") as caught:
            driver.wrap(bytes(32))
        assert "told" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_what_is_changed_on_the_way_is_refused(
        self, path: Path, service: tuple[Any, GoogleKms]
    ) -> None:
        fake, driver = service
        wrapped = driver.wrap(bytes(32))
        fake.flip = True
        with pytest.raises(KeysError, match="did not arrive whole"):
            driver.wrap(bytes(32))
        with pytest.raises(KeysError, match="did not arrive whole"):
            driver.unwrap(wrapped)


class TestCommands:
    def _run(self, *words: str, code: int = 0, passphrase: str | None = None) -> str:
        env = {"TAMIS_KEYS_PASSPHRASE": passphrase}
        result = CliRunner().invoke(app, words, env=env)
        if code:
            assert result.exception is not None
            assert getattr(result.exception, "exit_code", result.exit_code) == code
            return str(result.exception)
        assert result.exception is None, result.output
        return result.output

    def test_a_keyrings_life(self, path: Path) -> None:
        file = str(path)
        assert "epoch 1 is current, guarded by its mode 0600 alone" in self._run("new", file)
        assert "epoch 2 is current" in self._run("rotate", file)
        assert "epoch 1 is destroyed" in self._run("destroy", file, "--epoch", "1")

        listed = json.loads(self._run("list", file, "--json"))
        assert (listed["current"], listed["wrapped_by"]) == (2, "none")
        assert [(e["epoch"], e["state"]) for e in listed["epochs"]] == [
            (1, "destroyed"),
            (2, "current"),
        ]
        listed = self._run("list", file).splitlines()
        assert re.fullmatch(r" +2  20\S+Z  [0-9a-f]{16}  current", listed[-1])
        assert _roots(path)[1] not in "".join(listed)

    def test_a_passphrase_comes_from_the_environment(self, path: Path) -> None:
        file = str(path)
        assert "wrapped by the passphrase" in self._run(
            "new", file, "--passphrase", passphrase="sésame, ouvre-toi vite"
        )
        assert "epoch 2" in self._run("rotate", file, passphrase="sésame, ouvre-toi vite")
        assert "does not unlock" in self._run("rotate", file, code=2, passphrase="x")
        assert "no terminal" in self._run("rotate", file, code=2)
        assert "retired" in self._run("list", file)
        assert "destroyed" in self._run("destroy", file, "--epoch", "1")

    def test_an_empty_variable_is_no_wish_for_an_unwrapped_keyring(self, path: Path) -> None:
        said = self._run("new", str(path), code=2, passphrase="")
        assert "TAMIS_KEYS_PASSPHRASE is empty" in said
        assert not path.exists()

    def test_errors_exit_with_2(self, path: Path) -> None:
        file = str(path)
        assert "no such file" in self._run("list", file, code=2)
        self._run("new", file)
        assert "exists already" in self._run("new", file, code=2)
        assert "rotate first" in self._run("destroy", file, "--epoch", "1", code=2)
        assert "is no key of" in self._run("new", f"{file}2", "--kms", "x://y", code=2)
        self._run("destroy", file, code=2)
