"""The layout of a schema of a DSN: where each of its fields stands in the norm's tree of blocks.

In a schema of `format: dsn` every leaf names its `rubrique` and every list its `bloc`:

    nir:      {type: string, rubrique: S21.G00.30.001}
    siret:    {type: string, rubrique: S21.G00.06.001+S21.G00.11.001}    # one after the other
    contrats:
      type: list
      bloc: S21.G00.40                        # a child of the individu, 30
      of:
        type: struct
        fields:
          debut: {type: date32, rubrique: S21.G00.40.001}
          fin:   {type: date32, rubrique: S21.G00.62.001}                # 62: one a contract
          remunerations:
            type: list
            bloc: S21.G00.51                  # no child of 40: those whose 51.010 is its 40.009
            of: …

A record is one individu. Its own leaves come from block 30, or from the blocks around it (envoi,
declaration, employer), which travel with each record. A list's elements are the blocks that stand
under its own in the norm's tree. Blocks 51, 52 and 78 stand under a versement, 50, and name their
contract by number: in a list of contracts they are those of the contract, in a list of versements
those of the versement, directly in the record those that name no contract of the individu, or a
number that several contracts bear. A `struct` only groups leaves.

The tree is that of the monthly DSN, cahier technique 2025.1, § 5.5; other natures hold a part of
it. In every block the norm lists the rubriques in ascending order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tamis.errors import DocumentError, Problem
from tamis.language import _
from tamis.plan.plan import PlanField

ENVOI = "S10.G00.00"
DECLARATION = "S20.G00.05"
ENTREPRISE = "S21.G00.06"
ETABLISSEMENT = "S21.G00.11"
INDIVIDU = "S21.G00.30"
CONTRAT = "S21.G00.40"
NUMERO_DE_CONTRAT = "009"

_CHILDREN: Mapping[str, tuple[str, ...]] = {
    ENVOI: ("S10.G00.01", "S10.G00.02", DECLARATION),
    DECLARATION: ("S20.G00.07", "S20.G00.08", ENTREPRISE),
    ENTREPRISE: ("S21.G00.13", ETABLISSEMENT),
    ETABLISSEMENT: (
        *("S21.G00.12", "S21.G00.15", "S21.G00.82", "S21.G00.20", "S21.G00.22", "S21.G00.44"),
        INDIVIDU,
    ),
    "S21.G00.15": ("S21.G00.16",),
    "S21.G00.20": ("S21.G00.55",),
    "S21.G00.22": ("S21.G00.23",),
    INDIVIDU: (*("S21.G00.31", "S21.G00.34", CONTRAT, "S21.G00.50", "S21.G00.86", "S21.G00.98"),),
    CONTRAT: (
        *("S21.G00.41", "S21.G00.45", "S21.G00.60", "S21.G00.62", "S21.G00.65"),
        *("S21.G00.70", "S21.G00.71"),
    ),
    "S21.G00.60": ("S21.G00.66",),
    "S21.G00.62": ("S21.G00.63",),
    "S21.G00.70": ("S21.G00.73",),
    "S21.G00.71": ("S21.G00.72",),
    "S21.G00.50": (
        *("S21.G00.51", "S21.G00.52", "S21.G00.54", "S21.G00.56", "S21.G00.58"),
        *("S21.G00.78", "S21.G00.83", "S21.G00.95"),
    ),
    "S21.G00.51": ("S21.G00.53",),
    "S21.G00.78": ("S21.G00.79", "S21.G00.81"),
    "S21.G00.83": ("S21.G00.84",),
}

PARENT: Mapping[str, str] = {
    child: parent for parent, children in _CHILDREN.items() for child in children
}

JOINTS: Mapping[str, str] = {"S21.G00.51": "010", "S21.G00.52": "006", "S21.G00.78": "006"}
"""Blocks under a versement that name a contract: the rubrique in which they do."""

SINGLE = frozenset(
    {ENVOI, "S10.G00.01", "S10.G00.02", DECLARATION, ENTREPRISE, ETABLISSEMENT}
    | {"S21.G00.45", "S21.G00.62"}
)
"""Blocks that occur at most once under their parent."""


def children_of(bloc: str) -> tuple[str, ...]:
    """The blocks directly under `bloc`, in the norm's order.

    Example:
        >>> children_of("S21.G00.78")
        ('S21.G00.79', 'S21.G00.81')
    """
    return _CHILDREN.get(bloc, ())


def blocks_below(bloc: str) -> Iterator[str]:
    """The blocks under `bloc` in the norm's tree, at any depth.

    Example:
        >>> list(blocks_below("S21.G00.51"))
        ['S21.G00.53']
    """
    for child in children_of(bloc):
        yield child
        yield from blocks_below(child)


BELOW_INDIVIDU = frozenset(blocks_below(INDIVIDU))
AROUND_INDIVIDU = frozenset(blocks_below(ENVOI)) - BELOW_INDIVIDU - {INDIVIDU} | {ENVOI}


class Bloc:
    """A block of a DSN.

    Attributes:
        values: the values that were collected, by the last three digits of their rubriques.
        children: the blocks under it, by their names.
    """

    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.children: dict[str, list[Bloc]] = {}


@dataclass(frozen=True)
class DsnLeaf:
    """A value: its parts, each a block (None: the one being read) and a rubrique's last digits."""

    name: str
    parts: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True)
class DsnGroup:
    """A struct: members of the same block under a name of their own."""

    name: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True)
class DsnList:
    """A list: one element for each block of one name under the block that is read."""

    name: str
    bloc: str
    members: "tuple[Member, ...]"


Member = DsnLeaf | DsnGroup | DsnList


@dataclass(frozen=True)
class DsnLayout:
    """Which values are collected of an individu, and how they are nested.

    Attributes:
        members: the record's fields.
        rubriques: the rubriques to collect, also those by which blocks name their contract.
        blocs: the blocks that hold these, and all blocks above them.
        singles: the blocks that may occur only once under their parent.
        joined: the blocks under a versement that are given to the contract that they name.
    """

    members: tuple[Member, ...]
    rubriques: frozenset[str] = field(init=False)
    blocs: frozenset[str] = field(init=False)
    singles: frozenset[str] = field(init=False)
    joined: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        rubriques: set[str] = set()
        blocs: set[str] = set()
        joined: set[str] = set()
        for scope, member in _walk(self.members, INDIVIDU):
            if isinstance(member, DsnLeaf):
                rubriques |= {f"{bloc or scope}.{rubrique}" for bloc, rubrique in member.parts}
            elif isinstance(member, DsnList):
                blocs.add(member.bloc)
                if PARENT[member.bloc] != scope and member.bloc in JOINTS:
                    joined.add(member.bloc)
        if joined:
            rubriques |= {f"{bloc}.{JOINTS[bloc]}" for bloc in joined}
            rubriques.add(f"{CONTRAT}.{NUMERO_DE_CONTRAT}")
        blocs |= {bloc_of(rubrique) for rubrique in rubriques}
        singles = SINGLE & {bloc_of(rubrique) for rubrique in rubriques} & BELOW_INDIVIDU
        for bloc in list(blocs):
            while (bloc := PARENT.get(bloc, INDIVIDU)) in BELOW_INDIVIDU | AROUND_INDIVIDU:
                blocs.add(bloc)
        object.__setattr__(self, "rubriques", frozenset(rubriques))
        object.__setattr__(self, "blocs", frozenset(blocs))
        object.__setattr__(self, "singles", frozenset(singles))
        object.__setattr__(self, "joined", frozenset(joined))


def bloc_of(rubrique: str) -> str:
    """The block of a rubrique.

    Example:
        >>> bloc_of("S21.G00.30.001")
        'S21.G00.30'
    """
    return rubrique[:10]


def layout_of(fields: Iterable[PlanField], file: str = "schema") -> DsnLayout:
    """The layout of the fields of a schema of `format: dsn`.

    Args:
        fields: the plan's, so that only what some release keeps or tests is read.
        file: the schema's name, for messages.

    Raises:
        DocumentError: a leaf has no `rubrique`, a list has no `bloc`, or the norm's tree does not
            have them there.
    """
    return DsnLayout(tuple(_member(field, INDIVIDU, "", file) for field in fields))


def _member(spec: PlanField, scope: str, above: str, file: str) -> Member:
    path = f"{above}{spec.name}"
    if spec.type == "list":
        if spec.of is None or not spec.of.fields:
            raise _wrong(file, path, _("a list of a DSN is a list of structs"))
        scope = _list_bloc(spec.bloc, scope, path, file)
        inside = tuple(_member(field, scope, f"{path}.", file) for field in spec.of.fields)
        return DsnList(spec.name, scope, inside)
    if spec.fields:
        inside = tuple(_member(field, scope, f"{path}.", file) for field in spec.fields)
        return DsnGroup(spec.name, inside)
    return DsnLeaf(spec.name, _parts(spec.rubrique, scope, path, file))


def _list_bloc(bloc: str | None, scope: str, path: str, file: str) -> str:
    if bloc is None:
        raise _wrong(file, path, _("a list of a DSN says its `bloc`"))
    around = scope == INDIVIDU and bloc in AROUND_INDIVIDU - SINGLE
    around = around and PARENT[bloc] in SINGLE
    joined = bloc in JOINTS and scope in (INDIVIDU, CONTRAT)
    if PARENT.get(bloc) != scope and not around and not joined:
        problem = _("block `{bloc}` does not stand under `{scope}`", bloc=bloc, scope=scope)
        raise _wrong(file, path, problem)
    return bloc


def _parts(
    rubriques: str | None, scope: str, path: str, file: str
) -> tuple[tuple[str | None, str], ...]:
    if rubriques is None:
        raise _wrong(file, path, _("a leaf of a DSN says its `rubrique`"))
    parts: list[tuple[str | None, str]] = []
    for rubrique in rubriques.split("+"):
        bloc, suffix = bloc_of(rubrique), rubrique[11:]
        single = bloc in SINGLE and PARENT.get(bloc) == scope
        around = scope == INDIVIDU and bloc in SINGLE & AROUND_INDIVIDU
        if len(suffix) != 3 or not suffix.isdecimal():
            problem = _("`{rubrique}` is no rubrique, such as S21.G00.30.001", rubrique=rubrique)
            raise _wrong(file, path, problem)
        if bloc != scope and not single and not around:
            problem = _(
                "rubrique `{rubrique}` does not stand under `{scope}`",
                rubrique=rubrique,
                scope=scope,
            )
            raise _wrong(file, path, problem)
        parts.append((None if bloc == scope else bloc, suffix))
    return tuple(parts)


def _walk(members: tuple[Member, ...], scope: str) -> Iterator[tuple[str, Member]]:
    for member in members:
        yield scope, member
        if isinstance(member, DsnGroup):
            yield from _walk(member.members, scope)
        elif isinstance(member, DsnList):
            yield from _walk(member.members, member.bloc)


def _wrong(file: str, path: str, problem: str) -> DocumentError:
    return DocumentError(
        Problem(file, 0, 0, _("field `{path}`: {problem}", path=path, problem=problem))
    )
