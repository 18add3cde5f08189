"""`tamis keys`: make, rotate, list and destroy the root keys of the pseudonyms.

    $ tamis keys list keys.json
    epoch  created               key id            state
        1  2026-11-23T08:00:00Z  9f3c61d2a4470b5e  retired
        2  2027-01-04T08:00:00Z  41ab70c9e85d2f13  current

A passphrase comes from the environment or is asked for on the terminal, never from the command
line, which other users of the machine can read.
"""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli.passphrase import ask_passphrase, given_passphrase

if TYPE_CHECKING:
    from tamis.keys.keyring import Epoch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

File = Annotated[str, typer.Argument(metavar="FILE", help="the keyring, mode 0600")]


@app.command()
def new(
    file: File,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase", help="wrap the keys by a passphrase; asks for it"),
    ] = False,
    kms: Annotated[
        str | None,
        typer.Option(metavar="URI", help="wrap by a KMS: gcp-kms://projects/…/cryptoKeys/…"),
    ] = None,
) -> None:
    """Make a keyring of one epoch; wrapped by TAMIS_KEYS_PASSPHRASE where that is set."""
    from tamis.keys.keyring import PASSPHRASE_VARIABLE, Keyring

    secret = None
    if kms is None or passphrase:
        secret = given_passphrase(PASSPHRASE_VARIABLE)
        if passphrase and secret is None:
            secret = ask_passphrase(PASSPHRASE_VARIABLE, twice=True)
    keyring = Keyring.create(file, secret, kms_uri=kms)
    guard = {
        "none": "guarded by its mode 0600 alone",
        "passphrase": "wrapped by the passphrase",
        "kms": "wrapped by the kms",
    }
    typer.echo(f"{file}: made, epoch {keyring.current} is current, {guard[keyring.wrapped_by]}")


@app.command()
def rotate(file: File) -> None:
    """Add an epoch: new runs use it, and their pseudonyms match no earlier ones."""
    from tamis.keys.keyring import open_keyring

    keyring = open_keyring(file, _ask)
    keyring.rotate()
    typer.echo(f"{file}: epoch {keyring.current} is current")


@app.command("list")
def list_epochs(
    file: File, as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False
) -> None:
    """List the epochs. Needs no passphrase and shows no key."""
    from tamis.keys.keyring import Keyring

    keyring = Keyring.open(file, unlock=False)
    rows = [_row(epoch) for epoch in keyring.epochs()]
    if as_json:
        document = {"current": keyring.current, "wrapped_by": keyring.wrapped_by, "epochs": rows}
        typer.echo(json.dumps(document, indent=1))
        return
    typer.echo("epoch  created               key id            state")
    for row in rows:
        typer.echo(f"{row['epoch']:>5}  {row['created']}  {row['key_id']:<16}  {row['state']}")


@app.command()
def destroy(
    file: File,
    epoch: Annotated[int, typer.Option(metavar="N", help="the epoch to destroy")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask on the terminal")] = False,
) -> None:
    """Forget an epoch's root for ever: nobody can make its pseudonyms again."""
    from tamis.keys.keyring import Keyring

    keyring = Keyring.open(file, unlock=False)
    if not yes and sys.stdin.isatty():
        typer.confirm(f"destroy epoch {epoch} of {file} for ever?", abort=True, err=True)
    keyring.destroy(epoch)
    typer.echo(f"{file}: epoch {epoch} is destroyed; destroy the backups of this file too")


def _row(epoch: "Epoch") -> dict[str, str | int]:
    return {
        "epoch": epoch.number,
        "created": epoch.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key_id": epoch.key_id,
        "state": epoch.state,
    }


def _ask() -> str:
    return ask_passphrase("TAMIS_KEYS_PASSPHRASE")
