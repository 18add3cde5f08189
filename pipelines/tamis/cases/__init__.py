"""The policies' own tests: cases that say what becomes of a record, their coverage, and mutants.

`judge.py` filters each case's record and compares, `coverage.py` says which needs and conditions
some case reaches, `mutants.py` makes policies wrong in small ways and asks whether a case or a rule
notices, `neighbours.py` says which values a condition must not accept by a slip, `propose.py` makes
first cases, `junit.py` writes what a build server reads.

Nothing here needs Beam. Begin with `judge.py`. The grammar is in `documents/cases.py`.
"""
