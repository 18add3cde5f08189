"""Tamis: a data-minimization filter for the CPF, built into Apache Beam pipelines.

Begin with `load_project`: a project's policies are compiled to a `Plan`. `minimize` is the filter
without Beam; with Beam, `ReadFiles` or `FromDicts`, then `Minimize`, then `Store`. Every public
name stands on the page `manual/python.md`.

Every name here is imported when it is first used, so that `tamis check` loads no Beam.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.beam.batch import Batch as Batch
    from tamis.beam.batch import Input as Input
    from tamis.beam.in_memory import FromArrow as FromArrow
    from tamis.beam.in_memory import FromDicts as FromDicts
    from tamis.beam.in_memory import FromRows as FromRows
    from tamis.beam.keys import KeyRef as KeyRef
    from tamis.beam.minimize import Minimize as Minimize
    from tamis.beam.minimize import Outputs as Outputs
    from tamis.beam.postgres import ReadTables as ReadTables
    from tamis.beam.read import ReadAvro as ReadAvro
    from tamis.beam.read import ReadCsv as ReadCsv
    from tamis.beam.read import ReadDsn as ReadDsn
    from tamis.beam.read import ReadFiles as ReadFiles
    from tamis.beam.read import ReadJsonLines as ReadJsonLines
    from tamis.beam.read import ReadParquet as ReadParquet
    from tamis.beam.read import ReadSpreadsheet as ReadSpreadsheet
    from tamis.beam.read import ReadXml as ReadXml
    from tamis.beam.released import ToArrow as ToArrow
    from tamis.beam.released import ToDicts as ToDicts
    from tamis.beam.released import ToRows as ToRows
    from tamis.beam.store import PostgresStore as PostgresStore
    from tamis.beam.store import Store as Store
    from tamis.errors import DocumentError as DocumentError
    from tamis.errors import InputError as InputError
    from tamis.errors import KeysError as KeysError
    from tamis.errors import NirColumnError as NirColumnError
    from tamis.errors import Problem as Problem
    from tamis.errors import RefusedError as RefusedError
    from tamis.errors import RunError as RunError
    from tamis.errors import TamisError as TamisError
    from tamis.errors import UsageError as UsageError
    from tamis.evidence.receipt import Receipt as Receipt
    from tamis.evidence.receipt import RunFacts as RunFacts
    from tamis.filter.execution import Minimized as Minimized
    from tamis.filter.minimize import minimize as minimize
    from tamis.filter.quarantine import QUARANTINE_SCHEMA as QUARANTINE_SCHEMA
    from tamis.filter.tally import Tally as Tally
    from tamis.filter.treat import KeySource as KeySource
    from tamis.formats.chunk import Chunk as Chunk
    from tamis.formats.chunk import PartKey as PartKey
    from tamis.keys.keyring import DerivedKey as DerivedKey
    from tamis.keys.keyring import Keyring as Keyring
    from tamis.keys.keyring import open_keyring as open_keyring
    from tamis.limited.persons import LimitedPersons as LimitedPersons
    from tamis.limited.persons import open_list as open_list
    from tamis.limits import Limits as Limits
    from tamis.nir.find import find_nir as find_nir
    from tamis.nir.find import redact as redact
    from tamis.nir.profile import NirProfile as NirProfile
    from tamis.nir.profile import profile_nir as profile_nir
    from tamis.plan.plan import Plan as Plan
    from tamis.plan.plan import PlanField as PlanField
    from tamis.plan.plan import PlanRelease as PlanRelease
    from tamis.plan.project import Project as Project
    from tamis.plan.project import load_project as load_project
    from tamis.plan.schemas import released_schema as released_schema

_NAMES = {
    "tamis.beam.batch": "Batch Input",
    "tamis.beam.in_memory": "FromArrow FromDicts FromRows",
    "tamis.beam.keys": "KeyRef",
    "tamis.beam.minimize": "Minimize Outputs",
    "tamis.beam.postgres": "ReadTables",
    "tamis.beam.read": "ReadAvro ReadCsv ReadDsn ReadFiles ReadJsonLines ReadParquet ReadXml "
    "ReadSpreadsheet",
    "tamis.beam.released": "ToArrow ToDicts ToRows",
    "tamis.beam.store": "PostgresStore Store",
    "tamis.errors": "DocumentError InputError KeysError NirColumnError Problem RefusedError "
    "RunError TamisError UsageError",
    "tamis.evidence.receipt": "Receipt RunFacts",
    "tamis.filter.execution": "Minimized",
    "tamis.filter.minimize": "minimize",
    "tamis.filter.quarantine": "QUARANTINE_SCHEMA",
    "tamis.filter.tally": "Tally",
    "tamis.filter.treat": "KeySource",
    "tamis.formats.chunk": "Chunk PartKey",
    "tamis.keys.keyring": "DerivedKey Keyring open_keyring",
    "tamis.limited.persons": "LimitedPersons open_list",
    "tamis.limits": "Limits",
    "tamis.nir.find": "find_nir redact",
    "tamis.nir.profile": "NirProfile profile_nir",
    "tamis.plan.plan": "Plan PlanField PlanRelease",
    "tamis.plan.project": "Project load_project",
    "tamis.plan.schemas": "released_schema",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `tamis` has no attribute `{name}`")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
