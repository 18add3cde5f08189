"""How the text of one format stands for values."""

from dataclasses import dataclass

from tamis.documents.feed_format import Format, SpreadsheetOptions, WrittenValues

DSN_DATES = "%d%m%Y"
"""The pattern of dates in a DSN."""


@dataclass(frozen=True)
class TextDialect:
    """How the text of one format stands for values.

    Attributes:
        encoding: of binary text, a Python codec name.
        decimal: the decimal mark.
        thousands: what may stand between groups of three digits; a blank is any of U+0020,
            U+00A0 and U+202F, an apostrophe also U+2019. None if nothing may.
        currency: a sign that may stand before or behind a number, or None.
        dates: patterns of dates; none for ISO 8601.
        century_from: the first of the hundred years that `%y` stands for.
        nulls: words that mean that there is no value, blanks around them not counted.
        empty_is_null: whether an empty value means that there is none.
        words: whether oui, non, vrai, faux, o and n are truth values.
    """

    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str | None = None
    currency: str | None = None
    dates: tuple[str, ...] = ()
    century_from: int | None = None
    nulls: tuple[str, ...] = ()
    empty_is_null: bool = False
    words: bool = False


def dialect_of(form: Format) -> TextDialect:
    """How text is read in a feed of this format.

    Example:
        >>> dialect_of(Format(name="dsn")).dates
        ('%d%m%Y',)
    """
    if form.name in ("csv", "spreadsheet"):
        written: WrittenValues = (
            form.csv if form.name == "csv" else form.spreadsheet or SpreadsheetOptions()
        )
        return TextDialect(
            encoding=form.csv.encoding,
            decimal=written.decimal,
            thousands=written.thousands,
            currency=written.currency,
            dates=written.dates,
            century_from=written.century_from,
            nulls=written.nulls,
            empty_is_null=True,
            words=True,
        )
    if form.name == "dsn":
        return TextDialect(dates=(DSN_DATES,), empty_is_null=True, words=True)
    if form.name == "xml":
        return TextDialect(empty_is_null=True)
    return TextDialect()
