"""How many records share one combination of quasi-identifiers, counted in bounded memory.

Combinations are hashed, and of all distinct hashes the smallest `SAMPLED` are counted. A
combination that is among the smallest at the end has been so all along, so its count is exact,
whatever the order of the records and however the work was spread. Hashes are keyed by the plan,
so that the same records make the same sample; they never leave the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.arrow.buffers import list_parts, text_parts, validity
from tamis.arrow.types import has_offsets, is_list
from tamis.dry_run.models import SMALL, Count, GroupSize, Risk
from tamis.plan.plan import Plan, PlanRelease

Hashes = npt.NDArray[np.uint64]

SAMPLED: Final = 16_384
"""Combinations that are counted at most."""

_MANY: Final = 2**63 - 1
_SIZES: Final = ((1, 1), (2, 4), (5, 9), (10, 19), (20, _MANY))
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD: Final = np.uint64(0xD1342543DE82EF95)
_SPACE: Final = 2.0**64


def quasi_identifiers(plan: Plan, release: PlanRelease) -> list[str]:
    """Paths of the fields that `release` lets pass and the schema marks `quasi_identifier`.

    Pseudonyms are left out: under keys of their own they say nothing of the record.
    """
    leaves = plan.leaves()
    return [
        leaf.path
        for leaf in release.leaves
        if leaf.pseudonym is None and leaves[leaf.path].quasi_identifier
    ]


def hash_rows(batch: pa.RecordBatch, paths: Sequence[str], key: int) -> Hashes:
    """Return a 64-bit hash of each row's values at `paths`; the order in a list does not count.

    Args:
        batch: N rows.
        paths: names from the top, joined by dots.
        key: any number; other keys give other hashes.

    Example:
        >>> rows = pa.record_batch({"sexe": ["F", "M", "F"], "an": [1980, 1980, 1980]})
        >>> first, second, third = hash_rows(rows, ["sexe", "an"], 7)
        >>> bool(first == third), bool(first == second)
        (True, False)
    """
    rows = np.full(batch.num_rows, _mix(np.array([key % 2**64], np.uint64))[0])
    for path in paths:
        top, *below = path.split(".")
        rows = _mix(rows * _ODD + _hash(batch.column(top), below))
    return rows


@dataclass
class Groups:
    """Records by combination, for a sample of the combinations.

    Attributes:
        records: all that were added.
        hashes: of the sampled combinations, ascending.
        counts: records of each.
        dropped: whether some combination is not in the sample.
        most: combinations that are sampled at most.
    """

    records: int = 0
    hashes: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    dropped: bool = False
    most: int = SAMPLED

    def add(self, rows: Hashes) -> None:
        """Add records by the hashes of their combinations."""
        self.records += len(rows)
        if len(self.hashes) == self.most and len(rows):
            below = rows <= self.hashes[-1]
            self.dropped = self.dropped or not below.all()
            rows = rows[below]
        hashes, counts = np.unique(rows, return_counts=True)
        self._take_in(hashes, counts.astype(np.int64))

    def merge(self, other: "Groups") -> None:
        """Add the records of `other`, which stays as it is."""
        self.records += other.records
        self.dropped = self.dropped or other.dropped
        self._take_in(other.hashes, other.counts)

    def _take_in(self, hashes: Hashes, counts: npt.NDArray[np.int64]) -> None:
        both = np.concatenate((self.hashes, hashes))
        distinct, indices = np.unique(both, return_inverse=True)
        weights = np.concatenate((self.counts, counts))
        sums = np.bincount(indices, weights, len(distinct)).astype(np.int64)
        self.dropped = self.dropped or len(distinct) > self.most
        self.hashes, self.counts = distinct[: self.most], sums[: self.most]

    def extract(self, fields: Sequence[str]) -> Risk:
        """Return the figures of `fields`, whose combinations these are; small ones are hidden."""
        sampled = len(self.hashes)
        total = sampled
        if self.dropped:
            estimate = round((sampled - 1) * _SPACE / max(1.0, float(self.hashes[-1])))
            total = min(self.records, estimate)
        alone = int((self.counts == 1).sum())
        unique = round(min(self.records, total * alone / sampled)) if sampled else 0
        inside = ((self.counts >= least) & (self.counts <= most) for least, most in _SIZES)
        shown = _hide_small([int(group.sum()) for group in inside])
        unique_shown = shown[0] if isinstance(shown[0], str) else _hide_small([unique])[0]
        share = round(unique / self.records, 4) if self.records else 0.0
        smallest: Count | None = None
        if sampled:
            smallest = "<5" if self.counts.min() < SMALL else ">=5"
        return Risk(
            fields=list(fields),
            records=self.records,
            sampled=sampled,
            complete=not self.dropped,
            combinations=total,
            unique=unique_shown,
            unique_share=share if unique_shown == unique else None,
            smallest=smallest,
            sizes=[
                GroupSize(least=least, most=most if most < _MANY else None, combinations=count)
                for (least, most), count in zip(_SIZES, shown, strict=True)
            ],
        )


def _hide_small(counts: list[int]) -> list[Count]:
    """`counts` with small ones hidden, and one more where the sum would give a single one away."""
    shown: list[Count] = [count if not 0 < count < SMALL else "<5" for count in counts]
    if shown.count("<5") == 1:
        others = [count for count in counts if count >= SMALL]
        if others:
            shown[counts.index(min(others))] = ">=5"
    return shown


# Hashing a column


def _hash(array: pa.Array, below: Sequence[str]) -> Hashes:
    kind = array.type
    if is_list(kind):
        offsets, elements, valid = list_parts(array)
        sums = np.concatenate(([np.uint64(0)], np.cumsum(_mix(_hash(elements, below)))))
        lengths = np.diff(offsets).astype(np.uint64)
        hashes = sums[offsets[1:]] - sums[offsets[:-1]] + (lengths + np.uint64(1)) * _ODD
    elif pa.types.is_struct(kind):
        valid = None
        hashes = _hash(array.flatten()[kind.get_field_index(below[0])], below[1:])
    else:
        valid = validity(array)
        hashes = _hash_values(array)
    return hashes if valid is None else np.where(valid, hashes, _NULL)


def _hash_values(array: pa.Array) -> Hashes:
    """Return the hashes of a column's values; those of nulls mean nothing."""
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL)
    if pa.types.is_dictionary(kind):
        hashes = _hash(array.dictionary, ())
        indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return hashes[indices] if len(hashes) else np.full(len(array), _NULL)
    if pa.types.is_boolean(kind):
        return _mix(array.cast(pa.uint8()).fill_null(0).to_numpy().astype(np.uint64))
    if has_offsets(kind):
        encoded = array.dictionary_encode()
        values = encoded.dictionary
        if len(values) * 4 > len(array) or isinstance(values, pa.DictionaryArray):
            return _hash_text(array)
        indices = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return _hash_text(values)[indices] if len(values) else np.full(len(array), _NULL)
    return _hash_fixed(array)


def _hash_text(array: pa.Array) -> Hashes:
    """Each text as the sum of its bytes times a random number for the byte's place."""
    if not len(array):
        return np.zeros(0, np.uint64)
    data, offsets = text_parts(array)
    lengths = np.diff(offsets)
    first, last = int(offsets[0]), int(offsets[-1])
    if first == last:
        return _mix(lengths.astype(np.uint64))
    text = data[first:last].astype(np.uint64)
    place = np.arange(last - first) - np.repeat(offsets[:-1] - first, lengths)
    weights = _mix(np.arange(1, int(lengths.max()) + 1, dtype=np.uint64) * _ODD)
    sums = np.concatenate(([np.uint64(0)], np.cumsum((text + np.uint64(1)) * weights[place])))
    return _mix(sums[offsets[1:] - first] - sums[offsets[:-1] - first])


def _hash_fixed(array: pa.Array) -> Hashes:
    """Values of a fixed number of bytes, eight at a time."""
    width = array.type.byte_width
    if not len(array):
        return np.zeros(0, np.uint64)
    data = np.frombuffer(array.buffers()[1], np.uint8)
    data = data[array.offset * width : (array.offset + len(array)) * width]
    if width in (1, 2, 4, 8):
        return _mix(data.view(f"u{width}").astype(np.uint64))
    padded = data.reshape(len(array), width)
    if width % 8:
        padded = np.zeros((len(array), -(-width // 8) * 8), np.uint8)
        padded[:, :width] = data.reshape(len(array), width)
    words = np.ascontiguousarray(padded).view(np.uint64)
    hashes = _mix(words[:, 0])
    for place in range(1, words.shape[1]):
        hashes = _mix(hashes * _ODD + words[:, place])
    return hashes


def _mix(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64: every bit of the input moves about half of the output's."""
    values = values + _NULL
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
