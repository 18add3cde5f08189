"""What a shell completes: commands, options, and names of policies, runs, releases and pages.

    tamis show store ev<TAB>      evaluation-cpf/R6323-37.III.2

Only names are looked at, of documents, receipts and folders of this machine: no document and no
row is read, and nothing is asked of another machine. `tamis --install-completion bash` lets the
shell ask; it then runs `tamis` with `_TAMIS_COMPLETE` in the environment.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

import typer

from tamis.language import LANGUAGES, _

VARIABLE: Final = "_TAMIS_COMPLETE"
"""By it a shell asks what can come next, and how to say that."""


_NO_POLICIES: Final = ("register", "veille", "project")
"""Documents beside the policies; `tamis.documents.project` says so, and takes long to import."""

_LONGEST_HELP: Final = 72
"""Characters of help that stand in a line of a terminal beside what they are of."""


def script(shell: str) -> str:
    """What a shell must run to complete: `bash`, `zsh` or `fish`."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    return get_completion_script(prog_name="tamis", complete_var=VARIABLE, shell=shell)


def install(shell: str) -> str:
    """Put the script where the shell looks for it, and return where that is, in a sentence."""
    from typer.completion import install as install_script  # type: ignore[attr-defined]

    _shell, path = install_script(shell, "tamis", VARIABLE)
    return _("{file}: completion for {shell}, which new shells load", file=path, shell=shell)


def answer(app: Any) -> int:
    """Print what can come next, nothing where the line is wrong, and return the exit code."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()
    try:
        app()
    except SystemExit as done:
        return int(done.code or 0)
    except Exception:
        return 1
    return 0


def policies(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of policies of the project that the line names, or that is here."""
    project = ctx.find_root().params.get("project") or "."
    return _policies(_bundled_folder() if project == "cpf" else Path(project), incomplete)


def bundled_policies(incomplete: str) -> list[str]:
    """Names of policies of the project that comes with Tamis."""
    return _policies(_bundled_folder(), incomplete)


def _policies(folder: Path, incomplete: str) -> list[str]:
    names = (path.stem for path in folder.glob("policies/*.yaml"))
    return _beginning(incomplete, (name for name in names if name not in _NO_POLICIES))


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of runs that the store of the line has a receipt of."""
    receipts = (path.stem for store in _stores(ctx) for path in store.glob("_receipts/*.json"))
    return _beginning(incomplete, (run for run in receipts if "." not in run))


def releases(ctx: typer.Context, incomplete: str) -> list[str]:
    """Releases that the store of the line has a folder of, as `POLICY/RELEASE`."""
    folders = (path for store in _stores(ctx) for path in store.glob("[!._]*/[!._]*/"))
    return _beginning(incomplete, (f"{path.parent.name}/{path.name}" for path in folders))


def languages(incomplete: str) -> list[str]:
    """What `--lang` takes."""
    return _beginning(incomplete, LANGUAGES)


def shortened(items: list[Any]) -> list[Any]:
    """What a shell completes, its help in a line: a shell takes another line for another word."""
    for item in items:
        item.help = shorten(item.help, _LONGEST_HELP, placeholder=" …") if item.help else None
    return items


def topics(incomplete: str) -> list[str]:
    """Pages of the manual."""
    pages = Path(__file__).parents[1] / "manual"
    return _beginning(incomplete, (page.stem for page in pages.glob("*.md")))


def _bundled_folder() -> Path:
    package = Path(__file__).parents[1]
    inside = package / "cpf"
    return inside if inside.is_dir() else package.parents[1]


def _stores(ctx: typer.Context) -> Iterator[Path]:
    """The folders that the line names as stores."""
    named = ctx.params.get("store") or ctx.params.get("targets") or ()
    yield from map(Path, [named] if isinstance(named, str) else named)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    with suppress(OSError):  # a folder that may not be looked into has nothing to complete
        return sorted({name for name in names if name.startswith(incomplete)})
    return []
