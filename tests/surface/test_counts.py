"""Every message with a number says it rightly of none, one and two, in both languages."""

import ast
import re

import pytest

from tamis.language import Language, _, ngettext, speaking
from tests.surface.closed_words import PACKAGE, looked_up, modules
from tests.surface.test_messages import both_forms, extract, places

ALWAYS_SEVERAL = {
    "as it is, written in {count} characters",
    "column `{column}` stands {count} times in the batch",
    "has {count} sheets: `sheet` must name one of {names}",
    "in its form of {count} characters",
    "kept in its form of {count} characters",
    "more than {count:,} elements stand around records",
    "one reason for {count} lowered marks: {fields}; each field must have its own",
    "{count} rows",
    "{count} rows/s",
    "{looked_at:,} rubriques were looked at. Read by the schema and found: {found} of {known} "
    "different ones.",
}
"""Messages of numbers that are never one, and of a progress bar."""

COUNTS = {"count", "rows", "records", "values", "files", "messages", "attempts", "columns", "runs",
          "persons", "candidates", "inputs", "claims", "looked_at", "size", "names"}  # fmt: skip

PLURAL = re.compile(r"\{(\w+)(?::,)?\} (?:[a-z]+ )?[a-z]+s\b(?<!\bis)(?<!\bhas)(?<!\bwas)(?<!\bas)")
"""A number and a noun in the plural, in a form that does not depend on the number."""

WRONG: dict[Language, str] = {
    "en": r"\b1 (?!(?:as|is|was|has|does|holds)\b)[a-z]+s\b|\b1 (?:are|were)\b|\b[02] is\b",
    "fr": r"\b[01] (?!(?:mois|fois|cas|dans|les)\b)[a-zéèê]+s\b|\b[01] (?:ont|sont)\b",
}
"""What is wrong beside a number."""


def test_no_noun_behind_a_number_is_always_in_the_plural() -> None:
    odd = {
        message.id
        for message in extract()
        if isinstance(message.id, str)
        for match in PLURAL.finditer(message.id)
        if match[1] in COUNTS
    }
    assert odd - ALWAYS_SEVERAL == set()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_messages_with_numbers_are_right_of_none_one_and_two(language: Language) -> None:
    odd = []
    with speaking(language):
        for message in extract():
            forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            if len(forms) == 1 and both_forms(forms[0]) == forms[0]:
                continue
            for number in range(3):
                values = {name: number for form in forms for name, _form in places(form)}
                values.pop("count", None)
                if len(forms) == 2:
                    text = ngettext(forms[0], forms[1], number, **values)
                else:
                    text = _(forms[0], **{**values, "count": number})
                if re.search(WRONG[language], text) or re.search(r"[#|]", text):
                    odd.append(text)
    assert odd == []


def test_values_are_filled_in_by_the_one_who_knows_the_language() -> None:
    """`str.format` knows no forms of numbers, and not the marks of French."""
    odd = [
        f"{module.path.relative_to(PACKAGE)}:{call.lineno}"
        for module in modules()
        for call in module.calls.get("format", ())
        if isinstance(call.func, ast.Attribute)
        for form in looked_up(call.func.value, module)
        if "|" in form or ":," in form
    ]
    assert odd == []
