"""The papers that go with a policy, written from its documents alone.

    paper = write_paper(open_policy(documents, "dsn-droits"), day)
    Path("dsn-droits.md").write_text(to_markdown(paper, {}), encoding="utf-8")

The sheet of the register (RGPD art. 30), the description, necessity and proportionality part of an
AIPD (art. 35), the information of persons (art. 13, 14), recipients, retention and rights. Every
sentence cites what it rests on (`paper`); what no document tells is a blank, to be completed by
hand. What is written by hand stands in the Markdown file between marks, and is kept when the file
is written again (`by_hand`); the HTML page shows it too. No paper says that the law is obeyed.
"""

from tamis.papers.write import write_paper as write_paper
