"""References to texts: what a lawyer cites parses, words about law do not."""

from pathlib import Path

import pytest

from tamis.documents.policy import Policy
from tamis.documents.positions import read_document
from tamis.documents.references import split_references
from tamis.errors import DocumentError


@pytest.mark.parametrize(
    "text",
    [
        "L. 6323-11 al. 3",
        "L.6323-12",
        "R. 5312-42 2° a",
        "R. 6323-33 4° bis ; R. 6323-34-1 II 2° ; R. 6323-37 III 6°",
        "CSS L. 213-1",
        "CGCT L. 1621-5 III",
        "C. éduc. L. 335-5",
        "décret n° 2019-341 du 19 avril 2019, art. 2, C, 12°",
        "loi n° 78-17 du 6 janvier 1978 art. 30",
        "arrêté du 11 octobre 2019 annexe 4.1",
        "arrêté du 1er août 2023, art. 4, 1°",
        "RGPD art. 9.2.b",
    ],
)
def test_a_reference_parses(text: str) -> None:
    assert split_references(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oui",
        "à voir avec le DPO",
        "Code du travail",
        "article 9",
        "RGPD",
        "L. 6323-11 et suivants",
        "R. 6323-37 III 7° prospection commerciale",
        "L. 6323-11 ;",
        "décret",
    ],
)
def test_words_are_no_reference(text: str) -> None:
    assert not split_references(text)


@pytest.mark.parametrize(
    ("basis", "message"),
    [
        ('"RGPD art. 9, 2, b"', "must be written {rgpd: 9.2.b, text: L. 6323-11 al. 3, status"),
        ("{rgpd: 9.2.z, text: L. 6323-12, status: confirmed}", "must be `6.1.a`, "),
        ("{rgpd: 9.2.b, text: oui, status: confirmed}", "must be a reference"),
        ("{rgpd: 9.2.b, text: L. 6323-12, status: sûr}", "must be `confirmed` or `to-confirm`"),
        ("{rgpd: 9.2.b, text: L. 6323-12}", "key `status` is missing"),
    ],
)
def test_a_basis_in_words_is_refused_with_the_way_to_write_it(
    basis: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "policy: p\nschema: s\nprocessing: x\ndirection: into-store\nreleases:\n"
        "  - item: R6323-37.I.1\n    purpose: R6323-33.1\n    from: 2025-01-01\n"
        f"    needs: [{{because: pour ce seul essai, keep: [a], basis: {basis}}}]\n",
        encoding="utf-8",
    )
    with pytest.raises(DocumentError) as caught:
        read_document(path, "p.yaml", Policy)
    assert message in str(caught.value)
    assert "oui" not in str(caught.value)
    assert "sûr" not in str(caught.value)


def test_ten_is_a_ground_though_yaml_reads_a_number(tmp_path: Path) -> None:
    from tamis.documents.policy import LegalBasis

    assert (
        LegalBasis.model_validate({"rgpd": 10, "text": "L. 1", "status": "confirmed"}).rgpd == "10"
    )
