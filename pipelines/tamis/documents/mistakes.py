"""What is wrong with a value of a document, in sentences of Tamis and not in those of pydantic.

Every type of error that pydantic knows has a sentence here, or the general one.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from tamis.language import N_, _, printable

SENTENCES: Mapping[str, str] = {
    "bool": N_("must be true or false"),
    "date": N_("must be a date such as 2026-02-28"),
    "dict": N_("must be a mapping of keys to values"),
    "enum": N_("must be {expected}"),
    "finite_number": N_("must be a finite number"),
    "float": N_("must be a number"),
    "frozen_dict": N_("must be a mapping of keys to values"),
    "greater_than": N_("must be greater than {gt}"),
    "greater_than_equal": N_("must be {ge} or more"),
    "int": N_("must be a whole number"),
    "less_than": N_("must be less than {lt}"),
    "less_than_equal": N_("must be {le} or less"),
    "list": N_("must be a list"),
    "literal_error": N_("must be {expected}"),
    "mapping": N_("must be a mapping of keys to values"),
    "multiple_of": N_("must be a multiple of {multiple_of}"),
    "none_required": N_("must be absent"),
    "recursion": N_("must not refer to itself"),
    "set": N_("must be a list"),
    "string_pattern_mismatch": N_("must match the pattern `{pattern}`"),
    "string_too_long": N_("must not be longer than {max_length} characters"),
    "string_too_short": N_("must not be shorter than {min_length} characters"),
    "string": N_("must be a string"),
    "too_long": N_("must have at most {max_length} entries, got {actual_length}"),
    "too_short": N_("must have at least {min_length} entries, got {actual_length}"),
    "tuple": N_("must be a list"),
}
"""By the beginning of a type of error of pydantic; the longest one that fits is taken."""

_FRENCH_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def describe_mistake(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Return the sentence for one error of pydantic, with its input, in a document of `model`.

    Example:
        >>> from tamis.documents.policy import Policy
        >>> path = ("releases", 0, "from")
        >>> error = {"type": "date_from_datetime_parsing", "loc": path, "input": "01/02/2026"}
        >>> describe_mistake(error, Policy)
        'must be a date such as 2026-02-28, got a text: write 2026-02-01'
    """
    kind, path, context = detail["type"], detail["loc"], detail.get("ctx") or {}
    given = detail.get("input")
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", "")) or _("must be another value")
    if kind == "missing":
        text = _("key `{key}` is missing", key=path[-1])
        meaning = _meaning(model, path)
        return f"{text} ({meaning})" if meaning else text
    if kind.startswith(("model", "dataclass")):
        return _no_mapping(next(_models_at(model, path), model), given)
    known = [name for name in SENTENCES if kind.startswith(name)]
    if not known:
        return _("must be another value, got {kind}", kind=describe_kind(given))
    text = _(SENTENCES[max(known, key=len)]).format(**context)
    if kind.endswith(("_type", "_parsing", "_parsing_size")) or "from" in kind:
        text += _(", got {kind}", kind=describe_kind(given))
    if kind == "literal_error" and isinstance(given, str) and "'" not in context["expected"]:
        text += _(", a number without quotes")
    if kind.startswith("date") and isinstance(given, str):
        text += _date_hint(given)
    if kind == "string_type" and isinstance(given, bool | int | float | datetime.date):
        text += _(": put it in quotes")
    return text


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys that a document of `model` may have."""
    return [info.alias or name for name, info in model.model_fields.items()]


def _no_mapping(model: type[BaseModel], given: Any) -> str:
    keys = keys_of(model)
    text = _("must be a mapping with keys of {keys}", keys=", ".join(f"`{key}`" for key in keys))
    text += _(", got {kind}", kind=describe_kind(given))
    if isinstance(given, str) and given in keys:
        inner = next(_models_at(model, (given,)), None)
        needed = [name for name in keys_of(inner) if _is_required(inner, name)] if inner else []
        parts = ", ".join(f"{name}: …" for name in needed)
        example = "{" + given + ": " + ("{" + parts + "}" if inner else "…") + "}"
        text += _(": write {example}", example=example)
    return text


def _is_required(model: type[BaseModel], key: str) -> bool:
    return any(info.is_required() for info in _fields_of(model, key))


def _meaning(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """The first sentence of what the manual says of the key at `path`."""
    owner = next(_models_at(model, path[:-1]), model)
    for info in _fields_of(owner, str(path[-1])):
        sentence = " ".join((info.description or "").split()).partition(". ")[0].rstrip(".")
        return sentence[:1].lower() + sentence[1:]
    return ""


def _fields_of(model: type[BaseModel], key: str) -> Iterator[Any]:
    for name, info in model.model_fields.items():
        if key in (name, info.alias):
            yield info


def _models_at(model: type[BaseModel], path: Sequence[str | int]) -> Iterator[type[BaseModel]]:
    """The models that the value at `path` of a document of `model` may follow."""
    if not path:
        yield model
        return
    for info in _fields_of(model, str(path[0])):
        yield from _models_in(info.annotation, path[1:])


def _models_in(annotation: Any, path: Sequence[str | int]) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _models_at(annotation, path)
        return
    is_container = get_origin(annotation) not in (Union, UnionType) and bool(get_args(annotation))
    if is_container and not path:
        return
    for inner in get_args(annotation):
        yield from _models_in(inner, path[1:] if is_container else path)


def describe_kind(value: Any) -> str:
    """What a value of a document is, without the value."""
    match value:
        case None:
            return _("nothing")
        case bool():
            return _("true or false")
        case int() | float():
            return _("a number")
        case datetime.date():
            return _("a date")
        case list() | tuple():
            return _("a list")
        case dict():
            return _("a mapping")
        case str():
            return _("a text")
        case _other:
            return _("another value")


def _date_hint(given: str) -> str:
    match = _FRENCH_DAY.fullmatch(given.strip())
    if not match:
        return ""
    try:
        day = datetime.date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return ""
    return printable(_(": write {day}", day=day))
