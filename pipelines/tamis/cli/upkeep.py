"""The commands for a store that is lived with: look it over, withdraw from it, purge it.

What they do is in the modules beside this one.
"""

from typing import Annotated

from typer import Argument, Context, Exit, Option

from tamis.cli import completion, limited
from tamis.cli.arguments import (
    INPUT_FLAGS,
    AllowEmpty,
    App,
    AsJson,
    AvroSchema,
    FailOn,
    Keys,
    LineageTarget,
    Store,
    open_project,
    options_of,
)
from tamis.cli.output import prints
from tamis.language import _

app = App()
app.add_typer(
    limited.app,
    name="limited",
    help=_("Keep the list of persons whose records leave no more (RGPD art. 18)."),
)

Run = Annotated[
    str,
    Argument(
        metavar="RUN",
        help=_("id of the run; of a stream, all its periods"),
        autocompletion=completion.runs,
    ),
]


@app.command(help=_("List the runs of a store: days, policies, counts, approvals, what became."))
@prints
def runs(store: Store, json: AsJson = False) -> None:
    from tamis.cli.runs import runs_command

    raise Exit(runs_command(store, json))


@app.command(help=_("Show what a store holds: releases, or the columns of one; no values."))
@prints
def show(
    store: Store,
    release: Annotated[
        str | None,
        Argument(
            metavar="[RELEASE]",
            help=_("POLICY/RELEASE; without it, all"),
            autocompletion=completion.releases,
        ),
    ] = None,
    values: Annotated[
        bool, Option("--values", help=_("show the first rows too: personal data, for their holder"))
    ] = False,
    rows: Annotated[
        int | None,
        Option(metavar="N", min=1, max=1000, help=_("with --values: how many rows, by default 10")),
    ] = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.show import show_command
    from tamis.errors import UsageError

    if rows is not None and not values:
        raise UsageError(_("--rows: is for --values"))
    raise Exit(show_command(store, release, (rows or 10) if values else 0, json))


@app.command(help=_("Take all that a run put into a store out of it again; its receipt stays."))
def withdraw(
    store: Store,
    run: Run,
    because: Annotated[str, Option(metavar="TEXT", help=_("the reason, kept beside the receipt"))],
    lineage: LineageTarget = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.withdraw import withdraw_command

    raise Exit(withdraw_command(store, run, because, json, lineage))


@app.command(
    help=_("Judge what a run quarantined again, after a fix, and nothing else, and nothing twice.")
)
def redrive(
    context: Context,
    store: Store,
    run: Annotated[
        str,
        Argument(metavar="RUN", help=_("id of the run"), autocompletion=completion.runs),
    ],
    inputs: Annotated[
        list[str] | None,
        Option(
            *INPUT_FLAGS,
            metavar="URI…",
            help=_(
                "where its inputs stand now, by default where its receipt says; stream: its topic, "
                "with `?registry=…`"
            ),
        ),
    ] = None,
    keys: Keys = None,
    key: Annotated[
        list[str] | None,
        Option(metavar="FILE", help=_("stream: private key of originals; may be given again")),
    ] = None,
    avro_schema: AvroSchema = None,
    allow_example: Annotated[
        bool, Option("--allow-example", help=_("allow a register entry that only illustrates"))
    ] = False,
    allow_unconfirmed: Annotated[
        bool,
        Option("--allow-unconfirmed", help=_("allow a legal basis that nobody has confirmed yet")),
    ] = False,
    allow_empty: AllowEmpty = False,
    fail_on: FailOn = None,
    lineage: LineageTarget = None,
) -> None:
    from tamis.cli.redrive import RedriveOptions, redrive_command

    options = options_of(context, RedriveOptions)
    raise Exit(redrive_command(open_project(context), store, run, options))


@app.command(
    help=_("Tell which quarantine, sealed originals and dead attempts are old; --apply removes.")
)
def purge(
    store: Store,
    older_than: Annotated[
        str, Option(metavar="AGE", help=_("the term: a number of d, h, m or s, such as 90d"))
    ],
    apply: Annotated[bool, Option("--apply", help=_("remove it; without, only tell"))] = False,
    lineage: LineageTarget = None,
    json: AsJson = False,
) -> None:
    from tamis.cli.purge import purge_command

    raise Exit(purge_command(store, older_than, apply, json, lineage))
