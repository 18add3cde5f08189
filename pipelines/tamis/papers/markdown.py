"""Papers as Markdown: the file that people read, complete and keep."""

import re
from collections.abc import Iterator

from tamis.dry_run.html.markup import visible
from tamis.language import _, ngettext
from tamis.papers.by_hand import ByHand, mark
from tamis.papers.flow import state, tool
from tamis.papers.paper import Paper, Part, Sentence
from tamis.papers.typeset import code_parts, show_day, show_sources, typeset


def to_markdown(paper: Paper, by_hand: ByHand) -> str:
    """Return the papers of a policy as one Markdown document.

    Args:
        paper: the papers.
        by_hand: what was written by hand; what has no place any more stands at the end.
    """
    return "\n\n".join(_Writer(paper, by_hand).lines()) + "\n"


def lost_places(paper: Paper, by_hand: ByHand) -> dict[str, str]:
    """Return what was written by hand at places that the papers do not have any more."""
    known = places(paper)
    return {key: text for key, text in by_hand.texts.items() if key not in known}


def places(paper: Paper) -> set[str]:
    """Return the names of the places where something can be written by hand."""
    return {*paper.blanks(), *(section.key for section in paper.sections)}


def unfilled(paper: Paper, by_hand: ByHand) -> list[str]:
    """Return the keys of the blanks that nobody has completed."""
    return [key for key in paper.blanks() if key not in by_hand]


class _Writer:
    def __init__(self, paper: Paper, by_hand: ByHand) -> None:
        self.paper, self.by_hand = paper, by_hand
        self.asked: set[str] = set()

    def lines(self) -> Iterator[str]:
        paper = self.paper
        yield "# " + _escape(_("Papers of the flow `{policy}`", policy=paper.policy))
        for known in head(paper, len(unfilled(paper, self.by_hand))):
            yield from self.sentence(known)
        for section in paper.sections:
            yield "## " + _escape(section.title)
            for part in section.parts:
                yield from self.part(part)
            if section.key in self.by_hand.shared:
                yield _shown(self.by_hand.shared[section.key])
            yield mark(section.key, self.by_hand.texts.get(section.key, ""))
        if lost := lost_places(paper, self.by_hand):
            yield "## " + _escape(_("Written by hand, at places that are no more"))
            for key, text in lost.items():
                yield mark(key, text)

    def part(self, part: Part) -> Iterator[str]:
        if not part.sentences and not part.rows:
            return
        yield "### " + _escape(part.title)
        for sentence in part.sentences:
            yield from self.blank(sentence) if sentence.is_blank else self.sentence(sentence)
        if part.rows:
            titles = [*part.columns, _("source")]
            rows = [titles, ["---"] * len(titles)]
            rows += [[*row.cells, show_sources(row.sources)] for row in part.rows]
            yield "\n".join(
                "| " + " | ".join(cell if at == 1 else _escape(cell) for cell in row) + " |"
                for at, row in enumerate(rows)
            )

    def sentence(self, sentence: Sentence) -> Iterator[str]:
        yield f"{_escape(sentence.text)}\n{_sources(sentence)}"

    def blank(self, sentence: Sentence) -> Iterator[str]:
        """What a blank asks for, and what is written there: between marks where it can be changed.

        What all papers share, and what is asked for a second time, is only shown.
        """
        key = sentence.key
        yield f"**{_escape(sentence.text)}**\n{_sources(sentence)}"
        text = self.by_hand[key] if key in self.by_hand else _("to be completed")
        is_own = key in self.by_hand.texts or key not in self.by_hand
        yield mark(key, text) if is_own and key not in self.asked else _shown(text)
        self.asked.add(key)


def head(paper: Paper, blanks: int) -> Iterator[Sentence]:
    """Yield what stands before the papers: the day, what is open, what the papers do not say."""
    text = ngettext(
        "Law and documents as of {day}; {count} point is to be completed by hand.",
        "Law and documents as of {day}; {count} points are to be completed by hand.",
        blanks,
        day=show_day(paper.day),
    )
    yield state("jour", text, paper.place)
    text = _(
        "Written from the documents alone: each sentence cites what it rests on. It does not say "
        "that the law is obeyed, nor that the documents are right. What is written between the "
        "marks `à la main` and `fin` is kept when the papers are written again; all else is "
        "written anew."
    )
    yield state("nature", text, tool("papers"))


def _shown(text: str) -> str:
    """What is written by hand elsewhere."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _sources(sentence: Sentence) -> str:
    return rf"\[{_escape(show_sources(sentence.sources))}\]"


def _escape(text: str) -> str:
    """Text of the documents as Markdown that shows it, on one line."""
    return "".join(
        f"`{_pipe(part)}`" if is_code else re.sub(r"([\\*_\[\]<>|#~&])", r"\\\1", part)
        for part, is_code in code_parts(typeset(visible(" ".join(text.split()))))
    )


def _pipe(text: str) -> str:
    return text.replace("|", r"\|")
