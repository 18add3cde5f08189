"""Where a passphrase comes from: the environment, or the terminal, never the command line."""

import os
import sys

import typer

from tamis.errors import KeysError
from tamis.language import N_, _


def given_passphrase(variable: str) -> str | None:
    """Return what the environment variable holds, or None where it is empty or absent."""
    return os.environ.get(variable) or None


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
