"""How an error that a worker raised comes back to the driver as that error.

Beam gives the driver no exception of a worker, only text. A runner with workers in other processes
or behind gRPC raises a `RuntimeError` of its own whose message is the worker's whole traceback;
the runner of this process raises the exception itself, with ` [while running 'STEP']` put behind
each of its arguments. Neither keeps the class or the exit code. So the last line of the text that
names a class of `tamis.errors` is taken for the error: `value_free` makes sure that a worker lets
out no other exception than these, whose messages hold no value.

What stands around that line is thrown away, and what workers of this process log or print of a
traceback is silenced while they run.

Where the text names no such error, the first cause is told: of an engine in Java the innermost
exception with its message, since an engine sees records as bytes only; of a worker the class of
its exception, and no more, for its message may quote a value.
"""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import grpc

import tamis.errors
from tamis.errors import InputError, KeysError, RefusedError, RunError, TamisError, UsageError
from tamis.language import _, printable

_ERROR_LINE = re.compile(r"^tamis\.errors\.(\w+): (.*)$", re.MULTILINE)
_STEP = re.compile(r" \[while running '[^']*'\]")
_TRACEBACK = "Traceback (most recent call last)"
_PYTHON = re.compile(
    r"^(?:\w+\.)*(\w*(?:Error|Exception|Warning|Exit|Interrupt))\b(.*)$", re.MULTILINE
)
_JAVA = re.compile(
    r"(?:^|Caused by: |: )((?:\w+\.)+\w*(?:Exception|Error))\b(?:: )?(.*)", re.MULTILINE
)
_NO_CAUSES = frozenset(
    ("InterruptedException", "CancellationException", "UncheckedExecutionException")
)
"""Exceptions that tell of another one."""

_LONGEST = 300


@contextmanager
def worker_errors(*, is_stream: bool = False) -> Iterator[None]:
    """Raise what a worker raised while a pipeline runs in the block, without its traceback.

    `sys.stderr` is turned away for the whole process: not for several threads at once.

    Args:
        is_stream: whether what was committed before it failed stays.

    Raises:
        TamisError: as the worker raised it.
        UsageError: the runner is not installed.
        RunError: the runner failed, and its text names no error of Tamis.
    """
    logger = logging.getLogger("apache_beam")
    before = logger.level
    if before == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stderr(io.StringIO()):
            yield
    except TamisError as error:
        arguments = (_STEP.sub("", part) if isinstance(part, str) else part for part in error.args)
        raise type(error)(*arguments) from None
    except ImportError as error:
        raise UsageError(_("the runner is not installed: {error}", error=error)) from None
    except Exception as error:
        lines = _ERROR_LINE.findall(str(error))
        if not lines:
            text = _("the runner failed ({cause}); nothing is committed", cause=first_cause(error))
            if is_stream:
                text = _(
                    "the runner failed ({cause}); what is committed stays, and the same command "
                    "goes on behind it",
                    cause=first_cause(error),
                )
            raise RunError(text) from None
        name, message = lines[-1]
        raise _rebuilt(name, _STEP.sub("", message)) from None
    finally:
        logger.setLevel(before)


@contextmanager
def handing_over(runner: str) -> Iterator[None]:
    """Say why an engine does not take a job, where the block hands one over.

    Nothing has been read by then: what the engine and Beam say holds no value.

    Raises:
        UsageError: a program or file of the runner is missing.
        RunError: the engine does not answer, or refuses the job.
    """
    try:
        yield
    except (ImportError, TamisError):
        raise
    except grpc.FutureTimeoutError:
        raise RunError(
            _("{runner}: no job server answers; nothing is committed", runner=runner)
        ) from None
    except OSError as error:
        reason = f"{error.filename or type(error).__name__}: {error.strerror or error}"
        raise UsageError(_("{runner}: {reason}", runner=runner, reason=_line(reason))) from None
    except ValueError as error:
        raise UsageError(_("{runner}: {reason}", runner=runner, reason=_line(str(error)))) from None
    except Exception as error:
        text = error.details() if isinstance(error, grpc.RpcError) else str(error)
        reason = _java_cause(text) or text or type(error).__name__
        raise RunError(
            _(
                "{runner} does not take the job ({reason}); nothing is committed",
                runner=runner,
                reason=_line(reason),
            )
        ) from None


def first_cause(error: BaseException) -> str:
    """What an error of a runner began with, in words that hold no value.

    Example:
        >>> first_cause(RuntimeError("Caused by: java.net.ConnectException: Connection refused"))
        'ConnectException: Connection refused'
        >>> first_cause(ValueError("155087599999193"))
        'ValueError'
    """
    text = str(error)
    if _TRACEBACK in text:
        kinds = _PYTHON.findall(text)
        if not kinds:
            return type(error).__name__
        kind, message = kinds[-1]
        is_told = kind in ("ModuleNotFoundError", "ImportError")  # of a module, not of a record
        return _line(f"{kind}{message}") if is_told else str(kind)
    return _line(_java_cause(text) or type(error).__name__)


def _java_cause(text: str) -> str | None:
    """The innermost exception of Java in a text that is its stack trace."""
    causes = [(name.rpartition(".")[2], message.strip()) for name, message in _JAVA.findall(text)]
    own = [cause for cause in causes if cause[0] not in _NO_CAUSES]
    if not (own or causes):
        return None
    kind, message = (own or causes)[-1]
    return f"{kind}: {message}" if message else kind


def _line(text: str) -> str:
    """One line, not too long."""
    line = " ".join(text.split())
    return printable(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…")


def _rebuilt(name: str, message: str) -> TamisError:
    """The error of the class `name`, or a `RunError` where its arguments cannot be known."""
    kind = getattr(tamis.errors, name, RunError)
    if issubclass(kind, InputError):
        source, _, problem = message.partition(": ")
        return kind(source, problem)
    is_whole = issubclass(kind, (UsageError, KeysError, RefusedError))
    return kind(message) if is_whole else RunError(message)
