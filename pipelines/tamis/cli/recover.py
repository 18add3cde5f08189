"""`tamis recover`: complete or remove what interrupted runs left."""

import datetime
import re
import sys
from pathlib import Path

from tamis.address import is_local
from tamis.errors import UsageError
from tamis.formats.names import withhold_names
from tamis.interrupts import ends_at_once
from tamis.language import _
from tamis.stores.opening import open_store, without_receipt

_AGE = re.compile(r"([0-9]{1,6})(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, None: 1}


def recover_command(uri: str, older_than: str) -> int:
    """Recover the store at `uri` and print what was done; 1 if something could not be.

    Raises:
        UsageError: there is no such folder, or `older_than` is no length of time.
    """
    age = read_age(older_than)
    store = open_store(uri)
    if is_local(store.shown) and not Path(store.shown).is_dir():
        raise without_receipt(store)
    with ends_at_once(_("interrupted: the same command goes on where this one was")):
        recovered = store.recover(age)
    for run in recovered.completed:
        print(_("run {run}: was committed, and is complete now", run=run))
    for attempt in recovered.removed:
        print(_("attempt {attempt}: removed, it had not come to its receipt", attempt=attempt))
    for attempt in recovered.left:
        print(
            _(
                "attempt {attempt}: left, for it may be under way: it wrote less than {age} ago "
                "(--older-than)",
                attempt=attempt,
                age=older_than,
            )
        )
    for run in recovered.cleared:
        print(_("run {run}: what was withdrawn or purged of it is gone now", run=run))
    for problem in recovered.problems:
        text = _("not recovered: {problem}", problem=problem)
        print(withhold_names(text), file=sys.stderr)
    if recovered == type(recovered)():
        print(withhold_names(_("{store}: nothing to recover", store=store.shown)))
    return 1 if recovered.problems else 0


def read_age(text: str) -> datetime.timedelta:
    """A length of time as a user writes it: seconds, or a number of `s`, `m`, `h` or `d`.

    Raises:
        UsageError: it is none.

    Example:
        >>> read_age("24h")
        datetime.timedelta(days=1)
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            _("--older-than must be a number of s, m, h or d, such as 24h, got {text!r}", text=text)
        )
    return datetime.timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
