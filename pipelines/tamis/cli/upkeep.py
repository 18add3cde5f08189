"""The commands for a store that is lived with: look it over, withdraw from it, purge it.

What they do is in the modules beside this one.
"""

from typing import Annotated

from typer import Argument, Exit, Option

from tamis.cli.arguments import App, AsJson
from tamis.language import _

app = App()

Store = Annotated[
    str, Argument(metavar="STORE", help=_("a folder, gs://…, s3://… or postgresql://…"))
]
Run = Annotated[str, Argument(metavar="RUN", help=_("id of the run; of a stream, all its periods"))]


@app.command(help=_("List the runs of a store: days, policies, counts, approvals, what became."))
def runs(store: Store, json: AsJson = False) -> None:
    from tamis.cli.runs import runs_command

    raise Exit(runs_command(store, json))


@app.command(help=_("Show what a store holds: releases, or the columns of one; no values."))
def show(
    store: Store,
    release: Annotated[
        str | None, Argument(metavar="[RELEASE]", help=_("POLICY/RELEASE; without it, all"))
    ] = None,
    values: Annotated[
        bool, Option("--values", help=_("show the first rows too: personal data, for their holder"))
    ] = False,
    rows: Annotated[
        int, Option(metavar="N", min=1, max=1000, help=_("with --values: how many rows"))
    ] = 10,
    json: AsJson = False,
) -> None:
    from tamis.cli.show import show_command

    raise Exit(show_command(store, release, rows if values else 0, json))


@app.command(help=_("Take all that a run put into a store out of it again; its receipt stays."))
def withdraw(
    store: Store,
    run: Run,
    because: Annotated[str, Option(metavar="TEXT", help=_("the reason, kept beside the receipt"))],
    json: AsJson = False,
) -> None:
    from tamis.cli.withdraw import withdraw_command

    raise Exit(withdraw_command(store, run, because, json))


@app.command(
    help=_("Tell which quarantine, sealed originals and dead attempts are old; --apply removes.")
)
def purge(
    store: Store,
    older_than: Annotated[
        str, Option(metavar="AGE", help=_("the term: a number of d, h, m or s, such as 90d"))
    ],
    apply: Annotated[bool, Option("--apply", help=_("remove it; without, only tell"))] = False,
    json: AsJson = False,
) -> None:
    from tamis.cli.purge import purge_command

    raise Exit(purge_command(store, older_than, apply, json))
