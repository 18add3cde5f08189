"""The command `tamis`: one module a command, each imported only when it runs."""

import sys
import traceback
from pathlib import Path

from tamis.errors import TamisError


def main() -> None:
    """Run the command line and exit with the code of `design.md` §7."""
    from tamis.cli.app import app

    try:
        app()
    except TamisError as error:
        print(f"tamis: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"tamis: {where}{(error.strerror or 'cannot be used').lower()}", file=sys.stderr)
        sys.exit(3)
    except Exception as error:
        # Its text, and so its traceback, may quote a cell: only its type and place are told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        print(f"tamis: failed ({type(error).__name__} at {where})", file=sys.stderr)
        sys.exit(3)
