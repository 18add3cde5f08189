"""Two feeds that differ only in what must not leave, put through a pipeline: the same bytes."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tamis.documents.calendar import today
from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.errors import UsageError
from tamis.evidence.fail_on import Guards
from tamis.evidence.receipt import Receipt
from tamis.keys.keyring import Keyring, open_keyring
from tamis.limited.persons import new_list
from tamis.limits import Limits
from tamis.plan.plan import Plan
from tamis.plan.project import Project
from tamis.runs.batch import Job, run
from tamis.synthetic.files import write_feed
from tamis.synthetic.records import DIRTY, Record, make_records
from tamis.testing.variation import Variation

RECORDS = 200
"""How many records each feed has, where none are given."""

_IN_ORDER = 80
"""Of a feed whose order is to be hidden: less than a part, which is put in order by itself."""

_SMALL = Limits(chunk_records=48, object_chunk_records=48, part_rows=96)
_IN_MEMORY = ("--direct_running_mode=in_memory",)

Pipeline = Callable[[Path, Path], object]
"""Reads the feed at a path, and writes into the folder at another, which is there and empty."""


def assert_non_interference(
    schema: Schema,
    plan: Plan,
    pipeline: Pipeline,
    folder: Path,
    *,
    policies: Sequence[Policy] = (),
    records: Sequence[Record] | None = None,
    ignore: Sequence[str] = ("_receipts",),
) -> Path:
    """Fail where what a policy neither keeps nor tests changes what a pipeline writes.

    Two feeds are written, one after the other under the same name: of the same records, with other
    values, longer and shorter ones, in all that no release keeps or tests. What the pipeline makes
    of them must be the same files with the same bytes.

    Args:
        schema: of the feed, in whose format it is written.
        plan: of a policy of that schema.
        pipeline: is called with the feed's path and an empty folder to write into.
        folder: an empty one, for all that.
        policies: synthetic records fulfil most of their conditions.
        records: in place of synthetic ones.
        ignore: files and folders of the output that may differ, since they tell of the input:
            receipts hold its digest.

    Returns:
        The folder that the pipeline wrote first.

    Raises:
        AssertionError: a file differs, stands in one output only, or nothing was written.

    Example:
        >>> import tempfile
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("regularite-prestataires")
        >>> plan = project.plan("regularite-prestataires", on="2026-03-02")
        >>> def copy(feed: Path, output: Path) -> None:
        ...     (output / "copy.csv").write_bytes(feed.read_bytes())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     assert_non_interference(schema, plan, copy, Path(folder))
        Traceback (most recent call last):
        AssertionError: what the policy does not release changes what is written: copy.csv
    """
    form = schema.format.name
    if records is None:
        records = make_records(
            schema, RECORDS, seed=3, policies=policies, dirt=DIRTY, nir_with_key=form != "dsn"
        )
    variation = Variation(schema, plan, 4_000, keeps_lines=form == "dsn")
    varied = variation.records(records)
    if not variation.changed:
        raise AssertionError("the policy keeps or tests every field: there is nothing to vary")
    if differing := _differing((records, varied), schema, pipeline, folder, ignore):
        raise AssertionError(
            f"what the policy does not release changes what is written: {differing}"
        )
    return folder / "first"


def assert_order_hidden(
    schema: Schema,
    plan: Plan,
    pipeline: Pipeline,
    folder: Path,
    *,
    policies: Sequence[Policy] = (),
    records: Sequence[Record] | None = None,
    ignore: Sequence[str] = ("_receipts", "_quarantine"),
) -> None:
    """Fail where what a pipeline writes depends on the order of the records in the feed.

    Under paragraph III two partners could join by that order, row by row, what they were given. Two
    feeds are written under one name, of the same few records, the second one with the last first.

    Args:
        schema: of the feed; not of DSN or XML, where records share what stands around them.
        plan: of a policy of that schema whose releases all leave the store under paragraph III.
        pipeline: as that of `assert_non_interference`.
        folder: an empty one, for all that.
        policies: synthetic records fulfil most of their conditions.
        records: in place of synthetic ones.
        ignore: files and folders of the output that may differ: quarantine says positions, and
            stays with the controller.

    Raises:
        AssertionError: a file differs, stands in one output only, or nothing was written.
        ValueError: the plan or the format is another one.

    Example:
        >>> import tempfile
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("evaluation-cpf")
        >>> plan = project.plan("evaluation-cpf", on="2026-03-02")
        >>> def copy(feed: Path, output: Path) -> None:
        ...     (output / "copy.parquet").write_bytes(feed.read_bytes())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     assert_order_hidden(schema, plan, copy, Path(folder))
        Traceback (most recent call last):
        AssertionError: the order of the records in the feed changes what is written: copy.parquet
    """
    if not hides_order(schema, plan):
        raise ValueError("order is hidden by what leaves the store under paragraph III alone")
    if records is None:
        records = make_records(schema, _IN_ORDER, seed=3, policies=policies)
    if differing := _differing((records, records[::-1]), schema, pipeline, folder, ignore):
        raise AssertionError(
            f"the order of the records in the feed changes what is written: {differing}"
        )


def hides_order(schema: Schema, plan: Plan) -> bool:
    """Whether `assert_order_hidden` may be asked of a plan.

    Example:
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("cpir-partage")
        >>> hides_order(schema, project.plan("cpir-partage", on="2026-03-02"))
        False
    """
    shares = schema.format.name in ("dsn", "xml")
    return not shares and all(map(plan.hides_order, plan.releases))


def _differing(
    feeds: Iterable[Sequence[Record]],
    schema: Schema,
    pipeline: Pipeline,
    folder: Path,
    ignore: Sequence[str],
) -> str:
    """The names of files and folders that a pipeline makes differently of two feeds, in a row."""
    feed = folder / f"feed.{schema.format.name}"
    outputs = []
    for name, records in zip(("first", "second"), feeds, strict=True):
        write_feed(records, schema, feed)
        output = folder / name
        output.mkdir()
        pipeline(feed, output)
        outputs.append(_files(output, ignore))
    first, second = outputs
    if not first:
        raise AssertionError("the pipeline wrote nothing: nothing could show")
    return ", ".join(
        name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)
    )


def _files(folder: Path, ignore: Sequence[str]) -> dict[str, bytes]:
    """The content of each file, and the name of each folder, which may be empty."""
    return {
        str(path.relative_to(folder)): b"folder" if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not set(path.relative_to(folder).parts) & set(ignore)
    }


def run_policy(plan: Plan, inputs: Sequence[Path], store: Path, keys: Path) -> Receipt:
    """Run a plan into a folder, as `tamis run` does, in this process and in small parts.

    Approvals, register entries that only illustrate and bases to be confirmed stop nothing here,
    and where the project has a list of limited persons, one of nobody is asked in its place.

    Args:
        plan: what is run; its day may be any.
        inputs: the files of the feed.
        store: the folder.
        keys: of a keyring for pseudonyms and list, which is made if it is not there.

    Returns:
        The receipt.

    Example:
        >>> import tempfile
        >>> from tamis.plan.project import load_project
        >>> project = load_project("cpf")
        >>> schema, _source = project.schema("cpir-partage")
        >>> plan = project.plan("cpir-partage", on="2026-03-02")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     feed, store = Path(folder) / "feed.parquet", Path(folder) / "store"
        ...     write_feed(make_records(schema, 3, seed=1), schema, feed)
        ...     run_policy(plan, [feed], store, Path(folder) / "keys.json").counts.in_
        3
    """
    needs_keys = plan.needs_keys or plan.asks_list
    if needs_keys and not keys.exists():
        Keyring.create(keys)
    if plan.asks_list:
        assert plan.limited is not None
        nobody = keys.with_name(f"{keys.stem}-limited.json")
        if not nobody.exists():
            new_list(nobody, open_keyring(str(keys)))
        plan = dataclasses.replace(
            plan, limited=dataclasses.replace(plan.limited, file=str(nobody))
        )
    job = Job(
        dataclasses.replace(plan, approval=None),
        tuple(map(str, inputs)),
        str(store),
        "testing",
        str(keys) if needs_keys else None,
        _IN_MEMORY,
        _SMALL,
        Guards(allow_empty=True),
    )
    receipt, _again = run(job)
    assert receipt is not None
    return receipt


def plan_in_force(project: Project, policy: str) -> Plan:
    """The plan of a policy today, or on the first day of its last release where none is in force.

    Raises:
        DocumentError: the policy violates a rule.

    Example:
        >>> from tamis.plan.project import load_project
        >>> plan_in_force(load_project("cpf"), "cpir-partage").releases[0].id
        'partage'
    """
    try:
        return project.plan(policy, today())
    except UsageError:
        document, _source = project.policy(policy)
        return project.plan(policy, max(release.from_ for release in document.releases))
