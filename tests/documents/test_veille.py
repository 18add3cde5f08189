"""Texts whose newer version nobody has read: what cites them is told, and stops a run."""

import datetime
from pathlib import Path

import pytest

from tamis.check.check import check
from tamis.documents.context import open_policy
from tamis.errors import UsageError
from tamis.plan.guards import check_unconfirmed
from tamis.plan.project import Project, bundled_project

from ..projects import copy_base

UNREAD = (
    "policies/veille.yaml",
    "texts: {}",
    "texts:\n"
    "  R. 6323-1:\n"
    "    from: 2023-05-01\n"
    "    version: LEGIARTI000000000001\n"
    "    source: un index\n"
    "    read_on: 2023-06-01",
)
CITED = ("policies/feed.yaml", "calculer les droits", "calculer les droits (R. 6323-1, I)")


def project(folder: Path, *edits: tuple[str, str, str]) -> Project:
    return Project(copy_base(folder / "project", edits))


def test_what_cites_an_unread_text_stops_from_its_day_on(tmp_path: Path) -> None:
    cpf = project(tmp_path, UNREAD, CITED)
    before, after = cpf.plan("feed", on="2023-04-30"), cpf.plan("feed", on="2023-05-01")
    assert before.releases[0].to_confirm == ()
    assert before.valid_until == datetime.date(2023, 5, 1)
    assert after.releases[0].to_confirm == (
        "R. 6323-1: its version LEGIARTI000000000001 (2023-05-01) is not read",
    )
    assert before.sha256 == after.sha256
    check_unconfirmed(before, False)
    with pytest.raises(UsageError, match=r"R\. 6323-1: its version"):
        check_unconfirmed(after, False)
    (warning,) = (violation for violation in check(cpf) if violation.code == "unread-text")
    assert warning.severity == "warning"
    assert "`run` asks for --allow-unconfirmed: feed" in warning.problem.text


def test_what_cites_another_text_does_not(tmp_path: Path) -> None:
    for cited in ("(R. 6323-11)", "(R. 6323-1-2)", "(CSS R. 6323-1)"):
        cpf = project(tmp_path, UNREAD, (CITED[0], CITED[1], f"calculer les droits {cited}"))
        assert cpf.plan("feed", on="2023-05-01").releases[0].to_confirm == ()


def test_the_shipped_policies_that_rest_on_unread_texts_are_known() -> None:
    cpf = bundled_project()
    citing = {
        reference: name
        for name in cpf.policies()
        for context in [open_policy(cpf, name)]
        for release in context.policy.releases
        for reference in context.unread(release)
    }
    assert citing["L. 4141-5"] == "prevention-jdr"
    assert citing["L. 6113-8"] == "certificateurs-passeport"
    assert citing["L. 6353-10"] == "cpir-partage"
