"""`profile_nir` on realistic columns, made apart from those that it was written with."""

import json
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tamis.nir.profile import profile_nir

from .second_corpus import corsican, full
from .second_lookalikes import (
    LOOKALIKES,
    Rng,
    body,
    checked,
    cut,
    date,
    digits,
    ean,
    iban,
    phone,
)

Column = tuple[Callable[[Rng], Any], pa.DataType | None, str | None]
ROWS = 1_000


def _prose(rng: Rng) -> str:
    return rng.choice((
        "Le titulaire souhaite se former, 35 h.", "Dossier complet, SIRET " + checked(rng, 14),
        f"Appel du {date(rng)}, rappeler au {phone(rng)}", "RAS",
        f"Attestation reçue le {date(rng)} pour 1 200,00 €",
    ))  # fmt: skip


def _either(rng: Rng, share: float, yes: str, no: str) -> str:
    return yes if rng.random() < share else no


def _born(rng: Rng) -> str:
    return f"{rng.randint(0, 99):02}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


CARRYING: dict[str, Column] = {
    "integers": (lambda r: int(full(r)), pa.int64(), None),
    "integers of 13": (lambda r: int(body(r)), pa.int64(), None),
    "floats": (lambda r: float(full(r)), None, None),
    "floats of 13": (lambda r: float(body(r)), None, None),
    "floats as text": (lambda r: full(r) + ".0", None, None),
    "decimals": (lambda r: Decimal(full(r)), pa.decimal128(15, 0), None),
    "decimals with cents": (lambda r: Decimal(full(r)), pa.decimal128(20, 2), None),
    "key as cents": (lambda r: Decimal(full(r)) / 100, pa.decimal128(20, 2), None),
    "bytes": (lambda r: full(r).encode(), pa.binary(), None),
    "fixed bytes": (lambda r: full(r).encode(), pa.binary(15), None),
    "json": (lambda r: json.dumps({"id": 3, "nir": body(r), "d": date(r)}), None, "payload"),
    "json numbers": (lambda r: json.dumps({"a": {"numSecu": int(full(r))}}), None, None),
    "json, one in twenty": (
        lambda r: json.dumps({"note": _either(r, 0.05, "NIR " + full(r), "x")}), None, None,
    ),
    "text, one in 200": (
        lambda r: _either(r, 0.005, f"Vu, n° sécu {cut(full(r))}, rappeler", _prose(r)),
        None, "commentaire",
    ),
    "text of 13, one in 200": (
        lambda r: _either(r, 0.005, f"NIR : {body(r)}", _prose(r)), None, "commentaire",
    ),
    "text without label, one in 100": (
        lambda r: _either(r, 0.01, f"Vu avec {full(r)} ce jour", _prose(r)), None, "note",
    ),
    "spaced": (lambda r: cut(full(r)), None, None),
    "narrow spaces": (lambda r: cut(full(r), "\u202f"), None, None),
    "key apart": (lambda r: (n := full(r))[:13] + " " + n[13:], None, None),
    "13": (body, None, None),
    "13 spaced": (lambda r: cut(body(r)), None, None),
    "13 in a column of that name": (body, None, "num_secu"),
    "garbage, one in twenty": (
        lambda r: _either(r, 0.05, r.choice(("", "N/A", "0", "9" * 15)), full(r)), None, None,
    ),
    "13 and garbage": (
        lambda r: _either(r, 0.05, r.choice(("", "N/A", "0", "9" * 13)), body(r)), None, None,
    ),
    "mostly null": (lambda r: full(r) if r.random() < 0.05 else None, pa.string(), None),
    "corsica": (corsican, None, None),
    "mixed writings": (
        lambda r: r.choice((full(r), cut(full(r)), body(r), corsican(r))), None, None,
    ),
    "padded": (lambda r: full(r).ljust(20), None, None),
    "mixed identifiers": (
        lambda r: _either(r, 0.1, full(r), r.choice((checked(r, 14), digits(r, 15)))),
        None, "identifiant",
    ),
    "csv lines": (lambda r: f"3;Durand;{full(r)};75015", None, None),
    "addresses": (lambda r: f"https://x.example/?nir={full(r)}", None, None),
    "file names": (lambda r: f"scan_{full(r)}.pdf", None, None),
    "e-mail": (lambda r: f"{full(r)}@x.example", None, "email"),
    "lists": (lambda r: [full(r)], pa.list_(pa.string()), None),
    "dictionary": (full, pa.dictionary(pa.int32(), pa.string()), None),
    "wrong keys": (lambda r: f"{body(r)}{r.randint(1, 97):02}", None, "nir"),
    "wrong keys, grouped": (lambda r: cut(f"{body(r)}{r.randint(1, 97):02}"), None, None),
}  # fmt: skip

CLEAN: dict[str, Column] = {
    "siret": (lambda r: checked(r, 14), None, None),
    "siret as integers": (lambda r: int(checked(r, 14)), pa.int64(), "siret"),
    "phones": (phone, None, None),
    "phones abroad": (lambda r: "+33" + phone(r, "")[1:], None, None),
    "iban": (iban, None, None),
    "iban spaced": (lambda r: cut(iban(r), " ", (4,) * 7), None, None),
    "references": (lambda r: digits(r, 15, "12"), None, "reference"),
    "references as integers": (lambda r: int(digits(r, 15, "12")), pa.int64(), None),
    "ean": (lambda r: int(ean(r, "37")), pa.int64(), None),
    "ean from 2": (lambda r: ean(r, "2"), None, None),
    "epoch": (lambda r: r.randint(15 * 10**11, 18 * 10**11), pa.int64(), None),
    "tax": (lambda r: digits(r, 13, "0123"), None, None),
    "imei": (lambda r: checked(r, 15, "3"), None, None),
    "cards": (lambda r: checked(r, 16, "45"), None, None),
    "clocks": (LOOKALIKES["timestamp of 17"], None, None),
    "uuid": (lambda r: str(uuid.UUID(int=r.getrandbits(128))), None, None),
    "digests": (lambda r: r.randbytes(32).hex(), None, None),
    "positions": (LOOKALIKES["gps"], None, None),
    "vectors": (LOOKALIKES["floats"], None, None),
    "prose": (_prose, None, "commentaire"),
    "nir as a word": (lambda r: _either(r, 0.3, "NIR manquant", _prose(r)), None, None),
    "infrared": (LOOKALIKES["infrared"], None, None),
    "json": (
        lambda r: json.dumps({"siret": checked(r, 14), "order": digits(r, 15, "12")}), None, None,
    ),
    "dated orders": (lambda r: f"1{_born(r)}{digits(r, 6)}", None, None),
    "dated orders of 15": (lambda r: f"2{_born(r)}{digits(r, 8)}", None, None),
    "romanian": (lambda r: f"{r.choice('1256')}{_born(r)}{digits(r, 6)}", None, "cnp"),
    "swiss": (lambda r: ean(r, "756"), None, None),
    "mixed identifiers": (
        lambda r: r.choice((checked(r, 14), digits(r, 15), digits(r, 13), iban(r))), None, None,
    ),
    "amounts": (lambda r: Decimal(digits(r, 13, "12")) / 100, pa.decimal128(18, 2), None),
    "large floats": (lambda r: r.random() * 1e15, None, None),
}  # fmt: skip


def _profile(column: Column, rows: int = ROWS) -> bool:
    make, kind, name = column
    rng = random.Random(5)
    return profile_nir(pa.array([make(rng) for _ in range(rows)], kind), name).carries_nir


@pytest.mark.parametrize("case", CARRYING)
def test_nirs_are_seen(case: str) -> None:
    assert _profile(CARRYING[case])


@pytest.mark.parametrize("case", CLEAN)
def test_other_values_are_not_taken_for_nirs(case: str) -> None:
    assert not _profile(CLEAN[case])


@pytest.mark.parametrize("case", ["integers", "spaced", "bytes", "13 in a column of that name"])
def test_eight_values_are_enough(case: str) -> None:
    assert _profile(CARRYING[case], rows=8)
