"""What a source sends: fields, Arrow types, categories, identifiers (`design.md` §3.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tamis.documents.law import Link
from tamis.documents.positions import Model, Path_, suggest
from tamis.documents.types import Kind, kind_of, known_names

Identifier = Literal["nir", "nir-key", "nia", "nnp", "mig", "ntt"]
NirPart = Literal["sex", "birth", "place"]
FormatName = Literal["parquet", "csv", "jsonl", "avro", "dsn"]


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class CsvOptions(Model):
    """How a CSV file is written.

    Attributes:
        separator: one character between fields.
        encoding: a Python codec name; UTF-8 may have a byte order mark.
        decimal: the decimal mark.
        dates: a strptime pattern for dates, e.g. `%d/%m/%Y`; ISO 8601 where absent.
        quote: the quoting character.
    """

    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    dates: str | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'

    @model_validator(mode="after")
    def _know_the_encoding(self) -> Any:
        import codecs

        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError(f"unknown encoding `{self.encoding}`") from None
        return self


def _format(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Format(Model):
    """The wire format of a feed: a name, or `{csv: {…}}` with its options."""

    name: FormatName = "csv"
    csv: CsvOptions = CsvOptions()


class FieldSpec(Model):
    """One field of a schema: a leaf, a `list` with `of`, or a `struct` with `fields`.

    Attributes:
        type: an Arrow type by its Arrow name, `list` or `struct`.
        category: slugs of R. 6323-34 or R. 6323-34-1, `outside` or `not-personal`.
        identifier: which numbers that identify a person the field may hold.
        nir_part: the part of the NIR that the field repeats.
        sensitive: why the field is sensitive (RGPD art. 9, 10), or None.
        not_nir: why a column of long numbers holds no NIR, or None.
        rubrique: for `format: dsn`, the rubrique that the leaf is read from.
        bloc: for `format: dsn`, the block that each element of the list is read from.
    """

    type: str
    of: "FieldSpec | None" = None
    fields: dict[str, "FieldSpec"] | None = None
    category: Annotated[
        tuple[str, ...],
        BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...]),
    ] = ()
    category_link: Link = "read"
    identifier: Annotated[
        tuple[Identifier, ...],
        BeforeValidator(_several, json_schema_input_type=Identifier | tuple[Identifier, ...]),
    ] = ()
    nir_part: NirPart | None = None
    free_text: bool = False
    nullable: bool = True
    sensitive: str | None = None
    not_nir: str | None = None
    quasi_identifier: bool = False
    describes: str = ""
    rubrique: str | None = None
    bloc: str | None = None

    @model_validator(mode="after")
    def _be_of_one_shape(self) -> Any:
        if self.type == "list":
            if self.of is None or self.fields is not None:
                raise ValueError("a `list` says `of`, and not `fields`")
        elif self.type == "struct":
            if not self.fields or self.of is not None:
                raise ValueError("a `struct` says `fields`, and not `of`")
        elif self.of is not None or self.fields is not None:
            raise ValueError("only a `list` says `of`, only a `struct` says `fields`")
        elif kind_of(self.type) is None:
            hint = suggest(self.type, known_names())
            raise ValueError(f"unknown type `{self.type}`{hint}")
        if self.free_text and kind_of(self.type) != "string":
            raise ValueError("only a string is `free_text`")
        for name in self.fields or ():
            _check_name(name)
        return self


def _check_name(name: str) -> None:
    if not name or "." in name or name != name.strip():
        raise ValueError("a field's name is not empty, has no dot and no blank at its ends")


class Schema(Model):
    """The fields that one source sends."""

    schema_: Annotated[str, Field(alias="schema", pattern=r"^[A-Za-z0-9._-]+$")]
    describes: str = ""
    format: Annotated[
        Format, BeforeValidator(_format, json_schema_input_type=FormatName | Format)
    ] = Format(name="parquet")
    fields: Annotated[dict[str, FieldSpec], Field(min_length=1)]

    @model_validator(mode="after")
    def _have_plain_names(self) -> Any:
        for name in self.fields:
            _check_name(name)
        return self

    def leaves(self) -> dict[str, "Leaf"]:
        """The schema's leaves by path (`contrats.debut`), in the schema's order."""
        return {leaf.path: leaf for leaf in _leaves(self.fields)}


@dataclass(frozen=True)
class Leaf:
    """A field that holds values: not a struct, nor a list of structs.

    Attributes:
        path: names from the top, joined by dots; what policies call the field.
        place: where the field stands in its document.
        spec: the field itself; for a list of plain values, the element.
        kind: what sort of value.
        lists: paths of the lists around the leaf, outermost first; a list of plain values
            counts as around itself.
        category: its own slugs, or those of the nearest container that has some.
        category_link: how the category that counts was found.
        sensitive: its own reason, or that of the nearest container that has one.
    """

    path: str
    place: Path_
    spec: FieldSpec
    kind: Kind
    lists: tuple[str, ...]
    category: tuple[str, ...]
    category_link: Link
    sensitive: str | None
    nullable: bool


def _leaves(
    fields: Mapping[str, FieldSpec],
    above: str = "",
    place: Path_ = ("fields",),
    lists: tuple[str, ...] = (),
    category: tuple[tuple[str, ...], Link] = ((), "read"),
    sensitive: str | None = None,
) -> Iterator[Leaf]:
    for name, top in fields.items():
        path = f"{above}.{name}" if above else name
        spec, here, around = top, (*place, name), lists
        own_category, own_sensitive = _inherit(spec, category, sensitive)
        while spec.of is not None:
            if path not in around:
                around = (*around, path)
            spec, here = spec.of, (*here, "of")
            own_category, own_sensitive = _inherit(spec, own_category, own_sensitive)
        if spec.fields is not None:
            inside = (*here, "fields")
            yield from _leaves(spec.fields, path, inside, around, own_category, own_sensitive)
            continue
        kind = kind_of(spec.type)
        assert kind is not None
        yield Leaf(path, here, spec, kind, around, *own_category, own_sensitive, top.nullable)


def _inherit(
    spec: FieldSpec, category: tuple[tuple[str, ...], Link], sensitive: str | None
) -> tuple[tuple[tuple[str, ...], Link], str | None]:
    own = (spec.category, spec.category_link) if spec.category else category
    return own, spec.sensitive or sensitive
