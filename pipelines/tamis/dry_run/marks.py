"""What released values say against the marks of their fields: who is alone, what can be called.

A field that identifies a person by itself is measured no further: its mark is the highest.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.arrow.buffers import are_valid, decode, list_parts
from tamis.arrow.types import Bools, is_list
from tamis.documents.names import plain, says_organisation
from tamis.documents.types import kind_of
from tamis.draft.names import DAY, QUANTITY
from tamis.dry_run.hashing import Hashes, hash_values
from tamis.dry_run.masks import mask
from tamis.dry_run.models import MARK_CONDITIONS, SMALL, Form, MarkFinding
from tamis.dry_run.owners import Owners
from tamis.language import N_, _
from tamis.plan.plan import Plan, PlanField, PlanLeaf, PlanRelease

LEAST_VALUES: Final = 2_000
"""Values from which on it is told that nearly each is somebody's own."""

NEARLY_ALL: Final = 0.95

_LOOKED_AT: Final = 2_000
_LEAST_TEXTS: Final = 50
_PROSE_SHARE: Final = 0.1
_OWN_PROSE: Final = 0.3
_LEAST_DATES: Final = 100
_ADULT: Final = 14
_OLDEST: Final = 110
_SPREAD: Final = 20

_EMAIL: Final = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_ABROAD: Final = r"(\+|\b00)33[ .-]?(\(0\)[ .-]?)?[1-9]([ .-]?[0-9]{2}){4}\b"
_SPACED: Final = _ABROAD + r"|\b0[1-9]([ .-][0-9]{2}){4}\b"
_PLAIN: Final = r"^0[1-9][0-9]{8}$"
_IBAN: Final = r"\b[A-Z]{2}[0-9]{2} ?([A-Z0-9]{4} ?){2,7}[A-Z0-9]{1,4}\b"
_PROSE: Final = r"(\pL[\pL’'-]*[,;:.!?)»]*\s+){3}[«(]?\pL"
_DAY: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[/.-][0-9]{2}[/.-][0-9]{4})"
_MEASURE: Final = r"^[+-]?[0-9][0-9  ]*[.,][0-9]+ ?€?$"


FORM_WORDS: Final[Mapping[Form, str]] = {
    "own": N_("nobody else's"),
    "prose": N_("free text"),
    "email": N_("or hold e-mail addresses"),
    "phone": N_("or hold phone numbers"),
    "iban": N_("or hold IBANs"),
    "birth": N_("spread like dates of birth"),
}
"""What values are found to be, behind « are »."""


@dataclass(frozen=True)
class Measured:
    """A leaf that is measured: its place in the batch, its type, and what its marks say.

    Attributes:
        leaf: as the release keeps it.
        spec: as the schema declares it.
    """

    leaf: PlanLeaf
    spec: PlanField

    @property
    def owned(self) -> bool:
        """Whether it is asked if its values are somebody's own: of no moment, amount or text."""
        last = self.leaf.path.rpartition(".")[2]
        if kind_of(self.spec.type) == "integer":
            name = plain(last)
            return not (QUANTITY.search(name) or DAY.search(name) or self.leaf.step)
        return not self.spec.free_text and not says_organisation(last)


def measured_leaves(plan: Plan, release: PlanRelease) -> dict[str, Measured]:
    """Return the leaves of a release that are measured, by path."""
    specs = plan.leaves()
    return {
        leaf.path: Measured(leaf, specs[leaf.path])
        for leaf in release.leaves
        if leaf.pseudonym is None
        and leaf.identifies != "direct"
        and not specs[leaf.path].identifier
        and kind_of(specs[leaf.path].type) in ("string", "integer", "date", "timestamp")
    }


@dataclass
class LeafMarks:
    """What the values of one leaf say, as it adds up over batches.

    Attributes:
        values: that are not null.
        owners: who has them.
        forms: values that hold an e-mail address, a phone number, an IBAN; that are a phone number
            without spaces, a day, a measure; that are prose.
        years: days by their year.
        looks: masks of the first texts, each by how many records have it; not of free text.
    """

    values: int = 0
    owners: Owners = field(default_factory=Owners)
    forms: Counter[str] = field(default_factory=Counter)
    years: Counter[int] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)

    def add(self, array: pa.Array, persons: Hashes, measured: Measured) -> None:
        """Add N values that are not null, with the hashes of the persons who have them."""
        self.values += len(array)
        kind = kind_of(measured.spec.type)
        if kind in ("date", "timestamp"):
            self._add_years(pc.year(array))
        elif kind == "string":
            self._add_forms(array)
            if not measured.spec.free_text and self.looks.total() < _LOOKED_AT:
                self._add_looks(array, persons)
        if measured.owned and kind in ("string", "integer"):
            self.owners.add(hash_values(array), persons)

    def merge(self, other: "LeafMarks") -> None:
        """Add the values of `other`, which stays as it is."""
        self.values += other.values
        self.owners.merge(other.owners)
        self.forms.update(other.forms)
        self.years.update(other.years)
        self.looks.update(other.looks)

    @property
    def look(self) -> str | None:
        """What most of the texts look like, if at least `SMALL` records do."""
        most = sorted(self.looks.items(), key=lambda pair: (-pair[1], pair[0]))[:1]
        return next((mask for mask, records in most if records >= SMALL), None)

    def _add_looks(self, array: pa.Array, persons: Hashes) -> None:
        firsts = np.sort(np.unique(persons, return_index=True)[1])[:_LOOKED_AT]
        masks = mask(array.take(pa.array(firsts)).cast(pa.string())).drop_null().value_counts()
        for pair in masks.to_pylist():
            self.looks[pair["values"]] += pair["counts"]

    def _add_years(self, years: pa.Array) -> None:
        for pair in pc.value_counts(years).to_pylist():
            self.years[pair["values"]] += pair["counts"]

    def _add_forms(self, array: pa.Array) -> None:
        counts = pc.value_counts(array)
        texts, weights = counts.field("values"), counts.field("counts").to_numpy()
        for form, holds in _FORMS.items():
            self.forms[form] += int(weights[holds(texts)].sum())
        days = pc.match_substring_regex(texts, _DAY).to_numpy(zero_copy_only=False)
        if days.any():
            year = pc.extract_regex(texts.filter(pa.array(days)), r"(?P<year>[12][0-9]{3})")
            years = zip(year.field("year").to_pylist(), weights[days].tolist(), strict=True)
            for text, count in years:
                if text:
                    self.years[int(text)] += count

    def extract(self, release: str, measured: Measured, year: int) -> Iterator[MarkFinding]:
        """Yield what speaks against the marks.

        Args:
            release: its id.
            measured: the leaf.
            year: of the plan's day.
        """

        def find(form: Form, count: int) -> MarkFinding:
            return MarkFinding(
                release=release,
                field=measured.leaf.path,
                mark=measured.leaf.identifies,
                form=form,
                values=self.values,
                count=count,
            )

        forms, prose = self.forms, self._is_prose(measured)
        phones = forms["phone"]
        if forms["digits"] * 3 > 2 * (self.values - phones):
            phones += forms["digits"]
        contacts: dict[Form, int] = {
            "email": forms["email"],
            "phone": phones,
            "iban": forms["iban"],
        }
        yield from (find(form, count) for form, count in contacts.items() if count)
        if prose:
            yield find("prose", forms["prose"])
        elif self._is_owned(measured) and not sum(contacts.values()):
            yield find("own", self.owners.own)
        if self._is_birth(measured, year):
            yield find("birth", sum(self.years.values()))

    def _is_prose(self, measured: Measured) -> bool:
        count = self.forms["prose"]
        return (
            not measured.spec.free_text
            and self.values >= _LEAST_TEXTS
            and count > _PROSE_SHARE * self.values
            and self.owners.own > _OWN_PROSE * self.values
        )

    def _is_owned(self, measured: Measured) -> bool:
        apart = max(self.forms["day"], self.forms["measure"])
        return (
            measured.owned
            and self.values >= LEAST_VALUES
            and self.owners.own >= NEARLY_ALL * self.values
            and apart * 2 < self.values
        )

    def _is_birth(self, measured: Measured, year: int) -> bool:
        """Whether days look like those of births, under a mark that says less of them."""
        marked = measured.leaf.identifies != "none" and (
            measured.spec.nir_part == "birth" or measured.leaf.to in ("year", "quarter")
        )
        days = sum(self.years.values())
        if marked or days < _LEAST_DATES or days * 10 < self.values * 9:
            return False
        years = np.repeat(np.array([*self.years]), np.array([*self.years.values()]))
        first, last = np.quantile(years, (0.1, 0.9))
        adults = ((years >= year - _OLDEST) & (years <= year - _ADULT)).mean()
        return bool(adults >= 0.98 and last - first >= _SPREAD)


def _matches(pattern: str) -> Callable[[pa.Array], Bools]:
    return lambda texts: np.asarray(
        pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    )


def _ibans(texts: pa.Array) -> Bools:
    found = _matches(_IBAN)(texts)
    for place in np.flatnonzero(found):
        words = re.finditer(_IBAN, texts[int(place)].as_py())
        found[place] = any(_is_iban(match[0].replace(" ", "")) for match in words)
    return found


def _is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right. Legal source: ISO 13616.

    Example:
        >>> _is_iban("FR7630006000011234567890189"), _is_iban("FR7630006000011234567890188")
        (True, False)
    """
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


_FORMS: Final[Mapping[str, Callable[[pa.Array], Bools]]] = {
    "email": _matches(_EMAIL),
    "phone": _matches(_SPACED),
    "digits": _matches(_PLAIN),
    "iban": _ibans,
    "prose": _matches(_PROSE),
    "day": _matches(_DAY),
    "measure": _matches(_MEASURE),
}


@dataclass
class Marks:
    """What the values of several releases say against the marks of their fields.

    Attributes:
        leaves: by release and path.
    """

    leaves: dict[tuple[str, str], LeafMarks] = field(default_factory=dict)

    def add(
        self,
        batch: pa.RecordBatch,
        release: str,
        measured: Mapping[str, Measured],
        persons: Hashes,
    ) -> None:
        """Add N rows as a release lets them pass, with the hashes of their persons."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for path, array, owners in _leaves(name, column, persons):
                if path in measured:
                    valid = are_valid(array)
                    if not valid.all():
                        array, owners = array.filter(pa.array(valid)), owners[valid]
                    leaf = self.leaves.setdefault((release, path), LeafMarks())
                    leaf.add(array, owners, measured[path])

    def merge(self, other: "Marks") -> None:
        """Add the values of `other`, which stays as it is."""
        for key, leaf in other.leaves.items():
            self.leaves.setdefault(key, LeafMarks()).merge(leaf)

    def extract(self, plan: Plan) -> list[MarkFinding]:
        """Return what speaks against the marks, by release and field."""
        return [
            finding
            for release in plan.releases
            for path, measured in measured_leaves(plan, release).items()
            if (release.id, path) in self.leaves
            for finding in self.leaves[release.id, path].extract(
                release.id, measured, plan.day.year
            )
        ]

    def looks(self) -> dict[str, dict[str, str]]:
        """Return by release and path what most texts look like, where enough records do."""
        looks: dict[str, dict[str, str]] = {}
        for (release, path), leaf in self.leaves.items():
            if leaf.look:
                looks.setdefault(release, {})[path] = leaf.look
        return looks


def _leaves(path: str, array: pa.Array, persons: Hashes) -> Iterator[tuple[str, pa.Array, Hashes]]:
    """Each leaf of a column with its path, its values, and the persons who have them."""
    array = decode(array)
    kind = array.type
    if is_list(kind):
        offsets, elements, _valid = list_parts(array)
        yield from _leaves(path, elements, np.repeat(persons, np.diff(offsets)))
    elif pa.types.is_struct(kind):
        for child, values in zip(kind, array.flatten(), strict=True):
            yield from _leaves(f"{path}.{child.name}", values, persons)
    else:
        yield path, array, persons


def describe_marks(findings: Iterable[MarkFinding]) -> dict[str, list[str]]:
    """What was found, by the condition of `--fail-on` that it meets, in words."""
    lines: dict[str, list[str]] = {name: [] for name in MARK_CONDITIONS.values()}
    for finding in findings:
        lines[MARK_CONDITIONS[finding.form]].append(
            _(
                "{field} in {release}: {count} of {values:# value|# values} "
                "{count:is|are} {what}, `identifies` is `{mark}`",
                field=finding.field,
                release=finding.release,
                count=finding.count,
                values=finding.values,
                what=_(FORM_WORDS[finding.form]),
                mark=finding.mark,
            )
        )
    return lines
