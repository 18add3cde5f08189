"""Fuzzers that are run by hand: `python tests/fuzz/NAME.py`; each says how."""
