"""Fuzz documents for a bounded time: read, or refused at a place in plain words, in bounded time.

    python tests/fuzz/fuzz_documents.py [SECONDS] [SEED]

The bundled documents are cut, spliced, repeated and sown with YAML's own marks at random.
"""

import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from tamis.documents.law import Article
from tamis.documents.policy import Policy
from tamis.documents.positions import DocumentModel, read_document
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.errors import DocumentError
from tamis.plan.project import bundled_project

MODELS: tuple[type[DocumentModel], ...] = (Article, Policy, Register, Schema)
MARKS = (
    *("[", "]", "{", "}", "- ", "? ", ": ", ", ", "&a ", "*a", "!x ", "|\n", ">\n", "'", '"', "#"),
    *(
        "\t",
        "\n",
        "\r",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "<<: *a",
        "\\ud800",
        "\\e[31m",
        "~",
        "null",
    ),
    *(
        "yes",
        "2026-02-30",
        "1_000",
        "0x1F",
        ".inf",
        "1:2:3",
        "é",
        "\u2028",
        "\ufeff",
        "\x00",
        "\x1b",
    ),
    *("[" * 70, "- " * 70, "&a [*a]", "x" * 5_000, "9" * 5_000, '"\\x1b[0m": 1\n', "{a: {b: [c]}}"),
)
RAW = re.compile(r"Input should|instance of|pydantic|NoneType|Traceback|\{\w+\}|For further")
SECONDS = 15.0
"""Of processor time, that one document may take."""


def mutate(chance: random.Random, text: str, other: str) -> str:
    """`text` with one fault."""
    at, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    end = min(end, at + chance.choice((1, 5, 50, 500)))
    match chance.randrange(6):
        case 0:
            return text[:at] + text[end:]
        case 1:
            return text[:at] + chance.choice(MARKS) + text[at:]
        case 2:
            return text[:at] + chance.choice(MARKS) + text[end:]
        case 3:
            return text[:end] + text[at:end] * chance.randrange(1, 20) + text[end:]
        case 4:
            start = chance.randrange(len(other))
            return text[:at] + other[start : start + chance.choice((5, 50, 500))] + text[end:]
        case _other:
            lines = text.splitlines(keepends=True)
            chance.shuffle(lines)
            return "".join(lines[: chance.randrange(len(lines) + 1)])


def check(path: Path, model: type[BaseModel]) -> str:
    """Raise where a document is neither read nor refused as it should; say what became of it."""
    begin = time.process_time()
    try:
        read_document(path, "a.yaml", model)  # type: ignore[type-var]
        outcome = "read"
    except DocumentError as error:
        outcome = "refused"
        told = str(error)
        told.encode()
        if RAW.search(told) or not told.replace("\n", "").isprintable():
            raise AssertionError(f"told: {told!r}") from None
    if time.process_time() - begin > SECONDS:
        raise AssertionError("took too long")
    return outcome


def main(seconds: float, seed: int) -> None:
    """Fuzz for so long, and print how often what came out."""
    chance = random.Random(seed)
    folder = bundled_project().folder
    texts = [
        path.read_text(encoding="utf-8")
        for pattern in ("policies/*.yaml", "policies/law/*.yaml", "schemas/*.yaml")
        for path in sorted(folder.glob(pattern))
    ]
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.yaml"
        while time.monotonic() < end:
            text = chance.choice(texts)
            for _ in range(chance.randrange(1, 5)):
                text = mutate(chance, text, chance.choice(texts))
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            try:
                outcomes[check(path, chance.choice(MODELS))] += 1
            except BaseException:
                Path("fuzz-document.yaml").write_bytes(path.read_bytes())
                raise
    print(f"{sum(outcomes.values())} documents, seed {seed}: {dict(outcomes)}")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(float(given.get(1, 60)), int(given.get(2, 1)))
