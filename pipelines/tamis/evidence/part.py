"""The base of all parts of receipts and of the results of dry runs."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Natural: TypeAlias = Annotated[int, Field(ge=0)]
"""A number of something, which is never below 0."""


class Part(BaseModel):
    """Base of all parts of a receipt: unknown keys are refused, and errors quote no input."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, populate_by_name=True)
