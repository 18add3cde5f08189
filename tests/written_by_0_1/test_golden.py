"""What is released of the feeds of the demo and of the canary tests is what 0.1 released."""

import hashlib
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from .conftest import DAY, HERE, IN_MEMORY, PROJECT, Copy, Tamis
from .described import describe

pytestmark = pytest.mark.usefixtures("rules_of_0_1")

GOLDEN: dict[str, Any] = json.loads((HERE / "golden" / "golden.json").read_bytes())


@pytest.mark.parametrize("name", GOLDEN)
def test_values_types_order_metadata_and_figures_are_those_of_0_1(
    name: str, tamis: Tamis, copy: Copy
) -> None:
    copy("golden/keys.json")
    golden = GOLDEN[name]
    sources: list[str] = []
    for file in golden.pop("inputs"):
        path = Path(Path(file).name)
        path.write_bytes(lzma.decompress((HERE / "golden" / f"{file}.xz").read_bytes()))
        sources += ["--input", str(path)]
    run = name.replace("/", "-")
    answer = tamis(
        *("run", name.partition("/")[2], *sources, "--output", "store", "--run-id", run),
        *("--on", DAY, "--replay", "--allow-example", "--keys", "golden/keys.json", *IN_MEMORY),
    )
    assert answer.code == 0, answer.err
    # Its legal bases are written in the grammar of today.
    document = PROJECT / "policies" / f"{name.partition('/')[2]}.yaml"
    golden["receipt"]["policy_sha256"] = hashlib.sha256(document.read_bytes()).hexdigest()
    assert describe(Path("store"), run) == golden
