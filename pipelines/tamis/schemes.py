"""What is no address of Tamis, though it looks like one of another system: refused, never shown.

A path is anything else. So that no folder is made that is called as a database is, and no message
quotes a password, these are no paths: a scheme of no one here, `word:…@…`, libpq's
`host=… password=…`, each of them also percent-encoded, in quotes or with blanks around. A file
that is called so is written `./…`.
"""

import difflib
import re
import unicodedata
from urllib.parse import unquote

from tamis.errors import UsageError
from tamis.language import _

FILE_SYSTEMS = ("file", "gs", "s3", "hdfs", "azfs")
"""Schemes of Beam's file systems, whose addresses hold no credentials."""

_OWN = ("postgresql", "postgres", "kafka", "pubsub")
KNOWN_SCHEMES = (*FILE_SYSTEMS, *_OWN, "watch")
_OTHER_DRIVERS = re.compile(
    "abfss?|adl|amqps?|bigquery|bq|cassandra|clickhouse|databricks|db2|dbfs|duckdb|elasticsearch|"
    "ftps?|hive|https?|jdbc|kafkas|kinesis|mariadb|mongodb|mqtt|mssql|mysql|nats|odbc|oracle|pg|"
    "psql|pulsar|rediss?|redshift|scp|sftp|smb|snowflake|sqlite|sqlserver|sqs|ssh|trino|wasbs?"
)
"""Schemes that name other systems, also where no `//` follows them."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_CREDENTIALS = re.compile(r"(?:[^/]*|.*//[^/]*):.*@", re.DOTALL)
_LIBPQ = re.compile(
    r"(?:^|[\s;])(host|hostaddr|port|dbname|user|password|passfile|sslpassword|service)\s*=",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?:^|[?&;\s])[a-z.]*password\s*=", re.IGNORECASE)
_COLONS = str.maketrans(dict.fromkeys("\u02d0\u2236\ua789\ufe30", ":"))
"""Characters that look like a colon."""

_PLAIN_PATH = re.compile(r"\.{1,2}/|/(?!/)")
"""How a path begins that cannot be meant as an address."""

_HOST = re.compile(r"(\[[^\]@]*\]|[^:@\[\]]*)(:[0-9]*)?")


def scheme_of(uri: str) -> str:
    """Return the scheme that `uri` begins with, in lower case, or an empty string.

    Example:
        >>> scheme_of("Kafka://broker/feed"), scheme_of("in/feed.csv")
        ('kafka', '')
    """
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def refuse_other(uri: str) -> None:
    """Refuse what is empty, and what looks like an address of no kind that Tamis knows.

    Raises:
        UsageError: it is one; the message shows at most the scheme.

    Example:
        >>> refuse_other("mysql://u:secret@host/db")
        Traceback (most recent call last):
        tamis.errors.UsageError: `mysql:` begins no address here: expected a path, gs://…, s3://…, \
postgresql://…, kafka://…, pubsub://… or watch:…; a file that is called so is written `./…`
    """
    if not uri.strip():
        raise UsageError(_("an address must not be empty; is a variable unset?"))
    if _PLAIN_PATH.match(uri):
        return
    for text in dict.fromkeys((uri, _folded(uri))):
        match = _SCHEME.match(text)
        scheme = match[1].lower() if match else ""
        if match and scheme in KNOWN_SCHEMES and text == uri:
            reason = _misuse(match, scheme)
            if not reason:
                return
        elif match and (match[2] or scheme in KNOWN_SCHEMES or _OTHER_DRIVERS.fullmatch(scheme)):
            reason = _("`{scheme}:` begins no address here", scheme=match[1])
            if likely := difflib.get_close_matches(scheme, KNOWN_SCHEMES, n=1):
                reason += _(", did you mean `{name}`?", name=likely[0])
        elif _CREDENTIALS.match(text):
            reason = _("a path must not begin with a word that has `:` and `@` in it")
        elif _PASSWORD.search(text) or len(_LIBPQ.findall(text)) > 1:
            reason = _("options such as `password=…` are no address")
        else:
            continue
        expected = _(
            "expected a path, gs://…, s3://…, postgresql://…, kafka://…, pubsub://… or watch:…; "
            "a file that is called so is written `./…`"
        )
        raise UsageError(reason + _(": ") + expected)


def _misuse(match: re.Match[str], scheme: str) -> str:
    """Why an address with a scheme that Tamis knows is none, or empty."""
    if scheme in _OWN and not match[2]:
        return _("expected an address {scheme}://…, got one without //", scheme=match[1])
    if scheme not in FILE_SYSTEMS:
        return ""
    if match[1] != scheme or not match[2]:
        return _("`{given}` must be written `{scheme}://`", given=match[0], scheme=scheme)
    rest = _folded(match.string[match.end() :])
    has_user = "@" in rest.partition("/")[0] or _CREDENTIALS.match(rest.lstrip("/"))
    if has_user or _PASSWORD.search(rest):
        return _("`{scheme}://` must not hold a user or a password", scheme=scheme)
    return ""


def _folded(uri: str) -> str:
    """`uri` as one who has decoded it, and cut off blanks and quotes, would see it."""
    text, before = uri, ""
    while text != before:
        text, before = unquote(text), text
    text = unicodedata.normalize("NFKC", text.translate(_COLONS))
    text = "".join(character for character in text if character.isprintable())
    return text.strip(" \"'")


def may_hold_credentials(place: str) -> bool:
    """Whether what stands behind the `@` of an address may hold credentials all the same.

    Example:
        >>> may_hold_credentials("host:5432/db"), may_hold_credentials("u:secret%40host/db")
        (False, True)
    """
    hosts = place.partition("/")[0].split(",")
    if not all(_HOST.fullmatch(host) for host in hosts):
        return True
    decoded = _folded(place).lower()
    return "password" in decoded or any(mark in decoded for mark in "@;#")
