"""What is released of the feeds of the demo and of the canary tests is what 0.1 released."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from .conftest import DAY, HERE, IN_MEMORY, Copy, Tamis
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
    assert without_documents(describe(Path("store"), run)) == without_documents(golden)


def without_documents(described: dict[str, Any]) -> dict[str, Any]:
    """Without the digests of documents, which have other keys than those of 0.1 had.

    And without what 0.1 did not tell: what was skipped, and that its canaries are DSN of a norm
    that is none.
    """
    described["receipt"].pop("skipped", None)
    described["receipt"]["anomalies"].pop("dsn-envois-of-unknown-norm", None)
    for name in ("plan_sha256", "policy_sha256"):
        described["receipt"].pop(name, None)
    for file in described["files"].values():
        file["values"].pop("legal_policy", None)
    return described
