"""Every error that Tamis raises on purpose.

Messages name files, fields, types, positions and counts, never a cell's value:

    TamisError
    ├── DocumentError     a schema, policy, law or register document is wrong       exit 2
    ├── UsageError        the call is wrong: unknown policy, day, input, run id     exit 2
    ├── KeysError         a key is missing, unreadable or unsafe                    exit 2
    ├── RefusedError      a run found what must not be, nothing was committed       exit 1
    │   └── NirColumnError    a released column holds NIRs, over all of the run     exit 1
    ├── InputError        an input cannot be read at all                            exit 3
    └── RunError          the run failed, nothing was committed                     exit 3

Errors take their fields as positional arguments, so that they survive pickling between workers.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tamis.language import N_, _, printable

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "done",
    1: "the answer is no: a violation, something newly released, a NIR, a receipt that does not "
    "hold; a run that met `--fail-on`, released nothing or lacks a required column, and committed "
    "nothing",
    2: "the call, a document or a key is wrong",
    3: "an input cannot be read, or the run failed; nothing was committed, or of a stream nothing "
    "more",
    130: "SIGINT (Ctrl-C) ended the command, which takes at most seconds; it says whether the run "
    "is committed. A stream drains, and exits 0",
    143: "SIGTERM ended it, likewise",
}
"""What the command `tamis` ends with, and what that means: of all its commands."""


class TamisError(Exception):
    """Base of all errors of Tamis. Never raised itself.

    Example:
        >>> issubclass(UsageError, TamisError), UsageError.exit_code
        (True, 2)
    """

    exit_code = 3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong at one place of a document.

    Attributes:
        file: path of the document as the user would type it.
        line: 1-based, or 0 where the whole file is meant.
        column: 1-based, or 0.
        text: what is wrong, lower case, no full stop.

    Example:
        >>> str(Problem("policies/a.yaml", 3, 5, "unknown key `keeps`"))
        'policies/a.yaml:3:5: unknown key `keeps`'
    """

    file: str
    line: int
    column: int
    text: str

    @property
    def place(self) -> str:
        """`file:line:column`, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        return printable(f"{self.place}: {self.text}")

    def as_json(self) -> dict[str, str | int]:
        """Return the problem as a JSON object."""
        return {"file": self.file, "line": self.line, "column": self.column, "text": self.text}


class DocumentError(TamisError):
    """Documents do not follow their grammar, or name what is not there.

    Args:
        problems: all of them, in the order of the documents.

    Example:
        >>> raise DocumentError(Problem("policies/a.yaml", 3, 5, "unknown key `keeps`"))
        Traceback (most recent call last):
        tamis.errors.DocumentError: policies/a.yaml:3:5: unknown key `keeps`
    """

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class UsageError(TamisError):
    """The call cannot be carried out as it was made.

    Example:
        >>> raise UsageError("policy `x` is unknown")
        Traceback (most recent call last):
        tamis.errors.UsageError: policy `x` is unknown
    """

    exit_code = 2


class KeysError(TamisError):
    """A keyring cannot be used. The message never holds key material.

    Example:
        >>> raise KeysError("keyring `keys.json` cannot be read")
        Traceback (most recent call last):
        tamis.errors.KeysError: keyring `keys.json` cannot be read
    """

    exit_code = 2


class InputError(TamisError):
    """An input cannot be read at all.

    Args:
        source: the input's path or URI, without credentials.
        problem: what is wrong, lower case, no full stop.

    Example:
        >>> raise InputError("in.csv", "is empty")
        Traceback (most recent call last):
        tamis.errors.InputError: in.csv: is empty
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


class NotLookedInto(InputError):
    """A file is of no format that can be looked into.

    Example:
        >>> raise NotLookedInto("in.zip", "is an encrypted archive")
        Traceback (most recent call last):
        tamis.errors.NotLookedInto: in.zip: is an encrypted archive
    """


class RefusedError(TamisError):
    """A run found what its caller or the schema says must not be; nothing of it was committed.

    Example:
        >>> raise RefusedError("required columns are missing in in.csv: nom")
        Traceback (most recent call last):
        tamis.errors.RefusedError: required columns are missing in in.csv: nom
    """

    exit_code = 1


class NirColumnError(RefusedError):
    """A released column holds NIRs by all signs, as all of a run shows and a part may not.

    Example:
        >>> raise NirColumnError("nothing is committed: column `nom`: …")
        Traceback (most recent call last):
        tamis.errors.NirColumnError: nothing is committed: column `nom`: …
    """


class RunError(TamisError):
    """A run failed; nothing of it was committed.

    Example:
        >>> raise RunError("minimizing part 3 failed (ValueError)")
        Traceback (most recent call last):
        tamis.errors.RunError: minimizing part 3 failed (ValueError)
    """


_OS_PROBLEMS = (
    *(N_("no such file or directory"), N_("permission denied"), N_("operation not permitted")),
    *(N_("is a directory"), N_("not a directory"), N_("file exists"), N_("read-only file system")),
    *(N_("no space left on device"), N_("input/output error"), N_("connection refused")),
    *(N_("no such device or address"), N_("file name too long"), N_("resource busy")),
)
"""What systems say most often."""


def os_problem(error: OSError) -> str:
    """What the system says of a file, in lower case and in the language in use.

    Example:
        >>> os_problem(PermissionError(13, "Permission denied", "in/feed.csv"))
        'permission denied'
    """
    return _((error.strerror or type(error).__name__).lower())


@contextmanager
def value_free(what: str) -> Iterator[None]:
    """Let only errors of Tamis out: the text of any other may quote a cell, and Beam logs it.

    Args:
        what: what failed then, for the message.

    Raises:
        RunError: in place of an unforeseen error, naming its type only.
    """
    try:
        yield
    except TamisError:
        raise
    except OSError as error:
        raise RunError(_("{what} failed ({kind})", what=what, kind=os_problem(error))) from None
    except Exception as error:
        kind = type(error).__name__
        raise RunError(_("{what} failed ({kind})", what=what, kind=kind)) from None
