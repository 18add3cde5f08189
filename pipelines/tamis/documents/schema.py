"""The grammar of schemas: what a source sends, as fields, Arrow types, categories, identifiers.

Every key has a description, from which `tamis help schema` is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from tamis.documents.feed_format import (
    Format,
    FormatName,
    XmlOptions,
    named_format,
    one_or_several,
)
from tamis.documents.law import Link
from tamis.documents.marks import Lower, NoNir, Sensitive
from tamis.documents.names import (
    Direct,
    NirPart,
    deciding_word,
    direct_identifier,
    nir_part,
    special_category,
)
from tamis.documents.policy import NAME_PATTERN
from tamis.documents.positions import DocumentModel, DocumentPath
from tamis.documents.rubriques import called
from tamis.documents.types import Kind, kind_of, type_problem
from tamis.documents.xpaths import ITSELF, XmlPath, last_name
from tamis.language import N_, _

Identifier = Literal["nir", "nir-key", "nia", "nnp", "mig", "ntt"]
NIR_SHAPED: frozenset[Identifier] = frozenset({"nir", "nia", "nnp", "mig"})
"""Identifiers of 13 characters, by which a person is known to the list of limited persons."""
Identifies = Literal["direct", "quasi", "none"]
"""What a value tells of a person: it names one, it helps to recognise one, it does neither."""


_Subjects = Annotated[
    tuple[str, ...],
    BeforeValidator(one_or_several, json_schema_input_type=str | tuple[str, ...]),
]


class FieldSpec(DocumentModel):
    """One field of a schema: a leaf that holds values, a `list` or a `struct`."""

    FORMER_KEYS = {
        "quasi_identifier": N_(
            "take it out, every field is `quasi` unless its name makes it more; where one tells "
            "nothing of a person, write `identifies: {mark: none, because: …}`"
        )
    }

    type: str
    """The Arrow type by its Arrow name (`string`, `decimal128(12, 2)`), or `list`, or `struct`."""
    of: "FieldSpec | None" = None
    """The element of a `list`."""
    fields: dict[str, "FieldSpec"] | None = None
    """The fields of a `struct`, by name."""
    category: Annotated[
        tuple[str, ...],
        BeforeValidator(one_or_several, json_schema_input_type=str | tuple[str, ...]),
    ] = ()
    """The categories of personal data that the field belongs to, by slug; or `outside` (of every
    category: never released) or `not-personal`. Fields inside a list or struct inherit it. Legal
    source: R. 6323-34, R. 6323-34-1."""
    category_link: Link = "read"
    """`read` where the article names the field; `inferred` where the category is a reading."""
    identifier: Annotated[
        tuple[Identifier, ...],
        BeforeValidator(one_or_several, json_schema_input_type=Identifier | tuple[Identifier, ...]),
    ] = ()
    """Which numbers that identify a person the field may hold: `nir`, its key (`nir-key`), `nia`
    (waiting number), `nnp` (provisional number), `mig` (migrant's number), `ntt` (technical
    temporary number)."""
    nir_part: NirPart | None = None
    """The part of the NIR that the field repeats."""
    free_text: bool = False
    """Whether people write in the field what they like, so that a NIR may stand in it."""
    nullable: bool = True
    """Whether the value may be missing. If not, a record without it is quarantined where a release
    keeps or tests the field."""
    required: bool = False
    """Whether every input must have the column: a batch run stops where it is missing. Only of a
    field at the top, and of no DSN, which has no columns."""
    sensitive: Sensitive | None = None
    """Why the field is sensitive, and all that is inside; `{none: …}` why it is not, though its
    name, or that of a list or struct around it, speaks of health, opinions, biometrics or offences,
    or it is a comment in free text: that speaks of no name inside. Legal source: RGPD art. 9,
    10."""
    subject: _Subjects = ()
    """Whose data the field is, by the slugs of the law's `subjects` (`titulaire-cpf`), or by a slug
    of your own for others (`ayant-droit`); by default that of what is around it."""
    not_nir: NoNir | None = None
    """Why a column of long numbers holds no NIR, so that chance hits quarantine no record, and no
    more: a reason, or `{because: …, pattern: …}` or `{because: …, check: …}`, which every value is
    tested against. A column that holds NIRs as a whole does not pass, whatever is said here; one
    with a `pattern` is not judged as a whole."""
    identifies: Lower | None = None
    """What the field tells of a person, where that is less than its name says: names, e-mail,
    phone, address, account, file and device numbers and photographs are `direct`, all else is
    `quasi`, and only a lower mark is written, with its reason. Not of an `identifier`."""
    describes: str = ""
    """What the field holds, in a sentence."""
    column: Annotated[str, Field(min_length=1)] | None = None
    """The source's name of the field where it is another (`adresse.codePostal`, ` Ville`), to the
    letter: case, blanks and accents count. A struct's fields can have one too."""
    rubrique: str | None = None
    """For `format: dsn`, the rubrique that the field is read from (`S21.G00.30.001`)."""
    bloc: str | None = None
    """For `format: dsn`, the bloc that each element of a list is read from (`S21.G00.40`)."""
    xpath: str | None = None
    """For `format: xml`, the path of the element or attribute that the field is read from: from the
    record, or from the struct or list element around the field (`titulaire/nom`, `@type`); from the
    root for what stands around the records (`/flux/action`). Without it a field is the element of
    its name; a struct with `.` only groups."""

    @model_validator(mode="after")
    def _have_one_shape(self) -> Any:
        if self.type == "list":
            if self.of is None or self.fields is not None:
                raise ValueError(_("a `list` must have `of`, not `fields`"))
            if self.of.column is not None:
                raise ValueError(_("a `column` must stand at the list, not at its `of`"))
            if self.of.xpath is not None and (self.of.fields or self.of.of):
                raise ValueError(_("an `xpath` must stand at the list, not at its `of`"))
        elif self.type == "struct":
            if not self.fields or self.of is not None:
                raise ValueError(_("a `struct` must have `fields`, not `of`"))
        elif self.of is not None or self.fields is not None:
            raise ValueError(_("only a `list` can have `of`, only a `struct` can have `fields`"))
        elif problem := type_problem(self.type):
            raise ValueError(problem)
        if self.identifies is not None and (self.of or self.fields):
            raise ValueError(_("only a field that holds values can have `identifies`"))
        if self.free_text and kind_of(self.type) != "string":
            raise ValueError(_("only a `string` can be `free_text`, got `{type}`", type=self.type))
        tested = self.not_nir is not None and (self.not_nir.pattern or self.not_nir.check)
        if tested and kind_of(self.type) not in ("string", "integer"):
            raise ValueError(
                _(
                    "only a string or an integer can have a `not_nir` with `pattern` or `check`, "
                    "got `{type}`",
                    type=self.type,
                )
            )
        inside = [self.of] if self.of is not None else (self.fields or {}).values()
        if any(field.required for field in inside):
            raise ValueError(_("only a field at the top can be `required`"))
        _check_names(self.fields or ())
        return self


def _check_names(names: Iterable[str]) -> None:
    if any(not name or "." in name or name != name.strip() for name in names):
        raise ValueError(
            _("a field's name must not be empty, contain a dot, nor start or end with a blank")
        )


class Schema(DocumentModel):
    """The fields that one source sends."""

    schema_: Annotated[str, Field(alias="schema", pattern=NAME_PATTERN)]
    """The name of the schema, which is that of its file."""
    describes: str = ""
    """What the source sends, in a sentence."""
    processings: tuple[str, ...] = ()
    """The processings of the register that send or receive these records, by their slugs; a policy
    of another is a violation. Without it any may."""
    subject: _Subjects = ()
    """Whose data the fields are, where they say nothing else; without it, their categories say."""
    format: Annotated[
        Format, BeforeValidator(named_format, json_schema_input_type=FormatName | Format)
    ] = Format(name="parquet")
    """The file format of the feed."""
    fields: Annotated[dict[str, FieldSpec], Field(min_length=1)]
    """The fields by name, in the source's order; a column that is not listed never passes."""

    @model_validator(mode="after")
    def _have_plain_names(self) -> Any:
        _check_names(self.fields)
        if self.format.name in ("dsn", "xml") and any(
            field.required for field in self.fields.values()
        ):
            raise ValueError(
                _("{format} has no columns that can be `required`", format=self.format.name.upper())
            )
        return self

    @model_validator(mode="after")
    def _have_xml_paths(self) -> Any:
        options = self.format.xml
        if options is not None:
            for problem in xml_problems(self.fields, options):
                raise ValueError(problem)
        elif any(spec.xpath is not None for spec in _all(self.fields)):
            raise ValueError(_("`xpath` is for `format: xml`"))
        return self

    @model_validator(mode="after")
    def _name_fields(self) -> Any:
        form = self.format
        counted = form.whole_file.most_records if form.whole_file else ()
        padded = form.spreadsheet.digits if form.spreadsheet else ()
        for key, names in (("most_records", counted), ("digits", padded)):
            for name in names:
                spec = self.fields.get(name)
                if spec is None or spec.of or spec.fields:
                    raise ValueError(
                        _(
                            "`{key}` must name a field at the top that holds one value, got "
                            "`{field}`",
                            key=key,
                            field=name,
                        )
                    )
        return self

    @model_validator(mode="after")
    def _name_columns(self) -> Any:
        header = self.format.csv.header
        columns = {spec.column or name for name, spec in self.fields.items()}
        if isinstance(header, tuple) and not columns & set(header):
            raise ValueError(_("`header` must name a field of the schema, or its `column`"))
        return self

    @property
    def name(self) -> str:
        """The name of the schema."""
        return self.schema_

    def source_names(self) -> tuple[str, ...]:
        """What the source calls the fields at the top; of XML, the paths of all leaves."""
        if self.format.xml is not None:
            return tuple(_paths(self.fields))
        return tuple(spec.column or name for name, spec in self.fields.items())

    def leaves(self) -> dict[str, "SchemaLeaf"]:
        """Return the schema's leaves by path (`contrats.debut`), in the schema's order."""
        return {leaf.path: leaf for leaf in _leaves(self.fields, _Around(subject=self.subject))}


@dataclass(frozen=True)
class SchemaLeaf:
    """A field that holds values: not a struct, nor a list of structs.

    Attributes:
        path: names from the top, joined by dots; what policies call the field.
        names: all that it is called, as paths: `path`, and with the source's `column`s and what
            the DSN calls its rubriques in place of the schema's names. The strictest one decides.
        place: where the field stands in its document.
        spec: the field itself; for a list of plain values, the element.
        kind: the kind of its values.
        lists: paths of the lists around the leaf, outermost first; a list of plain values
            counts as around itself.
        category: its own slugs, or those of the nearest container that has some.
        category_link: how the category that counts was found.
        sensitive: why it is sensitive: its own reason, or that of the nearest container that has
            one, or what its name says.
        subject: whose data it is, by its own slugs or those of the nearest container.
        nullable: whether the field, or the list that it is the element of, may be null.
    """

    path: str
    names: tuple[str, ...]
    place: DocumentPath
    spec: FieldSpec
    kind: Kind
    lists: tuple[str, ...]
    category: tuple[str, ...]
    category_link: Link
    sensitive: str | None
    subject: tuple[str, ...]
    nullable: bool

    @cached_property
    def direct(self) -> Direct | None:
        """The kind of direct identifier that its names, category and type make of it, or None."""
        kinds = (direct_identifier(name, self.spec.type, self.category) for name in self.names)
        return next(filter(None, kinds), None)

    @property
    def deciding_word(self) -> str:
        """The word of its names that makes it a direct identifier."""
        for name in self.names:
            if direct_identifier(name, self.spec.type, self.category):
                return deciding_word(name, self.spec.type, self.category)
        return ""

    @property
    def last_names(self) -> tuple[str, ...]:
        """Its own names, without those around it."""
        return tuple(name.rpartition(".")[2] for name in self.names)

    @property
    def identifies(self) -> Identifies:
        """What its value, as the source sends it, tells of a person."""
        if set(self.spec.identifier) - {"nir-key"}:
            return "direct"
        if self.spec.identifies is not None:
            return self.spec.identifies.mark
        return "direct" if self.direct else "quasi"

    @property
    def nir_part(self) -> NirPart | None:
        """The part of the NIR that it repeats, as the schema or one of its names says."""
        parts = (nir_part(name, self.kind) for name in self.last_names)
        return self.spec.nir_part or next(filter(None, parts), None)


@dataclass(frozen=True)
class _Around:
    """What a field inherits from the schema, lists and structs around it.

    Attributes:
        names: of what is around it, as `SchemaLeaf.names`, each with its dot.
        cleared: how much of `names` is not sensitive, as a `{none: …}` around it says.
    """

    category: tuple[str, ...] = ()
    category_link: Link = "read"
    sensitive: str | None = None
    subject: tuple[str, ...] = ()
    names: tuple[str, str] = ("", "")
    cleared: tuple[int, int] = (0, 0)

    def at(self, name: str, spec: FieldSpec) -> "_Around":
        """What holds at `spec`, which is called `name`: its own marks, else what is around it."""
        path, source = self.names
        rubrique = spec.rubrique or spec.bloc
        called_there = spec.column or (called(rubrique, name) if rubrique else name)
        called_there = last_name(spec.xpath or "") or called_there
        around = replace(
            self,
            names=(f"{path}{name}", f"{source}{called_there}"),
            subject=spec.subject or self.subject,
        )._marked(spec)
        while spec.of is not None:
            spec = spec.of
            around = replace(around, subject=spec.subject or around.subject)._marked(spec)
        return around

    def inside(self) -> "_Around":
        """What holds for the fields of a struct."""
        path, source = self.names
        return replace(self, names=(f"{path}.", f"{source}."))

    def _marked(self, spec: FieldSpec) -> "_Around":
        around = self
        if spec.category:
            around = replace(around, category=spec.category, category_link=spec.category_link)
        if spec.sensitive is None:
            return around
        path, source = self.names
        cleared = (len(path), len(source)) if spec.sensitive.none is not None else (0, 0)
        return replace(around, sensitive=spec.sensitive.because, cleared=cleared)

    def sensitivity(self, spec: FieldSpec) -> str | None:
        """Why the leaf `spec` is sensitive, or None."""
        if self.sensitive is not None:
            return self.sensitive
        for name, cleared in zip(self.names, self.cleared, strict=True):
            below = name[cleared:].removeprefix(".")
            if below and (why := special_category(below, free_text=spec.free_text)):
                return why
        return None


def _all(fields: Mapping[str, FieldSpec]) -> Iterator[FieldSpec]:
    """All fields at any depth, lists, their elements and structs among them."""
    for spec in fields.values():
        yield spec
        while spec.of is not None:
            spec = spec.of
            yield spec
        yield from _all(spec.fields or {})


def _paths(fields: Mapping[str, FieldSpec], above: str = "") -> Iterator[str]:
    """The paths of leaves of XML, from the record or from the root.

    Those of list elements go on from their list's.
    """
    for name, spec in fields.items():
        own = spec.xpath or name
        path = above if own == "." else f"{above}/{own}" if above and own[0] != "/" else own
        while spec.of is not None:
            spec = spec.of
        if spec.fields:
            yield from _paths(spec.fields, path)
        elif path:
            yield path


def xml_problems(fields: Mapping[str, FieldSpec], options: XmlOptions) -> Iterator[str]:
    """What is wrong with the places of fields in XML, in their order."""
    record = options.path(options.record)
    lists: set[tuple[str, ...]] = set()
    leaves: list[tuple[str, XmlPath]] = []
    try:
        for name, path, is_list in xml_paths(fields, options):
            if path.absolute and (is_list or path.steps[:1] != record.steps[:1]):
                yield _(
                    "field `{field}`: a path from the root must lead to one value around the "
                    "records, below `{root}`",
                    field=name,
                    root=options.record.split("/")[1],
                )
            lists |= {path.steps} if is_list else set()
            leaves += [] if is_list else [(name, path)]
    except ValueError as error:
        yield str(error)
    for path in map(options.path, chain.from_iterable(options.choices)):
        if lists & {path.steps[:end] for end in range(1, len(path.steps) + 1)}:
            yield _("`choices` must not name elements of a list or inside one")
    for name, path in leaves:
        around = {path.steps[:end] for end in range(1, len(path.steps) + 1)}
        if not path.absolute and around & lists:
            yield _("field `{field}`: stands in the elements of a list, and in none", field=name)


def xml_paths(
    fields: Mapping[str, FieldSpec],
    options: XmlOptions,
    base: XmlPath = ITSELF,
    above: str = "",
) -> Iterator[tuple[str, XmlPath, bool]]:
    """Where the leaves and lists that are in no list stand, read from the record.

    Returns:
        Of each its path in the schema, its place, and whether it is a list.

    Raises:
        ValueError: an `xpath` is no path, or a field has a `column`.
    """
    record = options.path(options.record)
    for name, spec in fields.items():
        path = f"{above}{name}"
        if spec.column is not None:
            raise ValueError(
                _("field `{field}`: of XML, `xpath` takes the place of `column`", field=path)
            )
        try:
            at = base.inside(options.path(spec.xpath or name)).inside_of(record)
        except ValueError as error:
            raise ValueError(f"field `{path}`: {error}") from None
        if spec.fields:
            yield from xml_paths(spec.fields, options, at, f"{path}.")
        else:
            yield path, at, spec.of is not None


def _leaves(
    fields: Mapping[str, FieldSpec],
    inherited: _Around,
    place: DocumentPath = ("fields",),
    lists: tuple[str, ...] = (),
) -> Iterator[SchemaLeaf]:
    """The leaves of `fields`, which stand at `place`."""
    for name, field in fields.items():
        own = inherited.at(name, field)
        path = own.names[0]
        spec, inner, around = field, (*place, name), lists
        while spec.of is not None:
            if path not in around:
                around = (*around, path)
            spec, inner = spec.of, (*inner, "of")
        if kind := kind_of(spec.type):
            yield SchemaLeaf(
                path,
                tuple(dict.fromkeys(own.names)),
                inner,
                spec,
                kind,
                around,
                own.category,
                own.category_link,
                own.sensitivity(spec),
                own.subject,
                field.nullable,
            )
        else:
            yield from _leaves(spec.fields or {}, own.inside(), (*inner, "fields"), around)
