"""The legal reasoning of a policy: a text, or motifs that say what they rest on."""

import pytest
from pydantic import ValidationError

from tamis.check.check import check
from tamis.documents.policy import Policy
from tamis.plan.project import Project

from ..projects import make_project as make_project

RELEASE = {"item": "R6323-37.I.1", "purpose": "R6323-33.1", "from": "2021-01-01"}
POLICY = {
    "policy": "p",
    "schema": "s",
    "processing": "paie",
    "direction": "into-store",
    "releases": [RELEASE],
}


def test_a_text_is_one_motif_that_is_a_reading() -> None:
    (motif,) = Policy.model_validate(POLICY | {"motifs": "le texte ne le dit pas"}).motifs
    assert (motif.text, motif.attested, motif.source) == ("le texte ne le dit pas", "inferred", "")


def test_what_rests_on_a_secondary_source_names_it() -> None:
    motif = {"text": "deux cents heures dont cent", "attested": "secondary"}
    with pytest.raises(ValidationError, match="must have a `source`"):
        Policy.model_validate(POLICY | {"motifs": [motif]})
    named = Policy.model_validate(POLICY | {"motifs": [motif | {"source": "une page, 2024"}]})
    assert named.motifs[0].source == "une page, 2024"


def test_check_tells_what_rests_on_a_secondary_source(make_project) -> None:  # type: ignore[no-untyped-def]
    project: Project = make_project(
        (
            "policies/feed.yaml",
            "direction: into-store",
            "direction: into-store\nmotifs:\n"
            "  - {text: selon une page, attested: secondary, source: une page de 2024}",
        )
    )
    (told,) = [warning for warning in check(project) if warning.code == "secondary"]
    assert told.severity == "warning"
    assert "1 motif rests on a secondary source" in told.problem.text
    assert told.problem.line == 6
