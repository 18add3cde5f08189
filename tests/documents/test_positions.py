from pathlib import Path

import pytest

from tamis.documents.policy import Policy
from tamis.documents.positions import Source, read_document, suggest
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.errors import DocumentError

SCHEMA = """\
schema: feed
fields:
  nir: {type: string, identifier: nir, category: a}
  jobs:
    type: list
    of:
      type: struct
      category: [b, c]
      fields:
        begin: {type: date32}
        tags: {type: list, of: {type: string}, category: not-personal}
"""
POLICY = """\
policy: feed
schema: feed
processing: p
direction: into-store
releases:
  - item: R6323-37.I.1
    purpose: R6323-33.1
    from: 2025-01-01
    needs:
      - because: so
        keep: [nir]
"""


def read_schema(tmp_path: Path, text: str) -> tuple[Schema, Source]:
    file = tmp_path / "feed.yaml"
    file.write_bytes(text.encode())
    return read_document(file, "schemas/feed.yaml", Schema)


def problems(tmp_path: Path, text: str | bytes, model: type = Schema) -> list[str]:
    file = tmp_path / "feed.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(DocumentError) as caught:
        read_document(file, "feed.yaml", model)
    return [str(problem) for problem in caught.value.problems]


def test_leaves_know_their_path_place_lists_and_category(tmp_path: Path) -> None:
    schema, source = read_schema(tmp_path, SCHEMA)
    leaves = schema.leaves()
    assert list(leaves) == ["nir", "jobs.begin", "jobs.tags"]
    assert leaves["jobs.begin"].lists == ("jobs",)
    assert leaves["jobs.tags"].lists == ("jobs", "jobs.tags")
    assert leaves["jobs.begin"].category == ("b", "c")
    assert leaves["jobs.tags"].category == ("not-personal",)
    assert str(source.problem(leaves["jobs.begin"].place, "x", key=True)) == (
        "schemas/feed.yaml:10:9: x"
    )


def test_mistakes_beside_and_below_misspelt_keys_are_told_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "schema: feed\nfelds:\n  a: {tipe: string}\n  b: {type: str}\n") == [
        "feed.yaml:2:1: unknown key `felds`, did you mean `fields`?",
        "feed.yaml:3:7: unknown key `tipe`, did you mean `type`?",
        "feed.yaml:4:6: unknown type `str`, did you mean `string`?",
    ]


def test_a_byte_order_mark_moves_no_position(tmp_path: Path) -> None:
    assert problems(tmp_path, "\ufeffschema: feed\nfelds: {a: {type: string}}\n") == [
        "feed.yaml:2:1: unknown key `felds`, did you mean `fields`?"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "feed.yaml:1:1: must not be empty"),
        ("- a\n", "feed.yaml:1:1: must be a mapping of keys to values"),
        ("schema: [\n", "feed.yaml:2:1: not YAML: "),
        (b"schema: caf\xe9\n", "feed.yaml:1:1: must be encoded in UTF-8"),
        ("schema: feed\n", "feed.yaml:1:1: key `fields` is missing"),
        (
            "schema: feed\nschema: feed\nfields: {a: {type: string}}\n",
            "feed.yaml:2:1: key `schema`",
        ),
        ("schema: feed\nfields: {a: {type: strnig}}\n", "feed.yaml:2:13: unknown type `strnig`"),
        ("schema: feed\nfields: {a: {type: list}}\n", "feed.yaml:2:13: a `list` must have `of`"),
        (
            "schema: feed\nfields: {a.b: {type: string}}\n",
            "a field's name must not be empty, contain a dot",
        ),
        ("schema: feed\nfields: {a: {type: str}}\n", "`str`, did you mean `string`?"),
        ("schema: feed\nfields: {a: {type: decimal}}\n", "did you mean `decimal128(12, 2)`?"),
        (
            "schema: 12\nfields: {a: {type: string}}\n",
            "feed.yaml:1:9: must be a string, got a number: put it in quotes",
        ),
        (
            "schema: a\nfields: {a: {type: int8, free_text: true}}\n",
            "only a `string` can be `free_text`, got `int8`",
        ),
        ("schema: a\nfields: &f {a: {type: struct, fields: *f}}\n", "must not refer to itself"),
        (
            "schema: a\nfields: {a: {type: string, describes: one, two}}\n",
            "2:44: unknown key `two`: a",
        ),
        ("schema: a\nformat: {csv: {encoding: latin-9999}}\nfields: {a: {type: string}}\n", "2:15"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    assert message in "\n".join(problems(tmp_path, text))


def test_a_document_without_end_is_refused(tmp_path: Path) -> None:
    assert "longer than" in problems(tmp_path, "# " + "x" * (4 * 1024 * 1024))[0]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^gone\.yaml: cannot be read: no such file"):
        read_document(tmp_path / "gone.yaml", "gone.yaml", Schema)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "because: so",
            "becuase: so",
            "feed.yaml:10:9: unknown key `becuase`, did you mean `because`?",
        ),
        ("from: 2025-01-01", "from: 2025-13-01", "feed.yaml:8:11: must be a day that exists"),
        ("item: R6323-37.I.1", "id: a/b\n    item: R6323-37.I.1", "feed.yaml:6:9: "),
        ("item: R6323-37.I.1", "id: _x\n    item: R6323-37.I.1", "nor begin with `_`"),
        ("from: 2025-01-01", 'from: "01/01/2025"', "feed.yaml:8:11: must be a date such as"),
        ("because: so", "because: so: and", "a text with `: ` in it must be in quotes"),
        (
            "keep: [nir]",
            "keep: [nir]\n    treat: {nir: pseudonymize}",
            "must be a mapping with keys of `pseudonymize`, `generalize`, `redact`",
        ),
        ("keep: [nir]", "keep: nir", "feed.yaml:11:15: must be a list"),
        ("because: so", "because: true", "must be a string, got true or false: put it in quotes"),
        ("policy: feed", "policy: _feed", "nor begin with `_`"),
        ("direction: into-store", "direction: in", "feed.yaml:4:12: must be `into-store`"),
        (
            "keep: [nir]",
            "keep: [nir]\n    treat: {nir: {}}",
            "must have exactly one of `pseudonymize`",
        ),
        ("keep: [nir]", "keep: [nir]\n    treat: {nir: {generalize: {step: 0}}}", "greater than 0"),
        ("keep: [nir]", "keep: [nir]\n        when: [{field: nir, in: []}]", "feed.yaml:12:33: "),
        ("keep: [nir]", "keep: [nir]\n        when: [{field: nir, in: [[1]]}]", "a plain value"),
    ],
)
def test_a_policy_that_breaks_the_grammar_is_told_where(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in POLICY
    assert message in "\n".join(problems(tmp_path, POLICY.replace(old, new), Policy))


def test_a_wrong_element_does_not_also_make_its_list_too_short(tmp_path: Path) -> None:
    text = POLICY.replace("because:", "becuase:")
    assert len(problems(tmp_path, text, Policy)) == 1


def test_messages_never_hold_a_value(tmp_path: Path) -> None:
    secret = "1550875999991"
    text = POLICY.replace("into-store", secret).replace("2025-01-01", f'"{secret}"')
    text = text.replace("keep: [nir]", f'keep: {{"a": "{secret}"}}')
    assert secret not in "\n".join(problems(tmp_path, text, Policy))


def test_carries_nir_is_yes_no_or_not_known(tmp_path: Path) -> None:
    text = "register: r\nprocessings: {p: {name: n, carries_nir: maybe}}\n"
    assert problems(tmp_path, text, Register) == [
        "feed.yaml:2:41: must be true, false or unknown, or a list of dated values"
    ]


def test_a_suggestion_is_close_or_there_is_none() -> None:
    assert suggest("contrats.debt", ["contrats.debut", "nir"]) == (
        ", did you mean `contrats.debut`?"
    )
    assert suggest("zzz", ["contrats.debut", "nir"]) == ""
