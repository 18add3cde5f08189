"""Evidence: the receipt of a run, as counts and digests, never values.

`receipt` has its shape, and makes one where all counts add up. Imports plans and the filter's
tally; stores commit it, streams make one a period, `verify` computes it again.
"""
