"""YAML documents with positions: every value knows the line and the column that it stands at.

A message of this module:

    policies/dsn-droits.yaml:12:7: unknown key `becuase`, did you mean `because`?
"""

import datetime
import difflib
import hashlib
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tamis.documents.mistakes import describe_mistake, describe_yaml, keys_of
from tamis.errors import DocumentError, Problem, os_problem
from tamis.language import _
from tamis.limits import USUAL, Limits
from tamis.regular_file import open_regular

DocumentPath = tuple[str | int, ...]
"""Which value of a document is meant: the keys and list indexes that lead to it from the top."""


_MOST_PUT_RIGHT = 20
"""Misspelt keys of a document beside which other mistakes are looked for."""

_SURROGATE = re.compile("[\ud800-\udfff]")
"""What only an escape can write in UTF-8, and no message could show."""


@dataclass(frozen=True)
class Source:
    """The text of one document: where each of its values stands.

    Attributes:
        file: the document's path, as messages name it.
        values: line and column (both 1-based) of each value, by its path.
        keys: line and column of each mapping key, by the path of its value.
        sha256: SHA-256 of the document's bytes, in hexadecimal.
    """

    file: str
    values: Mapping[DocumentPath, tuple[int, int]] = field(repr=False)
    keys: Mapping[DocumentPath, tuple[int, int]] = field(repr=False)
    sha256: str = ""

    def problem(self, path: DocumentPath, text: str, *, key: bool = False) -> Problem:
        """Return the problem `text` at the value (or key) at `path`, or the nearest around it."""
        while path not in self.values and path:
            path = path[:-1]
        positions = self.keys if key and path in self.keys else self.values
        line, column = positions.get(path, (0, 0))
        return Problem(self.file, line, column, text)


class DocumentModel(BaseModel):
    """Base of all document models: frozen, closed, and silent about input values.

    The docstring below a field is its description in the published JSON Schema.

    Attributes:
        FORMER_KEYS: keys that documents had before, and what to do about each.
    """

    FORMER_KEYS: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = keys_of(cls)
            for key, value in data.items():
                if key not in known and key not in cls.model_fields:
                    hint = suggest(key, known)
                    if key in cls.FORMER_KEYS:
                        hint = _(": ") + _(cls.FORMER_KEYS[key])
                    if not hint and value is None:  # `{describes: one, two}` has a key `two`.
                        hint = _(": ") + _("a text with a comma must be in quotes between braces")
                    named = {"key": key, "hint": hint, "meant": meant_by(key, known)}
                    raise PydanticCustomError("unknown_key", "{hint}", named)
        return data


ModelT = TypeVar("ModelT", bound=DocumentModel)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean …?` for a misspelt or incomplete word, else an empty string.

    Example:
        >>> suggest("becuase", ["because", "keep"])
        ', did you mean `because`?'
        >>> suggest("economique", ["tit-identite", "tit-economique-financier"])
        ', did you mean `tit-economique-financier`?'
    """
    name = meant_by(word, known)
    return _(", did you mean `{name}`?", name=name) if name else ""


def meant_by(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that a misspelt or incomplete word may mean, or an empty string."""
    names = list(known)
    longer = [
        name for name in names if name.endswith(f".{word}") or (len(word) > 2 and word in name)
    ]
    longer.sort(key=lambda name: (not name.endswith(f".{word}"), not name.startswith(word)))
    likely = longer or difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return likely[0] if likely else ""


def read_document(
    path: Path, shown: str, model: type[ModelT], limits: Limits = USUAL
) -> tuple[ModelT, Source]:
    """Read one YAML document as `model`.

    Args:
        path: the file.
        shown: the file's path as messages name it.
        model: the document's grammar.
        limits: bytes, values, depth and aliases that a document may have.

    Returns:
        The document, and where each of its values stands.

    Raises:
        DocumentError: the file cannot be read, is not YAML, is too large, or does not follow the
            grammar.
    """
    try:
        with open_regular(path) as stream:
            raw = stream.read(limits.document_bytes + 1)
    except OSError as error:
        reason = _("cannot be read: {reason}", reason=os_problem(error))
        raise DocumentError(Problem(shown, 0, 0, reason)) from None
    if len(raw) > limits.document_bytes:
        limit = _("must not be longer than {limit} bytes", limit=limits.document_bytes)
        raise DocumentError(Problem(shown, 0, 0, limit))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DocumentError(Problem(shown, line, 1, _("must be encoded in UTF-8"))) from None
    reader = _Reader(shown, limits)
    data = reader.read(text)
    source = Source(shown, reader.values, reader.keys, hashlib.sha256(raw).hexdigest())
    if not isinstance(data, dict):
        raise DocumentError(Problem(shown, 1, 1, _("must be a mapping of keys to values")))
    problems: dict[Problem, None] = {}
    for _round in range(_MOST_PUT_RIGHT):
        try:
            document = model.model_validate(data)
        except ValidationError as error:
            problems |= dict.fromkeys(_problems(source, error, model))
            if _put_right(data, error, reader):
                continue
        break
    if not problems:
        return document, source
    raise DocumentError(*sorted(problems, key=lambda problem: (problem.line, problem.column)))


def _put_right(data: Any, error: ValidationError, reader: "_Reader") -> bool:
    """Give a misspelt key the name that is meant, so that what is wrong beside it is told, too.

    Returns:
        Whether there was one.
    """
    for detail in error.errors(include_url=False):
        if detail["type"] != "unknown_key" or not (meant := detail["ctx"]["meant"]):
            continue
        around, key = tuple(detail["loc"]), detail["ctx"]["key"]
        holder = data
        for step in around:
            holder = holder[step] if _has(holder, step) else None
        if _has(holder, key) and meant not in holder:
            holder[meant] = holder.pop(key)
            for places in (reader.values, reader.keys):
                for path in [path for path in places if path[: len(around) + 1] == (*around, key)]:
                    places[*around, meant, *path[len(around) + 1 :]] = places[path]
            return True
    return False


def _has(holder: Any, step: Any) -> bool:
    if isinstance(holder, list):
        return isinstance(step, int) and step < len(holder)
    return isinstance(holder, dict) and step in holder


def _problems(source: Source, error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    details = error.errors(include_url=False)
    parents = {tuple(detail["loc"][:-1]) for detail in details}
    parents |= {path[:end] for path in parents for end in range(len(path))}
    # A list whose elements are wrong is not also too short.
    found = [
        _problem(source, detail, model)
        for detail in details
        if detail["type"] != "too_short" or tuple(detail["loc"]) not in parents
    ]
    return list(dict.fromkeys(found))


def _problem(source: Source, detail: Any, model: type[BaseModel]) -> Problem:
    path: DocumentPath = tuple(detail["loc"])
    if detail["type"] == "unknown_key":
        context = detail["ctx"]
        text = _("unknown key `{key}`", key=context["key"]) + context["hint"]
        return source.problem((*path, context["key"]), text, key=True)
    text = describe_mistake(detail, model)
    return source.problem(path[:-1] if detail["type"] == "missing" else path, text)


class _Composer(Composer):
    """Composes YAML nodes, and stops where a document has too many, too deep, or too many aliases.

    An alias stands for all that its anchor holds, so that a few lines can mean millions of values.
    """

    def __init__(self, limits: Limits, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self._limits = limits
        self._nodes = self._aliases = self._level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._nodes += 1
        is_alias = self.parser.check_event(AliasEvent)
        self._aliases += is_alias
        self._level += 1
        if self._nodes > self._limits.document_values:
            self._refuse(_too_many_values(self._limits))
        if self._aliases > self._limits.document_aliases:
            limit = self._limits.document_aliases
            self._refuse(_("must not have more than {limit} aliases (`*name`)", limit=limit))
        if self._level > self._limits.document_depth:
            self._refuse(_too_deep(self._limits))
        node = super().compose_node(parent, index)
        self._level -= 1
        return node

    def _refuse(self, text: str) -> None:
        mark = self.parser.peek_event().start_mark
        raise _TooLargeError(mark.line + 1, mark.column + 1, text)


class _TooLargeError(Exception):
    """A document has more than it may, at a line and a column."""


def _too_many_values(limits: Limits) -> str:
    return _("must not have more than {limit} values", limit=limits.document_values)


def _too_deep(limits: Limits) -> str:
    return _("must not be nested deeper than {limit} levels", limit=limits.document_depth)


class _Reader:
    """Turns the nodes of a YAML document into values, and notes where each stands."""

    def __init__(self, shown: str, limits: Limits) -> None:
        self.values: dict[DocumentPath, tuple[int, int]] = {}
        self.keys: dict[DocumentPath, tuple[int, int]] = {}
        self._shown = shown
        self._limits = limits
        self._problems: list[Problem] = []

    def read(self, text: str) -> Any:
        """Return the document's value: mappings, lists and plain values.

        Raises:
            DocumentError: the text is not YAML, is empty, or uses what documents may not use.
        """
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = partial(_Composer, self._limits)  # type: ignore[assignment]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ReusedAnchorWarning)
                root = yaml.compose(text)
        except _TooLargeError as error:
            raise DocumentError(Problem(self._shown, *error.args)) from None
        except ReusedAnchorWarning:
            reason = _("an anchor (`&name`) must not stand twice")
            raise DocumentError(Problem(self._shown, 0, 0, reason)) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            message = _("not YAML: {problem}", problem=describe_yaml(error.problem or ""))
            raise DocumentError(Problem(self._shown, line, column, message)) from None
        except YAMLError:
            raise DocumentError(Problem(self._shown, 0, 0, _("not YAML"))) from None
        if root is None:
            raise DocumentError(Problem(self._shown, 1, 1, _("must not be empty")))
        data = self._value(root, (), ())
        if self._problems:
            raise DocumentError(*self._problems)
        return data

    def _refuse(self, node: Node, text: str) -> None:
        self._problems.append(Problem(self._shown, *_position(node), text))

    def _value(self, node: Node, path: DocumentPath, around: tuple[int, ...]) -> Any:
        if len(self.values) >= self._limits.document_values:
            raise DocumentError(
                Problem(self._shown, *_position(node), _too_many_values(self._limits))
            )
        self.values[path] = _position(node)
        if id(node) in around:
            self._refuse(node, _("must not refer to itself"))
            return None
        if len(path) >= self._limits.document_depth:
            self._refuse(node, _too_deep(self._limits))
            return None
        around = (*around, id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, around)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, i), around) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(
        self, node: MappingNode, path: DocumentPath, around: tuple[int, ...]
    ) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, _("a key must be a plain word"))
            elif _SURROGATE.search(key):
                self._refuse(key_node, _("must not hold half of a character (`\\ud800`)"))
            elif key in mapping:
                self._refuse(key_node, _("key `{key}` must not stand twice", key=key))
            else:
                self.keys[(*path, key)] = _position(key_node)
                mapping[key] = self._value(value_node, (*path, key), around)
        return mapping

    def _scalar(self, node: Node) -> Any:
        kind = str(node.tag).rpartition(":")[2]
        word = node.value
        try:
            if kind == "str":
                if _SURROGATE.search(word):
                    self._refuse(node, _("must not hold half of a character (`\\ud800`)"))
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
        if kind == "timestamp":
            text = _("must be a day that exists, such as 2026-02-28; a text must be in quotes")
        else:
            text = _("cannot be read as {kind}; a text must be in quotes", kind=kind)
        self._refuse(node, text)
        return None


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
