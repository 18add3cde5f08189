"""The certificateurs' flux CPF, read with the bundled schema: what is easily got wrong of it.

Each test but the first is of one way to read it that loses, mixes or leaks what stands there.
"""

import io
import re
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

import tamis
from tamis.beam.measure import Inspection
from tamis.documents.context import open_policy
from tamis.errors import InputError
from tamis.formats.chunk import Chunk
from tamis.formats.xml.read import read_xml
from tamis.limits import Limits
from tamis.plan.compile import whole_schema
from tamis.plan.plan import Plan
from tamis.plan.project import load_project
from tamis.runs.batch import dry_run
from tamis.synthetic.flux_cpf import NAMESPACE, Action, Version, flux_cpf

from ..projects import copy_bundled

NIR = "1900175999001"
PASSAGE = "<passageCertification><idTechnique>t{}</idTechnique>{}</passageCertification>"
VALID = (
    "<obtentionCertification>PAR_ADMISSION</obtentionCertification>"
    "<dateDebutValidite>2026-06-30</dateDebutValidite>"
)
NATIONAL = (
    f"<identifiantNational><nir>{NIR}</nir><nomNaissance>A</nomNaissance></identifiantNational>"
)
DOSSIER = (
    "<dossierFormation><idDossier>7</idDossier><nomTitulaire>B</nomTitulaire>"
    "<prenom1Titulaire>C</prenom1Titulaire></dossierFormation>"
)


@cache
def plan() -> Plan:
    return load_project("cpf").plan("certificateurs-passeport", on="2026-03-02")


def read(data: bytes, of: Plan | None = None, **limits: int) -> list[Chunk]:
    return list(read_xml(io.BytesIO(data), of or plan(), "flux.xml", Limits(**limits)))


def rows(chunks: list[Chunk]) -> list[dict[str, Any]]:
    return [row for chunk in chunks for row in chunk.data.to_pylist()]


def flow(*passages: str, action: Action = "CREATION", code: str = "RNCP1") -> bytes:
    """A flow of one certification with passages of the tests' own."""
    begin, end = b"".join(flux_cpf(1, action=action)).split(b"<passageCertification>")
    end = end.partition(b"</passageCertification>")[2]
    begin = re.sub(rb"<code>\w+", b"<code>" + code.encode(), begin)
    return begin + "".join(passages).encode() + end


def released(data: bytes) -> dict[str, Any]:
    """The rows of each release that has some, and under `quarantined` why others are there."""
    (chunk,) = read(data)
    out = tamis.minimize(chunk.data, plan())
    kept = {name: table.to_pylist() for name, table in out.released.items() if table.num_rows}
    why = [(row["reason"], row["field"]) for row in out.quarantined.to_pylist()]
    why += [(row["reason"], row["rule"]) for row in chunk.rejects.to_pylist()]
    return {**kept, **({"quarantined": why} if why else {})}


def texts(element: ElementTree.Element) -> dict[str, str]:
    """The texts of leaves in an element by their local names."""
    return {
        leaf.tag.rpartition("}")[2]: (leaf.text or "").strip()
        for leaf in element.iter()
        if not len(leaf)
    }


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 9),
    st.sampled_from(("1.1.2", "1.1.5")),
    st.sampled_from(("CREATION", "SUPPRESSION")),
    st.integers(1, 4),
    st.integers(0, 10**6),
)
def test_what_was_generated_is_what_is_read_and_a_cut_flow_is_none(
    count: int, version: Version, action: Action, per: int, cut: int
) -> None:
    data = b"".join(
        flux_cpf(count, version=version, action=action, seed=count, passages_per_certification=per)
    )
    read_back = rows(read(data))
    passages = [
        (code.text, texts(passage))
        for certification in ElementTree.fromstring(data).iter(f"{{{NAMESPACE}}}certification")
        for code in certification.iter(f"{{{NAMESPACE}}}code")
        for passage in certification.iter(f"{{{NAMESPACE}}}passageCertification")
    ]
    assert len(read_back) == len(passages) == count
    for row, (code, said) in zip(read_back, passages, strict=True):
        who = row["identification"]
        names = [
            way["nom_naissance" if "nom_naissance" in way else "nom"] for way in who.values() if way
        ]
        assert names == [said.get("nomNaissance", said.get("nomTitulaire"))]
        assert (row["id_technique"], row["certification"]["code"]) == (said["idTechnique"], code)
        assert (who["identifiant_national"] or {}).get("nir") == said.get("nir")
        assert (who["titulaire"] or {}).get("commune_insee") == said.get("codeInsee")
        assert row["flux"]["action"] == (action if version == "1.1.5" else None)
    begun = data[: cut % (len(data) - 1)]
    before: list[Chunk] = []
    with pytest.raises(InputError):
        before.extend(read_xml(io.BytesIO(begun), plan(), "f", Limits(object_chunk_records=1)))
    assert rows(before) == read_back[: len(rows(before))]
    with suppress(InputError):  # before its root is whole, it is none
        chunks = list(read_xml(io.BytesIO(begun), plan(), "f", ahead=io.BytesIO(begun)))
        rejects = [row for chunk in chunks for row in chunk.rejects.to_pylist()]
        assert rows(chunks) == []
        assert {row["reason"] for row in rejects} == {"incomplete"}
        assert [row["position"] for row in rejects] == list(range(1, len(rejects) + 1))
        assert len(rejects) == 1 + begun.count(b"</passageCertification>")


def test_a_person_is_known_in_exactly_one_way() -> None:
    def said(inside: str) -> str:
        return PASSAGE.format(
            1, f"{VALID}<identificationTitulaire>{inside}</identificationTitulaire>"
        )

    (row,) = released(flow(said(NATIONAL)))["avec-nir"]
    assert row["identification"]["identifiant_national"] == {"nir": NIR, "nom_naissance": "A"}
    ways = ["titulaire", "dossierFormation", "identifiantNational"]
    none = ", ".join(f"identificationTitulaire/{way}" for way in ways)
    assert released(flow(said(""))) == {
        "quarantined": [("unreadable", f"must have one, has none of {none}")]
    }
    two = ", ".join(f"identificationTitulaire/{way}" for way in ways[1:])
    assert released(flow(said(DOSSIER + NATIONAL))) == {
        "quarantined": [("unreadable", f"must have one, has {two}")]
    }
    assert released(flow(PASSAGE.format(1, VALID))) == {"quarantined": [("null", "identification")]}


def test_a_number_of_a_dossier_may_have_thirteen_digits() -> None:
    """It is taken for none, though it is built like a NIR."""
    dossier = DOSSIER.replace("7", NIR)
    inside = f"{VALID}<identificationTitulaire>{dossier}</identificationTitulaire>"
    (row,) = released(flow(PASSAGE.format(1, inside)))["avec-nir"]
    assert row["identification"]["dossier_formation"]["dossier"] == NIR


def test_a_suppression_reaches_the_store_however_little_it_says() -> None:
    kept = released(flow(PASSAGE.format(7, ""), action="SUPPRESSION"))
    assert list(kept) == ["suppressions"]
    assert kept["suppressions"][0]["id_technique"] == "t7"
    assert kept["suppressions"][0]["flux"]["action"] == "SUPPRESSION"


def test_one_number_in_two_certifications_is_two_passages() -> None:
    data = b"".join(flux_cpf(2, passages_per_certification=1))
    first, second = rows(read(re.sub(rb"<idTechnique>[^<]*", b"<idTechnique>1", data)))
    assert first["id_technique"] == second["id_technique"]
    assert first["certification"] != second["certification"]
    assert first["certificateur"] == {"id_client": "00FICT00", "id_contrat": "MCFCER000000"}


def test_blanks_around_values_and_other_signs_in_names_do_not_count() -> None:
    data = b"".join(flux_cpf(12, seed=4))
    pretty = re.sub(rb">([^<>\s][^<>]*)<", rb">\n    \1\n  <", data)
    assert rows(read(pretty)) == rows(read(data))
    names = {
        (row["identification"]["titulaire"] or {}).get("nom_naissance") for row in rows(read(data))
    }
    assert names & {"Lœuvre", "D’Exemple", "D'ESSAI & FILS", "Modèle-Spécimen"}


def test_elements_may_stand_in_any_order() -> None:
    data = b"".join(flux_cpf(3))
    root = ElementTree.fromstring(data)
    for element in root.iter():
        element[:] = list(element)[::-1]
    turned = rows(read(ElementTree.tostring(root)))
    assert sorted(turned, key=str) == sorted(rows(read(data)), key=str)


def test_the_nir_that_a_flow_did_not_have_is_seen(tmp_path: Path) -> None:
    """A schema of the flow before 1.1.5 is given one of 1.1.5."""
    copy_bundled(tmp_path)
    yaml = YAML(typ="safe", pure=True)
    for folder in ("schemas", "policies"):
        file = tmp_path / folder / "certificateurs-passeport.yaml"
        document = yaml.load(file.read_text(encoding="utf-8"))
        if folder == "schemas":
            del document["format"]["xml"]["choices"][0]
            del document["fields"]["identification"]["fields"]["identifiant_national"]
        else:
            document["releases"] = document["releases"][1:2]
            del document["releases"][0]["needs"][0]
        with file.open("w", encoding="utf-8") as stream:
            yaml.dump(document, stream)
    shutil.rmtree(tmp_path / "policies" / "tests")
    subject = open_policy(load_project(str(tmp_path)), "certificateurs-passeport")
    old = load_project(str(tmp_path)).plan("certificateurs-passeport", on="2026-03-02")
    feed = tmp_path / "flux.xml"
    feed.write_bytes(b"".join(flux_cpf(60)))

    measured = dry_run(
        old,
        (str(feed),),
        inspection=Inspection(whole_schema(subject), profiles=True),
        options=("--direct_running_mode=in_memory",),
    )

    path = "identificationTitulaire/identifiantNational"
    assert measured.receipt.drift.unknown == [f"{path}/nir", f"{path}/nomNaissance"]
    assert measured.profile is not None
    (column,) = measured.profile.undeclared
    assert (column.column, column.known, column.nirs) == (f"{path}/nir", False, 20)
