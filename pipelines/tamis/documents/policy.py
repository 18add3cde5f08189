"""Which fields are released, under which item, because of which need (`design.md` §3.4)."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tamis.documents.positions import Model

Scalar = str | bool | int | float | datetime.date
Method = Literal["hmac-sha256", "aes-256-cmac"]
Direction = Literal["into-store", "out-of-store"]


def _plain_name(name: str) -> str:
    """Refuse what a folder of the store cannot be called."""
    if name in (".", "..") or name.startswith("_"):
        raise ValueError("is not `.` or `..` and does not begin with `_`")
    return name


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bool | int | float | datetime.date):
        return value
    raise ValueError("should be a plain value: a string, a number, a date, true or false")


class Condition(Model):
    """A test of one field: its value is one of `in_`; null never matches."""

    field: str
    in_: Annotated[
        tuple[Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=Scalar)], ...],
        Field(alias="in", min_length=1),
    ]
    because: str = ""
    basis: str = ""


class Need(Model):
    """A stated reason (*besoin d'en connaître*) and the fields that it justifies."""

    because: str = ""
    keep: Annotated[tuple[str, ...], Field(json_schema_extra={"minItems": 1})] = ()
    when: tuple[Condition, ...] = ()
    basis: str = ""


class Pseudonymize(Model):
    """Replace an identifier by a keyed pseudonym, under another name."""

    as_: Annotated[str, Field(alias="as", min_length=1, pattern=r"^[^.]+$")]
    method: Method = "hmac-sha256"


class Generalize(Model):
    """Make a value coarser: dates `to`, numbers `step`, strings `prefix`."""

    to: Literal["year", "quarter", "month"] | None = None
    step: Annotated[int, Field(gt=0)] | None = None
    prefix: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _be_one(self) -> Any:
        if sum(one is not None for one in (self.to, self.step, self.prefix)) != 1:
            raise ValueError("says exactly one of `to`, `step`, `prefix`")
        return self


class Treatment(Model):
    """What happens to a kept field's value; exactly one of the three."""

    pseudonymize: Pseudonymize | None = None
    generalize: Generalize | None = None
    redact: Literal["nir", "nothing"] | None = None

    @model_validator(mode="after")
    def _be_one(self) -> Any:
        said = (self.pseudonymize, self.generalize, self.redact)
        if sum(one is not None for one in said) != 1:
            raise ValueError("says exactly one of `pseudonymize`, `generalize`, `redact`")
        return self


class Release(Model):
    """One entry of a policy: item, purpose and needs."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$"), AfterValidator(_plain_name)] = ""
    item: str
    purpose: str
    from_: Annotated[datetime.date, Field(alias="from")]
    until: datetime.date | None = None
    where: tuple[Condition, ...] = ()
    only: dict[str, tuple[Condition, ...]] = {}
    needs: Annotated[tuple[Need, ...], Field(json_schema_extra={"minItems": 1})] = ()
    treat: dict[str, Treatment] = {}
    on_nir: Literal["strip", "quarantine"] = "strip"
    rebuilds_nir: str | None = None
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_itself_by_item(cls, data: Any) -> Any:
        if isinstance(data, dict) and "id" not in data and isinstance(data.get("item"), str):
            return {**data, "id": data["item"]}
        return data

    def in_force(self, day: datetime.date) -> bool:
        """Whether the release holds on `day`."""
        return self.from_ <= day and (self.until is None or day < self.until)


class Policy(Model):
    """The releases of one schema's records, with one processing, in one direction."""

    policy: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$"), AfterValidator(_plain_name)]
    schema_: Annotated[str, Field(alias="schema")]
    processing: str
    direction: Direction
    describes: str = ""
    releases: Annotated[tuple[Release, ...], Field(min_length=1)]
