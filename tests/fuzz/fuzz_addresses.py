"""Fuzz addresses for a bounded time: no credentials are shown, and none is a folder's name.

    python tests/fuzz/fuzz_addresses.py [SECONDS] [SEED]

An address with a password is misspelt in a few ways at random: encoded, in another case, in quotes,
without slashes, under another scheme. It may be refused or parsed; nothing else may be raised.
"""

import random
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from tamis.address import PathAddress, parse_address, require_file, shown_address
from tamis.errors import UsageError

SECRET = "CANARI"
SCHEMES = (
    *("postgresql", "postgres", "kafka", "pubsub", "watch", "jdbc", "jdbc:postgresql", "mysql"),
    *("kafka+ssl", "postgresql+psycopg", "https", "s3", "gs", "hdfs", "azfs", "file", "redis", "x"),
    *("kafkas", "watch:kafka", "a.b-c", ""),
)
PASSWORDS: tuple[str, ...] = (
    SECRET,
    f"p/{SECRET}",
    f"p?{SECRET}",
    f"p#{SECRET}",
    f"p@{SECRET}",
    f"p:{SECRET}",
)
PASSWORDS += (f"{SECRET}%", f"é{SECRET}", f"{SECRET} x", f"[{SECRET}]", f"{SECRET};", f"{SECRET},h")
PLACES: tuple[str, ...] = (
    "host/db",
    "host:5432/db?table=t",
    "b1:9092,b2:9093/feed",
    "[::1]:9092/feed",
    "h",
    "",
)
PLACES += ("projects/p/topics/t", "/db", "h/db?schema=s&table=t", "h/t?sasl.mechanism=PLAIN")
ODD = ("\u200b", "\ufeff", " ", "\t", "\n", "'", '"', "\x00", "\x1b", "%20")


def make_address(chance: random.Random) -> str:
    """An address that holds `SECRET` as a password, somewhere."""
    scheme, password = chance.choice(SCHEMES), chance.choice(PASSWORDS)
    place = chance.choice(PLACES)
    marks = ("://", ":") if "watch" in scheme else ("://", "://", "://", ":", ":/", ":///")
    mark = chance.choice(marks)  # `watch:/` begins a path
    user = chance.choice(("u", "", "u@h", "a%40b"))
    match chance.randrange(4):
        case 0:
            joint = "&" if "?" in place else "?"
            option = chance.choice(("password", "sasl.password", "sslpassword", "ssl.key.password"))
            return f"{scheme or 'kafka'}://{place}{joint}{option}={password}"
        case 1:
            return f"host=h user=u dbname=d password={password}"
        case _other:
            return f"{scheme}{mark if scheme else ''}{user}:{password}@{place}"


def misspell(chance: random.Random, uri: str) -> str:
    """The same with a fault; what stands before the scheme makes no path of it."""
    match chance.randrange(8):
        case 0:
            return uri[: (end := uri.find(":") + 1)].swapcase() + uri[end:]
        case 1:
            return quote(uri, safe=chance.choice(("", ":/", "/", "@", ":@")))
        case 2:
            return chance.choice(ODD) + uri
        case 3:
            return (
                uri[: (end := uri.find(":"))]
                + chance.choice(("%3A", "：", "︰", "︓", "∶"))
                + uri[end + 1 :]
            )
        case 4:
            scheme, colon, rest = uri.partition(":")
            at = chance.randrange(len(scheme) + 1)
            return scheme[:at] + scheme[at + 1 :] + colon + rest if scheme.isalpha() else uri
        case 5:
            start = "" if "%" in uri[:3] else uri[:3]
            hidden = (f"%{ord(c):02X}" if c.isascii() and c.isalpha() else c for c in start)
            return "".join(hidden) + uri[len(start) :]
        case 6:
            return f"{chance.choice(ODD)}{uri}{chance.choice(ODD)}"
        case _other:
            return uri


def check(uri: str) -> str:
    """Raise where an address is shown with its password; say what became of it."""
    shown = [shown_address(uri)]
    try:
        address = parse_address(uri)
    except UsageError as error:
        shown.append(str(error))
        outcome = "refused"
    else:
        shown += [repr(address), address.shown]
        outcome = type(address).__name__
        if isinstance(address, PathAddress):
            raise AssertionError(f"a path: {uri!r}")
    try:
        require_file(Path(uri.replace("\x00", "")))
    except UsageError as error:
        shown.append(str(error))
    for text in shown:
        if SECRET.lower() in text.lower():
            raise AssertionError(f"shown: {uri!r}")
    return outcome


def main(seconds: float, seed: int) -> None:
    """Fuzz for so long, and print how often what came out."""
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        uri = make_address(chance)
        for _ in range(chance.randrange(4)):
            uri = misspell(chance, uri)
        outcomes[check(uri)] += 1
    print(f"{sum(outcomes.values())} addresses, seed {seed}: {dict(outcomes)}")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(float(given.get(1, 60)), int(given.get(2, 1)))
