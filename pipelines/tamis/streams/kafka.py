"""What the reader and the sink of Kafka topics share."""

from typing import Final

from confluent_kafka import KafkaException

from tamis.errors import RunError
from tamis.language import _

ANSWER_SECONDS: Final = 10.0
"""Time within which a broker must answer when a stream begins."""


def cannot_be_reached(address: str, error: KafkaException) -> RunError:
    """The error of a broker that does not answer when a stream begins; `address` may be shown."""
    why = _("the broker cannot be reached, or refuses the user")
    return RunError(f"{address}: {why} ({error.args[0].name()})")
