"""The commands for those who write and review documents: what they prove, change and approve.

What they do is in the modules beside this one, whose functions are given the options by the names
that these have here.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from tamis.cli import completion
from tamis.cli.arguments import App, AsJson, Day, Policy, open_project
from tamis.cli.output import Output, prints
from tamis.language import _

app = App()

AsSarif = Annotated[bool, Option("--sarif", help=_("SARIF, for a code host"))]


@app.command(help=_("Write a first schema, policy and case for a new feed into the project."))
def init(
    context: typer.Context,
    file: Annotated[Path, Argument(metavar="FILE", help=_("the feed"))],
    name: Annotated[
        str | None,
        Option(metavar="NAME", help=_("of schema and policy; by default the file's")),
    ] = None,
) -> None:
    from tamis.cli.draft import init_command

    raise typer.Exit(init_command(Path(context.obj or ""), file, name))


@app.command(help=_("Prove the rules; exit 1 with counterexamples."))
@prints
def check(
    context: typer.Context,
    policy: Annotated[
        str | None,
        Argument(
            metavar="[POLICY]",
            help=_("by default all of the project"),
            autocompletion=completion.policies,
        ),
    ] = None,
    warnings: Annotated[bool, Option("--warnings", help=_("show the warnings, too"))] = False,
    explain: Annotated[
        str | None, Option(metavar="RULE", help=_("show what a rule asks for: 1 to 10, or all"))
    ] = None,
    json: AsJson = False,
    sarif: AsSarif = False,
    junit: Annotated[
        Path | None, Option(metavar="FILE", help=_("write the rules as JUnit XML, a test each"))
    ] = None,
) -> None:
    from tamis.cli.check import check_command, explain_rule

    if explain is not None:
        raise typer.Exit(explain_rule(explain))
    code = check_command(
        open_project(context), json, policy, warnings=warnings, sarif=sarif, junit=junit
    )
    raise typer.Exit(code)


@app.command(
    "list", help=_("List items, purposes, categories, processings or policies, with their words.")
)
@prints
def list_(
    context: typer.Context,
    what: Annotated[
        Literal["items", "purposes", "categories", "processings", "policies"],
        Argument(metavar="KIND", help=_("items, purposes, categories, processings or policies")),
    ],
    on: Day = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.list import list_command

    raise typer.Exit(list_command(open_project(context), what, on, json))


@app.command(help=_("Write the schema of what a policy releases, for those who read it."))
def schema(
    context: typer.Context,
    policy: Policy,
    release: Annotated[
        str | None, Option(metavar="ID", help=_("of this release only; by default of all"))
    ] = None,
    format: Annotated[
        Literal["arrow", "json-schema", "avro"] | None,
        Option(help=_("arrow, json-schema or avro; by default a table for reading")),
    ] = None,
    output: Output = None,
    store: Annotated[
        str | None,
        Option(metavar="URI", help=_("show the ALTER TABLE that the tables of a database need")),
    ] = None,
    apply: Annotated[
        bool, Option("--apply", help=_("with --store: run what loses no value; without, only tell"))
    ] = False,
    on: Day = None,
) -> None:
    from tamis.cli.schema import schema_command

    raise typer.Exit(schema_command(open_project(context), **context.params))


@app.command(help=_("Show what would be newly released, to whom; exit 1 if anything is."))
@prints
def diff(
    context: typer.Context,
    old: Annotated[str, Argument(metavar="OLD", help=_("a folder, or a git revision"))],
    new: Annotated[str, Argument(metavar="NEW", help=_("the same"))],
    on: Day = None,
    fail_on: Annotated[
        Literal["released", "ground"],
        Option(help=_("exit 1 if more is released; `ground`: or if what releases rest on changes")),
    ] = "released",
    against: Annotated[
        list[str] | None,
        Option(metavar="FILE…", help=_("count the change on these records; fewer than 10 hidden")),
    ] = None,
    policy: Annotated[
        str | None,
        Option(
            metavar="POLICY",
            help=_("count under this policy only"),
            autocompletion=completion.policies,
        ),
    ] = None,
    json: AsJson = False,
    markdown: Annotated[bool, Option("--markdown", help=_("for a pull request"))] = False,
    sarif: AsSarif = False,
) -> None:
    from tamis.cli.diff import diff_command

    raise typer.Exit(diff_command(**context.params))


@app.command(
    "test", help=_("Judge the policies' own cases; exit 1 if an outcome is not as expected.")
)
@prints
def judge(
    context: typer.Context,
    policies: Annotated[
        list[str] | None,
        Argument(
            metavar="[POLICY…]",
            help=_("by default all of the project"),
            autocompletion=completion.policies,
        ),
    ] = None,
    coverage: Annotated[
        bool, Option("--coverage", help=_("tell which needs and conditions no case reaches"))
    ] = False,
    mutate: Annotated[
        bool, Option("--mutate", help=_("tell which small mistakes nobody would notice"))
    ] = False,
    junit: Annotated[
        Path | None, Option(metavar="FILE", help=_("write the outcomes as JUnit XML"))
    ] = None,
    fail_under: Annotated[
        float | None,
        Option(metavar="PERCENT", help=_("exit 1 if less is covered, or fewer mutants are killed")),
    ] = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.test import run_cases

    raise typer.Exit(run_cases(open_project(context), **context.params))


@app.command(help=_("Bind an opinion to what a policy releases, as it is now."))
def approve(
    context: typer.Context,
    policy: Policy,
    by: Annotated[str, Option(metavar="NAME", help=_("who gives the opinion"))],
    role: Annotated[str, Option(metavar="ROLE", help=_("in which capacity, as DPO"))],
    until: Annotated[str, Option(metavar="DAY", help=_("first day on which it holds no more"))],
    opinion: Annotated[
        Literal["favorable", "réservé", "défavorable"], Option(help=_("the opinion"))
    ] = "favorable",
    note: Annotated[str, Option(metavar="TEXT", help=_("reservations, references"))] = "",
) -> None:
    from tamis.cli.approve import approve as write_approval

    raise typer.Exit(write_approval(open_project(context), **context.params))


@app.command(help=_("Write the papers that go with policies, from their documents alone."))
def papers(
    context: typer.Context,
    policies: Annotated[
        list[str],
        Argument(
            metavar="POLICY…",
            help=_("names of policies of the project"),
            autocompletion=completion.policies,
        ),
    ],
    on: Day = None,
    format: Annotated[
        Literal["md", "html"], Option(help=_("md, to complete by hand; html, to read and print"))
    ] = "md",
    output: Annotated[
        Path | None,
        Option(*("--output", "-o"), metavar="DIR", help=_("folder to write to, a file a policy")),
    ] = None,
) -> None:
    from tamis.cli.papers import papers_command

    raise typer.Exit(papers_command(open_project(context), **context.params))
