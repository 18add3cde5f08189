"""The commands that read records: what a run would do, and the run itself.

What they do is in the modules beside this one.
"""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tamis.cli.arguments import (
    INPUT_FLAGS,
    App,
    Day,
    LineageTarget,
    Policy,
    open_project,
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

    options = DryRunOptions(
        json,
        html,
        limit,
        profile_dropped,
        against,
        tuple(fail_on or ()),
        inputs_by_digest,
        keys,
    )
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
    keys: Annotated[
        str | None,
        Option(
            metavar="FILE", help=_("the keyring: a path, or env:NAME for a variable that holds it")
        ),
    ] = None,
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
    allow_empty: Annotated[
        bool,
        Option("--allow-empty", help=_("commit though records are quarantined and none released")),
    ] = False,
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
    avro_schema: Annotated[
        list[str] | None,
        Option(metavar="[ID=]FILE", help=_("stream: schema of messages; may be given again")),
    ] = None,
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
    from tamis.cli.run import check_options, run_command
    from tamis.cli.run_json import telling_in_json
    from tamis.cli.telemetry import TelemetryOptions, listening
    from tamis.evidence.fail_on import Guards

    given = [
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    with telling_in_json(json, policy, run_id) as tell:
        guards = Guards(tuple(fail_on or ()), allow_empty)
        check_options(given, tuple(inputs))
        project = open_project(context)
        project.policy(policy)  # one that is unknown must not become a label
        telemetry = TelemetryOptions(metrics, max_lag, lineage)
        if any(isinstance(parse_address(uri), StreamAddress) for uri in inputs):
            from tamis.cli.run_stream import StreamOptions, run_stream_command

            options = StreamOptions(
                keys,
                run_id,
                allow_example,
                allow_unconfirmed,
                batch_records,
                batch_ms,
                period,
                once,
                partitions,
                seal_to,
                tuple(avro_schema or ()),
                tuple(context.args),
                guards,
                inputs_by_digest,
                telemetry,
                tell,
            )
            code = run_stream_command(project, policy, tuple(inputs), output, options)
        else:
            with listening(
                telemetry, policy, tuple(inputs), by_digest=inputs_by_digest
            ) as listeners:
                code = run_command(
                    project,
                    policy,
                    tuple(inputs),
                    output,
                    keys=keys,
                    run_id=run_id,
                    on=on,
                    replay=replay,
                    allow_example=allow_example,
                    allow_unconfirmed=allow_unconfirmed,
                    options=tuple(context.args),
                    guards=guards,
                    inputs_by_digest=inputs_by_digest,
                    listeners=listeners,
                    tell=tell,
                )
    raise typer.Exit(code)
