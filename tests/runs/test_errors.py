"""What a worker raises comes back to the driver as the error it was, and nothing is printed."""

import logging

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from tamis.errors import InputError, KeysError, RunError, TamisError, UsageError
from tamis.runs.errors import worker_errors

pytestmark = pytest.mark.slow

RUNNERS = {
    "in memory": ("--runner=FnApiRunner", "--direct_running_mode=in_memory"),
    "threads": ("--runner=FnApiRunner", "--direct_running_mode=multi_threading"),
    "processes": ("--runner=FnApiRunner", "--direct_running_mode=multi_processing"),
    "bundles": ("--runner=BundleBasedDirectRunner",),
}

LANES = [
    pytest.param(name, marks=pytest.mark.slow if name == "processes" else ()) for name in RUNNERS
]

ERRORS = (
    UsageError("policy `x` is unknown"),
    KeysError("keys.json: is not there"),
    InputError("in/a.csv", "line 3: is cut"),
    RunError("counts do not add up: 3 in, 2 out"),
)


class Raising(beam.DoFn):
    """Raises the error that it was made with."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def process(self, _: int) -> None:
        raise self._error from None


def run(error: Exception, options: tuple[str, ...]) -> None:
    """Run a pipeline whose worker raises `error`."""
    with worker_errors(), beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        _ = pipeline | beam.Create([1]) | "Step" >> beam.ParDo(Raising(error))


@pytest.mark.parametrize("runner", LANES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_keeps_its_class_and_its_message(
    error: TamisError, runner: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(error)) as raised:
        run(error, RUNNERS[runner])
    assert type(raised.value) is type(error)
    assert (str(raised.value), raised.value.exit_code) == (str(error), error.exit_code)
    assert raised.value.__suppress_context__
    if runner != "processes":
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize("runner", LANES)
def test_of_another_exception_nothing_but_its_class_is_told(runner: str) -> None:
    with pytest.raises(RunError, match=r"^the runner failed \(\w+\); nothing is committed$") as it:
        run(ValueError("155087599999193"), RUNNERS[runner])
    assert "155087599999193" not in str(it.value)


def test_a_missing_runner_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="the runner is not installed: no module"), worker_errors():
        raise ImportError("no module")


@pytest.mark.parametrize("level", [logging.NOTSET, logging.WARNING])
def test_beam_logs_as_before_once_the_block_is_left(level: int) -> None:
    logger = logging.getLogger("apache_beam")
    before = logger.level
    logger.setLevel(level)
    try:
        with worker_errors():
            assert logger.level == (level or logging.CRITICAL)
        assert logger.level == level
    finally:
        logger.setLevel(before)
