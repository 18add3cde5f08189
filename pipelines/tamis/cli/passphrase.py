"""Where a passphrase comes from: the environment, or the terminal, never the command line."""

import os
import sys

import typer

from tamis.errors import KeysError


def given_passphrase(variable: str) -> str | None:
    """What the environment gives, if anything."""
    return os.environ.get(variable) or None


def ask_passphrase(variable: str, words: str = "passphrase", twice: bool = False) -> str:
    """What the terminal gives.

    Args:
        variable: that could have given it, for the message.
        words: shown before it is typed.
        twice: ask again, and compare.

    Raises:
        KeysError: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise KeysError(f"there is no terminal to ask on: set {variable}")
    secret: str = typer.prompt(words, hide_input=True, confirmation_prompt=twice, err=True)
    return secret
