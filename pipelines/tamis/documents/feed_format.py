"""The format of a feed, as its schema says it: how files of CSV, JSON Lines and XML are written."""

import codecs
import re
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from tamis.documents.date_patterns import pattern_problem
from tamis.documents.positions import DocumentModel
from tamis.documents.xpaths import XmlPath, parse_path
from tamis.language import _

FormatName = Literal["parquet", "csv", "jsonl", "avro", "dsn", "xml", "spreadsheet"]


def one_or_several(value: Any) -> Any:
    """A tuple of one where a document says one thing alone."""
    return (value,) if isinstance(value, str) else value


def _words(value: Any) -> Any:
    words = one_or_several(value)
    if words is None or (isinstance(words, list) and None in words):
        raise ValueError(_("`null`, `NULL` and `~` are no words in YAML: put the word in quotes"))
    return words


def named_format(value: Any) -> Any:
    """A format by its name, or by its options, as in `{jsonl: {envelope: connect}}`."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict):
        return value
    names = (name for name in ("jsonl", "xml", "spreadsheet") if name in value)
    return next(({"name": name, **value} for name in names), value)


_TEXT = "AZaz09 ,;|\t-'\"\r\n" * 10  # what an encoding of CSV must be able to write
Character = Annotated[str, Field(min_length=1, max_length=1)]


class WrittenValues(DocumentModel):
    """How text stands for values."""

    decimal: Literal[".", ","] = "."
    """The decimal mark of numbers."""
    thousands: Literal[" ", ".", ",", "'"] | None = None
    """What may stand between groups of three digits; a blank stands for no-break spaces too."""
    currency: (
        Annotated[str, Field(min_length=1, max_length=5, pattern=r"^[^\d\s.,+-]+$")] | None
    ) = None
    """The sign or code that may stand before or behind a number (`€`, `EUR`)."""
    century_from: Annotated[int, Field(ge=1, le=9900, strict=True)] | None = None
    """The first of the hundred years that `%y` stands for (`1930`: 30 is 1930, 29 is 2029)."""
    dates: Annotated[
        tuple[str, ...],
        BeforeValidator(one_or_several, json_schema_input_type=str | tuple[str, ...]),
    ] = ()
    """The pattern of dates, or several, in the directives of `strptime` (`%d/%m/%Y`); ISO 8601
    without it. A time in it (`%H:%M:%S`) must be midnight where the field is a date."""
    nulls: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(_words, json_schema_input_type=str | tuple[str, ...]),
    ] = ()
    """The words that stand for no value (`"NULL"`, in quotes), besides an empty value."""

    @model_validator(mode="after")
    def _read_values_one_way(self) -> Any:
        if self.century_from is not None and not any("%y" in pattern for pattern in self.dates):
            raise ValueError(_("`century_from` is for a pattern of `dates` with `%y`"))
        if self.thousands == self.decimal:
            raise ValueError(_("`thousands` must not be the decimal mark"))
        return self

    @field_validator("dates")
    @classmethod
    def _name_days(cls, dates: tuple[str, ...], known: ValidationInfo) -> tuple[str, ...]:
        century_from = known.data.get("century_from")
        for problem in (pattern_problem(pattern, century_from) for pattern in dates):
            if problem:
                raise ValueError(problem)
        return dates


class CsvOptions(WrittenValues):
    """How a CSV file is written."""

    separator: Character = ","
    """The one character between fields."""
    encoding: str = "utf-8"
    """The name of the encoding, as Python's codecs call it (`cp1252`); UTF-8 may begin with a
    byte order mark."""
    quote: Character | Literal[False] = '"'
    """The one character around fields that hold a separator or a line break; doubled, it stands
    for itself. `false` where no field is in quotes: then each line is a record."""
    escape: Character | None = None
    """The one character that makes a quote, a separator, a line break or itself text (`\\`, as
    Spark and MySQL write a quote); before others it is text. With `quote: false`, letters behind it
    stand for control characters, as PostgreSQL's COPY and MySQL write line breaks and tabs."""
    text_formulas: bool = False
    """Whether `="0123"`, a formula by which a spreadsheet is told that digits are text, stands for
    `0123`."""
    skip: Annotated[int, Field(ge=0)] = 0
    """How many lines stand above the header, a line `sep=;` among them."""
    footer: Annotated[int, Field(ge=0)] = 0
    """How many of the last records are none, such as a line of totals."""
    lists: Character | None = None
    """The one character between the elements of a list in one cell: a field of `type: list` of
    plain values is read so, and an empty cell is null."""
    header: bool | tuple[str, ...] | None = None
    """The names of the columns where the file has no header line; `false` where it has none and
    the columns are the schema's fields in their order; `true` where its first line is one,
    whatever it looks like."""

    @model_validator(mode="after")
    def _can_be_read(self) -> Any:
        marks = [self.separator, self.quote, self.escape, self.lists]
        characters = [mark for mark in marks if mark]
        if any(not mark.isascii() or mark in "\0\r\n" for mark in characters):
            raise ValueError(
                _(
                    "separator, quote, escape and lists of CSV must be ASCII characters, and no "
                    "line break"
                )
            )
        if len(set(characters)) < len(characters):
            raise ValueError(
                _("separator, quote, escape and lists of CSV must be different characters")
            )
        try:
            decoder = codecs.getincrementaldecoder(self.encoding)()
            start, end = _TEXT[:50].encode(self.encoding), _TEXT.encode(self.encoding)
            is_text = decoder.decode(start) + decoder.decode(end[len(start) :], True) == _TEXT
        except (LookupError, ValueError):
            is_text = False
        if not is_text:
            raise ValueError(
                _(
                    "unknown encoding `{encoding}`, expected one such as `utf-8`, `cp1252` or "
                    "`iso-8859-15`",
                    encoding=self.encoding,
                )
            )
        names = self.header if isinstance(self.header, tuple) else ()
        if len(set(names)) < len(names):
            raise ValueError(_("the names of `header` must be different"))
        return self


class JsonlOptions(DocumentModel):
    """How JSON Lines, and messages in JSON, are written."""

    envelope: Literal["connect"] | None = None
    """What is around each record: `connect` for Kafka Connect's `{"schema": …, "payload": …}`, of
    which the payload is read; nothing without it, and a record in an envelope is unreadable."""
    dates: Literal["epoch-days"] | None = None
    """What a whole number in a field of dates counts: days since 1970-01-01; without it, a number
    is no date."""
    timestamps: Literal["epoch-s", "epoch-ms", "epoch-us", "epoch-ns"] | None = None
    """What a whole number in a field of timestamps counts: seconds, milliseconds, microseconds or
    nanoseconds since 1970-01-01T00:00:00Z; without it, a number is no timestamp."""


class SpreadsheetOptions(WrittenValues):
    """Where records stand in a spreadsheet, and how cells of text stand for other values."""

    sheet: Annotated[str, Field(min_length=1)] | None = None
    """The name of the sheet that is read; without it the workbook must have one alone."""
    header: Annotated[int, Field(ge=1, le=1_048_576)] = 1
    """The number of the row whose cells name the columns; records stand below it."""
    lists: Character | None = None
    """The one character between the elements of a list in one cell of text: a field of `type: list`
    of plain values is read so, and an empty cell is null."""
    digits: dict[str, Annotated[int, Field(ge=1, le=32)]] = {}
    """By a field of text, how many digits a number in it has at least (`{code_postal: 5}`): zeros
    that the spreadsheet lost are put in front. Without it a number in a field of text is no value,
    but for numbers of persons."""


class XmlOptions(DocumentModel):
    """How records stand in an XML file."""

    record: str
    """The path from the root to the element that is a record (`/flux/passages/passage`)."""
    namespace: str = ""
    """The namespace of names without prefix, in all paths of the schema."""
    namespaces: dict[Annotated[str, Field(pattern=r"^[^\W\d][\w.-]*$")], str] = {}
    """Namespaces by the prefixes that paths of the schema use; prefixes of a file do not count."""
    choices: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()
    """Groups of paths inside a record of which exactly one must be there, such as the ways in which
    a person can be named; a record that has none or several is quarantined (`unreadable`). Where
    all of them are in one element, nothing is missing from a record without that element."""

    @model_validator(mode="after")
    def _have_paths(self) -> Any:
        record = self.path(self.record)
        if not record.absolute or record.attribute:
            raise ValueError(
                _("`record` must be the path of an element, from the root: `/flux/passage`")
            )
        for path in map(self.path, chain.from_iterable(self.choices)):
            if path.absolute or path.attribute or not path.steps:
                raise ValueError(_("`choices` must name elements inside a record: `titulaire`"))
        return self

    def path(self, text: str) -> XmlPath:
        """The path that `text` writes, in the namespaces said here.

        Raises:
            ValueError: it is none.
        """
        return parse_path(text, self.namespace, self.namespaces)


class WholeFile(DocumentModel):
    """What a file must be as a whole. Of one that breaks a rule, or holds a record that cannot be
    read, all records are quarantined (`incomplete`)."""

    exact_columns: bool = False
    """Whether its columns must be those of the schema, no fewer and no more."""
    ends_in_line_break: bool = False
    """Whether its last line must end in a line break, which one that is cut has not."""
    file_name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A regular expression (Python's) that its name without folders must match as a whole."""
    most_bytes: Annotated[int, Field(gt=0)] | None = None
    """How many bytes it may have, decompressed."""
    most_records: dict[str, Annotated[int, Field(gt=0)]] = {}
    """By a field at the top, how many records with one value of it the file may have."""

    @model_validator(mode="after")
    def _can_be_tested(self) -> Any:
        try:
            re.compile(self.file_name or "")
        except re.error:
            raise ValueError(_("`file_name` must be a regular expression")) from None
        return self


class Format(DocumentModel):
    """The file format of a feed: its name, or `{csv: {…}}`, `{jsonl: {…}}`, `{xml: {…}}` or
    `{spreadsheet: {…}}` with its options."""

    name: FormatName = "csv"
    """The name of the format."""
    csv: CsvOptions = CsvOptions()
    """How CSV files are written."""
    jsonl: JsonlOptions = JsonlOptions()
    """How JSON Lines are written."""
    xml: XmlOptions | None = None
    """How records stand in XML: no file of XML is read without it."""
    spreadsheet: SpreadsheetOptions | None = None
    """Where records stand in a spreadsheet."""
    whole_file: WholeFile | None = None
    """What a file must be as a whole, or none of its records is released; without it, each record
    is judged by itself."""

    @model_validator(mode="after")
    def _have_options_of_its_own(self) -> Any:
        for name in ("csv", "jsonl", "xml", "spreadsheet"):
            if name in self.model_fields_set and self.name != name:
                raise ValueError(
                    _("options of `{options}` are none of `{name}`", options=name, name=self.name)
                )
        if self.name == "xml" and self.xml is None:
            raise ValueError(_("`xml` must say its `record`: `{{xml: {{record: /flux/passage}}}}`"))
        if self.whole_file is not None and self.name == "parquet":
            raise ValueError(_("`whole_file` is for formats that are read from start to end"))
        return self
