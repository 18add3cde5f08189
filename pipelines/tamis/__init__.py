"""Tamis: a data-minimization filter for the CPF, built into Apache Beam pipelines.

Every name here is imported when it is first used, so that `tamis check` loads no Beam.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.beam.batch import Batch as Batch
    from tamis.beam.in_memory import FromArrow as FromArrow
    from tamis.beam.in_memory import FromDicts as FromDicts
    from tamis.beam.in_memory import FromRows as FromRows
    from tamis.beam.minimize import Minimize as Minimize
    from tamis.beam.postgres import ReadTables as ReadTables
    from tamis.beam.read import ReadAvro as ReadAvro
    from tamis.beam.read import ReadCsv as ReadCsv
    from tamis.beam.read import ReadDsn as ReadDsn
    from tamis.beam.read import ReadFiles as ReadFiles
    from tamis.beam.read import ReadJsonLines as ReadJsonLines
    from tamis.beam.read import ReadParquet as ReadParquet
    from tamis.beam.store import PostgresStore as PostgresStore
    from tamis.beam.store import Store as Store
    from tamis.errors import TamisError as TamisError
    from tamis.filter.minimize import Minimized as Minimized
    from tamis.filter.minimize import minimize as minimize
    from tamis.nir.find import find_nir as find_nir
    from tamis.nir.profile import NirProfile as NirProfile
    from tamis.nir.profile import profile_nir as profile_nir
    from tamis.plan.plan import Plan as Plan
    from tamis.plan.project import Project as Project
    from tamis.plan.project import load_project as load_project

_HOMES = {
    "Batch": "tamis.beam.batch",
    "FromArrow": "tamis.beam.in_memory",
    "FromDicts": "tamis.beam.in_memory",
    "FromRows": "tamis.beam.in_memory",
    "Minimize": "tamis.beam.minimize",
    "Minimized": "tamis.filter.minimize",
    "NirProfile": "tamis.nir.profile",
    "Plan": "tamis.plan.plan",
    "PostgresStore": "tamis.beam.store",
    "Project": "tamis.plan.project",
    "ReadAvro": "tamis.beam.read",
    "ReadCsv": "tamis.beam.read",
    "ReadDsn": "tamis.beam.read",
    "ReadFiles": "tamis.beam.read",
    "ReadJsonLines": "tamis.beam.read",
    "ReadParquet": "tamis.beam.read",
    "ReadTables": "tamis.beam.postgres",
    "Store": "tamis.beam.store",
    "TamisError": "tamis.errors",
    "find_nir": "tamis.nir.find",
    "load_project": "tamis.plan.project",
    "minimize": "tamis.filter.minimize",
    "profile_nir": "tamis.nir.profile",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `tamis` has no attribute `{name}`")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
