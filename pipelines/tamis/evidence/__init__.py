"""Evidence: the receipt of a run, as counts and digests, never values.

`receipt` has its shape, and makes one where all counts add up; `causes` says why records were
quarantined or withheld; `wording` puts its counts in words;
`columns` judges what columns hold over a whole run.
Imports plans and the filter's tally; stores commit a receipt, streams make one a period, `verify`
computes it again.
"""
