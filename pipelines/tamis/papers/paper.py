"""What papers are made of: sentences, each of which cites what it rests on.

A paper has sections, a section has parts, a part has sentences; some stand as the rows of a table.
What no document tells is a sentence too, a blank, which cites the text that asks for it.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from tamis.documents.positions import DocumentPath


@dataclass(frozen=True)
class Citation:
    """A place that a sentence rests on.

    Attributes:
        text: the provision, as lawyers cite it, with its version if it has one; or empty.
        file: the document, as messages name it; or empty.
        line: in the document, 1-based.
        path: of the value in the document.

    Example:
        >>> str(Citation("R. 6323-38, II, LEGIARTI000047929046", "policies/law/R6323-38.yaml", 15))
        'R. 6323-38, II, LEGIARTI000047929046 (policies/law/R6323-38.yaml:15)'
        >>> str(Citation("RGPD art. 30")), str(Citation(file="policies/a.yaml", line=2))
        ('RGPD art. 30', 'policies/a.yaml:2')
    """

    text: str = ""
    file: str = ""
    line: int = 0
    path: DocumentPath = field(default=(), repr=False)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file else ""
        return f"{self.text} ({place})" if self.text and place else self.text or place


@dataclass(frozen=True)
class Sentence:
    """A statement of a paper, and what it rests on.

    Attributes:
        key: names it within the paper, whatever its words are.
        cells: its words; of a row of a table, one text a column.
        sources: what it rests on, at least one.
        is_blank: whether its words name what no document tells, to be completed by hand.

    Raises:
        ValueError: it has no source.

    Example:
        >>> Sentence("objet", ("…",), (Citation("RGPD art. 30"),)).text
        '…'
    """

    key: str
    cells: tuple[str, ...]
    sources: tuple[Citation, ...]
    is_blank: bool = False

    def __post_init__(self) -> None:
        """Refuse what rests on nothing."""
        if not self.sources or not all(map(str, self.sources)):
            raise ValueError(f"sentence {self.key} has no source")

    @property
    def text(self) -> str:
        """Its words on one line."""
        return " ".join(self.cells)


@dataclass(frozen=True)
class Part:
    """Sentences under one heading, and a table.

    Attributes:
        columns: the headings of the table, one a cell of each of `rows`.
        is_long: whether the table is folded on a screen.
    """

    title: str
    sentences: tuple[Sentence, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Sentence, ...] = ()
    is_long: bool = False


@dataclass(frozen=True)
class Section:
    """One paper of the file, such as the sheet of the register.

    Attributes:
        key: names it within the file; what is written by hand at its end stands under this name.
    """

    key: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Paper:
    """All papers of one policy on one day.

    Attributes:
        place: of the policy.
    """

    policy: str
    place: Citation
    day: datetime.date
    sections: tuple[Section, ...]

    def sentences(self) -> Iterator[Sentence]:
        """Yield every sentence, in the order in which they are read."""
        for section in self.sections:
            for part in section.parts:
                yield from (*part.sentences, *part.rows)

    def blanks(self) -> dict[str, Sentence]:
        """Return what is to be completed by hand, by its key; what is asked for twice is one."""
        return {sentence.key: sentence for sentence in self.sentences() if sentence.is_blank}
