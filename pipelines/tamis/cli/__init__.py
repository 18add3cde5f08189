"""The command `tamis`: `app` has all commands and their options, one module each what they do.

A command's module is imported only when it runs, so that the others start quickly. Every other
package may be imported here, and none imports this one. Begin with `app`.
"""

import sys
import traceback
from pathlib import Path

from tamis.errors import TamisError
from tamis.language import _


def main() -> None:
    """Run the command line and exit: 0 done, 1 the answer is no, 2 wrong usage, 3 failed."""
    from tamis.cli.app import app

    try:
        app()
    except TamisError as error:
        print(f"tamis: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"tamis: {where}{(error.strerror or _('cannot be used')).lower()}", file=sys.stderr)
        sys.exit(3)
    except Exception as error:
        # The text of an unknown error, and so its traceback, may quote a cell: print neither.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        text = _("failed ({type} at {place})", type=type(error).__name__, place=place)
        print(f"tamis: {text}", file=sys.stderr)
        sys.exit(3)
