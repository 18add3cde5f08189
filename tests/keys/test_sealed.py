"""Sealed originals: they come back byte for byte, to one key, beside their own record, or not."""

import copy
import json
import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import InputError, KeysError, TamisError
from tamis.keys import secret_file
from tamis.keys.seal_keys import (
    make_seal_key,
    public_path,
    read_own_public_key,
    read_private_key,
    read_public_key,
)
from tamis.keys.sealed import (
    SEALED_BYTES,
    Original,
    PrivateKey,
    PublicKey,
    _framed,
    seal,
    sealed_to,
    unseal,
)

SOURCE = "kafka://broker/evaluations#3"
CANARY = b"canari 99 00 99 999 999"
KEY = PrivateKey.new()
OTHER = PrivateKey.new()

parts = st.none() | st.binary(max_size=200)
names = st.text(max_size=20) | st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF))
originals = st.builds(
    Original, parts, parts, st.lists(st.tuples(names, parts), max_size=6).map(tuple)
)


@pytest.fixture(autouse=True)
def _cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_file, "SCRYPT_COST", 1 << 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "originals.json"


class Reference:
    """RFC 9180 written down once more, base mode, receiving side, sequence number 0."""

    KEM = b"KEM\x00\x20"
    SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"

    def open(self, enc: bytes, ciphertext: bytes, raw: bytes, info: bytes, aad: bytes) -> bytes:
        private = X25519PrivateKey.from_private_bytes(raw)
        shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
        context = enc + private.public_key().public_bytes_raw()
        eae = self._extract(self.KEM, b"", b"eae_prk", shared)
        secret = self._expand(self.KEM, eae, b"shared_secret", context, 32)
        ids = self._extract(self.SUITE, b"", b"psk_id_hash", b"")
        schedule = b"\x00" + ids + self._extract(self.SUITE, b"", b"info_hash", info)
        root = self._extract(self.SUITE, secret, b"secret", b"")
        key = self._expand(self.SUITE, root, b"key", schedule, 32)
        nonce = self._expand(self.SUITE, root, b"base_nonce", schedule, 12)
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)

    def _extract(self, suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
        from cryptography.hazmat.primitives.hmac import HMAC

        mac = HMAC(salt or bytes(32), hashes.SHA256())
        mac.update(b"HPKE-v1" + suite + label + material)
        return mac.finalize()

    def _expand(self, suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
        labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
        return HKDFExpand(hashes.SHA256(), size, labelled).derive(key)


class TestPrimitive:
    def test_the_reference_opens_the_vector_of_rfc_9180_a_2_1(self) -> None:
        enc = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
        ciphertext = (
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
            "21993c62ce81883d2dd1b51a28"
        )
        private = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"
        public = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        info = "4f6465206f6e2061204772656369616e2055726e"

        assert PrivateKey(bytes.fromhex(private)).public.raw.hex() == public
        enc_, text, own, bound = map(bytes.fromhex, (enc, ciphertext, private, info))
        opened = Reference().open(enc_, text, own, bound, b"Count-0")
        assert opened == b"Beauty is truth, truth beauty"

    def test_the_reference_opens_what_is_sealed_here(self) -> None:
        sealed = seal(Original(b"v", None, (("h", b""),)), KEY.public, SOURCE, 7)
        own = KEY.public.id
        info = b"".join(
            len(part).to_bytes(8, "big") + part
            for part in (b"tamis/sealed/v1", bytes.fromhex(own), SOURCE.encode(), b"7")
        )
        assert sealed[:12] == b"TMS1" + bytes.fromhex(own)
        plain = Reference().open(sealed[12:44], sealed[44:], KEY.raw, info, b"")
        assert plain == bytes.fromhex(
            "0000000000000001 76 ffffffffffffffff 0000000000000001 68 0000000000000000"
        )
        with pytest.raises(InvalidTag):
            Reference().open(sealed[12:44], sealed[44:], OTHER.raw, info, b"")


class TestSealing:
    @given(originals, st.text(max_size=30), st.integers())
    @settings(max_examples=200)
    def test_every_message_comes_back_as_it_was(
        self, original: Original, source: str, position: int
    ) -> None:
        sealed = seal(original, KEY.public, source, position)
        assert unseal(sealed, KEY, source, position) == original
        assert sealed_to(sealed) == KEY.public.id

    def test_a_null_is_not_an_empty_part(self) -> None:
        for original in (Original(None), Original(b""), Original(b"", b"", (("", None),))):
            again = unseal(seal(original, KEY.public, SOURCE, 1), KEY, SOURCE, 1)
            assert (again.value, again.key, again.headers) == (
                original.value,
                original.key,
                original.headers,
            )

    def test_a_message_of_21_megabytes(self) -> None:
        value = os.urandom(1 << 20) * 21
        sealed = seal(Original(value, b"k"), KEY.public, SOURCE, 1)
        assert unseal(sealed, KEY, SOURCE, 1).value == value
        assert len(sealed) == len(value) + 1 + 16 + SEALED_BYTES

    def test_the_same_message_is_never_sealed_to_the_same_bytes(self) -> None:
        assert len({seal(Original(b"v"), KEY.public, SOURCE, 1) for _ in range(50)}) == 50

    def test_no_byte_of_the_message_is_left(self) -> None:
        sealed = seal(Original(CANARY, CANARY, (("canari", CANARY),)), KEY.public, SOURCE, 1)
        assert b"canari" not in sealed
        assert SOURCE.encode() not in sealed

    @pytest.mark.parametrize(
        ("source", "position"), [(SOURCE, 8), (SOURCE + "0", 7), ("", 7), (SOURCE[:-1], 37)]
    )
    def test_it_does_not_open_beside_another_record(self, source: str, position: int) -> None:
        sealed = seal(Original(CANARY), KEY.public, SOURCE, 7)
        with pytest.raises(InputError, match="damaged, or another record's"):
            unseal(sealed, KEY, source, position)

    def test_every_bit_counts(self) -> None:
        sealed = seal(Original(b"v"), KEY.public, SOURCE, 7)
        for place in range(len(sealed)):
            for bit in (1, 128):
                other = bytearray(sealed)
                other[place] ^= bit
                # The key's id and the highest bit of the encapsulated key are bound, too.
                with pytest.raises((InputError, KeysError)):
                    unseal(bytes(other), KEY, SOURCE, 7)

    def test_what_is_cut_or_longer_is_damaged(self) -> None:
        sealed = seal(Original(b"v"), KEY.public, SOURCE, 7)
        for other in (*(sealed[:size] for size in range(len(sealed))), sealed + b"\0", b"x" * 99):
            with pytest.raises(InputError, match="damaged"):
                unseal(other, KEY, SOURCE, 7)

    def test_another_key_is_told_by_its_id(self) -> None:
        sealed = seal(Original(CANARY), KEY.public, SOURCE, 7)
        with pytest.raises(KeysError) as caught:
            unseal(sealed, OTHER, SOURCE, 7)
        ids = f"sealed to key {KEY.public.id}, not to {OTHER.public.id}"
        assert str(caught.value) == f"{SOURCE}: position 7: {ids}"

    @pytest.mark.parametrize(
        "plain",
        [
            b"",
            _framed(b"v"),
            _framed(b"v", b"k", b"name"),
            _framed(b"v", b"k", None, b"x"),
            _framed(b"v", b"k", b"\xff", b"x"),
            _framed(b"v", b"k")[:-1],
            _framed(b"v", b"k") + b"\0" * 7,
            b"\x7f" + b"\xff" * 7,
        ],
    )
    def test_what_another_program_sealed_badly_is_damaged(
        self, plain: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tamis.keys.sealed._framed", _forged(plain))
        sealed = seal(Original(b""), KEY.public, SOURCE, 7)
        monkeypatch.undo()
        with pytest.raises(InputError, match="damaged"):
            unseal(sealed, KEY, SOURCE, 7)


def _forged(plain: bytes) -> object:
    """`_framed` for what is bound, and `plain` in place of the message."""

    def framed(*parts: bytes | None) -> bytes:
        return _framed(*parts) if parts[0] == b"tamis/sealed/v1" else plain

    return framed


class TestSecrecy:
    def test_nothing_shows_a_message_or_a_key(self) -> None:
        original = Original(CANARY, CANARY, (("canari", CANARY),))
        assert repr(original) == "Original()"
        assert repr(KEY) == "PrivateKey()"

    def test_a_private_key_is_never_pickled_nor_copied(self) -> None:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(KeysError, match="never pickled"):
                pickle.dumps([KEY], protocol)
        with pytest.raises(KeysError, match="never pickled"):
            copy.deepcopy(KEY)

    def test_a_public_key_travels(self) -> None:
        again = pickle.loads(pickle.dumps(KEY.public))
        assert unseal(seal(Original(b"v"), again, SOURCE, 1), KEY, SOURCE, 1).value == b"v"

    def test_an_error_holds_neither_message_nor_key(self) -> None:
        sealed = seal(Original(CANARY), KEY.public, SOURCE, 7)
        for key, position in ((OTHER, 7), (KEY, 8)):
            with pytest.raises(TamisError) as caught:
                unseal(sealed, key, SOURCE, position)
            assert caught.value.__cause__ is None
            message = f"{caught.value} {caught.value.args}"
            for secret in (CANARY, KEY.raw, OTHER.raw, sealed):
                assert repr(secret)[2:-1] not in message
                assert secret.hex() not in message


class TestPublicKeys:
    def test_a_line_goes_there_and_back(self) -> None:
        assert PublicKey.of(KEY.public.text + "\n") == KEY.public

    @pytest.mark.parametrize("raw", [b"", bytes(31), bytes(32), (1).to_bytes(32, "little")])
    def test_what_nobody_could_open_is_no_key(self, raw: bytes) -> None:
        with pytest.raises(KeysError, match="no public key"):
            PublicKey(raw)

    def test_an_altered_line_is_refused(self) -> None:
        word, own, key = KEY.public.text.split()
        for line, why in (
            ("", "one line"),
            (f"{word} {own}", "one line"),
            (f"tamis-seal-v2 {own} {key}", "one line"),
            (f"{word} {own} {key[:-3]}", "base64"),
            (f"{word} {own} é", "base64"),
            (f"{word} {own} {OTHER.public.text.split()[2]}", "was altered"),
            (f"{word} {own[::-1]} {key}", "was altered"),
        ):
            with pytest.raises(KeysError, match=why):
                PublicKey.of(line)


class TestFiles:
    def test_the_private_one_is_its_owners_and_the_public_one_anybodys(self, path: Path) -> None:
        before = os.umask(0o022)
        try:
            made = make_seal_key(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(public_path(path).stat().st_mode) == 0o644
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "originals.json",
            "originals.json.pub",
        ]
        assert public_path(path).read_text() == f"tamis-seal-v1 {made.id} {made.text.split()[2]}\n"
        assert read_private_key(path).public == made
        assert read_public_key(public_path(path)) == read_own_public_key(path) == made

    def test_nothing_is_overwritten(self, path: Path) -> None:
        make_seal_key(path)
        before = path.read_bytes()
        with pytest.raises(KeysError, match=r"originals\.json` exists already"):
            make_seal_key(path)
        assert path.read_bytes() == before
        path.unlink()
        with pytest.raises(KeysError, match=r"originals\.json\.pub` exists already"):
            make_seal_key(path)
        assert not path.exists()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_loose_permissions_are_refused(self, path: Path, mode: int) -> None:
        make_seal_key(path)
        path.chmod(mode)
        for read in (read_private_key, read_own_public_key):
            with pytest.raises(KeysError, match=f"has mode {mode:04o}: `chmod 600` it"):
                read(path)

    def test_a_passphrase_encrypts_the_private_one(self, path: Path) -> None:
        made = make_seal_key(path, "sésame, ouvre-toi vite")
        asked = []

        def ask() -> str:
            asked.append(1)
            return "sésame, ouvre-toi vite"

        key = read_private_key(path, ask)
        assert (key.public, asked) == (made, [1])
        assert key.raw.hex() not in path.read_text()
        assert read_own_public_key(path) == made
        with pytest.raises(KeysError, match="wrong passphrase"):
            read_private_key(path, "secret")
        with pytest.raises(KeysError, match="set TAMIS_SEAL_PASSPHRASE"):
            read_private_key(path)
        with pytest.raises(KeysError, match="guards nothing"):
            make_seal_key(path.with_name("other.json"), "")

    @pytest.mark.parametrize("passphrase", [None, "sésame, ouvre-toi vite"])
    def test_halves_of_two_keys_are_refused(self, path: Path, passphrase: str | None) -> None:
        make_seal_key(path, passphrase)
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "public": OTHER.public.text}))
        with pytest.raises(KeysError, match="altered"):
            read_private_key(path, passphrase)

    def test_a_file_cut_anywhere_is_refused_and_shows_no_key(self, path: Path) -> None:
        make_seal_key(path)
        whole = path.read_bytes()
        secret = json.loads(whole)["private"]
        for size in range(len(whole.rstrip()) - 1):
            path.write_bytes(whole[:size])
            with pytest.raises(KeysError, match="is no key that unseals") as caught:
                read_private_key(path)
            assert secret[:8] not in str(caught.value)
            assert caught.value.__suppress_context__

    @pytest.mark.parametrize("fields", [{"private": "00"}, {"private": 7}, {"x": 1}], ids=str)
    def test_a_damaged_file_is_refused(self, path: Path, fields: dict[str, object]) -> None:
        make_seal_key(path)
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
        with pytest.raises(KeysError):
            read_private_key(path)

    def test_one_half_is_not_taken_for_the_other(self, path: Path) -> None:
        make_seal_key(path)
        with pytest.raises(KeysError, match="may be a private key"):
            read_public_key(path)
        with pytest.raises(KeysError, match="is a public key"):
            read_private_key(public_path(path))

    def test_what_is_missing_is_named(self, path: Path) -> None:
        with pytest.raises(KeysError, match=r"originals\.json`: no such file"):
            read_private_key(path)
        with pytest.raises(KeysError, match=r"originals\.json`: no such file"):
            read_public_key(path)
        with pytest.raises(KeysError, match="no such file"):
            make_seal_key(path / "deep")
