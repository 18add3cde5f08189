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
from tamis.documents.law import Link, Nir
from tamis.documents.policy import Method
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
from tamis.dry_run.stated import (
    BasisPart,
    CategoryPart,
    LawText,
    MotifPart,
    RegisterRow,
    RegisterText,
    StatedRelease,
    UnreadPart,
)
from tamis.evidence.allowed import AllowedPart
from tamis.evidence.part import Part
from tamis.evidence.receipt import Drift, FieldPart, Receipt, ReleasePart
from tamis.language import Language

PUBLISHED = Path(__file__).parent / "published"
"""The folder of the JSON Schema, in which `tamis.documents.editors.publish` writes it."""


class TypePart(Part):
    """Arrow types by name; `out` is None where the field is not released."""

    in_: str = Field(alias="in")
    out: str | None = None


class TreatmentPart(Part):
    """The details of what happens to a kept field's value, as `Treatment` has them."""

    to: Literal["year", "quarter", "month"] | None = None
    step: int | None = None
    prefix: int | None = None
    canonical: Literal[13, 15] | None = None
    method: Method | None = None


class DryField(FieldPart):
    """What becomes of a field of the schema in one release, and on which ground.

    Attributes:
        treatment: the fate with its details, such as `generalized to year`.
        details: the same details each for itself.
        out: path of the released field, or None.
        type: before and after.
        mask: what most of the released texts look like, if at least `SMALL` records have it.
        place: `file:line:column` of the document that decides.
        read: whether a run reads the field's values at all.
        identifier: identifiers that the field is declared to hold, such as `nir`.
        category: slugs of the categories.
        category_link: `inferred` where it is a reading that the field is of these.
        free_text: as the schema marks the field.
        not_nir: why its long numbers are no NIR, or None.
        identifies: what it tells of a person, as it is released, or would be.
        sensitive: why the field is sensitive, or None.
    """

    treatment: str
    details: TreatmentPart = TreatmentPart()
    out: str | None = None
    type: TypePart
    mask: str | None = None
    place: str
    read: bool
    identifier: list[str] = []
    category: list[str] = []
    category_link: Link = "read"
    free_text: bool = False
    not_nir: str | None = None
    identifies: Identifies = "quasi"
    sensitive: str | None = None


class DryRelease(ReleasePart):
    """One release: the receipt's figures, and what the documents state of it.

    Attributes:
        nir: what the item's paragraph says of the partner: `carried` or `absent`.
        stated: conditions, needs, bases, the law's words.
        tags: the constants that each released record carries, by the name of their column.
    """

    fields: Mapping[str, DryField]
    nir: Nir
    stated: StatedRelease = StatedRelease()
    tags: dict[str, str | None] = {}


class DryDrift(Drift):
    """Columns in which the inputs and the schema differ."""

    retyped: list[Retyped] = []

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        return bool(self.unknown or self.missing or self.retyped)


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
        changes: the same in sentences, by language (`en`, `fr`).
        exceptions: of `policies/project.yaml`, those in force on the day.
    """

    status: Status = "missing"
    opinion: str = ""
    by: str = ""
    role: str = ""
    on: datetime.date | None = None
    until: datetime.date | None = None
    changed: list[str] = []
    changes: dict[Language, list[str]] = {}
    exceptions: list[AllowedPart] = []


class DryRun(Receipt):
    """What a run would do: the receipt's figures, without files, and what explains them.

    Attributes:
        valid_until: first day on which a rule of the plan changes, or None; YYYY-MM-DD.
        motifs: the policy's legal reasoning.
        texts: by article, the version in force.
        categories: of the fields that a release keeps or tests.
        unread: cited texts whose newer version nobody has read.
        register_: the entries that the releases stand on.
        register_text: the text that the register follows.
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
    motifs: list[MotifPart] = []
    texts: dict[str, LawText]
    categories: list[CategoryPart] = []
    unread: list[UnreadPart] = []
    register_: list[RegisterRow] = Field(alias="register")
    register_text: RegisterText = RegisterText(name="")
    sample: Sample
    bytes: Bytes
    risk: dict[str, Risk]
    marks: list[MarkFinding] = []
    lowered: list[Lowered] = []
    masks: list[Mask] = []
    profile: Profile | None = None
    against: Against | None = None
    review: Review = Review()

    @property
    def bases_to_confirm(self) -> list[BasisPart]:
        """The legal bases of the releases that nobody answers for yet, each once."""
        bases = [basis for part in self.releases.values() for basis in part.stated.bases]
        return [
            basis
            for i, basis in enumerate(bases)
            if basis.status == "to-confirm" and basis not in bases[:i]
        ]

    @property
    def to_confirm(self) -> list[str]:
        """What the releases rest on that nobody answered for yet."""
        releases = self.releases.values()
        return list(dict.fromkeys(text for part in releases for text in part.to_confirm or ()))

    @property
    def sensitive(self) -> list[str]:
        """Paths of the sensitive fields that a release carries."""
        fields = {
            path: field
            for release in self.releases.values()
            for path, field in release.fields.items()
            if field.sensitive and field.out
        }
        return sorted(fields)

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
