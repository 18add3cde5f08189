"""What two states of the documents release differently: to whom, from which day (`tamis diff`).

`diff.py` defines what is newly released and puts the parts together. `disclosure.py` says what one
state releases on a day, `newly_disclosed.py` finds what one state releases beyond the other,
`record_sets.py` compares conditions; `wording.py` and `legal_basis.py` find what changes without
more being released; `matching.py` pairs renamed documents; `git.py` reads a revision.

This room imports `documents`, `check`, `plan`, `errors` and `language`. Begin with `diff.py`.
"""
