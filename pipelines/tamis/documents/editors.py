"""The documents' grammar as JSON Schemas, for editors that complete and check while one types.

The published files lie beside this module, in `published/`. The first line of a document binds
it to one, for editors with the YAML language server:

    # yaml-language-server: $schema=../pipelines/tamis/documents/published/policy.schema.json

They tell the grammar only: what `tamis check` proves is more.
After a change of the models, `publish()` writes them again.
"""

import json
from pathlib import Path
from typing import Any

from tamis.documents.law import Article
from tamis.documents.policy import Policy
from tamis.documents.positions import Model
from tamis.documents.register import Register
from tamis.documents.schema import Schema

PUBLISHED = Path(__file__).parent / "published"

_MODELS: dict[str, type[Model]] = {
    "schema": Schema,
    "policy": Policy,
    "register": Register,
    "law": Article,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each kind of document, by its name.

    Example:
        >>> sorted(json_schemas())
        ['law', 'policy', 'register', 'schema']
    """
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(by_alias=True),
        }
        for name, model in _MODELS.items()
    }


def as_text(schema: dict[str, Any]) -> str:
    """A JSON Schema as its published file has it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def publish(folder: Path = PUBLISHED) -> None:
    """Write `NAME.schema.json` for every kind of document into `folder`."""
    folder.mkdir(exist_ok=True)
    for name, schema in json_schemas().items():
        (folder / f"{name}.schema.json").write_text(as_text(schema), encoding="utf-8")
