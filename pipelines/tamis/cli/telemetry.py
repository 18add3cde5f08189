"""Who listens to a run or a stream, as the command line asks for it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tamis import log
from tamis.cli.lineage import telling_lineage
from tamis.cli.logs import show_warnings
from tamis.errors import TamisError, UsageError
from tamis.language import _
from tamis.telemetry.listener import Listeners, RunListener

TEXT_FILE = ".prom"
"""How the name of a file must end that node exporter's textfile collector is to read."""


@dataclass(frozen=True)
class TelemetryOptions:
    """Options of `tamis run`.

    Attributes:
        metrics: HOST:PORT, or of a batch run a file.
        max_lag: messages that may wait before a stream is not ready.
        lineage: where OpenLineage's events go; where it says nothing the environment decides.
    """

    metrics: str | None = None
    max_lag: int | None = None
    lineage: str | None = None


@contextmanager
def listening(
    options: TelemetryOptions,
    policy: str,
    inputs: tuple[str, ...] = (),
    *,
    is_stream: bool = False,
    by_digest: bool = False,
) -> Iterator[Listeners]:
    """Give the listeners that `options` ask for; what they have open is closed after the block.

    Raises:
        UsageError: an option is of the other kind, or the address cannot be listened at.
    """
    listeners: list[RunListener] = []
    if log.is_json():
        from tamis.telemetry.event_log import EventLog

        log.bind(policy=policy)
        listeners.append(EventLog())
    with ExitStack() as open_while:
        if not is_stream:
            open_while.enter_context(show_warnings())
            if options.metrics is not None:
                listeners.append(open_while.enter_context(_run_metrics(options.metrics, policy)))
        elif options.metrics is not None or options.max_lag is not None:
            from tamis.telemetry.health import Health

            health = Health(policy, options.max_lag)
            listeners.append(health)
            if options.metrics is not None:
                host, port = _read_place(options.metrics)
                _require_client()
                from tamis.telemetry.endpoint import Endpoint
                from tamis.telemetry.metrics import StreamMetrics

                metrics = StreamMetrics(policy, health)
                listeners.append(metrics)
                open_while.enter_context(Endpoint(host, port, metrics.registry, health))
        listeners += open_while.enter_context(
            telling_lineage(options.lineage, inputs, by_digest=by_digest)
        )
        yield Listeners(*listeners)


@contextmanager
def _run_metrics(path: str, policy: str) -> Iterator[RunListener]:
    """Give who writes the file, also of a run that fails before it begins."""
    if not path.endswith(TEXT_FILE):
        raise UsageError(
            _(
                "--metrics: a run of files has ended before it is asked: expected a file whose "
                "name ends in .prom, for node exporter's textfile collector"
            )
        )
    folder = Path(path).parent
    if not folder.is_dir():
        raise UsageError(_("--metrics: no folder `{folder}`", folder=folder))
    _require_client()
    from tamis.telemetry.metrics import RunMetrics

    metrics = RunMetrics(Path(path), policy)
    try:
        yield metrics
    except TamisError as error:
        if not metrics.is_written:
            Listeners(metrics).failed(error)
        raise


def _read_place(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; `[::1]:9464` is one, too."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(_("--metrics: a stream answers at HOST:PORT, such as 127.0.0.1:9464"))
    return host, int(port)


def _require_client() -> None:
    """Raise a usage error where the extra is not installed."""
    from importlib.util import find_spec

    if find_spec("prometheus_client") is None:
        raise UsageError(
            _(
                '{address}: {product} needs the extra `{extra}` (pip install "tamis[{extra}]")',
                address="--metrics",
                product="Prometheus",
                extra="metrics",
            )
        )
