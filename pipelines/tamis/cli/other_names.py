"""What people of other tools type, and the command or option of Tamis that does it."""

from collections.abc import Collection, Mapping
from typing import Final

from tamis.language import _

_COMMANDS: Final[Mapping[str, str]] = {
    "init": "scaffold new create generate bootstrap setup",
    "draft": "infer guess discover introspect schema",
    "check": "validate lint prove analyse analyze doctor",
    "plan": "explain compile why",
    "dry-run": "dryrun preview simulate try profile estimate",
    "run": "apply execute exec submit start launch load ingest process stream filter build import",
    "test": "tests pytest cases unittest coverage mutate",
    "list": "ls show items purposes categories processings policies vocabulary",
    "runs": "history log logs jobs status receipts",
    "show": "cat head query describe inspect view read select print releases",
    "withdraw": "rollback undo delete remove rm revert drop erase cancel revoke",
    "redrive": "retry replay rerun resubmit reprocess requeue dlq",
    "purge": "clean cleanup prune gc vacuum expire retain",
    "recover": "repair fix resume restore continue",
    "verify": "audit validate-receipt attest prove-receipt fsck",
    "diff": "compare changes",
    "approve": "sign sign-off signoff accept review",
    "papers": "docs doc report register aipd dpia pia",
    "link": "join attack match reidentify",
    "scan": "detect find grep search find-nir",
    "unseal": "decrypt open",
    "help": "man manual topics usage",
    "keys new": "new-key genkey keygen keyring",
    "keys rotate": "rotate rotate-keys rollover",
    "keys destroy": "destroy shred",
    "keys rekey": "rekey re-encrypt rewrap",
    "new": "create generate gen make init add genkey keygen",
    "rotate": "roll renew next bump rollover refresh",
    "destroy": "delete remove rm revoke drop shred forget erase",
    "rekey": "migrate re-encrypt recrypt map rewrap",
    "--version": "version",
    "--show-completion": "completion completions autocomplete",
}
"""By command, other words for it; `new` and the like are commands of groups."""

_OPTIONS: Final[Mapping[str, str]] = {
    "--input": "--in --source --from --src --file --files --path --data --feed",
    "--output": "--out --to --dest --destination --target --sink --store --output-dir --outdir",
    "--run-id": "--id --name --job-name --run",
    "--on": "--date --day --as-of --at --when",
    "--because": "--reason --message --why --comment -m",
    "--keys": "--key --keyring --key-file --keyfile",
    "--json": "--format --output-format --machine",
    "--html": "--report",
    "--rows": "--limit --count --head --sample --n",
    "--limit": "--rows --sample --max-rows --head",
    "--older-than": "--age --before --retention --since --keep",
    "--apply": "--yes --force --execute --no-dry-run --confirm",
    "--yes": "--force --confirm --assume-yes",
    "--once": "--available-now --exit --drain --stop",
    "--project": "--dir --root --project-dir --folder --workdir --chdir --config",
    "--lang": "--language --locale",
    "--fail-on": "--strict --max-quarantine --threshold --fail",
    "--values": "--data --show-values --content",
    "--run": "--run-id --id",
    "--warnings": "--verbose --show-warnings --all",
    "--until": "--expires --valid-until",
    "--by": "--author --user",
    "--all-names": "--names --show-names",
}
"""By option, other words for it."""


def meant_command(word: str, known: Collection[str]) -> str:
    """Return `, did you mean …?` for a word that is none of the commands `known`.

    Example:
        >>> meant_command("validate", ["check", "verify"]), meant_command("chekc", ["check"])
        (', did you mean `check`?', ', did you mean `check`?')
        >>> meant_command("create", ["new", "rotate"]), meant_command("frobnicate", ["new"])
        (', did you mean `new`?', '')
    """
    return _meant(word, _COMMANDS, known)


def meant_option(word: str, known: Collection[str]) -> str:
    """Return `, did you mean …?` for a word that is none of the options `known`.

    Example:
        >>> meant_option("--dest", ["--input", "--output"]), meant_option("--inptu", ["--input"])
        (', did you mean `--output`?', ', did you mean `--input`?')
    """
    return _meant(word, _OPTIONS, known)


def _meant(word: str, others: Mapping[str, str], known: Collection[str]) -> str:
    for name, words in others.items():
        if name.split()[0] in known and word.lower() in words.split():
            return _(", did you mean `{name}`?", name=name)
    from tamis.documents.positions import suggest

    return suggest(word, known)
