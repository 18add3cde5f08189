"""Fuzz the finder under coverage guidance, for a bounded time (needs atheris).

    python tests/nir/fuzz_find.py [SECONDS]

No string may raise; spans lie in the text, in order; a column gives what its texts give.
"""

import sys

import atheris  # type: ignore[import-untyped, unused-ignore]

with atheris.instrument_imports(include=["tamis.nir"]):
    import pyarrow as pa

    from tamis.nir.find import find_nir, redact
    from tamis.nir.identifiers import canonical, judge_identifiers

_PIECES = (
    *("NIR ", "n° sécu : ", "clé ", "SIRET ", "155087599999193", "1 55 08 75 999 991 93"),
    *("1550875999991", "2A", "&nbsp;", "&#49;", "%20", "\\u0031", "<br>", "E+14", "\u200b"),
    *("\u00a0", "１", "٣", "l", "O", "S", "B", " (93)", ", ", "\n", "\ud83d\ude00"),
)


def _text(data: atheris.FuzzedDataProvider) -> str:
    parts = []
    for _ in range(data.ConsumeIntInRange(0, 8)):
        if data.ConsumeBool():
            parts.append(data.PickValueInList(list(_PIECES)))
        else:
            parts.append(data.ConsumeUnicode(data.ConsumeIntInRange(0, 20)))
    return "".join(parts)


def check(raw: bytes) -> None:
    """Raise where a property of the finder does not hold for the texts that `raw` makes."""
    data = atheris.FuzzedDataProvider(raw)
    texts = [_text(data) for _ in range(2)]
    for text in texts:
        edges = [edge for span in find_nir(text) for edge in span]
        if edges != sorted(edges) or any(not 0 <= edge <= len(text) for edge in edges):
            raise AssertionError("spans out of order or out of the text")
    clean = [text.encode("utf-8", "ignore").decode() for text in texts]
    out, hits = redact(pa.array(clean))
    out.validate(full=True)
    for text, redacted, count in zip(clean, out.to_pylist(), hits.tolist(), strict=True):
        spans = find_nir(text)
        for start, end in reversed(spans):
            text = text[:start] + "[NIR]" + text[end:]
        if text != redacted or count != len(spans):
            raise AssertionError("the column was redacted otherwise than its texts")
    if judge_identifiers(pa.array(clean)).canonical.to_pylist() != [
        canonical(text) for text in clean
    ]:
        raise AssertionError("the column was judged otherwise than its values")


if __name__ == "__main__":
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=400"], check)
    atheris.Fuzz()
