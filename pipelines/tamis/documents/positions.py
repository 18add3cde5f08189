"""YAML with positions: every value of a document knows its line and column.

A message of this module:

    policies/dsn-droits.yaml:12:7: unknown key `becuase`, did you mean `because`?
"""

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tamis.errors import DocumentError, Problem

Path_ = tuple[str | int, ...]
"""Where a value stands in a document: keys and list indexes from the top."""

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """Where each value of one document stands.

    Attributes:
        file: the document's path, as shown in messages.
        values: line and column (both 1-based) of each value, by its path.
        keys: line and column of each mapping key, by the path of its value.
        sha256: of the document's bytes, in hexadecimal.
    """

    file: str
    values: Mapping[Path_, tuple[int, int]] = field(repr=False)
    keys: Mapping[Path_, tuple[int, int]] = field(repr=False)
    sha256: str = ""

    def problem(self, path: Path_, text: str, *, key: bool = False) -> Problem:
        """The problem `text` at `path`, or at the nearest value around it."""
        while path not in self.values and path:
            path = path[:-1]
        places = self.keys if key and path in self.keys else self.values
        line, column = places.get(path, (0, 0))
        return Problem(self.file, line, column, text)


class Model(BaseModel):
    """Base of all document models: frozen, closed, and silent about input values."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = {info.alias or name for name, info in cls.model_fields.items()}
            for key in data:
                if key not in known and key not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key `{key}`{hint}",
                        {"key": key, "hint": suggest(key, known) or _hint(key, data[key])},
                    )
        return data


ModelT = TypeVar("ModelT", bound=Model)


def suggest(word: str, known: Iterable[str]) -> str:
    """`, did you mean …?` for a misspelt word, or nothing.

    Example:
        >>> suggest("becuase", ["because", "keep"])
        ', did you mean `because`?'
    """
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""


def _hint(key: str, value: Any) -> str:
    """Say what happened where `{describes: one, two}` became a key `two` without a value."""
    return ": a text with a comma goes in quotes inside `{…}`" if value is None else ""


def read_document(path: Path, shown: str, model: type[ModelT]) -> tuple[ModelT, Source]:
    """Read one YAML document as `model`.

    Args:
        path: the file.
        shown: the file's path as messages name it.
        model: the document's grammar.

    Returns:
        The document, and where each of its values stands.

    Raises:
        DocumentError: the file cannot be read, is not YAML, or does not follow the grammar.
    """
    import hashlib

    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(Problem(shown, 0, 0, f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DocumentError(Problem(shown, line, 1, "is not UTF-8")) from None
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise DocumentError(Problem(shown, 0, 0, f"is longer than {MAX_DOCUMENT_BYTES} bytes"))
    data, values, keys = _compose(text, shown)
    source = Source(shown, values, keys, hashlib.sha256(raw).hexdigest())
    if not isinstance(data, dict):
        raise DocumentError(Problem(shown, 1, 1, "a document is a mapping of keys to values"))
    try:
        return model.model_validate(data), source
    except ValidationError as error:
        raise DocumentError(*_problems(source, error)) from None


def _problems(source: Source, error: ValidationError) -> list[Problem]:
    found = error.errors(include_url=False, include_input=False)
    inside = {tuple(one["loc"][:-1]) for one in found}
    inside |= {path[:end] for path in inside for end in range(len(path))}
    # A list whose elements are wrong is not also too short.
    return [
        _problem(source, one)
        for one in found
        if one["type"] != "too_short" or tuple(one["loc"]) not in inside
    ]


def _problem(source: Source, error: Any) -> Problem:
    path: Path_ = tuple(error["loc"])
    context = error.get("ctx") or {}
    if error["type"] == "unknown_key":
        return source.problem((*path, context["key"]), error["msg"], key=True)
    if error["type"] == "missing":
        return source.problem(path[:-1], f"key `{path[-1]}` is missing")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_type":
        message = "should be a string: put it in quotes"
    return source.problem(path, message[0].lower() + message[1:])


def _compose(
    text: str, shown: str
) -> tuple[Any, dict[Path_, tuple[int, int]], dict[Path_, tuple[int, int]]]:
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = (error.problem or "not YAML").strip()
        raise DocumentError(Problem(shown, line, column, f"not YAML: {problem}")) from None
    except YAMLError:
        raise DocumentError(Problem(shown, 0, 0, "not YAML")) from None
    if root is None:
        raise DocumentError(Problem(shown, 1, 1, "is empty"))
    values: dict[Path_, tuple[int, int]] = {}
    keys: dict[Path_, tuple[int, int]] = {}
    problems: list[Problem] = []

    def build(node: Node, path: Path_, above: tuple[int, ...]) -> Any:
        values[path] = _place(node)
        if id(node) in above or len(path) > 64:
            problems.append(Problem(shown, *_place(node), "refers to itself or nests too deep"))
            return None
        inside = (*above, id(node))
        if isinstance(node, MappingNode):
            mapping: dict[str, Any] = {}
            for key_node, value_node in node.value:
                if not isinstance(key_node, ScalarNode):
                    problems.append(Problem(shown, *_place(key_node), "a key is a plain word"))
                    continue
                key = str(key_node.value)
                if key in mapping:
                    problems.append(Problem(shown, *_place(key_node), f"key `{key}` stands twice"))
                    continue
                keys[(*path, key)] = _place(key_node)
                mapping[key] = build(value_node, (*path, key), inside)
            return mapping
        if isinstance(node, SequenceNode):
            return [build(one, (*path, i), inside) for i, one in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return _scalar(node, shown, problems)

    data = build(root, (), ())
    if problems:
        raise DocumentError(*problems)
    return data, values, keys


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: ScalarNode, shown: str, problems: list[Problem]) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    word = node.value
    try:
        if kind == "str":
            return word
        if kind == "null":
            return None
        if kind == "bool":
            return word.lower() == "true"
        if kind == "int":
            return int(word.replace("_", ""), 0) if word[:2] in ("0x", "0o") else int(word)
        if kind == "float":
            return float(word)
        if kind == "timestamp":
            return datetime.date.fromisoformat(word)
    except ValueError:
        pass
    problems.append(Problem(shown, *_place(node), f"cannot be read as {kind}: put it in quotes"))
    return None
