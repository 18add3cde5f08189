"""A schema registry, as Confluent's protocol has it: what topics hold in Avro is told by an id.

A message is a zero byte, the id of its schema in four bytes, and the record in Avro. The schema of
a topic's records has the subject `<topic>-value`. Its text says no value, so that what the registry
answers may be shown.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tamis.address import KafkaAddress, require_driver
from tamis.contract.avro_schema import record_schema
from tamis.contract.schema import Contract
from tamis.errors import RunError, UsageError
from tamis.language import _, printable

FRAME: Final = struct.Struct(">bI")
"""What stands before a record: zero, and the id of its schema."""

_PATIENCE: Final = {"timeout": 10, "max.retries": 2, "retries.wait.ms": 250}
_MISSING: Final = 404
_INCOMPATIBLE: Final = 409
_LONGEST_ANSWER: Final = 600


class Registry:
    """A registry, connected to when it is first asked. It is pickled without its connection.

    Args:
        address: of the topic, with `registry=URL` among its options; user and password in the URL.

    Raises:
        UsageError: the URL is none, or the driver is not installed.
    """

    def __init__(self, address: KafkaAddress) -> None:
        require_driver(address, "registry")
        parts = urlsplit(address.own["registry"])
        user, _at, host = parts.netloc.rpartition("@")
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or (user and ":" not in user)
        ):
            raise UsageError(
                _(
                    "{address}: `registry` must be http://HOST:PORT, or http://USER:PASSWORD%40…",
                    address=address.shown,
                )
            )
        self._user = unquote(user)
        self.shown = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        self._authority = address.options.get("ssl.ca.location")
        self._client: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def register(self, contracts: Mapping[str, Contract]) -> dict[str, int]:
        """The id of the schema of each topic's records, registered where it is not yet.

        Every schema is tested against the latest of its subject before one is registered.

        Args:
            contracts: by topic, what is released into it.

        Raises:
            UsageError: a schema is not compatible with the subject's, as the registry judges it.
            RunError: the registry does not answer, or refuses something else.
        """
        from confluent_kafka.schema_registry import Schema

        ids: dict[str, int] = {}
        new: dict[str, Any] = {}
        for topic, contract in contracts.items():
            subject = f"{topic}-value"
            schema = Schema(json.dumps(record_schema(contract), ensure_ascii=False), "AVRO")
            known = self._ask("lookup_schema", subject, schema)
            if known is None:  # it may be laid out otherwise
                known = self._ask("lookup_schema", subject, schema, True)
            if known is not None:
                ids[topic] = known.schema_id
                continue
            if self._ask("test_compatibility", subject, schema) is False:
                raise self._incompatible(subject, contract)
            new[topic] = (subject, schema, contract)
        for topic, (subject, schema, contract) in new.items():
            ids[topic] = self._ask("register_schema", subject, schema, contract=contract)
        return ids

    def schema(self, number: int) -> str | None:
        """The text of the Avro schema that has this id; None if there is none, or it is no Avro's.

        Raises:
            RunError: the registry does not answer, or refuses.
        """
        found = self._ask("get_schema", number)
        is_avro = found is not None and found.schema_type == "AVRO" and not found.references
        return found.schema_str if is_avro else None

    def _ask(self, what: str, *words: object, contract: Contract | None = None) -> Any:
        """Call a method of the client; None for what the registry does not have."""
        from confluent_kafka.schema_registry import SchemaRegistryClient
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            if self._client is None:
                settings: dict[str, Any] = {"url": self.shown, **_PATIENCE}
                if self._user:  # not in the URL, which the HTTP client logs
                    settings["basic.auth.user.info"] = self._user
                if self._authority is not None:
                    settings["ssl.ca.location"] = self._authority
                self._client = SchemaRegistryClient(settings)
            return getattr(self._client, what)(*words)
        except SchemaRegistryError as error:
            status, answer = error.http_status_code, str(error.error_message)
        except Exception:  # of the HTTP client, whose texts may hold the password
            raise RunError(
                _("{registry}: the registry cannot be reached", registry=self.shown)
            ) from None
        if status == _MISSING and contract is None:
            return None
        if status == _INCOMPATIBLE and contract is not None:
            raise self._incompatible(str(words[0]), contract, answer)
        raise RunError(
            _(
                "{registry}: the registry refuses ({status}): {answer}",
                registry=self.shown,
                status=status,
                answer=printable(answer[:_LONGEST_ANSWER]),
            )
        )

    def _incompatible(self, subject: str, contract: Contract, answer: str = "") -> UsageError:
        level = self._ask("get_compatibility", subject) or self._ask("get_compatibility")
        text = _(
            "{registry}: the schema of {release} is not compatible with the subject {subject}, "
            "whose level is {level}: `tamis diff` says what changed; another topic, or another "
            "level of the subject, is for those who read it to agree to",
            registry=self.shown,
            release=contract.name,
            subject=subject,
            level=level,
        )
        return UsageError(f"{text} ({printable(answer[:_LONGEST_ANSWER])})" if answer else text)


def registry_of_output(address: KafkaAddress) -> Registry | None:
    """The registry of an output in Avro (`?format=avro&registry=URL`); None where it is JSON.

    Raises:
        UsageError: one of the two options is there without the other.
    """
    form = address.own.get("format", "json")
    if form not in ("json", "avro"):
        raise UsageError(_("{address}: `format` must be json or avro", address=address.shown))
    if (form == "avro") != ("registry" in address.own):
        raise UsageError(
            _(
                "{address}: Avro must have both `format=avro` and `registry=http://HOST:PORT`",
                address=address.shown,
            )
        )
    return Registry(address) if form == "avro" else None


def registry_of_input(address: KafkaAddress, form: str) -> Registry | None:
    """The registry of an input, whose schema says `format: avro`; None where none is named.

    Raises:
        UsageError: the messages are no Avro, or the address says a format.
    """
    if "format" in address.own or ("registry" in address.own and form != "avro"):
        raise UsageError(
            _(
                "{address}: the schema says what an input is (`format: avro`), and only Avro has a "
                "`registry`",
                address=address.shown,
            )
        )
    return Registry(address) if "registry" in address.own else None
