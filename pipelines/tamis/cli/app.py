"""The commands and their options; what they do is in the modules beside this one.

Exit codes: 0 done; 1 the answer is no; 2 wrong usage or documents; 3 the run failed and nothing
was committed.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from tamis.cli import completion, keys, review, running, upkeep
from tamis.cli.arguments import App, AsJson, Day, Policy, open_project
from tamis.cli.output import prints
from tamis.interrupts import ends_at_once
from tamis.language import _

app = App(
    name="tamis",
    help=_("Data-minimization filter for the CPF (art. R. 6323-37 du Code du travail)."),
    epilog=_(
        "Exit codes: 0 done; 1 the answer is no; 2 wrong usage or documents; 3 failed, and nothing "
        "was committed."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(
    keys.app,
    name="keys",
    help=_("Make, rotate, list, destroy the pseudonyms' keys; re-key stores."),
)
app.add_typer(
    keys.seal_app, name="seal-keys", help=_("Make the keys that streams seal original messages to.")
)
app.add_typer(review.app)
app.add_typer(running.app)
app.add_typer(upkeep.app)


def _print_version(given: bool) -> None:
    if given:
        from tamis.evidence.receipt import tool_version

        typer.echo(tool_version())
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell:
        typer.echo(completion.script(shell))
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell:
        typer.echo(completion.install(shell))
        raise typer.Exit


Shell = Literal["bash", "zsh", "fish"]


@app.callback(
    help=_("Tag each record with its legal purpose, strip the NIR, drop what need not be known.")
)
def tamis(
    context: typer.Context,
    project: Annotated[
        str | None,
        Option(
            metavar="DIR",
            help=_(
                "folder with schemas/ and policies/, or cpf for the bundled project; may also "
                "stand after the command"
            ),
        ),
    ] = None,
    lang: Annotated[
        str | None,
        Option(
            metavar="en|fr",
            help=_(
                "language of help, messages and reports, by default that of TAMIS_LANG, or "
                "English; may also stand after the command"
            ),
            autocompletion=completion.languages,
        ),
    ] = None,
    log_format: Annotated[
        str | None,
        Option(
            metavar="text|json",
            help=_(
                "form of the lines on stderr, text by default; may also stand after the command"
            ),
        ),
    ] = None,
    version: Annotated[
        bool,
        Option(
            *("--version", "-V"),
            callback=_print_version,
            is_eager=True,
            help=_("print the version and exit"),
        ),
    ] = False,
    install_completion: Annotated[
        Shell | None,
        Option(
            metavar="bash|zsh|fish",
            callback=_install_completion,
            is_eager=True,
            help=_("let this shell complete commands, options and names of documents, and exit"),
        ),
    ] = None,
    show_completion: Annotated[
        Shell | None,
        Option(
            metavar="bash|zsh|fish",
            callback=_show_completion,
            is_eager=True,
            help=_("print what `--install-completion` installs, and exit"),
        ),
    ] = None,
) -> None:
    context.obj = project


@app.command(help=_("Make a synthetic feed, check, dry-run, run, verify; print where to look."))
def demo(
    context: typer.Context,
    folder: Annotated[Path, Argument(metavar="[DIR]", help=_("folder to write to"))] = Path(
        "tamis-demo"
    ),
    policy: Annotated[
        list[str] | None,
        Option(
            metavar="POLICY",
            help=_("show this policy of the bundled project; may be given again"),
            autocompletion=completion.bundled_policies,
        ),
    ] = None,
) -> None:
    from tamis.cli.demo import FLOWS, run_demo

    raise typer.Exit(run_demo(folder, tuple(dict.fromkeys(policy or FLOWS))))


@app.command("help", help=_("Show a page of the manual."))
def help_(
    topic: Annotated[
        str | None,
        Argument(
            metavar="[TOPIC]",
            help=_("a page; without it, the list of pages"),
            autocompletion=completion.topics,
        ),
    ] = None,
) -> None:
    from tamis.cli.help import help_command

    raise typer.Exit(help_command(topic))


@app.command(help=_("Show what becomes of each field, and why."))
@prints
def plan(
    context: typer.Context,
    policy: Policy,
    on: Day = None,
    field: Annotated[str | None, Option(metavar="FIELD", help=_("explain one field"))] = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.plan import plan_command

    raise typer.Exit(plan_command(open_project(context), **context.params))


@app.command(help=_("Complete or remove what an interrupted run left."))
def recover(
    folder: Annotated[str, Argument(metavar="DIR", help=_("the store"))],
    older_than: Annotated[
        str,
        Option(metavar="AGE", help=_("remove attempts that wrote nothing for so long")),
    ] = "24h",
) -> None:
    from tamis.cli.recover import recover_command

    raise typer.Exit(recover_command(folder, older_than))


@app.command(help=_("Show where NIRs are, column by column; exit 1 if any."))
@prints
def scan(
    files: Annotated[
        list[Path], Argument(metavar="FILE…", help=_("of any format that `run` reads"))
    ],
    json: AsJson = False,
    skip_unknown: Annotated[
        bool, Option("--skip-unknown", help=_("leave out files that cannot be looked into"))
    ] = False,
) -> None:
    from tamis.cli.scan import scan_command

    raise typer.Exit(scan_command(tuple(files), json, skip_unknown))


@app.command(help=_("Print a first schema for a new feed, with identifiers and free text guessed."))
@prints
def draft(
    context: typer.Context,
    file: Annotated[
        Path, Argument(metavar="FILE", help=_("the feed; with --tests the name of a policy"))
    ],
    tests: Annotated[
        bool, Option("--tests", help=_("print cases for a policy, for policies/tests/POLICY.yaml"))
    ] = False,
    name: Annotated[
        str | None, Option(metavar="NAME", help=_("of the schema; by default the file's"))
    ] = None,
    rows: Annotated[int, Option(metavar="ROWS", help=_("look at the first so many"))] = 200_000,
    all_names: Annotated[
        bool, Option("--all-names", help=_("show names that may be values, too"))
    ] = False,
    header: Annotated[
        bool, Option("--header", help=_("the first line of a CSV is a header, not a record"))
    ] = False,
) -> None:
    from tamis.cli.draft import draft_command, draft_tests_command

    if tests:
        raise typer.Exit(draft_tests_command(open_project(context), str(file)))
    with ends_at_once(_("interrupted: no schema is drafted")):
        code = draft_command(file, name, rows, all_names, header)
    raise typer.Exit(code)


@app.command(help=_("Compute again what receipts claim; exit 1 if something does not hold."))
@prints
def verify(
    context: typer.Context,
    targets: Annotated[
        list[str],
        Argument(metavar="RECEIPT|STORE…", help=_("DIR/_receipts/ID.json, or a whole store")),
    ],
    json: AsJson = False,
    run: Annotated[
        list[str] | None,
        Option(
            metavar="ID",
            help=_("of a store only this run; may be given again"),
            autocompletion=completion.runs,
        ),
    ] = None,
) -> None:
    from tamis.cli.verify import verify_command

    raise typer.Exit(verify_command(open_project(context), targets, json, tuple(run or ())))


@app.command(help=_("Try to join two releases, or a release and any other table."))
@prints
def link(
    a: Annotated[
        str, Argument(metavar="A", help=_("STORE/POLICY/RELEASE, a folder, a file or a table"))
    ],
    b: Annotated[
        str, Argument(metavar="B", help=_("the same; also a partner's CSV or JSON Lines"))
    ],
    fail_on: Annotated[
        str | None,
        Option(metavar="joined=N", help=_("exit 1 if more than N records of A are joined")),
    ] = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.link import link_command

    raise typer.Exit(link_command(a, b, fail_on, json))


@app.command(
    help=_("Show what a stream's quarantine keeps sealed, or open it; exit 1 if something fails.")
)
def unseal(
    sources: Annotated[
        list[str],
        Argument(metavar="SOURCE…", help=_("store, .parquet, .jsonl, - or postgresql://…")),
    ],
    key: Annotated[
        list[str] | None, Option(metavar="FILE", help=_("private key; may be given again"))
    ] = None,
    run: Annotated[
        list[str] | None, Option(metavar="ID", help=_("only of this run; may be given again"))
    ] = None,
    reason: Annotated[
        list[str] | None,
        Option(metavar="WHY", help=_("only those quarantined for it; may be given again")),
    ] = None,
    position: Annotated[
        list[int] | None, Option(metavar="N", help=_("only at this position; may be given again"))
    ] = None,
    to: Annotated[
        Path | None, Option(metavar="DIR", help=_("write originals into this new folder"))
    ] = None,
    json: Annotated[
        bool, Option("--json", help=_("print originals, base64 in an object a line"))
    ] = False,
) -> None:
    from tamis.cli.unseal import unseal_command
    from tamis.stores.quarantine_reader import QuarantineFilter

    selection = QuarantineFilter(
        frozenset(run or ()), frozenset(reason or ()), frozenset(position or ())
    )
    raise typer.Exit(unseal_command(tuple(sources), tuple(key or ()), selection, to, json))


@app.command(help=_("Work for an engine, which starts this itself (`--environment_type=PROCESS`)."))
def worker(
    id: Annotated[str, Option("--id", metavar="ID", help=_("as the engine calls the worker"))],
    provision_endpoint: Annotated[
        str,
        Option(
            "--provision_endpoint", metavar="HOST:PORT", help=_("the engine's provision service")
        ),
    ],
    control_endpoint: Annotated[
        str | None, Option("--control_endpoint", metavar="HOST:PORT", help=_("not needed"))
    ] = None,
    logging_endpoint: Annotated[
        str | None, Option("--logging_endpoint", metavar="HOST:PORT", help=_("not needed"))
    ] = None,
    artifact_endpoint: Annotated[
        str | None, Option("--artifact_endpoint", metavar="HOST:PORT", help=_("not used"))
    ] = None,
) -> None:
    from tamis.cli.worker import worker_command

    raise typer.Exit(worker_command(id, provision_endpoint, control_endpoint, logging_endpoint))
