"""Poison for streams: messages, what becomes of each of them, and why.

`CASES` are the scenarios of every stream, wherever it runs. Every poison holds `CANARY` or a NIR,
in its payload or beside it.
"""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tamis.synthetic.files import json_value
from tamis.synthetic.records import space_nir

POLICY, RELEASE = "evaluation-cpf", "evaluation"
CANARY = "CANARI"
NIR = "155087599999193"
"""Of a commune that does not exist."""

Record = dict[str, Any]
Headers = tuple[tuple[str, bytes | None], ...]


def json_text(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=True, default=json_value).encode()


@dataclass(frozen=True)
class Case:
    """A message, what becomes of it, and why that is right.

    Attributes:
        make: the payload, given a record that would be released and names the case.
        outcome: reason, field and rule of the quarantine, or the other disposition.
    """

    name: str
    because: str
    make: Callable[[Record], bytes | None]
    outcome: tuple[str, str, str] | Literal["released", "withheld"]
    key: bytes | None = None
    headers: Headers = ()


def unreadable(rule: str) -> tuple[str, str, str]:
    return ("unreadable", "", rule)


def beside(what: str) -> tuple[str, str, str]:
    return ("nir-leak", what, "holds a NIR")


NOT_JSON, NOT_OBJECT = unreadable("not JSON"), unreadable("not a JSON object")
NO_FIELD = unreadable("has no field of schema evaluation-cpf")
TOO_LONG = unreadable("longer than 16777216 bytes")
TOO_DEEP = unreadable("nested deeper than 64")
TWICE = unreadable("a key stands twice in one object")

CASES = (
    # Payloads that are no record: nobody can say what they hold.
    Case("garbage", "no JSON", lambda _: CANARY.encode(), NOT_JSON),
    Case("cut", "half of a record", lambda record: json_text(record)[:-40], NOT_JSON),
    Case("two", "two records are not one", lambda record: json_text(record) * 2, NOT_JSON),
    Case("empty", "nothing is no JSON", lambda _: b"", NOT_JSON, CANARY.encode()),
    Case(
        "tombstone",
        "a deletion in a compacted topic: not ours to act on, nor to drop in silence",
        lambda _: None,
        unreadable("has no payload"),
        CANARY.encode(),
    ),
    Case("array", "no object", lambda record: json_text({"": [record]})[5:-1], NOT_OBJECT),
    Case("number", "no object", lambda _: b" 1844674407370955161.5 ", NOT_OBJECT),
    Case("string", "no object", lambda _: json_text({"": CANARY})[5:-1], NOT_OBJECT),
    Case("null", "no object", lambda _: b"null", NOT_OBJECT, None, (("x", CANARY.encode()),)),
    Case("stranger", "of another schema", lambda _: json_text({CANARY: CANARY}), NO_FIELD),
    Case("nothing", "of no schema at all", lambda _: b"{}", NO_FIELD, CANARY.encode()),
    Case(
        "latin",
        "not UTF-8",
        lambda record: json_text(record)[:-1] + b', "x": "\xe9"}',
        unreadable("not UTF-8"),
    ),
    Case(
        "utf16",
        "not UTF-8",
        lambda record: json_text(record).decode().encode("utf-16"),
        unreadable("not UTF-8"),
    ),
    Case(
        "mark",
        "JSON has no byte order mark",
        lambda record: b"\xef\xbb\xbf" + json_text(record),
        NOT_JSON,
    ),
    Case(
        "nul",
        "a raw NUL is no JSON",
        lambda record: json_text(record).replace(b"CPF", b"C\0F"),
        NOT_JSON,
    ),
    Case("nuls", "NUL and nothing else", lambda _: bytes(64), NOT_JSON, CANARY.encode()),
    Case("deep", "no record is that deep", lambda _: b'{"sexe":' + b"[" * 100_000, TOO_DEEP),
    Case(
        "deeper",
        "closed it is not better",
        lambda record: json_text(record)[:-1] + b', "x": ' + b"[" * 70 + b"]" * 70 + b"}",
        TOO_DEEP,
    ),
    Case(
        "twice",
        "two values of one field: no telling which is meant",
        lambda record: json_text(record)[:-1] + b', "dispositif": "DIFEL"}',
        TWICE,
    ),
    Case(
        "twice below",
        "also where nobody reads",
        lambda record: json_text(record)[:-1] + b', "x": {"a": 1, "a": 2}}',
        TWICE,
    ),
    Case(
        "nan",
        "JSON has no NaN",
        lambda record: json_text({**record, "assiduite": float("nan")}),
        unreadable("NaN and Infinity are not JSON"),
    ),
    Case(
        "digits",
        "more digits than are read",
        lambda record: json_text(record)[:-1] + b', "x": 1' + b"0" * 5_000 + b"}",
        unreadable("an integer has too many digits"),
    ),
    Case(
        "large",
        "20 MB of a record",
        lambda record: json_text({**record, "avis_formation": CANARY * 3_333_333}),
        TOO_LONG,
    ),
    Case("large garbage", "20 MB of nothing", lambda _: CANARY.encode() * 3_333_333, TOO_LONG),
    # Records: only what is read matters.
    Case(
        "condition",
        "it may be one of ours or not",
        lambda record: json_text({**record, "dispositif": {CANARY: CANARY}}),
        ("type", "dispositif", "string"),
    ),
    Case(
        "type",
        "a kept field is no list",
        lambda record: json_text({**record, "region_residence": [CANARY]}),
        ("type", "region_residence", "string"),
    ),
    Case(
        "date",
        "no such day",
        lambda record: json_text({**record, "entree_le": "2025-02-30"}),
        ("type", "entree_le", "date32"),
    ),
    Case(
        "huge",
        "an amount of 301 digits",
        lambda record: json_text({**record, "montant_total": 10**300}),
        ("type", "montant_total", "decimal128(12, 2)"),
    ),
    Case(
        "surrogate",
        "half of a character is no text",
        lambda record: json_text({**record, "region_residence": f"{CANARY}\ud800"}),
        ("type", "region_residence", "string"),
    ),
    Case(
        "malformed",
        "an identifier that is none gets no pseudonym",
        lambda record: json_text({**record, "nir": f"{CANARY}{NIR[:9]}"}),
        ("nir-malformed", "nir", "identifier: nir, nia"),
    ),
    Case(
        "leak",
        "a NIR where no NIR is declared",
        lambda record: json_text({**record, "region_residence": space_nir(NIR)}),
        ("nir-leak", "region_residence", "gate"),
    ),
    Case(
        "dropped",
        "what is dropped may have any type: nobody needs it",
        lambda record: json_text(
            {**record, "courriel": {CANARY: [None, "\ud800\0"]}, "connexions_mois": CANARY}
        ),
        "released",
    ),
    Case(
        "escaped nul",
        "a NUL character is text; PostgreSQL, which has none, gets U+FFFD and a count",
        lambda record: json_text({**record, "region_residence": "1\x001"}),
        "released",
    ),
    Case(
        "elsewhere",
        "the condition excludes it, whatever else is wrong",
        lambda record: json_text({**record, "dispositif": "PEC", "montant_total": [CANARY]}),
        "withheld",
    ),
    # Records that would be released, and something beside them that nobody strips.
    Case("key", "nobody strips a key", json_text, beside("message key"), NIR.encode()),
    Case("spaced key", "the same", json_text, beside("message key"), space_nir(NIR).encode()),
    Case("long key", "the same", json_text, beside("message key"), struct.pack(">q", int(NIR))),
    Case(
        "header",
        "nor a header",
        json_text,
        beside("message header (name withheld)"),
        None,
        (("id", b"7"), ("trace", f"{CANARY} {NIR}".encode())),
    ),
    Case(
        "header name",
        "nor its name, which is not told",
        json_text,
        beside("message header (name withheld)"),
        None,
        ((f"x{NIR}", None),),
    ),
    Case(
        "odd company",
        "neither key nor headers are passed on: what they hold does not matter",
        json_text,
        "released",
        f"{CANARY}\0".encode() + b"\xff",
        ((CANARY, None), (CANARY, b"\0\xff")),
    ),
)


def for_pubsub() -> list[Case]:
    """The cases that Pub/Sub can hold: a payload, text for key and headers, and 10 MB at most."""
    return [
        case
        for case in CASES
        if (payload := case.make({})) is not None
        and payload
        and len(payload) < 10_000_000
        and (case.key is None or case.key.isascii())
        and all(content is not None for _name, content in case.headers)
    ]


def attributes_of(case: Case) -> dict[str, str]:
    """The headers of a case as Pub/Sub's attributes."""
    return {name: (content or b"").decode() for name, content in case.headers}
