"""Where a passphrase comes from: the environment, or the terminal, never the command line."""

import os
import sys

import typer

from tamis.errors import KeysError
from tamis.language import N_, _


def given_passphrase(variable: str) -> str | None:
    """Return what the environment variable holds, or None where there is none.

    Raises:
        KeysError: it is empty: whoever set it meant to guard the file.
    """
    secret = os.environ.get(variable)
    if secret == "":
        raise KeysError(
            _("{variable} is empty: set it to a passphrase, or unset it", variable=variable)
        )
    return secret


def ask_passphrase(variable: str, prompt: str = N_("passphrase"), twice: bool = False) -> str:
    """Ask for a passphrase on the terminal.

    Args:
        variable: the environment variable that could have held it, for the message.
        prompt: shown before it is typed.
        twice: whether to ask again, and compare.

    Raises:
        KeysError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise KeysError(_("there is no terminal to ask on: set {variable}", variable=variable))
    secret: str = typer.prompt(_(prompt), hide_input=True, confirmation_prompt=twice, err=True)
    return secret
