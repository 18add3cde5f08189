"""The grammar of policies: which fields are released, under which item, because of which need.

Every key has a description, from which `tamis help policy` is made.
"""

import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tamis.documents.law import Dated, Status
from tamis.documents.positions import DocumentModel
from tamis.documents.references import Reference
from tamis.language import N_, _

Scalar = str | bool | int | float | datetime.date
Method = Literal["hmac-sha256", "aes-256-cmac"]
Direction = Literal["into-store", "out-of-store"]

NAME_PATTERN = r"^[A-Za-z0-9._-]+$"
"""What schemas, policies and releases may be called."""


def _folder_name(name: str) -> str:
    """Refuse what a folder of the store cannot be called."""
    if name in (".", "..") or name.startswith("_"):
        raise ValueError(_("must not be `.` or `..` nor begin with `_`"))
    return name


def _scalar(value: Any) -> Any:
    if isinstance(value, Scalar):
        return value
    raise ValueError(_("must be a plain value: a string, a number, a date, true or false"))


def _require_one(model: DocumentModel, *keys: str) -> None:
    if sum(getattr(model, key) is not None for key in keys) != 1:
        names = ", ".join(f"`{key}`" for key in keys)
        raise ValueError(_("must have exactly one of {keys}", keys=names))


RgpdGround = Literal[
    "6.1.a",
    "6.1.b",
    "6.1.c",
    "6.1.d",
    "6.1.e",
    "6.1.f",
    "9.2.a",
    "9.2.b",
    "9.2.c",
    "9.2.d",
    "9.2.e",
    "9.2.f",
    "9.2.g",
    "9.2.h",
    "9.2.i",
    "9.2.j",
    "10",
]
"""The grounds of the RGPD: of any processing (art. 6), of special categories of data (art. 9) and
of data on offences (art. 10)."""


def _ten(value: Any) -> Any:
    """YAML reads `10` as a number."""
    return str(value) if value == 10 and not isinstance(value, bool) else value


TO_BE_CONFIRMED = N_("{basis} (to be confirmed)")
"""What plans and receipts say of a basis that nobody answers for."""


def _with_status(basis: str, status: Status) -> str:
    return TO_BE_CONFIRMED.format(basis=basis) if status == "to-confirm" else basis


class LegalBasis(DocumentModel):
    """The legal ground on which a sensitive field is kept or tested."""

    rgpd: Annotated[RgpdGround, BeforeValidator(_ten)]
    """The ground in the RGPD: article, paragraph and letter (`9.2.b`)."""
    text: Reference
    """The text that the ground rests on (`L. 6323-11 al. 3`)."""
    status: Status
    """`confirmed` where somebody answers for it; `to-confirm` stops `run` unless
    `--allow-unconfirmed` is given."""

    def __str__(self) -> str:
        """The basis on one line.

        Example:
            >>> str(LegalBasis(rgpd="9.2.b", text="L. 6323-12", status="confirmed"))
            'RGPD art. 9.2.b, L. 6323-12'
        """
        return _with_status(f"RGPD art. {self.rgpd}, {self.text}", self.status)


class NirBasis(DocumentModel):
    """The legal ground on which a NIR is kept.

    Legal source: loi n° 78-17 du 6 janvier 1978 art. 30, décret n° 2019-341 du 19 avril 2019.
    """

    text: Reference
    """The text that allows this processing of the NIR (`décret n° 2019-341 art. 2 C`)."""
    status: Status
    """`confirmed` where somebody answers for it; `to-confirm` stops `run` unless
    `--allow-unconfirmed` is given."""

    def __str__(self) -> str:
        """The basis on one line."""
        return _with_status(f"NIR: {self.text}", self.status)


def _mapping_of_basis(value: Any) -> Any:
    """Refuse a basis in words, as it was once written, and say how it is written now."""
    if isinstance(value, str):
        raise ValueError(
            _(
                "must be written {example}, got a text",
                example="{rgpd: 9.2.b, text: L. 6323-11 al. 3, status: to-confirm}",
            )
        )
    return value


Basis = Annotated[LegalBasis, BeforeValidator(_mapping_of_basis)]


class Condition(DocumentModel):
    """A test of one field: it has one of the values listed, or any; null never matches."""

    field: str
    """The path of the tested field; in `only`, relative to the list."""
    in_: Annotated[
        tuple[Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=Scalar)], ...],
        Field(alias="in", min_length=1),
    ] = ()
    """The values that match, of the field's type; strings that look like numbers are in quotes."""
    present: Literal[True] | None = None
    """`true`, in place of `in`: any value matches that is there."""
    because: str = ""
    """Why the field must be tested, in words (need to know)."""
    basis: Basis | None = None
    """The legal basis for the test of a sensitive field. Legal source: RGPD art. 9, 10."""

    @model_validator(mode="after")
    def _test_one_thing(self) -> Any:
        if bool(self.in_) == bool(self.present):
            raise ValueError(_("must have exactly one of {keys}", keys="`in`, `present`"))
        return self


class Need(DocumentModel):
    """A stated reason (*besoin d'en connaître*) and the fields that it justifies."""

    because: str = ""
    """Why the partner needs to know these fields, in words."""
    keep: Annotated[tuple[str, ...], Field(json_schema_extra={"minItems": 1})] = ()
    """The paths of the fields that are released; nothing else is."""
    when: tuple[Condition, ...] = ()
    """The conditions that must all hold for the fields to keep their values; else they are null.
    A field of a list's elements is tested of the element that the kept fields are in."""
    basis: Basis | None = None
    """The legal basis for keeping a sensitive field. Legal source: RGPD art. 9, 10."""
    nir_basis: NirBasis | None = None
    """The legal basis for keeping a NIR under paragraphs I and II, beside the item, which permits
    a relation and no field. Legal source: décret n° 2019-341."""


class Pseudonymize(DocumentModel):
    """Replace an identifier by a keyed pseudonym, under another name."""

    as_: Annotated[str, Field(alias="as", min_length=1, pattern=r"^[^.]+$")]
    """The name of the pseudonym's column, which takes the field's place."""
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] | None = None
    """What number it is (`dossier`), where the schema's `identifier` does not say: numbers of one
    kind have one pseudonym, in whatever field and schema they stand."""
    method: Method = "hmac-sha256"
    """How the pseudonym is computed from the identifier and the key of (processing, item). New
    policies say `aes-256-cmac` (`tamis help keys`); to change it changes every pseudonym."""


class Generalize(DocumentModel):
    """Make a value coarser, by exactly one of the three keys; its type stays."""

    to: Literal["year", "quarter", "month"] | None = None
    """For dates: the first day of the year, quarter or month."""
    step: Annotated[int, Field(gt=0, strict=True)] | None = None
    """For numbers: the greatest multiple of the step that is not above the value."""
    prefix: Annotated[int, Field(gt=0, strict=True)] | None = None
    """For strings: how many characters are kept from the beginning."""

    @model_validator(mode="after")
    def _have_one_key(self) -> Any:
        _require_one(self, "to", "step", "prefix")
        return self


class Treatment(DocumentModel):
    """What happens to a kept field's value, by exactly one of the four keys."""

    pseudonymize: Pseudonymize | None = None
    """Replace an identifier by a keyed pseudonym."""
    generalize: Generalize | None = None
    """Make the value coarser."""
    redact: Literal["nir", "nothing"] | None = None
    """`nir`: NIRs in the text are replaced, as in all free text; `nothing`: the free text stays
    as it is, only under an item that lets the NIR pass."""
    canonical: Literal[13, 15] | None = None
    """Write a NIR or NIA in one form, so that feeds join: its 13 characters, in upper case and
    without separators, or these with the key computed (15). Other identifiers have no key."""

    @model_validator(mode="after")
    def _have_one_key(self) -> Any:
        _require_one(self, "pseudonymize", "generalize", "redact", "canonical")
        return self


def _percentage(text: str) -> str:
    """Refuse what is no share that can be reached."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)%", text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(_("must be a percentage above 0% and at most 100%, such as 1%"))
    return text


class RiskBound(DocumentModel):
    """How many persons must be alike in what is released, and how few may not be."""

    k: Annotated[int, Field(ge=2, le=1000, strict=True)] = 11
    """How many persons must be alike, in all that is kept and not marked `none`."""
    below: Annotated[str, AfterValidator(_percentage)] = "1%"
    """The share of persons in smaller groups must be below this percentage."""
    because: str = ""
    """Why so weak a bound will do, in words; must be given under III 2° where `k` is lower or
    `below` higher than without them."""

    @property
    def is_weak(self) -> bool:
        """Whether it asks for less than the bound that holds where none is written.

        Example:
            >>> RiskBound(k=5).is_weak, RiskBound(below="0.5%").is_weak
            (True, False)
        """
        usual = RiskBound()
        return self.k < usual.k or self._share > usual._share

    @property
    def _share(self) -> float:
        return float(self.below.removesuffix("%"))

    def __str__(self) -> str:
        """The bound on one line.

        Example:
            >>> str(RiskBound(k=5))
            '{k: 5, below: 1%}'
        """
        return f"{{k: {self.k}, below: {self.below}}}"


def _item_id(item: str) -> str:
    """Refuse what cannot be the id of an item, and propose how it is written."""
    if re.fullmatch(NAME_PATTERN, item):
        return item
    words = re.findall(r"\bI{1,3}\b|\b[0-9]\b(?!-)", item)
    text = _("must be the id of an item, such as R6323-37.III.2")
    if words[:1] and words[0].startswith("I"):
        text = _("must be written {item}", item=".".join(["R6323-37", *words[:2]]))
    raise ValueError(text)


class Release(Dated):
    """One entry of a policy: the item and purpose it stands on, and the needs it serves."""

    id: Annotated[str, Field(pattern=NAME_PATTERN), AfterValidator(_folder_name)] = ""
    """The name of the release, of its folder and of its entry in receipts; by default the item."""
    item: Annotated[str, AfterValidator(_item_id)]
    """The permission that the release stands on (`R6323-37.III.2`). Legal source: R. 6323-37."""
    purpose: str
    """The purpose that the release serves (`R6323-33.5`). Legal source: R. 6323-33."""
    where: tuple[Condition, ...] = ()
    """The conditions that must all hold for a record to be released."""
    only: dict[str, tuple[Condition, ...]] = {}
    """By the path of a list, the conditions that must all hold for an element to be kept."""
    needs: Annotated[tuple[Need, ...], Field(json_schema_extra={"minItems": 1})] = ()
    """The needs, each with the fields that it justifies."""
    treat: dict[str, Treatment] = {}
    """By the path of a kept field, what happens to its value."""
    on_nir: Literal["strip", "quarantine"] = "strip"
    """Under an item without the NIR (paragraph III): whether the NIR of a record is stripped or
    stops the record."""
    rebuilds_nir: str | None = None
    """Why sex, birth and birthplace, which rebuild the NIR, may be released together under an
    item without the NIR."""
    retention: str | None = None
    """The rule of R. 6323-39 by which what is released is kept, by its id; it stands in the tag
    `legal_retention`. Legal source: R. 6323-39."""
    risk: RiskBound | None = None
    """The bound on persons whom few others are like, under an item without the NIR; the default
    for R6323-37.III.2 is `{k: 11, below: 1%}`. Runs are judged by it under `--fail-on risk`."""
    min_unit: Annotated[int, Field(ge=2, le=65_536, strict=True)] | None = None
    """How many rows a stream commits at once, at least, out of the store under an item without the
    NIR: what two partners get in one commit of few rows can be joined. A commit is held back until
    it has so many, or `--period` is over; the receipt tells the smallest."""
    identifies_anyway: str | None = None
    """Why a direct identifier (a name, an address, a file number …) may stand beside a pseudonym,
    or under III 2°, or why a device number may leave under an item without the NIR."""
    note: str = ""
    """A remark for readers."""

    @model_validator(mode="before")
    @classmethod
    def _name_itself_by_item(cls, data: Any) -> Any:
        if isinstance(data, dict) and "id" not in data:
            item = data.get("item")
            if isinstance(item, str) and re.fullmatch(NAME_PATTERN, item):
                return {**data, "id": item}
        return data


class Motif(DocumentModel):
    """A paragraph of a policy's legal reasoning, in French, for the lawyer who signs it."""

    text: Annotated[str, Field(min_length=1)]
    """The paragraph."""
    attested: Literal["read", "inferred", "secondary"] = "inferred"
    """What it rests on: `read`, the texts that it cites; `inferred`, a reading of them;
    `secondary`, what a secondary source says of a text that was not read."""
    source: str = ""
    """What was read, and when; a `secondary` motif must have it."""

    @model_validator(mode="after")
    def _name_the_source(self) -> Any:
        if self.attested == "secondary" and not self.source.strip():
            raise ValueError(_("must have a `source`, since it is `secondary`"))
        return self


def _motifs(value: Any) -> Any:
    """A text is one motif."""
    given = value if isinstance(value, list | tuple) else [value]
    return [{"text": motif} if isinstance(motif, str) else motif for motif in given]


class Policy(DocumentModel):
    """The releases of one schema's records, with one processing, in one direction."""

    policy: Annotated[str, Field(pattern=NAME_PATTERN), AfterValidator(_folder_name)]
    """The name of the policy, which is that of its file."""
    schema_: Annotated[str, Field(alias="schema")]
    """The name of the schema whose records the policy releases."""
    processing: str
    """The processing of the register on the other side of the store, by its slug."""
    direction: Direction
    """Whether records go `into-store` or `out-of-store`."""
    describes: str = ""
    """What the policy is for, in a sentence."""
    motifs: Annotated[
        tuple[Motif, ...],
        BeforeValidator(_motifs, json_schema_input_type=str | tuple[str | Motif, ...]),
    ] = ()
    """The legal reasoning of the policy, in French: a text, or several, each with what it rests
    on."""
    releases: Annotated[tuple[Release, ...], Field(min_length=1)]
    """The releases; a record may pass under several of them."""

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self.policy
