"""A project: the documents of a folder, and the plans that are compiled from them.

This is the front door of the rooms below it: who has a folder begins with `load_project`.
"""

import datetime
from pathlib import Path

from tamis.documents.calendar import today
from tamis.documents.project import Documents, bundled_documents
from tamis.errors import UsageError
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan


class Project(Documents):
    """The documents of one folder, read when asked for, and their plans."""

    def plan(self, name: str, on: datetime.date | None = None) -> Plan:
        """The plan of the policy `name` under the law of a day.

        Args:
            name: of the policy.
            on: the day whose law applies; by default today in Europe/Paris.

        Raises:
            UsageError: no such policy, or no release of it is in force on the day.
            DocumentError: the documents are wrong, or the policy violates an invariant.
        """
        return compile_plan(self, name, on or today())


def bundled_project() -> Project:
    """The CPF project that comes with Tamis."""
    documents = bundled_documents()
    return Project(documents.folder, documents.shown)


def load_project(folder: str | Path | None = None) -> Project:
    """The project in `folder`, or by default the current folder if it is one, else the CPF's.

    Raises:
        UsageError: `folder` holds no `policies/`.
    """
    if folder is None:
        here = Path.cwd()
        return Project(here) if (here / "policies").is_dir() else bundled_project()
    path = Path(folder)
    if not (path / "policies").is_dir():
        raise UsageError(f"{folder}: not a project, it holds no folder `policies`")
    return Project(path.resolve(), str(folder))
