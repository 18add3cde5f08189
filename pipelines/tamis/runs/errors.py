"""How an error that a worker raised comes back to the driver as that error.

Beam gives the driver no exception of a worker, only text. A runner with workers in other processes
or behind gRPC raises a `RuntimeError` of its own whose message is the worker's whole traceback;
the runner of this process raises the exception itself, with ` [while running 'STEP']` put behind
each of its arguments. Neither keeps the class or the exit code. So the last line of the text that
names a class of `tamis.errors` is taken for the error: `value_free` makes sure that a worker lets
out no other exception than these, whose messages hold no value.

What stands around that line is thrown away, and what workers of this process log or print of a
traceback is silenced while they run.
"""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import tamis.errors
from tamis.errors import InputError, KeysError, RefusedError, RunError, TamisError, UsageError
from tamis.language import _

_ERROR_LINE = re.compile(r"^tamis\.errors\.(\w+): (.*)$", re.MULTILINE)
_STEP = re.compile(r" \[while running '[^']*'\]")


@contextmanager
def worker_errors() -> Iterator[None]:
    """Raise what a worker raised while a pipeline runs in the block, without its traceback.

    `sys.stderr` is turned away for the whole process: not for several threads at once.

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
            raise RunError(
                _("the runner failed ({kind}); nothing is committed", kind=type(error).__name__)
            ) from None
        name, message = lines[-1]
        raise _rebuilt(name, _STEP.sub("", message)) from None
    finally:
        logger.setLevel(before)


def _rebuilt(name: str, message: str) -> TamisError:
    """The error of the class `name`, or a `RunError` where its arguments cannot be known."""
    kind = getattr(tamis.errors, name, RunError)
    if issubclass(kind, InputError):
        source, _, problem = message.partition(": ")
        return kind(source, problem)
    is_whole = issubclass(kind, (UsageError, KeysError, RefusedError))
    return kind(message) if is_whole else RunError(message)
