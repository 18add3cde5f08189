"""Synthetic records as a monthly DSN (NEODeS text), of any size, in bounded memory.

write_dsn  records as the rubriques that their schema names
DsnStyle   how the file is written: what the norm asks for, and what is met in practice
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final

from tamis.documents.schema import FieldSpec, Schema
from tamis.formats.dsn.layout import (
    AROUND_INDIVIDU,
    BELOW_INDIVIDU,
    CONTRAT,
    INDIVIDU,
    JOINTS,
    NUMERO_DE_CONTRAT,
    PARENT,
    Bloc,
    bloc_of,
    children_of,
)
from tamis.synthetic.records import Record

_VERSEMENT = "S21.G00.50"
_AROUND = {
    "S10.G00.00.001": "LOGICIEL FICTIF",
    "S10.G00.00.005": "02",
    "S10.G00.00.006": "P26V01",
    "S10.G00.00.007": "01",
    "S10.G00.00.008": "01",
    "S10.G00.01.001": "000000042",
    "S20.G00.05.001": "01",
    "S20.G00.05.002": "01",
    "S20.G00.05.003": "11",
    "S20.G00.05.004": "1",
    "S20.G00.05.005": "01012026",
    "S20.G00.05.007": "05022026",
    "S20.G00.05.010": "01",
    "S21.G00.06.001": "000000042",
    "S21.G00.06.004": "1 RUE DE L'EXEMPLE",
    "S21.G00.11.001": "00029",
}


_TECHNICAL = {
    "S10.G00.95": {"S10.G00.95.001": "PLATEFORME FICTIVE"},
    "S20.G00.96": {"S20.G00.96.902": "1"},
    "S21.G00.06": {"S21.G00.06.903": "RAISON SOCIALE FICTIVE"},
    "S21.G00.11": {"S21.G00.11.904": "ETABLISSEMENT FICTIF"},
}


@dataclass(frozen=True)
class DsnStyle:
    """How a DSN is written; by default as the norm asks for.

    Attributes:
        norm: the version of the norm that envois name.
        individus: how many a declaration has; 0 for all of the file in one.
        declarations: how many an envoi has.
        lot: whether the envois stand in a lot, with a group of envois that were rejected.
        encoding: of the file; what it cannot express becomes `?`.
        mark: whether a byte order mark stands before it.
        line_end: of each line.
        last_line_end: of the last one; often missing.
        spaced: whether blanks stand around commas and behind values.
        blank_lines: whether there are some.
        technical: whether the rubriques that the collecting platform adds are there.
        unknown: whether individus have a rubrique and a block that no norm knows.
        miscounted: how many lines the totals declare beyond those that are there.

    Example:
        >>> DsnStyle(lot=True).norm
        'P26V01'
    """

    norm: str = "P26V01"
    individus: int = 0
    declarations: int = 1
    lot: bool = False
    encoding: str = "iso-8859-1"
    mark: bool = False
    line_end: str = "\r\n"
    last_line_end: bool = True
    spaced: bool = False
    blank_lines: bool = False
    technical: bool = False
    unknown: bool = False
    miscounted: int = 0


CONFORMING: Final = DsnStyle()


def write_dsn(
    records: Iterable[Record],
    schema: Schema,
    path: Path,
    *,
    extra: Mapping[str, str] | None = None,
    style: DsnStyle = CONFORMING,
) -> None:
    """Write `records` as one DSN: each field is written as the rubrique that its schema names.

    The blocks around the individus (envoi, declaration, employer) are the same for all but for the
    number of order, which counts the declarations of an envoi.

    Args:
        records: as `make_records` makes them; one at a time is held.
        schema: names the rubriques.
        path: of the file.
        extra: values by rubrique: of block 30, for every individu; of blocks around the individus,
            in place of the default; other names are ignored.
        style: how the file is written.
    """
    with path.open("wb") as stream:
        _Writer(stream, style, schema, dict(extra or {})).write(iter(records))


class _Writer:
    def __init__(
        self, stream: BinaryIO, style: DsnStyle, schema: Schema, extra: Mapping[str, str]
    ) -> None:
        self.stream = stream
        self.style = style
        self.schema = schema
        around = {"S10.G00.00.006": style.norm} | {
            name: value for name, value in extra.items() if bloc_of(name) in AROUND_INDIVIDU
        }
        self.around = dict(sorted({**_AROUND, **around}.items()))
        self.inside = {name[11:]: extra[name] for name in extra if bloc_of(name) == INDIVIDU}
        self.lines = self.number = 0  # of the envoi's lines; of the file's individus
        self.next: Record | None = None  # the first record of the next declaration
        self.before = "\ufeff" if style.mark else ""  # what stands before the next line

    def write(self, records: Iterator[Record]) -> None:
        """Write all of the file."""
        self.next = next(records, None)
        if self.style.lot:
            self.line("S05.G51.00.001", "V01R02")
            self.line("S06.G51.00.001", "DSNOK")
        envois = 1
        while self.envoi(records):
            envois += 1
        if self.style.lot:
            self.end_of_group(envois)
            self.line("S06.G51.00.001", "FP-KO")
            self.envoi(iter([]))
            self.end_of_group(1)
            self.line("S95.G51.00.001", "1")
        if self.style.last_line_end:
            self.stream.write(self.before.encode(self.style.encoding))

    def end_of_group(self, envois: int) -> None:
        self.line("S96.G51.00.001", "FINSL")
        self.line("S96.G51.00.002", str(envois))

    def envoi(self, records: Iterator[Record]) -> bool:
        """Write one, and tell whether there are more records."""
        self.lines, declarations = 0, 1
        self.blocs_around("S10")
        self.declaration(records, declarations)
        while self.next is not None and declarations < self.style.declarations:
            declarations += 1
            self.declaration(records, declarations)
        self.line("S90.G00.90.001", str(self.lines + 2 + self.style.miscounted))
        self.line("S90.G00.90.002", str(declarations))
        return self.next is not None

    def declaration(self, records: Iterator[Record], number: int) -> None:
        self.blocs_around("S2", {"S20.G00.05.004": str(number)} if number > 1 else {})
        written = 0
        while self.next is not None and written != (self.style.individus or -1):
            self.individu(self.next)
            self.next = next(records, None)
            written += 1

    def blocs_around(self, structure: str, other: Mapping[str, str] | None = None) -> None:
        added = _TECHNICAL if self.style.technical else {}
        values = {**self.around, **(other or {})}
        lines = [*values.items(), *(line for bloc in added.values() for line in bloc.items())]
        for rubrique, value in sorted(lines):
            if rubrique.startswith(structure):
                self.line(rubrique, value)

    def individu(self, record: Record) -> None:
        self.number += 1
        individu = _individu(record, self.schema, self.number)
        individu.values.update(self.inside)
        if self.style.unknown:
            individu.values["777"] = "RUBRIQUE INCONNUE"
        for rubrique, value in _lines(INDIVIDU, individu):
            self.line(rubrique, value)
        if self.style.unknown:
            self.line("S21.G00.99.001", "BLOC INCONNU")

    def line(self, rubrique: str, value: str) -> None:
        self.lines += 1
        text = f"{rubrique} , '{value}' " if self.style.spaced else f"{rubrique},'{value}'"
        self.stream.write((self.before + text).encode(self.style.encoding, errors="replace"))
        self.before = self.style.line_end * (1 + self.style.blank_lines)


def _individu(record: Record, schema: Schema, number: int) -> Bloc:
    individu = Bloc()
    individu.values["002"] = "EXEMPLE"
    _fill(individu, INDIVIDU, record, schema.fields, individu)
    for index, contract in enumerate(individu.children.get(CONTRAT, ()), start=1):
        old = contract.values.get(NUMERO_DE_CONTRAT)
        new = contract.values[NUMERO_DE_CONTRAT] = f"{number:05d}-{index}"
        for versement in individu.children.get(_VERSEMENT, ()):
            for name, joint in JOINTS.items():
                for bloc in versement.children.get(name, ()):
                    if old is not None and bloc.values.get(joint) == old:
                        bloc.values[joint] = new
    return individu


def _fill(
    block: Bloc,
    scope: str,
    values: Mapping[str, Any],
    fields: Mapping[str, FieldSpec],
    individu: Bloc,
) -> None:
    for name, spec in fields.items():
        value = values.get(name)
        if value is None:
            continue
        if spec.type == "list" and spec.of is not None and spec.of.fields is not None:
            if spec.bloc not in BELOW_INDIVIDU:
                continue
            for element in value:
                child = Bloc()
                _fill(child, spec.bloc, element, spec.of.fields, individu)
                _attach(child, spec.bloc, block, scope, individu)
        elif spec.fields is not None:
            _fill(block, scope, value, spec.fields, individu)
        elif spec.rubrique is not None and "+" not in spec.rubrique:
            bloc, suffix = bloc_of(spec.rubrique), spec.rubrique[11:]
            if bloc == scope:
                block.values[suffix] = _text(value)
            elif PARENT.get(bloc) == scope:
                holders = block.children.setdefault(bloc, [Bloc()])
                holders[0].values[suffix] = _text(value)


def _attach(child: Bloc, name: str, block: Bloc, scope: str, individu: Bloc) -> None:
    """Add a block to its parent; one that only names its contract, to the first versement."""
    if PARENT[name] == scope:
        block.children.setdefault(name, []).append(child)
        return
    if scope == CONTRAT:
        contract = block.values.setdefault(NUMERO_DE_CONTRAT, f"?{id(block)}")
        child.values[JOINTS[name]] = contract
    if not individu.children.get(_VERSEMENT):
        versement = Bloc()
        versement.values["001"] = "31012026"
        individu.children[_VERSEMENT] = [versement]
    individu.children[_VERSEMENT][0].children.setdefault(name, []).append(child)


def _lines(name: str, bloc: Bloc) -> Iterator[tuple[str, str]]:
    for suffix, value in sorted(bloc.values.items()):
        yield f"{name}.{suffix}", value
    for child in children_of(name):
        for inner in bloc.children.get(child, ()):
            if inner.values or inner.children:
                yield from _lines(child, inner)


def _text(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.strftime("%d%m%Y")
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value)
