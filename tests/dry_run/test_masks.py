"""Masks tell what values look like, and no letter, no short or single value."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tamis
from tamis.dry_run.marks import LeafMarks, Measured
from tamis.dry_run.masks import LONGEST, Masks, mask
from tamis.filter.tally import Cause
from tamis.plan.plan import PlanField, PlanLeaf

from ..runs.test_fail_on import SCHEMA, make_plan

TEXTS = {
    "3 342,69": "# ###,##",
    "3\u00a0342,69": "#[U+00A0]###,##",
    "3\u202f342,69": "#[U+202F]###,##",
    "12\t€": "##[U+0009]€",
    "néant": "xxx",
    "Jean-Aimé d'Arc": "xxx-xxx x'xxx",
    "e\u0301te\u0301": "xxx",
    "a@b.fr": "x?x.xx",
    "x#y": "x?x",
    "١٢": "##",
    "": "",
    "a" * (LONGEST + 1): None,
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_mask_keeps_digits_letters_and_separators_apart(text: str) -> None:
    assert mask(pa.array([text])).to_pylist() == [TEXTS[text]]


def test_masks_are_told_of_values_that_are_no_text_and_of_five_records(tmp_path: Path) -> None:
    schema = SCHEMA.replace('{csv: {separator: ";"}}', "csv").replace(
        "nom: {", "nom: {nullable: false, "
    )
    plan = make_plan(tmp_path, schema=schema)
    amounts = ["3 342,69"] * 5 + ["12,5 €"] * 4 + ["1.50"]
    batch = pa.record_batch(
        {"nom": ["Durand"] * 9 + [None], "montant": amounts, "dispositif": ["CPF"] * 10}
    )
    done = tamis.minimize(batch, plan)
    halves = [Masks(), Masks()]
    for half, start in zip(halves, (0, 5), strict=True):
        part = batch.slice(start, 5)
        half.add(part, tamis.minimize(part, plan).quarantined, plan)
    halves[0].merge(halves[1])
    told = [vars(shape) for shape in halves[0].extract()]
    kind = "decimal128(12, 2)"
    assert done.tally.reasons == {"type": 9, "null": 1}
    assert told == [{"field": "montant", "rule": kind, "mask": "# ###,##", "records": 5}]
    assert halves[0].counts == {
        Cause("type", "montant", kind): Counter({"# ###,##": 5, "##,# €": 4})
    }


def test_masks_of_a_wild_column_stay_few() -> None:
    masks = Masks()
    for width in range(1, 40):
        cause = Cause("type", "n", "int32")
        masks._add(cause, Counter({f"{'#' * width},{at}": 1 for at in range(100)}))
    assert len(masks.counts[cause]) == 200
    assert masks.extract() == []


def test_released_texts_are_told_by_the_form_that_most_have_and_five_records_at_least() -> None:
    spec = PlanField("code", "string")
    measured = Measured(PlanLeaf("code", "kept", ("…",)), spec)
    persons = np.arange(6, dtype=np.uint64)
    five = pa.array(["RNCP123"] * 5 + ["RS12"])
    marks, others = LeafMarks(), LeafMarks()
    marks.add(five, persons, measured)
    assert marks.look == "xxx###"

    few = LeafMarks()
    few.add(five.slice(1), persons[1:], measured)
    assert few.look is None  # four records have the form that most have
    others.add(five.slice(0, 1), persons[:1], measured)
    few.merge(others)
    assert few.look == "xxx###"
    one = LeafMarks()
    one.add(five, np.zeros(6, np.uint64), measured)
    assert one.look is None  # six values of a list, and one record
