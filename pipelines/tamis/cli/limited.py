"""`tamis limited`: keep the list of persons whose records leave no more.

    $ tamis limited add limited.json --keys keys.json < numbers.txt
    limited.json: holds these persons now

Numbers come from standard input, one a line, or are asked for on the terminal without being shown;
never from the command line, which other users of the machine can read. Nothing that is printed
tells whether somebody was on the list, nor how many are.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli.arguments import App
from tamis.cli.passphrase import ask_passphrase
from tamis.language import _

if TYPE_CHECKING:
    from tamis.keys.keyring import Keyring

app = App()

File = Annotated[
    str, typer.Argument(metavar="FILE", help=_("the list, mode 0600; `limited` in project.yaml"))
]
Keys = Annotated[
    str, typer.Option("--keys", metavar="FILE", help=_("the keyring under which the list is made"))
]


@app.command(help=_("Make a list of nobody, under the keyring's current epoch."))
def new(file: File, keys: Keys) -> None:
    from tamis.limited.persons import new_list

    new_list(file, _open(keys))
    typer.echo(_("{file}: made; name it in policies/project.yaml: `limited`", file=file))


@app.command(help=_("Put the persons whose numbers come on standard input, one a line, on a list."))
def add(file: File, keys: Keys) -> None:
    from tamis.limited.persons import change_list

    keyring = _open(keys)
    change_list(file, keyring, add=_numbers())
    typer.echo(_("{file}: holds these persons now", file=file))


@app.command(help=_("Take the persons whose numbers come on standard input, one a line, off it."))
def remove(file: File, keys: Keys) -> None:
    from tamis.limited.persons import change_list

    keyring = _open(keys)
    change_list(file, keyring, remove=_numbers())
    typer.echo(_("{file}: holds none of these persons now", file=file))


@app.command(help=_("Re-key a list to the keyring's current epoch, without any number."))
def rotate(file: File, keys: Keys) -> None:
    from tamis.limited.persons import rotate_list

    keyring = _open(keys)
    rotate_list(file, keyring)
    typer.echo(_("{file}: is of epoch {epoch} now", file=file, epoch=keyring.current))


def _open(keys: str) -> "Keyring":
    from tamis.keys.keyring import KEYS_PASSPHRASE_VARIABLE, open_keyring

    return open_keyring(keys, lambda: ask_passphrase(KEYS_PASSPHRASE_VARIABLE))


def _numbers() -> list[str]:
    """The numbers of standard input, by line; an empty line stands for none."""
    if not sys.stdin.isatty():
        return list(_read_lines())
    numbers = []
    prompt = _("number (empty to end)")
    while number := typer.prompt(prompt, default="", show_default=False, hide_input=True, err=True):
        numbers.append(number)
    return numbers


def _read_lines() -> Iterator[str]:
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").strip()
