"""What no engine is given: options, addresses and job servers that cannot serve."""

import json
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PortableOptions
from apache_beam.transforms.environments import Environment, ProcessEnvironment

from tamis.errors import RunError, UsageError
from tamis.runs.errors import first_cause, handing_over, worker_errors
from tamis.runs.launch import as_workers_see_it, ends_with_driver, make_pipeline, read_options

PROCESS = ("--environment_type=PROCESS", '--environment_config={"command":"/bin/sh"}')
CLUSTER = ("--runner=FlinkRunner", "--flink_master=flink:8081")

STACK = """\
org.apache.flink.client.program.ProgramInvocationException: Job failed (JobID: 7993af28)
\tat org.apache.flink.client.deployment.ClusterClientJobClientAdapter.lambda$null$6(Adapter.java:1)
Caused by: java.lang.Exception: The user defined 'open()' method caused an exception
Caused by: {vendor}.UncheckedExecutionException: java.lang.IllegalStateException: Process died
\t... 6 more
Caused by: java.lang.IllegalStateException: Process died with exit code 2
\tat org.apache.beam.runners.fnexecution.environment.ProcessManager.isAliveOrThrow(Process.java:75)
"""

HARNESS = """\
Caused by: java.lang.RuntimeException: Error received from SDK harness for instruction 3: \
Traceback (most recent call last):
  File "worker.py", line 1, in process
{error}
\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient$Response.accept(Client.java:1)
"""


@pytest.mark.parametrize("option", ["--s3_secret_access_key", "--azure_connection_string"])
def test_no_secret_stands_in_the_options_of_a_job(option: str) -> None:
    read_options([f"{option}=secret"])
    with pytest.raises(UsageError, match=f"option `{option}` of Beam must not be given") as it:
        read_options([*CLUSTER, f"{option}=secret"])
    assert "=secret" not in str(it.value)


def test_the_name_of_a_runner_may_be_written_in_lower_case() -> None:
    assert ends_with_driver(read_options(["--runner=prismrunner"]))


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--environment_type=PROCES",), r"`PROCES` is unknown, did you mean `PROCESS`\?"),
        (("--environment_type=VM",), "known are: DOCKER, PROCESS, EXTERNAL, LOOPBACK$"),
        ((PROCESS[0], "--environment_config=CANARY"), "must be JSON that names the program"),
        ((PROCESS[0], '--environment_config={"comand": "CANARY"}'), "must be JSON that names"),
        ((PROCESS[0], '--environment_config=["CANARY"]'), "must be JSON that names the program"),
    ],
)
def test_where_workers_are_is_checked_before_a_job_is_handed_over(
    flags: tuple[str, ...], why: str
) -> None:
    with pytest.raises(UsageError, match=why) as it:
        read_options([*CLUSTER, *flags])
    assert "CANARY" not in str(it.value)


def test_a_program_of_workers_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    # Prism waits for it, or breaks off without a reason.
    program = tmp_path / "tamis-worker"
    flags = (PROCESS[0], f"--environment_config={json.dumps({'command': str(program)})}")
    with pytest.raises(UsageError, match=r"^--environment_config: the program of workers is"):
        read_options(["--runner=PrismRunner", *flags])
    program.touch()
    with pytest.raises(UsageError, match=r"^--environment_config: the program of workers is"):
        read_options(["--runner=PrismRunner", *flags])
    read_options([*CLUSTER, *flags])  # whose machines have programs of their own
    program.chmod(0o755)
    read_options(["--runner=PrismRunner", *flags])


@pytest.mark.parametrize("kind", ["process", "beam:env:process:v1"])
def test_an_environment_may_be_written_in_lower_case_or_by_its_urn(kind: str) -> None:
    options = read_options([*CLUSTER, f"--environment_type={kind}", PROCESS[1]])
    environment = Environment.from_options(options.view_as(PortableOptions))
    assert isinstance(environment, ProcessEnvironment)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ((), "^--temp_location: must be gs://BUCKET/FOLDER for a job that is only built$"),
        (("--temp_location=/tmp/x",), "^--temp_location: must be gs://BUCKET/FOLDER$"),
        (
            ("--temp_location=gs://bucket/tmp", "--staging_location=gs://b/s"),
            "^--staging_location: must be gs://BUCKET/FOLDER$",
        ),
    ],
)
def test_no_bucket_is_made_in_place_of_one_that_is_misspelt(
    flags: tuple[str, ...], why: str
) -> None:
    # Beam asks Google for a bucket of its own choice then, and makes it, even for `--dry_run`.
    places = ("--project=project", "--region=europe-west9", "--no_auth", "--dry_run=True")
    options = read_options(["--runner=DataflowRunner", *places, *flags])
    with pytest.raises(UsageError, match=why):
        make_pipeline(options)


@pytest.mark.parametrize(
    ("flags", "is_here"),
    [
        ((), True),
        (("--runner=PrismRunner",), True),
        (("--runner=PrismRunner", *PROCESS), True),
        (("--runner=FlinkRunner",), True),
        (("--runner=FlinkRunner", "--flink_master=[local]"), True),
        (("--runner=SparkRunner", "--spark_master_url=local[2]"), True),
        (("--runner=SparkRunner", "--spark_master_url=spark://h:7077", *PROCESS), False),
        ((*CLUSTER, *PROCESS), False),
        ((*CLUSTER, "--environment_type=LOOPBACK"), True),
        (("--runner=PortableRunner", "--job_endpoint=h:1", *PROCESS), False),
    ],
)
def test_paths_are_absolute_for_workers_of_another_working_directory(
    flags: tuple[str, ...], is_here: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = read_options(flags)
    assert ends_with_driver(options) == is_here
    expected = str(tmp_path / "in" / "*.csv") if flags else "in/*.csv"
    assert as_workers_see_it("in/*.csv", options) == expected
    for elsewhere in ("gs://bucket/in/*.csv", "postgresql://host/db?table=t"):
        assert as_workers_see_it(elsewhere, options) == elsewhere


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (CLUSTER, "workers in containers do not see"),
        (("--runner=PrismRunner", "--environment_type=docker"), "workers in containers"),
        (("--runner=PortableRunner", "--job_endpoint=h:1"), "workers in containers"),
        (("--runner=DataflowRunner",), "workers of Dataflow do not see"),
    ],
)
def test_a_path_that_workers_do_not_see_is_refused(flags: tuple[str, ...], why: str) -> None:
    options = read_options(flags)
    with pytest.raises(UsageError, match=rf"^/data/store: {why}"):
        as_workers_see_it("/data/store", options)
    assert as_workers_see_it("s3://bucket/store", options) == "s3://bucket/store"


@pytest.mark.parametrize(
    ("flags", "kind", "why"),
    [
        (
            ("--runner=PortableRunner", "--job_endpoint=127.0.0.1:9", "--job_server_timeout=1"),
            RunError,
            "^X: no job server answers; nothing is committed$",
        ),
        (
            ("--runner=FlinkRunner", "--flink_job_server_jar=/nowhere.jar"),
            UsageError,
            '^X: Unable to parse jar URL "/nowhere.jar"',
        ),
        (
            (*CLUSTER, "--flink_job_server_jar=/etc/hosts", "--job_server_java_launcher=/no/java"),
            UsageError,
            "^X: /no/java: No such file or directory$",
        ),
    ],
    ids=["no server", "no jar", "no java"],
)
def test_why_an_engine_does_not_take_a_job_is_told(
    flags: tuple[str, ...], kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why), worker_errors(), handing_over("X"):
        make_pipeline(read_options([*flags, "--environment_type=LOOPBACK"])).run()


def test_of_an_engine_in_java_the_first_cause_is_told() -> None:
    text = STACK.format(vendor="org.apache.beam.vendor.guava")
    assert first_cause(RuntimeError(text)) == "IllegalStateException: Process died with exit code 2"


def test_of_a_worker_behind_an_engine_no_value_is_told() -> None:
    text = HARNESS.format(error="ValueError: 155087599999193")
    assert first_cause(RuntimeError(text)) == "ValueError"
    text = HARNESS.format(error="ModuleNotFoundError: No module named 'tamis'")
    assert first_cause(RuntimeError(text)) == "ModuleNotFoundError: No module named 'tamis'"
    with pytest.raises(UsageError, match=r"^policy `x` is unknown$"), worker_errors():
        raise RuntimeError(HARNESS.format(error="tamis.errors.UsageError: policy `x` is unknown"))
