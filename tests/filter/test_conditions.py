"""`present`, and `when` on the fields of a list's elements."""

from typing import Any

import pyarrow as pa

from tamis.documents.tags import TAGS
from tamis.filter.minimize import minimize
from tamis.plan.plan import Plan, PlanCondition, PlanField

from .. import plans
from ..plans import leaf, release

DAYS = PlanField(
    "arrets",
    "list",
    of=PlanField(
        "item",
        "struct",
        fields=(
            PlanField("prevu", "int32"),
            PlanField("reprise", "int32"),
            PlanField("codes", "list", of=PlanField("item", "string")),
        ),
    ),
)
FIELDS = (
    PlanField("dossier", "string"),
    PlanField(
        "contrats",
        "list",
        of=PlanField("item", "struct", fields=(PlanField("nature", "string"), DAYS)),
    ),
)


def plan_of(leaves: dict[str, tuple[PlanCondition, ...]], **more: Any) -> Plan:
    """A plan that keeps leaves, each with what its `when` asks."""
    kept = (leaf(path, when=(when,) if when else ()) for path, when in leaves.items())
    return plans.plan_of(*FIELDS, release(*kept, **more))


def released(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    done = minimize(pa.RecordBatch.from_pylist(rows), plan)
    rows_out: list[dict[str, Any]] = done.released["r"].drop_columns(list(TAGS)).to_pylist()
    return rows_out


def test_only_records_in_which_a_field_is_present_are_released() -> None:
    plan = plan_of({"dossier": ()}, where=(PlanCondition("dossier", (), "rattacher l'aide"),))
    done = minimize(pa.RecordBatch.from_pylist([{"dossier": "D1"}, {"dossier": None}]), plan)
    assert done.released["r"]["dossier"].to_pylist() == ["D1"]
    assert [(key.condition, n) for key, n in done.tally.unmet.items()] == [
        ("dossier not present", 1)
    ]


def test_when_tests_the_element_that_a_field_is_in() -> None:
    reprise = PlanCondition("contrats.arrets.reprise", (1, 2), "la date réelle suffit")
    nature = PlanCondition("contrats.nature", ("01",), "emplois seulement")
    plan = plan_of(
        {
            "contrats.arrets.prevu": (reprise, nature),
            "contrats.arrets.codes": (nature,),
            "contrats.arrets.reprise": (),
        }
    )
    rows: list[dict[str, Any]] = [
        {
            "contrats": [
                {
                    "nature": "01",
                    "arrets": [
                        {"prevu": 10, "reprise": 1, "codes": ["a"]},
                        {"prevu": 11, "reprise": None, "codes": None},
                        {"prevu": 12, "reprise": 3, "codes": []},
                    ],
                },
                {"nature": "29", "arrets": [{"prevu": 13, "reprise": 2, "codes": ["b"]}]},
                {"nature": "01", "arrets": []},
                None,
            ]
        },
        {"contrats": [{"nature": None, "arrets": [{"prevu": 14, "reprise": 1, "codes": ["c"]}]}]},
        {"contrats": None},
    ]
    assert [row["contrats"] for row in released(rows, plan)] == [
        [
            {
                "arrets": [
                    {"prevu": 10, "reprise": 1, "codes": ["a"]},
                    {"prevu": None, "reprise": None, "codes": None},
                    {"prevu": None, "reprise": 3, "codes": []},
                ]
            },
            {"arrets": [{"prevu": None, "reprise": 2, "codes": None}]},
            {"arrets": []},
            None,
        ],
        [{"arrets": [{"prevu": None, "reprise": 1, "codes": None}]}],
        None,
    ]


def test_an_element_that_cannot_be_tested_quarantines_its_record() -> None:
    present = PlanCondition("contrats.arrets.reprise", (), "une fin connue")
    plan = plan_of({"contrats.arrets.prevu": (present,)})

    def contract(reprise: str | None) -> dict[str, Any]:
        return {"contrats": [{"arrets": [{"prevu": "1", "reprise": reprise}]}]}

    done = minimize(
        pa.RecordBatch.from_pylist([contract("2"), contract("x"), contract(None)]), plan
    )
    assert done.released["r"]["contrats"].to_pylist() == [
        [{"arrets": [{"prevu": 1}]}],
        [{"arrets": [{"prevu": None}]}],
    ]
    assert [tuple(row.values()) for row in done.quarantined.to_pylist()] == [
        (1, "type", "contrats.arrets.reprise", "int32")
    ]
