"""What a change of a released schema means for those who read.

The words are those of Avro and of schema registries. A change is **backward** compatible where who
reads by the new schema can read earlier rows, **forward** where who reads by the old one can read
later rows, **full** where both hold, and **none** where neither does. A field that a reader knows
and a row lacks is null, where it may be.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from tamis.arrow.types import decoded_type
from tamis.contract.avro_schema import coarse_type
from tamis.language import N_, _

Compatibility = Literal["full", "backward", "forward", "none"]

COMPATIBILITY_WORDS: dict[Compatibility, str] = {
    "full": N_("readers of the old and of the new schema read earlier and later rows"),
    "backward": N_(
        "who reads by the new schema reads earlier rows too; who reads by the old one must change "
        "before the first new run"
    ),
    "forward": N_(
        "who reads by the old schema reads later rows too; who reads by the new one cannot read "
        "earlier rows"
    ),
    "none": N_(
        "who reads by the old schema cannot read later rows, and who reads by the new one not "
        "earlier rows"
    ),
}


@dataclass(frozen=True)
class SchemaChange:
    """One difference of two released schemas.

    Attributes:
        path: of the field.
        text: what changes.
        backward: whether who reads by the new schema can read earlier rows.
        forward: whether who reads by the old schema can read later rows.
    """

    path: str
    text: str
    backward: bool
    forward: bool

    def as_json(self) -> dict[str, Any]:
        """Return the change as a JSON object."""
        return asdict(self)


def schema_changes(old: pa.Schema, new: pa.Schema) -> list[SchemaChange]:
    """What differs for readers: fields, types and nulls; order, comments and layout do not.

    Example:
        >>> old = pa.schema([("age", pa.int16()), ("nom", pa.string())])
        >>> for change in schema_changes(old, pa.schema([("age", pa.int64())])):
        ...     print(change.path, change.backward, change.forward)
        age True False
        nom True True
    """
    return list(_fields(old, new, ""))


def compatibility(changes: Iterable[SchemaChange]) -> Compatibility:
    """What all changes together allow."""
    changes = tuple(changes)
    backward = all(change.backward for change in changes)
    forward = all(change.forward for change in changes)
    if backward:
        return "full" if forward else "backward"
    return "forward" if forward else "none"


_Fields: TypeAlias = pa.Schema | pa.StructType


def _fields(old: _Fields, new: _Fields, above: str) -> Iterator[SchemaChange]:
    before, after = ({field.name: field for field in fields} for fields in (old, new))
    for name, field in after.items():
        if name in before:
            yield from _field(before[name], field, above + name)
        elif field.nullable:
            text = _("added as {type}, null in earlier rows", type=_shown(field.type))
            yield SchemaChange(above + name, text, True, True)
        else:
            text = _(
                "added as {type}, never null, so that earlier rows lack it", type=_shown(field.type)
            )
            yield SchemaChange(above + name, text, False, True)
    for name, field in before.items():
        if name not in after and field.nullable:
            yield SchemaChange(above + name, _("no longer released, it could be null"), True, True)
        elif name not in after:
            text = _("no longer released, and readers know it as never null")
            yield SchemaChange(above + name, text, True, False)


def _field(old: pa.Field, new: pa.Field, path: str) -> Iterator[SchemaChange]:
    if new.nullable and not old.nullable:
        yield SchemaChange(path, _("can be null from now on"), True, False)
    if old.nullable and not new.nullable:
        yield SchemaChange(path, _("is never null from now on"), False, True)
    before, after = decoded_type(old.type), decoded_type(new.type)
    if pa.types.is_struct(before) and pa.types.is_struct(after):
        yield from _fields(before, after, f"{path}.")
    elif pa.types.is_list(before) and pa.types.is_list(after):
        yield from _field(before.value_field, after.value_field, path)
    else:
        backward, forward = holds(after, before), holds(before, after)
        if backward and forward:
            return
        text = _("is {type} in place of {before}", type=_shown(new.type), before=_shown(old.type))
        yield SchemaChange(path, text, backward, forward)


def holds(wide: pa.DataType, narrow: pa.DataType) -> bool:
    """Whether a reader of the type `wide` can read each value of the type `narrow`.

    Example:
        >>> holds(pa.int64(), pa.uint16()), holds(pa.decimal128(9, 2), pa.decimal128(9, 3))
        (True, False)
    """
    is_integer, is_float = pa.types.is_integer, pa.types.is_floating
    if coarse_type(wide) == coarse_type(narrow):
        return True
    if is_integer(wide) and is_integer(narrow):
        signed = [pa.types.is_signed_integer(kind) for kind in (wide, narrow)]
        if signed == [False, True]:
            return False
        return wide.bit_width - signed[0] >= narrow.bit_width - signed[1]
    if is_float(wide):
        return is_integer(narrow) or (is_float(narrow) and wide.bit_width >= narrow.bit_width)
    if pa.types.is_decimal(wide) and pa.types.is_decimal(narrow):
        return wide.scale == narrow.scale and wide.precision >= narrow.precision
    if pa.types.is_timestamp(wide) and pa.types.is_timestamp(narrow):
        # An instant is the same whatever zone it is shown in.
        units = coarse_type(wide).unit == coarse_type(narrow).unit
        return units and bool(wide.tz) == bool(narrow.tz)
    return False


def _shown(kind: pa.DataType) -> str:
    """A type by its Arrow name; of a list or struct only that."""
    kind = decoded_type(kind)
    if pa.types.is_list(kind):
        return "list"
    return "struct" if pa.types.is_struct(kind) else str(kind)
