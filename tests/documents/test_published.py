import json
import subprocess
import sys

import pytest

from tamis.documents import json_schemas
from tamis.documents.editors import PUBLISHED, as_text


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_the_published_json_schemas_are_those_of_the_models(name: str) -> None:
    published = (PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == as_text(json_schemas()[name]), "run tamis.documents.editors.publish()"


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_key_of_every_document_is_described(name: str) -> None:
    schema = json_schemas()[name]
    for title, model in {name: schema, **schema["$defs"]}.items():
        assert model["description"], title
        for key, value in model["properties"].items():
            assert value.get("description", "").endswith("."), f"{title}.{key}"


def test_editors_accept_the_short_forms_of_a_schema() -> None:
    schema = json_schemas()["schema"]
    spec = schema["$defs"]["FieldSpec"]["properties"]
    for key in ("category", "identifier"):
        kinds = {one.get("type") or "enum" for one in spec[key]["anyOf"]}
        assert "array" in kinds
        assert len(kinds) == 2
    assert any("csv" in json.dumps(field) for field in schema["properties"]["format"]["anyOf"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "statement",
    [
        "import tamis.documents",
        "from tamis.check.check import check; check(tamis.documents.bundled_documents())",
        "from tamis.cli.check import check_command; "
        "from tamis.plan.project import bundled_project; check_command(bundled_project(), True)",
        "from tamis.plan.project import bundled_project; bundled_project().plan('cpir-partage')",
    ],
)
def test_documents_are_read_and_proved_without_beam_and_arrow(statement: str) -> None:
    script = (
        f"import sys, tamis.documents; {statement}; "
        "print([name for name in ('apache_beam', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
