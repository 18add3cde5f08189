"""The documents' grammar as JSON Schemas, for editors that complete and check while one types.

The published files stand beside this module, in `published/`. The first line of a document binds
it to one of them, for editors with the YAML language server:

    # yaml-language-server: $schema=../pipelines/tamis/documents/published/policy.schema.json

They hold the grammar only: `tamis check` proves more. After a change of the models, `publish()`
writes them again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamis.documents.approval import Approval
from tamis.documents.cases import PolicyCases
from tamis.documents.exceptions import ProjectFile
from tamis.documents.law import Article
from tamis.documents.policy import Policy
from tamis.documents.positions import DocumentModel
from tamis.documents.project import PINNED_LAW, bundled_folder, law_digests
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.documents.veille import Veille

PUBLISHED = Path(__file__).parent / "published"
"""The folder of the published JSON Schemas."""

MODELS: dict[str, type[DocumentModel]] = {
    "schema": Schema,
    "policy": Policy,
    "register": Register,
    "law": Article,
    "veille": Veille,
    "tests": PolicyCases,
    "project": ProjectFile,
    "approval": Approval,
}
"""The grammar of each kind of document."""


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind of document, by its name.

    Example:
        >>> sorted(json_schemas())
        ['approval', 'law', 'policy', 'project', 'register', 'schema', 'tests', 'veille']
        >>> json_schemas()["policy"]["properties"]["processing"]["description"]
        'The processing of the register on the other side of the store, by its slug.'
    """
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            # A description is one line, however many its docstring has.
            **json.loads(json.dumps(model.model_json_schema(by_alias=True)).replace("\\n", " ")),
        }
        for name, model in MODELS.items()
    }


def as_text(schema: dict[str, Any]) -> str:
    """Return a JSON Schema as the text of its published file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def publish(folder: Path = PUBLISHED, schemas: Mapping[str, dict[str, Any]] | None = None) -> None:
    """Write `NAME.schema.json` into `folder` for every one of `schemas`.

    By default these are the documents', and the digests of the bundled law are written too.
    """
    folder.mkdir(exist_ok=True)
    if schemas is None:
        digests = law_digests(bundled_folder())
        lines = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
        (folder / PINNED_LAW.name).write_text(lines, encoding="utf-8")
    for name, schema in (schemas or json_schemas()).items():
        (folder / f"{name}.schema.json").write_text(as_text(schema), encoding="utf-8")
