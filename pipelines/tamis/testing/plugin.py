"""The plugin of pytest: under `--tamis` each policy of a project is a file of tests.

    pytest policies --tamis
    policies/agent-droits.yaml::non-interference
    policies/evaluation-cpf.yaml::order
    policies/agent-droits.yaml::canaries[droits]

Without the option nothing is collected, and nothing of Tamis is imported beside this module.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tamis.documents.policy import Policy
    from tamis.documents.schema import Schema
    from tamis.plan.plan import Plan, PlanRelease


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--tamis`."""
    parser.getgroup("tamis").addoption(
        "--tamis",
        action="store_true",
        help="collect policies/*.yaml: nothing that a policy does not release may leave a trace",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the policies of a project, if asked to."""
    if not parent.config.getoption("--tamis") or file_path.suffix != ".yaml":
        return None
    from tamis.plan.project import load_project

    if file_path.parent.name != "policies":
        return None
    if file_path.stem not in load_project(file_path.parents[1]).policies():
        return None
    return PolicyFile.from_parent(parent, path=file_path)


class PolicyFile(pytest.File):
    """A policy: one test of the whole, and one of each release in force."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the tests; documents that break a rule are an error of collection."""
        from tamis.errors import TamisError
        from tamis.plan.project import load_project
        from tamis.testing.non_interference import hides_order, plan_in_force
        from tamis.testing.variation import used_paths

        project = load_project(self.path.parents[1])
        try:
            plan = plan_in_force(project, self.path.stem)
            policy, _source = project.policy(self.path.stem)
            schema, _source = project.schema(policy.schema_)
        except TamisError as error:
            raise self.CollectError(str(error)) from None
        if used_paths(schema, plan) < schema.leaves().keys():  # else nothing is dropped
            yield NonInterference.from_parent(
                self, name="non-interference", subject=(policy, schema, plan)
            )
        if hides_order(schema, plan):
            yield HiddenOrder.from_parent(self, name="order", subject=(policy, schema, plan))
        for release in plan.releases:
            yield PlantedCanaries.from_parent(
                self,
                name=f"canaries[{release.id}]",
                subject=(policy, schema, plan),
                release=release,
            )


class _Item(pytest.Item):
    """One test of a policy."""

    def __init__(
        self,
        *,
        subject: "tuple[Policy, Schema, Plan]",
        release: "PlanRelease | None" = None,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.policy, self.schema, self.plan = subject
        self.release = release

    def runtest(self) -> None:
        with tempfile.TemporaryDirectory(prefix="tamis-testing-") as folder:
            self.try_in(Path(folder))

    def try_in(self, folder: Path) -> None:
        raise NotImplementedError

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What failed in one line, without the kit's own frames."""
        from tamis.errors import TamisError

        if isinstance(excinfo.value, AssertionError | TamisError):
            return f"{self.path.name}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.stem}: {self.name}"


class NonInterference(_Item):
    """Two feeds that differ only in what is dropped give the same bytes."""

    def try_in(self, folder: Path) -> None:
        from tamis.evidence.receipt import Receipt
        from tamis.testing.non_interference import assert_non_interference, run_policy

        keys = folder / "keys.json"
        store = assert_non_interference(
            self.schema,
            self.plan,
            lambda feed, output: run_policy(self.plan, [feed], output, keys),
            folder,
            policies=[self.policy],
        )
        receipt = Receipt.from_json((store / "_receipts" / "testing.json").read_bytes())
        _require_released(receipt.counts.released)


class HiddenOrder(_Item):
    """Records in another order give the same bytes."""

    def try_in(self, folder: Path) -> None:
        from tamis.testing.non_interference import assert_order_hidden, run_policy

        keys = folder / "keys.json"
        assert_order_hidden(
            self.schema,
            self.plan,
            lambda feed, output: run_policy(self.plan, [feed], output, keys),
            folder,
            policies=[self.policy],
        )


class PlantedCanaries(_Item):
    """Nothing is left of what a release does not let pass."""

    def try_in(self, folder: Path) -> None:
        from tamis.testing.canaries import Canaries
        from tamis.testing.leftovers import assert_nothing_left
        from tamis.testing.non_interference import run_policy

        assert self.release is not None
        canaries = Canaries(self.schema, self.plan, self.release)
        inputs = canaries.write(folder)
        receipt = run_policy(self.plan, inputs, folder / "store", folder / "keys.json")
        assert_nothing_left(folder / "store", of=canaries)
        _require_released(receipt.releases[self.release.id].rows)


def _require_released(records: int) -> None:
    if not records:
        raise AssertionError(
            "no synthetic record was released, so that this shows nothing: the schema or the "
            "conditions ask for values that cannot be made up (a `pattern`, a `check`); write a "
            "test with records of your own (`tamis help testing`)"
        )
