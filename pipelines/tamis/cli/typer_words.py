"""What Typer says by itself, in the words and the language of Tamis: help, and wrong options.

Help is looked up when it is shown, so that `_()` around it, at import, only marks it.
"""

import re
from typing import Any

import typer

from tamis.address import shown_address
from tamis.errors import UsageError
from tamis.language import N_, _

TyperError: type[Exception] = typer.BadParameter.__bases__[0]
"""A wrong use of the command line, as Typer tells it."""

_METAVARS = (
    *(N_("DIR"), N_("[DIR]"), N_("FILE"), N_("FILE…"), N_("[ID=]FILE"), N_("STORE"), N_("DAY")),
    *(N_("POLICY"), N_("[POLICY…]"), N_("ROWS"), N_("NAME"), N_("OLD"), N_("NEW"), N_("TEXT")),
    *(N_("RECEIPT|STORE…"), N_("[TOPIC]"), N_("AGE"), N_("SECONDS"), N_("PERCENT"), N_("ROLE")),
    *(N_("WHAT"), N_("WHY"), N_("[POLICY]"), N_("POLICY…"), N_("RULE"), N_("FIELD"), N_("KIND")),
    *(N_("RUN"), N_("[RELEASE]")),
)
"""Words that stand for a value, in help."""

_USAGE = (N_("[OPTIONS]"), N_("COMMAND [ARGS]..."))
_BRACKETS = (N_("[required]"), N_("[default: "))
_HEADINGS = (
    *(N_("Arguments"), N_("Options"), N_("Commands"), N_("Other commands")),
    N_("Show this message and exit."),
)


HEADINGS = {
    N_("Begin"): ("demo", "init", "list", "help"),
    N_("Documents"): (*("draft", "check", "plan", "test", "schema", "diff", "approve", "papers"),),
    N_("Runs"): ("dry-run", "run"),
    N_("Stores"): (
        *("runs", "show", "verify", "recover", "withdraw", "redrive", "purge", "unseal"),
    ),
    N_("Searches"): ("scan", "link"),
    N_("Keys and lists"): ("keys", "seal-keys", "limited"),
}
"""The commands in the order of one's work; help lists all others last."""

_Formatter: Any = typer.Context.formatter_class


class Formatter(_Formatter):  # type: ignore[misc]
    """Writes help in the language in use."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        args = re.sub(r"\{([^{}]+)\}(\.{3})?", r"\1", args.replace("[[", "[").replace("]]", "]"))
        args = args.replace("…]...", "…]")
        for words in _USAGE:
            args = args.replace(words, _(words))
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write the heading of a list."""
        text = _("{heading}:", heading=_(heading))
        self.write(" " * self.current_indent + text + "\n")

    def write_dl(self, rows: Any, *args: Any, **settings: Any) -> None:
        """Write a list of options or commands."""
        rows = [(re.sub(r"(-.*)? <(\S+)>$", _choices, name), _limits(text)) for name, text in rows]
        for words in _BRACKETS:
            rows = [(name, text.replace(words, _(words))) for name, text in rows]
        super().write_dl(rows, *args, **settings)


def _choices(row: re.Match[str]) -> str:
    """What an option may be, where that is a choice; a type is no news."""
    option, kind = row[1] or "", row[2]
    return f"{option} {kind}" if option and "|" in kind else option


def _limits(text: str) -> str:
    """The limits of a number in words."""
    text = re.sub(
        r"; (\d+)<=x<=(\d+)",
        lambda match: _("; {least} to {most}", least=match[1], most=match[2]),
        text,
    )
    return re.sub(r"; x>=(\d+)", lambda match: _("; at least {least}", least=match[1]), text)


def use_language_of_help(command: Any, context: Any) -> None:
    """Let the help of `command`, its options and its commands be in the language in use."""
    context.formatter_class = Formatter
    command.epilog = _(command.epilog) if command.epilog else None
    for shown in (command, *getattr(command, "commands", {}).values()):
        shown.help = _(shown.help) if shown.help else None
        shown.short_help = shown.help.partition("\n")[0] if shown.help else None
    for param in command.get_params(context):
        param.help = _(param.help) if param.help else None
        param.metavar = _(param.metavar) if param.metavar else None


def _number_expected(name: str, param: Any) -> str:
    least, most = getattr(param, "min", None), getattr(param, "max", None)
    if most is not None:
        text = _("{option} must be a whole number from {least} to {most}")
    elif least is not None:
        text = _("{option} must be a whole number, {least} or more")
    elif param.bare_type is float:
        text = _("{option} must be a number")
    else:
        text = _("{option} must be a whole number")
    return text.format(option=name, least=least, most=most)


def in_own_words(error: Any, context: Any) -> Any:
    """Typer's error of usage as one of Tamis; help that is shown in place of an error stays."""
    option, param = getattr(error, "option_name", None), getattr(error, "param", None)
    see = _("see `{command} --help`", command=context.command_path)
    if option is not None:
        option = shown_address(option)
        if hasattr(error, "possibilities"):
            return UsageError(_("no option `{name}`", name=option) + _(": ") + see)
        if "not take" in error.message:
            return UsageError(_("{option}: takes no value", option=option))
        text = _("{option}: expected a value after it", option=option)
        values = [each.metavar for each in context.command.params if option in each.opts]
        return UsageError(f"{text}, {values[0]}" if values and values[0] else text)
    if param is not None:
        name = param.opts[0] if param.opts[0].startswith("-") else param.metavar
        if values := re.findall("'([^']+)'", error.message.partition(" not one of ")[2]):
            listed = ", ".join(f"`{value}`" for value in values)
            return UsageError(_("{option}: must be one of {values}", option=name, values=listed))
        if error.message:
            text = _number_expected(name, param)
        else:
            text = _("{option} is missing", option=name)
        return UsageError(text + _(": ") + see)
    return error
