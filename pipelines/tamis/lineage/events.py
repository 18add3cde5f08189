"""The events of one run: what began, what was committed, how it ended."""

import datetime
import os
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from openlineage.client import event_v2, facet_v2
from openlineage.client.constants import __version__ as client_version
from openlineage.client.uuid import generate_new_uuid

from tamis.errors import TamisError
from tamis.evidence.receipt import Receipt
from tamis.evidence.removal import Removal
from tamis.formats.names import withhold_names
from tamis.lineage.columns import column_lineage, input_schema, released_schema
from tamis.lineage.datasets import DatasetName, by_dataset, dataset_of, outputs_of
from tamis.plan.plan import Plan, PlanRelease
from tamis.telemetry.listener import Commit, StartedRun

State = event_v2.RunState
Tag = facet_v2.tags_dataset.TagsDatasetFacetFields
RunTag = facet_v2.tags_run.TagsRunFacetFields
Assertion = facet_v2.data_quality_assertions_dataset.Assertion
Assertions = facet_v2.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet

SOURCE = "TAMIS"
"""Who gives tags, and the integration that a job is of."""

NAMESPACE = "tamis"
"""The namespace of jobs where `OPENLINEAGE_NAMESPACE` names none."""


def job_namespace() -> str:
    """The namespace of jobs, as the environment names it."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or NAMESPACE


@dataclass
class RunEvents:
    """Makes the events of a run or of a session of a stream.

    The same id of a batch run in the same store is the same run of OpenLineage: what was begun by a
    process that was killed is completed by the one that does it again. A session is one of its own.

    Attributes:
        started: what began.
        addresses: its inputs, without credentials.
        version: of Tamis.
    """

    started: StartedRun
    addresses: tuple[str, ...]
    version: str
    _counts: Counter[str] = field(default_factory=Counter)
    _rows: Counter[str | None] = field(default_factory=Counter)
    _receipt: Receipt | None = None

    def event(self, state: State, error: TamisError | None = None) -> event_v2.RunEvent:
        """The event that tells `state`, with all that was committed until now."""
        return event_v2.RunEvent(
            eventTime=datetime.datetime.now(datetime.UTC).isoformat(),
            eventType=state,
            run=event_v2.Run(self.run_id, self._run_facets(error)),
            job=event_v2.Job(job_namespace(), self.job_name, {"jobType": self._job_type}),
            inputs=[self._input(dataset) for dataset in self._inputs],
            outputs=[self._output(release) for release in (*self.started.plan.releases, None)],
        )

    def add(self, commit: Commit) -> None:
        """Count what a commit added."""
        self._counts["in"] += commit.records
        self._counts["released"] += commit.released
        self._counts["withheld"] += commit.withheld
        self._counts["quarantined"] += sum(commit.quarantine.values())
        self._rows.update(commit.rows)
        self._rows[None] += sum(commit.quarantine.values())
        self._receipt = commit.receipt

    @cached_property
    def run_id(self) -> str:
        """The UUID of the run."""
        if self.started.is_stream:
            return str(generate_new_uuid())
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.started.output}#{self.started.run}"))

    @property
    def job_name(self) -> str:
        """What recurs: the policy, or the stream."""
        return self.started.run if self.started.is_stream else self.started.plan.policy

    @cached_property
    def _inputs(self) -> list[DatasetName]:
        return list(dict.fromkeys(map(dataset_of, self.addresses)))

    @cached_property
    def _outputs(self) -> dict[str | None, DatasetName]:
        plan = self.started.plan
        return outputs_of(
            self.started.output, plan.policy, [release.id for release in plan.releases]
        )

    @cached_property
    def _job_type(self) -> facet_v2.job_type_job.JobTypeJobFacet:
        kind = "STREAMING" if self.started.is_stream else "BATCH"
        return facet_v2.job_type_job.JobTypeJobFacet(kind, SOURCE, "RUN")

    def _run_facets(self, error: TamisError | None) -> dict[str, facet_v2.RunFacet]:
        facets = run_facets(self.version, self._run_tags())
        if error is not None:
            message = withhold_names(str(error))
            facets["errorMessage"] = facet_v2.error_message_run.ErrorMessageRunFacet(
                message, "Python"
            )
        return facets

    def _run_tags(self) -> dict[str, object]:
        plan = self.started.plan
        tags = {"run": self.started.run, "day": plan.day, "plan_sha256": plan.sha256}
        if self._receipt is not None and self._receipt.redrives:
            tags["redrives"] = self._receipt.redrives
        return tags | {f"records_{name}": count for name, count in self._counts.items()}

    def _input(self, dataset: DatasetName) -> event_v2.InputDataset:
        facets: dict[str, facet_v2.InputDatasetFacet] = {}
        if self._receipt is not None:
            parts = by_dataset(self._receipt.inputs, self._inputs)[dataset]
            rows, size = sum(part.rows for part in parts), sum(part.bytes for part in parts)
            facets["inputStatistics"] = (
                facet_v2.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                    rows, size, len(parts)
                )
            )
            facets["dataQualityMetrics"] = (
                facet_v2.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
                    {}, rows, size, len(parts)
                )
            )
            if len(self._inputs) == 1:
                facets["dataQualityAssertions"] = assertions(self._receipt)
        return event_v2.InputDataset(
            dataset.namespace,
            dataset.name,
            facets={"schema": input_schema(self.started.plan)},
            inputFacets=facets,
        )

    def _output(self, release: PlanRelease | None) -> event_v2.OutputDataset:
        output = None if release is None else release.id
        dataset = self._outputs[output]
        facets: dict[str, facet_v2.DatasetFacet] = {}
        if release is not None:
            plan = self.started.plan
            facets = {
                "schema": released_schema(plan, release),
                "columnLineage": column_lineage(plan, release, self._inputs),
                "tags": release_tags(plan, release),
            }
        counts: dict[str, facet_v2.OutputDatasetFacet] = {}
        if self._counts:
            counts["outputStatistics"] = (
                facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                    self._rows[output]
                )
            )
        return event_v2.OutputDataset(
            dataset.namespace, dataset.name, facets=facets, outputFacets=counts
        )


def removal_event(removal: Removal, store: str, version: str) -> event_v2.RunEvent:
    """The event that tells that what a run had put into a store is gone: COMPLETE, and no other.

    The same removal is the same run of OpenLineage, however often it is told.

    Args:
        removal: the evidence of it.
        store: address without credentials of where it was.
        version: of Tamis.
    """
    outputs = outputs_of(store, removal.policy, list(removal.releases))
    tags: dict[str, object] = {"run": removal.run, "removal": removal.kind}
    tags |= {f"rows_removed_{name}": rows for name, rows in removal.releases.items()}
    tags["quarantine_removed"] = removal.quarantined
    name = f"{store}#{removal.run}#{removal.kind}"
    kind = facet_v2.job_type_job.JobTypeJobFacet("BATCH", SOURCE, "COMMAND")
    return event_v2.RunEvent(
        eventTime=removal.at.isoformat(),
        eventType=State.COMPLETE,
        run=event_v2.Run(str(uuid.uuid5(uuid.NAMESPACE_URL, name)), run_facets(version, tags)),
        job=event_v2.Job(job_namespace(), f"{removal.policy}.{removal.kind}", {"jobType": kind}),
        outputs=[
            event_v2.OutputDataset(dataset.namespace, dataset.name) for dataset in outputs.values()
        ],
    )


def run_facets(version: str, tags: Mapping[str, object]) -> dict[str, facet_v2.RunFacet]:
    """What each event tells of its run: by what it runs, whose part it is, and its tags."""
    facets: dict[str, facet_v2.RunFacet] = {
        "processing_engine": facet_v2.processing_engine_run.ProcessingEngineRunFacet(
            version, "tamis", client_version
        ),
        "tags": facet_v2.tags_run.TagsRunFacet(
            [RunTag(name, str(value), SOURCE) for name, value in tags.items()]
        ),
    }
    if (parent := parent_facet()) is not None:
        facets["parent"] = parent
    return facets


def release_tags(plan: Plan, release: PlanRelease) -> facet_v2.tags_dataset.TagsDatasetFacet:
    """The legal tags of a release, and of each of its fields what it tells of a person."""
    legal = plan.tags(release, "")
    del legal["legal_run"]
    tags = [Tag(name, value, SOURCE) for name, value in legal.items() if value is not None]
    fields = [
        Tag("identifies", leaf.identifies, SOURCE, leaf.released_path) for leaf in release.leaves
    ]
    return facet_v2.tags_dataset.TagsDatasetFacet([*tags, *fields])


def assertions(receipt: Receipt) -> Assertions:
    """What the records of a run were held to, with how many were not so: one entry a cause.

    Where none was quarantined it is one entry, which holds.
    """
    made = [
        Assertion(
            cause.reason,
            success=False,
            column=cause.field or None,
            severity="warn",
            description=cause.rule,
            expected="0",
            actual=str(cause.records),
        )
        for cause in receipt.quarantine_causes or ()
    ]
    whole = Assertion("quarantine", success=True, severity="warn", expected="0", actual="0")
    return Assertions(made or [whole])


def parent_facet() -> facet_v2.parent_run.ParentRunFacet | None:
    """The run of an orchestrator that this one is part of; None where it names none, or no run.

    As others of OpenLineage's programs, `OPENLINEAGE_PARENT_ID` is NAMESPACE/JOB/RUN, and so is
    `OPENLINEAGE_ROOT_PARENT_ID` where that one is part of another.
    """
    parent = _read_parent("OPENLINEAGE_PARENT_ID")
    if parent is None:
        return None
    namespace, job, run = parent
    facet = facet_v2.parent_run.ParentRunFacet(
        facet_v2.parent_run.Run(run), facet_v2.parent_run.Job(namespace, job)
    )
    if (root := _read_parent("OPENLINEAGE_ROOT_PARENT_ID")) is not None:
        namespace, job, run = root
        facet.root = facet_v2.parent_run.Root(
            facet_v2.parent_run.RootRun(run), facet_v2.parent_run.RootJob(namespace, job)
        )
    return facet


def _read_parent(name: str) -> tuple[str, str, str] | None:
    namespace, _slash, rest = os.environ.get(name, "").partition("/")
    job, _slash, run = rest.rpartition("/")
    try:
        return (namespace, job, str(uuid.UUID(run))) if namespace and job else None
    except ValueError:
        return None
