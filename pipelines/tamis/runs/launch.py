"""How a job comes to an engine: which are known to run, what workers see, how it ends.

The engine of this process is Beam's `FnApiRunner`. Any other runs the job elsewhere: in workers
that have their own working directory and maybe their own disk, and beyond the end of this process.
"""

import json
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
    TestOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.portability.job_server import JobServer
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.runners.runner import PipelineResult, PipelineState

from tamis.address import PathAddress, is_local, parse_address
from tamis.documents.positions import suggest
from tamis.errors import RunError, UsageError
from tamis.language import N_, _
from tamis.runs.errors import handing_over, worker_errors

LOCAL = "FnApiRunner"
"""The runner whose workers are this process, or its children."""

DATAFLOW = "DataflowRunner"

KNOWN = (LOCAL, "PrismRunner", "FlinkRunner", "SparkRunner", "PortableRunner", DATAFLOW)
"""Runners that Tamis is known to run on."""

_SECRET_OPTIONS = (
    "azure_connection_string",
    "s3_access_key_id",
    "s3_secret_access_key",
    "s3_session_token",
)
"""Options of Beam that are secrets: an engine shows the options of a job to whoever asks."""

_HERE = "LOOPBACK"
_PROCESS = "PROCESS"
_ENVIRONMENTS = ("DOCKER", _PROCESS, "EXTERNAL", _HERE)
_ENVIRONMENT_URN = "beam:env:"
_LOCATIONS = ("temp_location", "staging_location")
_SPARK_LOCAL = re.compile(r"local(\[.+\])?")
_STATE_SECONDS = 0.5
_BEGIN_SECONDS = 60.0
_STEADY_SECONDS = 3.0
_SILENT_SECONDS = 30.0
_LONGEST_SILENCE = 600.0

_STATES = (
    *(N_("UNKNOWN"), N_("STARTING"), N_("PENDING"), N_("RUNNING"), N_("UPDATED"), N_("STOPPED")),
    *(N_("DRAINING"), N_("DRAINED"), N_("CANCELLING"), N_("CANCELLED"), N_("FAILED"), N_("DONE")),
    *(N_("RESOURCE_CLEANING_UP"), N_("UNRECOGNIZED")),
)
"""States of a job in Beam's words, for the catalogue."""

_LOGGER = logging.getLogger(__name__)


def read_options(flags: Sequence[str]) -> PipelineOptions:
    """Beam's options: the local runner by name and all cores, unless `flags` say otherwise.

    Raises:
        UsageError: the runner is not known to run, workers are in no known environment, or an
            option holds a secret that would stand in the job.

    Example:
        >>> read_options(["--runner=SparkyRunner"])
        Traceback (most recent call last):
        tamis.errors.UsageError: runner `SparkyRunner` is unknown, did you mean `SparkRunner`?; \
known to run: FnApiRunner, PrismRunner, FlinkRunner, SparkRunner, PortableRunner, DataflowRunner
    """
    given = {flag.split("=")[0] for flag in flags}
    added = []
    if "--runner" not in given:
        added.append(f"--runner={LOCAL}")
        if "--direct_running_mode" not in given:
            added.append("--direct_running_mode=multi_threading")
        if "--direct_num_workers" not in given:
            added.append(f"--direct_num_workers={os.cpu_count() or 1}")
    options = PipelineOptions([*flags, *added])
    standard = options.view_as(StandardOptions)
    # `DirectRunner` means another engine on another network.
    name = standard.runner if standard.runner not in (None, "DirectRunner") else LOCAL
    standard.runner = {known.lower(): known for known in KNOWN}.get(name.lower())
    if standard.runner is None:
        text = _("runner `{runner}` is unknown", runner=name) + suggest(name, KNOWN)
        text += _("; ") + _("known to run: {runners}", runners=", ".join(KNOWN))
        raise UsageError(text)
    if not is_local_runner(options):
        for secret in _SECRET_OPTIONS:
            if options.get_all_options().get(secret):
                raise UsageError(
                    _(
                        "option `--{option}` of Beam must not be given, it would stand in the job: "
                        "give it to the workers by their environment",
                        option=secret,
                    )
                )
    _check_environment(options)
    return options


def _check_environment(given: PipelineOptions) -> None:
    """Refuse an environment of workers that Beam or an engine would refuse late, or wait for."""
    options = given.view_as(PortableOptions)
    kind = options.environment_type
    if not kind or kind.startswith(_ENVIRONMENT_URN):
        return
    options.environment_type = kind.upper()
    if kind.upper() not in _ENVIRONMENTS:
        text = _("environment `{kind}` is unknown", kind=kind) + suggest(kind, _ENVIRONMENTS)
        text += _("; ") + _("known are: {kinds}", kinds=", ".join(_ENVIRONMENTS))
        raise UsageError(f"--environment_type: {text}")
    if kind.upper() == _PROCESS and options.environment_config:
        program = None
        with suppress(ValueError):
            program = json.loads(options.environment_config)
        if not (isinstance(program, dict) and program.get("command")):
            raise UsageError(
                _(
                    "--environment_config: must be JSON that names the program of workers, as "
                    "{example}",
                    example='{"command": "/opt/tamis/bin/tamis-worker"}',
                )
            )
        is_here = _is_engine_local(given) and not options.job_endpoint
        if is_here and shutil.which(str(program["command"])) is None:
            raise UsageError(
                _("--environment_config: the program of workers is not there, or cannot be run")
            )


def runner_of(options: PipelineOptions) -> str:
    """The name of the runner."""
    return str(options.view_as(StandardOptions).runner)


def is_local_runner(options: PipelineOptions) -> bool:
    """Whether the workers are this process, or its children."""
    return runner_of(options) == LOCAL


def builds_only(options: Sequence[str]) -> bool:
    """Whether `options` tell Beam to build the job and not to launch it.

    `--dry_run` does, and `--template_location`: the launcher of a Flex Template launches what is
    written there.
    """
    location = PipelineOptions(list(options)).view_as(GoogleCloudOptions).template_location
    return is_dry_run(options) or location is not None


def is_dry_run(options: Sequence[str]) -> bool:
    """Whether `options` hold `--dry_run`, so that nothing outside of this process is touched."""
    return bool(PipelineOptions(list(options)).view_as(TestOptions).dry_run)


def make_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """An empty pipeline.

    Raises:
        UsageError: Beam refuses its options, or would make a bucket in place of one of them.
    """
    if runner_of(options) == DATAFLOW:
        _check_locations(options.view_as(GoogleCloudOptions))
    try:
        return beam.Pipeline(options=options)
    except (ImportError, ValueError) as error:
        raise UsageError(
            _("Beam refuses its options: {reason}", reason=" ".join(str(error).split()))
        ) from None


def _check_locations(options: GoogleCloudOptions) -> None:
    """Refuse locations for which Beam would ask Google for a bucket of its own, and make it."""
    validator = PipelineOptionsValidator(options, None)
    given = [name for name in _LOCATIONS if getattr(options, name) is not None]
    for name in given:
        if validator.validate_gcs_path(options, name):
            raise UsageError(_("--{option}: must be gs://BUCKET/FOLDER", option=name))
    if not given and options.view_as(TestOptions).dry_run:
        raise UsageError(
            _("--temp_location: must be gs://BUCKET/FOLDER for a job that is only built")
        )


def as_workers_see_it(uri: str, options: PipelineOptions) -> str:
    """The address `uri` for workers, whose working directory is another: a path made absolute.

    Raises:
        UsageError: it is a path of this machine, and the workers are containers or elsewhere.

    Example:
        >>> options = read_options(["--runner=FlinkRunner", "--flink_master=flink:8081"])
        >>> as_workers_see_it("in/*.csv", options)
        Traceback (most recent call last):
        tamis.errors.UsageError: in/*.csv: workers in containers do not see this machine's files: \
expected gs://… or s3://…, or workers beside them (--environment_type=PROCESS or EXTERNAL)
    """
    address = parse_address(uri)
    if is_local_runner(options) or not isinstance(address, PathAddress) or not is_local(uri):
        return uri
    if runner_of(options) == DATAFLOW:
        text = _("{path}: workers of Dataflow do not see this machine's files", path=address.shown)
        raise UsageError(text + _(": ") + _("expected gs://… or s3://…"))
    if _environment(options) == "DOCKER":
        text = _("{path}: workers in containers do not see this machine's files", path=uri)
        text += _(": ") + _("expected gs://… or s3://…")
        text += ", " + _("or workers beside them (--environment_type=PROCESS or EXTERNAL)")
        raise UsageError(text)
    return os.path.abspath(uri)


def keyring_as_workers_see_it(keys: str | None, options: PipelineOptions) -> str | None:
    """The reference of a keyring for workers: of a file its absolute path, where it is mounted."""
    if keys is None or keys.startswith("env:") or is_local_runner(options):
        return keys
    return os.path.abspath(keys)


def ends_with_driver(options: PipelineOptions) -> bool:
    """Whether a job ends when this process does, because its engine or its workers do."""
    is_engine_ours = _is_engine_local(options) and not options.view_as(PortableOptions).job_endpoint
    return is_local_runner(options) or is_engine_ours or _environment(options) == _HERE


def _environment(options: PipelineOptions) -> str:
    """Where workers are, as Beam has it: in containers unless something else is said."""
    kind = options.view_as(PortableOptions).environment_type
    return str(kind).upper() if kind else _HERE if _is_engine_local(options) else "DOCKER"


def _is_engine_local(options: PipelineOptions) -> bool:
    """Whether the engine is one process, which Beam starts unless it runs already."""
    match runner_of(options):
        case "PrismRunner":
            return True
        case "FlinkRunner":
            return options.view_as(FlinkRunnerOptions).flink_master in ("[local]", "[auto]")
        case "SparkRunner":
            master = options.view_as(SparkRunnerOptions).spark_master_url
            return _SPARK_LOCAL.fullmatch(master) is not None
    return False


class Launch:
    """One job on its way through an engine.

    Attributes:
        is_over: whether nothing of it goes on.
    """

    def __init__(self, name: str, options: PipelineOptions) -> None:
        self._name = name
        self._options = options
        self._result: PipelineResult | None = None
        self.is_over = True

    def build(self, pipeline: beam.Pipeline) -> None:
        """Let a runner build the job that is told not to launch it."""
        with worker_errors():
            pipeline.run()

    def hand_over(self, pipeline: beam.Pipeline) -> None:
        """Hand over `pipeline`, which does not end, and wait until it runs and goes on running.

        Raises:
            RunError: the engine does not take it, or it ends as it begins.
        """
        with worker_errors():
            with handing_over(runner_of(self._options)):
                result = pipeline.run()
            until = time.monotonic() + _BEGIN_SECONDS
            while time.monotonic() < until:
                state = result.state
                if PipelineState.is_terminal(state):
                    result.wait_until_finish()  # which raises what it failed by
                    raise _ended_as(state)
                if state == PipelineState.RUNNING:
                    until = min(until, time.monotonic() + _STEADY_SECONDS)
                time.sleep(_STATE_SECONDS)

    def see_until(
        self,
        pipeline: beam.Pipeline,
        stop: threading.Event,
        end: Callable[[], None],
        seconds: float,
    ) -> None:
        """Hand over `pipeline`, which may not end, and wait until it does.

        Args:
            pipeline: the whole job.
            stop: once it is set, `end` is called.
            end: lets the job end by itself; the job server of Flink cancels none on a cluster.
            seconds: how long that may take.

        Raises:
            RunError: the engine does not take it, it failed, it was ended by somebody else, or did
                not end in time.
        """
        state, until = None, 0.0
        with worker_errors(is_stream=True), _stopping_job_servers(pipeline):
            with handing_over(runner_of(self._options)):
                result = pipeline.run()
            while not PipelineState.is_terminal(now := result.state):
                if now != state:
                    state = now
                    _LOGGER.info(self._describe(state))
                if not stop.wait(_STATE_SECONDS):
                    continue
                if not until:
                    until = time.monotonic() + seconds
                    end()
                if time.monotonic() > until:
                    result.cancel()
                    raise RunError(self._describe(now))
                time.sleep(_STATE_SECONDS)
            state = result.wait_until_finish()
        if state != PipelineState.DONE:
            raise RunError(
                _(
                    "the job ended as {state} on its runner; what is committed stays, and the same "
                    "command goes on behind it",
                    state=_(state),
                )
            )

    def see_through(self, pipeline: beam.Pipeline, has_begun: Callable[[], bool]) -> None:
        """Hand `pipeline` over, and wait until it ends; what it waits for is told.

        Args:
            pipeline: the whole job.
            has_begun: whether a worker has begun, as the store shows.

        Raises:
            TamisError: as a worker raised it.
            UsageError: the runner is not installed.
            RunError: the job failed, or was ended by somebody else.
        """
        is_local = is_local_runner(self._options)
        with (
            worker_errors(),
            _stopping_job_servers(pipeline),
            _telling(self._waits_for(has_begun), not is_local),
        ):
            try:
                with nullcontext() if is_local else handing_over(runner_of(self._options)):
                    self._result = pipeline.run()
                state = self._result.wait_until_finish()
            finally:
                self.is_over = is_local or self._has_ended()
        if state != PipelineState.DONE:
            raise _ended_as(state)

    def _has_ended(self) -> bool:
        if self._result is None:
            return True  # it was never handed over
        with suppress(Exception):  # the engine may be gone
            return bool(PipelineState.is_terminal(self._result.state))
        return False

    def _describe(self, state: str) -> str:
        runner = runner_of(self._options)
        return _("job {run} is {state} on {runner}", run=self._name, state=_(state), runner=runner)

    def _waits_for(self, has_begun: Callable[[], bool]) -> Callable[[], str]:
        def describe() -> str:
            runner = runner_of(self._options)
            if self._result is None:
                return _("the job server of {runner} has not answered yet", runner=runner)
            state = "UNKNOWN"
            with suppress(Exception):
                state = self._result.state
            text = self._describe(state)
            with suppress(Exception):
                if not has_begun():
                    return f"{text}, " + _(
                        "and no worker has begun: look for free slots, and whether workers start "
                        "and see the store"
                    )
            return text

        return describe


def _ended_as(state: str) -> RunError:
    return RunError(
        _("the job ended as {state} on its runner; nothing is committed", state=_(state))
    )


@contextmanager
def _telling(describe: Callable[[], str], tells: bool) -> Iterator[None]:
    """Log what a long block waits for: after 30 seconds, then after twice as long each time."""
    ended = threading.Event()

    def tell() -> None:
        silence, total = _SILENT_SECONDS, 0.0
        while not ended.wait(silence):
            total += silence
            text = _("waiting for {seconds} s", seconds=int(total))
            _LOGGER.warning("%s: %s", text, describe())
            silence = min(2 * silence, _LONGEST_SILENCE)

    thread = threading.Thread(target=tell, daemon=True)
    if tells:
        thread.start()
    try:
        yield
    finally:
        ended.set()


_job_servers: list[JobServer] = []
"""Those that Beam started for jobs of this process."""


@contextmanager
def _stopping_job_servers(pipeline: beam.Pipeline) -> Iterator[None]:
    """End the job servers that Beam starts in the block, which else live as long as the machine.

    Beam would end them when the process ends, but first removes their temporary folder, which has
    gone by then with the command's, and so fails.
    """
    if isinstance(pipeline.runner, PortableRunner):
        runner: Any = pipeline.runner
        start = runner.default_job_server

        def keep(options: PipelineOptions) -> JobServer:
            _job_servers.append(start(options))
            return _job_servers[-1]

        runner.default_job_server = keep
    try:
        yield
    finally:
        stop_job_servers()


def stop_job_servers() -> None:
    """End the job servers that Beam started for this process; no error where it fails."""
    while _job_servers:
        with suppress(Exception):
            _job_servers.pop().stop()
