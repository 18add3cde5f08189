"""How much the finder finds, and how often it is wrong: by class, and on French texts at hand.

    python -m tests.nir.measure [--seed 1] [--cases 40] [--all]
    python -m tests.nir.measure --texts [FOLDER …]

The first form plants NIRs and look-alikes of every class of the three corpora and prints a table in
Markdown: how many of each group were found, how many spans are exact, and which classes are below
their bar (`--all`: every class). The second reads the French lines of all texts in folders (this
Python's packages and `/usr/share` unless others are named): documents, licences, changelogs,
catalogues of messages, manual pages, lists of words, and sources called French. It prints what was
read, the rate of numbers taken for NIRs per million lines, and where they stand; never the numbers.
"""

import argparse
import gettext
import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from tamis.nir.find import find_nir, redact

from . import corpus, second_corpus, third_corpus

BARS = {"common": 0.999, "rare": 0.98, "look-alike": 0.0}
Span = tuple[int, int]
Case = tuple[str, str, str, tuple[Span, ...]]

_TEXT = (".txt", ".md", ".rst", ".html", ".htm", ".po", ".tex", ".dic", ".tsv", "")
_IN_FRENCH = (".py", ".js", ".ts", ".json", ".xml", ".yml", ".yaml", ".properties", ".csv")
_FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|une|est|dans|pour|que|qui|sur|avec|sont|par|pas|cette|ces|aux|ou|au)\b",
    re.IGNORECASE,
)
_NAMED_FRENCH = re.compile(r"(?<![a-z])(?:fr|fr_FR|french|fra)(?![a-z])", re.IGNORECASE)
_LARGEST = 20_000_000  # bytes of a file that is read


def planted(seed: int, count: int) -> Iterator[tuple[str, Case]]:
    """The cases of the three corpora, `count` of a kind: corpus, and group, kind, text, spans."""
    for case in corpus.cases(seed, count):
        yield "first", (case.group, case.kind, case.text, case.spans)
    for other in second_corpus.cases(seed, count):
        yield "second", (other.group, other.kind, other.text, other.spans)
    for comment in third_corpus.comments(seed, 400 * count, nirs=0.5, lookalikes=0.4):
        kind = f"{comment.kind}, {comment.label}"
        spans = (comment.span,) if comment.span else ()
        group = comment.group
        if group == "look-alike" and comment.label == third_corpus.NIR_LABEL:
            group = "look-alike behind a NIR label"
        yield "third", (group or "look-alike", kind, comment.text, spans)


def print_corpora(seed: int, count: int, every_class: bool) -> None:
    """Print recall, precision and the classes below their bar."""
    totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    classes: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for name, (group, kind, text, spans) in planted(seed, count):
        found = find_nir(text)
        near = sum(any(a < end and start < b for a, b in found) for start, end in spans)
        alarms = sum(all(b <= start or end <= a for start, end in spans) for a, b in found)
        counts = {"cases": 1, "NIRs": len(spans), "found": near, "alarms": alarms}
        counts["exact"] = len(set(spans) & set(found))
        totals[name, group].update(counts)
        classes[name, group, kind].update(counts)
    print("| corpus | group | cases | NIRs | found | exact spans | false alarms |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for (name, group), total in totals.items():
        recall, exact = "–", "–"
        if total["NIRs"]:
            recall = f"{total['found'] / total['NIRs']:.2%}"
            exact = f"{total['exact'] / max(total['found'], 1):.2%}"
        print(
            f"| {name} | {group} | {total['cases']} | {total['NIRs']} | {recall} | {exact} "
            f"| {total['alarms']} ({total['alarms'] / total['cases']:.2%} of cases) |"
        )
    print("\n| class | of | missed | false alarms |\n|---|--:|--:|--:|")
    for (name, group, kind), total in sorted(classes.items()):
        missed = total["NIRs"] - total["found"]
        if every_class or missed or (total["alarms"] and group != "look-alike behind a NIR label"):
            print(f"| {name}: {kind} ({group}) | {total['cases']} | {missed} | {total['alarms']} |")


def texts_of(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """The lines of every text in a folder."""
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
                continue
            if suffix == ".mo" and "fr" in path.parts:
                with path.open("rb") as file:
                    messages = gettext.GNUTranslations(file)
                yield path, [str(text) for text in vars(messages)["_catalog"].values()]
            elif suffix in (*_TEXT, ".gz") or (
                suffix in _IN_FRENCH and _NAMED_FRENCH.search(str(path))
            ):
                data = path.read_bytes()
                data = gzip.decompress(data) if suffix == ".gz" else data
                if b"\0" not in data[:4096]:
                    yield path, data.decode("utf-8", "replace").splitlines()
        except (OSError, EOFError, UnicodeError, ValueError):
            continue


def print_texts(folders: list[Path]) -> None:
    """Print what was read, and how many numbers were taken for NIRs."""
    files, lines, french = Counter[str](), 0, 0
    hits: list[str] = []
    for folder in folders:
        for path, texts in texts_of(folder):
            chosen = [
                (place, text)
                for place, text in enumerate(texts, 1)
                if len(_FRENCH.findall(text[:4000])) > 2
            ]
            lines += len(texts)
            if not chosen:
                continue
            french += len(chosen)
            files[path.suffix or "no suffix"] += 1
            counts = redact(pa.array([text for _place, text in chosen], pa.large_string()))[1]
            for (place, _text), count in zip(chosen, counts.tolist(), strict=True):
                if count:
                    hits.append(f"{path}:{place}")
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in files.most_common(12))
    print(f"read {lines} lines in {', '.join(map(str, folders))}")
    print(f"of these {french} French ones, in {files.total()} files: {kinds}")
    rate = len(hits) / max(french, 1) * 1e6
    print(f"{len(hits)} hold what is taken for a NIR: {rate:.1f} a million")
    print("\n".join(hits))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--texts", nargs="*", type=Path)
    options = parser.parse_args()
    if options.texts is None:
        print_corpora(options.seed, options.cases, options.all)
    else:
        print_texts(options.texts or [Path(sys.prefix), Path("/usr/share")])
