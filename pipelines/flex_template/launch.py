"""What Dataflow's launcher of a Flex Template starts: its parameters as a call of `tamis run`.

    launch.py --policy=P --input=URI --output=URI --runner=DataflowRunner --project=… …
    tamis run P --input URI --output URI --project cpf -- -- --runner=DataflowRunner --project=… …

What is an option of `tamis run` goes there, all else to Beam. `--project` is Google's: that of
Tamis stands in the variable TAMIS_PROJECT. A parameter that is empty is not given.
"""

import os
import sys
from collections.abc import Sequence

import typer

from tamis.cli import main
from tamis.cli.app import app
from tamis.errors import UsageError
from tamis.language import _


def command_of(words: Sequence[str], project: str) -> list[str]:
    """The command line that a template's parameters stand for.

    Args:
        words: `--NAME=VALUE` each.
        project: of Tamis.

    Raises:
        UsageError: no policy is given, or a switch is neither true nor false.

    Example:
        >>> words = ["--policy=dsn-droits", "--allow_empty=true", "--run_id=", "--region=R"]
        >>> command_of(words, "cpf")
        ['run', 'dsn-droits', '--allow-empty', '--project', 'cpf', '--', '--', '--region=R']
    """
    switches = _options()
    policy, given, for_beam = "", [], []
    for word in words:
        name, _separator, value = word.partition("=")
        option = name.replace("_", "-")
        if name == "--policy":
            policy = value
        elif option not in switches or option == "--project":
            for_beam.append(word)
        elif switches[option] and value not in ("true", "false", ""):
            raise UsageError(_("{option}: must be true or false", option=option))
        elif switches[option]:
            given += [option] if value == "true" else []
        elif value:
            given += [option, value]
    if not policy:
        raise UsageError(_("--policy: must be given"))
    # Behind a second `--` no option is checked: these are Dataflow's own.
    return ["run", policy, *given, "--project", project, "--", "--", *for_beam]


def _options() -> dict[str, bool]:
    """The options of `tamis run`, and which of them are switches."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return {
        flag: bool(getattr(option, "is_flag", False))
        for option in group.commands["run"].params
        for flag in option.opts
    }


if __name__ == "__main__":
    try:
        sys.argv[1:] = command_of(sys.argv[1:], os.environ.get("TAMIS_PROJECT", "cpf"))
    except UsageError as error:
        sys.exit(f"tamis: {error}")
    main()
