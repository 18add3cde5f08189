"""`policies/project.yaml`: what it allows is for a policy that there is, with reason and day."""

from pathlib import Path
from typing import Any

import pytest

from tamis.check.check import check
from tamis.documents.context import open_policy
from tamis.errors import DocumentError
from tamis.plan.project import load_project

from ..projects import copy_base

GOOD = "le registre définitif est attendu"


def write(folder: Path, **more: Any) -> None:
    given = {"what": "example", "policy": "feed", "because": GOOD, "by": "DPO"} | more
    keys = ", ".join(f"{key}: {value}" for key, value in ({"until": "2999-01-01"} | given).items())
    (folder / "policies" / "project.yaml").write_text(f"exceptions:\n  - {{{keys}}}\n")


def codes(folder: Path) -> set[str]:
    return {told.code for told in check(load_project(folder)) if told.severity == "error"}


def test_what_is_allowed_is_known_of_its_policy_alone(tmp_path: Path) -> None:
    project = load_project(copy_base(tmp_path / "p"))
    write(tmp_path / "p")
    assert "project" not in project.policies()
    assert codes(tmp_path / "p") == set()
    assert [known.what for known in open_policy(project, "feed").exceptions] == ["example"]
    assert open_policy(project, "aid").exceptions == ()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": "2026-01-01"}, "exception-past"),
        ({"policy": "fed"}, "exception-policy"),
        ({"because": "bon"}, "short-reason"),
    ],
)
def test_an_exception_that_does_not_hold_is_a_violation(
    tmp_path: Path, more: dict[str, str], code: str
) -> None:
    copy_base(tmp_path / "p")
    write(tmp_path / "p", **more)
    assert codes(tmp_path / "p") == {code}


def test_what_nobody_can_allow_is_refused(tmp_path: Path) -> None:
    copy_base(tmp_path / "p")
    write(tmp_path / "p", what="everything")
    with pytest.raises(
        DocumentError, match="must be `example`, `unconfirmed`, `empty` or `no-identifier`"
    ):
        check(load_project(tmp_path / "p"))
