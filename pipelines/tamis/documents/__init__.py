"""The documents of a project (schemas, policies, law, register), read with their positions.

A document is YAML; its grammar is a pydantic model with a description for each key, from which
the JSON Schemas in `published/` and the pages of the manual are made (`tamis help schema`,
`tamis help policy`, `tamis help law`). Nothing here judges what a policy releases: that is the
room `check`.

This room imports `errors` and `language` only, and no Arrow, so that `tamis check` starts at once.
Begin with `project.py` (which files make a project), then `schema.py` and `policy.py` (the
grammar), `context.py` (a policy with all that it rests on) and `calendar.py` (the law of a day).
"""

from tamis.documents.editors import json_schemas as json_schemas
from tamis.documents.project import Documents as Documents
from tamis.documents.project import bundled_documents as bundled_documents

__all__ = ["Documents", "bundled_documents", "json_schemas"]
