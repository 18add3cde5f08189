"""Names and paths of fields: which an input may have, and which of them may be shown.

One rule for every command, receipt and report. A name of a schema is shown. A name that a source
declares (the header of a CSV, a column of Parquet, Avro or a table) is shown unless it holds a NIR,
an e-mail address or five digits in a row. A key of JSON or of a map may be a value of one person:
it is shown only where five records have it, too.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from tamis.filter.drift import MOST_COUNTED, RECORDS_TO_SHOW, WITHHELD
from tamis.language import _, printable
from tamis.nir.grammar import find_nir
from tamis.nir.identifiers import canonical
from tamis.plan.plan import Plan, PlanField

_LONGEST: Final = 256
_E_MAIL = re.compile(r"[\w.+-]@\w")
_ADDRESS = re.compile(r"[\w.+-]@[\w-]+\.\w")
_NUMBER = re.compile(r"(?<!\d)[1-8]\d{4}(?:\d\d|2[ABab])\d{6}(?:\d\d)?(?!\d)")
_PART = re.compile(r"[^\s/`:]+")
_DIGITS = re.compile(r"\d{5}")
_LIKE_A_NIR = re.compile(r"(?:[\dABab][ .\-_/\u00a0\u202f]?){13}")
_MANY_DIGITS: Final = 11


def may_be_shown(name: str) -> bool:
    """Whether `name` holds no NIR, right key or not, no e-mail address and no five digits in a row.

    Example:
        >>> may_be_shown("Né(e) le"), may_be_shown("S21.G00.30.001"), may_be_shown("a@b.fr")
        (True, True, False)
        >>> may_be_shown("1 84 12 76 451 089 46"), may_be_shown("dossier 12345")
        (False, False)
    """
    if len(name) > _LONGEST or _DIGITS.search(name) or _E_MAIL.search(name) or find_nir(name):
        return False
    return not any(
        sum(map(str.isdigit, match[0])) >= _MANY_DIGITS for match in _LIKE_A_NIR.finditer(name)
    )


def names_person(text: str) -> bool:
    """Whether a NIR, with or without its key, or an e-mail address stands in the name of a file.

    Example:
        >>> names_person("dossier_155087599999193.jsonl"), names_person("feed-20261123.csv")
        (True, False)
    """
    numbers = [match[0].upper() for match in _NUMBER.finditer(text)]
    return bool(
        _ADDRESS.search(text)
        or find_nir(text)
        or any(canonical(number) is not None for number in numbers)
    )


def withhold_names(message: str) -> str:
    """A message without the names of files and folders in which a NIR or an address stands.

    Example:
        >>> withhold_names("no input matches in/155087599999193.csv")
        'no input matches in/(name withheld).csv'
    """
    for start, end in reversed(find_nir(message)):
        message = message[:start] + WITHHELD + message[end:]
    return _PART.sub(lambda part: WITHHELD if names_person(part[0]) else part[0], message)


def shown_file(uri: str, read: Callable[[], Iterable[bytes]], *, by_digest: bool = False) -> str:
    """What the file at `uri` is called: by its address, unless a person is named in it.

    A folder or file in whose name a NIR or an e-mail address stands is `(name withheld)`, and the
    file has a digest over address and content: it tells one file from another, and who has not the
    content cannot find the name by trying all.

    Args:
        uri: of the file.
        read: gives the blocks of its content, and is called only where a digest is needed.
        by_digest: whether the name of the file is withheld in any case.

    Example:
        >>> shown_file("in/2026/feed.csv", lambda: [])
        'in/2026/feed.csv'
        >>> shown_file("in/zoe@x.example/feed.csv", lambda: [b"id"]).rpartition(" ")[0]
        'in/(name withheld)/(name withheld)'
    """
    parts = [WITHHELD if names_person(part) else part for part in uri.split("/")]
    if not by_digest and WITHHELD not in parts:
        return uri
    digest = hashlib.sha256(uri.encode("utf-8", "surrogateescape") + b"\0")
    for block in read():
        digest.update(block)
    return "/".join([*parts[:-1], f"{WITHHELD} {digest.hexdigest()[:16]}"])


def shown_path(path: Path) -> str:
    """What a local file is called, as by `shown_file`."""

    def read() -> Iterator[bytes]:
        with suppress(OSError), path.open("rb") as stream:
            yield from iter(lambda: stream.read(1 << 20), b"")

    return shown_file(str(path), read)


def shown_name(name: str) -> str:
    """`name` as a terminal can show it if it may be shown, else `(name withheld)`.

    Example:
        >>> shown_name("N° dossier"), shown_name("184127645108946")
        ('N° dossier', '(name withheld)')
    """
    if not may_be_shown(name):
        return WITHHELD
    return printable(name) if name.strip() else _("(no name)")


def declared_names(names: Iterable[str]) -> dict[str, int]:
    """Names that a source declares, each as often as it takes to show it.

    Example:
        >>> declared_names(["Montant (€)", "zoe@x.example"])
        {'Montant (€)': 5, '(name withheld)': 5}
    """
    return {shown_name(name): RECORDS_TO_SHOW for name in islice(names, MOST_COUNTED)}


def known_names(plan: Plan) -> frozenset[str]:
    """The source's names of the top-level fields of the plan's schema."""
    return frozenset(plan.known) | {field.source_name for field in plan.fields}


def leaf_paths(field: PlanField, path: str) -> list[str]:
    """Paths of the leaves of `field`, which stands at `path`.

    Example:
        >>> leaf = PlanField("debut", "date32")
        >>> contract = PlanField("item", "struct", fields=(leaf,))
        >>> leaf_paths(PlanField("contrats", "list", of=contract), "contrats")
        ['contrats.debut']
    """
    return [leaf_path for leaf_path, _leaf in field.leaves(path)]
