"""Letters that look like others and characters that nobody sees are told, with their place."""

import pytest

from tamis.check.check import check

from .test_check import MakeProject


@pytest.mark.parametrize(
    ("edit", "place", "character"),
    [
        (("  nom: ", "  n\N{CYRILLIC SMALL LETTER O}m: "), "people.yaml:7:3", "U+043E CYRILLIC"),
        (("  nom: ", "  n\u200bom: "), "people.yaml:7:3", "U+200B ZERO WIDTH SPACE"),
        (("des personnes et leurs contrats", '"des\\e personnes"'), "people.yaml:2:12", "U+001B"),
        (
            ("leurs contrats", "leurs \N{GREEK CAPITAL LETTER ALPHA}dresses"),
            "people.yaml:2",
            "GREEK",
        ),
        (("leurs contrats", "leurs con\N{SOFT HYPHEN}trats"), "people.yaml:2", "U+00AD SOFT"),
        (("leurs contrats", "cœur, l’été « à Ω » 3\N{NO-BREAK SPACE}€"), "", ""),
    ],
)
def test_odd_characters_are_told(
    make_project: MakeProject, edit: tuple[str, str], place: str, character: str
) -> None:
    found = [
        str(violation.problem)
        for violation in check(make_project(("schemas/people.yaml", *edit)))
        if violation.code == "letters"
    ]
    assert bool(found) == bool(place)
    for text in found:
        assert place in text
        assert character in text
        assert text.isprintable()
