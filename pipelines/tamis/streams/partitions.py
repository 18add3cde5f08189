"""Streams that share a topic: each reads partitions of its own, and its id says which.

A stream over all partitions has a plain id; one over some has `--p` and their numbers behind it. A
partition belongs to one stream of those that differ in nothing else, whether it runs or not, for
its messages would be released twice.
"""

import re
from collections.abc import Iterable

from tamis.errors import UsageError
from tamis.language import _

_SHARE = re.compile(r"(.+)--p([0-9]+(?:-[0-9]+)*)")


def share_id(stream: str, partitions: Iterable[int]) -> str:
    """The id of the stream over some partitions of what `stream` reads; of all if none is named.

    Example:
        >>> share_id("evaluation-cpf-feed", [1, 0]), share_id("evaluation-cpf-feed", [])
        ('evaluation-cpf-feed--p0-1', 'evaluation-cpf-feed')
    """
    numbers = "-".join(map(str, sorted(set(partitions))))
    return f"{stream}--p{numbers}" if numbers else stream


def read_partitions(text: str) -> tuple[int, ...]:
    """The numbers of partitions, as the command line gives them.

    Raises:
        UsageError: they are none.

    Example:
        >>> read_partitions("2,0")
        (0, 2)
    """
    if not re.fullmatch(r"[0-9]{1,6}(,[0-9]{1,6})*", text):
        raise UsageError(_("--partitions: expected numbers such as 0,1, got another text"))
    return tuple(sorted(set(map(int, text.split(",")))))


def base_of(stream: str) -> str:
    """The id that streams over partitions of the same topic have in common.

    Example:
        >>> base_of("evaluation-cpf-feed--p0-1"), base_of("evaluation-cpf-feed")
        ('evaluation-cpf-feed', 'evaluation-cpf-feed')
    """
    return _read(stream)[0]


def check_overlap(address: str, stream: str, others: Iterable[str]) -> None:
    """Check that no other stream into the same place reads a partition of `stream`.

    Args:
        address: of the place, as it may be shown.
        stream: an id.
        others: ids of all streams that have begun there; those of other topics and policies, and
            `stream` itself, do not matter.

    Raises:
        UsageError: one does.
    """
    base, own = _read(stream)
    for other in sorted(set(others) - {stream}):
        other_base, theirs = _read(other)
        if base == other_base and (not own or not theirs or own & theirs):
            raise UsageError(
                f"{address}: "
                + _(
                    "stream {stream} would read partitions of stream {other}, and a partition "
                    "belongs to one stream; name others by --partitions, or give another --run-id",
                    stream=stream,
                    other=other,
                )
            )


def _read(stream: str) -> tuple[str, set[int]]:
    """What a stream's id begins with, and its partitions; none stands for all."""
    share = _SHARE.fullmatch(stream)
    return (share[1], set(map(int, share[2].split("-")))) if share else (stream, set())
