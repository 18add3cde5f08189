"""Whether a column carries NIRs, in which form, how many, and how sure that is.

Stricter than finding: one number in a hundred has a right key by chance, so one hit proves nothing.
With keys, the share of right ones decides; without, whether the digits are distributed as births
are; in text, labels and the INSEE grouping.

    >>> import pyarrow as pa
    >>> profile_nir(pa.array(["155087599999193", "269052A99999244"]), "nir").why
    '2 of 2 keys right'
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import decode, read_characters
from tamis.arrow.types import Bools, is_list, is_text
from tamis.nir.find import count_nir
from tamis.nir.fold import fold
from tamis.nir.grammar import search
from tamis.nir.identifiers import judge_identifiers
from tamis.nir.label import Label, label_after, label_before, names_nir, names_other

_CHANCE_KEY = 0.012  # of 15 random digits, how many are a NIR with a right key; measured
_ALONE = 1e-6  # what chance may explain at most, for a column whose name says nothing
_NAMED = 0.02  # the same where the name says NIR
_OPPOSED = 1e-12  # the same where it says something else
_COMPACT_15 = r"^[0-9]{5}(?:[0-9]{2}|2[ABab])[0-9]{8}$"
_COMPACT_13 = r"^[0-9]{5}(?:[0-9]{2}|2[ABab])[0-9]{6}$"
_SEPARATORS = r"[\s.\-\x{A0}\x{2007}\x{2009}\x{202F}]+"
_KINDS = ("nir", "nia")
_LOOKED_AT = 500  # hits whose surroundings are read


@dataclass(frozen=True)
class NirProfile:
    """What a column holds in the way of NIRs.

    Attributes:
        carries_nir: whether the column as a whole does, chance set aside.
        form: `15`, `13`, `text`, `json`, `integer`, `float`, `decimal` or `none`.
        values: how many values are not null; of a list or struct, its leaves' values.
        nirs: how many NIRs were seen, whether or not they are more than chance.
        confidence: from 0 to 1, how sure `carries_nir` is.
        why: the evidence in a few words, without values.

    Example:
        >>> profile = profile_nir(pa.array(["1 55 08 75 999 991 93"]), "nir")
        >>> profile.nirs, profile.values
        (1, 1)
    """

    carries_nir: bool
    form: str
    values: int
    nirs: int
    confidence: float
    why: str


def profile_nir(array: pa.Array | pa.ChunkedArray, name: str | None = None) -> NirProfile:
    """Judge whether a column of any Arrow type carries NIRs.

    Args:
        array: N rows. Lists and structs are judged by their leaves, a leaf by its own name.
        name: the column's name, which may speak for or against.

    Returns:
        The profile; of several leaves, that of the one that most plainly carries NIRs.

    Example:
        >>> profile_nir(pa.array(["1 55 08 75 999 991 93"]), "nir").carries_nir
        True
    """
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    array = decode(array)
    kind = array.type
    if is_list(kind):
        return profile_nir(array.flatten(), name)
    if pa.types.is_map(kind):
        entries = array.flatten() if hasattr(array, "flatten") else array
        return profile_nir(entries, name)
    if pa.types.is_struct(kind):
        leaves = [
            profile_nir(child, kind.field(place).name)
            for place, child in enumerate(array.flatten())
        ]
        return _plainest(leaves) if leaves else _nothing(0)
    if is_text(kind):
        return _profile_text(read_characters(array).drop_null(), name)
    for form, belongs in (
        ("integer", pa.types.is_integer),
        ("float", pa.types.is_floating),
        ("decimal", pa.types.is_decimal),
    ):
        if belongs(kind):
            return _profile_numbers(array.drop_null(), form, name)
    return _nothing(len(array) - array.null_count)


def _plainest(profiles: list[NirProfile]) -> NirProfile:
    best = max(profiles, key=lambda profile: (profile.carries_nir, profile.nirs))
    return replace(best, values=sum(profile.values for profile in profiles))


def _nothing(values: int, nirs: int = 0, why: str = "no NIR seen") -> NirProfile:
    return NirProfile(False, "none", values, nirs, 1.0 if nirs == 0 else 0.9, why)


def _profile_numbers(values: pa.Array, form: str, name: str | None) -> NirProfile:
    if pa.types.is_decimal(values.type):
        text = pc.replace_substring_regex(values.cast(pa.string()), r"\.0*$", "")
    elif pa.types.is_floating(values.type):
        numbers = values.cast(pa.float64()).to_numpy()
        inside = (np.abs(numbers) < 1e16) & (np.trunc(numbers) == numbers)
        text = pa.array(np.where(inside, numbers, 0).astype(np.int64)).cast(pa.string())
    else:
        text = values.cast(pa.string())
    profile = _profile_structured(text, name)
    return replace(profile, form=form) if profile.carries_nir else profile


def _profile_text(values: pa.Array, name: str | None) -> NirProfile:
    structured = _profile_structured(values, name)
    return structured if structured.carries_nir else _profile_prose(values, structured)


def _profile_structured(values: pa.Array, name: str | None) -> NirProfile:
    """Judge values that are each one number as a whole."""
    count = len(values)
    judged = judge_identifiers(values, _KINDS)
    wellformed = judged.canonical.is_valid().to_numpy(zero_copy_only=False)
    if not wellformed.any() and not judged.wrong_key.any():
        return _nothing(count)
    compact = pc.replace_substring_regex(values, _SEPARATORS, "")
    long = _matches(compact, _COMPACT_15)
    short = _matches(compact, _COMPACT_13)
    named, against = bool(name and names_nir(name)), bool(name and names_other(name))
    limit = _NAMED if named else _OPPOSED if against else _ALONE
    keyed, candidates = int((wellformed & long).sum()), int(long.sum())
    chance = _tail(keyed, candidates)
    if keyed and chance < limit:
        why = f"{keyed} of {candidates} keys right"
        nirs = int(wellformed.sum()) if (wellformed & short).any() else keyed
        return NirProfile(True, "15", count, nirs, round(1 - chance, 6), why)
    shaped = int(((wellformed | judged.wrong_key) & long).sum())
    if named and shaped > 0.5 * candidates:
        why = f"{keyed} of {candidates} keys right, {shaped} built like NIRs"
        return NirProfile(True, "15", count, shaped, 0.9, why)
    grouped = wellformed & long & (_lengths(values) > _lengths(compact))
    if grouped.sum() >= max(1, 0.02 * candidates) and not against:
        why = f"{int(grouped.sum())} values in the INSEE grouping with a right key"
        return NirProfile(True, "15", count, keyed, 0.99, why)
    bodies = judged.canonical.filter(pa.array(short & wellformed))
    share = len(bodies) / max(1, int(short.sum()))
    likely = _like_births(bodies, named)
    if likely and share > 0.85 and not against:
        why = f"{len(bodies)} of {int(short.sum())} values without key are built like births"
        return NirProfile(True, "13", count, len(bodies), round(0.9 * share, 6), why)
    return _nothing(count, keyed, f"{keyed} of {candidates} keys right, as chance would have it")


def _matches(values: pa.Array, pattern: str) -> Bools:
    return pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)


def _lengths(values: pa.Array) -> np.ndarray:
    return pc.binary_length(values).to_numpy(zero_copy_only=False)


def _tail(hits: int, trials: int, chance: float = _CHANCE_KEY) -> float:
    """At most how likely `hits` or more of `trials` are by chance (Chernoff's bound)."""
    share = hits / trials if trials else 0.0
    if share <= chance:
        return 1.0
    surprise = hits * math.log(share / chance)
    if share < 1:
        surprise += (trials - hits) * math.log((1 - share) / (1 - chance))
    return math.exp(-surprise)


def _like_births(bodies: pa.Array, named: bool) -> bool:
    """Whether 13-character bodies spread over months, years and places as people do."""
    count = len(bodies)
    if named:
        return count > 0
    if count < 12:
        return False
    texts = np.array(bodies.to_pylist(), dtype="S13").view(np.uint8).reshape(count, 13) - 48
    months = texts[:, 3] * 10 + texts[:, 4]
    if (months <= 12).mean() < 0.8:
        return False
    years = texts[:, 1] * 10 + texts[:, 2]
    departments = texts[:, 5] * 10 + texts[:, 6]
    first = texts[:, 0]
    return bool(
        len(np.unique(months)) >= min(6, count // 3)
        and len(np.unique(years)) >= min(8, count // 3)
        and (departments > 31).mean() > 0.15
        and (first <= 2).mean() > 0.8
    )


def _profile_prose(values: pa.Array, structured: NirProfile) -> NirProfile:
    """Judge values that may hold numbers among words."""
    count = len(values)
    hits = count_nir(values)
    rows = np.flatnonzero(hits)
    if not len(rows):
        return structured if structured.nirs else _nothing(count)
    nirs = int(hits.sum())
    texts = values.take(pa.array(rows[:_LOOKED_AT])).to_pylist()
    sure = sum(_is_sure(text) for text in texts)
    candidates = int(_matches(values, r"(?:^|[^0-9])[1-8][0-9]{14}(?:$|[^0-9])").sum())
    chance = _tail(nirs, max(candidates, nirs))
    if sure == 0 and chance >= _ALONE:
        return _nothing(
            count, nirs, f"{nirs} of {candidates} long numbers, as chance would have it"
        )
    opening = int(_matches(values, r"^\s*[\[{]").sum())
    form = "json" if opening > 0.5 * count else "text"
    why = f"{nirs} in {len(rows)} of {count} texts"
    confidence = max(1 - chance if chance < _ALONE else 0.0, 1 - 0.1 ** min(sure, 6))
    return NirProfile(True, form, count, nirs, round(confidence, 6), why)


def _is_sure(text: str) -> bool:
    """Whether a NIR of `text` has the INSEE grouping or a label, more than a compact number has."""
    folded = fold(text).text
    for found in search(folded):
        number = folded[found.start : found.end]
        labels = (label_before(folded, found.start)[0], label_after(folded, found.end))
        gaps = {character for character in number if not character.isalnum()} - set("()")
        if Label.STRONG in labels or (found.keyed and len(gaps) == 1):
            return True
    return False
