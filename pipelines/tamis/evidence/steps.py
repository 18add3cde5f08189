"""Steps: what the commits of a stream add, one after the other, to the receipt of their period.

A receipt has some thousand bytes, most of which say what the plan does, and a stream may commit a
hundred times a second. So a period's receipt is written when the period begins, without counts,
and again with all of them when it ends. In between each commit writes its own step, which has what
it read and counted and no more. `with_steps` gives the receipt of a period that is under way, or
whose process was killed.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence

from tamis.evidence.causes import CausePart, UnmetPart, cause_parts, counted_causes, unmet_parts
from tamis.evidence.part import Part
from tamis.evidence.receipt import (
    Drift,
    FilePart,
    Files,
    InputPart,
    Receipt,
    counted,
)
from tamis.filter.tally import Tally, Unmet, merge, merge_causes


class Step(Part):
    """What one commit of a stream adds to its period: counts and names, never values.

    Attributes:
        run: id of the period's receipt.
        at: when, UTC.
        inputs: what was read, by partition.
        present: names of the schema that are met for the first time in the period.
        unknown: all other names that may be told so far; None as long as the same are.
    """

    run: str
    at: datetime.datetime
    inputs: list[InputPart]
    present: list[str] = []
    unknown: list[str] | None = None
    records: int = 0
    released: int = 0
    withheld: int = 0
    causes: list[CausePart] = []
    unmet: list[UnmetPart] = []
    rows: dict[str, int] = {}
    redacted: dict[str, dict[str, int]] = {}
    anomalies: dict[str, int] = {}
    chance: dict[str, tuple[int, int]] = {}

    @classmethod
    def of(
        cls,
        run: str,
        tally: Tally,
        inputs: list[InputPart],
        present: Iterable[str],
        unknown: list[str] | None,
    ) -> "Step":
        """Return the step of a commit that happens now; columns that are missing are not in it."""
        return cls(
            run=run,
            at=datetime.datetime.now(datetime.UTC),
            inputs=inputs,
            present=sorted(present),
            unknown=unknown,
            records=tally.records,
            released=tally.released,
            withheld=tally.withheld,
            causes=cause_parts(tally.quarantine),
            unmet=unmet_parts(tally),
            rows=dict(tally.rows),
            redacted={release: dict(counts) for release, counts in tally.redacted.items()},
            anomalies=dict(tally.anomalies),
            chance=tally.chance,
        )

    @property
    def tally(self) -> Tally:
        """The counts, without the names of columns."""
        return Tally(
            records=self.records,
            released=self.released,
            withheld=self.withheld,
            quarantine=merge_causes(counted_causes(self.causes)),
            unmet=Counter(
                {Unmet(part.release, part.condition): part.records for part in self.unmet}
            ),
            rows=Counter(self.rows),
            redacted={release: Counter(counts) for release, counts in self.redacted.items()},
            anomalies=Counter(self.anomalies),
            chance=dict(self.chance),
        )

    def to_json(self) -> str:
        """The step as JSON on one line."""
        return self.model_dump_json(exclude_defaults=True)


def with_steps(begun: Receipt, steps: Sequence[Step]) -> Receipt:
    """The receipt of a period up to the last of its steps.

    Args:
        begun: as it was written when the period began: without counts, with the places of rows,
            and with all names of the schema as missing.
        steps: all of the period, in their order.

    Raises:
        RunError: a count does not add up.
    """
    tally = merge(step.tally for step in steps)
    inputs: dict[str, InputPart] = {}
    for part in (part for step in steps for part in step.inputs):
        inputs[part.uri] = _joined(inputs[part.uri], part) if part.uri in inputs else part
    files: Files = {
        **{
            release: _filled(part.files, tally.rows[release])
            for release, part in begun.releases.items()
        },
        None: _filled(begun.quarantine_files, tally.quarantined),
    }
    missing = set(begun.drift.missing).difference(*(step.present for step in steps))
    unknown = [step.unknown for step in steps if step.unknown is not None]
    units: dict[str, int] = {}
    for release, rows in (pair for step in steps for pair in step.rows.items()):
        units[release] = min(rows, units.get(release, rows))
    return counted(begun, tally, inputs.values(), files, units).model_copy(
        update={
            "ended": max((step.at for step in steps), default=begun.started),
            "drift": Drift(unknown=unknown[-1] if unknown else [], missing=sorted(missing)),
        }
    )


def _joined(part: InputPart, later: InputPart) -> InputPart:
    """One part over both, of which `later` begins where `part` ends or after."""
    rows, size = part.rows + later.rows, part.bytes + later.bytes
    return part.model_copy(update={"rows": rows, "bytes": size, "next": later.next})


def _filled(places: Iterable[FilePart] | None, rows: int) -> list[FilePart]:
    return [place.model_copy(update={"rows": rows}) for place in places or () if rows]
