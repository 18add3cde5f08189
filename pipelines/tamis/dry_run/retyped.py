"""Columns whose type in a file is not the schema's."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from tamis.arrow.types import decoded_type, is_list, narrow_type
from tamis.documents.types import arrow_type
from tamis.dry_run.models import Retyped
from tamis.plan.plan import PlanField


@dataclass
class RetypedColumns:
    """Types that differ from the schema's, as they add up over files.

    Attributes:
        files: by path and the schema's type, how many files have which other type.
    """

    files: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, schema: pa.Schema, fields: Iterable[PlanField]) -> None:
        """Compare the columns of a file that has `schema` with `fields`."""
        for declared in fields:
            if declared.source_name in schema.names:
                kind = schema.types[schema.names.index(declared.source_name)]
                for path, due, actual in retypes(kind, declared, declared.name):
                    self.files.setdefault((path, due), Counter())[actual] += 1

    def merge(self, other: "RetypedColumns") -> None:
        """Add the files of `other`, which stays as it is."""
        for column, types in other.files.items():
            self.files.setdefault(column, Counter()).update(types)

    def extract(self) -> list[Retyped]:
        """Return the columns, by path."""
        return [
            Retyped.model_validate({"column": path, "schema": due, "files": dict(types)})
            for (path, due), types in sorted(self.files.items())
        ]


def retypes(kind: pa.DataType, declared: PlanField, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the leaves of a column of type `kind` that are not as declared: path, type due, type.

    Encodings do not count: a dictionary is its values, large and view types are the plain ones. Nor
    does a column of nulls only, which has no type.

    Example:
        >>> list(retypes(pa.int32(), PlanField("n", "int64"), "n"))
        [('n', 'int64', 'int32')]
    """
    kind = narrow_type(decoded_type(kind))
    if pa.types.is_null(kind):
        return
    if declared.of is not None and is_list(kind):
        yield from retypes(kind.value_type, declared.of, path)
    elif declared.fields and pa.types.is_struct(kind):
        types = {child.name: child.type for child in kind}
        for child in declared.fields:
            if child.source_name in types:
                yield from retypes(types[child.source_name], child, f"{path}.{child.name}")
    elif declared.of is not None or declared.fields:
        yield path, declared.type, _type_name(kind)
    else:
        due = narrow_type(arrow_type(declared.type))
        if kind != due:
            yield path, str(due), _type_name(kind)


def retyped_columns(schema: pa.Schema, fields: Iterable[PlanField]) -> set[str]:
    """Paths of the leaves of a batch, whose columns are `fields`, that are not as declared.

    Example:
        >>> fields = [PlanField("n", "int64"), PlanField("nom", "string")]
        >>> retyped_columns(pa.schema([("n", pa.int32()), ("nom", pa.string())]), fields)
        {'n'}
    """
    return {
        path
        for declared in fields
        if declared.name in schema.names
        for path, _due, _type in retypes(schema.field(declared.name).type, declared, declared.name)
    }


def _type_name(kind: pa.DataType) -> str:
    """A type's name; of a nested one without its fields' names, which may be values."""
    if is_list(kind):
        return "list"
    if pa.types.is_nested(kind):
        return "map" if pa.types.is_map(kind) else "struct"
    return str(kind)
