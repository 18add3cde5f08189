"""Whether conditions hold, in three values: what could not be read might have matched.

    value            holds   may hold
    one of them      yes     yes      (of `present`: any value)
    another, null    no      no
    not readable     no      yes

A condition that may hold but does not certainly hold is unknown. Whatever depends on an unknown
condition fails closed: the record is quarantined.
"""

import datetime
import decimal
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, decode
from tamis.arrow.types import Bools
from tamis.plan.plan import Value


@dataclass(frozen=True)
class Verdict:
    """What is known of a condition; one entry a row.

    Attributes:
        holds: true where it certainly holds.
        may: true where it holds, or where the value could not be read.
    """

    holds: Bools
    may: Bools

    @property
    def unknown(self) -> Bools:
        """Where the condition may hold but does not certainly hold."""
        return self.may & ~self.holds


def values_of(values: Iterable[Value], kind: pa.DataType) -> pa.Array:
    """The values of a condition in the type of the field that it tests.

    A value that the type cannot hold is left out: no value of the field equals it.

    Example:
        >>> values_of((1, 300), pa.int8()).to_pylist()
        [1]
    """
    arrays = []
    for value in values:
        try:
            array = pa.array([_typed(value, kind)], kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, ArithmeticError):
            continue
        if not pa.types.is_integer(kind) or array[0].as_py() == value:
            arrays.append(array)
    return pa.concat_arrays(arrays) if arrays else pa.array([], kind)


def _typed(value: Value, kind: pa.DataType) -> object:
    if pa.types.is_decimal(kind):
        return decimal.Decimal(str(value))
    if pa.types.is_timestamp(kind):
        moment = datetime.datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=datetime.UTC) if kind.tz and not moment.tzinfo else moment
    if pa.types.is_time(kind) and isinstance(value, str):
        return datetime.time.fromisoformat(value)
    if pa.types.is_date(kind) and isinstance(value, str):
        return datetime.date.fromisoformat(value)
    return value


def is_one_of(array: pa.Array, unreadable: Bools | None, values: pa.Array) -> Verdict:
    """Whether each value is one of `values`; null never is.

    Args:
        array: N values.
        unreadable: true where the value could not be read, whatever stands there; None if nowhere.
        values: of the type of `array`.

    Example:
        >>> verdict = is_one_of(pa.array(["CPF", "DIF", None]), None, pa.array(["CPF"]))
        >>> verdict.holds.tolist()
        [True, False, False]
    """
    if pa.types.is_dictionary(array.type):
        entries = is_one_of(array.dictionary, None, values).holds
        holds = as_flags(pa.array(entries).take(array.indices))
    else:
        holds = _are_of(decode(array), values)
    return _verdict(holds, unreadable)


def _verdict(holds: Bools, unreadable: Bools | None) -> Verdict:
    if unreadable is None:
        return Verdict(holds, holds)
    return Verdict(holds & ~unreadable, holds | unreadable)


def _are_of(array: pa.Array, values: pa.Array) -> Bools:
    negative_scale = pa.types.is_decimal(array.type) and array.type.scale < 0
    if len(values) == 1 and not negative_scale:  # which pyarrow's `equal` does not know
        return as_flags(pc.equal(array, values[0]))
    return as_flags(pc.is_in(array, value_set=values))


def is_present(array: pa.Array, unreadable: Bools | None) -> Verdict:
    """Whether each slot has a value; what could not be read has one.

    Args:
        array: N values.
        unreadable: as for `is_one_of`.

    Example:
        >>> is_present(pa.array(["CPF", None]), None).holds.tolist()
        [True, False]
    """
    return _verdict(are_valid(decode(array)), unreadable)


def all_of(verdicts: Iterable[Verdict], rows: int) -> Verdict:
    """The conjunction; of nothing, true everywhere."""
    holds = may = np.ones(rows, dtype=bool)
    for verdict in verdicts:
        holds, may = holds & verdict.holds, may & verdict.may
    return Verdict(holds, may)


def any_of(verdicts: Iterable[Verdict], rows: int) -> Verdict:
    """The disjunction; of nothing, false everywhere."""
    holds = may = np.zeros(rows, dtype=bool)
    for verdict in verdicts:
        holds, may = holds | verdict.holds, may | verdict.may
    return Verdict(holds, may)
