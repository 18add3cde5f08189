"""`--output FILE`: what a command prints, in a file.

    tamis draft feed.csv -o schemas/feed.yaml

It is for commands that only tell something. One that ends with an error writes no file, and leaves
the one that is there.
"""

import inspect
import io
import os
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from tamis.errors import UsageError, os_problem
from tamis.language import _

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help=_("write it into this file")),
]


def prints(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command write what it prints into a file, if `--output` names one."""

    @wraps(command)
    def printing(*args: Any, output: Path | None = None, **options: Any) -> None:
        context = options.get("context")
        if context is not None:
            context.params.pop("output", None)  # a command may hand on all that it is given
        if output is None:
            command(*args, **options)
            return
        _refuse_what_is_read(output, options.values())
        printed = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True)
        ended = None
        try:
            with redirect_stdout(printed):
                command(*args, **options)
        except typer.Exit as exit_:
            ended = exit_
        write_file(output, printed.detach().getvalue())
        if ended is not None:
            raise ended

    signature = inspect.signature(command)
    option = inspect.Parameter(
        "output", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Output
    )
    printing.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    printing.__annotations__ = {**command.__annotations__, "output": Output}
    return printing


def _refuse_what_is_read(output: Path, given: Iterable[Any]) -> None:
    """Raise if `output` is a file that the command is given to read."""
    if not output.exists():
        return
    for value in given:
        for path in value if isinstance(value, list | tuple) else [value]:
            if isinstance(path, str | Path) and os.path.exists(path) and output.samefile(path):
                problem = _("{file}: the command reads it: --output must be another", file=output)
                raise UsageError(problem)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that `--output` names.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            _("{file}: cannot be written: {reason}", file=path, reason=os_problem(error))
        ) from None
