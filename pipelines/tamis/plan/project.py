"""A project: the documents of a folder, and the plans that are compiled from them.

This is the front door of the rooms below it: who has a folder begins with `load_project`.
"""

import datetime
from pathlib import Path

from tamis.address import require_file
from tamis.documents.calendar import parse_day, today
from tamis.documents.project import BUNDLED, Documents, bundled_documents
from tamis.errors import UsageError
from tamis.language import _
from tamis.plan.compile import compile_plan
from tamis.plan.plan import Plan


class Project(Documents):
    """The documents of one folder, each read at its first use, and their plans.

    Example:
        >>> sorted(load_project("cpf").policies())[:2]
        ['accompagnement-parcours', 'benevolat-engagement']
    """

    def __repr__(self) -> str:
        """The folder, as messages name it."""
        return f"Project({self.shown or self.folder})"

    def plan(self, name: str, on: datetime.date | str | None = None) -> Plan:
        """Return the plan of the policy `name` under the law of a day.

        Args:
            name: of the policy.
            on: the day whose law applies, also as text (`2026-11-23`); by default today in
                Europe/Paris.

        Raises:
            UsageError: no such policy, no such day, or no release of it is in force on the day.
            DocumentError: the documents are wrong, or the policy violates a rule.

        Example:
            >>> load_project("cpf").plan("cpir-partage", on="2026-01-01").processing
            'cpir-si-national-commun'
        """
        if on is None:
            on = today()
        return compile_plan(self, name, parse_day(on) if isinstance(on, str) else on)


def bundled_project() -> Project:
    """Return the CPF project that comes with Tamis."""
    documents = bundled_documents()
    return Project(documents.folder, documents.shown)


def load_project(folder: str | Path | None = None) -> Project:
    """Return the project in a folder.

    Args:
        folder: of the project; by default the current one. `"cpf"` is the CPF project that comes
            with Tamis; a folder of that name is `"./cpf"`.

    Raises:
        UsageError: the folder has no folder `policies`.

    Example:
        >>> load_project("cpf").plan("cpir-partage", on="2026-01-01").releases[0].id
        'partage'
    """
    if folder == BUNDLED:
        return bundled_project()
    path = Path.cwd() if folder is None else Path(folder)
    if folder is not None:
        require_file(path)
    if not (path / "policies").is_dir():
        raise UsageError(
            _(
                "{folder}: not a project, it must have a folder `policies`; give --project DIR, or "
                "--project cpf for the one that comes with Tamis",
                folder=path,
            )
        )
    return Project(path.resolve(), "" if folder is None else str(folder))
