"""What a schema says of a field against its name, or of its numbers, each with a reason."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tamis.documents.positions import DocumentModel
from tamis.language import _


class Sensitivity(DocumentModel):
    """A reason why a field is sensitive; or `{none: …}`, why it is not, though its name says so."""

    because: str | None = None
    """Why it is; what a plain text as the value of `sensitive` says."""
    none: str | None = None
    """Why it is not, in words."""

    @model_validator(mode="after")
    def _say_one_thing(self) -> Any:
        if (self.because is None) == (self.none is None):
            raise ValueError(_("must be a reason, or `{none: …}` with the reason why not"))
        return self


def _sensitivity(value: Any) -> Any:
    return {"because": value} if isinstance(value, str) else value


class LowerMark(DocumentModel):
    """Why a field tells less of a person than its name or the default says."""

    mark: Literal["quasi", "none"]
    """`quasi`: it helps to recognise a person beside other fields; `none`: not even that."""
    because: str
    """Why, in words."""


def _lower_mark(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(
            _("must be written {example}, got a text", example="{mark: quasi, because: …}")
        )
    return value


class NotNir(DocumentModel):
    """Why a column of long numbers holds no NIR, and what its numbers are."""

    because: str
    """What the numbers are, in words."""
    pattern: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A regular expression (RE2) that every value matches as a whole, and no more than 1 % of
    NIRs; what does not match is quarantined."""
    check: Literal["luhn", "iban"] | None = None
    """The check digits that every value has: `luhn` (SIREN, SIRET, cards, IMEI) or `iban`; a value
    without them is quarantined."""

    @model_validator(mode="after")
    def _can_be_tested(self) -> Any:
        if self.pattern is not None and self.check is not None:
            raise ValueError(_("`not_nir` must have one of `pattern` and `check`, not both"))
        if self.pattern is not None:
            import pyarrow as pa  # only where there is a pattern: `check` starts without Arrow
            import pyarrow.compute as pc

            for pattern in (self.pattern, whole(self.pattern)):
                try:
                    pc.match_substring_regex(pa.array([""]), pattern)
                except pa.ArrowInvalid:
                    raise ValueError(
                        _("`pattern` must be a regular expression as RE2 reads them")
                    ) from None
        return self


def whole(pattern: str) -> str:
    """A pattern that matches a text where `pattern` matches it from its beginning to its end."""
    return rf"\A(?:{pattern})\z"


def _not_nir(value: Any) -> Any:
    return {"because": value} if isinstance(value, str) else value


Sensitive = Annotated[
    Sensitivity, BeforeValidator(_sensitivity, json_schema_input_type=str | Sensitivity)
]
Lower = Annotated[LowerMark, BeforeValidator(_lower_mark)]
NoNir = Annotated[NotNir, BeforeValidator(_not_nir, json_schema_input_type=str | NotNir)]
