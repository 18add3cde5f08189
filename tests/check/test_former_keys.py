from collections.abc import Callable

import pytest

from tamis.check.check import check
from tamis.errors import DocumentError
from tamis.plan.project import Project


def test_a_former_key_is_refused_with_what_to_do(make_project: Callable[..., Project]) -> None:
    edit = ("schemas/people.yaml", "nir_part: sex", "nir_part: sex, quasi_identifier: true")
    with pytest.raises(DocumentError) as caught:
        check(make_project(edit))
    assert str(caught.value.problems[0]).startswith(
        "schemas/people.yaml:8:70: unknown key `quasi_identifier`: take it out, every field is "
    )
