"""The command `tamis`: one module a command, each imported only when it runs."""

import sys

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
