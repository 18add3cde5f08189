"""The commands and their options; what they do is in the modules beside this one.

Exit codes: 0 done; 1 the answer is no; 2 wrong usage or documents; 3 the run failed and nothing
was committed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import keys, seal_keys

if TYPE_CHECKING:
    from tamis.plan.project import Project

app = typer.Typer(
    name="tamis",
    help="Data-minimization filter for the CPF (art. R. 6323-37 du Code du travail).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(keys.app, name="keys", help="Make, rotate, list and destroy the pseudonyms' keys.")
app.add_typer(
    seal_keys.app, name="seal-keys", help="Make the keys that streams seal original messages to."
)

Policy = Annotated[str, typer.Argument(metavar="POLICY", help="name of a policy of the project")]
Inputs = Annotated[
    list[str], typer.Option("--input", metavar="URI", help="files to read; may be given again")
]
Day = Annotated[
    str | None, typer.Option("--on", metavar="DAY", help="day whose law applies, YYYY-MM-DD")
]
AsJson = Annotated[bool, typer.Option("--json", help="for a machine to read")]


def _project(context: typer.Context) -> "Project":
    load: Callable[[], Project] = context.obj
    return load()


def _version(asked: bool) -> None:
    if asked:
        from tamis.evidence.receipt import tool_version

        typer.echo(tool_version())
        raise typer.Exit


@app.callback()
def tamis(
    context: typer.Context,
    project: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="folder with schemas/ and policies/"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="and exit")
    ] = False,
) -> None:
    """Tag each record with its legal purpose, strip the NIR, drop what need not be known."""

    def load() -> "Project":
        from tamis.plan.project import load_project

        return load_project(project)

    context.obj = load


@app.command()
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="where to write")] = Path(
        "tamis-demo"
    ),
) -> None:
    """Make a synthetic feed, check, dry-run, run, verify; print where to look."""
    from tamis.cli.demo import run_demo

    raise typer.Exit(run_demo(folder))


@app.command("help")
def help_(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="a page; without it, the list of pages")
    ] = None,
) -> None:
    """Show a page of the manual."""
    from tamis.cli.help import help_command

    raise typer.Exit(help_command(topic))


@app.command()
def check(context: typer.Context, json: AsJson = False) -> None:
    """Prove the invariants; exit 1 with counterexamples."""
    from tamis.cli.check import check_command

    raise typer.Exit(check_command(_project(context), json))


@app.command()
def plan(
    context: typer.Context,
    policy: Policy,
    on: Day = None,
    field: Annotated[str | None, typer.Option(metavar="F", help="explain one field")] = None,
    json: AsJson = False,
) -> None:
    """Tell what becomes of each field, and why."""
    from tamis.cli.plan import plan_command

    raise typer.Exit(plan_command(_project(context), policy, on, field, json))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="a folder, or a git revision")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
    on: Day = None,
    json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="for a pull request")] = False,
) -> None:
    """Tell what would be newly released, to whom; exit 1 if anything is."""
    from tamis.cli.diff import diff_command

    raise typer.Exit(diff_command(old, new, on=on, json=json, markdown=markdown))


@app.command("dry-run")
def dry_run(
    context: typer.Context,
    policy: Policy,
    inputs: Inputs,
    on: Day = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the result as JSON; - for stdout")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write a report for a browser")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="ROWS", help="read at most so many, spread over inputs")
    ] = None,
    profile_dropped: Annotated[
        bool, typer.Option("--profile-dropped", help="look for NIRs where none is declared")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="the same data under another project's policy"),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="exit 1 if there is: quarantine, withheld, redacted, drift, undeclared-nir, "
            "anomaly, unattested or newly-carried; may be given again",
        ),
    ] = None,
    lang: Annotated[str, typer.Option(metavar="en|fr", help="language of the report")] = "en",
) -> None:
    """Tell what a run would do; reads like a run, writes to no store, needs no keys."""
    from tamis.cli.dry_run import Asked, dry_run_command

    asked = Asked(json, html, lang, limit, profile_dropped, against, tuple(fail_on or ()))
    raise typer.Exit(dry_run_command(_project(context), policy, tuple(inputs), on, asked))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def run(
    context: typer.Context,
    policy: Policy,
    inputs: Inputs,
    output: Annotated[str, typer.Option(metavar="URI", help="folder of the store")],
    keys: Annotated[str | None, typer.Option(metavar="FILE", help="keyring")] = None,
    run_id: Annotated[str | None, typer.Option(metavar="ID", help="a to z, 0 to 9, -")] = None,
    on: Day = None,
    replay: Annotated[bool, typer.Option(help="allow another day than today")] = False,
    allow_example: Annotated[
        bool, typer.Option(help="allow a register entry that only illustrates")
    ] = False,
    batch_records: Annotated[
        int, typer.Option(metavar="N", min=1, help="stream: messages judged at once, at most")
    ] = 5_000,
    batch_ms: Annotated[
        int, typer.Option(metavar="MS", min=1, help="stream: how long a micro-batch waits for more")
    ] = 20,
    period: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="stream: how long a receipt's period is")
    ] = 60,
    once: Annotated[
        bool, typer.Option("--once", help="stream: end when all that is there has been read")
    ] = False,
    seal_to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="stream: public key to seal quarantined originals to"),
    ] = None,
    avro_schema: Annotated[
        list[str] | None,
        typer.Option(metavar="[ID=]FILE", help="stream: schema of messages; may be given again"),
    ] = None,
) -> None:
    """Minimize inputs into a store; options of Beam may follow after `--`.

    A stream (kafka://, pubsub://, watch:) runs until a signal drains it.
    """
    from tamis.address import StreamAddress, parse_address
    from tamis.cli.run import check_options, run_command

    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    check_options(given, tuple(inputs))
    if any(isinstance(parse_address(uri), StreamAddress) for uri in inputs):
        from tamis.cli.run_stream import StreamOptions, run_stream_command

        options = StreamOptions(
            keys,
            run_id,
            allow_example,
            batch_records,
            batch_ms,
            period,
            once,
            seal_to,
            tuple(avro_schema or ()),
            tuple(context.args),
        )
        raise typer.Exit(
            run_stream_command(_project(context), policy, tuple(inputs), output, options)
        )
    code = run_command(
        _project(context),
        policy,
        tuple(inputs),
        output,
        keys=keys,
        run_id=run_id,
        on=on,
        replay=replay,
        allow_example=allow_example,
        options=tuple(context.args),
    )
    raise typer.Exit(code)


@app.command()
def recover(folder: Annotated[str, typer.Argument(metavar="DIR", help="the store")]) -> None:
    """Complete or remove what an interrupted run left."""
    from tamis.cli.recover import recover_command

    raise typer.Exit(recover_command(folder))


@app.command()
def scan(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    json: AsJson = False,
) -> None:
    """Tell where NIRs are, column by column; exit 1 if any."""
    from tamis.cli.scan import scan_command

    raise typer.Exit(scan_command(tuple(files), json))


@app.command()
def draft(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="of the schema; by default the file's")
    ] = None,
    rows: Annotated[int, typer.Option(metavar="ROWS", help="look at the first so many")] = 200_000,
    all_names: Annotated[
        bool, typer.Option("--all-names", help="show names that may be values, too")
    ] = False,
) -> None:
    """Print a first schema for a new feed, with identifiers and free text guessed."""
    from tamis.cli.draft import draft_command

    raise typer.Exit(draft_command(file, name, rows, all_names))


@app.command()
def verify(
    context: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(metavar="RECEIPT|STORE…", help="DIR/_receipts/ID.json, or a whole store"),
    ],
    json: AsJson = False,
    run: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="of a store only this run; may be given again"),
    ] = None,
) -> None:
    """Compute again what receipts claim; exit 1 if something does not hold."""
    from tamis.cli.verify import verify_command

    raise typer.Exit(verify_command(_project(context), targets, json, tuple(run or ())))


@app.command()
def unseal(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="store, .parquet, .jsonl, - or postgresql://…"),
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="private key; may be given again"),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="only of this run; may be given again")
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option(metavar="WHY", help="only those quarantined for it; may be given again"),
    ] = None,
    position: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="only at this position; may be given again"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write originals into this new folder")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="print originals, base64 in an object a line")
    ] = False,
) -> None:
    """Tell what a stream's quarantine keeps sealed, or open it; exit 1 if something does not."""
    from tamis.cli.unseal import unseal_command
    from tamis.stores.quarantine_reader import Wanted

    wanted = Wanted(frozenset(run or ()), frozenset(reason or ()), frozenset(position or ()))
    raise typer.Exit(unseal_command(tuple(sources), tuple(key or ()), wanted, to, json))
