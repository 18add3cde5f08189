"""The software bill of materials: made by the manual's command, of all that is locked."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tamis.manual import PAGES

from ..surface.test_supply import PYPROJECT, ROOT, pins
from .test_ci import shell


@pytest.mark.slow
def test_it_names_every_package_of_the_image_with_version_and_hashes(tmp_path: Path) -> None:
    page = (PAGES / "security.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"<!-- sbom -->\n```sh\n(.*?)```", page, re.DOTALL)
    done = shell(command.replace("sbom.json", str(tmp_path / "sbom.json")), ROOT)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "sbom.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    assert bom["metadata"]["component"]["name"] == "tamis"
    assert bom["metadata"]["component"]["version"] == PYPROJECT["project"]["version"]
    locked = pins((ROOT / "pipelines" / "requirements.txt").read_text(encoding="utf-8"))
    found = {component["name"]: component for component in bom["components"]}
    assert {name: component["version"] for name, component in found.items()} == {
        name: version for name, (version, _below) in locked.items()
    }
    for name, (_version, below) in locked.items():
        (where,) = found[name]["externalReferences"]
        hashes = {entry["content"] for entry in where["hashes"]}
        assert hashes == set(re.findall(r"sha256:(\w+)", below)), name
