"""The result of a dry run: a receipt without files, and what explains its figures.

Everything that shows a dry run (terminal, JSON, HTML) is a pure function of `DryRun`. It holds
names, counts, types and texts of the documents; never a value of the input:

    {"run": "…", "policy": "evaluation-cpf", "counts": {"in": 2000, …}, "quarantine": {…},
     "releases": {"evaluation": {"item": "R6323-37.III.2", "rows": 1622, "fields": {
       "nir": {"fate": "pseudonymized", "because": "…", "treatment": "pseudonymized as …",
               "type": {"in": "string", "out": "fixed_size_binary[16]"}, …}}, …}},
     "sample": {"limit": null, "read": 2000, "complete": true, …},
     "bytes": {"in": 181220, "out": {"evaluation": 60110}, "quarantine": 9120},
     "risk": {"evaluation": {"fields": ["sexe", …], "unique": "<5", …}}, …}
"""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tamis.check.approval import Status
from tamis.documents.law import Attested, Link, Nir
from tamis.documents.schema import Identifies
from tamis.dry_run.models import (
    Bytes,
    Compared,
    Lowered,
    MarkFinding,
    Mask,
    Profile,
    Retyped,
    Risk,
    Sample,
)
from tamis.evidence.allowed import AllowedPart
from tamis.evidence.part import Part
from tamis.evidence.receipt import Drift, FieldPart, Receipt, ReleasePart

PUBLISHED = Path(__file__).parent / "published"
"""The folder of the JSON Schema, in which `tamis.documents.editors.publish` writes it."""


class TypePart(Part):
    """Arrow types by name; `out` is None where the field is not released."""

    in_: str = Field(alias="in")
    out: str | None = None


class DryField(FieldPart):
    """What becomes of a field of the schema in one release, and on which ground.

    Attributes:
        needs: the needs that keep it, each for itself; empty where it is not released.
        treatment: the fate with its details, such as `generalized to year`.
        out: path of the released field, or None.
        type: before and after.
        place: `file:line:column` of the document that decides.
        read: whether a run reads the field's values at all.
        identifier: identifiers that the field is declared to hold, such as `nir`.
        category: slugs of the categories.
        free_text: as the schema marks the field.
        identifies: what it tells of a person, as it is released, or would be.
        sensitive: why the field is sensitive, or None.
    """

    needs: list[str] = []
    treatment: str
    out: str | None = None
    type: TypePart
    place: str
    read: bool
    identifier: list[str] = []
    category: list[str] = []
    free_text: bool = False
    identifies: Identifies = "quasi"
    sensitive: str | None = None


class DryRelease(ReleasePart):
    """One release: the receipt's figures, and the law that it stands on.

    Attributes:
        nir: what the item's paragraph says of the partner: `carried` or `absent`.
        item_subject, purpose_subject: the articles' words, in French.
        purposes_link: `inferred`: the link from item to purpose is our reading.
    """

    fields: Mapping[str, DryField]
    nir: Nir
    item_subject: str = ""
    purpose_subject: str = ""
    purposes_link: Link = "inferred"


class DryDrift(Drift):
    """Columns in which the inputs and the schema differ."""

    retyped: list[Retyped] = []

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        return bool(self.unknown or self.missing or self.retyped)


class RegisterRow(Part):
    """A register entry that a release stands on.

    Attributes:
        words: what `attested` means.
        source: where the arrêté lists the processing.
        note: of the entry.
    """

    release: str
    item: str
    processing: str
    name: str
    attested: Attested
    words: str
    source: str = ""
    note: str = ""


class LawText(Part):
    """The version of an article that was in force on the day; dates as YYYY-MM-DD."""

    id: str
    from_: str = Field(alias="from")
    until: str | None = None
    amended_by: str = ""


class ShapeField(Part):
    """A field in a record's shape: type and mask, never a value.

    Attributes:
        path: names from the top, joined by dots; `[]` behind a list.
        type: by its Arrow name.
        mask: what a value looks like: `#` a digit, `x` a character, other characters themselves.
        read: before: whether a run reads it. After: always true.
        tag: whether it is one of the constant tags.
        source: after: path of the schema's field that it comes from; None for a tag.
    """

    path: str
    type: str
    mask: str
    read: bool = True
    tag: bool = False
    source: str | None = None


class Shape(Part):
    """A record before, and after by release."""

    before: list[ShapeField]
    after: dict[str, list[ShapeField]]


class Against(Compared):
    """The same records under the policy of the same name of another project.

    Attributes:
        project: the other project, as the caller named it.
    """

    project: str
    policy_sha256: str
    plan_sha256: str


class Review(Part):
    """What somebody signs: the last approval, what changed since, and what is allowed lastingly.

    Attributes:
        status: whether the approval covers the plan, or why not.
        opinion, by, role, on, until: of the last approval, whether or not it covers; else empty.
        changed: lines of the legal content that went (`-`) and came (`+`) since.
        exceptions: of `policies/project.yaml`, those in force on the day.
    """

    status: Status = "missing"
    opinion: str = ""
    by: str = ""
    role: str = ""
    on: datetime.date | None = None
    until: datetime.date | None = None
    changed: list[str] = []
    exceptions: list[AllowedPart] = []


class DryRun(Receipt):
    """What a run would do: the receipt's figures, without files, and what explains them.

    Attributes:
        valid_until: first day on which a rule of the plan changes, or None; YYYY-MM-DD.
        texts: by article, the version in force.
        register_: the entries that the releases stand on.
        risk: by release; left out where it releases a direct identifier.
        marks: released values that say more of persons than the marks of their fields.
        lowered: marks of fields that are read, below what their names say, with their reasons.
        masks: what values look like that have not the schema's type.
        profile: of columns in which no NIR is declared: the released ones, or all.
        against: None unless another project was compared.
        review: what the last block of a report shows, for somebody to sign.
    """

    releases: Mapping[str, DryRelease]
    drift: DryDrift
    schema_: str = Field(alias="schema")
    direction: Literal["into-store", "out-of-store"]
    describes: str = ""
    valid_until: str | None = None
    texts: dict[str, LawText]
    register_: list[RegisterRow] = Field(alias="register")
    sample: Sample
    bytes: Bytes
    risk: dict[str, Risk]
    marks: list[MarkFinding] = []
    lowered: list[Lowered] = []
    shape: Shape
    masks: list[Mask] = []
    profile: Profile | None = None
    against: Against | None = None
    review: Review = Review()

    @property
    def to_confirm(self) -> list[str]:
        """What the releases rest on that nobody answered for yet."""
        releases = self.releases.values()
        return list(dict.fromkeys(text for part in releases for text in part.to_confirm or ()))

    @property
    def unattested(self) -> list[RegisterRow]:
        """Register entries whose current wording was not read."""
        return [row for row in self.register_ if row.attested != "read"]

    @property
    def hides_order(self) -> bool:
        """Whether rows of some release must not tell the order in which they were read."""
        is_out = self.direction == "out-of-store"
        return is_out and any(release.nir == "absent" for release in self.releases.values())


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of a dry run's `--json`, by its name."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {"dry-run": dialect | DryRun.model_json_schema(by_alias=True)}
