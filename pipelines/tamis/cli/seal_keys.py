"""`tamis seal-keys`: the keys that a stream seals original messages to, and that open them.

$ tamis seal-keys new originals.json
originals.json: made, key 9f3c61d2a4470b5e, guarded by its mode 0600 alone
originals.json.pub: its public key, for `tamis run --seal-to`
"""

from typing import Annotated

import typer

from tamis.cli.passphrase import ask_passphrase, given_passphrase

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

File = Annotated[str, typer.Argument(metavar="FILE", help="the private key, mode 0600")]


@app.command()
def new(
    file: File,
    passphrase: Annotated[
        bool,
        typer.Option("--passphrase", help="encrypt the key by a passphrase; asks for it"),
    ] = False,
) -> None:
    """Make a key, and FILE.pub; encrypted by TAMIS_SEAL_PASSPHRASE where that is set."""
    from tamis.keys.seal_keys import PASSPHRASE_VARIABLE, make_seal_key, public_path

    secret = given_passphrase(PASSPHRASE_VARIABLE)
    if passphrase and secret is None:
        secret = ask_passphrase(PASSPHRASE_VARIABLE, twice=True)
    key = make_seal_key(file, secret)
    guard = "guarded by its mode 0600 alone" if secret is None else "encrypted by the passphrase"
    typer.echo(f"{file}: made, key {key.id}, {guard}")
    typer.echo(f"{public_path(file)}: its public key, for `tamis run --seal-to`")


@app.command()
def public(file: File) -> None:
    """Print the public key. Needs no passphrase."""
    from tamis.keys.seal_keys import read_own_public_key

    typer.echo(read_own_public_key(file).text)
