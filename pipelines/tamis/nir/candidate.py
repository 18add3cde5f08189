"""Candidates: numbers written like a NIR, with the properties of form and surroundings."""

import re
from bisect import bisect
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from tamis.nir.identifiers import key_of
from tamis.nir.label import REACH, Label, Labels

ODD_GAPS = ",+:|*~'"  # only where all gaps are the same one
_GAP = rf"(?:[ \t\n\r\-._/]{{1,4}}|[{ODD_GAPS}])?"
NIR_PATTERN = re.compile(
    rf"""(?P<first>[1-8])(?<![0-9].)(?P<gap1>{_GAP})(?P<year>[0-9]{{2}})(?P<gap3>{_GAP})
    (?P<month>[0-9]{{2}})(?P<gap5>{_GAP})(?P<department>[0-9]{{2}}|2[ABab])(?P<gap7>{_GAP})
    (?P<commune1>[0-9])(?P<gap8>{_GAP})(?P<commune2>[0-9]{{2}})(?P<gap10>{_GAP})
    (?P<order>[0-9]{{3}})
    (?:
      (?P<word>[ \t\n\r,;/.\-_]{{0,4}}(?P<open>[(\[][ ]?)?(?i:(?:et|avec)[ ](?:[ls]a[ ])?)?
        (?i:clef?|key)(?i:[ ]de[ ](?:contr[oô]le|securite))?
        [ ]?(?:n°[ ]?)?(?:[:=\-.°][ ]?){{0,2}}(?P<word_key>[0-9]{{2}})(?(open)(?:[ ]?[)\]])?))
    | [ \t\n\r\-]{{0,3}}[(\[][ ]?(?P<bracket_key>[0-9]{{2}})[ ]?[)\]]
    | (?P<gap13>{_GAP})(?P<key>[0-9]{{2}})
    )?(?![0-9])""",
    re.VERBOSE,
)
_PARTS = ("first", "year", "month", "department", "commune1", "commune2", "order")
_GAPS = ("gap1", "gap3", "gap5", "gap7", "gap8", "gap10", "gap13")
_READ = [  # by number, which Python finds sooner than by name
    NIR_PATTERN.groupindex[name] for name in (*_PARTS, *_GAPS, "key", "word_key", "bracket_key")
]
_GROUP = re.compile(r"[0-9]+")
FLOAT_TAIL = re.compile(r"\.0+(?![0-9])")
_FRACTION = re.compile(r"\.[0-9]")
COUNTED = (
    "bis|ter|rue|r|av|avenue|bd|boulevard|bld|place|pl|chemin|allee|impasse|route|quai|cours|square"
    "|ans?|jours?|mois|semaines?|heures?|h|min|euros?|eur|janvier|fevrier|mars|avril|mai|juin"
    "|juillet|aout|septembre|octobre|novembre|decembre"
)
"""Words behind two digits by which these count something or begin an address or a date."""
_NOT_KEY = re.compile(rf"[/.:\-][0-9]|[ ]?(?:%|€|\$|°)|[ ]?(?i:{COUNTED})\b")
_JOINED = re.compile(r"[\s\"']{0,3}(?:[,;&/+|]|et|ou|and|or)?[\s\"']{0,3}")
_OF_ANOTHER = re.compile(
    r"(?=[^0-9]*\b(?:pere|mere|conjointe?|epoux|epouse|mari|femme|enfants?|fils|fille|frere|lui|elle"
    r"|titulaire|assuree?|ayant|m|mr|mme|mlle|monsieur|madame|autre|seconde?|ancien|nouveau|puis)\b)"
    r"[^0-9!?\n]{3,40}",
    re.IGNORECASE,
)
DATED = re.compile(r"[0-9](?:h[0-9]{0,2}|/[0-9]{2,4})$")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{24,}")


class NirMatch(NamedTuple):
    """A NIR in folded text: its span, and whether it carries its right key."""

    start: int
    end: int
    keyed: bool


START = itemgetter(0)


@dataclass
class NirCandidate:
    """One match of the NIR's pattern, and what the rules ask of it.

    Attributes:
        match: of `NIR_PATTERN` or of another pattern.
        text: folded, in which the number stands.
        labels: of `text`.
        accepted: the NIRs of `text` that are accepted so far, in order.
        body: 13 characters, in upper case.
        key: two digits, or None where the number has no key.
        end: one past the number's last character, its key included.
        gaps: the separators between its groups, in order; none of them empty.
    """

    match: re.Match[str]
    text: str
    labels: Labels
    accepted: list[NirMatch]
    body: str
    key: str | None
    end: int
    gaps: list[str]
    _label: tuple[Label, int] | None = None

    @property
    def keyed(self) -> bool:
        """Whether the key is there and right."""
        return self.key is not None and int(self.key) == key_of(self.body)

    @property
    def plausible(self) -> bool:
        """The broad structure: any month that is in use or stands for an unknown one."""
        month = int(self.body[3:5])
        return (1 <= month <= 12 or month >= 20) and self.body[5:7] != "00"

    @property
    def begins_plausibly(self) -> bool:
        """`plausible` for a body that may be cut short."""
        return self.body[:5].isdigit() and self.body[0] != "9" and self.plausible

    @property
    def strict(self) -> bool:
        """The narrow structure: a person's first digit, a known month, no part all zeros."""
        body = self.body
        known = 1 <= int(body[3:5]) <= 12 or 20 <= int(body[3:5]) <= 42 or int(body[3:5]) >= 50
        return (
            body[0] in "12"
            and known
            and body[5:7] != "00"
            and body[7:10] != "000"
            and body[10:] != "000"
        )

    @property
    def born_in_a_month(self) -> bool:
        """Whether the month is one of the calendar's."""
        return 1 <= int(self.body[3:5]) <= 12

    @property
    def full(self) -> bool:
        """The INSEE grouping 1 2 2 2 3 3, or 1 2 2 3 2 3 as overseas numbers are also cut."""
        match = self.match
        return bool(
            match["gap1"]
            and match["gap3"]
            and match["gap5"]
            and match["gap10"]
            and (bool(match["gap7"]) != bool(match["gap8"]))
        )

    @property
    def in_a_list(self) -> bool:
        """Whether a further number follows or goes before with the separator used inside."""
        gap = self.gaps[-1]
        start, end, text = self.match.start(), self.end, self.text
        before = text[max(0, start - len(gap) - 1) : start]
        if len(before) > len(gap) and before[0].isdigit() and before[1:] == gap:
            return not DATED.search(text[max(0, start - len(gap) - 6) : start - len(gap)])
        further = _GROUP.match(text, end + len(gap)) if text.startswith(gap, end) else None
        return further is not None and not _NOT_KEY.match(text, further.end())

    @property
    def like_a_decimal(self) -> bool:
        """Whether the number may be a decimal one, or a part of one.

        It has one dot or comma among its digits, or digits and a dot stand before it, or a
        fraction stands behind it.
        """
        gaps, start, text = self.gaps, self.match.start(), self.text
        if len(gaps) == 1 and gaps[0] in (".", ","):
            return True
        if not gaps:
            if start > 1 and text[start - 1] == "." and text[start - 2].isdigit():
                return True
            return bool(_FRACTION.match(text, self.end) and not FLOAT_TAIL.match(text, self.end))
        return False

    @property
    def mixes_odd_gaps(self) -> bool:
        """Whether an unusual separator is used beside another one."""
        return any(gap in ODD_GAPS for gap in self.gaps) and len(set(self.gaps)) > 1

    @property
    def in_a_digest(self) -> bool:
        """Whether the number is a part of a long run of hexadecimal digits."""
        start, text = self.match.start(), self.text
        begin = start
        while begin > 0 and start - begin < 128 and text[begin - 1] in "0123456789abcdefABCDEF":
            begin -= 1
        token = _HEXADECIMAL.match(text, begin, max(begin + 24, self.end))
        return token is not None and token.end() >= self.end

    @property
    def label(self) -> tuple[Label, int]:
        """The number's label and how many characters lie between.

        Where it stands behind the number, these are more than any label before may lie apart.

        A label stands before the number, or before the list that the number is in, or just behind
        the number.
        """
        if self._label is None:
            self._label = self._look_for_label()
        return self._label

    def _look_for_label(self) -> tuple[Label, int]:
        start, text = self.match.start(), self.text
        floor = 0
        accepted = self.accepted
        in_order = not accepted or accepted[-1].start <= start
        place = len(accepted) if in_order else bisect(accepted, start, key=START)
        if place:
            last = accepted[place - 1]
            floor = last.end
            if _JOINED.fullmatch(text, floor, start):
                return self.labels.before_first(accepted[0].start), 0
        label, gap = self.labels.before(start, floor)
        if label is Label.NONE:
            of_another = place and _OF_ANOTHER.fullmatch(text, floor, start)
            if of_another and self.labels.before(last.start)[0] is Label.STRONG:
                return Label.WEAK, 0
            return self.labels.after(self.end), REACH + 1
        return label, gap


def candidate_of(
    match: re.Match[str], text: str, labels: Labels, accepted: list[NirMatch]
) -> NirCandidate:
    """The candidate of a match of `NIR_PATTERN`; digits that begin something else are no key."""
    values = match.group(*_READ)
    body, gap13, key = "".join(values[:7]).upper(), values[13], values[14]
    used = [gap for gap in values[7:13] if gap]
    end = match.end()
    if key and gap13:
        of_another_field = gap13 in (ODD_GAPS if used else ",|")
        if (of_another_field and gap13 not in used) or (
            int(key) != key_of(body) and (not used or _is_something_else(match, text))
        ):
            key, end = None, match.end("order")
        else:
            used.append(gap13)
    key = key or values[15] or values[16]
    return NirCandidate(match, text, labels, accepted, body, key, end, used)


def _is_something_else(match: re.Match[str], text: str) -> bool:
    """Whether two digits behind the number, which are not its key, begin something else."""
    gap = match["gap13"]
    after = match.end() + len(gap)
    further = text.startswith(gap, match.end()) and text[after : after + 1].isdigit()
    return further or gap == "\n" or bool(_NOT_KEY.match(text, match.end()))
