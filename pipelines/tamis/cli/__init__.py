"""The command `tamis`: `app` has all commands and their options, one module each what they do.

A command's module is imported only when it runs, so that the others start quickly. Every other
package may be imported here, and none imports this one. Begin with `app`.
"""

import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from tamis import interrupts, log
from tamis.cli import loading
from tamis.errors import TamisError, os_problem
from tamis.language import _


def main() -> None:
    """Run the command line and exit: 0 done, 1 the answer is no, 2 wrong usage, 3 failed.

    A signal ends it with 130 or 143; a stream drains first, and exits 0.
    """
    interrupts.raise_interrupted()
    loading.owns_process = True
    try:
        code = _run()
        with suppress(OSError):
            sys.stdout.flush()
        interrupts.exit_on_signals(code)
        sys.exit(code)
    except interrupts.Interrupted as interrupted:
        interrupts.print_line(_("interrupted"))
        # The interpreter would wait for threads of libraries, or abort under them.
        os._exit(interrupts.exit_code(interrupted.number))


def work() -> None:
    """Run `tamis worker`, under a name of one word, which is all that an engine can start."""
    sys.argv.insert(1, "worker")
    main()


def _run() -> int:
    from tamis.cli.app import app
    from tamis.cli.completion import VARIABLE, answer

    if VARIABLE in os.environ:
        return answer(app)
    try:
        app()
    except SystemExit as done:
        return int(done.code or 0)
    except Exception as error:
        code, text = describe_error(error)
        print(log.formatted(text, "error", exit_code=code), file=log.stderr())
        return code
    return 0


def describe_error(error: Exception) -> tuple[int, str]:
    """The exit code of an error, and what is told of it, which never is a cell's value."""
    from tamis.formats.names import withhold_names

    if isinstance(error, TamisError):
        return error.exit_code, withhold_names(str(error))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return 3, withhold_names(f"{where}{os_problem(error)}")
    # The text of an unknown error, and so its traceback, may quote a cell: tell neither.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return 3, _("failed ({type} at {place})", type=type(error).__name__, place=place)
