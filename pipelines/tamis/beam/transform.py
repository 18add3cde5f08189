"""Base of transforms that take or give several PCollections at once."""

from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.pvalue import PValue
from apache_beam.typehints.decorators import IOTypeHints

In = TypeVar("In")
Out = TypeVar("Out")


class SeveralCollections(beam.PTransform[In, Out]):
    """A transform of which Beam reads no type hints, and whose input may be a tuple.

    Beam would read type hints from the annotations of `expand`, where such a tuple stands for one
    element, and would make a PCollection of each plain value.
    """

    def default_type_hints(self) -> IOTypeHints:
        return IOTypeHints.empty()

    def _extract_input_pvalues(self, pvalueish: Any) -> tuple[Any, dict[str, PValue]]:
        """The input, and the PCollections in it: Beam's hook for transforms of several inputs."""
        pvalueish, inputs = super()._extract_input_pvalues(pvalueish)  # type: ignore[no-untyped-call]
        return pvalueish, {
            name: value for name, value in inputs.items() if isinstance(value, PValue)
        }
