"""CSV read a character at a time: slow, and plain enough to be right by looking at it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Entry:
    """What one or several lines hold.

    Attributes:
        lines: how many.
        fields: of the record, none in a blank line; None where the lines are unreadable.
        is_empty: whether the line holds separators only.
    """

    lines: int
    fields: list[str] | None
    is_empty: bool = False


class _Unreadable(Exception):
    """A quote that closes no field; its argument is where it stands."""


class SlowReader:
    """Reads as `csv.reader(strict=True)` does, which is called again after each error; but an
    escape before a character that has no meaning is text.

    A quote opens a field as its first character. Another one closes it, unless it is doubled; then
    a separator or the end of the line must follow. An error spoils the lines that were read since
    the last record.
    """

    def __init__(self, text: str, separator: str, quote: str, escape: str | None) -> None:
        self._text = text
        self._separator = separator
        self._quote = quote
        self._escape = escape

    def entries(self) -> Iterator[Entry]:
        """All lines of the text, in their order."""
        at = 0
        while at < len(self._text):
            start = at
            try:
                fields, at = self._record(at)
            except _Unreadable as error:
                at = self._after_break(self._line_end(error.args[0]))
                yield Entry(self._lines(start, at), None)
                continue
            text = self._text[start:at]
            at = self._after_break(at)
            is_empty = bool(text) and not text.strip(self._separator)
            yield Entry(self._lines(start, at), fields if text else [], is_empty)

    def _record(self, at: int) -> tuple[list[str], int]:
        value, at = self._field(at)
        fields = [value]
        while self._text[at : at + 1] == self._separator:
            value, at = self._field(at + 1)
            fields.append(value)
        return fields, at

    def _field(self, at: int) -> tuple[str, int]:
        is_quoted = self._text[at : at + 1] == self._quote
        at += is_quoted
        value = ""
        while is_quoted or self._text[at : at + 1] not in ("", self._separator, "\r", "\n"):
            if at >= len(self._text):
                raise _Unreadable(at)
            if self._text[at] == self._escape:
                if self._text[at + 1 :] in ("", "\r", "\n"):
                    raise _Unreadable(len(self._text))
                meant = (self._separator, self._quote, self._escape, "\r", "\n")
                at += self._text[at + 1] in meant
            elif is_quoted and self._text[at] == self._quote:
                at += 1
                if self._text[at : at + 1] != self._quote:
                    if self._text[at : at + 1] not in ("", self._separator, "\r", "\n"):
                        raise _Unreadable(at)
                    break
            value += self._text[at]
            at += 1
        return value, at

    def _line_end(self, at: int) -> int:
        while at < len(self._text) and self._text[at] not in "\r\n":
            at += 1
        return at

    def _after_break(self, at: int) -> int:
        return at + (2 if self._text[at : at + 2] == "\r\n" else 1)

    def _lines(self, start: int, end: int) -> int:
        text = self._text[start:end].replace("\r\n", "\n").replace("\r", "\n")
        return text.count("\n") + (not text.endswith("\n"))
