"""`tamis help`: the manual's topics, or one of its pages."""

import sys

from tamis.language import _, language_in_use


def help_command(topic: str | None) -> int:
    """Print the page of `topic`, or the list of topics; as Markdown where stdout is no terminal.

    Raises:
        UsageError: there is no such topic.
    """
    from tamis.manual import read_page, topics

    if topic is None:
        known = topics()
        width = max(map(len, known))
        print(_("`tamis help TOPIC` shows a page of the manual, `tamis COMMAND --help` options:"))
        for name, title in known.items():
            print(f"  {name:<{width}}  {title}")
        if language_in_use() != "en":
            print(_("The pages of the manual are in English."))
        return 0
    text = read_page(topic)
    if language_in_use() != "en":
        print(_("The pages of the manual are in English.") + "\n")
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        print(text, end="")
    return 0
