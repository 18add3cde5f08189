"""The HTML report holds all of a dry run, in both languages, whatever the names in it are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from string import Formatter
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.documents.law import Attested
from tamis.dry_run.html import render_html
from tamis.dry_run.html.flow import FATES
from tamis.dry_run.html.markup import visible
from tamis.dry_run.html.page import SECTIONS
from tamis.dry_run.html.speech import Lang, Speech, words
from tamis.filter.tally import REASONS

from .conftest import Desk
from .made import make_result

LANGS: tuple[Lang, ...] = ("en", "fr")
VOID = {"meta", "wbr"}
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><style>*{display:none}",
    '" onload="alert(1)',
    "' onmouseover='alert(1)",
    "</title></text></svg><img src=https://x.example/p onerror=alert(1)>",
    "&lt;b&gt;&amp;&#60;",
    "<!-- -->]]><![CDATA[",
    "{policy} {0} {records.__class__} %s",
    "\u202eevil\u2066\u200f\u200b",
    "\x00\x1b[31m\x85\u2028\ud800",
    "javascript:alert(1)",
    "W" * 3000,
    "語" * 400,
    "",
)
both = pytest.mark.parametrize("lang", LANGS)


@dataclass
class Node:
    """An element with its attributes, its elements and its own text."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list["Node"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, *names: str) -> list["Node"]:
        """Elements inside, of these names if there are some, in the order of the page."""
        elements = []
        for element in self.inside:
            if not names or element.name in names:
                elements.append(element)
            elements += element.all(*names)
        return elements

    @property
    def text(self) -> str:
        """All text inside; in the order of the page but for text around elements."""
        return "".join([*self.texts, *(element.text for element in self.inside)])


class Tree(HTMLParser):
    """Builds the tree of a page and minds that every element is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("root")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), tag
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("the page has a comment")


def parse(page: str) -> Node:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == [tree.root]
    return tree.root


def outline(node: Node) -> list[str]:
    """Elements and their attributes' names, but for drawings and for where a line may break."""
    lines = []
    for element in node.inside:
        if element.name == "wbr":
            continue
        lines.append(f"{element.name} {' '.join(sorted({*element.attributes} - {'lang'}))}")
        if element.name != "svg":
            lines += outline(element)
    return lines


# What is there


@both
def test_every_section_is_there_under_a_heading_and_in_the_contents(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))

    sections = {element.attributes["id"]: element for element in page.all("section")}
    links = [element.attributes["href"] for element in page.all("nav")[0].all("a")]
    assert tuple(sections) == SECTIONS
    assert links == [f"#{name}" for name in SECTIONS]
    for name, section in sections.items():
        (heading,) = section.all("h2")
        assert heading.attributes["id"] == section.attributes["aria-labelledby"] == f"{name}-title"
        assert heading.text.strip()
    assert page.all("html")[0].attributes["lang"] == lang


def test_the_comparison_is_left_out_where_nothing_was_compared() -> None:
    page = parse(render_html(make_result(against=None)))

    assert [element.attributes["id"] for element in page.all("section")] == [
        name for name in SECTIONS if name != "against"
    ]


@both
def test_the_page_has_landmarks_a_skip_link_and_headings_in_steps(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))
    body = page.all("body")[0]

    assert [element.name for element in body.inside] == ["a", "header", "nav", "main", "footer"]
    assert body.inside[0].attributes["href"] == "#main"
    levels = [int(element.name[1]) for element in page.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@both
def test_every_table_has_a_caption_and_heads_with_scope(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))

    tables = page.all("table")
    assert len(tables) > 10
    for table in tables:
        assert table.inside[0].name == "caption"
        assert table.inside[0].text.strip()
        heads, body = table.all("thead")[0], table.all("tbody")[0]
        assert all(element.attributes["scope"] == "col" for element in heads.all("th"))
        for row in body.all("tr"):
            assert [element.name for element in row.inside] == ["th"] + ["td"] * (
                len(row.inside) - 1
            )
            assert row.inside[0].attributes["scope"] == "row"
            assert len(row.inside) == len(heads.all("th"))


@both
def test_every_link_leads_to_a_place_of_the_page(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]

    assert len(ids) == len(set(ids))
    assert {element.attributes["href"] for element in page.all("a")} <= {f"#{name}" for name in ids}


@both
def test_the_meaning_on_hover_is_also_written_in_the_glossary(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))
    written = {
        entry.all("dt")[0].attributes["id"]: entry.all("dd")[0].text
        for entry in page.all("section")[SECTIONS.index("glossary")].all("dl")[0].inside
    }

    terms = [element for element in page.all("a") if element.attributes.get("class") == "term"]
    assert len(terms) > 10
    assert {term.attributes["href"][1:] for term in terms} == set(written)  # and no other
    for term in terms:
        assert term.attributes["title"] == written[term.attributes["href"][1:]]


def test_each_field_tells_its_fate_by_letter_and_word_under_its_need_or_its_reason() -> None:
    for lang in LANGS:
        say = Speech(lang)
        result = make_result()
        section = parse(render_html(result, lang)).all("section")[SECTIONS.index("fields")]
        passing = [
            {row.all("code")[0].text: row for row in rows.inside}
            for rows in section.all("ul")
            if rows.attributes["class"] == "fields"
        ]
        assert len(passing) == 2 * len(result.releases)
        release = next(iter(result.releases.values()))
        for rows in passing:
            assert [path for path in rows if say.meaning("identifies-none")[0] in rows[path].text][
                :1
            ] == ["montant"]  # that a pseudonym tells nothing is no mark of the schema
            for path, leaf in release.fields.items():
                badge = rows[path].all("span")[0]
                assert badge.attributes["class"] == f"fate {leaf.fate}"
                assert badge.all("span")[0].text == say.plain(f"letter-{leaf.fate}")
                assert say.plain(f"fate-{leaf.fate}") in badge.text
                assert leaf.fate in ("kept", "redacted") or say.treatment(leaf) in rows[path].text
                assert say.field_type(leaf) in rows[path].text
        stopped = [row.text for row in section.all("div") if "iban" in row.text and row.all("dt")]
        assert say.reason("outside every category")[0] in stopped[0]


@both
def test_every_figure_of_the_result_is_on_the_page(lang: Lang) -> None:
    result = make_result()
    page = parse(render_html(result, lang)).text
    say = Speech(lang)
    figures = [result.counts.in_, result.counts.released, result.counts.withheld]
    figures += [result.counts.quarantined, *result.anomalies.values()]
    figures += [cause.records for cause in result.quarantine_causes or ()]
    figures += [part.records for part in result.conditions_not_met or ()]
    figures += [input.rows for input in result.inputs]
    for release in result.releases.values():
        figures += [release.rows, *release.redacted.values()]

    assert [figure for figure in figures if say.number(figure) not in page] == []
    for text in ("< 5", "≥ 5", result.plan_sha256, result.policy_sha256):
        assert text in page
    for version in result.texts.values():
        assert version.id in page
        assert say.day(version.from_) in page


@both
def test_every_text_of_the_result_is_on_the_page(lang: Lang) -> None:
    texts = []

    def told(text: str) -> str:
        texts.append(text + "ß")
        return texts[-1]

    page = parse(render_html(make_result(told), lang)).text
    unseen = {"systeme-evaluationß"}  # the partner is called by its name

    assert {text for text in texts if re.split("[/:]", text)[-1] not in page} == unseen


@both
def test_a_sample_says_that_it_is_one(lang: Lang) -> None:
    sample = {"read": 1234, "complete": True, "inputs": 2, "inputs_complete": 2, "method": "all"}
    part = parse(render_html(make_result(), lang)).text
    whole = parse(render_html(make_result(sample=sample), lang)).text

    sentence = str(Speech(lang)("find-sample"))
    assert sentence in part
    assert sentence not in whole


@both
def test_each_attestation_is_told_in_plain_words(lang: Lang) -> None:
    page = parse(render_html(make_result(releases=4), lang)).text

    for mark in get_args(Attested):
        assert words()["text"][f"attested-{mark}-means"][lang] in page


@both
def test_the_caveat_stands_at_the_top_and_at_the_end(lang: Lang) -> None:
    page = parse(render_html(make_result(), lang))

    caveat = words()["text"]["caveat"][lang]
    assert caveat in page.all("section")[0].text
    assert caveat in page.all("footer")[0].text


@both
def test_an_empty_dry_run_is_a_page_too(lang: Lang) -> None:
    empty = make_result(
        releases=0,
        counts={"in": 0, "released": 0, "withheld": 0, "quarantined": 0},
        quarantine={},
        anomalies={},
        inputs=[],
        drift={},
        texts={},
        bytes={"in": 0, "out": {}, "quarantine": 0},
        quarantine_causes=[],
        conditions_not_met=[],
        motifs=[],
        categories=[],
        valid_until=None,
        profile=None,
    )

    page = parse(render_html(empty, lang))
    assert [element.attributes["id"] for element in page.all("section")] == list(SECTIONS)


def test_each_square_has_a_label_and_no_empty_branch_is_drawn() -> None:
    full = make_result()
    counts = {"in": 1000, "released": 1000, "withheld": 0, "quarantined": 0}
    for result, boxes in ((full, 6), (make_result(counts=counts), 4)):
        page = parse(render_html(result, "fr"))
        wide = next(svg for svg in page.all("svg") if svg.attributes.get("class") == "wide")
        squares = [
            rect for rect in wide.all("rect") if rect.attributes["class"].startswith("square")
        ]
        assert len(wide.all("g")) == boxes
        assert len(squares) == sum(len(release.fields) for release in full.releases.values())
        assert squares[0].text == "nir\u202f: pseudonymisé en pseudonyme"
        assert all(square.text for square in squares)


def test_many_fields_and_releases_are_drawn_whole_or_counted() -> None:
    release = next(iter(make_result().releases.values()))
    fields = {f"field_{number}": release.fields["iban"] for number in range(400)}
    crowded = {f"r{number}": release.model_copy(update={"fields": fields}) for number in range(9)}

    page = parse(render_html(make_result().model_copy(update={"releases": crowded})))
    wide = next(element for element in page.all("svg") if element.attributes.get("class") == "wide")
    assert wide.text.count("+240") == 9


# What is not there


@both
def test_the_page_asks_for_nothing_and_runs_nothing(lang: Lang) -> None:
    html = render_html(make_result(), lang)
    page = parse(html)

    names = {element.name for element in page.all()}
    loading = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    assert names & loading == set()
    for element in page.all():
        assert not {"src", "srcset", "style", "action", "xlink:href"} & element.attributes.keys()
        assert not any(name.startswith("on") for name in element.attributes)
    assert re.findall(r"https?:|//[a-z]|url\(|@import", html) == []
    policy = next(element for element in page.all("meta") if "http-equiv" in element.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda word: ascii(word[:12]))
@both
def test_hostile_names_and_texts_change_nothing_but_text(lang: Lang, hostile: str) -> None:
    page = parse(render_html(make_result(lambda word: word + hostile), lang))

    assert outline(page) == outline(parse(render_html(make_result(lambda word: word + "z"), lang)))
    assert visible(f"inconnue{hostile}") in page.text
    assert visible(f"comparer l’usage{hostile}") in page.text


@settings(max_examples=25)
@given(st.text(max_size=40).filter(lambda text: "[]" not in text))  # the mark of a list in a path
def test_no_text_changes_the_outline_and_every_page_can_be_written(text: str) -> None:
    html = render_html(make_result(lambda word: f"{word}é{text}"))

    assert outline(parse(html)) == outline(parse(render_html(make_result(lambda word: f"{word}é"))))
    html.encode("utf-8")


def test_no_template_takes_text_for_markup() -> None:
    templates = list((files("tamis.dry_run.html") / "templates").iterdir())
    texts = [path.read_text(encoding="utf-8") for path in templates]

    assert len(texts) > len(SECTIONS)
    assert [text for text in texts if re.search(r"\|\s*safe\b|autoescape|Markup", text)] == []


def test_characters_that_hide_or_turn_text_are_spelled_out() -> None:
    html = render_html(make_result(lambda word: f"{word}\u202e\u2066\u200b\x00\x1b\ud800"))

    assert not set("\u202e\u2066\u200b\x00\x1b\ud800") & set(html)
    assert "[U+202E][U+2066][U+200B][U+0000][U+001B][U+D800]" in html


@both
def test_no_value_of_the_input_is_on_the_page(lang: Lang, desk: Desk) -> None:
    rows = 40
    columns: dict[str, Any] = {
        name: pa.array([f"CANARY {name}"] * rows)
        for name in ("sexe", "region", "action", "employeur", "inconnue")
    }
    columns |= {
        "nir": pa.array(["155087599999193"] * rows),
        "naissance": pa.array([-144817] * rows, pa.int32()).cast(pa.date32()),
        "montant": pa.array(["6510615555.42"] * rows).cast(pa.decimal128(12, 2)),
        "heures": pa.array([1515870810] * rows, pa.int32()),
        "commentaire": pa.array(["CANARY, NIR 1 55 08 75 999 991 93"] * rows),
    }

    result = desk.dry_run(desk.feed(columns), profiles=True)
    html = render_html(result, lang)

    assert result.counts.released == rows
    needles = ("CANARY", "15508759999919", "1 55 08 75", "1573", "6510615555", "1515870810")
    assert [needle for needle in needles if needle in html] == []


# Words


def test_every_sentence_is_in_both_languages_with_the_same_places() -> None:
    def places(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    for key, sentence in words()["text"].items():
        assert set(sentence) == {"en", "fr"}, key
        assert sentence["en"].strip(), key
        assert sentence["fr"].strip(), key
        assert places(sentence["en"]) == places(sentence["fr"]), key
    for kind in ("noun", "glossary"):
        for key, entry in words()[kind].items():
            assert {lang: len(entry[lang]) for lang in entry} == {"en": 2, "fr": 2}, key
    for rows in words()["remark"].values():
        for remark in rows:
            groups = re.compile(remark["pattern"]).groups
            for lang in LANGS:
                used = [name for _, name, _, _ in Formatter().parse(remark[lang]) if name]
                assert sorted(used) == [str(number) for number in range(groups)], remark["pattern"]


def test_french_is_written_as_french_is() -> None:
    def sentences(part: Any) -> Iterator[str]:
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            for inner in part:
                yield from sentences(inner)
        else:
            for key, inner in part.items():
                if key not in ("en", "pattern"):
                    yield from sentences(inner)

    texts = [*sentences(words())]
    assert len(texts) > 300
    odd = re.compile(r"'|1er\b|(?<![\s\u202f])[:;?!»](?=\s|$)|[  ][:;?!»]|«(?!\u202f)")
    assert [text for text in texts if odd.search(text)] == []
    assert Speech("fr").day("2025-01-01") == "1ᵉʳ janvier 2025"


def test_every_fate_reason_and_attestation_has_its_words() -> None:
    text = words()["text"]

    for fate in FATES:
        assert {f"letter-{fate}", f"fate-{fate}"} <= text.keys()
        assert fate in words()["glossary"]
    for lang in LANGS:
        assert len({text[f"letter-{fate}"][lang] for fate in FATES}) == len(FATES)
    for reason in REASONS:
        assert {f"reason-{reason}-do", f"cause-of-{reason}"} <= text.keys()
    for mark in get_args(Attested):
        assert {f"attested-{mark}", f"attested-{mark}-means"} <= text.keys()
    formats = files("tamis.formats")
    sources = [path for folder in (formats, formats / "dsn") for path in folder.iterdir()]
    code = "".join(path.read_text("utf-8") for path in sources if path.name.endswith(".py"))
    anomalies = set(re.findall(r'= "((?:csv|dsn)-[a-z-]+)"', code))
    assert len(anomalies) > 5
    assert [name for name in anomalies if f"anomaly-{name}" not in text] == []
    for kind in ("in", "released", "withheld", "quarantined"):
        assert kind in words()["glossary"]


def test_what_the_program_says_of_fields_is_told_in_french() -> None:
    from tamis.plan.compile import NO_RECIPIENT, NOT_LISTED, ONLY_READ, OUTSIDE, STRIPPED

    say = Speech("fr")
    filled = (NO_RECIPIENT.format(article="R6323-36"), STRIPPED.format(paragraph="III"))
    for reason in (NOT_LISTED, ONLY_READ, OUTSIDE, *filled):
        translated, ours = say.reason(reason)
        assert ours
        assert translated != reason
    for words_of_coarsening in ("to: month", "step: 50", "prefix: 2", "not kept"):
        assert say.remark("coarsening", words_of_coarsening)
