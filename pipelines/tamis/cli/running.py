"""The commands that read records: what a run would do, and the run itself.

What they do is in the modules beside this one.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tamis.cli.arguments import (
    INPUT_FLAGS,
    AllowEmpty,
    App,
    AvroSchema,
    Day,
    FailOn,
    Keys,
    LineageTarget,
    Policy,
    open_project,
    options_of,
)
from tamis.language import _

app = App()

Files = Annotated[
    list[str],
    Option(
        *INPUT_FLAGS,
        metavar="URI…",
        help=_("files to read; several values, and may be given again"),
    ),
]
Inputs = Annotated[
    list[str],
    Option(
        *INPUT_FLAGS,
        metavar="URI…",
        help=_(
            "files, tables (postgresql://…?table=T) or one stream; several values, and may be "
            "given again"
        ),
    ),
]
ByDigest = Annotated[
    bool,
    Option("--inputs-by-digest", help=_("call files by a digest, for deliveries of one a person")),
]


@app.command(
    "dry-run",
    help=_("Show what a run would do; reads like a run, writes to no store, needs no keys."),
)
def dry_run(
    context: typer.Context,
    policy: Policy,
    inputs: Files,
    on: Day = None,
    json: Annotated[
        Path | None, Option(metavar="FILE", help=_("write the result as JSON; - for stdout"))
    ] = None,
    html: Annotated[
        Path | None, Option(metavar="FILE", help=_("write a report for a browser"))
    ] = None,
    limit: Annotated[
        int | None, Option(metavar="ROWS", help=_("read at most so many, spread over inputs"))
    ] = None,
    profile_dropped: Annotated[
        bool, Option("--profile-dropped", help=_("look for NIRs where none is declared"))
    ] = False,
    against: Annotated[
        str | None, Option(metavar="DIR", help=_("the same data under another project's policy"))
    ] = None,
    fail_on: FailOn = None,
    inputs_by_digest: ByDigest = False,
    keys: Annotated[
        str | None,
        Option(metavar="FILE", help=_("the keyring of the list of limited persons, to ask it too")),
    ] = None,
) -> None:
    from tamis.cli.dry_run import DryRunOptions, dry_run_command

    options = options_of(context, DryRunOptions)
    raise typer.Exit(dry_run_command(open_project(context), policy, tuple(inputs), on, options))


@app.command(
    context_settings={"allow_extra_args": True},
    help=_(
        "Minimize inputs into a store; options of Beam may follow after `--`.\n\n"
        "A stream (kafka://, pubsub://, watch:) runs until a signal drains it."
    ),
)
def run(
    context: typer.Context,
    policy: Policy,
    inputs: Inputs,
    output: Annotated[
        str,
        Option(
            *("--output", "-o"),
            metavar="URI",
            help=_(
                "the store: a folder, gs://… or postgresql://…; of a stream also kafka://… or "
                "pubsub://…"
            ),
        ),
    ],
    keys: Keys = None,
    run_id: Annotated[str | None, Option(metavar="ID", help=_("a to z, 0 to 9, -"))] = None,
    on: Day = None,
    replay: Annotated[bool, Option(help=_("allow another day than today"))] = False,
    allow_example: Annotated[
        bool, Option(help=_("allow a register entry that only illustrates"))
    ] = False,
    allow_unconfirmed: Annotated[
        bool, Option(help=_("allow a legal basis that nobody has confirmed yet"))
    ] = False,
    fail_on: FailOn = None,
    allow_empty: AllowEmpty = False,
    inputs_by_digest: ByDigest = False,
    batch_records: Annotated[
        int, Option(metavar="N", min=1, help=_("stream: messages judged at once, at most"))
    ] = 5_000,
    batch_ms: Annotated[
        int, Option(metavar="MS", min=1, help=_("stream: how long a message waits for others"))
    ] = 200,
    period: Annotated[
        int, Option(metavar="SECONDS", min=1, help=_("stream: how long a receipt's period is"))
    ] = 60,
    once: Annotated[
        bool, Option("--once", help=_("stream: end when all that is there has been read"))
    ] = False,
    partitions: Annotated[
        str | None,
        Option(metavar="N,…", help=_("stream: only these partitions of the topic, as 0,1")),
    ] = None,
    seal_to: Annotated[
        Path | None,
        Option(metavar="FILE", help=_("stream: public key to seal quarantined originals to")),
    ] = None,
    avro_schema: AvroSchema = None,
    metrics: Annotated[
        str | None,
        Option(
            metavar="HOST:PORT|FILE",
            help=_(
                "for Prometheus: of a stream the address of /metrics, /healthz and /readyz, of a "
                "run of files a file that ends in .prom"
            ),
        ),
    ] = None,
    max_lag: Annotated[
        int | None,
        Option(metavar="N", min=0, help=_("stream: not ready, and told, if more wait to be read")),
    ] = None,
    lineage: LineageTarget = None,
    json: Annotated[
        bool, Option("--json", help=_("print how it ended as JSON, and all else to stderr"))
    ] = False,
) -> None:
    from tamis.address import StreamAddress, parse_address
    from tamis.cli.run import RunOptions, check_options, run_command
    from tamis.cli.run_json import telling_in_json
    from tamis.evidence.fail_on import Guards

    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    options = replace(options_of(context, RunOptions), beam=tuple(context.args))
    with telling_in_json(json, policy, run_id) as tell:
        guards = Guards(options.fail_on, allow_empty)
        check_options(given, options.inputs)
        project = open_project(context)
        project.policy(policy)  # one that is unknown must not become a label
        if any(isinstance(parse_address(uri), StreamAddress) for uri in inputs):
            from tamis.cli.run_stream import run_stream_command

            code = run_stream_command(project, options, guards, tell)
        else:
            code = run_command(project, options, guards, tell)
    raise typer.Exit(code)
