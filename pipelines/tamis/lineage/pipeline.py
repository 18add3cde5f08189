"""Lineage of a pipeline of one's own that ends in a store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tamis.address import parse_address
from tamis.formats.names import withhold_names
from tamis.lineage.listener import Lineage
from tamis.lineage.sender import Sender
from tamis.plan.plan import Plan
from tamis.stores.opening import open_store
from tamis.telemetry.listener import Commit, Listeners, StartedRun


@contextmanager
def tell_lineage(
    plan: Plan, run: str, *, inputs: Iterable[str], output: str, to: str = ""
) -> Iterator[None]:
    """Tell OpenLineage of the pipeline that the block runs, as `tamis run --lineage` does.

    START before the block; COMPLETE with the counts of the receipt after it, or FAIL if it raises.

    Args:
        plan: what `Minimize` does.
        run: the id of the run.
        inputs: addresses or patterns of what the pipeline reads.
        output: the store that it writes to.
        to: `file:PATH` or an address of http; by default as OpenLineage's environment says.

    Raises:
        UsageError: `to` is no such address, or OpenLineage's configuration is wrong.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan = load_project("cpf").plan("cpir-partage", on="2026-01-01")
        >>> with tell_lineage(
        ...     plan, "the-run", inputs=["in/*.parquet"], output="store", to="file:/dev/null"
        ... ):
        ...     pass  # the pipeline
    """
    store = open_store(output)
    shown = tuple(withhold_names(parse_address(uri).shown) for uri in inputs)
    sender = Sender(to)
    listeners = Listeners(Lineage(sender, shown))
    try:
        with listeners.during(StartedRun(plan, run, shown, store.shown)):
            yield
            receipt = store.committed(run)
            if receipt is not None:
                listeners.committed(Commit.of_receipt(receipt))
    finally:
        sender.close()
