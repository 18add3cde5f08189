"""The legal tags: the columns that are appended to every released record."""

TAGS = (
    "legal_item",
    "legal_purpose",
    "legal_version",
    "legal_processing",
    "legal_attested",
    "legal_policy",
    "legal_run",
)
"""The tag columns, appended to every released record in this order."""

RESERVED_PREFIX = "_tamis"
"""Columns whose names begin so are the program's own; no released field may be called so."""
