"""What the reader and the sink of Kafka topics share: clients, and the errors of their making."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tamis.address import KafkaAddress
from tamis.errors import RunError, UsageError
from tamis.language import _

ANSWER_SECONDS: Final = 10.0
"""Time within which a broker must answer when a stream begins."""

_IGNORED = re.compile(r"Configuration property \S+ is a \w+ property and will be ignored")

Client = TypeVar("Client", bound=Consumer | Producer | AdminClient)

_quiet = logging.getLogger("tamis.kafka.driver")
"""Takes what the driver logs, which would go to the terminal, and shows it to nobody."""
_quiet.propagate = False
_quiet.addHandler(logging.NullHandler())


def make_client(
    kind: type[Client],
    address: KafkaAddress,
    own: Mapping[str, Any] = {},
    defaults: Mapping[str, Any] = {},
    logger: logging.Logger = _quiet,
) -> Client:
    """Make a client of the driver that prints nothing.

    Args:
        kind: of the client.
        address: of its cluster; its options hold over `defaults`.
        own: what no option of the address names.
        defaults: what holds where the address has no such option.
        logger: takes what the driver logs.

    Raises:
        UsageError: the driver refuses an option of the address. The message holds no value.
    """
    try:
        return kind({**defaults, **address.options, **own}, logger=logger)
    except (KafkaException, TypeError, ValueError) as error:
        raise _refused(address, error) from None


def check_options(address: KafkaAddress, kind: type[Consumer] | type[Producer]) -> None:
    """Check that clients of this kind heed every option of the address.

    Raises:
        UsageError: the driver refuses one, or would ignore it because it is for the other kind.
    """
    own = {"group.id": "tamis"} if kind is Consumer else {}

    def ignores(options: Mapping[str, str]) -> bool:
        ignored = _Ignored()
        logger = logging.Logger(__name__)
        logger.addHandler(ignored)
        make_client(kind, replace(address, options=dict(options)), own, logger=logger).poll(0)
        return ignored.is_told

    if not ignores(address.options):
        return
    # The driver's own name of an option may be another than the one in the address.
    names = []
    for name, value in address.options.items():
        with suppress(UsageError):
            names += [name] if ignores({name: value}) else []
    listed = ", ".join(names)
    if kind is Consumer:
        why = _("options that an input has no use for: {names}", names=listed)
    else:
        why = _("options that an output has no use for: {names}", names=listed)
    raise UsageError(f"{address.shown}: {why}")


class BrokerAwayError(RunError):
    """A broker does not answer when a stream begins."""


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """Raise what the driver raises in the block as the error of a broker that does not answer.

    Raises:
        BrokerAwayError: the broker cannot be reached, or refuses the user.
    """
    try:
        yield
    except KafkaException as error:
        why = _("the broker cannot be reached, or refuses the user")
        raise BrokerAwayError(f"{address}: {why} ({error.args[0].name()})") from None


class _Ignored(logging.Handler):
    """Notes whether the driver logs that it ignores an option."""

    is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        self.is_told = self.is_told or _IGNORED.search(record.getMessage()) is not None


def _refused(address: KafkaAddress, error: Exception) -> UsageError:
    """The error of an option that the driver refuses, with its reason unless that holds a value."""
    reason = str(error.args[0].str() if isinstance(error, KafkaException) else error)
    reason = reason.removeprefix("Failed to create consumer: ")
    reason = reason.removeprefix("Failed to create producer: ").replace('"', "`")
    reason = reason[:1].lower() + reason[1:]
    for name, value in address.options.items():
        if value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reason):
            reason = _("it does not take the value of {name}", name=name)
    why = _("the driver refuses an option of the address: {reason}", reason=reason)
    return UsageError(f"{address.shown}: {why}")
