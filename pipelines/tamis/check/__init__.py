"""The invariants of every policy, proved by enumeration, and the warnings that go with them.

`catalogue.py` says the rules, `rules/` judges them: each function there takes a `Case` (one
release on one day) and yields the violations of its rule. `check.py` enumerates the cases,
`warnings.py` says what the documents assume though no rule is violated.

This room imports `documents`, `errors` and `language`. Begin with `catalogue.py`, then `case.py`
and the module of the rule you look for.
"""
