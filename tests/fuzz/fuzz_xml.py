"""Fuzz the reader of XML under coverage guidance, for a bounded time (needs atheris).

    python tests/fuzz/fuzz_xml.py [SECONDS]

Pieces of a flux CPF are put together as the fuzzer likes, some of them damaged, and read. What must
hold: an `InputError` or chunks; no value of an element that the plan does not read, in rows,
rejects, messages or names; of a file that is not well formed no row; positions from 1 on.
"""

import io
import sys

import atheris  # type: ignore[import-untyped, unused-ignore]

with atheris.instrument_imports(include=["tamis.formats.xml", "tamis.documents.xpaths"]):
    from tamis.documents.feed_format import Format, XmlOptions
    from tamis.errors import InputError
    from tamis.formats.xml.read import read_xml
    from tamis.formats.xml.texts import read_texts
    from tamis.limits import Limits
    from tamis.plan.plan import Plan, PlanField

CANARY = "CANARI"
"""The text of all that no plan reads."""

ITEM = PlanField("item", "struct", fields=(PlanField("niveau", "int8"),))
PLAN = Plan(
    policy="p",
    schema="feed",
    format=Format(
        name="xml",
        xml=XmlOptions(record="/f/l/p", namespace="urn:f", choices=(("q/t", "q/d"),)),
    ),
    processing="x",
    carries_nir=True,
    direction="into-store",
    law={},
    fields=(
        PlanField("nom", "string", xpath="q/t/nom"),
        PlanField("genre", "string", xpath="q/t/@genre"),
        PlanField("numeros", "list", xpath="n/i", of=ITEM),
        PlanField("action", "string", xpath="/f/action"),
    ),
    releases=(),
    known=("q/d/secret", "/f/code"),
)
SECRET = f"<secret a='{CANARY}'>{CANARY}</secret>"
PIECES = (
    *("<f xmlns='urn:f'>", "</f>", "<l>", "</l>", "<p>", "</p>", "<q>", "</q>", "<t>", "</t>"),
    *("<t genre='F'>", "<d>", "</d>", "<d/>", "<nom>", "</nom>", "A", " ", "\n", "<n><i><niveau>"),
    *("4</niveau></i></n>", "<action>B</action>", f"<code>{CANARY}</code>", SECRET, "<p/>"),
    *(f"<z>{CANARY}</z>", f"<z><y>{CANARY}</y></z>", f"<!--{CANARY}-->", f"<?x {CANARY}?>"),
    *("<![CDATA[x]]>", "]]>", "&amp;", "&#233;", "&x;", "<o:t xmlns:o='urn:o'/>"),
    *("xsi:nil='true'", "<t xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='1'/>"),
    *("<?xml version='1.0' encoding='", "utf-16", "iso-8859-1", "'?>", "<!DOCTYPE f>", "é", "\0"),
    *("<f xmlns='urn:f'><l><p><q><t><nom>A</nom></t></q>" + SECRET, "</p></l></f>"),
)
DAMAGE = b"<>/&;'\"= \n\0\xc3\xff]["


def _made(raw: bytes) -> tuple[bytes, bool]:
    """A file, and whether a sign in it was changed, so that anything may be text."""
    data = atheris.FuzzedDataProvider(raw)
    text, damaged = bytearray(), False
    while data.remaining_bytes():
        piece = data.ConsumeIntInRange(0, len(PIECES) + 1)
        if piece < len(PIECES):
            text += PIECES[piece].encode()
        elif piece == len(PIECES) and text:
            text[data.ConsumeIntInRange(0, len(text) - 1)] = data.PickValueInList(list(DAMAGE))
            damaged = True
        elif text:
            del text[data.ConsumeIntInRange(0, len(text)) :]
    return bytes(text), damaged


def check(raw: bytes) -> None:
    """Raise where a property of the reader does not hold for the file that `raw` makes."""
    made, damaged = _made(raw)
    told: list[str] = []
    limits = Limits(line_bytes=1 << 16)
    try:
        chunks = list(read_xml(io.BytesIO(made), PLAN, "f", limits, ahead=io.BytesIO(made)))
    except InputError as error:
        chunks = []
        told.append(str(error))
    reasons, positions = set[str](), list[int]()
    for chunk in chunks:
        told += [str(chunk.data.to_pylist()), str(chunk.rejects.to_pylist()), *chunk.unknown]
        reasons |= set(chunk.rejects.column("reason").to_pylist())
        positions += chunk.positions.to_pylist() + chunk.rejects.column("position").to_pylist()
    rows = sum(chunk.data.num_rows for chunk in chunks)
    if "incomplete" in reasons and (rows or reasons != {"incomplete"}):
        raise AssertionError("records of a file that is not well formed")
    if sorted(positions) != list(range(1, len(positions) + 1)):
        raise AssertionError("positions that are not from 1 on")
    try:
        told += [name for name, _texts, _names in read_texts(io.BytesIO(made), "f", 100)]
    except InputError as error:
        told.append(str(error))
    if not damaged and any(CANARY in text for text in told):
        raise AssertionError("a value that is not read")


if __name__ == "__main__":
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    bounds = (f"-max_total_time={seconds}", "-max_len=200", "-len_control=0", "-timeout=5")
    atheris.Setup([sys.argv[0], *bounds], check)
    atheris.Fuzz()
