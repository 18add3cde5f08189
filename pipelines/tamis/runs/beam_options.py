"""The options of a command line that go to Beam: what Beam does not know is refused.

Beam itself passes over an option that none of its classes declares, so that a misspelt runner is
this machine.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from tamis.documents.positions import suggest
from tamis.errors import UsageError
from tamis.language import _

_END = "--"


def check_beam_options(words: Sequence[str]) -> tuple[str, ...]:
    """Return the options in `words`, as Beam's `PipelineOptions` takes them.

    Args:
        words: options that Beam declares; after another `--` options that only the job server of
            a runner knows, as Flink's `--checkpointing_interval`, which are not checked.

    Raises:
        UsageError: Beam declares no such option, or it has no such value.

    Example:
        >>> check_beam_options(["--runner=FlinkRunner", "--", "--checkpointing_interval=10000"])
        ('--runner=FlinkRunner', '--checkpointing_interval=10000')
        >>> check_beam_options(["--runer=FlinkRunner"])
        Traceback (most recent call last):
        tamis.errors.UsageError: Beam has no option `--runer`, did you mean `--runner`?; an option \
that only a runner's job server knows stands after another `--`
    """
    given = list(words)
    end = given.index(_END) if _END in given else len(given)
    checked, unchecked = given[:end], given[end + 1 :]
    parsers: list[Any] = []
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            PipelineOptions(checked).get_all_options(add_extra_args_fn=parsers.append)
    except SystemExit:
        reason = told.getvalue().rstrip().rpartition("error: ")[2]
        raise UsageError(_("Beam refuses its options: {reason}", reason=reason)) from None
    (parser,) = parsers
    _known, unknown = parser.parse_known_args(checked)
    if unknown:
        flags = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        if not flags:
            raise UsageError(_("after `--` must stand options of Beam, got another word"))
        text = _("Beam has no option `{option}`", option=flags[0])
        text += suggest(flags[0], known_options())
        text += _("; ") + _(
            "an option that only a runner's job server knows stands after another `--`"
        )
        raise UsageError(text)
    return (*checked, *unchecked)


def known_options() -> list[str]:
    """Return the options that Beam declares.

    Example:
        >>> "--runner" in known_options()
        True
    """
    return [f"--{name}" for name in PipelineOptions([]).get_all_options()]
