"""No word of pydantic or Python reaches a message, whatever is wrong with a document."""

import copy
import datetime
import random
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType
from ruamel.yaml import YAML

from tamis.documents.law import Article
from tamis.documents.mistakes import describe_mistake
from tamis.documents.policy import Policy
from tamis.documents.positions import DocumentModel, Source, _problems
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.plan.project import bundled_project

MODELS: tuple[type[BaseModel], ...] = (Article, Policy, Register, Schema)
RAW = re.compile(
    r"Input should|valid (dictionary|list|string|tuple|integer|boolean|date)|instance of|Error\b|"
    r"pydantic|NoneType|\b(dict|tuple|str|int|bool|float|NoneType)\b|For further information|"
    r"Extra inputs|Field required|\{\w+\}|Traceback|ValidationInfo|type=",
)
CONTEXT = {
    "actual_length": 0,
    "error": "",
    "expected": "'a' or 'b'",
    "ge": 1,
    "gt": 1,
    "le": 1,
    "lt": 1,
    "max_length": 1,
    "min_length": 1,
    "multiple_of": 1,
    "pattern": "^a$",
    "class_name": "Policy",
}


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_every_type_of_error_has_a_sentence(kind: str) -> None:
    detail = {"type": kind, "loc": ("releases", 0, "from"), "ctx": CONTEXT, "input": None}
    text = describe_mistake(detail, Policy)
    assert text.startswith(("must ", "key `from` is missing"))
    assert not RAW.search(text)
    assert not text.endswith(".")


def class_names() -> str:
    """The names of all models of documents, one of which would be Python's."""
    models: list[type[BaseModel]] = [DocumentModel]
    for model in models:
        models += model.__subclasses__()
    named = {model.__name__ for model in models}
    return rf"\b({'|'.join(sorted(named))})\b"


NAMES = re.compile(class_names())


def documents() -> list[tuple[type[BaseModel], Any]]:
    """Documents of every kind that are right, as plain values."""
    folder = bundled_project().folder
    paths: dict[type[BaseModel], str] = {
        Policy: "policies/evaluation-cpf.yaml",
        Schema: "schemas/evaluation-cpf.yaml",
        Register: "policies/register.yaml",
        Article: "policies/law/R6323-37.yaml",
    }
    load = YAML(typ="safe", pure=True).load
    return [(model, load(folder / path)) for model, path in paths.items()]


DOCUMENTS = documents()
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.sampled_from(["", "x", "01/02/2026", "2026-02-30", "true", "pseudonymize", "a.b"]),
    st.just([]),
    st.just({}),
    st.just([[None]]),
    st.just({"x": {"y": 1}}),
    st.just([{}, "x", 3]),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a document, with each key or index of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), VALUES, st.integers(0, 3))
def test_whatever_stands_in_a_document_no_raw_word_is_told(
    document: tuple[type[BaseModel], Any], chance: random.Random, value: Any, how: int
) -> None:
    model, right = document
    wrong = copy.deepcopy(right)
    container, key = chance.choice(list(places(wrong)))
    if how == 0:
        del container[key]
    elif how == 1 and isinstance(container, dict):
        container[f"{key}x"] = container.pop(key)
    else:
        container[key] = value
    try:
        model.model_validate(wrong)
    except ValidationError as error:
        source = Source("a.yaml", {(): (1, 1)}, {})
        for problem in _problems(source, error, model):
            assert not RAW.search(problem.text), problem.text
            assert not NAMES.search(problem.text), problem.text
            assert problem.text == problem.text.strip().rstrip(".")


@pytest.mark.parametrize(
    ("given_value", "hint"),
    [
        ("01/02/2026", ": write 2026-02-01"),
        ("1.2.2026", ": write 2026-02-01"),
        ("31-12-2026", ": write 2026-12-31"),
        ("31/02/2026", "got a text"),
        (datetime.date(2026, 1, 1), "got a date"),
        (20260101, "got a number"),
        (None, "got nothing"),
        ([], "got a list"),
        ({}, "got a mapping"),
        (True, "got true or false"),
    ],
)
def test_a_date_is_proposed_and_the_kind_is_told(given_value: Any, hint: str) -> None:
    detail = {"type": "date_type", "loc": ("releases", 0, "from"), "input": given_value}
    assert describe_mistake(detail, Policy).endswith(hint)
