"""`tamis seal-keys`: the keys that a stream seals original messages to, and that open them.

$ tamis seal-keys new originals.json
originals.json: made, key 9f3c61d2a4470b5e, guarded by its mode 0600 alone
originals.json.pub: its public key, for `tamis run --seal-to`
"""

from typing import Annotated

import typer

from tamis.cli.arguments import App
from tamis.cli.passphrase import ask_passphrase, given_passphrase
from tamis.language import _

app = App()

File = Annotated[str, typer.Argument(metavar="FILE", help=_("the private key, mode 0600"))]


@app.command(
    help=_("Make a key, and FILE.pub; encrypted by TAMIS_SEAL_PASSPHRASE where that is set.")
)
def new(
    file: File,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=_("encrypt the key by a passphrase; asks for it"))
    ] = False,
) -> None:
    from tamis.keys.seal_keys import SEAL_PASSPHRASE_VARIABLE, make_seal_key, public_path

    secret = given_passphrase(SEAL_PASSPHRASE_VARIABLE)
    if passphrase and secret is None:
        secret = ask_passphrase(SEAL_PASSPHRASE_VARIABLE, twice=True)
    key = make_seal_key(file, secret)
    guarded = _("guarded by its mode 0600 alone")
    guard = guarded if secret is None else _("encrypted by the passphrase")
    typer.echo(_("{file}: made, key {id}, {guard}", file=file, id=key.id, guard=guard))
    typer.echo(_("{file}: its public key, for `tamis run --seal-to`", file=public_path(file)))


@app.command(help=_("Print the public key. Needs no passphrase."))
def public(file: File) -> None:
    from tamis.keys.seal_keys import read_own_public_key

    typer.echo(read_own_public_key(file).text)
