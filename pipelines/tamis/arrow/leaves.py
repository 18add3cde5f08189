"""A column of any nesting as its leaves: the flat arrays of the values that it shows."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from tamis.arrow.buffers import decode


def leaves_of(
    path: str, array: pa.Array, show: Callable[[str], str] = str
) -> Iterator[tuple[str, pa.Array]]:
    """Yield each leaf of a column with its path; a list and its element have the same path.

    Args:
        path: of the column.
        array: N rows of any type. Values under a null are left out.
        show: how a field's name is shown in a path.

    Returns:
        Paths and flat arrays, decoded; as many values as a leaf has, which for a list is another
        number than N. A map has the leaves `key` and `value`.

    Example:
        >>> column = pa.array([{"debut": 1, "codes": ["a", "b"]}, None])
        >>> [(path, leaf.to_pylist()) for path, leaf in leaves_of("contrat", column)]
        [('contrat.debut', [1, None]), ('contrat.codes', ['a', 'b'])]
    """
    array = decode(array)
    kind = array.type
    if pa.types.is_map(kind):
        yield from leaves_of(f"{path}.key", array.keys, show)
        yield from leaves_of(f"{path}.value", array.items, show)
    elif pa.types.is_struct(kind):
        for field, child in zip(kind, array.flatten(), strict=True):
            yield from leaves_of(f"{path}.{show(field.name)}", child, show)
    elif pa.types.is_nested(kind):
        yield from leaves_of(path, array.flatten(), show)
    else:
        yield path, array
