"""What people write into papers is kept, wherever it stands; what is generated is written anew."""

import datetime
import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.cli.papers import Format, papers_command
from tamis.documents.context import open_policy
from tamis.errors import UsageError
from tamis.language import use_language
from tamis.papers import write_paper
from tamis.papers.by_hand import ByHand, read_by_hand, with_digest, write_generated
from tamis.papers.html import to_html
from tamis.papers.markdown import to_markdown
from tamis.papers.typeset import show_sources, typeset
from tamis.plan.project import Project, load_project

from ..projects import copy_bundled

DAY = datetime.date(2026, 11, 29)
NAME = "regularite-prestataires"


PROJECT = load_project("cpf")

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Write:
    """Writes the papers of one policy into the test's folder; what the command tells."""

    def write(format: Format = "md", folder: Path = tmp_path, project: Project = PROJECT) -> str:
        capsys.readouterr()
        papers_command(project, [NAME], on="2026-11-29", format=format, output=folder)
        return capsys.readouterr().err

    return write


def fill(path: Path, key: str, text: str) -> None:
    """Write `text` between the marks of `key`, as somebody does in an editor."""
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"<!-- à la main : {key} -->")
    end = lines.index("<!-- fin -->", begin)
    lines[begin + 1 : end] = text.splitlines()
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_what_is_written_by_hand_is_kept_and_shown(tmp_path: Path, write: Write) -> None:
    write()
    path = tmp_path / f"{NAME}.md"
    first = path.read_text(encoding="utf-8")
    assert "16 points are to be completed by hand" in write()
    assert path.read_text(encoding="utf-8") == first

    fill(path, "responsable", "Caisse des dépôts\n\n* 56 rue de Lille\n* <script>alert(1)</script>")
    fill(path, "aipd", "Relu avec le service juridique.")
    assert "15 points are to be completed by hand" in write()
    again = path.read_text(encoding="utf-8")
    assert "* 56 rue de Lille" in again
    assert "> * 56 rue de Lille" in again  # where the same is asked for once more
    assert "Relu avec le service juridique." in again
    write()
    assert path.read_text(encoding="utf-8") == again

    write("html")
    page = (tmp_path / f"{NAME}.html").read_text(encoding="utf-8")
    assert "<li>56 rue de Lille</li>" in page
    assert "<script>" not in page
    assert page.count("Relu avec le service juridique.") == 1
    assert {known.name for known in tmp_path.iterdir()} == {f"{NAME}.md", f"{NAME}.html"}


def test_what_all_papers_share_is_written_once(tmp_path: Path, write: Write) -> None:
    shared = "<!-- à la main : {} -->\n{}\n<!-- fin -->\n"
    (tmp_path / "_commun.md").write_text(
        shared.format("responsable", "Caisse des dépôts") + shared.format("reponsable", "?"),
        encoding="utf-8",
    )
    report = write()
    assert "15 points are to be completed by hand" in report
    assert "_commun.md: nothing asks for `reponsable`" in report
    path = tmp_path / f"{NAME}.md"
    text = path.read_text(encoding="utf-8")
    assert text.count("> Caisse des dépôts") == 2
    assert "à la main : responsable -->" not in text
    fill(path, "registre", "Propre à ce flux.")
    text = path.read_text(encoding="utf-8").replace("## Texts", shared.format("responsable", "X"))
    path.write_text(text, encoding="utf-8")
    write()
    assert "<!-- à la main : responsable -->\nX\n<!-- fin -->" in path.read_text(encoding="utf-8")
    write("html")
    page = (tmp_path / f"{NAME}.html").read_text(encoding="utf-8")
    assert "<p>X</p>" in page
    assert "Caisse des dépôts</p>" not in page


def test_what_lost_its_place_is_kept_at_the_end_and_told(tmp_path: Path, write: Write) -> None:
    write()
    path = tmp_path / f"{NAME}.md"
    text = path.read_text(encoding="utf-8").replace("à la main : limitation", "à la main : ancien")
    path.write_text(text, encoding="utf-8")
    fill(path, "ancien", "Un paragraphe.")
    report = write()
    again = path.read_text(encoding="utf-8")
    assert again.index("Written by hand, at places that are no more") < again.index(
        "Un paragraphe."
    )
    assert "what is written at `ancien` has lost its place" in report
    write()
    assert path.read_text(encoding="utf-8") == again
    write("html")
    assert "Un paragraphe." in (tmp_path / f"{NAME}.html").read_text(encoding="utf-8")


def test_what_was_changed_outside_the_marks_is_kept_beside(tmp_path: Path, write: Write) -> None:
    write()
    path = tmp_path / f"{NAME}.md"
    first = path.read_text(encoding="utf-8")
    changed = first.replace("### Purposes", "### Purposes\n\nUne phrase de plus.")
    path.write_text(changed, encoding="utf-8")
    report = write()
    assert path.read_text(encoding="utf-8") == first
    [kept] = [known for known in tmp_path.iterdir() if known != path]
    assert kept.read_text(encoding="utf-8") == changed
    assert kept.name in report


def test_what_is_written_twice_at_one_place_is_kept_twice(tmp_path: Path, write: Write) -> None:
    path = tmp_path / f"{NAME}.md"
    block = "<!-- à la main : dpo -->\n{}\n<!-- fin -->\n"
    path.write_text(block.format("A. Martin") + block.format("B. Durand"), encoding="utf-8")
    assert "`dpo.4` has lost its place" in write()
    assert read_by_hand(path).texts == {"dpo": "A. Martin", "dpo.4": "B. Durand"}


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_ends_of_an_editor_change_nothing(tmp_path: Path, write: Write, ending: str) -> None:
    write()
    path = tmp_path / f"{NAME}.md"
    fill(path, "dpo", "A. Martin")
    text = path.read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ending).encode())
    assert read_by_hand(path).texts == {"dpo": "A. Martin"}
    write()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- à la main : dpo -->\nA. Martin\n",
        "<!-- à la main : dpo -->\nA. Martin\n<!-- à la main : avis -->\nfavorable\n<!-- fin -->\n",
    ],
)
def test_marks_without_an_end_stop_before_anything_is_written(
    tmp_path: Path, write: Write, text: str
) -> None:
    path = tmp_path / f"{NAME}.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"{path}:1: `dpo` must end in"):
        write()
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_another_kind_is_no_paper(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.md"
    path.write_bytes("à".encode("latin-1"))
    with pytest.raises(UsageError, match="must be encoded in UTF-8"):
        read_by_hand(path)
    assert write_generated(tmp_path / "notes.md", "…") is None
    assert read_by_hand(tmp_path / "missing.md").texts == {}
    (tmp_path / "other.md").write_text(with_digest("…").replace("…", "mine"), encoding="utf-8")
    assert write_generated(tmp_path / "other.md", "…") is not None


def test_no_word_of_a_document_is_a_mark_or_markup(tmp_path: Path, write: Write) -> None:
    hostile = (
        "identifier <b>le</b> prestataire | *tous* <!-- à la main : dpo --> <!-- fin -->\u202e"
    )
    because = "identifier le prestataire par ses numéros d'identification (R. 6323-41 1°)"
    edit = (f"policies/{NAME}.yaml", because, f'"{hostile}"')
    project = copy_bundled(tmp_path / "project", [edit])
    folder = tmp_path / "papers"
    write(folder=folder, project=load_project(project))
    written = folder / f"{NAME}.md"
    fill(written, "dpo", "A. Martin")
    assert read_by_hand(written).texts == {"dpo": "A. Martin"}
    text = written.read_text(encoding="utf-8")
    assert r"\<b\>le\</b\> prestataire \| \*tous\*" in text
    assert "\u202e" not in text
    write("html", folder, load_project(project))
    page = (folder / f"{NAME}.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;le&lt;/b&gt;" in page
    assert "\u202e" not in page


@pytest.mark.parametrize("policy", [NAME, "dsn-droits"])
def test_markdown_and_page_have_the_same_sentences(policy: str) -> None:
    paper = write_paper(open_policy(PROJECT, policy), DAY)
    markdown = re.sub(r"\\(.)", r"\1", to_markdown(paper, ByHand()))
    page = to_html(paper, ByHand())
    plain = [
        " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).replace("`", "").split())
        for text in (re.sub(r"<!--.*?-->", "", markdown), page)
    ]
    for sentence in paper.sentences():
        for words in (*sentence.cells, show_sources(sentence.sources)):
            shown = " ".join(typeset(words).replace("`", "").split())
            assert all(shown in text for text in plain), sentence.key
    assert page.count("<h3>") == markdown.count("\n### ")
    assert page.count('class="mark"') == sum(sentence.is_blank for sentence in paper.sentences())


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_paragraph_that_is_generated_ends_in_its_source(lang: str) -> None:
    use_language(lang)
    text = to_markdown(write_paper(open_policy(PROJECT, "dsn-droits"), DAY), ByHand())
    text = re.sub(r"<!-- à la main.*?<!-- fin -->", "", text, flags=re.DOTALL)
    blocks = [block for block in text.split("\n\n") if block.strip()]
    assert len(blocks) > 100
    for block in blocks:
        last = block.strip().splitlines()[-1]
        if block.startswith("| "):
            rows = block.splitlines()[2:]
            assert all(re.search(r"\| [^|]*\.yaml:\d[^|]* \|$", row) for row in rows)
        elif not block.startswith(("#", ">")):
            assert re.fullmatch(r"\\\[.+\\\]", last), block


def test_french_is_set_as_french() -> None:
    use_language("fr")
    text = to_markdown(write_paper(open_policy(PROJECT, "dsn-droits"), DAY), ByHand())
    text = re.sub(r"`[^`]*`|<!--.*?-->|^\\\[.*", "", text, flags=re.MULTILINE)
    assert re.findall(r".{9}(?: [:;!?»]|« |\w'\w).{9}", text) == []


def test_the_pages_of_several_policies_need_a_folder() -> None:
    with pytest.raises(UsageError, match="--output DIR must be given"):
        papers_command(PROJECT, [NAME, "cpir-partage"], on=None, format="html", output=None)


def test_without_a_folder_the_papers_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    use_language("fr")
    papers_command(PROJECT, [NAME], on="2026-11-29", format="md", output=None)
    report = capsys.readouterr()
    assert report.out.startswith("# Dossier du flux `regularite-prestataires`")
    assert "16 points à compléter à la main" in report.err
