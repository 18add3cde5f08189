"""Documents of a project: law, register, schemas and policies, read with their positions."""

from tamis.documents.editors import json_schemas as json_schemas
from tamis.documents.project import Project as Project
from tamis.documents.project import bundled_project as bundled_project
from tamis.documents.project import load_project as load_project

__all__ = ["Project", "bundled_project", "json_schemas", "load_project"]
