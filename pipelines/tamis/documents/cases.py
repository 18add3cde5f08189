"""The grammar of a policy's cases: what becomes of a synthetic record, as a DPO would say it.

Every key has a description, from which `tamis help tests` is made.
"""

import datetime
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import BeforeValidator, Field, model_validator

from tamis.documents.positions import DocumentModel
from tamis.language import _

WITHHELD = "withheld"
QUARANTINED = "quarantined"


def _days(value: Any) -> Any:
    return (value,) if isinstance(value, datetime.date) else value


def _outcome(value: Any) -> Any:
    if value == WITHHELD or isinstance(value, Quarantined) or (isinstance(value, dict) and value):
        return value
    raise ValueError(
        _("must be `withheld`, `{quarantined: {reason: …}}`, or the fields of each release")
    )


class Quarantine(DocumentModel):
    """Why a record cannot be judged safely."""

    reason: str
    """The reason as quarantine rows give it (`nir-key`, `null`, `type`)."""
    field: str = ""
    """The path of the field; empty where the whole record is meant."""


class Quarantined(DocumentModel):
    """The record is quarantined, from all releases."""

    quarantined: Quarantine
    """Why."""


Released = dict[str, dict[str, Any]]
"""By release, the fields that leave with a value; what is not listed is null or not released."""


class PolicyCase(DocumentModel):
    """One record, and what must become of it."""

    note: Annotated[str, Field(min_length=1)]
    """What the case shows, in a sentence that a DPO can read."""
    on: Annotated[
        tuple[datetime.date, ...],
        BeforeValidator(_days, json_schema_input_type=datetime.date | tuple[datetime.date, ...]),
        Field(min_length=1),
    ]
    """The day whose law applies, or several on which the outcome is the same."""
    record: dict[str, Any]
    """The record by the schema's names of its fields; what is not listed is null. Synthetic: never
    a real person's."""
    limited: bool = False
    """Whether the persons of the record are on the project's list of limited persons."""
    expect: Annotated[
        Literal["withheld"] | Quarantined | Released,
        BeforeValidator(
            _outcome, json_schema_input_type=Literal["withheld"] | Quarantined | Released
        ),
    ]
    """What becomes of the record: `withheld`, `quarantined` with its reason, or by release the
    fields that leave with a value, all of them. `{present: true}` stands for any value, as of a
    pseudonym, and `{quarantined: {reason: …, field: …}}` says the reason. On a day on which no
    release is in force, all is withheld."""

    @model_validator(mode="before")
    @classmethod
    def _tell_the_outcomes_apart(cls, data: Any) -> Any:
        expect = data.get("expect") if isinstance(data, dict) else None
        if isinstance(expect, dict) and QUARANTINED in expect:
            return {**data, "expect": Quarantined.model_validate(expect)}
        return data


class PolicyCases(DocumentModel):
    """The cases of one policy, in `policies/tests/POLICY.yaml`."""

    policy: str
    """The name of the policy, which is that of the file."""
    cases: Annotated[tuple[PolicyCase, ...], Field(min_length=1)]
    """The cases."""

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self.policy


def is_any_value(expected: Any) -> TypeGuard[dict[str, bool]]:
    """Whether `{present: true}` is expected: any value that is not null."""
    return bool(expected == {"present": True})
