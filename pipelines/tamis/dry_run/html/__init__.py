"""A dry run as one HTML page that needs nothing else: no script, no asset, no network.

with open("report.html", "w", encoding="utf-8") as page:
    page.write(render_html(result, lang="fr"))

`templates` holds the page as Jinja2 templates, a file a section, and its style sheet; `words.toml`
holds its sentences in two languages. `page` (begin there) fills the templates, `findings` tells
what to look at first, `speech` writes values and sentences in a language, `flow` lays out the
picture.
"""

from tamis.dry_run.html.page import render_html as render_html
