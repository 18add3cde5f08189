"""A dry run as one HTML page that needs nothing else: no script, no asset, no network.

with open("report.html", "w", encoding="utf-8") as page:
    page.write(render_html(result, lang="fr"))
"""

from tamis.dry_run.html.page import render_html as render_html
