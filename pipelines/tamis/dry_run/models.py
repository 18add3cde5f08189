"""What a dry run measures, and the receipt: counts, types and names, never values."""

from typing import Literal

from pydantic import Field

from tamis.evidence.part import Part
from tamis.evidence.receipt import Receipt, RiskPart
from tamis.language import N_

Count = int | Literal["<5", ">=5"]
"""A number of combinations or records: `<5` hides a small one, `>=5` one from which it could be
worked out."""

FewOrCount = int | Literal["<10"]
"""A number of records that carry a field under one of two plans only; `<10` hides a small one."""

FEW = 10
"""Such numbers below this are hidden: who knows the two plans knows whom they tell apart."""

SMALL = 5
"""Numbers of combinations or records below this are hidden."""


ALL_RECORDS = N_("all records of all inputs")
AT_MOST = N_(
    "at most {limit} records, in even shares the first ones of each input (of Parquet files, of "
    "each part of whole row groups)"
)
"""How a sample is taken, in the words of results."""


class Sample(Part):
    """What was read of the inputs.

    Attributes:
        limit: rows asked for at most, or None for all.
        read: records read; all figures are of these.
        complete: whether these are all records of all inputs.
        inputs: how many inputs there are.
        inputs_complete: how many of them were read to their end.
        method: how the sample was chosen, in words; of a complete one, that it is complete.
    """

    limit: int | None = None
    read: int
    complete: bool
    inputs: int
    inputs_complete: int
    method: str


class Bytes(Part):
    """Bytes in, and bytes that a run would write of what was read.

    Attributes:
        in_: of the input files as they lie, whether or not all of them was read.
        out: by release, of the Parquet files.
        quarantine: of the files of quarantine rows.
    """

    in_: int = Field(alias="in")
    out: dict[str, int]
    quarantine: int


class Retyped(Part):
    """A column whose type in a file is not the schema's.

    Attributes:
        column: path of the leaf.
        schema_: the schema's type.
        files: by type name in the files, how many inputs have it.
    """

    column: str
    schema_: str = Field(alias="schema")
    files: dict[str, int]


class Mask(Part):
    """What values look like that have not the schema's type.

    Attributes:
        field: path of the field.
        rule: the type that they have not.
        mask: `#` a digit, `x` a letter, separators themselves.
        records: that have it, at least `SMALL`.
    """

    field: str
    rule: str
    mask: str
    records: int


class Undeclared(Part):
    """A column that carries NIRs though the schema declares none there.

    Attributes:
        column: path of the leaf.
        known: whether the schema names it.
        form: `15`, `13`, `text`, `json`, `integer`, `float` or `decimal`.
        values: values looked at, nulls left out.
        nirs: NIRs found in them.
        confidence: from 0 to 1, of the surest part of the column.
        why: the evidence of that part in a few words.
    """

    column: str
    known: bool
    form: str
    values: int
    nirs: int
    confidence: float
    why: str


class Profile(Part):
    """The look into columns in which no NIR is declared.

    Attributes:
        columns: how many columns were looked into.
        scope: `released` ones only, or `all`.
        undeclared: those that carry NIRs, the one with most of them first.
    """

    columns: int
    scope: Literal["released", "all"] = "all"
    undeclared: list[Undeclared] = []


Form = Literal["own", "prose", "email", "phone", "iban", "birth"]
"""What values are found to be: each somebody's own, free text, contacts, dates of birth."""

MARK_CONDITIONS: dict[Form, str] = {
    "own": "undeclared-identifier",
    "prose": "free-text",
    "email": "contact",
    "phone": "contact",
    "iban": "contact",
    "birth": "birth",
}
"""The condition of `--fail-on` that each of them meets."""


class MarkFinding(Part):
    """Released values that say more of persons than the marks of their field.

    Attributes:
        release: id of the release.
        field: path in the schema.
        mark: what the field is taken to tell of a person, as it is released.
        form: what values are found to be.
        values: looked at, nulls left out.
        count: of these; an estimate of those that are somebody's own.
    """

    release: str
    field: str
    mark: Literal["direct", "quasi", "none"]
    form: Form
    values: int
    count: int


class Lowered(Part):
    """A mark of a field that is read, below what its name says or the default is.

    Attributes:
        field: path in the schema, that of a list or a struct among them.
        key: of the schema.
        mark: what it is taken for.
        because: the reason that the schema gives; no tool can weigh it.
    """

    field: str
    key: Literal["identifies", "sensitive"]
    mark: Literal["quasi", "none"]
    because: str


class GroupSize(Part):
    """How many combinations are shared by so many records.

    Attributes:
        least, most: records that share one combination; `most` is None for no bound.
        combinations: of this size, in the sample.
    """

    least: int
    most: int | None = None
    combinations: Count


class Figures(Part):
    """How few persons are alike in some of what is released of them.

    Who is alone with a combination of values can be told by whoever knows them. A null is a value
    like any other, and so is how often a list or a person's records repeat one.

    Attributes:
        fields: by path in the schema.
        sampled: combinations counted.
        complete: whether these are all there are; else the other figures are estimates.
        combinations: all there are.
        unique: persons who are alone with theirs.
        unique_share: of all persons, rounded to 0.0001; None where `unique` is hidden.
        small: persons in groups of fewer than `k`.
        small_share: of all persons, rounded to 0.0001; None where `small` is hidden.
        at_most: upper bound of that share where not complete, 99 times of 100; None else.
        smallest: whether the smallest group counted is small; None without persons.
        sizes: counted combinations by the size of their group.
    """

    fields: list[str]
    sampled: int
    complete: bool
    combinations: int
    unique: Count
    unique_share: float | None = None
    small: Count
    small_share: float | None = None
    at_most: float | None = None
    smallest: Count | None = None
    sizes: list[GroupSize] = []


class Coarsening(Part):
    """What would bring the share of persons in small groups below its bound.

    Attributes:
        tried: persons on whom it was tried, of whom the smaller groups are made.
        complete: whether these are all persons; else all of them are alike sooner.
        fields: by path, what to do more: `to: quarter`, `step: 500`, `prefix: 2`, or `not kept`.
    """

    tried: int
    complete: bool
    fields: dict[str, str]


class Risk(Figures):
    """How few persons are alike in all that a release lets pass and that is not marked `none`.

    Attributes:
        pseudonym: name of the pseudonym whose persons are counted, all records of one together;
            None where each record stands for a person.
        records: released records, all of which were looked at.
        persons: how many there are; an estimate where not complete.
        k: persons who must be alike.
        below: the share of persons in smaller groups must be below this percentage, such as `1%`;
            None where nothing bounds it.
        within: whether it is, by its upper bound; None where nothing bounds it.
        weak: why its bound is weaker than the one that holds under III 2° without it; None where
            it is not.
        marks_ignored: the same figures with all marks ignored; None where no field is marked
            `none`, so that they are these.
        coarsening: what would bring the share below its bound; None where it is, where nothing
            bounds it, and where no coarsening does.
    """

    pseudonym: str | None = None
    records: int
    persons: int
    k: int
    below: str | None = None
    within: bool | None = None
    weak: str | None = None
    marks_ignored: Figures | None = None
    coarsening: Coarsening | None = None

    @property
    def for_receipt(self) -> RiskPart:
        """What a receipt says of it."""
        return RiskPart(
            k=self.k,
            below=self.below,
            small_share=self.small_share,
            at_most=self.at_most,
            within=self.within,
        )


class NewlyCarried(Part):
    """Records that carry a field under one of two policies only.

    Attributes:
        item, purpose: of the releases compared.
        field: path as released.
        newly: records that carry a value under the other project's policy, not under this one;
            `<10` hides how few.
        no_longer: the other way round.
    """

    item: str
    purpose: str
    field: str
    newly: FewOrCount
    no_longer: FewOrCount


class Compared(Part):
    """The same records under another plan.

    Attributes:
        records: compared.
        fields: where there is a difference.
    """

    records: int
    fields: list[NewlyCarried] = []


class Measured(Part):
    """All that a dry run measures.

    Attributes:
        receipt: as a run would write it, without files.
        risk: by release; left out where it releases a direct identifier.
        marks: released values that say more of persons than the marks of their fields.
        looks: by release and path, what most of the released texts look like.
        profile: of columns in which no NIR is declared.
        compared: None unless there was another plan.
    """

    receipt: Receipt
    sample: Sample
    bytes: Bytes
    retyped: list[Retyped] = []
    masks: list[Mask] = []
    risk: dict[str, Risk] = {}
    marks: list[MarkFinding] = []
    looks: dict[str, dict[str, str]] = {}
    profile: Profile | None = None
    compared: Compared | None = None
