"""Documents of a project: law, register, schemas and policies, read with their positions."""

from tamis.documents.editors import json_schemas as json_schemas
from tamis.documents.project import Documents as Documents
from tamis.documents.project import bundled_documents as bundled_documents

__all__ = ["Documents", "bundled_documents", "json_schemas"]
