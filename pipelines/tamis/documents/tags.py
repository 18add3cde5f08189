"""The legal tags: the columns that are appended to every released record."""

TAGS = (
    "legal_item",
    "legal_purpose",
    "legal_version",
    "legal_processing",
    "legal_attested",
    "legal_policy",
    "legal_run",
    "legal_law",
    "legal_status",
    "legal_retention",
)
"""The tag columns, appended to every released record in this order."""

NULLABLE_TAGS = frozenset({"legal_retention"})
"""The tags that are null where the documents do not say them."""

RESERVED_PREFIX = "_tamis"
"""Columns whose names begin so are the program's own; no released field may be called so."""
