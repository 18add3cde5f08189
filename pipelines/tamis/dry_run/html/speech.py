"""Numbers, days, citations, types and sentences in the reader's language."""

import datetime
import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from markupsafe import Markup

from tamis.documents.types import kind_of
from tamis.dry_run.html.markup import code
from tamis.dry_run.models import Count, FewOrCount
from tamis.dry_run.result import DryField
from tamis.dry_run.stated import BasisPart, ConditionPart, Value
from tamis.evidence.causes import CausePart
from tamis.evidence.wording import describe_rule
from tamis.language import fill

Lang = Literal["en", "fr"]

_MONTHS = (
    "January February March April May June July August September October November December",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
NARROW = "\u202f"
"""The narrow space that does not break: in French before `: ; ! ? » %` and behind `«`."""

_LATIN = r"(bis|ter|quater|quinquies)?"
_ITEM = re.compile(r"([LRD])(\d{4}-\d+(?:-\d+)*)(?:\.(I{1,3}))?(?:\.(\d+)" + _LATIN + r")?")


@cache
def words() -> dict[str, Any]:
    """All words of the page, as `words.toml` has them, with the narrow spaces of French."""
    text = (files(__package__) / "words.toml").read_text(encoding="utf-8")
    return tomllib.loads(re.sub(r"(?<=«) | (?=[:;?!»])", NARROW, text))


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
        return fill(self._text(key), values, self.lang)

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
        return f"{value:,}".replace(",", (",", NARROW)[self._at])

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
        return mark + (f"{digits}%", f"{digits.replace('.', ',')}{NARROW}%")[self._at]

    def percent(self, share: str) -> str:
        """A percentage as documents write it.

        Example:
            >>> Speech("en").percent("0.5%"), Speech("fr").percent("1%")
            ('0.5%', '1\u202f%')
        """
        if self.lang == "en":
            return share
        return share.replace(".", ",").replace("%", f"{NARROW}%")

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
            ('1ᵉʳ janvier 2025', '23 November 2026')
        """
        if isinstance(value, str):
            try:
                return self.day(datetime.date.fromisoformat(value))
            except ValueError:
                return value
        month = _MONTHS[self._at].split()[value.month - 1]
        first = "1ᵉʳ" if self.lang == "fr" and value.day == 1 else str(value.day)
        return f"{first} {month} {value.year}"

    def treatment(self, field: DryField) -> str:
        """What happens to a field's value, with its details.

        Example:
            >>> from tamis.dry_run.result import TreatmentPart, TypePart
            >>> field = DryField.model_construct(
            ...     fate="generalized", details=TreatmentPart(to="year"))
            >>> Speech("fr").treatment(field)
            'réduit à l’année'
        """
        details = field.details
        if details.canonical:
            return self.plain("how-canonical", count=str(details.canonical))
        if details.to:
            return self.plain(f"how-{details.to}")
        if details.step:
            return self.plain("how-step", step=self.number(details.step))
        if details.prefix:
            return self.plain("how-prefix", count=str(details.prefix))
        if field.fate == "pseudonymized":
            return self.plain("how-pseudonymized", name=field.out or "")
        return self.plain(f"fate-{field.fate}")

    def type(self, arrow: str, *, is_money: bool = False) -> str:
        """An Arrow type in words; one that has none stays as it is.

        Args:
            arrow: its name, such as `list<date32>`.
            is_money: whether a number with decimals is an amount.

        Example:
            >>> Speech("fr").type("list<date32>"), Speech("fr").type("decimal128(12, 2)")
            ('date AAAA-MM-JJ (liste)', 'nombre à 2 décimales')
        """
        plain = arrow.replace("list<", "").rstrip(">")
        kind = kind_of(plain) or ("list" if plain in ("list", "struct") else None)
        if kind is None:
            return arrow
        if kind == "decimal":
            places = plain.rpartition(",")[2].strip(" )")
            words = self.plain("type-money" if is_money else "type-decimal", places=places)
        else:
            words = self.plain(f"type-{kind}")
        return words if plain == arrow else self.plain("type-list-of", type=words)

    def field_type(self, field: DryField) -> str:
        """What a field holds, in words: its type as the source sends it, or which identifier."""
        if field.identifier:
            names = dict.fromkeys(self.plain(f"identifier-{name}") for name in field.identifier)
            return self.plain("or").join(names)
        is_money = any("financier" in slug for slug in field.category)
        return self.type(field.type.in_, is_money=is_money)

    def condition(self, test: ConditionPart) -> Markup:
        """A condition as a sentence without its reason."""
        field = code(test.field)
        if not test.values:
            return self("test-present", field=field)
        values = Markup(", ").join(code(self.value(value)) for value in test.values)
        return self("test-is" if len(test.values) == 1 else "test-in", field=field, values=values)

    def value(self, value: Value) -> str:
        """A value that a condition tests for."""
        return self.plain(f"value-{value}".lower()) if isinstance(value, bool) else str(value)

    def basis(self, basis: BasisPart) -> Markup:
        """A legal basis without its status."""
        text = Markup('<span lang="fr">{}</span>').format(basis.text)
        if basis.rgpd is None:
            return self("basis-nir", text=text)
        return self("basis-rgpd", ground=basis.rgpd, text=text)

    def cause(self, cause: CausePart) -> Markup:
        """Why records are quarantined, in words."""
        if cause.kind not in ("record", "rule"):
            return self(f"cause-{cause.kind}", rule=self.type(cause.rule))
        sentence = self(f"cause-of-{cause.reason}")
        return Markup("{} ({})").format(sentence, describe_rule(cause, self.lang))

    def period(self, iso: str) -> str:
        """A period of whole years or months.

        Example:
            >>> Speech("fr").period("P18M"), Speech("en").period("P1Y")
            ('18 mois', '1 year')
        """
        return self.count(int(iso[1:-1]), {"Y": "year", "M": "month"}[iso[-1]])

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
            ('(nom masqué)', 'nir')
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
