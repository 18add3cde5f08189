"""How the words of a command line are taken: none is passed over in silence.

    tamis run feed --input a.csv b.csv --output store -- --runner=FlinkRunner

`--input` takes every word up to the next option, so that a pattern that the shell has expanded
loses no file. Only what follows `--` goes to Beam. `--project DIR` and `--lang LANGUAGE` may stand
before or after the command. A word that is empty, as an unset variable leaves one, is refused, and
so is every word that nothing takes; messages show no credentials of an address.
"""

import dataclasses
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer import Argument, Option
from typer.core import TyperCommand, TyperGroup

from tamis import log
from tamis.address import require_file, shown_address
from tamis.cli import completion, loading
from tamis.cli.other_names import meant_command, meant_option
from tamis.cli.typer_words import (
    HEADINGS,
    TyperError,
    in_own_words,
    use_language_of_help,
)
from tamis.errors import UsageError
from tamis.language import LANGUAGES, VARIABLE, _, use_language

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from tamis.plan.project import Project

INPUT_FLAGS = ("--input", "-i")
Policy = Annotated[
    str,
    Argument(
        metavar="POLICY",
        help=_("name of a policy of the project"),
        autocompletion=completion.policies,
    ),
]
Day = Annotated[
    str | None, Option("--on", metavar="DAY", help=_("day whose law applies, YYYY-MM-DD"))
]
AsJson = Annotated[bool, Option("--json", help=_("print JSON"))]
Store = Annotated[
    str, Argument(metavar="STORE", help=_("a folder, gs://…, s3://… or postgresql://…"))
]
Keys = Annotated[
    str | None,
    Option(metavar="FILE", help=_("the keyring: a path, or env:NAME for a variable that holds it")),
]
AvroSchema = Annotated[
    list[str] | None,
    Option(metavar="[ID=]FILE", help=_("stream: schema of messages; may be given again")),
]
FailOn = Annotated[
    list[str] | None,
    Option(
        metavar="WHAT",
        help=_(
            "exit 1, and commit nothing, if there is such a thing as drift or quarantine=5% "
            "(`tamis help commands` has the list); may be given again"
        ),
    ),
]
AllowEmpty = Annotated[
    bool,
    Option("--allow-empty", help=_("commit though records are quarantined and none released")),
]
LineageTarget = Annotated[
    str | None,
    Option(
        "--lineage",
        metavar="file:PATH|URL",
        help=_("where OpenLineage's events go; by default as its environment says"),
    ),
]
_END = "--"

_ANYWHERE = ("--project", "--lang", "--log-format")
"""Options of the whole program, which may stand behind a command."""

DecoratedT = TypeVar("DecoratedT", bound=Callable[..., Any])
OptionsT = TypeVar("OptionsT", bound="DataclassInstance")


class Group(TyperGroup):
    """A group of commands whose own options may stand behind the command, too."""

    def get_help(self, ctx: Any) -> str:
        """The text of `--help`."""
        use_language_of_help(self, ctx)
        return super().get_help(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, those of the program itself under headings."""
        left = {name: command for name, command in self.commands.items() if not command.hidden}
        limit = formatter.width - 6 - max(map(len, left))
        headings = {} if ctx.parent else HEADINGS
        last = "Other commands" if headings else "Commands"
        for heading, names in {**headings, last: tuple(left)}.items():
            rows = [
                (name, left.pop(name).get_short_help_str(limit)) for name in names if name in left
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put language and project first, and refuse empty words."""
        if ctx.parent is None:
            with suppress(UsageError) if ctx.resilient_parsing else nullcontext():
                args = _put_first(args)
        try:
            return super().parse_args(ctx, args)
        except TyperError as error:
            raise in_own_words(error, ctx) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first word names."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            text = _("no command `{name}`", name=shown_address(name))
            options = {flag for option in self.params for flag in option.opts}
            raise UsageError(text + meant_command(name, {*self.commands, *options}))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands and options that a word may become, with their help."""
        use_language_of_help(self, ctx)
        return completion.shortened(super().shell_complete(ctx, incomplete))


class Command(TyperCommand):
    """A command that takes several values of `--input`, and Beam's options only after `--`."""

    def get_help(self, ctx: Any) -> str:
        """The text of `--help`."""
        use_language_of_help(self, ctx)
        return super().get_help(ctx)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The options that a word may become, with their help."""
        use_language_of_help(self, ctx)
        return completion.shortened(super().shell_complete(ctx, incomplete))

    def get_params(self, ctx: Any) -> list[Any]:
        """The arguments and options; to a shell that completes also those of the whole program."""
        params: list[Any] = super().get_params(ctx)
        if ctx.resilient_parsing:
            whole = ctx.find_root().command.params
            params += [option for option in whole if option.opts[0] in _ANYWHERE]
        return params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Part the command's own words from Beam's, and refuse those that are neither's."""
        if ctx.resilient_parsing:  # an option at the end lacks its value, which comes next
            return super().parse_args(ctx, args[: -1 if args and args[-1][:1] == "-" else None])
        end = args.index(_END) if _END in args else len(args)
        own, after = args[:end], args[end:]
        takes_beam = ctx.allow_extra_args
        self._refuse_unknown(own, takes_beam, ctx.command_path)
        takes_inputs = any("--input" in option.opts for option in self.params)
        own = _repeat_flags(own, self._flags_of_several())
        ctx.allow_extra_args = True
        try:
            rest = super().parse_args(ctx, own if takes_beam else own + after)
        except TyperError as error:
            param = getattr(error, "param", None)
            if takes_inputs and param is not None and param.name == "policy":
                raise UsageError(_("POLICY is missing: it must stand before --input")) from None
            raise in_own_words(error, ctx) from None
        if rest:
            text = _("unexpected argument `{word}`", word=shown_address(rest[0]))
            if takes_inputs:
                text += _(": ") + _("inputs stand after --input")
            if takes_beam:
                text += ", " + _("options of Beam after `--`")
            if not takes_inputs:
                text += _(": ") + _("see `{command} --help`", command=ctx.command_path)
            raise UsageError(text)
        for value in ctx.params.values():
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, Path):
                    require_file(path)
        ctx.args = after[1:] if takes_beam else []
        return ctx.args

    def _flags_of_several(self) -> set[str]:
        """The options after which several values may follow: inputs, and files to count on."""
        several = {*INPUT_FLAGS, "--against"}
        options = [option for option in self.params if getattr(option, "multiple", False)]
        return {flag for option in options for flag in option.opts} & several

    def _refuse_unknown(self, own: list[str], takes_beam: bool, command: str) -> None:
        flags = {flag for option in self.params for flag in option.opts + option.secondary_opts}
        known = {flag for flag in flags if flag.startswith("-")}
        for word in own:
            name = word.partition("=")[0]
            is_result = name in ("-o", "--output") and "--html" in known
            if name in known or name == "--help" or not (name.startswith("--") or is_result):
                continue
            text = _("no option `{name}`", name=shown_address(name))
            if is_result:
                text += _(": ") + _("a dry run writes no store, and its result by --html or --json")
            elif takes_beam and name == "--dry-run":
                text += _(": ") + _("the command is `tamis dry-run`")
            elif name[2:] in flags:
                text += _(": ") + _("{argument} must stand by itself", argument=name[2:].upper())
                text += ", " + _("as in `{usage}`", usage=f"{command} {name[2:].upper()}")
            elif takes_beam and _is_beams(name):
                text += _(": ") + _("options of Beam must stand after `--`")
            else:
                text += meant_option(name, {*known, *_ANYWHERE})
            raise UsageError(text)


class App(typer.Typer):
    """A `Typer` whose commands and groups take their words as this module says."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(cls=Group, no_args_is_help=True, rich_markup_mode=None, **settings)

    def command(
        self, name: str | None = None, **settings: Any
    ) -> Callable[[DecoratedT], DecoratedT]:
        """Declare a command, as `Typer.command` does."""
        return super().command(name, **{"cls": Command, **settings})


def _put_first(args: list[str]) -> list[str]:
    """Take what holds for every command out of the words of a line, and put the project first."""
    args, languages = _take_option(args, "--lang")
    _choose_language(languages)
    args, formats = _take_option(args, "--log-format")
    _choose_log_format(formats)
    _refuse_empty(args)
    args, projects = _take_option(args, "--project")
    if projects == [""]:
        raise UsageError(_("--project: expected a folder after it"))
    return [f"--project={project}" for project in projects] + args


def _refuse_empty(args: list[str]) -> None:
    before = ""
    for word in args:
        name, separator, value = word.partition("=")
        is_option = name.startswith("--")
        if not word.strip() or (is_option and separator and not value.strip()):
            option = name if is_option else before
            raise UsageError(
                _("{option}: must not be empty; is a variable unset?", option=option)
                if option.startswith("-")
                else _("an argument must not be empty; is a variable unset?")
            )
        before = word


def _take_option(args: list[str], option: str) -> tuple[list[str], list[str]]:
    """Take `option`, which may stand anywhere before `--`, out of `args`: the rest, and its value.

    Raises:
        UsageError: it is given twice, with two values.
    """
    end = args.index(_END) if _END in args else len(args)
    rest: list[str] = []
    values: dict[str, None] = {}
    words = iter(args[:end])
    for word in words:
        name, separator, value = word.partition("=")
        if name == option:
            values[value if separator else next(words, "")] = None
        else:
            rest.append(word)
    if len(values) > 1:
        raise UsageError(_("{option}: must be given once", option=option))
    return [*rest, *args[end:]], list(values)


def _choose_language(given: list[str]) -> None:
    """Let messages be in the language that the line or the environment asks for."""
    language, option = (given[0], "--lang") if given else (os.environ.get(VARIABLE, ""), VARIABLE)
    if not language and not given:
        language = LANGUAGES[0]
    if language not in LANGUAGES:
        raise UsageError(
            _("{option}: should be en or fr, got `{language}`", option=option, language=language)
        )
    use_language(language)


def _choose_log_format(given: list[str]) -> None:
    """Let lines on stderr be of the form that the line asks for."""
    name = given[0] if given else log.FORMATS[0]
    if name not in log.FORMATS:
        raise UsageError(_("--log-format: should be text or json, got `{name}`", name=name))
    log.use_format(name)
    if log.is_json() and loading.owns_process:
        from tamis.cli.logs import log_as_json

        log_as_json()


def _repeat_flags(own: list[str], several: set[str]) -> list[str]:
    """Write each of the options `several` before each of the values that follow it."""
    words: list[str] = []
    flag = ""
    for word, after in zip(own, [*own[1:], "--"], strict=False):
        if word.startswith("-") and word != "-":
            name = word.partition("=")[0]
            flag = name if name in several else ""
            if word not in several:
                words.append(word)
            elif after.startswith("-") and after != "-":
                raise UsageError(_("{option}: expected a file or an address after it", option=word))
        elif flag:
            words += [flag, word]
        else:
            words.append(word)
    return words


def _is_beams(name: str) -> bool:
    from tamis.runs.beam_options import known_options

    return name in known_options()


def open_project(context: typer.Context) -> "Project":
    """The project that is asked for; what it takes from Tamis is told."""
    from tamis.plan.project import load_project

    project = load_project(context.obj)
    if project.borrowed:
        paths = {"law": "policies/law/", "register": "policies/register.yaml"}
        missing = ", ".join(paths[part] for part in project.borrowed)
        text = _("project {name} has no {paths}: those that come with Tamis apply")
        print(text.format(name=project.name, paths=missing), file=sys.stderr)
    if project.law_origin == "own":
        text = _(
            "project {name}: its law is not the one that comes with Tamis; tags and receipts "
            "say so",
            name=project.name,
        )
        print(text, file=sys.stderr)
    return project


def options_of(context: typer.Context, kind: type[OptionsT]) -> OptionsT:
    """The options of a command as a dataclass whose fields have the names of its parameters."""
    values = {
        field.name: context.params[field.name]
        for field in dataclasses.fields(kind)
        if field.name in context.params
    }
    # What may be given again is a list where it is given, and else an empty tuple.
    return kind(**{name: tuple(it) if isinstance(it, list) else it for name, it in values.items()})
