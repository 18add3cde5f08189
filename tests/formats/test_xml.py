"""XML: one record, one row, whatever the order, the prefixes and the blanks of a file."""

import io
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tamis.documents.feed_format import Format, XmlOptions
from tamis.documents.schema import FieldSpec, Schema
from tamis.draft.sample import take_sample
from tamis.draft.xml import sample_xml
from tamis.errors import InputError, NotLookedInto
from tamis.filter.quarantine import FAULTS
from tamis.formats.chunk import Chunk
from tamis.formats.xml import read as xml_read
from tamis.formats.xml import texts as xml_texts
from tamis.formats.xml.read import read_xml
from tamis.formats.xml.texts import read_texts
from tamis.limits import Limits
from tamis.plan.plan import Plan, PlanField
from tamis.synthetic.files import write_feed

from .. import plans

URI = "urn:example:flux"
NOTE = PlanField("note", "struct", fields=(PlanField("x", "string"), PlanField("y", "int16")))
FIELDS = (
    PlanField("id", "string", xpath="idTechnique"),
    PlanField("nom", "string", xpath="personne/nom"),
    PlanField("genre", "string", xpath="personne/@genre"),
    PlanField("nir", "string", xpath="national/nir"),
    PlanField("notes", "list", xpath="notes/note", of=NOTE),
    PlanField("codes", "list", xpath="code", of=PlanField("item", "string")),
    PlanField("action", "string", xpath="/flux/action"),
    PlanField("type", "string", xpath="/flux/lot/type"),
)
OPTIONS = XmlOptions(
    record="/flux/lot/passages/passage", namespace=URI, choices=(("personne", "national"),)
)


def plan_of(*fields: PlanField, options: XmlOptions = OPTIONS, known: tuple[str, ...] = ()) -> Plan:
    form = Format(name="xml", xml=options)
    return plans.plan_of(*(fields or FIELDS), form=form, known=known or ("autre/detail",))


def read(data: str | bytes, plan: Plan | None = None, **limits: int) -> list[Chunk]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read_xml(io.BytesIO(raw), plan or plan_of(), "f.xml", Limits(**limits)))


def rows(chunks: list[Chunk]) -> list[dict[str, Any]]:
    return [row for chunk in chunks for row in chunk.data.to_pylist()]


def refused(data: str | bytes, plan: Plan | None = None, **limits: int) -> str:
    with pytest.raises(InputError) as error:
        read(data, plan, **limits)
    return error.value.problem


PERSON = "<personne genre='F'><nom>DURAND</nom></personne>"


def passage(inside: str = PERSON, number: int = 1) -> str:
    return f"<passage><idTechnique>t{number}</idTechnique>{inside}</passage>"


def flux(*passages: str, before: str = "", after: str = "", lot: str = "", end: str = "") -> str:
    body = "".join(passages or (passage(),))
    return (
        f'<?xml version="1.0"?><flux xmlns="{URI}">{before}<lot>{lot}<passages>{body}</passages>'
        f"{end}</lot>{after}</flux>"
    )


def test_a_record_is_read_where_the_schema_says() -> None:
    text = flux(
        passage(
            "<code>a</code><personne genre=' F '><nom>\n  D&apos;ESSAI &amp; FILS <!-- x -->\n"
            "</nom></personne><code>b</code>"
            "<notes><note><x>u</x><y>1</y></note><note><y>2</y></note></notes>"
        ),
        passage("<national><nir>1900175999001</nir></national>", 2),
        before="<action>CREATION</action>",
        lot="<type>RS</type>",
    )
    chunks = read(text)
    assert rows(chunks) == [
        {
            "id": "t1",
            "nom": "D'ESSAI & FILS",
            "genre": "F",
            "nir": None,
            "notes": [{"x": "u", "y": "1"}, {"x": None, "y": "2"}],
            "codes": ["a", "b"],
            "action": "CREATION",
            "type": "RS",
        },
        {
            "id": "t2",
            "nom": None,
            "genre": None,
            "nir": "1900175999001",
            "notes": [],
            "codes": [],
            "action": "CREATION",
            "type": "RS",
        },
    ]
    assert [chunk.positions.to_pylist() for chunk in chunks] == [[1, 2]]


def test_a_namespace_counts_and_a_prefix_does_not() -> None:
    text = flux().replace("xmlns=", "xmlns:c=").replace("<", "<c:").replace("<c:/", "</c:")
    text = text.replace("<c:?xml", "<?xml")
    assert rows(read(text)) == rows(read(flux()))
    foreign = flux(passage("<o:personne xmlns:o='urn:other'><o:nom>DURAND</o:nom></o:personne>"))
    (chunk,) = read(foreign)
    assert chunk.rejects.num_rows == 1  # none of the choices is there
    assert chunk.unknown == {"personne/nom": 1}


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_is_what_the_file_declares(encoding: str) -> None:
    text = flux(passage("<personne><nom>Zoé</nom></personne>"))
    data = text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
    assert rows(read(data))[0]["nom"] == "Zoé"


@pytest.mark.parametrize(
    "nom",
    ["", "<nom/>", "<nom> \n </nom>", "<nom xsi:nil='true' xmlns:xsi='urn:x'/>", "<!-- a -->"],
)
def test_absent_empty_and_nil_are_null(nom: str) -> None:
    assert rows(read(flux(passage(f"<personne>{nom}</personne>"))))[0]["nom"] is None


@pytest.mark.parametrize(
    ("inside", "faults"),
    [
        ("<personne><nom>A</nom><nom>B</nom></personne>", ["nom: stands twice"]),
        ("<personne><nom>A<b>C</b></nom></personne>", ["nom: holds elements in place of text"]),
        # two persons are not mixed to one
        ("<personne genre='F'><nom>A</nom></personne><personne><nom>B</nom></personne>", None),
    ],
)
def test_what_stands_twice_is_no_value(inside: str, faults: list[str] | None) -> None:
    (row,) = rows(read(flux(passage(inside))))
    assert row["nom"] is None
    assert row[FAULTS] == (faults or ["nom: stands twice", "genre: stands twice"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_tag_with_a_million_attributes_is_refused_before_it_is_made(encoding: str) -> None:
    attributes = " ".join(f"a{n}='>'" for n in range(100_000))
    for many in (f"<z {attributes}/>", f"<z {attributes}", f"<z>{'x' * 2_000_000}</z>"):
        text = flux(passage(PERSON + many)).replace("?>", f" encoding='{encoding}'?>", 1)
        data = text.encode(encoding)
        if "a1=" not in many:
            assert len(rows(read(data))) == 1
            continue
        assert refused(data) == "a tag takes more than 1 MiB"
        with pytest.raises(InputError):
            list(read_texts(io.BytesIO(data), "x.xml", 9))
        with pytest.raises(InputError, match="a tag takes more than 1 MiB"):
            sample_xml(io.BytesIO(data), 9)


def test_text_of_elements_with_attributes_is_drafted() -> None:
    note = "<note lang='fr'>mon NIR : 1 55 08 75 999 991 93</note>"
    data = flux(passage(note), passage("<note>rien</note>", 2)).encode()
    (note_,) = [node for node in sample_xml(io.BytesIO(data), 9).fields if node.name == "note"]
    text, lang = note_.inner
    assert (text.name, lang.name) == (".", "@lang")
    assert text.statistics is not None
    assert (text.statistics.values, dict(text.statistics.nirs)) == (2, {"text": 1})


def test_a_record_has_exactly_one_of_a_choice() -> None:
    nil = "<personne xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/>"
    national = "<national><nir>1900175999001</nir></national>"
    both, none, one = passage(PERSON + national), passage("", 2), passage(nil + national, 3)
    (chunk,) = read(flux(both, none, one))
    assert chunk.positions.to_pylist() == [3]
    assert [(row["position"], row["rule"]) for row in chunk.rejects.to_pylist()] == [
        (1, "must have one, has personne, national"),
        (2, "must have one, has none of personne, national"),
    ]


HOLDER = PlanField(
    "titulaire",
    "struct",
    xpath="qui",
    fields=(
        PlanField("civil", "struct", fields=(PlanField("nom", "string"),)),
        PlanField("dossier", "string", xpath="dossier/numero"),
    ),
)


@pytest.mark.parametrize(
    ("inside", "holder"),
    [
        ("", None),  # what is not there is not chosen from
        ("<qui xsi:nil='true'/>", None),
        ("<qui><dossier><numero>7</numero></dossier></qui>", {"civil": None, "dossier": "7"}),
        ("<qui><civil/></qui>", {"civil": {"nom": None}, "dossier": None}),
        ("<qui/>", "must have one, has none of qui/civil, qui/dossier"),
        ("<qui><civil/><dossier/></qui>", "must have one, has qui/civil, qui/dossier"),
    ],
)
def test_a_choice_is_of_the_element_around_it(inside: str, holder: Any) -> None:
    options = OPTIONS.model_copy(update={"choices": (("qui/civil", "qui/dossier"),)})
    xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    text = flux(passage(inside)).replace("<flux ", f"<flux {xsi} ")
    (chunk,) = read(text, plan_of(HOLDER, options=options))
    told = [*rows([chunk]), *({"titulaire": row["rule"]} for row in chunk.rejects.to_pylist())]
    assert told == [{"titulaire": holder}]


def test_elements_that_no_schema_names_are_counted() -> None:
    more = PERSON + "<secret><s>x</s></secret><autre><detail>1</detail><z>2</z></autre>"
    (chunk,) = read(flux(*[passage(more, number) for number in range(7)]))
    assert chunk.unknown == {"secret/s": 5, "autre/z": 5}


def test_elements_around_records_that_no_schema_names_are_counted() -> None:
    text = flux(
        passage() + "<verbatim>x</verbatim>" + passage(number=2),
        before="<action>A</action><idFlux>1</idFlux><emetteur><nom>x</nom></emetteur>",
        after="<fin/>",
        end="<total n='2'>2</total>",
    )
    (chunk,) = read(text, plan_of(known=("/flux/idFlux",)))
    paths = ["/flux/emetteur/nom", "/flux/fin", "/flux/lot/passages/verbatim"]
    paths += ["/flux/lot/total", "/flux/lot/total/@n"]
    assert chunk.unknown == dict.fromkeys(paths, 5)


def test_attributes_that_no_schema_names_are_counted() -> None:
    xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='p'"
    one = f"<personne {xsi} genre='F' nir='x'><nom>A</nom></personne>"
    (chunk,) = read(flux(*[passage(one, number) for number in range(6)]))
    assert chunk.unknown == {"personne/@nir": 5}


def test_attributes_of_what_is_read_are_counted() -> None:
    [chunk] = read(flux(passage("<personne genre='F'><nom num='2'>Roux</nom></personne>")))
    assert chunk.data.column("nom").to_pylist() == ["Roux"]
    assert chunk.unknown == {"personne/nom/@num": 1}


def test_a_text_that_is_nil_is_null() -> None:
    nil = "xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    [chunk] = read(flux(passage(f"<personne><nom {nil}>Roux</nom></personne><code {nil}>A</code>")))
    assert chunk.data.column("nom").to_pylist() == [None]
    assert chunk.data.column("codes").to_pylist() == [[None]]


def test_what_stands_between_records_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_read, "_MOST_AROUND", 10)
    known = PlanField("source", "string", xpath="/flux/lot/passages/source")
    between = ["<junk/>" * 3 + passage(number=number) for number in range(30)]
    text = flux("<source>s</source>", *between).encode()
    chunks = list(read_xml(_Small(text), plan_of(*FIELDS, known), "f.xml"))
    assert {row["source"] for row in rows(chunks)} == {"s"}
    often = flux(*("<source>s</source>" + each for each in between)).encode()
    with pytest.raises(InputError, match="more than 10 elements stand around records"):
        list(read_xml(_Small(often), plan_of(*FIELDS, known), "f.xml"))


def test_what_stands_behind_the_records_is_theirs_too() -> None:
    late = flux(after="<action>SUPPRESSION</action>", end="<type>RNCP</type>")
    assert [(row["action"], row["type"]) for row in rows(read(late))] == [("SUPPRESSION", "RNCP")]


def test_lots_do_not_share_what_stands_around_them() -> None:
    lot = "<lot><type>B</type><passages>" + passage(number=2) + "</passages></lot>"
    bare = "<lot><passages>" + passage(number=3) + "</passages></lot>"
    text = flux(lot="<type>A</type>", after=lot + bare)
    assert [row["type"] for row in rows(read(text))] == ["A", "B", None]


def test_records_wait_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_read, "MOST_WAITING", 30)
    monkeypatch.setattr(xml_read, "PIECE_RECORDS", 10)
    many = [passage(number=number) for number in range(75)]
    assert [row["action"] for row in rows(read(flux(*many)))] == [None] * 75
    assert len(rows(read(flux(*many[:20], after="<action>A</action>")))) == 20
    problem = refused(flux(*many, after="<action>A</action>"))
    assert problem == "what stands around the records must not follow more than 30 of them"


@pytest.mark.parametrize(
    "dtd",
    [
        "<!DOCTYPE flux>",
        '<!DOCTYPE flux SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE flux [<!ENTITY a "' + "x" * 50 + '"><!ENTITY b "' + "&a;" * 50 + '">]>',
        '<!DOCTYPE flux [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_a_dtd_is_never_read(dtd: str) -> None:
    text = flux(passage("<personne><nom>&f;</nom></personne>"))
    text = text.replace("?><flux", f"?><!-- <!DOCTYPE --> \n{dtd}<flux")
    assert refused(text) == "has a DTD (<!DOCTYPE …>), which is never read"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("id;nom\n1;DURAND\n", "is no XML"),
        ("<?xml version='1.0' encoding='x-unknown'?><flux/>", "is no XML"),
        (flux().replace(URI, "urn:other"), "its elements are not those of schema essai"),
        (flux().replace("passages>", "autres>"), "its elements are not those of schema essai"),
        (flux().replace("</personne>", "</nom>"), "is not well-formed XML at line 1, column"),
        (flux(passage("&inconnu;")), "is not well-formed XML at line 1, column"),
        (flux(passage("<a>" * 100_000)), "is not well-formed XML at line 1, column"),
        (flux() + "<flux/>", "is not well-formed XML at line 1, column"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, problem: str) -> None:
    begun = time.process_time()
    assert refused(text).startswith(problem)
    assert "DURAND" not in refused(text)
    assert time.process_time() - begun < 5


def test_each_file_is_told_its_own_fault() -> None:
    where = []
    for lines in (0, 3):
        cut = flux(passage(PERSON.replace("</nom>", "\n" * lines + "</nomx>")))
        where.append(re.findall(r"line (\d+)", refused(cut)))
    assert where == [["1"], ["4"]]


def test_one_record_does_not_fill_the_memory() -> None:
    wide = flux(passage(PERSON + "<z/>" * 600_000))
    assert refused(wide, line_bytes=1 << 20).startswith("a record, or what stands between two,")


def test_a_file_that_is_cut_anywhere_is_refused() -> None:
    text = flux(passage(number=1), passage(number=2), before="<action>A</action>").encode()
    whole = rows(read(text))
    for end in range(len(text)):
        read_so_far: list[Chunk] = []
        chunks = read_xml(
            io.BytesIO(text[:end]), plan_of(), "f.xml", Limits(object_chunk_records=1)
        )
        with pytest.raises(InputError):
            read_so_far.extend(chunks)
        assert rows(read_so_far) == whole[: len(rows(read_so_far))]


@pytest.mark.parametrize(
    ("end", "is_cut"),
    [
        ("", False),
        ("\n<!-- </flux -->\r\n<?x y?> ", False),
        ("<!-- </flux> --", True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_is_cut_where_its_root_does_not_end(end: str, is_cut: bool, encoding: str) -> None:
    text = flux(*[passage(number=number) for number in range(3)]) + end
    data = text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
    chunks = list(read_xml(io.BytesIO(data), plan_of(), "f.xml", ahead=io.BytesIO(data)))
    rejects = [row for chunk in chunks for row in chunk.rejects.to_pylist()]
    assert len(rows(chunks)) == (0 if is_cut else 3)
    assert [row["position"] for row in rejects] == ([1, 2, 3, 4] if is_cut else [])
    assert {row["rule"] for row in rejects} <= {"its end is missing"}


class _Small(io.BytesIO):
    """A stream that gives few bytes at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(7)


def test_blocks_end_where_they_like() -> None:
    text = flux(*[passage(number=number) for number in range(9)], lot="<type>A</type>")
    chunks = list(read_xml(_Small(text.encode()), plan_of(), "f.xml"))
    assert rows(chunks) == rows(read(text))


def test_long_texts_of_any_xml_are_looked_at_a_piece_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xml_texts, "_BLOCK_BYTES", 5000)
    monkeypatch.setattr(xml_texts, "_MOST_CHARACTERS", 10_000)
    words = [f"n{number:06d}" for number in range(20_000)]
    data = f"<a>{' '.join(words)}<b>z</b></a>".encode()
    read = [texts for _path, texts, _are in read_texts(io.BytesIO(data), "f", 9999)]
    assert max(sum(map(len, texts)) for texts in read) < 30_000  # is held at once
    pieces = [text for texts in read for text in texts]
    assert {word for text in pieces for word in text.split()} >= set(words)


def test_names_beyond_the_first_are_looked_at_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_texts, "_MOST_PATHS", 3)
    data = b"<a><b>1</b><c>2</c><d>3</d><e>4</e><n155087599999193>5</n155087599999193></a>"
    told = {path: texts for path, texts, _are_names in read_texts(io.BytesIO(data), "f", 9)}
    assert told[""] == ["d", "e", "n155087599999193"]
    assert told["a/c"] == ["2"]
    assert told["(name withheld)"] == ["3", "4", "5"]


@pytest.mark.parametrize("begun", ["<!--", "<?x ", "<b c='"])
def test_what_never_ends_is_given_up(begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_texts, "_MOST_TOKEN_BYTES", 1 << 20)
    stream = io.BytesIO(f"<a>{begun}{' ' * (8 << 20)}".encode())
    with pytest.raises(NotLookedInto, match="takes more than 1 MiB"):
        list(read_texts(stream, "f", 9))
    assert stream.tell() <= 4 << 20


def test_text_that_never_ends_is_no_xml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_texts, "_MOST_TOKEN_BYTES", 1 << 20)
    with pytest.raises(InputError, match="is no XML that can be read from line 1, column"):
        list(read_texts(io.BytesIO(b"<a><![CDATA[" + b" " * (4 << 20)), "f", 9))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<a><b></a>", "is no XML that can be read from line 1, column 29 on"),
        ("<!DOCTYPE a><a/>", "has a DTD (<!DOCTYPE …>), which is never read"),
        ("<a>" * 70, "elements are nested more than 64 deep"),
        ("<a/>", "no element in its first 16 MiB can be a record"),
        (
            "<a>" + "<b c=''/>" * 500_001,
            "more than 1,000,000 elements and attributes stand in its first 16 MiB",
        ),
    ],
)
def test_what_is_wrong_is_told_by_a_draft(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "f.xml"
    path.write_text('<?xml version="1.0"?>' + text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        take_sample(path, 9)
    assert error.value.problem == problem
    assert error.value.source == str(path)


def test_levels_without_end_end_a_scan() -> None:
    with pytest.raises(NotLookedInto, match="elements are nested more than 256 deep"):
        list(read_texts(io.BytesIO(b"<a>" * 300), "f", 9))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS, st.lists(TEXTS, max_size=3)), max_size=5))
def test_what_was_written_is_what_is_read(
    records: list[tuple[str, str | None, list[str]]],
) -> None:
    spec = {
        "id": FieldSpec(type="string", xpath="idTechnique"),
        "nom": FieldSpec(type="string", xpath="national/nom"),
        "codes": FieldSpec(type="list", xpath="code", of=FieldSpec(type="string")),
    }
    schema = Schema(schema_="feed", format=Format(name="xml", xml=OPTIONS), fields=spec)
    made = [dict(zip(spec, record, strict=True)) for record in records]
    plan = plan_of(
        *(PlanField(name, "string", xpath=spec[name].xpath) for name in ("id", "nom")),
        PlanField("codes", "list", xpath="code", of=PlanField("item", "string")),
        options=OPTIONS.model_copy(update={"choices": ()}),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "f.xml")
        write_feed(made, schema, path)
        read_back = rows(read(path.read_bytes(), plan))

    def blank(text: str | None) -> str | None:
        return (text or "").strip(" \t\n\r") or None

    assert read_back == [
        {"id": blank(id_), "nom": blank(nom), "codes": [blank(code) for code in codes]}
        for id_, nom, codes in records
    ]


def test_the_places_of_a_schema_are_checked() -> None:
    def problem(fields: dict[str, Any], form: Any = None) -> str:
        form = form or {"xml": {"record": "/flux/p"}}
        with pytest.raises(ValidationError) as error:
            Schema.model_validate({"schema": "s", "format": form, "fields": fields})
        return str(error.value)

    text = {"type": "string"}
    inner = {"type": "list", "xpath": "n/m", "of": {"type": "string"}}
    assert "`xpath` is for `format: xml`" in problem({"a": {**text, "xpath": "b"}}, "csv")
    assert "takes the place of `column`" in problem({"a": {**text, "column": "b"}})
    assert "`b//c` is no path of names" in problem({"a": {**text, "xpath": "b//c"}})
    assert "prefix `q` has no namespace" in problem({"a": {**text, "xpath": "q:c"}})
    assert "stands in the elements of a list" in problem(
        {"l": inner, "a": {**text, "xpath": "n/m/x"}}
    )
    assert "below `flux`" in problem({"a": {**text, "xpath": "/other/b"}})
    assert "no columns that can be `required`" in problem({"a": {**text, "required": True}})
    assert "must be the path of an element, from the root" in problem(
        {"a": text}, {"xml": {"record": "p"}}
    )
    assert "must name elements inside a record" in problem(
        {"a": text}, {"xml": {"record": "/p", "choices": [["a", "@b"]]}}
    )
    assert "`choices` must not name elements of a list" in problem(
        {"l": inner}, {"xml": {"record": "/p", "choices": [["n/m/a", "n/m/b"]]}}
    )
    assert "options of `xml` are none of `csv`" in problem(
        {"a": text}, {"name": "csv", "xml": {"record": "/p"}}
    )
    assert "must say its `record`" in problem({"a": text}, "xml")


def test_records_are_written_one_at_a_time(tmp_path: Path) -> None:
    fields = {
        "id": FieldSpec(type="string", xpath="p/id"),
        "flux": FieldSpec(type="string", xpath="/flux/id"),
    }
    options = XmlOptions(record="/flux/lot/e")
    form = Format(name="xml", xml=options)
    schema = Schema(schema_="feed", format=form, fields=fields)
    ended, path = list[int](), tmp_path / "a.xml"
    path.touch()

    def records() -> Iterator[dict[str, Any]]:
        for number in range(5000):
            ended.append(path.stat().st_size)
            yield {"id": f"n{number}", "flux": "f"}

    write_feed(records(), schema, path)
    assert ended[-1] > 50_000  # most is written when the last one is made
    chunks = read(
        path.read_bytes(),
        plan_of(
            PlanField("id", "string", xpath="p/id"),
            PlanField("flux", "string", xpath="/flux/id"),
            options=options,
        ),
    )
    assert rows(chunks)[-1] == {"id": "n4999", "flux": "f"}
