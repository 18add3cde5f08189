"""How a CSV file is written, guessed from its start, and whether its first line may be a record."""

import pytest

from tamis.formats.csv_guess import guess_csv, is_header


@pytest.mark.parametrize(
    ("start", "separator", "encoding"),
    [
        (b"a,b\n1,2\n", ",", "utf-8"),
        ("nom;prénom\nX;Y\n".encode("cp1252"), ";", "cp1252"),
        ("a\tb\n".encode("utf-8-sig"), "\t", "utf-8"),
        (b'"x,y";b;c\n', ";", "utf-8"),
        (b"montant;ville\n" + b"12,50;Lyon\n1,25;Paris\n" * 9, ";", "utf-8"),
        ("nom|ville\nZoé|Nîmes\n".encode("utf-16"), "|", "utf-16"),
        ("nom|ville\nZoé|Nîmes\n".encode("utf-16-le"), "|", "utf-16-le"),
        ("nom;prénom;ville\nDupré;Zoé;Orléans\n".encode("mac-roman"), ";", "mac-roman"),
        ("nom;prénom;ville\nDupré;Zoé;Orléans\n".encode("cp850"), ";", "cp850"),
        ("NOM;PRÉNOM\nDUPRÉ;ZOÉ\nCÔTÉ;ANAÏS\n".encode("cp1252"), ";", "cp1252"),
        ("NOM;PRÉNOM\nDUPRÉ;ZOÉ\nCÔTÉ;ANAÏS\n".encode("mac-roman"), ";", "mac-roman"),
        ("montant (€)\n« 12 » à l’été\n".encode("cp1252"), ",", "cp1252"),
        (b"sep=|\na|b\n1|2\n", "|", "utf-8"),
        (b"1\x01DUPONT\x012024-01-01\n2\x01MARTIN\x012024-01-02\n", "\x01", "utf-8"),
    ],
)
def test_separator_and_encoding(start: bytes, separator: str, encoding: str) -> None:
    guess = guess_csv(start)
    assert (guess.separator, guess.encodings[0]) == (separator, encoding)


@pytest.mark.parametrize(
    ("text", "skip", "first"),
    [
        ("id;nom\n1;X\n", 0, ("id", "nom")),
        ("FLUX_08|||\nle|id|nom|cp\n01/02/2006|1|X|29770\n03/03/2011|2|Y|01310\n", 1, None),
        ("Liste au 1er janvier\n\nid;nom\n1;X\n2;Y\n", 1, ("id", "nom")),
        ("titre\nsous-titre;\n\n;\nid;nom;cp\n1;X;2\n2;Y;3\n3;Z;4\n", 2, ("id", "nom", "cp")),
        ("sep=;\nid;nom\n1;X\n", 0, ("id", "nom")),
        ("id\n1\n2\n", 0, ("id",)),
    ],
)
def test_lines_above_the_header(text: str, skip: int, first: tuple[str, ...] | None) -> None:
    guess = guess_csv(text.encode())
    assert guess.skip == skip
    assert guess.first == (first or ("le", "id", "nom", "cp"))
    assert guess.is_header


@pytest.mark.parametrize(
    ("line", "escape"),
    [(r'1;"Foo \"Bar\"";x', "\\"), (r'1;"C:\dir\";x', None), ('1;"a ""b""";x', None)],
)
def test_a_backslash_before_a_quote(line: str, escape: str | None) -> None:
    assert guess_csv(f"id;nom;note\n{line}\n{line}\n".encode()).escape == escape


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ('id\tnote\tle\n1\tune\\nligne\t\\N\n2\t"x\t\\N\n', True),
        ("id\tnote\tle\n1\tC:\\\\new\t\\N\n", True),
        ("id\tnote\n1\tC:\\new\n", False),
        ("id\tnote\tle\n1\tC:\\data\t\\N\n", False),
        ("id\tnote\tle\n1\tx\t\\N\n", False),
    ],
)
def test_text_of_postgresqls_copy(text: str, copied: bool) -> None:
    guess = guess_csv(text.encode())
    assert (guess.quoted, guess.escape, guess.separator) == (
        not copied,
        "\\" if copied else None,
        "\t",
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["nom;né le", "DUPONT;01/02/1990"], True),
        (["N° dossier;Date d'entrée*", "A1;01/02/2020", "A2;"], True),
        (["nom;vu le", "DUPONT;2024-01-01 10:00", "X;2024-01-02 10:00"], True),
        (["montant (€)", "1 234,56", "12,50 €"], True),
        (["nom;dossier", 'DUPONT;="0123"'], True),
        (["DUPONT;Jean;Paris", "MARTIN;Zoé;Lyon"], False),
        (["nom;prénom", "DUPONT;Jean"], False),
        (["DUPONT;75001", "MARTIN;69001"], False),
        (["DUPONT;inconnue;75001", "MARTIN;01/02/1990;69001"], False),
        (["nom;2023;2024", "DUPONT;1;2"], False),
        (["nom 1 55 08 75 999 991 93;âge", "DUPONT;12"], False),
        (["nom;âge"], False),
    ],
)
def test_a_first_line_is_no_record_only_where_a_type_tells(lines: list[str], told: bool) -> None:
    first, *rows = (line.split(";") for line in lines)
    assert is_header(first, rows) is told
    names = guess_csv("\n".join(lines).encode()).names()
    if not told and len(first) > 1:
        assert names == tuple(f"column {place}" for place in range(1, len(first) + 1))


@pytest.mark.parametrize("sign", ['"', "\\"])
def test_a_line_that_tells_no_separator_is_a_line_like_others(sign: str) -> None:
    start = f'sep={sign}\na;b\n1;\\"x\n2;\\"y\n'.encode()
    assert guess_csv(start).separator == ";"
