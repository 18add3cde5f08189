"""Papers say what the documents say: each sentence cites its source, a need carries its own."""

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tamis.documents.approval import Approval
from tamis.documents.calendar import days_of
from tamis.documents.context import PolicyContext, open_policy
from tamis.documents.exceptions import LastingException
from tamis.documents.positions import DocumentPath, Source
from tamis.documents.project import bundled_documents
from tamis.language import use_language
from tamis.papers import write_paper
from tamis.papers.paper import Citation, Paper, Sentence

from ..varied import ENDED, POLICY, varied_project

DAY = datetime.date(2026, 11, 29)
DOCUMENTS = bundled_documents()
POLICIES = sorted(DOCUMENTS.policies())

Shown = dict[str, set[tuple[object, ...]]]
Line = tuple[int, int]


@pytest.fixture(scope="module")
def contexts() -> dict[str, PolicyContext]:
    return {name: open_policy(DOCUMENTS, name) for name in POLICIES}


def test_no_sentence_is_made_without_a_source() -> None:
    for sources in ((), (Citation(),)):
        with pytest.raises(ValueError, match="sentence key has no source"):
            Sentence("key", ("…",), sources)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_sentence_cites_a_line_that_is_there_or_a_provision(
    contexts: dict[str, PolicyContext], policy: str
) -> None:
    lines: dict[str, int] = {}
    for sentence in write_paper(contexts[policy], DAY).sentences():
        assert sentence.sources
        assert all(sentence.cells[:1])
        for source in sentence.sources:
            assert source.text or source.file
            if source.file:
                path = DOCUMENTS.folder / source.file.removeprefix("cpf:")
                count = lines.setdefault(
                    source.file, path.read_text(encoding="utf-8").count("\n") + 1
                )
                assert 1 <= source.line <= count, sentence
            if source.file.startswith("policies/law/"):
                assert source.text, sentence


def needs(context: PolicyContext) -> Iterator[tuple[int, int]]:
    for index, release in enumerate(context.policy.releases):
        if release.in_force(DAY):
            yield from ((index, number) for number in range(len(release.needs)))


def without(context: PolicyContext, index: int, number: int) -> PolicyContext:
    """The policy without one need, nor what `check` lets stand only beside its fields."""
    release = context.policy.releases[index]
    needs = tuple(need for at, need in enumerate(release.needs) if at != number)
    kept = {path for need in needs for path in need.keep}
    treat = {path: how for path, how in release.treat.items() if path in kept}
    only = {
        path: tests
        for path, tests in release.only.items()
        if any(field.startswith(f"{path}.") for field in kept)
    }
    smaller = release.model_copy(update={"needs": needs, "treat": treat, "only": only})
    releases = list(context.policy.releases)
    releases[index] = smaller
    policy = context.policy.model_copy(update={"releases": tuple(releases)})
    place = ("releases", index, "needs")
    source = dataclasses.replace(
        context.source,
        values=moved(context.source.values, place, number),
        keys=moved(context.source.keys, place, number),
    )
    return dataclasses.replace(context, policy=policy, source=source)


def moved(lines: Mapping[DocumentPath, Line], place: DocumentPath, number: int) -> dict[Any, Line]:
    """Where the values stand when the element `number` of the list at `place` is gone."""
    there = len(place)
    result: dict[Any, Line] = {}
    for path, line in lines.items():
        at = path[there] if path[:there] == place and len(path) > there else -1
        if isinstance(at, int) and at > number:
            path = (*place, at - 1, *path[there + 1 :])
        if at != number:
            result[path] = line
    return result


def shown(paper: Paper) -> Shown:
    """What each sentence says and cites, by its key, without line numbers."""
    texts: Shown = {}
    for sentence in paper.sentences():
        cited = Counter((source.text, source.file) for source in sentence.sources)
        texts.setdefault(sentence.key, set()).add((*sentence.cells, frozenset(cited.items())))
    return texts


@pytest.mark.parametrize("policy", POLICIES)
def test_a_need_that_is_removed_takes_the_sentences_that_it_supported_and_no_other(
    contexts: dict[str, PolicyContext], policy: str
) -> None:
    context = contexts[policy]
    paper = write_paper(context, DAY)
    before = shown(paper)
    for index, number in needs(context):
        release = context.policy.releases[index]
        smaller = without(context, index, number)
        gone: set[DocumentPath] = {("releases", index, "needs", number)}
        gone |= {
            ("releases", index, "only", path)
            for path in set(release.only) - set(smaller.policy.releases[index].only)
        }
        supported = {
            sentence.key
            for sentence in paper.sentences()
            for source in sentence.sources
            if source.file and context.source.file.endswith(source.file) and source.path[:4] in gone
        }

        after = shown(write_paper(smaller, DAY))

        changed = {key for key in before if before[key] != after.get(key)}
        assert supported
        assert changed == supported
        rest = smaller.policy.releases[index].needs
        dropped = set(release.needs[number].keep) - {path for need in rest for path in need.keep}
        assert set(after) - set(before) == {f"ecarte {release.id} {path}" for path in dropped}


def test_each_need_has_its_own_sentences_where_conditions_and_reasons_are_mixed(
    tmp_path: Path,
) -> None:
    varied = {POLICY: open_policy(varied_project(tmp_path), POLICY)}
    test_a_need_that_is_removed_takes_the_sentences_that_it_supported_and_no_other(varied, POLICY)
    texts = "\n".join(sentence.text for sentence in write_paper(varied[POLICY], DAY).sentences())
    assert "la maternité seule compte ce jour-là" in texts
    assert ENDED not in texts


def test_what_no_document_tells_is_asked_for_and_not_invented(
    contexts: dict[str, PolicyContext],
) -> None:
    blanks = write_paper(contexts["evaluation-cpf"], DAY).blanks()
    assert {"responsable", "dpo", "base-legale", "transferts", "securite"} <= set(blanks)
    # Out of the store R. 6323-39 fixes no period, and the policy names none.
    assert "conservation.evaluation" in blanks
    assert "conservation.droits" not in write_paper(contexts["dsn-droits"], DAY).blanks()


@pytest.mark.parametrize("policy", POLICIES)
def test_no_heading_of_the_register_is_empty_on_any_day(
    contexts: dict[str, PolicyContext], policy: str
) -> None:
    context = contexts[policy]
    days = {day for release in context.policy.releases for day in days_of(release, context.cuts)}
    for day in days:
        sheet = write_paper(context, day).sections[0]
        assert len(sheet.parts) == 9
        assert [part.title for part in sheet.parts if not part.sentences] == []


def test_a_right_is_told_as_the_article_has_it(contexts: dict[str, PolicyContext]) -> None:
    texts = {
        sentence.key: sentence.text
        for sentence in write_paper(contexts["dsn-droits"], DAY).sentences()
    }
    assert texts["droit effacement"] == "The right to erasure does not apply (RGPD art. 17)."
    assert texts["droit opposition"] == "The right to object does not apply (RGPD art. 21)."
    assert texts["droit limitation"].startswith(
        "The right to restriction of processing is exercised"
    )


def test_before_the_version_that_was_read_rights_are_asked_for(
    contexts: dict[str, PolicyContext],
) -> None:
    paper = write_paper(contexts["prestataires-inscriptions"], datetime.date(2022, 6, 1))
    assert "droits" in paper.blanks()
    assert not [key for key in (known.key for known in paper.sentences()) if "effacement" in key]


def test_who_agreed_and_what_is_allowed_is_told(contexts: dict[str, PolicyContext]) -> None:
    context = contexts["cpir-partage"]
    days = {"on": "2026-11-01", "until": "2027-01-01"}
    approval = Approval.model_validate(
        {
            "policy": context.name,
            "opinion": "réservé",
            "by": "A. Martin",
            "role": "DPO",
            **days,
            "form": "tamis-legal/1",
            "note": "sous réserve de la version de 2026",
            "intervals": [{"from": "2026-11-01", "sha256": "0" * 64, "content": "…"}],
        }
    )
    exception = LastingException.model_validate(
        {
            "what": "unconfirmed",
            "policy": context.name,
            "by": "A. Martin",
            "because": "le cadre NIR est relu",
            "until": days["until"],
        }
    )
    source = Source("policies/approvals/cpir-partage.yaml", {("opinion",): (2, 10)}, {})
    paper = write_paper(
        dataclasses.replace(context, approval=(approval, source), exceptions=(exception,)), DAY
    )
    texts = {sentence.key: sentence for sentence in paper.sentences()}
    assert "avis" not in paper.blanks()
    assert "`réservé` of A. Martin (DPO)" in texts["avis"].text
    assert "sous réserve de la version de 2026" in texts["avis"].text.casefold()
    assert str(texts["avis"].sources[0]) == "policies/approvals/cpir-partage.yaml:2"
    assert "on the responsibility of A. Martin" in texts["exception unconfirmed"].text


@pytest.mark.parametrize("policy", POLICIES)
def test_needs_bases_conditions_and_wordings_are_all_told(
    contexts: dict[str, PolicyContext], policy: str
) -> None:
    context = contexts[policy]
    text = "\n".join(sentence.text.casefold() for sentence in write_paper(context, DAY).sentences())
    for release in context.policy.releases:
        if not release.in_force(DAY):
            continue
        conditions = [*release.where, *(test for tests in release.only.values() for test in tests)]
        for need in release.needs:
            assert need.because.casefold() in text
            conditions += need.when
            assert all(f"`{path}`" in text for path in need.keep)
            for basis in (need.basis, need.nir_basis):
                assert basis is None or basis.text.casefold() in text
        for condition in conditions:
            assert condition.because.casefold() in text
        assert all(f"`{path}`" in text for path in context.leaves)
    assert all(motif.text.casefold() in text for motif in context.policy.motifs)


@pytest.mark.parametrize("policy", POLICIES)
def test_in_french_no_sentence_is_left_in_english(
    contexts: dict[str, PolicyContext], policy: str
) -> None:
    english = [*write_paper(contexts[policy], DAY).sentences()]
    use_language("fr")
    try:
        french = [*write_paper(contexts[policy], DAY).sentences()]
    finally:
        use_language("en")
    assert len(english) == len(french)
    words = {" the ", " of ", " is ", " are ", " which ", " by ", " and "}
    assert [
        sentence.text for sentence in french if any(word in f" {sentence.text} " for word in words)
    ] == []
