"""The fourth stage: the values of kept leaves as they are released."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import decode
from tamis.arrow.types import Bools, Ints
from tamis.documents.types import arrow_type
from tamis.filter.compiled import CompiledPlan, JudgeIdentifier, TreatLeaf
from tamis.filter.conformed import keep_where
from tamis.filter.opened import Opened
from tamis.filter.treatments import (
    generalize_dates,
    generalize_numbers,
    generalize_text,
    redact_entries,
)
from tamis.keys.keyring import DerivedKey
from tamis.language import N_
from tamis.nir.find import redact
from tamis.nir.identifiers import Judgement, with_keys
from tamis.nir.pseudonym import pseudonymize, pseudonymize_numbers, rekey


class KeySource(Protocol):
    """What derives the keys of pseudonyms: a keyring.

    Example:
        >>> class OneKey:
        ...     def key(
        ...         self, processing: str, item: str, method: str, kind: str | None = None
        ...     ) -> DerivedKey:
        ...         return DerivedKey(bytes(32), 1, "a1b2c3")
        >>> source: KeySource = OneKey()
    """

    def key(
        self, processing: str, item: str, method: str, *, kind: str | None = None
    ) -> DerivedKey:
        """The key of (processing, item, method, kind) in the epoch of the source."""


@dataclass(frozen=True, eq=False)
class TreatedLeaf:
    """A leaf's values as they are released.

    Attributes:
        array: one value a slot.
        hits: NIRs replaced, by slot; None where none was looked for.
        bad: slots whose generalized value the type cannot hold; None if none.
        source: what a prefix or the floor of a step was made of.
    """

    array: pa.Array
    hits: Ints | None = None
    bad: Bools | None = None
    source: pa.Array | None = None


def treat(
    compiled: CompiledPlan,
    opened: Opened,
    identifiers: Mapping[JudgeIdentifier, Judgement],
    keys: KeySource | None,
) -> dict[TreatLeaf, TreatedLeaf]:
    """Keep, pseudonymize, generalize or redact what the matching releases keep.

    Rows are quarantined whose value cannot be generalized, or in which a NIR stops the record.
    """
    releases = opened.matched(compiled.releases)
    leaves = {
        step: _treat(step, opened, identifiers, keys, compiled.plan.processing)
        for step in compiled.steps_of(TreatLeaf, releases)
    }
    for release in releases:
        for column in release.columns:
            for path, step in column.leaves.items():
                treated = leaves[step]
                if treated.bad is None and treated.hits is None:
                    continue
                node = opened.leaf(step)
                slots = opened.released_slots(release, column, node)
                if treated.bad is not None:
                    rule = N_("generalize: step {step}").format(step=step.leaf.step)
                    opened.fail(node, treated.bad & slots, "type", path, rule)
                if treated.hits is not None and release.plan.nir == "absent":
                    hit = (treated.hits > 0) & slots
                    opened.note_nir(node, hit)
                    if release.plan.on_nir == "quarantine":
                        opened.fail(node, hit, "on-nir", path, "on_nir: quarantine")
    return leaves


def _treat(
    step: TreatLeaf,
    opened: Opened,
    identifiers: Mapping[JudgeIdentifier, Judgement],
    keys: KeySource | None,
    processing: str,
) -> TreatedLeaf:
    leaf, node = step.leaf, opened.leaf(step)
    array = node.array
    assert array is not None
    if pa.types.is_dictionary(array.type):
        if leaf.redact and step.when is None:
            return TreatedLeaf(*redact_entries(array, redact))
        if leaf.fate != "kept" or step.when is not None:
            array = decode(array)
    if step.nir is not None:
        array = identifiers[step.nir].canonical
    elif leaf.pseudonym and step.identifier is not None:
        array = identifiers[step.identifier].canonical
    elif leaf.canonical:
        assert step.identifier is not None
        array = identifiers[step.identifier].canonical
        if step.keyed is not None:
            array = pc.coalesce(with_keys(identifiers[step.keyed].canonical), array)
        array = array.cast(arrow_type(step.spec.type))
    if step.when is not None:
        array = keep_where(array, node.lay_out(opened.whens[step.when].holds, step.when.scope))
    if leaf.pseudonym:
        assert keys is not None
        assert leaf.method is not None
        kind = leaf.pseudonym_kind
        derived = keys.key(processing=processing, item=step.item, method=leaf.method, kind=kind)
        if kind is None:
            made = pseudonymize(array, derived.key, leaf.method)
        else:
            made = pseudonymize_numbers(array, kind, derived.key, leaf.method)
        return TreatedLeaf(rekey(made, *derived.chain))
    if leaf.redact:
        redacted, hits = redact(array)
        return TreatedLeaf(redacted, np.asarray(hits))
    if leaf.to:
        return TreatedLeaf(generalize_dates(array, leaf.to))
    if leaf.prefix:
        return TreatedLeaf(generalize_text(array, leaf.prefix), source=array)
    if leaf.step:
        floors, bad = generalize_numbers(array, leaf.step)
        return TreatedLeaf(floors, bad=bad, source=array)
    return TreatedLeaf(array)
