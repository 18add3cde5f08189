"""A kit for tests of one's own pipeline; `tamis help testing` is its page.

    canaries         feeds in which all that must not be released can be told
    leftovers        what is left of them, searched
    variation        the same records with other values in all that is dropped
    non_interference two such feeds make the same bytes, and so does another order of records
    plugin           the plugin of pytest that tries each policy of a project, under `--tamis`

It imports `synthetic`, `plan` and `runs`; nothing imports it. pytest is needed by `plugin` alone,
which is loaded by pytest. Every name here is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.synthetic.files import write_feed as write_feed
    from tamis.synthetic.records import make_records as make_records
    from tamis.testing.canaries import Canaries as Canaries
    from tamis.testing.leftovers import Leftovers as Leftovers
    from tamis.testing.leftovers import assert_nothing_left as assert_nothing_left
    from tamis.testing.non_interference import assert_non_interference as assert_non_interference
    from tamis.testing.non_interference import assert_order_hidden as assert_order_hidden
    from tamis.testing.non_interference import run_policy as run_policy
    from tamis.testing.variation import Variation as Variation

_HOMES = {
    "Canaries": "tamis.testing.canaries",
    "Leftovers": "tamis.testing.leftovers",
    "Variation": "tamis.testing.variation",
    "assert_non_interference": "tamis.testing.non_interference",
    "assert_order_hidden": "tamis.testing.non_interference",
    "assert_nothing_left": "tamis.testing.leftovers",
    "make_records": "tamis.synthetic.records",
    "run_policy": "tamis.testing.non_interference",
    "write_feed": "tamis.synthetic.files",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `tamis.testing` has no attribute `{name}`")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
