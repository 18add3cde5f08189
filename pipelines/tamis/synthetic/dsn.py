"""Synthetic records as a monthly DSN (NEODeS text) of one envoi and one declaration."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

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


def write_dsn(
    records: Sequence[Record], schema: Schema, path: Path, *, extra: Mapping[str, str] | None = None
) -> None:
    """Write `records` as one DSN: each field is written as the rubrique that its schema names.

    The blocks around the individus (envoi, declaration, employer) are the same for all.

    Args:
        records: as `make_records` makes them.
        schema: names the rubriques.
        path: of the file.
        extra: values by rubrique: of block 30, for every individu; of blocks around the individus,
            in place of the default; other names are ignored.
    """
    added = dict(extra or {})
    around = {name: value for name, value in added.items() if bloc_of(name) in AROUND_INDIVIDU}
    inside = {name[11:]: value for name, value in added.items() if bloc_of(name) == INDIVIDU}
    lines = [f"{rubrique},'{value}'" for rubrique, value in sorted({**_AROUND, **around}.items())]
    for number, record in enumerate(records, start=1):
        individu = _individu(record, schema, number)
        individu.values.update(inside)
        lines += _lines(INDIVIDU, individu)
    lines += [f"S90.G00.90.001,'{len(lines) + 2}'", "S90.G00.90.002,'1'"]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("latin-1", errors="replace"))


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


def _lines(name: str, bloc: Bloc) -> Iterator[str]:
    for suffix, value in sorted(bloc.values.items()):
        yield f"{name}.{suffix},'{value}'"
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
