"""`tamis keys` and `tamis seal-keys`: the root keys of pseudonyms, and the keys of originals.

    $ tamis keys list keys.json
    epoch  created               key id            state
        1  2026-11-23T08:00:00Z  9f3c61d2a4470b5e  retired
        2  2027-01-04T08:00:00Z  41ab70c9e85d2f13  current
    $ tamis seal-keys new originals.json
    originals.json: made, key 9f3c61d2a4470b5e, guarded by its mode 0600 alone
    originals.json.pub: its public key, for `tamis run --seal-to`

A passphrase comes from the environment or is asked for on the terminal, never from the command
line, which other users of the machine can read.
"""

import sys
from json import dumps
from typing import Annotated

import typer

from tamis.cli.arguments import App, AsJson, Store
from tamis.cli.output import prints
from tamis.cli.passphrase import ask_passphrase, given_passphrase
from tamis.language import N_, _
from tamis.tables import Table, print_table

app = App()
seal_app = App()

_STATES = (N_("current"), N_("retired"), N_("destroyed"))

File = Annotated[str, typer.Argument(metavar="FILE", help=_("the keyring, mode 0600"))]
SealFile = Annotated[str, typer.Argument(metavar="FILE", help=_("the private key, mode 0600"))]


def _passphrase(variable: str, asks: bool) -> str | None:
    """The passphrase of a file that is made; None where its mode alone is to guard it."""
    secret = given_passphrase(variable)
    if asks and secret is None:
        secret = ask_passphrase(variable, twice=True)
    return secret


@app.command(
    help=_("Make a keyring of one epoch; wrapped by TAMIS_KEYS_PASSPHRASE where that is set.")
)
def new(
    file: File,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=_("wrap the keys by a passphrase; asks for it"))
    ] = False,
    kms: Annotated[
        str | None,
        typer.Option(metavar="URI", help=_("wrap by a KMS: gcp-kms://projects/…/cryptoKeys/…")),
    ] = None,
) -> None:
    from tamis.keys.keyring import KEYS_PASSPHRASE_VARIABLE, Keyring

    secret = None
    if kms is None or passphrase:
        secret = _passphrase(KEYS_PASSPHRASE_VARIABLE, passphrase)
    keyring = Keyring.create(file, secret, kms_uri=kms)
    guard = {
        "none": _("guarded by its mode 0600 alone"),
        "passphrase": _("wrapped by the passphrase"),
        "kms": _("wrapped by the kms"),
    }[keyring.wrapped_by]
    text = _("{file}: made, epoch {epoch} is current, {guard}")
    typer.echo(text.format(file=file, epoch=keyring.current, guard=guard))


@app.command(help=_("Add an epoch: new runs use it, and their pseudonyms match no earlier ones."))
def rotate(file: File) -> None:
    from tamis.keys.keyring import KEYS_PASSPHRASE_VARIABLE, open_keyring

    keyring = open_keyring(file, lambda: ask_passphrase(KEYS_PASSPHRASE_VARIABLE))
    keyring.rotate()
    typer.echo(_("{file}: epoch {epoch} is current", file=file, epoch=keyring.current))


@app.command("list", help=_("List the epochs. Needs no passphrase and shows no key."))
@prints
def list_epochs(file: File, json: AsJson = False) -> None:
    from tamis.keys.keyring import Keyring

    keyring = Keyring.open(file, unlock=False)
    rows = [
        {
            "epoch": epoch.number,
            "created": epoch.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "key_id": epoch.key_id,
            "state": epoch.state,
            "chained": dict(epoch.chained),
            "limited": epoch.limited,
        }
        for epoch in keyring.epochs()
    ]
    if json:
        document = {"current": keyring.current, "wrapped_by": keyring.wrapped_by, "epochs": rows}
        typer.echo(dumps(document, indent=1))
        return
    header = (_("epoch"), _("created"), _("key id"), _("state"))
    print_table(
        Table(
            header,
            [
                (str(row["epoch"]), str(row["created"]), str(row["key_id"]), _(str(row["state"])))
                for row in rows
            ],
            numbers=(0,),
        )
    )
    for epoch in keyring.epochs():
        for processing, source in epoch.chained.items():
            text = _("epoch {epoch}: pseudonyms of `{processing}` are chained on epoch {source}")
            typer.echo(text.format(epoch=epoch.number, processing=processing, source=source))
        if epoch.limited:
            text = _("epoch {epoch}: a list of limited persons was made under it")
            typer.echo(text.format(epoch=epoch.number))


@app.command(
    help=_(
        "Map the pseudonyms of a processing that runs released into a store to a later epoch, "
        "without any NIR; the files of the old epoch are replaced."
    )
)
def rekey(
    store: Store,
    processing: Annotated[str, typer.Option(metavar="SLUG", help=_("whose pseudonyms"))],
    keys: Annotated[str, typer.Option(metavar="FILE", help=_("the keyring"))],
    source: Annotated[int, typer.Option("--from", metavar="N", help=_("the epoch they are of"))],
    target: Annotated[int, typer.Option("--to", metavar="N", help=_("the current epoch"))],
    json: AsJson = False,
) -> None:
    from tamis.address import KafkaAddress, PubsubAddress, parse_address, shown_address
    from tamis.errors import UsageError
    from tamis.interrupts import ends_at_once
    from tamis.keys.keyring import KEYS_PASSPHRASE_VARIABLE, open_keyring
    from tamis.runs.rekey import Rekeying, rekey_store
    from tamis.stores.opening import open_store

    if isinstance(parse_address(store), KafkaAddress | PubsubAddress):
        text = _("{store}: what was sent to a topic is not taken back, so it cannot be re-keyed")
        raise UsageError(text.format(store=shown_address(store)))
    opened = open_store(store)
    keyring = open_keyring(keys, lambda: ask_passphrase(KEYS_PASSPHRASE_VARIABLE))
    done = []
    with ends_at_once(_("interrupted: the same command goes on where this one was")):
        for receipt in rekey_store(opened, keyring, Rekeying(processing, source, target)):
            old = ", ".join(receipt.supersedes or ())
            rows = sum(release.rows for release in receipt.releases.values())
            done.append({"run": receipt.run, "supersedes": old, "rows": rows})
            if not json:
                typer.echo(
                    _(
                        "run {old}: superseded by run {run}, {rows:# row|# rows} written anew",
                        old=old,
                        run=receipt.run,
                        rows=rows,
                    )
                )
    if json:
        typer.echo(dumps({"processing": processing, "epoch": target, "runs": done}, indent=1))
        return
    text = _(
        "{store}: no run has pseudonyms of `{processing}` of epoch {source} any more; runs that "
        "began before may still commit some: the same command re-keys those",
        store=opened.shown,
        processing=processing,
        source=source,
    )
    typer.echo(text)


@app.command(help=_("Forget an epoch's root for ever: nobody can make its pseudonyms again."))
def destroy(
    file: File,
    epoch: Annotated[int, typer.Option(metavar="N", help=_("the epoch to destroy"))],
    yes: Annotated[bool, typer.Option("--yes", help=_("do not ask on the terminal"))] = False,
    end_chains: Annotated[
        bool,
        typer.Option("--end-chains", help=_("destroy it although later epochs are chained on it")),
    ] = False,
    end_lists: Annotated[
        bool,
        typer.Option(
            "--end-lists",
            help=_("destroy it although a list of limited persons was made under it"),
        ),
    ] = False,
) -> None:
    from tamis.errors import KeysError
    from tamis.keys.keyring import Keyring

    keyring = Keyring.open(file, unlock=False)
    chained = keyring.chained_on(epoch)
    for processing, epochs in chained.items():
        text = _(
            "pseudonyms of `{processing}` in epochs {epochs} are chained on epoch {epoch}: once it "
            "is destroyed no run can make them from a NIR, so that what is released later matches "
            "nothing released so far, and runs need a new epoch (`tamis keys rotate`); what was "
            "released can still be re-keyed",
            processing=processing,
            epochs=", ".join(map(str, epochs)),
            epoch=epoch,
        )
        typer.echo(text, err=True)
    if chained and not end_chains:
        raise KeysError(
            _(
                "epoch {epoch} of {file}: is destroyed only with --end-chains",
                epoch=epoch,
                file=file,
            )
        )
    if not end_lists and any(
        each.limited and each.number == epoch and each.state == "retired"
        for each in keyring.epochs()
    ):
        raise KeysError(
            _(
                "epoch {epoch} of {file}: a list of limited persons was made under it; once it is "
                "destroyed no run can ask that list, also where it was re-keyed since, and it can "
                "be made anew only from the numbers of all persons: is destroyed only with "
                "--end-lists",
                epoch=epoch,
                file=file,
            )
        )
    if not yes and sys.stdin.isatty():
        question = _("destroy epoch {epoch} of {file} for ever?", epoch=epoch, file=file)
        typer.confirm(question, abort=True, err=True)
    keyring.destroy(epoch)
    text = _("{file}: epoch {epoch} is destroyed; destroy the backups of this file too")
    typer.echo(text.format(file=file, epoch=epoch))


@seal_app.command(
    "new", help=_("Make a key, and FILE.pub; encrypted by TAMIS_SEAL_PASSPHRASE where that is set.")
)
def new_seal_key(
    file: SealFile,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=_("encrypt the key by a passphrase; asks for it"))
    ] = False,
) -> None:
    from tamis.keys.seal_keys import SEAL_PASSPHRASE_VARIABLE, make_seal_key, public_path

    secret = _passphrase(SEAL_PASSPHRASE_VARIABLE, passphrase)
    key = make_seal_key(file, secret)
    guarded = _("guarded by its mode 0600 alone")
    guard = guarded if secret is None else _("encrypted by the passphrase")
    typer.echo(_("{file}: made, key {id}, {guard}", file=file, id=key.id, guard=guard))
    typer.echo(_("{file}: its public key, for `tamis run --seal-to`", file=public_path(file)))


@seal_app.command(help=_("Print the public key. Needs no passphrase."))
def public(file: SealFile) -> None:
    from tamis.keys.seal_keys import read_own_public_key

    typer.echo(read_own_public_key(file).text)
