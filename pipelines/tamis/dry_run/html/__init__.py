"""A dry run as one HTML page that needs nothing else: no script, no asset, no network.

with open("report.html", "w", encoding="utf-8") as page:
    page.write(render_html(result, lang="fr"))

`page` joins the sections, a module each; `parts` has what sections are made of, `speech` numbers
and sentences in English or French (`words.toml`), `markup` escapes. It imports `dry_run.result`
only. Begin with `page`. We write no templates: markup that escapes every string by its type is
checked by mypy, and needs no further library.
"""

from tamis.dry_run.html.page import render_html as render_html
