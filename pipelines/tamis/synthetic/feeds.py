"""A synthetic feed of any bundled schema, as its sources send it, and records of one.

The flux CPF and the files of the passeport de prévention have makers of their own, which keep the
rules of their formats; all others are made of their schema alone.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tamis.documents.policy import Policy
from tamis.documents.schema import Schema
from tamis.synthetic.dsn import DsnStyle, write_dsn
from tamis.synthetic.files import write_feed
from tamis.synthetic.flux_cpf import NAMESPACE, flux_cpf
from tamis.synthetic.prevention import attestations, justificatifs
from tamis.synthetic.records import CLEAN, Dirt, Record, make_records

_RECORDS: Final[Mapping[str, Callable[..., Iterator[Record]]]] = {
    "prevention-adf": attestations,
    "prevention-jdr": justificatifs,
}

_AS_COLLECTED: Final = DsnStyle(individus=100, declarations=5, technical=True)
"""As DSN reach the store: several declarations, and the rubriques of the collecting platform."""


def write_synthetic_feed(
    schema: Schema,
    count: int,
    path: Path,
    *,
    seed: int,
    policies: Sequence[Policy] = (),
    dirt: Dirt = CLEAN,
    extra: Mapping[str, str] | None = None,
) -> None:
    """Write a feed of `count` records to `path`, in the schema's format.

    Args:
        schema: names the fields and the format.
        count: how many records.
        path: of the file.
        seed: the same seed gives the same feed.
        policies: most records fulfil their conditions.
        dirt: how many values are wrong, where records are made of the schema alone: a format whose
            files are refused as a whole is always clean.
        extra: columns that the schema does not name, as `write_feed` takes them.
    """
    if is_flux_cpf(schema):
        with path.open("wb") as stream:
            stream.writelines(flux_cpf(count, seed=seed))
        return
    if (maker := conforming_records(schema)) is not None:
        write_feed(maker(count, seed=seed), schema, path)
        return
    make = functools.partial(make_records, schema, count, seed=seed, policies=policies, dirt=dirt)
    if schema.format.name == "dsn":
        write_dsn(make(nir_with_key=False), schema, path, style=_AS_COLLECTED)
    else:
        write_feed(make(), schema, path, extra=extra)


def is_flux_cpf(schema: Schema) -> bool:
    """Whether a schema reads the certificateurs' flux CPF."""
    return schema.format.xml is not None and schema.format.xml.namespace == NAMESPACE


def conforming_records(schema: Schema) -> Callable[..., Iterator[Record]] | None:
    """What makes records by the rules of a schema's format, `(count, seed=…)`, if anything does."""
    maker = _RECORDS.get(schema.schema_)
    if maker is None or next(maker(1, seed=1)).keys() != schema.fields.keys():
        return None  # a project's own schema of that name may have other fields
    return maker
