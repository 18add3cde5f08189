"""Pseudonyms: the published vectors, one person one value, and no link without the key."""

import hmac
import threading
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from tamis.errors import KeysError
from tamis.nir import pseudonym
from tamis.nir.identifiers import judge_identifiers
from tamis.nir.pseudonym import METHODS, derive_key, pseudonymize, pseudonymize_numbers

KEY = bytes(range(32))
NIRS = ["1550875999991", "269052A999992", "188122B999993", "2930797490995"]

canonical_nirs = st.from_regex(r"[1278][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}", fullmatch=True)


def _hmac(value: str, key: bytes = KEY) -> bytes:
    return hmac.digest(key, b"NIR" + value.encode(), "sha256")[:16]


def _cmac(value: str, key: bytes = KEY) -> bytes:
    mac = CMAC(AES256(key))
    mac.update(b"NIR" + value.encode())
    return mac.finalize()


ORACLES = {"hmac-sha256": _hmac, "aes-256-cmac": _cmac}


def _mac(method: str, key: bytes, block: bytes) -> bytes:
    """One MAC by the module's own construction, for vectors whose message is no NIR."""
    out = np.zeros((2, 16), np.uint8)
    pseudonym._MACS[method](key)(np.frombuffer(block, np.uint8).reshape(1, 16), out)
    return bytes(out[0])


class TestVectors:
    # RFC 4231, 4.2: HMAC-SHA-256 with a key of 20 bytes. Its messages are not of 16 bytes, so
    # the vector proves the standard library, and the library then proves us on 16.
    def test_rfc_4231(self) -> None:
        expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        assert hmac.digest(b"\x0b" * 20, b"Hi There", "sha256").hex() == expected

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
    def test_our_hmac_is_the_librarys(self, key: bytes, block: bytes) -> None:
        assert _mac("hmac-sha256", key, block) == hmac.digest(key, block, "sha256")[:16]

    def test_nist_sp_800_38b_aes_256_cmac_of_one_block(self) -> None:
        key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
        block = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
        assert _mac("aes-256-cmac", key, block).hex() == "28a7023f452e8f82bd4bf28d8c37c35c"

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
    def test_our_cmac_is_the_librarys(self, key: bytes, block: bytes) -> None:
        mac = CMAC(AES256(key))
        mac.update(block)
        assert _mac("aes-256-cmac", key, block) == mac.finalize()

    # RFC 5869, A.3: HKDF-SHA-256 without salt, as ours is.
    def test_rfc_5869(self) -> None:
        expected = (
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        )
        hkdf = HKDF(algorithm=SHA256(), length=42, salt=None, info=b"")
        assert hkdf.derive(b"\x0b" * 22).hex() == expected

    def test_a_derived_key_is_hkdf_of_the_context(self) -> None:
        # Extract, then the one block of expand, by RFC 5869, 2.2 and 2.3.
        info = b"tamis/v1|agent-emploi|R6323-37.III.2|7|hmac-sha256"
        extracted = hmac.digest(bytes(32), KEY, "sha256")
        expected = hmac.digest(extracted, info + b"\x01", "sha256")
        assert derive_key(KEY, "agent-emploi", "R6323-37.III.2", 7, "hmac-sha256") == expected


@pytest.mark.parametrize("method", METHODS)
class TestColumns:
    @given(values=st.lists(st.one_of(st.none(), canonical_nirs), max_size=30))
    def test_every_value_has_its_mac_and_a_null_is_null(
        self, method: str, values: list[str | None]
    ) -> None:
        result = pseudonymize(pa.array(values, pa.string()), KEY, method)

        result.validate(full=True)
        assert result.type == pa.binary(16)
        assert result.to_pylist() == [v and ORACLES[method](v) for v in values]

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
    def test_slices_and_string_types_give_the_same(self, method: str, kind: pa.DataType) -> None:
        values = [None, *NIRS, None, *NIRS]
        array = pa.array(values, pa.string()).cast(kind).slice(1, 7)

        expected = [v and ORACLES[method](v) for v in values[1:8]]
        assert pseudonymize(array, KEY, method).to_pylist() == expected

    def test_columns_longer_than_a_chunk_are_whole(self, method: str) -> None:
        count = 2 * pseudonym._CHUNK + 3
        values = [f"1{n:012}" for n in range(count)]
        result = pseudonymize(pa.array(values), KEY, method)

        for row in (0, pseudonym._CHUNK - 1, pseudonym._CHUNK, count - 1):
            assert result[row].as_py() == ORACLES[method](values[row])

    def test_no_two_persons_share_a_pseudonym(self, method: str) -> None:
        values = pa.array([f"1{n:012}" for n in range(100_000)])
        assert len(pseudonymize(values, KEY, method).unique()) == 100_000

    def test_all_forms_of_one_person_give_one_pseudonym(self, method: str) -> None:
        forms = pa.array(
            ["269052A999992", "269052A99999244", "2 69 05 2A 999 992 44", "2 69 05 2a 999 992"]
        )
        result = pseudonymize(judge_identifiers(forms).canonical, KEY, method)

        assert result.null_count == 0
        assert len(result.unique()) == 1

    def test_a_malformed_value_never_gets_one(self, method: str) -> None:
        malformed = pa.array(["155137599999176", "1550875", "SS 1550875999991", "", None])
        assert pseudonymize(judge_identifiers(malformed).canonical, KEY, method).null_count == 5

    @pytest.mark.parametrize("value", ["155087599999193", "1550875", "", "x"])
    def test_what_is_not_canonical_is_refused_unquoted(self, method: str, value: str) -> None:
        with pytest.raises(ValueError, match="a canonical NIR has 13 characters") as caught:
            pseudonymize(pa.array([*NIRS, value]), KEY, method)
        assert not value or value not in str(caught.value).replace("NIR has 13", "")

    def test_no_byte_of_a_nir_is_left(self, method: str) -> None:
        result = pseudonymize(pa.array([None, *NIRS]), KEY, method)
        held = b"".join(buffer.to_pybytes() for buffer in result.buffers() if buffer)
        assert not [nir for nir in NIRS if nir.encode()[:6] in held]

    def test_threads_do_not_disturb_one_another(self, method: str) -> None:
        values = pa.array([f"1{n:012}" for n in range(40_000)])
        expected = pseudonymize(values, KEY, method)
        results: list[pa.Array] = []
        threads = [
            threading.Thread(target=lambda: results.append(pseudonymize(values, KEY, method)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(results) == 4
        assert all(result.equals(expected) for result in results)

    def test_a_key_of_another_length_is_refused(self, method: str) -> None:
        for key in (b"", bytes(16), bytes(33)):
            with pytest.raises(KeysError, match="a key has 32 bytes"):
                pseudonymize(pa.array(NIRS), key, method)


def test_no_pseudonym_links_two_contexts() -> None:
    contexts = product(("a", "b"), ("R6323-37.III.1", "R6323-37.III.2"), (1, 2), METHODS)
    seen: set[bytes] = set()
    for processing, item, epoch, method in contexts:
        key = derive_key(KEY, processing, item, epoch, method)
        seen.update(pseudonymize(pa.array(NIRS), key, method).to_pylist())

    assert len(seen) == 16 * len(NIRS)
    assert len({value[:4] for value in seen}) == len(seen)


def test_an_unknown_method_and_a_plain_hash_are_refused() -> None:
    for method in ("sha256", "md5", "", "HMAC-SHA256"):
        with pytest.raises(KeysError, match="no pseudonym method"):
            pseudonymize(pa.array(NIRS), KEY, method)
        with pytest.raises(KeysError, match="no pseudonym method"):
            derive_key(KEY, "p", "i", 1, method)


@pytest.mark.parametrize(
    ("processing", "item", "epoch"), [("a|b", "c", 1), ("a", "b|c", 1), ("", "c", 1), ("a", "c", 0)]
)
def test_a_context_that_could_be_read_in_two_ways_is_refused(
    processing: str, item: str, epoch: int
) -> None:
    with pytest.raises(KeysError):
        derive_key(KEY, processing, item, epoch, "hmac-sha256")


class TestNumbers:
    """Identifiers of other kinds than NIRs."""

    @pytest.mark.parametrize("method", METHODS)
    def test_the_message_is_kind_length_and_canonical_bytes(self, method: str) -> None:
        message = b"dossier|4|\xc3\xa917"
        mac = CMAC(AES256(KEY))
        mac.update(message)
        expected = {
            "hmac-sha256": hmac.digest(KEY, message, "sha256")[:16],
            "aes-256-cmac": mac.finalize(),
        }
        made = pseudonymize_numbers(pa.array(["e\u030117 "]), "dossier", KEY, method)
        assert made.to_pylist() == [expected[method]]

    def test_the_kind_is_in_the_keys_info(self) -> None:
        info = b"tamis/v1|agent-emploi|R6323-37.III.2|7|hmac-sha256|dossier"
        expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(KEY)
        context = (KEY, "agent-emploi", "R6323-37.III.2", 7, "hmac-sha256")
        assert derive_key(*context, "dossier") == expected
        keys = {derive_key(*context), *(derive_key(*context, kind) for kind in ("dossier", "ntt"))}
        assert len(keys) == 3

    @pytest.mark.parametrize("kind", ["", "a|b"])
    def test_a_kind_that_cannot_be_told_from_others_is_refused(self, kind: str) -> None:
        with pytest.raises(KeysError):
            derive_key(KEY, "p", "i", 1, "hmac-sha256", kind)

    def test_what_is_one_number_has_one_pseudonym(self) -> None:
        texts = ["7", " 7\t", "\u00a07", "07", "7a", "7A", "-7", None, "", "  "]
        made = pseudonymize_numbers(pa.array(texts), "dossier", KEY, "hmac-sha256").to_pylist()
        assert made[0] == made[1] == made[2]
        assert len({value for value in made if value}) == 5
        assert made[7:] == [None, None, None]

    @pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.int64(), pa.large_string()])
    def test_an_integer_is_the_text_of_its_digits(self, kind: pa.DataType) -> None:
        texts = pa.array(["7", None, "107"])
        numbers = pa.array([7, None, 107]).cast(kind)
        assert pseudonymize_numbers(numbers, "dossier", KEY, "hmac-sha256").equals(
            pseudonymize_numbers(texts, "dossier", KEY, "hmac-sha256")
        )

    def test_no_number_is_that_of_another_kind(self) -> None:
        values = pa.array(["1|7", "7"])
        first = pseudonymize_numbers(values, "a", KEY, "hmac-sha256").to_pylist()
        second = pseudonymize_numbers(values, "a-b", KEY, "hmac-sha256").to_pylist()
        assert not set(first) & set(second)

    def test_a_nir_is_no_number_of_a_kind(self) -> None:
        nirs = pa.array(NIRS)
        others = pseudonymize_numbers(nirs, "nir", KEY, "hmac-sha256").to_pylist()
        assert not set(others) & set(pseudonymize(nirs, KEY, "hmac-sha256").to_pylist())
