"""Whether a column carries NIRs, in which form, how many, and how sure that is.

One number of 15 digits in a hundred has a right key by chance, so that one NIR found proves
nothing of a column. Where numbers have keys, the share of right ones decides; where they have none,
whether months, years and places are distributed as births are; in prose, labels and the INSEE
grouping.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, as_flags, decode, matches, read_characters
from tamis.arrow.types import Bools, is_list, is_text
from tamis.language import _
from tamis.nir.find import count_nir
from tamis.nir.fold import fold
from tamis.nir.grammar import search
from tamis.nir.identifiers import SEPARATORS, decimal_text, judge_identifiers
from tamis.nir.label import Label, Labels, names_nir, names_other

_CHANCE_KEY = (
    0.012  # share of numbers of 15 random digits that are a NIR with a right key, measured
)
# The probability by chance below which a column carries NIRs:
_ALONE = 1e-6  # where the column's name is no label
_NAMED = 0.02  # where the name is a label of a NIR
_OPPOSED = 1e-12  # where the name is a label of another number
_FEW = 12  # different values below which one right key says more than it would among many
_FEW_ALONE = 0.006  # the probability by chance below which those carry NIRs
_CHANCE_KEY_AND_MONTH = 0.0013  # of 15 random digits: a right key and a month of 01 to 12
_COMPACT_15 = r"^[0-9]{5}(?:[0-9]{2}|2[ABab])[0-9]{8}$"
_COMPACT_13 = r"^[0-9]{5}(?:[0-9]{2}|2[ABab])[0-9]{6}$"
_KINDS = ("nir", "nia")
_READ_CLOSELY = 500  # texts with NIRs of which the surroundings are read


@dataclass(frozen=True)
class NirProfile:
    """What a column holds in the way of NIRs.

    Attributes:
        carries_nir: whether the column carries more NIRs than chance explains.
        form: `15`, `13`, `text`, `json`, `integer`, `float`, `decimal` or `none`.
        values: how many values are not null; of a list or struct, its leaves' values.
        nirs: how many NIRs were found, even where chance explains them.
        confidence: from 0 to 1, how sure `carries_nir` is.
        why: the evidence in a few words, with counts and without values.
        forms: where NIRs are carried, how many there are of each form.

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
    forms: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.carries_nir and not self.forms:
            object.__setattr__(self, "forms", {self.form: self.nirs})


def profile_nir(array: pa.Array | pa.ChunkedArray, name: str | None = None) -> NirProfile:
    """Judge whether a column of any Arrow type carries NIRs.

    Args:
        array: N rows. Lists and structs are judged by their leaves, a leaf by its own name.
        name: the column's name, which may be a label for or against.

    Returns:
        The profile; of several leaves, that of the one that carries most NIRs.

    Example:
        >>> profile_nir(pa.array(["1 55 08 75 999 991 93"]), "nir").carries_nir
        True
    """
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    array = decode(array)
    kind = array.type
    if is_list(kind) or pa.types.is_map(kind):
        return profile_nir(array.flatten(), name)
    if pa.types.is_struct(kind):
        leaves = [
            profile_nir(child, field.name)
            for field, child in zip(kind, array.flatten(), strict=True)
        ]
        return _merge(leaves) if leaves else _no_nir(0)
    if is_text(kind):
        return _profile_text(read_characters(array).drop_null(), name)
    for form, belongs in (
        ("integer", pa.types.is_integer),
        ("float", pa.types.is_floating),
        ("decimal", pa.types.is_decimal),
    ):
        if belongs(kind):
            return _profile_numbers(array.drop_null(), form, name)
    return _no_nir(len(array) - array.null_count)


def _merge(profiles: list[NirProfile]) -> NirProfile:
    """The profile with most NIRs, over the values of all."""
    best = max(profiles, key=lambda profile: (profile.carries_nir, profile.nirs))
    return replace(best, values=sum(profile.values for profile in profiles))


def _no_nir(values: int, nirs: int = 0, why: str = "") -> NirProfile:
    why = why or _("no NIR seen")
    return NirProfile(False, "none", values, nirs, 1.0 if nirs == 0 else 0.9, why)


def _profile_numbers(values: pa.Array, form: str, name: str | None) -> NirProfile:
    if pa.types.is_decimal(values.type):
        text = decimal_text(values)
    elif pa.types.is_floating(values.type):
        numbers = values.cast(pa.float64()).to_numpy()
        with np.errstate(invalid="ignore"):  # a signalling NaN
            inside = (np.abs(numbers) < 1e16) & (np.trunc(numbers) == numbers)
        text = pa.array(np.where(inside, numbers, 0).astype(np.int64)).cast(pa.string())
    else:
        text = values.cast(pa.string())
    profile = _profile_structured(text, name)
    if not profile.carries_nir:
        return profile
    nirs = sum(_whole_forms(text, profile).values())
    return replace(profile, form=form, nirs=nirs, forms={form: nirs})


def _profile_text(values: pa.Array, name: str | None) -> NirProfile:
    structured = _profile_structured(values, name)
    if not structured.carries_nir:
        return _profile_prose(values, structured)
    judged = judge_identifiers(values, _KINDS)
    others = values.filter(pa.array(~(are_valid(judged.canonical) | judged.wrong_key)))
    forms = _whole_forms(values, structured)
    if within := int(count_nir(others).sum()):
        forms["text"] = within
    return replace(structured, nirs=sum(forms.values()), forms=forms)


def _whole_forms(values: pa.Array, profile: NirProfile) -> dict[str, int]:
    """The NIRs that are whole values, by form, in a column that `profile` says carries NIRs."""
    wellformed = are_valid(judge_identifiers(values, _KINDS).canonical)
    compact = pc.replace_substring_regex(values, SEPARATORS, "")
    counts = {
        form: int((wellformed & matches(compact, pattern)).sum())
        for form, pattern in (("15", _COMPACT_15), ("13", _COMPACT_13))
    }
    counts[profile.form] = max(counts[profile.form], profile.nirs)
    return {form: count for form, count in counts.items() if count}


def _profile_structured(values: pa.Array, name: str | None) -> NirProfile:
    """Judge values that are each one number as a whole."""
    count = len(values)
    judged = judge_identifiers(values, _KINDS)
    wellformed = are_valid(judged.canonical)
    if not wellformed.any() and not judged.wrong_key.any():
        return _no_nir(count)
    compact = pc.replace_substring_regex(values, SEPARATORS, "")
    long = matches(compact, _COMPACT_15)
    short = matches(compact, _COMPACT_13)
    named, against = bool(name and names_nir(name)), bool(name and names_other(name))
    limit = _NAMED if named else _OPPOSED if against else _ALONE
    keyed, candidates = int((wellformed & long).sum()), int(long.sum())
    chance = _bound_chance(keyed, candidates)
    if keyed and chance < limit:
        why = _("{keyed} of {candidates:# key|# keys} right", keyed=keyed, candidates=candidates)
        return NirProfile(True, "15", count, keyed, round(1 - chance, 6), why)
    different, right = _count_different(compact, long, wellformed)
    if right and different < _FEW and not (against and not _names_any_number(name or "")):
        chance = _bound_chance(right, different, _CHANCE_KEY_AND_MONTH)
        if chance < _FEW_ALONE:
            why = _(
                "{keyed} of {candidates:# key|# keys} right", keyed=keyed, candidates=candidates
            )
            return NirProfile(True, "15", count, keyed, round(1 - chance, 6), why)
    shaped = int(((wellformed | judged.wrong_key) & long).sum())
    if named and shaped > 0.5 * candidates:
        why = _(
            "{keyed} of {candidates:# key|# keys} right, {shaped} built like NIRs",
            keyed=keyed,
            candidates=candidates,
            shaped=shaped,
        )
        return NirProfile(True, "15", count, shaped, 0.9, why)
    longer = pc.greater(pc.binary_length(values), pc.binary_length(compact))
    grouped = wellformed & long & as_flags(longer)
    if grouped.sum() >= max(1, 0.02 * candidates) and not against:
        why = _(
            "{count:# value|# values} in the INSEE grouping with a right key",
            count=int(grouped.sum()),
        )
        return NirProfile(True, "15", count, keyed, 0.99, why)
    bodies = judged.canonical.filter(pa.array(short & wellformed))
    share = len(bodies) / max(1, int(short.sum()))
    likely = _like_births(bodies, named)
    if likely and share > 0.85 and not against:
        why = _(
            "{bodies} of {count:# value|# values} without key {bodies:is|are} built like births",
            bodies=len(bodies),
            count=int(short.sum()),
        )
        return NirProfile(True, "13", count, len(bodies), round(0.9 * share, 6), why)
    why = _(
        "{keyed} of {candidates:# key|# keys} right, as chance would have it",
        keyed=keyed,
        candidates=candidates,
    )
    return _no_nir(count, keyed, why)


def _names_any_number(name: str) -> bool:
    """Whether a name is that of a number of no form of its own, such as `numero_dossier`."""
    return bool(re.search(r"dossier|ref|contrat|client|demande|piece|session", name, re.IGNORECASE))


def _count_different(compact: pa.Array, long: Bools, wellformed: Bools) -> tuple[int, int]:
    """How many different values are long; and how many of them are a NIR with a month of birth."""
    if long.sum() > _READ_CLOSELY:
        return int(long.sum()), 0
    born = wellformed & long & matches(compact, r"^[12][0-9]{2}(?:0[1-9]|1[0-2])")
    different, right = (len(compact.filter(pa.array(flags)).unique()) for flags in (long, born))
    return different, right


def _bound_chance(right: int, trials: int, chance: float = _CHANCE_KEY) -> float:
    """An upper bound of the probability that `right` or more of `trials` are so by chance.

    It is Chernoff's bound of the binomial distribution.
    """
    share = right / trials if trials else 0.0
    if share <= chance:
        return 1.0
    exponent = right * math.log(share / chance)
    if share < 1:
        exponent += (trials - right) * math.log((1 - share) / (1 - chance))
    return math.exp(-exponent)


def _like_births(bodies: pa.Array, named: bool) -> bool:
    """Whether bodies spread over months, years and places of birth as those of people do.

    Args:
        bodies: N strings of 13 characters.
        named: whether the column's name is a label of a NIR: then any bodies will do.
    """
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
    counts = count_nir(values)
    rows = np.flatnonzero(counts)
    if not len(rows):
        return structured if structured.nirs else _no_nir(count)
    nirs = int(counts.sum())
    texts = values.take(pa.array(rows[:_READ_CLOSELY])).to_pylist()
    sure = sum(_is_sure(text) for text in texts)
    candidates = int(matches(values, r"(?:^|[^0-9])[1-8][0-9]{14}(?:$|[^0-9])").sum())
    chance, limit = _bound_chance(nirs, max(candidates, nirs)), _ALONE
    if not structured.nirs and candidates < _FEW and (born := sum(map(_count_births, texts))):
        chance, limit = (
            _bound_chance(born, max(candidates, born), _CHANCE_KEY_AND_MONTH),
            _FEW_ALONE,
        )
    if sure == 0 and chance >= limit:
        why = _(
            "{nirs} of {candidates:# long number|# long numbers}, as chance would have it",
            nirs=nirs,
            candidates=candidates,
        )
        return _no_nir(count, nirs, why)
    opening = int(matches(values, r"^\s*[\[{]").sum())
    form = "json" if opening > 0.5 * count else "text"
    why = _("{nirs} in {rows} of {count:# text|# texts}", nirs=nirs, rows=len(rows), count=count)
    confidence = max(1 - chance if chance < limit else 0.0, 1 - 0.1 ** min(sure, 6))
    return NirProfile(True, form, count, nirs, round(confidence, 6), why)


def _is_sure(text: str) -> bool:
    """Whether a NIR of `text` has the INSEE grouping or a label, which chance does not make."""
    folded = fold(text).text
    words = Labels(folded)
    for match in search(folded):
        number = folded[match.start : match.end]
        labels = (words.before(match.start)[0], words.after(match.end))
        gaps = {character for character in number if not character.isalnum()} - set("()")
        if Label.STRONG in labels or (match.keyed and len(gaps) == 1):
            return True
    return False


def _count_births(text: str) -> int:
    """How many NIRs of `text` have a right key and a month from 01 to 12."""
    folded = fold(text).text
    numbers = (folded[match.start : match.end] for match in search(folded) if match.keyed)
    return sum(bool(re.match(r"[0-9]{3}(?:0[1-9]|1[0-2])", re.sub(r"\W", "", n))) for n in numbers)
