"""What a command writes to stderr: lines of text, or with `--log-format json` a JSON object each.

    {"timestamp": "2026-11-23T09:15:00.123Z", "level": "warning", "message": "…",
     "policy": "dsn-droits", "run": "2026-11-23-dsn"}

`message` is what the text would say; the other fields are names, counts and times. Neither form
holds a value of a record.
"""

import datetime
import io
import json
import sys
from threading import Lock
from typing import Final, Literal, TextIO, get_args

Format = Literal["text", "json"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
"""What `--log-format` may name."""

PREFIX: Final = "tamis: "
"""What many lines of text begin with."""

_format: str = FORMATS[0]
_fields: dict[str, str] = {}
_stream: TextIO | None = None


def use_format(name: str) -> None:
    """Let lines of this process be in the form `name` from now on, one of `FORMATS`."""
    global _format
    _format = name


def is_json() -> bool:
    """Whether lines are JSON objects."""
    return _format == "json"


def bind(**fields: str) -> None:
    """Let each JSON line from now on have `fields`, beside those that it was told before."""
    _fields.update(fields)


def json_line(message: str, level: str = "warning", **fields: object) -> str:
    """One line: a JSON object of when, how grave, what, and all that is known beside it.

    Example:
        >>> json_line("2 files are left aside", files=2).partition(", ")[2]
        '"level": "warning", "message": "2 files are left aside", "files": 2}'
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    line = {"timestamp": now.replace("+00:00", "Z"), "level": level, "message": message}
    return json.dumps(line | _fields | fields, ensure_ascii=False)


def formatted(message: str, level: str = "warning", **fields: object) -> str:
    """A message as a line in the form in use; `fields` stand in JSON only.

    Example:
        >>> formatted("no input", "error", exit_code=2)
        'tamis: no input'
    """
    return json_line(message, level, **fields) if is_json() else PREFIX + message


def stderr() -> TextIO:
    """Where whole lines are written."""
    return _stream or sys.stderr


def write_lines_as_json() -> None:
    """Make all that is printed to `sys.stderr` JSON lines: for the process of a command."""
    global _stream
    if _stream is None:
        _stream = sys.stderr
        sys.stderr = JsonLines(_stream)


class JsonLines(io.TextIOBase):
    """Writes each line of text that it is given as a JSON object to another stream.

    Example:
        >>> stream = io.StringIO()
        >>> print("tamis: 2 files are left aside", file=JsonLines(stream))
        >>> json.loads(stream.getvalue())["message"]
        '2 files are left aside'
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = ""
        self._lock = Lock()

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """That of the other stream."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write the lines that `text` ends, and keep what begins the next one."""
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            self._write(*lines)
        return len(text)

    def flush(self) -> None:
        """Write a line that is begun, such as a question, and what the other stream holds."""
        with self._lock:
            self._write(self._begun)
            self._begun = ""
        self._stream.flush()

    def _write(self, *lines: str) -> None:
        for line in filter(str.strip, lines):
            self._stream.write(json_line(line.removeprefix(PREFIX)) + "\n")
