"""Numbers, days, citations and sentences in the reader's language."""

import datetime
import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from markupsafe import Markup

from tamis.dry_run.models import Count, FewOrCount

Lang = Literal["en", "fr"]

_MONTHS = (
    "January February March April May June July August September October November December",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
_LATIN = r"(bis|ter|quater|quinquies)?"
_ITEM = re.compile(r"([LRD])(\d{4}-\d+(?:-\d+)*)(?:\.(I{1,3}))?(?:\.(\d+)" + _LATIN + r")?")


@cache
def words() -> dict[str, Any]:
    """All words of the page, as `words.toml` has them; no line of French begins with a colon."""
    text = (files(__package__) / "words.toml").read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?<=«) | (?=[:;?!»])", "\u00a0", text))


class Speech:
    """The texts of the page in one language.

    Attributes:
        lang: `en` or `fr`.
    """

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self._at = ("en", "fr").index(lang)

    def __call__(self, key: str, **values: str) -> Markup:
        """The sentence `key`, with `values` in their places, all escaped but what is `Markup`."""
        return Markup.escape(self._text(key)).format(**values)

    def plain(self, key: str, **values: str) -> str:
        """The sentence `key` as text that is not yet escaped."""
        return self._text(key).format(**values)

    def get(self, key: str) -> str | None:
        """The sentence `key` as text, or None where there is none."""
        return self._text(key) if key in words()["text"] else None

    def meaning(self, key: str) -> tuple[str, str]:
        """Word and meaning of an entry of the glossary."""
        word, means = words()["glossary"][key][self.lang]
        return word, means

    def left(self) -> list[tuple[str, str]]:
        """What is left for two partners to join by under paragraph III, and what it tells."""
        return [
            (what, tells) for what, tells in (row[self.lang] for row in words()["left"].values())
        ]

    def glossary(self) -> list[str]:
        """Keys of the glossary, in the order of their words."""
        return sorted(words()["glossary"], key=lambda key: _fold(self.meaning(key)[0]))

    def number(self, value: Count | FewOrCount) -> str:
        """A count with its thousands set apart.

        Example:
            >>> Speech("en").number(12000), Speech("en").number("<5")
            ('12,000', '< 5')
        """
        if isinstance(value, str):
            return value.replace(">=", "≥ ").replace("<", "< ")
        return f"{value:,}".replace(",", (",", "\u202f")[self._at])

    def count(self, value: int, noun: str) -> str:
        """A number of things.

        Example:
            >>> Speech("en").count(1, "record"), Speech("fr").count(0, "record")
            ('1 record', '0 enregistrement')
        """
        singular, plural = words()["noun"][noun][self.lang]
        is_one = value == 1 if self.lang == "en" else value < 2
        return f"{self.number(value)} {singular if is_one else plural}"

    def share(self, part: int, whole: int) -> str:
        """A part in percent, never rounded to none or all.

        Example:
            >>> Speech("en").share(1, 3), Speech("en").share(1, 100_000)
            ('33.3%', '< 0.1%')
        """
        if not whole:
            return "–"
        percent = 100 * part / whole
        mark = ""
        if 0 < percent < 0.1:
            mark, percent = "< ", 0.1
        elif 99.9 < percent < 100:
            mark, percent = "> ", 99.9
        digits = f"{percent:.1f}".removesuffix(".0")
        return mark + (f"{digits}%", f"{digits.replace('.', ',')}\u00a0%")[self._at]

    def size(self, value: int) -> str:
        """Bytes, in thousands of them where there are many.

        Example:
            >>> Speech("en").size(181_220), Speech("fr").size(12)
            ('181.2 kB', '12 octets')
        """
        if value < 1000:
            return self.count(value, "byte")
        amount, unit = value / 1000, "k"
        for larger in "MGT":
            if amount < 999.95:
                break
            amount, unit = amount / 1000, larger
        digits = f"{amount:.1f}"
        return (f"{digits} {unit}B", f"{digits.replace('.', ',')}\u00a0{unit}o")[self._at]

    def day(self, value: datetime.date | str) -> str:
        """A day in words; a text that is none stays as it is.

        Example:
            >>> Speech("fr").day("2025-01-01"), Speech("en").day("2026-11-23")
            ('1er janvier 2025', '23 November 2026')
        """
        if isinstance(value, str):
            try:
                return self.day(datetime.date.fromisoformat(value))
            except ValueError:
                return value
        month = _MONTHS[self._at].split()[value.month - 1]
        first = "1er" if self.lang == "fr" and value.day == 1 else str(value.day)
        return f"{first} {month} {value.year}"

    def treatment(self, english: str) -> str:
        """What happens to a field's value; details that are not known stay as they are.

        Example:
            >>> Speech("fr").treatment("generalized to year")
            'généralisé à l’année'
        """
        return self.remark("treatment", english) or english

    def opinion(self, french: str) -> str:
        """An opinion of an approval, which documents write in French.

        Example:
            >>> Speech("en").opinion("réservé")
            'With reservations'
        """
        return self.get(f"opinion-{french}") or french

    def reason(self, english: str) -> tuple[str, bool]:
        """Why a field has its fate, and whether these are words of the program.

        Example:
            >>> Speech("fr").reason("not listed by the policy")
            ('la politique ne le nomme pas', True)
        """
        sentence = self.remark("reason", english)
        return sentence or english, sentence is not None

    def column(self, name: str) -> str:
        """A column's name, or that it is withheld.

        Example:
            >>> Speech("fr").column("(name withheld)"), Speech("fr").column("nir")
            ('(nom tu)', 'nir')
        """
        return self.remark("column", name) or name

    def remark(self, kind: str, english: str) -> str | None:
        """A remark of the program in the page's language, or None where it is not known."""
        for remark in words()["remark"].get(kind, ()):
            if match := re.fullmatch(remark["pattern"], english):
                sentence: str = remark[self.lang].format(*match.groups())
                return sentence
        return None

    def _text(self, key: str) -> str:
        text: str = words()["text"][key][self.lang]
        return text


def _fold(word: str) -> str:
    """`word` without accents and case, to sort by."""
    plain = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def cite(reference: str) -> str:
    """An article, item or purpose as lawyers cite it, in French; others as they are.

    Example:
        >>> cite("R6323-37.III.2"), cite("R6323-33.1bis"), cite("R6323-34-1")
        ('R. 6323-37, III, 2°', 'R. 6323-33, 1° bis', 'R. 6323-34-1')
    """
    match = _ITEM.fullmatch(reference)
    if match is None:
        return reference
    letter, article, paragraph, number, latin = match.groups()
    citation = f"{letter}. {article}"
    if paragraph:
        citation += f", {paragraph}"
    if number:
        citation += f", {number}°" + (f" {latin}" if latin else "")
    return citation
